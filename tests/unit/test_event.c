/* What a caller's event becomes before anything is decided: every reason for which it
 * is refused, with the field at fault and in which order, what is sorted and dropped,
 * and when it counts as observed (R19). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 1024 * 1024, ROOM = 128 };

static const int64_t MINUTE_US = 60 * INT64_C(1000000);
static const int64_t NOW_US = 1700000000 * INT64_C(1000000);

/* An event to be changed at will, and what came of it. */
struct scene {
	struct arena arena;
	struct identifier_input identifiers[ROOM];
	struct attribute_input attributes[ROOM];
	char texts[ROOM][16];
	struct event_input input;
	const struct known_numbers *known;
	struct event event;
	struct rejection rejection;
};

static void
add_identifier(struct scene *scene, const char *name, struct bytes value)
{
	size_t index = scene->input.identifier_count++;

	assert_true(index < ROOM);
	scene->identifiers[index] =
	    (struct identifier_input){ .namespace_name = bytes_of_string(name), .value = value };
}

static void
add_string(struct scene *scene, struct bytes name, struct bytes string)
{
	size_t index = scene->input.attribute_count++;

	assert_true(index < ROOM);
	scene->attributes[index] =
	    (struct attribute_input){ .name = name, .value = { .type = VALUE_STRING, .string = string } };
}

static void
clear(struct scene *scene)
{
	scene->input = (struct event_input){
		.account = BYTES("acme"),
		.source = SOURCE_CONTACTS,
		.identifiers = scene->identifiers,
		.attributes = scene->attributes,
	};
}

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (scene == NULL)
		return -1;
	arena_init(&scene->arena, ARENA_BYTES);
	clear(scene);
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	arena_finish(&scene->arena);
	free(scene);
	return 0;
}

static int
prepare(struct scene *scene)
{
	const struct account_settings settings = { .default_region = BYTES("IT") };

	memset(&scene->rejection, 0, sizeof(scene->rejection));
	memset(&scene->event, 0x5a, sizeof(scene->event));
	return event_prepare(
	    &scene->event, &scene->rejection, &scene->arena, &scene->input, &settings, scene->known);
}

static void
assert_rejected(struct scene *scene, enum reason reason, const char *field)
{
	struct event untouched;

	assert_int_equal(prepare(scene), EVENT_E_REJECTED);
	assert_int_equal(scene->rejection.reason, reason);
	assert_string_equal(scene->rejection.field, field);
	assert_non_null(scene->rejection.message);
	assert_true(scene->rejection.message[0] != '\0');
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_memory_equal(&scene->event, &untouched, sizeof(untouched));
}

