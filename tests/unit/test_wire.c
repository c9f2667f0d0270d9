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
#include <stdlib.h>

#include "anagraph/store/v1/store.pb-c.h"
#include "anagraph/v1/identity.pb-c.h"
#include "base/random.h"
#include "rules/namespaces.h"
#include "server/wire/wire.h"
#include "tests/unit/made.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, ROUNDS = 400, MUTATIONS = 100000 };

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
			.last_secondary_id = random_below(&state, 2),
			.revision = some_number(&state),
			.journal_sequence = some_number(&state),
			.class_counts = { 0, some_number(&state), random_below(&state, 2),
			    some_number(&state) },
			.reach_counts = { 0, random_below(&state, 2), some_number(&state),
			    some_number(&state), some_number(&state) },
			.engaged_count = some_number(&state),
			.suppressed_count = random_below(&state, 2),
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
	size_t count = 1 + random_below(state, 3);

	assert_non_null(work);
	memcpy(work, message.data, message.size);
	*size = message.size;
	for (size_t i = 0; i<count && * size> 0; i++) {
		size_t at = random_below(state, *size);

		switch (random_below(state, 5)) {
		case 0:
			work[at] ^= (uint8_t)(1 << random_below(state, 8));
			break;
		case 1:
			work[at] = (uint8_t)random_next(state);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact_is_what_generated_code_reads_and_writes),
		cmocka_unit_test(test_conflict_is_what_generated_code_reads),
		cmocka_unit_test(test_journal_entry_is_what_generated_code_reads_and_writes),
		cmocka_unit_test(test_account_and_forward_are_what_generated_code_reads),
		cmocka_unit_test(test_damage_is_told_and_never_read_past),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
