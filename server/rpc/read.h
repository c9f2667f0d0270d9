/* What all calls that only read have in common. */
#ifndef ANAGRAPH_SERVER_RPC_READ_H
#define ANAGRAPH_SERVER_RPC_READ_H

#include <protobuf-c/protobuf-c.h>

#include "server/rpc/call.h"

/* Answers a request from the snapshot that the queue's reader holds. 0 with *out the
 * encoded response, which borrows from neither reader nor scratch arena; positive with *rejection; -errno. */
typedef int (*read_function)(
    grpc_slice *out, struct rejection *rejection, struct call *call, const void *request);

/* Brings near what the requests will need, with the snapshot. */
typedef void (*read_expect_function)(struct queue *queue, const void *const *requests, size_t count);

/* Has a request answered, in whatever form read takes it, and ends the call. The queue's
 * thread. */
void read_answer(struct call *call, read_function read, const void *request);

/* Has one to GATHER_CALLS requests of one queue answered, all from one snapshot, and ends the
 * calls, which are not to be touched any more; expect, which may be NULL, comes first. Of
 * several, none may lie in the scratch arena. The queue's thread. */
void read_answer_together(struct call *const *calls, const void *const *requests, size_t count,
    read_function read, read_expect_function expect);

/* Unpacks the call's request into the scratch arena and has the message answered, a
 * ProtobufCMessage of the descriptor's type. */
void read_handle(struct call *call, const ProtobufCMessageDescriptor *descriptor, read_function read);

#endif
