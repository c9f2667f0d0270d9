/* The codec against the compiler's code: what ours writes theirs must read, field by
 * field, and the other way round. And against everything that is not a message: random
 * damage must end in an error or in a message that can be written again, never in a read
 * past the end (run it under AddressSanitizer). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "anagraph/store/v1/store.pb-c.h"
#include "anagraph/v1/identity.pb-c.h"
#include "rules/namespaces.h"
#include "server/wire/messages.h"
#include "server/wire/wire.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, ROUNDS = 400, MUTATIONS = 100000 };

static const int64_t YEAR_1_US = INT64_C(-62135596800) * 1000000;
static const int64_t YEAR_10000_US = INT64_C(253402300800) * 1000000;

/* Random numbers that are the same in every run (SplitMix64). */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static uint64_t
below(uint64_t *state, uint64_t bound)
{
	return next_random(state) % bound;
}

/* Numbers of every length, ends included. */
static uint64_t
some_number(uint64_t *state)
{
	static const uint64_t ends[] = { 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX };

	if (below(state, 3) == 0)
		return ends[below(state, sizeof(ends) / sizeof(ends[0]))];
	return (next_random(state) >> below(state, 64)) | 1;
}

static int64_t
some_time(uint64_t *state)
{
	static const int64_t ends[] = { 0, 1, -1, 999999, 1000000, -999999, -1000000, -1000001 };

	switch (below(state, 6)) {
	case 0:
		return YEAR_1_US;
	case 1:
		return YEAR_10000_US - 1;
	case 2:
	case 3:
		return ends[below(state, sizeof(ends) / sizeof(ends[0]))];
	default:
		return YEAR_1_US + (int64_t)below(state, (uint64_t)(YEAR_10000_US - YEAR_1_US));
	}
}

/* Bytes without a zero, which generated code could not tell from an end. */
static struct bytes
some_text(uint64_t *state, struct arena *arena, size_t least, size_t most)
{
	size_t size = least + below(state, most - least + 1);
	uint8_t *text = arena_alloc(arena, size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)(1 + below(state, 255));
	return bytes_of(text, size);
}

static struct claim
some_claim(uint64_t *state, struct arena *arena)
{
	struct claim claim = {
		.source = (enum source)(1 + below(state, SOURCE_COUNT - 1)),
		.observed_at_us = some_time(state),
		.recorded_at_us = some_time(state),
		.clamped = below(state, 2) == 0,
		.conversation = some_text(state, arena, 0, below(state, 2) == 0 ? 0 : 200),
	};

	if (claim.clamped)
		claim.claimed_at_us = some_time(state);
	return claim;
}

static struct value
some_value(uint64_t *state, struct arena *arena)
{
	static const double numbers[] = { 0, 1, -1, 0.1, 1e308, -1e-308, 4.9e-324 };
	struct value value = { .type = (enum value_type)(VALUE_BOOL + below(state, 4)) };

	switch (value.type) {
	case VALUE_BOOL:
		value.boolean = below(state, 2) == 0;
		break;
	case VALUE_NUMBER:
		value.number = numbers[below(state, sizeof(numbers) / sizeof(numbers[0]))];
		break;
	case VALUE_STRING:
		value.string = some_text(state, arena, 0, below(state, 3) == 0 ? 0 : 1024);
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
		.namespace_id = (enum namespace_id)(1 + below(state, NAMESPACE_COUNT - 1)),
		.alias = below(state, 4) == 0,
		.value = some_text(state, arena, 1, 256),
		.given = some_text(state, arena, 0, below(state, 2) == 0 ? 0 : 300),
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
	if (below(state, 4) == 0)
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
		.owner_contact_id = below(state, 2) == 0 ? 0 : some_number(state),
		.policy = some_policy(state, arena),
	};

	if (below(state, 2) == 0)
		secondary.identifier = some_identifier(state, arena);
	else
		secondary.attribute = some_attribute(state, arena);
	return secondary;
}

