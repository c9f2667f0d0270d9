/* Takes the name of an option for a string with a NUL at its end. */
#include "bad.h"

static volatile size_t longest;

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct anagraph_option *option =
		    (const void *)((const char *)options + i * option_size);

		longest = strlen(option->name.data);
	}
	return good_create(host, options, option_count, option_size, instance);
}

BAD(policy.create = create)
