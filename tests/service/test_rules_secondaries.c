/* Values beside those that a contact holds, and how many of anything it may hold: R20,
 * R21, and the contact's limits at the number and one past it. */
#include "tests/support/build.h"

#include <stdio.h>
#include <string.h>

static void
test_R20_no_event_clears_a_secondary(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	expect_contact(s, 1, "email=a@example.it CITY=Pisa ?CITY=Bari");
	identify(s, PUSH, AT(4), ID("email", "a@example.it"), TEXT("CITY", "Pisa"), ID("push", "d-1"));
	expect_contact(s, 1, "email=a@example.it push=d-1 CITY=Pisa ?CITY=Bari");
	identify(s, CONVERSATIONS, AT(5), ID("chat", "v-1"), TEXT("CITY", "Pisa"));
	identify(s, CONTACTS, AT(6), ID("chat", "v-1"), ID("email", "a@example.it"));
	expect_absorbed(s, "2");
	expect_contact(s, 1, "email=a@example.it chat=v-1 push=d-1 CITY=Pisa ?CITY=Bari");
}

static void
test_R20_a_primary_set_equal_closes_it(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"), NUMBER("N", 1));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"), NUMBER("N", 2));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_contact(s, 1, "email=a@example.it CITY=Bari N=1 ?N=2");
}

static void
test_R20_a_personal_identifier_set_equal_closes_it(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", "+393331234501"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("phone", "+393331234502"));
	expect_contact(s, 1, "email=a@example.it phone=+393331234501 ?phone=+393331234502");
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), ID("phone", "+393331234502"));
	expect_contact(s, 1, "email=a@example.it phone=+393331234502");
}

static void
test_R20_an_owned_identifier_that_moves_closes_it(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("landline", "+390212345678"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "x-2"), ID("landline", "+390212345678"));
	expect_contact(s, 2, "ext_id=x-2 ?landline=+390212345678^1");
	identify(s, CONTACTS, AT(3), ID("ext_id", "x-2"), ID("landline", "+390212345678"));
	expect_contact(s, 2, "ext_id=x-2 landline=+390212345678");
}

static void
test_R20_a_device_that_moves_closes_it(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("push", "d-1"), IN("OFFER"));
	expect_contact(s, 2, "ext_id=x-2 ?push=d-1^1");
	identify(s, CONTACTS, AT(3), ID("ext_id", "x-2"), ID("push", "d-1"), IN("TAKE"));
	expect_contact(s, 2, "ext_id=x-2 push=d-1");
}

static void
test_R21_one_for_each_distinct_value(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Asti"));
	identify(s, CONVERSATIONS, AT(4), ID("email", "a@example.it"), NUMBER("CITY", 7));
	expect_contact(s, 1, "email=a@example.it CITY=Roma ?CITY=Bari ?CITY=Asti ?CITY=7");
}

