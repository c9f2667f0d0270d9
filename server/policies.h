/* The policies that the daemon runs, one a source, as the engine asks them. */
#ifndef ANAGRAPH_SERVER_POLICIES_H
#define ANAGRAPH_SERVER_POLICIES_H

#include "server/seat.h"
#include "server/shadow.h"

struct policies {
	struct policy_host *host;         /* owned */
	struct seat *seats[SOURCE_COUNT]; /* owned */
	size_t seat_count;
	struct seat *by_source[SOURCE_COUNT]; /* of seats */
	struct shadow *shadows[SOURCE_COUNT]; /* owned; NULL where there is none */
};

/* Loads the policy of each source, and its shadow; copies go to copy_dir. Their log lines go to the
 * daemon's. 0 with *out in the caller's memory, to be given to policies_finish;
 * POLICY_E_REFUSED; -errno. Main thread. */
int policies_init(
    struct policies *out, struct policy_error *error, const struct config *config, const char *copy_dir);

/* Checks that the policy of each source is there and a file that may be trusted; runs
 * nothing of it. 0; POLICY_E_REFUSED; -errno. */
int policies_check(struct policy_error *error, const struct config *config);

/* Destroys the policies. Main thread, nobody deciding. */
void policies_finish(struct policies *policies);

/* How the engine asks them; borrows policies. */
struct decider policies_decider(struct policies *policies);

/* Logs for each policy whose verdict was replaced by the default how often, and why. */
void policies_log_fallbacks(const struct policies *policies);

#endif
