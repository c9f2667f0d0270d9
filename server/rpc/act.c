/* What operators do: PromoteSecondary, DismissSecondary and MergeContacts. Each is an act
 * on a contact; the calls differ in what they name. */
#include "rules/operate.h"
#include "server/rpc/method.h"
#include "server/rpc/write.h"

static int
prepare_promote(struct event *event, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessage *message, const struct rpc_options *options, const struct known_numbers *known)
{
	const Anagraph__V1__PromoteSecondaryRequest *request =
	    (const Anagraph__V1__PromoteSecondaryRequest *)message;
	const struct act act = {
		.operator_name = request_string(request->operator_),
		.contact_id = request->contact_id,
		.contact_version = request->contact_version,
		.secondary_id = request->secondary_id,
	};

	(void)arena;
	(void)options;
	(void)known;
	return act_prepare(event, rejection, ACTION_PROMOTE, request_string(request->account), &act);
}

static int
prepare_dismiss(struct event *event, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessage *message, const struct rpc_options *options, const struct known_numbers *known)
{
	const Anagraph__V1__DismissSecondaryRequest *request =
	    (const Anagraph__V1__DismissSecondaryRequest *)message;
	const struct act act = {
		.operator_name = request_string(request->operator_),
		.contact_id = request->contact_id,
		.contact_version = request->contact_version,
		.secondary_id = request->secondary_id,
	};

	(void)arena;
	(void)options;
	(void)known;
	return act_prepare(event, rejection, ACTION_DISMISS, request_string(request->account), &act);
}

static int
prepare_merge(struct event *event, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessage *message, const struct rpc_options *options, const struct known_numbers *known)
{
	const Anagraph__V1__MergeContactsRequest *request =
	    (const Anagraph__V1__MergeContactsRequest *)message;
	const struct act act = {
		.operator_name = request_string(request->operator_),
		.contact_id = request->surviving_contact_id,
		.contact_version = request->surviving_contact_version,
		.absorbed_contact_id = request->absorbed_contact_id,
		.absorbed_contact_version = request->absorbed_contact_version,
	};

	(void)arena;
	(void)options;
	(void)known;
	return act_prepare(event, rejection, ACTION_MERGE, request_string(request->account), &act);
}

void
promote_handle(struct call *call)
{
	static const struct write_kind kind = {
		.name = "PromoteSecondary",
		.descriptor = &anagraph__v1__promote_secondary_request__descriptor,
		.prepare = prepare_promote,
	};

	write_handle(call, &kind);
}

void
dismiss_handle(struct call *call)
{
	static const struct write_kind kind = {
		.name = "DismissSecondary",
		.descriptor = &anagraph__v1__dismiss_secondary_request__descriptor,
		.prepare = prepare_dismiss,
	};

	write_handle(call, &kind);
}

void
merge_handle(struct call *call)
{
	static const struct write_kind kind = {
		.name = "MergeContacts",
		.descriptor = &anagraph__v1__merge_contacts_request__descriptor,
		.prepare = prepare_merge,
	};

	write_handle(call, &kind);
}
