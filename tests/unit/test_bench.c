/* What benchmarks are counted with: if it is wrong, so is every figure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "bench/dataset.h"
#include "bench/histogram.h"
#include "bench/keys.h"
#include "bench/report.h"
#include "bench/schedule.h"
#include "bench/usage.h"

enum { SOME = 200000 };

static int
compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Percentiles of a histogram against those of the sorted values. */
static void
a_percentile_is_right_to_a_thousandth(void **state)
{
	static const double percents[] = { 0, 1, 50, 90, 99, 99.9, 99.99, 100 };
	struct histogram *histogram = calloc(1, sizeof(*histogram));
	uint64_t *values = calloc(SOME, sizeof(*values));
	uint64_t random = 1;
	double sum = 0;

	(void)state;
	assert_non_null(histogram);
	assert_non_null(values);
	for (size_t i = 0; i < SOME; i++) {
		/* From one to 2^40, as many of each magnitude. */
		values[i] = random_next(&random) >> (24 + random_below(&random, 40));
		sum += (double)values[i];
		histogram_add(histogram, values[i]);
	}
	qsort(values, SOME, sizeof(values[0]), compare_values);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		size_t rank = (size_t)ceil(percents[i] / 100 * SOME);
		uint64_t exact = values[rank == 0 ? 0 : rank - 1];
		uint64_t told = histogram_at(histogram, percents[i]);

		assert_true(told >= exact);
		assert_true((double)told <= (double)exact * (1 + 1.0 / 1024) + 1);
	}
	assert_true(histogram_at(histogram, 100) == values[SOME - 1]);
	assert_true(fabs(histogram_mean(histogram) - sum / SOME) < 1);
	free(values);
	free(histogram);
}

static void
small_values_are_exact_and_great_ones_stay_within(void **state)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	(void)state;
	assert_non_null(histogram);
	assert_int_equal(histogram_at(histogram, 50), 0);
	assert_true(histogram_mean(histogram) == 0);
	for (uint64_t value = 0; value < 2048; value++)
		histogram_add(histogram, value);
	for (uint64_t value = 1; value <= 2048; value++)
		assert_int_equal(histogram_at(histogram, (double)value * 100 / 2048), value - 1);
	histogram_add(histogram, UINT64_MAX);
	assert_true(histogram_at(histogram, 100) == (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1);
	free(histogram);
}

static void
merging_is_adding_all(void **state)
{
	struct histogram *parts = calloc(3, sizeof(*parts));
	uint64_t random = 7;

	(void)state;
	assert_non_null(parts);
	for (size_t i = 0; i < SOME; i++) {
		uint64_t value = random_below(&random, 1000000);

		histogram_add(&parts[i % 2], value);
		histogram_add(&parts[2], value);
	}
	histogram_merge(&parts[0], &parts[1]);
	assert_memory_equal(&parts[0], &parts[2], sizeof(parts[0].counts));
	assert_int_equal(parts[0].total, parts[2].total);
	assert_int_equal(parts[0].greatest, parts[2].greatest);
	free(parts);
}

/* The share of the first ranks is that of the distribution. */
static void
check_zipf(uint64_t count, double exponent)
{
	uint64_t seen[8] = { 0 };
	uint64_t random = 3;
	struct keys keys;
	double all = 0;

	keys_init(&keys, count, exponent);
	for (uint64_t rank = count; rank >= 1; rank--)
		all += pow((double)rank, -exponent);
	for (size_t i = 0; i < SOME; i++) {
		uint64_t rank = keys_next_rank(&keys, &random);

		assert_in_range(rank, 1, count);
		if (rank <= 8)
			seen[rank - 1]++;
	}
	for (size_t i = 0; i < 8; i++) {
		double expected = pow((double)i + 1, -exponent) / all * SOME;

		/* Five standard deviations. */
		assert_true(fabs((double)seen[i] - expected) < 5 * sqrt(expected) + 1);
	}
}

static void
zipf_is_as_popular_as_it_should_be(void **state)
{
	(void)state;
	check_zipf(1000, 0.99);
	check_zipf(1000, 1);
	check_zipf(1000, 1.5);
	check_zipf(1000000, 0.99);
	check_zipf(1000000, 0.5);
	check_zipf(8, 1.1);
}

/* Popular or not, each rank is another contact. */
static void
every_contact_has_a_rank(void **state)
{
	static const uint64_t counts[] = { 1, 2, 3, 10, 1000, 4096, 99991 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint8_t *seen = calloc(counts[i], 1);
		struct keys keys;

		assert_non_null(seen);
		keys_init(&keys, counts[i], 0);
		for (uint64_t rank = 0; rank < counts[i]; rank++)
			seen[rank * keys.stride % keys.count]++;
		for (uint64_t number = 0; number < counts[i]; number++)
			assert_int_equal(seen[number], 1);
		free(seen);
	}
}

