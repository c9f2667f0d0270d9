/* The daemon's own process costs a verdict nothing and lets a policy take all of it along; a
 * worker costs some microseconds, and a policy that fails costs its own events alone. */
#include "server/seat.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/log.h"
#include "server/worker/worker.h"

struct seat {
	const struct policy_identity *identity;
	struct policy *policy; /* in process: the host's */
	struct worker *worker; /* else: owned */
	_Atomic uint64_t counts[FALLBACK_COUNT];
};

void
seat_log(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };
	const char *name = level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";

	(void)context;
	log_line("policy %s: %s: %.*s", policy_id, name, BYTES_PRINT(message));
}

static void
tell(void *context, const char *message)
{
	(void)context;
	log_line("%s", message);
}

/* The policy host lies beside the daemon. 0; -errno. */
static int
find_program(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		return -errno;
	self[size] = '\0';
	if (snprintf(path, PATH_MAX, "%s/anagraph-policy-host", dirname(self)) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static int
start_worker(struct seat *seat, struct policy_host *host, const char *policy_id,
    const struct policy_options *options, const struct config *config, struct policy_error *error)
{
	char program[PATH_MAX];
	struct policy_copy copy;
	int result = find_program(program);

	if (result == 0)
		result = policy_host_copy(&copy, host, policy_id, error);
	if (result != 0)
		return result;
	result = worker_create(&seat->worker,
	    &(struct worker_options){
		.program = program,
		.copy = &copy,
		.options = options->items,
		.option_count = options->count,
		.deadline_ms = config->policy_deadline_ms,
		.rest_ms = LIMIT_POLICY_REST_SECONDS * 1000,
		.log = seat_log,
		.tell = tell,
	    },
	    error);
	policy_copy_finish(&copy);
	if (result == 0)
		seat->identity = worker_identity(seat->worker);
	if (result == 0 && !worker_is_walled(seat->worker))
		log_line(
		    "policy %s: this kernel or build has no Landlock for it: while it is loaded, it can read "
		    "files",
		    policy_id);
	return result;
}

int
seat_create(struct seat **out, struct policy_host *host, const char *policy_id,
    const struct policy_options *options, const struct config *config, struct policy_error *error)
{
	struct seat *seat = calloc(1, sizeof(*seat));
	int result;

	if (seat == NULL)
		return -ENOMEM;
	if (config->policies_run == RUN_IN_PROCESS) {
		result =
		    policy_host_load(&seat->policy, host, policy_id, options->items, options->count, error);
		if (result == 0)
			seat->identity = policy_identity_of(seat->policy);
	} else {
		result = start_worker(seat, host, policy_id, options, config, error);
	}
	if (result == 0)
		*out = seat;
	else
		free(seat);
	return result;
}

void
seat_destroy(struct seat *seat)
{
	if (seat == NULL)
		return;
	worker_destroy(seat->worker);
	free(seat);
}

const struct policy_identity *
seat_identity(const struct seat *seat)
{
	return seat->identity;
}

int
seat_ask(struct anagraph_verdict *verdict, struct seat *seat, const struct anagraph_conflict *conflict)
{
	int result;

	if (seat->worker != NULL)
		return worker_ask(verdict, seat->worker, conflict);
	result = policy_decide(verdict, seat->policy, conflict);
	return result < 0 ? -1 : result;
}

void
seat_count(struct seat *seat, enum fallback fallback)
{
	assert(fallback >= FALLBACK_NONE && fallback < FALLBACK_COUNT);
	atomic_fetch_add_explicit(&seat->counts[fallback], 1, memory_order_relaxed);
}

void
seat_log_fallbacks(const struct seat *seat)
{
	uint64_t counts[FALLBACK_COUNT];
	uint64_t replaced = 0;

	for (unsigned i = 0; i < FALLBACK_COUNT; i++)
		counts[i] = atomic_load_explicit(&seat->counts[i], memory_order_relaxed);
	for (unsigned i = FALLBACK_NONE + 1; i < FALLBACK_COUNT; i++)
		replaced += counts[i];
	if (replaced == 0)
		return;
	log_line("policy %.*s: decided %" PRIu64 ", failed %" PRIu64 ", deferred %" PRIu64
		 ", invalid %" PRIu64 ", timed out %" PRIu64 ", crashed %" PRIu64 ", unavailable %" PRIu64,
	    BYTES_PRINT(seat->identity->id), counts[FALLBACK_NONE], counts[FALLBACK_FAILED],
	    counts[FALLBACK_DEFERRED], counts[FALLBACK_INVALID], counts[FALLBACK_TIMED_OUT],
	    counts[FALLBACK_CRASHED], counts[FALLBACK_UNAVAILABLE]);
}
