/* One channel and one completion queue: every call is a single batch whose tag is
 * the call itself, so a completion needs no look-up. Whoever waits moves what
 * completes to the list of finished calls; a waiting caller takes its own from
 * there and leaves the others for client_next.
 *
 * What always holds: a call is on exactly one of the two lists from its start
 * until it is freed, and the queue is shut down only when none is in flight. */
#include "client/client.h"

#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <stdlib.h>
#include <string.h>

#include "client/status.h"

enum { RECONNECT_FIRST_MS = 100, RECONNECT_MOST_MS = 2000 };

struct link {
	struct link *before;
	struct link *after;
};

struct call {
	struct link link; /* first, so that a link is its call */
	grpc_call *handle;
	void *tag;
	bool finished;
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_byte_buffer *response;
	grpc_status_code code;
	grpc_slice details;
};

struct client {
	grpc_completion_queue *queue;
	grpc_channel *channel;
	void *methods[CLIENT_METHOD_COUNT];
	struct link flying;
	struct link finished; /* oldest first */
	bool watched;         /* the connection's state changed, or the time to watch it passed */
	grpc_slice answer;    /* what the last client_answer borrows from */
};

static const char *const METHOD_PATHS[CLIENT_METHOD_COUNT] = {
	[CLIENT_IDENTIFY] = "/anagraph.v1.IdentityService/Identify",
	[CLIENT_RESOLVE] = "/anagraph.v1.IdentityService/Resolve",
	[CLIENT_COUNT_CONTACTS] = "/anagraph.v1.IdentityService/CountContacts",
};

static void
list_init(struct link *list)
{
	list->before = list;
	list->after = list;
}

static void
list_append(struct link *list, struct link *link)
{
	link->before = list->before;
	link->after = list;
	list->before->after = link;
	list->before = link;
}

static void
list_remove(struct link *link)
{
	link->before->after = link->after;
	link->after->before = link->before;
}

static gpr_timespec
deadline_in(int64_t timeout_ms)
{
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
}

bool
client_target_valid(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t host_size = colon != NULL ? (size_t)(colon - text) : 0;
	bool bracketed = host_size > 2 && text[0] == '[' && colon[-1] == ']';
	unsigned port = 0;

	if (host_size == 0 || (memchr(text, ':', host_size) != NULL && !bracketed))
		return false;
	for (const char *digit = colon + 1; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9' || port > UINT16_MAX)
			return false;
		port = port * 10 + (unsigned)(*digit - '0');
	}
	return port >= 1 && port <= UINT16_MAX;
}

int
client_create(struct client **out, const char *target)
{
	/* A subchannel pool of its own keeps two clients of one process from sharing a
	 * connection. A retry behind the caller's back could apply an event twice. */
	grpc_arg settings[] = {
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, { .integer = 1 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_RETRIES, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_HTTP_PROXY, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_CHANNELZ, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_HTTP2_BDP_PROBE, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
		    { .integer = RECONNECT_FIRST_MS } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
		    { .integer = RECONNECT_MOST_MS } },
	};
	grpc_channel_args args = { sizeof(settings) / sizeof(settings[0]), settings };
	struct client *client = calloc(1, sizeof(*client));
	grpc_channel_credentials *credentials;

	if (client == NULL)
		return -ENOMEM;
	grpc_init();
	list_init(&client->flying);
	list_init(&client->finished);
	client->answer = grpc_empty_slice();
	client->queue = grpc_completion_queue_create_for_next(NULL);
	credentials = grpc_insecure_credentials_create();
	client->channel = grpc_channel_create(target, credentials, &args);
	grpc_channel_credentials_release(credentials);
	for (size_t i = 0; i < CLIENT_METHOD_COUNT; i++)
		client->methods[i] = grpc_channel_register_call(client->channel, METHOD_PATHS[i], NULL, NULL);
	*out = client;
	return 0;
}

static void
call_destroy(struct call *call)
{
	if (call->handle != NULL)
		grpc_call_unref(call->handle);
	grpc_metadata_array_destroy(&call->initial);
	grpc_metadata_array_destroy(&call->trailing);
	grpc_byte_buffer_destroy(call->response);
	grpc_slice_unref(call->details);
	free(call);
}

/* Handles one completion. 0; CLIENT_E_TIMEOUT. */
static int
pump(struct client *client, gpr_timespec deadline)
{
	grpc_event event = grpc_completion_queue_next(client->queue, deadline, NULL);
	struct call *call;

	if (event.type != GRPC_OP_COMPLETE)
		return CLIENT_E_TIMEOUT;
	if (event.tag == client) {
		client->watched = true;
		return 0;
	}
	call = event.tag;
	call->finished = true;
	list_remove(&call->link);
	list_append(&client->finished, &call->link);
	return 0;
}

