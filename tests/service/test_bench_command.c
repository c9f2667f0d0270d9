/* anagraph-bench on small stores: what it makes is what a service would have made, and what
 * it measures is told with all that is needed to repeat it. No figure is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/dataset.h"
#include "bench/report.h"
#include "client/client.h"
#include "tests/support/service.h"

enum { CONTACTS = 1000, ACCOUNTS = 4, PATH_ROOM = 4096, WORDS = 48 };

/* A run of anagraph-bench: its status and its lines. */
struct run {
	int status;
	char *prose;
	json_t *lines; /* an array */
};

static json_t *
read_lines(const char *output)
{
	json_t *lines = json_array();

	while (*output != '\0') {
		size_t size = strcspn(output, "\n");
		json_t *line = json_loadb(output, size, 0, NULL);

		if (line == NULL)
			fail_msg("no JSON: %.*s", (int)size, output);
		json_array_append_new(lines, line);
		output += size + (output[size] == '\n' ? 1 : 0);
	}
	return lines;
}

/* Runs it with words, separated by blanks. */
static struct run
run_bench(const char *words)
{
	const char *arguments[WORDS];
	char *text = strdup(words);
	char *rest = text;
	size_t count = 0;
	struct run run;
	char *output;
	char *word;

	assert_non_null(text);
	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		assert_true(count < WORDS - 1);
		arguments[count++] = word;
	}
	arguments[count] = NULL;
	assert_int_equal(
	    service_run(&run.status, &output, &run.prose, getenv("ANAGRAPH_BENCH"), arguments), 0);
	if (run.status != 0)
		print_error("%s\n%s\n", words, run.prose);
	run.lines = read_lines(output);
	free(output);
	free(text);
	return run;
}

static void
run_finish(struct run *run)
{
	json_decref(run->lines);
	free(run->prose);
}

/* The line of a kind and a series; NULL when there is none. */
static json_t *
find_line(const struct run *run, const char *kind, const char *name)
{
	for (size_t i = 0; i < json_array_size(run->lines); i++) {
		json_t *line = json_array_get(run->lines, i);

		if (strcmp(json_string_value(json_object_get(line, "line")), kind) == 0 &&
		    strcmp(json_string_value(json_object_get(line, "name")), name) == 0)
			return line;
	}
	return NULL;
}

static size_t
count_rounds(const struct run *run, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(run->lines); i++) {
		json_t *line = json_array_get(run->lines, i);

		count += strcmp(json_string_value(json_object_get(line, "line")), "round") == 0 &&
		    strcmp(json_string_value(json_object_get(line, "name")), name) == 0;
	}
	return count;
}

/* A summary has what repeats it, and its figure is above zero. */
static void
expect_summary(const struct run *run, const char *name, size_t rounds, const char *figure)
{
	static const char *const members[] = { "verb", "time", "machine", "versions", "sync_us", "command",
		"settings" };
	json_t *line = find_line(run, "summary", name);
	json_t *spread;

	if (line == NULL)
		fail_msg("there is no summary of %s", name);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_object_get(line, members[i]) == NULL)
			fail_msg("the summary of %s has no %s", name, members[i]);
	}
	assert_int_equal(count_rounds(run, name), rounds);
	assert_int_equal(json_integer_value(json_object_get(line, "rounds")), rounds);
	spread = json_object_get(json_object_get(line, "figures"), figure);
	if (spread == NULL || json_number_value(json_object_get(spread, "least")) <= 0)
		fail_msg("%s has no %s", name, figure);
	assert_true(json_number_value(json_object_get(spread, "least")) <=
	    json_number_value(json_object_get(spread, "median")));
	assert_true(json_number_value(json_object_get(spread, "median")) <=
	    json_number_value(json_object_get(spread, "greatest")));
}

