/* When a committer waits for those whom it has just answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/engine/reunion.h"

enum { MANY = 1000, ALL = 16, HALF = 8, WRITING_US = 3000 };

/* A batch was written and answered; then so many wait. For how many to wait. */
static size_t
wanted(struct reunion *reunion, size_t waiting, int64_t now_us)
{
	reunion_expect(reunion, ALL);
	reunion_begin(reunion, 0, WRITING_US);
	return reunion_wanted(reunion, waiting, now_us);
}

static void
test_who_comes_back_is_waited_for(void **state)
{
	struct reunion reunion = { 0 };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(wanted(&reunion, HALF, 0), ALL);
		assert_int_equal(reunion.until_us, WRITING_US / 3);
		reunion_note(&reunion, true);
	}
}

static void
test_nobody_is_waited_for_twice_nor_too_late(void **state)
{
	struct reunion reunion = { 0 };

	(void)state;
	assert_int_equal(wanted(&reunion, HALF, WRITING_US / 3), 0);
	assert_int_equal(wanted(&reunion, 0, 0), 0);
	assert_int_equal(wanted(&reunion, ALL, 0), 0);
	assert_int_equal(wanted(&reunion, HALF, 0), ALL);
	reunion_note(&reunion, true);
	assert_int_equal(reunion_wanted(&reunion, HALF, 0), 0);
}

static void
test_so_many_are_waited_for(void **state)
{
	(void)state;
	for (size_t count = REUNION_MOST; count <= REUNION_MOST + 1; count++) {
		struct reunion reunion = { 0 };

		reunion_expect(&reunion, count);
		reunion_begin(&reunion, 0, WRITING_US);
		assert_int_equal(reunion_wanted(&reunion, HALF, 0), count == REUNION_MOST ? REUNION_MOST : 0);
	}
}

static void
test_who_does_not_come_back_is_hardly_ever_waited_for(void **state)
{
	struct reunion reunion = { 0 };
	unsigned waits = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		if (wanted(&reunion, HALF, 0) == 0)
			continue;
		waits++;
		reunion_note(&reunion, false);
	}
	assert_in_range(waits, MANY / 32, MANY / 32 + 1);
	while (wanted(&reunion, HALF, 0) == 0)
		waits++;
	reunion_note(&reunion, true);
	assert_in_range(waits, 0, MANY / 32 + 1 + 32);
	assert_int_equal(wanted(&reunion, HALF, 0), ALL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_comes_back_is_waited_for),
		cmocka_unit_test(test_nobody_is_waited_for_twice_nor_too_late),
		cmocka_unit_test(test_so_many_are_waited_for),
		cmocka_unit_test(test_who_does_not_come_back_is_hardly_ever_waited_for),
	};

	return cmocka_run_group_tests_name("reunion", tests, NULL, NULL);
}
