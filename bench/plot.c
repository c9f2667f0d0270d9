/* plot: pictures of results, as PNG and SVG, drawn by gnuplot: this writes the script with
 * the points in it.
 *
 * A series belongs to the curve of its name up to " at " or " of ": "resolve at 20k/s" and
 * "resolve at 40k/s" are points of the curve "resolve". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/verbs.h"

static const char USAGE[] =
    "usage: anagraph-bench plot --kind KIND --out PATH [--figure FIGURE] [--title TITLE] FILE…\n"
    "  --kind throughput    latency over arrivals a second: of open loops\n"
    "  --kind growth        a figure (server_cpu_us_per_call) over the size of the store\n"
    "  --kind distribution  latency by percentile\n"
    "  --out PATH           PATH.png and PATH.svg are written\n";

enum { CURVES = 32, NAME_BYTES = 96, SPREADS = 3 };

struct point {
	double x;
	double y;
	double least;
	double greatest;
};

struct curve {
	char name[NAME_BYTES];
	struct point *points;
	size_t count;
	size_t capacity;
};

struct plot {
	const char *kind;
	const char *out;
	const char *figure;
	const char *title;
	struct curve curves[CURVES];
	size_t count;
};

/* The curve of a name, or NULL when there are too many. */
static struct curve *
find_curve(struct plot *plot, const char *name, const char *more)
{
	char wanted[NAME_BYTES];
	const char *cut = strstr(name, " at ");

	if (cut == NULL)
		cut = strstr(name, " of ");
	snprintf(wanted, sizeof(wanted), "%.*s%s", cut == NULL ? (int)strlen(name) : (int)(cut - name), name,
	    more);
	for (size_t i = 0; i < plot->count; i++) {
		if (strcmp(plot->curves[i].name, wanted) == 0)
			return &plot->curves[i];
	}
	if (plot->count == CURVES)
		return NULL;
	memcpy(plot->curves[plot->count].name, wanted, sizeof(wanted));
	return &plot->curves[plot->count++];
}

/* Adds a point to a curve, which is NULL when there are too many of them. 0; -E2BIG; -ENOMEM. */
static int
add_point(struct curve *curve, const struct point *point)
{
	if (curve == NULL)
		return -E2BIG;
	if (curve->count == curve->capacity) {
		size_t capacity = curve->capacity == 0 ? 64 : curve->capacity * 2;
		struct point *points = reallocarray(curve->points, capacity, sizeof(*points));

		if (points == NULL)
			return -ENOMEM;
		curve->points = points;
		curve->capacity = capacity;
	}
	curve->points[curve->count++] = *point;
	return 0;
}

/* The same with the spread of a figure, if that is there. */
static int
add_spread(struct curve *curve, double x, json_t *spread)
{
	const struct point point = {
		.x = x,
		.y = json_number_value(json_object_get(spread, "median")),
		.least = json_number_value(json_object_get(spread, "least")),
		.greatest = json_number_value(json_object_get(spread, "greatest")),
	};

	return json_is_object(spread) ? add_point(curve, &point) : 0;
}

/* An open loop's latencies, each percentile a curve. */
static int
add_throughput(struct plot *plot, const char *name, json_t *figures, json_t *settings)
{
	static const char *const percentiles[SPREADS][2] = { { "p50_us", " p50" }, { "p99_us", " p99" },
		{ "p99_9_us", " p99.9" } };
	const char *loop = json_string_value(json_object_get(settings, "loop"));
	double rate = json_number_value(json_object_get(settings, "rate"));
	int result = 0;

	if (loop == NULL || strncmp(loop, "open", 4) != 0)
		return 0;
	for (size_t i = 0; result == 0 && i < SPREADS; i++)
		result = add_spread(find_curve(plot, name, percentiles[i][1]), rate,
		    json_object_get(figures, percentiles[i][0]));
	return result;
}

static bool
has_point(const struct curve *curve, double x)
{
	for (size_t i = 0; curve != NULL && i < curve->count; i++) {
		if (curve->points[i].x == x)
			return true;
	}
	return false;
}

