/* Sources to policies: one policy may serve several sources, and is then one instance
 * with one set of counters. */
#include "server/policies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/policy_file.h"

static struct seat *
find_seat(const struct policies *policies, const char *policy_id)
{
	for (size_t i = 0; i < policies->seat_count; i++) {
		if (bytes_equal(seat_identity(policies->seats[i])->id, bytes_of_string(policy_id)))
			return policies->seats[i];
	}
	return NULL;
}

static int
seat_source(
    struct policies *policies, enum source source, struct policy_error *error, const struct config *config)
{
	const char *id = config->policy_ids[source];
	struct seat *seat = find_seat(policies, id);
	int result = 0;

	if (seat == NULL) {
		result =
		    seat_create(&seat, policies->host, id, &config->policy_options[source], config, error);
		if (result == 0)
			policies->seats[policies->seat_count++] = seat;
	}
	if (result == 0)
		policies->by_source[source] = seat;
	return result;
}

int
policies_init(
    struct policies *out, struct policy_error *error, const struct config *config, const char *copy_dir)
{
	const struct policy_host_options options = {
		.policy_dir = config->policy_dir,
		.copy_dir = copy_dir,
		.log = seat_log,
	};
	struct policies policies = { .host = NULL };
	int result = policy_host_create(&policies.host, &options, error);

	for (enum source source = SOURCE_PUSH; result == 0 && source < SOURCE_COUNT; source++)
		result = seat_source(&policies, source, error, config);
	for (enum source source = SOURCE_PUSH; result == 0 && source < SOURCE_COUNT; source++) {
		if (config->shadow_ids[source] != NULL)
			result =
			    shadow_create(&policies.shadows[source], policies.host, source, config, error);
	}
	if (result == 0)
		*out = policies;
	else
		policies_finish(&policies);
	return result;
}

static int
check_policy(struct policy_error *error, int dir_fd, const struct config *config, const char *policy_id)
{
	struct policy_file file;
	char *path;
	int result;

	if (asprintf(&path, "%s/%s.so", config->policy_dir, policy_id) < 0)
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
	for (enum source source = SOURCE_PUSH; result == 0 && source < SOURCE_COUNT; source++) {
		result = check_policy(error, dir_fd, config, config->policy_ids[source]);
		if (result == 0 && config->shadow_ids[source] != NULL)
			result = check_policy(error, dir_fd, config, config->shadow_ids[source]);
	}
	close(dir_fd);
	return result;
}

void
policies_finish(struct policies *policies)
{
	for (enum source source = SOURCE_PUSH; source < SOURCE_COUNT; source++)
		shadow_destroy(policies->shadows[source]);
	for (size_t i = 0; i < policies->seat_count; i++)
		seat_destroy(policies->seats[i]);
	policy_host_destroy(policies->host);
}

static int
ask(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	const struct policies *policies = context;
	struct seat *seat = policies->by_source[source];

	*identity = seat_identity(seat);
	return seat_ask(verdict, seat, conflict);
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	const struct policies *policies = context;

	seat_count(policies->by_source[source], fallback);
}

/* An absorbed value's conflict is its own source's. */
static void
stored(void *context, struct bytes account, const struct conflict *conflicts, size_t count)
{
	const struct policies *policies = context;

	for (size_t i = 0; i < count; i++) {
		struct shadow *shadow = policies->shadows[conflicts[i].incoming_claim.source];

		if (shadow != NULL)
			shadow_show(shadow, account, &conflicts[i]);
	}
}

struct decider
policies_decider(struct policies *policies)
{
	return (struct decider){ .context = policies, .ask = ask, .settled = settled, .stored = stored };
}

void
policies_log_fallbacks(const struct policies *policies)
{
	for (size_t i = 0; i < policies->seat_count; i++)
		seat_log_fallbacks(policies->seats[i]);
}
