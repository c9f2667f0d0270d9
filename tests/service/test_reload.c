/* SIGHUP: the policies that decide are those of the files and the settings as they are by
 * then, from one batch to the next, or the ones before where any of the new is refused. */
#include "tests/support/build.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { GUARD_SECONDS = 60, PATH_BYTES = 512 };

/* A daemon with a policy directory and settings of the test's own. */
struct house {
	char *root;
	char policies[PATH_BYTES];
	char config[PATH_BYTES];
	const char *arguments[3];
};

static void
remove_directory(void *path)
{
	test_directory_remove(path);
	free(path);
}

/* Puts bytes at a path in one step, as whoever installs a file does. */
static void
put(struct scene *s, const char *path, const void *data, size_t size)
{
	const char *draft = scene_print(s, "%s.draft", path);
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
	assert_int_equal(rename(draft, path), 0);
}

static void
copy(struct scene *s, const char *to, const char *from)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	data = scene_keep(s, malloc((size_t)status.st_size), free);
	assert_int_equal(read(fd, data, (size_t)status.st_size), status.st_size);
	close(fd);
	put(s, to, data, (size_t)status.st_size);
}

static void
install(struct scene *s, const struct house *house, const char *build)
{
	copy(s, scene_print(s, "%s/changing.so", house->policies),
	    scene_print(s, "%s/%s/changing.so", getenv("ANAGRAPH_BUILDS_DIR"), build));
}

static void
configure(struct scene *s, const struct house *house, const char *text)
{
	put(s, house->config, text, strlen(text));
}

/* All sources have the policy that changes, in its first build: it keeps. */
static void
open_house(struct house *house, struct scene *s, const char *config)
{
	const struct service_options options = { .arguments = house->arguments,
		.policy_dir = house->policies };

	house->root = scene_keep(s, test_directory_create(), remove_directory);
	house->arguments[0] = "--config";
	house->arguments[1] = house->config;
	house->arguments[2] = NULL;
	snprintf(house->policies, PATH_BYTES, "%s/policies", house->root);
	snprintf(house->config, PATH_BYTES, "%s/settings.yaml", house->root);
	assert_int_equal(mkdir(house->policies, 0700), 0);
	install(s, house, "first");
	copy(s, scene_print(s, "%s/push_latest.so", house->policies),
	    scene_print(s, "%s/push_latest.so", getenv("ANAGRAPH_POLICY_DIR")));
	configure(s, house, config);
	scene_use(s, &options);
	s->repeats = false;
}

static const char ALL_CHANGING[] =
    "policies: {contacts: changing, conversations: changing, push: changing}\n";

static size_t
count_in_prose(struct scene *s, const char *text)
{
	char *prose = service_read_prose(s->service);
	size_t found = 0;

	assert_non_null(prose);
	for (const char *at = strstr(prose, text); at != NULL; at = strstr(at + 1, text))
		found++;
	free(prose);
	return found;
}

/* Waits until the daemon has said so that often. */
static void
await_prose(struct scene *s, const char *text, size_t times)
{
	time_t until = time(NULL) + GUARD_SECONDS;

	while (count_in_prose(s, text) < times && time(NULL) < until)
		sched_yield();
	if (count_in_prose(s, text) < times)
		fail_msg("it has not said \"%s\" %zu times", text, times);
}

static void
reload(struct scene *s)
{
	size_t times = count_in_prose(s, "the policies were loaded anew\n");

	kill(service_pid(s->service), SIGHUP);
	await_prose(s, "the policies were loaded anew\n", times + 1);
}

static void
reload_in_vain(struct scene *s, const char *why)
{
	size_t times = count_in_prose(s, "those that were loaded before go on\n");

	kill(service_pid(s->service), SIGHUP);
	await_prose(s, "those that were loaded before go on\n", times + 1);
	assert_true(count_in_prose(s, why) > 0);
}

/* An event in conflict with what is stored: its verdict and its policy. */
static const Anagraph__V1__Conflict *
dispute(struct scene *s, int source, double number)
{
	identify(s, source, ID("email", "a@example.it"), NUMBER("N", number));
	assert_int_equal(s->answer->n_conflicts, 1);
	assert_string_equal(s->answer->conflicts[0]->fallback, "");
	return s->answer->conflicts[0];
}

