/* Normal forms (N1 to N5, N7): what each rule accepts, refuses and makes of a value,
 * and every limit at its number and one past it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/forms.h"
#include "rules/normalize.h"
#include "rules/phone.h"

#include <errno.h>
#include <math.h>

enum { ARENA_BYTES = 1024 * 1024 };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct account_settings NOTHING_SET;

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

/* A value and what becomes of it: an outcome, or the normal form and, where given.data
 * is not NULL, the value as given. */
struct example {
	enum namespace_id namespace_id;
	struct bytes raw;
	int outcome;
	struct bytes value;
	struct bytes given;
};

#define B(literal)                                                                                           \
	{                                                                                                    \
		(const uint8_t *)(literal), sizeof(literal) - 1                                              \
	}

static void
check(const struct example *examples, size_t count, const char *region)
{
	struct account_settings settings = { .default_region = bytes_of_string(region) };

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct example *example = &examples[i];
		struct bytes value = BYTES("untouched");
		struct bytes given = BYTES("untouched");
		int result = normalize_identifier(
		    &value, &given, &arena, example->namespace_id, example->raw, &settings);

		if (result != example->outcome)
			fail_msg(
			    "\"%.*s\" gave %d, not %d", BYTES_PRINT(example->raw), result, example->outcome);
		assert_bytes(value, result == 0 ? example->value : BYTES("untouched"));
		assert_bytes(given, result == 0 ? example->given : BYTES("untouched"));
		if (result == 0) {
			struct bytes again;

			assert_int_equal(normalize_identifier(
					     &again, &given, &arena, example->namespace_id, value, &settings),
			    0);
			assert_bytes(again, value);
			assert_int_equal(given.size, 0);
		}
		if (identifier_looks_normal(example->namespace_id, example->raw, &NOTHING_SET) && result == 0)
			assert_bytes(value, example->raw);
		arena_reset(&arena);
	}
}

static void
check_refused(enum namespace_id namespace_id, const struct bytes *refused, size_t count, const char *region)
{
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct example example = { namespace_id, refused[i], NORMALIZE_E_INVALID, { 0 },
			{ 0 } };

		check(&example, 1, region);
	}
}

/* A run of one byte between two texts. */
static struct bytes
text_of(const char *before, char fill, size_t count, const char *after)
{
	size_t before_size = strlen(before);
	size_t after_size = strlen(after);
	uint8_t *text = arena_alloc(&arena, before_size + count + after_size);

	assert_non_null(text);
	memcpy(text, before, before_size);
	memset(text + before_size, fill, count);
	memcpy(text + before_size + count, after, after_size);
	return bytes_of(text, before_size + count + after_size);
}

static int
outcome_of(enum namespace_id namespace_id, struct bytes raw)
{
	struct account_settings settings = { .default_region = BYTES("IT") };
	struct bytes value;
	struct bytes given;

	return normalize_identifier(&value, &given, &arena, namespace_id, raw, &settings);
}

static void
test_N1_text_is_utf8_without_nul(void **state)
{
	static const struct bytes wrong[] = { B("a\0b"), B("\0"), B("a\0"), B("\xff"), B("a\x80"), B("\xc3"),
		B("\xc0\xaf"), B("\xed\xa0\x80"), B("\xf4\x90\x80\x80"), B("\xe2\x82") };
	static const struct bytes right[] = { B(""), B("a"), B("\x7f\x01"), B("\u00e9"), B("\U0010ffff"),
		B("\uffff") };
	(void)state;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(text_is_valid(wrong[i], 100));
	for (size_t i = 0; i < COUNT_OF(right); i++)
		assert_true(text_is_valid(right[i], 100));
	assert_true(text_is_valid(bytes_of(NULL, 0), 0));
	assert_true(text_is_valid(BYTES("abc"), 3));
	assert_false(text_is_valid(BYTES("abcd"), 3));
}

