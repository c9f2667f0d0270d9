/* The integrals and their inverses keep their precision for exponents near 1, where the
 * closed forms divide by almost nothing. */
#include "bench/keys.h"

#include <math.h>

#include "base/random.h"

/* log(1 + x) / x */
static double
log_ratio(double x)
{
	return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x / 3);
}

/* (exp(x) - 1) / x */
static double
exp_ratio(double x)
{
	return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x * 0.5 * (1 + x / 3);
}

static double
density(const struct keys *keys, double x)
{
	return exp(-keys->exponent * log(x));
}

static double
integral(const struct keys *keys, double x)
{
	return exp_ratio((1 - keys->exponent) * log(x)) * log(x);
}

static double
integral_inverse(const struct keys *keys, double y)
{
	double t = y * (1 - keys->exponent);

	return exp(log_ratio(t < -1 ? -1 : t) * y);
}

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

void
keys_init(struct keys *keys, uint64_t count, double exponent)
{
	*keys = (struct keys){ .count = count, .exponent = exponent };
	keys->stride = (uint64_t)((double)count * 0.6180339887498949) | 1;
	while (greatest_common_divisor(keys->stride, count) != 1)
		keys->stride++;
	if (exponent == 0)
		return;
	keys->first_integral = integral(keys, 1.5) - 1;
	keys->last_integral = integral(keys, (double)count + 0.5);
	keys->shift = 2 - integral_inverse(keys, integral(keys, 2.5) - density(keys, 2));
}

uint64_t
keys_next_rank(const struct keys *keys, uint64_t *random)
{
	if (keys->exponent == 0)
		return 1 + random_below(random, keys->count);
	for (;;) {
		double u =
		    keys->last_integral + random_unit(random) * (keys->first_integral - keys->last_integral);
		double x = integral_inverse(keys, u);
		double rank = floor(x + 0.5);

		if (rank < 1)
			rank = 1;
		if (rank > (double)keys->count)
			rank = (double)keys->count;
		if (rank - x <= keys->shift || u >= integral(keys, rank + 0.5) - density(keys, rank))
			return (uint64_t)rank;
	}
}

uint64_t
keys_next(const struct keys *keys, uint64_t *random)
{
	return (keys_next_rank(keys, random) - 1) * keys->stride % keys->count;
}
