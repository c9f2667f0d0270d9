/* The daemon's settings, from its command line. */
#ifndef ANAGRAPH_SERVER_CONFIG_H
#define ANAGRAPH_SERVER_CONFIG_H

#include "rules/types.h"

enum {
	CONFIG_ADDRESS_BYTES = 64,
	CONFIG_MESSAGE_BYTES = 256,
};

struct config {
	const char *data_dir;
	const char *key_file; /* NULL: "key" in the data directory */
	const char *policy_dir;
	const char *policy_ids[SOURCE_COUNT]; /* by source */
	char host[CONFIG_ADDRESS_BYTES];      /* as it goes before the port: "127.0.0.1", "[::1]" */
	unsigned port;                        /* 0: any that is free */
	unsigned thread_count;
	uint64_t map_size_bytes;
};

/* What is wrong with the command line, for people. NUL-terminated. */
struct config_error {
	char message[CONFIG_MESSAGE_BYTES];
};

enum config_outcome {
	CONFIG_E_HELP = 1,    /* --help was asked */
	CONFIG_E_VERSION = 2, /* --version was asked */
	CONFIG_E_USAGE = 3,   /* *error says what is wrong */
};

/* Reads the command line; of an option given twice the last counts. *config borrows
 * from arguments. 0; CONFIG_E_…. Main thread. */
int config_parse(
    struct config *config, struct config_error *error, int argument_count, char *const *arguments);

/* What --help prints; static. */
const char *config_usage(void);

#endif
