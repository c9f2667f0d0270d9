/* What the verbs of the command share. Answers go to standard output as JSON, one
 * object a line, prose goes to standard error, and the exit status tells a script
 * whom to blame. */
#ifndef ANAGRAPH_CLIENT_COMMAND_COMMAND_H
#define ANAGRAPH_CLIENT_COMMAND_COMMAND_H

#include <getopt.h>

#include "client/client.h"
#include "client/text/json.h"

/* Exit statuses; 0 when all went well. */
enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

struct command {
	const char *verb;   /* "" before one is known */
	const char *server; /* HOST:PORT */
	int64_t timeout_ms; /* of one call */
};

/* Options that stand before a verb or after it. */
#define COMMON_OPTIONS                                                                                       \
	{ "server", required_argument, NULL, 's' }, { "timeout", required_argument, NULL, 't' },             \
	{                                                                                                    \
		"help", no_argument, NULL, 'h'                                                               \
	}

enum {
	OPTION_TAKEN = -1, /* a common option: go on with the next */
	OPTION_HELP = -2,
	OPTION_FORM = -3,  /* a value without the form of its option */
	OPTION_TWICE = -4, /* given before */
};

/* Handles an option that getopt_long gave and the verb doesn't know. OPTION_TAKEN;
 * OPTION_HELP; an exit status, what was wrong having been told. */
int command_option(struct command *command, int option, char *const *argv);

/* Tells why a verb's option was refused with its value in optarg: OPTION_FORM, and then
 * what was expected, or OPTION_TWICE. EXIT_USAGE. */
int command_option_refused(
    const struct command *command, int why, const struct option *option, const char *expected);

/* Tells on standard error how the command is used wrongly: EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int command_misused(
    const struct command *command, const char *format, ...);

/* Tells of a failure of this machine, a negative errno: EXIT_REFUSED. A reader that
 * has gone away is none: 0, in silence. */
int command_failed(const char *what, int error);

/* What one call came to. */
struct command_call {
	struct client_status status;
	json_t *answer; /* to be released; NULL unless the status is OK */
};

/* Calls and waits. 0, also when the service says no; -errno. */
int command_call(struct command_call *call, struct client *client, const struct command *command,
    enum client_method method, const ProtobufCMessage *request);

/* Tells on standard error how a call that wasn't OK ended, after a prefix such as
 * "line 7: ". The exit status. */
int command_refused(const struct command *command, const char *prefix, const struct client_status *status);

/* Makes a request of its JSON, sends it and shows what comes back. The exit status. */
int command_run(const struct command *command, enum client_method method, const json_t *request);

/* Splits "NAME=VALUE" of an option: an object {name_key: NAME} with *value borrowed
 * from the text, or NULL. */
json_t *command_split(const char **value, const char *name_key, const char *text);

/* Takes value over as the request's. 0; OPTION_TWICE when there is one already;
 * OPTION_FORM when value is NULL. */
int command_put(json_t *request, const char *key, json_t *value);

/* The verbs: argv[0] is the verb. The exit status. */
int command_identify(struct command *command, int argc, char **argv);
int command_resolve(struct command *command, int argc, char **argv);
int command_count(struct command *command, int argc, char **argv);

/* Identify for every line of standard input. The exit status. */
int command_identify_lines(const struct command *command, const char *account);

#endif
