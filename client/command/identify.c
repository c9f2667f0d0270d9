/* `anagraph identify`: one event from the command line. The options become the
 * request's JSON, so that they are read by the same rules as a line of input. */
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"
#include "client/text/rfc3339.h"

static const char HELP[] =
    "anagraph identify - tells the service what happened, and shows what it made of it\n"
    "\n"
    "  anagraph identify --account A --source contacts|conversations|push --id email=rossi@example.it ...\n"
    "  anagraph identify --account A -\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --source S             where the event comes from: contacts, conversations, push\n"
    "  --id NAMESPACE=VALUE   ext_id, email, phone, whatsapp, landline, chat, facebook,\n"
    "                         instagram or push; once for each identifier\n"
    "  --attr NAME=TEXT       an attribute, e.g. LAST_NAME=Rossi\n"
    "  --attr-number NAME=N   a number\n"
    "  --attr-bool NAME=true  true or false\n"
    "  --attr-time NAME=TIME  a time, e.g. 2024-05-01T10:00:00Z\n"
    "  --observed-at TIME     when it happened; otherwise now\n"
    "  --conversation C       the chat thread it happened in\n"
    "  --request-id ID        makes sending it again safe: within 24 hours the same event\n"
    "                         under the same ID is answered as before, and changes nothing\n"
    "  --validate-only        shows what it would come to, and changes nothing\n"
    "  -                      reads events from standard input, one JSON object a line,\n"
    "                         and answers each with one line; a refused one with\n"
    "                         {\"error\":{...}}. The fields are IdentifyRequest's, and\n"
    "                         source is contacts, conversations or push, as above, or\n"
    "                         SOURCE_CONTACTS and so on. A line needs no account, and\n"
    "                         one that names another than A is refused\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n";

/* Numbers past those of the common options, which are letters. */
enum {
	OPTION_ACCOUNT = 256,
	OPTION_SOURCE,
	OPTION_ID,
	OPTION_ATTR,
	OPTION_ATTR_NUMBER,
	OPTION_ATTR_BOOL,
	OPTION_ATTR_TIME,
	OPTION_OBSERVED_AT,
	OPTION_CONVERSATION,
	OPTION_REQUEST_ID,
	OPTION_VALIDATE_ONLY,
};

static const struct option OPTIONS[] = {
	COMMON_OPTIONS,
	{ "account", required_argument, NULL, OPTION_ACCOUNT },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "id", required_argument, NULL, OPTION_ID },
	{ "attr", required_argument, NULL, OPTION_ATTR },
	{ "attr-number", required_argument, NULL, OPTION_ATTR_NUMBER },
	{ "attr-bool", required_argument, NULL, OPTION_ATTR_BOOL },
	{ "attr-time", required_argument, NULL, OPTION_ATTR_TIME },
	{ "observed-at", required_argument, NULL, OPTION_OBSERVED_AT },
	{ "conversation", required_argument, NULL, OPTION_CONVERSATION },
	{ "request-id", required_argument, NULL, OPTION_REQUEST_ID },
	{ "validate-only", no_argument, NULL, OPTION_VALIDATE_ONLY },
	{ NULL, 0, NULL, 0 },
};

static json_t *
source_value(const char *name)
{
	static const char *const names[] = { "contacts", "conversations", "push" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return json_string(name);
	}
	return NULL;
}

static json_t *
time_value(const char *text)
{
	int64_t seconds;
	int32_t nanos;

	return rfc3339_read(&seconds, &nanos, text) == 0 ? json_string(text) : NULL;
}

static json_t *
number_value(const char *text)
{
	char *end;
	double number = strtod(text, &end);

	return end != text && *end == '\0' ? json_real(number) : NULL;
}

static json_t *
bool_value(const char *text)
{
	if (strcmp(text, "true") == 0)
		return json_true();
	return strcmp(text, "false") == 0 ? json_false() : NULL;
}

