/* When calls should be sent. An open loop sends each at its time, whatever became of those
 * before it; how long a call took is counted from then on, so that a service that stalls
 * is charged for all who would have come meanwhile (no co-ordinated omission). Plain
 * data, one thread. */
#ifndef ANAGRAPH_BENCH_SCHEDULE_H
#define ANAGRAPH_BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
	bool poisson; /* callers that don't know of each other; else one after the other, evenly */
	double mean_ns;
	double next_ns; /* since start_ns */
	uint64_t start_ns;
	uint64_t random;
};

/* Of rate calls a second, above 0. Even arrivals begin after offset of the first interval, 0
 * to 1, so that several schedules need not fall together. */
void schedule_init(
    struct schedule *schedule, double rate, bool poisson, double offset, uint64_t start_ns, uint64_t seed);

/* When the next call is due; then moves on to the one after it. */
uint64_t schedule_due_ns(const struct schedule *schedule);
void schedule_advance(struct schedule *schedule);

#endif
