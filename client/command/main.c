/* The command `anagraph`: the service's calls for people and scripts. What stands
 * before the verb is read here, each verb reads the rest. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

static const char DEFAULT_SERVER[] = "127.0.0.1:7430";
enum {
	DEFAULT_TIMEOUT_MS = 10 * 1000,
	LONGEST_TIMEOUT_S = 24 * 60 * 60,
	PEM_BYTES_MOST = 1024 * 1024,
};

static const char HELP[] =
    "anagraph - asks an anagraph service who is who\n"
    "\n"
    "  anagraph [OPTIONS] VERB ...\n"
    "\n"
    "  identify        tells what happened: one event, or one a line of standard input\n"
    "  resolve         shows the contact that an identifier or a number leads to\n"
    "  batch-resolve   shows those that many lead to\n"
    "  count           shows an account's totals\n"
    "  list            shows contacts, page by page\n"
    "  explain         tells a contact's history\n"
    "  promote         makes a value offered beside a contact's own its own\n"
    "  dismiss         closes such a value\n"
    "  merge           makes two contacts one\n"
    "  erase           erases a contact\n"
    "  import          takes a file of contacts in, CSV or JSON lines\n"
    "  export          writes an account's contacts as a file that import reads\n"
    "  policy new      writes a policy to begin with; asks no service\n"
    "  policy replay   says what another policy would have made of an account's history\n"
    "  check           reads the whole of a store, and says whether it is sound\n"
    "  compact         writes a store anew, so that nothing is left of what was erased\n"
    "\n"
    "  --server HOST:PORT   where the service listens (127.0.0.1:7430)\n"
    "  --timeout SECONDS    how long one call may take (10)\n"
    "  --ca FILE            the authority of a service that asks who calls, as PEM; with it\n"
    "  --cert FILE          and --key FILE, the caller's certificate and its key\n"
    "  --help               this text; after a verb, how it is used\n"
    "  --version            which anagraph this is\n"
    "\n"
    "Answers are JSON, one object a line. Exit status: 0 all went well, 1 the service\n"
    "said no, 2 the command was used wrongly, 3 the service can't be reached.\n";

static const struct {
	const char *name;
	int (*run)(struct command *command, int argc, char **argv);
} VERBS[] = {
	{ "identify", command_identify },
	{ "resolve", command_resolve },
	{ "count", command_count },
	{ "batch-resolve", command_batch_resolve },
	{ "list", command_list },
	{ "explain", command_explain },
	{ "promote", command_promote },
	{ "dismiss", command_dismiss },
	{ "merge", command_merge },
	{ "erase", command_erase },
	{ "import", command_import },
	{ "export", command_export },
	{ "policy", command_policy },
	{ "check", command_check },
	{ "compact", command_compact },
};

static int
read_timeout(struct command *command, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != '\0' || !(seconds > 0) || seconds > LONGEST_TIMEOUT_S)
		return command_misused(command, "--timeout %s: expected seconds, more than 0", text);
	command->timeout_ms = (int64_t)ceil(seconds * 1000);
	return OPTION_TAKEN;
}

/* Reads all of an option's file. */
static int
read_pem(char **text, struct command *command, const char *name)
{
	char *read = calloc(1, PEM_BYTES_MOST + 1);
	FILE *file = fopen(optarg, "re");
	bool whole = read != NULL && file != NULL && fread(read, 1, PEM_BYTES_MOST, file) > 0 && feof(file);
	int result = OPTION_TAKEN;

	if (!whole)
		result = command_misused(
		    command, "%s %s: it can't be read, or is no PEM file of up to 1 MiB", name, optarg);
	if (file != NULL)
		fclose(file);
	free(whole ? *text : read);
	if (whole)
		*text = read;
	return result;
}

struct client_identity
command_identity(const struct command *command)
{
	return (struct client_identity){ command->authority, command->certificate, command->key };
}

int
command_connect(struct client **client, const struct command *command)
{
	const struct client_identity identity = command_identity(command);

	return client_create_known(client, command->server, &identity);
}

int
command_option(struct command *command, int option, char *const *argv)
{
	switch (option) {
	case 's':
		if (!client_target_valid(optarg))
			return command_misused(
			    command, "--server %s: expected HOST:PORT, e.g. %s", optarg, DEFAULT_SERVER);
		command->server = optarg;
		return OPTION_TAKEN;
	case 't':
		return read_timeout(command, optarg);
	case 'a':
		return read_pem(&command->authority, command, "--ca");
	case 'c':
		return read_pem(&command->certificate, command, "--cert");
	case 'k':
		return read_pem(&command->key, command, "--key");
	case 'h':
		return OPTION_HELP;
	case ':':
		return command_misused(command, "%s: a value is missing", argv[optind - 1]);
	default:
		return command_misused(command, "%s: there is no such option", argv[optind - 1]);
	}
}

static int
run_verb(struct command *command, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(argv[0], VERBS[i].name) == 0) {
			command->verb = VERBS[i].name;
			optind = 0;
			return VERBS[i].run(command, argc, argv);
		}
	}
	return command_misused(command, "%s: there is no such verb", argv[0]);
}

/* What stands before the verb, and then the verb. The exit status. */
static int
run(struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option, result;

	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		if (option == 'v') {
			puts("anagraph " ANAGRAPH_VERSION);
			return 0;
		}
		result = command_option(command, option, argv);
		if (result == OPTION_HELP) {
			fputs(HELP, stdout);
			return 0;
		}
		if (result != OPTION_TAKEN)
			return result;
	}
	if (optind == argc)
		return command_misused(command, "which verb?");
	return run_verb(command, argc - optind, argv + optind);
}

int
main(int argc, char **argv)
{
	struct command command = { .verb = "", .server = DEFAULT_SERVER, .timeout_ms = DEFAULT_TIMEOUT_MS };
	int status;

	/* A reader that goes away shows as EPIPE, and the command ends in silence. */
	signal(SIGPIPE, SIG_IGN);
	status = run(&command, argc, argv);
	free(command.authority);
	free(command.certificate);
	free(command.key);
	return status;
}
