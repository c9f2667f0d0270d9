/* An account as it was at one moment: all of its journal and of its contacts, copied out of
 * the store in one read transaction. Private to replay/. */
#ifndef ANAGRAPH_SERVER_REPLAY_SNAPSHOT_H
#define ANAGRAPH_SERVER_REPLAY_SNAPSHOT_H

#include <stdio.h>

#include "server/replay/replay.h"

struct snapshot {
	FILE *journal;  /* the entries as they are stored, by sequence; owned */
	FILE *contacts; /* the contacts as they are stored, by id; owned */
	struct account account;
	uint64_t missing; /* sequences without an entry */
};

/* Takes it; the files have no name. 0 with *out to be given to snapshot_finish;
 * REPLAY_E_REFUSED with *error; -errno. */
int snapshot_take(struct snapshot *out, const struct replay_options *options, struct graph_error *error);
void snapshot_finish(struct snapshot *snapshot);

/* The next row of one of the files, into the arena. 0; GRAPH_E_ABSENT after the last;
 * -errno. */
int snapshot_next(struct bytes *row, struct arena *arena, FILE *file);

#endif
