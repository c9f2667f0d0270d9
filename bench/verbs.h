/* The verbs of anagraph-bench. argv[0] is the program, argv[1] the verb. Each returns the exit
 * status, having told what went wrong: 0; 1; 2 for a command line that is none. */
#ifndef ANAGRAPH_BENCH_VERBS_H
#define ANAGRAPH_BENCH_VERBS_H

#include "bench/report.h"

int verb_load(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_echo(int argc, char **argv);
int verb_lookup(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_plot(int argc, char **argv);

/* Whether to go on with a build that is not optimised: says so when it is none. */
bool verb_accepts_build(bool any_build);

enum { VERB_USAGE = 2 };

#endif
