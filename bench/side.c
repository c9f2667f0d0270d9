/* Options are a table: each has a name and sets one thing. */
#include "bench/side.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "bench/dataset.h"
#include "bench/report.h"

enum { IN_FLIGHT = 65536, CONNECTIONS = 1024, ECHO_BYTES = 65536 };

const char *const OPERATION_NAMES[OPERATION_COUNT_ALL] = {
	[OPERATION_RESOLVE] = "resolve",
	[OPERATION_BATCH] = "batch",
	[OPERATION_COUNT] = "count",
	[OPERATION_FRESH] = "identify-fresh",
	[OPERATION_CHANGE] = "identify-change",
	[OPERATION_SAME] = "identify-same",
	[OPERATION_ECHO] = "echo",
};

const char SIDES_USAGE[] =
    "  --mix OP[:WEIGHT],…   resolve, batch, count, identify-fresh, identify-change,\n"
    "                        identify-same, echo\n"
    "  --stream              Identify by IdentifyStream\n"
    "  --batch K             keys of one BatchResolve (256)\n"
    "  --keys uniform|zipf[:EXPONENT]   which contacts (uniform; zipf is of 0.99)\n"
    "  --in-flight N         calls under way over all connections (64)\n"
    "  --connections N       (1), a thread of the caller each\n"
    "  --rate R              open loop: so many arrivals a second, of which at most\n"
    "                        --in-flight are under way; latency counts from the arrival\n"
    "  --arrivals poisson|constant   of an open loop (poisson)\n"
    "  --echo-bytes N        of the message of an echo (200)\n"
    "  --store DIR           what `anagraph-bench load` made; otherwise one is made of\n"
    "  --contacts N, --accounts A, --data-seed S   (10k, 1, 1) and removed\n"
    "  --server HOST:PORT --pid PID   a daemon that runs here and has those contacts\n"
    "  --server-threads N    of the daemon\n"
    "  --name NAME           of this side in the results\n"
    "  --against             what follows is another side: as the first but for what it\n"
    "                        says; the sides take turns, and each one's ratio over the\n"
    "                        first is told\n"
    "of all sides:\n"
    "  --seconds S           of a round (5)\n"
    "  --calls N             of a round at most\n"
    "  --warm-up S           before the first round (2)\n"
    "  --rounds N            (5)\n"
    "  --seed S              of the choice of contacts and arrivals (1)\n"
    "  --any-build           measure a build that is not optimised, too\n";

int
number_parse(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
	uint64_t unit = 1;
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno != 0)
		return -EINVAL;
	if (*end == 'k' || *end == 'M')
		unit = *end++ == 'k' ? 1000 : 1000000;
	if (*end != '\0' || value > most / unit || value * unit < least)
		return -EINVAL;
	*out = value * unit;
	return 0;
}

int
real_parse(double *out, const char *text, double least, double most)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !(value >= least && value <= most))
		return -EINVAL;
	*out = value;
	return 0;
}

static int
parse_unsigned(unsigned *out, const char *text, unsigned least, unsigned most)
{
	uint64_t value;
	int result = number_parse(&value, text, least, most);

	if (result == 0)
		*out = (unsigned)value;
	return result;
}

/* One word of a mix: an operation and how often it is among the others. */
static int
parse_weight(unsigned weights[OPERATION_COUNT_ALL], const char *word, size_t size)
{
	const char *colon = memchr(word, ':', size);
	size_t name_size = colon == NULL ? size : (size_t)(colon - word);
	char weight[16] = "1";

	if (colon != NULL) {
		size_t rest = size - name_size - 1;

		if (rest == 0 || rest >= sizeof(weight))
			return -EINVAL;
		memcpy(weight, colon + 1, rest);
		weight[rest] = '\0';
	}
	for (int i = 0; i < OPERATION_COUNT_ALL; i++) {
		if (strlen(OPERATION_NAMES[i]) == name_size &&
		    memcmp(OPERATION_NAMES[i], word, name_size) == 0)
			return parse_unsigned(&weights[i], weight, 1, 1000000);
	}
	return -EINVAL;
}

static int
parse_mix(struct side *side, const char *text)
{
	int result = 0;

	memset(side->weights, 0, sizeof(side->weights));
	while (result == 0) {
		size_t size = strcspn(text, ",");

		result = parse_weight(side->weights, text, size);
		if (text[size] == '\0')
			break;
		text += size + 1;
	}
	return result;
}

static int
parse_keys(struct side *side, const char *text)
{
	if (strcmp(text, "uniform") == 0)
		side->zipf = 0;
	else if (strcmp(text, "zipf") == 0)
		side->zipf = 0.99;
	else if (strncmp(text, "zipf:", 5) == 0)
		return real_parse(&side->zipf, text + 5, 0.01, 10);
	else
		return -EINVAL;
	return 0;
}

static int
parse_arrivals(struct side *side, const char *text)
{
	side->poisson = strcmp(text, "poisson") == 0;
	return side->poisson || strcmp(text, "constant") == 0 ? 0 : -EINVAL;
}

