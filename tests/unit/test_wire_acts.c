/* What acts add to the codec, against the compiler's code and against damage: responses of
 * operators' calls, dismissals, and whose history an entry is part of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anagraph/store/v1/store.pb-c.h"
#include "anagraph/v1/identity.pb-c.h"
#include "server/wire/messages.h"

enum { ARENA_BYTES = 1024 * 1024 };

static const struct contact CONTACT = {
	.id = 7,
	.version = 3,
	.create_time_us = 1,
	.update_time_us = 2,
	.contact_class = CLASS_ANONYMOUS_CHAT,
	.display_name = { (const uint8_t *)"Anonymous contact #7", 20 },
};

/* An encoded contact and the response that has it. */
static struct bytes
acted(struct arena *arena, const uint64_t *absorbed, size_t absorbed_count)
{
	struct acted given = { .absorbed_contact_ids = absorbed, .absorbed_count = absorbed_count };
	struct bytes encoded;

	assert_int_equal(contact_encode(&given.contact, arena, &CONTACT), 0);
	assert_int_equal(acted_encode(&encoded, arena, &given), 0);
	return encoded;
}

static void
test_responses_are_what_generated_code_reads(void **state)
{
	static const uint64_t absorbed[] = { 1, 300, UINT64_MAX };
	Anagraph__V1__PromoteSecondaryResponse *promoted;
	Anagraph__V1__DismissSecondaryResponse *dismissed;
	Anagraph__V1__MergeContactsResponse *merged;
	struct arena arena;
	struct bytes encoded;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	encoded = acted(&arena, NULL, 0);
	promoted = anagraph__v1__promote_secondary_response__unpack(NULL, encoded.size, encoded.data);
	assert_int_equal(promoted->contact->id, 7);
	assert_string_equal(promoted->contact->display_name, "Anonymous contact #7");
	assert_false(promoted->replayed);
	anagraph__v1__promote_secondary_response__free_unpacked(promoted, NULL);
	dismissed = anagraph__v1__dismiss_secondary_response__unpack(NULL, encoded.size, encoded.data);
	assert_int_equal(dismissed->contact->id, 7);
	assert_false(dismissed->replayed);
	anagraph__v1__dismiss_secondary_response__free_unpacked(dismissed, NULL);
	encoded = acted(&arena, absorbed, 3);
	merged = anagraph__v1__merge_contacts_response__unpack(NULL, encoded.size, encoded.data);
	assert_int_equal(merged->contact->id, 7);
	assert_int_equal(merged->n_absorbed_contact_ids, 3);
	assert_memory_equal(merged->absorbed_contact_ids, absorbed, sizeof(absorbed));
	assert_false(merged->replayed);
	anagraph__v1__merge_contacts_response__free_unpacked(merged, NULL);
	arena_finish(&arena);
}

/* The field of each response that says replayed, and no other, is set. */
static void
test_replayed_is_what_generated_code_reads(void **state)
{
	static const struct {
		enum action action;
		const ProtobufCMessageDescriptor *descriptor;
	} responses[] = {
		{ ACTION_IDENTIFY, &anagraph__v1__identify_response__descriptor },
		{ ACTION_PROMOTE, &anagraph__v1__promote_secondary_response__descriptor },
		{ ACTION_DISMISS, &anagraph__v1__dismiss_secondary_response__descriptor },
		{ ACTION_MERGE, &anagraph__v1__merge_contacts_response__descriptor },
		{ ACTION_ERASE, &anagraph__v1__erase_contact_response__descriptor },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		const ProtobufCFieldDescriptor *field =
		    protobuf_c_message_descriptor_get_field_by_name(responses[i].descriptor, "replayed");
		struct arena arena;
		struct bytes marked;
		ProtobufCMessage *message;

		arena_init(&arena, ARENA_BYTES);
		assert_int_equal(response_mark_replayed(&marked, &arena, responses[i].action, BYTES("")), 0);
		message = protobuf_c_message_unpack(responses[i].descriptor, NULL, marked.size, marked.data);
		assert_non_null(message);
		assert_int_equal(message->n_unknown_fields, 0);
		assert_non_null(field);
		assert_true(
		    *(const protobuf_c_boolean *)(const void *)((const uint8_t *)message + field->offset));
		protobuf_c_message_free_unpacked(message, NULL);
		arena_finish(&arena);
	}
}

