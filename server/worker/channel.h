/* The memory that the daemon shares with a worker, and how each wakes the other.
 *
 * The daemon writes a request and counts asked up; the worker writes an answer and sets
 * answered to the same number. There is one request at a time. Nothing else passes: the
 * worker has no descriptor left, not even of this memory.
 *
 * The daemon trusts none of it once a policy has run: it counts by itself, copies what it
 * takes exactly once, and takes no length, offset or pointer from it. The worker may
 * trust what the daemon wrote until then. */
#ifndef ANAGRAPH_SERVER_WORKER_CHANNEL_H
#define ANAGRAPH_SERVER_WORKER_CHANNEL_H

#include <stdatomic.h>

#include "rules/host.h"

enum {
	CHANNEL_FD = 3,                     /* where a worker finds it at its start */
	CHANNEL_PROTOCOL = 1,               /* of daemon and worker, which may come from different builds */
	CHANNEL_REQUEST_BYTES = 128 * 1024, /* more than the largest request takes */
	CHANNEL_REQUEST_AT = 64 * 1024,     /* in the memory: a page of any machine */
	CHANNEL_LINES = LIMIT_POLICY_QUESTION_LINES,
};

enum request_kind {
	REQUEST_START = 1,  /* load, make an instance: ANSWER_READY or ANSWER_REFUSED */
	REQUEST_DECIDE = 2, /* ANSWER_DECIDED */
	REQUEST_END = 3,    /* give the instance back: the worker ends */
};

enum answer_kind {
	ANSWER_READY = 1,
	ANSWER_REFUSED = 2,
	ANSWER_DECIDED = 3,
};

struct channel_line {
	uint32_t level;
	uint32_t size_bytes;
	uint8_t text[POLICY_LOG_BYTES];
};

/* All that a worker can say. */
struct channel_answer {
	uint32_t kind;       /* enum answer_kind */
	uint32_t line_count; /* goes up while the request is worked on */
	union {
		struct {
			uint32_t kinds;     /* of conflicts, as bits */
			uint32_t is_walled; /* whether the kernel keeps it from files (Landlock) */
			char version[LIMIT_POLICY_VERSION_BYTES + 1];
		} ready;
		char refusal[POLICY_MESSAGE_BYTES];
		struct {
			int32_t result; /* as policy_decide */
			uint32_t verdict;
			char reason[ANAGRAPH_REASON_SIZE];
		} decided;
	};
};

/* What both sides write to. */
struct channel_memory {
	/* The daemon's line of the cache, then the worker's. */
	_Alignas(64) _Atomic uint32_t asked;
	_Atomic uint32_t is_asker_asleep;
	_Alignas(64) _Atomic uint32_t answered;
	_Atomic uint32_t is_worker_asleep;
	_Alignas(64) struct channel_answer answer;
	struct channel_line lines[CHANNEL_LINES];
};

/* A channel as one side has it mapped. The request is a mapping of its own, of
 * CHANNEL_REQUEST_BYTES, which the worker and its policy can only read. */
struct channel {
	struct channel_memory *memory;
	uint8_t *request;
};

/* Makes the memory of a channel, of a size that stays as it is. *fd is the caller's. 0;
 * -errno. */
int channel_create(int *fd);

/* Maps it, for the daemon to write requests or for the worker to read them. *out is to be
 * given to channel_unmap; fd is not needed any longer. 0; -errno. */
int channel_map(struct channel *out, int fd, bool writes_requests);
void channel_unmap(const struct channel *channel);

/* Says that a request is written. number is one more than the last one's. */
void channel_ask(const struct channel *channel, uint32_t number);

/* Waits for the answer to that request, at most until then. Whether it is there. */
bool channel_await_answer(const struct channel *channel, uint32_t number, int64_t until_us);

/* The worker's side: waits for the request after the given one and returns its number. */
uint32_t channel_await_request(const struct channel *channel, uint32_t last);
void channel_answer(const struct channel *channel, uint32_t number);

/* CLOCK_MONOTONIC in microseconds. */
int64_t channel_now_us(void);

#endif
