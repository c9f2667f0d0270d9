/* The methods of the service: what each is called, and one function for each that
 * takes and gives its own types. */
#include <stddef.h>

#include "client/pump.h"

#define METHOD(name, request, response)                                                                      \
	{                                                                                                    \
		"/anagraph.v1.IdentityService/" name, &anagraph__v1__##request##__descriptor,                \
		    &anagraph__v1__##response##__descriptor                                                  \
	}

static const struct client_method_form METHODS[CLIENT_METHOD_COUNT] = {
	[CLIENT_IDENTIFY] = METHOD("Identify", identify_request, identify_response),
	[CLIENT_RESOLVE] = METHOD("Resolve", resolve_request, resolve_response),
	[CLIENT_COUNT_CONTACTS] = METHOD("CountContacts", count_contacts_request, count_contacts_response),
	[CLIENT_BATCH_RESOLVE] = METHOD("BatchResolve", batch_resolve_request, batch_resolve_response),
	[CLIENT_LIST_CONTACTS] = METHOD("ListContacts", list_contacts_request, list_contacts_response),
	[CLIENT_EXPLAIN] = METHOD("Explain", explain_request, explain_response),
	[CLIENT_PROMOTE_SECONDARY] =
	    METHOD("PromoteSecondary", promote_secondary_request, promote_secondary_response),
	[CLIENT_DISMISS_SECONDARY] =
	    METHOD("DismissSecondary", dismiss_secondary_request, dismiss_secondary_response),
	[CLIENT_MERGE_CONTACTS] = METHOD("MergeContacts", merge_contacts_request, merge_contacts_response),
	[CLIENT_ERASE_CONTACT] = METHOD("EraseContact", erase_contact_request, erase_contact_response),
};

const char CLIENT_STREAM_PATH[] = "/anagraph.v1.IdentityService/IdentifyStream";

const struct client_method_form *
client_method_form(enum client_method method)
{
	return &METHODS[method];
}

/* Defines client_NAME, whose response begins with its base like every message. */
#define CALL(name, type, method)                                                                             \
	int client_##name(Anagraph__V1__##type##Response **response, struct client_status *status,           \
	    struct client *client, const Anagraph__V1__##type##Request *request)                             \
	{                                                                                                    \
		ProtobufCMessage *message;                                                                   \
		int result = client_call(&message, status, client, method, &request->base, 0);               \
                                                                                                             \
		if (result == 0)                                                                             \
			*response = (Anagraph__V1__##type##Response *)message;                               \
		return result;                                                                               \
	}

CALL(identify, Identify, CLIENT_IDENTIFY)
CALL(resolve, Resolve, CLIENT_RESOLVE)
CALL(count_contacts, CountContacts, CLIENT_COUNT_CONTACTS)
CALL(batch_resolve, BatchResolve, CLIENT_BATCH_RESOLVE)
CALL(list_contacts, ListContacts, CLIENT_LIST_CONTACTS)
CALL(explain, Explain, CLIENT_EXPLAIN)
CALL(promote_secondary, PromoteSecondary, CLIENT_PROMOTE_SECONDARY)
CALL(dismiss_secondary, DismissSecondary, CLIENT_DISMISS_SECONDARY)
CALL(merge_contacts, MergeContacts, CLIENT_MERGE_CONTACTS)
CALL(erase_contact, EraseContact, CLIENT_ERASE_CONTACT)