static void
assert_bytes(struct bytes got, struct bytes want)
{
	if (!bytes_equal(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", BYTES_PRINT(got), BYTES_PRINT(want));
}

static void
test_event_is_normalised_and_sorted(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "push", BYTES("d-1"));
	add_identifier(scene, "chat", BYTES("v-2"));
	add_identifier(scene, "phone", BYTES("02 1234567"));
	add_identifier(scene, "chat", BYTES(" v-1 "));
	add_identifier(scene, "email", BYTES("Rossi@Example.it"));
	add_identifier(scene, "ext_id", BYTES("C-1"));
	add_string(scene, BYTES("LAST_NAME"), BYTES(" Rossi "));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	scene->input.conversation = BYTES("t-5");
	assert_int_equal(prepare(scene), 0);

	assert_bytes(scene->event.account, BYTES("acme"));
	assert_int_equal(scene->event.claim.source, SOURCE_CONTACTS);
	assert_bytes(scene->event.claim.conversation, BYTES("t-5"));
	assert_int_equal(scene->event.identifier_count, 6);
	assert_int_equal(scene->event.identifiers[0].namespace_id, NAMESPACE_EXT_ID);
	assert_int_equal(scene->event.identifiers[1].namespace_id, NAMESPACE_EMAIL);
	assert_bytes(scene->event.identifiers[1].value, BYTES("rossi@example.it"));
	assert_bytes(scene->event.identifiers[1].given, BYTES("Rossi@Example.it"));
	assert_bytes(scene->event.identifiers[2].value, BYTES("+39021234567"));
	assert_bytes(scene->event.identifiers[3].value, BYTES("v-1"));
	assert_int_equal(scene->event.identifiers[3].given.size, 0);
	assert_bytes(scene->event.identifiers[4].value, BYTES("v-2"));
	assert_int_equal(scene->event.identifiers[5].namespace_id, NAMESPACE_PUSH);
	assert_int_equal(scene->event.attribute_count, 2);
	assert_bytes(scene->event.attributes[0].name, BYTES("CITY"));
	assert_bytes(scene->event.attributes[1].value.string, BYTES("Rossi"));
}

static void
test_account_invalid(void **state)
{
	struct scene *scene = *state;

	/* The first thing looked at: all else is wrong as well. */
	scene->input.account = BYTES("");
	scene->input.source = 9;
	assert_rejected(scene, REASON_ACCOUNT_INVALID, "account");
	scene->input.account = BYTES("Acme");
	assert_rejected(scene, REASON_ACCOUNT_INVALID, "account");
}

static void
test_enum_unknown(void **state)
{
	static const int32_t wrong[] = { 0, 4, -1, INT32_MAX, INT32_MIN };
	struct scene *scene = *state;

	scene->input.conversation = BYTES("a\0");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		scene->input.source = wrong[i];
		assert_rejected(scene, REASON_ENUM_UNKNOWN, "source");
	}
}

static void
test_field_invalid(void **state)
{
	struct scene *scene = *state;
	char conversation[LIMIT_CONVERSATION_BYTES + 1];

	memset(conversation, 'c', sizeof(conversation));
	scene->input.conversation = bytes_of(conversation, sizeof(conversation));
	assert_rejected(scene, REASON_FIELD_INVALID, "conversation");
	scene->input.conversation = BYTES("a\0b");
	assert_rejected(scene, REASON_FIELD_INVALID, "conversation");
	scene->input.conversation = BYTES("\xff");
	assert_rejected(scene, REASON_FIELD_INVALID, "conversation");

	add_identifier(scene, "chat", BYTES("v-1"));
	scene->input.conversation = bytes_of(conversation, LIMIT_CONVERSATION_BYTES);
	assert_int_equal(prepare(scene), 0);
}

static void
test_identifier_missing(void **state)
{
	struct scene *scene = *state;

	add_string(scene, BYTES("bad name"), BYTES("x"));
	assert_rejected(scene, REASON_IDENTIFIER_MISSING, "identifiers");
}

static void
test_identifier_limit(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < LIMIT_EVENT_IDENTIFIERS; i++) {
		int size = snprintf(scene->texts[i], sizeof(scene->texts[i]), "v-%zu", i);

		add_identifier(scene, "chat", bytes_of(scene->texts[i], (size_t)size));
	}
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.identifier_count, LIMIT_EVENT_IDENTIFIERS);
	for (size_t i = 1; i < LIMIT_EVENT_IDENTIFIERS; i++)
		assert_true(bytes_compare(scene->event.identifiers[i - 1].value,
				scene->event.identifiers[i].value) < 0);
	/* one more of the same is one too many: counted before duplicates are dropped */
	add_identifier(scene, "chat", BYTES("v-1"));
	assert_rejected(scene, REASON_LIMIT_EXCEEDED, "identifiers");
}

