/* Whose event is this, and who becomes part of that contact: R8 to R11. */
#include "tests/support/build.h"

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"
#define PHONE_3 "+393331234503"
#define LANDLINE "+390212345678"

static void
test_R8_nobody_owns_anything(struct scene *s)
{
	assert_int_equal(identify(s, PUSH, AT(1), ID("push", "d-1"), ID("email", "rossi@example.it"),
			     ID("phone", PHONE_1), TEXT("CITY", "Roma")),
	    1);
	expect_outcome(s, CREATED);
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=rossi@example.it phone=" PHONE_1 " push=d-1 CITY=Roma");
	assert_int_equal(identify(s, PUSH, AT(1), ID("push", "d-2")), 2);
	assert_int_equal(identify(s, CONVERSATIONS, AT(1), ID("chat", "d-1")), 3);
}

static void
test_R8_namespaces_are_apart(struct scene *s)
{
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("chat", "same")), 1);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("facebook", "same")), 2);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("ext_id", "same")), 3);
	assert_int_equal(owner(s, "chat", "same"), 1);
	assert_int_equal(owner(s, "facebook", "same"), 2);
	assert_int_equal(owner(s, "ext_id", "same"), 3);
	assert_int_equal(owner(s, "instagram", "same"), 0);
}

/* Five contacts, one for each personal namespace, observed later than what follows. */
static void
make_one_of_each(struct scene *s)
{
	identify(s, CONTACTS, AT(100), ID("landline", LANDLINE));
	identify(s, CONTACTS, AT(100), ID("whatsapp", PHONE_2));
	identify(s, CONTACTS, AT(100), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(100), ID("email", "rossi@example.it"));
	identify(s, CONTACTS, AT(100), ID("ext_id", "x-1"));
}

static void
test_R9_first_namespace_with_an_owner_wins(struct scene *s)
{
	make_one_of_each(s);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE), ID("whatsapp", PHONE_2),
			     ID("phone", PHONE_1), ID("email", "rossi@example.it"), ID("ext_id", "x-1")),
	    5);
	expect_conflicts(s,
	    "OWNER email rossi@example.it of 4 KEEP, OWNER phone " PHONE_1
	    " of 3 KEEP, OWNER whatsapp " PHONE_2 " of 2 KEEP, OWNER landline " LANDLINE " of 1 KEEP");
	expect_outcome(s, UNCHANGED);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE), ID("whatsapp", PHONE_2),
			     ID("phone", PHONE_1), ID("email", "rossi@example.it")),
	    4);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE), ID("whatsapp", PHONE_2),
			     ID("phone", PHONE_1)),
	    3);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE), ID("whatsapp", PHONE_2)), 2);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE)), 1);
}

static void
test_R9_first_namespace_with_an_owner_not_the_first_given(struct scene *s)
{
	make_one_of_each(s);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("email", "new@example.it"), ID("whatsapp", PHONE_2),
			     ID("landline", LANDLINE)),
	    2);
	expect_contact(s, 2, "email=new@example.it whatsapp=" PHONE_2);
}

static void
test_R9_a_personal_owner_comes_before_a_device_owner(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("push", "d-1"), ID("email", "rossi@example.it"));
	identify(s, CONTACTS, AT(2), ID("landline", LANDLINE));
	assert_int_equal(identify(s, PUSH, AT(0), ID("push", "d-1"), ID("landline", LANDLINE)), 2);
	expect_conflicts(s, "OWNER push d-1 of 1 KEEP");
}

static void
test_R9_phone_is_looked_up_as_whatsapp(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("whatsapp", PHONE_1));
	assert_int_equal(identify(s, CONTACTS, AT(2), ID("phone", PHONE_1)), 1);
	expect_contact(s, 1, "phone=" PHONE_1 " whatsapp=" PHONE_1);
	expect_conflicts(s, "");
}

static void
test_R9_whatsapp_is_looked_up_as_phone(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", PHONE_1));
	assert_int_equal(identify(s, CONVERSATIONS, AT(2), ID("whatsapp", PHONE_1), ID("chat", "v-1")), 1);
	expect_contact(s, 1, "phone=" PHONE_1 " whatsapp=" PHONE_1 " chat=v-1 @conversations-engaged");
}

