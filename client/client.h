/* The C client of anagraph: calls over gRPC C core, requests and answers as the
 * protobuf-c messages of anagraph/v1/identity.proto. The command `anagraph`, the
 * tests and the benchmarks are built on it.
 *
 * Three ways to call. client_identify and its like send one request and wait for
 * the answer. client_start and client_next keep many calls in flight on one
 * connection: start some, take answers as they come, in any order. A client_stream
 * sends events one after the other and gives their answers in the same order.
 *
 * A client and its streams belong to one thread at a time; different clients are
 * independent. */
#ifndef ANAGRAPH_CLIENT_H
#define ANAGRAPH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "anagraph/v1/identity.pb-c.h"

struct client;
struct client_stream;

enum { CLIENT_REASON_BYTES = 64, CLIENT_FIELD_BYTES = 64, CLIENT_MESSAGE_BYTES = 256 };

/* How a call ended. All strings are NUL-terminated. */
struct client_status {
	int code;                           /* google.rpc.Code: 0 is OK */
	char reason[CLIENT_REASON_BYTES];   /* of google.rpc.ErrorInfo; empty if there was none */
	char domain[CLIENT_REASON_BYTES];   /* likewise */
	char field[CLIENT_FIELD_BYTES];     /* likewise: metadata "field" */
	char message[CLIENT_MESSAGE_BYTES]; /* for people */
	uint64_t owner_contact_id;          /* metadata "owner_contact_id"; 0 if there was none */
	uint64_t txn;                       /* trailing "anagraph-txn"; 0 if there was none */
};

/* The calls of one request and one answer. */
enum client_method {
	CLIENT_IDENTIFY = 0,
	CLIENT_RESOLVE = 1,
	CLIENT_COUNT_CONTACTS = 2,
	CLIENT_BATCH_RESOLVE = 3,
	CLIENT_LIST_CONTACTS = 4,
	CLIENT_EXPLAIN = 5,
	CLIENT_PROMOTE_SECONDARY = 6,
	CLIENT_DISMISS_SECONDARY = 7,
	CLIENT_MERGE_CONTACTS = 8,
	CLIENT_ERASE_CONTACT = 9,
	CLIENT_METHOD_COUNT = 10,
};

/* What a method is called on the wire, and what it takes and gives. */
struct client_method_form {
	const char *path;
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
};

/* One finished call of client_next. */
struct client_answer {
	void *tag;
	struct client_status status;
	uint8_t *payload; /* the encoded response, owned by the client until the next client_next; NULL unless
			     OK */
	size_t payload_size;
};

enum client_outcome {
	CLIENT_E_STATUS = 1,  /* the call ended with an error: see *status */
	CLIENT_E_TIMEOUT = 2, /* nothing finished in time */
	CLIENT_E_IDLE = 3,    /* nothing is in flight */
	CLIENT_E_FULL = 4,    /* as many events as the stream's window are in flight */
	CLIENT_E_ENDED = 5,   /* the server ended the stream: see client_stream_finish */
};

/* Whether text has the form HOST:PORT, the port a number from 1; an IPv6 address stands
 * in brackets. */
bool client_target_valid(const char *text);

/* Makes a client for "HOST:PORT"; connects with the first call.
 * 0; -errno. Free with client_destroy. */
int client_create(struct client **out, const char *target);

/* PEM texts, NUL-terminated, by which a server and its caller know each other. */
struct client_identity {
	const char *authority;   /* that the server's certificate leads to; NULL: in the clear */
	const char *certificate; /* the caller's; NULL, with key: none is shown */
	const char *key;
};

/* The same over TLS; nothing of identity is kept. 0; -EINVAL for a certificate without its
 * key or authority, or the other way round, and for texts that are none; -errno. */
int client_create_known(struct client **out, const char *target, const struct client_identity *identity);

/* Cancels what is in flight and frees everything; accepts NULL. */
void client_destroy(struct client *client);

/* Waits until the server accepts connections. 0; CLIENT_E_TIMEOUT. */
int client_connect(struct client *client, int64_t timeout_ms);

/* The method's form; static. */
const struct client_method_form *client_method_form(enum client_method method);

/* Sends one request and waits. On 0 *response is the caller's, to be freed with
 * protobuf_c_message_free_unpacked(response, NULL). status may be NULL; it is filled
 * on 0 and on CLIENT_E_STATUS. timeout_ms 0: none. 0; CLIENT_E_STATUS; -errno. */
int client_call(ProtobufCMessage **response, struct client_status *status, struct client *client,
    enum client_method method, const ProtobufCMessage *request, int64_t timeout_ms);