/* Words with the directory in the place of the one @. */
static struct run
run_on(const char *words, const char *directory)
{
	size_t before = strcspn(words, "@");
	char text[PATH_ROOM];

	assert_true(words[before] == '@');
	assert_true(snprintf(text, sizeof(text), "%.*s%s%s", (int)before, words, directory,
			words + before + 1) < PATH_ROOM);
	return run_bench(text);
}

/* In the place of gnuplot: keeps the script that it is given. */
static void
stand_in_for_gnuplot(const char *directory)
{
	char text[PATH_ROOM];
	char *path;

	snprintf(text, sizeof(text), "#!/bin/sh\ncat >%s/script\n", directory);
	path = test_file_create(directory, "gnuplot", text);
	assert_non_null(path);
	assert_int_equal(chmod(path, 0700), 0);
	free(path);
	snprintf(text, sizeof(text), "%s:%s", directory, getenv("PATH"));
	setenv("PATH", text, 1);
}

static int
make_stores(void **state)
{
	char *directory = test_directory_create();
	struct run run;

	assert_non_null(directory);
	run = run_on("load --any-build --store @/one --contacts 1k", directory);
	assert_int_equal(run.status, 0);
	expect_summary(&run, "load", 1, "store_bytes_per_contact");
	run_finish(&run);
	run = run_on("load --any-build --store @/four --contacts 1000 --accounts 4 --data-seed 9", directory);
	assert_int_equal(run.status, 0);
	run_finish(&run);
	stand_in_for_gnuplot(directory);
	*state = directory;
	return 0;
}

static int
remove_stores(void **state)
{
	test_directory_remove(*state);
	free(*state);
	return 0;
}

/* A name that a contact was made with stands in what the service says of it. */
static void
expect_contact(struct client *client, const struct dataset *dataset, uint64_t number)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__ResolveResponse *response;
	char account[DATASET_ACCOUNT_BYTES];
	struct dataset_contact contact;
	struct dataset_key key;
	char name[256];

	dataset_make(&contact, dataset->seed, number);
	dataset_make_key(&key, dataset->seed, number);
	dataset_account(account, dataset, number / dataset->contacts_per_account);
	identifier.namespace_ = (char *)(uintptr_t)key.namespace_name;
	identifier.value = key.value;
	request.account = account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	assert_int_equal(client_resolve(&response, NULL, client, &request), 0);
	snprintf(name, sizeof(name), "%s %s", contact.first, contact.last);
	assert_string_equal(response->contact->display_name, name);
	assert_int_equal(response->contact->id, number % dataset->contacts_per_account + 1);
	assert_int_equal(response->contact->n_attributes, 6);
	anagraph__v1__resolve_response__free_unpacked(response, NULL);
}

static void
expect_count(struct client *client, const struct dataset *dataset, uint64_t account_number)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *response;
	char account[DATASET_ACCOUNT_BYTES];

	dataset_account(account, dataset, account_number);
	request.account = account;
	assert_int_equal(client_count_contacts(&response, NULL, client, &request), 0);
	assert_int_equal(response->identified, dataset->contacts_per_account);
	assert_int_equal(response->home_page_total, dataset->contacts_per_account);
	anagraph__v1__count_contacts_response__free_unpacked(response, NULL);
}

static void
serve_and_look(const char *directory, const char *name, const struct dataset *dataset)
{
	char data_dir[PATH_ROOM];
	struct service_options options = { .data_dir = data_dir };
	const char *check[] = { "check", "--data-dir", data_dir, NULL };
	struct service *service;
	struct client *client;
	char *output;
	int status;

	snprintf(data_dir, sizeof(data_dir), "%s/%s", directory, name);
	assert_int_equal(service_start(&service, &options), 0);
	assert_int_equal(client_create(&client, service_target(service)), 0);
	for (uint64_t number = 0; number < dataset_size(dataset); number += 7)
		expect_contact(client, dataset, number);
	for (uint64_t account = 0; account < dataset->account_count; account++)
		expect_count(client, dataset, account);
	client_destroy(client);
	assert_int_equal(service_stop(service), 0);
	service_destroy(service);
	/* Recounts everything. */
	assert_int_equal(service_run(&status, &output, NULL, getenv("ANAGRAPH_COMMAND"), check), 0);
	assert_int_equal(status, 0);
	assert_non_null(strstr(output, "\"contacts\":1000"));
	free(output);
}

