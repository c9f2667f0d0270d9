/* A function of the shell stands for the command, so that scripts read as people write
 * them. */
#include "tests/support/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

void
command_shell(struct command_run *run, const char *target, const char *directory, const char *script)
{
	const char *const arguments[] = { "-c", NULL, "sh", target, directory, NULL };
	const char *whole[sizeof(arguments) / sizeof(arguments[0])];
	char *text;

	assert_non_null(getenv("ANAGRAPH_COMMAND"));
	assert_true(asprintf(&text,
			"target=$1; anagraph() { \"$ANAGRAPH_COMMAND\" --server \"$target\" \"$@\"; }\n%s",
			script) > 0);
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		whole[i] = arguments[i];
	whole[1] = text;
	assert_int_equal(service_run(&run->status, &run->output, &run->prose, "/bin/sh", whole), 0);
	free(text);
}

void
command_run_finish(struct command_run *run)
{
	free(run->output);
	free(run->prose);
}
