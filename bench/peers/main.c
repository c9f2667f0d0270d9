/* anagraph-peers: the service beside Redis and PostgreSQL, with the same contacts, asked for
 * the same things by callers that keep as much under way, in rounds that take turns.
 *
 * The peers run already: peers.sh starts and ends them. The service is started here, once
 * with all contacts in one account and once with many accounts. What is measured is written
 * as bench/README.md tells; bench/peers/README.md says what is compared with what, and why
 * that is fair. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "bench/drive.h"
#include "bench/peers/postgres.h"
#include "bench/peers/redis.h"
#include "bench/progress.h"
#include "bench/report.h"
#include "client/client.h"
#include "rules/phone.h"

enum {
	CALLERS = 64,
	BATCHES = 4, /* under way at once */
	BATCH_KEYS = 256,
	ROUNDS = 3,
	CONNECT_MS = 60000,
	FILL_KEYS = 1000,
	PORTS = 65535,
	WHERE_BYTES = 128,
	USAGE_STATUS = 2,
};

/* How contacts lie in accounts. */
enum layout { LAYOUT_ONE, LAYOUT_MANY, LAYOUT_COUNT };

static const char *const SCHEMAS[LAYOUT_COUNT] = { "one_account", "many_accounts" };

struct options {
	uint64_t contacts;
	uint64_t accounts; /* of LAYOUT_MANY */
	uint64_t rounds;
	double seconds;
	uint64_t seed;
	uint64_t redis_port, redis_pid, postgres_port, postgres_pid;
	bool any_build;
};

struct peers {
	struct options options;
	struct redis *redis;
	struct postgres *postgres[LAYOUT_COUNT];
	struct side sides[LAYOUT_COUNT];
	struct target targets[LAYOUT_COUNT];
	bool started[LAYOUT_COUNT];
	struct peer_source sources[LAYOUT_COUNT];
	struct report *report;
	struct round *round;
	struct peer_round *peer_round;
};

/* A series: who is asked what. */
enum who { WHO_ANAGRAPH, WHO_REDIS, WHO_POSTGRES };

struct series {
	const char *name;
	enum who who;
	enum layout layout;
	enum operation operation;
	unsigned in_flight;
	unsigned keys; /* a call */
	bool counted;  /* PostgreSQL keeps the account's numbers, as the service does */
};

static const struct series SERIES[] = {
	{ .name = "anagraph batch-resolve", WHO_ANAGRAPH, LAYOUT_ONE, OPERATION_BATCH, BATCHES, BATCH_KEYS },
	{ .name = "redis mget", WHO_REDIS, LAYOUT_ONE, OPERATION_BATCH, BATCHES, BATCH_KEYS },
	{ .name = "anagraph resolve", WHO_ANAGRAPH, LAYOUT_ONE, OPERATION_RESOLVE, CALLERS, 1 },
	{ .name = "redis get", WHO_REDIS, LAYOUT_ONE, OPERATION_RESOLVE, CALLERS, 1 },
	{ .name = "postgres select", WHO_POSTGRES, LAYOUT_ONE, OPERATION_RESOLVE, CALLERS, 1 },
	{ .name = "anagraph identify one", WHO_ANAGRAPH, LAYOUT_ONE, OPERATION_CHANGE, CALLERS, 1 },
	{ .name = "postgres one", WHO_POSTGRES, LAYOUT_ONE, OPERATION_CHANGE, CALLERS, 1 },
	{ .name = "postgres counted one", WHO_POSTGRES, LAYOUT_ONE, OPERATION_CHANGE, CALLERS, 1, true },
	{ .name = "anagraph identify many", WHO_ANAGRAPH, LAYOUT_MANY, OPERATION_CHANGE, CALLERS, 1 },
	{ .name = "postgres many", WHO_POSTGRES, LAYOUT_MANY, OPERATION_CHANGE, CALLERS, 1 },
	{ .name = "postgres counted many", WHO_POSTGRES, LAYOUT_MANY, OPERATION_CHANGE, CALLERS, 1, true },
};
enum { SERIES_COUNT = sizeof(SERIES) / sizeof(SERIES[0]) };