static void
test_N1_every_namespace_refuses_nul_and_bad_utf8(void **state)
{
	(void)state;
	for (unsigned id = NAMESPACE_EXT_ID; id < NAMESPACE_COUNT; id++) {
		static const struct bytes wrong[] = { B("rossi@example.it\0"), B("rossi\0@example.it"),
			B("\xffrossi@example.it"),
			B("+3902\0"
			  "1234567"),
			B("+39021234567\0"), B("+39021234567\x80"), B("\0"), B("") };

		for (size_t i = 0; i < COUNT_OF(wrong); i++) {
			assert_int_equal(outcome_of((enum namespace_id)id, wrong[i]), NORMALIZE_E_INVALID);
			assert_false(identifier_looks_normal((enum namespace_id)id, wrong[i], &NOTHING_SET));
		}
	}
	assert_int_equal(outcome_of(NAMESPACE_NONE, BYTES("a")), NORMALIZE_E_INVALID);
	assert_int_equal(outcome_of(NAMESPACE_COUNT, BYTES("a")), NORMALIZE_E_INVALID);
	assert_false(identifier_looks_normal(NAMESPACE_NONE, BYTES("a"), &NOTHING_SET));
}

static void
test_N1_raw_values_are_limited_before_trimming(void **state)
{
	(void)state;
	for (unsigned id = NAMESPACE_EXT_ID; id < NAMESPACE_COUNT; id++) {
		const char *end = id == NAMESPACE_EMAIL ? "rossi@example.it" : "+39021234567";
		size_t room = LIMIT_RAW_IDENTIFIER_BYTES - strlen(end);

		assert_int_equal(outcome_of((enum namespace_id)id, text_of("", ' ', room, end)), 0);
		assert_int_equal(
		    outcome_of((enum namespace_id)id, text_of("", ' ', room + 1, end)), NORMALIZE_E_INVALID);
	}
}

