/* Reads the command line, and the file that it names. The command line is read twice:
 * first for the file's name and for mistakes in it, then, with what the file says in
 * place, for what wins over that. */
#include "server/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/config_file.h"
#include "server/config_policies.h"
#include "server/config_values.h"

enum {
	DEFAULT_PORT = 7430,
	DEFAULT_THREADS_MAX = 8, /* where nothing is asked for */
	DEFAULT_POLICY_DEADLINE_MS = 20,
	MEMORY_BYTES = 256 * 1024 * 1024, /* more than any file within its limits takes */
};

static const uint64_t MIB_BYTES = UINT64_C(1024) * 1024;
static const uint64_t DEFAULT_MAP_SIZE_MIB = UINT64_C(1024) * 1024;

const char *
config_usage(void)
{
	return "usage: anagraphd [--config FILE] [--data-dir DIR] [--policy-dir DIR] [OPTION]...\n"
	       "\n"
	       "  --config FILE          settings, the accounts' too, in YAML; options win over it\n"
	       "  --data-dir DIR         where the store is; made when missing\n"
	       "  --policy-dir DIR       where policies are, as ID.so\n"
	       "  --key-file FILE        the key of the store's digests (DIR/key); made with the store\n"
	       "  --policy SOURCE=ID     the policy of a source: contacts (push_latest),\n"
	       "                         conversations (chat_primary) or push (push_latest)\n"
	       "  --policy-run PLACE     where policies run: each in a worker of its own, or in-process "
	       "(worker)\n"
	       "  --policy-deadline-ms N how long a worker's verdict may take, 1 to 10000 (20)\n"
	       "  --listen HOST:PORT     a loopback address; port 0 for any (127.0.0.1:7430)\n"
	       "  --threads N            threads that take calls, 1 to 64 (half the processors, up to 8)\n"
	       "  --map-size-mib N       the largest the store can get (1048576, which is 1 TiB)\n"
	       "  --check-config         checks all of the above and policies' files, opens no store, ends\n"
	       "  --help, --version\n";
}

static int
read_policy(struct config *config, struct config_error *error, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return config_refuse(error, "--policy takes SOURCE=ID, not %.80s", text);
	for (enum source source = SOURCE_PUSH; source < SOURCE_COUNT; source++) {
		const char *name = config_source_name(source);
		size_t size = (size_t)(equals - text);

		if (strlen(name) == size && strncmp(name, text, size) == 0)
			return config_read_policy_id(config, error, "--policy", source, equals + 1);
	}
	return config_refuse(error, "--policy knows the sources contacts, conversations and push, not %.*s",
	    equals - text > 80 ? 80 : (int)(equals - text), text);
}

/* Half the processors: the rest is for the committer, the kernel and, often enough, the
 * callers. A thread too many costs each call more than it brings. */
static unsigned
default_thread_count(void)
{
	long half = sysconf(_SC_NPROCESSORS_ONLN) / 2;

	if (half < 1)
		return 1;
	return half > DEFAULT_THREADS_MAX ? DEFAULT_THREADS_MAX : (unsigned)half;
}

enum option_id {
	OPTION_DATA_DIR = 256,
	OPTION_KEY_FILE,
	OPTION_POLICY_DIR,
	OPTION_POLICY,
	OPTION_POLICY_RUN,
	OPTION_POLICY_DEADLINE_MS,
	OPTION_LISTEN,
	OPTION_THREADS,
	OPTION_MAP_SIZE_MIB,
	OPTION_CONFIG,
	OPTION_CHECK_CONFIG,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option OPTIONS[] = {
	{ "data-dir", required_argument, NULL, OPTION_DATA_DIR },
	{ "key-file", required_argument, NULL, OPTION_KEY_FILE },
	{ "policy-dir", required_argument, NULL, OPTION_POLICY_DIR },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "policy-run", required_argument, NULL, OPTION_POLICY_RUN },
	{ "policy-deadline-ms", required_argument, NULL, OPTION_POLICY_DEADLINE_MS },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "map-size-mib", required_argument, NULL, OPTION_MAP_SIZE_MIB },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int
