/* What an account has set, as the rules see it: whose settings hold, which values are
 * blocked, where a number is dialled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/decide.h"
#include "rules/normalize.h"
#include "rules/settings.h"

enum { ARENA_BYTES = 1024 * 1024, BLOCKED_MAX = 32 };

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

/* Settings that block values, made as those of a file are. */
static struct account_settings
blocking(struct bytes blocked[BLOCKED_MAX], const char *const *raw, size_t raw_count)
{
	struct account_settings settings = { .blocked = blocked };

	for (size_t i = 0; i < raw_count; i++) {
		size_t count;

		assert_true(settings.blocked_count + BLOCKED_FORMS <= BLOCKED_MAX);
		assert_int_equal(normalize_blocked(&blocked[settings.blocked_count], &count, &arena,
				     bytes_of_string(raw[i])),
		    0);
		assert_in_range(count, 1, BLOCKED_FORMS);
		settings.blocked_count += count;
	}
	qsort(blocked, settings.blocked_count, sizeof(*blocked), blocked_compare);
	return settings;
}

static int
identifier(const struct account_settings *settings, enum namespace_id namespace_id, const char *raw)
{
	struct bytes value;
	struct bytes given;

	return normalize_identifier(&value, &given, &arena, namespace_id, bytes_of_string(raw), settings);
}

static int
attribute(const struct account_settings *settings, const char *name, const char *raw)
{
	const struct value given = { .type = VALUE_STRING, .string = bytes_of_string(raw) };
	struct value value;

	return normalize_attribute(&value, &arena, bytes_of_string(name), &given, settings);
}

static void
test_N5_an_account_blocks_values_of_its_own(void **state)
{
	static const char *const raw[] = { "No-Reply@Example.it", "tester", "Stra\u00dfe",
		"0039 02 1234 5678", "\u00e9tranger" };
	struct bytes blocked[BLOCKED_MAX];
	struct account_settings settings = blocking(blocked, raw, COUNT_OF(raw));

	(void)state;
	assert_int_equal(identifier(&settings, NAMESPACE_EMAIL, "no-reply@EXAMPLE.it"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "NO-REPLY@example.it"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_EXT_ID, " TESTER\t"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_EXT_ID, "STRASSE"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "\u00c9TRANGER"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "E\u0301tranger"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_PHONE, "+390212345678"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_LANDLINE, "+39 02-12345678"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "null"), NORMALIZE_E_BLOCKED);
	assert_int_equal(identifier(&settings, NAMESPACE_EMAIL, "reply@example.it"), 0);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "tester2"), 0);
	assert_int_equal(identifier(&settings, NAMESPACE_CHAT, "etranger"), 0);
}

static void
test_N5_a_look_up_never_takes_a_blocked_value_as_it_is(void **state)
{
	static const char *const raw[] = { "rossi@example.it", "tester", "+390212345678" };
	static const enum namespace_id namespaces[] = { NAMESPACE_EMAIL, NAMESPACE_CHAT, NAMESPACE_WHATSAPP };
	struct bytes blocked[BLOCKED_MAX];
	struct account_settings settings = blocking(blocked, raw, COUNT_OF(raw));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(raw); i++) {
		struct bytes value = bytes_of_string(raw[i]);

		assert_true(identifier_looks_normal(namespaces[i], value, &settings_default()->defaults));
		assert_false(identifier_looks_normal(namespaces[i], value, &settings));
	}
}

static void
test_N5_blocked_names_are_ignored_and_other_attributes_are_not(void **state)
{
	static const char *const raw[] = { "Customer", "\u00e9tranger" };
	struct bytes blocked[BLOCKED_MAX];
	struct account_settings settings = blocking(blocked, raw, COUNT_OF(raw));

	(void)state;
	assert_int_equal(attribute(&settings, "FIRST_NAME", "CUSTOMER"), NORMALIZE_E_IGNORED);
	assert_int_equal(attribute(&settings, "LAST_NAME", "\u00c9tranger"), NORMALIZE_E_IGNORED);
	assert_int_equal(attribute(&settings, "LAST_NAME", "null"), NORMALIZE_E_IGNORED);
	assert_int_equal(attribute(&settings, "LAST_NAME", "Customers"), 0);
	assert_int_equal(attribute(&settings, "CITY", "Customer"), 0);
}

static void
test_N5_the_form_is_looked_at_before_what_is_blocked(void **state)
{
	static const char *const raw[] = { "tester" };
	struct bytes blocked[BLOCKED_MAX];
	struct account_settings settings = blocking(blocked, raw, COUNT_OF(raw));

	(void)state;
	assert_int_equal(identifier(&settings, NAMESPACE_EMAIL, "tester"), NORMALIZE_E_INVALID);
}

static void
test_N5_what_no_identifier_could_be_can_not_be_blocked(void **state)
{
	char longest[LIMIT_RAW_IDENTIFIER_BYTES + 1];
	struct bytes forms[BLOCKED_FORMS];
	size_t count = 0;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(normalize_blocked(forms, &count, &arena, BYTES("")), NORMALIZE_E_INVALID);
	assert_int_equal(normalize_blocked(forms, &count, &arena, BYTES(" \t")), NORMALIZE_E_INVALID);
	assert_int_equal(normalize_blocked(forms, &count, &arena, BYTES("\xff")), NORMALIZE_E_INVALID);
	assert_int_equal(normalize_blocked(forms, &count, &arena, BYTES("a\0b")), NORMALIZE_E_INVALID);
	assert_int_equal(normalize_blocked(forms, &count, &arena, bytes_of(longest, sizeof(longest))),
	    NORMALIZE_E_INVALID);
	assert_int_equal(count, 0);
	assert_int_equal(normalize_blocked(forms, &count, &arena, bytes_of(longest, sizeof(longest) - 1)), 0);
	assert_int_equal(count, 1);
}

