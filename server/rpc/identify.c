/* Identify: an event in, what was decided about it out. */
#include "server/rpc/method.h"
#include "server/rpc/write.h"

static int
prepare(struct event *event, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessage *message, const struct rpc_options *options, const struct known_numbers *known)
{
	struct event_input input;
	int result = request_event(&input, arena, (const Anagraph__V1__IdentifyRequest *)message);

	if (result != 0)
		return result;
	return event_prepare(
	    event, rejection, arena, &input, settings_of(options->settings, input.account), known);
}

const struct write_kind WRITE_IDENTIFY = {
	.name = "Identify",
	.descriptor = &anagraph__v1__identify_request__descriptor,
	.prepare = prepare,
};

void
identify_handle(struct call *call)
{
	write_handle(call, &WRITE_IDENTIFY);
}

void
identify_handle_together(struct call *const *calls, size_t count)
{
	write_handle_together(calls, count, &WRITE_IDENTIFY);
}