enum option_id {
	OPTION_MIX = 256,
	OPTION_STREAM,
	OPTION_BATCH,
	OPTION_KEYS,
	OPTION_IN_FLIGHT,
	OPTION_CONNECTIONS,
	OPTION_RATE,
	OPTION_ARRIVALS,
	OPTION_ECHO_BYTES,
	OPTION_STORE,
	OPTION_CONTACTS,
	OPTION_ACCOUNTS,
	OPTION_DATA_SEED,
	OPTION_SERVER,
	OPTION_PID,
	OPTION_SERVER_THREADS,
	OPTION_NAME,
	OPTION_SECONDS,
	OPTION_CALLS,
	OPTION_WARM_UP,
	OPTION_ROUNDS,
	OPTION_SEED,
	OPTION_ANY_BUILD,
};

static const struct option OPTIONS[] = {
	{ "mix", required_argument, NULL, OPTION_MIX },
	{ "stream", no_argument, NULL, OPTION_STREAM },
	{ "batch", required_argument, NULL, OPTION_BATCH },
	{ "keys", required_argument, NULL, OPTION_KEYS },
	{ "in-flight", required_argument, NULL, OPTION_IN_FLIGHT },
	{ "connections", required_argument, NULL, OPTION_CONNECTIONS },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "arrivals", required_argument, NULL, OPTION_ARRIVALS },
	{ "echo-bytes", required_argument, NULL, OPTION_ECHO_BYTES },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ "contacts", required_argument, NULL, OPTION_CONTACTS },
	{ "accounts", required_argument, NULL, OPTION_ACCOUNTS },
	{ "data-seed", required_argument, NULL, OPTION_DATA_SEED },
	{ "server", required_argument, NULL, OPTION_SERVER },
	{ "pid", required_argument, NULL, OPTION_PID },
	{ "server-threads", required_argument, NULL, OPTION_SERVER_THREADS },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "calls", required_argument, NULL, OPTION_CALLS },
	{ "warm-up", required_argument, NULL, OPTION_WARM_UP },
	{ "rounds", required_argument, NULL, OPTION_ROUNDS },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "any-build", no_argument, NULL, OPTION_ANY_BUILD },
	{ NULL, 0, NULL, 0 },
};

/* One of all sides. 0; -EINVAL; -ENOENT when it is of one side. */
static int
take_common(struct sides *sides, int option, const char *text)
{
	switch (option) {
	case OPTION_SECONDS:
		return real_parse(&sides->seconds, text, 0.01, 3600);
	case OPTION_CALLS:
		return number_parse(&sides->calls, text, 1, UINT32_MAX);
	case OPTION_WARM_UP:
		return real_parse(&sides->warm_up_seconds, text, 0, 3600);
	case OPTION_ROUNDS:
		return parse_unsigned(&sides->rounds, text, 1, REPORT_ROUNDS);
	case OPTION_SEED:
		return number_parse(&sides->seed, text, 0, UINT64_MAX);
	case OPTION_ANY_BUILD:
		sides->any_build = true;
		return 0;
	default:
		return -ENOENT;
	}
}

/* What is called, and how. */
static int
take_load(struct side *side, int option, const char *text)
{
	switch (option) {
	case OPTION_MIX:
		return parse_mix(side, text);
	case OPTION_STREAM:
		side->stream = true;
		return 0;
	case OPTION_BATCH:
		return parse_unsigned(&side->batch_keys, text, 1, LIMIT_BATCH_KEYS);
	case OPTION_KEYS:
		return parse_keys(side, text);
	case OPTION_IN_FLIGHT:
		return parse_unsigned(&side->in_flight, text, 1, IN_FLIGHT);
	case OPTION_CONNECTIONS:
		return parse_unsigned(&side->connections, text, 1, CONNECTIONS);
	case OPTION_RATE:
		return real_parse(&side->rate, text, 0.1, 1e7);
	case OPTION_ARRIVALS:
		return parse_arrivals(side, text);
	case OPTION_ECHO_BYTES:
		return parse_unsigned(&side->echo_bytes, text, 1, ECHO_BYTES);
	default:
		return -ENOENT;
	}
}

