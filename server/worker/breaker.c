/* The failures that open it are counted in a row: one answer in time and it starts anew. */
#include "server/worker/breaker.h"

#include "base/limits.h"

static const int64_t SECOND_US = 1000000;

bool
breaker_allows(const struct breaker *breaker, int64_t now_us)
{
	return now_us >= breaker->rests_until_us;
}

bool
breaker_succeed(struct breaker *breaker)
{
	bool was_open = breaker->rests_until_us != 0;

	*breaker = (struct breaker){ .rest_us = breaker->rest_us };
	return was_open;
}

bool
breaker_fail(struct breaker *breaker, int64_t now_us)
{
	const int64_t most_us = LIMIT_POLICY_REST_MOST_SECONDS * SECOND_US;
	int64_t rest_us = breaker->rest_us;

	if (breaker->failures < LIMIT_POLICY_FAILURES)
		breaker->failures++;
	if (breaker->failures < LIMIT_POLICY_FAILURES)
		return false;
	for (unsigned i = 0; i < breaker->rests && rest_us < most_us; i++)
		rest_us *= 2;
	breaker->rests_until_us = now_us + (rest_us < most_us ? rest_us : most_us);
	breaker->rests++;
	return true;
}

int64_t
breaker_backoff_us(const struct breaker *breaker, int64_t now_us)
{
	static const int64_t first_us = 10000;

	if (breaker->rests_until_us > now_us)
		return breaker->rests_until_us - now_us;
	return breaker->failures == 0 ? 0 : first_us << (2 * (breaker->failures - 1));
}
