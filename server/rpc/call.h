/* What the files of this room share: the front, its queues, and calls.
 *
 * A queue is a completion queue of gRPC and the one thread that polls it. A call
 * belongs to its queue's thread from the moment it is posted, as a request for
 * whatever call of its method comes next, until it is retired; only while a write is
 * with the engine does the committer's thread have it. Streams, which the main thread
 * ends when the daemon does, are under their queue's lock. */
#ifndef ANAGRAPH_SERVER_RPC_CALL_H
#define ANAGRAPH_SERVER_RPC_CALL_H

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/worth.h"
#include "server/rpc/rpc.h"

enum method {
	METHOD_IDENTIFY,
	METHOD_IDENTIFY_STREAM,
	METHOD_RESOLVE,
	METHOD_COUNT_CONTACTS,
	METHOD_BATCH_RESOLVE,
	METHOD_LIST_CONTACTS,
	METHOD_EXPLAIN,
	METHOD_PROMOTE_SECONDARY,
	METHOD_DISMISS_SECONDARY,
	METHOD_MERGE_CONTACTS,
	METHOD_ERASE_CONTACT,
	METHOD_HEALTH_CHECK,
	METHOD_HEALTH_WATCH,
	METHOD_REFLECTION,
	METHOD_REFLECTION_ALPHA,
	METHOD_UNKNOWN, /* any other */
	METHOD_COUNT,
};

/* What came back from a completion queue; lies in what it is about. */
enum tag_kind {
	TAG_ARRIVED,   /* a posted call has a caller */
	TAG_ANSWERED,  /* the batch with the answer is done */
	TAG_STEPPED,   /* a stream's batch in between is done */
	TAG_RECEIVED,  /* an event stream's receive is done */
	TAG_SENT,      /* likewise its send */
	TAG_CLOSED,    /* nobody waits for the answer any more, or it has gone out */
	TAG_SHUT_DOWN, /* the server has: nothing else arrives on the queue */
};

struct tag {
	enum tag_kind kind;
	void *owner; /* the call; the front for TAG_SHUT_DOWN */
};

/* Calls of one method that wait to be answered together (gather.h), up to GATHER_CALLS, and no
 * longer than until the queue has given GATHER_PASSED other things. The queue's thread. */
enum { GATHER_CALLS = 32, GATHER_PASSED = 256 };

struct gather {
	struct call *calls[GATHER_CALLS];
	unsigned count;
	unsigned passed;    /* other things that came since the first was put aside */
	bool open;          /* whether more are looked for before any is answered */
	bool answered_last; /* what the queue gave last was such a call, and it was answered alone */
};

struct queue {
	struct rpc *rpc;
	grpc_completion_queue *handle;
	pthread_t thread;
	struct graph_reader *reader;
	struct tag shut_down_tag;
	struct arena scratch; /* for what ends with the handling of one call */
	struct gather gather;
	struct worth worth_a_look; /* of looking at writes, see write.c */
	struct call *spare_calls;  /* none of them with gRPC */
	unsigned spare_count;
	unsigned owed_calls[METHOD_COUNT]; /* not posted for want of memory */
	pthread_mutex_t stream_lock;
	struct call *streams; /* those that are open; under the lock, with all that they hold but events */
	pthread_mutex_t event_lock; /* over streams of events, see identify_stream.c */
};

struct rpc {
	struct rpc_options options;
	grpc_server *server;
	void *methods[METHOD_UNKNOWN];
	struct queue *queues;
	bool started;

	/* The committer's alone, for the answers to writes. */
	struct graph_reader *committer_reader;

	atomic_uint calls_in_flight; /* admitted and not retired */
	atomic_uint calls_refused;   /* ever, because of draining or of too many in flight */
	atomic_uint open_streams[METHOD_COUNT];
	atomic_bool ending; /* announced: health is NOT_SERVING, no stream goes on */
	atomic_bool draining;
	pthread_mutex_t lock;
	pthread_cond_t changed;    /* while draining: any of the counts did */
	unsigned shut_down_queues; /* under the lock: those that know that the server has */
};