static const struct {
	const char *of;
	const char *over;
	const char *figure;
} RATIOS[] = {
	{ "anagraph batch-resolve", "redis mget", "server_cpu_us_per_lookup" },
	{ "anagraph batch-resolve", "redis mget", "calls_per_s" },
	{ "anagraph resolve", "redis get", "server_cpu_us_per_call" },
	{ "anagraph resolve", "redis get", "calls_per_s" },
	{ "anagraph resolve", "postgres select", "server_cpu_us_per_call" },
	{ "anagraph resolve", "postgres select", "calls_per_s" },
	{ "anagraph identify one", "postgres one", "calls_per_s" },
	{ "anagraph identify one", "postgres one", "server_cpu_us_per_call" },
	{ "anagraph identify one", "postgres counted one", "calls_per_s" },
	{ "anagraph identify many", "postgres many", "calls_per_s" },
	{ "anagraph identify many", "postgres many", "server_cpu_us_per_call" },
	{ "anagraph identify many", "postgres counted many", "calls_per_s" },
};

static const char *const COLUMNS[] = { "calls_per_s", "server_cpu_us_per_call", "p50_us", "p99_us", NULL };

static const char HELP[] =
    "usage: anagraph-peers --redis PORT --redis-pid PID --postgres PORT --postgres-pid PID [option…]\n"
    "  --contacts N    in each store (1M); a multiple of --accounts\n"
    "  --accounts N    where there are many (1000)\n"
    "  --rounds N      of each series (3)\n"
    "  --seconds S     of a round (3)\n"
    "  --seed N        of the contacts and of their choice (1)\n"
    "  --any-build     measure one that is not optimised, too\n"
    "The peers listen on 127.0.0.1; PEERS_PASSWORD is the password of both. peers.sh does it all.\n";

/* 0; -EINVAL. */
static int
read_option(struct options *options, int option, const char *text)
{
	switch (option) {
	case 'c':
		return number_parse(&options->contacts, text, 1, DATASET_MOST_CONTACTS);
	case 'a':
		return number_parse(&options->accounts, text, 1, DATASET_MOST_CONTACTS);
	case 'r':
		return number_parse(&options->rounds, text, 1, REPORT_ROUNDS);
	case 's':
		return real_parse(&options->seconds, text, 0.01, 3600);
	case 'e':
		return number_parse(&options->seed, text, 1, UINT32_MAX);
	case 'R':
		return number_parse(&options->redis_port, text, 1, PORTS);
	case 'P':
		return number_parse(&options->postgres_port, text, 1, PORTS);
	case 'i':
		return number_parse(&options->redis_pid, text, 1, INT32_MAX);
	case 'j':
		return number_parse(&options->postgres_pid, text, 1, INT32_MAX);
	case 'b':
		options->any_build = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* 0; -EINVAL. */
static int
read_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "contacts", required_argument, NULL, 'c' },
		{ "accounts", required_argument, NULL, 'a' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'e' },
		{ "redis", required_argument, NULL, 'R' },
		{ "redis-pid", required_argument, NULL, 'i' },
		{ "postgres", required_argument, NULL, 'P' },
		{ "postgres-pid", required_argument, NULL, 'j' },
		{ "any-build", no_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*options = (struct options){
		.contacts = 1000000, .accounts = 1000, .rounds = ROUNDS, .seconds = 3, .seed = 1
	};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (read_option(options, option, optarg) != 0)
			return -EINVAL;
	}
	return optind == argc && options->redis_port != 0 && options->redis_pid != 0 &&
		options->postgres_port != 0 && options->postgres_pid != 0 &&
		options->contacts % options->accounts == 0
	    ? 0
	    : -EINVAL;
}

/* Connects to the peers. 0; -errno, told. */
static int
open_peers(struct peers *peers, const char *password)
{
	static char where[WHERE_BYTES];
	const struct options *options = &peers->options;
	int result =
	    redis_open(&peers->redis, (unsigned)options->redis_port, password, (pid_t)options->redis_pid);

	snprintf(where, sizeof(where), "host=127.0.0.1 port=%" PRIu64 " user=peers dbname=postgres",
	    options->postgres_port);
	setenv("PGPASSWORD", password, 1);
	for (enum layout i = 0; result == 0 && i < LAYOUT_COUNT; i++)
		result = postgres_open(&peers->postgres[i], where, SCHEMAS[i], (pid_t)options->postgres_pid);
	return result;
}

