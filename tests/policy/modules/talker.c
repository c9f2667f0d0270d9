/* Uses all that the host offers: logs its options when it is made, a line of every
 * length when it decides, and a word when it is given back; refuses a host that has
 * an extension that was never invented. */
#include "sample.h"

#include <stdlib.h>

struct talker {
	const struct anagraph_host *host;
};

static struct anagraph_string
text(const char *data)
{
	struct anagraph_string string = { data, strlen(data) };

	return string;
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	struct talker *talker;

	if (host->struct_size < sizeof(*host) || host->extension(host, text("metrics/1")) != NULL)
		return -1;
	for (size_t i = 0; i < option_count; i++) {
		const struct anagraph_option *option =
		    (const void *)((const char *)options + i * option_size);

		host->log(host, ANAGRAPH_LOG_INFO, option->name);
		host->log(host, ANAGRAPH_LOG_DEBUG, option->value);
	}
	talker = malloc(sizeof(*talker));
	if (talker == NULL)
		return -1;
	talker->host = host;
	*instance = talker;
	return 0;
}

static void
destroy(void *instance)
{
	struct talker *talker = instance;

	talker->host->log(talker->host, ANAGRAPH_LOG_WARNING, text("gone"));
	free(talker);
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	static const char line[5000] = { 0 };
	const struct talker *talker = instance;
	struct anagraph_string message = { line, sizeof(line) };

	talker->host->log(talker->host, 99, message);
	return sample_decide(instance, conflict, verdict);
}

SAMPLE((policy.create = create, policy.destroy = destroy, policy.decide = decide))
