/* run and echo: rounds of all sides in turns, A B A B, so that whatever else the machine does
 * befalls all of them alike. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/drive.h"
#include "bench/progress.h"
#include "bench/verbs.h"

static const char *const COLUMNS[] = { "calls_per_s", "server_cpu_us_per_call", "p50_us", "p99_us", NULL };

/* The figure whose ratio says most, for it does not depend on who calls. */
static const char RATIO_FIGURE[] = "server_cpu_us_per_call";

/* Before the first round each store is looked at in so many places, for so long at most. */
enum { TOUCHED_AT_ONCE = 256, TOUCHED_MOST = 1000000, TOUCH_SECONDS = 20 };

struct run {
	struct sides sides;
	struct target targets[SIDES]; /* by store number; the first of a number has it */
	bool started[SIDES];
	struct drivers *drivers[SIDES];
	struct report *report;
	struct round *round;
	struct progress progress;
	unsigned done_rounds;
};

static void
show_round(void *context, double done, uint64_t calls)
{
	struct run *run = context;
	unsigned all = run->sides.rounds * run->sides.count;
	char more[64];

	snprintf(more, sizeof(more), "round %u of %u, %" PRIu64 " calls", run->done_rounds + 1, all, calls);
	progress_show(&run->progress, ((double)run->done_rounds + done) / all, more);
}

/* The points of a distribution: percentiles with their latency. */
static json_t *
percentiles_of(const struct histogram *latency_ns)
{
	static const double percents[] = { 0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999,
		100 };
	json_t *points = json_array();

	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		json_array_append_new(points,
		    json_pack("[f, f]", percents[i], (double)histogram_at(latency_ns, percents[i]) / 1e3));
	return points;
}

static void
set_real(json_t *figures, const char *name, double value)
{
	json_object_set_new(figures, name, json_real(value));
}

/* How many contacts a call is about: of a batch many. */
static double
keys_per_call(const struct side *side)
{
	unsigned all = 0;

	for (int i = 0; i < OPERATION_COUNT_ALL; i++)
		all += side->weights[i];
	return side->weights[OPERATION_BATCH] == all ? side->batch_keys : 1;
}

static json_t *
figures_of(const struct round *round, const struct side *side, double start_seconds)
{
	const struct histogram *latency = &round->latency_ns;
	double calls = (double)round->calls;
	/* start_seconds is how long the server took to be ready; 0 when it was not started here. */
	double cpu_us = (double)(round->after.cpu_ns - round->before.cpu_ns) / 1e3;
	json_t *figures = json_object();

	set_real(figures, "calls_per_s", calls / round->seconds);
	if (keys_per_call(side) > 1) {
		set_real(figures, "keys_per_s", calls * keys_per_call(side) / round->seconds);
		set_real(figures, "server_cpu_us_per_key", cpu_us / calls / keys_per_call(side));
	}
	set_real(figures, "server_cpu_us_per_call", cpu_us / calls);
	set_real(figures, "server_kernel_cpu_us_per_call",
	    (double)(round->after.kernel_cpu_us - round->before.kernel_cpu_us) / calls);
	set_real(figures, "caller_cpu_us_per_call", (double)round->caller_cpu_ns / 1e3 / calls);
	set_real(figures, "mean_us", histogram_mean(latency) / 1e3);
	set_real(figures, "p50_us", (double)histogram_at(latency, 50) / 1e3);
	set_real(figures, "p90_us", (double)histogram_at(latency, 90) / 1e3);
	set_real(figures, "p99_us", (double)histogram_at(latency, 99) / 1e3);
	set_real(figures, "p99_9_us", (double)histogram_at(latency, 99.9) / 1e3);
	set_real(figures, "greatest_us", (double)latency->greatest / 1e3);
	set_real(figures, "resident_bytes", (double)round->after.resident_bytes);
	set_real(figures, "mapped_bytes", (double)round->after.mapped_bytes);
	if (round->before.has_written_bytes && round->after.has_written_bytes)
		set_real(figures, "written_bytes_per_call",
		    (double)(round->after.written_bytes - round->before.written_bytes) / calls);
	if (round->before.has_disk_bytes && round->after.has_disk_bytes)
		set_real(figures, "disk_bytes_per_call",
		    (double)(round->after.disk_bytes - round->before.disk_bytes) / calls);
	if (start_seconds > 0)
		set_real(figures, "start_seconds", start_seconds);
	json_object_set_new(figures, "percentiles_us", percentiles_of(latency));
	return figures;
}