static void
test_attribute_limit(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "chat", BYTES("v-1"));
	for (size_t i = 0; i < LIMIT_EVENT_ATTRIBUTES; i++) {
		int size = snprintf(scene->texts[i], sizeof(scene->texts[i]), "A%zu", (i * 37) % 100);

		add_string(scene, bytes_of(scene->texts[i], (size_t)size), BYTES("x"));
	}
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.attribute_count, LIMIT_EVENT_ATTRIBUTES);
	for (size_t i = 1; i < LIMIT_EVENT_ATTRIBUTES; i++)
		assert_true(
		    bytes_compare(scene->event.attributes[i - 1].name, scene->event.attributes[i].name) < 0);
	add_string(scene, BYTES("A1"), BYTES(""));
	scene->input.observed_at = (struct timestamp){ .present = true, .seconds = -1 };
	assert_rejected(scene, REASON_LIMIT_EXCEEDED, "attributes");
}

static void
test_R19_observed_at_invalid(void **state)
{
	static const struct timestamp wrong[] = {
		{ .present = true, .seconds = -1, .nanos = 999999999 },
		{ .present = true, .seconds = -1 },
		{ .present = true, .seconds = 253402300800 },
		{ .present = true, .seconds = INT64_MAX },
		{ .present = true, .seconds = INT64_MIN },
		{ .present = true, .seconds = 1, .nanos = -1 },
		{ .present = true, .seconds = 1, .nanos = 1000000000 },
	};
	struct scene *scene = *state;

	add_identifier(scene, "nowhere", BYTES("x"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		scene->input.observed_at = wrong[i];
		assert_rejected(scene, REASON_OBSERVED_AT_INVALID, "observed_at");
	}
	clear(scene);
	add_identifier(scene, "chat", BYTES("x"));
	scene->input.observed_at = (struct timestamp){ .present = true };
	assert_int_equal(prepare(scene), 0);
	assert_true(scene->event.claim.claimed_at_us == 0);
	scene->input.observed_at =
	    (struct timestamp){ .present = true, .seconds = 253402300799, .nanos = 999999999 };
	assert_int_equal(prepare(scene), 0);
}

static void
test_namespace_unknown(void **state)
{
	static const char *const wrong[] = { "", "Email", "mail", "email ", "attribute" };
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		clear(scene);
		add_identifier(scene, "chat", BYTES("v-1"));
		add_identifier(scene, "chat", BYTES("v-2"));
		add_identifier(scene, wrong[i], BYTES("null"));
		assert_rejected(scene, REASON_NAMESPACE_UNKNOWN, "identifiers[2].namespace");
	}
}

static void
test_identifier_invalid(void **state)
{
	static const struct identifier_input wrong[] = {
		{ { (const uint8_t *)"email", 5 }, { (const uint8_t *)"null", 4 } },
		{ { (const uint8_t *)"phone", 5 }, { (const uint8_t *)"0", 1 } },
		{ { (const uint8_t *)"chat", 4 }, { (const uint8_t *)" ", 1 } },
		{ { (const uint8_t *)"chat", 4 }, { NULL, 0 } },
		{ { (const uint8_t *)"chat", 4 }, { (const uint8_t *)"a\0b", 3 } },
		{ { (const uint8_t *)"chat", 4 }, { (const uint8_t *)"\xff", 1 } },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		clear(scene);
		add_identifier(scene, "chat", BYTES("v-1"));
		scene->identifiers[scene->input.identifier_count++] = wrong[i];
		add_identifier(scene, "nowhere", BYTES("x"));
		assert_rejected(scene, REASON_IDENTIFIER_INVALID, "identifiers[1].value");
	}
}

static void
test_N5_identifier_blocked(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "chat", BYTES("NULL"));
	assert_rejected(scene, REASON_IDENTIFIER_BLOCKED, "identifiers[0].value");
	clear(scene);
	/* The form of every identifier comes before how two of them stand to each other. */
	add_identifier(scene, "ext_id", BYTES("1"));
	add_identifier(scene, "ext_id", BYTES("2"));
	add_identifier(scene, "ext_id", BYTES("0"));
	assert_rejected(scene, REASON_IDENTIFIER_BLOCKED, "identifiers[2].value");
}

