/* Who may call and what the daemon shows them, from a YAML file. Private to config. */
#ifndef ANAGRAPH_SERVER_CONFIG_CALLERS_H
#define ANAGRAPH_SERVER_CONFIG_CALLERS_H

#include "server/config_yaml.h"

/* The mapping "tls": the daemon's certificate and key, and the authority of its callers,
 * each a PEM file, which is read whole. What is kept is the config's. 0; CONFIG_E_USAGE;
 * -errno. */
int config_tls_read(struct config *config, const struct yaml_value *mapping);

/* The mapping "callers", by name: roles and accounts. Likewise. */
int config_callers_read(struct config *config, const struct yaml_value *mapping);

#endif