static json_t *
settings_of_side(const struct run *run, const struct side *side)
{
	const struct target *target = &run->targets[side->store_number];
	json_t *mix = json_object();
	json_t *settings;

	for (int i = 0; i < OPERATION_COUNT_ALL; i++) {
		if (side->weights[i] > 0)
			json_object_set_new(
			    mix, OPERATION_NAMES[i], json_integer((json_int_t)side->weights[i]));
	}
	settings = json_pack("{s:o, s:b, s:i, s:i, s:f, s:s, s:f, s:f, s:I}", "mix", mix, "stream",
	    (int)side->stream, "in_flight", (int)side->in_flight, "connections", (int)side->connections,
	    "zipf", side->zipf, "loop",
	    side->rate == 0     ? "closed"
		: side->poisson ? "open, poisson"
				: "open, constant",
	    "rate", side->rate, "seconds", run->sides.seconds, "seed", (json_int_t)run->sides.seed);
	if (side->weights[OPERATION_BATCH] > 0)
		json_object_set_new(settings, "batch", json_integer((json_int_t)side->batch_keys));
	if (side->weights[OPERATION_ECHO] > 0)
		json_object_set_new(settings, "echo_bytes", json_integer((json_int_t)side->echo_bytes));
	json_object_set_new(settings, "data",
	    json_pack("{s:I, s:I, s:I}", "seed", (json_int_t)target->dataset.seed, "contacts",
		(json_int_t)dataset_size(&target->dataset), "accounts",
		(json_int_t)target->dataset.account_count));
	return settings;
}

/* Starts every server and connects every side. 0; -errno. */
static int
start_all(struct run *run)
{
	uint64_t salt = (uint64_t)time(NULL);
	bool echo = false;
	int result = 0;

	for (unsigned i = 0; i < run->sides.count; i++)
		echo = echo || run->sides.sides[i].weights[OPERATION_ECHO] > 0;
	for (unsigned i = 0; result == 0 && i < run->sides.count; i++) {
		if (run->sides.sides[i].store_number != (int)i)
			continue;
		run->started[i] = true;
		result = target_start(&run->targets[i], &run->sides.sides[i], echo);
	}
	for (unsigned i = 0; result == 0 && i < run->sides.count; i++) {
		const struct side *side = &run->sides.sides[i];

		result = drivers_create(
		    &run->drivers[i], side, &run->targets[side->store_number], run->sides.seed + i, salt + i);
	}
	return result;
}

static int
run_round(struct run *run, unsigned index)
{
	const struct side *side = &run->sides.sides[index];
	int result = drivers_run(
	    run->round, run->drivers[index], run->sides.seconds, run->sides.calls, show_round, run);

	if (result == 0)
		result = report_round(run->report, side->name,
		    figures_of(run->round, side, run->targets[side->store_number].start_seconds));
	run->done_rounds++;
	return result;
}

/* Asks a server for contacts all over its store, so that no round pays for a page that is
 * seen for the first time. */
static int
touch_store(struct run *run, unsigned index)
{
	struct target *target = &run->targets[index];
	uint64_t contacts = dataset_size(&target->dataset);
	struct side side = run->sides.sides[index];
	struct drivers *drivers;
	int result;

	memset(side.weights, 0, sizeof(side.weights));
	side.weights[OPERATION_BATCH] = 1;
	side.batch_keys = TOUCHED_AT_ONCE;
	side.in_flight = 4;
	side.connections = 1;
	side.stream = false;
	side.rate = 0;
	side.zipf = 0;
	result = drivers_create(&drivers, &side, target, 1, 1);
	if (result != 0)
		return result;
	result = drivers_run(run->round, drivers, TOUCH_SECONDS,
	    (contacts < TOUCHED_MOST ? contacts : TOUCHED_MOST) / TOUCHED_AT_ONCE + 1, NULL, NULL);
	drivers_destroy(drivers);
	return result;
}

