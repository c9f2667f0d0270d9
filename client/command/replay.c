/* `anagraph policy replay`: what another policy would have made of an account's history.
 *
 * The policy's code runs in a process of its own: should it crash or end the process, a
 * person is told at which entry, and the scratch directory goes all the same. */
#include "client/command/replay.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/text/rfc3339.h"

static const char HELP[] =
    "anagraph policy replay - says what another policy would have made of an account's history\n"
    "\n"
    "  anagraph policy replay FILE.so --account A (--data-dir DIR | --config FILE) [--since T]\n"
    "                         [--source S]... [--option NAME=VALUE]... [--json]\n"
    "\n"
    "  FILE.so                the policy, trusted as a daemon's are: it and its directory\n"
    "                         belong to root or to you, and nobody else can write to them\n"
    "  --account A            whose history\n"
    "  --data-dir DIR         where the store is; a daemon may be running on it\n"
    "  --config FILE          the daemon's settings: where the store is, and the account's\n"
    "                         default verdicts and limits\n"
    "  --map-size-mib N       the largest the store can get (1048576, which is 1 TiB)\n"
    "  --since T              leaves conflicts alone that were recorded before T, such as\n"
    "                         2026-05-01T10:00:00Z\n"
    "  --source S             decides those of contacts, conversations or push; may be given\n"
    "                         several times; all of them when it is left out\n"
    "  --option NAME=VALUE    an option for the policy; may be given several times\n"
    "  --hold SECONDS         how long the account may take to be copied out of the store (60)\n"
    "  --json                 one line for each name that would hold another value, and a last\n"
    "                         one with all the counts\n"
    "\n"
    "Nothing changes. The account is copied in one look at the store, which holds back the\n"
    "reuse of its freed space for so long; then the journal's conflicts are decided again, and\n"
    "all that happened is played once more both ways, in a scratch directory under $TMPDIR.\n";

enum { HOLD_SECONDS = 60 };

static const int64_t SECOND_US = 1000000;

/* What was asked for. */
struct asked {
	const char *account;
	const char *data_dir;
	const char *config_file;
	const char *map_size;
	const char *since;
	const char *hold;
	const char *sources[SOURCE_COUNT];
	size_t source_count;
	const char *texts[LIMIT_POLICY_OPTIONS];
	size_t option_count;
	struct anagraph_option options[LIMIT_POLICY_OPTIONS];
	struct replay_shown shown;
	struct config config;
	struct replay_options replay;
};

static int
read_since(struct asked *asked, const struct command *command)
{
	int64_t seconds;
	int32_t nanos;

	asked->replay.since_us = INT64_MIN;
	if (asked->since == NULL)
		return OPTION_TAKEN;
	if (rfc3339_read(&seconds, &nanos, asked->since) != 0)
		return command_misused(
		    command, "--since %s: expected a time such as 2026-05-01T10:00:00Z", asked->since);
	asked->replay.since_us = seconds * SECOND_US + nanos / 1000;
	return OPTION_TAKEN;
}

static int
read_hold(struct asked *asked, const struct command *command)
{
	char *end;
	unsigned long seconds;

	asked->replay.hold_seconds = HOLD_SECONDS;
	if (asked->hold == NULL)
		return OPTION_TAKEN;
	errno = 0;
	seconds = strtoul(asked->hold, &end, 10);
	if (*asked->hold < '0' || *asked->hold > '9' || *end != '\0' || errno != 0 ||
	    seconds > LIMIT_REPLAY_HOLD_SECONDS)
		return command_misused(
		    command, "--hold %s: expected seconds, up to %d", asked->hold, LIMIT_REPLAY_HOLD_SECONDS);
	asked->replay.hold_seconds = (unsigned)seconds;
	return OPTION_TAKEN;
}

