/* anagraph-bench: what a call costs, with all that is needed to repeat it beside the
 * figure: machine, kernel, seed and command line.
 *
 * It starts the daemon that was built with it on a temporary store, or takes one that
 * runs; makes the contacts; warms up with a tenth of the calls; and measures rounds of
 * the same load. One JSON object a line: each round as it ends, then the medians with
 * the least and the greatest. Client and server share the machine, so compare what was
 * measured side by side, and trust the server's processor time most. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/load.h"
#include "tests/support/service.h"

enum { ROUNDS = 100, IN_FLIGHT = 4096, CONNECT_MS = 10000, FIGURES = 4, LINE_BYTES = 256 };

struct settings {
	enum load_mix mix;
	struct load load;
	uint64_t calls;
	uint64_t rounds;
	uint64_t seed;
	const char *server; /* NULL: one of our own */
	pid_t pid;
	int argc;
	char **argv;
};

static const char *const MIX_NAMES[LOAD_MIX_COUNT] = { "resolve", "identify", "count" };

static const char usage_text[] =
    "usage: anagraph-bench run --mix resolve|identify|count [option…]\n"
    "  --calls N       calls a round (100000)\n"
    "  --contacts N    contacts to make first (10000)\n"
    "  --in-flight N   calls in flight on the one connection (64)\n"
    "  --rounds N      rounds to measure (3)\n"
    "  --seed N        of the choice of contacts (1)\n"
    "  --server HOST:PORT --pid PID\n"
    "                  a daemon that runs on this machine, instead of one of its own;\n"
    "                  it gets an account \"bench\"\n";

/* A whole number from 1 to most. 0; -EINVAL. */
static int
read_number(uint64_t *out, const char *text, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || strchr(text, '-') != NULL || value < 1 || value > most)
		return -EINVAL;
	*out = value;
	return 0;
}

