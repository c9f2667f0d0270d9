/* Which contact is asked for next: any as likely as any other, or a few most of the time
 * (Zipf). The popular ones lie scattered over the numbers, as they do in life.
 *
 * Zipf by rejection and inversion (Hörmann and Derflinger, 1996): no table, whatever the
 * size. Plain data; a chooser may be shared by threads, each with a state of its own. */
#ifndef ANAGRAPH_BENCH_KEYS_H
#define ANAGRAPH_BENCH_KEYS_H

#include <stdint.h>

struct keys {
	uint64_t count;
	double exponent; /* 0: uniform */
	uint64_t stride; /* from one rank to the next, coprime to count */
	double first_integral;
	double last_integral;
	double shift;
};

/* Of count contacts, 1 or more. exponent is 0 for uniform, else above 0 and at most 10. */
void keys_init(struct keys *keys, uint64_t count, double exponent);

/* The rank of the next one, from 1, the most popular; then its number, below count. */
uint64_t keys_next_rank(const struct keys *keys, uint64_t *random);
uint64_t keys_next(const struct keys *keys, uint64_t *random);

#endif
