/* Whether a policy that keeps failing is asked at all. After some failures in a row nobody
 * asks it for a while; then one question tries whether it is well again, and if not, the
 * while is twice as long. Times are CLOCK_MONOTONIC in microseconds and come from the
 * caller, who also sees to it that one thread at a time is here. */
#ifndef ANAGRAPH_SERVER_WORKER_BREAKER_H
#define ANAGRAPH_SERVER_WORKER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct breaker {
	int64_t rest_us;        /* how long the first rest is; set by the caller, the others 0 */
	unsigned failures;      /* in a row */
	unsigned rests;         /* in a row */
	int64_t rests_until_us; /* 0: it is closed */
};

/* Whether a question may be put. */
bool breaker_allows(const struct breaker *breaker, int64_t now_us);

/* Notes what came of one. Whether that closed the breaker, or opened it. */
bool breaker_succeed(struct breaker *breaker);
bool breaker_fail(struct breaker *breaker, int64_t now_us);

/* How long to wait before the worker is started again. */
int64_t breaker_backoff_us(const struct breaker *breaker, int64_t now_us);

#endif