static void
test_R9_phone_is_crossed_before_whatsapp(struct scene *s)
{
	identify(s, CONTACTS, AT(5), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(5), ID("whatsapp", PHONE_2));
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("phone", PHONE_2), ID("whatsapp", PHONE_1)), 2);
	expect_conflicts(s, "VALUE whatsapp " PHONE_2 "<" PHONE_1 " KEEP");
	expect_contact(s, 2, "phone=" PHONE_2 " whatsapp=" PHONE_2);
	expect_contact(s, 1, "phone=" PHONE_1);
}

static void
test_R9_a_crossed_value_is_decided_like_any_unowned_one(struct scene *s)
{
	identify(s, CONTACTS, AT(5), ID("phone", PHONE_1), ID("whatsapp", PHONE_2));
	assert_int_equal(identify(s, CONTACTS, AT(4), ID("phone", PHONE_2)), 1);
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " KEEP");
	assert_int_equal(identify(s, CONTACTS, AT(6), ID("phone", PHONE_2)), 1);
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " TAKE");
	expect_contact(s, 1, "phone=" PHONE_2 " whatsapp=" PHONE_2);
	assert_int_equal(owner(s, "phone", PHONE_1), 0);
}

static void
test_R9_no_crossing_when_a_personal_identifier_has_an_owner(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(1), ID("landline", LANDLINE));
	assert_int_equal(identify(s, CONTACTS, AT(2), ID("whatsapp", PHONE_1), ID("landline", LANDLINE)), 2);
	expect_contact(s, 1, "phone=" PHONE_1);
	expect_contact(s, 2, "whatsapp=" PHONE_1 " landline=" LANDLINE);
	assert_int_equal(owner(s, "phone", PHONE_1), 1);
	assert_int_equal(owner(s, "whatsapp", PHONE_1), 2);
}

static void
test_R9_crossing_comes_before_a_device_owner(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(2), ID("push", "d-1"), ID("email", "rossi@example.it"));
	assert_int_equal(identify(s, PUSH, AT(1), ID("whatsapp", PHONE_1), ID("push", "d-1")), 1);
	expect_conflicts(s, "OWNER push d-1 of 2 KEEP");
	expect_contact(s, 1, "phone=" PHONE_1 " whatsapp=" PHONE_1);
}

static void
test_R9_landline_crosses_nothing(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", LANDLINE));
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("landline", LANDLINE)), 2);
	assert_int_equal(owner(s, "phone", LANDLINE), 1);
	assert_int_equal(owner(s, "landline", LANDLINE), 2);
}

static void
test_R10_an_identified_device_owner_comes_first(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(1), ID("chat", "v-3"), ID("email", "rossi@example.it"));
	assert_int_equal(
	    identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"), ID("chat", "v-3")), 3);
	expect_absorbed(s, "1 2");
	expect_outcome(s, IDENTIFIED);
	expect_contact(s, 3, "email=rossi@example.it chat=v-1 chat=v-2 chat=v-3 @conversations-engaged");
}

static void
test_R10_then_the_lowest_id(struct scene *s)
{
	identify(s, PUSH, AT(1), ID("push", "d-9"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	assert_int_equal(identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("push", "d-9")), 1);
	expect_absorbed(s, "2");
	expect_outcome(s, IDENTIFIED);
	expect_contact(s, 1, "chat=v-1 push=d-9");
	expect_totals(s, "0 1 0");
}

static void
test_R10_the_lowest_id_of_the_identified(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(1), ID("chat", "v-2"), ID("email", "rossi@example.it"));
	identify(s, CONTACTS, AT(1), ID("chat", "v-3"), ID("email", "bianchi@example.it"));
	assert_int_equal(
	    identify(s, CONVERSATIONS, AT(2), ID("chat", "v-3"), ID("chat", "v-2"), ID("chat", "v-1")), 2);
	expect_absorbed(s, "1");
	expect_conflicts(s, "");
	expect_contact(s, 3, "email=bianchi@example.it chat=v-3");
}

