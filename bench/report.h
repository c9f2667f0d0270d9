/* What measurements are written as: one JSON object a line, the same whatever was
 * measured, with all that is needed to repeat it beside the figures; and a table for
 * people. The form is in bench/README.md.
 *
 *	round    the figures of one round of one series
 *	summary  of a series: each figure's median, least and greatest over its rounds
 *	ratio    of two series whose rounds took turns: of each pair of neighbours
 *
 * Rounds and summaries go out as they come, so that what was measured before something
 * failed is not lost. One thread. */
#ifndef ANAGRAPH_BENCH_REPORT_H
#define ANAGRAPH_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { REPORT_ROUNDS = 1000, REPORT_NAME_BYTES = 64 };

struct report;

/* verb is what is being done: "run", "load", "peers"; the command line is as main has it, and
 * is copied. directory is on the disk whose sync is measured; NULL: none is. Lines go to
 * stream, which is borrowed. 0; -ENOMEM. */
int report_create(
    struct report **out, FILE *stream, const char *verb, int argc, char **argv, const char *directory);
void report_destroy(struct report *report); /* accepts NULL */

/* More that is to stand in each summary and ratio: what was set, the data that was measured
 * on. Takes value over. */
void report_set(struct report *report, const char *name, json_t *value);

/* One round of the series called name; figures is an object of numbers, each name ending in
 * its unit, taken over. What else it holds is kept in the round's line alone. 0; -ENOMEM. */
int report_round(struct report *report, const char *name, json_t *figures);

/* The series is complete; settings is an object that is its alone, taken over, or NULL.
 * 0; -ENOENT without rounds; -ENOMEM. */
int report_summary(struct report *report, const char *name, json_t *settings);

/* One figure of a series over the same one of another, round by round. 0; -ENOENT when they
 * have not both rounds of it; -ENOMEM. */
int report_ratio(struct report *report, const char *of, const char *over, const char *figure);

/* The same from what earlier runs wrote: takes in the round lines of a file of lines, as if
 * they were this report's own. 0; -errno; -EBADMSG. */
int report_read(struct report *report, FILE *lines);

/* What all summaries came to, a row a series, the figures that are asked for its columns
 * (NULL-terminated): their median with least and greatest. */
void report_table(const struct report *report, const char *const *figures, FILE *out);

/* What all ratios came to, a row each: the median with least and greatest. */
void report_ratio_table(const struct report *report, FILE *out);

/* Whether this program and the service beside it were built to be quick. */
bool report_is_release(void);

#endif