static int
read_mix(enum load_mix *out, const char *text)
{
	for (int i = 0; i < LOAD_MIX_COUNT; i++) {
		if (strcmp(text, MIX_NAMES[i]) == 0) {
			*out = (enum load_mix)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* 0; -EINVAL. */
static int
read_option(struct settings *settings, int option, const char *text)
{
	uint64_t number = 0;
	int result;

	switch (option) {
	case 'm':
		return read_mix(&settings->mix, text);
	case 'c':
		return read_number(&settings->calls, text, UINT32_MAX);
	case 'n':
		return read_number(&settings->load.contacts, text, UINT32_MAX);
	case 'f':
		result = read_number(&number, text, IN_FLIGHT);
		settings->load.in_flight = (uint32_t)number;
		return result;
	case 'r':
		return read_number(&settings->rounds, text, ROUNDS);
	case 's':
		return read_number(&settings->seed, text, UINT64_MAX);
	case 'S':
		settings->server = text;
		return 0;
	case 'p':
		result = read_number(&number, text, INT_MAX);
		settings->pid = (pid_t)number;
		return result;
	default:
		return -EINVAL;
	}
}

/* 0; -EINVAL. */
static int
read_settings(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "mix", required_argument, NULL, 'm' },
		{ "calls", required_argument, NULL, 'c' },
		{ "contacts", required_argument, NULL, 'n' },
		{ "in-flight", required_argument, NULL, 'f' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "server", required_argument, NULL, 'S' },
		{ "pid", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*settings = (struct settings){ .mix = LOAD_MIX_COUNT,
		.load = { .account = "bench", .contacts = 10000, .in_flight = 64 },
		.calls = 100000,
		.rounds = 3,
		.seed = 1,
		.argc = argc,
		.argv = argv };
	if (argc < 2 || strcmp(argv[1], "run") != 0)
		return -EINVAL;
	while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1) {
		if (read_option(settings, option, optarg) != 0)
			return -EINVAL;
	}
	if (optind != argc - 1 || settings->mix == LOAD_MIX_COUNT ||
	    (settings->server == NULL) != (settings->pid == 0))
		return -EINVAL;
	settings->load.random = settings->seed;
	return 0;
}

/* Tells where the daemon and the policies of the same build lie. The store goes beside
 * them, on a real disk: where it is kept in memory, a sync costs nothing. 0; -errno. */
static int
point_to_build(void)
{
	char self[PATH_MAX];
	char path[PATH_MAX + LINE_BYTES];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *build;

	if (size < 0)
		return -errno;
	self[size] = '\0';
	build = dirname(dirname(self));
	snprintf(path, sizeof(path), "%s/server/anagraphd", build);
	setenv("ANAGRAPHD", path, 0);
	snprintf(path, sizeof(path), "%s/plugins", build);
	setenv("ANAGRAPH_POLICY_DIR", path, 0);
	setenv("ANAGRAPH_TEST_DIR", build, 0);
	return 0;
}

static json_t *
json_cost(const struct load_cost *cost)
{
	return json_pack("{s:f, s:f, s:f, s:f}", "calls_per_s", cost->calls_per_s, "server_cpu_us_per_call",
	    cost->server_cpu_us, "p50_us", cost->p50_us, "p99_us", cost->p99_us);
}

static void
print_line(json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static int
compare_figure(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of a figure over the rounds, between its least and its greatest. */
static json_t *
json_spread(const struct load_cost *costs, size_t rounds, size_t offset)
{
	double figures[ROUNDS];

	for (size_t i = 0; i < rounds; i++)
		memcpy(&figures[i], (const char *)&costs[i] + offset, sizeof(figures[i]));
	qsort(figures, rounds, sizeof(figures[0]), compare_figure);
	return json_pack("{s:f, s:f, s:f}", "median", (figures[(rounds - 1) / 2] + figures[rounds / 2]) / 2,
	    "least", figures[0], "greatest", figures[rounds - 1]);
}

/* The processor's name as the kernel tells it, to be freed. */
static char *
processor_name(void)
{
	FILE *info = fopen("/proc/cpuinfo", "re");
	char line[LINE_BYTES];
	char *name = NULL;

	while (info != NULL && name == NULL && fgets(line, sizeof(line), info) != NULL) {
		char *value = strstr(line, ": ");

		if (value != NULL && strncmp(line, "model name", 10) == 0)
			name = strndup(value + 2, strcspn(value + 2, "\n"));
	}
	if (info != NULL)
		fclose(info);
	return name != NULL ? name : strdup("unknown");
}

static void
print_summary(const struct settings *settings, const struct load_cost *costs)
{
	char *processor = processor_name();
	json_t *command = json_array();
	struct utsname system;
	size_t rounds = settings->rounds;

	uname(&system);
	for (int i = 0; i < settings->argc; i++)
		json_array_append_new(command, json_string(settings->argv[i]));
	print_line(json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:I, s:s, s:i, s:s, s:o}", "mix",
	    MIX_NAMES[settings->mix], "calls_per_s",
	    json_spread(costs, rounds, offsetof(struct load_cost, calls_per_s)), "server_cpu_us_per_call",
	    json_spread(costs, rounds, offsetof(struct load_cost, server_cpu_us)), "p50_us",
	    json_spread(costs, rounds, offsetof(struct load_cost, p50_us)), "p99_us",
	    json_spread(costs, rounds, offsetof(struct load_cost, p99_us)), "rounds", (json_int_t)rounds,
	    "calls", (json_int_t)settings->calls, "contacts", (json_int_t)settings->load.contacts,
	    "in_flight", (int)settings->load.in_flight, "seed", (json_int_t)settings->seed, "processor",
	    processor, "processors", (int)sysconf(_SC_NPROCESSORS_ONLN), "kernel", system.release, "command",
	    command));
	free(processor);
}

/* Checks that the contacts are there: 0; -errno; -EPROTO. */
static int
check_contacts(struct client *client, const struct load *load)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *response;
	struct client_status status;
	uint64_t identified;
	int result;

	request.account = (char *)(uintptr_t)load->account;
	result = client_count_contacts(&response, &status, client, &request);
	if (result != 0)
		return result < 0 ? result : -EPROTO;
	identified = response->identified;
	anagraph__v1__count_contacts_response__free_unpacked(response, NULL);
	if (identified >= load->contacts)
		return 0;
	fprintf(stderr, "only %" PRIu64 " contacts are there\n", identified);
	return -EPROTO;
}

static int
measure(struct settings *settings, struct client *client)
{
	struct load *load = &settings->load;
	struct load_cost costs[ROUNDS];
	struct load_cost warm;
	int result = load_fill(load, client);

	if (result == 0)
		result = check_contacts(client, load);
	if (result == 0)
		result =
		    load_run(&warm, load, client, settings->mix, settings->calls / 10 + 1, settings->pid);
	for (uint64_t i = 0; i < settings->rounds && result == 0; i++) {
		json_t *line;

		result = load_run(&costs[i], load, client, settings->mix, settings->calls, settings->pid);
		if (result != 0)
			break;
		line = json_cost(&costs[i]);
		json_object_set_new(line, "round", json_integer((json_int_t)i + 1));
		print_line(line);
	}
	if (result == 0)
		print_summary(settings, costs);
	return result;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct service *service = NULL;
	struct client *client = NULL;
	int result;

	if (read_settings(&settings, argc, argv) != 0) {
		fputs(usage_text, stderr);
		return 2;
	}
	result = point_to_build();
	if (result == 0 && settings.server == NULL) {
		result = service_start(&service, NULL);
		if (result == 0) {
			settings.server = service_target(service);
			settings.pid = service_pid(service);
		}
	}
	if (result == 0)
		result = client_create(&client, settings.server);
	if (result == 0)
		result = client_connect(client, CONNECT_MS) == 0 ? measure(&settings, client) : -ETIMEDOUT;
	client_destroy(client);
	if (service != NULL && service_stop(service) != 0 && result == 0)
		result = -EPROTO;
	service_destroy(service);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: %s\n", strerror(-result));
	return result == 0 ? 0 : 1;
}