static void
test_identifier_repeated(void **state)
{
	static const struct {
		const char *name;
		struct bytes first, second;
	} pairs[] = {
		{ "ext_id", { (const uint8_t *)"b", 1 }, { (const uint8_t *)"a", 1 } },
		{ "email", { (const uint8_t *)"a@b.it", 6 }, { (const uint8_t *)"b@b.it", 6 } },
		{ "phone", { (const uint8_t *)"+39021234567", 12 }, { (const uint8_t *)"+39021234568", 12 } },
		{ "whatsapp", { (const uint8_t *)"+393331234567", 13 },
		    { (const uint8_t *)"+393331234568", 13 } },
		{ "landline", { (const uint8_t *)"+39021234567", 12 },
		    { (const uint8_t *)"+39021234568", 12 } },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		clear(scene);
		add_identifier(scene, pairs[i].name, pairs[i].first);
		add_identifier(scene, "chat", BYTES("v-1"));
		add_identifier(scene, pairs[i].name, pairs[i].first);
		add_identifier(scene, pairs[i].name, pairs[i].second);
		/* looked at before any attribute */
		add_string(scene, BYTES("bad name"), BYTES("x"));
		assert_rejected(scene, REASON_IDENTIFIER_REPEATED, "identifiers[3].value");
	}
}

static void
test_equal_identifiers_are_one(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "email", BYTES("Rossi@Example.it"));
	add_identifier(scene, "email", BYTES("rossi@EXAMPLE.it"));
	add_identifier(scene, "phone", BYTES("+39 02 1234567"));
	add_identifier(scene, "whatsapp", BYTES("+39 02 1234567"));
	add_identifier(scene, "chat", BYTES("v-1"));
	add_identifier(scene, "chat", BYTES("v-1 "));
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.identifier_count, 4);
	/* as the first was given */
	assert_bytes(scene->event.identifiers[0].given, BYTES("Rossi@Example.it"));
	assert_bytes(scene->event.identifiers[1].value, scene->event.identifiers[2].value);
}

static void
test_attribute_invalid(void **state)
{
	struct scene *scene = *state;
	const struct value yes = { .type = VALUE_BOOL, .boolean = true };

	add_identifier(scene, "chat", BYTES("v-1"));
	add_string(scene, BYTES("city"), BYTES("\xff"));
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].name");

	scene->attributes[0].name = BYTES("CITY");
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
	scene->attributes[0].value.string = BYTES("a\0b");
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
	scene->attributes[0].value.type = VALUE_NONE;
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
	scene->attributes[0].name = BYTES("FIRST_NAME");
	scene->attributes[0].value = yes;
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");

	/* The form of every attribute comes before how two of them stand to each other. */
	clear(scene);
	add_identifier(scene, "chat", BYTES("v-1"));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	add_string(scene, BYTES("CITY"), BYTES("Bari"));
	add_string(scene, BYTES("CITY "), BYTES("Bari"));
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[2].name");
}

static void
test_attribute_times(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "chat", BYTES("v-1"));
	scene->attributes[0] = (struct attribute_input){ .name = BYTES("SINCE"),
		.time = { .present = true, .seconds = -2, .nanos = 999999999 } };
	scene->input.attribute_count = 1;
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.attributes[0].value.type, VALUE_TIME);
	assert_true(scene->event.attributes[0].value.time_us == -1000001);
	scene->attributes[0].time.nanos = 1000000000;
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
	scene->attributes[0].time = (struct timestamp){ .present = true, .seconds = 253402300800 };
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
	scene->attributes[0].time.seconds = 0;
	scene->attributes[0].name = BYTES("LAST_NAME");
	assert_rejected(scene, REASON_ATTRIBUTE_INVALID, "attributes[0].value");
}

