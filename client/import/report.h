/* What an import tells: how far it is, what was refused and why, and what it all came
 * to. Progress and the summary go to standard error, refused rows to a file, one JSON
 * object a line. */
#ifndef ANAGRAPH_CLIENT_IMPORT_REPORT_H
#define ANAGRAPH_CLIENT_IMPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/import/row.h"

struct report {
	const char *errors_path; /* NULL: refused rows are told on standard error */
	FILE *errors;            /* NULL until a row is refused */
	bool terminal;           /* progress is shown */
	uint64_t file_bytes;     /* 0 when that is not known */
	uint64_t read_bytes;
	uint64_t created, identified, updated, unchanged, replayed, refused;
	int64_t start_ms, shown_ms;
};

/* Prepares a report; a file of refused rows that an earlier run left is removed.
 * errors_path is borrowed. */
void report_init(struct report *report, const char *errors_path, uint64_t file_bytes);

/* Notes one answer, and one row that was never sent. 0; -errno of the file. */
int report_answer(struct report *report, uint64_t line, const Anagraph__V1__IdentifyStreamResponse *response);
int report_problem(struct report *report, uint64_t line, const struct row_problem *problem);

/* Shows how far it is, now and then. */
void report_progress(struct report *report, uint64_t read_bytes);

/* Says a line on standard error, past the progress. */
__attribute__((format(printf, 2, 3))) void report_say(struct report *report, const char *format, ...);

/* Says what it came to and closes the file. 0; -errno of the file. */
int report_finish(struct report *report, bool validate_only);

#endif