/* Starts the service on both layouts. 0; -errno, told. */
static int
start_service(struct peers *peers)
{
	const struct options *options = &peers->options;
	int result = phone_library_init();

	for (enum layout i = 0; result == 0 && i < LAYOUT_COUNT; i++) {
		struct side *side = &peers->sides[i];

		*side = (struct side){ .in_flight = CALLERS,
			.connections = 1,
			.batch_keys = BATCH_KEYS,
			.contacts = options->contacts,
			.accounts = i == LAYOUT_ONE ? 1 : options->accounts,
			.data_seed = options->seed };
		peers->started[i] = true;
		result = target_start(&peers->targets[i], side, false);
		if (result == 0)
			peer_source_init(&peers->sources[i], &peers->targets[i].dataset, options->seed);
	}
	return result;
}

/* The records of some neighbours of one account, as the service answers them. 0 with
 * *response to be freed; -errno, told. */
static int
fetch(Anagraph__V1__BatchResolveResponse **response, struct dataset_key *keys, struct client *client,
    const char *account, size_t count)
{
	Anagraph__V1__BatchResolveRequest request = ANAGRAPH__V1__BATCH_RESOLVE_REQUEST__INIT;
	static Anagraph__V1__ResolveKey items[FILL_KEYS];
	static Anagraph__V1__ResolveKey *list[FILL_KEYS];
	static Anagraph__V1__Identifier identifiers[FILL_KEYS];
	struct client_status status;
	int result;

	for (size_t i = 0; i < count; i++) {
		anagraph__v1__identifier__init(&identifiers[i]);
		identifiers[i].namespace_ = (char *)(uintptr_t)keys[i].namespace_name;
		identifiers[i].value = keys[i].value;
		anagraph__v1__resolve_key__init(&items[i]);
		items[i].key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_IDENTIFIER;
		items[i].identifier = &identifiers[i];
		list[i] = &items[i];
	}
	request.account = (char *)(uintptr_t)account;
	request.n_keys = count;
	request.keys = list;
	result = client_batch_resolve(response, &status, client, &request);
	if (result > 0)
		fprintf(
		    stderr, "anagraph-peers: the service does not tell its contacts: %s\n", status.message);
	return result > 0 ? -EPROTO : result;
}

/* Gives the peers one contact. 0; -errno, told. */
static int
put(struct peers *peers, enum layout layout, const char *account, const struct dataset_key *key,
    const Anagraph__V1__ResolveResult *found)
{
	static uint8_t record[LIMIT_REQUEST_BYTES];
	struct peer_contact contact = { .account = account, .key = key };
	int result;

	if (found->result_case != ANAGRAPH__V1__RESOLVE_RESULT__RESULT_CONTACT ||
	    anagraph__v1__contact__get_packed_size(found->contact) > sizeof(record)) {
		fprintf(stderr, "anagraph-peers: the service does not know %s\n", key->value);
		return -EPROTO;
	}
	contact.contact_id = found->contact->id;
	contact.record = bytes_of(record, anagraph__v1__contact__pack(found->contact, record));
	result = layout == LAYOUT_ONE ? redis_put(peers->redis, &contact) : 0;
	return result == 0 ? postgres_put(peers->postgres[layout], &contact) : result;
}

/* Contacts of one account, from first on. 0; -errno, told. */
static int
put_some(struct peers *peers, enum layout layout, struct client *client, uint64_t first, size_t count)
{
	static struct dataset_key keys[FILL_KEYS];
	const struct dataset *dataset = &peers->targets[layout].dataset;
	Anagraph__V1__BatchResolveResponse *response;
	char account[DATASET_ACCOUNT_BYTES];
	int result;

	dataset_account(account, dataset, first / dataset->contacts_per_account);
	for (size_t i = 0; i < count; i++)
		dataset_make_key(&keys[i], dataset->seed, first + i);
	result = fetch(&response, keys, client, account, count);
	if (result != 0)
		return result;
	if (response->n_results != count)
		result = -EPROTO;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = put(peers, layout, account, &keys[i], response->results[i]);
	anagraph__v1__batch_resolve_response__free_unpacked(response, NULL);
	return result;
}

