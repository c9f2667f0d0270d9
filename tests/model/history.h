/* Random histories of events about few people with few values, so that everything
 * meets everything. The same seed makes the same history on every machine. */
#ifndef ANAGRAPH_TESTS_MODEL_HISTORY_H
#define ANAGRAPH_TESTS_MODEL_HISTORY_H

#include "tests/model/reference.h"

enum history_kind {
	HISTORY_COUPLE,    /* two people, hardly a value each: every rule meets every other */
	HISTORY_FAMILY,    /* five, two values a namespace */
	HISTORY_VISITORS,  /* four, most of the time nobody knows who */
	HISTORY_TOWN,      /* twenty, three values a namespace */
	HISTORY_FULL,      /* three who hold more than a contact may */
	HISTORY_DESK,      /* five whom operators look after all day: promoted, dismissed, merged */
	HISTORY_CHAINS,    /* eight who turn out to be the same, again and again */
	HISTORY_NAMESAKES, /* four with nothing but e-mails and customer numbers, each with many */
	HISTORY_INBOXES,   /* eight who give the company's address and number for their own */
	HISTORY_LEAVING,   /* six who ask to be forgotten, and come back */
	HISTORY_KIND_COUNT,
};

/* How a step is sent. */
enum history_sending {
	SEND_PLAIN, /* without a request_id */
	SEND_ONCE,  /* with one of its own */
	SEND_AGAIN, /* not this step but an earlier request, as it was */
	SEND_OTHER, /* this step with the request_id of an earlier one */
};

/* One step of a history. What an operator acts on depends on what has come before, so a
 * step says no ids: it picks among those that there are once it is played. */
struct history_step {
	enum action action;
	struct model_event event; /* IDENTIFY */
	enum history_sending sending;
	bool validate_only;
	bool suppress;
	bool astray; /* the version, the secondary or the contact is a wrong one */
	uint64_t picks[4];
};

struct history {
	struct history_step *steps;
	size_t count;
};

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
/* 0 to limit - 1. */
size_t random_below(struct random *random, size_t limit);
bool random_chance(struct random *random, unsigned percent);

/* Appends count steps. */
void history_make(struct history *out, struct random *random, enum history_kind kind, size_t count);

/* Appends events under push_latest about one person, each naming it by the same
 * e-mail alone, none too many for a contact (R18). */
void history_make_person(struct history *out, struct random *random, size_t count);

struct history_step history_step_copy(const struct history_step *step);
void history_finish(struct history *history);

/* The request that a step comes to in an account that has come as far as the model has;
 * to be freed with model_request_finish. */
struct model_request history_request(const struct history_step *step, const struct model *model);

/* The seed in the environment, or the one given; said on standard error. */
uint64_t history_seed(uint64_t otherwise);

#endif
