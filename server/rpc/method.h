/* The methods that the daemon answers, in one table: their paths, how they arrive, and
 * who handles them. */
#ifndef ANAGRAPH_SERVER_RPC_METHOD_H
#define ANAGRAPH_SERVER_RPC_METHOD_H

#include "server/rpc/call.h"

struct method_entry {
	const char *path; /* NULL for METHOD_UNKNOWN */
	grpc_server_register_method_payload_handling handling;
	enum role role;         /* that a caller must have */
	unsigned posted_count;  /* calls that each queue keeps waiting for callers */
	unsigned stream_limit;  /* streams at once in the whole process; 0: not a stream */
	bool waited_for;        /* a stream that draining waits for, as it does for unary calls */
	bool outlasts_draining; /* answered at once and to the end, without being waited for */

	/* Takes the request in and ends the call, now or later. A stream's is called with its
	 * queue's lock, and so is what follows. */
	void (*handle)(struct call *call);
	/* The same for one to GATHER_CALLS calls of one queue; NULL where calls gain nothing by being
	 * taken together. */
	void (*handle_together)(struct call *const *calls, size_t count);
	/* The step that was started is done; ok as gRPC says. Starts another or ends it. */
	void (*step)(struct call *call, bool ok);
	/* The end is announced: ends it, at the latest when the step under way is done. */
	void (*stop)(struct call *call);
	/* Of a stream that has several batches under way, in place of step; without the lock.
	 * Handles what came back; returns whether gRPC has given all of it back. */
	bool (*complete)(struct call *call, enum tag_kind kind, bool ok);
	/* Frees what it holds, once nobody else can come upon it. May be NULL. */
	void (*release)(struct call *call);
};

extern const struct method_entry METHODS[METHOD_COUNT];

void identify_handle(struct call *call);
void identify_handle_together(struct call *const *calls, size_t count);
void identify_stream_handle(struct call *call);
void identify_stream_stop(struct call *call);
bool identify_stream_complete(struct call *call, enum tag_kind kind, bool ok);
void identify_stream_release(struct call *call);
void resolve_handle(struct call *call);
void resolve_handle_together(struct call *const *calls, size_t count);
void count_handle(struct call *call);
void batch_resolve_handle(struct call *call);
void list_handle(struct call *call);
void explain_handle(struct call *call);
void promote_handle(struct call *call);
void dismiss_handle(struct call *call);
void merge_handle(struct call *call);
void erase_handle(struct call *call);

void health_check(struct call *call);
void health_watch(struct call *call);
void health_watch_step(struct call *call, bool ok);
void health_watch_stop(struct call *call);

void reflection_handle(struct call *call);
void reflection_step(struct call *call, bool ok);
void reflection_stop(struct call *call);

void echo_handle(struct call *call); /* of the benchmarks' server alone: bench/echo.c */

#endif
