/* gRPC has verified by now that the certificate leads to the authority that the settings
 * name: all that is asked here is whose it is. A certificate may carry several names; the
 * first that the settings know counts, in the order in which gRPC tells them: URIs and DNS
 * names before the common name. */
#include "server/rpc/access.h"

#include <grpc/grpc_security.h>

#include "server/rpc/request.h"

/* The properties of a peer that may be its name, the most telling first. */
static const char *const NAME_PROPERTIES[] = { "peer_spiffe_id", "peer_uri", "peer_dns",
	GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME };

static const struct caller *
find_caller(const struct callers *callers, struct bytes name)
{
	size_t low = 0;
	size_t high = callers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = bytes_compare(name, callers->items[middle].name);

		if (order == 0)
			return &callers->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Who the peer is; NULL for somebody whom the settings don't know. */
static const struct caller *
identify_peer(const struct callers *callers, const grpc_auth_context *context)
{
	for (size_t i = 0; i < sizeof(NAME_PROPERTIES) / sizeof(NAME_PROPERTIES[0]); i++) {
		grpc_auth_property_iterator properties =
		    grpc_auth_context_find_properties_by_name(context, NAME_PROPERTIES[i]);
		const grpc_auth_property *property;

		while ((property = grpc_auth_property_iterator_next(&properties)) != NULL) {
			const struct caller *caller =
			    find_caller(callers, bytes_of(property->value, property->value_length));

			if (caller != NULL)
				return caller;
		}
	}
	return NULL;
}

static bool
has_certificate(const grpc_auth_context *context)
{
	grpc_auth_property_iterator properties =
	    grpc_auth_context_find_properties_by_name(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);

	return grpc_auth_property_iterator_next(&properties) != NULL;
}

static int
refuse(struct rejection *rejection, enum reason reason, const char *field, const char *message)
{
	request_reject(rejection, reason, field, message);
	return ACCESS_E_REFUSED;
}

int
access_check_role(struct rejection *rejection, struct call *call, enum role role)
{
	const struct callers *callers = call->queue->rpc->options.callers;
	grpc_auth_context *context;
	bool certified;

	call->caller = NULL;
	if (callers == NULL || role == ROLE_NONE)
		return 0;
	context = grpc_call_auth_context(call->handle);
	certified = context != NULL && has_certificate(context);
	if (certified)
		call->caller = identify_peer(callers, context);
	if (context != NULL)
		grpc_auth_context_release(context);
	if (!certified)
		return refuse(
		    rejection, REASON_CREDENTIALS_MISSING, "", "The caller has shown no certificate.");
	if (call->caller == NULL || (call->caller->roles & (unsigned)role) == 0)
		return refuse(rejection, REASON_ROLE_MISSING, "", "The caller has no role for this call.");
	return 0;
}

static bool
may_touch(const struct caller *caller, struct bytes account)
{
	size_t low = 0;
	size_t high = caller->account_count;

	if (caller->all_accounts)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = bytes_compare(account, caller->accounts[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

int
access_check_account(struct rejection *rejection, const struct call *call, struct bytes account)
{
	if (call->caller == NULL || may_touch(call->caller, account))
		return 0;
	return refuse(
	    rejection, REASON_ACCOUNT_FORBIDDEN, "account", "The caller may not touch this account.");
}

int
access_check_request(struct rejection *rejection, const struct call *call, const ProtobufCMessage *request)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "account");
	const char *account;

	if (call->caller == NULL || field == NULL)
		return 0;
	memcpy(&account, (const uint8_t *)request + field->offset, sizeof(account));
	return access_check_account(rejection, call, request_string(account));
}
