/* Ids that lead on, and events that come twice: R25 and R27. That no event of any test
 * changes anything the second time is seen to by identify() itself (tests/support). */
#include "tests/support/build.h"

#include <string.h>

#include "tests/support/store.h"

static void
test_R25_an_absorbed_id_leads_to_its_survivor(struct scene *s)
{
	const Anagraph__V1__ResolveResponse *response;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), ID("chat", "v-1"));
	response = resolve_id(s, 2);
	assert_int_equal(response->contact->id, 1);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "2");
	response = resolve_id(s, 1);
	assert_int_equal(response->n_forwarded_ids, 0);
	response = resolve(s, "chat", "v-1");
	assert_int_equal(response->contact->id, 1);
	assert_int_equal(response->n_forwarded_ids, 0);
}

/* 4 becomes part of 3, 3 of 2, 2 of 1. */
static void
test_R25_a_chain_lists_all_that_were_passed(struct scene *s)
{
	const Anagraph__V1__ResolveResponse *response;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	for (int i = 2; i <= 4; i++)
		identify(s, CONVERSATIONS, AT(1), ID("chat", scene_print(s, "v-%d", i)));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-3"), ID("chat", "v-4"));
	expect_absorbed(s, "4");
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-2"), ID("chat", "v-4"));
	expect_absorbed(s, "3");
	identify(s, CONTACTS, AT(4), ID("email", "a@example.it"), ID("chat", "v-4"));
	expect_absorbed(s, "2");
	response = resolve_id(s, 4);
	assert_int_equal(response->contact->id, 1);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "4 3 2");
	response = resolve_id(s, 3);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "3 2");
	assert_string_equal(
	    contact_text(s, response->contact), "email=a@example.it chat=v-2 chat=v-3 chat=v-4");
}

static void
test_R25_ids_are_never_used_twice(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"));
	assert_int_equal(identify(s, CONVERSATIONS, AT(3), ID("chat", "v-3")), 3);
	expect_contact(s, 2, "chat=v-1 chat=v-2");
}

static void
test_R25_forwards_survive_a_restart(struct scene *s)
{
	const Anagraph__V1__ResolveResponse *response;

	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), ID("chat", "v-1"));
	scene_stop(s);
	scene_start(s);
	response = resolve_id(s, 2);
	assert_int_equal(response->contact->id, 1);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "2");
	assert_int_equal(identify(s, CONVERSATIONS, AT(4), ID("chat", "v-2")), 3);
}

static void
test_R27_a_repeated_event_writes_no_journal_entry(struct scene *s)
{
	scene_use(s, NULL);
	for (int i = 0; i < 5; i++)
		identify(
		    s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"));
	expect_outcome(s, UNCHANGED);
	identify(s, PUSH, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_claim(s, 1, "CITY", "PUSH@2");
	scene_stop(s);
	assert_int_equal(store_journal_size(service_data_dir(s->service), s->account), 1);
	store_expect_sound(service_data_dir(s->service));
}

static void
test_R27_a_conflict_without_a_change_is_journalled(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_outcome(s, UNCHANGED);
	assert_int_equal(s->answer->revision, 1);
	scene_stop(s);
	assert_int_equal(store_journal_size(service_data_dir(s->service), s->account), 2);
}

/* An event repeated after others of its contact may matter again: only what is not
 * newer must not. */
static void
test_R27_an_older_event_repeated_later_changes_no_primary(struct scene *s)
{
	identify(s, PUSH, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, PUSH, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_outcome(s, UNCHANGED);
	expect_contact(s, 1, "email=a@example.it CITY=Bari");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R25_an_absorbed_id_leads_to_its_survivor),
		STOCK_TEST(test_R25_a_chain_lists_all_that_were_passed),
		STOCK_TEST(test_R25_ids_are_never_used_twice),
		STOCK_TEST(test_R25_forwards_survive_a_restart),
		STOCK_TEST(test_R27_a_repeated_event_writes_no_journal_entry),
		STOCK_TEST(test_R27_a_conflict_without_a_change_is_journalled),
		STOCK_TEST(test_R27_an_older_event_repeated_later_changes_no_primary),
	};

	return scene_main(tests);
}
