/* `anagraph import`: a file of contacts, CSV or JSON lines, into an account. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command/command.h"
#include "client/import/read.h"
#include "client/import/report.h"
#include "client/import/send.h"

enum { MAPS_MOST = 1024 };

static const char HELP[] =
    "anagraph import - takes a file of contacts in\n"
    "\n"
    "  anagraph import --account A FILE\n"
    "  anagraph import --account A --format csv|jsonl -\n"
    "\n"
    "  FILE                   CSV with a header line, or JSON lines as `anagraph identify -`\n"
    "                         reads and `anagraph export` writes them; - is standard input\n"
    "  --account A            whose contacts\n"
    "  --source S             where rows come from that don't say so: contacts, as when it is\n"
    "                         left out, conversations or push\n"
    "  --format F             csv or jsonl; otherwise it is told from the name (.csv, .tsv,\n"
    "                         .jsonl, .ndjson, .json), else from the first character\n"
    "  --map COLUMN=MEANING   what a column of CSV is; once for each column:\n"
    "                           email     or any other namespace: an identifier\n"
    "                           attr:CITY an attribute; attr:AGE:number one that is no text:\n"
    "                                     string, number, bool or time\n"
    "                           observed_at when it happened; otherwise now\n"
    "                           -         nothing\n"
    "                         A column without one is what its name says: ext_id, email,\n"
    "                         phone, whatsapp, landline, chat, facebook, instagram, push and\n"
    "                         observed_at, in any case; else an attribute of that name\n"
    "  --errors FILE          where refused rows are told, one JSON object a line\n"
    "                         (FILE.errors; for standard input, standard error)\n"
    "  --import-id ID         tells this import from others of the same rows\n"
    "  --no-request-id        sends rows without a request_id\n"
    "  --dry-run              shows what it would come to, and changes nothing\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n"
    "\n"
    "Each row has a request_id made of its line and what it says: importing the same file\n"
    "again, as after a break, changes nothing for 24 hours, and rows taken in before are\n"
    "counted as replayed. Empty cells say nothing. Exit status: 1 when a row was refused.\n";

/* What the options ask for. */
struct wishes {
	const char *account;
	const char *path;
	const char *source;
	const char *format;
	const char *errors;
	const char *import_id;
	const char *maps[MAPS_MOST];
	size_t map_count;
	bool without_request_id;
	bool dry_run;
};

/* An import under way. */
struct import {
	struct sender *sender;
	struct report report;
};

static int
on_row(void *context, uint64_t line, Anagraph__V1__IdentifyRequest *event)
{
	struct import *import = context;

	return sender_send(import->sender, line, event);
}

static int
on_problem(void *context, uint64_t line, const struct row_problem *problem)
{
	struct import *import = context;

	return report_problem(&import->report, line, problem);
}

static int
on_idle(void *context)
{
	struct import *import = context;

	return sender_drain(import->sender);
}

static void
on_progress(void *context, uint64_t read_bytes)
{
	struct import *import = context;

	report_progress(&import->report, read_bytes);
}

static int
on_answer(void *context, uint64_t line, const Anagraph__V1__IdentifyStreamResponse *response)
{
	struct import *import = context;

	return report_answer(&import->report, line, response);
}

static void
on_break(void *context, const struct client_status *status)
{
	struct import *import = context;

	report_say(&import->report, "the stream broke (%s%s%s); trying again", client_code_name(status->code),
	    *status->message != '\0' ? ": " : "", status->message);
}

/* Whether a file is CSV: by --format, by its name, else by its first character, which is
 * '{' of JSON lines. */
static bool
is_csv(const struct wishes *wishes, int fd)
{
	static const struct {
		const char *end;
		bool csv;
	} names[] = { { ".csv", true }, { ".tsv", true }, { ".jsonl", false }, { ".ndjson", false },
		{ ".json", false } };
	size_t size = strlen(wishes->path);
	char first = '\0';

	if (wishes->format != NULL)
		return strcmp(wishes->format, "csv") == 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t end_size = strlen(names[i].end);

		if (size > end_size && strcasecmp(wishes->path + size - end_size, names[i].end) == 0)
			return names[i].csv;
	}
	return pread(fd, &first, 1, 0) == 1 && first != '{';
}

static Anagraph__V1__Source
source_of(const char *name)
{
	if (name == NULL || strcmp(name, "contacts") == 0)
		return ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
	if (strcmp(name, "conversations") == 0)
		return ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS;
	if (strcmp(name, "push") == 0)
		return ANAGRAPH__V1__SOURCE__SOURCE_PUSH;
	return ANAGRAPH__V1__SOURCE__SOURCE_UNSPECIFIED;
}

/* Reads the file to its end and waits for its answers. */
static int
run(struct import *import, struct row_problem *problem, const struct wishes *wishes, int fd)
{
	const struct row_defaults defaults = { wishes->account, source_of(wishes->source) };
	const struct row_sink sink = { import, on_row, on_problem, on_idle, on_progress };
	int status = is_csv(wishes, fd)
	    ? read_csv(problem, fd, &defaults, wishes->maps, wishes->map_count, &sink)
	    : read_json_lines(fd, &defaults, &sink);

	return status == 0 ? sender_drain(import->sender) : status;
}