/* Gives the peers what the service has. 0; -errno, told. */
static int
fill_layout(struct peers *peers, enum layout layout, struct client *client)
{
	const struct dataset *dataset = &peers->targets[layout].dataset;
	uint64_t size = dataset_size(dataset);
	struct progress progress;
	int result = postgres_put_begin(peers->postgres[layout]);

	progress_begin(&progress, "filling the peers");
	for (uint64_t first = 0; result == 0 && first < size;) {
		uint64_t left = dataset->contacts_per_account - first % dataset->contacts_per_account;
		size_t count = left < FILL_KEYS ? (size_t)left : FILL_KEYS;

		result = put_some(peers, layout, client, first, count);
		first += count;
		progress_show(&progress, (double)first / (double)size, NULL);
	}
	progress_end(&progress);
	if (result == 0)
		result = redis_put_end(peers->redis);
	if (result == 0)
		result = postgres_put_end(peers->postgres[layout]);
	return result == 0 ? postgres_connect(peers->postgres[layout]) : result;
}

static int
fill_peers(struct peers *peers)
{
	int result = 0;

	for (enum layout i = 0; result == 0 && i < LAYOUT_COUNT; i++) {
		struct client *client;

		result = client_create(&client, peers->targets[i].address);
		if (result != 0)
			return result;
		result = client_connect(client, CONNECT_MS) == 0 ? fill_layout(peers, i, client) : -ETIMEDOUT;
		client_destroy(client);
	}
	return result;
}

/* The figures of a round, with what the peers have besides. */
static json_t *
figures_of(const struct series *series, const struct histogram *latency_ns, uint64_t calls, double seconds,
    uint64_t cpu_ns, uint64_t retries)
{
	double cpu_us = (double)cpu_ns / 1e3 / (double)calls;
	json_t *figures = json_pack("{s:f, s:f, s:f, s:f}", "calls_per_s", (double)calls / seconds,
	    "server_cpu_us_per_call", cpu_us, "p50_us", (double)histogram_at(latency_ns, 50) / 1e3, "p99_us",
	    (double)histogram_at(latency_ns, 99) / 1e3);

	if (series->operation == OPERATION_BATCH) {
		json_object_set_new(
		    figures, "lookups_per_s", json_real((double)calls / seconds * series->keys));
		json_object_set_new(figures, "server_cpu_us_per_lookup", json_real(cpu_us / series->keys));
	}
	if (series->who == WHO_POSTGRES && series->operation == OPERATION_CHANGE)
		json_object_set_new(figures, "retries_per_call", json_real((double)retries / (double)calls));
	return figures;
}

/* 0; -errno, told. */
static int
run_anagraph(
    json_t **figures, struct peers *peers, const struct series *series, double seconds, uint64_t salt)
{
	struct side side = peers->sides[series->layout];
	struct round *round = peers->round;
	struct drivers *drivers;
	int result;

	snprintf(side.name, sizeof(side.name), "%s", series->name);
	side.weights[series->operation] = 1;
	side.in_flight = series->in_flight;
	result = drivers_create(
	    &drivers, &side, &peers->targets[series->layout], peers->options.seed + salt, salt);
	if (result != 0)
		return result;
	result = drivers_run(round, drivers, seconds, 0, NULL, NULL);
	drivers_destroy(drivers);
	if (result == 0)
		*figures = figures_of(series, &round->latency_ns, round->calls, round->seconds,
		    round->after.cpu_ns - round->before.cpu_ns, 0);
	return result;
}

/* 0; -errno, told. */
static int
run_peer(json_t **figures, struct peers *peers, const struct series *series, double seconds)
{
	struct peer_source *source = &peers->sources[series->layout];
	struct peer_round *round = peers->peer_round;
	int result;

	peer_round_begin(round, seconds, series->in_flight);
	if (series->who == WHO_REDIS)
		result = redis_look_up(round, peers->redis, source, series->keys);
	else if (series->operation == OPERATION_RESOLVE)
		result = postgres_look_up(round, peers->postgres[series->layout], source);
	else
		result = postgres_change(round, peers->postgres[series->layout], source, series->counted);
	if (result == 0)
		*figures = figures_of(
		    series, &round->latency_ns, round->calls, round->seconds, round->cpu_ns, round->retries);
	return result;
}

static int
run_series(json_t **figures, struct peers *peers, const struct series *series, double seconds, uint64_t salt)
{
	return series->who == WHO_ANAGRAPH ? run_anagraph(figures, peers, series, seconds, salt)
					   : run_peer(figures, peers, series, seconds);
}