static struct contact
some_contact(uint64_t *state, struct arena *arena)
{
	struct contact contact = {
		.id = some_number(state),
		.version = some_number(state),
		.create_time_us = some_time(state),
		.update_time_us = some_time(state),
		.contact_class = (enum contact_class)(1 + below(state, CLASS_COUNT - 1)),
		.display_name = some_text(state, arena, 0, 100),
		.identifier_count = below(state, 6),
		.attribute_count = below(state, 6),
		.secondary_count = below(state, 4),
		.list_count = below(state, 3),
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
		contact.reach[i] = below(state, 2) == 0;
	return contact;
}

static struct conflict
some_conflict(uint64_t *state, struct arena *arena)
{
	struct conflict conflict = {
		.kind = (enum conflict_kind)(1 + below(state, 3)),
		.name = BYTES("LAST_NAME"),
		.stored = some_value(state, arena),
		.stored_claim = some_claim(state, arena),
		.incoming = some_value(state, arena),
		.incoming_claim = some_claim(state, arena),
		.owner_contact_id = below(state, 2) == 0 ? 0 : some_number(state),
		.verdict = (enum verdict)(1 + below(state, 4)),
		.fallback = (enum fallback)below(state, FALLBACK_COUNT),
		.policy = some_policy(state, arena),
		.reason = some_text(state, arena, 0, 63),
	};

	if (below(state, 2) == 0) {
		conflict.namespace_id = (enum namespace_id)(1 + below(state, NAMESPACE_COUNT - 1));
		conflict.name = namespace_name(conflict.namespace_id);
	}
	/* Of a contact that was erased since. */
	if (below(state, 4) == 0)
		conflict.stored = (struct value){ .type = VALUE_NONE };
	if (below(state, 4) == 0)
		conflict.incoming = (struct value){ .type = VALUE_NONE };
	/* From before these were kept. */
	if (below(state, 4) == 0)
		return conflict;
	conflict.target_contact_id = some_number(state);
	conflict.incoming_contact_id = below(state, 2) == 0 ? 0 : some_number(state);
	if (below(state, 2) == 0) {
		conflict.displaced = some_value(state, arena);
		conflict.displaced_claim = some_claim(state, arena);
	}
	if (below(state, 2) == 0) {
		conflict.device_claim = some_claim(state, arena);
		if (below(state, 4) != 0)
			conflict.device = some_value(state, arena);
	}
	return conflict;
}

static struct journal_entry
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
		losses[i] = (struct loss){ .cause = (enum loss_cause)(1 + below(state, LOSS_CAUSE_COUNT - 1)),
			.contact_id = some_number(state),
			.value = some_secondary(state, arena) };
		if (below(state, 2) == 0)
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
		.outcome = (enum outcome)(1 + below(state, 4)),
		.claim = some_claim(state, arena),
		.identifiers = identifiers,
		.identifier_count = below(state, MOST),
		.attributes = attributes,
		.attribute_count = below(state, MOST),
		.conflicts = conflicts,
		.conflict_count = below(state, MOST),
		.losses = losses,
		.loss_count = below(state, MOST),
		.absorptions = absorptions,
		.absorption_count = below(state, MOST),
		.action = (enum action)(1 + below(state, ACTION_COUNT - 1)),
		.operator_name = below(state, 2) == 0 ? BYTES("anna") : (struct bytes){ NULL, 0 },
		.contact_version = below(state, 2),
		.secondary_id = some_number(state),
		.redacted = below(state, 2) == 0,
		.bystander_ids = bystander_ids,
		.bystander_count = below(state, MOST),
	};
}

static void
expect_text(const char *theirs, struct bytes ours)
{
	assert_int_equal(strlen(theirs), ours.size);
	assert_memory_equal(theirs, ours.size == 0 ? (const void *)"" : ours.data, ours.size);
}

static void
expect_time(const Google__Protobuf__Timestamp *theirs, int64_t ours_us)
{
	assert_non_null(theirs);
	assert_in_range(theirs->nanos, 0, 999999999);
	assert_true(theirs->seconds * 1000000 + theirs->nanos / 1000 == ours_us);
	assert_int_equal(theirs->nanos % 1000, 0);
}

static void
expect_claim(const Anagraph__V1__Claim *theirs, const struct claim *ours)
{
	assert_non_null(theirs);
	assert_int_equal(theirs->source, ours->source);
	expect_time(theirs->observed_at, ours->observed_at_us);
	expect_time(theirs->recorded_at, ours->recorded_at_us);
	assert_int_equal(theirs->claimed_at != NULL, ours->clamped);
	if (ours->clamped)
		expect_time(theirs->claimed_at, ours->claimed_at_us);
	expect_text(theirs->conversation, ours->conversation);
}

static void
expect_policy(const Anagraph__V1__Policy *theirs, const struct policy_identity *ours)
{
	bool empty = ours->id.size == 0 && ours->version.size == 0 && ours->build.size == 0;

	assert_int_equal(theirs == NULL, empty);
	if (empty)
		return;
	expect_text(theirs->id, ours->id);
	expect_text(theirs->version, ours->version);
	expect_text(theirs->build, ours->build);
}

static void
expect_identifier(const Anagraph__V1__Identifier *theirs, const struct identifier *ours, bool claimed)
{
	expect_text(theirs->namespace_, namespace_name(ours->namespace_id));
	expect_text(theirs->value, ours->value);
	expect_text(theirs->given, ours->given);
	assert_int_equal(theirs->alias, ours->alias);
	if (claimed)
		expect_claim(theirs->claim, &ours->claim);
	else
		assert_null(theirs->claim);
}

static void
expect_attribute(const Anagraph__V1__Attribute *theirs, const struct attribute *ours, bool claimed)
{
	expect_text(theirs->name, ours->name);
	switch (ours->value.type) {
	case VALUE_BOOL:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE);
		assert_int_equal(theirs->bool_value, ours->value.boolean);
		break;
	case VALUE_NUMBER:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE);
		assert_true(theirs->number_value == ours->value.number);
		break;
	case VALUE_STRING:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE);
		expect_text(theirs->string_value, ours->value.string);
		break;
	default:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE);
		expect_time(theirs->time_value, ours->value.time_us);
	}
	if (claimed)
		expect_claim(theirs->claim, &ours->claim);
	else
		assert_null(theirs->claim);
}

