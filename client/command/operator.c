/* What operators say: `anagraph promote`, `dismiss`, `merge` and `erase`. Each names who
 * says so, and the version of what that person looked at: a contact that has changed
 * since is left as it is. */
#include <string.h>

#include "client/command/command.h"

#define COMMON_HELP                                                                                          \
	"  --operator NAME        who says so\n"                                                             \
	"  --request-id ID        makes sending it again safe: within 24 hours the same act\n"               \
	"                         under the same ID is answered as before, and changes nothing\n"            \
	"\n"                                                                                                 \
	"  --server, --timeout, --ca, --cert, --key    as before the verb\n"

#define SECONDARY_HELP                                                                                       \
	"  --account A            whose contacts\n"                                                          \
	"  --contact ID           the contact's number\n"                                                    \
	"  --secondary ID         the number of the value that is offered beside its own\n"                  \
	"  --contact-version V    the contact's version that the operator looked at\n" COMMON_HELP

static const char PROMOTE_HELP[] =
    "anagraph promote - makes a value offered beside a contact's own its own\n"
    "\n"
    "  anagraph promote --account A --contact ID --secondary ID --contact-version V --operator NAME\n"
    "\n" SECONDARY_HELP;

static const char DISMISS_HELP[] =
    "anagraph dismiss - closes a value offered beside a contact's own\n"
    "\n"
    "  anagraph dismiss --account A --contact ID --secondary ID --contact-version V --operator NAME\n"
    "\n" SECONDARY_HELP;

static const char MERGE_HELP[] =
    "anagraph merge - makes two contacts one\n"
    "\n"
    "  anagraph merge --account A --survivor ID --survivor-version V --absorbed ID\n"
    "                 --absorbed-version V --operator NAME\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --survivor ID          the number of the contact that lives on: what it holds stays\n"
    "  --survivor-version V   its version that the operator looked at\n"
    "  --absorbed ID          the number of the contact that becomes part of it\n"
    "  --absorbed-version V   its version that the operator looked at\n"
    "  --validate-only        shows what it would come to, and changes nothing\n" COMMON_HELP;

static const char ERASE_HELP[] =
    "anagraph erase - erases a contact and all that is stored of it, for good\n"
    "\n"
    "  anagraph erase --account A --contact ID --operator NAME\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --contact ID           the contact's number\n"
    "  --suppress             refuses events that name its personal identifiers from now on\n" COMMON_HELP;

static const struct verb_option SECONDARY_OPTIONS[] = {
	{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	{ .name = "contact", .kind = VERB_CONTACT, .key = "contact_id" },
	{ .name = "secondary", .kind = VERB_NUMBER, .key = "secondary_id" },
	{ .name = "contact-version", .kind = VERB_NUMBER, .key = "contact_version" },
	{ .name = "operator", .kind = VERB_TEXT, .key = "operator" },
	{ .name = "request-id", .kind = VERB_TEXT, .key = "request_id" },
};

static const struct verb_option MERGE_OPTIONS[] = {
	{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	{ .name = "survivor", .kind = VERB_CONTACT, .key = "surviving_contact_id" },
	{ .name = "survivor-version", .kind = VERB_NUMBER, .key = "surviving_contact_version" },
	{ .name = "absorbed", .kind = VERB_CONTACT, .key = "absorbed_contact_id" },
	{ .name = "absorbed-version", .kind = VERB_NUMBER, .key = "absorbed_contact_version" },
	{ .name = "operator", .kind = VERB_TEXT, .key = "operator" },
	{ .name = "request-id", .kind = VERB_TEXT, .key = "request_id" },
	{ .name = "validate-only", .kind = VERB_TRUE, .key = "validate_only" },
};

static const struct verb_option ERASE_OPTIONS[] = {
	{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	{ .name = "contact", .kind = VERB_CONTACT, .key = "contact_id" },
	{ .name = "operator", .kind = VERB_TEXT, .key = "operator" },
	{ .name = "suppress", .kind = VERB_TRUE, .key = "suppress" },
	{ .name = "request-id", .kind = VERB_TEXT, .key = "request_id" },
};

/* Whether an act can do without an option. */
static bool
is_optional(const struct verb_option *option)
{
	return option->kind == VERB_TRUE || strcmp(option->key, "request_id") == 0;
}

/* Reads the options of an act, of which all but few must be there, and does it. */
static int
act(struct command *command, enum client_method method, const struct verb_option *options, size_t count,
    const char *help, int argc, char **argv)
{
	json_t *request = json_object();
	int result = command_read_options(command, request, options, count, help, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	for (size_t i = 0; i < count && result == OPTION_TAKEN; i++) {
		if (!is_optional(&options[i]) && json_object_get(request, options[i].key) == NULL)
			result = command_misused(command, "--%s is missing", options[i].name);
	}
	if (result == OPTION_TAKEN)
		result = command_run(command, method, request);
	json_decref(request);
	return result;
}

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

int
command_promote(struct command *command, int argc, char **argv)
{
	return act(command, CLIENT_PROMOTE_SECONDARY, SECONDARY_OPTIONS, COUNT_OF(SECONDARY_OPTIONS),
	    PROMOTE_HELP, argc, argv);
}

int
command_dismiss(struct command *command, int argc, char **argv)
{
	return act(command, CLIENT_DISMISS_SECONDARY, SECONDARY_OPTIONS, COUNT_OF(SECONDARY_OPTIONS),
	    DISMISS_HELP, argc, argv);
}

int
command_merge(struct command *command, int argc, char **argv)
{
	return act(
	    command, CLIENT_MERGE_CONTACTS, MERGE_OPTIONS, COUNT_OF(MERGE_OPTIONS), MERGE_HELP, argc, argv);
}

int
command_erase(struct command *command, int argc, char **argv)
{
	return act(
	    command, CLIENT_ERASE_CONTACT, ERASE_OPTIONS, COUNT_OF(ERASE_OPTIONS), ERASE_HELP, argc, argv);
}