static void
test_N3_a_number_is_dialled_where_the_account_is(void **state)
{
	static const struct {
		const char *region;
		const char *raw;
		const char *form; /* NULL: no number there */
	} cases[] = {
		{ "IT", "02 1234 5678", "+390212345678" }, /* a landline keeps its zero */
		{ "IT", "06 6982", "+39066982" },
		{ "IT", "347 123 4567", "+393471234567" }, /* a mobile has none */
		{ "DE", "030 901820", "+4930901820" },     /* elsewhere the zero is dialled, no more */
		{ "US", "(212) 555-2368", "+12125552368" },
		{ "IT", "+49 30 901820", "+4930901820" }, /* a country code says where by itself */
		{ "DE", "0039 02 1234 5678", "+390212345678" },
		{ "IT", "12", NULL },
		{ "", "02 1234 5678", NULL },
		{ "", "+39 02 1234 5678", "+390212345678" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct account_settings settings = {
			.default_region = bytes_of_string(cases[i].region),
		};
		struct bytes value = { .size = 0 };
		struct bytes given;
		int result = normalize_identifier(
		    &value, &given, &arena, NAMESPACE_PHONE, bytes_of_string(cases[i].raw), &settings);

		print_message("# %s in %s\n", cases[i].raw, cases[i].region);
		assert_int_equal(result, cases[i].form != NULL ? 0 : NORMALIZE_E_INVALID);
		if (result == 0)
			assert_true(bytes_equal(value, bytes_of_string(cases[i].form)));
	}
}

static void
test_each_account_finds_its_own(void **state)
{
	static const char *const names[] = { "a", "ab", "abc", "b", "shop", "shop.2", "z" };
	static const char *const others[] = { "", "A", "aa", "sho", "shop.", "shop.3", "zz" };
	struct account_override accounts[COUNT_OF(names)] = { 0 };
	struct settings settings = { .accounts = accounts };

	(void)state;
	for (size_t count = 0; count <= COUNT_OF(names); count++) {
		settings.account_count = count;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			accounts[i].account = bytes_of_string(names[i]);
			assert_ptr_equal(settings_of(&settings, bytes_of_string(names[i])),
			    i < count ? &accounts[i].settings : &settings.defaults);
		}
		for (size_t i = 0; i < COUNT_OF(others); i++)
			assert_ptr_equal(
			    settings_of(&settings, bytes_of_string(others[i])), &settings.defaults);
	}
}

static void
test_R22_what_holds_where_nothing_is_set(void **state)
{
	const struct account_settings *settings = settings_of(settings_default(), BYTES("shop"));

	(void)state;
	assert_int_equal(settings->default_verdicts[CONFLICT_VALUE], VERDICT_OFFER);
	assert_int_equal(settings->default_verdicts[CONFLICT_OWNER], VERDICT_KEEP);
	assert_int_equal(settings->default_verdicts[CONFLICT_IDENTITY], VERDICT_OFFER);
	assert_int_equal(settings->default_region.size, 0);
	assert_int_equal(settings->blocked_count, 0);
	assert_int_equal(settings->shared_limit, 5);
	assert_int_equal(settings->journal_retention_days, 0);
}

static int
defer(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	(void)source;
	(void)conflict;
	(void)verdict;
	*identity = context;
	return 1;
}

static void
count_settled(void *context, enum source source, enum fallback fallback)
{
	(void)context;
	(void)source;
	assert_int_equal(fallback, FALLBACK_DEFERRED);
}

static void
test_R22_the_account_says_what_stands_by_kind(void **state)
{
	const struct account_settings settings = {
		.default_verdicts = {
			[CONFLICT_VALUE] = VERDICT_KEEP,
			[CONFLICT_OWNER] = VERDICT_TAKE,
			[CONFLICT_IDENTITY] = VERDICT_SEPARATE,
		},
	};
	struct policy_identity identity = { .id = BYTES("silent") };
	const struct decider decider = { .context = &identity, .ask = defer, .settled = count_settled };
	const struct value value = { .type = VALUE_BOOL };
	const struct claim claim = { .source = SOURCE_PUSH };

	(void)state;
	for (enum conflict_kind kind = CONFLICT_VALUE; kind <= CONFLICT_IDENTITY; kind++) {
		const struct question question = { .kind = kind,
			.incoming = &value,
			.incoming_claim = &claim,
			.stored = &value,
			.stored_claim = &claim };
		struct conflict conflict;

		assert_int_equal(conflict_decide(&conflict, &arena, &question, &settings, &decider), 0);
		assert_int_equal(conflict.verdict, settings.default_verdicts[kind]);
		assert_int_equal(conflict.fallback, FALLBACK_DEFERRED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_N5_an_account_blocks_values_of_its_own),
		cmocka_unit_test(test_N5_a_look_up_never_takes_a_blocked_value_as_it_is),
		cmocka_unit_test(test_N5_blocked_names_are_ignored_and_other_attributes_are_not),
		cmocka_unit_test(test_N5_the_form_is_looked_at_before_what_is_blocked),
		cmocka_unit_test(test_N5_what_no_identifier_could_be_can_not_be_blocked),
		cmocka_unit_test(test_N3_a_number_is_dialled_where_the_account_is),
		cmocka_unit_test(test_each_account_finds_its_own),
		cmocka_unit_test(test_R22_what_holds_where_nothing_is_set),
		cmocka_unit_test(test_R22_the_account_says_what_stands_by_kind),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
