/* What goes to a worker: it arrives as it was sent, at another address, and whatever is cut
 * short or does not fit is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/worker/breaker.h"
#include "server/worker/message.h"

static struct anagraph_string
shown(const char *text)
{
	return (struct anagraph_string){ .data = text, .size = strlen(text) };
}

static void
expect_text(struct anagraph_string a, struct anagraph_string b)
{
	assert_int_equal(a.size, b.size);
	if (a.size != 0)
		assert_memory_equal(a.data, b.data, a.size);
}

static void
expect_claim(const struct anagraph_claim *a, const struct anagraph_claim *b)
{
	assert_int_equal(a->value.type, b->value.type);
	assert_int_equal(a->value.boolean, b->value.boolean);
	assert_memory_equal(&a->value.number, &b->value.number, sizeof(a->value.number));
	assert_true(a->value.time_us == b->value.time_us);
	expect_text(a->value.string, b->value.string);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->rank, b->rank);
	assert_true(a->observed_at_us == b->observed_at_us);
	assert_true(a->recorded_at_us == b->recorded_at_us);
	assert_true(a->contact_id == b->contact_id);
	expect_text(a->conversation, b->conversation);
}

static const struct anagraph_claim TEXT_CLAIM = {
	.value = { .type = ANAGRAPH_VALUE_STRING, .string = { "Rossi", 5 } },
	.source = 3,
	.rank = 4,
	.observed_at_us = INT64_MIN,
	.recorded_at_us = INT64_MAX,
	.contact_id = UINT64_MAX,
	.conversation = { "t-1", 3 },
};
static const struct anagraph_claim NUMBER_CLAIM = {
	.value = { .type = ANAGRAPH_VALUE_NUMBER, .number = -0.1 },
	.source = 1,
	.rank = 1,
};
static const struct anagraph_claim TIME_CLAIM = {
	.value = { .type = ANAGRAPH_VALUE_TIME, .time_us = -1 },
};
static const struct anagraph_claim BOOL_CLAIM = {
	.value = { .type = ANAGRAPH_VALUE_BOOL, .boolean = 1 },
};

/* All claims that may be there, each alone left out as a bit. */
static void
test_a_conflict_arrives_as_it_was_sent(void **state)
{
	uint8_t request[1024];

	(void)state;
	for (unsigned present = 0; present < 16; present++) {
		const struct anagraph_conflict sent = {
			.struct_size = sizeof(sent),
			.kind = 3,
			.name_class = 2,
			.account = shown("shop"),
			.name = shown("LAST_NAME"),
			.incoming = (present & 1) != 0 ? &TEXT_CLAIM : NULL,
			.stored = (present & 2) != 0 ? &NUMBER_CLAIM : NULL,
			.displaced = (present & 4) != 0 ? &TIME_CLAIM : NULL,
			.device = (present & 8) != 0 ? &BOOL_CLAIM : NULL,
		};
		struct shown_conflict room;

		assert_int_equal(conflict_encode_request(request, sizeof(request), &sent), 0);
		assert_int_equal(request_kind_of(request, sizeof(request)), REQUEST_DECIDE);
		assert_int_equal(conflict_decode_request(&room, &room, request, sizeof(request)), 0);
		assert_int_equal(room.conflict.struct_size, sizeof(room.conflict));
		assert_int_equal(room.conflict.kind, 3);
		assert_int_equal(room.conflict.name_class, 2);
		expect_text(room.conflict.account, sent.account);
		expect_text(room.conflict.name, sent.name);
		assert_int_equal(room.conflict.incoming != NULL, (present & 1) != 0);
		assert_int_equal(room.conflict.stored != NULL, (present & 2) != 0);
		assert_int_equal(room.conflict.displaced != NULL, (present & 4) != 0);
		assert_int_equal(room.conflict.device != NULL, (present & 8) != 0);
		if (sent.incoming != NULL)
			expect_claim(room.conflict.incoming, sent.incoming);
		if (sent.stored != NULL)
			expect_claim(room.conflict.stored, sent.stored);
		if (sent.displaced != NULL)
			expect_claim(room.conflict.displaced, sent.displaced);
		if (sent.device != NULL)
			expect_claim(room.conflict.device, sent.device);
	}
}

/* A policy sees its conflict at another address than it is put together at. */
static void
test_a_conflict_points_to_where_it_is_seen(void **state)
{
	const struct anagraph_conflict sent = { .incoming = &TEXT_CLAIM, .stored = &TIME_CLAIM };
	struct shown_conflict room;
	struct shown_conflict elsewhere;
	uint8_t request[1024];

	(void)state;
	assert_int_equal(conflict_encode_request(request, sizeof(request), &sent), 0);
	assert_int_equal(conflict_decode_request(&room, &elsewhere, request, sizeof(request)), 0);
	assert_ptr_equal(room.conflict.incoming, &elsewhere.claims[0]);
	assert_ptr_equal(room.conflict.stored, &elsewhere.claims[1]);
}