#define expect_decision(s, source, number, verdict_name, expected_version)                                   \
	do {                                                                                                 \
		const Anagraph__V1__Conflict *decision = dispute(s, source, number);                         \
                                                                                                             \
		assert_int_equal(decision->verdict, ANAGRAPH__V1__VERDICT__VERDICT_##verdict_name);          \
		assert_string_equal(decision->policy->version, expected_version);                            \
	} while (0)

static void
test_a_file_that_was_replaced_decides_after_it(struct scene *s)
{
	struct house house;
	const char *first_build;

	open_house(&house, s, ALL_CHANGING);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	expect_decision(s, CONTACTS, 1, KEEP, "1");
	first_build = s->answer->conflicts[0]->policy->build;
	install(s, &house, "second");
	expect_decision(s, CONTACTS, 2, KEEP, "1");
	reload(s);
	expect_decision(s, CONTACTS, 3, TAKE, "2");
	assert_string_not_equal(s->answer->conflicts[0]->policy->build, first_build);
	expect_decision(s, PUSH, 4, TAKE, "2");
	/* And back: what was loaded once can be loaded again. */
	install(s, &house, "first");
	reload(s);
	expect_decision(s, CONTACTS, 5, KEEP, "1");
	assert_string_equal(s->answer->conflicts[0]->policy->build, first_build);
}

static void
test_without_a_change_it_changes_nothing(struct scene *s)
{
	struct house house;
	const char *build;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	kill(service_pid(s->service), SIGHUP); /* without settings in a file */
	await_prose(s, "the policies were loaded anew\n", 1);
	open_house(&house, s, ALL_CHANGING);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	expect_decision(s, CONTACTS, 1, KEEP, "1");
	build = s->answer->conflicts[0]->policy->build;
	reload(s);
	expect_decision(s, CONTACTS, 2, KEEP, "1");
	assert_string_equal(s->answer->conflicts[0]->policy->build, build);
}

/* One of two is broken, and the other, which would do, does not change either. */
static void
test_a_set_is_refused_as_a_whole(struct scene *s)
{
	static const char both[] =
	    "policies: {contacts: changing, conversations: changing, push: push_latest}\n";
	struct house house;

	open_house(&house, s, both);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	install(s, &house, "second");
	put(s, scene_print(s, "%s/push_latest.so", house.policies), "no policy", 9);
	reload_in_vain(s, "push_latest.so: expected a shared object that loads, found: ");
	expect_decision(s, CONTACTS, 1, KEEP, "1");
	copy(s, scene_print(s, "%s/push_latest.so", house.policies),
	    scene_print(s, "%s/push_latest.so", getenv("ANAGRAPH_POLICY_DIR")));
	install(s, &house, "broken");
	reload_in_vain(s, "changing.so: expected create to return 0 for 0 options, found -1\n");
	expect_decision(s, CONTACTS, 2, KEEP, "1");
	assert_int_equal(unlink(scene_print(s, "%s/changing.so", house.policies)), 0);
	reload_in_vain(s, "changing.so: expected a readable file, found: ");
	expect_decision(s, CONTACTS, 3, KEEP, "1");
	/* Once all is well again, it works again. */
	install(s, &house, "second");
	reload(s);
	expect_decision(s, CONTACTS, 4, TAKE, "2");
}

static void
test_the_settings_are_read_anew_for_policies_alone(struct scene *s)
{
	struct house house;

	open_house(&house, s, ALL_CHANGING);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	configure(s, &house,
	    "policy_dir: /nowhere\n"
	    "data_dir: /nowhere\n"
	    "policies: {contacts: push_latest, conversations: changing, push: changing}\n"
	    "defaults: {blocked: [a@example.it]}\n");
	reload(s);
	assert_string_equal(dispute(s, CONTACTS, 1)->policy->id, "push_latest");
	assert_string_equal(dispute(s, PUSH, 2)->policy->id, "changing");
	configure(s, &house, "policies: {contacts: changing\n");
	reload_in_vain(s, "settings.yaml:");
	assert_string_equal(dispute(s, CONTACTS, 3)->policy->id, "push_latest");
}

/* Events go on while one set after the other takes over: each is answered by one of the two
 * builds, never by a fallback, and all that was acknowledged is there. */
static void
test_nothing_is_lost_while_policies_change(struct scene *s)
{
	static const char *const builds[] = { "second", "first" };
	struct house house;
	uint64_t before;
	double held = 0;

	open_house(&house, s, ALL_CHANGING);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	before = count(s)->revision;
	for (int i = 1; i <= 200; i++) {
		const Anagraph__V1__Conflict *decision;

		if (i % 20 == 0)
			install(s, &house, builds[i / 20 % 2]);
		if (i % 10 == 0)
			kill(service_pid(s->service), SIGHUP);
		decision = dispute(s, CONTACTS, i);
		if (strcmp(decision->policy->version, "2") == 0) {
			assert_int_equal(decision->verdict, ANAGRAPH__V1__VERDICT__VERDICT_TAKE);
			held = i;
		} else {
			assert_string_equal(decision->policy->version, "1");
			assert_int_equal(decision->verdict, ANAGRAPH__V1__VERDICT__VERDICT_KEEP);
		}
	}
	await_prose(s, "the policies were loaded anew\n", 1);
	assert_true(count(s)->revision >= before);
	expect_contact(s, 1, scene_print(s, "email=a@example.it N=%g", held));
	service_kill(s->service);
	scene_start(s);
	expect_contact(s, 1, scene_print(s, "email=a@example.it N=%g", held));
}

static void
test_two_in_a_row(struct scene *s)
{
	struct house house;

	open_house(&house, s, ALL_CHANGING);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	kill(service_pid(s->service), SIGHUP);
	install(s, &house, "second");
	reload(s);
	kill(service_pid(s->service), SIGHUP);
	kill(service_pid(s->service), SIGHUP);
	reload(s);
	expect_decision(s, CONTACTS, 1, TAKE, "2");
	/* And the end, right behind one. */
	kill(service_pid(s->service), SIGHUP);
	scene_stop(s);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_a_file_that_was_replaced_decides_after_it),
		STOCK_TEST(test_without_a_change_it_changes_nothing),
		STOCK_TEST(test_a_set_is_refused_as_a_whole),
		STOCK_TEST(test_the_settings_are_read_anew_for_policies_alone),
		STOCK_TEST(test_nothing_is_lost_while_policies_change),
		STOCK_TEST(test_two_in_a_row),
	};

	return scene_main(tests);
}