void
client_destroy(struct client *client)
{
	const gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);

	if (client == NULL)
		return;
	for (struct link *link = client->flying.after; link != &client->flying; link = link->after)
		grpc_call_cancel(((struct call *)link)->handle, NULL);
	while (client->flying.after != &client->flying)
		pump(client, forever);
	while (client->finished.after != &client->finished) {
		struct link *link = client->finished.after;

		list_remove(link);
		call_destroy((struct call *)link);
	}
	grpc_slice_unref(client->answer);
	grpc_channel_destroy(client->channel);
	grpc_completion_queue_shutdown(client->queue);
	while (grpc_completion_queue_next(client->queue, forever, NULL).type != GRPC_QUEUE_SHUTDOWN)
		continue;
	grpc_completion_queue_destroy(client->queue);
	grpc_shutdown();
	free(client);
}

int
client_connect(struct client *client, int64_t timeout_ms)
{
	gpr_timespec deadline = deadline_in(timeout_ms);

	for (;;) {
		grpc_connectivity_state state = grpc_channel_check_connectivity_state(client->channel, 1);

		if (state == GRPC_CHANNEL_READY)
			return 0;
		if (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), deadline) >= 0)
			return CLIENT_E_TIMEOUT;
		client->watched = false;
		grpc_channel_watch_connectivity_state(
		    client->channel, state, deadline, client->queue, client);
		while (!client->watched)
			pump(client, gpr_inf_future(GPR_CLOCK_MONOTONIC));
	}
}

/* Sends a request, whose slice it takes, as the one batch of a new call. */
static int
send_request(struct call **out, struct client *client, grpc_call *handle, grpc_slice request)
{
	struct call *call = calloc(1, sizeof(*call));
	grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&request, 1);
	grpc_op ops[6] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA },
		{ .op = GRPC_OP_RECV_MESSAGE },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT },
	};
	int status = call == NULL ? -ENOMEM : 0;

	grpc_slice_unref(request);
	if (status == 0) {
		call->handle = handle;
		call->details = grpc_empty_slice();
		grpc_metadata_array_init(&call->initial);
		grpc_metadata_array_init(&call->trailing);
		ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
		ops[4].data.recv_message.recv_message = &call->response;
		ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
		ops[5].data.recv_status_on_client.status = &call->code;
		ops[5].data.recv_status_on_client.status_details = &call->details;
		if (grpc_call_start_batch(handle, ops, 6, call, NULL) != GRPC_CALL_OK)
			status = -EINVAL;
	}
	grpc_byte_buffer_destroy(message);
	if (status < 0) {
		if (call != NULL)
			call_destroy(call);
		else
			grpc_call_unref(handle);
		return status;
	}
	list_append(&client->flying, &call->link);
	*out = call;
	return 0;
}

static int
start(struct call **out, struct client *client, enum client_method method, const ProtobufCMessage *request,
    int64_t timeout_ms)
{
	size_t size = protobuf_c_message_get_packed_size(request);
	grpc_slice slice = grpc_slice_malloc(size);
	gpr_timespec deadline =
	    timeout_ms == 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : deadline_in(timeout_ms);
	grpc_call *handle = grpc_channel_create_registered_call(client->channel, NULL,
	    GRPC_PROPAGATE_DEFAULTS, client->queue, client->methods[method], deadline, NULL);

	protobuf_c_message_pack(request, GRPC_SLICE_START_PTR(slice));
	return send_request(out, client, handle, slice);
}

int
client_start(struct client *client, enum client_method method, const ProtobufCMessage *request,
    int64_t timeout_ms, void *tag)
{
	struct call *call;
	int status = start(&call, client, method, request, timeout_ms);

	if (status == 0)
		call->tag = tag;
	return status;
}

/* Takes a finished call apart: its status, and its answer as a slice to be freed,
 * empty unless the status is OK. */
static void
finish(struct client_status *status, grpc_slice *answer, struct call *call)
{
	grpc_byte_buffer_reader reader;

	list_remove(&call->link);
	client_status_read(status, call->code, call->details, &call->trailing);
	*answer = grpc_empty_slice();
	if (status->code == GRPC_STATUS_OK) {
		if (call->response != NULL && grpc_byte_buffer_reader_init(&reader, call->response)) {
			*answer = grpc_byte_buffer_reader_readall(&reader);
			grpc_byte_buffer_reader_destroy(&reader);
		} else {
			client_status_set(status, GRPC_STATUS_INTERNAL, "the server sent no answer");
		}
	}
	call_destroy(call);
}

