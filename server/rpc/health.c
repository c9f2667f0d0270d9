/* grpc.health.v1: whether the daemon serves, for load balancers and whoever starts it.
 * It serves from its first call until its end is announced, be that by a signal or by a
 * commit that failed, and never again. Nothing here looks at the store. */
#include "grpc/health/v1/health.pb-c.h"
#include "server/rpc/method.h"
#include "server/rpc/request.h"
#include "server/rpc/stream.h"
#include "server/wire/wire.h"

enum {
	SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING,
	NOT_SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING,
	SERVICE_UNKNOWN = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN,
};

enum { RESPONSE_STATUS = 1, RESPONSE_BYTES = 11 };

/* What can be asked for: the daemon as a whole, and its one service. */
enum { SERVICE_KNOWN, SERVICE_OTHER };

static int
state_of(const struct call *call, int service)
{
	if (service == SERVICE_OTHER)
		return SERVICE_UNKNOWN;
	return atomic_load(&call->queue->rpc->ending) ? NOT_SERVING : SERVING;
}

/* Which service a request asks for. 0; positive with *rejection. */
static int
parse(int *service, struct rejection *rejection, struct call *call)
{
	ProtobufCMessage *message;
	struct bytes raw;
	struct bytes name;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_unpack(&message, rejection, &call->queue->scratch,
		    &grpc__health__v1__health_check_request__descriptor, raw);
	if (result != 0)
		return result;
	name = request_string(((const Grpc__Health__V1__HealthCheckRequest *)message)->service);
	*service = name.size == 0 || bytes_equal(name, BYTES("anagraph.v1.IdentityService")) ? SERVICE_KNOWN
											     : SERVICE_OTHER;
	return 0;
}

static grpc_slice
encode(int state)
{
	uint8_t buffer[RESPONSE_BYTES];
	struct wire_writer writer;
	struct bytes message;

	wire_writer_init(&writer, buffer, sizeof(buffer));
	wire_put_varint(&writer, RESPONSE_STATUS, (uint64_t)state);
	message = wire_written(&writer);
	return grpc_slice_from_copied_buffer((const char *)message.data, message.size);
}

void
health_check(struct call *call)
{
	struct rejection rejection = { .reason = REASON_NONE };
	struct answer answer = { .rejection = &rejection };
	int service;
	int result = parse(&service, &rejection, call);

	if (result == 0 && service == SERVICE_OTHER)
		result = request_reject(&rejection, REASON_SERVICE_NOT_FOUND, "service",
		    "The daemon has no service of that name.");
	if (result == 0) {
		answer.message = encode(state_of(call, service));
		answer.rejection = NULL;
	}
	call_answer(call, &answer);
}

/* Tells the caller what it doesn't know yet, and ends the stream with the daemon. */
static void
tell(struct call *call)
{
	bool ending = atomic_load(&call->queue->rpc->ending);
	int state = state_of(call, call->stream.service);
	bool changed = state != call->stream.told_state;
	grpc_slice message = changed ? encode(state) : grpc_empty_slice();

	call->stream.told_state = state;
	if (ending)
		stream_end(call, stream_draining(), changed ? &message : NULL);
	else if (changed)
		stream_step(call, &message, false);
}

void
health_watch(struct call *call)
{
	struct rejection rejection;
	int result = parse(&call->stream.service, &rejection, call);

	/* A stream lasts, and the service asked for is all it needs of its request. */
	call_drop_payload(call);
	if (result == 0)
		tell(call);
	else
		stream_end(call, &rejection, NULL);
}

void
health_watch_step(struct call *call, bool ok)
{
	if (ok)
		tell(call);
	else
		stream_end(call, NULL, NULL);
}

void
health_watch_stop(struct call *call)
{
	if (!call->stream.stepping)
		tell(call);
}
