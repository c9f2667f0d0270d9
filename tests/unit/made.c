/* Ends of ranges come as often as what lies between: that is where a codec slips. */
#include "tests/unit/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "rules/namespaces.h"

/* Numbers of every length, ends included. */
uint64_t
some_number(uint64_t *state)
{
	static const uint64_t ends[] = { 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX };

	if (random_below(state, 3) == 0)
		return ends[random_below(state, sizeof(ends) / sizeof(ends[0]))];
	return (random_next(state) >> random_below(state, 64)) | 1;
}

static int64_t
some_time(uint64_t *state)
{
	static const int64_t ends[] = { 0, 1, -1, 999999, 1000000, -999999, -1000000, -1000001 };

	switch (random_below(state, 6)) {
	case 0:
		return YEAR_1_US;
	case 1:
		return YEAR_10000_US - 1;
	case 2:
	case 3:
		return ends[random_below(state, sizeof(ends) / sizeof(ends[0]))];
	default:
		return YEAR_1_US + (int64_t)random_below(state, (uint64_t)(YEAR_10000_US - YEAR_1_US));
	}
}

/* Bytes without a zero, which generated code could not tell from an end. */
static struct bytes
some_text(uint64_t *state, struct arena *arena, size_t least, size_t most)
{
	size_t size = least + random_below(state, most - least + 1);
	uint8_t *text = arena_alloc(arena, size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)(1 + random_below(state, 255));
	return bytes_of(text, size);
}

static struct claim
some_claim(uint64_t *state, struct arena *arena)
{
	struct claim claim = {
		.source = (enum source)(1 + random_below(state, SOURCE_COUNT - 1)),
		.observed_at_us = some_time(state),
		.recorded_at_us = some_time(state),
		.clamped = random_below(state, 2) == 0,
		.conversation = some_text(state, arena, 0, random_below(state, 2) == 0 ? 0 : 200),
	};

	if (claim.clamped)
		claim.claimed_at_us = some_time(state);
	return claim;
}

static struct value
some_value(uint64_t *state, struct arena *arena)
{
	static const double numbers[] = { 0, 1, -1, 0.1, 1e308, -1e-308, 4.9e-324 };
	struct value value = { .type = (enum value_type)(VALUE_BOOL + random_below(state, 4)) };

	switch (value.type) {
	case VALUE_BOOL:
		value.boolean = random_below(state, 2) == 0;
		break;
	case VALUE_NUMBER:
		value.number = numbers[random_below(state, sizeof(numbers) / sizeof(numbers[0]))];
		break;
	case VALUE_STRING:
		value.string = some_text(state, arena, 0, random_below(state, 3) == 0 ? 0 : 1024);
		break;
	default:
		value.time_us = some_time(state);
	}
	return value;
}

static struct identifier
some_identifier(uint64_t *state, struct arena *arena)
{
	return (struct identifier){
		.namespace_id = (enum namespace_id)(1 + random_below(state, NAMESPACE_COUNT - 1)),
		.alias = random_below(state, 4) == 0,
		.value = some_text(state, arena, 1, 256),
		.given = some_text(state, arena, 0, random_below(state, 2) == 0 ? 0 : 300),
		.claim = some_claim(state, arena),
	};
}

static struct attribute
some_attribute(uint64_t *state, struct arena *arena)
{
	return (struct attribute){
		.name = some_text(state, arena, 1, 64),
		.value = some_value(state, arena),
		.claim = some_claim(state, arena),
	};
}

