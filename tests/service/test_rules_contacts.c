/* What a contact is: its class, the totals, its name, the ways to reach it, and the
 * list of those who took part in a conversation. R1 to R5 and R7. Classes, names and
 * reach are also computed anew for every answer of every test (tests/support/tell.c). */
#include "tests/support/build.h"

#include <stdio.h>
#include <string.h>

#define IS_IDENTIFIED ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_IDENTIFIED
#define IS_PUSH ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_PUSH
#define IS_CHAT ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_CHAT

#define expect_class(s, expected) assert_int_equal((s)->answer->contact->contact_class, expected)
#define expect_name(s, expected) assert_string_equal((s)->answer->contact->display_name, expected)

static void
test_R1_each_personal_identifier_identifies(struct scene *s)
{
	identify(s, PUSH, ID("ext_id", "x-1"));
	expect_class(s, IS_IDENTIFIED);
	identify(s, PUSH, ID("email", "rossi@example.it"));
	expect_class(s, IS_IDENTIFIED);
	identify(s, PUSH, ID("phone", "+393331234501"));
	expect_class(s, IS_IDENTIFIED);
	identify(s, PUSH, ID("whatsapp", "+393331234502"));
	expect_class(s, IS_IDENTIFIED);
	identify(s, PUSH, ID("landline", "+390212345678"));
	expect_class(s, IS_IDENTIFIED);
	expect_totals(s, "5 0 0");
}

static void
test_R1_either_name_identifies(struct scene *s)
{
	identify(s, CONVERSATIONS, ID("chat", "v-1"), TEXT("FIRST_NAME", "Mario"));
	expect_class(s, IS_IDENTIFIED);
	identify(s, CONVERSATIONS, ID("chat", "v-2"), TEXT("LAST_NAME", "Rossi"));
	expect_class(s, IS_IDENTIFIED);
}

static void
test_R1_nothing_else_identifies(struct scene *s)
{
	identify(s, CONTACTS, ID("chat", "v-1"), TEXT("CITY", "Roma"), TEXT("NAME", "Mario"));
	expect_class(s, IS_CHAT);
	identify(s, CONTACTS, ID("chat", "v-2"), TEXT("FIRST_NAME", "  "), TEXT("LAST_NAME", ""));
	expect_class(s, IS_CHAT);
	identify(
	    s, CONTACTS, ID("facebook", "f-1"), TEXT("FIRST_NAME", "Anonymous"), TEXT("LAST_NAME", "null"));
	expect_class(s, IS_CHAT);
	expect_contact(s, 3, "facebook=f-1");
	expect_totals(s, "0 0 3");
}

static void
test_R2_push_makes_an_anonymous_contact_a_push_one(struct scene *s)
{
	identify(s, PUSH, ID("push", "d-1"));
	expect_class(s, IS_PUSH);
	identify(s, CONVERSATIONS, ID("chat", "v-1"));
	expect_class(s, IS_CHAT);
	identify(s, CONVERSATIONS, ID("facebook", "f-1"));
	expect_class(s, IS_CHAT);
	identify(s, CONVERSATIONS, ID("instagram", "i-1"));
	expect_class(s, IS_CHAT);
	identify(s, PUSH, ID("chat", "v-2"), ID("push", "d-2"));
	expect_class(s, IS_PUSH);
	expect_totals(s, "0 2 3");
}

static void
test_R2_a_chat_contact_turns_push(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	expect_totals(s, "0 0 1");
	identify(s, PUSH, AT(2), ID("chat", "v-1"), ID("push", "d-1"));
	expect_class(s, IS_PUSH);
	expect_outcome(s, UPDATED);
	expect_totals(s, "0 1 0");
}

static void
test_R3_totals_of_an_account_nobody_wrote_to(struct scene *s)
{
	const Anagraph__V1__CountContactsResponse *totals = count(s);

	assert_int_equal(totals->home_page_total, 0);
	assert_int_equal(totals->revision, 0);
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
}

