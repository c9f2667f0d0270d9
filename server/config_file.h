/* The daemon's settings from a YAML file; server/anagraph.example.yaml shows all of them.
 * Private to config. */
#ifndef ANAGRAPH_SERVER_CONFIG_FILE_H
#define ANAGRAPH_SERVER_CONFIG_FILE_H

#include "server/config.h"

/* Sets what a file says and leaves the rest of *config; what it points to is
 * config->memory's. 0; CONFIG_E_FILE with *error, or -errno, after either of which
 * *config is good for config_finish alone. Main thread. */
int config_file_read(struct config *config, struct config_error *error, const char *path);

#endif
