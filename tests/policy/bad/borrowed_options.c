/* Keeps the value of its option where it was shown to it. */
#include "bad.h"

static const char *volatile mode;
static volatile char seen;

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	int result = good_create(host, options, option_count, option_size, instance);

	if (result == 0 && option_count != 0)
		mode = options->value.data;
	return result;
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (mode != NULL)
		seen = *mode;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.create = create, policy.decide = decide)
