/* EraseContact: an act on a contact, after which there is none. */
#include "rules/operate.h"
#include "server/rpc/method.h"
#include "server/rpc/write.h"

static int
prepare_erase(struct event *event, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessage *message, const struct rpc_options *options, const struct known_numbers *known)
{
	const Anagraph__V1__EraseContactRequest *request = (const Anagraph__V1__EraseContactRequest *)message;
	const struct act act = {
		.operator_name = request_string(request->operator_),
		.contact_id = request->contact_id,
		.suppress = request->suppress,
	};

	(void)arena;
	(void)options;
	(void)known;
	return act_prepare(event, rejection, ACTION_ERASE, request_string(request->account), &act);
}

void
erase_handle(struct call *call)
{
	static const struct write_kind kind = {
		.name = "EraseContact",
		.descriptor = &anagraph__v1__erase_contact_request__descriptor,
		.prepare = prepare_erase,
	};

	write_handle(call, &kind);
}
