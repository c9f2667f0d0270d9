/* Conflicts to ask a policy about: drawn from a seed, such as a service meets, and those
 * at the edge of what may be shown. */
#ifndef ANAGRAPH_KIT_SAMPLES_H
#define ANAGRAPH_KIT_SAMPLES_H

#include "kit/kit.h"

enum {
	SAMPLE_COUNT = 512,
	EDGE_COUNT_MAX = 128,
	VALUE_BYTES_MAX = 1024, /* of a value's text */
};

/* A conflict with all that it points to. Strings are terminated all the same, as careless
 * policies expect: the check for that lays them out anew. */
struct sample {
	struct anagraph_conflict conflict;
	struct anagraph_claim claims[4]; /* incoming, stored, displaced, device */
};

/* The next number of a seed; never of 0. */
uint64_t random_next(uint64_t *state);

/* A state to begin with, of any seed. */
uint64_t random_begin(uint64_t seed);

/* Draws conflicts of those kinds (bits 1 << ANAGRAPH_CONFLICT_…, at least one of them).
 * Each recorded_at_us occurs once. */
void samples_draw(struct sample samples[SAMPLE_COUNT], uint32_t kinds, uint64_t seed);

/* Writes the conflicts at the edges, of those kinds: how many. what[i] says in a word or
 * two what is odd about samples[i]. */
size_t samples_edges(struct sample samples[EDGE_COUNT_MAX], const char *what[EDGE_COUNT_MAX], uint32_t kinds);

/* A string of a text that stays. */
struct anagraph_string sample_string(const char *text);

/* "VALUE LAST_NAME" …, for people; within text. */
const char *sample_text(char text[64], const struct anagraph_conflict *conflict);

#endif