static void
test_R21_the_same_value_again_raises_its_claim(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_outcome(s, UNCHANGED);
	expect_contact(s, 1, "email=a@example.it CITY=Roma ?CITY=Bari");
	expect_claim(s, 1, "?CITY", "CONVERSATIONS@5");
	assert_int_equal(s->answer->contact->version, 2);
	assert_int_equal(s->answer->revision, 2);
	identify(s, CONVERSATIONS, AT(4), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_claim(s, 1, "?CITY", "CONVERSATIONS@5");
}

static void
test_R21_ids_are_unique_in_the_account(struct scene *s)
{
	for (int i = 0; i < 3; i++) {
		const char *email = scene_print(s, "a%d@example.it", i);

		identify(s, CONTACTS, AT(1), ID("email", email), TEXT("CITY", "Roma"));
		identify(s, CONVERSATIONS, AT(2), ID("email", email), TEXT("CITY", "Bari"));
		assert_int_equal(s->answer->contact->secondaries[0]->id, i + 1);
	}
}

/* A contact with attributes A00, A01 … of CONTACTS at a time. */
static void
make_attributes(struct scene *s, int attribute_count, int at)
{
	for (int i = 0; i < attribute_count; i++)
		identify(s, CONTACTS, AT(at), ID("email", "a@example.it"),
		    TEXT(scene_print(s, "A%02d", i), "held"));
}

static void
offer_attribute(struct scene *s, int which, int at, const char *value)
{
	identify(s, CONVERSATIONS, AT(at), ID("email", "a@example.it"),
	    TEXT(scene_print(s, "A%02d", which), value));
}

static bool
is_offered(struct scene *s, const char *secondary)
{
	const char *text = scene_print(s, "%s ", contact_text(s, s->answer->contact));

	return strstr(text, scene_print(s, " ?%s ", secondary)) != NULL;
}

static void
test_R21_sixteen_fit_and_the_least_gives_way_to_the_seventeenth(struct scene *s)
{
	make_attributes(s, 17, 1);
	for (int i = 0; i < 16; i++)
		offer_attribute(s, i, 20 + i, "offered");
	assert_int_equal(s->answer->contact->n_secondaries, 16);
	assert_true(is_offered(s, "A00=offered"));
	offer_attribute(s, 16, 50, "offered");
	expect_outcome(s, UPDATED);
	assert_int_equal(s->answer->contact->n_secondaries, 16);
	assert_false(is_offered(s, "A00=offered"));
	assert_true(is_offered(s, "A01=offered"));
	assert_true(is_offered(s, "A16=offered"));
	assert_int_equal(s->answer->contact->secondaries[15]->id, 17);
}

static void
test_R21_an_incoming_one_that_would_be_least_gets_no_id(struct scene *s)
{
	make_attributes(s, 17, 1);
	for (int i = 0; i < 16; i++)
		offer_attribute(s, i, 20 + i, "offered");
	offer_attribute(s, 16, 19, "offered");
	expect_conflicts(s, "VALUE A16 held<offered OFFER");
	expect_outcome(s, UNCHANGED);
	assert_false(is_offered(s, "A16=offered"));
	assert_true(is_offered(s, "A00=offered"));
	offer_attribute(s, 16, 50, "offered");
	assert_int_equal(s->answer->contact->secondaries[15]->id, 17);
}

static void
test_R21_least_by_name_and_then_value(struct scene *s)
{
	make_attributes(s, 2, 1);
	for (int i = 0; i < 16; i++)
		offer_attribute(s, 1, 20, scene_print(s, "v%02d", i));
	offer_attribute(s, 1, 20, "u");
	expect_outcome(s, UNCHANGED);
	assert_false(is_offered(s, "A01=u"));
	offer_attribute(s, 0, 20, "z");
	assert_false(is_offered(s, "A00=z"));
	offer_attribute(s, 1, 20, "w");
	assert_false(is_offered(s, "A01=v00"));
	assert_true(is_offered(s, "A01=v01"));
	assert_true(is_offered(s, "A01=w"));
}

static void
test_R21_personal_identifiers_give_way_last(struct scene *s)
{
	make_attributes(s, 16, 1);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("landline", "+390212345678"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("landline", "+390212345679"));
	for (int i = 0; i < 15; i++)
		offer_attribute(s, i, 20 + i, "offered");
	offer_attribute(s, 15, 50, "offered");
	assert_true(is_offered(s, "landline=+390212345679"));
	assert_false(is_offered(s, "A00=offered"));
	assert_true(is_offered(s, "A15=offered"));
}

static void
test_R21_a_personal_identifier_takes_the_place_of_another_value(struct scene *s)
{
	make_attributes(s, 16, 1);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("landline", "+390212345678"));
	for (int i = 0; i < 16; i++)
		offer_attribute(s, i, 20 + i, "offered");
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("landline", "+390212345679"));
	assert_true(is_offered(s, "landline=+390212345679"));
	assert_false(is_offered(s, "A00=offered"));
}

/* Twenty are offered by one event: the names that come last stay, with ids in order. */
static void
test_R21_more_than_fit_in_one_event(struct scene *s)
{
	struct part parts[23] = { [0] = AT(1), [1] = ID("email", "a@example.it") };

	for (int i = 0; i < 20; i++)
		parts[i + 2] = TEXT(scene_print(s, "A%02d", i), "held");
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	parts[0] = AT(2);
	for (int i = 0; i < 20; i++)
		parts[i + 2].text = "offered";
	identify_parts(s, CONVERSATIONS, parts, __FILE__, __LINE__);
	assert_int_equal(s->answer->n_conflicts, 20);
	assert_int_equal(s->answer->contact->n_secondaries, 16);
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(s->answer->contact->secondaries[i]->id, i + 1);
		assert_string_equal(s->answer->contact->secondaries[i]->attribute->name, parts[i + 6].name);
	}
}

static void
test_R21_absorption_keeps_to_the_limit(struct scene *s)
{
	make_attributes(s, 10, 1);
	for (int i = 0; i < 10; i++)
		offer_attribute(s, i, 20 + i, "offered");
	for (int i = 0; i < 10; i++) {
		const char *name = scene_print(s, "B%02d", i);

		identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"), TEXT(name, "held"));
		identify(s, CONVERSATIONS, AT(40 + i), ID("chat", "v-1"), TEXT(name, "offered"));
	}
	identify(s, CONTACTS, AT(60), ID("chat", "v-1"), ID("email", "a@example.it"));
	expect_absorbed(s, "2");
	assert_int_equal(s->answer->contact->n_secondaries, 16);
	assert_false(is_offered(s, "A03=offered"));
	assert_true(is_offered(s, "A04=offered"));
	assert_true(is_offered(s, "B00=offered"));
}

