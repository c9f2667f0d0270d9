/* The policies of a file, with their options. Private to config; main thread. */
#ifndef ANAGRAPH_SERVER_CONFIG_POLICIES_H
#define ANAGRAPH_SERVER_CONFIG_POLICIES_H

#include "server/config_yaml.h"

/* Sets which policy each source has that the mapping names. 0; CONFIG_E_USAGE; -errno. */
int config_policies_read(struct config *config, const struct yaml_value *mapping);

/* A policy that serves several sources is one instance, with one set of options. The
 * first of two sources that do not agree about it, or SOURCE_COUNT. */
enum source config_policies_disputed(const struct config *config);

/* The same of shadows in the daemon's own process, where a policy is one instance; a worker
 * may run one beside another that is told something else. */
enum source config_shadows_disputed(const struct config *config);

#endif
