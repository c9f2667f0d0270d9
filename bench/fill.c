/* What always holds: a contact is new when it is told of, so no policy is ever asked, and
 * all that a decision may look at is the numbers of its account. */
#include "bench/fill.h"

#include <errno.h>
#include <string.h>

#include "rules/identify.h"
#include "server/graph/bulk.h"

enum { ARENA_BYTES = 1024 * 1024, CONTACTS_BETWEEN = 16384 };

/* 2025-01-01T00:00:00Z: after all that a contact was observed. */
static const int64_t FIRST_RECORDED_US = INT64_C(1735689600) * 1000000;

/* How much of the work is done when all contacts are in, but nothing is sorted. */
static const double SHARE_OF_CONTACTS = 0.85;

static struct bytes
bytes_of_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

static void
add_identifier(struct event *event, enum namespace_id namespace_id, const char *value)
{
	if (*value == '\0')
		return;
	event->identifiers[event->identifier_count++] =
	    (struct identifier){ .namespace_id = namespace_id, .value = bytes_of_text(value) };
}

static void
add_text(struct event *event, const char *name, const char *text)
{
	event->attributes[event->attribute_count++] = (struct attribute){
		.name = bytes_of_text(name),
		.value = { .type = VALUE_STRING, .string = bytes_of_text(text) },
	};
}

void
fill_event(struct event *event, struct fill_room *room, const struct dataset *dataset, uint64_t number)
{
	const struct dataset_contact *contact = &room->contact;

	dataset_make(&room->contact, dataset->seed, number);
	dataset_account(room->account, dataset, number / dataset->contacts_per_account);
	*event = (struct event){
		.action = ACTION_IDENTIFY,
		.account = bytes_of_text(room->account),
		.claim = { .source = SOURCE_CONTACTS,
		    .clamped = true,
		    .claimed_at_us = contact->observed_at_s * 1000000 },
		.identifiers = room->identifiers,
		.identifier_places = room->places,
		.attributes = room->attributes,
	};
	/* By namespace, as callers are asked to write them in no order; by name. */
	add_identifier(event, NAMESPACE_EXT_ID, contact->ext_id);
	add_identifier(event, NAMESPACE_EMAIL, contact->email);
	add_identifier(event, NAMESPACE_PHONE, contact->phone);
	add_identifier(event, NAMESPACE_PUSH, contact->push);
	for (size_t i = 0; i < event->identifier_count; i++)
		room->places[i] = i;
	add_text(event, "ADDRESS", contact->address);
	add_text(event, "CITY", contact->city);
	event->attributes[event->attribute_count++] = (struct attribute){
		.name = BYTES("CONSENT"),
		.value = { .type = VALUE_BOOL, .boolean = contact->consent },
	};
	add_text(event, "FIRST_NAME", contact->first);
	add_text(event, "LANGUAGE", contact->language);
	add_text(event, "LAST_NAME", contact->last);
}

int64_t
fill_recorded_at_us(uint64_t number)
{
	return FIRST_RECORDED_US + (int64_t)number;
}

static int
ask_nobody(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	static const struct policy_identity none = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	(void)context;
	(void)source;
	(void)conflict;
	(void)verdict;
	*identity = &none;
	return -ENOTSUP;
}

static void
note_nothing(void *context, enum source source, enum fallback fallback)
{
	(void)context;
	(void)source;
	(void)fallback;
}

/* One filling on its way. */
struct filling {
	const struct dataset *dataset;
	const struct graph_options *options;
	struct graph_bulk *bulk;
	struct arena arena;
	struct account numbers; /* of the account that is being filled */
	void (*progress)(void *context, double done);
	void *context;
	struct graph_error *error;
};

/* What a store knows around an event that tells of nobody known. 0; -ENOMEM. */
static int
know_nobody(struct neighbourhood *known, struct filling *filling, const struct event *event)
{
	*known = (struct neighbourhood){
		.account = filling->numbers,
		.key = &filling->options->key,
		.owner_ids = arena_calloc(&filling->arena, event->identifier_count, sizeof(uint64_t)),
		.companions =
		    arena_calloc(&filling->arena, event->identifier_count, sizeof(struct companions)),
		.suppressed = arena_calloc(&filling->arena, event->identifier_count, sizeof(bool)),
	};
	return known->owner_ids != NULL && known->companions != NULL && known->suppressed != NULL ? 0
												  : -ENOMEM;
}

static int
add_contact(struct filling *filling, uint64_t number)
{
	const struct decider decider = { .ask = ask_nobody, .settled = note_nothing };
	struct neighbourhood known;
	struct changeset changeset;
	struct fill_room room;
	struct event event;
	int result;

	if (number % filling->dataset->contacts_per_account == 0)
		filling->numbers = (struct account){ 0 };
	arena_reset(&filling->arena);
	fill_event(&event, &room, filling->dataset, number);
	event_receive(&event, fill_recorded_at_us(number));
	result = know_nobody(&known, filling, &event);
	if (result == 0)
		result = identify_decide(
		    &changeset, &filling->arena, &event, &known, &settings_default()->defaults, &decider);
	if (result == 0)
		result = graph_bulk_apply(filling->bulk, &filling->arena, &event, &changeset, filling->error);
	if (result == 0)
		filling->numbers = changeset.account;
	return result;
}

static void
tell_rows(void *context, uint64_t done, uint64_t total)
{
	struct filling *filling = context;

	filling->progress(
	    filling->context, SHARE_OF_CONTACTS + (1 - SHARE_OF_CONTACTS) * (double)done / (double)total);
}

int
fill_store(const struct graph_options *options, const struct dataset *dataset,
    void (*progress)(void *context, double done), void *context, struct graph_error *error)
{
	struct filling filling = { .dataset = dataset,
		.options = options,
		.progress = progress,
		.context = context,
		.error = error };
	uint64_t total = dataset_size(dataset);
	int result = graph_bulk_create(&filling.bulk, options, error);

	if (result != 0)
		return result;
	arena_init(&filling.arena, ARENA_BYTES);
	for (uint64_t number = 0; result == 0 && number < total; number++) {
		result = add_contact(&filling, number);
		if (progress != NULL && number % CONTACTS_BETWEEN == 0)
			progress(context, SHARE_OF_CONTACTS * (double)number / (double)total);
	}
	arena_finish(&filling.arena);
	if (result != 0) {
		graph_bulk_destroy(filling.bulk);
		return result;
	}
	return graph_bulk_finish(filling.bulk, progress == NULL ? NULL : tell_rows, &filling, error);
}
