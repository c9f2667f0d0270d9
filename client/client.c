/* One channel and one completion queue: every call of one answer is a single batch
 * whose tag is the call itself, so a completion needs no look-up. Whoever waits moves
 * what completes to the list of finished calls; a waiting caller takes its own from
 * there and leaves the others for client_next.
 *
 * What always holds: a call is on exactly one of the two lists from its start
 * until it is freed, and the queue is shut down only when none is in flight. */
#include "client/client.h"

#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <string.h>

#include "client/pump.h"
#include "client/status.h"

enum { RECONNECT_FIRST_MS = 100, RECONNECT_MOST_MS = 2000 };

struct call {
	struct link link; /* first, so that a link is its call */
	struct completion completion;
	struct client *client;
	grpc_call *handle;
	void *tag;
	bool finished;
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_byte_buffer *response;
	grpc_status_code code;
	grpc_slice details;
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

gpr_timespec
client_deadline(int64_t timeout_ms)
{
	return timeout_ms < 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : deadline_in(timeout_ms);
}

/* Of a call, whose 0 is no deadline; one that is negative has passed already. */
static gpr_timespec
call_deadline(int64_t timeout_ms)
{
	return timeout_ms == 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : deadline_in(timeout_ms);
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

static void
watch_done(struct completion *completion, bool ok)
{
	struct client *client = (struct client *)((char *)completion - offsetof(struct client, watch));

	(void)ok;
	client->watched = true;
}

/* How the server is met; NULL when the identity is none. */
static grpc_channel_credentials *
create_credentials(const struct client_identity *identity)
{
	grpc_ssl_pem_key_cert_pair pair;

	if ((identity->certificate == NULL) != (identity->key == NULL) ||
	    (identity->certificate != NULL && identity->authority == NULL))
		return NULL;
	if (identity->authority == NULL)
		return grpc_insecure_credentials_create();
	pair.private_key = identity->key;
	pair.cert_chain = identity->certificate;
	return grpc_ssl_credentials_create_ex(
	    identity->authority, identity->certificate == NULL ? NULL : &pair, NULL, NULL);
}

int
client_create(struct client **out, const char *target)
{
	const struct client_identity none = { NULL, NULL, NULL };

	return client_create_known(out, target, &none);
}

int
client_create_known(struct client **out, const char *target, const struct client_identity *identity)
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
	credentials = create_credentials(identity);
	if (credentials == NULL) {
		grpc_shutdown();
		free(client);
		return -EINVAL;
	}
	list_init(&client->flying);
	list_init(&client->finished);
	client->answer = grpc_empty_slice();
	client->queue = grpc_completion_queue_create_for_next(NULL);
	client->channel = grpc_channel_create(target, credentials, &args);
	grpc_channel_credentials_release(credentials);
	client->watch.done = watch_done;
	for (size_t i = 0; i < CLIENT_METHOD_COUNT; i++)
		client->methods[i] = grpc_channel_register_call(
		    client->channel, client_method_form((enum client_method)i)->path, NULL, NULL);
	client->stream_method = grpc_channel_register_call(client->channel, CLIENT_STREAM_PATH, NULL, NULL);
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

static void
call_done(struct completion *completion, bool ok)
{
	struct call *call = (struct call *)((char *)completion - offsetof(struct call, completion));

	(void)ok;
	call->finished = true;
	list_remove(&call->link);
	list_append(&call->client->finished, &call->link);
}

int
client_pump(struct client *client, gpr_timespec deadline)
{
	grpc_event event = grpc_completion_queue_next(client->queue, deadline, NULL);
	struct completion *completion = event.tag;

	if (event.type != GRPC_OP_COMPLETE)
		return CLIENT_E_TIMEOUT;
	completion->done(completion, event.success != 0);
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
		client_pump(client, forever);
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
	gpr_timespec deadline = client_deadline(timeout_ms);

	for (;;) {
		grpc_connectivity_state state = grpc_channel_check_connectivity_state(client->channel, 1);

		if (state == GRPC_CHANNEL_READY)
			return 0;
		if (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), deadline) >= 0)
			return CLIENT_E_TIMEOUT;
		client->watched = false;
		grpc_channel_watch_connectivity_state(
		    client->channel, state, deadline, client->queue, &client->watch);
		while (!client->watched)
			client_pump(client, gpr_inf_future(GPR_CLOCK_MONOTONIC));
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
		call->completion.done = call_done;
		call->client = client;
		call->handle = handle;
		call->details = grpc_empty_slice();
		grpc_metadata_array_init(&call->initial);
		grpc_metadata_array_init(&call->trailing);
		ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
		ops[4].data.recv_message.recv_message = &call->response;
		ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
		ops[5].data.recv_status_on_client.status = &call->code;
		ops[5].data.recv_status_on_client.status_details = &call->details;
		if (grpc_call_start_batch(handle, ops, 6, &call->completion, NULL) != GRPC_CALL_OK)
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
	gpr_timespec deadline = call_deadline(timeout_ms);
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
	gpr_timespec deadline = client_deadline(timeout_ms);
	struct call *call;

	while (client->finished.after == &client->finished) {
		if (client->flying.after == &client->flying)
			return CLIENT_E_IDLE;
		if (client_pump(client, deadline) != 0)
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
		client_pump(client, gpr_inf_future(GPR_CLOCK_MONOTONIC));
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

/* Sends bytes as they are to any method. */
static int
start_raw(struct call **out, struct client *client, const char *path, const uint8_t *request,
    size_t request_size, int64_t timeout_ms)
{
	grpc_slice method = grpc_slice_from_copied_string(path);
	grpc_call *handle = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
	    client->queue, method, NULL, call_deadline(timeout_ms), NULL);

	grpc_slice_unref(method);
	return send_request(
	    out, client, handle, grpc_slice_from_copied_buffer((const char *)request, request_size));
}

int
client_start_raw(struct client *client, const char *path, const uint8_t *request, size_t request_size,
    int64_t timeout_ms, void *tag)
{
	struct call *call;
	int status = start_raw(&call, client, path, request, request_size, timeout_ms);

	if (status == 0)
		call->tag = tag;
	return status;
}

int
client_call_raw(uint8_t **payload, size_t *payload_size, struct client_status *status, struct client *client,
    const char *path, const uint8_t *request, size_t request_size, int64_t timeout_ms)
{
	struct call *call;
	grpc_slice answer;
	size_t size;
	uint8_t *copy;
	int result = start_raw(&call, client, path, request, request_size, timeout_ms);

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

int
client_call(ProtobufCMessage **response, struct client_status *status, struct client *client,
    enum client_method method, const ProtobufCMessage *request, int64_t timeout_ms)
{
	ProtobufCMessage *message;
	struct call *call;
	grpc_slice answer;
	int result = start(&call, client, method, request, timeout_ms);

	if (result == 0)
		result = await(&answer, status, client, call);
	if (result != 0)
		return result;
	message = protobuf_c_message_unpack(client_method_form(method)->response, NULL,
	    GRPC_SLICE_LENGTH(answer), GRPC_SLICE_START_PTR(answer));
	grpc_slice_unref(answer);
	if (message == NULL)
		return -EBADMSG;
	*response = message;
	return 0;
}
