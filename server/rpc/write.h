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
	/* Makes the event of a request, which is of the descriptor's type and in the arena; known
	 * is as for event_prepare. 0; -errno; positive with *rejection. */
	int (*prepare)(struct event *event, struct rejection *rejection, struct arena *arena,
	    const ProtobufCMessage *message, const struct rpc_options *options,
	    const struct known_numbers *known);
};

/* IdentifyRequest, alone or in a stream. */
extern const struct write_kind WRITE_IDENTIFY;

/* A request on its way to a write. All that is made of it is the arena's. */
struct write_request {
	const struct write_kind *kind;
	const ProtobufCMessage *message; /* unpacked */
	struct arena *arena;
	const struct rpc_options *options;
	bool guessed; /* by write_prepare: telephone numbers */
	int result;   /* of write_prepare or write_prove */
};

/* Makes a write of a request: its event, its request_id and the digest, and whether it only
 * asks. The rest of *write is left as it is. What looks like a telephone number in normal form
 * is taken for one, without the library's tables, and request->guessed says so: then nothing that
 * comes of it holds before write_prove, be it a write or a rejection. 0; REQUEST_E_REJECTED.
 * Any thread. */
int write_prepare(struct engine_write *write, struct rejection *rejection, struct write_request *request);

/* Proves what was guessed by the snapshot that the reader holds: a number that somebody of the
 * account has is in normal form (N3), any other is looked up in the tables. NULL for no snapshot.
 * Gives what write_prepare gave where nothing was guessed. 0; REQUEST_E_REJECTED. The reader's
 * thread. */
int write_prove(struct engine_write *write, struct rejection *rejection, struct write_request *request,
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
