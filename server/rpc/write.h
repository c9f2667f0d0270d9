/* What all calls that write have in common: checked and normalised on the thread that
 * took them in, decided and stored by the committer, answered from there. A call adds
 * what its request says and nothing else. */
#ifndef ANAGRAPH_SERVER_RPC_WRITE_H
#define ANAGRAPH_SERVER_RPC_WRITE_H

#include "server/rpc/call.h"
#include "server/rpc/request.h"

/* One kind of write. */
struct write_kind {
	const char *name; /* what its requests are digested under: its method's (R26) */
	const ProtobufCMessageDescriptor *descriptor;
	/* Makes the event of a request, which is of the descriptor's type and in the arena.
	 * 0; -errno; positive with *rejection. */
	int (*prepare)(struct event *event, struct rejection *rejection, struct arena *arena,
	    const ProtobufCMessage *message, const struct rpc_options *options);
	/* The same by event_guess; NULL for what has no telephone numbers. */
	int (*guess)(struct event *event, struct rejection *rejection, struct arena *arena,
	    const ProtobufCMessage *message, const struct rpc_options *options);
};

/* IdentifyRequest, alone or in a stream. */
extern const struct write_kind WRITE_IDENTIFY;

/* Makes a write of an unpacked request: its event, its request_id and the digest, and
 * whether it only asks. The rest of *write is left as it is. All of it is the arena's. The
 * event may be guessed: write_prove comes next.
 * 0; REQUEST_E_REJECTED. Any thread. */
int write_prepare(struct engine_write *write, struct rejection *rejection, struct arena *arena,
    const struct write_kind *kind, const ProtobufCMessage *message, const struct rpc_options *options);

/* Prepares an event anew that was guessed, unless the snapshot that the reader holds has its
 * telephone numbers; NULL for no snapshot. The rest is as for write_prepare, whose arguments
 * these are. 0; REQUEST_E_REJECTED. The reader's thread. */
int write_prove(struct engine_write *write, struct rejection *rejection, struct arena *arena,
    const struct write_kind *kind, const ProtobufCMessage *message, const struct rpc_options *options,
    struct graph_reader *reader);

/* Hands a write to the engine. 0, and write->done is called; REQUEST_E_REJECTED, and it
 * is not. Any thread. */
int write_submit(struct rejection *rejection, struct engine *engine, struct engine_write *write);

/* Answers a unary call: takes its request in and submits the write, or refuses it; an event
 * that changes nothing may be answered at once. The queue's thread; the call is not to be
 * touched any more. */
void write_handle(struct call *call, const struct write_kind *kind);

/* The same for one to GATHER_CALLS calls of one queue. */
void write_handle_together(struct call *const *calls, size_t count, const struct write_kind *kind);

#endif