static void
test_N2_email_forms(void **state)
{
	static const struct example examples[] = {
		{ NAMESPACE_EMAIL, B("rossi@example.it"), 0, B("rossi@example.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("Rossi@Example.IT"), 0, B("rossi@example.it"), B("Rossi@Example.IT") },
		{ NAMESPACE_EMAIL, B(" rossi@example.it\r\n"), 0, B("rossi@example.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\u00a0\u3000a@b.it\u202f"), 0, B("a@b.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("m.r.o+Tag@Example.it"), 0, B("m.r.o+tag@example.it"),
		    B("m.r.o+Tag@Example.it") },
		{ NAMESPACE_EMAIL, B("!#$%&'*/=?^_`{|}~@b.it"), 0, B("!#$%&'*/=?^_`{|}~@b.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("a..b.@b.it"), 0, B("a..b.@b.it"), { 0 } },
		/* NFC, then lower case code point by code point, then NFC */
		{ NAMESPACE_EMAIL, B("ROSSE\u0301@b.it"), 0, B("ross\u00e9@b.it"), B("ROSSE\u0301@b.it") },
		{ NAMESPACE_EMAIL, B("\u039f\u0394\u039f\u03a3@b.it"), 0, B("\u03bf\u03b4\u03bf\u03c3@b.it"),
		    B("\u039f\u0394\u039f\u03a3@b.it") },
		{ NAMESPACE_EMAIL, B("\u0130@b.it"), 0, B("i@b.it"), B("\u0130@b.it") },
		{ NAMESPACE_EMAIL, B("stra\u00dfe@b.it"), 0, B("stra\u00dfe@b.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\u212a@b.it"), 0, B("k@b.it"), B("\u212a@b.it") },
		/* quotes */
		{ NAMESPACE_EMAIL, B("\"M R\"@b.it"), 0, B("\"m r\"@b.it"), B("\"M R\"@b.it") },
		{ NAMESPACE_EMAIL, B("\"a@b\"@c.it"), 0, B("\"a@b\"@c.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\"a\\\"@b\"@c.it"), 0, B("\"a\\\"@b\"@c.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\"a\tb\x01\"@c.it"), 0, B("\"a\tb\x01\"@c.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\"a\\\u00c9\"@c.it"), 0, B("\"a\\\u00e9\"@c.it"),
		    B("\"a\\\u00c9\"@c.it") },
		{ NAMESPACE_EMAIL, B("a.\"b c\".d@c.it"), 0, B("a.\"b c\".d@c.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("\"null\"@c.it"), 0, B("\"null\"@c.it"), { 0 } },
	};
	static const struct bytes refused[] = { B("\"a@b.it"), B("\"a\\\"@b.it"), B("\"a@b.it\\"),
		B("a\"@b.it"), B("rossi"), B("@"), B("@b.it"), B("a@"), B("a@b@c.it"), B("a@@b.it"),
		B("a\uff20b.it"), B("a b@c.it"), B("a\x01@c.it"), B("a\x7f@c.it"), B("a\u00a0@c.it"),
		B("a\xc2\x9f@c.it"), B("a\u2028@c.it"), B("a@ c.it"), B("a @c.it"), B("Mario <a@c.it>"),
		B("   ") };
	(void)state;

	check(examples, COUNT_OF(examples), "");
	check_refused(NAMESPACE_EMAIL, refused, COUNT_OF(refused), "");
}

static void
test_N2_email_domains(void **state)
{
	static const struct example examples[] = {
		{ NAMESPACE_EMAIL, B("a@1.2.b-c.it"), 0, B("a@1.2.b-c.it"), { 0 } },
		{ NAMESPACE_EMAIL, B("a@r3---sn.Example.it"), 0, B("a@r3---sn.example.it"),
		    B("a@r3---sn.Example.it") },
		{ NAMESPACE_EMAIL, B("a@b\u00fccher.DE"), 0, B("a@xn--bcher-kva.de"), B("a@b\u00fccher.DE") },
		{ NAMESPACE_EMAIL, B("a@bu\u0308cher.de"), 0, B("a@xn--bcher-kva.de"),
		    B("a@bu\u0308cher.de") },
		{ NAMESPACE_EMAIL, B("a@XN--bcher-KVA.de"), 0, B("a@xn--bcher-kva.de"),
		    B("a@XN--bcher-KVA.de") },
		/* not transitional: the sharp s stays what it is */
		{ NAMESPACE_EMAIL, B("a@stra\u00dfe.de"), 0, B("a@xn--strae-oqa.de"), B("a@stra\u00dfe.de") },
		{ NAMESPACE_EMAIL, B("a@b\u3002it"), 0, B("a@b.it"), B("a@b\u3002it") },
		{ NAMESPACE_EMAIL, B("a@\uff42.it"), 0, B("a@b.it"), B("a@\uff42.it") },
		{ NAMESPACE_EMAIL, B("a@\u4f8b\u3048.\u30c6\u30b9\u30c8"), 0, B("a@xn--r8jz45g.xn--zckzah"),
		    B("a@\u4f8b\u3048.\u30c6\u30b9\u30c8") },
	};
	static const struct bytes refused[] = { B("a@localhost"), B("a@b.it."), B("a@.b.it"), B("a@b..it"),
		B("a@."), B("a@-b.it"), B("a@b-.it"), B("a@b_c.it"), B("a@[1.2.3.4]"), B("a@b\"c\".it"),
		B("a@\u00ad.it"), B("a@\u00fc_.it"), B("a@xn--a.it"), B("a@xn--.it"), B("a@xn--abc-.it"),
		B("a@b.xn--0") };
	(void)state;

	check(examples, COUNT_OF(examples), "");
	check_refused(NAMESPACE_EMAIL, refused, COUNT_OF(refused), "");
}

static void
test_N2_email_limits(void **state)
{
	char domain[300];
	(void)state;

	/* The local part is measured as it is stored: U+023A grows to three bytes. */
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("", 'a', 64, "@b.it")), 0);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("", 'a', 65, "@b.it")), NORMALIZE_E_INVALID);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("\u023a", 'a', 61, "@b.it")), 0);
	assert_int_equal(
	    outcome_of(NAMESPACE_EMAIL, text_of("\u023a", 'a', 62, "@b.it")), NORMALIZE_E_INVALID);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("e\u0301", 'a', 62, "@b.it")), 0);
	assert_int_equal(
	    outcome_of(NAMESPACE_EMAIL, text_of("e\u0301", 'a', 63, "@b.it")), NORMALIZE_E_INVALID);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("a@", 'b', 63, ".it")), 0);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("a@", 'b', 64, ".it")), NORMALIZE_E_INVALID);
	assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("a@\u00fc.", 'b', 63, ".it")), 0);
	assert_int_equal(
	    outcome_of(NAMESPACE_EMAIL, text_of("a@\u00fc.", 'b', 64, ".it")), NORMALIZE_E_INVALID);
	for (size_t last = 60; last <= 62; last++) {
		int expected = 3 * 64 + last <= LIMIT_EMAIL_DOMAIN_BYTES ? 0 : NORMALIZE_E_INVALID;

		memset(domain, 'b', sizeof(domain));
		memcpy(domain, "\"@", 2);
		domain[2 + 63] = domain[2 + 127] = domain[2 + 191] = '.';
		domain[2 + 3 * 64 + last] = 0;
		assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("", 'a', 1, domain + 1)), expected);
		assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("", 'a', 64, domain + 1)), expected);
		assert_int_equal(outcome_of(NAMESPACE_EMAIL, text_of("\"", 'a', 62, domain)), expected);
		assert_int_equal(
		    outcome_of(NAMESPACE_EMAIL, text_of("\"", 'a', 63, domain)), NORMALIZE_E_INVALID);
	}
}

