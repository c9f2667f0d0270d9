/* What gRPC's front makes of bytes before the rules see them, and what it tells of a
 * refusal: every way in which a message can be malformed, NULs by the field they stand
 * in (N1), and the table of statuses with its encoded details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "anagraph/v1/identity.pb-c.h"
#include "server/rpc/request.h"
#include "server/rpc/scan.h"
#include "server/rpc/status.h"
#include "server/wire/wire.h"

/* Fields of the requests, as the contract numbers them. */
enum {
	IDENTIFY_ACCOUNT = 1,
	IDENTIFY_IDENTIFIERS = 3,
	IDENTIFY_ATTRIBUTES = 4,
	IDENTIFY_REQUEST_ID = 6,
	IDENTIFY_CONVERSATION = 7,
	IDENTIFIER_NAMESPACE = 1,
	IDENTIFIER_VALUE = 2,
	IDENTIFIER_GIVEN = 3,
	CLAIM_CONVERSATION = 5,
	ATTRIBUTE_NAME = 1,
	ATTRIBUTE_STRING_VALUE = 2,
	ATTRIBUTE_CLAIM = 6,
	UNKNOWN_FIELD = 1000,
};

static const ProtobufCMessageDescriptor *const IDENTIFY = &anagraph__v1__identify_request__descriptor;
static const ProtobufCMessageDescriptor *const RESOLVE = &anagraph__v1__resolve_request__descriptor;

/* A message under construction: fields are put from the last to the first. */
struct draft {
	struct wire_writer writer;
	uint8_t buffer[4096];
};

static struct wire_writer *
draft_init(struct draft *draft)
{
	wire_writer_init(&draft->writer, draft->buffer, sizeof(draft->buffer));
	return &draft->writer;
}

static int
scan(const ProtobufCMessageDescriptor *descriptor, struct bytes message)
{
	struct scan_nul nul;

	return scan_message(&nul, descriptor, message);
}

/* A message that uses everything the contract has. Returns its size. */
static size_t
pack_full_request(uint8_t buffer[4096])
{
	Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	Anagraph__V1__Claim claim = ANAGRAPH__V1__CLAIM__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Attribute attributes[4] = { ANAGRAPH__V1__ATTRIBUTE__INIT,
		ANAGRAPH__V1__ATTRIBUTE__INIT, ANAGRAPH__V1__ATTRIBUTE__INIT, ANAGRAPH__V1__ATTRIBUTE__INIT };
	Anagraph__V1__Attribute *attribute_list[4];
	Anagraph__V1__Identifier *identifier_list[1] = { &identifier };
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;

	time.seconds = -5;
	time.nanos = 7;
	claim.source = ANAGRAPH__V1__SOURCE__SOURCE_PUSH;
	claim.observed_at = &time;
	claim.conversation = (char *)"t-1";
	identifier.namespace_ = (char *)"email";
	identifier.value = (char *)"r\xc3\xb6ssi@example.it";
	identifier.alias = 1;
	identifier.claim = &claim;
	attributes[0].value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attributes[0].string_value = (char *)"\xe4\xba\xba";
	attributes[1].value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
	attributes[1].number_value = 1.5;
	attributes[2].value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
	attributes[2].bool_value = 1;
	attributes[3].value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE;
	attributes[3].time_value = &time;
	for (size_t i = 0; i < 4; i++) {
		attributes[i].name = (char *)"NAME";
		attribute_list[i] = &attributes[i];
	}
	request.account = (char *)"shop";
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
	request.n_identifiers = 1;
	request.identifiers = identifier_list;
	request.n_attributes = 4;
	request.attributes = attribute_list;
	request.observed_at = &time;
	request.request_id = (char *)"r-1";
	request.conversation = (char *)"t-1";
	request.validate_only = 1;
	assert_true(anagraph__v1__identify_request__get_packed_size(&request) <= 4096);
	return anagraph__v1__identify_request__pack(&request, buffer);
}

static void
test_scan_takes_what_the_contract_has(void **state)
{
	uint8_t buffer[4096];

	(void)state;
	assert_int_equal(scan(IDENTIFY, bytes_of(buffer, pack_full_request(buffer))), 0);
	assert_int_equal(scan(IDENTIFY, bytes_of(NULL, 0)), 0);
}

