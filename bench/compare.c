/* compare: the ratio of two series that are in files of results; their rounds took turns, or
 * else whoever asks knows why they may be held against each other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/verbs.h"

static const char USAGE[] = "usage: anagraph-bench compare --of NAME --over NAME --figure FIGURE FILE…\n";

/* 0; -errno, told. */
static int
read_file(struct report *report, const char *path)
{
	FILE *file = fopen(path, "re");
	int result = file == NULL ? -errno : report_read(report, file);

	if (file != NULL)
		fclose(file);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: %s: %s\n", path,
		    result == -EBADMSG ? "has a line that is no result" : strerror(-result));
	return result;
}

int
verb_compare(int argc, char **argv)
{
	const char *figure = NULL;
	const char *over = NULL;
	const char *of = NULL;
	struct report *report;
	int result;
	int at = 2;

	for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
		if (strcmp(argv[at], "--of") == 0)
			of = argv[at + 1];
		else if (strcmp(argv[at], "--over") == 0)
			over = argv[at + 1];
		else if (strcmp(argv[at], "--figure") == 0)
			figure = argv[at + 1];
		else
			break;
	}
	if (of == NULL || over == NULL || figure == NULL || at == argc || argv[at][0] == '-') {
		fputs(USAGE, stderr);
		return VERB_USAGE;
	}
	result = report_create(&report, stdout, "compare", argc, argv, NULL);
	if (result != 0)
		return 1;
	for (; result == 0 && at < argc; at++)
		result = read_file(report, argv[at]);
	if (result == 0) {
		result = report_ratio(report, of, over, figure);
		if (result != 0)
			fprintf(stderr, "anagraph-bench: there are no rounds of both with that figure\n");
	}
	report_destroy(report);
	return result == 0 ? 0 : 1;
}
