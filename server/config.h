/* The daemon's settings, from its command line and the file that this names. */
#ifndef ANAGRAPH_SERVER_CONFIG_H
#define ANAGRAPH_SERVER_CONFIG_H

#include "base/arena.h"
#include "rules/policy.h"
#include "rules/settings.h"
#include "server/rpc/callers.h"

enum {
	CONFIG_ADDRESS_BYTES = 64,
	CONFIG_MESSAGE_BYTES = 1024,
};

/* What a policy is made with; names and values are NUL-terminated all the same. */
struct policy_options {
	const struct anagraph_option *items;
	size_t count;
};

/* Where policies run. */
enum policies_run {
	RUN_IN_WORKERS = 0, /* each in a process of its own */
	RUN_IN_PROCESS = 1, /* in the daemon's */
};

struct config {
	const char *config_file; /* NULL: none */
	bool check;              /* --check-config */
	const char *data_dir;
	const char *key_file; /* NULL: "key" in the data directory */
	const char *policy_dir;
	const char *policy_ids[SOURCE_COUNT]; /* by source */
	struct policy_options policy_options[SOURCE_COUNT];
	const char *shadow_ids[SOURCE_COUNT]; /* policies asked beside those; NULL: none */
	struct policy_options shadow_options[SOURCE_COUNT];
	enum policies_run policies_run;
	unsigned policy_deadline_ms;     /* of a verdict from a worker */
	char host[CONFIG_ADDRESS_BYTES]; /* as it goes before the port: "127.0.0.1", "[::1]" */
	unsigned port;                   /* 0: any that is free */
	unsigned thread_count;
	uint64_t map_size_bytes;
	/* Where an address that other machines reach was asked for, as a message begins; or "". */
	char remote_listen[CONFIG_MESSAGE_BYTES / 2];
	struct settings settings;       /* of the accounts */
	bool has_identity;              /* callers are met by TLS and asked who they are */
	struct identity_files identity; /* with has_identity; and then there are callers */
	struct callers callers;
	struct arena memory; /* holds what came from the file */
};

/* What is wrong with the command line or the file, in one line for people; of the file
 * with its name, the line and the key. NUL-terminated. */
struct config_error {
	char message[CONFIG_MESSAGE_BYTES];
};

enum config_outcome {
	CONFIG_E_HELP = 1,    /* --help was asked */
	CONFIG_E_VERSION = 2, /* --version was asked */
	CONFIG_E_USAGE = 3,   /* the command line is wrong: *error says how */
	CONFIG_E_FILE = 4,    /* the file that it names is: *error says how */
};

/* Reads the command line and the file it names, over which it wins; of an option given
 * twice the last counts. *config borrows from arguments; config_finish gives back the
 * rest. 0; CONFIG_E_…; -errno. *config is untouched unless 0. Main thread. */
int config_parse(
    struct config *config, struct config_error *error, int argument_count, char *const *arguments);

/* Gives back what config_parse took. */
void config_finish(struct config *config);

/* What --help prints; static. */
const char *config_usage(void);

#endif