static void
a_service_serves_what_was_loaded(void **state)
{
	const struct dataset one = { .seed = 1, .account_count = 1, .contacts_per_account = CONTACTS };
	const struct dataset four = {
		.seed = 9, .account_count = ACCOUNTS, .contacts_per_account = CONTACTS / ACCOUNTS
	};

	serve_and_look(*state, "one", &one);
	serve_and_look(*state, "four", &four);
}

static void
reads_are_measured_side_by_side(void **state)
{
	struct run run =
	    run_on("run --any-build --rounds 2 --calls 300 --warm-up 0 --store @/four --mix resolve "
		   "--against --mix count --against --mix batch --batch 20 "
		   "--against --mix resolve:3,count --connections 3 --keys zipf",
		*state);
	json_t *line;

	assert_int_equal(run.status, 0);
	expect_summary(&run, "resolve", 2, "server_cpu_us_per_call");
	expect_summary(&run, "count", 2, "p99_us");
	expect_summary(&run, "batch", 2, "keys_per_s");
	expect_summary(&run, "resolve+count", 2, "calls_per_s");
	line = find_line(&run, "ratio", "batch over resolve");
	assert_non_null(line);
	assert_int_equal(json_integer_value(json_object_get(line, "rounds")), 2);
	assert_null(find_line(&run, "ratio", "resolve over resolve"));
	line = json_object_get(find_line(&run, "summary", "batch"), "settings");
	assert_int_equal(json_integer_value(json_object_get(line, "batch")), 20);
	line = json_object_get(line, "data");
	assert_int_equal(json_integer_value(json_object_get(line, "contacts")), CONTACTS);
	assert_int_equal(json_integer_value(json_object_get(line, "accounts")), ACCOUNTS);
	run_finish(&run);
}

/* On a store of its own, which goes with it: unary, by a stream, and at a rate. */
static void
writes_are_measured_on_a_store_of_their_own(void **state)
{
	struct run run = run_bench(
	    "run --any-build --rounds 1 --calls 200 --warm-up 0 --contacts 500 --mix identify-fresh "
	    "--against --mix identify-change --against --mix identify-same "
	    "--against --mix identify-change --stream --against --mix identify-fresh --stream "
	    "--against --mix identify-change --rate 1000 --name open "
	    "--against --mix resolve --rate 1000 --arrivals constant --connections 2 --name even");

	(void)state;
	assert_int_equal(run.status, 0);
	expect_summary(&run, "identify-fresh", 1, "calls_per_s");
	expect_summary(&run, "identify-change", 1, "p50_us");
	expect_summary(&run, "identify-same", 1, "server_cpu_us_per_call");
	expect_summary(&run, "identify-change stream", 1, "calls_per_s");
	expect_summary(&run, "identify-fresh stream", 1, "calls_per_s");
	expect_summary(&run, "open", 1, "p99_us");
	expect_summary(&run, "even", 1, "p99_us");
	run_finish(&run);
}

static void
a_resolve_is_held_against_an_echo(void **state)
{
	struct run run =
	    run_on("echo --any-build --rounds 2 --calls 300 --warm-up 0 --store @/one --mix resolve", *state);

	assert_int_equal(run.status, 0);
	expect_summary(&run, "echo", 2, "server_cpu_us_per_call");
	expect_summary(&run, "resolve", 2, "server_cpu_us_per_call");
	assert_non_null(find_line(&run, "ratio", "resolve over echo"));
	run_finish(&run);
}

