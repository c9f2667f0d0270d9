/* Series are kept in the order in which they began, their rounds in the order in which
 * they ended. */
#include "bench/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/machine.h"
#include "bench_versions.h"

enum { TIME_BYTES = 32, COLUMN = 30, NAME_COLUMN = 28 };

struct report {
	FILE *stream;
	json_t *series;  /* name: {"rounds": [figures…], "summary": {…}} */
	json_t *context; /* members of each summary and ratio */
	json_t *ratios;  /* the lines that were written */
};

static void
print_line(const struct report *report, json_t *line)
{
	json_dumpf(line, report->stream, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	putc('\n', report->stream);
	fflush(report->stream);
}

/* Where the program lies says nothing to others. */
static const char *
basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

int
report_create(
    struct report **out, FILE *stream, const char *verb, int argc, char **argv, const char *directory)
{
	struct report *report = calloc(1, sizeof(*report));
	char time_text[TIME_BYTES];
	json_t *command = json_array();
	time_t now = time(NULL);
	struct tm parts;

	if (report == NULL || command == NULL) {
		free(report);
		json_decref(command);
		return -ENOMEM;
	}
	gmtime_r(&now, &parts);
	strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_string(i == 0 ? basename_of(argv[0]) : argv[i]));
	report->stream = stream;
	report->series = json_object();
	report->context = json_object();
	report->ratios = json_array();
	report_set(report, "verb", json_string(verb));
	report_set(report, "time", json_string(time_text));
	report_set(report, "machine", machine_json());
	report_set(report, "versions", versions_json());
	if (directory != NULL)
		report_set(report, "sync_us", sync_json(directory));
	report_set(report, "command", command);
	*out = report;
	return 0;
}

void
report_destroy(struct report *report)
{
	if (report == NULL)
		return;
	json_decref(report->series);
	json_decref(report->context);
	json_decref(report->ratios);
	free(report);
}

void
report_set(struct report *report, const char *name, json_t *value)
{
	json_object_set_new(report->context, name, value);
}

static json_t *
rounds_of(const struct report *report, const char *name)
{
	return json_object_get(json_object_get(report->series, name), "rounds");
}

/* Notes a round. 0; -ENOMEM. */
static int
keep_round(struct report *report, const char *name, json_t *figures)
{
	json_t *rounds = rounds_of(report, name);

	if (rounds == NULL) {
		json_object_set_new(report->series, name, json_pack("{s:[]}", "rounds"));
		rounds = rounds_of(report, name);
	}
	return json_array_append(rounds, figures) == 0 ? 0 : -ENOMEM;
}

int
report_round(struct report *report, const char *name, json_t *figures)
{
	int result = figures == NULL ? -ENOMEM : keep_round(report, name, figures);
	json_t *line;

	if (result != 0) {
		json_decref(figures);
		return result;
	}
	line = json_pack("{s:s, s:O, s:s, s:i, s:o}", "line", "round", "verb",
	    json_object_get(report->context, "verb"), "name", name, "round",
	    (int)json_array_size(rounds_of(report, name)), "figures", figures);
	if (line == NULL)
		return -ENOMEM;
	print_line(report, line);
	json_decref(line);
	return 0;
}

static int
compare_figures(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The middle of some numbers, between their least and their greatest; sorts them. */
static json_t *
spread_of(double *figures, size_t count)
{
	qsort(figures, count, sizeof(figures[0]), compare_figures);
	return json_pack("{s:f, s:f, s:f}", "median", (figures[(count - 1) / 2] + figures[count / 2]) / 2,
	    "least", figures[0], "greatest", figures[count - 1]);
}

/* A figure over the rounds, or NULL when it is not a number of each. */
static json_t *
json_spread(json_t *rounds, const char *figure)
{
	double figures[REPORT_ROUNDS];
	size_t count = json_array_size(rounds);

	if (count == 0 || count > REPORT_ROUNDS)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		json_t *value = json_object_get(json_array_get(rounds, i), figure);

		if (!json_is_number(value))
			return NULL;
		figures[i] = json_number_value(value);
	}
	return spread_of(figures, count);
}

/* Adds all that is the same for every series. */
static void
print_with_context(const struct report *report, json_t *line)
{
	json_object_update_missing(line, report->context);
	print_line(report, line);
}