static void
test_attribute_repeated(void **state)
{
	struct scene *scene = *state;
	const struct value number = { .type = VALUE_NUMBER, .number = 1 };

	add_identifier(scene, "chat", BYTES("v-1"));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	add_string(scene, BYTES("A"), BYTES("1"));
	add_string(scene, BYTES("CITY"), BYTES(" Fano"));
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.attribute_count, 2);
	add_string(scene, BYTES("CITY"), BYTES("Bari"));
	assert_rejected(scene, REASON_ATTRIBUTE_REPEATED, "attributes[3].value");
	/* another type is another value */
	scene->input.attribute_count = 3;
	scene->attributes[2] = (struct attribute_input){ .name = BYTES("A"), .value = number };
	assert_rejected(scene, REASON_ATTRIBUTE_REPEATED, "attributes[2].value");
}

static void
test_N7_ignored_values_repeat_nothing(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "chat", BYTES("v-1"));
	add_string(scene, BYTES("FIRST_NAME"), BYTES("null"));
	add_string(scene, BYTES("CITY"), BYTES(" "));
	add_string(scene, BYTES("FIRST_NAME"), BYTES("Mario"));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	add_string(scene, BYTES("FIRST_NAME"), BYTES("-1"));
	add_string(scene, BYTES("CITY"), bytes_of(NULL, 0));
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(scene->event.attribute_count, 2);
	assert_bytes(scene->event.attributes[0].value.string, BYTES("Fano"));
	assert_bytes(scene->event.attributes[1].value.string, BYTES("Mario"));
}

/* Prepares and receives an event observed offset_us from the moment it was recorded. */
static const struct claim *
receive(struct scene *scene, int64_t offset_us)
{
	int64_t time_us = NOW_US + offset_us;

	clear(scene);
	add_identifier(scene, "chat", BYTES("v-1"));
	add_identifier(scene, "push", BYTES("d-1"));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	scene->input.conversation = BYTES("t-5");
	scene->input.observed_at = (struct timestamp){
		.present = true,
		.seconds = time_us / 1000000,
		.nanos = (int32_t)(time_us % 1000000) * 1000 + 999,
	};
	assert_int_equal(prepare(scene), 0);
	event_receive(&scene->event, NOW_US);
	assert_true(scene->event.claim.recorded_at_us == NOW_US);
	return &scene->event.claim;
}

static void
test_R19_observed_at_is_kept_up_to_five_minutes_ahead(void **state)
{
	static const int64_t offsets[] = { -1700000000 * INT64_C(1000000), -1, 0, 1,
		5 * 60 * INT64_C(1000000) };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		const struct claim *claim = receive(*state, offsets[i]);

		assert_true(claim->observed_at_us == NOW_US + offsets[i]);
		assert_false(claim->clamped);
		assert_true(claim->claimed_at_us == 0);
	}
}

static void
test_R19_observed_at_further_ahead_is_clamped(void **state)
{
	static const int64_t offsets[] = { 5 * 60 * INT64_C(1000000) + 1, 86400 * INT64_C(1000000) };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		const struct claim *claim = receive(*state, offsets[i]);

		assert_true(claim->observed_at_us == NOW_US + 5 * MINUTE_US);
		assert_true(claim->clamped);
		assert_true(claim->claimed_at_us == NOW_US + offsets[i]);
	}
}

static void
test_R19_observed_at_missing_is_recorded_at(void **state)
{
	struct scene *scene = *state;

	add_identifier(scene, "chat", BYTES("v-1"));
	assert_int_equal(prepare(scene), 0);
	event_receive(&scene->event, NOW_US);
	assert_true(scene->event.claim.observed_at_us == NOW_US);
	assert_true(scene->event.claim.recorded_at_us == NOW_US);
	assert_false(scene->event.claim.clamped);
}

static void
test_R19_claim_is_that_of_every_value(void **state)
{
	struct scene *scene = *state;
	const struct claim *claim = receive(scene, 6 * MINUTE_US);
	const struct claim *copies[] = { &scene->event.identifiers[0].claim,
		&scene->event.identifiers[1].claim, &scene->event.attributes[0].claim };

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		assert_int_equal(copies[i]->source, claim->source);
		assert_true(copies[i]->clamped);
		assert_true(copies[i]->observed_at_us == claim->observed_at_us);
		assert_true(copies[i]->recorded_at_us == NOW_US);
		assert_true(copies[i]->claimed_at_us == claim->claimed_at_us);
		assert_bytes(copies[i]->conversation, BYTES("t-5"));
	}
}