static int
warm_up(struct run *run)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < run->sides.count; i++) {
		if (run->started[i])
			result = touch_store(run, i);
	}
	for (unsigned i = 0; result == 0 && i < run->sides.count; i++)
		result = drivers_run(
		    run->round, run->drivers[i], run->sides.warm_up_seconds, run->sides.calls, NULL, NULL);
	return result;
}

static int
run_rounds(struct run *run)
{
	int result = run->sides.warm_up_seconds > 0 ? warm_up(run) : 0;

	progress_begin(&run->progress, "measuring");
	for (unsigned round = 0; result == 0 && round < run->sides.rounds; round++) {
		for (unsigned i = 0; result == 0 && i < run->sides.count; i++)
			result = run_round(run, i);
	}
	progress_end(&run->progress);
	return result;
}

static void
report_all(struct run *run)
{
	for (unsigned i = 0; i < run->sides.count; i++)
		report_summary(
		    run->report, run->sides.sides[i].name, settings_of_side(run, &run->sides.sides[i]));
	for (unsigned i = 1; i < run->sides.count; i++)
		report_ratio(run->report, run->sides.sides[i].name, run->sides.sides[0].name, RATIO_FIGURE);
	report_table(run->report, COLUMNS, stderr);
}

/* Ends all that was started; false when a server did not end well. */
static bool
finish_all(struct run *run)
{
	bool well = true;

	for (unsigned i = 0; i < run->sides.count; i++)
		drivers_destroy(run->drivers[i]);
	for (unsigned i = 0; i < run->sides.count; i++) {
		if (run->started[i] && !target_finish(&run->targets[i])) {
			fputs("anagraph-bench: a server did not end well\n", stderr);
			well = false;
		}
	}
	return well;
}

static int
measure(struct run *run, int argc, char **argv)
{
	int result = start_all(run);
	bool well;

	if (result == 0)
		result = report_create(&run->report, stdout, "run", argc, argv, run->targets[0].data_dir);
	if (result == 0)
		result = run_rounds(run);
	/* What was measured before something failed is told as well. */
	if (run->report != NULL)
		report_all(run);
	report_destroy(run->report);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: %s\n", strerror(result < 0 ? -result : EPROTO));
	well = finish_all(run);
	return result == 0 && well ? 0 : 1;
}

/* Measures what has been read from the command line. */
static int
run_sides(struct run *run, int argc, char **argv)
{
	int status;

	run->round = calloc(1, sizeof(*run->round));
	if (run->round == NULL)
		return 1;
	status = verb_accepts_build(run->sides.any_build) ? measure(run, argc, argv) : VERB_USAGE;
	free(run->round);
	return status;
}

int
verb_run(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int status = VERB_USAGE;

	if (run == NULL)
		return 1;
	if (sides_parse(&run->sides, argc - 1, argv + 1) == 0)
		status = run_sides(run, argc, argv);
	else
		fprintf(
		    stderr, "anagraph-bench run SIDE [--against SIDE]…, where a SIDE is\n%s", SIDES_USAGE);
	free(run);
	return status;
}

/* The side that was told twice, the first time with nothing but echoes, for the other to be
 * held against. */
int
verb_echo(int argc, char **argv)
{
	static const char *const middle[] = { "--mix", "echo", "--name", "echo", "--against" };
	enum { MIDDLE = sizeof(middle) / sizeof(middle[0]) };
	size_t options = (size_t)argc - 2;
	const char **words = calloc(1 + 2 * options + MIDDLE, sizeof(*words));
	struct run *run = calloc(1, sizeof(*run));
	int status = VERB_USAGE;

	if (run != NULL && words != NULL) {
		words[0] = argv[1];
		for (size_t i = 0; i < options; i++) {
			words[1 + i] = argv[2 + i];
			words[1 + options + MIDDLE + i] = argv[2 + i];
		}
		memcpy(words + 1 + options, middle, sizeof(middle));
		if (sides_parse(&run->sides, (int)(1 + 2 * options + MIDDLE), (char **)(uintptr_t)words) == 0)
			status = run_sides(run, argc, argv);
	}
	free(run);
	free(words);
	return status;
}