static void
test_R11_identifiers_move_and_the_id_forwards(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, PUSH, AT(2), ID("push", "d-1"), ID("push", "d-2"), ID("facebook", "f-1"));
	identify(s, PUSH, AT(3), ID("push", "d-1"), ID("email", "rossi@example.it"));
	expect_absorbed(s, "2");
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=rossi@example.it facebook=f-1 push=d-1 push=d-2");
	expect_contact(s, 2, "email=rossi@example.it facebook=f-1 push=d-1 push=d-2");
	assert_int_equal(owner(s, "facebook", "f-1"), 1);
	expect_claim(s, 1, "facebook", "PUSH@2");
	expect_claim(s, 1, "push", "PUSH@3");
}

static void
test_R11_several_are_absorbed_at_once(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-3"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"), ID("chat", "v-3"),
	    ID("email", "rossi@example.it"));
	expect_absorbed(s, "1 2 4");
	expect_totals(s, "1 0 0");
	expect_contact(s, 4, "email=rossi@example.it chat=v-1 chat=v-2 chat=v-3 @conversations-engaged");
}

static void
test_R11_a_free_attribute_moves_with_its_claim(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("CITY", "Roma"), IN("t-1"));
	identify(s, CONTACTS, AT(3), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Roma");
	expect_claim(s, 1, "CITY", "CONVERSATIONS@2");
	assert_string_equal(claim_of(s->answer->contact, "CITY")->conversation, "t-1");
}

static void
test_R11_an_equal_attribute_raises_the_claim(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("CITY", "Roma"), NUMBER("AGE", 40));
	identify(s, PUSH, AT(5), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, PUSH, AT(6), ID("push", "d-1"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "");
	expect_claim(s, 1, "CITY", "PUSH@5");
	identify(s, CONVERSATIONS, AT(7), ID("chat", "v-1"), NUMBER("AGE", 40));
	identify(s, CONTACTS, AT(8), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_claim(s, 1, "AGE", "CONTACTS@1");
}

/* The event comes from CONTACTS, the value from a conversation: chat_primary is asked. */
static void
test_R11_a_clash_is_decided_by_the_policy_of_its_own_source(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("CITY", "Milano"));
	identify(s, CONVERSATIONS, AT(5), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(9), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "VALUE CITY Milano<Roma OFFER");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "chat_primary");
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Milano ?CITY=Roma");
	expect_claim(s, 1, "?CITY", "CONVERSATIONS@5");
}

static void
test_R11_a_clash_is_decided_under_its_own_claim(struct scene *s)
{
	identify(s, CONTACTS, AT(3), ID("email", "rossi@example.it"), TEXT("CITY", "Milano"));
	identify(s, PUSH, AT(2), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, PUSH, AT(4), ID("push", "d-2"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(9), ID("push", "d-1"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "VALUE CITY Milano<Roma KEEP");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "push_latest");
	identify(s, CONVERSATIONS, AT(9), ID("push", "d-2"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "VALUE CITY Milano<Bari TAKE");
	expect_claim(s, 1, "CITY", "PUSH@4");
}

static void
test_R11_clashes_in_order_of_id_then_name(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), NUMBER("B", 1), NUMBER("A", 1));
	identify(s, PUSH, AT(2), ID("push", "d-9"), NUMBER("B", 2), NUMBER("A", 2));
	identify(s, PUSH, AT(3), ID("push", "d-1"), NUMBER("A", 3));
	identify(s, PUSH, AT(9), ID("push", "d-1"), ID("push", "d-9"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "VALUE A 1<2 TAKE, VALUE B 1<2 TAKE, VALUE A 2<3 TAKE");
	expect_contact(s, 1, "email=rossi@example.it push=d-1 push=d-9 A=3 B=2");
}

/* What was absorbed is in place before the event's own attributes are looked at. */
static void
test_R11_comes_before_the_events_attributes(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), ID("email", "rossi@example.it"),
	    TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari OFFER");
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Roma ?CITY=Bari @conversations-engaged");
}