/* Sends an event of up to 64 devices d00, d01 … with a_email. */
static void
give_devices(struct scene *s, int at, int first, int last)
{
	struct part parts[70] = { [0] = AT(at), [1] = ID("email", "a@example.it") };
	size_t part_count = 2;

	for (int i = first; i <= last; i++)
		parts[part_count++] = ID("push", scene_print(s, "d%02d", i));
	parts[part_count].kind = PART_END;
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
}

static void
test_limit_64_devices_fit_and_the_least_gives_way_to_the_65th(struct scene *s)
{
	give_devices(s, 10, 0, 0);
	give_devices(s, 11, 1, 63);
	assert_int_equal(s->answer->contact->n_identifiers, 65);
	give_devices(s, 12, 64, 64);
	expect_outcome(s, UPDATED);
	assert_int_equal(s->answer->contact->n_identifiers, 65);
	assert_int_equal(owner(s, "push", "d00"), 0);
	assert_int_equal(owner(s, "push", "d01"), 1);
	assert_int_equal(owner(s, "push", "d64"), 1);
	assert_int_equal(identify(s, PUSH, AT(13), ID("push", "d00")), 2);
}

static void
test_limit_an_incoming_device_that_is_least_is_released(struct scene *s)
{
	give_devices(s, 10, 0, 0);
	give_devices(s, 10, 1, 63);
	give_devices(s, 9, 64, 64);
	expect_outcome(s, UNCHANGED);
	assert_int_equal(owner(s, "push", "d64"), 0);
	assert_int_equal(owner(s, "push", "d00"), 1);
}

static void
test_limit_devices_of_one_claim_give_way_by_namespace_then_value(struct scene *s)
{
	give_devices(s, 10, 1, 63);
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("chat", "zzz"));
	give_devices(s, 10, 0, 0);
	assert_int_equal(owner(s, "chat", "zzz"), 0);
	assert_int_equal(owner(s, "push", "d00"), 1);
	give_devices(s, 10, 64, 64);
	assert_int_equal(owner(s, "push", "d00"), 0);
	assert_int_equal(owner(s, "push", "d64"), 1);
}

static void
test_limit_devices_are_counted_after_absorption(struct scene *s)
{
	give_devices(s, 10, 0, 0);
	give_devices(s, 10, 1, 63);
	identify(s, CONVERSATIONS, AT(9), ID("chat", "v-1"), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(11), ID("email", "a@example.it"), ID("chat", "v-1"));
	expect_absorbed(s, "2");
	assert_int_equal(owner(s, "chat", "v-1"), 1);
	assert_int_equal(owner(s, "chat", "v-2"), 0);
	assert_int_equal(owner(s, "push", "d00"), 0);
	assert_int_equal(owner(s, "push", "d01"), 1);
}

static void
test_limit_100_attributes_fit_and_the_least_gives_way_to_the_101st(struct scene *s)
{
	struct part parts[103] = { [0] = AT(10), [1] = ID("email", "a@example.it") };

	for (int i = 0; i < 100; i++)
		parts[i + 2] = NUMBER(scene_print(s, "A%02d", i), i);
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	assert_int_equal(s->answer->contact->n_attributes, 100);
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), TEXT("Z", "z"));
	expect_outcome(s, UNCHANGED);
	assert_null(claim_of(s->answer->contact, "Z"));
	identify(s, CONTACTS, AT(11), ID("email", "a@example.it"), TEXT("Z", "z"));
	expect_outcome(s, UPDATED);
	assert_int_equal(s->answer->contact->n_attributes, 100);
	assert_null(claim_of(s->answer->contact, "A00"));
	assert_non_null(claim_of(s->answer->contact, "A01"));
	assert_non_null(claim_of(s->answer->contact, "Z"));
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("Y", "y"));
	assert_null(claim_of(s->answer->contact, "Y"));
}

/* Both devices are the least of the 128; without either, the same event would find nobody
 * when it came again, which identify() tries (R27). */
static void
test_limit_R27_a_device_that_led_to_the_contact_does_not_give_way(struct scene *s)
{
	struct part mine[65] = { [0] = AT(20) };
	struct part others[65] = { [0] = AT(20) };

	for (int i = 0; i < 63; i++) {
		mine[i + 1] = ID("push", scene_print(s, "m%02d", i));
		others[i + 1] = ID("push", scene_print(s, "o%02d", i));
	}
	identify(s, PUSH, AT(1), ID("push", "x"), mine[1]);
	identify(s, PUSH, AT(1), ID("push", "y"), others[1]);
	identify_parts(s, PUSH, mine, __FILE__, __LINE__);
	identify_parts(s, PUSH, others, __FILE__, __LINE__);
	identify(s, PUSH, AT(2), ID("push", "x"), ID("push", "y"));
	expect_absorbed(s, "2");
	assert_int_equal(owner(s, "push", "x"), 1);
	assert_int_equal(owner(s, "push", "y"), 0);
	assert_int_equal(s->answer->contact->n_identifiers, 64);
}

