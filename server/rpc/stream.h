/* Calls with more than one message. A stream goes step by step: a step is one batch that
 * sends a message, asks for one, or both, and the next is started when it is done. So
 * whatever a caller does, one message of each way is all that is held for it. */
#ifndef ANAGRAPH_SERVER_RPC_STREAM_H
#define ANAGRAPH_SERVER_RPC_STREAM_H

#include "server/rpc/call.h"

/* Opens a stream that has arrived and been admitted, or refuses one too many. The
 * queue's thread. */
void stream_arrived(struct call *call);

/* Handles what a completion queue gave back about an open stream. Returns whether gRPC
 * has given back all of it, whereupon it is to be retired. The queue's thread. */
bool stream_completed(struct call *call, enum tag_kind kind, bool ok);

/* Ends every open stream of a queue. After rpc->ending is set; any thread. */
void stream_end_all(struct queue *queue);

/* For the methods, which are called with the queue's lock. */

/* Starts a step: sends a message, taken over, unless it is NULL, and asks for one, which
 * comes as call->payload, NULL when the caller has no more. None may be under way. */
void stream_step(struct call *call, const grpc_slice *message, bool receive);

/* Ends the stream as call_answer_stream does; a step may be under way, unless there is a
 * last message. */
void stream_end(struct call *call, const struct rejection *rejection, const grpc_slice *last_message);

/* Why streams end when the daemon does; static. */
const struct rejection *stream_draining(void);

#endif
