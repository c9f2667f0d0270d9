/* Below 2^11 a bucket is one value; from there on each power of two has 2^10 buckets. */
#include "bench/histogram.h"

#include <math.h>
#include <stddef.h>

static const uint64_t GREATEST = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;

static size_t
bucket_of(uint64_t value)
{
	unsigned bits;

	if (value >> (HISTOGRAM_DIGIT_BITS + 1) == 0)
		return (size_t)value;
	bits = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_DIGIT_BITS;
	return ((size_t)bits << HISTOGRAM_DIGIT_BITS) + (size_t)(value >> bits);
}

/* The greatest value of a bucket. */
static uint64_t
greatest_of(size_t bucket)
{
	size_t bits = bucket >> HISTOGRAM_DIGIT_BITS;

	if (bits <= 1)
		return bucket;
	bits--;
	return (((uint64_t)bucket - ((uint64_t)bits << HISTOGRAM_DIGIT_BITS) + 1) << bits) - 1;
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	uint64_t kept = value < GREATEST ? value : GREATEST;

	histogram->counts[bucket_of(kept)]++;
	histogram->total++;
	histogram->sum += (double)kept;
	if (kept > histogram->greatest)
		histogram->greatest = kept;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->counts[i] += other->counts[i];
	histogram->total += other->total;
	histogram->sum += other->sum;
	if (other->greatest > histogram->greatest)
		histogram->greatest = other->greatest;
}

uint64_t
histogram_at(const struct histogram *histogram, double percent)
{
	uint64_t wanted = (uint64_t)ceil(percent / 100 * (double)histogram->total);
	uint64_t seen = 0;

	if (wanted < 1)
		wanted = 1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (seen >= wanted) {
			uint64_t value = greatest_of(i);

			return value < histogram->greatest ? value : histogram->greatest;
		}
	}
	return histogram->greatest;
}

double
histogram_mean(const struct histogram *histogram)
{
	return histogram->total == 0 ? 0 : histogram->sum / (double)histogram->total;
}