static int
read_sources(struct asked *asked, const struct command *command)
{
	static const char *const names[] = {
		[SOURCE_PUSH] = "push",
		[SOURCE_CONVERSATIONS] = "conversations",
		[SOURCE_CONTACTS] = "contacts",
	};

	for (enum source source = SOURCE_PUSH; source < SOURCE_COUNT; source++)
		asked->replay.sources[source] = asked->source_count == 0;
	for (size_t i = 0; i < asked->source_count; i++) {
		enum source source = SOURCE_PUSH;

		while (source < SOURCE_COUNT && strcmp(asked->sources[i], names[source]) != 0)
			source++;
		if (source == SOURCE_COUNT)
			return command_misused(command,
			    "--source %s: expected contacts, conversations or push", asked->sources[i]);
		asked->replay.sources[source] = true;
	}
	return OPTION_TAKEN;
}

static int
read_policy_options(struct asked *asked, const struct command *command)
{
	for (size_t i = 0; i < asked->option_count; i++) {
		const char *text = asked->texts[i];
		const char *equals = strchr(text, '=');

		if (equals == NULL || equals == text)
			return command_misused(command, "--option %s: expected NAME=VALUE", text);
		asked->options[i] = (struct anagraph_option){
			.name = { .data = text, .size = (size_t)(equals - text) },
			.value = { .data = equals + 1, .size = strlen(equals + 1) },
		};
	}
	asked->replay.policy_options = asked->options;
	asked->replay.policy_option_count = asked->option_count;
	return OPTION_TAKEN;
}

/* The daemon's settings as far as they matter: the command line's words win over the
 * file's, as they do for a daemon. */
static int
read_config(struct asked *asked, const struct command *command)
{
	char *arguments[10] = { (char *)"anagraph", (char *)"--policy-dir", (char *)"." };
	struct config_error error;
	int count = 3;
	int result;

	if (asked->config_file != NULL) {
		arguments[count++] = (char *)"--config";
		arguments[count++] = (char *)(uintptr_t)asked->config_file;
	}
	if (asked->data_dir != NULL) {
		arguments[count++] = (char *)"--data-dir";
		arguments[count++] = (char *)(uintptr_t)asked->data_dir;
	}
	if (asked->map_size != NULL) {
		arguments[count++] = (char *)"--map-size-mib";
		arguments[count++] = (char *)(uintptr_t)asked->map_size;
	}
	result = config_parse(&asked->config, &error, count, arguments);
	if (result < 0)
		return command_failed("the settings", result);
	if (result != 0)
		return command_misused(command, "%s", error.message);
	asked->replay.store = (struct graph_options){
		.data_dir = asked->config.data_dir,
		.map_size_bytes = asked->config.map_size_bytes,
	};
	asked->replay.account = bytes_of(asked->account, strlen(asked->account));
	asked->replay.settings = settings_of(&asked->config.settings, asked->replay.account);
	return OPTION_TAKEN;
}

static int
read_command_line(struct asked *asked, struct command *command, int argc, char **argv)
{
	const struct verb_option own[] = {
		{ .name = "account", .kind = VERB_OWN_TEXT, .own_text = &asked->account },
		{ .name = "data-dir", .kind = VERB_OWN_TEXT, .own_text = &asked->data_dir },
		{ .name = "config", .kind = VERB_OWN_TEXT, .own_text = &asked->config_file },
		{ .name = "map-size-mib", .kind = VERB_OWN_TEXT, .own_text = &asked->map_size },
		{ .name = "since", .kind = VERB_OWN_TEXT, .own_text = &asked->since },
		{ .name = "hold", .kind = VERB_OWN_TEXT, .own_text = &asked->hold },
		{ .name = "source",
		    .kind = VERB_OWN_TEXTS,
		    .own_text = asked->sources,
		    .own_count = &asked->source_count,
		    .own_most = SOURCE_COUNT },
		{ .name = "option",
		    .kind = VERB_OWN_TEXTS,
		    .own_text = asked->texts,
		    .own_count = &asked->option_count,
		    .own_most = LIMIT_POLICY_OPTIONS },
		{ .name = "json", .kind = VERB_OWN_TRUE, .own_flag = &asked->shown.json },
	};
	int result = command_read_options(command, NULL, own, sizeof(own) / sizeof(own[0]), HELP, argc, argv);

	if (result != OPTION_TAKEN)
		return result;
	if (optind == argc)
		return command_misused(command, "which policy? expected FILE.so");
	asked->replay.policy_file = argv[optind++];
	result = command_no_arguments(command, argc, argv);
	if (result == OPTION_TAKEN && asked->account == NULL)
		result = command_misused(command, "--account is missing");
	if (result == OPTION_TAKEN && asked->data_dir == NULL && asked->config_file == NULL)
		result = command_misused(command, "--data-dir or --config is missing: where is the store?");
	if (result == OPTION_TAKEN)
		result = read_since(asked, command);
	if (result == OPTION_TAKEN)
		result = read_hold(asked, command);
	if (result == OPTION_TAKEN)
		result = read_sources(asked, command);
	if (result == OPTION_TAKEN)
		result = read_policy_options(asked, command);
	return result == OPTION_TAKEN ? read_config(asked, command) : result;
}

