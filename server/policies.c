/* Sources to policies: one policy may serve several sources, and is then one instance
 * with one set of counters. */
#include "server/policies.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/policy_file.h"
#include "server/log.h"

static void
log_for_policy(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };
	const char *name = level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";

	(void)context;
	log_line("policy %s: %s: %.*s", policy_id, name, BYTES_PRINT(message));
}

int
policies_init(
    struct policies *out, struct policy_error *error, const struct config *config, const char *copy_dir)
{
	const struct policy_host_options options = {
		.policy_dir = config->policy_dir,
		.copy_dir = copy_dir,
		.log = log_for_policy,
	};
	struct policies policies = { .host = NULL };
	int result = policy_host_create(&policies.host, &options, error);

	for (enum source source = SOURCE_PUSH; result == 0 && source < SOURCE_COUNT; source++)
		result =
		    policy_host_load(&policies.by_source[source], policies.host, config->policy_ids[source],
			config->policy_options[source].items, config->policy_options[source].count, error);
	if (result != 0) {
		policies_finish(&policies);
		return result;
	}
	*out = policies;
	return 0;
}

static int
check_policy(struct policy_error *error, int dir_fd, const struct config *config, enum source source)
{
	struct policy_file file;
	char *path;
	int result;

	if (asprintf(&path, "%s/%s.so", config->policy_dir, config->policy_ids[source]) < 0)
		return -ENOMEM;
	result = policy_file_read(&file, dir_fd, path, error);
	if (result == 0)
		policy_file_finish(&file);
	free(path);
	return result;
}

int
policies_check(struct policy_error *error, const struct config *config)
{
	int dir_fd;
	int result = policy_dir_open(&dir_fd, config->policy_dir, error);

	if (result != 0)
		return result;
	for (enum source source = SOURCE_PUSH; result == 0 && source < SOURCE_COUNT; source++)
		result = check_policy(error, dir_fd, config, source);
	close(dir_fd);
	return result;
}

void
policies_finish(struct policies *policies)
{
	policy_host_destroy(policies->host);
}

static int
ask(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	const struct policies *policies = context;
	const struct policy *policy = policies->by_source[source];

	*identity = policy_identity_of(policy);
	return policy_decide(verdict, policy, conflict);
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	const struct policies *policies = context;

	policy_count(policies->by_source[source], fallback);
}

struct decider
policies_decider(struct policies *policies)
{
	return (struct decider){ .context = policies, .ask = ask, .settled = settled };
}

static bool
is_served_before(const struct policies *policies, enum source source)
{
	for (enum source before = SOURCE_PUSH; before < source; before++) {
		if (policies->by_source[before] == policies->by_source[source])
			return true;
	}
	return false;
}

void
policies_log_fallbacks(const struct policies *policies)
{
	for (enum source source = SOURCE_PUSH; source < SOURCE_COUNT; source++) {
		const struct policy *policy = policies->by_source[source];
		struct policy_counts counts = policy_counts_of(policy);

		if (is_served_before(policies, source))
			continue;
		if (counts.failed == 0 && counts.deferred == 0 && counts.invalid == 0)
			continue;
		log_line("policy %.*s: decided %" PRIu64 ", failed %" PRIu64 ", deferred %" PRIu64
			 ", invalid %" PRIu64,
		    BYTES_PRINT(policy_identity_of(policy)->id), counts.decided, counts.failed,
		    counts.deferred, counts.invalid);
	}
}