read_option(struct config *config, struct config_error *error, int option, char *const *arguments)
{
	switch (option) {
	case OPTION_DATA_DIR:
		config->data_dir = optarg;
		return 0;
	case OPTION_KEY_FILE:
		config->key_file = optarg;
		return 0;
	case OPTION_POLICY_DIR:
		config->policy_dir = optarg;
		return 0;
	case OPTION_POLICY:
		return read_policy(config, error, optarg);
	case OPTION_POLICY_RUN:
		return config_read_policy_run(config, error, "--policy-run", optarg);
	case OPTION_POLICY_DEADLINE_MS:
		return config_read_policy_deadline(config, error, "--policy-deadline-ms", optarg);
	case OPTION_LISTEN:
		return config_read_listen(config, error, "--listen", optarg);
	case OPTION_THREADS:
		return config_read_threads(config, error, "--threads", optarg);
	case OPTION_MAP_SIZE_MIB:
		return config_read_map_size(config, error, "--map-size-mib", optarg);
	case OPTION_CONFIG:
		config->config_file = optarg;
		return 0;
	case OPTION_CHECK_CONFIG:
		config->check = true;
		return 0;
	case OPTION_HELP:
		return CONFIG_E_HELP;
	case OPTION_VERSION:
		return CONFIG_E_VERSION;
	case ':':
		return config_refuse(error, "%.80s needs a value", arguments[optind - 1]);
	default:
		return config_refuse(
		    error, "%.80s is not an option, or not one alone", arguments[optind - 1]);
	}
}

static int
read_options(struct config *config, struct config_error *error, int argument_count, char *const *arguments)
{
	int option;

	optind = 0; /* 0 has glibc start anew */
	while ((option = getopt_long(argument_count, arguments, "+:", OPTIONS, NULL)) != -1) {
		int result = read_option(config, error, option, arguments);

		if (result != 0)
			return result;
	}
	if (optind < argument_count)
		return config_refuse(error, "%.80s is not an option", arguments[optind]);
	if (config->data_dir != NULL && *config->data_dir == '\0')
		return config_refuse(error, "--data-dir is empty: where is the store?");
	if (config->policy_dir != NULL && *config->policy_dir == '\0')
		return config_refuse(error, "--policy-dir is empty: where are the policies?");
	if (config->key_file != NULL && *config->key_file == '\0')
		return config_refuse(error, "--key-file takes the path of a file");
	return 0;
}

/* Callers are asked who they are by tls and callers together, and must be where other
 * machines reach the daemon. 0; CONFIG_E_USAGE or CONFIG_E_FILE, by where it was said. */
static int
check_callers(const struct config *config, struct config_error *error)
{
	bool is_option = strncmp(config->remote_listen, "--", 2) == 0;

	if (config->has_identity != (config->callers.count > 0)) {
		config_refuse(error, "%.300s: says %s and no %s: each needs the other", config->config_file,
		    config->has_identity ? "tls" : "callers", config->has_identity ? "callers" : "tls");
		return CONFIG_E_FILE;
	}
	if (config->remote_listen[0] == '\0' || config->has_identity)
		return 0;
	config_refuse(error,
	    "%s is refused: where callers are not asked who they are (tls and callers in a file of "
	    "settings), only loopback addresses are served (127.0.0.0/8, [::1], localhost)",
	    config->remote_listen);
	return is_option ? CONFIG_E_USAGE : CONFIG_E_FILE;
}

static int
check_complete(const struct config *config, struct config_error *error)
{
	enum source disputed = config_policies_disputed(config);
	enum source shadow = config_shadows_disputed(config);

	if (config->data_dir == NULL)
		return config_refuse(
		    error, "--data-dir is missing, and no file says it: where is the store?");
	if (config->policy_dir == NULL)
		return config_refuse(
		    error, "--policy-dir is missing, and no file says it: where are the policies?");
	if (disputed != SOURCE_COUNT)
		return config_refuse(error,
		    "--policy gives %s to a source without the options it has for another",
		    config->policy_ids[disputed]);
	if (shadow != SOURCE_COUNT) {
		config_refuse(error,
		    "%.300s: the shadow %s has options that it has not everywhere, and policies that run "
		    "in-process have one set of options each",
		    config->config_file, config->shadow_ids[shadow]);
		return CONFIG_E_FILE;
	}
	return check_callers(config, error);
}

int
config_parse(struct config *config, struct config_error *error, int argument_count, char *const *arguments)
{
	struct config read = {
		.policy_ids = {
			[SOURCE_PUSH] = "push_latest",
			[SOURCE_CONVERSATIONS] = "chat_primary",
			[SOURCE_CONTACTS] = "push_latest",
		},
		.policy_deadline_ms = DEFAULT_POLICY_DEADLINE_MS,
		.host = "127.0.0.1",
		.port = DEFAULT_PORT,
		.thread_count = default_thread_count(),
		.map_size_bytes = DEFAULT_MAP_SIZE_MIB * MIB_BYTES,
		.settings = *settings_default(),
	};
	struct config options = read;
	int result;

	arena_init(&read.memory, MEMORY_BYTES);
	result = read_options(&options, error, argument_count, arguments);
	if (result == 0 && options.config_file != NULL)
		result = config_file_read(&read, error, options.config_file);
	if (result == 0)
		result = read_options(&read, error, argument_count, arguments);
	if (result == 0)
		result = check_complete(&read, error);
	if (result == 0)
		*config = read;
	else
		arena_finish(&read.memory);
	return result;
}

void
config_finish(struct config *config)
{
	arena_finish(&config->memory);
}
