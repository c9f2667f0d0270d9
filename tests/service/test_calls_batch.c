/* BatchResolve: as many look-ups as a request has keys, each with a result of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/call.h"
#include "tests/support/tell.h"

#define BATCH METHOD("BatchResolve")

/* The message of a batch, to be filled key by key. */
struct batch {
	Anagraph__V1__BatchResolveRequest request;
	Anagraph__V1__ResolveKey keys[LIMIT_BATCH_KEYS + 1];
	Anagraph__V1__ResolveKey *key_pointers[LIMIT_BATCH_KEYS + 1];
	Anagraph__V1__Identifier identifiers[LIMIT_BATCH_KEYS + 1];
};

static struct batch *
batch_for(struct scene *s)
{
	struct batch *batch = scene_keep(s, calloc(1, sizeof(*batch)), free);

	anagraph__v1__batch_resolve_request__init(&batch->request);
	batch->request.account = s->account;
	batch->request.keys = batch->key_pointers;
	return batch;
}

static Anagraph__V1__ResolveKey *
add_key(struct batch *batch)
{
	size_t i = batch->request.n_keys++;

	assert_true(i <= LIMIT_BATCH_KEYS);
	anagraph__v1__resolve_key__init(&batch->keys[i]);
	batch->key_pointers[i] = &batch->keys[i];
	return &batch->keys[i];
}

static void
add_id(struct batch *batch, uint64_t id)
{
	Anagraph__V1__ResolveKey *key = add_key(batch);

	key->key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_CONTACT_ID;
	key->contact_id = id;
}

static void
add_identifier(struct batch *batch, const char *namespace_name, const char *value)
{
	Anagraph__V1__ResolveKey *key = add_key(batch);
	Anagraph__V1__Identifier *identifier = &batch->identifiers[batch->request.n_keys - 1];

	anagraph__v1__identifier__init(identifier);
	identifier->namespace_ = (char *)(uintptr_t)namespace_name;
	identifier->value = (char *)(uintptr_t)value;
	key->key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_IDENTIFIER;
	key->identifier = identifier;
}

static Anagraph__V1__BatchResolveResponse *
look_up(struct scene *s, struct batch *batch)
{
	Anagraph__V1__BatchResolveResponse *answer =
	    call(s, BATCH, &batch->request, &anagraph__v1__batch_resolve_response__descriptor);

	assert_int_equal(answer->n_results, batch->request.n_keys);
	return answer;
}

/* A result as text: "1", or "2>1" when it was passed on from 2, "-" when there is none,
 * or "CODE REASON field". */
static char *
result_text(struct scene *s, const Anagraph__V1__ResolveResult *result)
{
	const Anagraph__V1__CallError *error;
	char *text = scene_print(s, "%s", "");

	switch (result->result_case) {
	case ANAGRAPH__V1__RESOLVE_RESULT__RESULT_CONTACT:
		expect_contact_sound(s, result->contact, __FILE__, __LINE__);
		for (size_t i = 0; i < result->n_forwarded_ids; i++)
			text = scene_print(s, "%s%d>", text, (int)result->forwarded_ids[i]);
		return scene_print(s, "%s%d", text, (int)result->contact->id);
	case ANAGRAPH__V1__RESOLVE_RESULT__RESULT_NOT_FOUND:
		assert_true(result->not_found);
		assert_int_equal(result->n_forwarded_ids, 0);
		return scene_print(s, "-");
	case ANAGRAPH__V1__RESOLVE_RESULT__RESULT_ERROR:
		error = result->error;
		assert_true(error->message[0] != '\0');
		assert_int_equal(result->n_forwarded_ids, 0);
		return scene_print(s, "%s %s %s", client_code_name(error->code), error->reason, error->field);
	default:
		fail_msg("a result is none of its kinds");
		return NULL;
	}
}

#define expect_result(s, answer, index, text)                                                                \
	_assert_string_equal(result_text(s, (answer)->results[index]), text, __FILE__, __LINE__)

static void
test_each_key_has_a_result_in_order(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;

	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"));
	add_identifier(batch, "chat", "v-1");
	add_id(batch, 1);
	add_id(batch, 7);
	add_identifier(batch, "email", " Rossi@Example.it ");
	add_identifier(batch, "chat", "v-2");
	add_id(batch, 1);
	add_id(batch, 0);
	add_id(batch, UINT64_MAX);
	answer = look_up(s, batch);
	expect_result(s, answer, 0, "2");
	expect_result(s, answer, 1, "1");
	expect_result(s, answer, 2, "-");
	expect_result(s, answer, 3, "1");
	expect_result(s, answer, 4, "-");
	expect_result(s, answer, 5, "1");
	expect_result(s, answer, 6, "-");
	expect_result(s, answer, 7, "-");
	assert_string_equal(
	    contact_text(s, answer->results[1]->contact), contact_text(s, resolve_id(s, 1)->contact));
	assert_string_equal(
	    contact_text(s, answer->results[3]->contact), "email=rossi@example.it LAST_NAME=Rossi");
}

