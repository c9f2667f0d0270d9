/* What callers must not send: each row of the table of bad input that these calls can
 * reach, with its status, reason and field. Whatever was sent, the account is as it was
 * and the next call on the same connection is answered: expect_error and expect_raw see
 * to both every time. */
#include "tests/support/build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define SERVICE "/anagraph.v1.IdentityService/"

static const char *const methods[] = { SERVICE "Identify", SERVICE "Resolve", SERVICE "CountContacts",
	SERVICE "PromoteSecondary", SERVICE "DismissSecondary", SERVICE "MergeContacts" };
enum { METHODS = 6 };

static char *
repeated(struct scene *s, char c, int times)
{
	char *text = scene_print(s, "%*s", times, "");

	memset(text, c, (size_t)times);
	return text;
}

/* Sends bytes and demands an error that leaves everything as it was. */
static void
expect_raw(struct scene *s, const char *method, const uint8_t *bytes, size_t size, const char *code,
    const char *reason, const char *field, int line)
{
	struct client_status status = { 0 };
	char *before = totals_text(s);
	uint64_t revision = count(s)->revision;
	uint8_t *payload = NULL;
	size_t payload_size;

	expect_same_at(client_call_raw(&payload, &payload_size, &status, s->client, method, bytes, size, 0),
	    CLIENT_E_STATUS, __FILE__, line);
	expect_status(&status, code, reason, field, __FILE__, line);
	_assert_string_equal(totals_text(s), before, __FILE__, line);
	expect_same_at(count(s)->revision, revision, __FILE__, line);
}

#define expect_malformed(s, method, bytes, size)                                                             \
	expect_raw(s, method, bytes, size, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "", __LINE__)

static void
test_N1_bytes_that_are_no_message(struct scene *s)
{
	static const struct {
		size_t size;
		const char *bytes;
	} garbage[] = {
		{ 1, "\xff" },
		{ 1, "\x0a" },
		{ 2, "\x0a\x05" },
		{ 5,
		    "\x0a\x7f"
		    "abc" },
		{ 2, "\x0b\x01" },
		{ 2, "\x0c\x0c" },
		{ 2, "\x07\x00" },
		{ 11, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" },
		{ 9, "GET / HTT" },
		{ 6, "\x0a\xff\xff\xff\xff\x0f" },
		{ 11, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" },
		{ 3, "\x02\x01\x00" },
		{ 2, "\x08\x01" },
	};

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		for (size_t method = 0; method < METHODS; method++)
			expect_malformed(
			    s, methods[method], (const uint8_t *)garbage[i].bytes, garbage[i].size);
	}
}

/* An event cut short anywhere but between two of its fields. */
static void
test_N1_a_message_cut_short(struct scene *s)
{
	size_t size;
	uint8_t *bytes = encode_event(&size, s, CONTACTS, ID("email", "rossi@example.it"));

	for (size_t cut = size - 1; cut > size - 20; cut--)
		expect_malformed(s, methods[0], bytes, cut);
}

static void
test_N1_an_empty_message(struct scene *s)
{
	static const uint8_t nothing[1] = { 0 };

	for (size_t method = 0; method < METHODS; method++)
		expect_raw(s, methods[method], nothing, 0, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account",
		    __LINE__);
}

/* Whatever becomes of a good event's bytes, the daemon answers and lives on. */
static void
test_N1_a_message_with_bytes_changed(struct scene *s)
{
	unsigned refused = 0;
	unsigned accepted = 0;
	uint64_t seed = 1;
	size_t size;
	uint8_t *bytes = encode_event(&size, s, CONTACTS, AT(1), ID("email", "rossi@example.it"),
	    ID("push", "d-1"), TEXT("CITY", "Roma"), NUMBER("N", 1), TIME("T", 5), IN("t-1"));

	for (int i = 0; i < 3000; i++) {
		struct client_status status = { 0 };
		uint8_t changed[256];
		uint8_t *payload = NULL;
		size_t payload_size;

		assert_true(size <= sizeof(changed));
		memcpy(changed, bytes, size);
		for (int j = 0; j <= i % 3; j++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			changed[(seed >> 33) % size] = (uint8_t)(seed >> 25);
		}
		if (client_call_raw(
			&payload, &payload_size, &status, s->client, methods[0], changed, size, 0) == 0) {
			accepted++;
			free(payload);
			continue;
		}
		refused++;
		assert_string_equal(client_code_name(status.code), "INVALID_ARGUMENT");
		assert_string_not_equal(status.reason, "");
	}
	assert_true(refused > 0 && accepted > 0);
	count(s);
}

static void
test_N1_bad_utf8_anywhere(struct scene *s)
{
	static const char *const bad[] = { "\xff", "a\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3" };
	size_t size;
	uint8_t *bytes;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ACCOUNT(bad[i]), ID("chat", "v-1"));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID(bad[i], "v-1"));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID("chat", bad[i]));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID("chat", "v-1"), TEXT(bad[i], "x"));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID("chat", "v-1"), TEXT("A", bad[i]));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID("chat", "v-1"), IN(bad[i]));
		expect_invalid(s, "MALFORMED_REQUEST", "", CONTACTS, ID("chat", "v-1"), REQUEST_ID(bad[i]));
	}
	bytes = encode_event(&size, s, 0, ACCOUNT("\xff"));
	expect_malformed(s, methods[1], bytes, size);
	expect_malformed(s, methods[2], bytes, size);
}

