/* What the verbs that look into a store share. They call no service: they are for whoever
 * runs one, on its machine and as its user. */
#ifndef ANAGRAPH_CLIENT_COMMAND_MAINTAIN_H
#define ANAGRAPH_CLIENT_COMMAND_MAINTAIN_H

#include "client/command/command.h"
#include "server/graph/graph.h"

/* Reads --data-dir and --map-size-mib. OPTION_TAKEN; else the exit status, all having been
 * told. */
int maintain_read_options(
    struct graph_options *options, struct command *command, const char *help, int argc, char **argv);

/* Tells why it did not go well: EXIT_REFUSED. */
int maintain_failed(const struct command *command, const struct graph_error *error);

/* Shows an object, which is released, as one line on standard output. The exit status. */
int maintain_show(json_t *object);

#endif
