/* Tells of the checks: a table for people, or one JSON object for machines. */
#ifndef ANAGRAPH_KIT_REPORT_H
#define ANAGRAPH_KIT_REPORT_H

#include "kit/kit.h"

struct report_line {
	const struct check *check;
	struct result result;
};

/* Whether anything failed or crashed. */
bool report_has_failure(const struct report_line *lines, size_t count);

/* Writes a line of the table as soon as it is known, and what it all came to. */
void report_line(const struct report_line *line);
void report_end(const struct subject *subject, const struct report_line *lines, size_t count);

/* Writes all of it as JSON. 0; -ENOMEM. */
int report_json(const struct subject *subject, const struct report_line *lines, size_t count);

#endif
