/* A policy asked beside the one that decides, about the same conflicts of a source. Its
 * verdicts are compared with what was carried out, and counted; they change nothing.
 *
 * It is shown copies, on a thread of its own, once the event is on stable storage: however
 * slow it is, no answer waits for it. When more wait than it may have waiting, they are
 * skipped, as is what still waits when it ends; that is counted. */
#ifndef ANAGRAPH_SERVER_SHADOW_H
#define ANAGRAPH_SERVER_SHADOW_H

#include "server/seat.h"

enum { SHADOW_VERDICTS = VERDICT_SEPARATE + 1 };

struct shadow;

/* What became of the conflicts that it was shown. */
struct shadow_counts {
	uint64_t verdicts[SHADOW_VERDICTS][SHADOW_VERDICTS]; /* carried out, then its own */
	uint64_t fallbacks[FALLBACK_COUNT];                  /* it gave none, and why */
	uint64_t skipped;                                    /* not asked: too many waited, or it ended */
};

/* Loads the shadow of a source's policy, as seat_create loads that, and starts its thread.
 * 0; POLICY_E_REFUSED; -errno. Main thread. */
int shadow_create(struct shadow **out, struct policy_host *host, enum source source,
    const struct config *config, struct policy_error *error);

/* Waits for the question that it is being asked, if there is one, skips what waits, logs what
 * it counted and ends its thread; accepts NULL. Main thread. */
void shadow_destroy(struct shadow *shadow);

/* Shows it a conflict that was carried out, and never waits. One thread at a time. */
void shadow_show(struct shadow *shadow, struct bytes account, const struct conflict *conflict);

/* Any thread. */
struct shadow_counts shadow_counts_of(struct shadow *shadow);

#endif
