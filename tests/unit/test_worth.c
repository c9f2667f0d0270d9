/* What is worth trying again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/worth.h"

enum { TRIES = 3200, LEAST = WORTH_FULL / 8, FORGOTTEN = 16 };

/* How often it is tried, out of so many times, where one try in one_in helps. */
static unsigned
count_tries(struct worth *worth, unsigned one_in)
{
	unsigned count = 0;

	for (int i = 0; i < TRIES; i++) {
		if (!worth_trying(worth, LEAST))
			continue;
		count++;
		worth_note(worth, LEAST, FORGOTTEN, count % one_in == 0);
	}
	return count;
}

static void
test_what_helps_often_enough_is_always_tried(void **state)
{
	struct worth worth = { 0 };

	(void)state;
	assert_int_equal(count_tries(&worth, 1), TRIES);
	assert_in_range(count_tries(&worth, 4), TRIES - TRIES / 100, TRIES);
}

static void
test_what_never_helps_is_tried_now_and_then(void **state)
{
	struct worth worth = { 0 };
	unsigned until = 0;

	(void)state;
	assert_int_equal(count_tries(&worth, TRIES + 1), TRIES / 32);
	while (!worth_trying(&worth, LEAST))
		until++;
	assert_in_range(until, 0, 31);
	worth_note(&worth, LEAST, FORGOTTEN, true);
	assert_true(worth_trying(&worth, LEAST));
	worth_note(&worth, LEAST, FORGOTTEN, false);
	assert_false(worth_trying(&worth, LEAST) && worth_trying(&worth, LEAST));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_helps_often_enough_is_always_tried),
		cmocka_unit_test(test_what_never_helps_is_tried_now_and_then),
	};

	return cmocka_run_group_tests_name("worth", tests, NULL, NULL);
}
