/* Shared identifiers (N6): what too many people are named together with says no longer who
 * somebody is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/act.h"
#include "tests/support/call.h"
#include "tests/support/store.h"

#define INBOX ID("email", "info@office.it")

/* Valid Italian mobile numbers. */
static char *
number(struct scene *s, int i)
{
	return scene_print(s, "+3933312345%02d", i);
}

/* The inbox comes with so many phones, from first on; times go up with them. */
static void
share_inbox(struct scene *s, int source, int first, int past)
{
	for (int i = first; i < past; i++)
		identify(s, source, AT(i), INBOX, ID("phone", number(s, i)));
}

/* Until the limit the inbox is whose it was; the first past it is somebody else. */
static void
test_N6_limit_and_one_past_it(struct scene *s)
{
	for (int i = 0; i < 5; i++) {
		assert_int_equal(identify(s, CONTACTS, AT(i), INBOX, ID("phone", number(s, i))), 1);
		expect_shared(s, "");
	}
	expect_contact(s, 1, scene_print(s, "email=info@office.it phone=%s", number(s, 4)));
	assert_int_equal(identify(s, CONTACTS, AT(5), INBOX, ID("phone", number(s, 5))), 2);
	expect_shared(s, "email=info@office.it");
	expect_outcome(s, CREATED);
	expect_conflicts(s, "");
	expect_contact(s, 1, scene_print(s, "email=info@office.it phone=%s", number(s, 4)));
	expect_contact(s, 2, scene_print(s, "phone=%s", number(s, 5)));
	expect_totals(s, "2 0 0");
	/* Those that came earlier are as shared, for it is one inbox. */
	assert_int_equal(
	    identify(s, CONTACTS, AT(9), INBOX, ID("phone", number(s, 4)), TEXT("CITY", "Roma")), 1);
	expect_shared(s, "email=info@office.it");
}

/* The same pairs again and again are no more of them. */
static void
test_N6_only_other_values_count(struct scene *s)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(identify(s, CONTACTS, AT(i), INBOX, ID("phone", number(s, i % 5))), 1);
	expect_shared(s, "");
	/* Nor are those of another namespace. */
	identify(s, CONTACTS, AT(30), INBOX, ID("whatsapp", number(s, 0)), ID("ext_id", "c-1"));
	expect_shared(s, "");
	expect_totals(s, "1 0 0");
}

static void
test_N6_conversations_bring_nothing_together(struct scene *s)
{
	share_inbox(s, CONVERSATIONS, 0, 8);
	expect_shared(s, "");
	assert_int_equal(s->answer->contact->id, 1);
	share_inbox(s, PUSH, 10, 15);
	expect_shared(s, "");
	share_inbox(s, PUSH, 15, 16);
	expect_shared(s, "email=info@office.it");
	/* Yet they are bound by what others have. */
	identify(s, CONVERSATIONS, AT(20), ID("chat", "v-1"), INBOX, ID("phone", number(s, 20)));
	expect_shared(s, "email=info@office.it");
	expect_conflicts(s, "");
	expect_contact(s, s->answer->contact->id,
	    scene_print(s, "phone=%s chat=v-1 @conversations-engaged", number(s, 20)));
}

/* A switchboard's phone comes with ext_ids, which are each somebody's own. */
static void
test_N6_ext_id_is_never_shared(struct scene *s)
{
	for (int i = 0; i < 9; i++) {
		uint64_t id = identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "c-%d", i)),
		    ID("phone", "+390612345678"));

		assert_int_equal(id, (uint64_t)i + 1);
		expect_shared(s, i < 5 ? "" : "phone=+390612345678");
	}
	for (int i = 0; i < 20; i++)
		identify(
		    s, CONTACTS, AT(20 + i), ID("ext_id", "c-0"), ID("email", scene_print(s, "e%d@x.it", i)));
	expect_shared(s, "");
	assert_int_equal(s->answer->contact->id, 1);
}

