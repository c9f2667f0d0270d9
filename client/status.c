/* An error's details come from the network, so nothing in them is trusted: every
 * string is cut to its place at the end of a character and cleared of control
 * characters, for it will be shown on somebody's terminal. */
#include "client/status.h"

#include <string.h>

#include "server/wire/wire.h"

/* Fields of google.rpc.Status, google.protobuf.Any, google.rpc.ErrorInfo and of an
 * entry of its map. */
enum {
	STATUS_DETAILS = 3,
	ANY_TYPE_URL = 1,
	ANY_VALUE = 2,
	ERROR_INFO_REASON = 1,
	ERROR_INFO_DOMAIN = 2,
	ERROR_INFO_METADATA = 3,
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2,
};

static const char *const CODE_NAMES[] = { "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
	"DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED" };

const char *
client_code_name(int code)
{
	if (code < 0 || (size_t)code >= sizeof(CODE_NAMES) / sizeof(CODE_NAMES[0]))
		return "UNKNOWN";
	return CODE_NAMES[code];
}

static void
copy_text(char *out, size_t room, struct bytes text)
{
	size_t size = text.size < room ? text.size : room - 1;

	if (size < text.size) {
		while (size > 0 && (text.data[size] & 0xc0) == 0x80)
			size--;
	}
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = text.data[i];

		out[i] = byte < 0x20 || byte == 0x7f ? ' ' : (char)byte;
	}
	out[size] = '\0';
}

static struct bytes
slice_bytes(const grpc_slice *slice)
{
	return bytes_of(GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
}

/* The last value of a field of bytes, as protobuf has it; empty when it isn't there. */
static struct bytes
find_bytes(struct bytes message, uint32_t number)
{
	struct bytes found = { NULL, 0 };
	struct wire_reader reader;
	struct wire_field field;

	wire_reader_init(&reader, message);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == number && field.type == WIRE_LENGTH)
			found = field.bytes;
	}
	return found;
}

static bool
is_error_info(struct bytes type_url)
{
	const struct bytes name = BYTES("/google.rpc.ErrorInfo");

	return type_url.size >= name.size &&
	    memcmp(type_url.data + type_url.size - name.size, name.data, name.size) == 0;
}

/* A decimal number; 0 for anything else. */
static uint64_t
read_number(struct bytes text)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.size; i++) {
		uint64_t digit = (uint64_t)text.data[i] - '0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

static void
read_metadata(struct client_status *status, struct bytes entry)
{
	struct bytes key = find_bytes(entry, ENTRY_KEY);
	struct bytes value = find_bytes(entry, ENTRY_VALUE);

	if (bytes_equal(key, BYTES("field")))
		copy_text(status->field, sizeof(status->field), value);
	else if (bytes_equal(key, BYTES("owner_contact_id")))
		status->owner_contact_id = read_number(value);
}

static void
read_error_info(struct client_status *status, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;

	copy_text(status->reason, sizeof(status->reason), find_bytes(message, ERROR_INFO_REASON));
	copy_text(status->domain, sizeof(status->domain), find_bytes(message, ERROR_INFO_DOMAIN));
	wire_reader_init(&reader, message);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == ERROR_INFO_METADATA && field.type == WIRE_LENGTH)
			read_metadata(status, field.bytes);
	}
}

/* Reads the first ErrorInfo of a google.rpc.Status. */
static void
read_details(struct client_status *status, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;

	wire_reader_init(&reader, message);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == STATUS_DETAILS && field.type == WIRE_LENGTH &&
		    is_error_info(find_bytes(field.bytes, ANY_TYPE_URL))) {
			read_error_info(status, find_bytes(field.bytes, ANY_VALUE));
			return;
		}
	}
}

void
client_status_set(struct client_status *status, int code, const char *message)
{
	*status = (struct client_status){ .code = code };
	copy_text(status->message, sizeof(status->message), bytes_of_string(message));
}

void
client_status_read(struct client_status *status, grpc_status_code code, grpc_slice details,
    const grpc_metadata_array *trailing)
{
	*status = (struct client_status){ .code = (int)code };
	copy_text(status->message, sizeof(status->message), slice_bytes(&details));
	for (size_t i = 0; i < trailing->count; i++) {
		struct bytes key = slice_bytes(&trailing->metadata[i].key);
		struct bytes value = slice_bytes(&trailing->metadata[i].value);

		if (bytes_equal(key, BYTES("grpc-status-details-bin")))
			read_details(status, value);
		else if (bytes_equal(key, BYTES("anagraph-txn")))
			status->txn = read_number(value);
	}
}
