/* A policy in a process of its own, as the daemon sees it: it is asked, it answers in time
 * or its process is killed and started again aside. Whoever asks never waits for longer
 * than the deadline, and never for a start. */
#ifndef ANAGRAPH_SERVER_WORKER_WORKER_H
#define ANAGRAPH_SERVER_WORKER_WORKER_H

#include "rules/decide.h"
#include "rules/host.h"

struct worker;

struct worker_options {
	const char *program;            /* of the policy host */
	const struct policy_copy *copy; /* what to run */
	const struct anagraph_option *options;
	size_t option_count;
	unsigned deadline_ms;    /* of a verdict */
	unsigned rest_ms;        /* of a policy that failed too often, the first time */
	policy_log_function log; /* the policy's lines */
	/* What befalls the worker, in words for people: NUL-terminated, nothing personal. */
	void (*tell)(void *context, const char *message);
	void *context; /* of both; both are called on any thread */
};

/* Starts a policy's process and waits until it can be asked. Copies all it is given. 0;
 * POLICY_E_REFUSED; -errno. Any thread whose signals are blocked, before gRPC starts or
 * after. */
int worker_create(struct worker **out, const struct worker_options *options, struct policy_error *error);

/* Ends the process and waits for that; accepts NULL. Nobody asks any more. */
void worker_destroy(struct worker *worker);

/* Asks it. As policy_decide, but that a failure of its own is -1, or an ask_outcome. Any thread; one question
 * at a time. */
int worker_ask(
    struct anagraph_verdict *verdict, struct worker *worker, const struct anagraph_conflict *conflict);

/* Who it is; borrowed from the worker. */
const struct policy_identity *worker_identity(const struct worker *worker);

/* Whether the kernel keeps it from files even while it is loaded. */
bool worker_is_walled(const struct worker *worker);

#endif