/* Adds {name_key: NAME, value_key: value} of "NAME=VALUE" to a list of the request. */
static int
add(json_t *request, const char *list, const char *name_key, int option, const char *text)
{
	const char *value = NULL, *value_key = "value";
	json_t *element = command_split(&value, name_key, text);
	json_t *converted;

	if (element == NULL)
		return OPTION_FORM;
	switch (option) {
	case OPTION_ATTR_NUMBER:
		value_key = "number_value";
		converted = number_value(value);
		break;
	case OPTION_ATTR_BOOL:
		value_key = "bool_value";
		converted = bool_value(value);
		break;
	case OPTION_ATTR_TIME:
		value_key = "time_value";
		converted = time_value(value);
		break;
	case OPTION_ATTR:
		value_key = "string_value";
		converted = json_string(value);
		break;
	default:
		converted = json_string(value);
		break;
	}
	/* The list takes the element over, and a value that could not be made is refused. */
	if (json_array_append_new(json_object_get(request, list), element) != 0 ||
	    json_object_set_new(element, value_key, converted) != 0)
		return OPTION_FORM;
	return 0;
}

/* What an option's value looks like, for people. */
static const char *
expected_of(int option)
{
	switch (option) {
	case OPTION_SOURCE:
		return "contacts, conversations or push";
	case OPTION_OBSERVED_AT:
		return "a time such as 2024-05-01T10:00:00Z";
	case OPTION_ID:
		return "NAMESPACE=VALUE, e.g. email=rossi@example.it";
	case OPTION_ATTR:
		return "NAME=TEXT, e.g. LAST_NAME=Rossi";
	case OPTION_ATTR_NUMBER:
		return "NAME=NUMBER, e.g. ORDERS=3";
	case OPTION_ATTR_BOOL:
		return "NAME=true or NAME=false";
	case OPTION_ATTR_TIME:
		return "NAME=TIME, e.g. SINCE=2024-05-01T10:00:00Z";
	default:
		return "text in UTF-8";
	}
}

/* Puts one option into the request. 0; OPTION_FORM; OPTION_TWICE; OPTION_TAKEN when it
 * is none of the verb's own. */
static int
take_option(json_t *request, int option)
{
	switch (option) {
	case OPTION_ACCOUNT:
		return command_put(request, "account", json_string(optarg));
	case OPTION_SOURCE:
		return command_put(request, "source", source_value(optarg));
	case OPTION_OBSERVED_AT:
		return command_put(request, "observed_at", time_value(optarg));
	case OPTION_CONVERSATION:
		return command_put(request, "conversation", json_string(optarg));
	case OPTION_REQUEST_ID:
		return command_put(request, "request_id", json_string(optarg));
	case OPTION_VALIDATE_ONLY:
		return command_put(request, "validate_only", json_true());
	case OPTION_ID:
		return add(request, "identifiers", "namespace", option, optarg);
	case OPTION_ATTR:
	case OPTION_ATTR_NUMBER:
	case OPTION_ATTR_BOOL:
	case OPTION_ATTR_TIME:
		return add(request, "attributes", "name", option, optarg);
	default:
		return OPTION_TAKEN;
	}
}

static int
run(struct command *command, json_t *request, int argc, char **argv)
{
	const char *account;
	int option, result, i = 0;

	while ((option = getopt_long(argc, argv, ":h", OPTIONS, &i)) != -1) {
		result = take_option(request, option);
		if (result == OPTION_FORM || result == OPTION_TWICE)
			return command_option_refused(command, result, &OPTIONS[i], expected_of(option));
		if (result == 0)
			continue;
		result = command_option(command, option, argv);
		if (result == OPTION_HELP) {
			fputs(HELP, stdout);
			return 0;
		}
		if (result != OPTION_TAKEN)
			return result;
	}
	account = json_string_value(json_object_get(request, "account"));
	if (account == NULL)
		return command_misused(command, "--account is missing");
	if (optind + 1 == argc && strcmp(argv[optind], "-") == 0) {
		if (json_object_size(request) > 3 ||
		    json_array_size(json_object_get(request, "identifiers")) > 0 ||
		    json_array_size(json_object_get(request, "attributes")) > 0)
			return command_misused(command, "with - the events come from standard input alone");
		return command_identify_lines(command, account);
	}
	if (optind < argc)
		return command_misused(command, "%s: not expected here", argv[optind]);
	if (json_object_get(request, "source") == NULL)
		return command_misused(command, "--source is missing");
	return command_run(command, CLIENT_IDENTIFY, request);
}

int
command_identify(struct command *command, int argc, char **argv)
{
	json_t *request = json_pack("{s:[],s:[]}", "identifiers", "attributes");
	int result = run(command, request, argc, argv);

	json_decref(request);
	return result;
}
