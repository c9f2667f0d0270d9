/* The one form under which values are compared and stored, as callers see it: N1 to N5
 * and N7. Every form is asked for both ways: by an event and by a look-up. */
#include "tests/support/build.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/store.h"

/* What is given is stored as normal, and found as either. */
static void
expect_form(struct scene *s, const char *namespace_name, const char *given, const char *normal)
{
	uint64_t id = identify(s, CONTACTS, ID(namespace_name, given));

	assert_string_equal(s->answer->contact->identifiers[0]->value, normal);
	if (s->answer->outcome == CREATED && strcmp(given, normal) == 0)
		assert_string_equal(s->answer->contact->identifiers[0]->given, "");
	assert_int_equal(owner(s, namespace_name, given), id);
	assert_int_equal(owner(s, namespace_name, normal), id);
}

static void
expect_bad(struct scene *s, const char *namespace_name, const char *given)
{
	expect_invalid(s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, ID(namespace_name, given));
}

static char *
repeated(struct scene *s, char c, int times)
{
	char *text = scene_print(s, "%*s", times, "");

	memset(text, c, (size_t)times);
	return text;
}

static void
test_N1_every_alphabet_comes_back_as_it_went(struct scene *s)
{
	expect_form(s, "chat", "\xd8\xa7\xd9\x84\xd8\xb9-\xe6\xbc\xa2-\xf0\x9f\x98\x80",
	    "\xd8\xa7\xd9\x84\xd8\xb9-\xe6\xbc\xa2-\xf0\x9f\x98\x80");
	identify(s, CONTACTS, ID("chat", "v-1"),
	    TEXT("LAST_NAME", "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\xd0\xbe\xd0\xb2"));
	assert_string_equal(
	    s->answer->contact->display_name, "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\xd0\xbe\xd0\xb2");
}

static void
test_N2_email_folds_case_and_blanks(struct scene *s)
{
	expect_form(s, "email", "rossi@example.it", "rossi@example.it");
	expect_form(s, "email", "  Rossi@Example.IT\t", "rossi@example.it");
	assert_string_equal(s->answer->contact->display_name, "rossi@example.it");
	expect_form(s, "email", "\xc3\x89milie@example.it", "\xc3\xa9milie@example.it");
	expect_form(s, "email", "E\xcc\x81milie@example.it", "\xc3\xa9milie@example.it");
	expect_totals(s, "2 0 0");
}

static void
test_N2_email_keeps_dots_and_tags(struct scene *s)
{
	expect_form(s, "email", "m.rossi+shop@example.it", "m.rossi+shop@example.it");
	expect_form(s, "email", "mrossi@example.it", "mrossi@example.it");
	expect_totals(s, "2 0 0");
}

static void
test_N2_email_domain_becomes_a_labels(struct scene *s)
{
	expect_form(s, "email",
	    "info@B\xc3\xbc"
	    "cher.example",
	    "info@xn--bcher-kva.example");
	expect_form(s, "email", "info@XN--BCHER-KVA.example", "info@xn--bcher-kva.example");
	expect_form(s, "email", "info@fa\xc3\x9f.example", "info@xn--fa-hia.example");
	expect_totals(s, "2 0 0");
}

static void
test_N2_email_keeps_the_form_given_for_display(struct scene *s)
{
	identify(s, CONTACTS, ID("email", "  Mario.Rossi@Example.IT "));
	assert_string_equal(s->answer->contact->identifiers[0]->given, "Mario.Rossi@Example.IT");
	assert_string_equal(s->answer->contact->display_name, "Mario.Rossi@Example.IT");
}

static void
test_N2_quoted_local_parts(struct scene *s)
{
	expect_form(s, "email", "\"a b\"@example.it", "\"a b\"@example.it");
	expect_form(s, "email", "\"a@b\"@example.it", "\"a@b\"@example.it");
	expect_bad(s, "email", "a b@example.it");
}