static void
test_timestamps_are_cut_to_microseconds(void **state)
{
	const struct timestamp first = { .present = true, .seconds = -62135596800 };
	const struct timestamp before = { .present = true, .seconds = -62135596801, .nanos = 999999999 };
	const struct timestamp fine = { .present = true, .seconds = -1, .nanos = 1999 };
	int64_t time_us = 7;
	(void)state;

	assert_int_equal(timestamp_to_us(&time_us, &before), EVENT_E_REJECTED);
	assert_true(time_us == 7);
	assert_int_equal(timestamp_to_us(&time_us, &first), 0);
	assert_true(time_us == -62135596800000000);
	assert_int_equal(timestamp_to_us(&time_us, &fine), 0);
	assert_true(time_us == -999999);
}

static void
test_lookup(void **state)
{
	struct scene *scene = *state;
	const struct account_settings settings = { .default_region = { 0 } };
	static const struct {
		const char *name;
		struct bytes value;
		enum reason reason;
		const char *field;
	} wrong[] = {
		{ "mail", { (const uint8_t *)"a@b.it", 6 }, REASON_NAMESPACE_UNKNOWN,
		    "identifier.namespace" },
		{ "email", { (const uint8_t *)"a", 1 }, REASON_IDENTIFIER_INVALID, "identifier.value" },
		{ "chat", { (const uint8_t *)"guest", 5 }, REASON_IDENTIFIER_BLOCKED, "identifier.value" },
	};
	struct identifier identifier = { .namespace_id = NAMESPACE_PUSH };
	struct identifier_input input = { BYTES("email"), BYTES("A@b.it") };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct identifier_input bad = { bytes_of_string(wrong[i].name), wrong[i].value };

		assert_int_equal(
		    lookup_prepare(&identifier, &scene->rejection, &scene->arena, &bad, &settings),
		    EVENT_E_REJECTED);
		assert_int_equal(scene->rejection.reason, wrong[i].reason);
		assert_string_equal(scene->rejection.field, wrong[i].field);
		assert_int_equal(identifier.namespace_id, NAMESPACE_PUSH);
	}
	assert_int_equal(lookup_prepare(&identifier, &scene->rejection, &scene->arena, &input, &settings), 0);
	assert_int_equal(identifier.namespace_id, NAMESPACE_EMAIL);
	assert_bytes(identifier.value, BYTES("a@b.it"));
}

/* An arena with too little room, from none at all up. */
static void
test_memory_out_leaves_event_untouched(void **state)
{
	struct scene *scene = *state;
	struct event untouched;
	int result = -ENOMEM;

	memset(&untouched, 0x5a, sizeof(untouched));
	add_identifier(scene, "email", BYTES("Rossi@Example.it"));
	add_identifier(scene, "chat", BYTES("e\xcc\x81"));
	add_string(scene, BYTES("CITY"), BYTES("Fano"));
	for (size_t limit = 0; result != 0; limit += 16) {
		assert_true(limit < ARENA_BYTES);
		arena_finish(&scene->arena);
		arena_init(&scene->arena, limit);
		result = prepare(scene);
		if (result != 0) {
			assert_int_equal(result, -ENOMEM);
			assert_memory_equal(&scene->event, &untouched, sizeof(untouched));
			assert_int_equal(scene->rejection.reason, REASON_NONE);
		}
	}
	assert_int_equal(scene->event.identifier_count, 2);
	assert_int_equal(scene->event.attribute_count, 1);
}

/* One number that acme has. */
struct owned {
	enum namespace_id namespace_id;
	struct bytes number;
	unsigned asked;
};