/* A00 is the least, but the event disputes it: gone, it would be free when the event
 * came again, which identify() tries (R27). */
static void
test_limit_R27_an_attribute_in_dispute_does_not_give_way(struct scene *s)
{
	struct part parts[102] = { [0] = AT(20), [1] = ID("email", "a@example.it") };

	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("A00", "kept"));
	for (int i = 1; i < 100; i++)
		parts[i + 1] = NUMBER(scene_print(s, "A%02d", i), i);
	identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	identify(s, CONVERSATIONS, AT(30), ID("email", "a@example.it"), TEXT("A00", "said"), TEXT("Z", "z"));
	assert_int_equal(s->answer->contact->n_attributes, 100);
	assert_non_null(claim_of(s->answer->contact, "A00"));
	assert_null(claim_of(s->answer->contact, "A01"));
	assert_non_null(claim_of(s->answer->contact, "Z"));
	assert_int_equal(s->answer->contact->n_secondaries, 1);
}

/* Were it released, its name would be free, and the event sent again would take it. */
static void
test_limit_an_attribute_that_the_event_disputes_stays(struct scene *s)
{
	make_attributes(s, 100, 10);
	identify(s, CONVERSATIONS, AT(30), ID("email", "a@example.it"), TEXT("A00", "other"), TEXT("Z", "z"));
	expect_conflicts(s, "VALUE A00 held<other OFFER");
	assert_int_equal(s->answer->contact->n_attributes, 100);
	expect_claim(s, 1, "A00", "CONTACTS@10");
	expect_claim(s, 1, "Z", "CONVERSATIONS@30");
	assert_null(claim_of(s->answer->contact, "A01"));
}

/* The name is the least; gone, the visitor would be a stranger to the same event (R27). */
static void
test_limit_R27_names_give_way_last(struct scene *s)
{
	struct part parts[103] = { [0] = AT(10), [1] = ID("push", "d-1") };

	identify(s, PUSH, AT(1), ID("push", "d-1"), TEXT("LAST_NAME", "Rossi"));
	expect_totals(s, "1 0 0");
	for (int i = 0; i < 100; i++)
		parts[i + 2] = NUMBER(scene_print(s, "A%02d", i), i);
	identify_parts(s, PUSH, parts, __FILE__, __LINE__);
	assert_int_equal(s->answer->contact->n_attributes, 100);
	assert_non_null(claim_of(s->answer->contact, "LAST_NAME"));
	assert_null(claim_of(s->answer->contact, "A00"));
	expect_totals(s, "1 0 0");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R20_no_event_clears_a_secondary),
		STOCK_TEST(test_R20_a_primary_set_equal_closes_it),
		STOCK_TEST(test_R20_a_personal_identifier_set_equal_closes_it),
		STOCK_TEST(test_R20_an_owned_identifier_that_moves_closes_it),
		SCRIPTED_TEST(test_R20_a_device_that_moves_closes_it),
		STOCK_TEST(test_R21_one_for_each_distinct_value),
		STOCK_TEST(test_R21_the_same_value_again_raises_its_claim),
		STOCK_TEST(test_R21_ids_are_unique_in_the_account),
		STOCK_TEST(test_R21_sixteen_fit_and_the_least_gives_way_to_the_seventeenth),
		STOCK_TEST(test_R21_an_incoming_one_that_would_be_least_gets_no_id),
		STOCK_TEST(test_R21_least_by_name_and_then_value),
		STOCK_TEST(test_R21_personal_identifiers_give_way_last),
		STOCK_TEST(test_R21_a_personal_identifier_takes_the_place_of_another_value),
		STOCK_TEST(test_R21_more_than_fit_in_one_event),
		STOCK_TEST(test_R21_absorption_keeps_to_the_limit),
		STOCK_TEST(test_limit_64_devices_fit_and_the_least_gives_way_to_the_65th),
		STOCK_TEST(test_limit_an_incoming_device_that_is_least_is_released),
		STOCK_TEST(test_limit_devices_of_one_claim_give_way_by_namespace_then_value),
		STOCK_TEST(test_limit_devices_are_counted_after_absorption),
		STOCK_TEST(test_limit_100_attributes_fit_and_the_least_gives_way_to_the_101st),
		STOCK_TEST(test_limit_R27_a_device_that_led_to_the_contact_does_not_give_way),
		STOCK_TEST(test_limit_R27_an_attribute_in_dispute_does_not_give_way),
		STOCK_TEST(test_limit_an_attribute_that_the_event_disputes_stays),
		STOCK_TEST(test_limit_R27_names_give_way_last),
	};

	return scene_main(tests);
}
