/* What the client's own files share: the channel, the completion queue, and how a
 * completion finds whom it is for. Private to the client.
 *
 * What always holds: every batch that gRPC was given has a struct completion as its
 * tag, which lives until the queue has given it back. */
#ifndef ANAGRAPH_CLIENT_PUMP_H
#define ANAGRAPH_CLIENT_PUMP_H

#include <grpc/grpc.h>
#include <grpc/support/time.h>

#include "client/client.h"

struct link {
	struct link *before;
	struct link *after;
};

struct completion {
	void (*done)(struct completion *completion, bool ok);
};

struct client {
	grpc_completion_queue *queue;
	grpc_channel *channel;
	void *methods[CLIENT_METHOD_COUNT];
	void *stream_method;
	struct link flying;
	struct link finished;    /* oldest first */
	struct completion watch; /* the connection's state changed, or the time to watch it passed */
	bool watched;            /* whether it did */
	grpc_slice answer;       /* what the last client_answer borrows from */
};

/* The path of IdentifyStream. */
extern const char CLIENT_STREAM_PATH[];

/* The moment that is timeout_ms from now; never, when that is negative. */
gpr_timespec client_deadline(int64_t timeout_ms);

/* Waits for one completion and has it handled. 0; CLIENT_E_TIMEOUT. */
int client_pump(struct client *client, gpr_timespec deadline);

#endif