static void
test_R11_secondaries_move_with_their_ids(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	expect_contact(s, 2, "chat=v-1 CITY=Roma ?CITY=Bari");
	assert_int_equal(s->answer->contact->secondaries[0]->id, 1);
	identify(s, CONTACTS, AT(4), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Roma ?CITY=Bari");
	assert_int_equal(s->answer->contact->secondaries[0]->id, 1);
}

static void
test_R11_a_secondary_equal_to_a_primary_closes(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	identify(s, CONTACTS, AT(4), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "VALUE CITY Bari<Roma OFFER");
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Bari ?CITY=Roma");
}

static void
test_R11_equal_secondaries_become_one(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("CITY", "Milano"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), TEXT("CITY", "Bari"));
	assert_int_equal(s->answer->contact->secondaries[0]->id, 1);
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), TEXT("CITY", "Milano"));
	identify(s, CONVERSATIONS, AT(4), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	assert_int_equal(s->answer->contact->secondaries[0]->id, 2);
	identify(s, CONTACTS, AT(5), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 CITY=Milano ?CITY=Bari");
	assert_int_equal(s->answer->contact->secondaries[0]->id, 1);
	expect_claim(s, 1, "?CITY", "CONVERSATIONS@4");
}

/* An identified contact left anonymous by a TAKE brings its lists along. */
static void
test_R11_lists_move(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), ID("chat", "v-1"));
	expect_contact(s, 2, "email=rossi@example.it chat=v-1 @conversations-engaged");
	identify(s, CONTACTS, AT(3), ID("ext_id", "x-1"), ID("email", "rossi@example.it"));
	expect_absorbed(s, "2");
	expect_outcome(s, UPDATED);
	expect_contact(s, 1, "ext_id=x-1 email=rossi@example.it chat=v-1 @conversations-engaged");
}

static void
test_R11_two_anonymous_contacts_become_one(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, PUSH, AT(2), ID("push", "d-1"), TEXT("CITY", "Bari"), TEXT("LANG", "it"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), ID("push", "d-1"));
	expect_absorbed(s, "2");
	expect_outcome(s, IDENTIFIED);
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
	expect_contact(s, 1, "chat=v-1 push=d-1 CITY=Bari LANG=it");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R8_nobody_owns_anything),
		STOCK_TEST(test_R8_namespaces_are_apart),
		STOCK_TEST(test_R9_first_namespace_with_an_owner_wins),
		STOCK_TEST(test_R9_first_namespace_with_an_owner_not_the_first_given),
		STOCK_TEST(test_R9_a_personal_owner_comes_before_a_device_owner),
		STOCK_TEST(test_R9_phone_is_looked_up_as_whatsapp),
		STOCK_TEST(test_R9_whatsapp_is_looked_up_as_phone),
		STOCK_TEST(test_R9_phone_is_crossed_before_whatsapp),
		STOCK_TEST(test_R9_a_crossed_value_is_decided_like_any_unowned_one),
		STOCK_TEST(test_R9_no_crossing_when_a_personal_identifier_has_an_owner),
		STOCK_TEST(test_R9_crossing_comes_before_a_device_owner),
		STOCK_TEST(test_R9_landline_crosses_nothing),
		STOCK_TEST(test_R10_an_identified_device_owner_comes_first),
		STOCK_TEST(test_R10_then_the_lowest_id),
		STOCK_TEST(test_R10_the_lowest_id_of_the_identified),
		STOCK_TEST(test_R11_identifiers_move_and_the_id_forwards),
		STOCK_TEST(test_R11_several_are_absorbed_at_once),
		STOCK_TEST(test_R11_a_free_attribute_moves_with_its_claim),
		STOCK_TEST(test_R11_an_equal_attribute_raises_the_claim),
		STOCK_TEST(test_R11_a_clash_is_decided_by_the_policy_of_its_own_source),
		STOCK_TEST(test_R11_a_clash_is_decided_under_its_own_claim),
		STOCK_TEST(test_R11_clashes_in_order_of_id_then_name),
		STOCK_TEST(test_R11_comes_before_the_events_attributes),
		STOCK_TEST(test_R11_secondaries_move_with_their_ids),
		STOCK_TEST(test_R11_a_secondary_equal_to_a_primary_closes),
		STOCK_TEST(test_R11_equal_secondaries_become_one),
		STOCK_TEST(test_R11_lists_move),
		STOCK_TEST(test_R11_two_anonymous_contacts_become_one),
	};

	return scene_main(tests);
}