static void
lookups_are_measured_without_a_server(void **state)
{
	struct run run =
	    run_on("lookup --any-build --store @/four --lookups 2k --rounds 2 --threads 2 --batch 16 "
		   "--keys zipf:1.2 --name near",
		*state);

	assert_int_equal(run.status, 0);
	expect_summary(&run, "near", 2, "ns_per_lookup");
	run_finish(&run);
}

static void
results_are_compared_afterwards(void **state)
{
	char path[PATH_ROOM];
	char words[PATH_ROOM + 128];
	struct run run;
	FILE *file;

	snprintf(path, sizeof(path), "%s/results", (const char *)*state);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("{\"line\":\"round\",\"name\":\"a\",\"figures\":{\"x_us\":3}}\n"
	      "{\"line\":\"round\",\"name\":\"b\",\"figures\":{\"x_us\":2}}\n",
	    file);
	fclose(file);
	snprintf(words, sizeof(words), "compare --of a --over b --figure x_us %s", path);
	run = run_bench(words);
	assert_int_equal(run.status, 0);
	assert_true(json_number_value(json_object_get(
			json_object_get(find_line(&run, "ratio", "a over b"), "ratio"), "median")) == 1.5);
	run_finish(&run);
	snprintf(words, sizeof(words), "compare --of a --over b --figure y_us %s", path);
	run = run_bench(words);
	assert_int_equal(run.status, 1);
	run_finish(&run);
}

/* The script of a picture of some lines, to be freed. */
static char *
plot(const char *directory, const char *kind, const char *lines)
{
	char words[PATH_ROOM + 128];
	char path[PATH_ROOM];
	char *script = calloc(1, PATH_ROOM);
	struct run run;
	FILE *file;

	assert_non_null(script);
	snprintf(path, sizeof(path), "%s/lines", directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
	snprintf(words, sizeof(words), "plot --kind %s --out %s/picture %s", kind, directory, path);
	run = run_bench(words);
	assert_int_equal(run.status, 0);
	run_finish(&run);
	snprintf(path, sizeof(path), "%s/script", directory);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(script, 1, PATH_ROOM - 1, file) > 0);
	fclose(file);
	return script;
}

static void
expect_in(const char *script, const char *const *expected)
{
	for (; *expected != NULL; expected++) {
		if (strstr(script, *expected) == NULL)
			fail_msg("there is no %s in\n%s", *expected, script);
	}
}

static void
pictures_are_drawn_of_results(void **state)
{
	static const char open_loop[] =
	    "{\"line\":\"summary\",\"name\":\"x at 2k/s\",\"settings\":{\"loop\":\"open, "
	    "poisson\",\"rate\":2000},"
	    "\"figures\":{\"p50_us\":{\"median\":5,\"least\":4,\"greatest\":6}}}\n"
	    "{\"line\":\"summary\",\"name\":\"x at 1k/s\",\"settings\":{\"loop\":\"open, "
	    "poisson\",\"rate\":1000},"
	    "\"figures\":{\"p50_us\":{\"median\":3,\"least\":2,\"greatest\":4}}}\n"
	    "{\"line\":\"summary\",\"name\":\"y\",\"settings\":{\"loop\":\"closed\",\"rate\":0},"
	    "\"figures\":{\"p50_us\":{\"median\":3,\"least\":2,\"greatest\":4}}}\n";
	static const char sizes[] =
	    "{\"line\":\"summary\",\"name\":\"x of "
	    "10k\",\"settings\":{\"data\":{\"contacts\":10000}},\"figures\":{"
	    "\"server_cpu_us_per_call\":{\"median\":9,\"least\":8,\"greatest\":10}}}\n"
	    "{\"line\":\"summary\",\"name\":\"x of "
	    "10k\",\"settings\":{\"data\":{\"contacts\":10000}},\"figures\":{"
	    "\"server_cpu_us_per_call\":{\"median\":19,\"least\":18,\"greatest\":20}}}\n";
	static const char rounds[] = "{\"line\":\"round\",\"name\":\"x\",\"figures\":{\"percentiles_us\":[["
				     "50,7],[90,11],[100,99]]}}\n";
	char *script;

	script = plot(*state, "throughput", open_loop);
	expect_in(script,
	    (const char *const[]){ "1000 3 2 4\n2000 5 4 6\n", "title \"x p50\"", "picture.png", NULL });
	assert_null(strstr(script, "\"y"));
	free(script);
	script = plot(*state, "growth", sizes);
	expect_in(script, (const char *const[]){ "10000 9 8 10\n", "title \"x\"", "picture.svg", NULL });
	/* A store that others are held against again is drawn once. */
	assert_null(strstr(script, "10000 19"));
	free(script);
	script = plot(*state, "distribution", rounds);
	expect_in(script, (const char *const[]){ "2 7 0 0\n10 11 0 0\nEND", NULL });
	free(script);
}

