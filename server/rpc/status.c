/* The reasons' names and statuses are a contract with callers: an entry may be added,
 * none changed. The details are encoded by hand because google.rpc's messages belong
 * to no package that anagraph.v1 imports. */
#include "server/rpc/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/wire/wire.h"

/* Fields of google.rpc.Status, google.protobuf.Any, google.rpc.ErrorInfo and of an
 * entry of its map. */
enum {
	STATUS_CODE = 1,
	STATUS_MESSAGE = 2,
	STATUS_DETAILS = 3,
	ANY_TYPE_URL = 1,
	ANY_VALUE = 2,
	ERROR_INFO_REASON = 1,
	ERROR_INFO_DOMAIN = 2,
	ERROR_INFO_METADATA = 3,
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2,
};

/* Fields of anagraph.v1.CallError. */
enum {
	CALL_ERROR_CODE = 1,
	CALL_ERROR_REASON = 2,
	CALL_ERROR_MESSAGE = 3,
	CALL_ERROR_FIELD = 4,
};

struct meaning {
	grpc_status_code code;
	const char *name;
};

static const struct meaning MEANINGS[REASON_COUNT] = {
	[REASON_NONE] = { GRPC_STATUS_OK, "" },
	[REASON_MALFORMED_REQUEST] = { GRPC_STATUS_INVALID_ARGUMENT, "MALFORMED_REQUEST" },
	[REASON_ACCOUNT_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "ACCOUNT_INVALID" },
	[REASON_IDENTIFIER_MISSING] = { GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_MISSING" },
	[REASON_NAMESPACE_UNKNOWN] = { GRPC_STATUS_INVALID_ARGUMENT, "NAMESPACE_UNKNOWN" },
	[REASON_IDENTIFIER_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_INVALID" },
	[REASON_IDENTIFIER_BLOCKED] = { GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_BLOCKED" },
	[REASON_IDENTIFIER_REPEATED] = { GRPC_STATUS_INVALID_ARGUMENT, "IDENTIFIER_REPEATED" },
	[REASON_ATTRIBUTE_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "ATTRIBUTE_INVALID" },
	[REASON_ATTRIBUTE_REPEATED] = { GRPC_STATUS_INVALID_ARGUMENT, "ATTRIBUTE_REPEATED" },
	[REASON_OBSERVED_AT_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "OBSERVED_AT_INVALID" },
	[REASON_ENUM_UNKNOWN] = { GRPC_STATUS_INVALID_ARGUMENT, "ENUM_UNKNOWN" },
	[REASON_KEY_MISSING] = { GRPC_STATUS_INVALID_ARGUMENT, "KEY_MISSING" },
	[REASON_FIELD_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "FIELD_INVALID" },
	[REASON_LIMIT_EXCEEDED] = { GRPC_STATUS_INVALID_ARGUMENT, "LIMIT_EXCEEDED" },
	[REASON_PAGE_TOKEN_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID" },
	[REASON_OPERATOR_MISSING] = { GRPC_STATUS_INVALID_ARGUMENT, "OPERATOR_MISSING" },
	[REASON_MERGE_INVALID] = { GRPC_STATUS_INVALID_ARGUMENT, "MERGE_INVALID" },
	[REASON_CONTACT_NOT_FOUND] = { GRPC_STATUS_NOT_FOUND, "CONTACT_NOT_FOUND" },
	[REASON_SECONDARY_NOT_FOUND] = { GRPC_STATUS_NOT_FOUND, "SECONDARY_NOT_FOUND" },
	[REASON_VERSION_MISMATCH] = { GRPC_STATUS_ABORTED, "VERSION_MISMATCH" },
	[REASON_IDENTIFIER_OWNED] = { GRPC_STATUS_FAILED_PRECONDITION, "IDENTIFIER_OWNED" },
	[REASON_IDENTIFIER_SUPPRESSED] = { GRPC_STATUS_FAILED_PRECONDITION, "IDENTIFIER_SUPPRESSED" },
	[REASON_CREDENTIALS_MISSING] = { GRPC_STATUS_UNAUTHENTICATED, "CREDENTIALS_MISSING" },
	[REASON_ROLE_MISSING] = { GRPC_STATUS_PERMISSION_DENIED, "ROLE_MISSING" },
	[REASON_ACCOUNT_FORBIDDEN] = { GRPC_STATUS_PERMISSION_DENIED, "ACCOUNT_FORBIDDEN" },
	[REASON_SERVICE_NOT_FOUND] = { GRPC_STATUS_NOT_FOUND, "SERVICE_NOT_FOUND" },
	[REASON_REQUEST_ID_REUSED] = { GRPC_STATUS_FAILED_PRECONDITION, "REQUEST_ID_REUSED" },
	[REASON_STORE_FULL] = { GRPC_STATUS_RESOURCE_EXHAUSTED, "STORE_FULL" },
	[REASON_STORE_FAILED] = { GRPC_STATUS_UNAVAILABLE, "STORE_FAILED" },
	[REASON_RECORD_DAMAGED] = { GRPC_STATUS_DATA_LOSS, "RECORD_DAMAGED" },
	[REASON_DRAINING] = { GRPC_STATUS_UNAVAILABLE, "DRAINING" },
	[REASON_OVERLOADED] = { GRPC_STATUS_UNAVAILABLE, "OVERLOADED" },
	[REASON_DEADLINE_PASSED] = { GRPC_STATUS_DEADLINE_EXCEEDED, "DEADLINE_PASSED" },
	[REASON_UNIMPLEMENTED] = { GRPC_STATUS_UNIMPLEMENTED, "UNIMPLEMENTED" },
	[REASON_INTERNAL] = { GRPC_STATUS_INTERNAL, "INTERNAL" },
};

/* A reason without an entry would reach callers as OK: it is an internal error. */
static const struct meaning *
meaning_of(enum reason reason)
{
	if (reason < REASON_NONE || reason >= REASON_COUNT || MEANINGS[reason].name == NULL)
		return &MEANINGS[REASON_INTERNAL];
	return &MEANINGS[reason];
}

grpc_status_code
status_code(enum reason reason)
{
	return meaning_of(reason)->code;
}

const char *
status_reason_name(enum reason reason)
{
	return meaning_of(reason)->name;
}

const char *
status_message(const struct rejection *rejection)
{
	return rejection->message != NULL ? rejection->message : "";
}

static void
put_metadata(struct wire_writer *writer, struct bytes key, const char *value)
{
	uint8_t *entry_end = wire_message_end(writer);

	wire_put_bytes_always(writer, ENTRY_VALUE, bytes_of_string(value));
	wire_put_bytes_always(writer, ENTRY_KEY, key);
	wire_message_begin(writer, ERROR_INFO_METADATA, entry_end);
}

static void
put_error_info(struct wire_writer *writer, const struct rejection *rejection)
{
	const char *name = status_reason_name(rejection->reason);
	char digits[24];

	if (rejection->owner_contact_id != 0) {
		snprintf(digits, sizeof(digits), "%" PRIu64, rejection->owner_contact_id);
		put_metadata(writer, BYTES("owner_contact_id"), digits);
	}
	if (rejection->field[0] != '\0')
		put_metadata(writer, BYTES("field"), rejection->field);
	wire_put_bytes_always(writer, ERROR_INFO_DOMAIN, BYTES("anagraph"));
	wire_put_bytes_always(writer, ERROR_INFO_REASON, bytes_of_string(name));
}

static struct bytes
encode(uint8_t *buffer, size_t size_bytes, const struct rejection *rejection, const char *message)
{
	struct wire_writer writer;
	uint8_t *any_end;
	uint8_t *value_end;

	wire_writer_init(&writer, buffer, size_bytes);
	any_end = wire_message_end(&writer);
	value_end = wire_message_end(&writer);
	put_error_info(&writer, rejection);
	wire_message_begin(&writer, ANY_VALUE, value_end);
	wire_put_bytes_always(&writer, ANY_TYPE_URL, BYTES("type.googleapis.com/google.rpc.ErrorInfo"));
	wire_message_begin(&writer, STATUS_DETAILS, any_end);
	wire_put_bytes(&writer, STATUS_MESSAGE, bytes_of_string(message));
	wire_put_varint(&writer, STATUS_CODE, (uint64_t)status_code(rejection->reason));
	return writer.full ? (struct bytes){ NULL, 0 } : wire_written(&writer);
}

struct bytes
status_encode_details(uint8_t buffer[STATUS_DETAILS_BYTES], const struct rejection *rejection)
{
	struct bytes details = encode(buffer, STATUS_DETAILS_BYTES, rejection, status_message(rejection));

	if (details.size == 0)
		details = encode(buffer, STATUS_DETAILS_BYTES, rejection, "");
	return details;
}

struct bytes
status_encode_call_error(
    uint8_t buffer[STATUS_CALL_ERROR_BYTES], uint32_t field, const struct rejection *rejection)
{
	struct bytes message = bytes_of_string(status_message(rejection));
	struct wire_writer writer;
	uint8_t *end;

	if (message.size > STATUS_CALL_ERROR_BYTES / 2)
		message.size = 0;
	wire_writer_init(&writer, buffer, STATUS_CALL_ERROR_BYTES);
	end = wire_message_end(&writer);
	wire_put_bytes(&writer, CALL_ERROR_FIELD, bytes_of_string(rejection->field));
	wire_put_bytes(&writer, CALL_ERROR_MESSAGE, message);
	wire_put_bytes(&writer, CALL_ERROR_REASON, bytes_of_string(status_reason_name(rejection->reason)));
	wire_put_varint(&writer, CALL_ERROR_CODE, (uint64_t)status_code(rejection->reason));
	wire_message_begin(&writer, field, end);
	return wire_written(&writer);
}