static void
test_R3_totals_follow_every_change(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	expect_totals(s, "1 0 0");
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"));
	expect_totals(s, "1 0 1");
	identify(s, PUSH, AT(3), ID("push", "d-1"));
	expect_totals(s, "1 1 1");
	identify(s, CONTACTS, AT(4), ID("email", "rossi@example.it"), TEXT("CITY", "Roma"));
	expect_totals(s, "1 1 1");
	identify(s, CONVERSATIONS, AT(5), ID("chat", "v-1"), TEXT("LAST_NAME", "Bianchi"));
	expect_totals(s, "2 1 0");
	identify(s, PUSH, AT(6), ID("push", "d-1"), ID("email", "rossi@example.it"));
	expect_totals(s, "2 0 0");
	assert_int_equal(count(s)->contacts_page_total, 2);
	assert_int_equal(count(s)->home_page_total, 2);
}

static void
test_R3_revision_counts_events_that_change_something(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	assert_int_equal(s->answer->revision, 1);
	assert_int_equal(s->answer->contact->version, 1);
	identify(s, CONTACTS, AT(2), ID("email", "rossi@example.it"), TEXT("CITY", "Roma"));
	assert_int_equal(s->answer->revision, 2);
	assert_int_equal(s->answer->contact->version, 2);
	identify(s, CONTACTS, AT(3), ID("email", "rossi@example.it"));
	assert_int_equal(s->answer->revision, 2);
	assert_int_equal(s->answer->contact->version, 2);
	identify(s, CONTACTS, AT(4), ID("email", "bianchi@example.it"));
	assert_int_equal(s->answer->revision, 3);
	assert_int_equal(s->answer->contact->version, 1);
	assert_int_equal(count(s)->revision, 3);
}

static void
test_R4_name_of_an_anonymous_contact(struct scene *s)
{
	identify(s, CONTACTS, ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, ID("chat", "v-1"));
	expect_name(s, "Anonymous contact #2");
	identify(s, PUSH, ID("push", "d-1"));
	expect_name(s, "Anonymous contact #3");
}

static void
test_R4_name_of_an_identified_contact(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"));
	expect_name(s, "x-1");
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-1"), ID("landline", "+390212345678"));
	expect_name(s, "+390212345678");
	identify(s, CONTACTS, AT(3), ID("ext_id", "x-1"), ID("whatsapp", "+39 333 123 4502"));
	expect_name(s, "+393331234502");
	identify(s, CONTACTS, AT(4), ID("ext_id", "x-1"), ID("phone", "+39 333 123 4501"));
	expect_name(s, "+393331234501");
	identify(s, CONTACTS, AT(5), ID("ext_id", "x-1"), ID("email", " Rossi@Example.IT "));
	expect_name(s, "Rossi@Example.IT");
	identify(s, CONTACTS, AT(6), ID("ext_id", "x-1"), TEXT("LAST_NAME", "Rossi"));
	expect_name(s, "Rossi");
	identify(s, CONTACTS, AT(7), ID("ext_id", "x-1"), TEXT("FIRST_NAME", "Mario"));
	expect_name(s, "Mario Rossi");
}

static void
test_R4_first_name_alone(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("FIRST_NAME", "Mario"));
	expect_name(s, "Mario");
}

static void
test_R5_one_reach_for_each_identifier(struct scene *s)
{
	static const int all[] = { ANAGRAPH__V1__REACH__REACH_EMAIL, ANAGRAPH__V1__REACH__REACH_SMS,
		ANAGRAPH__V1__REACH__REACH_WHATSAPP, ANAGRAPH__V1__REACH__REACH_PUSH };

	identify(s, CONTACTS, AT(1), ID("push", "d-1"), ID("whatsapp", "+393331234502"),
	    ID("phone", "+393331234501"), ID("email", "rossi@example.it"), ID("push", "d-2"));
	assert_int_equal(s->answer->contact->n_reach, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(s->answer->contact->reach[i], all[i]);
}

static void
test_R5_who_is_reached_by_nothing(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("landline", "+390212345678"), ID("chat", "v-1"),
	    ID("facebook", "f-1"), ID("instagram", "i-1"));
	assert_int_equal(s->answer->contact->n_reach, 0);
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	assert_int_equal(s->answer->contact->n_reach, 0);
	identify(s, PUSH, AT(1), ID("chat", "v-3"), ID("push", "d-1"));
	assert_int_equal(s->answer->contact->n_reach, 1);
	assert_int_equal(s->answer->contact->reach[0], ANAGRAPH__V1__REACH__REACH_PUSH);
}

static void
test_R7_conversation_that_creates_an_identified_contact(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it @conversations-engaged");
}

