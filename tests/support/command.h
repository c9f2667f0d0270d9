/* The command `anagraph` as a script runs it. */
#ifndef ANAGRAPH_TESTS_SUPPORT_COMMAND_H
#define ANAGRAPH_TESTS_SUPPORT_COMMAND_H

#include "tests/support/service.h"

enum { COMMAND_REFUSED = 1, COMMAND_MISUSED = 2, COMMAND_UNREACHABLE = 3 };

/* What a run came to, NUL-terminated; to be released with command_run_finish. */
struct command_run {
	int status;
	char *output;
	char *prose;
};

/* Runs a line of shell in which $1 is an address and $2 a directory, and `anagraph`
 * asks that address. */
void command_shell(struct command_run *run, const char *target, const char *directory, const char *script);

void command_run_finish(struct command_run *run);

#endif
