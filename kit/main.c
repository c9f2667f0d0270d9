/* The command `anagraph-policy-check`: tells whether a policy keeps to the interface,
 * before a service is asked to trust it. It needs no service and knows nothing of the
 * one it checks for but <anagraph/policy.h>. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kit/report.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, DEFAULT_LIMIT_S = 20, LIMIT_S_MAX = 600 };

static const char HELP[] =
    "anagraph-policy-check - does a policy keep to <anagraph/policy.h>?\n"
    "\n"
    "  anagraph-policy-check [OPTIONS] FILE.so\n"
    "\n"
    "  --option NAME=VALUE  an option for the policy; may be given several times\n"
    "  --check NAME         this check alone; may be given several times\n"
    "  --seed N             the conflicts of another run once more\n"
    "  --limit SECONDS      how long one check may take (20)\n"
    "  --json               one JSON object instead of a table\n"
    "  --list               the checks, and what each asks of a policy\n"
    "  --help               this text\n"
    "  --version            which anagraph this is\n"
    "\n"
    "Each check runs in a process of its own. Exit status: 0 nothing failed or crashed,\n"
    "1 something did, 2 the command was used wrongly.\n";

struct command {
	struct subject subject;
	bool is_chosen[64]; /* by place in checks */
	bool is_json;
};

__attribute__((format(printf, 1, 2))) static int
misused(const char *format, ...)
{
	va_list arguments;

	fputs("anagraph-policy-check: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\n(--help says more)\n", stderr);
	return EXIT_USAGE;
}

static int
read_number(uint64_t *out, const char *text, uint64_t max)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text < '0' || *text > '9' || *end != '\0' || errno != 0 || *out > max ? -EINVAL : 0;
}

static int
take_option(struct command *command, const char *text)
{
	struct subject *subject = &command->subject;
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return misused("--option %s: expected NAME=VALUE", text);
	if (subject->option_count == OPTION_COUNT_MAX)
		return misused("--option: at most %d of them", OPTION_COUNT_MAX);
	subject->options[subject->option_count++] = (struct anagraph_option){
		.name = { text, (size_t)(equals - text) },
		.value = { equals + 1, strlen(equals + 1) },
	};
	return 0;
}

static int
take_check(struct command *command, const char *name)
{
	for (size_t i = 0; i < check_count; i++) {
		if (strcmp(checks[i].name, name) == 0) {
			command->is_chosen[i] = true;
			return 0;
		}
	}
	return misused("--check %s: there is no such check (--list names them)", name);
}

static int
take(struct command *command, int option, char *const *argv)
{
	uint64_t number;

	switch (option) {
	case 'o':
		return take_option(command, optarg);
	case 'c':
		return take_check(command, optarg);
	case 's':
		if (read_number(&command->subject.seed, optarg, UINT64_MAX) != 0)
			return misused("--seed %s: expected a number", optarg);
		return 0;
	case 'm':
		if (read_number(&number, optarg, LIMIT_S_MAX) != 0 || number == 0)
			return misused("--limit %s: expected seconds, 1 to %d", optarg, LIMIT_S_MAX);
		command->subject.limit_s = (unsigned)number;
		return 0;
	case 'j':
		command->is_json = true;
		return 0;
	case ':':
		return misused("%s: a value is missing", argv[optind - 1]);
	default:
		return misused("%s: there is no such option", argv[optind - 1]);
	}
}

static int
list_checks(void)
{
	for (size_t i = 0; i < check_count; i++)
		printf("%-15s  %s\n", checks[i].name, checks[i].what);
	return 0;
}

/* The policy's path, and its id: its name without .so. Both to be freed. */
static int
find_policy(struct subject *subject, const char *path)
{
	char *whole = realpath(path, NULL);
	const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	size_t size = strlen(name);

	if (whole == NULL)
		return misused("%s: %s", path, strerror(errno));
	subject->path = whole;
	subject->id =
	    size > 3 && strcmp(name + size - 3, ".so") == 0 ? strndup(name, size - 3) : strdup(name);
	return subject->id != NULL ? 0 : EXIT_FAILED;
}

/* Runs the checks that were chosen; all when none was. */
static int
run(const struct command *command)
{
	struct report_line *lines = calloc(check_count, sizeof(*lines));
	bool is_any_chosen = memchr(command->is_chosen, true, sizeof(command->is_chosen)) != NULL;
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; lines != NULL && i < check_count; i++) {
		if (is_any_chosen && !command->is_chosen[i])
			continue;
		lines[count].check = &checks[i];
		result = trial_run(&lines[count].result, &checks[i], &command->subject);
		if (result != 0)
			break;
		if (!command->is_json)
			report_line(&lines[count]);
		count++;
	}
	if (lines == NULL || result != 0) {
		fprintf(stderr, "anagraph-policy-check: %s\n", strerror(lines == NULL ? ENOMEM : -result));
		free(lines);
		return EXIT_FAILED;
	}
	if (!command->is_json)
		report_end(&command->subject, lines, count);
	else
		result = report_json(&command->subject, lines, count);
	if (report_has_failure(lines, count) || result != 0)
		result = EXIT_FAILED;
	free(lines);
	return result;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "option", required_argument, NULL, 'o' },
		{ "check", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 's' },
		{ "limit", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct command command = { .subject = { .limit_s = DEFAULT_LIMIT_S } };
	uint32_t seed = 1;
	int option, result;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	command.subject.seed = seed;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(HELP, stdout) < 0;
		if (option == 'v')
			return puts("anagraph-policy-check " ANAGRAPH_VERSION) < 0;
		if (option == 'l')
			return list_checks();
		result = take(&command, option, argv);
		if (result != 0)
			return result;
	}
	if (argc - optind != 1)
		return misused("which policy? expected one FILE.so");
	result = find_policy(&command.subject, argv[optind]);
	if (result == 0)
		result = run(&command);
	free((char *)command.subject.path);
	free((char *)command.subject.id);
	return result;
}