/* Someone who is named nowhere but in one place of an answer. */
static bool
names(const struct identified *identified, const struct contact *shown, const struct contact *named)
{
	struct identified whole = *identified;
	struct acted acted = { 0 };
	struct arena arena;
	struct bytes encoded;
	bool by_event;
	bool by_act;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(contact_encode(&whole.contact, &arena, shown), 0);
	assert_int_equal(identified_encode(&encoded, &arena, &whole), 0);
	assert_int_equal(response_names(&by_event, &arena, encoded, named), 0);
	acted.contact = whole.contact;
	assert_int_equal(acted_encode(&encoded, &arena, &acted), 0);
	assert_int_equal(response_names(&by_act, &arena, encoded, named), 0);
	if (identified->conflict_count + identified->shared_count == 0)
		assert_int_equal(by_act, by_event);
	else
		assert_false(by_act);
	arena_finish(&arena);
	return by_event;
}

static void
test_R30_what_an_answer_names(void **state)
{
	const struct claim claim = { .source = SOURCE_CONTACTS, .observed_at_us = 1, .recorded_at_us = 1 };
	struct identifier held = {
		.namespace_id = NAMESPACE_EMAIL, .value = BYTES("rossi@example.it"), .claim = claim
	};
	struct identifier other = held;
	const struct contact named = { .id = 9, .identifiers = &held, .identifier_count = 1 };
	struct secondary secondary = {
		.id = 3, .identifier = held, .policy = { BYTES("p"), BYTES("1"), BYTES("b") }
	};
	struct value email = { .type = VALUE_STRING, .string = held.value };
	struct value verdi = { .type = VALUE_STRING, .string = BYTES("verdi@example.it") };
	struct conflict conflict = { .kind = CONFLICT_OWNER,
		.namespace_id = NAMESPACE_EMAIL,
		.name = BYTES("email"),
		.stored = verdi,
		.stored_claim = claim,
		.incoming = verdi,
		.incoming_claim = claim,
		.verdict = VERDICT_KEEP };
	struct identified identified = { .outcome = OUTCOME_UPDATED };
	struct contact shown = CONTACT;
	struct arena arena;
	struct bytes encoded;
	bool told;

	(void)state;
	assert_false(names(&identified, &shown, &named));
	shown.identifiers = &other;
	shown.identifier_count = 1;
	other.alias = true;
	assert_true(names(&identified, &shown, &named));
	other.value = BYTES("rossi@example.it.example");
	assert_false(names(&identified, &shown, &named));
	other.value = held.value;
	other.namespace_id = NAMESPACE_CHAT;
	assert_false(names(&identified, &shown, &named));
	shown.secondaries = &secondary;
	shown.secondary_count = 1;
	assert_true(names(&identified, &shown, &named));
	shown.secondary_count = 0;

	identified.conflicts = &conflict;
	identified.conflict_count = 1;
	assert_false(names(&identified, &shown, &named));
	conflict.stored = email;
	assert_true(names(&identified, &shown, &named));
	conflict.stored = verdi;
	conflict.incoming = email;
	assert_true(names(&identified, &shown, &named));
	conflict.incoming = verdi;
	conflict.displaced = email;
	conflict.displaced_claim = claim;
	conflict.target_contact_id = 7;
	assert_true(names(&identified, &shown, &named));
	conflict.displaced = verdi;
	conflict.device = email;
	conflict.device_claim = claim;
	assert_false(names(&identified, &shown, &named));
	shown.identifier_count = 0;
	held.namespace_id = NAMESPACE_CHAT;
	assert_true(names(&identified, &shown, &named));
	held.namespace_id = NAMESPACE_EMAIL;
	conflict.device = verdi;
	conflict.incoming = email;
	/* An attribute that says the same is no identifier. */
	conflict.name = BYTES("NOTE");
	conflict.namespace_id = NAMESPACE_NONE;
	assert_false(names(&identified, &shown, &named));
	identified.conflict_count = 0;

	identified.shared = &held;
	identified.shared_count = 1;
	assert_true(names(&identified, &shown, &named));

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(erased_encode(&encoded, &arena, 7), 0);
	assert_int_equal(response_names(&told, &arena, encoded, &named), 0);
	assert_false(told);
	assert_int_equal(response_names(&told, &arena, BYTES("no answer"), &named), MESSAGE_E_DAMAGED);
	arena_finish(&arena);
}

