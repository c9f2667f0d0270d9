/* The file of refused rows comes into being with the first of them. */
#include "client/import/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"
#include "client/text/json.h"

enum { SHOW_EVERY_MS = 200 };

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
report_init(struct report *report, const char *errors_path, uint64_t file_bytes)
{
	*report = (struct report){
		.errors_path = errors_path,
		.terminal = isatty(STDERR_FILENO) == 1,
		.file_bytes = file_bytes,
		.start_ms = now_ms(),
	};
	if (errors_path != NULL)
		unlink(errors_path);
}

static uint64_t
rows(const struct report *report)
{
	return report->created + report->identified + report->updated + report->unchanged + report->replayed +
	    report->refused;
}

static void
clear_progress(const struct report *report)
{
	if (report->terminal && report->shown_ms > 0)
		fputs("\r\033[K", stderr);
}

void
report_say(struct report *report, const char *format, ...)
{
	va_list arguments;

	clear_progress(report);
	fputs("anagraph: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Notes a row that was refused. */
static int
refuse(struct report *report, uint64_t line, const char *code, const char *reason, const char *field,
    const char *message)
{
	json_t *json;
	int status;

	report->refused++;
	if (report->errors_path == NULL) {
		report_say(report, "line %" PRIu64 ": %s%s%s: %s%s%s%s", line, code,
		    *reason != '\0' ? " " : "", reason, message, *field != '\0' ? " (" : "", field,
		    *field != '\0' ? ")" : "");
		return 0;
	}
	if (report->errors == NULL)
		report->errors = fopen(report->errors_path, "we");
	if (report->errors == NULL)
		return -errno;
	json = json_pack("{s:I,s:s,s:s,s:s,s:s}", "line", (json_int_t)line, "code", code, "reason", reason,
	    "field", field, "message", message);
	if (json == NULL)
		return -EBADMSG;
	status = json_line_print(report->errors, json);
	json_decref(json);
	return status;
}

int
report_problem(struct report *report, uint64_t line, const struct row_problem *problem)
{
	return refuse(report, line, "INVALID_ARGUMENT", "LINE_INVALID", problem->field, problem->message);
}

int
report_answer(struct report *report, uint64_t line, const Anagraph__V1__IdentifyStreamResponse *response)
{
	const Anagraph__V1__CallError *error;

	if (response->result_case != ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_RESPONSE) {
		if (response->result_case != ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR)
			return refuse(report, line, "INTERNAL", "", "", "the answer has nothing in it");
		error = response->error;
		return refuse(
		    report, line, client_code_name(error->code), error->reason, error->field, error->message);
	}
	if (response->response->replayed)
		report->replayed++;
	else if (response->response->outcome == ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED)
		report->created++;
	else if (response->response->outcome == ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED)
		report->identified++;
	else if (response->response->outcome == ANAGRAPH__V1__OUTCOME__OUTCOME_UPDATED)
		report->updated++;
	else
		report->unchanged++;
	return 0;
}

static uint64_t
rate(const struct report *report, int64_t now)
{
	int64_t spent_ms = now - report->start_ms;

	return rows(report) * 1000 / (uint64_t)(spent_ms > 0 ? spent_ms : 1);
}

void
report_progress(struct report *report, uint64_t read_bytes)
{
	int64_t now;

	report->read_bytes = read_bytes;
	if (!report->terminal)
		return;
	now = now_ms();
	if (now - report->shown_ms < SHOW_EVERY_MS)
		return;
	clear_progress(report);
	report->shown_ms = now;
	if (report->file_bytes > 0)
		fprintf(stderr, "%3" PRIu64 " %%  ", read_bytes * 100 / report->file_bytes);
	fprintf(stderr, "%" PRIu64 " rows, %" PRIu64 " a second, %" PRIu64 " refused", rows(report),
	    rate(report, now), report->refused);
	fflush(stderr);
}

int
report_finish(struct report *report, bool validate_only)
{
	int64_t now = now_ms();

	report_say(report,
	    "%" PRIu64 " rows in %.1f s, %" PRIu64 " a second%s: %" PRIu64 " created, %" PRIu64
	    " identified, %" PRIu64 " updated, %" PRIu64 " unchanged, %" PRIu64 " replayed, %" PRIu64
	    " refused%s%s",
	    rows(report), (double)(now - report->start_ms) / 1000, rate(report, now),
	    validate_only ? "; nothing was changed, it would be" : "", report->created, report->identified,
	    report->updated, report->unchanged, report->replayed, report->refused,
	    report->errors != NULL ? ", see " : "", report->errors != NULL ? report->errors_path : "");
	if (report->errors != NULL && fclose(report->errors) == EOF)
		return -errno;
	report->errors = NULL;
	return 0;
}
