/* The C client of anagraph: calls over gRPC C core, requests and answers as the
 * protobuf-c messages of anagraph/v1/identity.proto. The command `anagraph`, the
 * tests and the benchmarks are built on it.
 *
 * Two ways to call. client_identify and its like send one request and wait for
 * the answer. client_start and client_next keep many calls in flight on one
 * connection: start some, take answers as they come, in any order.
 *
 * A client belongs to one thread at a time; different clients are independent. */
#ifndef ANAGRAPH_CLIENT_H
#define ANAGRAPH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "anagraph/v1/identity.pb-c.h"

struct client;

enum { CLIENT_REASON_BYTES = 64, CLIENT_FIELD_BYTES = 64, CLIENT_MESSAGE_BYTES = 256 };

/* How a call ended. All strings are NUL-terminated. */
struct client_status {
	int code;                           /* google.rpc.Code: 0 is OK */
	char reason[CLIENT_REASON_BYTES];   /* of google.rpc.ErrorInfo; empty if there was none */
	char domain[CLIENT_REASON_BYTES];   /* likewise */
	char field[CLIENT_FIELD_BYTES];     /* likewise: metadata "field" */
	char message[CLIENT_MESSAGE_BYTES]; /* for people */
	uint64_t txn;                       /* trailing "anagraph-txn"; 0 if there was none */
};

enum client_method {
	CLIENT_IDENTIFY = 0,
	CLIENT_RESOLVE = 1,
	CLIENT_COUNT_CONTACTS = 2,
	CLIENT_METHOD_COUNT = 3,
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
};

/* Whether text has the form HOST:PORT, the port a number from 1; an IPv6 address stands
 * in brackets. */
bool client_target_valid(const char *text);

/* Makes a client for "HOST:PORT"; connects with the first call.
 * 0; -errno. Free with client_destroy. */
int client_create(struct client **out, const char *target);

/* Cancels what is in flight and frees everything; accepts NULL. */
void client_destroy(struct client *client);

/* Waits until the server accepts connections. 0; CLIENT_E_TIMEOUT. */
int client_connect(struct client *client, int64_t timeout_ms);

/* Sends one request and waits. On 0 *response is the caller's, to be freed with
 * the generated …__free_unpacked(response, NULL). status may be NULL; it is
 * filled on 0 and on CLIENT_E_STATUS. 0; CLIENT_E_STATUS; -errno. */
int client_identify(Anagraph__V1__IdentifyResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__IdentifyRequest *request);
int client_resolve(Anagraph__V1__ResolveResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__ResolveRequest *request);
int client_count_contacts(Anagraph__V1__CountContactsResponse **response, struct client_status *status,
    struct client *client, const Anagraph__V1__CountContactsRequest *request);

/* Sends the bytes as they are as the request of any method of any service, e.g.
 * "/anagraph.v1.IdentityService/Identify", and waits. *payload is the caller's to
 * free(). timeout_ms 0: none. 0; CLIENT_E_STATUS; -errno. */
int client_call_raw(uint8_t **payload, size_t *payload_size, struct client_status *status,
    struct client *client, const char *path, const uint8_t *request, size_t request_size, int64_t timeout_ms);

/* Starts a call and returns at once; tag comes back with its answer. timeout_ms
 * 0: none. 0; -errno. */
int client_start(struct client *client, enum client_method method, const ProtobufCMessage *request,
    int64_t timeout_ms, void *tag);

/* Waits for any started call to finish; a negative timeout_ms waits for as long as
 * that takes, 0 only looks. 0; CLIENT_E_TIMEOUT; CLIENT_E_IDLE. */
int client_next(struct client_answer *answer, struct client *client, int64_t timeout_ms);

/* The name of a status code: "INVALID_ARGUMENT"; static. */
const char *client_code_name(int code);

#endif
