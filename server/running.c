/* Another set is loaded beside the one that runs, all of it, and only then do the two
 * change places, between two batches. So a set that cannot be loaded costs nothing, no
 * event waits for one that can, and none is decided by half of each. */
#include "server/running.h"

#include <errno.h>
#include <stdlib.h>

#include "server/log.h"

/* Policies with the settings that they were made from. */
struct set {
	struct config config; /* owned where it was read for this set */
	bool owns_config;
	struct policies policies;
};

struct running {
	const struct config *config; /* of the start */
	const char *copy_dir;
	struct set *set; /* owned */
};

static void
set_destroy(struct set *set)
{
	policies_log_fallbacks(&set->policies);
	policies_finish(&set->policies);
	if (set->owns_config)
		config_finish(&set->config);
	free(set);
}

static int
load(struct set *set, const char *copy_dir)
{
	struct policy_error error;
	int result = policies_init(&set->policies, &error, &set->config, copy_dir);

	if (result == POLICY_E_REFUSED)
		log_line("%s", error.message);
	else if (result < 0)
		log_line("cannot load the policies: %s", strerror(-result));
	return result;
}

int
running_start(struct running **out, const struct config *config, const char *copy_dir)
{
	struct running *running = calloc(1, sizeof(*running));
	struct set *set = calloc(1, sizeof(*set));
	int result = -ENOMEM;

	if (running != NULL && set != NULL) {
		set->config = *config;
		result = load(set, copy_dir);
	}
	if (result != 0) {
		free(set);
		free(running);
		return result;
	}
	*running = (struct running){ .config = config, .copy_dir = copy_dir, .set = set };
	*out = running;
	return 0;
}

struct decider
running_decider(struct running *running)
{
	return policies_decider(&running->set->policies);
}

/* The settings as they are now, as far as they are about policies. 0; anything else has
 * been told. */
static int
read_config(struct config *config, const struct config *first, int argument_count, char *const *arguments)
{
	struct config_error error;
	int result = config_parse(config, &error, argument_count, arguments);

	if (result == CONFIG_E_USAGE || result == CONFIG_E_FILE)
		log_line("%s", error.message);
	else if (result != 0)
		log_line("cannot read the settings: %s", strerror(result < 0 ? -result : EINVAL));
	if (result == 0)
		config->policy_dir = first->policy_dir;
	return result;
}

/* 0 with a set that may be asked; anything else has been told. */
static int
load_anew(struct set **out, const struct running *running, int argument_count, char *const *arguments)
{
	struct set *set = calloc(1, sizeof(*set));
	int result;

	if (set == NULL)
		return -ENOMEM;
	result = read_config(&set->config, running->config, argument_count, arguments);
	if (result != 0) {
		free(set);
		return result;
	}
	set->owns_config = true;
	result = load(set, running->copy_dir);
	if (result == 0) {
		*out = set;
	} else {
		config_finish(&set->config);
		free(set);
	}
	return result;
}

static void
tell_of(const struct policies *policies)
{
	for (size_t i = 0; i < policies->seat_count; i++) {
		const struct policy_identity *identity = seat_identity(policies->seats[i]);

		log_line("policy %.*s %.*s, build %.*s, decides from now on", BYTES_PRINT(identity->id),
		    BYTES_PRINT(identity->version), BYTES_PRINT(identity->build));
	}
}

void
running_reload(struct running *running, struct engine *engine, int argument_count, char *const *arguments)
{
	struct set *before = running->set;
	struct decider decider;
	struct set *set;

	if (load_anew(&set, running, argument_count, arguments) != 0) {
		log_line("the policies are not changed: those that were loaded before go on");
		return;
	}
	decider = policies_decider(&set->policies);
	engine_set_decider(engine, &decider);
	running->set = set;
	set_destroy(before);
	tell_of(&set->policies);
	log_line("the policies were loaded anew");
}

void
running_finish(struct running *running)
{
	if (running == NULL)
		return;
	set_destroy(running->set);
	free(running);
}