/* A contact with so many dismissals, in order. */
static struct contact
with_dismissals(struct arena *arena, size_t count)
{
	struct contact contact = { .dismissals = arena_calloc(arena, count, sizeof(struct dismissal)) };

	assert_non_null(contact.dismissals);
	for (size_t i = 0; i < count; i++) {
		struct dismissal *dismissal = &contact.dismissals[i];

		dismissal->name = i % 2 == 0 ? BYTES("CITY") : BYTES("email");
		memset(dismissal->digest, (int)i, DIGEST_BYTES);
		dismissal->time_us = INT64_MAX - 1000 + (int64_t)i;
	}
	contact.dismissal_count = count;
	return contact;
}

static void
test_dismissals_are_what_generated_code_reads_and_writes(void **state)
{
	(void)state;
	for (size_t count = 1; count <= LIMIT_CONTACT_DISMISSALS; count += 51) {
		Anagraph__Store__V1__Dismissals *theirs;
		struct contact decoded = { .id = 9 };
		struct contact contact;
		struct arena arena;
		struct bytes encoded;
		uint8_t *packed;
		size_t size;

		arena_init(&arena, ARENA_BYTES);
		contact = with_dismissals(&arena, count);
		assert_int_equal(dismissals_encode(&encoded, &arena, &contact), 0);
		theirs = anagraph__store__v1__dismissals__unpack(NULL, encoded.size, encoded.data);
		assert_non_null(theirs);
		assert_int_equal(theirs->n_dismissals, count);
		for (size_t i = 0; i < count; i++) {
			const Anagraph__Store__V1__Dismissal *one = theirs->dismissals[i];

			assert_true(bytes_equal(bytes_of_string(one->name), contact.dismissals[i].name));
			assert_int_equal(one->digest.len, DIGEST_BYTES);
			assert_memory_equal(one->digest.data, contact.dismissals[i].digest, DIGEST_BYTES);
			assert_int_equal(one->time_us, contact.dismissals[i].time_us);
		}
		size = protobuf_c_message_get_packed_size(&theirs->base);
		packed = arena_alloc(&arena, size);
		protobuf_c_message_pack(&theirs->base, packed);
		assert_int_equal(dismissals_decode(&decoded, &arena, bytes_of(packed, size)), 0);
		assert_int_equal(decoded.id, 9);
		assert_int_equal(decoded.dismissal_count, count);
		for (size_t i = 0; i < count; i++)
			assert_memory_equal(
			    decoded.dismissals[i].digest, contact.dismissals[i].digest, DIGEST_BYTES);
		anagraph__store__v1__dismissals__free_unpacked(theirs, NULL);
		arena_finish(&arena);
	}
}

static void
out_of_order(struct contact *contact)
{
	contact->dismissals[0].time_us = contact->dismissals[1].time_us + 1;
}

static void
twice(struct contact *contact)
{
	contact->dismissals[0] = contact->dismissals[1];
}

static void
nameless(struct contact *contact)
{
	contact->dismissals[1].name = BYTES("");
}

static void
timeless(struct contact *contact)
{
	contact->dismissals[0].time_us = 0;
}

static void
before_1970(struct contact *contact)
{
	contact->dismissals[1].time_us = -1;
}

static void
none(struct contact *contact)
{
	contact->dismissal_count = 0;
}

static void
test_dismissals_that_no_contact_has_are_damaged(void **state)
{
	static void (*const broken[])(
	    struct contact * contact) = { out_of_order, twice, nameless, timeless, before_1970, none };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct contact decoded = { .id = 9 };
		struct contact contact;
		struct arena arena;
		struct bytes encoded;

		arena_init(&arena, ARENA_BYTES);
		contact = with_dismissals(&arena, 2);
		broken[i](&contact);
		assert_int_equal(dismissals_encode(&encoded, &arena, &contact), 0);
		assert_int_equal(dismissals_decode(&decoded, &arena, encoded), MESSAGE_E_DAMAGED);
		assert_int_equal(decoded.dismissal_count, 0);
		arena_finish(&arena);
	}
}

static void
test_limit_of_dismissals(void **state)
{
	struct contact decoded = { .id = 9 };
	struct contact contact;
	struct arena arena;
	struct bytes encoded;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	contact = with_dismissals(&arena, LIMIT_CONTACT_DISMISSALS + 1);
	assert_int_equal(dismissals_encode(&encoded, &arena, &contact), 0);
	assert_int_equal(dismissals_decode(&decoded, &arena, encoded), MESSAGE_E_DAMAGED);
	contact.dismissal_count--;
	assert_int_equal(dismissals_encode(&encoded, &arena, &contact), 0);
	assert_int_equal(dismissals_decode(&decoded, &arena, encoded), 0);
	arena_finish(&arena);
}

