/* What a policy answers: something that can be carried out, and always the same. */
#include <pthread.h>
#include <string.h>

#include "kit/samples.h"

enum {
	THREADS = 8,
	ROUNDS = 4, /* in which every thread asks about every conflict */
};

/* An instance, and conflicts to ask it about. */
static enum outcome
start_with(struct loaded *loaded, struct sample samples[SAMPLE_COUNT], struct trial *trial)
{
	enum outcome outcome = loaded_start(loaded, trial);

	if (outcome == OUTCOME_PASS)
		samples_draw(samples, loaded->descriptor->kinds, trial->subject->seed);
	return outcome;
}

/* Every conflict that a service meets gets an answer; one at the edge may get none, but
 * no verdict that is none. */
enum outcome
check_cell(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT + EDGE_COUNT_MAX];
	const char *what[EDGE_COUNT_MAX];
	struct loaded loaded;
	enum outcome outcome = start_with(&loaded, samples, trial);
	char name[64], text[ANAGRAPH_REASON_SIZE + 16];
	size_t count;

	if (outcome != OUTCOME_PASS)
		return outcome;
	count = SAMPLE_COUNT + samples_edges(samples + SAMPLE_COUNT, what, loaded.descriptor->kinds);
	for (size_t i = 0; i < count; i++) {
		struct answer answer;

		trial_at(trial, "decide, conflict %zu, %s", i, sample_text(name, &samples[i].conflict));
		answer = loaded_ask(&loaded, &samples[i].conflict);
		if (i >= SAMPLE_COUNT && answer.result != ANAGRAPH_DECIDED)
			continue;
		if (!answer_has_cell(&answer, samples[i].conflict.kind))
			return trial_fail(trial, "conflict %zu, %s: nothing can be done with the answer %s",
			    i, sample_text(name, &samples[i].conflict), answer_text(text, &answer));
	}
	return OUTCOME_PASS;
}

static bool
is_reason(const char reason[ANAGRAPH_REASON_SIZE])
{
	size_t size = strnlen(reason, ANAGRAPH_REASON_SIZE);

	if (size == ANAGRAPH_REASON_SIZE)
		return false;
	return strspn(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == size;
}

enum outcome
check_reason(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	enum outcome outcome = start_with(&loaded, samples, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct {
			struct anagraph_verdict verdict;
			char slack[ANAGRAPH_REASON_SIZE];
		} room = { .verdict = { .struct_size = sizeof(room.verdict) } };

		if (loaded.descriptor->decide(loaded.instance, &samples[i].conflict, &room.verdict) !=
		    ANAGRAPH_DECIDED)
			continue;
		if (!is_reason(room.verdict.reason))
			return trial_fail(trial, "expected up to %u of A-Z 0-9 _ and a NUL, found \"%.*s\"",
			    ANAGRAPH_REASON_SIZE - 1, (int)ANAGRAPH_REASON_SIZE, room.verdict.reason);
	}
	return OUTCOME_PASS;
}

static enum outcome
tell_difference(struct trial *trial, const struct sample *sample, const struct answer *first,
    const struct answer *second, const char *when)
{
	char name[64], before[ANAGRAPH_REASON_SIZE + 16], after[ANAGRAPH_REASON_SIZE + 16];

	return trial_fail(trial, "%s: %s, %s %s", sample_text(name, &sample->conflict),
	    answer_text(before, first), when, answer_text(after, second));
}

/* Twice running, and once more in the opposite order of another instance. */
enum outcome
check_repeat(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	static struct answer answers[SAMPLE_COUNT];
	const struct subject *subject = trial->subject;
	struct loaded loaded;
	enum outcome outcome = start_with(&loaded, samples, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct answer again;

		answers[i] = loaded_ask(&loaded, &samples[i].conflict);
		again = loaded_ask(&loaded, &samples[i].conflict);
		if (!answer_is_same(&again, &answers[i]))
			return tell_difference(trial, &samples[i], &answers[i], &again, "asked again");
	}
	if (loaded_create(&loaded, subject->options, subject->option_count, sizeof(subject->options[0]),
		&loaded.instance) != 0)
		return trial_fail(trial, "create makes a first instance, but no second");
	for (size_t i = SAMPLE_COUNT; i-- > 0;) {
		struct answer again = loaded_ask(&loaded, &samples[i].conflict);

		if (!answer_is_same(&again, &answers[i]))
			return tell_difference(
			    trial, &samples[i], &answers[i], &again, "by another instance, in another order");
	}
	return OUTCOME_PASS;
}

struct asker {
	pthread_t thread;
	pthread_barrier_t *barrier;
	const struct loaded *loaded;
	const struct sample *samples;
	const struct answer *expected;
	size_t first;
	size_t difference_count;
	size_t difference; /* the last conflict that was decided otherwise */
	struct answer other;
};

static void *
run_asker(void *context)
{
	struct asker *asker = context;

	for (size_t round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(asker->barrier);
		for (size_t i = 0; i < SAMPLE_COUNT; i++) {
			size_t at = (asker->first + i) % SAMPLE_COUNT;
			struct answer answer = loaded_ask(asker->loaded, &asker->samples[at].conflict);

			if (answer_is_same(&answer, &asker->expected[at]))
				continue;
			asker->difference_count++;
			asker->difference = at;
			asker->other = answer;
		}
	}
	return NULL;
}

enum outcome
check_threads(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	static struct answer answers[SAMPLE_COUNT];
	struct asker askers[THREADS];
	pthread_barrier_t barrier;
	struct loaded loaded;
	enum outcome outcome = start_with(&loaded, samples, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		answers[i] = loaded_ask(&loaded, &samples[i].conflict);
	trial_at(trial, "decide, from %d threads at once", THREADS);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){
			.barrier = &barrier,
			.loaded = &loaded,
			.samples = samples,
			.expected = answers,
			.first = i * SAMPLE_COUNT / THREADS,
		};
		if (pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]) != 0)
			return trial_skip(trial, "there are no threads to be had");
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(askers[i].thread, NULL);
	for (size_t i = 0; i < THREADS; i++) {
		if (askers[i].difference_count != 0)
			return tell_difference(trial, &samples[askers[i].difference],
			    &answers[askers[i].difference], &askers[i].other, "with other threads about");
	}
	return OUTCOME_PASS;
}