/* Named alone, it still finds its owner; what it would move stays. */
static void
test_N6_all_shared_find_and_move_nothing(struct scene *s)
{
	uint64_t stranger;
	uint64_t other;

	share_inbox(s, CONTACTS, 0, 6);
	assert_int_equal(identify(s, CONTACTS, AT(50), INBOX, TEXT("CITY", "Roma")), 1);
	expect_shared(s, "email=info@office.it");
	expect_contact(s, 1, scene_print(s, "email=info@office.it phone=%s CITY=Roma", number(s, 4)));
	/* A second one, of another owner. */
	for (int i = 0; i < 6; i++)
		identify(s, CONTACTS, AT(60 + i), ID("landline", "+390612345678"),
		    ID("whatsapp", number(s, 10 + i)));
	other = owner(s, "landline", "+390612345678");
	assert_int_not_equal(other, 1);
	assert_int_equal(identify(s, CONTACTS, AT(80), INBOX, ID("landline", "+390612345678")), 1);
	expect_shared(s, "email=info@office.it landline=+390612345678");
	expect_conflicts(s, "");
	assert_int_equal(owner(s, "landline", "+390612345678"), other);
	/* A stranger's browser is still whose the inbox is. */
	stranger = identify(s, PUSH, AT(81), ID("push", "d-1"));
	assert_int_equal(identify(s, PUSH, AT(82), ID("push", "d-1"), INBOX), 1);
	expect_absorbed(s, scene_print(s, "%d", (int)stranger));
}

/* One that nobody owns is given to who has none, and to nobody in another's place. */
static void
test_N6_shared_ones_that_nobody_owns(struct scene *s)
{
	for (int i = 0; i < 6; i++)
		identify(s, CONTACTS, AT(i), ID("email", "a@office.it"), ID("phone", number(s, i)));
	/* Somebody else's own e-mail takes the place of the shared one. */
	identify(s, CONTACTS, AT(10), ID("phone", number(s, 4)), ID("email", "b@office.it"));
	assert_int_equal(owner(s, "email", "a@office.it"), 0);
	assert_int_equal(identify(s, CONTACTS, AT(11), ID("email", "a@office.it")), 3);
	expect_shared(s, "email=a@office.it");
	expect_outcome(s, CREATED);
	expect_contact(s, 3, "email=a@office.it");
}

static void
test_N6_given_form_is_told(struct scene *s)
{
	share_inbox(s, CONTACTS, 0, 6);
	identify(s, CONTACTS, AT(9), ID("email", " Info@Office.it"), TEXT("CITY", "Roma"));
	assert_int_equal(s->answer->n_shared_identifiers, 1);
	assert_string_equal(s->answer->shared_identifiers[0]->value, "info@office.it");
	assert_string_equal(s->answer->shared_identifiers[0]->given, "Info@Office.it");
	assert_null(s->answer->shared_identifiers[0]->claim);
}

static void
test_N6_accounts_share_apart(struct scene *s)
{
	const char *account = scene_print(s, "%.50s-other", s->account);

	share_inbox(s, CONTACTS, 0, 6);
	identify(s, CONTACTS, AT(9), INBOX, ID("phone", number(s, 9)), ACCOUNT(account));
	expect_shared(s, "");
}

/* The number of the store's transaction that the event was answered from. */
static uint64_t
txn_of(struct scene *s, int at, int phone, bool validate_only)
{
	Anagraph__V1__IdentifyResponse *response = NULL;
	struct client_status status;
	size_t size;
	struct part only = { .kind = PART_END };
	uint8_t *bytes;
	Anagraph__V1__IdentifyRequest *request;

	if (validate_only)
		only = VALIDATE_ONLY;
	bytes = encode_event(&size, s, CONTACTS, AT(at), INBOX, ID("phone", number(s, phone)), only);
	request = anagraph__v1__identify_request__unpack(NULL, size, bytes);
	assert_non_null(request);
	assert_int_equal(client_identify(&response, &status, s->client, request), 0);
	anagraph__v1__identify_request__free_unpacked(request, NULL);
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	return status.txn;
}

