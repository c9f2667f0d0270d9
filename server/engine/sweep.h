/* What the committer clears away besides writing: journal entries that an account does not
 * keep any longer, answers that have expired, and what readers hold that were killed. Private
 * to engine/; the committer's thread. */
#ifndef ANAGRAPH_SERVER_ENGINE_SWEEP_H
#define ANAGRAPH_SERVER_ENGINE_SWEEP_H

#include "server/engine/engine.h"

struct sweep {
	const struct engine_options *options;
	struct graph_reader *reader;
	int64_t next_round_us; /* engine_now_us: when accounts are gone through again */
	bool looking;          /* a round is under way */
	bool answers_due;
	bool journal_due; /* that of account */
	int64_t before_us;
	char account[LIMIT_ACCOUNT_BYTES]; /* the last one looked at in this round */
	size_t account_size;
};

/* 0; -errno. Borrows the options. The first round begins at once. */
int sweep_init(struct sweep *sweep, const struct engine_options *options);
void sweep_finish(struct sweep *sweep);

/* Until when there is nothing to do: a time of engine_now_us, past if there is. */
int64_t sweep_idle_until_us(const struct sweep *sweep);

/* Looks a little further for what is past its time, unless something is known to be; a round
 * begins with killed readers. */
void sweep_look(struct sweep *sweep);

/* Whether something is known to be past its time. */
bool sweep_is_due(const struct sweep *sweep);

/* Takes some of it away in the open transaction: no more than so many answers and as many
 * entries. On anything but 0 the transaction must be aborted. 0; GRAPH_E_FULL;
 * GRAPH_E_FAILED; -errno. */
int sweep_some(struct sweep *sweep, size_t most);

/* Nothing can be taken away now: leaves all of it to the next round. */
void sweep_put_off(struct sweep *sweep);

#endif