/* As many rounds as a run may have: each adds points to the same curve. */
static void
a_picture_shows_every_round(void **state)
{
	static const char round[] =
	    "{\"line\":\"round\",\"name\":\"x\",\"figures\":{\"percentiles_us\":[[50,7],[90,11]]}}\n";
	char *lines = calloc(REPORT_ROUNDS, sizeof(round));
	char *script;

	assert_non_null(lines);
	for (size_t i = 0; i < REPORT_ROUNDS; i++)
		memcpy(lines + i * (sizeof(round) - 1), round, sizeof(round) - 1);
	script = plot(*state, "distribution", lines);
	expect_in(script, (const char *const[]){ "2 7 0 0\n2 7 0 0\n", NULL });
	free(script);
	free(lines);
}

static void
a_command_line_that_is_none_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"fly",
		"load --contacts 10",
		"load --store /tmp/nowhere --contacts 10 --accounts 3",
		"load --store /tmp/nowhere --contacts 101M",
		"run --any-build",
		"run --any-build --mix nothing",
		"run --any-build --mix resolve:0",
		"run --any-build --mix resolve --in-flight 0",
		"run --any-build --mix resolve --connections 65",
		"run --any-build --mix resolve --stream",
		"run --any-build --mix resolve --batch 1001",
		"run --any-build --mix resolve --rate x",
		"run --any-build --mix resolve --server 127.0.0.1:1",
		"run --any-build --mix resolve --against --mix resolve",
		"run --any-build --mix resolve stray",
		"lookup --any-build",
		"lookup --any-build --store /tmp/nowhere --threads 65",
		"compare --of a --over b",
		"plot --kind pie --out x y",
		"plot --kind growth --out x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct run run = run_bench(lines[i]);

		if (run.status != 2 || strlen(run.prose) == 0)
			fail_msg("%s: status %d", lines[i], run.status);
		run_finish(&run);
	}
}

/* A store that is there stays as it is, and a store that is not is no store. */
static void
a_wrong_store_is_refused(void **state)
{
	struct run run = run_on("load --any-build --store @/one --contacts 10", *state);

	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.prose, "has a store already"));
	run_finish(&run);
	run = run_on("lookup --any-build --store @/none", *state);
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.prose, "was not made by anagraph-bench load"));
	run_finish(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_serves_what_was_loaded),
		cmocka_unit_test(reads_are_measured_side_by_side),
		cmocka_unit_test(writes_are_measured_on_a_store_of_their_own),
		cmocka_unit_test(a_resolve_is_held_against_an_echo),
		cmocka_unit_test(lookups_are_measured_without_a_server),
		cmocka_unit_test(results_are_compared_afterwards),
		cmocka_unit_test(pictures_are_drawn_of_results),
		cmocka_unit_test(a_picture_shows_every_round),
		cmocka_unit_test(a_command_line_that_is_none_is_refused),
		cmocka_unit_test(a_wrong_store_is_refused),
	};

	return cmocka_run_group_tests(tests, make_stores, remove_stores);
}