int
report_summary(struct report *report, const char *name, json_t *settings)
{
	json_t *series = json_object_get(report->series, name);
	json_t *rounds = rounds_of(report, name);
	json_t *figures = json_object();
	const char *figure;
	json_t *value;
	json_t *line;

	if (rounds == NULL) {
		json_decref(figures);
		json_decref(settings);
		return -ENOENT;
	}
	json_object_foreach(json_array_get(rounds, 0), figure, value)
	{
		json_t *spread = json_spread(rounds, figure);

		if (spread != NULL)
			json_object_set_new(figures, figure, spread);
	}
	line = json_pack("{s:s, s:s, s:i, s:O}", "line", "summary", "name", name, "rounds",
	    (int)json_array_size(rounds), "figures", figures);
	if (settings != NULL)
		json_object_set_new(line, "settings", settings);
	json_object_set_new(series, "figures", figures);
	print_with_context(report, line);
	json_decref(line);
	return 0;
}

int
report_ratio(struct report *report, const char *of, const char *over, const char *figure)
{
	json_t *rounds = rounds_of(report, of);
	json_t *others = rounds_of(report, over);
	double ratios[REPORT_ROUNDS];
	size_t count = 0;
	json_t *line;

	for (size_t i = 0; i < json_array_size(rounds) && i < json_array_size(others) && i < REPORT_ROUNDS;
	     i++) {
		json_t *a = json_object_get(json_array_get(rounds, i), figure);
		json_t *b = json_object_get(json_array_get(others, i), figure);

		if (json_is_number(a) && json_is_number(b) && json_number_value(b) != 0)
			ratios[count++] = json_number_value(a) / json_number_value(b);
	}
	if (count == 0)
		return -ENOENT;
	line = json_pack("{s:s, s:s++, s:s, s:s, s:s, s:i, s:o}", "line", "ratio", "name", of, " over ", over,
	    "of", of, "over", over, "figure", figure, "rounds", (int)count, "ratio",
	    spread_of(ratios, count));
	if (line == NULL)
		return -ENOMEM;
	json_array_append(report->ratios, line);
	print_with_context(report, line);
	json_decref(line);
	return 0;
}

int
report_read(struct report *report, FILE *lines)
{
	char *text = NULL;
	size_t room = 0;
	int result = 0;

	while (result == 0 && getline(&text, &room, lines) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		const char *kind = json_string_value(json_object_get(line, "line"));
		const char *name = json_string_value(json_object_get(line, "name"));
		json_t *figures = json_object_get(line, "figures");

		if (kind == NULL || name == NULL)
			result = -EBADMSG;
		else if (strcmp(kind, "round") == 0)
			result = figures == NULL ? -EBADMSG : keep_round(report, name, figures);
		json_decref(line);
	}
	free(text);
	return result;
}

/* As many digits as say something. */
static void
print_number(char *text, size_t room, double number)
{
	snprintf(text, room, number >= 1000 ? "%.0f" : number >= 100 ? "%.1f" : "%.2f", number);
}

static void
print_cell(FILE *out, json_t *spread)
{
	char median[COLUMN];
	char least[COLUMN];
	char greatest[COLUMN];
	char cell[4 * COLUMN] = "";

	if (json_is_object(spread)) {
		print_number(median, sizeof(median), json_number_value(json_object_get(spread, "median")));
		print_number(least, sizeof(least), json_number_value(json_object_get(spread, "least")));
		print_number(
		    greatest, sizeof(greatest), json_number_value(json_object_get(spread, "greatest")));
		snprintf(cell, sizeof(cell), "%s (%s-%s)", median, least, greatest);
	}
	fprintf(out, "  %*s", COLUMN - 2, cell);
}

void
report_table(const struct report *report, const char *const *figures, FILE *out)
{
	const char *name;
	json_t *series;

	fprintf(out, "%-*s", NAME_COLUMN, "");
	for (size_t i = 0; figures[i] != NULL; i++)
		fprintf(out, "  %*s", COLUMN - 2, figures[i]);
	fputc('\n', out);
	json_object_foreach(report->series, name, series)
	{
		fprintf(out, "%-*s", NAME_COLUMN, name);
		for (size_t i = 0; figures[i] != NULL; i++)
			print_cell(out, json_object_get(json_object_get(series, "figures"), figures[i]));
		fputc('\n', out);
	}
	fputs("median (least-greatest) over the rounds\n", out);
}

void
report_ratio_table(const struct report *report, FILE *out)
{
	json_t *line;
	size_t i;

	json_array_foreach(report->ratios, i, line)
	{
		fprintf(out, "%-*s  %-*s", 2 * NAME_COLUMN, json_string_value(json_object_get(line, "name")),
		    NAME_COLUMN, json_string_value(json_object_get(line, "figure")));
		print_cell(out, json_object_get(line, "ratio"));
		fputc('\n', out);
	}
	fputs("ratio: median (least-greatest) over the pairs of neighbouring rounds\n", out);
}

bool
report_is_release(void)
{
	return strcmp(BENCH_BUILD, "release") == 0;
}