/* Where a field says \x7f, a NUL is sent. */
static void
expect_nul(struct scene *s, const char *method, const uint8_t *encoded, size_t size, const char *reason,
    const char *field, int line)
{
	uint8_t *bytes = malloc(size);
	unsigned nuls = 0;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++) {
		bytes[i] = encoded[i] == 0x7f ? 0 : encoded[i];
		nuls += encoded[i] == 0x7f;
	}
	assert_int_equal(nuls, 1);
	expect_raw(s, method, bytes, size, "INVALID_ARGUMENT", reason, field, line);
	free(bytes);
}

#define expect_event_nul(s, reason, field, ...)                                                              \
	do {                                                                                                 \
		size_t size_;                                                                                \
		const uint8_t *bytes_ = encode_event(&size_, s, CONTACTS, __VA_ARGS__);                      \
                                                                                                             \
		expect_nul(s, methods[0], bytes_, size_, reason, field, __LINE__);                           \
	} while (0)

static void
test_N1_a_nul_in_each_field_of_an_event(struct scene *s)
{
	expect_event_nul(s, "ACCOUNT_INVALID", "account", ACCOUNT("a\x7f"), ID("chat", "v-1"));
	expect_event_nul(s, "NAMESPACE_UNKNOWN", "identifiers[0].namespace", ID("chat\x7f", "v-1"));
	expect_event_nul(s, "IDENTIFIER_INVALID", "identifiers[1].value", ID("push", "d-1"),
	    ID("chat",
		"v\x7f"
		"1"));
	expect_event_nul(
	    s, "IDENTIFIER_INVALID", "identifiers[0].value", ID("email", "rossi@example.it\x7f"));
	expect_event_nul(s, "ATTRIBUTE_INVALID", "attributes[0].name", ID("chat", "v-1"), TEXT("A\x7f", "x"));
	expect_event_nul(s, "ATTRIBUTE_INVALID", "attributes[1].value", ID("chat", "v-1"), TEXT("A", "x"),
	    TEXT("B", "\x7f"));
	expect_event_nul(s, "FIELD_INVALID", "conversation", ID("chat", "v-1"), IN("t\x7f"));
	expect_event_nul(s, "FIELD_INVALID", "request_id", ID("chat", "v-1"), REQUEST_ID("r\x7f"));
}