static void
test_N3_phone_forms(void **state)
{
	static const struct example examples[] = {
		{ NAMESPACE_PHONE, B("+39021234567"), 0, B("+39021234567"), { 0 } },
		{ NAMESPACE_PHONE, B("+39 02 1234567"), 0, B("+39021234567"), B("+39 02 1234567") },
		{ NAMESPACE_WHATSAPP, B(" 0039 02 123-4567 "), 0, B("+39021234567"), B("0039 02 123-4567") },
		{ NAMESPACE_LANDLINE, B("02/123.45.67"), 0, B("+39021234567"), B("02/123.45.67") },
		{ NAMESPACE_PHONE, B("(+39) 333 1234567"), 0, B("+393331234567"), B("(+39) 333 1234567") },
		{ NAMESPACE_PHONE, B("(00) 39 333 1234567"), 0, B("+393331234567"),
		    B("(00) 39 333 1234567") },
		{ NAMESPACE_PHONE, B("3331234567"), 0, B("+393331234567"), B("3331234567") },
		{ NAMESPACE_PHONE, B("+44 (0)20 7031 3000"), 0, B("+442070313000"),
		    B("+44 (0)20 7031 3000") },
		{ NAMESPACE_PHONE, B("+1 (650) 253-0000"), 0, B("+16502530000"), B("+1 (650) 253-0000") },
		{ NAMESPACE_PHONE, B("+39\u00a002\u202f123\u20114567"), 0, B("+39021234567"),
		    B("+39\u00a002\u202f123\u20114567") },
		{ NAMESPACE_PHONE, B("\u202a+39 02 1234567\u202c"), 0, B("+39021234567"),
		    B("\u202a+39 02 1234567\u202c") },
		{ NAMESPACE_PHONE, B("\uff0b\uff13\uff19 02 1234567"), 0, B("+39021234567"),
		    B("\uff0b\uff13\uff19 02 1234567") },
		{ NAMESPACE_PHONE, B("+39\t02 1234567"), 0, B("+39021234567"), B("+39\t02 1234567") },
	};
	static const struct bytes refused[] = { B("+39 02 1234567 ext 5"), B("+39 02 1234567;ext=5"),
		B("+39 02 1234567 x5"), B("+39 02 1234567#5"), B("+39 02 1234567,5"), B("tel:+39021234567"),
		B("+39 02 1234567\n+39 02 1234568"), B("+39 02\n1234567"), B("800 FLOWERS"),
		B("++39021234567"), B("39+021234567"), B("+"), B("00"), B("-"), B("0"), B("-1"), B("null"),
		B("112"), B("+999 12345678"), B("+39 3") };
	(void)state;

	check(examples, COUNT_OF(examples), "IT");
	check_refused(NAMESPACE_PHONE, refused, COUNT_OF(refused), "IT");
}

static void
test_N3_phone_needs_country_or_region(void **state)
{
	static const struct example none[] = {
		{ NAMESPACE_PHONE, B("02 1234567"), NORMALIZE_E_INVALID, { 0 }, { 0 } },
		{ NAMESPACE_PHONE, B("39021234567"), NORMALIZE_E_INVALID, { 0 }, { 0 } },
		{ NAMESPACE_PHONE, B("0039021234567"), 0, B("+39021234567"), B("0039021234567") },
		{ NAMESPACE_PHONE, B("+39021234567"), 0, B("+39021234567"), { 0 } },
	};
	static const struct example british[] = {
		{ NAMESPACE_PHONE, B("020 7031 3000"), 0, B("+442070313000"), B("020 7031 3000") },
		{ NAMESPACE_PHONE, B("+39 02 1234567"), 0, B("+39021234567"), B("+39 02 1234567") },
	};
	static const struct example unknown[] = {
		{ NAMESPACE_PHONE, B("02 1234567"), NORMALIZE_E_INVALID, { 0 }, { 0 } },
	};
	(void)state;
	check(none, COUNT_OF(none), "");
	check(british, COUNT_OF(british), "GB");
	check(unknown, COUNT_OF(unknown), "QQ");
}