static void
test_N2_what_is_no_email(struct scene *s)
{
	static const char *const bad[] = { "", "   ", "@", "rossi", "rossi@", "@example.it", "a@b@example.it",
		"rossi@example", "rossi@.it", "rossi@example..it", "rossi@-example.it", "rossi@example-.it",
		"rossi@exam_ple.it", "rossi@exa mple.it", "ro\tssi@example.it", "rossi@xn--a.example" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_bad(s, "email", bad[i]);
}

static void
test_N2_email_limits(struct scene *s)
{
	const char *label = repeated(s, 'd', 63);
	const char *domain = scene_print(s, "%s.%s.%s.%s", label, label, label, repeated(s, 'd', 61));

	expect_form(s, "email", scene_print(s, "%s@example.it", repeated(s, 'l', 64)),
	    scene_print(s, "%s@example.it", repeated(s, 'l', 64)));
	expect_bad(s, "email", scene_print(s, "%s@example.it", repeated(s, 'l', 65)));
	expect_form(s, "email", scene_print(s, "a@%s.it", label), scene_print(s, "a@%s.it", label));
	expect_bad(s, "email", scene_print(s, "a@%sd.it", label));
	assert_int_equal(strlen(domain), 253);
	expect_form(s, "email", scene_print(s, "%s@%s", repeated(s, 'l', 64), domain),
	    scene_print(s, "%s@%s", repeated(s, 'l', 64), domain));
	expect_bad(s, "email", scene_print(s, "a@%sd", domain));
}

static void
test_N3_numbers_become_e164(struct scene *s)
{
	expect_form(s, "phone", "+393331234501", "+393331234501");
	expect_form(s, "phone", "+39 333 123.45-01", "+393331234501");
	expect_form(s, "phone", "00393331234501", "+393331234501");
	expect_form(s, "phone", " +39 (333) 1234501 ", "+393331234501");
	expect_form(s, "whatsapp", "+1 201-555-0123", "+12015550123");
	/* It looks as if it were in that form already. */
	expect_form(s, "landline", "+4402079460000", "+442079460000");
	expect_form(s, "landline", "+442079460000", "+442079460000");
	expect_form(s, "landline", "+4402079460000", "+442079460000");
	expect_totals(s, "3 0 0");
}

static void
test_N3_italian_numbers_keep_their_zero(struct scene *s)
{
	expect_form(s, "landline", "+39 02 1234 5678", "+390212345678");
	expect_form(s, "landline", "0039 06 6982", "+39066982");
}

static void
test_N3_what_is_no_number(struct scene *s)
{
	static const char *const bad[] = { "", "  ", "3331234501", "333 1234501", "+39", "+39333",
		"+999123456789", "+1800FLOWERS", "+39 333 1234501 ext. 5", "+393331234501x5",
		"+39333123450112345", "rossi", "++393331234501" };
	static const char *const numbers[] = { "phone", "whatsapp", "landline" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_bad(s, numbers[i % 3], bad[i]);
}

/* What the store has was in normal form when it was stored, whatever a later library says. */
static void
test_N3_a_number_that_somebody_has_is_taken_as_it_stands(struct scene *s)
{
	enum { PAST_ALL_DOUBTS = 100 };

	identify(s, CONTACTS, ID("chat", "v-1")); /* the file's own daemon has a store, too */
	scene_use(s, NULL);
	expect_bad(s, "phone", "+999123456789");
	scene_stop(s);
	store_tell_number(service_data_dir(s->service), s->account, "+999123456789");
	scene_start(s);
	for (int i = 0; i < PAST_ALL_DOUBTS; i++)
		assert_int_equal(identify(s, CONTACTS, AT(1), ID("phone", "+999123456789")), 1);
	identify(s, CONTACTS, AT(2), ID("phone", "+999123456789"), ID("landline", "+4402079460000"));
	expect_contact(s, 1, "phone=+999123456789 landline=+442079460000");
	expect_invalid(s, "IDENTIFIER_INVALID", "identifiers[1].value", CONTACTS,
	    ID("phone", "+999123456789"), ID("whatsapp", "+999123456780"));
	expect_invalid(s, "ATTRIBUTE_INVALID", "attributes[0].name", CONTACTS, ID("phone", "+999123456789"),
	    TEXT("no name", "x"));
	expect_bad(s, "landline", "+999123456789");
	expect_bad(s, "phone", "+999 123456789");
}

static void
test_N4_other_namespaces_keep_case(struct scene *s)
{
	static const char *const others[] = { "ext_id", "chat", "facebook", "instagram", "push" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		expect_form(s, others[i], " AbC ", "AbC");
		assert_int_equal(owner(s, others[i], "abc"), 0);
	}
}

static void
test_N4_composed_and_decomposed_are_one(struct scene *s)
{
	expect_form(s, "chat", "e\xcc\x81", "\xc3\xa9");
	expect_form(s, "chat", "\xc3\xa9", "\xc3\xa9");
	expect_totals(s, "0 0 1");
}

static void
test_N4_limits(struct scene *s)
{
	static const char *const others[] = { "ext_id", "chat", "facebook", "instagram", "push" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		expect_form(s, others[i], "x", "x");
		expect_form(
		    s, others[i], scene_print(s, "  %s  ", repeated(s, 'v', 256)), repeated(s, 'v', 256));
		expect_bad(s, others[i], repeated(s, 'v', 257));
		expect_bad(s, others[i], "");
		expect_bad(s, others[i], "  ");
	}
}

static void
test_N4_raw_limit(struct scene *s)
{
	const char *blanks = repeated(s, ' ', 1023);

	expect_form(s, "chat", scene_print(s, "%sx", blanks), "x");
	expect_bad(s, "chat", scene_print(s, "%sxy", blanks));
}

static void
test_N5_blocked_values(struct scene *s)
{
	static const char *const blocked[] = { "null", "undefined", "none", "nil", "nan", "n/a", "anonymous",
		"guest", "unknown", "true", "false", "0", "-1", "[object object]", "{}", "[]", "\"\"", "''",
		"00000000-0000-0000-0000-000000000000", "NULL", "  Undefined ", "[object Object]", "N/A",
		"NaN" };
	static const char *const others[] = { "ext_id", "chat", "facebook", "instagram", "push" };

	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
		expect_invalid(
		    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, ID(others[i % 5], blocked[i]));
	for (size_t i = 0; i < 5; i++)
		expect_invalid(
		    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, ID(others[i], "null"));
	expect_totals(s, "0 0 0");
}

static void
test_N5_form_errors_come_first(struct scene *s)
{
	expect_bad(s, "email", "null");
	expect_bad(s, "phone", "0");
	expect_bad(s, "phone", "-1");
	expect_bad(s, "chat", "   ");
}

static void
test_N5_what_only_contains_a_blocked_word_passes(struct scene *s)
{
	expect_form(s, "chat", "null-1", "null-1");
	expect_form(s, "chat", "00", "00");
	expect_form(
	    s, "chat", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001");
	expect_form(s, "email", "guest@example.it", "guest@example.it");
}

static void
test_N5_a_personal_attribute_is_ignored(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), TEXT("FIRST_NAME", "Guest"),
	    TEXT("LAST_NAME", " NULL "), TEXT("CITY", "unknown"));
	expect_contact(s, 1, "chat=v-1 CITY=unknown");
	expect_totals(s, "0 0 1");
	identify(s, CONTACTS, AT(2), ID("chat", "v-1"), TEXT("FIRST_NAME", "Mario"));
	identify(s, CONTACTS, AT(3), ID("chat", "v-1"), TEXT("FIRST_NAME", "anonymous"));
	expect_conflicts(s, "");
	expect_contact(s, 1, "chat=v-1 CITY=unknown FIRST_NAME=Mario");
}

static void
test_N7_strings_are_trimmed_and_composed(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), TEXT("CITY", " \t Forli\xcc\x80 \n"));
	expect_contact(s, 1, "chat=v-1 CITY=Forl\xc3\xac");
}

