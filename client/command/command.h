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
	/* Who both sides are, by TLS; main's to free. */
	char *authority; /* NULL: in the clear */
	char *certificate;
	char *key;
};

/* Makes a client for the command's server. 0; -errno. */
int command_connect(struct client **client, const struct command *command);

/* The texts that client_create_known wants, borrowed from the command. */
struct client_identity command_identity(const struct command *command);

/* Options that stand before a verb or after it. */
#define COMMON_OPTIONS                                                                                       \
	{ "server", required_argument, NULL, 's' }, { "timeout", required_argument, NULL, 't' },             \
	    { "ca", required_argument, NULL, 'a' }, { "cert", required_argument, NULL, 'c' },                \
	    { "key", required_argument, NULL, 'k' },                                                         \
	{                                                                                                    \
		"help", no_argument, NULL, 'h'                                                               \
	}

enum { COMMON_OPTION_COUNT = 6 };

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

/* An option of a verb whose value goes into the request, as what `key` names, or is
 * the verb's own. */
enum verb_option_kind {
	VERB_TEXT,       /* text */
	VERB_WORD,       /* an enumerator by its short name: anonymous-push */
	VERB_NUMBER,     /* a whole number */
	VERB_CONTACT,    /* a contact's number */
	VERB_IDENTIFIER, /* NAMESPACE=VALUE */
	VERB_TRUE,       /* no value */
	VERB_OWN_TEXT,   /* text for the verb itself: *own_text */
	VERB_OWN_TEXTS,  /* the same, as often as it is given: own_text[*own_count] */
	VERB_OWN_TRUE,   /* no value; for the verb itself: *own_flag */
};

struct verb_option {
	const char *name;
	enum verb_option_kind kind;
	const char *key;
	const char **own_text;
	size_t *own_count;
	size_t own_most;
	bool *own_flag;
};

/* Reads a verb's options, of which --account is one in every request; request is NULL when
 * the verb has none, and all its options are its own. The other
 * arguments are at optind. OPTION_TAKEN when the call may be made; else the exit
 * status, all having been told. */
int command_read_options(struct command *command, json_t *request, const struct verb_option *options,
    size_t count, const char *help, int argc, char **argv);

/* Refuses arguments that are no option. OPTION_TAKEN when there are none. */
int command_no_arguments(const struct command *command, int argc, char **argv);

/* Sends a request of the method and waits. On 0 *response is to be freed; else the exit
 * status, all having been told. */
int command_ask(ProtobufCMessage **response, const struct command *command, struct client *client,
    enum client_method method, const ProtobufCMessage *request);

/* Makes a request of its JSON. OPTION_TAKEN, with *message to be freed; an exit status. */
int command_make(ProtobufCMessage **message, const struct command *command, enum client_method method,
    const json_t *request);

/* The same; what is wrong is told by the name of the option that it came from. */
int command_make_of(ProtobufCMessage **message, const struct command *command, enum client_method method,
    const json_t *request, const struct verb_option *options, size_t count);

/* Shows a message as one line of JSON on standard output. The exit status. */
int command_show(const ProtobufCMessage *message);

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
int command_batch_resolve(struct command *command, int argc, char **argv);
int command_list(struct command *command, int argc, char **argv);
int command_explain(struct command *command, int argc, char **argv);
int command_promote(struct command *command, int argc, char **argv);
int command_dismiss(struct command *command, int argc, char **argv);
int command_merge(struct command *command, int argc, char **argv);
int command_erase(struct command *command, int argc, char **argv);
int command_import(struct command *command, int argc, char **argv);
int command_export(struct command *command, int argc, char **argv);
int command_policy(struct command *command, int argc, char **argv);
int command_policy_replay(struct command *command, int argc, char **argv); /* argv[0] is "replay" */
int command_check(struct command *command, int argc, char **argv);
int command_compact(struct command *command, int argc, char **argv);

/* Identify for every line of standard input. The exit status. */
int command_identify_lines(const struct command *command, const char *account);

#endif
