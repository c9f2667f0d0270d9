/* Calls that came together are answered together. */
#ifndef ANAGRAPH_SERVER_RPC_GATHER_H
#define ANAGRAPH_SERVER_RPC_GATHER_H

#include "server/rpc/call.h"

/* Puts a call that has arrived aside, if its method takes calls together and others are
 * likely to be waiting; the queue is then to be asked for more without waiting, and
 * gather_answer be called once it has none. Answers what was put aside before a call that
 * cannot join it is handled. Whether the call was put aside. The queue's thread, as in all of
 * these. */
bool gather_take(struct call *call);

/* Tells that the queue gave something else than a call. What was put aside is answered if that
 * has happened often since. */
void gather_note_other(struct queue *queue);

/* Answers what was put aside, if anything. Uses the queue's scratch arena. */
void gather_answer(struct queue *queue);

#endif