int
client_next(struct client_answer *answer, struct client *client, int64_t timeout_ms)
{
	gpr_timespec deadline =
	    timeout_ms < 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : deadline_in(timeout_ms);
	struct call *call;

	while (client->finished.after == &client->finished) {
		if (client->flying.after == &client->flying)
			return CLIENT_E_IDLE;
		if (pump(client, deadline) != 0)
			return CLIENT_E_TIMEOUT;
	}
	call = (struct call *)client->finished.after;
	answer->tag = call->tag;
	grpc_slice_unref(client->answer);
	finish(&answer->status, &client->answer, call);
	if (answer->status.code == GRPC_STATUS_OK) {
		answer->payload = GRPC_SLICE_START_PTR(client->answer);
		answer->payload_size = GRPC_SLICE_LENGTH(client->answer);
	} else {
		answer->payload = NULL;
		answer->payload_size = 0;
	}
	return 0;
}

/* Waits for one call, whatever else completes meanwhile. *answer is to be freed on
 * 0. 0; CLIENT_E_STATUS. */
static int
await(grpc_slice *answer, struct client_status *status, struct client *client, struct call *call)
{
	struct client_status ended;
	grpc_slice slice;

	while (!call->finished)
		pump(client, gpr_inf_future(GPR_CLOCK_MONOTONIC));
	finish(&ended, &slice, call);
	if (status != NULL)
		*status = ended;
	if (ended.code != GRPC_STATUS_OK) {
		grpc_slice_unref(slice);
		return CLIENT_E_STATUS;
	}
	*answer = slice;
	return 0;
}

int
client_call_raw(uint8_t **payload, size_t *payload_size, struct client_status *status, struct client *client,
    const char *path, const uint8_t *request, size_t request_size, int64_t timeout_ms)
{
	gpr_timespec deadline =
	    timeout_ms == 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : deadline_in(timeout_ms);
	grpc_slice method = grpc_slice_from_copied_string(path);
	grpc_call *handle = grpc_channel_create_call(
	    client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue, method, NULL, deadline, NULL);
	struct call *call;
	grpc_slice answer;
	size_t size;
	uint8_t *copy;
	int result;

	grpc_slice_unref(method);
	result = send_request(
	    &call, client, handle, grpc_slice_from_copied_buffer((const char *)request, request_size));
	if (result == 0)
		result = await(&answer, status, client, call);
	if (result != 0)
		return result;
	size = GRPC_SLICE_LENGTH(answer);
	copy = malloc(size > 0 ? size : 1);
	if (copy != NULL) {
		memcpy(copy, GRPC_SLICE_START_PTR(answer), size);
		*payload = copy;
		*payload_size = size;
	}
	grpc_slice_unref(answer);
	return copy != NULL ? 0 : -ENOMEM;
}

static int
call_and_unpack(void **response, struct client_status *status, struct client *client,
    enum client_method method, const ProtobufCMessage *request, const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message;
	struct call *call;
	grpc_slice answer;
	int result = start(&call, client, method, request, 0);

	if (result == 0)
		result = await(&answer, status, client, call);
	if (result != 0)
		return result;
	message = protobuf_c_message_unpack(
	    descriptor, NULL, GRPC_SLICE_LENGTH(answer), GRPC_SLICE_START_PTR(answer));
	grpc_slice_unref(answer);
	if (message == NULL)
		return -EBADMSG;
	*response = message;
	return 0;
}

int
client_identify(Anagraph__V1__IdentifyResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__IdentifyRequest *request)
{
	void *message;
	int result = call_and_unpack(&message, status, client, CLIENT_IDENTIFY, &request->base,
	    &anagraph__v1__identify_response__descriptor);

	if (result == 0)
		*response = message;
	return result;
}

int
client_resolve(Anagraph__V1__ResolveResponse **response, struct client_status *status, struct client *client,
    const Anagraph__V1__ResolveRequest *request)
{
	void *message;
	int result = call_and_unpack(&message, status, client, CLIENT_RESOLVE, &request->base,
	    &anagraph__v1__resolve_response__descriptor);

	if (result == 0)
		*response = message;
	return result;
}

int
client_count_contacts(Anagraph__V1__CountContactsResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__CountContactsRequest *request)
{
	void *message;
	int result = call_and_unpack(&message, status, client, CLIENT_COUNT_CONTACTS, &request->base,
	    &anagraph__v1__count_contacts_response__descriptor);

	if (result == 0)
		*response = message;
	return result;
}