static void
test_N1_a_nul_in_each_field_of_a_look_up(struct scene *s)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	char account[] = "a\x7f";
	char namespace_name[] = "chat\x7f";
	char value[] = "v\x7f";
	char chat[] = "chat";
	uint8_t bytes[256];
	size_t size;

	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	identifier.namespace_ = chat;
	identifier.value = chat;
	request.account = account;
	size = protobuf_c_message_pack(&request.base, bytes);
	expect_nul(s, methods[1], bytes, size, "ACCOUNT_INVALID", "account", __LINE__);
	request.account = s->account;
	identifier.namespace_ = namespace_name;
	size = protobuf_c_message_pack(&request.base, bytes);
	expect_nul(s, methods[1], bytes, size, "NAMESPACE_UNKNOWN", "identifier.namespace", __LINE__);
	identifier.namespace_ = chat;
	identifier.value = value;
	size = protobuf_c_message_pack(&request.base, bytes);
	expect_nul(s, methods[1], bytes, size, "IDENTIFIER_INVALID", "identifier.value", __LINE__);
	expect_nul(s, methods[2],
	    (const uint8_t *)"\x0a\x02"
			     "a\x7f",
	    4, "ACCOUNT_INVALID", "account", __LINE__);
}

static void
test_account_missing_or_not_of_its_form(struct scene *s)
{
	const char *bad[] = { "", "Shop", "-shop", "_shop", ".shop", "sh op", "sh/op", "sh\xc3\xb2p",
		repeated(s, 'a', LIMIT_ACCOUNT_BYTES + 1) };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		Anagraph__V1__ResolveRequest look_up = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
		uint8_t bytes[256];
		size_t size;
		char account[80];

		expect_invalid(s, "ACCOUNT_INVALID", "account", CONTACTS, ACCOUNT(bad[i]), ID("chat", "v-1"));
		snprintf(account, sizeof(account), "%s", bad[i]);
		look_up.account = account;
		look_up.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
		look_up.contact_id = 1;
		size = protobuf_c_message_pack(&look_up.base, bytes);
		expect_raw(
		    s, methods[1], bytes, size, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account", __LINE__);
		look_up.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY__NOT_SET;
		size = protobuf_c_message_pack(&look_up.base, bytes);
		expect_raw(
		    s, methods[2], bytes, size, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account", __LINE__);
	}
}

static void
test_account_limit(struct scene *s)
{
	identify(s, CONTACTS, ACCOUNT(repeated(s, 'a', LIMIT_ACCOUNT_BYTES)), ID("chat", "v-1"));
	identify(s, CONTACTS, ACCOUNT("0"), ID("chat", "v-1"));
	identify(s, CONTACTS, ACCOUNT("a-b_c.d9"), ID("chat", "v-1"));
	expect_outcome(s, CREATED);
}

static void
test_source_not_known(struct scene *s)
{
	static const int bad[] = { 0, 4, 99, -1, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(s, "ENUM_UNKNOWN", "source", bad[i], ID("chat", "v-1"));
}

static void
test_conversation_limit(struct scene *s)
{
	identify(s, CONTACTS, ID("chat", "v-1"), IN(repeated(s, 'c', LIMIT_CONVERSATION_BYTES)));
	expect_invalid(s, "FIELD_INVALID", "conversation", CONTACTS, ID("chat", "v-1"),
	    IN(repeated(s, 'c', LIMIT_CONVERSATION_BYTES + 1)));
}

static void
test_identifier_missing(struct scene *s)
{
	expect_invalid(s, "IDENTIFIER_MISSING", "identifiers", CONTACTS, TEXT("LAST_NAME", "Rossi"));
}

static void
test_namespace_not_known(struct scene *s)
{
	static const char *const bad[] = { "", "Email", "mail", "e-mail", " email", "emai", "emails",
		"EXT_ID" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(s, "NAMESPACE_UNKNOWN", "identifiers[1].namespace", CONTACTS,
		    ID("chat", "v-1"), ID(bad[i], "x"));
}

static void
test_identifier_not_of_its_form(struct scene *s)
{
	expect_invalid(s, "IDENTIFIER_INVALID", "identifiers[2].value", CONTACTS, ID("chat", "v-1"),
	    ID("push", "d-1"), ID("email", "rossi"));
	expect_invalid(s, "IDENTIFIER_BLOCKED", "identifiers[1].value", CONTACTS, ID("chat", "v-1"),
	    ID("push", "undefined"));
}

static void
test_two_values_of_one_personal_namespace(struct scene *s)
{
	expect_invalid(s, "IDENTIFIER_REPEATED", "identifiers[2].value", CONTACTS,
	    ID("email", "a@example.it"), ID("chat", "v-1"), ID("email", "b@example.it"));
	identify(s, CONTACTS, ID("email", "a@example.it"), ID("email", " A@Example.it"), ID("chat", "v-1"),
	    ID("chat", "v-2"), ID("chat", "v-1"));
	expect_contact(s, 1, "email=a@example.it chat=v-1 chat=v-2");
}

/* A request with so many identifiers and attributes. */
static const struct part *
many_parts(struct scene *s, int id_count, int attribute_count)
{
	struct part *parts =
	    scene_keep(s, calloc((size_t)(id_count + attribute_count) + 1, sizeof(*parts)), free);

	for (int i = 0; i < id_count; i++)
		parts[i] = ID("chat", scene_print(s, "v-%d", i));
	for (int i = 0; i < attribute_count; i++)
		parts[id_count + i] = NUMBER(scene_print(s, "A%d", i), i);
	return parts;
}

static void
test_identifiers_limit(struct scene *s)
{
	struct part parts[LIMIT_EVENT_IDENTIFIERS + 2] = { 0 };

	identify_parts(s, CONTACTS, many_parts(s, LIMIT_EVENT_IDENTIFIERS, 1), __FILE__, __LINE__);
	assert_int_equal(s->answer->contact->n_identifiers, LIMIT_EVENT_IDENTIFIERS);
	expect_error_parts(s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "identifiers", CONTACTS,
	    many_parts(s, LIMIT_EVENT_IDENTIFIERS + 1, 1), __FILE__, __LINE__);
	for (int i = 0; i <= LIMIT_EVENT_IDENTIFIERS; i++)
		parts[i] = ID("chat", "same");
	expect_error_parts(
	    s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "identifiers", CONTACTS, parts, __FILE__, __LINE__);
}

static void
test_attributes_limit(struct scene *s)
{
	struct part parts[LIMIT_EVENT_ATTRIBUTES + 3] = { [0] = ID("chat", "v-1") };

	identify_parts(s, CONTACTS, many_parts(s, 1, LIMIT_EVENT_ATTRIBUTES), __FILE__, __LINE__);
	assert_int_equal(s->answer->contact->n_attributes, LIMIT_EVENT_ATTRIBUTES);
	expect_error_parts(s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "attributes", CONTACTS,
	    many_parts(s, 1, LIMIT_EVENT_ATTRIBUTES + 1), __FILE__, __LINE__);
	for (int i = 1; i <= LIMIT_EVENT_ATTRIBUTES + 1; i++)
		parts[i] = NUMBER("SAME", 1);
	expect_error_parts(
	    s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "attributes", CONTACTS, parts, __FILE__, __LINE__);
}

static void
test_attribute_name_not_of_its_form(struct scene *s)
{
	const char *bad[] = { "", "city", "City", "1CITY", "_CITY", "CI TY", "CI-TY", "CITT\xc3\x80",
		repeated(s, 'A', LIMIT_ATTRIBUTE_NAME_BYTES + 1) };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(s, "ATTRIBUTE_INVALID", "attributes[1].name", CONTACTS, ID("chat", "v-1"),
		    TEXT("A", "x"), TEXT(bad[i], "x"));
	identify(s, CONTACTS, ID("chat", "v-1"), TEXT(repeated(s, 'A', LIMIT_ATTRIBUTE_NAME_BYTES), "x"),
	    TEXT("A_9", "x"), TEXT("Z", "x"));
	assert_int_equal(s->answer->contact->n_attributes, 3);
}

static void
test_attribute_value_not_of_its_form(struct scene *s)
{
	const struct part bad[] = { NO_VALUE("A"), NUMBER("A", (double)NAN), NUMBER("A", (double)INFINITY),
		NUMBER("A", -(double)INFINITY), TIME("A", INT64_C(253402300800)),
		TIME("A", INT64_C(-62135596801)), TIME_NANOS("A", 1, -1), TIME_NANOS("A", 1, 1000000000),
		NUMBER("FIRST_NAME", 1), BOOL("LAST_NAME", true), TIME("LAST_NAME", 1),
		NO_VALUE("FIRST_NAME"), TEXT("A", repeated(s, 'x', LIMIT_ATTRIBUTE_STRING_BYTES + 1)) };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(
		    s, "ATTRIBUTE_INVALID", "attributes[0].value", CONTACTS, ID("chat", "v-1"), bad[i]);
}

static void
test_two_values_of_one_attribute(struct scene *s)
{
	expect_invalid(s, "ATTRIBUTE_REPEATED", "attributes[2].value", CONTACTS, ID("chat", "v-1"),
	    TEXT("A", "x"), TEXT("B", "x"), TEXT("A", "y"));
	expect_invalid(s, "ATTRIBUTE_REPEATED", "attributes[1].value", CONTACTS, ID("chat", "v-1"),
	    TEXT("A", "1"), NUMBER("A", 1));
	identify(s, CONTACTS, ID("chat", "v-1"), TEXT("A", "x"), TEXT("A", " x "), TEXT("A", ""),
	    TEXT("FIRST_NAME", "Mario"), TEXT("FIRST_NAME", "null"));
	expect_contact(s, 1, "chat=v-1 A=x FIRST_NAME=Mario");
}

static void
test_first_thing_wrong_is_told(struct scene *s)
{
	expect_invalid(
	    s, "ACCOUNT_INVALID", "account", 0, ACCOUNT("?"), IN(repeated(s, 'c', 129)), TEXT("a", "x"));
	expect_invalid(s, "ENUM_UNKNOWN", "source", 0, IN(repeated(s, 'c', 129)), TEXT("a", "x"));
	expect_invalid(
	    s, "FIELD_INVALID", "conversation", CONTACTS, IN(repeated(s, 'c', 129)), TEXT("a", "x"));
	expect_invalid(s, "IDENTIFIER_MISSING", "identifiers", CONTACTS, TEXT("a", "x"));
	expect_invalid(
	    s, "OBSERVED_AT_INVALID", "observed_at", CONTACTS, TIMESTAMP(-5, 0), ID("x", ""), TEXT("a", "x"));
	expect_invalid(
	    s, "NAMESPACE_UNKNOWN", "identifiers[0].namespace", CONTACTS, ID("x", ""), TEXT("a", "x"));
}

/* A look-up that must be refused. */
static void
expect_no_contact(struct scene *s, const char *code, const char *reason, const char *field,
    const Anagraph__V1__ResolveRequest *request, int line)
{
	uint8_t *bytes = scene_keep(s, malloc(protobuf_c_message_get_packed_size(&request->base) + 1), free);
	size_t size = protobuf_c_message_pack(&request->base, bytes);

	expect_raw(s, methods[1], bytes, size, code, reason, field, line);
}

static void
test_look_up_without_a_key(struct scene *s)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;

	request.account = s->account;
	expect_no_contact(s, "INVALID_ARGUMENT", "KEY_MISSING", "key", &request, __LINE__);
}

static void
test_look_up_of_a_bad_identifier(struct scene *s)
{
	static char strings[][32] = { "", "mail", "email", "rossi", "chat", "null", "phone", "3331234501" };
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;

	request.account = s->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "NAMESPACE_UNKNOWN", "identifier.namespace", &request, __LINE__);
	identifier.namespace_ = strings[1];
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "NAMESPACE_UNKNOWN", "identifier.namespace", &request, __LINE__);
	identifier.namespace_ = strings[2];
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "IDENTIFIER_INVALID", "identifier.value", &request, __LINE__);
	identifier.value = strings[3];
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "IDENTIFIER_INVALID", "identifier.value", &request, __LINE__);
	identifier.namespace_ = strings[4];
	identifier.value = strings[5];
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "IDENTIFIER_BLOCKED", "identifier.value", &request, __LINE__);
	identifier.namespace_ = strings[6];
	identifier.value = strings[7];
	expect_no_contact(
	    s, "INVALID_ARGUMENT", "IDENTIFIER_INVALID", "identifier.value", &request, __LINE__);
}