/* Of every length that is too short, on both sides; the memory ends where it is said to. */
static void
test_what_is_cut_short_is_noticed(void **state)
{
	const struct anagraph_conflict sent = { .account = shown("shop"),
		.name = shown("email"),
		.incoming = &TEXT_CLAIM,
		.stored = &TEXT_CLAIM };
	uint8_t whole[1024];
	size_t size = 0;

	(void)state;
	while (conflict_encode_request(whole, size, &sent) != 0)
		size++;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *part = malloc(cut + 1);
		struct shown_conflict room;

		assert_non_null(part);
		assert_int_equal(conflict_encode_request(part, cut, &sent), MESSAGE_E_SIZE);
		memcpy(part, whole, cut);
		assert_int_equal(conflict_decode_request(&room, &room, part, cut), MESSAGE_E_DAMAGED);
		free(part);
	}
}

static void
test_any_length_inside_is_checked(void **state)
{
	const struct anagraph_conflict sent = { .account = shown("shop"), .incoming = &TEXT_CLAIM };
	uint8_t whole[256];
	size_t size = 0;

	(void)state;
	while (conflict_encode_request(whole, size, &sent) != 0)
		size++;
	for (size_t at = 4; at < size; at++) {
		uint8_t *changed = malloc(size);
		struct shown_conflict room;
		int result;

		assert_non_null(changed);
		memcpy(changed, whole, size);
		changed[at] ^= 0xff;
		result = conflict_decode_request(&room, &room, changed, size);
		assert_true(result == 0 || result == MESSAGE_E_DAMAGED);
		free(changed);
	}
}

static void
test_a_start_arrives_as_it_was_sent(void **state)
{
	const struct anagraph_option options[] = { { shown("a"), shown("1") }, { shown("b"), shown("") } };
	const struct start_request sent = {
		.copy = { .id = (char *)(uintptr_t) "mine",
		    .path = (char *)(uintptr_t) "/etc/mine.so",
		    .copy_path = (char *)(uintptr_t) "/var/mine-1.so",
		    .build = "0123456789abcdef0123456789abcdef" },
		.options = options,
		.option_count = 2,
	};
	struct anagraph_option taken[LIMIT_POLICY_OPTIONS];
	struct start_request start;
	uint8_t request[1024];
	size_t size = 0;

	(void)state;
	while (start_encode(request, size, &sent) != 0)
		size++;
	assert_int_equal(start_decode(&start, taken, request, size), 0);
	assert_string_equal(start.copy.id, "mine");
	assert_string_equal(start.copy.path, "/etc/mine.so");
	assert_string_equal(start.copy.copy_path, "/var/mine-1.so");
	assert_string_equal(start.copy.build, sent.copy.build);
	assert_int_equal(start.option_count, 2);
	expect_text(taken[0].name, options[0].name);
	expect_text(taken[0].value, options[0].value);
	expect_text(taken[1].name, options[1].name);
	expect_text(taken[1].value, options[1].value);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(start_decode(&start, taken, request, cut), MESSAGE_E_DAMAGED);
	request[4]++;
	assert_int_equal(start_decode(&start, taken, request, size), MESSAGE_E_DAMAGED);
}

/* Times in seconds; what it does is told by the times at which it allows a question. */
static void
test_a_breaker_rests_twice_as_long_each_time(void **state)
{
	const int64_t second_us = 1000000;
	struct breaker breaker = { .rest_us = LIMIT_POLICY_REST_SECONDS * second_us };
	int64_t now_us = second_us;
	int64_t rest_us = breaker.rest_us;

	(void)state;
	assert_int_equal(breaker_backoff_us(&breaker, now_us), 0);
	for (int i = 1; i < LIMIT_POLICY_FAILURES; i++) {
		int64_t before_us = breaker_backoff_us(&breaker, now_us);

		assert_false(breaker_fail(&breaker, now_us));
		assert_true(breaker_backoff_us(&breaker, now_us) > before_us);
		assert_true(breaker_allows(&breaker, now_us));
	}
	for (int i = 0; i < 12; i++) {
		assert_true(breaker_fail(&breaker, now_us));
		assert_false(breaker_allows(&breaker, now_us + rest_us - 1));
		assert_true(breaker_allows(&breaker, now_us + rest_us));
		assert_int_equal(breaker_backoff_us(&breaker, now_us), rest_us);
		now_us += rest_us;
		rest_us *= 2;
		if (rest_us > LIMIT_POLICY_REST_MOST_SECONDS * second_us)
			rest_us = LIMIT_POLICY_REST_MOST_SECONDS * second_us;
	}
	assert_true(breaker_succeed(&breaker));
	assert_false(breaker_succeed(&breaker));
	assert_true(breaker_allows(&breaker, 0));
	assert_false(breaker_fail(&breaker, now_us));
	assert_int_equal(breaker.rest_us, LIMIT_POLICY_REST_SECONDS * second_us);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_conflict_arrives_as_it_was_sent),
		cmocka_unit_test(test_a_conflict_points_to_where_it_is_seen),
		cmocka_unit_test(test_what_is_cut_short_is_noticed),
		cmocka_unit_test(test_any_length_inside_is_checked),
		cmocka_unit_test(test_a_start_arrives_as_it_was_sent),
		cmocka_unit_test(test_a_breaker_rests_twice_as_long_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