static void
expect_secondary(const Anagraph__V1__Secondary *theirs, const struct secondary *ours)
{
	assert_true(theirs->id == ours->id);
	assert_true(theirs->owner_contact_id == ours->owner_contact_id);
	if (ours->identifier.namespace_id == NAMESPACE_NONE && ours->attribute.name.size == 0) {
		assert_int_equal(theirs->offered_case, ANAGRAPH__V1__SECONDARY__OFFERED__NOT_SET);
		assert_null(theirs->claim);
		assert_null(theirs->policy);
		return;
	}
	expect_policy(theirs->policy, &ours->policy);
	if (ours->identifier.namespace_id != NAMESPACE_NONE) {
		assert_int_equal(theirs->offered_case, ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER);
		expect_identifier(theirs->identifier, &ours->identifier, false);
		expect_claim(theirs->claim, &ours->identifier.claim);
	} else {
		assert_int_equal(theirs->offered_case, ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE);
		expect_attribute(theirs->attribute, &ours->attribute, false);
		expect_claim(theirs->claim, &ours->attribute.claim);
	}
}

static void
expect_contact(const Anagraph__V1__Contact *theirs, const struct contact *ours)
{
	size_t reached = 0;

	assert_true(theirs->id == ours->id);
	assert_true(theirs->version == ours->version);
	expect_text(theirs->display_name, ours->display_name);
	assert_int_equal(theirs->contact_class, ours->contact_class);
	expect_time(theirs->create_time, ours->create_time_us);
	expect_time(theirs->update_time, ours->update_time_us);
	assert_int_equal(theirs->n_identifiers, ours->identifier_count);
	for (size_t i = 0; i < ours->identifier_count; i++)
		expect_identifier(theirs->identifiers[i], &ours->identifiers[i], true);
	assert_int_equal(theirs->n_attributes, ours->attribute_count);
	for (size_t i = 0; i < ours->attribute_count; i++)
		expect_attribute(theirs->attributes[i], &ours->attributes[i], true);
	assert_int_equal(theirs->n_secondaries, ours->secondary_count);
	for (size_t i = 0; i < ours->secondary_count; i++)
		expect_secondary(theirs->secondaries[i], &ours->secondaries[i]);
	assert_int_equal(theirs->n_lists, ours->list_count);
	for (size_t i = 0; i < ours->list_count; i++)
		expect_text(theirs->lists[i], ours->lists[i]);
	for (unsigned i = REACH_EMAIL; i < REACH_COUNT; i++) {
		if (!ours->reach[i])
			continue;
		assert_true(reached < theirs->n_reach);
		assert_int_equal(theirs->reach[reached++], i);
	}
	assert_int_equal(theirs->n_reach, reached);
}

static void
expect_claimed_value(
    const Anagraph__V1__ClaimedValue *theirs, const struct value *value, const struct claim *claim)
{
	assert_non_null(theirs);
	switch (value->type) {
	case VALUE_NONE:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET);
		break;
	case VALUE_BOOL:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE_BOOL_VALUE);
		assert_int_equal(theirs->bool_value, value->boolean);
		break;
	case VALUE_NUMBER:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE_NUMBER_VALUE);
		assert_true(theirs->number_value == value->number);
		break;
	case VALUE_STRING:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE);
		expect_text(theirs->string_value, value->string);
		break;
	default:
		assert_int_equal(theirs->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE_TIME_VALUE);
		expect_time(theirs->time_value, value->time_us);
	}
	expect_claim(theirs->claim, claim);
}

static void
expect_optional(
    const Anagraph__V1__ClaimedValue *theirs, const struct value *value, const struct claim *claim)
{
	if (claim->source == SOURCE_NONE)
		assert_null(theirs);
	else
		expect_claimed_value(theirs, value, claim);
}

static void
expect_conflict(const Anagraph__V1__Conflict *theirs, const struct conflict *ours)
{
	static const char *const fallbacks[] = { "", "POLICY_FAILED", "POLICY_DEFERRED", "VERDICT_INVALID",
		"POLICY_TIMED_OUT", "POLICY_CRASHED", "POLICY_UNAVAILABLE" };

	assert_int_equal(theirs->kind, ours->kind);
	expect_text(theirs->name, ours->name);
	expect_claimed_value(theirs->stored, &ours->stored, &ours->stored_claim);
	expect_claimed_value(theirs->incoming, &ours->incoming, &ours->incoming_claim);
	assert_true(theirs->owner_contact_id == ours->owner_contact_id);
	assert_true(theirs->target_contact_id == ours->target_contact_id);
	assert_true(theirs->incoming_contact_id == ours->incoming_contact_id);
	expect_optional(theirs->displaced, &ours->displaced, &ours->displaced_claim);
	expect_optional(theirs->device, &ours->device, &ours->device_claim);
	assert_int_equal(theirs->verdict, ours->verdict);
	expect_policy(theirs->policy, &ours->policy);
	expect_text(theirs->reason, ours->reason);
	assert_string_equal(theirs->fallback, fallbacks[ours->fallback]);
}

