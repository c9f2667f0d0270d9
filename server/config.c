/* Reads the command line. Only addresses that no other machine can reach are taken:
 * the daemon does not ask its callers who they are, so whoever reaches the port may
 * read and change everything. */
#include "server/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	DEFAULT_PORT = 7430,
	PORT_MAX = 65535,
	DEFAULT_THREADS_MAX = 8, /* where nothing is asked for */
};

static const uint64_t MIB_BYTES = UINT64_C(1024) * 1024;
static const uint64_t DEFAULT_MAP_SIZE_MIB = UINT64_C(1024) * 1024;

const char *
config_usage(void)
{
	return "usage: anagraphd --data-dir DIR --policy-dir DIR [OPTION]...\n"
	       "\n"
	       "  --data-dir DIR         where the store is; made when missing\n"
	       "  --policy-dir DIR       where policies are, as ID.so\n"
	       "  --key-file FILE        the key of the store's digests (DIR/key); made with the store\n"
	       "  --policy SOURCE=ID     the policy of a source: contacts (push_latest),\n"
	       "                         conversations (chat_primary) or push (push_latest)\n"
	       "  --listen HOST:PORT     a loopback address; port 0 for any (127.0.0.1:7430)\n"
	       "  --threads N            threads that take calls, 1 to 64 (half the processors, up to 8)\n"
	       "  --map-size-mib N       the largest the store can get (1048576, which is 1 TiB)\n"
	       "  --help, --version\n";
}

static int __attribute__((format(printf, 2, 3))) refuse(struct config_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return CONFIG_E_USAGE;
}

/* Decimal digits alone, from least to most. */
static bool
read_number(uint64_t *number, const char *text, uint64_t least, uint64_t most)
{
	uint64_t read = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		read = read * 10 + (uint64_t)(*text - '0');
		if (read > most)
			return false;
	}
	if (read < least)
		return false;
	*number = read;
	return true;
}

/* Whether host is an address of this machine alone; *out is its form before a port. */
static bool
read_loopback(char out[CONFIG_ADDRESS_BYTES], const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127) {
		snprintf(out, CONFIG_ADDRESS_BYTES, "%s", host);
		return true;
	}
	if (strcmp(host, "[::1]") == 0)
		host = "::1";
	if (inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six)) {
		snprintf(out, CONFIG_ADDRESS_BYTES, "[::1]");
		return true;
	}
	return false;
}

static int
read_listen(struct config *config, struct config_error *error, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[CONFIG_ADDRESS_BYTES];
	uint64_t port;

	if (colon == NULL || !read_number(&port, colon + 1, 0, PORT_MAX))
		return refuse(
		    error, "--listen takes HOST:PORT, the port from 0 to %d, not %.80s", PORT_MAX, text);
	if ((size_t)(colon - text) >= sizeof(host))
		return refuse(error, "--listen takes a loopback address, not %.80s", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (!read_loopback(config->host, host))
		return refuse(error,
		    "--listen %.80s is refused: callers are not asked who they are yet, so only "
		    "loopback addresses are served (127.0.0.0/8, [::1], localhost)",
		    text);
	config->port = (unsigned)port;
	return 0;
}

/* Whether id is one that a policy may have: it becomes the name of a file. */
static bool
is_policy_id(const char *id)
{
	size_t size = strlen(id);

	return size >= 1 && size <= LIMIT_POLICY_ID_BYTES &&
	    strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

static int
read_policy(struct config *config, struct config_error *error, const char *text)
{
	static const char *const names[SOURCE_COUNT] = {
		[SOURCE_PUSH] = "push",
		[SOURCE_CONVERSATIONS] = "conversations",
		[SOURCE_CONTACTS] = "contacts",
	};
	const char *equals = strchr(text, '=');

	if (equals == NULL || !is_policy_id(equals + 1))
		return refuse(error, "--policy takes SOURCE=ID, the id 1 to %d of a-z 0-9 _ -, not %.80s",
		    LIMIT_POLICY_ID_BYTES, text);
	for (enum source source = SOURCE_PUSH; source < SOURCE_COUNT; source++) {
		size_t size = (size_t)(equals - text);

		if (strlen(names[source]) == size && strncmp(names[source], text, size) == 0) {
			config->policy_ids[source] = equals + 1;
			return 0;
		}
	}
	return refuse(error, "--policy knows the sources contacts, conversations and push, not %.*s",
	    equals - text > 80 ? 80 : (int)(equals - text), text);
}

static int
read_threads(struct config *config, struct config_error *error, const char *text)
{
	uint64_t count;

	if (!read_number(&count, text, 1, LIMIT_THREADS))
		return refuse(error, "--threads takes a number from 1 to %d, not %.80s", LIMIT_THREADS, text);
	config->thread_count = (unsigned)count;
	return 0;
}

static int
read_map_size(struct config *config, struct config_error *error, const char *text)
{
	uint64_t size_mib;

	if (!read_number(&size_mib, text, 1, LIMIT_MAP_SIZE_MIB))
		return refuse(
		    error, "--map-size-mib takes a number from 1 to %d, not %.80s", LIMIT_MAP_SIZE_MIB, text);
	config->map_size_bytes = size_mib * MIB_BYTES;
	return 0;
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
	OPTION_LISTEN,
	OPTION_THREADS,
	OPTION_MAP_SIZE_MIB,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option OPTIONS[] = {
	{ "data-dir", required_argument, NULL, OPTION_DATA_DIR },
	{ "key-file", required_argument, NULL, OPTION_KEY_FILE },
	{ "policy-dir", required_argument, NULL, OPTION_POLICY_DIR },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "map-size-mib", required_argument, NULL, OPTION_MAP_SIZE_MIB },
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
	case OPTION_LISTEN:
		return read_listen(config, error, optarg);
	case OPTION_THREADS:
		return read_threads(config, error, optarg);
	case OPTION_MAP_SIZE_MIB:
		return read_map_size(config, error, optarg);
	case OPTION_HELP:
		return CONFIG_E_HELP;
	case OPTION_VERSION:
		return CONFIG_E_VERSION;
	case ':':
		return refuse(error, "%.80s needs a value", arguments[optind - 1]);
	default:
		return refuse(error, "%.80s is not an option, or not one alone", arguments[optind - 1]);
	}
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
		.host = "127.0.0.1",
		.port = DEFAULT_PORT,
		.thread_count = default_thread_count(),
		.map_size_bytes = DEFAULT_MAP_SIZE_MIB * MIB_BYTES,
	};
	int option;

	optind = 0; /* 0 has glibc start anew */
	while ((option = getopt_long(argument_count, arguments, "+:", OPTIONS, NULL)) != -1) {
		int result = read_option(&read, error, option, arguments);

		if (result != 0)
			return result;
	}
	if (optind < argument_count)
		return refuse(error, "%.80s is not an option", arguments[optind]);
	if (read.data_dir == NULL || *read.data_dir == '\0')
		return refuse(error, "--data-dir is missing: where is the store?");
	if (read.key_file != NULL && *read.key_file == '\0')
		return refuse(error, "--key-file takes the path of a file");
	if (read.policy_dir == NULL || *read.policy_dir == '\0')
		return refuse(error, "--policy-dir is missing: where are the policies?");
	*config = read;
	return 0;
}
