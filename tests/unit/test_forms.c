/* What must hold of normal forms for any input, tried on many that are made up, the
 * same ones in every run: the short way for plain ASCII and the way through Unicode's
 * tables come to the same, and a normal form is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/forms.h"

#include <idn2.h>

enum { ARENA_BYTES = 1024 * 1024, ROUNDS = 20000 };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_BYTES);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void
assert_bytes(struct bytes got, struct bytes want)
{
	if (!bytes_equal(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", BYTES_PRINT(got), BYTES_PRINT(want));
}

/* xorshift: the same inputs in every run. */
static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* An address-like text: mostly of the pieces that addresses are made of. */
static struct bytes
random_address(uint8_t *text, size_t capacity, uint32_t *seed, const char *const *pieces, size_t piece_count)
{
	size_t size = 0;
	size_t count = 1 + next_random(seed) % 12;

	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next_random(seed) % piece_count];
		size_t piece_size = strlen(piece);

		if (size + piece_size > capacity)
			break;
		memcpy(text + size, piece, piece_size);
		size += piece_size;
	}
	return bytes_of(text, size);
}

static void
test_N2_short_and_long_way_agree(void **state)
{
	static const char *const pieces[] = { "a", "B", "z", "0", ".", ".", "-", "--", "@", "@", "_", "+",
		"\"", "\\", " ", "\t", "xn--", "x@y.", "ab", "it", ".it", "@b.it", "#", "\x7f", "r@Z",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	uint32_t seed = 0x0ddba11;
	size_t agreed = 0;
	(void)state;

	for (size_t i = 0; i < ROUNDS; i++) {
		uint8_t text[1024];
		uint8_t form[EMAIL_BYTES];
		struct bytes raw =
		    text_trim(random_address(text, sizeof(text), &seed, pieces, COUNT_OF(pieces)));
		struct bytes slow;
		int result;

		if (raw.size == 0)
			continue;
		result = email_normalize_unicode(&slow, &arena, raw);
		assert_true(result == 0 || result == NORMALIZE_E_INVALID);
		if (email_fold_ascii(form, raw)) {
			assert_int_equal(result, 0);
			assert_bytes(bytes_of(form, raw.size), slow);
			agreed++;
		} else if (result == 0) {
			/* left open: only what the short way says it leaves */
			assert_true(memchr(raw.data, '"', raw.size) != NULL ||
			    memmem(slow.data, slow.size, "xn--", 4) != NULL);
		}
		arena_reset(&arena);
	}
	assert_true(agreed > ROUNDS / 100);
}

/* The domain of a plain address does not go through libidn2; this holds it to what the
 * library makes of it, save for the hyphens in third and fourth place it refuses. */
static void
test_N2_plain_domains_are_as_the_library_has_them(void **state)
{
	static const char *const pieces[] = { "a", "B", "Z", "9", ".", ".", "-", "x", "it", "Xn", "aB0" };
	uint32_t seed = 0xcafe;
	size_t compared = 0;
	(void)state;

	for (size_t i = 0; i < ROUNDS; i++) {
		char text[1024] = "l@";
		uint8_t form[EMAIL_BYTES];
		uint8_t *library = NULL;
		struct bytes domain =
		    random_address((uint8_t *)text + 2, sizeof(text) - 3, &seed, pieces, COUNT_OF(pieces));
		int result =
		    idn2_lookup_u8((uint8_t *)text + 2, &library, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

		if (email_fold_ascii(form, bytes_of(text, 2 + domain.size)) && result != IDN2_2HYPHEN) {
			assert_int_equal(result, IDN2_OK);
			assert_bytes(bytes_of(form + 2, domain.size), bytes_of_string((const char *)library));
			compared++;
		}
		idn2_free(library);
	}
	assert_true(compared > ROUNDS / 100);
}

static void
test_N4_ascii_is_its_own_composition(void **state)
{
	uint32_t seed = 0xbeef;
	size_t compared = 0;
	(void)state;

	for (size_t i = 0; i < ROUNDS; i++) {
		uint8_t text[40];
		size_t size = 1 + next_random(&seed) % sizeof(text);
		struct account_settings settings = { .default_region = { 0 } };
		struct bytes trimmed;
		struct bytes value;
		struct bytes given;
		uint8_t *composed;
		size_t composed_size;
		int result;

		for (size_t j = 0; j < size; j++)
			text[j] = (uint8_t)(1 + next_random(&seed) % 0x7f);
		trimmed = text_trim(bytes_of(text, size));
		result = normalize_identifier(
		    &value, &given, &arena, NAMESPACE_CHAT, bytes_of(text, size), &settings);
		if (result == 0) {
			assert_int_equal(text_compose(&composed, &composed_size, trimmed), 0);
			assert_bytes(value, bytes_of(composed, composed_size));
			free(composed);
			compared++;
		}
		assert_true(!identifier_looks_normal(NAMESPACE_CHAT, bytes_of(text, size), &settings) ||
		    (result == 0 && bytes_equal(value, bytes_of(text, size))));
		arena_reset(&arena);
	}
	assert_true(compared > ROUNDS / 2);
}

/* Whatever comes out goes in again and stays: a value read from an answer finds the
 * contact that it was read from. */
static void
test_normal_forms_are_their_own(void **state)
{
	static const char *const pieces[] = { "a", "Z", "@", "@b.it", ".", "-", "+39", "02", "1234567", " ",
		"(", "0", "\u0301", "\u0308", "\u0130", "\u03a3", "\u00df", "\u212a", "\u0345", "\u1fbc",
		"\u3002", "\uff42", "\u05d0", "\"", "\\", "\u00a0", "\u1100", "\u1161", "\U0001d400", "xn--",
		"bcher-kva", "it" };
	const struct account_settings settings = { .default_region = BYTES("IT") };
	uint32_t seed = 0x5eed;
	size_t formed[NAMESPACE_COUNT] = { 0 };
	(void)state;

	for (size_t i = 0; i < ROUNDS; i++) {
		enum namespace_id id = (enum namespace_id)(1 + i % (NAMESPACE_COUNT - 1));
		uint8_t text[256];
		struct bytes raw = random_address(text, sizeof(text), &seed, pieces, COUNT_OF(pieces));
		struct bytes value;
		struct bytes given;
		struct bytes again;

		if (normalize_identifier(&value, &given, &arena, id, raw, &settings) == 0) {
			assert_int_equal(
			    normalize_identifier(&again, &given, &arena, id, value, &settings), 0);
			assert_bytes(again, value);
			assert_int_equal(given.size, 0);
			formed[id]++;
		}
		arena_reset(&arena);
	}
	for (unsigned id = NAMESPACE_EXT_ID; id < NAMESPACE_COUNT; id++)
		assert_true(formed[id] > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_N2_short_and_long_way_agree),
		TEST(test_N2_plain_domains_are_as_the_library_has_them),
		TEST(test_N4_ascii_is_its_own_composition),
		TEST(test_normal_forms_are_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
