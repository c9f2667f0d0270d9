/* All that happened to an account, played on a store of its own. Private to replay/.
 *
 * A contact that the journal says was made gets the number that it got then, in either
 * course, so that a number is the same person in both; one that the journal does not tell of
 * gets a number past all those of the account, by the entry that makes it. */
#ifndef ANAGRAPH_SERVER_REPLAY_COURSE_H
#define ANAGRAPH_SERVER_REPLAY_COURSE_H

#include "server/replay/replay.h"
#include "server/replay/script.h"
#include "server/wire/messages.h"

struct course {
	struct graph *graph;
	struct arena arena; /* one entry's */
	struct bytes account;
	const struct account_settings *settings;
	uint64_t last_contact_id; /* the last number that the journal may name */
	unsigned waiting;         /* entries played since the last commit */
	bool writing;
	uint64_t asked_anew; /* and so on: as in struct replay_report */
	uint64_t assumed;
	uint64_t acts_lost;
	uint64_t events_blank;
};

/* Opens an empty store for it in a directory that is made. account, settings and error
 * stay the caller's. last_contact_id is the account's. 0 with
 * *course in the caller's memory, to be given to course_finish; REPLAY_E_REFUSED; -errno. */
int course_init(struct course *course, const struct replay_options *options, const char *name,
    uint64_t last_contact_id, struct graph_error *error);
void course_finish(struct course *course);

/* Plays one entry; what the script notes is good until the next one. 0; GRAPH_E_…; -errno. */
int course_play(struct course *course, const struct journal_entry *entry, struct script *script,
    struct graph_error *error);

/* Commits what was played. The same outcomes. */
int course_end(struct course *course, struct graph_error *error);

#endif
