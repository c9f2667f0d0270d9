/* How often each latency was seen, in the manner of HdrHistogram: buckets that are a
 * thousandth of their value wide, so that a percentile is right to three digits from a
 * nanosecond to an hour, in memory that never grows. */
#ifndef ANAGRAPH_BENCH_HISTOGRAM_H
#define ANAGRAPH_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_DIGIT_BITS = 10,
	HISTOGRAM_VALUE_BITS = 42, /* greater values count as the greatest */
	HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_DIGIT_BITS + 1) << HISTOGRAM_DIGIT_BITS,
};

/* All zeros when nothing was seen. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total;
	uint64_t greatest;
	double sum;
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* Adds all that another one has seen. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* A value that so many per cent of what was seen don't exceed, and the greatest at 100; it is
 * at most a thousandth more than one that was seen. 0 when nothing was seen. */
uint64_t histogram_at(const struct histogram *histogram, double percent);

double histogram_mean(const struct histogram *histogram);

#endif