static void
test_scan_refuses_a_message_cut_anywhere_within_a_field(void **state)
{
	uint8_t buffer[4096];
	size_t size = pack_full_request(buffer);
	struct wire_reader reader;
	struct wire_field field;
	size_t refused = 0;
	size_t whole = 0;

	(void)state;
	for (size_t cut = 1; cut < size; cut++) {
		struct bytes message = bytes_of(buffer, cut);
		bool at_boundary = false;

		wire_reader_init(&reader, bytes_of(buffer, size));
		while (wire_next(&field, &reader) == 0)
			at_boundary |= reader.at == buffer + cut;
		assert_int_equal(scan(IDENTIFY, message), at_boundary ? 0 : SCAN_E_MALFORMED);
		if (at_boundary)
			whole++;
		else
			refused++;
	}
	assert_int_equal(whole, 10);
	assert_true(refused > 100);
}

static void
test_scan_refuses_broken_wire_form(void **state)
{
	static const struct {
		const char *what;
		struct bytes message;
	} cases[] = {
		{ "field number 0", BYTES("\x02\x01x") },
		{ "a field number past 2^29 - 1", BYTES("\x80\x80\x80\x80\x10\x00") },
		{ "a start of a group, known field", BYTES("\x0b\x0c") },
		{ "a start of a group, unknown field", BYTES("\xa3\x3e\xa4\x3e") },
		{ "an end of a group", BYTES("\x0c") },
		{ "wire type 6", BYTES("\x0e\x00") },
		{ "wire type 7", BYTES("\x0f\x00") },
		{ "a tag that does not end", BYTES("\x8a") },
		{ "a varint of 11 bytes", BYTES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
		{ "a varint that does not end", BYTES("\x10\xff\xff") },
		{ "a length past the end", BYTES("\x0a\x05shop") },
		{ "a length of 2^64 - 1", BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x") },
		{ "no length", BYTES("\x0a") },
		{ "a fixed64 of 7 bytes", BYTES("\xa1\x3e\x00\x00\x00\x00\x00\x00\x00") },
		{ "a fixed32 of 3 bytes", BYTES("\xa5\x3e\x00\x00\x00") },
		{ "a length past the end of an inner message", BYTES("\x1a\x03\x0a\x05x\x0a\x01x") },
		{ "text instead of a message", BYTES("hello, is this thing on?") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s\n", cases[i].what);
		assert_int_equal(scan(IDENTIFY, cases[i].message), SCAN_E_MALFORMED);
	}
}

static void
test_scan_refuses_known_fields_of_another_wire_type(void **state)
{
	static const struct bytes messages[] = {
		BYTES("\x08\x01"),                             /* account: varint */
		BYTES("\x12\x01\x01"),                         /* source: length */
		BYTES("\x18\x01"),                             /* identifiers: varint */
		BYTES("\x11\x01\x00\x00\x00\x00\x00\x00\x00"), /* source: fixed64 */
		BYTES("\x3d\x01\x00\x00\x00"),                 /* conversation: fixed32 */
		BYTES("\x1a\x02\x08\x01"),                     /* identifiers[0].namespace: varint */
		BYTES("\x22\x02\x18\x01"),                     /* attributes[0].number_value: varint */
		BYTES("\x42\x01\x01"),                         /* validate_only: length */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_int_equal(scan(IDENTIFY, messages[i]), SCAN_E_MALFORMED);
}

static void
test_N1_scan_refuses_bad_utf8_in_every_string(void **state)
{
	static const struct bytes bad[] = {
		BYTES("\xff"),             /* never a byte of UTF-8 */
		BYTES("\xc3"),             /* cut */
		BYTES("\xc3("),            /* no continuation */
		BYTES("\x80"),             /* a continuation alone */
		BYTES("\xc0\xaf"),         /* overlong */
		BYTES("\xed\xa0\x80"),     /* a surrogate */
		BYTES("\xf4\x90\x80\x80"), /* past U+10FFFF */
		BYTES("a\0\xff"),          /* behind a NUL */
	};
	static const uint32_t fields[] = { IDENTIFY_ACCOUNT, IDENTIFY_REQUEST_ID, IDENTIFY_CONVERSATION };
	struct draft draft;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_writer *writer;
		uint8_t *end;

		for (size_t j = 0; j < sizeof(fields) / sizeof(fields[0]); j++) {
			writer = draft_init(&draft);
			wire_put_bytes(writer, fields[j], bad[i]);
			assert_int_equal(scan(IDENTIFY, wire_written(writer)), SCAN_E_MALFORMED);
		}
		writer = draft_init(&draft);
		end = wire_message_end(writer);
		wire_put_bytes(writer, IDENTIFIER_VALUE, bad[i]);
		wire_message_begin(writer, IDENTIFY_IDENTIFIERS, end);
		assert_int_equal(scan(IDENTIFY, wire_written(writer)), SCAN_E_MALFORMED);
		/* A field that nobody knows is of no type: its bytes are its own. */
		writer = draft_init(&draft);
		wire_put_bytes(writer, UNKNOWN_FIELD, bad[i]);
		assert_int_equal(scan(IDENTIFY, wire_written(writer)), 0);
	}
}

static void
test_scan_skips_unknown_fields_of_every_wire_type(void **state)
{
	struct draft draft;
	struct wire_writer *writer = draft_init(&draft);

	(void)state;
	wire_put_bytes(writer, IDENTIFY_ACCOUNT, BYTES("shop"));
	wire_put_varint(writer, UNKNOWN_FIELD, UINT64_MAX);
	wire_put_double_always(writer, UNKNOWN_FIELD + 1, 1.0);
	wire_put_bytes(writer, UNKNOWN_FIELD + 2, BYTES("\x0a\xff"));
	assert_int_equal(scan(IDENTIFY, wire_written(writer)), 0);
	assert_int_equal(scan(IDENTIFY, BYTES("\xa5\x3e\x00\x00\x00\x00")), 0);
}

/* A message of fields of two bytes each. */
static struct bytes
many_fields(size_t count)
{
	uint8_t *buffer = malloc(count * 2);

	assert_non_null(buffer);
	for (size_t i = 0; i < count; i++)
		memcpy(buffer + i * 2, "\x10\x03", 2);
	return bytes_of(buffer, count * 2);
}

static void
test_scan_bounds_the_number_of_fields(void **state)
{
	struct bytes message = many_fields(LIMIT_REQUEST_FIELDS + 1);

	(void)state;
	assert_int_equal(scan(IDENTIFY, bytes_of(message.data, message.size - 2)), 0);
	assert_int_equal(scan(IDENTIFY, message), SCAN_E_TOO_MANY);
	free((void *)(uintptr_t)message.data);
}

/* A message that may hold itself: none of ours does, which is what makes deep ones
 * harmless. */
extern const ProtobufCMessageDescriptor NEST;
static const ProtobufCFieldDescriptor NEST_FIELDS[] = {
	{ .name = "inner",
	    .id = 1,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_MESSAGE,
	    .descriptor = &NEST },
};
static const ProtobufCIntRange NEST_RANGES[] = { { 1, 0 }, { 0, 1 } };
const ProtobufCMessageDescriptor NEST = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "nest",
	.n_fields = 1,
	.fields = NEST_FIELDS,
	.n_field_ranges = 1,
	.field_ranges = NEST_RANGES,
};

static struct bytes
nest(struct draft *draft, size_t depth)
{
	struct wire_writer *writer = draft_init(draft);
	const uint8_t *end = wire_message_end(writer);

	for (size_t i = 1; i < depth; i++)
		wire_message_begin(writer, 1, end);
	return wire_written(writer);
}

static void
test_scan_bounds_depth(void **state)
{
	struct draft draft;

	(void)state;
	assert_int_equal(scan(&NEST, nest(&draft, SCAN_DEPTH)), 0);
	assert_int_equal(scan(&NEST, nest(&draft, SCAN_DEPTH + 1)), SCAN_E_MALFORMED);
	assert_int_equal(scan(&NEST, nest(&draft, 500)), SCAN_E_MALFORMED);
}

/* Unpacks and expects a rejection. */
static struct rejection
reject(const ProtobufCMessageDescriptor *descriptor, struct bytes message)
{
	struct rejection rejection = { .reason = REASON_NONE };
	ProtobufCMessage *unpacked;
	struct arena arena;

	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	assert_int_equal(
	    request_unpack(&unpacked, &rejection, &arena, descriptor, message), REQUEST_E_REJECTED);
	assert_non_null(rejection.message);
	arena_finish(&arena);
	return rejection;
}

/* A request is at fault only when it took what a call may. */
static void
test_memory_is_told_by_who_ran_out_of_it(void **state)
{
	struct rejection rejection = { .reason = REASON_NONE };
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	assert_int_equal(request_reject_memory(&rejection, &arena), REQUEST_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_OVERLOADED);
	while (arena_alloc(&arena, 64 * 1024) != NULL)
		;
	assert_int_equal(request_reject_memory(&rejection, &arena), REQUEST_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_LIMIT_EXCEEDED);
	arena_finish(&arena);
}

/* An identifier or attribute with a NUL in one of its strings, third in its list. */
static struct bytes
element_with_nul(struct draft *draft, uint32_t list, uint32_t member)
{
	struct wire_writer *writer = draft_init(draft);
	uint8_t *end;

	for (int i = 0; i < 3; i++) {
		end = wire_message_end(writer);
		wire_put_bytes(writer, i == 0 ? member : 1, i == 0 ? BYTES("a\0b") : BYTES("ok"));
		wire_message_begin(writer, list, end);
		wire_put_bytes(writer, IDENTIFY_ACCOUNT, BYTES("shop"));
	}
	return wire_written(writer);
}

static void
test_N1_a_nul_gives_its_fields_reason(void **state)
{
	static const struct {
		uint32_t list; /* 0: a field of the request itself */
		uint32_t member;
		enum reason reason;
		const char *field;
	} cases[] = {
		{ 0, IDENTIFY_ACCOUNT, REASON_ACCOUNT_INVALID, "account" },
		{ 0, IDENTIFY_REQUEST_ID, REASON_FIELD_INVALID, "request_id" },
		{ 0, IDENTIFY_CONVERSATION, REASON_FIELD_INVALID, "conversation" },
		{ IDENTIFY_IDENTIFIERS, IDENTIFIER_NAMESPACE, REASON_NAMESPACE_UNKNOWN,
		    "identifiers[2].namespace" },
		{ IDENTIFY_IDENTIFIERS, IDENTIFIER_VALUE, REASON_IDENTIFIER_INVALID, "identifiers[2].value" },
		{ IDENTIFY_IDENTIFIERS, IDENTIFIER_GIVEN, REASON_IDENTIFIER_INVALID, "identifiers[2].given" },
		{ IDENTIFY_ATTRIBUTES, ATTRIBUTE_NAME, REASON_ATTRIBUTE_INVALID, "attributes[2].name" },
		{ IDENTIFY_ATTRIBUTES, ATTRIBUTE_STRING_VALUE, REASON_ATTRIBUTE_INVALID,
		    "attributes[2].value" },
	};
	struct draft draft;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rejection rejection;

		if (cases[i].list == 0) {
			wire_put_bytes(draft_init(&draft), cases[i].member, BYTES("\0"));
			rejection = reject(IDENTIFY, wire_written(&draft.writer));
		} else {
			rejection =
			    reject(IDENTIFY, element_with_nul(&draft, cases[i].list, cases[i].member));
		}
		assert_int_equal(rejection.reason, cases[i].reason);
		assert_string_equal(rejection.field, cases[i].field);
	}
}

static void
test_N1_a_nul_is_found_in_what_a_look_up_names(void **state)
{
	struct draft draft;
	struct wire_writer *writer = draft_init(&draft);
	uint8_t *end = wire_message_end(writer);
	struct rejection rejection;

	(void)state;
	wire_put_bytes(writer, IDENTIFIER_VALUE, BYTES("v-81\0"));
	wire_message_begin(writer, 2, end);
	rejection = reject(RESOLVE, wire_written(writer));
	assert_int_equal(rejection.reason, REASON_IDENTIFIER_INVALID);
	assert_string_equal(rejection.field, "identifier.value");
}

static void
test_N1_the_first_nul_is_told_but_malformed_bytes_outweigh_it(void **state)
{
	struct draft draft;
	struct wire_writer *writer = draft_init(&draft);
	uint8_t *claim_end;
	uint8_t *end;
	struct rejection rejection;

	(void)state;
	wire_put_bytes(writer, IDENTIFY_CONVERSATION, BYTES("b\0"));
	end = wire_message_end(writer);
	claim_end = wire_message_end(writer);
	wire_put_bytes(writer, CLAIM_CONVERSATION, BYTES("\0a"));
	wire_message_begin(writer, ATTRIBUTE_CLAIM, claim_end);
	wire_message_begin(writer, IDENTIFY_ATTRIBUTES, end);
	rejection = reject(IDENTIFY, wire_written(writer));
	assert_int_equal(rejection.reason, REASON_FIELD_INVALID);
	assert_string_equal(rejection.field, "attributes[0].claim.conversation");
	writer = draft_init(&draft);
	wire_put_bytes(writer, IDENTIFY_CONVERSATION, BYTES("\xff"));
	wire_put_bytes(writer, IDENTIFY_ACCOUNT, BYTES("\0"));
	assert_int_equal(reject(IDENTIFY, wire_written(writer)).reason, REASON_MALFORMED_REQUEST);
}

static void
test_unpack_names_what_is_wrong_with_the_bytes(void **state)
{
	struct bytes message = many_fields(LIMIT_REQUEST_FIELDS + 1);
	struct rejection rejection = reject(IDENTIFY, message);

	(void)state;
	assert_int_equal(rejection.reason, REASON_LIMIT_EXCEEDED);
	free((void *)(uintptr_t)message.data);
	assert_int_equal(reject(IDENTIFY, BYTES("\x0a")).reason, REASON_MALFORMED_REQUEST);
	/* Well-formed as varints go, but protobuf's own reader wants tags of 5 bytes. */
	assert_int_equal(
	    reject(IDENTIFY, BYTES("\x8a\x80\x80\x80\x80\x00\x01x")).reason, REASON_MALFORMED_REQUEST);
}

static void
test_unpack_takes_no_more_than_the_arena_has(void **state)
{
	uint8_t buffer[4096];
	size_t size = pack_full_request(buffer);
	size_t refused = 0;
	int result = REQUEST_E_REJECTED;

	(void)state;
	for (size_t limit_bytes = 0; result != 0; limit_bytes += 16) {
		struct rejection rejection = { .reason = REASON_NONE };
		ProtobufCMessage *unpacked;
		struct arena arena;

		arena_init(&arena, limit_bytes);
		result = request_unpack(&unpacked, &rejection, &arena, IDENTIFY, bytes_of(buffer, size));
		if (result != 0) {
			assert_int_equal(rejection.reason, REASON_LIMIT_EXCEEDED);
			refused++;
		}
		arena_finish(&arena);
	}
	assert_true(refused > 10);
}

static void
test_an_event_is_laid_out_as_it_was_sent(void **state)
{
	struct rejection rejection;
	struct event_input input;
	ProtobufCMessage *unpacked;
	uint8_t buffer[4096];
	size_t size = pack_full_request(buffer);
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	assert_int_equal(request_unpack(&unpacked, &rejection, &arena, IDENTIFY, bytes_of(buffer, size)), 0);
	assert_int_equal(request_event(&input, &arena, (const Anagraph__V1__IdentifyRequest *)unpacked), 0);
	assert_true(bytes_equal(input.account, BYTES("shop")));
	assert_int_equal(input.source, SOURCE_CONTACTS);
	assert_int_equal(input.identifier_count, 1);
	assert_true(bytes_equal(input.identifiers[0].namespace_name, BYTES("email")));
	assert_true(bytes_equal(input.identifiers[0].value, BYTES("r\xc3\xb6ssi@example.it")));
	assert_int_equal(input.attribute_count, 4);
	assert_true(bytes_equal(input.attributes[0].name, BYTES("NAME")));
	assert_int_equal(input.attributes[0].value.type, VALUE_STRING);
	assert_true(bytes_equal(input.attributes[0].value.string, BYTES("\xe4\xba\xba")));
	assert_int_equal(input.attributes[1].value.type, VALUE_NUMBER);
	assert_true(input.attributes[1].value.number == 1.5);
	assert_int_equal(input.attributes[2].value.type, VALUE_BOOL);
	assert_true(input.attributes[2].value.boolean);
	assert_int_equal(input.attributes[3].value.type, VALUE_NONE);
	assert_true(input.attributes[3].time.present);
	assert_int_equal(input.attributes[3].time.seconds, -5);
	assert_true(input.observed_at.present);
	assert_int_equal(input.observed_at.nanos, 7);
	assert_true(bytes_equal(input.conversation, BYTES("t-1")));
	arena_finish(&arena);
}

static void
test_every_reason_has_a_status_and_a_name_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(status_code(REASON_NONE), GRPC_STATUS_OK);
	for (enum reason a = REASON_NONE + 1; a < REASON_COUNT; a++) {
		const char *name = status_reason_name(a);

		assert_int_not_equal(status_code(a), GRPC_STATUS_OK);
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
		for (enum reason b = REASON_NONE; b < a; b++)
			assert_string_not_equal(name, status_reason_name(b));
	}
}

