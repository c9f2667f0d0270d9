/* IdentifyStream: many events on one call, one answer each, in order. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/caller.h"
#include "tests/support/store.h"

enum { MANY = 10000 };

/* "v-17" */
static const char *
visitor(struct scene *s, size_t number)
{
	return scene_print(s, "v-%zu", number);
}

static void
test_each_event_is_answered(struct scene *s)
{
	struct caller *caller = caller_open(s);
	const Anagraph__V1__IdentifyResponse *answer;

	caller_send(caller, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	answer = caller_read_response(caller);
	assert_int_equal(answer->outcome, CREATED);
	assert_int_equal(answer->contact->id, 1);
	caller_send(caller, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), ID("chat", "v-1"),
	    TEXT("LAST_NAME", "Bianchi"));
	answer = caller_read_response(caller);
	assert_int_equal(answer->outcome, UPDATED);
	assert_int_equal(answer->n_conflicts, 1);
	assert_int_equal(answer->revision, 2);
	expect_contact(s, 1,
	    "email=rossi@example.it chat=v-1 LAST_NAME=Rossi ?LAST_NAME=Bianchi @conversations-engaged");
	caller_finish_well(caller);
}

static void
test_stream_without_an_event_ends_well(struct scene *s)
{
	caller_finish_well(caller_open(s));
}

/* The store's transaction of the last answer comes with the end. */
static void
test_end_tells_the_transaction(struct scene *s)
{
	struct caller *caller = caller_open(s);
	struct client_status status;

	caller_send(caller, CONVERSATIONS, ID("chat", "v-1"));
	caller_half_close(caller);
	caller_read_response(caller);
	caller_finish(&status, caller);
	assert_int_equal(status.code, 0);
	assert_true(status.txn > 0);
}

/* Sends without waiting for an answer, which its caller reads only then. */
static void
test_answers_come_in_order(struct scene *s)
{
	struct caller *caller = caller_open(s);

	for (size_t i = 1; i <= LIMIT_STREAM_EVENTS; i++)
		caller_send(caller, CONVERSATIONS, AT(1), ID("chat", visitor(s, i)));
	caller_half_close(caller);
	for (size_t i = 1; i <= LIMIT_STREAM_EVENTS; i++) {
		const Anagraph__V1__IdentifyResponse *answer = caller_read_response(caller);

		assert_int_equal(answer->contact->id, i);
		assert_string_equal(answer->contact->identifiers[0]->value, visitor(s, i));
		assert_int_equal(answer->revision, i);
	}
	assert_null(caller_read(caller));
}

/* As Identify takes them: one that is stored, one that is none, one that only looks as if it were
 * in normal form. */
static void
test_N3_numbers_of_a_stream(struct scene *s)
{
	static const char *const numbers[] = { "+390212345678", "+390212345678", "+999123456789",
		"+4402079460000", "+442079460000" };
	static const unsigned contacts[] = { 1, 1, 0, 2, 2 };
	enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
	struct caller *caller = caller_open(s);

	for (size_t i = 0; i < COUNT; i++) {
		const Anagraph__V1__IdentifyStreamResponse *answer;

		caller_send(caller, CONTACTS, AT(1), ID("phone", numbers[i]));
		answer = caller_read(caller);
		if (contacts[i] == 0) {
			assert_non_null(answer->error);
			assert_string_equal(answer->error->reason, "IDENTIFIER_INVALID");
			assert_string_equal(answer->error->field, "identifiers[0].value");
			continue;
		}
		assert_non_null(answer->response);
		assert_int_equal(answer->response->contact->id, contacts[i]);
	}
	caller_finish_well(caller);
	expect_contact(s, 2, "phone=+442079460000");
}

