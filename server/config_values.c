/* What a setting may be, told in one place for the command line and for files. */
#include "server/config_values.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { PORT_MAX = 65535 };

static const uint64_t MIB_BYTES = UINT64_C(1024) * 1024;

int
config_refuse(struct config_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return CONFIG_E_USAGE;
}

static bool
parse_number(uint64_t *number, const char *text, uint64_t least, uint64_t most)
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

/* Whether host is a numeric address; *out is its form before a port. */
static bool
read_address(char out[CONFIG_ADDRESS_BYTES], const char *host)
{
	char inner[CONFIG_ADDRESS_BYTES];
	struct in6_addr six;
	struct in_addr four;
	size_t size = strlen(host);

	if (inet_pton(AF_INET, host, &four) == 1) {
		snprintf(out, CONFIG_ADDRESS_BYTES, "%s", host);
		return true;
	}
	if (size < 3 || size >= sizeof(inner) || host[0] != '[' || host[size - 1] != ']')
		return false;
	memcpy(inner, host + 1, size - 2);
	inner[size - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &six) != 1)
		return false;
	snprintf(out, CONFIG_ADDRESS_BYTES, "%s", host);
	return true;
}

int
config_read_number(uint64_t *number, struct config_error *error, const char *where, const char *text,
    uint64_t least, uint64_t most)
{
	if (parse_number(number, text, least, most))
		return 0;
	return config_refuse(
	    error, "%s takes a number from %" PRIu64 " to %" PRIu64 ", not %.80s", where, least, most, text);
}

int
config_read_listen(struct config *config, struct config_error *error, const char *where, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[CONFIG_ADDRESS_BYTES];
	uint64_t port;

	if (colon == NULL || !parse_number(&port, colon + 1, 0, PORT_MAX))
		return config_refuse(
		    error, "%s takes HOST:PORT, the port from 0 to %d, not %.80s", where, PORT_MAX, text);
	if ((size_t)(colon - text) >= sizeof(host))
		return config_refuse(error, "%s takes a numeric address, not %.80s", where, text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	config->remote_listen[0] = '\0';
	if (!read_loopback(config->host, host)) {
		if (!read_address(config->host, host))
			return config_refuse(error, "%s takes a numeric address, not %.80s", where, text);
		snprintf(config->remote_listen, sizeof(config->remote_listen), "%s %.80s", where, text);
	}
	config->port = (unsigned)port;
	return 0;
}

int
config_read_threads(struct config *config, struct config_error *error, const char *where, const char *text)
{
	uint64_t count = 0;
	int result = config_read_number(&count, error, where, text, 1, LIMIT_THREADS);

	if (result == 0)
		config->thread_count = (unsigned)count;
	return result;
}

int
config_read_policy_run(struct config *config, struct config_error *error, const char *where, const char *text)
{
	if (strcmp(text, "worker") == 0)
		config->policies_run = RUN_IN_WORKERS;
	else if (strcmp(text, "in-process") == 0)
		config->policies_run = RUN_IN_PROCESS;
	else
		return config_refuse(error, "%s takes worker or in-process, not %.80s", where, text);
	return 0;
}

int
config_read_policy_deadline(
    struct config *config, struct config_error *error, const char *where, const char *text)
{
	uint64_t deadline_ms = 0;
	int result = config_read_number(&deadline_ms, error, where, text, 1, LIMIT_POLICY_DEADLINE_MS);

	if (result == 0)
		config->policy_deadline_ms = (unsigned)deadline_ms;
	return result;
}

int
config_read_map_size(struct config *config, struct config_error *error, const char *where, const char *text)
{
	uint64_t size_mib = 0;
	int result = config_read_number(&size_mib, error, where, text, 1, LIMIT_MAP_SIZE_MIB);

	if (result == 0)
		config->map_size_bytes = size_mib * MIB_BYTES;
	return result;
}

/* Whether id is one that a policy may have: it becomes the name of a file. */
static bool
is_policy_id(const char *id)
{
	size_t size = strlen(id);

	return size >= 1 && size <= LIMIT_POLICY_ID_BYTES &&
	    strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

int
config_check_policy_id(struct config_error *error, const char *where, const char *text)
{
	if (is_policy_id(text))
		return 0;
	return config_refuse(error, "%s takes a policy's id, 1 to %d of a-z 0-9 _ -, not %.80s", where,
	    LIMIT_POLICY_ID_BYTES, text);
}

int
config_read_policy_id(struct config *config, struct config_error *error, const char *where,
    enum source source, const char *text)
{
	int result = config_check_policy_id(error, where, text);

	if (result != 0)
		return result;
	config->policy_ids[source] = text;
	config->policy_options[source] = (struct policy_options){ .items = NULL };
	return 0;
}

const char *
config_source_name(enum source source)
{
	static const char *const names[SOURCE_COUNT] = {
		[SOURCE_PUSH] = "push",
		[SOURCE_CONVERSATIONS] = "conversations",
		[SOURCE_CONTACTS] = "contacts",
	};

	return names[source];
}
