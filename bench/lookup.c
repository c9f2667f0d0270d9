/* lookup: what a look-up costs without a server: the graph library in this process, a reader
 * for each thread, the same choice of contacts. The keys of a round are made before it, so that
 * making them is not measured. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "bench/keys.h"
#include "bench/progress.h"
#include "bench/side.h"
#include "bench/target.h"
#include "bench/usage.h"
#include "bench/verbs.h"
#include "rules/namespaces.h"
#include "server/graph/graph.h"

enum { THREADS = 64, MOST_LOOKUPS = 100000000, MOST_BATCH = 1000000 };

static const char USAGE[] = "usage: anagraph-bench lookup --store DIR [option…]\n"
			    "  --store DIR       what `anagraph-bench load` made; a daemon may have it open\n"
			    "  --keys uniform|zipf[:EXPONENT]   which contacts (uniform)\n"
			    "  --threads N       (1)\n"
			    "  --lookups N       of a round, each thread (1M)\n"
			    "  --batch K         look-ups on one snapshot (1)\n"
			    "  --rounds N        (5)\n"
			    "  --seed S          of the choice of contacts (1)\n"
			    "  --name NAME       in the results (lookup)\n"
			    "  --any-build       measure a build that is not optimised, too\n";

static const char *const COLUMNS[] = { "lookups_per_s", "ns_per_lookup", "cpu_ns_per_lookup", NULL };

struct lookups {
	const char *store;
	const char *name;
	double zipf;
	uint64_t threads;
	uint64_t lookups;
	uint64_t batch;
	uint64_t rounds;
	uint64_t seed;
	bool any_build;
	struct dataset dataset;
	struct keys keys;
	struct graph *graph;
	pthread_barrier_t begin;
};

/* A key as it lies among those of a round: packed, for a cache to hold only what counts. */
struct packed_key {
	uint32_t at; /* in text */
	uint8_t size;
	uint8_t namespace_id;
	uint64_t account;
};

struct searcher {
	struct lookups *lookups;
	struct graph_reader *reader;
	struct packed_key *keys;
	char *text;
	uint64_t random;
	uint64_t spent_ns;
	uint64_t cpu_ns;
	int result;
	pthread_t thread;
};

enum { KEY_ROOM = 40 };

/* Draws the keys of a round. 0; -ENOSPC for a key that is longer than any should be. */
static int
draw_keys(struct searcher *searcher)
{
	const struct lookups *lookups = searcher->lookups;
	size_t used = 0;

	for (uint64_t i = 0; i < lookups->lookups; i++) {
		uint64_t number = keys_next(&lookups->keys, &searcher->random);
		struct dataset_key key;
		size_t size;

		dataset_make_key(&key, lookups->dataset.seed, number);
		size = strlen(key.value);
		if (used + size > lookups->lookups * KEY_ROOM + sizeof(key.value))
			return -ENOSPC;
		memcpy(searcher->text + used, key.value, size);
		searcher->keys[i] = (struct packed_key){
			.at = (uint32_t)used,
			.size = (uint8_t)size,
			.namespace_id =
			    strcmp(key.namespace_name, "email") == 0 ? NAMESPACE_EMAIL : NAMESPACE_EXT_ID,
			.account = number / lookups->dataset.contacts_per_account,
		};
		used += size;
	}
	return 0;
}

/* One look-up; the record is touched as a copy of it would. 0; anything else is a fault. */
static int
look_up(uint8_t *sum, struct searcher *searcher, const struct packed_key *key)
{
	struct identifier identifier = { .namespace_id = (enum namespace_id)key->namespace_id,
		.value = bytes_of(searcher->text + key->at, key->size) };
	char account[DATASET_ACCOUNT_BYTES];
	struct graph_error error;
	struct bytes contact;
	uint64_t contact_id;
	int result;

	dataset_account(account, &searcher->lookups->dataset, key->account);
	result = graph_find(
	    &contact_id, &contact, searcher->reader, bytes_of(account, strlen(account)), &identifier, &error);
	for (size_t i = 0; result == 0 && i < contact.size; i += 64)
		*sum = (uint8_t)(*sum + contact.data[i]);
	return result;
}

