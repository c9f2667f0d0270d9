/* What it costs that policies run in processes of their own, on one machine in one run:
 *
 *	anagraph-bench-isolation verdict BUILD    a verdict in process and through a worker, A B A B
 *	anagraph-bench-isolation breaker BUILD    one account's events beside another's whose policy
 *	                                          works, and beside one whose breaker is open, A B A B
 *
 * BUILD is the build directory. Times are of this process's clock; the machine does the rest
 * of its work on the same processors, so that only the difference within a run counts. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/histogram.h"
#include "client/client.h"
#include "rules/host.h"
#include "server/worker/worker.h"
#include "tests/support/service.h"

enum { PATH_BYTES = 1024, ROUNDS = 5, VERDICTS = 20000, EVENTS = 1000 };

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
log_nothing(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	(void)context;
	(void)policy_id;
	(void)level;
	(void)message;
}

static void
tell(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
}

/* --- a verdict */

struct stand {
	struct policy *policy;
	struct worker *worker;
};

static struct anagraph_string
shown(const char *text)
{
	return (struct anagraph_string){ .data = text, .size = strlen(text) };
}

/* One verdict after the other on an everyday conflict. 0, or what asking gave. */
static int
measure_verdicts(struct histogram *histogram, const struct stand *stand, bool in_worker)
{
	const struct anagraph_claim incoming = {
		.value = { .type = ANAGRAPH_VALUE_STRING, .string = { "Bianchi", 7 } },
		.source = ANAGRAPH_SOURCE_PUSH,
		.rank = ANAGRAPH_SOURCE_PUSH,
		.observed_at_us = 2,
	};
	const struct anagraph_claim stored = {
		.value = { .type = ANAGRAPH_VALUE_STRING, .string = { "Rossi", 5 } },
		.source = ANAGRAPH_SOURCE_CONTACTS,
		.rank = ANAGRAPH_SOURCE_CONTACTS,
		.observed_at_us = 1,
		.contact_id = 1,
	};
	const struct anagraph_conflict conflict = {
		.struct_size = sizeof(conflict),
		.kind = ANAGRAPH_CONFLICT_VALUE,
		.name_class = ANAGRAPH_NAME_ATTRIBUTE,
		.account = shown("shop"),
		.name = shown("LAST_NAME"),
		.incoming = &incoming,
		.stored = &stored,
	};
	struct anagraph_verdict verdict = { 0 };

	for (int i = 0; i < VERDICTS; i++) {
		uint64_t begun_ns = now_ns();
		int result = in_worker ? worker_ask(&verdict, stand->worker, &conflict)
				       : policy_decide(&verdict, stand->policy, &conflict);

		histogram_add(histogram, now_ns() - begun_ns);
		if (result != 0)
			return result;
	}
	return 0;
}

static void
print_times(const char *name, int round, const struct histogram *histogram)
{
	printf("%-28s round %d: median %8.2f us, p99 %8.2f us\n", name, round,
	    (double)histogram_at(histogram, 50) / 1000, (double)histogram_at(histogram, 99) / 1000);
}

static int
open_stand(struct stand *stand, struct policy_host **host, const char *build, const char *copy_dir)
{
	char policies[PATH_BYTES];
	char program[PATH_BYTES];
	struct policy_error error = { .message = "out of memory" };
	struct policy_copy copy;
	int result;

	snprintf(policies, sizeof(policies), "%s/plugins", build);
	snprintf(program, sizeof(program), "%s/server/anagraph-policy-host", build);
	result = policy_host_create(
	    host, &(struct policy_host_options){ .policy_dir = policies, .copy_dir = copy_dir }, &error);
	if (result == 0)
		result = policy_host_load(&stand->policy, *host, "push_latest", NULL, 0, &error);
	if (result == 0)
		result = policy_host_copy(&copy, *host, "push_latest", &error);
	if (result == 0) {
		result = worker_create(&stand->worker,
		    &(struct worker_options){ .program = program,
			.copy = &copy,
			.deadline_ms = LIMIT_POLICY_DEADLINE_MS,
			.rest_ms = 1000,
			.log = log_nothing,
			.tell = tell },
		    &error);
		policy_copy_finish(&copy);
	}
	if (result != 0)
		fprintf(stderr, "%s\n", error.message);
	return result;
}

static int
bench_verdict(const char *build)
{
	static struct histogram histograms[2];
	static struct histogram rounds[2];
	char *directory = test_directory_create();
	char copies[PATH_BYTES];
	struct policy_host *host = NULL;
	struct stand stand = { NULL, NULL };
	int result;

	if (directory == NULL)
		return -errno;
	snprintf(copies, sizeof(copies), "%s/copies", directory);
	result = open_stand(&stand, &host, build, copies);
	for (int round = 1; result == 0 && round <= ROUNDS; round++) {
		for (int in_worker = 0; result == 0 && in_worker < 2; in_worker++) {
			memset(&rounds[in_worker], 0, sizeof(rounds[in_worker]));
			result = measure_verdicts(&rounds[in_worker], &stand, in_worker != 0);
			print_times(in_worker ? "through a worker" : "in process", round, &rounds[in_worker]);
			histogram_merge(&histograms[in_worker], &rounds[in_worker]);
		}
	}
	if (result == 0)
		printf("a worker costs a verdict %.2f us more at the median (%.2f - %.2f)\n",
		    (double)(histogram_at(&histograms[1], 50) - histogram_at(&histograms[0], 50)) / 1000,
		    (double)histogram_at(&histograms[1], 50) / 1000,
		    (double)histogram_at(&histograms[0], 50) / 1000);
	worker_destroy(stand.worker);
	policy_host_destroy(host);
	test_directory_remove(directory);
	free(directory);
	return result;
}