static void
test_look_up_of_nobody(struct scene *s)
{
	static const uint64_t ids[] = { 0, 2, UINT32_MAX, UINT64_MAX };
	static char strings[][16] = { "chat", "v-2" };
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;

	request.account = s->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request.contact_id = 1;
	expect_no_contact(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", &request, __LINE__);
	identify(s, CONTACTS, ID("chat", "v-1"));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		request.contact_id = ids[i];
		expect_no_contact(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", &request, __LINE__);
	}
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	identifier.namespace_ = strings[0];
	identifier.value = strings[1];
	expect_no_contact(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "identifier", &request, __LINE__);
}

static void
test_methods_that_are_not_there(struct scene *s)
{
	static const char *const paths[] = { SERVICE "Nothing", SERVICE "identify", SERVICE "EraseContacts",
		SERVICE, "/anagraph.v1.Other/Identify", "/anagraph.v2.IdentityService/Identify", "/" };
	size_t size;
	const uint8_t *bytes = encode_event(&size, s, CONTACTS, ID("chat", "v-1"));

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct client_status status = { 0 };
		uint8_t *payload;
		size_t payload_size;

		assert_int_equal(
		    client_call_raw(&payload, &payload_size, &status, s->client, paths[i], bytes, size, 0),
		    CLIENT_E_STATUS);
		assert_string_equal(client_code_name(status.code), "UNIMPLEMENTED");
		expect_totals(s, "0 0 0");
	}
}