static uint64_t
thread_ns(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *
search(void *context)
{
	struct searcher *searcher = context;
	const struct lookups *lookups = searcher->lookups;
	int result = draw_keys(searcher);
	volatile uint8_t kept;
	uint8_t sum = 0;

	pthread_barrier_wait(&searcher->lookups->begin);
	searcher->spent_ns = usage_now_ns();
	searcher->cpu_ns = thread_ns();
	for (uint64_t i = 0; result == 0 && i < lookups->lookups; i++) {
		if (i % lookups->batch == 0)
			result = graph_read_begin(searcher->reader);
		if (result == 0)
			result = look_up(&sum, searcher, &searcher->keys[i]);
		if (i % lookups->batch == lookups->batch - 1 || i + 1 == lookups->lookups)
			graph_read_end(searcher->reader);
	}
	kept = sum;
	(void)kept;
	searcher->cpu_ns = thread_ns() - searcher->cpu_ns;
	searcher->spent_ns = usage_now_ns() - searcher->spent_ns;
	searcher->result = result;
	return NULL;
}

/* One round of all threads. 0; anything else is a fault. */
static int
run_round(struct report *report, struct lookups *lookups, struct searcher *searchers)
{
	double all = (double)(lookups->threads * lookups->lookups);
	uint64_t longest_ns = 1;
	uint64_t cpu_ns = 0;
	int result = 0;

	pthread_barrier_init(&lookups->begin, NULL, (unsigned)lookups->threads);
	for (uint64_t i = 0; i < lookups->threads; i++) {
		/* The barrier waits for all of them. */
		if (pthread_create(&searchers[i].thread, NULL, search, &searchers[i]) != 0)
			abort();
	}
	for (uint64_t i = 0; i < lookups->threads; i++) {
		pthread_join(searchers[i].thread, NULL);
		if (searchers[i].result != 0)
			result = searchers[i].result;
		if (searchers[i].spent_ns > longest_ns)
			longest_ns = searchers[i].spent_ns;
		cpu_ns += searchers[i].cpu_ns;
	}
	pthread_barrier_destroy(&lookups->begin);
	if (result != 0 || report == NULL)
		return result;
	return report_round(report, lookups->name,
	    json_pack("{s:f, s:f, s:f}", "lookups_per_s", all / ((double)longest_ns / 1e9), "ns_per_lookup",
		(double)longest_ns * (double)lookups->threads / all, "cpu_ns_per_lookup",
		(double)cpu_ns / all));
}

/* Opens what each thread needs. 0; -errno; positive as graph_reader_create says. */
static int
open_searcher(struct searcher *searcher, struct lookups *lookups, uint64_t number)
{
	searcher->lookups = lookups;
	searcher->random = random_mix(lookups->seed) + random_mix(number);
	searcher->keys = calloc(lookups->lookups, sizeof(*searcher->keys));
	searcher->text = malloc(lookups->lookups * KEY_ROOM + sizeof(struct dataset_key));
	if (searcher->keys == NULL || searcher->text == NULL)
		return -ENOMEM;
	return graph_reader_create(&searcher->reader, lookups->graph);
}

static int
measure(struct report *report, struct lookups *lookups)
{
	struct searcher *searchers = calloc(lookups->threads, sizeof(*searchers));
	struct progress progress;
	int result = searchers == NULL ? -ENOMEM : 0;

	for (uint64_t i = 0; result == 0 && i < lookups->threads; i++)
		result = open_searcher(&searchers[i], lookups, i);
	progress_begin(&progress, "looking up");
	/* The first round warms up. */
	for (uint64_t round = 0; result == 0 && round <= lookups->rounds; round++) {
		result = run_round(round == 0 ? NULL : report, lookups, searchers);
		progress_show(&progress, (double)(round + 1) / (double)(lookups->rounds + 1), NULL);
	}
	progress_end(&progress);
	for (uint64_t i = 0; searchers != NULL && i < lookups->threads; i++) {
		graph_reader_destroy(searchers[i].reader);
		free(searchers[i].keys);
		free(searchers[i].text);
	}
	free(searchers);
	return result;
}

static int
run(struct lookups *lookups, int argc, char **argv)
{
	const struct graph_options options = {
		.data_dir = lookups->store,
		.reader_count = THREADS,
		.without_key = true,
		.only_readers = true,
	};
	struct report *report;
	struct graph_error error;
	int result = target_read_dataset(&lookups->dataset, lookups->store);

	if (result != 0)
		return 1;
	keys_init(&lookups->keys, dataset_size(&lookups->dataset), lookups->zipf);
	result = graph_open(&lookups->graph, &options, &error);
	if (result != 0) {
		fprintf(stderr, "anagraph-bench: %s\n", error.message);
		return 1;
	}
	result = report_create(&report, stdout, "lookup", argc, argv, lookups->store);
	if (result == 0) {
		result = measure(report, lookups);
		if (result == 0)
			result = report_summary(report, lookups->name,
			    json_pack("{s:i, s:i, s:f, s:I, s:{s:I, s:I, s:I}}", "threads",
				(int)lookups->threads, "batch", (int)lookups->batch, "zipf", lookups->zipf,
				"seed", (json_int_t)lookups->seed, "data", "seed",
				(json_int_t)lookups->dataset.seed, "contacts",
				(json_int_t)dataset_size(&lookups->dataset), "accounts",
				(json_int_t)lookups->dataset.account_count));
		if (result == 0)
			report_table(report, COLUMNS, stderr);
		report_destroy(report);
	}
	graph_close(lookups->graph);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: a look-up failed: %s\n",
		    result < 0 ? strerror(-result) : "the contact is not there, or damaged");
	return result == 0 ? 0 : 1;
}

