/* Whether the order of arrival matters, for a policy that says it does not.
 *
 * The contact here is as small as one can be: a few names, each with the value that
 * holds and its claim. An event brings one value. What the contact has nothing of it
 * takes; an equal value raises the claim to the greater; another one is the policy's to
 * decide, and what it defers is offered, which changes nothing. The events of a history
 * arrive in one order, then in others, and must end in the same values. */
#include <string.h>

#include "kit/samples.h"

enum {
	HISTORIES = 200,
	SHUFFLES = 16,
	EVENTS = 12,
	NAMES = 4,
};

struct event {
	size_t name;
	struct anagraph_claim claim;
};

struct contact {
	bool is_held[NAMES];
	struct anagraph_claim held[NAMES];
};

static const struct {
	const char *name;
	uint32_t name_class;
} names[NAMES] = {
	{ "LAST_NAME", ANAGRAPH_NAME_ATTRIBUTE },
	{ "CITY", ANAGRAPH_NAME_ATTRIBUTE },
	{ "NEWSLETTER", ANAGRAPH_NAME_ATTRIBUTE },
	{ "phone", ANAGRAPH_NAME_PERSONAL },
};

static bool
is_same_value(const struct anagraph_value *a, const struct anagraph_value *b)
{
	return a->type == b->type && a->boolean == b->boolean && a->string.size == b->string.size &&
	    (a->string.size == 0 || memcmp(a->string.data, b->string.data, a->string.size) == 0);
}

static void
draw_event(struct event *event, uint64_t *state)
{
	static const char *const texts[] = { "a", "ab", "b", "c" };
	static const uint32_t sources[] = { ANAGRAPH_SOURCE_PUSH, ANAGRAPH_SOURCE_CONTACTS };
	uint64_t r = random_next(state);
	uint32_t source = sources[r >> 8 & 1];

	*event = (struct event){
		.name = r % NAMES,
		.claim = {
			.source = source,
			.rank = source,
			.observed_at_us = 1000 + (int64_t)(r >> 16 & 3),
			.contact_id = 0,
		},
	};
	if (strcmp(names[event->name].name, "NEWSLETTER") == 0)
		event->claim.value =
		    (struct anagraph_value){ .type = ANAGRAPH_VALUE_BOOL, .boolean = r >> 24 & 1 };
	else
		event->claim.value = (struct anagraph_value){ .type = ANAGRAPH_VALUE_STRING,
			.string = sample_string(texts[r >> 24 & 3]) };
}

static void
raise_claim(struct anagraph_claim *held, const struct anagraph_claim *claim)
{
	if (claim->observed_at_us > held->observed_at_us ||
	    (claim->observed_at_us == held->observed_at_us && claim->rank > held->rank))
		*held = *claim;
	held->contact_id = 1;
}

static void
take_in(struct contact *contact, const struct loaded *loaded, const struct event *event, int64_t now_us)
{
	struct anagraph_claim incoming = event->claim;
	struct anagraph_claim *held = &contact->held[event->name];
	struct anagraph_conflict conflict = {
		.struct_size = sizeof(conflict),
		.kind = ANAGRAPH_CONFLICT_VALUE,
		.name_class = names[event->name].name_class,
		.account = sample_string("shop"),
		.name = sample_string(names[event->name].name),
		.incoming = &incoming,
		.stored = held,
	};
	struct answer answer = { .result = ANAGRAPH_DEFER };

	incoming.recorded_at_us = now_us;
	if (contact->is_held[event->name] && is_same_value(&incoming.value, &held->value)) {
		raise_claim(held, &incoming);
		return;
	}
	if (contact->is_held[event->name]) {
		if ((loaded->descriptor->kinds >> ANAGRAPH_CONFLICT_VALUE & 1) != 0)
			answer = loaded_ask(loaded, &conflict);
		if (answer.result != ANAGRAPH_DECIDED || answer.verdict != ANAGRAPH_VERDICT_TAKE)
			return;
	}
	*held = incoming;
	held->contact_id = 1;
	contact->is_held[event->name] = true;
}

static struct contact
play(const struct loaded *loaded, const struct event events[EVENTS])
{
	struct contact contact = { .is_held = { false } };

	for (size_t i = 0; i < EVENTS; i++)
		take_in(&contact, loaded, &events[i], 2000 + (int64_t)i);
	return contact;
}

static void
shuffle(struct event events[EVENTS], uint64_t *state)
{
	for (size_t i = EVENTS - 1; i > 0; i--) {
		size_t other = (size_t)(random_next(state) % (i + 1));
		struct event event = events[i];

		events[i] = events[other];
		events[other] = event;
	}
}

static enum outcome
check_history(struct trial *trial, const struct loaded *loaded, size_t history, uint64_t *state)
{
	struct event events[EVENTS];
	struct contact first;

	for (size_t i = 0; i < EVENTS; i++)
		draw_event(&events[i], state);
	first = play(loaded, events);
	for (size_t i = 0; i < SHUFFLES; i++) {
		struct contact contact;

		shuffle(events, state);
		contact = play(loaded, events);
		for (size_t name = 0; name < NAMES; name++) {
			if (contact.is_held[name] &&
			    !is_same_value(&contact.held[name].value, &first.held[name].value))
				return trial_fail(trial,
				    "history %zu: the same events in another order leave another %s", history,
				    names[name].name);
		}
	}
	return OUTCOME_PASS;
}

enum outcome
check_order(struct trial *trial)
{
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	uint64_t state = random_begin(trial->subject->seed);

	if (outcome != OUTCOME_PASS)
		return outcome;
	if ((loaded.descriptor->flags & ANAGRAPH_POLICY_ORDER_INDEPENDENT) == 0)
		return trial_skip(trial, "it does not say ORDER_INDEPENDENT of itself");
	for (size_t i = 0; outcome == OUTCOME_PASS && i < HISTORIES; i++)
		outcome = check_history(trial, &loaded, i, &state);
	return outcome;
}