/* An event followed by a field nobody knows, of so many bytes in all. */
static uint8_t *
padded_event(struct scene *s, size_t total)
{
	size_t size;
	const uint8_t *event = encode_event(&size, s, CONTACTS, ID("chat", "v-1"));
	uint8_t *bytes = scene_keep(s, malloc(total), free);
	size_t left = total - size - 6;

	memcpy(bytes, event, size);
	bytes[size] = 0xa2;
	bytes[size + 1] = 0x06;
	for (size_t i = 0; i < 4; i++)
		bytes[size + 2 + i] = (uint8_t)((left >> (7 * i) & 0x7f) | (i < 3 ? 0x80 : 0));
	memset(bytes + size + 6, 'p', left);
	return bytes;
}

static void
test_message_limit(struct scene *s)
{
	struct client_status status = { 0 };
	uint8_t *payload = NULL;
	size_t payload_size;

	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client, methods[0],
			     padded_event(s, LIMIT_REQUEST_BYTES), LIMIT_REQUEST_BYTES, 0),
	    0);
	free(payload);
	expect_totals(s, "0 0 1");
	for (size_t method = 0; method < METHODS; method++) {
		expect_raw(s, methods[method], padded_event(s, LIMIT_REQUEST_BYTES + 1),
		    LIMIT_REQUEST_BYTES + 1, "RESOURCE_EXHAUSTED", "", "", __LINE__);
		expect_raw(s, methods[method], padded_event(s, 3 * LIMIT_REQUEST_BYTES),
		    3 * LIMIT_REQUEST_BYTES, "RESOURCE_EXHAUSTED", "", "", __LINE__);
	}
}