/* All series, in turns; the first of them warms up and is not reported. 0; -errno, told. */
static int
run_rounds(struct peers *peers)
{
	struct progress progress;
	int result = 0;

	progress_begin(&progress, "measuring");
	for (uint64_t round = 0; result == 0 && round <= peers->options.rounds; round++) {
		for (size_t i = 0; result == 0 && i < SERIES_COUNT; i++) {
			double seconds = round == 0 ? peers->options.seconds / 3 : peers->options.seconds;
			json_t *figures;

			progress_show(&progress,
			    (double)(round * SERIES_COUNT + i) /
				(double)((peers->options.rounds + 1) * SERIES_COUNT),
			    SERIES[i].name);
			result = run_series(&figures, peers, &SERIES[i], seconds, round * SERIES_COUNT + i);
			if (result == 0 && round == 0)
				json_decref(figures);
			else if (result == 0)
				result = report_round(peers->report, SERIES[i].name, figures);
		}
	}
	progress_end(&progress);
	return result;
}

/* 0; -errno, told. */
static int
begin_report(struct peers *peers, int argc, char **argv)
{
	const struct options *options = &peers->options;
	char redis[REDIS_VERSION_BYTES];
	char postgres[POSTGRES_VERSION_BYTES];
	int result = redis_version(redis, peers->redis);

	if (result == 0)
		result = postgres_version(postgres, peers->postgres[LAYOUT_ONE]);
	if (result == 0)
		result = report_create(
		    &peers->report, stdout, "peers", argc, argv, peers->targets[LAYOUT_ONE].data_dir);
	if (result != 0)
		return result;
	report_set(peers->report, "peers", json_pack("{s:s, s:s}", "redis", redis, "postgres", postgres));
	report_set(peers->report, "data",
	    json_pack("{s:I, s:I, s:I}", "seed", (json_int_t)options->seed, "contacts",
		(json_int_t)options->contacts, "accounts_if_many", (json_int_t)options->accounts));
	return 0;
}

static void
end_report(struct peers *peers)
{
	for (size_t i = 0; i < SERIES_COUNT; i++)
		report_summary(peers->report, SERIES[i].name,
		    json_pack("{s:i, s:i, s:f}", "in_flight", (int)SERIES[i].in_flight, "keys_per_call",
			(int)SERIES[i].keys, "seconds", peers->options.seconds));
	for (size_t i = 0; i < sizeof(RATIOS) / sizeof(RATIOS[0]); i++)
		report_ratio(peers->report, RATIOS[i].of, RATIOS[i].over, RATIOS[i].figure);
	report_table(peers->report, COLUMNS, stderr);
	report_ratio_table(peers->report, stderr);
}

static int
measure(struct peers *peers, const char *password, int argc, char **argv)
{
	int result = open_peers(peers, password);

	if (result == 0)
		result = start_service(peers);
	if (result == 0)
		result = fill_peers(peers);
	if (result == 0)
		result = begin_report(peers, argc, argv);
	if (result == 0)
		result = run_rounds(peers);
	/* What was measured before something failed is told as well. */
	if (peers->report != NULL)
		end_report(peers);
	if (result != 0)
		fprintf(stderr, "anagraph-peers: %s\n", strerror(-result));
	return result;
}

/* Gives everything back; false when a service did not end well. */
static bool
finish(struct peers *peers)
{
	bool well = true;

	report_destroy(peers->report);
	redis_close(peers->redis);
	for (enum layout i = 0; i < LAYOUT_COUNT; i++) {
		postgres_close(peers->postgres[i]);
		if (peers->started[i] && !target_finish(&peers->targets[i])) {
			fputs("anagraph-peers: a service did not end well\n", stderr);
			well = false;
		}
	}
	free(peers->round);
	free(peers->peer_round);
	return well;
}

int
main(int argc, char **argv)
{
	static struct peers peers;
	const char *password = getenv("PEERS_PASSWORD");
	int result;
	bool well;

	if (read_options(&peers.options, argc, argv) != 0 || password == NULL) {
		fputs(HELP, stderr);
		return USAGE_STATUS;
	}
	if (!report_is_release() && !peers.options.any_build) {
		fputs("anagraph-peers: this build is not optimised, and its figures say nothing\n", stderr);
		return USAGE_STATUS;
	}
	peers.round = calloc(1, sizeof(*peers.round));
	peers.peer_round = calloc(1, sizeof(*peers.peer_round));
	result =
	    peers.round == NULL || peers.peer_round == NULL ? -ENOMEM : measure(&peers, password, argc, argv);
	well = finish(&peers);
	return result == 0 && well ? 0 : 1;
}