enum outcome
check_edges(struct trial *trial)
{
	static struct sample samples[EDGE_COUNT_MAX];
	const char *what[EDGE_COUNT_MAX];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	char text[ANAGRAPH_REASON_SIZE + 16];
	size_t count;

	if (outcome != OUTCOME_PASS)
		return outcome;
	count = samples_edges(samples, what, loaded.descriptor->kinds);
	for (size_t i = 0; i < count; i++) {
		struct answer answer;

		trial_at(trial, "decide, kind %u, %s", (unsigned)samples[i].conflict.kind, what[i]);
		answer = loaded_ask(&loaded, &samples[i].conflict);
		if (answer.result != ANAGRAPH_DECIDED && answer.result != ANAGRAPH_DEFER)
			return trial_fail(trial, "kind %u, %s: expected a verdict or DEFER, found %s",
			    (unsigned)samples[i].conflict.kind, what[i], answer_text(text, &answer));
	}
	return OUTCOME_PASS;
}

enum outcome
check_unknown_kind(struct trial *trial)
{
	static const uint32_t kinds[] = { 0, 4, 5, 31, 32, UINT32_MAX };
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	enum outcome outcome = start_with(&loaded, samples, trial);
	char text[ANAGRAPH_REASON_SIZE + 16];

	if (outcome != OUTCOME_PASS)
		return outcome;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct anagraph_conflict *conflict = &samples[i].conflict;
		struct answer answer;

		conflict->kind = kinds[i % (sizeof(kinds) / sizeof(kinds[0]))];
		trial_at(trial, "decide, kind %u", (unsigned)conflict->kind);
		answer = loaded_ask(&loaded, conflict);
		if (answer.result != ANAGRAPH_DEFER)
			return trial_fail(trial, "kind %u: expected DEFER, found %s",
			    (unsigned)conflict->kind, answer_text(text, &answer));
	}
	return OUTCOME_PASS;
}
