/* Where reads and writes happen: reads, and events that change nothing, are answered from a
 * snapshot on the thread that asks; one committer thread takes all writes that wait, decides
 * them one after the other in one transaction, commits, and answers. It knows that a graph can
 * load and commit, not how, and that policies can be asked, not where they run. */
#ifndef ANAGRAPH_SERVER_ENGINE_ENGINE_H
#define ANAGRAPH_SERVER_ENGINE_ENGINE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/event.h"
#include "server/graph/graph.h"

struct engine;

/* Reports what a person who runs the daemon must know; never anything personal.
 * message is NUL-terminated. Any thread. */
typedef void (*engine_log_function)(void *context, const char *message);

struct engine_options {
	struct graph *graph;             /* borrowed; outlives the engine */
	const struct settings *settings; /* likewise */
	struct decider decider;          /* called on the committer's thread; see engine_set_decider */
	engine_log_function log;
	void *log_context;
	/* Called once, on the committer's thread, when a commit failed: no write is
	 * answered with success any more, and the daemon should end. */
	void (*failed)(void *context, const char *message);
	void *failed_context;
};

/* Starts the committer. 0; -errno. */
int engine_create(struct engine **out, const struct engine_options *options);

/* Has everything that is not yet being written decided by another decider, and waits until
 * that is so: the one before is not called again. Not together with itself nor after
 * engine_drain. */
void engine_set_decider(struct engine *engine, const struct decider *decider);

/* Takes no more writes: engine_submit answers ENGINE_E_DRAINING from now on. Any thread. */
void engine_drain(struct engine *engine);

/* Finishes what waits, ends the committer, frees; accepts NULL. After engine_drain. */
void engine_destroy(struct engine *engine);

enum engine_outcome {
	ENGINE_E_DRAINING = 1,
	ENGINE_E_OVERLOADED = 2, /* the queue is full */
	ENGINE_E_FAILED = 3,     /* a commit failed earlier */
	ENGINE_E_REJECTED = 4,   /* *rejection says why */
	ENGINE_E_END = 5,        /* there is no more */
	ENGINE_E_PAUSED = 6,     /* there may be more: ask again */
	ENGINE_E_SUBMIT = 7,     /* the committer has to see it */
};

/* One event or act on its way. The caller's memory from submit until done is called; what
 * the event borrows from must stay as long. */
struct engine_write {
	/* Set by the caller. */
	struct event event;                         /* prepared and proved, not received */
	struct bytes request_id;                    /* empty: the answer is not kept (R26) */
	uint8_t request_digest[GRAPH_DIGEST_BYTES]; /* of what is asked, where there is a request_id */
	bool validate_only;                         /* answer and change nothing (R28) */
	int64_t deadline_us;                        /* CLOCK_MONOTONIC; INT64_MAX for none */
	atomic_bool cancelled;                      /* may be set by any thread while it waits */
	void (*done)(struct engine_write *write);   /* on the committer's thread; owns *write again */

	/* Set before done. */
	struct rejection rejection; /* REASON_NONE when it went well */
	struct bytes response;      /* of the action's call, encoded; borrowed until done returns */
	uint64_t txn;               /* 0 if none was seen */

	struct engine_write *next; /* the queue's */
};

/* Puts a write on the queue. done is called for it exactly once if this is 0, never
 * otherwise. 0; ENGINE_E_…. Any thread. */
int engine_submit(struct engine *engine, struct engine_write *write);

/* Whether a write is such that engine_answer_unchanged may answer it: an event without a
 * request_id. */
bool engine_may_be_unchanged(const struct engine_write *write);

/* Whether somebody of the account has a telephone number: then that is in normal form (N3). By
 * the snapshot that the reader holds; its thread. */
bool engine_has_number(
    struct graph_reader *reader, struct bytes account, enum namespace_id namespace_id, struct bytes number);

/* Brings near what engine_has_number and engine_answer_unchanged will look at for each of some writes, with
 * the snapshot that the reader holds. The reader's thread. */
void engine_expect(struct graph_reader *reader, const struct engine_write *const *writes, size_t count);

/* Answers an event that changes nothing, from the snapshot that the reader holds and without
 * the committer, as if the event had been written when that was taken: an answer that the
 * committer would give needs neither its turn nor a sync. On 0 write->response is the
 * arena's, and done is not called. ENGINE_E_SUBMIT for whatever else: what may not be
 * unchanged, an event that changes something, raises a conflict or has to be refused, and
 * while writes are refused; nothing has been done then. The reader's thread. */
int engine_answer_unchanged(
    struct engine_write *write, struct engine *engine, struct graph_reader *reader, struct arena *arena);

/* The monotonic clock that deadlines are measured on, in microseconds. */
int64_t engine_now_us(void);

/* Looks a contact up for Resolve: by identifier when identifier is not NULL, else by
 * id. The caller has called graph_read_begin; the contact is borrowed until
 * graph_read_end, the ids from the arena. 0; ENGINE_E_REJECTED; -errno. */
int engine_resolve(struct bytes *contact, uint64_t **forwarded_ids, size_t *forwarded_count,
    struct rejection *rejection, struct engine *engine, struct graph_reader *reader, struct arena *arena,
    struct bytes account, const struct identifier *identifier, uint64_t contact_id);

/* The history of a contact, likewise, as graph_list_history; and one entry of it, encoded
 * and borrowed until graph_read_end. 0; ENGINE_E_REJECTED; -errno. */
int engine_list_history(uint64_t *sequences, size_t *count, size_t most, struct rejection *rejection,
    struct engine *engine, struct graph_reader *reader, struct bytes account, uint64_t contact_id,
    uint64_t after_sequence);
int engine_get_journal(struct bytes *entry, struct rejection *rejection, struct engine *engine,
    struct graph_reader *reader, struct bytes account, uint64_t sequence);

/* The next contact of a listing, as graph_listing_next. 0; ENGINE_E_END;
 * ENGINE_E_PAUSED, past graph_listing_place; ENGINE_E_REJECTED; -errno. */
int engine_listing_next(uint64_t *contact_id, struct bytes *contact, struct rejection *rejection,
    struct engine *engine, struct graph_listing *listing);

/* An account's numbers, likewise. 0; ENGINE_E_REJECTED; -errno. */
int engine_count(struct account *counted, struct rejection *rejection, struct engine *engine,
    struct graph_reader *reader, struct bytes account);

#endif