static void
expect_entry(const Anagraph__V1__JournalEntry *theirs, const struct journal_entry *ours)
{
	assert_true(theirs->sequence == ours->sequence);
	assert_true(theirs->revision == ours->revision);
	assert_true(theirs->contact_id == ours->contact_id);
	assert_int_equal(theirs->outcome, ours->outcome);
	assert_int_equal(theirs->action, ours->action);
	expect_text(theirs->operator_, ours->operator_name);
	assert_true(theirs->contact_version == ours->contact_version);
	assert_true(theirs->secondary_id == ours->secondary_id);
	assert_int_equal(theirs->redacted, ours->redacted);
	expect_claim(theirs->claim, &ours->claim);
	assert_int_equal(theirs->n_identifiers, ours->identifier_count);
	for (size_t i = 0; i < ours->identifier_count; i++)
		expect_identifier(theirs->identifiers[i], &ours->identifiers[i], false);
	assert_int_equal(theirs->n_attributes, ours->attribute_count);
	for (size_t i = 0; i < ours->attribute_count; i++)
		expect_attribute(theirs->attributes[i], &ours->attributes[i], false);
	assert_int_equal(theirs->n_conflicts, ours->conflict_count);
	for (size_t i = 0; i < ours->conflict_count; i++)
		expect_conflict(theirs->conflicts[i], &ours->conflicts[i]);
	assert_int_equal(theirs->n_losses, ours->loss_count);
	for (size_t i = 0; i < ours->loss_count; i++) {
		assert_int_equal(theirs->losses[i]->cause, ours->losses[i].cause);
		assert_true(theirs->losses[i]->contact_id == ours->losses[i].contact_id);
		expect_secondary(theirs->losses[i]->value, &ours->losses[i].value);
	}
	assert_int_equal(theirs->n_absorptions, ours->absorption_count);
	for (size_t i = 0; i < ours->absorption_count; i++) {
		assert_true(
		    theirs->absorptions[i]->survivor_contact_id == ours->absorptions[i].survivor_contact_id);
		expect_contact(theirs->absorptions[i]->before, ours->absorptions[i].before);
	}
	assert_int_equal(theirs->n_bystander_contact_ids, ours->bystander_count);
	for (size_t i = 0; i < ours->bystander_count; i++)
		assert_true(theirs->bystander_contact_ids[i] == ours->bystander_ids[i]);
}

