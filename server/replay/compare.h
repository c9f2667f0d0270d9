/* What two sets of contacts hold otherwise. Private to replay/. */
#ifndef ANAGRAPH_SERVER_REPLAY_COMPARE_H
#define ANAGRAPH_SERVER_REPLAY_COMPARE_H

#include <stdio.h>

#include "server/replay/course.h"
#include "server/replay/snapshot.h"

/* Contacts one after the other, by id: those of a course or those of a snapshot. */
struct people {
	struct graph_reader *reader; /* of a course */
	struct graph_listing *listing;
	struct arena listed;
	FILE *file; /* of a snapshot; borrowed */
	struct graph_error *error;
	struct arena arena; /* one contact's */
	struct contact contact;
	bool ended;
	uint64_t passed;
	uint64_t secondaries; /* of all those passed */
};

/* Begins before the first. A course has to have been ended. 0 with *people in the caller's
 * memory, to be given to people_finish; -errno. */
int people_of_course(struct people *people, const struct course *course, struct graph_error *error);
void people_of_snapshot(struct people *people, FILE *contacts, struct graph_error *error);
void people_finish(struct people *people);

/* Goes through both to their ends. differs is told each difference of theirs from ours;
 * *contacts and *names count them. 0; GRAPH_E_…; -errno; what differs returned. */
int compare_people(uint64_t *contacts, uint64_t *names, struct people *ours, struct people *theirs,
    struct bytes account, int (*differs)(void *context, const struct replay_difference *difference),
    void *context);

#endif