/* Events that can't be taken in, among those that can. */
static void
test_a_bad_event_is_its_own_answers_error(struct scene *s)
{
	struct caller *caller = caller_open(s);
	const Anagraph__V1__IdentifyResponse *answer;

	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("email", "a"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	caller_send(caller, CONVERSATIONS, AT(1));
	caller_send(caller, 9, AT(1), ID("chat", "v-3"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-\xff"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-3"), ACCOUNT("Shop"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-3"), ID("mail", "a@example.it"));
	caller_send(caller, CONVERSATIONS, TIMESTAMP(-1, 0), ID("chat", "v-3"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-3"), TEXT("lower", "x"));
	caller_send(caller, CONVERSATIONS, AT(1), ID("chat", "v-3"));
	caller_half_close(caller);
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	caller_expect_error(caller, "INVALID_ARGUMENT", "IDENTIFIER_INVALID", "identifiers[0].value");
	assert_int_equal(caller_read_response(caller)->contact->id, 2);
	caller_expect_error(caller, "INVALID_ARGUMENT", "IDENTIFIER_MISSING", "identifiers");
	caller_expect_error(caller, "INVALID_ARGUMENT", "ENUM_UNKNOWN", "source");
	caller_expect_error(caller, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "");
	caller_expect_error(caller, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account");
	caller_expect_error(caller, "INVALID_ARGUMENT", "NAMESPACE_UNKNOWN", "identifiers[1].namespace");
	caller_expect_error(caller, "INVALID_ARGUMENT", "OBSERVED_AT_INVALID", "observed_at");
	caller_expect_error(caller, "INVALID_ARGUMENT", "ATTRIBUTE_INVALID", "attributes[0].name");
	answer = caller_read_response(caller);
	assert_int_equal(answer->contact->id, 3);
	assert_int_equal(answer->revision, 3);
	assert_null(caller_read(caller));
	expect_totals(s, "0 0 3");
}

static void
test_N1_bytes_that_carry_no_event(struct scene *s)
{
	static const struct {
		size_t size;
		const char *bytes;
		const char *reason;
		const char *field;
	} rows[] = {
		{ 0, "", "MALFORMED_REQUEST", "request" },
		{ 2, "\x10\x01", "MALFORMED_REQUEST", "request" },
		{ 1, "\xff", "MALFORMED_REQUEST", "" },
		{ 2, "\x08\x01", "MALFORMED_REQUEST", "" },
		{ 2, "\x0a\x05", "MALFORMED_REQUEST", "" },
		{ 3, "\x0a\x01\xff", "MALFORMED_REQUEST", "" },
		{ 3, "\x0a\x00\x0b", "MALFORMED_REQUEST", "" },
		{ 6, "\x0a\x04\x0a\x02\xc3\x28", "MALFORMED_REQUEST", "" },
		{ 2, "\x0a\x00", "ACCOUNT_INVALID", "account" },
		{ 6, "\x0a\x04\x0a\x02\x61\x00", "ACCOUNT_INVALID", "account" },
		{ 6, "\x0a\x04\x3a\x02\x72\x00", "FIELD_INVALID", "conversation" },
	};
	struct caller *caller = caller_open(s);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		caller_send_bytes(caller, rows[i].bytes, rows[i].size);
		caller_expect_error(caller, "INVALID_ARGUMENT", rows[i].reason, rows[i].field);
	}
	caller_send(caller, CONVERSATIONS, ID("chat", "v-1"));
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	caller_finish_well(caller);
}

/* As every reader of protobuf has it: a message in several parts is one. */
static void
test_an_event_in_parts(struct scene *s)
{
	struct caller *caller = caller_open(s);
	uint8_t bytes[512];
	size_t size = 0;
	size_t event_size;
	const uint8_t *event = encode_event(&event_size, s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	size_t account_size = 2 + strlen(s->account);
	size_t parts[] = { 0, account_size, account_size + 2, account_size + 2, event_size };

	for (size_t i = 1; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t part_size = parts[i] - parts[i - 1];

		assert_true(part_size < 128);
		bytes[size++] = 0x0a;
		bytes[size++] = (uint8_t)part_size;
		memcpy(bytes + size, event + parts[i - 1], part_size);
		size += part_size;
	}
	caller_send_bytes(caller, bytes, size);
	assert_string_equal(contact_text(s, caller_read_response(caller)->contact), "chat=v-1");
	caller_finish_well(caller);
}

/* What would make another call's request too large ends no stream, but what gRPC can't
 * take as one message does. */
static void
test_a_message_too_large_ends_the_stream(struct scene *s)
{
	struct caller *caller = caller_open(s);
	uint8_t *bytes = scene_keep(s, calloc(1, LIMIT_REQUEST_BYTES + 1), free);
	struct client_status status;

	caller_send(caller, CONVERSATIONS, ID("chat", "v-1"));
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	memset(bytes, 0xff, LIMIT_REQUEST_BYTES + 1);
	caller_send_bytes(caller, bytes, LIMIT_REQUEST_BYTES);
	caller_expect_error(caller, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "");
	caller_send_bytes(caller, bytes, LIMIT_REQUEST_BYTES + 1);
	caller_finish(&status, caller);
	assert_string_equal(client_code_name(status.code), "RESOURCE_EXHAUSTED");
	assert_int_equal(count(s)->revision, 1);
}

/* Gives contact 1 so much that an answer that tells of it is more than a caller who does
 * not read lets gRPC send. */
static void
make_large(struct scene *s)
{
	struct part parts[80] = { ID("chat", "large") };
	char *text = scene_print(s, "%*s", 1000, "");

	memset(text, 'x', 1000);
	for (int i = 1; i < 79; i++)
		parts[i] = TEXT(scene_print(s, "A%d", i), text);
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
}

/* Sends visitors from a number on, as many as go out without an answer being read, until
 * the account has so many contacts. */
static size_t
send_until(struct scene *s, struct caller *caller, size_t next, size_t last, uint64_t contacts)
{
	while (count(s)->anonymous_chat < contacts) {
		while (next <= last && caller_try_send(caller, CONVERSATIONS, ID("chat", visitor(s, next))))
			next++;
	}
	return next;
}

/* The first answer can't go out; a window of events follows it and no more, whatever else
 * the daemon does meanwhile. As answers are read, the rest is taken in. */
static void
test_window_limit(struct scene *s)
{
	struct caller *caller = caller_open(s);
	const uint64_t taken = 1 + LIMIT_STREAM_EVENTS;
	size_t last = LIMIT_STREAM_EVENTS + 100;
	size_t next;

	make_large(s);
	caller_send(caller, CONVERSATIONS, ID("chat", "large"));
	next = send_until(s, caller, 1, last, taken);
	for (int i = 0; i < 20; i++)
		identify(s, CONVERSATIONS, ID("chat", "elsewhere"), ACCOUNT("elsewhere"));
	while (next <= last && caller_try_send(caller, CONVERSATIONS, ID("chat", visitor(s, next))))
		next++;
	assert_int_equal(count(s)->anonymous_chat, taken);

	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	for (size_t i = 1; i <= last; i++) {
		if (next <= last) {
			caller_send(caller, CONVERSATIONS, ID("chat", visitor(s, next)));
			next++;
		}
		assert_string_equal(
		    caller_read_response(caller)->contact->identifiers[0]->value, visitor(s, i));
	}
	caller_finish_well(caller);
}

/* Large events fill a stream long before their number does. */
static void
test_window_in_bytes(struct scene *s)
{
	struct caller *caller = caller_open(s);
	struct part parts[104] = { ID("chat", "v-1") };
	char *text = scene_print(s, "%*s", LIMIT_RAW_IDENTIFIER_BYTES, "");
	uint64_t taken = 0;
	uint64_t seen = 0;
	size_t sent = 0;

	memset(text, 'x', LIMIT_ATTRIBUTE_STRING_BYTES);
	make_large(s);
	caller_send(caller, CONVERSATIONS, ID("chat", "large"));
	for (int i = 1; i <= 100; i++)
		parts[i] = TEXT(scene_print(s, "A%d", i), text);
	/* As many as go out without an answer, until nothing has moved for many a write. */
	for (int still = 0; still<5; still = taken> seen || taken == 0 ? 0 : still + 1) {
		seen = taken;
		for (int i = 0; i < 20; i++) {
			parts[0] = ID("chat", visitor(s, sent + 1));
			sent += caller_try_send_parts(caller, CONVERSATIONS, parts);
			identify(s, CONVERSATIONS, ID("chat", "elsewhere"), ACCOUNT("elsewhere"));
		}
		taken = count(s)->anonymous_chat - 1;
	}
	assert_true(taken > 20 && taken < 120);
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	for (size_t i = 1; i <= sent; i++)
		assert_string_equal(
		    caller_read_response(caller)->contact->identifiers[0]->value, visitor(s, i));
	caller_finish_well(caller);
}

/* More than a window, from a caller who reads only once nothing moves any more. */
static void
test_a_caller_that_reads_late(struct scene *s)
{
	struct caller *caller = caller_open(s);
	size_t next = send_until(s, caller, 1, MANY, LIMIT_STREAM_EVENTS);

	for (size_t i = 1; i <= MANY; i++) {
		const Anagraph__V1__IdentifyResponse *answer;

		while (next <= MANY && caller_try_send(caller, CONVERSATIONS, ID("chat", visitor(s, next))))
			next++;
		answer = caller_read_response(caller);
		assert_int_equal(answer->contact->id, i);
		assert_string_equal(answer->contact->identifiers[0]->value, visitor(s, i));
	}
	caller_finish_well(caller);
	assert_int_equal(count(s)->revision, MANY);
}

static void
test_two_streams_side_by_side(struct scene *s)
{
	struct caller *callers[2] = { caller_open(s), caller_open(s) };

	for (size_t i = 1; i <= 500; i++) {
		caller_send(callers[0], CONVERSATIONS, ID("chat", scene_print(s, "a-%zu", i)));
		caller_send(callers[1], CONVERSATIONS, ID("chat", scene_print(s, "b-%zu", i)));
		if (i <= 100)
			continue;
		assert_string_equal(caller_read_response(callers[0])->contact->identifiers[0]->value,
		    scene_print(s, "a-%zu", i - 100));
		assert_string_equal(caller_read_response(callers[1])->contact->identifiers[0]->value,
		    scene_print(s, "b-%zu", i - 100));
	}
	for (size_t i = 401; i <= 500; i++) {
		assert_string_equal(caller_read_response(callers[1])->contact->identifiers[0]->value,
		    scene_print(s, "b-%zu", i));
		assert_string_equal(caller_read_response(callers[0])->contact->identifiers[0]->value,
		    scene_print(s, "a-%zu", i));
	}
	caller_finish_well(callers[0]);
	caller_finish_well(callers[1]);
	expect_totals(s, "0 0 1000");
}

/* A call of its own with these bytes gets an answer that was given before. */
static void
expect_replayed(struct scene *s, const uint8_t *event, size_t size)
{
	Anagraph__V1__IdentifyResponse *answer;
	struct client_status status;
	size_t payload_size;
	uint8_t *payload;

	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client,
			     "/anagraph.v1.IdentityService/Identify", event, size, 0),
	    0);
	answer = anagraph__v1__identify_response__unpack(NULL, payload_size, payload);
	free(payload);
	assert_non_null(answer);
	assert_true(answer->replayed);
	anagraph__v1__identify_response__free_unpacked(answer, NULL);
}

/* Identify and IdentifyStream are one method (R26). */
static void
test_R26_replays_across_call_and_stream(struct scene *s)
{
	struct caller *caller = caller_open(s);
	const uint8_t *event;
	size_t size;
	const Anagraph__V1__IdentifyResponse *answer;

	identify(s, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1"));
	caller_send(caller, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1"));
	caller_send(caller, CONTACTS, ID("email", "b@example.it"), REQUEST_ID("r-1"));
	caller_send(caller, CONTACTS, ID("email", "c@example.it"), REQUEST_ID("r-2"));
	caller_send(caller, CONTACTS, ID("email", "c@example.it"), REQUEST_ID("r-2"));
	answer = caller_read_response(caller);
	assert_true(answer->replayed);
	assert_int_equal(answer->contact->id, 1);
	caller_expect_error(caller, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id");
	assert_false(caller_read_response(caller)->replayed);
	answer = caller_read_response(caller);
	assert_true(answer->replayed);
	assert_int_equal(answer->contact->id, 2);
	caller_finish_well(caller);
	expect_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id", CONTACTS,
	    ID("email", "d@example.it"), REQUEST_ID("r-2"));
	event = encode_event(&size, s, CONTACTS, ID("email", "c@example.it"), REQUEST_ID("r-2"));
	expect_replayed(s, event, size);
	expect_totals(s, "2 0 0");
}

static void
test_R28_asking_in_a_stream(struct scene *s)
{
	struct caller *caller = caller_open(s);

	caller_send(caller, CONVERSATIONS, ID("chat", "v-1"), VALIDATE_ONLY);
	caller_send(caller, CONVERSATIONS, ID("chat", "v-2"));
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	assert_int_equal(caller_read_response(caller)->contact->id, 1);
	caller_finish_well(caller);
	expect_totals(s, "0 0 1");
}

/* A caller that goes away: what was begun is carried out, the rest is not, and the daemon
 * goes on. */
static void
test_cancelled_stream(struct scene *s)
{
	struct client_status status;
	uint64_t made;

	scene_use(s, NULL);
	for (int round = 0; round < 20; round++) {
		struct caller *caller = caller_open(s);

		for (int i = 0; i < round * 20; i++)
			caller_send(caller, CONVERSATIONS, ID("chat", scene_print(s, "%d-%d", round, i)));
		caller_cancel(caller);
		caller_finish(&status, caller);
		assert_string_equal(client_code_name(status.code), "CANCELLED");
	}
	made = count(s)->revision;
	assert_true(made <= 3800);
	identify(s, CONVERSATIONS, ID("chat", "after"));
	assert_true(s->answer->revision >= made + 1);
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
}

/* SIGTERM: what was taken in is answered, then the stream says why it ends; what has an
 * answer is stored, and nothing else. */
static void
test_stream_of_a_daemon_that_drains(struct scene *s)
{
	const Anagraph__V1__IdentifyStreamResponse *answer;
	struct client_status status;
	struct caller *idle;
	struct caller *busy;
	size_t answered = 0;

	scene_use(s, NULL);
	idle = caller_open(s);
	busy = caller_open(s);
	caller_send(idle, CONVERSATIONS, ID("chat", "idle"));
	assert_int_equal(caller_read_response(idle)->contact->id, 1);
	for (size_t i = 1; i <= 200; i++)
		caller_send(busy, CONVERSATIONS, ID("chat", visitor(s, i)));
	assert_int_equal(kill(service_pid(s->service), SIGTERM), 0);
	caller_finish(&status, idle);
	expect_status(&status, "UNAVAILABLE", "DRAINING", "", __FILE__, __LINE__);
	while ((answer = caller_read(busy)) != NULL) {
		if (answer->result_case == ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR) {
			assert_string_equal(answer->error->reason, "DRAINING");
			continue;
		}
		answered++;
		assert_string_equal(answer->response->contact->identifiers[0]->value, visitor(s, answered));
	}
	caller_finish(&status, busy);
	expect_status(&status, "UNAVAILABLE", "DRAINING", "", __FILE__, __LINE__);
	assert_int_equal(service_wait(s->service), 0);
	scene_start(s);
	assert_int_equal(count(s)->anonymous_chat, 1 + answered);
}

/* A caller that reads nothing does not keep the daemon from ending. */
static void
test_drain_without_a_reader(struct scene *s)
{
	struct caller *caller;

	scene_use(s, NULL);
	make_large(s);
	caller = caller_open(s);
	caller_send(caller, CONVERSATIONS, ID("chat", "large"));
	send_until(s, caller, 1, 20, 21);
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
}

static void
test_streams_limit(struct scene *s)
{
	struct caller *callers[LIMIT_EVENT_STREAMS];
	struct client_status status;

	scene_use(s, NULL);
	for (size_t i = 0; i < LIMIT_EVENT_STREAMS; i++) {
		callers[i] = caller_open(s);
		caller_send(callers[i], CONVERSATIONS, ID("chat", visitor(s, i)));
		caller_read_response(callers[i]);
	}
	caller_finish(&status, caller_open(s));
	expect_status(&status, "UNAVAILABLE", "OVERLOADED", "", __FILE__, __LINE__);
	for (size_t i = 0; i < LIMIT_EVENT_STREAMS; i++) {
		caller_send(callers[i], CONVERSATIONS, ID("chat", visitor(s, i)));
		assert_int_equal(caller_read_response(callers[i])->contact->id, i + 1);
	}
	caller_finish_well(callers[0]);
	caller_send(callers[0] = caller_open(s), CONVERSATIONS, ID("chat", "v-0"));
	assert_int_equal(caller_read_response(callers[0])->contact->id, 1);
	for (size_t i = 0; i < LIMIT_EVENT_STREAMS; i++)
		caller_finish_well(callers[i]);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_each_event_is_answered),
		STOCK_TEST(test_stream_without_an_event_ends_well),
		STOCK_TEST(test_end_tells_the_transaction),
		STOCK_TEST(test_answers_come_in_order),
		STOCK_TEST(test_N3_numbers_of_a_stream),
		STOCK_TEST(test_a_bad_event_is_its_own_answers_error),
		STOCK_TEST(test_N1_bytes_that_carry_no_event),
		STOCK_TEST(test_an_event_in_parts),
		STOCK_TEST(test_a_message_too_large_ends_the_stream),
		STOCK_TEST(test_window_limit),
		STOCK_TEST(test_window_in_bytes),
		STOCK_TEST(test_a_caller_that_reads_late),
		STOCK_TEST(test_two_streams_side_by_side),
		STOCK_TEST(test_R26_replays_across_call_and_stream),
		STOCK_TEST(test_R28_asking_in_a_stream),
		STOCK_TEST(test_cancelled_stream),
		STOCK_TEST(test_stream_of_a_daemon_that_drains),
		STOCK_TEST(test_drain_without_a_reader),
		STOCK_TEST(test_streams_limit),
	};

	return scene_main(tests);
}
