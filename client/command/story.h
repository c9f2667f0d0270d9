/* A contact's journal as a story: what came from where, what was in dispute and how it
 * was decided, who became part of it, what operators did. Prints to a page and asks
 * nobody anything. */
#ifndef ANAGRAPH_CLIENT_COMMAND_STORY_H
#define ANAGRAPH_CLIENT_COMMAND_STORY_H

#include <stdio.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/tour/screen.h"

struct story {
	struct screen page;
	char day[16]; /* that the page has reached; empty before the first */
};

/* Begins with whose story it is: the contact, and the ids that led to it. The stream is
 * borrowed. */
void story_begin(struct story *story, FILE *stream, const Anagraph__V1__ResolveResponse *whose);

/* Tells one entry; entries are told from the oldest on. */
void story_tell(struct story *story, const Anagraph__V1__JournalEntry *entry);

#endif
