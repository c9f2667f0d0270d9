/* `anagraph resolve` and `anagraph count`: the two questions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

static const char RESOLVE_HELP[] =
    "anagraph resolve - shows the contact that an identifier or an id leads to\n"
    "\n"
    "  anagraph resolve --account A --id NAMESPACE=VALUE\n"
    "  anagraph resolve --account A --contact ID\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --id NAMESPACE=VALUE   e.g. email=rossi@example.it\n"
    "  --contact ID           a contact's number; that of an absorbed one leads to its survivor\n"
    "\n"
    "  --server, --timeout    as before the verb\n";

static const char COUNT_HELP[] = "anagraph count - shows an account's totals\n"
				 "\n"
				 "  anagraph count --account A\n"
				 "\n"
				 "  --account A            whose contacts\n"
				 "\n"
				 "  --server, --timeout    as before the verb\n";

static const struct option RESOLVE_OPTIONS[] = {
	COMMON_OPTIONS,
	{ "account", required_argument, NULL, 'a' },
	{ "id", required_argument, NULL, 'i' },
	{ "contact", required_argument, NULL, 'c' },
	{ NULL, 0, NULL, 0 },
};

static const struct option COUNT_OPTIONS[] = {
	COMMON_OPTIONS,
	{ "account", required_argument, NULL, 'a' },
	{ NULL, 0, NULL, 0 },
};

static json_t *
id_value(const char *text)
{
	bool digits = *text != '\0' && text[strspn(text, "0123456789")] == '\0';

	errno = 0;
	strtoull(text, NULL, 10);
	return digits && errno == 0 ? json_string(text) : NULL;
}

static const char *
expected_of(int option)
{
	switch (option) {
	case 'i':
		return "NAMESPACE=VALUE, e.g. email=rossi@example.it";
	case 'c':
		return "a contact's number";
	default:
		return "text in UTF-8";
	}
}

/* Puts one option into the request. 0; OPTION_FORM; OPTION_TWICE; OPTION_TAKEN when it
 * is a common one. */
static int
take_option(json_t *request, int option)
{
	const char *value = NULL;
	json_t *identifier;
	int result;

	switch (option) {
	case 'a':
		return command_put(request, "account", json_string(optarg));
	case 'i':
		identifier = command_split(&value, "namespace", optarg);
		result = command_put(request, "identifier", identifier);
		return result == 0 ? command_put(identifier, "value", json_string(value)) : result;
	case 'c':
		return command_put(request, "contact_id", id_value(optarg));
	default:
		return OPTION_TAKEN;
	}
}

/* Reads a verb's options into the request. OPTION_TAKEN when the call may be made;
 * else the exit status. */
static int
read_options(struct command *command, json_t *request, const struct option *options, const char *help,
    int argc, char **argv)
{
	int option, result, i = 0;

	while ((option = getopt_long(argc, argv, ":h", options, &i)) != -1) {
		result = take_option(request, option);
		if (result == OPTION_FORM || result == OPTION_TWICE)
			return command_option_refused(command, result, &options[i], expected_of(option));
		if (result == 0)
			continue;
		result = command_option(command, option, argv);
		if (result == OPTION_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (result != OPTION_TAKEN)
			return result;
	}
	if (optind < argc)
		return command_misused(command, "%s: not expected here", argv[optind]);
	if (json_object_get(request, "account") == NULL)
		return command_misused(command, "--account is missing");
	return OPTION_TAKEN;
}

int
command_resolve(struct command *command, int argc, char **argv)
{
	json_t *request = json_object();
	int result = read_options(command, request, RESOLVE_OPTIONS, RESOLVE_HELP, argc, argv);

	if (result == OPTION_TAKEN) {
		if (json_object_size(request) != 2)
			result = command_misused(command, "give either --id or --contact");
		else
			result = command_run(command, CLIENT_RESOLVE, request);
	}
	json_decref(request);
	return result;
}

int
command_count(struct command *command, int argc, char **argv)
{
	json_t *request = json_object();
	int result = read_options(command, request, COUNT_OPTIONS, COUNT_HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_run(command, CLIENT_COUNT_CONTACTS, request);
	json_decref(request);
	return result;
}
