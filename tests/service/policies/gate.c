/* A policy that is as slow as its test wants: asked, it writes a byte to one descriptor and
 * waits for a byte, or the end, of another, both of which it is told as options. It breaks
 * every rule of a policy for that. Its verdict is TAKE. */
#include <anagraph/policy.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct instance {
	int asked_fd;
	int go_fd;
};

static int
number(const struct anagraph_string *text)
{
	int value = 0;

	for (size_t i = 0; i < text->size; i++)
		value = 10 * value + (text->data[i] - '0');
	return value;
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	struct instance *made = calloc(1, sizeof(*made));

	(void)host;
	if (made == NULL || option_count != 2 || option_size < sizeof(*options)) {
		free(made);
		return -1;
	}
	made->asked_fd = number(&options[0].value);
	made->go_fd = number(&options[1].value);
	*instance = made;
	return 0;
}

static void
destroy(void *instance)
{
	free(instance);
}

static int
decide(const void *context, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	const struct instance *instance = context;
	char byte = 0;

	(void)conflict;
	if (write(instance->asked_fd, &byte, 1) != 1 || read(instance->go_fd, &byte, 1) < 0)
		return -1;
	verdict->verdict = ANAGRAPH_VERDICT_TAKE;
	return 0;
}

ANAGRAPH_POLICY_EXPORT const struct anagraph_policy *
anagraph_policy_v1(void)
{
	static const struct anagraph_policy policy = {
		.struct_size = sizeof(policy),
		.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE,
		.id = "gate",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