/* What a call has besides when it is a stream. */
struct stream {
	struct call *before; /* in its queue's list */
	struct call *after;
	bool open;                   /* in that list */
	bool stepping;               /* a batch in between is under way: never more than one */
	bool gone;                   /* the caller is */
	bool greeted;                /* initial metadata has been sent */
	int service;                 /* Watch: which one is watched */
	int told_state;              /* Watch: what the caller knows of it; -1 nothing yet */
	struct event_stream *events; /* IdentifyStream */
};

struct call {
	struct queue *queue;
	struct call *next; /* spare */
	enum method method;
	grpc_call *handle;
	gpr_timespec deadline;
	const struct caller *caller; /* NULL where callers are not asked who they are */
	grpc_metadata_array metadata;
	grpc_call_details details; /* METHOD_UNKNOWN */
	grpc_byte_buffer *payload; /* NULL when the caller sent none */
	struct tag arrived_tag;
	struct tag answered_tag;
	struct tag closed_tag;
	unsigned batch_count; /* under way; the queue's thread's */
	bool admitted;        /* counted in calls_in_flight */
	atomic_bool answered; /* the last that is set before the call is its queue's again */
	bool watched;         /* a batch of its own waits for the close */
	int was_cancelled;    /* gRPC's to set */
	struct tag stepped_tag;
	struct stream stream;
	struct arena arena; /* a write's; its memory is kept from call to call */
	struct engine_write write;
};

/* How a call ends. */
struct answer {
	const struct rejection *rejection; /* NULL when it went well */
	grpc_slice message;                /* the response, taken over; none with a rejection */
	uint64_t txn;                      /* 0 when none was seen */
};

/* Posts requests for as many calls of each method as are kept waiting. Before the
 * queue's thread starts. 0; -errno. */
int call_post_first(struct queue *queue);

/* Handles what a completion queue gave back. The queue's thread. */
void call_completed(struct call *call, enum tag_kind kind, bool ok);

/* Frees the spare calls. When nothing uses the queue any more. */
void call_free_spare(struct queue *queue);

/* Ends a call. The queue's thread, or the committer's for a write that was submitted;
 * the call must not be touched after it. */
void call_answer(struct call *call, const struct answer *answer);

/* Ends a stream: well, or with a rejection unless that is NULL; a last message, taken
 * over, goes out before that unless it is NULL; txn as in struct answer. Once. */
void call_answer_stream(
    struct call *call, const struct rejection *rejection, const grpc_slice *last_message, uint64_t txn);

/* Takes a call out of those that draining waits for. Once; any thread. */
void call_leave(struct call *call);

/* Wakes whoever drains, to look at the counts again. Any thread. */
void call_wake_drain(struct rpc *rpc);

/* Ends a call with a rejection, txn as in struct answer. */
void call_refuse(struct call *call, const struct rejection *rejection, uint64_t txn);

/* Asks to be told when the caller is gone, whereupon call->write.cancelled or
 * call->stream.gone is set. The queue's thread, before the write is submitted. */
void call_watch(struct call *call);

/* The request's bytes, borrowed from the call or from the queue's scratch arena until
 * the call is answered or submitted. 0; REQUEST_E_REJECTED. */
int call_payload(struct bytes *raw, struct rejection *rejection, struct call *call);

/* Frees the request's bytes early, once nothing borrows from them. */
void call_drop_payload(struct call *call);

/* When the caller's deadline passes on the engine's clock; INT64_MAX without one. */
int64_t call_deadline_us(const struct call *call);

/* The number of the store's last transaction, for answers that looked at no record;
 * 0 when the store can't tell. The reader's thread. */
uint64_t call_last_txn(struct graph_reader *reader);

#endif
