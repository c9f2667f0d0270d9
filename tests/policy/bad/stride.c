/* Goes through its options as through an array of its own. */
#include "bad.h"

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)option_size;
	for (size_t i = 0; i < option_count; i++) {
		if (!is_mode(&options[i]))
			return -1;
	}
	*instance = NULL;
	return 0;
}

BAD(policy.create = create)