/* Cut short or changed anywhere, in memory of its very size. */
static void
test_damaged_dismissals_are_told_and_never_read_past(void **state)
{
	struct contact contact;
	struct arena arena;
	struct bytes encoded;
	unsigned damaged = 0;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	contact = with_dismissals(&arena, 2);
	assert_int_equal(dismissals_encode(&encoded, &arena, &contact), 0);
	for (size_t i = 0; i < encoded.size * 9; i++) {
		size_t at = i / 9;
		size_t size = i % 9 == 8 ? at : encoded.size;
		uint8_t *broken = malloc(size + 1);
		struct contact decoded = { .id = 9 };

		assert_non_null(broken);
		memcpy(broken, encoded.data, size);
		if (i % 9 < 8)
			broken[at] ^= (uint8_t)(1 << i % 9);
		if (dismissals_decode(&decoded, &arena, bytes_of(broken, size)) != 0)
			damaged++;
		free(broken);
	}
	assert_true(damaged > encoded.size * 2);
	arena_finish(&arena);
}

static void
test_running_out_of_memory_is_told(void **state)
{
	unsigned failures = 0;
	struct contact contact;
	struct arena source;
	struct bytes encoded;
	int result = -ENOMEM;

	(void)state;
	arena_init(&source, ARENA_BYTES);
	contact = with_dismissals(&source, 20);
	assert_int_equal(dismissals_encode(&encoded, &source, &contact), 0);
	for (size_t limit_bytes = 0; result != 0; limit_bytes += 64) {
		struct contact decoded = { .id = 9 };
		struct arena arena;

		arena_init(&arena, limit_bytes);
		result = dismissals_decode(&decoded, &arena, encoded);
		arena_finish(&arena);
		failures += result == -ENOMEM;
		assert_true(result == 0 || result == -ENOMEM);
	}
	assert_true(failures > 2);
	arena_finish(&source);
}

/* Each contact once, in order, however often the entry tells of it. */
static void
test_an_entry_is_part_of_the_history_of_all_it_tells_of(void **state)
{
	static const uint64_t expected[] = { 2, 3, 4, 5, 7, 8, 9 };
	uint64_t bystander_ids[] = { 4, 7 };
	const struct contact gone[] = { { .id = 9 }, { .id = 3 } };
	const struct absorption absorptions[] = { { &gone[0], 5 }, { &gone[1], 5 } };
	const struct conflict conflicts[] = {
		{ .kind = CONFLICT_VALUE },
		{ .kind = CONFLICT_OWNER, .owner_contact_id = 8 },
		{ .kind = CONFLICT_OWNER, .owner_contact_id = 2 },
	};
	const struct loss losses[] = {
		{ .contact_id = 4 },
		{ .contact_id = 5 },
		{ .contact_id = 8 },
	};
	struct journal_entry entry = {
		.contact_id = 5,
		.absorptions = absorptions,
		.absorption_count = 2,
		.conflicts = conflicts,
		.conflict_count = 3,
		.losses = losses,
		.loss_count = 3,
		.bystander_ids = bystander_ids,
		.bystander_count = 2,
	};
	struct arena arena;
	uint64_t *ids;
	size_t count;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(journal_contact_ids(&ids, &count, &arena, &entry), 0);
	assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
	assert_memory_equal(ids, expected, sizeof(expected));
	entry = (struct journal_entry){ .contact_id = 5 };
	assert_int_equal(journal_contact_ids(&ids, &count, &arena, &entry), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], 5);
	arena_finish(&arena);
	arena_init(&arena, 0);
	assert_int_equal(journal_contact_ids(&ids, &count, &arena, &entry), -ENOMEM);
	arena_finish(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses_are_what_generated_code_reads),
		cmocka_unit_test(test_replayed_is_what_generated_code_reads),
		cmocka_unit_test(test_R30_what_an_answer_names),
		cmocka_unit_test(test_dismissals_are_what_generated_code_reads_and_writes),
		cmocka_unit_test(test_dismissals_that_no_contact_has_are_damaged),
		cmocka_unit_test(test_limit_of_dismissals),
		cmocka_unit_test(test_damaged_dismissals_are_told_and_never_read_past),
		cmocka_unit_test(test_running_out_of_memory_is_told),
		cmocka_unit_test(test_an_entry_is_part_of_the_history_of_all_it_tells_of),
	};

	return cmocka_run_group_tests_name("wire_acts", tests, NULL, NULL);
}
