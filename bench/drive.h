/* One round of a side: as many callers as it has connections, each a thread with a client of
 * its own, and what came of it. A call that fails ends the round: a figure with failures in
 * it is none. */
#ifndef ANAGRAPH_BENCH_DRIVE_H
#define ANAGRAPH_BENCH_DRIVE_H

#include "bench/histogram.h"
#include "bench/side.h"
#include "bench/target.h"
#include "bench/usage.h"

/* The callers of one side; their connections stay from round to round. */
struct drivers;

/* Connects. What goes wrong is told on standard error. 0; -errno. */
int drivers_create(
    struct drivers **out, const struct side *side, struct target *target, uint64_t seed, uint64_t salt);
void drivers_destroy(struct drivers *drivers); /* accepts NULL */

struct round {
	struct histogram latency_ns; /* of each call, from when it should have been sent */
	uint64_t calls;
	double seconds;
	struct usage before; /* the server's */
	struct usage after;
	uint64_t caller_cpu_ns;
};

/* Calls for so many seconds, and not more than so many calls unless that is 0. progress is
 * called some times a second with how much of the time is over and how many calls are done.
 * 0; -errno, told. */
int drivers_run(struct round *round, struct drivers *drivers, double seconds, uint64_t calls,
    void (*progress)(void *context, double done, uint64_t calls), void *context);

#endif