/* A known contact's event that names nothing new together writes nothing at all. */
static void
test_N6_no_new_pair_writes_nothing(struct scene *s)
{
	uint64_t txn;

	scene_use(s, &(struct service_options){ 0 });
	/* A conversation knows of both, and of no pair. */
	identify(s, CONVERSATIONS, AT(9), INBOX, ID("phone", number(s, 0)));
	txn = txn_of(s, 1, 0, true);
	/* The pair is all that is new: it is written, and no more. */
	assert_int_equal(txn_of(s, 1, 0, false), txn + 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(txn_of(s, 1, 0, false), txn + 1);
	assert_int_equal(resolve_id(s, 1)->contact->version, 1);
	assert_int_equal(count(s)->revision, 1);
}

static void
test_N6_R28_asking_brings_nothing_together(struct scene *s)
{
	share_inbox(s, CONTACTS, 0, 5);
	s->repeats = false; /* the times that the service sets differ */
	for (int i = 5; i < 9; i++) {
		identify(s, CONTACTS, AT(i), INBOX, ID("phone", number(s, i)), VALIDATE_ONLY);
		expect_shared(s, "email=info@office.it");
		expect_outcome(s, CREATED);
	}
	identify(s, CONTACTS, AT(9), INBOX, ID("phone", number(s, 4)));
	expect_shared(s, "");
}

/* What is known of an identifier goes with it, to whoever owns it and when nobody does. */
static void
test_N6_company_stays_when_owners_change(struct scene *s)
{
	scene_use(s, &(struct service_options){ 0 });
	identify(s, CONTACTS, AT(1), ID("ext_id", "c-1"), INBOX);
	identify(s, CONTACTS, AT(2), ID("ext_id", "c-2"), INBOX);
	identify(s, CONTACTS, AT(3), ID("ext_id", "c-3"), INBOX);
	assert_int_equal(owner(s, "email", "info@office.it"), 3);
	/* It is released, and nobody's. */
	identify(s, CONTACTS, AT(4), ID("ext_id", "c-3"), ID("email", "c@office.it"));
	assert_int_equal(owner(s, "email", "info@office.it"), 0);
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
	scene_start(s);
	identify(s, CONTACTS, AT(5), ID("ext_id", "c-4"), INBOX);
	identify(s, CONTACTS, AT(6), ID("ext_id", "c-5"), INBOX);
	expect_shared(s, "");
	merge(s, 4, 5);
	identify(s, CONTACTS, AT(7), ID("ext_id", "c-6"), INBOX);
	expect_shared(s, "email=info@office.it");
	expect_contact(s, 6, "ext_id=c-6");
}

/* Two accounts with limits of their own beside one with the default. */
static void
test_N6_limit_is_the_accounts(struct scene *s)
{
	static const struct {
		const char *account;
		int limit;
	} accounts[] = { { "strict", 1 }, { "lenient", 12 }, { "like-others", 5 } };

	scene_use(s,
	    &(struct service_options){ .config = "accounts:\n"
						 "  strict:\n"
						 "    shared_limit: 1\n"
						 "  lenient:\n"
						 "    shared_limit: 12\n" });
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		snprintf(s->account, sizeof(s->account), "%s", accounts[i].account);
		share_inbox(s, CONTACTS, 0, accounts[i].limit);
		expect_shared(s, "");
		share_inbox(s, CONTACTS, accounts[i].limit, accounts[i].limit + 1);
		expect_shared(s, "email=info@office.it");
		expect_totals(s, "2 0 0");
	}
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_N6_limit_and_one_past_it),
		STOCK_TEST(test_N6_only_other_values_count),
		STOCK_TEST(test_N6_conversations_bring_nothing_together),
		STOCK_TEST(test_N6_ext_id_is_never_shared),
		STOCK_TEST(test_N6_all_shared_find_and_move_nothing),
		STOCK_TEST(test_N6_shared_ones_that_nobody_owns),
		STOCK_TEST(test_N6_given_form_is_told),
		STOCK_TEST(test_N6_accounts_share_apart),
		STOCK_TEST(test_N6_no_new_pair_writes_nothing),
		STOCK_TEST(test_N6_R28_asking_brings_nothing_together),
		STOCK_TEST(test_N6_company_stays_when_owners_change),
		STOCK_TEST(test_N6_limit_is_the_accounts),
	};

	return scene_main(tests);
}
