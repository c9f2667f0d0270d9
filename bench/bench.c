/* anagraph-bench: what a call costs, with all that is needed to repeat it beside the
 * figure. One JSON object a line on standard output, and a table for people on standard
 * error; bench/README.md tells what stands in them. Client and server share the machine, so
 * compare what was measured side by side, and trust the server's processor time most. */
#include <stdio.h>
#include <string.h>

#include "bench/side.h"
#include "bench/verbs.h"

static const char HELP[] =
    "anagraph-bench - measures anagraph\n"
    "\n"
    "  anagraph-bench load --store DIR --contacts N [--accounts A] [--data-seed S]\n"
    "      makes a store of N contacts, such as a service would have that had been told\n"
    "      of each\n"
    "  anagraph-bench run SIDE [--against SIDE]…\n"
    "      calls a server that it starts, or one that runs, and measures it\n"
    "  anagraph-bench echo SIDE\n"
    "      the same beside a method that does nothing: what is left is the service's own\n"
    "  anagraph-bench lookup --store DIR [option…]\n"
    "      the same look-ups without a server, in this process\n"
    "  anagraph-bench compare --of NAME --over NAME --figure FIGURE FILE…\n"
    "      the ratio of two series from results, round by round\n"
    "  anagraph-bench plot --kind throughput|growth|distribution --out PATH FILE…\n"
    "      pictures of results, by gnuplot\n"
    "\n"
    "Numbers may end in k or M. A SIDE is\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} VERBS[] = {
	{ "load", verb_load },
	{ "run", verb_run },
	{ "echo", verb_echo },
	{ "lookup", verb_lookup },
	{ "compare", verb_compare },
	{ "plot", verb_plot },
};

bool
verb_accepts_build(bool any_build)
{
	if (report_is_release() || any_build)
		return true;
	fputs(
	    "anagraph-bench: this build is not optimised, and its figures say nothing: build with\n"
	    "`meson setup build-release --buildtype=release`, or measure it all the same with --any-build\n",
	    stderr);
	return false;
}

int
main(int argc, char **argv)
{
	bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;

	for (size_t i = 0; argc > 1 && i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(argv[1], VERBS[i].name) == 0)
			return VERBS[i].run(argc, argv);
	}
	fputs(HELP, asked ? stdout : stderr);
	fputs(SIDES_USAGE, asked ? stdout : stderr);
	return asked ? 0 : VERB_USAGE;
}
