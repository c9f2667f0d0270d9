/* What goes into a spool comes out, all of it, in the order of its keys: however little
 * memory it has, and whatever order it came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/random.h"
#include "server/graph/spool.h"

enum { ROWS = 20000, KEY_ROOM = 40 };

struct row {
	size_t key_size;
	uint8_t key[KEY_ROOM];
	uint32_t value;
};

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int order = memcmp(x->key, y->key, x->key_size < y->key_size ? x->key_size : y->key_size);

	return order != 0 ? order : (x->key_size > y->key_size) - (x->key_size < y->key_size);
}

/* Keys that begin alike for many bytes, each its own: a number's digits of a base of few. */
static void
make_rows(struct row *rows, size_t count, const char *beginning)
{
	uint64_t state = 1;

	for (size_t i = 0; i < count; i++) {
		struct row *row = &rows[i];
		size_t rest = i + 1;

		row->key_size = strlen(beginning);
		memcpy(row->key, beginning, row->key_size);
		for (; rest > 0; rest /= 3)
			row->key[row->key_size++] = (uint8_t)(rest % 3 * 127);
		row->value = (uint32_t)i;
	}
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = random_next(&state) % (i + 1);
		struct row row = rows[i];

		rows[i] = rows[other];
		rows[other] = row;
	}
}

static void
check(size_t count, size_t memory_bytes, const char *beginning)
{
	struct row *rows = calloc(count + 1, sizeof(*rows));
	struct spool *spool;
	struct bytes value;
	struct bytes key;

	assert_non_null(rows);
	if (count > 0)
		make_rows(rows, count, beginning);
	assert_int_equal(spool_create(&spool, ".", memory_bytes), 0);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *bytes = (const uint8_t *)&rows[i].value;

		assert_int_equal(spool_add(spool, bytes_of(rows[i].key, rows[i].key_size), bytes_of(bytes, 1),
				     bytes_of(bytes + 1, 3)),
		    0);
	}
	assert_int_equal(spool_count(spool), count);
	assert_int_equal(spool_finish(spool), 0);
	qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(spool_next(&key, &value, spool), 0);
		assert_true(bytes_equal(key, bytes_of(rows[i].key, rows[i].key_size)));
		assert_true(bytes_equal(value, bytes_of((const uint8_t *)&rows[i].value, 4)));
	}
	assert_int_equal(spool_next(&key, &value, spool), SPOOL_E_END);
	assert_int_equal(spool_next(&key, &value, spool), SPOOL_E_END);
	spool_destroy(spool);
	free(rows);
}

static void
rows_come_out_in_order(void **state)
{
	(void)state;
	check(ROWS, 64 * 1024 * 1024, ""); /* one run */
	check(ROWS, 4096, "");             /* some hundred */
	check(ROWS, 4096, "all begin so");
	check(300, 64, ""); /* a row or two in each */
}

static void
few_rows_or_none_are_no_fault(void **state)
{
	(void)state;
	check(0, 4096, "");
	check(1, 4096, "");
	check(2, 4096, "");
}

/* A spool that is given up takes its files with it, whatever it is about. */
static void
a_spool_can_be_given_up(void **state)
{
	struct spool *spool;

	(void)state;
	spool_destroy(NULL);
	assert_int_equal(spool_create(&spool, ".", 4096), 0);
	spool_destroy(spool);
	assert_int_equal(spool_create(&spool, ".", 64), 0);
	for (uint8_t i = 0; i < 100; i++)
		assert_int_equal(spool_add(spool, bytes_of(&i, 1), BYTES("value"), BYTES("")), 0);
	spool_destroy(spool);
	assert_true(spool_create(&spool, "/no such directory", 64) == 0);
	for (uint8_t i = 0; i < 12; i++) {
		int result = spool_add(spool, bytes_of(&i, 1), BYTES("value"), BYTES(""));

		if (result != 0) {
			assert_true(result < 0);
			break;
		}
	}
	assert_true(spool_finish(spool) < 0);
	spool_destroy(spool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_out_in_order),
		cmocka_unit_test(few_rows_or_none_are_no_fault),
		cmocka_unit_test(a_spool_can_be_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
