/* Contacts laid out by hand, and what is decided about them as text: for tests of the
 * decisions alone. Everything is the arena's; whatever goes wrong fails the test. */
#ifndef ANAGRAPH_TESTS_UNIT_PEOPLE_H
#define ANAGRAPH_TESTS_UNIT_PEOPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/types.h"

enum { PEOPLE_MAX = 4, PEOPLE_NOW = 1000000, PEOPLE_EVENT_IDS = 4 };

/* A small account: as many contacts as the test makes, one event or act. */
struct people {
	struct arena arena;
	struct digest_key key;
	struct contact contacts[PEOPLE_MAX];
	uint64_t owner_ids[PEOPLE_EVENT_IDS];
	struct companions companions[PEOPLE_EVENT_IDS];
	struct identifier event_identifiers[PEOPLE_EVENT_IDS];
	struct attribute event_attributes[PEOPLE_EVENT_IDS];
	struct neighbourhood known;
	struct event event;
	struct account_settings settings;
	uint32_t verdict; /* what the decider answers */
	struct decider decider;
	struct rejection rejection;
	struct changeset changeset;
};

void people_init(struct people *people, size_t contact_count);
void people_finish(struct people *people);

/* What a contact has before: in any order, from CONTACTS, observed at a time. An alias is
 * told by a ~ before its namespace. */
void people_hold(
    struct people *people, uint64_t id, const char *namespace_name, const char *value, int64_t at);
void people_set(struct people *people, uint64_t id, const char *name, const char *text, int64_t at);
void people_allow(struct people *people, uint64_t id, const char *name, bool allowed, int64_t at);

/* A secondary, from CONVERSATIONS: an identifier when the name is a namespace's. Returns
 * its id. */
uint64_t people_offer(
    struct people *people, uint64_t id, const char *name, const char *text, int64_t at, uint64_t owner_id);

/* Puts everything in order and counts it: after the last of the above. */
void people_settle(struct people *people);

/* An event observed at a time, and what it says. owner_id as the store would tell. */
void people_tell(struct people *people, enum source source, int64_t at);
void people_name(struct people *people, const char *namespace_name, const char *value, uint64_t owner_id);
void people_say(struct people *people, const char *name, const char *text);

/* Decides the event, which must go well. */
void people_decide(struct people *people);

/* The contact as the changeset has it, or as it was. */
const struct contact *people_after(const struct people *people, uint64_t id);

/* "email=a@b ~email=c@d CITY=Roma@7 ?CITY=Bari@9^2 @list": identifiers, attributes,
 * secondaries, lists, each with the time of its claim where there is one. */
const char *people_text(struct people *people, const struct contact *contact);

/* "1:TAKEN email=a@b, 1:AGREED ?CITY=Bari": what was lost, in order. */
const char *people_losses(struct people *people);

/* "email=a@b>1 email=c@d>0": ownerships, in order. */
const char *people_ownerships(struct people *people);

#define expect_after(people, id, text)                                                                       \
	assert_string_equal(people_text(people, people_after(people, id)), text)
#define expect_losses(people, text) assert_string_equal(people_losses(people), text)

/* The changeset was left alone, and the rejection says this. */
void people_expect_rejected(
    struct people *people, int result, enum reason reason, const char *field, uint64_t owner_id);

#endif
