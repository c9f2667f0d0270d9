/* The options of the verbs that look into a store. */
#include "client/command/maintain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

static const uint64_t MIB_BYTES = UINT64_C(1024) * 1024;

/* Decimal digits alone, 1 to LIMIT_MAP_SIZE_MIB. */
static bool
read_size(uint64_t *size_mib, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*size_mib = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *size_mib >= 1 && *size_mib <= LIMIT_MAP_SIZE_MIB;
}

int
maintain_read_options(
    struct graph_options *options, struct command *command, const char *help, int argc, char **argv)
{
	const char *data_dir = NULL;
	const char *size = NULL;
	const struct verb_option own[] = {
		{ .name = "data-dir", .kind = VERB_OWN_TEXT, .own_text = &data_dir },
		{ .name = "map-size-mib", .kind = VERB_OWN_TEXT, .own_text = &size },
	};
	uint64_t size_mib = 0;
	int result = command_read_options(command, NULL, own, 2, help, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	if (result != OPTION_TAKEN)
		return result;
	if (data_dir == NULL || *data_dir == '\0')
		return command_misused(command, "--data-dir is missing");
	if (size != NULL && !read_size(&size_mib, size))
		return command_misused(
		    command, "--map-size-mib %s: expected a number from 1 to %d", size, LIMIT_MAP_SIZE_MIB);
	umask(077);
	*options = (struct graph_options){
		.data_dir = data_dir,
		.map_size_bytes = size_mib * MIB_BYTES,
		.without_key = true,
	};
	return OPTION_TAKEN;
}

int
maintain_failed(const struct command *command, const struct graph_error *error)
{
	fprintf(stderr, "anagraph %s: %s\n", command->verb, error->message);
	return EXIT_REFUSED;
}

int
maintain_show(json_t *object)
{
	enum { DIGITS = 12 }; /* more would show how a fraction is stored */
	int result = object == NULL ? command_failed("the answer", -ENOMEM) : 0;

	if (result == 0 &&
	    (json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) < 0 ||
		putchar('\n') == EOF || fflush(stdout) == EOF))
		result = command_failed("standard output", -errno);
	json_decref(object);
	return result;
}