/* Says how an import ended, and gives the exit status. */
static int
conclude(struct import *import, const struct command *command, const struct wishes *wishes, int status)
{
	char prefix[64];
	int result = import->report.refused > 0 ? EXIT_REFUSED : 0;

	if (status == SENDER_E_OVER && sender_line(import->sender) > 0) {
		report_say(&import->report, "ended at line %" PRIu64 "; run it again to go on from there",
		    sender_line(import->sender));
		snprintf(prefix, sizeof(prefix), "line %" PRIu64 ": ", sender_line(import->sender));
		result = command_refused(command, prefix, sender_status(import->sender));
	} else if (status < 0) {
		result = command_failed(command->verb, status);
	}
	status = report_finish(&import->report, wishes->dry_run);
	return status == 0 ? result : command_failed(wishes->errors, status);
}

static int
import_file(const struct command *command, const struct wishes *wishes, int fd)
{
	struct import import = { .sender = NULL };
	const struct sender_options options = {
		.server = command->server,
		.identity = command_identity(command),
		.timeout_ms = command->timeout_ms,
		.import_id = wishes->import_id != NULL ? wishes->import_id : "",
		.without_request_id = wishes->without_request_id,
		.validate_only = wishes->dry_run,
		.context = &import,
		.answered = on_answer,
		.broke = on_break,
	};
	struct row_problem problem = { "", "" };
	struct stat file;
	int status = sender_create(&import.sender, &options);
	int result;

	if (status != 0)
		return command_failed(command->verb, status);
	report_init(&import.report, wishes->errors,
	    fstat(fd, &file) == 0 && S_ISREG(file.st_mode) ? (uint64_t)file.st_size : 0);
	status = run(&import, &problem, wishes, fd);
	/* A header that can't be used comes before anything is sent. */
	if (*problem.message != '\0')
		result = command_misused(command, "%s: %s", wishes->path, problem.message);
	else
		result = conclude(&import, command, wishes, status);
	sender_destroy(import.sender);
	return result;
}

/* Opens the file, which FILE.errors goes with unless --errors says otherwise. */
static int
open_and_import(const struct command *command, struct wishes *wishes)
{
	bool piped = strcmp(wishes->path, "-") == 0;
	char *errors = NULL;
	int fd = piped ? STDIN_FILENO : open(wishes->path, O_RDONLY | O_CLOEXEC);
	struct stat file;
	int result;

	if (fd < 0)
		return command_failed(wishes->path, -errno);
	if (!piped && fstat(fd, &file) == 0 && S_ISDIR(file.st_mode)) {
		close(fd);
		return command_failed(wishes->path, -EISDIR);
	}
	if (!piped && wishes->errors == NULL) {
		if (asprintf(&errors, "%s.errors", wishes->path) < 0)
			errors = NULL;
		wishes->errors = errors;
	}
	result = import_file(command, wishes, fd);
	if (!piped)
		close(fd);
	free(errors);
	return result;
}

static int
check_wishes(const struct command *command, struct wishes *wishes, int argc, char **argv)
{
	if (optind + 1 != argc)
		return command_misused(command, "give one FILE, or - for standard input");
	wishes->path = argv[optind];
	if (source_of(wishes->source) == ANAGRAPH__V1__SOURCE__SOURCE_UNSPECIFIED)
		return command_misused(
		    command, "--source %s: expected contacts, conversations or push", wishes->source);
	if (wishes->format != NULL && strcmp(wishes->format, "csv") != 0 &&
	    strcmp(wishes->format, "jsonl") != 0)
		return command_misused(command, "--format %s: expected csv or jsonl", wishes->format);
	if (wishes->format == NULL && strcmp(wishes->path, "-") == 0)
		return command_misused(command, "--format is missing: csv or jsonl");
	return OPTION_TAKEN;
}

int
command_import(struct command *command, int argc, char **argv)
{
	struct wishes wishes = { .map_count = 0 };
	const struct verb_option options[] = {
		{ .name = "account", .kind = VERB_TEXT, .key = "account" },
		{ .name = "source", .kind = VERB_OWN_TEXT, .own_text = &wishes.source },
		{ .name = "format", .kind = VERB_OWN_TEXT, .own_text = &wishes.format },
		{ .name = "map",
		    .kind = VERB_OWN_TEXTS,
		    .own_text = wishes.maps,
		    .own_count = &wishes.map_count,
		    .own_most = MAPS_MOST },
		{ .name = "errors", .kind = VERB_OWN_TEXT, .own_text = &wishes.errors },
		{ .name = "import-id", .kind = VERB_OWN_TEXT, .own_text = &wishes.import_id },
		{ .name = "no-request-id", .kind = VERB_OWN_TRUE, .own_flag = &wishes.without_request_id },
		{ .name = "dry-run", .kind = VERB_OWN_TRUE, .own_flag = &wishes.dry_run },
	};
	json_t *request = json_object();
	int result = command_read_options(
	    command, request, options, sizeof(options) / sizeof(options[0]), HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = check_wishes(command, &wishes, argc, argv);
	if (result == OPTION_TAKEN) {
		wishes.account = json_string_value(json_object_get(request, "account"));
		result = open_and_import(command, &wishes);
	}
	json_decref(request);
	return result;
}
