/* Rossi and Bianchi: a customer of the shop chats from an unknown browser, says who he
 * is by e-mail address and gives another name; the push service then tells a third.
 * The whole of what the service is for, in one morning. */
#include "tests/support/build.h"

#define ENGAGED " @conversations-engaged"

static void
customer_then_visitor_then_both(struct scene *s)
{
	assert_int_equal(identify(s, CONTACTS, AT(0), ID("email", "rossi@example.it"),
			     TEXT("FIRST_NAME", "Mario"), TEXT("LAST_NAME", "Rossi")),
	    1);
	expect_outcome(s, CREATED);
	assert_string_equal(s->answer->contact->display_name, "Mario Rossi");

	assert_int_equal(identify(s, CONVERSATIONS, AT(60), ID("chat", "v-81")), 2);
	expect_outcome(s, CREATED);
	assert_string_equal(s->answer->contact->display_name, "Anonymous contact #2");
	assert_int_equal(count(s)->contacts_page_total, 1);
	assert_int_equal(count(s)->home_page_total, 2);

	assert_int_equal(identify(s, CONVERSATIONS, AT(120), ID("chat", "v-81"),
			     ID("email", "Rossi@Example.it"), TEXT("LAST_NAME", "Bianchi"), IN("t-5")),
	    1);
	expect_outcome(s, IDENTIFIED);
	expect_absorbed(s, "2");
	expect_conflicts(s, "VALUE LAST_NAME Rossi<Bianchi OFFER");
}

static void
test_rossi_and_bianchi(struct scene *s)
{
	const Anagraph__V1__ResolveResponse *response;

	customer_then_visitor_then_both(s);
	expect_contact(s, 1,
	    "email=rossi@example.it chat=v-81 FIRST_NAME=Mario LAST_NAME=Rossi ?LAST_NAME=Bianchi" ENGAGED);
	assert_string_equal(s->answer->contact->secondaries[0]->claim->conversation, "t-5");
	assert_string_equal(s->answer->contact->display_name, "Mario Rossi");
	assert_int_equal(count(s)->contacts_page_total, 1);
	assert_int_equal(count(s)->home_page_total, 1);
	response = resolve_id(s, 2);
	assert_int_equal(response->contact->id, 1);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "2");
}

static void
test_rossi_and_a_push_observed_later(struct scene *s)
{
	customer_then_visitor_then_both(s);
	identify(
	    s, PUSH, AT(180), ID("push", "d-1"), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Verdi"));
	expect_outcome(s, UPDATED);
	expect_conflicts(s, "VALUE LAST_NAME Rossi<Verdi TAKE");
	expect_contact(s, 1,
	    "email=rossi@example.it chat=v-81 push=d-1 FIRST_NAME=Mario LAST_NAME=Verdi "
	    "?LAST_NAME=Bianchi" ENGAGED);
	assert_string_equal(s->answer->contact->display_name, "Mario Verdi");
}

static void
test_rossi_and_a_push_observed_earlier(struct scene *s)
{
	customer_then_visitor_then_both(s);
	identify(
	    s, PUSH, AT(-60), ID("push", "d-1"), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Verdi"));
	expect_conflicts(s, "VALUE LAST_NAME Rossi<Verdi KEEP");
	expect_contact(s, 1,
	    "email=rossi@example.it chat=v-81 push=d-1 FIRST_NAME=Mario LAST_NAME=Rossi "
	    "?LAST_NAME=Bianchi" ENGAGED);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_rossi_and_bianchi),
		STOCK_TEST(test_rossi_and_a_push_observed_later),
		STOCK_TEST(test_rossi_and_a_push_observed_earlier),
	};

	return scene_main(tests);
}