static void
test_R25_ids_that_were_passed_are_listed(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;

	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), ID("email", "a@example.it"));
	add_id(batch, 2);
	add_id(batch, 1);
	add_id(batch, 3);
	add_identifier(batch, "chat", "v-2");
	answer = look_up(s, batch);
	expect_result(s, answer, 0, "2>1>3");
	expect_result(s, answer, 1, "1>3");
	expect_result(s, answer, 2, "3");
	expect_result(s, answer, 3, "3");
}

static void
test_a_bad_key_is_its_own_results_error(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	add_id(batch, 1);
	add_identifier(batch, "mail", "a@example.it");
	add_identifier(batch, "email", "a");
	add_identifier(batch, "ext_id", "undefined");
	add_key(batch);
	add_identifier(batch, "", "a@example.it");
	add_identifier(batch, "phone", "3331234567");
	add_identifier(batch, "chat", "");
	add_identifier(batch, "email", "a@example.it");
	answer = look_up(s, batch);
	expect_result(s, answer, 0, "1");
	expect_result(s, answer, 1, "INVALID_ARGUMENT NAMESPACE_UNKNOWN keys[1].identifier.namespace");
	expect_result(s, answer, 2, "INVALID_ARGUMENT IDENTIFIER_INVALID keys[2].identifier.value");
	expect_result(s, answer, 3, "INVALID_ARGUMENT IDENTIFIER_BLOCKED keys[3].identifier.value");
	expect_result(s, answer, 4, "INVALID_ARGUMENT KEY_MISSING keys[4].key");
	expect_result(s, answer, 5, "INVALID_ARGUMENT NAMESPACE_UNKNOWN keys[5].identifier.namespace");
	expect_result(s, answer, 6, "INVALID_ARGUMENT IDENTIFIER_INVALID keys[6].identifier.value");
	expect_result(s, answer, 7, "INVALID_ARGUMENT IDENTIFIER_INVALID keys[7].identifier.value");
	expect_result(s, answer, 8, "1");
}

/* Sends a request with its first 0x7f made a NUL. */
static Anagraph__V1__BatchResolveResponse *
send_nul(struct scene *s, struct batch *batch)
{
	uint8_t bytes[512];
	size_t size = protobuf_c_message_pack(&batch->request.base, bytes);
	Anagraph__V1__BatchResolveResponse *answer;
	struct client_status status;
	uint8_t *payload = NULL;
	size_t payload_size;
	uint8_t *at = memchr(bytes, 0x7f, size);

	assert_non_null(at);
	*at = 0;
	assert_int_equal(
	    client_call_raw(&payload, &payload_size, &status, s->client, BATCH, bytes, size, 0), 0);
	answer = anagraph__v1__batch_resolve_response__unpack(NULL, payload_size, payload);
	free(payload);
	assert_non_null(answer);
	return answer;
}

static void
test_N1_a_nul_is_its_own_keys_fault(struct scene *s)
{
	static const struct {
		const char *namespace_name;
		const char *value;
		const char *given;
		const char *expected;
	} rows[] = {
		{ "chat\x7f", "v-1", "", "INVALID_ARGUMENT NAMESPACE_UNKNOWN keys[1].identifier.namespace" },
		{ "chat", "v-1\x7f", "", "INVALID_ARGUMENT IDENTIFIER_INVALID keys[1].identifier.value" },
		{ "chat", "v-1", "\x7f", "INVALID_ARGUMENT IDENTIFIER_INVALID keys[1].identifier.given" },
	};

	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct batch *batch = batch_for(s);
		Anagraph__V1__BatchResolveResponse *answer;

		add_identifier(batch, "chat", "v-1");
		add_identifier(batch, rows[i].namespace_name, rows[i].value);
		batch->identifiers[1].given = (char *)(uintptr_t)rows[i].given;
		add_id(batch, 1);
		answer = send_nul(s, batch);
		assert_int_equal(answer->n_results, 3);
		expect_result(s, answer, 0, "1");
		expect_result(s, answer, 1, rows[i].expected);
		expect_result(s, answer, 2, "1");
		anagraph__v1__batch_resolve_response__free_unpacked(answer, NULL);
	}
}

