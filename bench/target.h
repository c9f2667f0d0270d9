/* A server that is measured and the store behind it: one of our own, which ends with the
 * measuring, or one that runs. Main thread, but for target_next_fresh. */
#ifndef ANAGRAPH_BENCH_TARGET_H
#define ANAGRAPH_BENCH_TARGET_H

#include <stdatomic.h>

#include "bench/dataset.h"
#include "bench/side.h"
#include "tests/support/service.h"

struct target {
	struct service *service; /* NULL when it is not ours */
	char *own_dir;           /* a store that was made, to be removed; NULL otherwise */
	const char *data_dir;    /* NULL when it is not known */
	const char *address;
	pid_t pid;
	struct dataset dataset;
	atomic_uint_fast64_t next_fresh; /* the first number that is no contact's yet */
	double start_seconds;            /* from starting it to its being ready; 0 when it is not ours */
};

/* Starts what a side is to be measured on, with its store made when it has none; echo asks for the
 * server that can. What goes wrong is told on standard error. 0; -errno. *target is to be
 * finished whatever comes of it. */
int target_start(struct target *target, const struct side *side, bool echo);

/* Ends it and removes what was made; false when a server of ours did not end well. */
bool target_finish(struct target *target);

/* The number of a contact that nobody knows. Any thread. */
uint64_t target_next_fresh(struct target *target);

/* Tells where the daemon and the policies of the same build lie. 0; -errno. */
int target_point_to_build(bool echo);

/* Makes a store and notes beside it what is in it; shows how far it is on a terminal. What goes
 * wrong is told on standard error. 0; -errno. */
int target_fill(const char *data_dir, const struct dataset *dataset);

/* Reads what target_fill noted. 0; -errno; told as well. */
int target_read_dataset(struct dataset *dataset, const char *data_dir);

#endif
