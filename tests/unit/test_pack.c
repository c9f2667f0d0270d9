/* What is packed comes back as it was, whatever it is; and bytes that are no packed message
 * are told as such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "server/graph/pack.h"

enum { ARENA_BYTES = 1024 * 1024, ROOM = PACK_MESSAGE_BYTES + 64 };

static struct packer *packer;
static struct arena arena;

static int
begin(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_BYTES);
	return packer_create(&packer);
}

static int
end(void **state)
{
	(void)state;
	packer_destroy(packer);
	arena_finish(&arena);
	return 0;
}

/* The packed message in one piece; it is the arena's. */
static struct bytes
packed_of(struct bytes message)
{
	struct packed packed;
	uint8_t *whole;

	pack(&packed, packer, message);
	assert_true(packed.head_size <= PACK_HEAD_BYTES);
	whole = arena_alloc(&arena, packed.head_size + packed.body.size);
	assert_non_null(whole);
	memcpy(whole, packed.head, packed.head_size);
	if (packed.body.size > 0)
		memcpy(whole + packed.head_size, packed.body.data, packed.body.size);
	return bytes_of(whole, packed.head_size + packed.body.size);
}

static void
expect_unchanged(struct bytes message)
{
	struct bytes packed = packed_of(message);
	struct bytes unpacked;

	assert_true(packed.size <= message.size + PACK_HEAD_BYTES);
	assert_int_equal(unpack(&unpacked, &arena, packed), 0);
	assert_true(bytes_equal(unpacked, message));
	arena_reset(&arena);
}

static void
test_every_length_comes_back(void **state)
{
	static uint8_t alike[ROOM];
	static uint8_t random[ROOM];
	uint32_t number = 1;

	(void)state;
	for (size_t i = 0; i < ROOM; i++) {
		number = number * 1664525 + 1013904223;
		random[i] = (uint8_t)(number >> 24);
		alike[i] = (uint8_t)(i % 31);
	}
	for (size_t size = 0; size <= ROOM; size += size < 600 || size > PACK_MESSAGE_BYTES - 8 ? 1 : 97) {
		expect_unchanged(bytes_of(alike, size));
		expect_unchanged(bytes_of(random, size));
	}
}

static void
test_what_repeats_is_short(void **state)
{
	static const uint8_t zeros[PACK_MESSAGE_BYTES + 1];
	static const char contact[] = "\x0a\x0a"
				      "FIRST_NAME\x12\x05Mario\x0a\x09LAST_NAME\x12\x05Rossi";

	(void)state;
	assert_true(packed_of(bytes_of(zeros, PACK_MESSAGE_BYTES)).size < 64);
	/* A longer one stays where it is. */
	assert_int_equal(packed_of(bytes_of(zeros, PACK_MESSAGE_BYTES + 1)).size, PACK_MESSAGE_BYTES + 2);
	/* Names that most contacts have are known. */
	assert_true(packed_of(bytes_of(contact, sizeof(contact) - 1)).size < 28);
}

static void
test_broken_bytes_are_told(void **state)
{
	static const uint8_t zeros[500];
	struct bytes packed = packed_of(bytes_of(zeros, sizeof(zeros)));
	struct bytes out = BYTES("untouched");
	uint8_t copy[ROOM];

	(void)state;
	assert_true(packed.size < sizeof(copy));
	for (size_t size = 0; size < packed.size; size++)
		assert_int_equal(unpack(&out, &arena, bytes_of(packed.data, size)), PACK_E_DAMAGED);
	memcpy(copy, packed.data, packed.size);
	copy[0] = 7;
	assert_int_equal(unpack(&out, &arena, bytes_of(copy, packed.size)), PACK_E_DAMAGED);
	memcpy(copy, packed.data, packed.size);
	copy[1] = 0xff;
	assert_int_equal(unpack(&out, &arena, bytes_of(copy, packed.size)), PACK_E_DAMAGED);
	memcpy(copy, packed.data, packed.size);
	copy[2]++;
	assert_int_equal(unpack(&out, &arena, bytes_of(copy, packed.size)), PACK_E_DAMAGED);
	assert_true(bytes_equal(out, BYTES("untouched")));
}

static void
test_no_memory_is_told(void **state)
{
	static const uint8_t zeros[500];
	struct bytes packed = packed_of(bytes_of(zeros, sizeof(zeros)));
	struct arena small;
	struct bytes out;

	(void)state;
	arena_init(&small, 100);
	assert_int_equal(unpack(&out, &small, packed), -ENOMEM);
	arena_finish(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_length_comes_back, begin, end),
		cmocka_unit_test_setup_teardown(test_what_repeats_is_short, begin, end),
		cmocka_unit_test_setup_teardown(test_broken_bytes_are_told, begin, end),
		cmocka_unit_test_setup_teardown(test_no_memory_is_told, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
