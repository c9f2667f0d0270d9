/* The daemon's front with nobody before it: the calls that gRPC would hand it are made up
 * here, and what it gives gRPC ends here. All between is the daemon's own, from a call's
 * arrival to its retirement, on the thread that asks and on the committer's; what gRPC
 * spends itself, and how its threads happen to take turns, is left out. */
#ifndef ANAGRAPH_BENCH_INSTRUCTIONS_FRONT_H
#define ANAGRAPH_BENCH_INSTRUCTIONS_FRONT_H

#include <grpc/grpc.h>

#include "server/rpc/call.h"

/* Prepares the one front of the process, with one queue. It borrows what options name. 0;
 * -errno. Main thread, as all that follows. */
int front_open(const struct rpc_options *options);

/* Frees it; the engine has ended. */
void front_close(void);

/* One call from arrival to retirement, with a request that is taken over. 0; -EPROTO
 * when the answer is no success, having said why on standard error. */
int front_call(enum method method, grpc_byte_buffer *request);

#endif
