/* A shadow by itself: showing it a conflict never waits for it, what it is shown is its own
 * copy, so many may wait and no more, and those that still do when it ends are not asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/shadow.h"
#include "tests/support/service.h"

/* A shadow whose policy answers when it is let. */
struct stage {
	char *copy_dir;
	char asked_number[16];
	char go_number[16];
	struct anagraph_option options[2];
	struct config config;
	struct policy_host *host;
	struct shadow *shadow;
	int asked[2];
	int go[2];
};

static void
stage_begin(struct stage *stage)
{
	const char *policy_dir = getenv("ANAGRAPH_TEST_POLICY_DIR");
	struct policy_host_options options = { .policy_dir = policy_dir, .log = seat_log };
	struct policy_error error;

	*stage = (struct stage){ .copy_dir = test_directory_create() };
	assert_non_null(policy_dir);
	assert_non_null(stage->copy_dir);
	assert_int_equal(pipe(stage->asked), 0);
	assert_int_equal(pipe(stage->go), 0);
	snprintf(stage->asked_number, sizeof(stage->asked_number), "%d", stage->asked[1]);
	snprintf(stage->go_number, sizeof(stage->go_number), "%d", stage->go[0]);
	stage->options[0].value.data = stage->asked_number;
	stage->options[0].value.size = strlen(stage->asked_number);
	stage->options[1].value.data = stage->go_number;
	stage->options[1].value.size = strlen(stage->go_number);
	stage->config.policies_run = RUN_IN_PROCESS;
	stage->config.shadow_ids[SOURCE_PUSH] = "gate";
	stage->config.shadow_options[SOURCE_PUSH] = (struct policy_options){ stage->options, 2 };
	options.copy_dir = stage->copy_dir;
	assert_int_equal(policy_host_create(&stage->host, &options, &error), 0);
	assert_int_equal(shadow_create(&stage->shadow, stage->host, SOURCE_PUSH, &stage->config, &error), 0);
}

/* What is left once the shadow has ended. */
static void
stage_clear(struct stage *stage)
{
	policy_host_destroy(stage->host);
	close(stage->asked[0]);
	if (stage->asked[1] >= 0)
		close(stage->asked[1]);
	close(stage->go[0]);
	test_directory_remove(stage->copy_dir);
	free(stage->copy_dir);
}

static void
stage_end(struct stage *stage)
{
	shadow_destroy(stage->shadow);
	stage_clear(stage);
}

static void
show(struct stage *stage, enum verdict verdict)
{
	char account[] = "shop";
	char value[] = "a value that is gone once it was shown";
	struct conflict conflict = {
		.kind = CONFLICT_VALUE,
		.name = BYTES("CITY"),
		.stored = { .type = VALUE_STRING, .string = bytes_of(value, strlen(value)) },
		.stored_claim = { .source = SOURCE_CONTACTS },
		.incoming = { .type = VALUE_STRING, .string = bytes_of(value, 3) },
		.incoming_claim = { .source = SOURCE_PUSH },
		.target_contact_id = 1,
		.verdict = verdict,
	};

	shadow_show(stage->shadow, bytes_of(account, strlen(account)), &conflict);
	memset(account, 'x', sizeof(account));
	memset(value, 'x', sizeof(value));
}

/* Waits until the policy is being asked. */
static void
await_question(struct stage *stage)
{
	char byte;

	assert_int_equal(read(stage->asked[0], &byte, 1), 1);
}

static void
test_as_many_wait_as_may_and_no_more(void **state)
{
	struct stage stage;
	struct shadow_counts counts;

	(void)state;
	stage_begin(&stage);
	show(&stage, VERDICT_KEEP);
	await_question(&stage); /* it answers when it is let, and waits no more */
	for (unsigned i = 0; i < LIMIT_SHADOW_WAITING; i++)
		show(&stage, VERDICT_TAKE);
	assert_int_equal(shadow_counts_of(stage.shadow).skipped, 0);
	show(&stage, VERDICT_TAKE);
	counts = shadow_counts_of(stage.shadow);
	assert_int_equal(counts.skipped, 1);
	assert_int_equal(counts.verdicts[VERDICT_KEEP][VERDICT_TAKE], 0);

	/* One is answered, and there is room for one. */
	assert_int_equal(write(stage.go[1], "", 1), 1);
	await_question(&stage);
	counts = shadow_counts_of(stage.shadow);
	assert_int_equal(counts.verdicts[VERDICT_KEEP][VERDICT_TAKE], 1);
	show(&stage, VERDICT_OFFER);
	show(&stage, VERDICT_OFFER);
	counts = shadow_counts_of(stage.shadow);
	assert_int_equal(counts.skipped, 2);
	assert_int_equal(counts.verdicts[VERDICT_TAKE][VERDICT_TAKE], 0);

	close(stage.go[1]);
	for (unsigned i = 0; i < LIMIT_SHADOW_WAITING; i++)
		await_question(&stage);
	stage_end(&stage);
}

static void *
destroy(void *context)
{
	shadow_destroy(context);
	return NULL;
}

/* The gate stays shut until what waits has been dropped: were it asked, this would not end. */
static void
test_ending_costs_no_more_than_the_question_under_way(void **state)
{
	struct stage stage;
	pthread_t ending;
	char byte;

	(void)state;
	stage_begin(&stage);
	show(&stage, VERDICT_KEEP);
	await_question(&stage);
	for (unsigned i = 0; i < 3; i++)
		show(&stage, VERDICT_TAKE);
	assert_int_equal(pthread_create(&ending, NULL, destroy, stage.shadow), 0);
	while (shadow_counts_of(stage.shadow).skipped < 3)
		sched_yield();
	close(stage.go[1]);
	assert_int_equal(pthread_join(ending, NULL), 0);

	/* Nobody else has the pipe's end: it was asked no second time. */
	close(stage.asked[1]);
	assert_int_equal(read(stage.asked[0], &byte, 1), 0);
	stage.asked[1] = -1;
	stage_clear(&stage);
}

static void
test_one_that_was_never_asked_ends(void **state)
{
	struct stage stage;

	(void)state;
	stage_begin(&stage);
	close(stage.go[1]);
	stage_end(&stage);
	shadow_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_wait_as_may_and_no_more),
		cmocka_unit_test(test_ending_costs_no_more_than_the_question_under_way),
		cmocka_unit_test(test_one_that_was_never_asked_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
