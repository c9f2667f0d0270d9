/* gRPC's server reflection, v1 and v1alpha: what is served here, for tools that have no
 * .proto. The two differ in their package alone, so one reader serves both. One request
 * is answered at a time, in order; what cannot be answered is told in the answer, and
 * only bytes that are no request end the stream. */
#include <assert.h>
#include <grpc/byte_buffer.h>

#include "grpc/reflection/v1/reflection.pb-c.h"
#include "server/rpc/descriptors.h"
#include "server/rpc/method.h"
#include "server/rpc/request.h"
#include "server/rpc/stream.h"
#include "server/wire/wire.h"

/* Fields of ServerReflectionResponse and of the messages in it. */
enum {
	RESPONSE_VALID_HOST = 1,
	RESPONSE_ORIGINAL_REQUEST = 2,
	RESPONSE_FILE_DESCRIPTOR = 4,
	RESPONSE_LIST_SERVICES = 6,
	RESPONSE_ERROR = 7,
	FILE_DESCRIPTOR_PROTO = 1,
	LIST_SERVICE = 1,
	SERVICE_NAME = 1,
	ERROR_CODE = 1,
	ERROR_MESSAGE = 2,
};

enum { FRAME_BYTES = 512 }; /* an answer's tags and lengths, and its longest error */

static void
put_error(struct wire_writer *writer, grpc_status_code code, struct bytes message)
{
	const uint8_t *end = wire_message_end(writer);

	wire_put_bytes(writer, ERROR_MESSAGE, message);
	wire_put_varint(writer, ERROR_CODE, (uint64_t)code);
	wire_message_begin(writer, RESPONSE_ERROR, end);
}

static void
put_services(struct wire_writer *writer)
{
	const uint8_t *end = wire_message_end(writer);

	for (size_t i = DESCRIPTOR_SERVICE_COUNT; i > 0; i--) {
		const uint8_t *service_end = wire_message_end(writer);

		wire_put_bytes(writer, SERVICE_NAME, bytes_of_string(DESCRIPTOR_SERVICES[i - 1]));
		wire_message_begin(writer, LIST_SERVICE, service_end);
	}
	wire_message_begin(writer, RESPONSE_LIST_SERVICES, end);
}

static void
put_file(struct wire_writer *writer, const struct descriptor_file *file)
{
	const uint8_t *end = wire_message_end(writer);

	for (size_t i = file->needed_count; i > 0; i--) {
		const struct descriptor_file *needed = &DESCRIPTOR_FILES[file->needed[i - 1]];

		wire_put_bytes_always(writer, FILE_DESCRIPTOR_PROTO, bytes_of(needed->data, needed->size));
	}
	wire_message_begin(writer, RESPONSE_FILE_DESCRIPTOR, end);
}

/* The file of a name; NULL when there is none. */
static const struct descriptor_file *
file_named(struct bytes name)
{
	for (size_t i = 0; i < DESCRIPTOR_FILE_COUNT; i++) {
		if (bytes_equal(name, bytes_of_string(DESCRIPTOR_FILES[i].name)))
			return &DESCRIPTOR_FILES[i];
	}
	return NULL;
}

/* The file that declares a symbol; NULL when none does. */
static const struct descriptor_file *
file_declaring(struct bytes symbol)
{
	size_t low = 0;
	size_t high = DESCRIPTOR_SYMBOL_COUNT;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct descriptor_symbol *candidate = &DESCRIPTOR_SYMBOLS[middle];
		int order = bytes_compare(symbol, bytes_of_string(candidate->name));

		if (order == 0)
			return &DESCRIPTOR_FILES[candidate->file];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void
put_found(struct wire_writer *writer, const struct descriptor_file *file, struct bytes otherwise)
{
	if (file != NULL)
		put_file(writer, file);
	else
		put_error(writer, GRPC_STATUS_NOT_FOUND, otherwise);
}

/* None of the files declares an extension, or can be extended: they are proto3. */
static void
put_answer(struct wire_writer *writer, const Grpc__Reflection__V1__ServerReflectionRequest *request)
{
	switch (request->message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		put_found(writer, file_named(request_string(request->file_by_filename)),
		    BYTES("There is no file of that name."));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		put_found(writer, file_declaring(request_string(request->file_containing_symbol)),
		    BYTES("There is no symbol of that name."));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
		put_error(writer, GRPC_STATUS_NOT_FOUND, BYTES("There is no such extension."));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
		put_error(writer, GRPC_STATUS_UNIMPLEMENTED, BYTES("No message here can be extended."));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
		put_services(writer);
		break;
	default:
		put_error(writer, GRPC_STATUS_INVALID_ARGUMENT, BYTES("The request asks for nothing."));
		break;
	}
}

/* No answer has more than every file and every service's name. */
static size_t
room_for(struct bytes raw)
{
	/* The request comes back whole, and its host once more. */
	size_t room = 2 * raw.size + FRAME_BYTES;

	for (size_t i = 0; i < DESCRIPTOR_FILE_COUNT; i++)
		room += DESCRIPTOR_FILES[i].size + WIRE_PREFIX_BYTES;
	for (size_t i = 0; i < DESCRIPTOR_SERVICE_COUNT; i++)
		room += strlen(DESCRIPTOR_SERVICES[i]) + (size_t)2 * WIRE_PREFIX_BYTES;
	return room;
}

static grpc_slice
encode(const Grpc__Reflection__V1__ServerReflectionRequest *request, struct bytes raw)
{
	size_t room = room_for(raw);
	grpc_slice slice = grpc_slice_malloc(room);
	struct wire_writer writer;
	grpc_slice message;

	wire_writer_init(&writer, GRPC_SLICE_START_PTR(slice), room);
	put_answer(&writer, request);
	wire_put_bytes_always(&writer, RESPONSE_ORIGINAL_REQUEST, raw);
	wire_put_bytes(&writer, RESPONSE_VALID_HOST, request_string(request->host));
	assert(!writer.full);
	message = grpc_slice_split_tail(&slice, room - wire_written(&writer).size);
	grpc_slice_unref(slice);
	return message;
}

void
reflection_handle(struct call *call)
{
	if (atomic_load(&call->queue->rpc->ending))
		stream_end(call, stream_draining(), NULL);
	else
		stream_step(call, NULL, true);
}

/* A request has come, or the caller has no more of them, or is gone. */
void
reflection_step(struct call *call, bool ok)
{
	struct rejection rejection;
	ProtobufCMessage *message;
	grpc_slice answer;
	struct bytes raw;
	int result;

	if (!ok || call->payload == NULL) {
		stream_end(call, NULL, NULL);
		return;
	}
	result = call_payload(&raw, &rejection, call);
	if (result == 0)
		result = request_unpack(&message, &rejection, &call->queue->scratch,
		    &grpc__reflection__v1__server_reflection_request__descriptor, raw);
	if (result != 0) {
		stream_end(call, &rejection, NULL);
		return;
	}
	answer = encode((const Grpc__Reflection__V1__ServerReflectionRequest *)message, raw);
	grpc_byte_buffer_destroy(call->payload);
	call->payload = NULL;
	stream_step(call, &answer, true);
}

void
reflection_stop(struct call *call)
{
	stream_end(call, stream_draining(), NULL);
}
