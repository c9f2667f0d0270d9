/* From a request's bytes to what the rules take in. Whatever is wrong with the bytes
 * is told here; whatever is wrong with what they say is told by the rules. */
#ifndef ANAGRAPH_SERVER_RPC_REQUEST_H
#define ANAGRAPH_SERVER_RPC_REQUEST_H

#include "anagraph/v1/identity.pb-c.h"
#include "base/arena.h"
#include "rules/event.h"

enum request_outcome {
	REQUEST_E_REJECTED = 1, /* *rejection says why */
};

/* Scans a request of the descriptor's type. A NUL in a string is a rejection, unless
 * has_nul is not NULL, which is then told instead. 0; REQUEST_E_REJECTED. Any thread. */
int request_scan(bool *has_nul, struct rejection *rejection, const ProtobufCMessageDescriptor *descriptor,
    struct bytes raw);

/* Scans and unpacks a request of the descriptor's type; *out and all it points to are
 * the arena's, its strings have no NUL. 0; REQUEST_E_REJECTED. Any thread. */
int request_unpack(ProtobufCMessage **out, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessageDescriptor *descriptor, struct bytes raw);

/* Lays an event out for event_prepare. Borrows from the message; arrays from the arena.
 * 0; -ENOMEM. */
int request_event(struct event_input *out, struct arena *arena, const Anagraph__V1__IdentifyRequest *message);

/* Words for memory that the arena did not give: LIMIT_EXCEEDED when the request wants
 * more than a call may take, OVERLOADED when the system has none. Always
 * REQUEST_E_REJECTED. */
int request_reject_memory(struct rejection *rejection, const struct arena *arena);

/* The bytes of an unpacked string. */
struct bytes request_string(const char *string);

/* Fills a rejection in; always REQUEST_E_REJECTED. field and message as in struct
 * rejection. */
int request_reject(struct rejection *rejection, enum reason reason, const char *field, const char *message);

#endif