static void
test_N3_phone_library_tells_its_version(void **state)
{
	struct bytes version = phone_library_version();
	(void)state;

	assert_int_equal(phone_library_init(), 0);
	assert_true(version.size > 0);
	assert_true(text_is_ascii(version));
}

static void
test_N3_too_many_digits_are_refused(void **state)
{
	(void)state;
	for (size_t count = 16; count < 300; count++)
		assert_int_equal(
		    outcome_of(NAMESPACE_PHONE, text_of("+39", '1', count, "")), NORMALIZE_E_INVALID);
}

static void
test_N4_other_namespaces(void **state)
{
	static const struct example examples[] = {
		{ NAMESPACE_EXT_ID, B("C-1"), 0, B("C-1"), { 0 } },
		{ NAMESPACE_CHAT, B(" \tv-81\n"), 0, B("v-81"), { 0 } },
		{ NAMESPACE_FACEBOOK, B("e\u0301"), 0, B("\u00e9"), B("e\u0301") },
		{ NAMESPACE_INSTAGRAM, B("Mario Rossi"), 0, B("Mario Rossi"), { 0 } },
		{ NAMESPACE_PUSH, B("\u2003A\xcc\x8a\xc2\x85"), 0, B("\u00c5"), B("A\u030a") },
		{ NAMESPACE_PUSH, B("a\x01z"), 0, B("a\x01z"), { 0 } },
		{ NAMESPACE_CHAT, B(" \u00a0\t"), NORMALIZE_E_INVALID, { 0 }, { 0 } },
		{ NAMESPACE_CHAT, B(""), NORMALIZE_E_INVALID, { 0 }, { 0 } },
	};
	static const enum namespace_id others[] = { NAMESPACE_EXT_ID, NAMESPACE_CHAT, NAMESPACE_FACEBOOK,
		NAMESPACE_INSTAGRAM, NAMESPACE_PUSH };
	(void)state;

	check(examples, COUNT_OF(examples), "");
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(outcome_of(others[i], text_of("", 'a', 256, "")), 0);
		assert_int_equal(outcome_of(others[i], text_of("", 'a', 257, "")), NORMALIZE_E_INVALID);
		assert_int_equal(outcome_of(others[i], text_of("e\u0301", 'a', 254, "")), 0);
		assert_int_equal(
		    outcome_of(others[i], text_of("e\u0301", 'a', 255, "")), NORMALIZE_E_INVALID);
		assert_true(identifier_looks_normal(others[i], text_of("", 'a', 256, ""), &NOTHING_SET));
		assert_false(identifier_looks_normal(others[i], text_of("", 'a', 257, ""), &NOTHING_SET));
	}
}

static const struct bytes blocked[] = { B("null"), B("NULL"), B("Undefined"), B("none"), B("nil"), B("NaN"),
	B("N/A"), B("Anonymous"), B("guest"), B("UNKNOWN"), B("true"), B("False"), B("0"), B("-1"),
	B("[object Object]"), B("{}"), B("[]"), B("\"\""), B("''"), B("'"), B("``"), B("\" \""),
	B("\u201c\u201d"), B("\u00ab \u00bb"), B("\u2019"), B("\u00b4"),
	B("00000000-0000-0000-0000-000000000000"), B("{00000000-0000-0000-0000-000000000000}"),
	B("00000000000000000000000000000000"), B("{00000000000000000000000000000000}"), B(" null\n") };

/* Near misses. */
static const struct bytes allowed[] = { B("nul"), B("null0"), B("00"), B("1"), B("-10"), B("n/aa"), B("{"),
	B("[ ]"), B("'a'"), B("true1"), B("00000000-0000-0000-0000-000000000001"),
	B("0000000000000000000000000000000"), B("000000000000000000000000000000000"), B("{0}"), B("-") };

static void
test_N5_blocked_in_every_namespace(void **state)
{
	(void)state;
	for (unsigned i = NAMESPACE_EXT_ID; i < NAMESPACE_COUNT; i++) {
		enum namespace_id id = (enum namespace_id)i;
		bool formless = id != NAMESPACE_EMAIL && !(id >= NAMESPACE_PHONE && id <= NAMESPACE_LANDLINE);

		for (size_t j = 0; j < COUNT_OF(blocked); j++) {
			assert_int_equal(
			    outcome_of(id, blocked[j]), formless ? NORMALIZE_E_BLOCKED : NORMALIZE_E_INVALID);
			assert_false(identifier_looks_normal(id, blocked[j], &NOTHING_SET));
		}
		for (size_t j = 0; formless && j < COUNT_OF(allowed); j++) {
			assert_int_equal(outcome_of(id, allowed[j]), 0);
			assert_true(identifier_looks_normal(id, allowed[j], &NOTHING_SET));
		}
	}
}

