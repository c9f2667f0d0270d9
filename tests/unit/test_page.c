/* Pages: how many items they have, the token from one to the next, and the answer's bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rpc/page.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static const uint64_t PLACES[] = { 1, 2, 255, UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX };
enum { PLACE_COUNT = sizeof(PLACES) / sizeof(PLACES[0]) };

static void
test_page_size_is_bounded(void **state)
{
	struct rejection rejection;
	size_t size = 7;

	(void)state;
	assert_int_equal(page_size(&size, &rejection, 0), 0);
	assert_int_equal(size, 100);
	assert_int_equal(page_size(&size, &rejection, 1), 0);
	assert_int_equal(size, 1);
	assert_int_equal(page_size(&size, &rejection, LIMIT_PAGE_ITEMS), 0);
	assert_int_equal(size, LIMIT_PAGE_ITEMS);
	assert_int_equal(page_size(&size, &rejection, LIMIT_PAGE_ITEMS + 1), REQUEST_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_LIMIT_EXCEEDED);
	assert_string_equal(rejection.field, "page_size");
	assert_int_equal(size, LIMIT_PAGE_ITEMS);
}

static void
expect_no_token(struct bytes token, uint64_t scope)
{
	struct rejection rejection = { 0 };
	uint64_t place = 7;

	assert_int_equal(page_token_read(&place, &rejection, token, scope), REQUEST_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_PAGE_TOKEN_INVALID);
	assert_string_equal(rejection.field, "page_token");
	assert_int_equal(place, 7);
}

static void
test_token_leads_to_its_place_alone(void **state)
{
	const struct bytes parts[] = { BYTES("ListContacts"), BYTES("shop") };
	const uint64_t scope = page_scope(parts, 2);
	struct rejection rejection;

	(void)state;
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		char buffer[PAGE_TOKEN_BYTES];
		struct bytes token = page_token_write(buffer, PLACES[i], scope);
		uint64_t place;

		assert_int_equal(page_token_read(&place, &rejection, token, scope), 0);
		assert_true(place == PLACES[i]);
		for (size_t j = 0; j < token.size; j++)
			assert_non_null(memchr("0123456789abcdef", token.data[j], 16));
		expect_no_token(token, scope + 1);
		for (size_t size = 1; size < token.size; size++)
			expect_no_token(bytes_of(token.data, size), scope);
		/* Whatever byte is another, the token is none. */
		for (size_t j = 0; j < token.size; j++) {
			for (unsigned change = 1; change < 256; change++) {
				buffer[j] ^= (char)change;
				expect_no_token(token, scope);
				buffer[j] ^= (char)change;
			}
		}
	}
}

static void
test_no_token_is_the_beginning(void **state)
{
	struct rejection rejection;
	uint64_t place = 7;

	(void)state;
	assert_int_equal(page_token_read(&place, &rejection, BYTES(""), 1), 0);
	assert_int_equal(place, 0);
	expect_no_token(BYTES("00000000000000000000000000000000"), 1);
	expect_no_token(BYTES("000000000000000000000000000000000"), 1);
}

static void
test_scopes_differ_wherever_their_parts_do(void **state)
{
	const struct bytes lists[][3] = {
		{ BYTES("ListContacts"), BYTES("shop"), BYTES("") },
		{ BYTES("Explain"), BYTES("shop"), BYTES("") },
		{ BYTES("ListContacts"), BYTES("shop2"), BYTES("") },
		{ BYTES("ListContacts"), BYTES("shop"), BYTES("2") },
		{ BYTES("ListContactss"), BYTES("hop"), BYTES("") },
		{ BYTES(""), BYTES("shop"), BYTES("ListContacts") },
	};
	const size_t count = sizeof(lists) / sizeof(lists[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(page_scope(lists[i], 2) != page_scope(lists[i], 3));
		for (size_t j = 0; j < i; j++)
			assert_true(page_scope(lists[i], 3) != page_scope(lists[j], 3));
	}
}

/* A page of so many items of a size is full with as many. */
static void
expect_filled(struct arena *arena, size_t most, size_t item_bytes, size_t expected)
{
	static uint8_t data[LIMIT_PAGE_BYTES + 1];
	struct page page;
	size_t taken = 0;

	assert_int_equal(page_begin(&page, arena, most), 0);
	while (page_add(&page, bytes_of(data, item_bytes)))
		taken++;
	assert_int_equal(taken, expected);
	assert_int_equal(page.count, expected);
	assert_true(page.count == 1 || page.size_bytes <= LIMIT_PAGE_BYTES);
	arena_reset(arena);
}

static void
test_page_ends_at_its_number_or_its_size(void **state)
{
	/* A tag of one byte and a length of three. */
	enum { PREFIX_BYTES = 4 };
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	expect_filled(&arena, 3, 10, 3);
	expect_filled(&arena, LIMIT_PAGE_ITEMS, 0, LIMIT_PAGE_ITEMS);
	expect_filled(&arena, 100, LIMIT_PAGE_BYTES / 2 - PREFIX_BYTES, 2);
	expect_filled(&arena, 100, LIMIT_PAGE_BYTES / 2 - PREFIX_BYTES + 1, 1);
	/* The first has a place however large it is. */
	expect_filled(&arena, 100, LIMIT_PAGE_BYTES + 1, 1);
	arena_finish(&arena);
}

static void
expect_answer(const struct page *page, struct bytes token, struct bytes fields, struct bytes expected)
{
	uint8_t answer[64] = { 0 };

	assert_int_equal(page_answer_bytes(page, token, fields), expected.size);
	page_encode(answer, page, token, fields);
	assert_true(bytes_equal(bytes_of(answer, expected.size), expected));
	assert_int_equal(answer[expected.size], 0);
}

static void
test_answer_is_items_then_token_then_fields(void **state)
{
	struct arena arena;
	struct page page;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(page_begin(&page, &arena, 2), 0);
	expect_answer(&page, BYTES(""), BYTES(""), BYTES(""));
	assert_true(page_add(&page, BYTES("one")));
	assert_true(page_add(&page, BYTES("")));
	assert_false(page_add(&page, BYTES("three")));
	expect_answer(&page, BYTES("t"), BYTES("\x18\x05"), BYTES("\x0a\x03one\x0a\x00\x12\x01t\x18\x05"));
	arena_finish(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_size_is_bounded),
		cmocka_unit_test(test_token_leads_to_its_place_alone),
		cmocka_unit_test(test_no_token_is_the_beginning),
		cmocka_unit_test(test_scopes_differ_wherever_their_parts_do),
		cmocka_unit_test(test_page_ends_at_its_number_or_its_size),
		cmocka_unit_test(test_answer_is_items_then_token_then_fields),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
