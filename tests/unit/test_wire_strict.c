/* What the codec refuses: messages that are well formed and say what no contact has, bytes
 * that follow a message, limits passed by one; and what it says when memory or room for what
 * it writes runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "rules/namespaces.h"
#include "server/wire/wire.h"
#include "tests/unit/made.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

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
		cmocka_unit_test(test_decoding_is_strict),
		cmocka_unit_test(test_what_no_contact_has_is_damaged),
		cmocka_unit_test(test_R30_a_loss_may_be_an_id_alone),
		cmocka_unit_test(test_running_out_of_memory_is_told),
		cmocka_unit_test(test_writer_says_when_it_is_full),
		cmocka_unit_test(test_prefix_stands_before_a_nested_message),
	};

	return cmocka_run_group_tests_name("wire_strict", tests, NULL, NULL);
}