static void
test_N5_long_runs_of_quotes_are_blocked(void **state)
{
	(void)state;
	assert_int_equal(outcome_of(NAMESPACE_CHAT, text_of("'", ' ', 254, "'")), NORMALIZE_E_BLOCKED);
	assert_int_equal(outcome_of(NAMESPACE_CHAT, text_of("'", ' ', 255, "'")), NORMALIZE_E_INVALID);
}

static int
string_outcome(struct value *value, struct bytes name, struct bytes string)
{
	struct value raw = { .type = VALUE_STRING, .string = string };

	return normalize_attribute(value, &arena, name, &raw, &NOTHING_SET);
}

static void
test_N5_blocked_personal_attribute_is_ignored(void **state)
{
	struct value value;
	(void)state;

	for (size_t i = 0; i < COUNT_OF(blocked); i++) {
		assert_int_equal(
		    string_outcome(&value, BYTES("FIRST_NAME"), blocked[i]), NORMALIZE_E_IGNORED);
		assert_int_equal(string_outcome(&value, BYTES("LAST_NAME"), blocked[i]), NORMALIZE_E_IGNORED);
		assert_int_equal(string_outcome(&value, BYTES("CITY"), blocked[i]), 0);
	}
	for (size_t i = 0; i < COUNT_OF(allowed); i++)
		assert_int_equal(string_outcome(&value, BYTES("FIRST_NAME"), allowed[i]), 0);
}

static void
test_N7_attribute_strings(void **state)
{
	struct value value;
	(void)state;

	assert_int_equal(string_outcome(&value, BYTES("CITY"), BYTES(" \u00a0E\u0301ze \n")), 0);
	assert_int_equal(value.type, VALUE_STRING);
	assert_bytes(value.string, BYTES("\u00c9ze"));
	assert_int_equal(string_outcome(&value, BYTES("CITY"), text_of("", 'a', 1024, "")), 0);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), text_of("", ' ', 4096, "a")), 0);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), text_of("e\u0301", 'a', 1022, "")), 0);
	value.type = VALUE_NONE;
	assert_int_equal(
	    string_outcome(&value, BYTES("CITY"), text_of("", 'a', 1025, "")), NORMALIZE_E_INVALID);
	assert_int_equal(
	    string_outcome(&value, BYTES("CITY"), text_of("e\u0301", 'a', 1023, "")), NORMALIZE_E_INVALID);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), BYTES("a\0b")), NORMALIZE_E_INVALID);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), BYTES("\xff")), NORMALIZE_E_INVALID);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), BYTES("")), NORMALIZE_E_IGNORED);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), bytes_of(NULL, 0)), NORMALIZE_E_IGNORED);
	assert_int_equal(string_outcome(&value, BYTES("CITY"), BYTES(" \u3000")), NORMALIZE_E_IGNORED);
	assert_int_equal(value.type, VALUE_NONE);
}

static int
attribute_outcome(struct value *value, struct bytes name, struct value raw)
{
	return normalize_attribute(value, &arena, name, &raw, &NOTHING_SET);
}