/* A store that later runs hold others against, too, is drawn as the first run found it, which
 * is what its curve was measured beside. */
static int
add_growth(struct plot *plot, const char *name, json_t *figures, json_t *settings)
{
	json_t *contacts = json_object_get(json_object_get(settings, "data"), "contacts");
	struct curve *curve;

	if (!json_is_number(contacts) || json_object_get(figures, plot->figure) == NULL)
		return 0;
	curve = find_curve(plot, name, "");
	if (has_point(curve, json_number_value(contacts)))
		return 0;
	return add_spread(curve, json_number_value(contacts), json_object_get(figures, plot->figure));
}

/* A round's distribution: the rounds of a series lie behind each other in its curve, and
 * gnuplot's "smooth unique" takes the mean of what has the same x. */
static int
add_distribution(struct plot *plot, const char *name, json_t *figures)
{
	json_t *points = json_object_get(figures, "percentiles_us");
	struct curve *curve;
	int result = 0;

	if (points == NULL)
		return 0;
	curve = find_curve(plot, name, "");
	for (size_t i = 0; result == 0 && i < json_array_size(points); i++) {
		json_t *pair = json_array_get(points, i);
		double percent = json_number_value(json_array_get(pair, 0));
		const struct point point = {
			.x = 1 / (1 - percent / 100),
			.y = json_number_value(json_array_get(pair, 1)),
		};

		/* 100 is at no place of such a scale. */
		if (percent < 100)
			result = add_point(curve, &point);
	}
	return result;
}

static int
take_line(struct plot *plot, json_t *line)
{
	const char *kind = json_string_value(json_object_get(line, "line"));
	const char *name = json_string_value(json_object_get(line, "name"));
	json_t *figures = json_object_get(line, "figures");
	json_t *settings = json_object_get(line, "settings");

	if (kind == NULL || name == NULL)
		return -EBADMSG;
	if (strcmp(plot->kind, "distribution") == 0)
		return strcmp(kind, "round") == 0 ? add_distribution(plot, name, figures) : 0;
	if (strcmp(kind, "summary") != 0)
		return 0;
	return strcmp(plot->kind, "growth") == 0 ? add_growth(plot, name, figures, settings)
						 : add_throughput(plot, name, figures, settings);
}

/* 0; -errno, told. */
static int
read_file(struct plot *plot, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	int result = file == NULL ? -errno : 0;

	while (result == 0 && getline(&text, &room, file) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		result = line == NULL ? -EBADMSG : take_line(plot, line);
		json_decref(line);
	}
	free(text);
	if (file != NULL)
		fclose(file);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: %s: %s\n", path,
		    result == -EBADMSG     ? "has a line that is no result"
			: result == -E2BIG ? "has more series than a picture can show"
					   : strerror(-result));
	return result;
}

/* Text as gnuplot has it between double quotes. */
static void
write_text(FILE *script, const char *text)
{
	putc('"', script);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', script);
		putc(*text == '\n' ? ' ' : *text, script);
	}
	putc('"', script);
}

static void
write_axes(FILE *script, const struct plot *plot)
{
	fputs("set grid back lc rgb '#dddddd'\nset key outside right top noenhanced\nset title noenhanced ",
	    script);
	write_text(script, plot->title);
	putc('\n', script);
	if (strcmp(plot->kind, "throughput") == 0) {
		fputs("set logscale y\nset xrange [0:*]\nset xlabel 'calls that are due a second'\nset "
		      "ylabel 'latency, "
		      "µs'\n",
		    script);
	} else if (strcmp(plot->kind, "growth") == 0) {
		fputs("set logscale x\nset format x '%.0s%c'\nset yrange [0:*]\nset xlabel 'contacts in the "
		      "store'\n"
		      "set ylabel noenhanced ",
		    script);
		write_text(script, plot->figure);
		putc('\n', script);
	} else {
		fputs("set logscale xy\nset xlabel 'percentile'\nset ylabel 'latency, µs'\n"
		      "set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000, '99.999' "
		      "100000)\n",
		    script);
	}
}

