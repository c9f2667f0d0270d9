/* A policy with its place to run: in the daemon's own process, or in a worker's. Whoever
 * asks it need not know which. */
#ifndef ANAGRAPH_SERVER_SEAT_H
#define ANAGRAPH_SERVER_SEAT_H

#include "rules/decide.h"
#include "rules/host.h"
#include "server/config.h"

struct seat;

/* Loads a policy and makes its instance, with the options of the configuration. host finds
 * and copies it, and runs it where it runs in process; borrowed, it outlives the seat. 0;
 * POLICY_E_REFUSED; -errno. Main thread. */
int seat_create(struct seat **out, struct policy_host *host, const char *policy_id,
    const struct policy_options *options, const struct config *config, struct policy_error *error);

/* Accepts NULL. Main thread, nobody deciding. */
void seat_destroy(struct seat *seat);

/* Who sits there: borrowed from the seat. */
const struct policy_identity *seat_identity(const struct seat *seat);

/* Asks it: as policy_decide, where a failure that it told itself is -1, or an ask_outcome.
 * Any thread. */
int seat_ask(struct anagraph_verdict *verdict, struct seat *seat, const struct anagraph_conflict *conflict);

/* Notes what became of a question: FALLBACK_NONE for a verdict carried out. Any thread. */
void seat_count(struct seat *seat, enum fallback fallback);

/* Logs how often its verdict was replaced by the default, and why; nothing if never. */
void seat_log_fallbacks(const struct seat *seat);

/* Gives a host's log lines, all policies', to the daemon's log. */
void seat_log(void *context, const char *policy_id, uint32_t level, struct bytes message);

#endif