static void
test_attribute_values(void **state)
{
	struct value value = { .type = VALUE_NONE };
	static const double wrong[] = { NAN, INFINITY, -INFINITY };
	const struct value yes = { .type = VALUE_BOOL, .boolean = true };
	const struct value time = { .type = VALUE_TIME };
	const int64_t first_us = -62135596800000000;
	const int64_t last_us = 253402300799999999;
	struct value moment = time;
	(void)state;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct value number = { .type = VALUE_NUMBER, .number = wrong[i] };

		assert_int_equal(attribute_outcome(&value, BYTES("X"), number), NORMALIZE_E_INVALID);
	}
	assert_int_equal(
	    attribute_outcome(&value, BYTES("X"), (struct value){ .type = VALUE_NONE }), NORMALIZE_E_INVALID);
	assert_int_equal(attribute_outcome(&value, BYTES("FIRST_NAME"), yes), NORMALIZE_E_INVALID);
	assert_int_equal(attribute_outcome(&value, BYTES("LAST_NAME"), time), NORMALIZE_E_INVALID);
	assert_int_equal(value.type, VALUE_NONE);

	assert_int_equal(
	    attribute_outcome(&value, BYTES("X"), (struct value){ .type = VALUE_NUMBER, .number = -0.0 }), 0);
	assert_false(signbit(value.number));
	assert_int_equal(attribute_outcome(&value, BYTES("X"), yes), 0);
	assert_true(value.type == VALUE_BOOL && value.boolean);
	moment.time_us = first_us;
	assert_int_equal(attribute_outcome(&value, BYTES("X"), moment), 0);
	assert_true(value.time_us == first_us);
	moment.time_us = last_us;
	assert_int_equal(attribute_outcome(&value, BYTES("X"), moment), 0);
	moment.time_us = first_us - 1;
	assert_int_equal(attribute_outcome(&value, BYTES("X"), moment), NORMALIZE_E_INVALID);
	moment.time_us = last_us + 1;
	assert_int_equal(attribute_outcome(&value, BYTES("X"), moment), NORMALIZE_E_INVALID);
}

static void
test_names_of_accounts_and_attributes(void **state)
{
	static const struct bytes accounts[] = { B("a"), B("0"), B("acme-2_x.y") };
	static const struct bytes wrong_accounts[] = { B(""), B("-a"), B("_a"), B(".a"), B("A"), B("a b"),
		B("a\0"), B("\u00e9"), B("a/b"), B("a ") };
	static const struct bytes names[] = { B("A"), B("FIRST_NAME"), B("A0_") };
	static const struct bytes wrong_names[] = { B(""), B("0A"), B("_A"), B("a"), B("A-B"), B("A\0"),
		B("\u00c9"), B("A ") };
	(void)state;

	for (size_t i = 0; i < COUNT_OF(accounts); i++)
		assert_true(account_is_valid(accounts[i]));
	for (size_t i = 0; i < COUNT_OF(wrong_accounts); i++)
		assert_false(account_is_valid(wrong_accounts[i]));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(attribute_name_is_valid(names[i]));
	for (size_t i = 0; i < COUNT_OF(wrong_names); i++) {
		struct value value;

		assert_false(attribute_name_is_valid(wrong_names[i]));
		assert_int_equal(string_outcome(&value, wrong_names[i], BYTES("x")), NORMALIZE_E_INVALID);
	}
	assert_true(account_is_valid(text_of("", 'a', 64, "")));
	assert_false(account_is_valid(text_of("", 'a', 65, "")));
	assert_true(attribute_name_is_valid(text_of("", 'A', 64, "")));
	assert_false(attribute_name_is_valid(text_of("", 'A', 65, "")));
}

