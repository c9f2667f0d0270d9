/* Takes it for granted that there is memory. */
#include "bad.h"

#include <stdlib.h>

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	int result = good_create(host, options, option_count, option_size, instance);

	if (result == 0) {
		volatile char *state = malloc(100);

		state[0] = 1;
		*instance = (void *)state;
	}
	return result;
}

BAD(policy.create = create, policy.destroy = free)
