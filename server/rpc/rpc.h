/* The gRPC front of the daemon: takes calls, answers them from the engine. This room
 * is the only user of <grpc/...> and, on the server, of generated messages; nothing of
 * either shows in this header. */
#ifndef ANAGRAPH_SERVER_RPC_RPC_H
#define ANAGRAPH_SERVER_RPC_RPC_H

#include "rules/normalize.h"
#include "server/engine/engine.h"
#include "server/rpc/callers.h"

struct rpc;

struct rpc_options {
	struct engine *engine;                 /* borrowed; ended after rpc_drain, before rpc_destroy */
	struct graph *graph;                   /* borrowed; outlives the front */
	const struct settings *settings;       /* borrowed; outlives the front */
	const struct callers *callers;         /* borrowed; NULL: they are not asked who they are */
	const struct identity_files *identity; /* borrowed; needed with callers, NULL without */
	unsigned thread_count;                 /* queues, each with a thread of its own; 1 to LIMIT_THREADS */
	engine_log_function log;               /* gRPC's own troubles; any thread */
	void *log_context;
};

enum rpc_outcome {
	RPC_E_ADDRESS = 1,  /* nothing can listen there */
	RPC_E_IDENTITY = 2, /* the daemon's certificate, key or authority is none */
};

/* Starts gRPC and prepares everything but the threads. Once a process.
 * 0; -errno. Main thread. */
int rpc_create(struct rpc **out, const struct rpc_options *options);

/* Binds "HOST:PORT", port 0 for any that is free; *port is the real one. Once, before
 * rpc_start. 0; RPC_E_ADDRESS; RPC_E_IDENTITY. Main thread. */
int rpc_listen(unsigned *port, struct rpc *rpc, const char *address);

/* Starts the threads and takes calls. Signals should be blocked by now: the threads
 * inherit that. 0; -errno, after which the process can only end. Main thread. */
int rpc_start(struct rpc *rpc);

/* Says NOT_SERVING to whoever asks or watches from now on, and ends all streams. Calls
 * are still taken. After rpc_start, before engine_drain, so that callers can go elsewhere
 * before the first of them is refused. Main thread. */
void rpc_announce_end(struct rpc *rpc);

/* Refuses new calls with DRAINING, all but health checks, and waits until those in
 * flight are answered, then closes all connections and ends the threads. Calls whose
 * callers don't take their answer are cancelled after a while. The engine must take no
 * more writes, and still answer those it has. After rpc_announce_end. Main thread. */
void rpc_drain(struct rpc *rpc);

/* Frees everything and ends gRPC; accepts NULL. After rpc_drain, or without rpc_start;
 * the engine has ended. */
void rpc_destroy(struct rpc *rpc);

#endif