static void
test_N7_an_empty_string_clears_nothing(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(2), ID("chat", "v-1"), TEXT("CITY", ""), TEXT("OTHER", "   "));
	expect_outcome(s, UNCHANGED);
	expect_conflicts(s, "");
	expect_contact(s, 1, "chat=v-1 CITY=Roma");
	expect_claim(s, 1, "CITY", "CONTACTS@1");
}

static void
test_N7_limit(struct scene *s)
{
	const char *longest = repeated(s, 'c', 1024);

	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), TEXT("CITY", scene_print(s, " %s ", longest)));
	expect_contact(s, 1, scene_print(s, "chat=v-1 CITY=%s", longest));
	expect_invalid(s, "ATTRIBUTE_INVALID", "attributes[0].value", CONTACTS, ID("chat", "v-1"),
	    TEXT("CITY", scene_print(s, "%sc", longest)));
}

static void
test_N7_other_types_come_back_as_they_went(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), NUMBER("A", -1.5), NUMBER("B", 1e300),
	    BOOL("C", false), BOOL("D", true), TIME_NANOS("E", -62135596800, 0),
	    TIME_NANOS("F", 253402300799, 999999999));
	expect_contact(s, 1,
	    "chat=v-1 A=-1.5 B=1e+300 C=false D=true E=time:-62135596800.000000 "
	    "F=time:253402300799.999999");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_N1_every_alphabet_comes_back_as_it_went),
		STOCK_TEST(test_N2_email_folds_case_and_blanks),
		STOCK_TEST(test_N2_email_keeps_dots_and_tags),
		STOCK_TEST(test_N2_email_domain_becomes_a_labels),
		STOCK_TEST(test_N2_email_keeps_the_form_given_for_display),
		STOCK_TEST(test_N2_quoted_local_parts),
		STOCK_TEST(test_N2_what_is_no_email),
		STOCK_TEST(test_N2_email_limits),
		STOCK_TEST(test_N3_numbers_become_e164),
		STOCK_TEST(test_N3_italian_numbers_keep_their_zero),
		STOCK_TEST(test_N3_what_is_no_number),
		STOCK_TEST(test_N3_a_number_that_somebody_has_is_taken_as_it_stands),
		STOCK_TEST(test_N4_other_namespaces_keep_case),
		STOCK_TEST(test_N4_composed_and_decomposed_are_one),
		STOCK_TEST(test_N4_limits),
		STOCK_TEST(test_N4_raw_limit),
		STOCK_TEST(test_N5_blocked_values),
		STOCK_TEST(test_N5_form_errors_come_first),
		STOCK_TEST(test_N5_what_only_contains_a_blocked_word_passes),
		STOCK_TEST(test_N5_a_personal_attribute_is_ignored),
		STOCK_TEST(test_N7_strings_are_trimmed_and_composed),
		STOCK_TEST(test_N7_an_empty_string_clears_nothing),
		STOCK_TEST(test_N7_limit),
		STOCK_TEST(test_N7_other_types_come_back_as_they_went),
	};

	return scene_main(tests);
}