static void
write_points(FILE *script, const struct plot *plot)
{
	for (size_t i = 0; i < plot->count; i++) {
		fprintf(script, "$curve%zu << END\n", i);
		for (size_t j = 0; j < plot->curves[i].count; j++) {
			const struct point *point = &plot->curves[i].points[j];

			fprintf(script, "%g %g %g %g\n", point->x, point->y, point->least, point->greatest);
		}
		fputs("END\n", script);
	}
}

static void
write_curves(FILE *script, const struct plot *plot)
{
	bool spread = strcmp(plot->kind, "distribution") != 0;

	for (size_t i = 0; i < plot->count; i++) {
		fprintf(script, "%s$curve%zu using 1:2 smooth unique with %s lc %zu lw 2 title ",
		    i == 0 ? "plot " : ", \\\n", i, spread ? "linespoints pt 7" : "lines", i + 1);
		write_text(script, plot->curves[i].name);
		if (spread)
			fprintf(script, ", $curve%zu using 1:2:3:4 with yerrorbars lc %zu pt 0 notitle", i,
			    i + 1);
	}
	putc('\n', script);
}

/* 0; -errno. */
static int
draw(const struct plot *plot)
{
	FILE *script = popen("gnuplot", "we");

	if (script == NULL)
		return -errno;
	fputs("set encoding utf8\n", script);
	write_axes(script, plot);
	write_points(script, plot);
	fputs("set terminal pngcairo size 1100,600 background rgb 'white'\nset output ", script);
	fprintf(script, "'%s.png'\n", plot->out);
	write_curves(script, plot);
	fputs("set terminal svg size 1100,600 background rgb 'white'\nset output ", script);
	fprintf(script, "'%s.svg'\n", plot->out);
	write_curves(script, plot);
	fputs("set output\n", script);
	return pclose(script) == 0 ? 0 : -EIO;
}

static int
compare_points(const void *a, const void *b)
{
	double x = ((const struct point *)a)->x;
	double y = ((const struct point *)b)->x;

	return (x > y) - (x < y);
}

static int
plot_files(struct plot *plot, int argc, char **argv)
{
	int result = 0;

	for (int i = 0; result == 0 && i < argc; i++)
		result = read_file(plot, argv[i]);
	if (result != 0)
		return 1;
	if (plot->count == 0) {
		fputs("anagraph-bench: there is nothing in these results to plot\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < plot->count; i++) {
		struct curve *curve = &plot->curves[i];

		if (curve->count > 0)
			qsort(curve->points, curve->count, sizeof(curve->points[0]), compare_points);
	}
	result = draw(plot);
	if (result != 0)
		fputs("anagraph-bench: gnuplot could not draw it (package gnuplot-nox)\n", stderr);
	return result == 0 ? 0 : 1;
}

static bool
is_kind(const char *text)
{
	return strcmp(text, "throughput") == 0 || strcmp(text, "growth") == 0 ||
	    strcmp(text, "distribution") == 0;
}

int
verb_plot(int argc, char **argv)
{
	struct plot *plot = calloc(1, sizeof(*plot));
	int status = VERB_USAGE;
	int at = 2;

	if (plot == NULL)
		return 1;
	plot->figure = "server_cpu_us_per_call";
	plot->title = "";
	for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
		if (strcmp(argv[at], "--kind") == 0)
			plot->kind = argv[at + 1];
		else if (strcmp(argv[at], "--out") == 0)
			plot->out = argv[at + 1];
		else if (strcmp(argv[at], "--figure") == 0)
			plot->figure = argv[at + 1];
		else if (strcmp(argv[at], "--title") == 0)
			plot->title = argv[at + 1];
		else
			break;
	}
	/* The path stands between quotes in a script. */
	if (plot->kind == NULL || !is_kind(plot->kind) || plot->out == NULL ||
	    strchr(plot->out, '\'') != NULL || at >= argc || argv[at][0] == '-')
		fputs(USAGE, stderr);
	else
		status = plot_files(plot, argc - at, argv + at);
	for (size_t i = 0; i < plot->count; i++)
		free(plot->curves[i].points);
	free(plot);
	return status;
}
