/* `anagraph policy new NAME`: a file to begin a policy with. It asks no service: what it
 * writes compiles, passes anagraph-policy-check and says in its comments what to change. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command/command.h"

enum { ID_BYTES_MAX = 64, PATH_BYTES = ID_BYTES_MAX + sizeof(".c") };

static const char HELP[] = "anagraph policy new NAME\n"
			   "\n"
			   "Writes NAME.c into this directory: a policy to begin with, which builds, passes\n"
			   "anagraph-policy-check and says in its comments what to change. NAME is what the\n"
			   "service will know it by: 1 to 64 of a-z 0-9 _ -. A file that is there stays.\n";

/* What is written; @ID@ stands where the name goes. */
extern const char new_policy_text[];

static bool
is_id(const char *name)
{
	size_t size = strlen(name);

	return size >= 1 && size <= ID_BYTES_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

static int
write_policy(FILE *file, const char *id)
{
	static const char mark[] = "@ID@";
	const char *at = new_policy_text;

	for (;;) {
		const char *next = strstr(at, mark);

		fwrite(at, 1, next != NULL ? (size_t)(next - at) : strlen(at), file);
		if (next == NULL)
			break;
		fputs(id, file);
		at = next + strlen(mark);
	}
	return ferror(file) ? -EIO : 0;
}

static int
make_policy(const struct command *command, const char *id)
{
	char path[PATH_BYTES];
	FILE *file;
	int fd, result;

	if (!is_id(id))
		return command_misused(
		    command, "%s: expected a name of 1 to %d of a-z 0-9 _ -", id, ID_BYTES_MAX);
	snprintf(path, sizeof(path), "%s.c", id);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
	if (fd < 0)
		return command_failed(path, -errno);
	file = fdopen(fd, "w");
	if (file == NULL) {
		close(fd);
		return command_failed(path, -ENOMEM);
	}
	result = write_policy(file, id);
	if (fclose(file) == EOF && result == 0)
		result = -errno;
	if (result != 0) {
		unlink(path);
		return command_failed(path, result);
	}
	printf("{\"file\":\"%s\"}\n", path);
	return fflush(stdout) == EOF ? command_failed("standard output", -errno) : 0;
}

int
command_policy(struct command *command, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, { NULL, 0, NULL, 0 } };
	int option, result;

	if (argc > 1 && strcmp(argv[1], "replay") == 0)
		return command_policy_replay(command, argc - 1, argv + 1);
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		result = command_option(command, option, argv);
		if (result == OPTION_HELP) {
			fputs(HELP, stdout);
			return 0;
		}
		if (result != OPTION_TAKEN)
			return result;
	}
	if (argc - optind < 2 || strcmp(argv[optind], "new") != 0)
		return command_misused(
		    command, "expected: anagraph policy new NAME, or anagraph policy replay FILE.so");
	optind += 2;
	result = command_no_arguments(command, argc, argv);
	return result == OPTION_TAKEN ? make_policy(command, argv[optind - 1]) : result;
}
