/* Which calls are put aside to be answered together, and until when. The methods that would
 * answer them are stood in for here: they note what they were given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grpc/byte_buffer.h>
#include <string.h>

#include "server/rpc/gather.h"
#include "server/rpc/method.h"

/* The calls of the last answer, in order, and how many answers there were. */
static struct call *answered[GATHER_CALLS];
static size_t answered_count;
static unsigned answers;

static void
note_answer(struct call *const *calls, size_t count)
{
	assert_in_range(count, 1, GATHER_CALLS);
	memcpy(answered, calls, count * sizeof(*calls));
	answered_count = count;
	answers++;
}

const struct method_entry METHODS[METHOD_COUNT] = {
	[METHOD_RESOLVE] = { .handle_together = note_answer },
	[METHOD_IDENTIFY] = { .handle_together = note_answer },
};

struct desk {
	struct queue queue;
	struct call calls[GATHER_CALLS + 2];
};

static int
set_up(void **state)
{
	static struct desk desk;

	memset(&desk, 0, sizeof(desk));
	arena_init(&desk.queue.scratch, LIMIT_CALL_ARENA_BYTES);
	for (size_t i = 0; i < sizeof(desk.calls) / sizeof(desk.calls[0]); i++)
		desk.calls[i] = (struct call){ .queue = &desk.queue, .method = METHOD_RESOLVE };
	answers = 0;
	answered_count = 0;
	*state = &desk;
	return 0;
}

static int
tear_down(void **state)
{
	struct desk *desk = *state;

	arena_finish(&desk->queue.scratch);
	return 0;
}

/* Two calls right after each other: the second is the first to be put aside. */
static void
put_one_aside(struct desk *desk)
{
	gather_note_other(&desk->queue);
	assert_false(gather_take(&desk->calls[0]));
	assert_true(gather_take(&desk->calls[1]));
}

static void
test_one_at_a_time_is_never_put_aside(void **state)
{
	struct desk *desk = *state;

	for (unsigned i = 0; i < 3; i++) {
		assert_false(gather_take(&desk->calls[0]));
		/* gRPC says that it was answered. */
		gather_note_other(&desk->queue);
	}
	gather_answer(&desk->queue);
	assert_int_equal(answers, 0);
}

static void
test_those_right_after_each_other_are_answered_in_order(void **state)
{
	struct desk *desk = *state;

	put_one_aside(desk);
	gather_note_other(&desk->queue);
	assert_true(gather_take(&desk->calls[2]));
	assert_int_equal(answers, 0);
	gather_answer(&desk->queue);
	assert_int_equal(answers, 1);
	assert_int_equal(answered_count, 2);
	assert_ptr_equal(answered[0], &desk->calls[1]);
	assert_ptr_equal(answered[1], &desk->calls[2]);
	/* There was more than one: the next is put aside at once. It is alone: none is after it. */
	assert_true(gather_take(&desk->calls[0]));
	gather_answer(&desk->queue);
	assert_int_equal(answered_count, 1);
	assert_false(gather_take(&desk->calls[0]));
}

static void
test_calls_limit(void **state)
{
	struct desk *desk = *state;

	put_one_aside(desk);
	for (size_t i = 2; i < GATHER_CALLS; i++)
		assert_true(gather_take(&desk->calls[i]));
	assert_int_equal(answers, 0);
	assert_true(gather_take(&desk->calls[GATHER_CALLS]));
	assert_int_equal(answers, 1);
	assert_int_equal(answered_count, GATHER_CALLS);
	assert_true(gather_take(&desk->calls[GATHER_CALLS + 1]));
	assert_int_equal(answers, 1);
}

static void
test_passed_limit(void **state)
{
	struct desk *desk = *state;

	put_one_aside(desk);
	for (unsigned i = 1; i < GATHER_PASSED; i++)
		gather_note_other(&desk->queue);
	assert_int_equal(answers, 0);
	gather_note_other(&desk->queue);
	assert_int_equal(answers, 1);
	assert_int_equal(answered_count, 1);
}

static void
test_what_cannot_join_has_the_others_answered_first(void **state)
{
	struct desk *desk = *state;
	grpc_slice slices[] = { grpc_slice_from_static_string("a"), grpc_slice_from_static_string("b") };

	put_one_aside(desk);
	desk->calls[2].method = METHOD_COUNT_CONTACTS;
	assert_false(gather_take(&desk->calls[2]));
	assert_int_equal(answers, 1);

	put_one_aside(desk);
	desk->calls[3].method = METHOD_IDENTIFY;
	assert_true(gather_take(&desk->calls[3]));
	assert_int_equal(answers, 2);
	gather_answer(&desk->queue);
	assert_int_equal(answers, 3);
	assert_ptr_equal(answered[0], &desk->calls[3]);

	put_one_aside(desk);
	desk->calls[4].payload = grpc_raw_byte_buffer_create(slices, 2);
	assert_false(gather_take(&desk->calls[4]));
	assert_int_equal(answers, 4);
	assert_ptr_equal(answered[0], &desk->calls[1]);
	grpc_byte_buffer_destroy(desk->calls[4].payload);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_at_a_time_is_never_put_aside),
		TEST(test_those_right_after_each_other_are_answered_in_order),
		TEST(test_calls_limit),
		TEST(test_passed_limit),
		TEST(test_what_cannot_join_has_the_others_answered_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