static void
uniform_keys_are_everywhere(void **state)
{
	uint64_t seen[16] = { 0 };
	uint64_t random = 11;
	struct keys keys;

	(void)state;
	keys_init(&keys, 16, 0);
	for (size_t i = 0; i < SOME; i++)
		seen[keys_next(&keys, &random)]++;
	for (size_t i = 0; i < 16; i++)
		assert_true(fabs((double)seen[i] - SOME / 16.0) < 5 * sqrt(SOME / 16.0));
}

static void
even_arrivals_come_at_their_times(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_init(&schedule, 1000, false, 0.5, 1000000, 1);
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t due = 1000000 + 500000 + i * 1000000;

		assert_in_range(schedule_due_ns(&schedule), due - 1, due + 1);
		schedule_advance(&schedule);
	}
}

/* As many in any second as the rate says, and as irregular as chance is: the variance of
 * the gaps is the square of their mean. */
static void
chance_arrivals_keep_the_rate(void **state)
{
	struct schedule schedule;
	uint64_t last = 0;
	double squares = 0;

	(void)state;
	schedule_init(&schedule, 50000, true, 0, 0, 5);
	for (size_t i = 0; i < SOME; i++) {
		uint64_t due = schedule_due_ns(&schedule);

		assert_true(due >= last);
		squares += ((double)(due - last) - 20000) * ((double)(due - last) - 20000);
		last = due;
		schedule_advance(&schedule);
	}
	assert_true(fabs((double)last / SOME - 20000) < 5 * 20000 / sqrt(SOME));
	assert_true(fabs(sqrt(squares / SOME) / 20000 - 1) < 0.02);
}

static void
contacts_are_the_same_for_the_same_seed(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 1000; number++) {
		struct dataset_contact contact;
		struct dataset_contact again;
		struct dataset_key key;

		dataset_make(&contact, 5, number);
		dataset_make(&again, 5, number);
		assert_memory_equal(&contact, &again, sizeof(contact));
		dataset_make_key(&key, 5, number);
		if (contact.email[0] != '\0') {
			assert_string_equal(key.namespace_name, "email");
			assert_string_equal(key.value, contact.email);
		} else {
			assert_string_equal(key.namespace_name, "ext_id");
			assert_string_equal(key.value, contact.ext_id);
		}
	}
}

static void
accounts_are_named_in_the_order_of_their_bytes(void **state)
{
	const struct dataset one = { .seed = 1, .account_count = 1, .contacts_per_account = 10 };
	const struct dataset many = { .seed = 1, .account_count = 10000, .contacts_per_account = 10 };
	char last[DATASET_ACCOUNT_BYTES] = "";

	(void)state;
	dataset_account(last, &one, 0);
	assert_string_equal(last, "bench");
	last[0] = '\0';
	for (uint64_t i = 0; i < many.account_count; i++) {
		char name[DATASET_ACCOUNT_BYTES];

		dataset_account(name, &many, i);
		assert_true(strcmp(last, name) < 0);
		memcpy(last, name, sizeof(last));
	}
	assert_int_equal(dataset_size(&many), 100000);
}

/* The line of a kind and a name among those written; to be freed with json_decref. */
static json_t *
find_line(FILE *stream, const char *kind, const char *name)
{
	json_t *found = NULL;
	char *text = NULL;
	size_t room = 0;

	rewind(stream);
	while (getline(&text, &room, stream) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		assert_non_null(line);
		if (found == NULL && strcmp(json_string_value(json_object_get(line, "line")), kind) == 0 &&
		    strcmp(json_string_value(json_object_get(line, "name")), name) == 0)
			found = json_incref(line);
		json_decref(line);
	}
	free(text);
	assert_non_null(found);
	return found;
}

static double
number_of(json_t *object, const char *member, const char *name)
{
	json_t *value = json_object_get(json_object_get(object, member), name);

	assert_true(json_is_number(value));
	return json_number_value(value);
}

/* Two series whose rounds take turns: a's rounds are 10, 30, 20 and b's 5, 10, 10. */
static void
write_two_series(struct report *report)
{
	static const double a[] = { 10, 30, 20 };
	static const double b[] = { 5, 10, 10 };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    report_round(report, "a", json_pack("{s:f, s:s}", "x_us", a[i], "note", "n")), 0);
		assert_int_equal(report_round(report, "b", json_pack("{s:f}", "x_us", b[i])), 0);
	}
}

