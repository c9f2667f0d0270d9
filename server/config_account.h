/* What an account may have set, from a YAML file. Private to config. */
#ifndef ANAGRAPH_SERVER_CONFIG_ACCOUNT_H
#define ANAGRAPH_SERVER_CONFIG_ACCOUNT_H

#include "base/arena.h"
#include "rules/settings.h"
#include "server/config_yaml.h"

/* Blocked values by the node that lists them, so that a list which many accounts refer to
 * is read and held once. */
struct blocked_lists {
	struct blocked_list {
		const struct bytes *values; /* NULL: not read yet */
		size_t count;
	} * by_node;
	size_t node_count;
};

/* Prepares for the lists of a file. 0; -ENOMEM. */
int blocked_lists_init(struct blocked_lists *lists, struct arena *arena, const struct yaml_file *file);

/* Sets what the mapping says and leaves the rest of *settings. What it points to is the
 * arena's. 0; CONFIG_E_USAGE; -errno. */
int config_account_read(struct account_settings *settings, struct arena *arena, struct blocked_lists *lists,
    const struct yaml_value *mapping);

#endif
