/* Never comes back from an option that it does not know. */
#include "bad.h"

#include <unistd.h>

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	int result = good_create(host, options, option_count, option_size, instance);

	if (result == 0)
		return result;
	for (;;)
		pause();
}

BAD(policy.create = create)
