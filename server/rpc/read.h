/* What all calls that only read have in common. */
#ifndef ANAGRAPH_SERVER_RPC_READ_H
#define ANAGRAPH_SERVER_RPC_READ_H

#include <protobuf-c/protobuf-c.h>

#include "server/rpc/call.h"

/* Answers a request, whose message the scratch arena has, from the snapshot that the
 * queue's reader holds. 0 with *out the encoded response; positive with *rejection;
 * -errno. */
typedef int (*read_function)(
    grpc_slice *out, struct rejection *rejection, struct call *call, const ProtobufCMessage *message);

/* Unpacks the call's request, has it answered and ends the call. The queue's thread. */
void read_handle(struct call *call, const ProtobufCMessageDescriptor *descriptor, read_function read);

#endif