static void
expect_same_bytes(struct bytes a, struct bytes b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

/* What the compiler's code writes of its own message. */
static struct bytes
repack(struct arena *arena, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = arena_alloc(arena, size);

	assert_non_null(packed);
	assert_int_equal(protobuf_c_message_pack(message, packed), size);
	return bytes_of(packed, size);
}

static void
test_contact_is_what_generated_code_reads_and_writes(void **test_state)
{
	uint64_t state = 1;
	struct arena arena;

	(void)test_state;
	arena_init(&arena, ARENA_BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct contact contact = some_contact(&state, &arena);
		struct contact decoded;
		struct bytes message;
		struct bytes again;
		struct bytes theirs;
		Anagraph__V1__Contact *unpacked;

		assert_int_equal(contact_encode(&message, &arena, &contact), 0);
		unpacked = anagraph__v1__contact__unpack(NULL, message.size, message.data);
		assert_non_null(unpacked);
		expect_contact(unpacked, &contact);
		theirs = repack(&arena, &unpacked->base);
		expect_same_bytes(theirs, message);
		assert_int_equal(contact_decode(&decoded, &arena, theirs), 0);
		expect_contact(unpacked, &decoded);
		assert_int_equal(contact_encode(&again, &arena, &decoded), 0);
		expect_same_bytes(again, message);
		anagraph__v1__contact__free_unpacked(unpacked, NULL);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

static void
test_conflict_is_what_generated_code_reads(void **test_state)
{
	uint64_t state = 2;
	struct arena arena;

	(void)test_state;
	arena_init(&arena, ARENA_BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct conflict conflict = some_conflict(&state, &arena);
		struct bytes message;
		Anagraph__V1__Conflict *unpacked;

		assert_int_equal(conflict_encode(&message, &arena, &conflict), 0);
		unpacked = anagraph__v1__conflict__unpack(NULL, message.size, message.data);
		assert_non_null(unpacked);
		expect_conflict(unpacked, &conflict);
		anagraph__v1__conflict__free_unpacked(unpacked, NULL);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

static void
test_journal_entry_is_what_generated_code_reads_and_writes(void **test_state)
{
	uint64_t state = 3;
	struct arena arena;

	(void)test_state;
	arena_init(&arena, ARENA_BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct journal_entry entry = some_entry(&state, &arena);
		struct journal_entry decoded;
		struct bytes message;
		struct bytes again;
		struct bytes theirs;
		Anagraph__V1__JournalEntry *unpacked;

		assert_int_equal(journal_entry_encode(&message, &arena, &entry), 0);
		unpacked = anagraph__v1__journal_entry__unpack(NULL, message.size, message.data);
		assert_non_null(unpacked);
		expect_entry(unpacked, &entry);
		theirs = repack(&arena, &unpacked->base);
		assert_int_equal(journal_entry_decode(&decoded, &arena, theirs), 0);
		expect_entry(unpacked, &decoded);
		for (size_t i = 0; i < decoded.identifier_count; i++)
			assert_true(
			    decoded.identifiers[i].claim.observed_at_us == entry.claim.observed_at_us);
		for (size_t i = 0; i < decoded.conflict_count; i++)
			assert_int_equal(decoded.conflicts[i].namespace_id, entry.conflicts[i].namespace_id);
		assert_int_equal(journal_entry_encode(&again, &arena, &decoded), 0);
		expect_same_bytes(again, message);
		anagraph__v1__journal_entry__free_unpacked(unpacked, NULL);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

static void
test_account_and_forward_are_what_generated_code_reads(void **test_state)
{
	uint64_t state = 4;
	struct arena arena;

	(void)test_state;
	arena_init(&arena, ARENA_BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct account account = {
			.last_contact_id = some_number(&state),
			.last_secondary_id = below(&state, 2),
			.revision = some_number(&state),
			.journal_sequence = some_number(&state),
			.class_counts = { 0, some_number(&state), below(&state, 2), some_number(&state) },
			.reach_counts = { 0, below(&state, 2), some_number(&state), some_number(&state),
			    some_number(&state) },
			.engaged_count = some_number(&state),
			.suppressed_count = below(&state, 2),
			.dismissed_count = some_number(&state),
		};
		const struct forward forward = { some_number(&state), some_number(&state) };
		Anagraph__Store__V1__Account *numbers;
		Anagraph__Store__V1__Forward *leads;
		struct forward decoded_forward;
		struct account decoded;
		struct bytes message;

		assert_int_equal(account_encode(&message, &arena, &account), 0);
		numbers = anagraph__store__v1__account__unpack(NULL, message.size, message.data);
		assert_non_null(numbers);
		assert_true(numbers->last_contact_id == account.last_contact_id);
		assert_true(numbers->last_secondary_id == account.last_secondary_id);
		assert_true(numbers->revision == account.revision);
		assert_true(numbers->journal_sequence == account.journal_sequence);
		assert_true(numbers->identified == account.class_counts[CLASS_IDENTIFIED]);
		assert_true(numbers->anonymous_push == account.class_counts[CLASS_ANONYMOUS_PUSH]);
		assert_true(numbers->anonymous_chat == account.class_counts[CLASS_ANONYMOUS_CHAT]);
		assert_true(numbers->reach_email == account.reach_counts[REACH_EMAIL]);
		assert_true(numbers->reach_sms == account.reach_counts[REACH_SMS]);
		assert_true(numbers->reach_whatsapp == account.reach_counts[REACH_WHATSAPP]);
		assert_true(numbers->reach_push == account.reach_counts[REACH_PUSH]);
		assert_true(numbers->engaged == account.engaged_count);
		assert_true(numbers->suppressed == account.suppressed_count);
		assert_true(numbers->dismissed == account.dismissed_count);
		assert_int_equal(account_decode(&decoded, repack(&arena, &numbers->base)), 0);
		assert_memory_equal(&decoded, &account, sizeof(account));
		anagraph__store__v1__account__free_unpacked(numbers, NULL);

		assert_int_equal(forward_encode(&message, &arena, &forward), 0);
		leads = anagraph__store__v1__forward__unpack(NULL, message.size, message.data);
		assert_non_null(leads);
		assert_true(leads->survivor_contact_id == forward.survivor_contact_id);
		assert_true(leads->next_contact_id == forward.next_contact_id);
		assert_int_equal(forward_decode(&decoded_forward, repack(&arena, &leads->base)), 0);
		assert_memory_equal(&decoded_forward, &forward, sizeof(forward));
		anagraph__store__v1__forward__free_unpacked(leads, NULL);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

/* Changes a message here and there: bits, lengths, ends. Returns it in memory of its
 * very size, so that a read past its end is seen. */
static uint8_t *
mutate(size_t *size, uint64_t *state, struct bytes message)
{
	size_t room = message.size + 8;
	uint8_t *work = malloc(room);
	uint8_t *exact;
	size_t count = 1 + below(state, 3);

	assert_non_null(work);
	memcpy(work, message.data, message.size);
	*size = message.size;
	for (size_t i = 0; i<count && * size> 0; i++) {
		size_t at = below(state, *size);

		switch (below(state, 5)) {
		case 0:
			work[at] ^= (uint8_t)(1 << below(state, 8));
			break;
		case 1:
			work[at] = (uint8_t)next_random(state);
			break;
		case 2:
			*size = at;
			break;
		case 3:
			memmove(work + at, work + at + 1, *size - at - 1);
			(*size)--;
			break;
		default:
			if (*size == room)
				break;
			memmove(work + at + 1, work + at, *size - at);
			(*size)++;
		}
	}
	exact = malloc(*size == 0 ? 1 : *size);
	assert_non_null(exact);
	memcpy(exact, work, *size);
	free(work);
	return exact;
}

static void
test_damage_is_told_and_never_read_past(void **test_state)
{
	uint64_t state = 5;
	unsigned damaged = 0;
	struct arena arena;

	(void)test_state;
	arena_init(&arena, ARENA_BYTES);
	for (unsigned round = 0; round < MUTATIONS; round++) {
		bool journal = round % 4 == 0;
		struct journal_entry entry;
		struct contact contact;
		struct bytes message;
		struct bytes again;
		uint8_t *broken;
		size_t size;
		int result;

		if (journal) {
			entry = some_entry(&state, &arena);
			assert_int_equal(journal_entry_encode(&message, &arena, &entry), 0);
		} else {
			contact = some_contact(&state, &arena);
			assert_int_equal(contact_encode(&message, &arena, &contact), 0);
		}
		broken = mutate(&size, &state, message);
		result = journal ? journal_entry_decode(&entry, &arena, bytes_of(broken, size))
				 : contact_decode(&contact, &arena, bytes_of(broken, size));
		if (result == 0 && journal)
			assert_int_equal(journal_entry_encode(&again, &arena, &entry), 0);
		else if (result == 0)
			assert_int_equal(contact_encode(&again, &arena, &contact), 0);
		else
			assert_int_equal(result, MESSAGE_E_DAMAGED);
		damaged += result != 0;
		free(broken);
		arena_reset(&arena);
	}
	/* Most damage hits the frame of some field; what only changes a text can't be told. */
	assert_true(damaged > MUTATIONS / 4);
	arena_finish(&arena);
}

/* A contact with one of everything, to be broken. */
static struct contact
plain_contact(struct identifier *identifier)
{
	*identifier = (struct identifier){
		.namespace_id = NAMESPACE_EMAIL,
		.value = BYTES("a@b.it"),
		.claim = { .source = SOURCE_PUSH },
	};
	return (struct contact){ .id = 1,
		.version = 1,
		.contact_class = CLASS_IDENTIFIED,
		.identifiers = identifier,
		.identifier_count = 1 };
}

/* What decoding says of a contact followed by more bytes. */
static int
decode_with(struct bytes more)
{
	struct identifier identifier;
	struct contact contact = plain_contact(&identifier);
	struct contact decoded;
	struct bytes message;
	struct arena arena;
	uint8_t *joined;
	int result;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(contact_encode(&message, &arena, &contact), 0);
	joined = arena_alloc(&arena, message.size + more.size);
	assert_non_null(joined);
	memcpy(joined, message.data, message.size);
	memcpy(joined + message.size, more.data, more.size);
	result = contact_decode(&decoded, &arena, bytes_of(joined, message.size + more.size));
	arena_finish(&arena);
	return result;
}

static void
test_decoding_is_strict(void **test_state)
{
	(void)test_state;
	/* A list named "x" may follow, and nothing else that these stand for. */
	assert_int_equal(decode_with(BYTES("\x52\x01x")), 0);
	assert_int_equal(decode_with(BYTES("\x08\x02")), MESSAGE_E_DAMAGED);         /* a second id */
	assert_int_equal(decode_with(BYTES("\x60\x01")), MESSAGE_E_DAMAGED);         /* field 12 */
	assert_int_equal(decode_with(BYTES("\xf8\x07\x01")), MESSAGE_E_DAMAGED);     /* field 127 */
	assert_int_equal(decode_with(BYTES("\x50\x01")), MESSAGE_E_DAMAGED);         /* a list as a number */
	assert_int_equal(decode_with(BYTES("\x5a\x01\x05")), MESSAGE_E_DAMAGED);     /* reach 5 */
	assert_int_equal(decode_with(BYTES("\x5a\x02\x02\x01")), MESSAGE_E_DAMAGED); /* out of order */
	assert_int_equal(decode_with(BYTES("\x5a\x02\x01\x02")), 0);
	assert_int_equal(decode_with(BYTES("\x58\x01")), MESSAGE_E_DAMAGED); /* not packed */
	assert_int_equal(decode_with(BYTES("\x3a\x00")), MESSAGE_E_DAMAGED); /* empty identifier */
	assert_int_equal(decode_with(BYTES("\x53")), MESSAGE_E_DAMAGED);     /* a group */
	assert_int_equal(decode_with(BYTES("\x52\xff\xff\xff\xff\x0f")), MESSAGE_E_DAMAGED);
	assert_int_equal(decode_with(BYTES("\x52\x80")), MESSAGE_E_DAMAGED);
	assert_int_equal(
	    decode_with(BYTES("\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")), MESSAGE_E_DAMAGED);
	assert_int_equal(decode_with(BYTES("\x00\x01")), MESSAGE_E_DAMAGED); /* field 0 */
}

/* What decoding says of a contact after change has been made to it. */
static int
decode_changed(void (*change)(struct contact *contact))
{
	struct identifier identifier;
	struct contact contact = plain_contact(&identifier);
	struct bytes message;
	struct arena arena;
	int result;

	change(&contact);
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(contact_encode(&message, &arena, &contact), 0);
	result = contact_decode(&contact, &arena, message);
	arena_finish(&arena);
	return result;
}

static struct attribute many_attributes[LIMIT_CONTACT_ATTRIBUTES + 1];
static struct secondary many_secondaries[LIMIT_CONTACT_SECONDARIES + 1];

static void
fill_many(void)
{
	for (size_t i = 0; i <= LIMIT_CONTACT_ATTRIBUTES; i++)
		many_attributes[i] = (struct attribute){ .name = BYTES("A"),
			.value = { .type = VALUE_NUMBER },
			.claim = { .source = SOURCE_PUSH } };
	for (size_t i = 0; i <= LIMIT_CONTACT_SECONDARIES; i++)
		many_secondaries[i] = (struct secondary){ .id = i + 1, .attribute = many_attributes[0] };
}

static void
change_nothing(struct contact *contact)
{
	(void)contact;
}

static void
change_to_no_id(struct contact *contact)
{
	contact->id = 0;
}

static void
change_to_no_class(struct contact *contact)
{
	contact->contact_class = CLASS_NONE;
}

static void
change_to_no_source(struct contact *contact)
{
	contact->identifiers[0].claim.source = SOURCE_NONE;
}

static void
change_to_no_namespace(struct contact *contact)
{
	contact->identifiers[0].namespace_id = NAMESPACE_NONE;
}

static void
change_to_most_attributes(struct contact *contact)
{
	contact->attributes = many_attributes;
	contact->attribute_count = LIMIT_CONTACT_ATTRIBUTES;
}

static void
change_to_too_many_attributes(struct contact *contact)
{
	contact->attributes = many_attributes;
	contact->attribute_count = LIMIT_CONTACT_ATTRIBUTES + 1;
}

static void
change_to_most_secondaries(struct contact *contact)
{
	contact->secondaries = many_secondaries;
	contact->secondary_count = LIMIT_CONTACT_SECONDARIES;
}

static void
change_to_too_many_secondaries(struct contact *contact)
{
	contact->secondaries = many_secondaries;
	contact->secondary_count = LIMIT_CONTACT_SECONDARIES + 1;
}

static void
change_to_secondary_without_id(struct contact *contact)
{
	contact->secondaries = many_secondaries;
	contact->secondary_count = 1;
	many_secondaries[0].id = 0;
}

static void
change_to_blank_secondary(struct contact *contact)
{
	contact->secondaries = many_secondaries;
	contact->secondary_count = 1;
	many_secondaries[0] = (struct secondary){ .id = 1 };
}

static void
change_to_infinity(struct contact *contact)
{
	contact->attributes = many_attributes;
	contact->attribute_count = 1;
	many_attributes[0].value.number = INFINITY;
}

static void
change_to_negative_zero(struct contact *contact)
{
	contact->attributes = many_attributes;
	contact->attribute_count = 1;
	many_attributes[0].value.number = -0.0;
}

static void
change_to_no_value(struct contact *contact)
{
	contact->attributes = many_attributes;
	contact->attribute_count = 1;
	many_attributes[0].value.type = VALUE_NONE;
}

static void
change_to_year_10000(struct contact *contact)
{
	contact->update_time_us = YEAR_10000_US;
}

static struct bytes one_list[1];

static void
change_to_longest_list(struct contact *contact)
{
	static uint8_t name[LIMIT_LIST_BYTES];

	memset(name, 'l', sizeof(name));
	one_list[0] = bytes_of(name, sizeof(name));
	contact->lists = one_list;
	contact->list_count = 1;
}

static void
change_to_too_long_list(struct contact *contact)
{
	static uint8_t name[LIMIT_LIST_BYTES + 1];

	change_to_longest_list(contact);
	memset(name, 'l', sizeof(name));
	one_list[0] = bytes_of(name, sizeof(name));
}

static void
change_to_nameless_list(struct contact *contact)
{
	change_to_longest_list(contact);
	one_list[0] = BYTES("");
}

static void
change_to_list_with_zero(struct contact *contact)
{
	change_to_longest_list(contact);
	one_list[0] = BYTES("a\0b");
}

static void
test_what_no_contact_has_is_damaged(void **test_state)
{
	static void (*const sound[])(struct contact * contact) = {
		change_nothing,
		change_to_most_attributes,
		change_to_most_secondaries,
		change_to_longest_list,
	};
	static void (*const broken[])(struct contact * contact) = {
		change_to_no_id,
		change_to_no_class,
		change_to_no_source,
		change_to_no_namespace,
		change_to_too_many_attributes,
		change_to_too_many_secondaries,
		change_to_secondary_without_id,
		change_to_blank_secondary,
		change_to_infinity,
		change_to_negative_zero,
		change_to_no_value,
		change_to_year_10000,
		change_to_too_long_list,
		change_to_nameless_list,
		change_to_list_with_zero,
	};

	(void)test_state;
	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
		fill_many();
		assert_int_equal(decode_changed(sound[i]), 0);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		fill_many();
		assert_int_equal(decode_changed(broken[i]), MESSAGE_E_DAMAGED);
	}
}

/* What decoding says of an entry whose one loss is of this cause and value. */
static int
decode_loss(enum loss_cause cause, struct secondary value)
{
	const struct loss loss = { cause, 7, value };
	struct journal_entry entry = {
		.sequence = 1,
		.contact_id = 7,
		.outcome = OUTCOME_UPDATED,
		.claim = { .source = SOURCE_CONTACTS },
		.action = ACTION_ERASE,
		.losses = &loss,
		.loss_count = 1,
	};
	struct bytes message;
	struct arena arena;
	int result;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(journal_entry_encode(&message, &arena, &entry), 0);
	result = journal_entry_decode(&entry, &arena, message);
	if (result == 0)
		assert_int_equal(entry.losses[0].value.id, value.id);
	arena_finish(&arena);
	return result;
}

/* Of a secondary that named what was erased, its id is all that may be told. */
static void
test_R30_a_loss_may_be_an_id_alone(void **test_state)
{
	(void)test_state;
	fill_many();
	assert_int_equal(decode_loss(LOSS_ERASED, (struct secondary){ .id = 3 }), 0);
	assert_int_equal(decode_loss(LOSS_ERASED, many_secondaries[2]), 0);
	assert_int_equal(decode_loss(LOSS_ERASED, (struct secondary){ .id = 0 }), 0);
	assert_int_equal(decode_loss(LOSS_DISMISSED, (struct secondary){ .id = 3 }), MESSAGE_E_DAMAGED);
}

static void
test_running_out_of_memory_is_told(void **test_state)
{
	uint64_t state = 6;
	struct arena source;
	struct journal_entry entry;
	struct bytes message;
	size_t limit_bytes = 0;
	unsigned failures = 0;
	int result;

	(void)test_state;
	arena_init(&source, ARENA_BYTES);
	entry = some_entry(&state, &source);
	entry.absorption_count = 2;
	assert_int_equal(journal_entry_encode(&message, &source, &entry), 0);
	do {
		struct journal_entry decoded;
		struct arena arena;

		arena_init(&arena, limit_bytes);
		result = journal_entry_decode(&decoded, &arena, message);
		arena_finish(&arena);
		if (result != 0)
			assert_int_equal(result, -ENOMEM);
		failures += result != 0;
		limit_bytes += 64;
	} while (result != 0);
	assert_true(failures > 4);
	for (limit_bytes = 0; limit_bytes < message.size; limit_bytes += 64) {
		struct bytes encoded;
		struct arena arena;

		arena_init(&arena, limit_bytes);
		assert_int_equal(journal_entry_encode(&encoded, &arena, &entry), -ENOMEM);
		arena_finish(&arena);
	}
	arena_finish(&source);
}

static void
test_writer_says_when_it_is_full(void **test_state)
{
	uint8_t buffer[16];
	struct wire_writer writer;

	(void)test_state;
	wire_writer_init(&writer, buffer, sizeof(buffer));
	wire_put_bytes(&writer, 1, BYTES("0123456789abcd"));
	assert_false(writer.full);
	assert_int_equal(wire_written(&writer).size, 16);
	wire_put_varint(&writer, 1, 0);
	assert_false(writer.full);
	wire_put_varint(&writer, 1, 1);
	assert_true(writer.full);
	assert_int_equal(wire_written(&writer).size, 16);
}

static void
test_prefix_stands_before_a_nested_message(void **test_state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 16384, 1000000 };
	uint8_t prefix[WIRE_PREFIX_BYTES];

	(void)test_state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t taken = wire_prefix(prefix, 500, sizes[i]);
		uint8_t *message = calloc(1, taken + sizes[i]);
		struct wire_reader reader;
		struct wire_field field;

		assert_non_null(message);
		memcpy(message, prefix, taken);
		wire_reader_init(&reader, bytes_of(message, taken + sizes[i]));
		assert_int_equal(wire_next(&field, &reader), 0);
		assert_int_equal(field.number, 500);
		assert_int_equal(field.type, WIRE_LENGTH);
		assert_int_equal(field.bytes.size, sizes[i]);
		assert_int_equal(wire_next(&field, &reader), WIRE_E_END);
		free(message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact_is_what_generated_code_reads_and_writes),
		cmocka_unit_test(test_conflict_is_what_generated_code_reads),
		cmocka_unit_test(test_journal_entry_is_what_generated_code_reads_and_writes),
		cmocka_unit_test(test_account_and_forward_are_what_generated_code_reads),
		cmocka_unit_test(test_damage_is_told_and_never_read_past),
		cmocka_unit_test(test_decoding_is_strict),
		cmocka_unit_test(test_what_no_contact_has_is_damaged),
		cmocka_unit_test(test_R30_a_loss_may_be_an_id_alone),
		cmocka_unit_test(test_running_out_of_memory_is_told),
		cmocka_unit_test(test_writer_says_when_it_is_full),
		cmocka_unit_test(test_prefix_stands_before_a_nested_message),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