static void
a_report_has_rounds_spread_and_ratio(void **state)
{
	char *arguments[] = { "bench", "run" };
	FILE *stream = tmpfile();
	struct report *report;
	json_t *line;

	(void)state;
	assert_non_null(stream);
	assert_int_equal(report_create(&report, stream, "run", 2, arguments, "."), 0);
	report_set(report, "data", json_pack("{s:i}", "seed", 9));
	write_two_series(report);
	assert_int_equal(report_summary(report, "a", json_pack("{s:i}", "in_flight", 64)), 0);
	assert_int_equal(report_summary(report, "none", NULL), -ENOENT);
	assert_int_equal(report_ratio(report, "a", "b", "x_us"), 0);
	assert_int_equal(report_ratio(report, "a", "b", "y_us"), -ENOENT);
	line = find_line(stream, "summary", "a");
	assert_true(number_of(json_object_get(line, "figures"), "x_us", "median") == 20);
	assert_true(number_of(json_object_get(line, "figures"), "x_us", "least") == 10);
	assert_true(number_of(json_object_get(line, "figures"), "x_us", "greatest") == 30);
	assert_null(json_object_get(json_object_get(line, "figures"), "note"));
	assert_true(number_of(line, "settings", "in_flight") == 64);
	assert_true(number_of(line, "data", "seed") == 9);
	assert_true(number_of(line, "machine", "processors") >= 1);
	assert_true(number_of(line, "sync_us", "median") > 0);
	assert_int_equal(json_array_size(json_object_get(line, "command")), 2);
	assert_non_null(json_object_get(json_object_get(line, "versions"), "commit"));
	json_decref(line);
	line = find_line(stream, "ratio", "a over b");
	/* 2, 3, 2 */
	assert_true(number_of(line, "ratio", "median") == 2);
	assert_true(number_of(line, "ratio", "least") == 2);
	assert_true(number_of(line, "ratio", "greatest") == 3);
	json_decref(line);
	report_destroy(report);
	fclose(stream);
}

static void
a_report_takes_in_what_another_wrote(void **state)
{
	char *arguments[] = { "bench" };
	FILE *first = tmpfile();
	FILE *second = tmpfile();
	struct report *report;
	json_t *line;

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal(report_create(&report, first, "run", 1, arguments, NULL), 0);
	write_two_series(report);
	report_destroy(report);
	rewind(first);
	assert_int_equal(report_create(&report, second, "compare", 1, arguments, NULL), 0);
	assert_int_equal(report_read(report, first), 0);
	assert_int_equal(report_ratio(report, "b", "a", "x_us"), 0);
	line = find_line(second, "ratio", "b over a");
	assert_true(number_of(line, "ratio", "median") == 0.5);
	json_decref(line);
	fputs("no JSON\n", first);
	rewind(first);
	assert_int_equal(report_read(report, first), -EBADMSG);
	report_destroy(report);
	fclose(first);
	fclose(second);
}

static void
a_process_uses_what_it_uses(void **state)
{
	struct usage before;
	struct usage after;
	uint64_t until_ns;

	(void)state;
	assert_int_equal(usage_read(&before, getpid(), "."), 0);
	until_ns = before.cpu_ns + 20000000;
	do
		assert_int_equal(usage_read(&after, getpid(), "."), 0);
	while (after.cpu_ns < until_ns);
	assert_true(after.resident_bytes > 0);
	assert_true(after.kernel_cpu_us >= before.kernel_cpu_us);
	assert_true(after.kernel_cpu_us <= after.cpu_ns / 1000 + 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_percentile_is_right_to_a_thousandth),
		cmocka_unit_test(small_values_are_exact_and_great_ones_stay_within),
		cmocka_unit_test(merging_is_adding_all),
		cmocka_unit_test(zipf_is_as_popular_as_it_should_be),
		cmocka_unit_test(every_contact_has_a_rank),
		cmocka_unit_test(uniform_keys_are_everywhere),
		cmocka_unit_test(even_arrivals_come_at_their_times),
		cmocka_unit_test(chance_arrivals_keep_the_rate),
		cmocka_unit_test(contacts_are_the_same_for_the_same_seed),
		cmocka_unit_test(accounts_are_named_in_the_order_of_their_bytes),
		cmocka_unit_test(a_report_has_rounds_spread_and_ratio),
		cmocka_unit_test(a_report_takes_in_what_another_wrote),
		cmocka_unit_test(a_process_uses_what_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
