/* What all calls that only read have in common. */
#ifndef ANAGRAPH_SERVER_RPC_READ_H
#define ANAGRAPH_SERVER_RPC_READ_H

#include <protobuf-c/protobuf-c.h>

#include "server/rpc/call.h"

/* Answers a request from the snapshot that the queue's reader holds. 0 with *out the
 * encoded response; positive with *rejection; -errno. */
typedef int (*read_function)(
    grpc_slice *out, struct rejection *rejection, struct call *call, const void *request);

/* Has a request answered, in whatever form read takes it, and ends the call. The queue's
 * thread. */
void read_answer(struct call *call, read_function read, const void *request);

/* Unpacks the call's request into the scratch arena and has the message answered, a
 * ProtobufCMessage of the descriptor's type. */
void read_handle(struct call *call, const ProtobufCMessageDescriptor *descriptor, read_function read);

#endif