/* An event of five fields, and as many unknown ones as make so many in all. */
static void
test_fields_limit(struct scene *s)
{
	struct client_status status = { 0 };
	size_t size;
	const uint8_t *event = encode_event(&size, s, CONTACTS, ID("chat", "v-1"));
	size_t unknown = LIMIT_REQUEST_FIELDS - 5;
	uint8_t *bytes = scene_keep(s, malloc(size + 3 * (unknown + 1)), free);
	uint8_t *payload = NULL;
	size_t payload_size;

	memcpy(bytes, event, size);
	for (size_t i = 0; i <= unknown; i++)
		memcpy(bytes + size + 3 * i, "\xa0\x06\x01", 3);
	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client, methods[0], bytes,
			     size + 3 * unknown, 0),
	    0);
	free(payload);
	expect_raw(s, methods[0], bytes, size + 3 * (unknown + 1), "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "",
	    __LINE__);
}

/* Contacts that agree on nothing become one: more conflicts than any caller takes. The
 * event is stored, so it must be answered, with as many of them as go in. */
static void
test_answer_limit(struct scene *s)
{
	struct part parts[LIMIT_EVENT_ATTRIBUTES + 2];
	struct part all[LIMIT_EVENT_IDENTIFIERS + 1] = { 0 };
	uint64_t contact = 0;
	size_t size;

	for (int i = 0; i < LIMIT_EVENT_IDENTIFIERS; i++) {
		memset(parts, 0, sizeof(parts));
		all[i] = ID("chat", scene_print(s, "v-%d", i));
		parts[0] = all[i];
		for (int j = 0; j < LIMIT_EVENT_ATTRIBUTES; j++)
			parts[j + 1] = TEXT(scene_print(s, "A_%d", j), scene_print(s, "%d %0900d", i, j));
		identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	}
	contact = identify_parts(s, CONTACTS, all, __FILE__, __LINE__);
	size = anagraph__v1__identify_response__get_packed_size(s->answer);
	assert_true(size <= LIMIT_ANSWER_BYTES);
	assert_true(size > LIMIT_ANSWER_BYTES / 2);
	assert_int_equal(s->answer->n_absorbed_contact_ids, LIMIT_EVENT_IDENTIFIERS - 1);
	for (int i = 0; i < LIMIT_EVENT_IDENTIFIERS; i++)
		assert_int_equal(owner(s, "chat", all[i].text), contact);
}

