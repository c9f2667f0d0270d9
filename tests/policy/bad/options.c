/* Takes any option, so that a mistake in a configuration is never found. */
#include "bad.h"

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_count;
	(void)option_size;
	*instance = NULL;
	return 0;
}

BAD(policy.create = create)
