/* A policy's own words may stand in a detail: what is not printable ASCII is shown as
 * "?", so that neither a terminal nor a reader of JSON has to trust it. */
#include "kit/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *
outcome_word(enum outcome outcome)
{
	static const char *const words[] = { "none", "pass", "warn", "skip", "fail", "crash" };

	return words[outcome];
}

static bool
is_failure(enum outcome outcome)
{
	return outcome != OUTCOME_PASS && outcome != OUTCOME_WARN && outcome != OUTCOME_SKIP;
}

bool
report_has_failure(const struct report_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_failure(lines[i].result.outcome))
			return true;
	}
	return false;
}

static const char *
printable(char text[DETAIL_BYTES], const char detail[DETAIL_BYTES])
{
	size_t size = strnlen(detail, DETAIL_BYTES - 1);

	for (size_t i = 0; i < size; i++)
		text[i] = '?';
	for (size_t i = 0; i < size; i++) {
		if (detail[i] >= ' ' && detail[i] <= '~')
			text[i] = detail[i];
	}
	text[size] = '\0';
	return text;
}

void
report_line(const struct report_line *line)
{
	enum outcome outcome = line->result.outcome;
	char text[DETAIL_BYTES];

	printf("%-5s  %-15s  %s\n", outcome_word(outcome), line->check->name, line->check->what);
	if (outcome != OUTCOME_PASS)
		printf("       %-15s  > %s\n", "", printable(text, line->result.detail));
	fflush(stdout);
}

static size_t
count_of(enum outcome outcome, const struct report_line *lines, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += lines[i].result.outcome == outcome;
	return found;
}

static void
tell_again(const struct subject *subject, const struct check *check)
{
	printf("to see it again: anagraph-policy-check --seed %" PRIu64 " --check %s", subject->seed,
	    check->name);
	for (size_t i = 0; i < subject->option_count; i++)
		printf(" --option %s", subject->options[i].name.data);
	printf(" %s\n", subject->path);
}

void
report_end(const struct subject *subject, const struct report_line *lines, size_t count)
{
	static const enum outcome outcomes[] = { OUTCOME_WARN, OUTCOME_SKIP, OUTCOME_FAIL, OUTCOME_CRASH };

	static const char *const words[] = { "warned", "skipped", "failed", "crashed" };

	printf("\n%s: %zu passed", subject->id, count_of(OUTCOME_PASS, lines, count));
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		size_t found = count_of(outcomes[i], lines, count);

		if (found != 0)
			printf(", %zu %s", found, words[i]);
	}
	printf("; seed %" PRIu64 "\n", subject->seed);
	for (size_t i = 0; i < count; i++) {
		if (is_failure(lines[i].result.outcome))
			tell_again(subject, lines[i].check);
	}
}

/* The seed is a string: JSON's numbers end before it does. */
int
report_json(const struct subject *subject, const struct report_line *lines, size_t count)
{
	json_t *list = json_array();
	char seed[24], text[DETAIL_BYTES];
	json_t *report;
	int failed;

	for (size_t i = 0; i < count; i++) {
		json_t *line = json_pack("{ss ss}", "check", lines[i].check->name, "outcome",
		    outcome_word(lines[i].result.outcome));

		if (lines[i].result.outcome != OUTCOME_PASS)
			json_object_set_new(
			    line, "detail", json_string(printable(text, lines[i].result.detail)));
		json_array_append_new(list, line);
	}
	snprintf(seed, sizeof(seed), "%" PRIu64, subject->seed);
	report = json_pack("{ss ss ss sb so}", "policy", subject->id, "file", subject->path, "seed", seed,
	    "ok", !report_has_failure(lines, count), "checks", list);
	failed = report == NULL || json_dumpf(report, stdout, JSON_COMPACT) != 0;
	json_decref(report);
	putchar('\n');
	return failed ? -ENOMEM : 0;
}