/* The path is metadata too. gRPC may close the connection over it, so this caller has
 * one of its own. */
static void
test_metadata_limit(struct scene *s)
{
	size_t size;
	const uint8_t *bytes = encode_event(&size, s, CONTACTS, ID("chat", "v-1"));
	const char *path = scene_print(s, "/%s", repeated(s, 'm', LIMIT_METADATA_BYTES));
	struct client_status status = { 0 };
	struct client *client;
	uint8_t *payload;
	size_t payload_size;
	int result;

	assert_int_equal(client_create(&client, service_target(s->service)), 0);
	result = client_call_raw(&payload, &payload_size, &status, client, path, bytes, size, 0);
	client_destroy(client);
	assert_int_equal(result, CLIENT_E_STATUS);
	assert_string_equal(client_code_name(status.code), "RESOURCE_EXHAUSTED");
	expect_totals(s, "0 0 0");
}

static void
test_unknown_fields_are_skipped(struct scene *s)
{
	struct client_status status = { 0 };
	uint8_t *payload = NULL;
	size_t payload_size;

	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client, methods[0],
			     padded_event(s, 500), 500, 0),
	    0);
	free(payload);
	expect_contact(s, 1, "chat=v-1");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_N1_bytes_that_are_no_message),
		STOCK_TEST(test_N1_a_message_cut_short),
		STOCK_TEST(test_N1_an_empty_message),
		STOCK_TEST(test_N1_a_message_with_bytes_changed),
		STOCK_TEST(test_N1_bad_utf8_anywhere),
		STOCK_TEST(test_N1_a_nul_in_each_field_of_an_event),
		STOCK_TEST(test_N1_a_nul_in_each_field_of_a_look_up),
		STOCK_TEST(test_account_missing_or_not_of_its_form),
		STOCK_TEST(test_account_limit),
		STOCK_TEST(test_source_not_known),
		STOCK_TEST(test_conversation_limit),
		STOCK_TEST(test_identifier_missing),
		STOCK_TEST(test_namespace_not_known),
		STOCK_TEST(test_identifier_not_of_its_form),
		STOCK_TEST(test_two_values_of_one_personal_namespace),
		STOCK_TEST(test_identifiers_limit),
		STOCK_TEST(test_attributes_limit),
		STOCK_TEST(test_attribute_name_not_of_its_form),
		STOCK_TEST(test_attribute_value_not_of_its_form),
		STOCK_TEST(test_two_values_of_one_attribute),
		STOCK_TEST(test_first_thing_wrong_is_told),
		STOCK_TEST(test_look_up_without_a_key),
		STOCK_TEST(test_look_up_of_a_bad_identifier),
		STOCK_TEST(test_look_up_of_nobody),
		STOCK_TEST(test_methods_that_are_not_there),
		STOCK_TEST(test_message_limit),
		STOCK_TEST(test_fields_limit),
		STOCK_TEST(test_answer_limit),
		STOCK_TEST(test_metadata_limit),
		STOCK_TEST(test_unknown_fields_are_skipped),
	};

	return scene_main(tests);
}
