/* What goes through a channel, as bytes that mean the same at any address. Numbers lie as
 * the machine has them: both sides run on it. Private to the worker room. */
#ifndef ANAGRAPH_SERVER_WORKER_MESSAGE_H
#define ANAGRAPH_SERVER_WORKER_MESSAGE_H

#include "server/worker/channel.h"

/* What a worker is started with. */
struct start_request {
	struct policy_copy copy; /* of a decoded one: not owned */
	const struct anagraph_option *options;
	size_t option_count;
};

/* A conflict as a policy is shown it, with all that it points to but strings. */
struct shown_conflict {
	struct anagraph_conflict conflict;
	struct anagraph_claim claims[4];
};

enum message_outcome {
	MESSAGE_E_SIZE = 1,   /* it does not fit */
	MESSAGE_E_DAMAGED = 2 /* it is not what the other side writes */
};

/* Write a request of size bytes at most. 0; MESSAGE_E_SIZE. */
int start_encode(uint8_t *request, size_t size, const struct start_request *start);
int conflict_encode_request(uint8_t *request, size_t size, const struct anagraph_conflict *conflict);
int end_encode(uint8_t *request, size_t size);

/* Which kind a request is; 0 for none. */
uint32_t request_kind_of(const uint8_t *request, size_t size);

/* Reads a start. Its options are put into options, room for LIMIT_POLICY_OPTIONS; strings
 * are borrowed from the request, those of the copy NUL-terminated. 0; MESSAGE_E_DAMAGED. */
int start_decode(struct start_request *start, struct anagraph_option options[LIMIT_POLICY_OPTIONS],
    const uint8_t *request, size_t size);

/* Reads a conflict into room, which a policy sees at the address seen; strings are
 * borrowed from the request. 0; MESSAGE_E_DAMAGED. */
int conflict_decode_request(
    struct shown_conflict *room, const struct shown_conflict *seen, const uint8_t *request, size_t size);

#endif