static void
test_R18_values_and_claims_are_ordered(void **state)
{
	static const struct value ascending[] = {
		{ .type = VALUE_BOOL, .boolean = false },
		{ .type = VALUE_BOOL, .boolean = true },
		{ .type = VALUE_NUMBER, .number = -1.5 },
		{ .type = VALUE_NUMBER, .number = 2 },
		{ .type = VALUE_STRING, .string = B("") },
		{ .type = VALUE_STRING, .string = B("a") },
		{ .type = VALUE_STRING, .string = B("ab") },
		{ .type = VALUE_STRING, .string = B("b") },
		{ .type = VALUE_STRING, .string = B("\u00e9") },
		{ .type = VALUE_TIME, .time_us = -1 },
		{ .type = VALUE_TIME, .time_us = 1 },
	};
	static const struct claim claims[] = {
		{ .observed_at_us = 1, .source = SOURCE_CONTACTS },
		{ .observed_at_us = 2, .source = SOURCE_PUSH },
		{ .observed_at_us = 2, .source = SOURCE_CONVERSATIONS },
		{ .observed_at_us = 2, .source = SOURCE_CONTACTS },
	};
	(void)state;

	for (size_t i = 0; i < COUNT_OF(ascending); i++) {
		for (size_t j = 0; j < COUNT_OF(ascending); j++) {
			int order = value_compare(&ascending[i], &ascending[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	for (size_t i = 0; i < COUNT_OF(claims); i++) {
		for (size_t j = 0; j < COUNT_OF(claims); j++) {
			int order = claim_compare(&claims[i], &claims[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void
test_looks_normal_spares_the_tables(void **state)
{
	(void)state;
	assert_true(identifier_looks_normal(NAMESPACE_EMAIL, BYTES("rossi@example.it"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_EMAIL, BYTES("Rossi@example.it"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_EMAIL, BYTES("rossi@Example.it"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_EMAIL, BYTES(" rossi@example.it"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_EMAIL, BYTES("a@xn--bcher-kva.de"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_EMAIL, BYTES("rossi"), &NOTHING_SET));
	assert_true(identifier_looks_normal(NAMESPACE_PHONE, BYTES("+12345678"), &NOTHING_SET));
	assert_true(identifier_looks_normal(NAMESPACE_WHATSAPP, BYTES("+123456789012345"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_PHONE, BYTES("+1234567"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_PHONE, BYTES("+1234567890123456"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_LANDLINE, BYTES("12345678"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_PHONE, BYTES("+1234 5678"), &NOTHING_SET));
	assert_true(identifier_looks_normal(NAMESPACE_CHAT, BYTES("V-81"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_CHAT, BYTES("v "), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_CHAT, BYTES("\tv"), &NOTHING_SET));
	assert_false(identifier_looks_normal(NAMESPACE_CHAT, BYTES("\u00e9"), &NOTHING_SET));
}

/* An arena with too little room, from none at all up: outputs stay untouched. */
static void
test_memory_out_leaves_outputs_untouched(void **state)
{
	static const struct example examples[] = {
		{ NAMESPACE_EMAIL, B(" Rossi@Example.it"), 0, { 0 }, { 0 } },
		{ NAMESPACE_EMAIL, B("R\u00d6@b\u00fccher.de"), 0, { 0 }, { 0 } },
		{ NAMESPACE_PHONE, B("+39 02 1234567"), 0, { 0 }, { 0 } },
		{ NAMESPACE_CHAT, B("e\u0301"), 0, { 0 }, { 0 } },
	};
	const struct account_settings settings = { .default_region = { 0 } };
	(void)state;

	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		int result = -ENOMEM;

		for (size_t limit = 0; result != 0; limit += 16) {
			struct arena tiny;
			struct bytes value = BYTES("untouched");
			struct bytes given = BYTES("untouched");

			assert_true(limit < 1024);
			arena_init(&tiny, limit);
			result = normalize_identifier(
			    &value, &given, &tiny, examples[i].namespace_id, examples[i].raw, &settings);
			if (result != 0) {
				assert_int_equal(result, -ENOMEM);
				assert_bytes(value, BYTES("untouched"));
				assert_bytes(given, BYTES("untouched"));
			} else {
				assert_true(limit > 16);
				assert_bytes(given, text_trim(examples[i].raw));
			}
			arena_finish(&tiny);
		}
	}
}

static void
test_memory_out_leaves_attribute_untouched(void **state)
{
	struct value value = { .type = VALUE_BOOL };
	const struct value raw = { .type = VALUE_STRING, .string = BYTES("e\u0301") };
	struct arena none;
	(void)state;

	arena_init(&none, 0);
	assert_int_equal(normalize_attribute(&value, &none, BYTES("CITY"), &raw, &NOTHING_SET), -ENOMEM);
	assert_int_equal(value.type, VALUE_BOOL);
	arena_finish(&none);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_N1_text_is_utf8_without_nul),
		TEST(test_N1_every_namespace_refuses_nul_and_bad_utf8),
		TEST(test_N1_raw_values_are_limited_before_trimming),
		TEST(test_N2_email_forms),
		TEST(test_N2_email_domains),
		TEST(test_N2_email_limits),
		TEST(test_N3_phone_forms),
		TEST(test_N3_phone_needs_country_or_region),
		TEST(test_N3_phone_library_tells_its_version),
		TEST(test_N3_too_many_digits_are_refused),
		TEST(test_N4_other_namespaces),
		TEST(test_N5_blocked_in_every_namespace),
		TEST(test_N5_long_runs_of_quotes_are_blocked),
		TEST(test_N5_blocked_personal_attribute_is_ignored),
		TEST(test_N7_attribute_strings),
		TEST(test_attribute_values),
		TEST(test_names_of_accounts_and_attributes),
		TEST(test_R18_values_and_claims_are_ordered),
		TEST(test_looks_normal_spares_the_tables),
		TEST(test_memory_out_leaves_outputs_untouched),
		TEST(test_memory_out_leaves_attribute_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