static bool
is_owned(void *context, struct bytes account, enum namespace_id namespace_id, struct bytes number)
{
	struct owned *owned = context;

	assert_bytes(account, BYTES("acme"));
	owned->asked++;
	return namespace_id == owned->namespace_id && bytes_equal(number, owned->number);
}

static void
test_N3_a_known_number_is_looked_up_in_no_table(void **state)
{
	static const char *const names[] = { "phone", "whatsapp", "landline" };
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct owned owned = { namespace_find(bytes_of_string(names[i])), BYTES("+999123456789"), 0 };
		const struct known_numbers known = { &owned, is_owned };

		clear(scene);
		add_identifier(scene, "email", BYTES(" Rossi@example.it "));
		add_identifier(scene, names[i], BYTES("+999123456789"));
		add_identifier(scene, names[(i + 1) % 3], BYTES("+4402079460000"));
		scene->known = NULL;
		assert_rejected(scene, REASON_IDENTIFIER_INVALID, "identifiers[1].value");
		scene->known = &known;
		assert_int_equal(prepare(scene), 0);
		assert_int_equal(owned.asked, 2);
		assert_int_equal(scene->event.identifier_count, 3);
		for (size_t j = 0; j < 3; j++) {
			const struct identifier *identifier = &scene->event.identifiers[j];

			if (identifier->namespace_id == NAMESPACE_EMAIL)
				assert_bytes(identifier->value, BYTES("rossi@example.it"));
			else if (identifier->namespace_id == owned.namespace_id)
				assert_bytes(identifier->value, BYTES("+999123456789"));
			else
				assert_bytes(identifier->value, BYTES("+442079460000"));
		}
	}
}

static void
test_N3_nothing_else_is_asked_for(void **state)
{
	struct scene *scene = *state;
	struct owned owned = { NAMESPACE_PHONE, BYTES("+39021234567"), 0 };
	const struct known_numbers known = { &owned, is_owned };

	scene->known = &known;
	add_identifier(scene, "phone", BYTES("+39 02 1234567"));
	add_identifier(scene, "ext_id", BYTES("+39021234567"));
	assert_int_equal(prepare(scene), 0);
	assert_int_equal(owned.asked, 0);
	assert_bytes(scene->event.identifiers[1].value, BYTES("+39021234567"));
	clear(scene);
	add_identifier(scene, "phone", BYTES("+999123456789"));
	add_string(scene, BYTES("no name"), BYTES("x"));
	assert_rejected(scene, REASON_IDENTIFIER_INVALID, "identifiers[0].value");
	assert_int_equal(owned.asked, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_event_is_normalised_and_sorted),
		TEST(test_account_invalid),
		TEST(test_enum_unknown),
		TEST(test_field_invalid),
		TEST(test_identifier_missing),
		TEST(test_identifier_limit),
		TEST(test_attribute_limit),
		TEST(test_R19_observed_at_invalid),
		TEST(test_namespace_unknown),
		TEST(test_identifier_invalid),
		TEST(test_N5_identifier_blocked),
		TEST(test_identifier_repeated),
		TEST(test_equal_identifiers_are_one),
		TEST(test_attribute_invalid),
		TEST(test_attribute_times),
		TEST(test_attribute_repeated),
		TEST(test_N7_ignored_values_repeat_nothing),
		TEST(test_R19_observed_at_is_kept_up_to_five_minutes_ahead),
		TEST(test_R19_observed_at_further_ahead_is_clamped),
		TEST(test_R19_observed_at_missing_is_recorded_at),
		TEST(test_R19_claim_is_that_of_every_value),
		TEST(test_timestamps_are_cut_to_microseconds),
		TEST(test_N3_a_known_number_is_looked_up_in_no_table),
		TEST(test_N3_nothing_else_is_asked_for),
		TEST(test_lookup),
		TEST(test_memory_out_leaves_event_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