static void
log_for_policy(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	(void)context;
	(void)level;
	fprintf(stderr, "policy %s: %.*s\n", policy_id, BYTES_PRINT(message));
}

/* What the process of its own tells, in memory of both. */
struct told {
	uint64_t sequence; /* of the entry that is being decided */
	bool finished;     /* its exit status is the command's and not something of the policy's */
};

/* In the process of its own. */
static int
replay(const struct command *command, struct asked *asked)
{
	struct replay_report report;
	struct graph_error error;
	int result;

	asked->replay.log = log_for_policy;
	asked->replay.differs = replay_show_difference;
	asked->replay.context = &asked->shown;
	result = replay_run(&report, &asked->replay, &error);
	if (result == REPLAY_E_REFUSED)
		return maintain_failed(command, &error);
	if (result < 0)
		return command_failed("the replay", result);
	return replay_show_report(&asked->shown, &report, asked->replay.account);
}

/* What became of that process: the exit status. */
static int
wait_for(const struct command *command, pid_t pid, const struct told *told)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return command_failed("the replay", -errno);
	}
	if (WIFEXITED(status) && told->finished)
		return WEXITSTATUS(status);
	if (WIFEXITED(status))
		fprintf(stderr, "anagraph %s: the policy ended the process (exit status %d)", command->verb,
		    WEXITSTATUS(status));
	else
		fprintf(stderr, "anagraph %s: the policy crashed (signal %d: %s)", command->verb,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (told->sequence > 0)
		fprintf(stderr, " at journal entry %llu", (unsigned long long)told->sequence);
	fprintf(stderr, "; nothing has changed\n");
	return EXIT_REFUSED;
}

static int
replay_apart(const struct command *command, struct asked *asked)
{
	struct told *told =
	    mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result;
	pid_t pid;

	if (told == MAP_FAILED)
		return command_failed("the replay", -errno);
	asked->replay.sequence = &told->sequence;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		result = replay(command, asked);
		if (fflush(stdout) == EOF && result == 0)
			result = command_failed("standard output", -errno);
		told->finished = true;
		_exit(result);
	}
	result = pid < 0 ? command_failed("the replay", -errno) : wait_for(command, pid, told);
	munmap(told, sizeof(*told));
	return result;
}

int
command_policy_replay(struct command *command, int argc, char **argv)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	const char *parent = getenv("TMPDIR");
	char scratch[PATH_MAX];
	int result;

	command->verb = "policy replay";
	if (asked == NULL)
		return command_failed(command->verb, -ENOMEM);
	result = read_command_line(asked, command, argc, argv);
	if (result != OPTION_TAKEN) {
		free(asked);
		return result;
	}
	umask(077);
	snprintf(scratch, sizeof(scratch), "%s/anagraph-replay-XXXXXX",
	    parent != NULL && *parent != '\0' ? parent : "/tmp");
	if (mkdtemp(scratch) == NULL) {
		result = command_failed(scratch, -errno);
	} else {
		asked->replay.scratch_dir = scratch;
		result = replay_apart(command, asked);
		/* Gone already unless it was refused early. */
		(void)replay_remove_scratch(scratch);
	}
	config_finish(&asked->config);
	free(asked);
	return result;
}