static void
test_what_is_wrong_with_the_request(struct scene *s)
{
	struct batch *batch = batch_for(s);

	expect_refused(s, "INVALID_ARGUMENT", "KEY_MISSING", "keys", BATCH, &batch->request);
	add_id(batch, 1);
	batch->request.account = (char *)(uintptr_t) "Shop";
	expect_refused(s, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account", BATCH, &batch->request);
	batch->request.account = (char *)(uintptr_t) "";
	expect_refused(s, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account", BATCH, &batch->request);
	batch->request.account = s->account;
	add_identifier(batch, "chat", "\xff");
	expect_refused(s, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "", BATCH, &batch->request);
}

static void
test_N1_bytes_that_are_no_batch(struct scene *s)
{
	static const char *const garbage[] = { "\xff", "\x12\x05", "\x12\x02\x08\x01", "\x10\x01",
		"\x12\x02\x0a\x05", "\x12\x03\x0a\x01\xff" };

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		expect_bytes_refused(s, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "", BATCH,
		    (const uint8_t *)garbage[i], strlen(garbage[i]));
}

/* As every reader of protobuf has it: the last member of a oneof counts, and a message in
 * two parts is one. */
static void
test_keys_in_unusual_encodings(struct scene *s)
{
	static const uint8_t keys[] = /* each as field 2 of the request */
	    "\x12\x11\x10\x07\x0a\x0b\x0a\x04"
	    "chat"
	    "\x12\x03"
	    "v-1"
	    "\x0a\x00"
	    "\x12\x0f\x0a\x06\x0a\x04"
	    "chat"
	    "\x0a\x05\x12\x03"
	    "v-1"
	    "\x12\x0d\x0a\x09\x0a\x04"
	    "mail"
	    "\x12\x01"
	    "v\x10\x01";
	struct client_status status;
	uint8_t *payload = NULL;
	size_t payload_size;
	uint8_t bytes[256];
	size_t size = 0;
	Anagraph__V1__BatchResolveResponse *answer;

	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	bytes[size++] = 0x0a;
	bytes[size++] = (uint8_t)strlen(s->account);
	memcpy(bytes + size, s->account, strlen(s->account));
	size += strlen(s->account);
	memcpy(bytes + size, keys, sizeof(keys) - 1);
	size += sizeof(keys) - 1;
	assert_int_equal(
	    client_call_raw(&payload, &payload_size, &status, s->client, BATCH, bytes, size, 0), 0);
	answer = anagraph__v1__batch_resolve_response__unpack(NULL, payload_size, payload);
	free(payload);
	assert_non_null(answer);
	assert_int_equal(answer->n_results, 3);
	for (size_t i = 0; i < 3; i++)
		expect_result(s, answer, i, "1");
	anagraph__v1__batch_resolve_response__free_unpacked(answer, NULL);
}

static void
test_keys_limit(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;

	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	for (size_t i = 0; i < LIMIT_BATCH_KEYS; i++) {
		if (i % 3 == 2)
			add_id(batch, 3);
		else
			add_identifier(batch, "chat", i % 3 == 0 ? "v-1" : "v-2");
	}
	answer = look_up(s, batch);
	for (size_t i = 0; i < LIMIT_BATCH_KEYS; i++)
		expect_result(s, answer, i, i % 3 == 0 ? "1" : i % 3 == 1 ? "2" : "-");
	add_id(batch, 1);
	expect_refused(s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "keys", BATCH, &batch->request);
}

/* The size of an answer, encoded as it was sent. */
static size_t
size_of(const Anagraph__V1__BatchResolveResponse *answer)
{
	return protobuf_c_message_get_packed_size(&answer->base);
}

/* Gives the visitor's contact so many attributes of 1,000 bytes. */
static void
make_large(struct scene *s, const char *chat, int count)
{
	struct part *parts = scene_keep(s, calloc((size_t)count + 3, sizeof(*parts)), free);
	char *text = scene_print(s, "%*s", 1000, "");

	memset(text, 'x', 1000);
	parts[0] = AT(1);
	parts[1] = ID("chat", chat);
	for (int i = 0; i < count; i++)
		parts[2 + i] = TEXT(scene_print(s, "A%d", i), text);
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
}

/* Changes attributes of the visitor's until its contact, alone, makes an answer of so many
 * bytes. The times that the service sets take a byte more or less each time. */
static void
make_exactly(struct scene *s, const char *chat, size_t wanted)
{
	static int moment = 10;
	int sizes[2] = { 500, 500 };
	struct batch *batch = batch_for(s);

	add_identifier(batch, "chat", chat);
	for (int tries = 0; tries < 100; tries++) {
		char *first = scene_print(s, "%*s", sizes[0], "");
		char *second = scene_print(s, "%*s", sizes[1], "");
		int missing;

		memset(first, 'a' + tries % 2, (size_t)sizes[0]);
		memset(second, 'a' + tries % 2, (size_t)sizes[1]);
		identify(s, CONTACTS, AT(++moment), ID("chat", chat), TEXT("LAST_A", first),
		    TEXT("LAST_B", second));
		missing = (int)wanted - (int)size_of(look_up(s, batch));
		if (missing == 0)
			return;
		sizes[0] += missing / 2;
		sizes[1] += missing - missing / 2;
		assert_true(sizes[0] > 128 && sizes[0] <= 1000 && sizes[1] > 128 && sizes[1] <= 1000);
	}
	fail_msg("no contact of %zu bytes", wanted);
}

/* Copies of a large contact, then one that fills the answer to the last byte; with one
 * byte more it is not told. */
static void
test_answer_limit(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;
	size_t large_size;
	size_t count;
	size_t rest;

	s->repeats = false;
	make_large(s, "v-1", 90);
	add_id(batch, 1);
	large_size = size_of(look_up(s, batch));
	count = LIMIT_ANSWER_BYTES / large_size - 1;
	while (batch->request.n_keys < count)
		add_id(batch, 1);
	rest = LIMIT_ANSWER_BYTES - size_of(look_up(s, batch));
	while (rest > large_size - 5000) {
		add_id(batch, 2);
		make_large(s, "v-2", 20);
		rest = LIMIT_ANSWER_BYTES - size_of(look_up(s, batch));
		count = batch->request.n_keys;
	}
	make_large(s, "v-3", (int)((rest - 1200) / (large_size / 90)));
	make_exactly(s, "v-3", rest);
	add_identifier(batch, "chat", "v-3");
	answer = look_up(s, batch);
	assert_int_equal(size_of(answer), LIMIT_ANSWER_BYTES);
	expect_result(s, answer, 0, "1");
	expect_result(s, answer, count, scene_print(s, "%d", (int)owner(s, "chat", "v-3")));

	make_exactly(s, "v-3", rest + 1);
	answer = look_up(s, batch);
	assert_true(size_of(answer) < LIMIT_ANSWER_BYTES);
	expect_result(s, answer, count - 1, result_text(s, answer->results[count - 1]));
	expect_result(s, answer, count, scene_print(s, "INVALID_ARGUMENT LIMIT_EXCEEDED keys[%zu]", count));
}

/* However many do not fit, each that does is told, and the answer is no larger. */
static void
test_answer_limit_many_times_over(struct scene *s)
{
	struct batch *batch = batch_for(s);
	const Anagraph__V1__BatchResolveResponse *answer;
	size_t told = 0;

	s->repeats = false;
	make_large(s, "v-1", 90);
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	while (batch->request.n_keys < LIMIT_BATCH_KEYS - 2)
		add_id(batch, 1);
	add_id(batch, 2);
	add_id(batch, 3);
	answer = look_up(s, batch);
	while (told < answer->n_results &&
	    answer->results[told]->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_CONTACT)
		told++;
	assert_true(told > 30 && told < 60);
	for (size_t i = told; i < LIMIT_BATCH_KEYS - 2; i++)
		expect_result(s, answer, i, scene_print(s, "INVALID_ARGUMENT LIMIT_EXCEEDED keys[%zu]", i));
	expect_result(s, answer, LIMIT_BATCH_KEYS - 2, "2");
	expect_result(s, answer, LIMIT_BATCH_KEYS - 1, "-");
	assert_true(size_of(answer) <= LIMIT_ANSWER_BYTES);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_each_key_has_a_result_in_order),
		STOCK_TEST(test_R25_ids_that_were_passed_are_listed),
		STOCK_TEST(test_a_bad_key_is_its_own_results_error),
		STOCK_TEST(test_N1_a_nul_is_its_own_keys_fault),
		STOCK_TEST(test_what_is_wrong_with_the_request),
		STOCK_TEST(test_N1_bytes_that_are_no_batch),
		STOCK_TEST(test_keys_in_unusual_encodings),
		STOCK_TEST(test_keys_limit),
		STOCK_TEST(test_answer_limit),
		STOCK_TEST(test_answer_limit_many_times_over),
	};

	return scene_main(tests);
}