static void
test_statuses_are_those_of_the_contract(void **state)
{
	static const struct {
		enum reason reason;
		grpc_status_code code;
		const char *name;
	} cases[] = {
		{ REASON_MALFORMED_REQUEST, GRPC_STATUS_INVALID_ARGUMENT, "MALFORMED_REQUEST" },
		{ REASON_ACCOUNT_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "ACCOUNT_INVALID" },
		{ REASON_IDENTIFIER_MISSING, GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_MISSING" },
		{ REASON_NAMESPACE_UNKNOWN, GRPC_STATUS_INVALID_ARGUMENT, "NAMESPACE_UNKNOWN" },
		{ REASON_IDENTIFIER_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_INVALID" },
		{ REASON_IDENTIFIER_BLOCKED, GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_BLOCKED" },
		{ REASON_IDENTIFIER_REPEATED, GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_REPEATED" },
		{ REASON_ATTRIBUTE_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "ATTRIBUTE_INVALID" },
		{ REASON_ATTRIBUTE_REPEATED, GRPC_STATUS_INVALID_ARGUMENT, "ATTRIBUTE_REPEATED" },
		{ REASON_OBSERVED_AT_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "OBSERVED_AT_INVALID" },
		{ REASON_ENUM_UNKNOWN, GRPC_STATUS_INVALID_ARGUMENT, "ENUM_UNKNOWN" },
		{ REASON_KEY_MISSING, GRPC_STATUS_INVALID_ARGUMENT, "KEY_MISSING" },
		{ REASON_FIELD_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "FIELD_INVALID" },
		{ REASON_LIMIT_EXCEEDED, GRPC_STATUS_INVALID_ARGUMENT, "LIMIT_EXCEEDED" },
		{ REASON_PAGE_TOKEN_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID" },
		{ REASON_OPERATOR_MISSING, GRPC_STATUS_INVALID_ARGUMENT, "OPERATOR_MISSING" },
		{ REASON_MERGE_INVALID, GRPC_STATUS_INVALID_ARGUMENT, "MERGE_INVALID" },
		{ REASON_SECONDARY_NOT_FOUND, GRPC_STATUS_NOT_FOUND, "SECONDARY_NOT_FOUND" },
		{ REASON_VERSION_MISMATCH, GRPC_STATUS_ABORTED, "VERSION_MISMATCH" },
		{ REASON_IDENTIFIER_OWNED, GRPC_STATUS_FAILED_PRECONDITION, "IDENTIFIER_OWNED" },
		{ REASON_IDENTIFIER_SUPPRESSED, GRPC_STATUS_FAILED_PRECONDITION, "IDENTIFIER_SUPPRESSED" },
		{ REASON_CONTACT_NOT_FOUND, GRPC_STATUS_NOT_FOUND, "CONTACT_NOT_FOUND" },
		{ REASON_CREDENTIALS_MISSING, GRPC_STATUS_UNAUTHENTICATED, "CREDENTIALS_MISSING" },
		{ REASON_ROLE_MISSING, GRPC_STATUS_PERMISSION_DENIED, "ROLE_MISSING" },
		{ REASON_ACCOUNT_FORBIDDEN, GRPC_STATUS_PERMISSION_DENIED, "ACCOUNT_FORBIDDEN" },
		{ REASON_SERVICE_NOT_FOUND, GRPC_STATUS_NOT_FOUND, "SERVICE_NOT_FOUND" },
		{ REASON_REQUEST_ID_REUSED, GRPC_STATUS_FAILED_PRECONDITION, "REQUEST_ID_REUSED" },
		{ REASON_STORE_FULL, GRPC_STATUS_RESOURCE_EXHAUSTED, "STORE_FULL" },
		{ REASON_STORE_FAILED, GRPC_STATUS_UNAVAILABLE, "STORE_FAILED" },
		{ REASON_RECORD_DAMAGED, GRPC_STATUS_DATA_LOSS, "RECORD_DAMAGED" },
		{ REASON_DRAINING, GRPC_STATUS_UNAVAILABLE, "DRAINING" },
		{ REASON_OVERLOADED, GRPC_STATUS_UNAVAILABLE, "OVERLOADED" },
		{ REASON_DEADLINE_PASSED, GRPC_STATUS_DEADLINE_EXCEEDED, "DEADLINE_PASSED" },
		{ REASON_UNIMPLEMENTED, GRPC_STATUS_UNIMPLEMENTED, "UNIMPLEMENTED" },
		{ REASON_INTERNAL, GRPC_STATUS_INTERNAL, "INTERNAL" },
	};

	(void)state;
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), REASON_COUNT - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(status_code(cases[i].reason), cases[i].code);
		assert_string_equal(status_reason_name(cases[i].reason), cases[i].name);
	}
}

/* The one field of a number in a message, which has to be there exactly once. */
static struct wire_field
only_field(struct bytes message, uint32_t number)
{
	struct wire_reader reader;
	struct wire_field field;
	struct wire_field found = { 0 };
	int count = 0;
	int result;

	wire_reader_init(&reader, message);
	while ((result = wire_next(&field, &reader)) == 0) {
		if (field.number == number) {
			found = field;
			count++;
		}
	}
	assert_int_equal(result, WIRE_E_END);
	assert_int_equal(count, 1);
	return found;
}

static void
test_details_say_reason_domain_and_field(void **state)
{
	const struct rejection rejection = {
		.reason = REASON_IDENTIFIER_BLOCKED,
		.field = "identifiers[63].value",
		.message = "No.",
	};
	uint8_t buffer[STATUS_DETAILS_BYTES];
	struct bytes status = status_encode_details(buffer, &rejection);
	struct bytes any = only_field(status, 3).bytes;
	struct bytes info = only_field(any, 2).bytes;
	struct bytes entry = only_field(info, 3).bytes;

	(void)state;
	assert_int_equal(only_field(status, 1).varint, GRPC_STATUS_INVALID_ARGUMENT);
	assert_true(bytes_equal(only_field(status, 2).bytes, BYTES("No.")));
	assert_true(bytes_equal(only_field(any, 1).bytes, BYTES("type.googleapis.com/google.rpc.ErrorInfo")));
	assert_true(bytes_equal(only_field(info, 1).bytes, BYTES("IDENTIFIER_BLOCKED")));
	assert_true(bytes_equal(only_field(info, 2).bytes, BYTES("anagraph")));
	assert_true(bytes_equal(only_field(entry, 1).bytes, BYTES("field")));
	assert_true(bytes_equal(only_field(entry, 2).bytes, BYTES("identifiers[63].value")));
}

static void
test_details_without_a_field_have_no_metadata(void **state)
{
	const struct rejection rejection = { .reason = REASON_DRAINING };
	uint8_t buffer[STATUS_DETAILS_BYTES];
	struct bytes status = status_encode_details(buffer, &rejection);
	struct bytes info = only_field(only_field(status, 3).bytes, 2).bytes;
	struct wire_reader reader;
	struct wire_field field;

	(void)state;
	assert_string_equal(status_message(&rejection), "");
	wire_reader_init(&reader, info);
	while (wire_next(&field, &reader) == 0)
		assert_true(field.number == 1 || field.number == 2);
	assert_true(bytes_equal(only_field(info, 1).bytes, BYTES("DRAINING")));
}

static void
test_details_fit_whatever_the_message(void **state)
{
	char message[2 * STATUS_DETAILS_BYTES];
	struct rejection rejection = { .reason = REASON_INTERNAL, .message = message };
	uint8_t buffer[STATUS_DETAILS_BYTES];
	struct bytes status;

	(void)state;
	memset(message, 'x', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	memset(rejection.field, 'f', sizeof(rejection.field) - 1);
	status = status_encode_details(buffer, &rejection);
	assert_int_equal(only_field(status, 1).varint, GRPC_STATUS_INTERNAL);
	assert_true(only_field(status, 3).bytes.size > sizeof(rejection.field));
}

/* Every reason as the error of one of many, held against the generated code. */
static void
test_call_errors_say_what_details_say(void **state)
{
	char message[2 * STATUS_CALL_ERROR_BYTES];
	uint8_t buffer[STATUS_CALL_ERROR_BYTES];

	(void)state;
	memset(message, 'x', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		struct rejection rejection = { .reason = reason, .message = "No." };
		struct bytes encoded;
		Anagraph__V1__CallError *error;

		memset(rejection.field, 'f', sizeof(rejection.field) - 1);
		encoded = only_field(status_encode_call_error(buffer, 2, &rejection), 2).bytes;
		error = anagraph__v1__call_error__unpack(NULL, encoded.size, encoded.data);
		assert_non_null(error);
		assert_int_equal(error->code, status_code(reason));
		assert_string_equal(error->reason, status_reason_name(reason));
		assert_string_equal(error->message, "No.");
		assert_string_equal(error->field, rejection.field);
		anagraph__v1__call_error__free_unpacked(error, NULL);

		/* A message too long for it is left out. */
		rejection.message = message;
		encoded = only_field(status_encode_call_error(buffer, 2, &rejection), 2).bytes;
		error = anagraph__v1__call_error__unpack(NULL, encoded.size, encoded.data);
		assert_non_null(error);
		assert_string_equal(error->message, "");
		assert_string_equal(error->reason, status_reason_name(reason));
		anagraph__v1__call_error__free_unpacked(error, NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_takes_what_the_contract_has),
		cmocka_unit_test(test_scan_refuses_a_message_cut_anywhere_within_a_field),
		cmocka_unit_test(test_scan_refuses_broken_wire_form),
		cmocka_unit_test(test_scan_refuses_known_fields_of_another_wire_type),
		cmocka_unit_test(test_N1_scan_refuses_bad_utf8_in_every_string),
		cmocka_unit_test(test_scan_skips_unknown_fields_of_every_wire_type),
		cmocka_unit_test(test_scan_bounds_the_number_of_fields),
		cmocka_unit_test(test_scan_bounds_depth),
		cmocka_unit_test(test_memory_is_told_by_who_ran_out_of_it),
		cmocka_unit_test(test_N1_a_nul_gives_its_fields_reason),
		cmocka_unit_test(test_N1_a_nul_is_found_in_what_a_look_up_names),
		cmocka_unit_test(test_N1_the_first_nul_is_told_but_malformed_bytes_outweigh_it),
		cmocka_unit_test(test_unpack_names_what_is_wrong_with_the_bytes),
		cmocka_unit_test(test_unpack_takes_no_more_than_the_arena_has),
		cmocka_unit_test(test_an_event_is_laid_out_as_it_was_sent),
		cmocka_unit_test(test_every_reason_has_a_status_and_a_name_of_its_own),
		cmocka_unit_test(test_statuses_are_those_of_the_contract),
		cmocka_unit_test(test_details_say_reason_domain_and_field),
		cmocka_unit_test(test_details_without_a_field_have_no_metadata),
		cmocka_unit_test(test_details_fit_whatever_the_message),
		cmocka_unit_test(test_call_errors_say_what_details_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
