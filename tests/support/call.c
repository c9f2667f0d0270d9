/* Every answer is looked at as a call of its own words would look at it: its status, its
 * transaction, and that a refusal has changed nothing. */
#include "tests/support/call.h"

#include <stdlib.h>

/* A message with what it takes to free it. */
struct answer {
	ProtobufCMessage *message;
};

static void
release(void *memory)
{
	struct answer *answer = memory;

	protobuf_c_message_free_unpacked(answer->message, NULL);
	free(answer);
}

static uint8_t *
pack(size_t *size, const ProtobufCMessage *message)
{
	uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);

	assert_non_null(bytes);
	*size = protobuf_c_message_pack(message, bytes);
	return bytes;
}

void *
call_at(struct scene *s, const char *method, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *descriptor, const char *file, int line)
{
	struct client_status status = { 0 };
	struct answer *answer = malloc(sizeof(*answer));
	uint8_t *payload = NULL;
	size_t payload_size;
	size_t size;
	uint8_t *bytes = pack(&size, request);
	int result = client_call_raw(&payload, &payload_size, &status, s->client, method, bytes, size, 0);

	free(bytes);
	assert_non_null(answer);
	if (result == CLIENT_E_STATUS)
		print_error("the call was refused: %s %s %s: %s\n", client_code_name(status.code),
		    status.reason, status.field, status.message);
	expect_same_at(result, 0, file, line);
	_assert_true(status.txn > 0, "status.txn > 0", file, line);
	answer->message = protobuf_c_message_unpack(descriptor, NULL, payload_size, payload);
	free(payload);
	_assert_true(answer->message != NULL, "the answer is a message of its type", file, line);
	scene_keep(s, answer, release);
	return answer->message;
}

void
expect_bytes_refused_at(struct scene *s, const char *code, const char *reason, const char *field,
    const char *method, const uint8_t *bytes, size_t size, const char *file, int line)
{
	struct client_status status = { 0 };
	char *before = totals_text(s);
	uint64_t revision = count_at(s, file, line)->revision;
	uint8_t *payload = NULL;
	size_t payload_size;

	expect_same_at(client_call_raw(&payload, &payload_size, &status, s->client, method, bytes, size, 0),
	    CLIENT_E_STATUS, file, line);
	expect_status(&status, code, reason, field, file, line);
	_assert_string_equal(totals_text(s), before, file, line);
	expect_same_at(count_at(s, file, line)->revision, revision, file, line);
}

void
expect_refused_at(struct scene *s, const char *code, const char *reason, const char *field,
    const char *method, const ProtobufCMessage *request, const char *file, int line)
{
	size_t size;
	uint8_t *bytes = pack(&size, request);

	expect_bytes_refused_at(s, code, reason, field, method, bytes, size, file, line);
	free(bytes);
}
