/* Numbers by chance that are the same on every run with the same seed. splitmix64: any
 * state is a good one, and the mixing alone is a permutation of the 64-bit numbers. */
#ifndef ANAGRAPH_BASE_RANDOM_H
#define ANAGRAPH_BASE_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t
random_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The next number of a generator, whose state starts as its seed. */
static inline uint64_t
random_next(uint64_t *state)
{
	uint64_t number = random_mix(*state);

	*state += UINT64_C(0x9e3779b97f4a7c15);
	return number;
}

/* From 0 to 1, 1 left out. */
static inline double
random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* Below a bound that is far less than 2^64. */
static inline uint64_t
random_below(uint64_t *state, uint64_t bound)
{
	return random_next(state) % bound;
}

/* What lies between two arrivals that don't know of each other, 1 at the mean. */
static inline double
random_exponential(uint64_t *state)
{
	return -log1p(-random_unit(state));
}

#endif