/* What is called on. */
static int
take_store(struct side *side, int option, const char *text)
{
	unsigned pid = 0;
	int result;

	switch (option) {
	case OPTION_STORE:
		side->store = text;
		return 0;
	case OPTION_CONTACTS:
		side->store = NULL;
		return number_parse(&side->contacts, text, 1, DATASET_MOST_CONTACTS);
	case OPTION_ACCOUNTS:
		return number_parse(&side->accounts, text, 1, DATASET_MOST_CONTACTS);
	case OPTION_DATA_SEED:
		return number_parse(&side->data_seed, text, 0, UINT32_MAX);
	case OPTION_SERVER:
		side->server = text;
		return 0;
	case OPTION_PID:
		result = parse_unsigned(&pid, text, 1, INT_MAX);
		side->pid = (pid_t)pid;
		return result;
	case OPTION_SERVER_THREADS:
		return parse_unsigned(&side->server_threads, text, 1, LIMIT_THREADS);
	case OPTION_NAME:
		snprintf(side->name, sizeof(side->name), "%s", text);
		return *text == '\0' || strlen(text) >= sizeof(side->name) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* Reads the options of one side; argv[0] is not looked at. */
static int
parse_side(struct sides *sides, struct side *side, int argc, char **argv)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "+", OPTIONS, NULL)) != -1) {
		int result = take_common(sides, option, optarg);

		if (result == -ENOENT)
			result = take_load(side, option, optarg);
		if (result == -ENOENT)
			result = take_store(side, option, optarg);
		if (result != 0) {
			if (option != '?')
				fprintf(stderr, "anagraph-bench: %s is not what it should be\n",
				    argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "anagraph-bench: %s is no option\n", argv[optind]);
	return -EINVAL;
}

/* What a side is called that has not been named: by what it calls. */
static void
name_side(struct side *side)
{
	size_t size = 0;

	for (int i = 0; i < OPERATION_COUNT_ALL; i++) {
		if (side->weights[i] > 0 && size < sizeof(side->name))
			size += (size_t)snprintf(side->name + size, sizeof(side->name) - size, "%s%s",
			    size == 0 ? "" : "+", OPERATION_NAMES[i]);
	}
	if (side->stream && size < sizeof(side->name))
		snprintf(side->name + size, sizeof(side->name) - size, " stream");
}

static const char *
wrong_with(const struct sides *sides, const struct side *side)
{
	unsigned identify =
	    side->weights[OPERATION_FRESH] + side->weights[OPERATION_CHANGE] + side->weights[OPERATION_SAME];
	unsigned all = 0;

	for (int i = 0; i < OPERATION_COUNT_ALL; i++)
		all += side->weights[i];
	if (all == 0)
		return "a side has no --mix";
	if (side->stream && identify != all)
		return "a stream takes Identify alone";
	if (side->in_flight < side->connections)
		return "there are more connections than calls in flight";
	if (side->contacts % side->accounts != 0)
		return "the accounts don't share the contacts evenly";
	if ((side->server == NULL) != (side->pid == 0))
		return "--server and --pid belong together";
	if (side->server != NULL && side->weights[OPERATION_ECHO] > 0)
		return "only a server of our own echoes";
	for (const struct side *other = sides->sides; other < side; other++) {
		if (strcmp(other->name, side->name) == 0)
			return "two sides have the same name: give one a --name";
	}
	return NULL;
}

static bool
is_same_store(const struct side *a, const struct side *b)
{
	if (a->server != NULL || b->server != NULL)
		return a->server != NULL && b->server != NULL && strcmp(a->server, b->server) == 0;
	if (a->server_threads != b->server_threads)
		return false;
	if (a->store != NULL || b->store != NULL)
		return a->store != NULL && b->store != NULL && strcmp(a->store, b->store) == 0;
	return a->contacts == b->contacts && a->accounts == b->accounts && a->data_seed == b->data_seed;
}

/* Names the sides, finds out which have the same store, and looks for what can't be. */
static int
settle(struct sides *sides)
{
	for (unsigned i = 0; i < sides->count; i++) {
		struct side *side = &sides->sides[i];
		const char *wrong;

		if (side->name[0] == '\0')
			name_side(side);
		wrong = wrong_with(sides, side);
		if (wrong != NULL) {
			fprintf(stderr, "anagraph-bench: %s\n", wrong);
			return -EINVAL;
		}
		side->store_number = (int)i;
		for (unsigned j = 0; j < i && side->store_number == (int)i; j++) {
			if (is_same_store(side, &sides->sides[j]))
				side->store_number = sides->sides[j].store_number;
		}
	}
	return 0;
}

int
sides_parse(struct sides *sides, int argc, char **argv)
{
	int begin = 0;

	*sides = (struct sides){ .rounds = 5, .seconds = 5, .warm_up_seconds = 2, .seed = 1 };
	while (begin < argc) {
		struct side *side = &sides->sides[sides->count];
		int end = begin + 1;

		if (sides->count == SIDES) {
			fprintf(stderr, "anagraph-bench: there are more than %d sides\n", SIDES);
			return -EINVAL;
		}
		if (sides->count == 0)
			*side = (struct side){ .batch_keys = 256,
				.echo_bytes = 200,
				.in_flight = 64,
				.connections = 1,
				.poisson = true,
				.contacts = 10000,
				.accounts = 1,
				.data_seed = 1 };
		else
			*side = sides->sides[0];
		side->name[0] = '\0';
		sides->count++;
		while (end < argc && strcmp(argv[end], "--against") != 0)
			end++;
		if (parse_side(sides, side, end - begin, argv + begin) != 0)
			return -EINVAL;
		begin = end;
	}
	return settle(sides);
}