static int
parse_keys(double *zipf, const char *text)
{
	*zipf = strncmp(text, "zipf", 4) == 0 ? 0.99 : 0;
	if (strncmp(text, "zipf:", 5) == 0)
		return real_parse(zipf, text + 5, 0.01, 10);
	return strcmp(text, "zipf") == 0 || strcmp(text, "uniform") == 0 ? 0 : -EINVAL;
}

static int
take_option(struct lookups *lookups, const char *name, const char *value)
{
	if (strcmp(name, "--store") == 0)
		lookups->store = value;
	else if (strcmp(name, "--name") == 0)
		lookups->name = value;
	else if (strcmp(name, "--keys") == 0)
		return parse_keys(&lookups->zipf, value);
	else if (strcmp(name, "--threads") == 0)
		return number_parse(&lookups->threads, value, 1, THREADS);
	else if (strcmp(name, "--lookups") == 0)
		return number_parse(&lookups->lookups, value, 1, MOST_LOOKUPS);
	else if (strcmp(name, "--batch") == 0)
		return number_parse(&lookups->batch, value, 1, MOST_BATCH);
	else if (strcmp(name, "--rounds") == 0)
		return number_parse(&lookups->rounds, value, 1, REPORT_ROUNDS);
	else if (strcmp(name, "--seed") == 0)
		return number_parse(&lookups->seed, value, 0, UINT64_MAX);
	else
		return -EINVAL;
	return 0;
}

int
verb_lookup(int argc, char **argv)
{
	struct lookups lookups = {
		.name = "lookup", .threads = 1, .lookups = 1000000, .batch = 1, .rounds = 5, .seed = 1
	};
	bool good = true;

	for (int i = 2; good && i < argc; i++) {
		if (strcmp(argv[i], "--any-build") == 0) {
			lookups.any_build = true;
			continue;
		}
		good = i + 1 < argc && take_option(&lookups, argv[i], argv[i + 1]) == 0;
		i++;
	}
	if (!good || lookups.store == NULL) {
		fputs(USAGE, stderr);
		return VERB_USAGE;
	}
	return verb_accepts_build(lookups.any_build) ? run(&lookups, argc, argv) : VERB_USAGE;
}