static struct policy_identity
some_policy(uint64_t *state, struct arena *arena)
{
	if (random_below(state, 4) == 0)
		return (struct policy_identity){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	return (struct policy_identity){
		.id = some_text(state, arena, 0, 64),
		.version = some_text(state, arena, 0, 32),
		.build = some_text(state, arena, 0, 32),
	};
}

static struct secondary
some_secondary(uint64_t *state, struct arena *arena)
{
	struct secondary secondary = {
		.id = some_number(state),
		.owner_contact_id = random_below(state, 2) == 0 ? 0 : some_number(state),
		.policy = some_policy(state, arena),
	};

	if (random_below(state, 2) == 0)
		secondary.identifier = some_identifier(state, arena);
	else
		secondary.attribute = some_attribute(state, arena);
	return secondary;
}

struct contact
some_contact(uint64_t *state, struct arena *arena)
{
	struct contact contact = {
		.id = some_number(state),
		.version = some_number(state),
		.create_time_us = some_time(state),
		.update_time_us = some_time(state),
		.contact_class = (enum contact_class)(1 + random_below(state, CLASS_COUNT - 1)),
		.display_name = some_text(state, arena, 0, 100),
		.identifier_count = random_below(state, 6),
		.attribute_count = random_below(state, 6),
		.secondary_count = random_below(state, 4),
		.list_count = random_below(state, 3),
	};

	contact.identifiers = arena_calloc(arena, 8, sizeof(*contact.identifiers));
	contact.attributes = arena_calloc(arena, 8, sizeof(*contact.attributes));
	contact.secondaries = arena_calloc(arena, 8, sizeof(*contact.secondaries));
	contact.lists = arena_calloc(arena, 8, sizeof(*contact.lists));
	assert_true(contact.identifiers && contact.attributes && contact.secondaries && contact.lists);
	for (size_t i = 0; i < contact.identifier_count; i++)
		contact.identifiers[i] = some_identifier(state, arena);
	for (size_t i = 0; i < contact.attribute_count; i++)
		contact.attributes[i] = some_attribute(state, arena);
	for (size_t i = 0; i < contact.secondary_count; i++)
		contact.secondaries[i] = some_secondary(state, arena);
	for (size_t i = 0; i < contact.list_count; i++)
		contact.lists[i] = some_text(state, arena, 1, 30);
	for (unsigned i = REACH_EMAIL; i < REACH_COUNT; i++)
		contact.reach[i] = random_below(state, 2) == 0;
	return contact;
}

struct conflict
some_conflict(uint64_t *state, struct arena *arena)
{
	struct conflict conflict = {
		.kind = (enum conflict_kind)(1 + random_below(state, 3)),
		.name = BYTES("LAST_NAME"),
		.stored = some_value(state, arena),
		.stored_claim = some_claim(state, arena),
		.incoming = some_value(state, arena),
		.incoming_claim = some_claim(state, arena),
		.owner_contact_id = random_below(state, 2) == 0 ? 0 : some_number(state),
		.verdict = (enum verdict)(1 + random_below(state, 4)),
		.fallback = (enum fallback)random_below(state, FALLBACK_COUNT),
		.policy = some_policy(state, arena),
		.reason = some_text(state, arena, 0, 63),
	};

	if (random_below(state, 2) == 0) {
		conflict.namespace_id = (enum namespace_id)(1 + random_below(state, NAMESPACE_COUNT - 1));
		conflict.name = namespace_name(conflict.namespace_id);
	}
	/* Of a contact that was erased since. */
	if (random_below(state, 4) == 0)
		conflict.stored = (struct value){ .type = VALUE_NONE };
	if (random_below(state, 4) == 0)
		conflict.incoming = (struct value){ .type = VALUE_NONE };
	/* From before these were kept. */
	if (random_below(state, 4) == 0)
		return conflict;
	conflict.target_contact_id = some_number(state);
	conflict.incoming_contact_id = random_below(state, 2) == 0 ? 0 : some_number(state);
	if (random_below(state, 2) == 0) {
		conflict.displaced = some_value(state, arena);
		conflict.displaced_claim = some_claim(state, arena);
	}
	if (random_below(state, 2) == 0) {
		conflict.device_claim = some_claim(state, arena);
		if (random_below(state, 4) != 0)
			conflict.device = some_value(state, arena);
	}
	return conflict;
}

struct journal_entry
some_entry(uint64_t *state, struct arena *arena)
{
	enum { MOST = 4 };
	struct identifier *identifiers = arena_calloc(arena, MOST, sizeof(*identifiers));
	struct attribute *attributes = arena_calloc(arena, MOST, sizeof(*attributes));
	struct conflict *conflicts = arena_calloc(arena, MOST, sizeof(*conflicts));
	struct loss *losses = arena_calloc(arena, MOST, sizeof(*losses));
	struct absorption *absorptions = arena_calloc(arena, MOST, sizeof(*absorptions));
	struct contact *before = arena_calloc(arena, MOST, sizeof(*before));
	uint64_t *bystander_ids = arena_calloc(arena, MOST, sizeof(*bystander_ids));

	assert_true(
	    identifiers && attributes && conflicts && losses && absorptions && before && bystander_ids);
	for (size_t i = 0; i < MOST; i++) {
		identifiers[i] = some_identifier(state, arena);
		attributes[i] = some_attribute(state, arena);
		conflicts[i] = some_conflict(state, arena);
		losses[i] =
		    (struct loss){ .cause = (enum loss_cause)(1 + random_below(state, LOSS_CAUSE_COUNT - 1)),
			    .contact_id = some_number(state),
			    .value = some_secondary(state, arena) };
		if (random_below(state, 2) == 0)
			losses[i].value.id = 0;
		if (losses[i].cause == LOSS_ERASED)
			losses[i].value = (struct secondary){ .id = some_number(state) };
		before[i] = some_contact(state, arena);
		absorptions[i] = (struct absorption){ &before[i], some_number(state) };
		bystander_ids[i] = some_number(state);
	}
	return (struct journal_entry){
		.sequence = some_number(state),
		.revision = some_number(state),
		.contact_id = some_number(state),
		.outcome = (enum outcome)(1 + random_below(state, 4)),
		.claim = some_claim(state, arena),
		.identifiers = identifiers,
		.identifier_count = random_below(state, MOST),
		.attributes = attributes,
		.attribute_count = random_below(state, MOST),
		.conflicts = conflicts,
		.conflict_count = random_below(state, MOST),
		.losses = losses,
		.loss_count = random_below(state, MOST),
		.absorptions = absorptions,
		.absorption_count = random_below(state, MOST),
		.action = (enum action)(1 + random_below(state, ACTION_COUNT - 1)),
		.operator_name = random_below(state, 2) == 0 ? BYTES("anna") : (struct bytes){ NULL, 0 },
		.contact_version = random_below(state, 2),
		.secondary_id = some_number(state),
		.redacted = random_below(state, 2) == 0,
		.bystander_ids = bystander_ids,
		.bystander_count = random_below(state, MOST),
	};
}
