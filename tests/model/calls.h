/* Many calls at once: requests made from the model's words, sent side by side,
 * answers kept until they have been looked at. */
#ifndef ANAGRAPH_TESTS_MODEL_CALLS_H
#define ANAGRAPH_TESTS_MODEL_CALLS_H

#include "client/client.h"
#include "tests/model/reference.h"

struct call {
	enum client_method method;
	ProtobufCMessage *request; /* owned */
	struct client_status status;
	uint8_t *payload; /* owned; NULL unless the call went well */
	size_t payload_size;
};

struct calls {
	struct call *items;
	size_t count;
};

/* Each appends a call. account must outlive it. */
void calls_add_identify(struct calls *calls, const char *account, const struct model_event *event);
void calls_add_resolve_id(struct calls *calls, const char *account, uint64_t contact_id);
void calls_add_resolve(struct calls *calls, const char *account, const struct model_fact *identifier);
void calls_add_count(struct calls *calls, const char *account);

/* Sends them all, as many at a time as in_flight says, and waits. 0; -errno. */
int calls_run(struct calls *calls, struct client *client, size_t in_flight);

/* The request of an event, to be freed with calls_free_request. */
ProtobufCMessage *calls_make_identify(const char *account, const struct model_event *event);
void calls_free_request(ProtobufCMessage *request);

/* Forgets the calls, to begin anew. */
void calls_clear(struct calls *calls);

#endif
