/* Everything is drawn from pools that a person's number and a small choice name.
 * Numbers are valid Italian and German ones, the same for phone and whatsapp, so
 * that a contact can be found across the two (R9). */
#include "tests/model/history.h"

#include <stdio.h>
#include <stdlib.h>

enum { START_SECONDS = 1600000000, SPREAD_SECONDS = 30, COMPANY = 90 };

struct shape {
	size_t people;
	size_t values;             /* a person has in one namespace */
	unsigned stranger_percent; /* how often an identifier is somebody else's */
	size_t most_identifiers;
	size_t most_attributes;
	unsigned anonymous_percent; /* how often an event names devices alone, in a chat, and no name */
	unsigned chat_percent;      /* how many of the others are from a chat, too */
	unsigned inbox_percent;     /* how often an identifier is the company's */
	unsigned act_percents[ACTION_COUNT];
	size_t namespaces;     /* the first so many personal ones; 0: all */
	size_t spread_seconds; /* within which all moments lie; 0: they drift */
	bool ahead;            /* what has no moment elsewhere is dated far ahead */
};

static const struct shape SHAPES[HISTORY_KIND_COUNT] = {
	[HISTORY_COUPLE] = { 2, 2, 20, 3, 3, 10, 33, 0, { 0, 0, 1, 1, 1, 1 }, 0, 0, false },
	[HISTORY_FAMILY] = { 5, 2, 15, 4, 3, 10, 33, 0, { 0 }, 0, 0, true },
	[HISTORY_VISITORS] = { 4, 4, 12, 2, 3, 75, 33, 0, { 0, 0, 1, 1, 1, 2 }, 0, 0, false },
	[HISTORY_TOWN] = { 20, 3, 8, 4, 4, 15, 33, 0, { 0, 0, 2, 2, 1, 2 }, 0, 0, false },
	[HISTORY_FULL] = { 3, 2, 10, 3, 2, 20, 33, 0, { 0, 0, 1, 1, 2, 1 }, 0, 0, false },
	[HISTORY_DESK] = { 5, 3, 12, 3, 4, 10, 75, 0, { 0, 0, 18, 14, 4, 2 }, 0, 0, false },
	[HISTORY_CHAINS] = { 8, 4, 6, 3, 3, 10, 40, 0, { 0, 0, 4, 2, 16, 3 }, 0, 0, false },
	[HISTORY_NAMESAKES] = { 4, 6, 12, 2, 0, 5, 15, 0, { 0, 0, 2, 1, 12, 2 }, 2, 12, false },
	[HISTORY_INBOXES] = { 8, 3, 6, 3, 3, 5, 25, 30, { 0, 0, 3, 2, 2, 2 }, 0, 0, false },
	[HISTORY_LEAVING] = { 6, 6, 12, 3, 3, 10, 40, 0, { 0, 0, 4, 4, 5, 8 }, 0, 0, false },
};

uint64_t
random_next(struct random *random)
{
	uint64_t mixed = (random->state += 0x9e3779b97f4a7c15u);

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return mixed ^ (mixed >> 31);
}

size_t
random_below(struct random *random, size_t limit)
{
	return (size_t)(random_next(random) % limit);
}

