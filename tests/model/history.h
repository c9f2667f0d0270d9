/* Random histories of events about few people with few values, so that everything
 * meets everything. The same seed makes the same history on every machine. */
#ifndef ANAGRAPH_TESTS_MODEL_HISTORY_H
#define ANAGRAPH_TESTS_MODEL_HISTORY_H

#include "tests/model/reference.h"

enum history_kind {
	HISTORY_COUPLE,   /* two people, hardly a value each: every rule meets every other */
	HISTORY_FAMILY,   /* five, two values a namespace */
	HISTORY_VISITORS, /* four, most of the time nobody knows who */
	HISTORY_TOWN,     /* twenty, three values a namespace */
	HISTORY_FULL,     /* three who hold more than a contact may */
	HISTORY_KIND_COUNT,
};

struct history {
	struct model_event *events;
	size_t count;
};

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
/* 0 to limit - 1. */
size_t random_below(struct random *random, size_t limit);
bool random_chance(struct random *random, unsigned percent);

/* Appends count events. */
void history_make(struct history *out, struct random *random, enum history_kind kind, size_t count);

/* Appends events under push_latest about one person, each naming it by the same
 * e-mail alone, none too many for a contact (R18). */
void history_make_person(struct history *out, struct random *random, size_t count);

void history_finish(struct history *history);

/* The seed in the environment, or the one given; said on standard error. */
uint64_t history_seed(uint64_t otherwise);

#endif