static void
test_R7_conversation_that_identifies(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	expect_contact(s, 1, "chat=v-1");
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("FIRST_NAME", "Mario"));
	expect_contact(s, 1, "chat=v-1 FIRST_NAME=Mario @conversations-engaged");
	expect_outcome(s, IDENTIFIED);
}

static void
test_R7_conversation_that_gives_a_device(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), ID("chat", "v-1"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 @conversations-engaged");
	expect_outcome(s, UPDATED);
}

/* 64 newer devices leave no room for that of the contact absorbed: it gives none. */
static void
test_R7_conversation_that_absorbs_without_giving_a_device(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "old"));
	for (int i = 0; i < 64; i++) {
		char device[8];

		snprintf(device, sizeof(device), "d-%d", i);
		identify(s, CONTACTS, AT(10), ID("email", "rossi@example.it"), ID("push", device));
	}
	assert_int_equal(s->answer->contact->n_identifiers, 65);
	assert_int_equal(s->answer->contact->n_lists, 0);
	identify(s, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), ID("chat", "old"));
	expect_absorbed(s, "1");
	expect_outcome(s, IDENTIFIED);
	assert_int_equal(s->answer->contact->n_identifiers, 65);
	assert_int_equal(owner(s, "chat", "old"), 0);
	assert_int_equal(s->answer->contact->n_lists, 1);
	assert_string_equal(s->answer->contact->lists[0], "conversations-engaged");
}

static void
test_R7_conversation_that_only_tells_something(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "rossi@example.it"), ID("chat", "v-1"),
	    TEXT("CITY", "Roma"), ID("phone", "+393331234501"));
	expect_contact(s, 1, "email=rossi@example.it phone=+393331234501 chat=v-1 CITY=Roma");
}

static void
test_R7_other_sources_engage_nobody(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(2), ID("chat", "v-1"), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1");
	identify(s, PUSH, AT(3), ID("push", "d-1"));
	identify(s, PUSH, AT(4), ID("push", "d-1"), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 push=d-1");
	identify(s, PUSH, AT(5), ID("phone", "+393331234501"));
	expect_contact(s, 3, "phone=+393331234501");
}

static void
test_R7_anonymous_contacts_are_on_no_list(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("facebook", "f-1"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(4), ID("chat", "v-1"), ID("chat", "v-2"));
	expect_absorbed(s, "2");
	expect_contact(s, 1, "chat=v-1 chat=v-2 facebook=f-1");
}

static void
test_R7_nothing_takes_a_contact_off(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("email", "rossi@example.it"), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(2), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, PUSH, AT(3), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Verdi"));
	identify(s, CONVERSATIONS, AT(4), ID("email", "rossi@example.it"));
	expect_contact(s, 1, "email=rossi@example.it chat=v-1 LAST_NAME=Verdi @conversations-engaged");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R1_each_personal_identifier_identifies),
		STOCK_TEST(test_R1_either_name_identifies),
		STOCK_TEST(test_R1_nothing_else_identifies),
		STOCK_TEST(test_R2_push_makes_an_anonymous_contact_a_push_one),
		STOCK_TEST(test_R2_a_chat_contact_turns_push),
		STOCK_TEST(test_R3_totals_of_an_account_nobody_wrote_to),
		STOCK_TEST(test_R3_totals_follow_every_change),
		STOCK_TEST(test_R3_revision_counts_events_that_change_something),
		STOCK_TEST(test_R4_name_of_an_anonymous_contact),
		STOCK_TEST(test_R4_name_of_an_identified_contact),
		STOCK_TEST(test_R4_first_name_alone),
		STOCK_TEST(test_R5_one_reach_for_each_identifier),
		STOCK_TEST(test_R5_who_is_reached_by_nothing),
		STOCK_TEST(test_R7_conversation_that_creates_an_identified_contact),
		STOCK_TEST(test_R7_conversation_that_identifies),
		STOCK_TEST(test_R7_conversation_that_gives_a_device),
		STOCK_TEST(test_R7_conversation_that_absorbs_without_giving_a_device),
		STOCK_TEST(test_R7_conversation_that_only_tells_something),
		STOCK_TEST(test_R7_other_sources_engage_nobody),
		STOCK_TEST(test_R7_anonymous_contacts_are_on_no_list),
		STOCK_TEST(test_R7_nothing_takes_a_contact_off),
	};

	return scene_main(tests);
}
