/* Cannot be started. */
#include "sample.h"

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_count;
	(void)option_size;
	(void)instance;
	return -77;
}

SAMPLE(policy.create = create)