/* --- a breaker */

/* A daemon, and somebody who keeps its hostile policy busy with one account's events. */
struct place {
	struct service *service;
	const char *deed; /* what those ask for */
	atomic_bool ends;
	atomic_uint refused; /* how often the policy was not asked */
	pthread_t thread;
};

/* One event that contradicts the last, from a source. Whether it went well; *was_not_asked
 * tells of its policy. */
static bool
send_event(bool *was_not_asked, struct client *client, const char *account, Anagraph__V1__Source source,
    double number, const char *conversation)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Attribute attribute = ANAGRAPH__V1__ATTRIBUTE__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	Anagraph__V1__Attribute *attributes[] = { &attribute };
	Anagraph__V1__IdentifyResponse *response;

	identifier.namespace_ = (char *)(uintptr_t) "email";
	identifier.value = (char *)(uintptr_t) "a@example.it";
	attribute.name = (char *)(uintptr_t) "N";
	attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
	attribute.number_value = number;
	request.account = (char *)(uintptr_t)account;
	request.source = source;
	request.conversation = (char *)(uintptr_t)conversation;
	request.n_identifiers = 1;
	request.identifiers = identifiers;
	request.n_attributes = 1;
	request.attributes = attributes;
	if (client_identify(&response, NULL, client, &request) != 0)
		return false;
	*was_not_asked =
	    response->n_conflicts > 0 && strcmp(response->conflicts[0]->fallback, "POLICY_UNAVAILABLE") == 0;
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	return true;
}

static void *
keep_busy(void *context)
{
	struct place *place = context;
	struct client *client;
	double number = 0;
	bool was_not_asked = false;

	if (client_create(&client, service_target(place->service)) != 0)
		abort();
	while (!atomic_load(&place->ends)) {
		if (!send_event(&was_not_asked, client, "one", ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS,
			number++, place->deed))
			abort();
		atomic_fetch_add(&place->refused, was_not_asked ? 1 : 0);
	}
	client_destroy(client);
	return NULL;
}

static int
open_place(struct place *place, const char *build, const char *deed)
{
	static const char *const arguments[] = { "--policy", "contacts=hostile", "--policy",
		"conversations=scripted", "--policy", "push=scripted", NULL };
	char policies[PATH_BYTES];
	int result;

	snprintf(policies, sizeof(policies), "%s/tests/policy/hostile", build);
	place->deed = deed;
	result = service_start(&place->service,
	    &(struct service_options){ .policy_dir = policies,
		.arguments = (const char *const[]){ "--policy-deadline-ms", "20", arguments[0], arguments[1],
		    arguments[2], arguments[3], arguments[4], arguments[5], NULL } });
	if (result == 0)
		result = -pthread_create(&place->thread, NULL, keep_busy, place);
	return result;
}

/* Another account's events, one after the other, decided by a policy that works. */
static bool
measure_events(struct histogram *histogram, struct place *place)
{
	struct client *client;
	bool was_not_asked;
	bool went_well;

	if (client_create(&client, service_target(place->service)) != 0)
		return false;
	went_well = client_connect(client, 10000) == 0;
	for (int i = 0; went_well && i < EVENTS; i++) {
		uint64_t begun_ns = now_ns();

		went_well = send_event(&was_not_asked, client, "two", ANAGRAPH__V1__SOURCE__SOURCE_PUSH,
		    (double)begun_ns, "TAKE");
		histogram_add(histogram, now_ns() - begun_ns);
	}
	client_destroy(client);
	return went_well;
}

static int
bench_breaker(const char *build)
{
	static const char *const names[] = { "beside one that works", "beside an open breaker" };
	static struct histogram histograms[2];
	static struct histogram rounds[2];
	static struct place places[2];
	char program[PATH_BYTES];
	int result;

	snprintf(program, sizeof(program), "%s/server/anagraphd", build);
	setenv("ANAGRAPHD", program, 1);
	result = open_place(&places[0], build, "TAKE");
	if (result == 0)
		result = open_place(&places[1], build, "LOOP");
	if (result != 0)
		return result;
	while (atomic_load(&places[1].refused) < 100) /* by then it is open */
		sched_yield();
	for (int round = 1; result == 0 && round <= ROUNDS; round++) {
		for (int broken = 0; result == 0 && broken < 2; broken++) {
			memset(&rounds[broken], 0, sizeof(rounds[broken]));
			result = measure_events(&rounds[broken], &places[broken]) ? 0 : -EIO;
			print_times(names[broken], round, &rounds[broken]);
			histogram_merge(&histograms[broken], &rounds[broken]);
		}
	}
	if (result == 0)
		printf("beside an open breaker p99 is %.2f times what it is otherwise (%.0f / %.0f us)\n",
		    (double)histogram_at(&histograms[1], 99) / (double)histogram_at(&histograms[0], 99),
		    (double)histogram_at(&histograms[1], 99) / 1000,
		    (double)histogram_at(&histograms[0], 99) / 1000);
	for (int i = 0; i < 2; i++) {
		atomic_store(&places[i].ends, true);
		pthread_join(places[i].thread, NULL);
		service_destroy(places[i].service);
	}
	return result;
}

int
main(int argc, char **argv)
{
	int result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "verdict") == 0) {
		result = bench_verdict(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "breaker") == 0) {
		result = bench_breaker(argv[2]);
	} else {
		fputs("usage: anagraph-bench-isolation verdict|breaker BUILD-DIRECTORY\n", stderr);
		return 2;
	}
	if (result != 0)
		fprintf(stderr, "anagraph-bench-isolation: it did not go well (%d)\n", result);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
