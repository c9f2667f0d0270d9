/* What a policy costs: memory that it is refused, memory that it keeps, and time. */
#include <string.h>
#include <time.h>

#include "kit/meter.h"
#include "kit/samples.h"

enum {
	ALLOCATION_COUNT_MAX = 10000, /* of one create: more would take too long to try */
	ALLOCATION_SAMPLES = 64,
	WARM_UP_ROUNDS = 32,
	LEAK_ROUNDS = 1000,
	LEAK_BLOCKS = LEAK_ROUNDS / 100, /* fewer than that come from elsewhere */
	TRIES = 5,                       /* the fastest counts: the machine may be busy */
};

/* One create whose allocation number fail_at fails. Passes with *is_done when there was
 * no such allocation. */
static enum outcome
create_short_of_memory(bool *is_done, struct loaded *loaded, struct trial *trial, size_t fail_at)
{
	const struct subject *subject = trial->subject;
	void *instance;
	long left;
	int result;

	trial_at(trial, "create, where allocation %zu fails", fail_at);
	meter_start(fail_at);
	result = loaded_create(
	    loaded, subject->options, subject->option_count, sizeof(subject->options[0]), &instance);
	if (result == 0) {
		trial_at(trial, "destroy, after a create where allocation %zu failed", fail_at);
		loaded->descriptor->destroy(instance);
	}
	meter_stop();
	left = meter_blocks();
	*is_done = meter_allocations() < fail_at;
	if (result > 0)
		return trial_fail(trial, "create returns %d where allocation %zu fails", result, fail_at);
	if (result != 0 && left > 0)
		return trial_fail(
		    trial, "create fails with allocation %zu and leaves %ld blocks behind", fail_at, left);
	return OUTCOME_PASS;
}

/* Decisions about one conflict, each with another allocation that fails. */
static void
decide_short_of_memory(struct loaded *loaded, struct trial *trial, const struct anagraph_conflict *conflict)
{
	size_t fail_at = 0;

	do {
		fail_at++;
		trial_at(trial, "decide, where allocation %zu fails", fail_at);
		meter_start(fail_at);
		loaded_ask(loaded, conflict);
		meter_stop();
	} while (meter_allocations() >= fail_at && fail_at < ALLOCATION_COUNT_MAX);
}

enum outcome
check_allocation(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	bool is_done = false;

	for (size_t fail_at = 1; outcome == OUTCOME_PASS && !is_done; fail_at++) {
		if (fail_at > ALLOCATION_COUNT_MAX)
			return trial_warn(trial, "create allocates more than %d times", ALLOCATION_COUNT_MAX);
		outcome = create_short_of_memory(&is_done, &loaded, trial, fail_at);
	}
	if (outcome != OUTCOME_PASS)
		return outcome;
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < ALLOCATION_SAMPLES; i++)
		decide_short_of_memory(&loaded, trial, &samples[i].conflict);
	return OUTCOME_PASS;
}

/* Makes and gives back instances, with decisions of some, and counts what stays. */
static long
blocks_left(struct loaded *loaded, const struct subject *subject, const struct sample *samples, size_t rounds)
{
	meter_start(0);
	for (size_t i = 0; i < rounds; i++) {
		void *instance;

		if (loaded_create(loaded, subject->options, subject->option_count,
			sizeof(subject->options[0]), &instance) == 0)
			loaded->descriptor->destroy(instance);
		loaded_ask(loaded, &samples[i % SAMPLE_COUNT].conflict);
	}
	meter_stop();
	return meter_blocks();
}

enum outcome
check_leaks(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	long left;

	if (outcome != OUTCOME_PASS)
		return outcome;
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	trial_at(trial, "create, destroy and decide, %d times", LEAK_ROUNDS);
	blocks_left(&loaded, trial->subject, samples, WARM_UP_ROUNDS);
	left = blocks_left(&loaded, trial->subject, samples, LEAK_ROUNDS);
	if (left >= LEAK_BLOCKS)
		return trial_fail(
		    trial, "%d instances and decisions leave %ld blocks of memory behind", LEAK_ROUNDS, left);
	return OUTCOME_PASS;
}

static double
milliseconds_of(const struct loaded *loaded, const struct anagraph_conflict *conflict)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	loaded_ask(loaded, conflict);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

/* How long it takes when nothing else is in its way. */
static double
least_milliseconds_of(const struct loaded *loaded, const struct anagraph_conflict *conflict)
{
	double least = milliseconds_of(loaded, conflict);

	for (int i = 1; i < TRIES && least >= DECIDE_SLOW_MS; i++) {
		double again = milliseconds_of(loaded, conflict);

		if (again < least)
			least = again;
	}
	return least;
}

enum outcome
check_time(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT + EDGE_COUNT_MAX];
	const char *what[EDGE_COUNT_MAX];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	size_t count, slowest = 0;
	double most = 0;
	char text[64];

	if (outcome != OUTCOME_PASS)
		return outcome;
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	count = SAMPLE_COUNT + samples_edges(samples + SAMPLE_COUNT, what, loaded.descriptor->kinds);
	for (size_t i = 0; i < count && most <= DECIDE_LIMIT_MS; i++) {
		double least;

		trial_at(trial, "decide, conflict %zu", i);
		least = least_milliseconds_of(&loaded, &samples[i].conflict);
		if (least <= most)
			continue;
		most = least;
		slowest = i;
	}
	sample_text(text, &samples[slowest].conflict);
	if (most > DECIDE_LIMIT_MS)
		return trial_fail(trial, "conflict %zu, %s%s%s: %.1f ms", slowest, text,
		    slowest < SAMPLE_COUNT ? "" : ", ",
		    slowest < SAMPLE_COUNT ? "" : what[slowest - SAMPLE_COUNT], most);
	if (most > DECIDE_SLOW_MS)
		return trial_warn(trial, "conflict %zu, %s: %.1f ms", slowest, text, most);
	return OUTCOME_PASS;
}
