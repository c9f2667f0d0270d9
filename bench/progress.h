/* A line on a terminal that says how far something is; nothing where nobody looks. On
 * standard error, one thread. */
#ifndef ANAGRAPH_BENCH_PROGRESS_H
#define ANAGRAPH_BENCH_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *what; /* borrowed */
	uint64_t begun_ns;
	uint64_t shown_ns;
};

void progress_begin(struct progress *progress, const char *what);

/* How much is done, from 0 to 1, and what else to say, NULL for nothing. Shown a few times a
 * second at most. */
void progress_show(struct progress *progress, double done, const char *more);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
