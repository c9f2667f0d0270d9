/* `anagraph resolve` and `anagraph count`: the two questions. */
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
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n";

static const char COUNT_HELP[] = "anagraph count - shows an account's totals\n"
				 "\n"
				 "  anagraph count --account A\n"
				 "\n"
				 "  --account A            whose contacts\n"
				 "\n"
				 "  --server, --timeout, --ca, --cert, --key    as before the verb\n";

static const struct verb_option RESOLVE_OPTIONS[] = {
	{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	{ .name = "id", .kind = VERB_IDENTIFIER, .key = "identifier" },
	{ .name = "contact", .kind = VERB_CONTACT, .key = "contact_id" },
};
enum {
	RESOLVE_OPTION_COUNT = sizeof(RESOLVE_OPTIONS) / sizeof(RESOLVE_OPTIONS[0]),
	COUNT_OPTION_COUNT = 1, /* of the same */
};

int
command_resolve(struct command *command, int argc, char **argv)
{
	json_t *request = json_object();
	int result = command_read_options(
	    command, request, RESOLVE_OPTIONS, RESOLVE_OPTION_COUNT, RESOLVE_HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	if (result == OPTION_TAKEN && json_object_size(request) != 2)
		result = command_misused(command, "give either --id or --contact");
	if (result == OPTION_TAKEN)
		result = command_run(command, CLIENT_RESOLVE, request);
	json_decref(request);
	return result;
}

int
command_count(struct command *command, int argc, char **argv)
{
	json_t *request = json_object();
	int result = command_read_options(
	    command, request, RESOLVE_OPTIONS, COUNT_OPTION_COUNT, COUNT_HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	if (result == OPTION_TAKEN)
		result = command_run(command, CLIENT_COUNT_CONTACTS, request);
	json_decref(request);
	return result;
}