bool
random_chance(struct random *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

static struct model_fact
make_identifier(struct random *random, enum namespace_id namespace_id, size_t person, size_t choice)
{
	char value[MODEL_TEXT_BYTES];
	char written[MODEL_TEXT_BYTES] = "";
	size_t number = person * 10 + choice;
	bool as_written = random_chance(random, 30);

	switch (namespace_id) {
	case NAMESPACE_EMAIL:
		snprintf(value, sizeof(value), "person%zu.%zu@example.it", person, choice);
		snprintf(written, sizeof(written), "Person%zu.%zu@Example.IT", person, choice);
		break;
	case NAMESPACE_PHONE:
	case NAMESPACE_WHATSAPP:
		if (person % 2 == 0) {
			snprintf(value, sizeof(value), "+3934712%05zu", number);
			snprintf(written, sizeof(written), "+39 347 12%05zu", number);
		} else {
			snprintf(value, sizeof(value), "+49151123%05zu", number);
			snprintf(written, sizeof(written), "0049 151 123%05zu", number);
		}
		break;
	case NAMESPACE_LANDLINE:
		snprintf(value, sizeof(value), "+39061234%04zu", number);
		snprintf(written, sizeof(written), "+39 06 1234%04zu", number);
		break;
	default:
		snprintf(value, sizeof(value), "%c-%zu-%zu", model_namespace_name(namespace_id)[0], person,
		    choice);
		break;
	}
	return model_identifier(namespace_id, value, as_written ? written : "");
}

static struct model_value
make_value(struct random *random, enum value_type type)
{
	static const char *const words[] = { "Bari", "Como", "Lecce" };
	struct model_value value = { .type = type };

	switch (type) {
	case VALUE_BOOL:
		value.boolean = random_chance(random, 50);
		break;
	case VALUE_NUMBER:
		value.number = (double)random_below(random, 3) * 1.5 - 1.5;
		break;
	case VALUE_TIME:
		value.time_us = (int64_t)random_below(random, 3) * 1000000 - 1000000;
		break;
	default:
		return model_string(words[random_below(random, 3)]);
	}
	return value;
}

static struct model_fact
make_attribute(struct random *random, bool named)
{
	static const struct {
		const char *name;
		enum value_type type; /* VALUE_NONE: any */
	} pool[] = {
		{ "FIRST_NAME", VALUE_STRING },
		{ "LAST_NAME", VALUE_STRING },
		{ "CITY", VALUE_STRING },
		{ "AGE", VALUE_NUMBER },
		{ "VIP", VALUE_BOOL },
		{ "SINCE", VALUE_TIME },
		{ "SCORE", VALUE_NONE },
	};
	size_t names = named ? 0 : 2;
	size_t at = names + random_below(random, sizeof(pool) / sizeof(pool[0]) - names);
	enum value_type type = pool[at].type;

	if (type == VALUE_NONE)
		type = (enum value_type)(VALUE_BOOL + random_below(random, 4));
	return model_attribute(pool[at].name, make_value(random, type));
}

static bool
has_name(const struct model_event *event, const char *name)
{
	for (size_t i = 0; i < event->fact_count; i++) {
		if (strcmp(event->facts[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Source, moment and conversation. Moments drift, but slowly: most are tied, and
 * many are older than what is stored. */
static void
begin_event(struct model_event *event, struct random *random, size_t index, const struct shape *shape)
{
	bool still = shape->spread_seconds != 0;
	size_t spread = still ? shape->spread_seconds : SPREAD_SECONDS;
	size_t seconds = START_SECONDS + (still ? 0 : index / 8) + random_below(random, spread);
	enum source source = random_chance(random, 50) ? SOURCE_PUSH : SOURCE_CONTACTS;

	if (random_chance(random, shape->chat_percent))
		source = SOURCE_CONVERSATIONS;
	*event = (struct model_event){ .source = source,
		.observed_at_us = (int64_t)seconds * 1000000 + (int64_t)random_below(random, 2) };
	if (random_chance(random, 4))
		event->observed_at_us = shape->ahead ? MODEL_AHEAD + event->observed_at_us : MODEL_UNTIMED;
	if (event->source == SOURCE_CONVERSATIONS && random_chance(random, 60))
		snprintf(event->conversation, sizeof(event->conversation), "t-%zu", random_below(random, 9));
}

static void
add_identifiers(struct model_event *event, struct random *random, const struct shape *shape, bool anonymous)
{
	size_t count = 1 + random_below(random, shape->most_identifiers);
	size_t person = random_below(random, shape->people);
	bool devices_only = anonymous || random_chance(random, 15);

	for (size_t i = 0; i < count; i++) {
		bool personal = !devices_only && random_chance(random, 55);
		enum namespace_id namespace_id = personal ? NAMESPACE_EXT_ID : NAMESPACE_CHAT;
		size_t whose = random_chance(random, shape->stranger_percent)
		    ? random_below(random, shape->people)
		    : person;
		struct model_fact fact;

		namespace_id += (enum namespace_id)random_below(random,
		    !personal                    ? 4
			: shape->namespaces != 0 ? shape->namespaces
						 : 5);
		if (personal && namespace_id != NAMESPACE_EXT_ID &&
		    random_chance(random, shape->inbox_percent))
			fact = make_identifier(random, namespace_id, COMPANY, 0);
		else
			fact =
			    make_identifier(random, namespace_id, whose, random_below(random, shape->values));
		if (!personal || !has_name(event, fact.name))
			model_event_add(event, &fact);
	}
}

/* As many devices or attributes as an event may carry, or nearly. */
static void
add_plenty(struct model_event *event, struct random *random, const struct shape *shape)
{
	size_t person = random_below(random, shape->people);
	size_t devices = random_chance(random, 50) ? random_below(random, 60) : 0;
	size_t attributes = random_chance(random, 50) ? random_below(random, 96) : 0;

	for (size_t i = 0; i < devices; i++) {
		enum namespace_id namespace_id = NAMESPACE_CHAT + (enum namespace_id)random_below(random, 4);
		struct model_fact fact =
		    make_identifier(random, namespace_id, person, 100 + random_below(random, 30));

		model_event_add(event, &fact);
	}
	for (size_t i = 0; i < attributes; i++) {
		char name[MODEL_NAME_BYTES];
		struct model_fact fact;

		snprintf(name, sizeof(name), "A%03zu", random_below(random, 150));
		fact = model_attribute(name, make_value(random, VALUE_STRING));
		if (!has_name(event, name))
			model_event_add(event, &fact);
	}
}

static struct model_event
make_event(struct random *random, enum history_kind kind, size_t index)
{
	const struct shape *shape = &SHAPES[kind];
	struct model_event event;
	bool anonymous = random_chance(random, shape->anonymous_percent);
	size_t attributes;

	begin_event(&event, random, index, shape);
	if (anonymous)
		event.source = SOURCE_CONVERSATIONS;
	add_identifiers(&event, random, shape, anonymous);
	attributes = random_below(random, shape->most_attributes + 1);
	for (size_t i = 0; i < attributes; i++) {
		struct model_fact fact = make_attribute(random, !anonymous);

		if (!has_name(&event, fact.name))
			model_event_add(&event, &fact);
	}
	if (kind == HISTORY_FULL)
		add_plenty(&event, random, shape);
	return event;
}

/* What an operator does, or ACTION_IDENTIFY. */
static enum action
choose_action(struct random *random, const struct shape *shape)
{
	unsigned at = (unsigned)random_below(random, 100);

	for (enum action action = ACTION_PROMOTE; action < ACTION_COUNT; action++) {
		if (at < shape->act_percents[action])
			return action;
		at -= shape->act_percents[action];
	}
	return ACTION_IDENTIFY;
}

static void
choose_sending(struct history_step *step, struct random *random)
{
	size_t at = random_below(random, 100);

	if (at < 12)
		step->sending = SEND_ONCE;
	else if (at < 15)
		step->sending = SEND_AGAIN;
	else if (at < 16)
		step->sending = SEND_OTHER;
	if (random_chance(random, 6))
		step->validate_only = step->action == ACTION_IDENTIFY || step->action == ACTION_MERGE;
	for (size_t i = 0; i < sizeof(step->picks) / sizeof(step->picks[0]); i++)
		step->picks[i] = random_next(random);
}

void
history_make(struct history *out, struct random *random, enum history_kind kind, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct history_step *old = out->count == 0 ? NULL : &out->steps[out->count - 1];
		struct history_step step = { .action = choose_action(random, &SHAPES[kind]) };

		if (out->count > 0 && random_chance(random, 35))
			old = &out->steps[random_below(random, out->count)];
		if (step.action != ACTION_IDENTIFY) {
			step.astray = random_chance(random, 12);
			step.suppress = random_chance(random, 25);
		} else if (old != NULL && old->action == ACTION_IDENTIFY && random_chance(random, 16)) {
			step.event = model_event_copy(&old->event);
		} else {
			step.event = make_event(random, kind, i);
		}
		choose_sending(&step, random);
		out->steps = model_append(out->steps, &out->count, &step, sizeof(step));
	}
}

void
history_make_person(struct history *out, struct random *random, size_t count)
{
	struct model_fact person = model_identifier(NAMESPACE_EMAIL, "person@example.it", "");

	for (size_t i = 0; i < count; i++) {
		struct model_event event;
		struct history_step step = { .action = ACTION_IDENTIFY };
		size_t facts = 1 + random_below(random, 4);

		begin_event(&event, random, 0, &SHAPES[HISTORY_COUPLE]);
		event.conversation[0] = '\0';
		event.source = random_chance(random, 50) ? SOURCE_PUSH : SOURCE_CONTACTS;
		event.observed_at_us = (int64_t)(START_SECONDS + random_below(random, 6)) * 1000000;
		model_event_add(&event, &person);
		for (size_t j = 0; j < facts; j++) {
			struct model_fact fact = make_attribute(random, true);

			if (random_chance(random, 30))
				fact = make_identifier(random,
				    NAMESPACE_CHAT + (enum namespace_id)random_below(random, 4), 0,
				    random_below(random, 3));
			if (fact.namespace_id != NAMESPACE_NONE || !has_name(&event, fact.name))
				model_event_add(&event, &fact);
		}
		step.event = event;
		out->steps = model_append(out->steps, &out->count, &step, sizeof(step));
	}
}

struct history_step
history_step_copy(const struct history_step *step)
{
	struct history_step copy = *step;

	copy.event = model_event_copy(&step->event);
	return copy;
}

void
history_finish(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		model_event_finish(&history->steps[i].event);
	free(history->steps);
	*history = (struct history){ 0 };
}

uint64_t
history_seed(uint64_t otherwise)
{
	const char *given = getenv("ANAGRAPH_MODEL_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : otherwise;

	fprintf(stderr, "# ANAGRAPH_MODEL_SEED=%lu\n", (unsigned long)seed);
	return seed;
}
