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

/* Which contacts a list shows, and how many a page has; 0 and NULL: no filter. */
struct list_filter {
	bool all; /* anonymous chat contacts as well */
	enum contact_class contact_class;
	bool engaged;
	enum reach reach;
	uint32_t page_size;
};

/* Each appends a call. account must outlive it. */
void calls_add_request(struct calls *calls, const char *account, const struct model_request *request);
void calls_add_identify(struct calls *calls, const char *account, const struct model_event *event);
void calls_add_resolve_id(struct calls *calls, const char *account, uint64_t contact_id);
void calls_add_resolve(struct calls *calls, const char *account, const struct model_fact *identifier);
void calls_add_count(struct calls *calls, const char *account);
/* Looks ids up, then identifiers. */
void calls_add_batch(struct calls *calls, const char *account, const uint64_t *ids, size_t id_count,
    const struct model_fact *identifiers, size_t identifier_count);
void calls_add_list(
    struct calls *calls, const char *account, const struct list_filter *filter, const char *page_token);
void calls_add_explain(struct calls *calls, const char *account, uint64_t contact_id, uint32_t page_size,
    const char *page_token);

/* Sends them all, as many at a time as in_flight says, and waits. 0; -errno. */
int calls_run(struct calls *calls, struct client *client, size_t in_flight);

/* The same in two parts: starts them, and takes answers until so many have come or none
 * is in flight any more, or for as long as that takes at most (negative: for ever). */
int calls_start(struct calls *calls, struct client *client);
int calls_take(struct client *client, size_t count, int64_t timeout_ms);

/* The request of an event, to be freed with calls_free_request. */
ProtobufCMessage *calls_make_identify(const char *account, const struct model_event *event);
void calls_free_request(ProtobufCMessage *request);

/* Forgets the calls, to begin anew. */
void calls_clear(struct calls *calls);

#endif