/* The same by the types of each method, without a time limit; the response is to be
 * freed with the generated …__free_unpacked(response, NULL). */
int client_identify(Anagraph__V1__IdentifyResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__IdentifyRequest *request);
int client_resolve(Anagraph__V1__ResolveResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__ResolveRequest *request);
int client_count_contacts(Anagraph__V1__CountContactsResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__CountContactsRequest *request);
int client_batch_resolve(Anagraph__V1__BatchResolveResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__BatchResolveRequest *request);
int client_list_contacts(Anagraph__V1__ListContactsResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__ListContactsRequest *request);
int client_explain(Anagraph__V1__ExplainResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__ExplainRequest *request);
int client_promote_secondary(Anagraph__V1__PromoteSecondaryResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__PromoteSecondaryRequest *request);
int client_dismiss_secondary(Anagraph__V1__DismissSecondaryResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__DismissSecondaryRequest *request);
int client_merge_contacts(Anagraph__V1__MergeContactsResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__MergeContactsRequest *request);
int client_erase_contact(Anagraph__V1__EraseContactResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__EraseContactRequest *request);

/* Sends the bytes as they are as the request of any method of any service, e.g.
 * "/anagraph.v1.IdentityService/Identify", and waits. *payload is the caller's to
 * free(). timeout_ms 0: none. 0; CLIENT_E_STATUS; -errno. */
int client_call_raw(uint8_t **payload, size_t *payload_size, struct client_status *status,
    struct client *client, const char *path, const uint8_t *request, size_t request_size, int64_t timeout_ms);

/* Starts a call and returns at once; tag comes back with its answer. timeout_ms
 * 0: none. 0; -errno. */
int client_start(struct client *client, enum client_method method, const ProtobufCMessage *request,
    int64_t timeout_ms, void *tag);

/* The same for any method of any service, with the request's bytes as they are. */
int client_start_raw(struct client *client, const char *path, const uint8_t *request, size_t request_size,
    int64_t timeout_ms, void *tag);

/* Waits for any started call to finish; a negative timeout_ms waits for as long as
 * that takes, 0 only looks. 0; CLIENT_E_TIMEOUT; CLIENT_E_IDLE. */
int client_next(struct client_answer *answer, struct client *client, int64_t timeout_ms);

/* One answer of a stream. */
struct client_stream_answer {
	void *tag; /* as given with the event */
	/* The answer, or why the event was refused; owned by the stream until its next
	 * client_stream_next. */
	const Anagraph__V1__IdentifyStreamResponse *response;
};

/* Opens a stream of events, of which at most window (1 or more) are in flight: sent, and
 * their answer not yet taken. Whether the server can be reached shows with the first
 * answer. To be freed with client_stream_destroy, before the client is.
 * 0; -errno. */
int client_stream_open(struct client_stream **out, struct client *client, size_t window);

/* Sends an event, whose tag comes back with its answer; the event itself is not needed
 * any more. Waits while the one before it is still being sent, for as long as that takes
 * when timeout_ms is negative; answers that come meanwhile are kept for
 * client_stream_next. On a positive outcome nothing was sent.
 * 0; CLIENT_E_FULL; CLIENT_E_ENDED; CLIENT_E_TIMEOUT; -errno. */
int client_stream_send(
    struct client_stream *stream, const Anagraph__V1__IdentifyRequest *event, void *tag, int64_t timeout_ms);

/* Gives the answer to the oldest event that has none yet; a negative timeout_ms waits
 * for as long as that takes, 0 only looks. Once the server has ended the stream, what
 * it answered before is given first. 0; CLIENT_E_TIMEOUT; CLIENT_E_IDLE; CLIENT_E_ENDED;
 * -EBADMSG for bytes that are no answer. */
int client_stream_next(struct client_stream_answer *answer, struct client_stream *stream, int64_t timeout_ms);

/* Says that no more events follow and waits until the server ends the stream. Answers
 * not taken by then are lost to the caller, though not undone. Fills *status.
 * 0; CLIENT_E_STATUS when it did not end with OK; CLIENT_E_TIMEOUT, and the stream is
 * cancelled. */
int client_stream_finish(struct client_status *status, struct client_stream *stream, int64_t timeout_ms);

/* Cancels the stream unless it has ended, and frees it; accepts NULL. */
void client_stream_destroy(struct client_stream *stream);

/* The name of a status code: "INVALID_ARGUMENT"; static. */
const char *client_code_name(int code);

#endif
