/* The same conflict, the same verdict: asked twice, and by four threads at once on one
 * instance. Random conflicts from a fixed seed, so that a failure can be seen again. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/policy/support.h"

enum {
	CONFLICTS = 10000,
	THREADS = 4,
	SEED = 20240131,
};

/* A conflict with all that it points to. */
struct sample {
	struct anagraph_conflict conflict;
	struct anagraph_claim claims[4];
};

struct answer {
	int result;
	struct anagraph_verdict verdict;
};

struct asker {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct policy *policy;
	const struct sample *samples;
	const struct answer *expected;
	size_t first;
	size_t differences;
};

static const char *const ids[] = { "chat_primary", "push_latest" };

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Few distinct times, ranks and values, so that ties are frequent. */
static struct anagraph_claim
random_claim(uint64_t *state)
{
	static const char *const strings[] = { "", "a", "ab", "b", "\xc3\xa8" };
	uint64_t r = next_random(state);
	struct anagraph_claim claim = claim_of(strings[r % 5], 1000 + (int64_t)(r >> 8 & 3), 1);

	claim.rank = 1 + (uint32_t)((r >> 16) % 3);
	claim.source = claim.rank;
	claim.value.type = 1 + (uint32_t)(r >> 24 & 3);
	claim.value.boolean = r >> 32 & 1;
	claim.value.number = (double)(r >> 40 & 3);
	claim.value.time_us = (int64_t)(r >> 48 & 3);
	return claim;
}

static void
random_sample(struct sample *sample, uint64_t *state)
{
	uint64_t r = next_random(state);

	for (size_t i = 0; i < 4; i++)
		sample->claims[i] = random_claim(state);
	sample->conflict = conflict_of(
	    (uint32_t)(r % 5), 1 + (uint32_t)(r >> 8 & 3), &sample->claims[0], &sample->claims[1]);
	if ((r >> 16 & 1) != 0)
		sample->conflict.displaced = &sample->claims[2];
	if ((r >> 17 & 1) != 0)
		sample->conflict.device = &sample->claims[3];
}

static struct answer
ask(const struct policy *policy, const struct sample *sample)
{
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.result = policy_decide(&answer.verdict, policy, &sample->conflict);
	return answer;
}

static bool
is_same(const struct answer *a, const struct answer *b)
{
	return a->result == b->result && memcmp(&a->verdict, &b->verdict, sizeof(a->verdict)) == 0;
}

static void *
run_asker(void *context)
{
	struct asker *asker = context;

	pthread_barrier_wait(asker->barrier);
	for (size_t i = 0; i < CONFLICTS; i++) {
		size_t at = (asker->first + i) % CONFLICTS;
		struct answer answer = ask(asker->policy, &asker->samples[at]);

		if (!is_same(&answer, &asker->expected[at]))
			asker->differences++;
	}
	return NULL;
}

static void
ask_from_threads(struct policy *policy, const struct sample *samples, const struct answer *expected)
{
	struct asker askers[THREADS];
	pthread_barrier_t barrier;

	assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){
			.barrier = &barrier,
			.policy = policy,
			.samples = samples,
			.expected = expected,
			.first = i * CONFLICTS / THREADS,
		};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
		assert_int_equal(askers[i].differences, 0);
	}
	pthread_barrier_destroy(&barrier);
}

/* That the samples reached what they are meant to reach. */
static void
check_spread(const char *id, const struct answer *answers)
{
	size_t verdicts[ANAGRAPH_VERDICT_SEPARATE + 1] = { 0 };
	size_t deferred = 0;

	for (size_t i = 0; i < CONFLICTS; i++) {
		if (answers[i].result != ANAGRAPH_DECIDED) {
			assert_int_equal(answers[i].result, ANAGRAPH_DEFER);
			deferred++;
			continue;
		}
		assert_in_range(answers[i].verdict.verdict, ANAGRAPH_VERDICT_KEEP, ANAGRAPH_VERDICT_SEPARATE);
		verdicts[answers[i].verdict.verdict]++;
	}
	assert_in_range(deferred, CONFLICTS / 100, CONFLICTS / 2);
	assert_in_range(verdicts[ANAGRAPH_VERDICT_KEEP], CONFLICTS / 100, CONFLICTS);
	assert_in_range(verdicts[ANAGRAPH_VERDICT_TAKE], CONFLICTS / 100, CONFLICTS);
	if (strcmp(id, "chat_primary") == 0)
		assert_int_equal(verdicts[ANAGRAPH_VERDICT_SEPARATE], 0);
	else
		assert_int_equal(verdicts[ANAGRAPH_VERDICT_OFFER], 0);
}

static void
test_R16_R17_same_conflict_same_verdict(void **state)
{
	struct sample *samples = calloc(CONFLICTS, sizeof(*samples));
	struct answer *answers = calloc(CONFLICTS, sizeof(*answers));
	uint64_t random = SEED;
	struct scratch scratch;
	struct policy_host *host;

	(void)state;
	assert_non_null(samples);
	assert_non_null(answers);
	for (size_t i = 0; i < CONFLICTS; i++)
		random_sample(&samples[i], &random);
	scratch_init(&scratch);
	for (size_t i = 0; i < 2; i++)
		scratch_add(&scratch, built.stock_dir, ids[i]);
	host = open_host(scratch.policies, scratch.copies);
	for (size_t i = 0; i < 2; i++) {
		struct policy *policy = load(host, ids[i]);

		for (size_t j = 0; j < CONFLICTS; j++)
			answers[j] = ask(policy, &samples[j]);
		for (size_t j = 0; j < CONFLICTS; j++) {
			struct answer again = ask(policy, &samples[j]);

			if (!is_same(&again, &answers[j]))
				fail_msg("%s, seed %d, conflict %zu", ids[i], SEED, j);
		}
		ask_from_threads(policy, samples, answers);
		check_spread(ids[i], answers);
	}
	policy_host_destroy(host);
	scratch_finish(&scratch);
	free(answers);
	free(samples);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R16_R17_same_conflict_same_verdict),
	};

	built_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
