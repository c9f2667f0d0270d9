/* How a policy that knows the worker's insides gets at the memory that the worker shares
 * with its daemon: from what its host is given, as rules/host.c and server/worker/main.c lay
 * it out. */
#ifndef ANAGRAPH_TESTS_POLICY_HOSTILE_INSIDE_H
#define ANAGRAPH_TESTS_POLICY_HOSTILE_INSIDE_H

#include "server/worker/channel.h"

static inline struct channel_memory *
inside_channel(const struct anagraph_host *host)
{
	const struct {
		struct anagraph_host host;
		void *next;
		policy_log_function log;
		const struct channel *log_context;
	} *policy = (const void *)host;

	return policy->log_context->memory;
}

#endif
