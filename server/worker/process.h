/* A worker's process: how it is started, told what to load, and ended. Private to the
 * worker room. */
#ifndef ANAGRAPH_SERVER_WORKER_PROCESS_H
#define ANAGRAPH_SERVER_WORKER_PROCESS_H

#include <sys/types.h>

#include "server/worker/message.h"

enum { PROCESS_MESSAGE_BYTES = 160 };

struct process {
	struct channel channel;
	pid_t pid;
	int pid_fd;      /* readable once it has ended */
	uint32_t number; /* of the last request */
};

/* Starts program with nothing of this process but a channel; it dies with the thread that
 * called. 0; -errno. */
int process_spawn(struct process *out, const char *program);

/* Whether it has ended by now. */
bool process_has_ended(const struct process *process);

void process_kill(const struct process *process);

/* Waits until it has ended and says how, in words for people; gives everything back. */
void process_reap(struct process *process, char how[PROCESS_MESSAGE_BYTES]);

enum process_outcome {
	PROCESS_E_TIME = 1,  /* it did not answer by then */
	PROCESS_E_ENDED = 2, /* it ended before it answered */
};

/* Puts the request that is in the channel, and waits for the answer, of which *answer is a
 * copy. With leave_fd not -1 it also leaves, as if out of time, once that is readable. 0;
 * PROCESS_E_…. */
int process_ask(struct channel_answer *answer, struct process *process, int64_t until_us, int leave_fd);

/* Gives on the log lines of the last request, whatever came of it. */
void process_take_lines(
    const struct process *process, const char *policy_id, policy_log_function log, void *context);

#endif
