/* What operators say of values offered beside those that a contact holds: R24. */
#include "tests/support/act.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "tests/support/store.h"

/* Contact 1 has Rossi, and Bianchi beside it, of conversation t-5. */
static void
offer_bianchi(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(
	    s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("LAST_NAME", "Bianchi"), IN("t-5"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi ?LAST_NAME=Bianchi");
}

static void
test_R24_promote_makes_it_the_primary(struct scene *s)
{
	const Anagraph__V1__Contact *contact;
	const Anagraph__V1__Claim *claim;

	offer_bianchi(s);
	contact = promote(s, 1, "LAST_NAME=Bianchi");
	assert_string_equal(contact_text(s, contact), "email=a@example.it LAST_NAME=Bianchi");
	assert_string_equal(contact->display_name, "Bianchi");
	assert_int_equal(contact->version, 3);
	assert_int_equal(count(s)->revision, 3);
	claim = claim_of(contact, "LAST_NAME");
	assert_int_equal(claim->source, CONTACTS);
	assert_string_equal(claim->conversation, "t-5");
	assert_int_equal(microseconds(claim->observed_at), microseconds(claim->recorded_at));
	assert_true(claim->observed_at->seconds >= time(NULL) - 60);
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Bianchi");
}

/* The operator's word is the newest; what is older stays out, what is newer does not. */
static void
test_R24_promoted_is_newer_than_what_was_observed_before(struct scene *s)
{
	const int64_t now = time(NULL) - EPOCH_SECONDS;

	offer_bianchi(s);
	promote(s, 1, "LAST_NAME=Bianchi");
	identify(s, PUSH, AT(100), ID("email", "a@example.it"), TEXT("LAST_NAME", "Verdi"));
	expect_conflicts(s, "VALUE LAST_NAME Bianchi<Verdi KEEP");
	s->repeats = false;
	identify(s, PUSH, AT(now + 60), ID("email", "a@example.it"), TEXT("LAST_NAME", "Verdi"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Verdi");
}

static void
test_R24_promoted_identifier_replaces_and_releases(struct scene *s)
{
	const Anagraph__V1__Contact *contact;

	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "x-1"), ID("email", "B@Example.it"));
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ?email=b@example.it");
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	contact = promote(s, 1, "email=b@example.it");
	assert_string_equal(contact_text(s, contact), "ext_id=x-1 email=b@example.it");
	assert_string_equal(contact->identifiers[1]->given, "B@Example.it");
	assert_int_equal(owner(s, "email", "b@example.it"), 1);
	assert_int_equal(owner(s, "email", "a@example.it"), 0);
	expect_totals(s, "1 0 0");
}

/* Nothing but the promoted secondary closes. */
static void
test_R24_the_others_stay_open(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	promote(s, 1, "CITY=Pisa");
	expect_contact(s, 1, "email=a@example.it CITY=Pisa ?CITY=Bari");
	promote(s, 1, "CITY=Bari");
	expect_contact(s, 1, "email=a@example.it CITY=Bari");
}

/* R13's OFFER puts beside the contact what it has none of: a promotion is then no
 * replacement. */
static void
test_R24_promote_into_a_free_place(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("email", "b@example.it"),
	    ID("phone", "+393331234501"), TEXT("CITY", "Bari"));
	expect_contact(
	    s, 1, "email=a@example.it chat=v-1 ?email=b@example.it ?phone=+393331234501 ?CITY=Bari");
	promote(s, 1, "phone=+393331234501");
	promote(s, 1, "CITY=Bari");
	expect_contact(s, 1, "email=a@example.it phone=+393331234501 chat=v-1 CITY=Bari ?email=b@example.it");
	assert_int_equal(owner(s, "phone", "+393331234501"), 1);
}

static void
test_R24_dismiss_closes_it(struct scene *s)
{
	const Anagraph__V1__Contact *contact;

	offer_bianchi(s);
	contact = dismiss(s, 1, "LAST_NAME=Bianchi");
	assert_string_equal(contact_text(s, contact), "email=a@example.it LAST_NAME=Rossi");
	assert_int_equal(contact->version, 3);
	assert_int_equal(count(s)->revision, 3);
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
}

static void
test_R24_dismissed_comes_back_only_by_what_is_observed_later(struct scene *s)
{
	const int64_t now = time(NULL) - EPOCH_SECONDS;

	offer_bianchi(s);
	dismiss(s, 1, "LAST_NAME=Bianchi");
	identify(s, CONVERSATIONS, AT(50), ID("email", "a@example.it"), TEXT("LAST_NAME", "Bianchi"));
	expect_conflicts(s, "VALUE LAST_NAME Rossi<Bianchi OFFER");
	expect_outcome(s, UNCHANGED);
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
	identify(s, CONVERSATIONS, AT(51), ID("email", "a@example.it"), TEXT("LAST_NAME", "Verdi"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi ?LAST_NAME=Verdi");
	s->repeats = false;
	identify(s, CONVERSATIONS, AT(now + 60), ID("email", "a@example.it"), TEXT("LAST_NAME", "Bianchi"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi ?LAST_NAME=Verdi ?LAST_NAME=Bianchi");
}

/* A dismissal is of one value of one type under one name. */
static void
test_R24_dismissed_is_that_value_alone(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("A", "x"), TEXT("B", "x"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("A", "1"));
	dismiss(s, 1, "A=1");
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), NUMBER("A", 1), TEXT("B", "1"));
	identify(s, CONVERSATIONS, AT(4), ID("email", "a@example.it"), BOOL("A", true));
	identify(s, CONVERSATIONS, AT(5), ID("email", "a@example.it"), TEXT("A", "1"));
	expect_contact(s, 1, "email=a@example.it A=x B=x ?A=1 ?B=1 ?A=true");
	dismiss_with(s, { .contact_id = 1, .secondary_id = 2 });
	identify(s, CONVERSATIONS, AT(6), ID("email", "a@example.it"), NUMBER("A", 1));
	expect_contact(s, 1, "email=a@example.it A=x B=x ?B=1 ?A=true");
}

static void
test_R24_dismissals_are_each_contacts_own(struct scene *s)
{
	offer_bianchi(s);
	dismiss(s, 1, "LAST_NAME=Bianchi");
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "b@example.it"), TEXT("LAST_NAME", "Bianchi"));
	expect_contact(s, 2, "email=b@example.it LAST_NAME=Rossi ?LAST_NAME=Bianchi");
}

static void
test_R24_dismissals_survive_a_restart(struct scene *s)
{
	scene_use(s, NULL);
	offer_bianchi(s);
	dismiss(s, 1, "LAST_NAME=Bianchi");
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
	scene_start(s);
	identify(s, CONVERSATIONS, AT(9), ID("email", "a@example.it"), TEXT("LAST_NAME", "Bianchi"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
}

/* An absorbed contact's dismissals come along. */
static void
test_R24_dismissals_move_with_an_absorption(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	dismiss(s, 1, "CITY=Bari");
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	identify(s, CONVERSATIONS, AT(4), ID("email", "a@example.it"), ID("chat", "v-1"));
	expect_absorbed(s, "1");
	expect_contact(s, 2, "email=a@example.it chat=v-1 CITY=Pisa ?CITY=Roma @conversations-engaged");
	identify(s, CONVERSATIONS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_contact(s, 2, "email=a@example.it chat=v-1 CITY=Pisa ?CITY=Roma @conversations-engaged");
}

/* A dismissed value that the account's own sources set is set: nothing is offered there. */
static void
test_R24_dismissed_may_still_be_taken(struct scene *s)
{
	offer_bianchi(s);
	dismiss(s, 1, "LAST_NAME=Bianchi");
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), TEXT("LAST_NAME", "Bianchi"));
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Bianchi");
}

static void
test_R24_limit_of_dismissals(struct scene *s)
{
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), NUMBER("N", -1));
	for (int i = 0; i <= LIMIT_CONTACT_DISMISSALS; i++) {
		identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), NUMBER("N", i));
		assert_int_equal(s->answer->contact->n_secondaries, 1);
		dismiss(s, 1, scene_print(s, "N=%d", i));
		if (i == LIMIT_CONTACT_DISMISSALS - 1) {
			identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), NUMBER("N", 0));
			expect_contact(s, 1, "email=a@example.it N=-1");
		}
	}
	/* One past the limit: the oldest is forgotten, the one after it is not. */
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), NUMBER("N", 1));
	expect_contact(s, 1, "email=a@example.it N=-1");
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), NUMBER("N", 0));
	expect_contact(s, 1, "email=a@example.it N=-1 ?N=0");
}

/* Contact 1 was offered b@example.it, which contact 2 owns. */
static void
offer_owned(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "x-1"), ID("email", "b@example.it"));
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ?email=b@example.it^2");
}

static void
expect_owned_by(struct scene *s, uint64_t contact_id, const char *offered, uint64_t owner_id)
{
	Anagraph__V1__PromoteSecondaryRequest request = ANAGRAPH__V1__PROMOTE_SECONDARY_REQUEST__INIT;
	Anagraph__V1__PromoteSecondaryResponse *response = NULL;
	struct client_status status = { 0 };
	char operator_name[] = "anna";

	request.account = s->account;
	request.contact_id = contact_id;
	request.secondary_id = secondary_id(s, contact_id, offered);
	request.contact_version = resolve_id(s, contact_id)->contact->version;
	request.operator_ = operator_name;
	assert_int_equal(client_promote_secondary(&response, &status, s->client, &request), CLIENT_E_STATUS);
	expect_status(&status, "FAILED_PRECONDITION", "IDENTIFIER_OWNED", "secondary_id", __FILE__, __LINE__);
	assert_int_equal(status.owner_contact_id, owner_id);
}

static void
test_R24_owned_by_another_is_refused(struct scene *s)
{
	uint64_t revision;

	offer_owned(s);
	revision = count(s)->revision;
	expect_owned_by(s, 1, "email=b@example.it^2", 2);
	assert_int_equal(count(s)->revision, revision);
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ?email=b@example.it^2");
	expect_contact(s, 2, "email=b@example.it");
	dismiss(s, 1, "email=b@example.it^2");
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it");
}

/* Nobody owned it when it was offered; a third contact does by now. */
static void
test_R24_owned_by_now(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "x-1"), ID("email", "b@example.it"));
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"), ID("ext_id", "x-2"));
	expect_owned_by(s, 1, "email=b@example.it", 2);
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ?email=b@example.it");
	expect_contact(s, 2, "ext_id=x-2 email=b@example.it");
}

/* A device, too. */
static void
test_R24_owned_device(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("push", "d-1"), IN("OFFER"));
	expect_contact(s, 2, "ext_id=x-2 ?push=d-1^1");
	expect_owned_by(s, 2, "push=d-1^1", 1);
	expect_contact(s, 2, "ext_id=x-2 ?push=d-1^1");
}

/* Once its owner has lost it, it can be promoted. */
static void
test_R24_no_longer_owned(struct scene *s)
{
	offer_owned(s);
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(9), ID("ext_id", "x-2"), ID("email", "c@example.it"));
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	promote(s, 1, "email=b@example.it^2");
	expect_contact(s, 1, "ext_id=x-1 email=b@example.it");
	expect_contact(s, 2, "ext_id=x-2 email=c@example.it");
}

static void
test_R24_a_contact_changed_meanwhile(struct scene *s)
{
	offer_bianchi(s);
	expect_promote_error(s, "ABORTED", "VERSION_MISMATCH", "contact_version",
	    { .contact_id = 1, .secondary_id = 1, .contact_version = 1 });
	expect_dismiss_error(s, "ABORTED", "VERSION_MISMATCH", "contact_version",
	    { .contact_id = 1, .secondary_id = 1, .contact_version = 3 });
	/* A version that is wrong is told before a secondary that is. */
	expect_promote_error(s, "ABORTED", "VERSION_MISMATCH", "contact_version",
	    { .contact_id = 1, .secondary_id = 9, .contact_version = 1 });
	/* Claims that are raised are no change. */
	identify(s, CONTACTS, AT(20), ID("email", "a@example.it"));
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .contact_version = 2 });
}

static void
test_R24_nothing_there(struct scene *s)
{
	offer_bianchi(s);
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t ids[] = { 0, 2 };

		expect_promote_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id",
		    { .contact_id = ids[i], .secondary_id = 1, .contact_version = 2 });
		expect_dismiss_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id",
		    { .contact_id = ids[i], .secondary_id = 1, .contact_version = 2 });
		expect_promote_error(s, "NOT_FOUND", "SECONDARY_NOT_FOUND", "secondary_id",
		    { .contact_id = 1, .secondary_id = ids[i] });
		expect_dismiss_error(s, "NOT_FOUND", "SECONDARY_NOT_FOUND", "secondary_id",
		    { .contact_id = 1, .secondary_id = ids[i] });
	}
	promote(s, 1, "LAST_NAME=Bianchi");
	expect_promote_error(
	    s, "NOT_FOUND", "SECONDARY_NOT_FOUND", "secondary_id", { .contact_id = 1, .secondary_id = 1 });
}

/* R25: the id of a contact that became part of another one is as good. */
static void
test_R25_acts_follow_forwards(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(
	    s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	assert_int_equal(promote(s, 1, "CITY=Bari")->id, 2);
	assert_int_equal(dismiss(s, 1, "CITY=Pisa")->id, 2);
	expect_contact(s, 2, "email=a@example.it chat=v-1 CITY=Bari @conversations-engaged");
}

/* R26: an act is carried out once, whatever is sent again; its answer outlives the daemon. */
static void
test_R26_acts_are_replayed(struct scene *s)
{
	scene_use(s, NULL);
	offer_bianchi(s);
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("LAST_NAME", "Verdi"));
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .contact_version = 3, .request_id = "r-1" });
	dismiss_with(s, { .contact_id = 1, .secondary_id = 2, .contact_version = 4, .request_id = "r-2" });
	for (unsigned i = 0; i < 2; i++) {
		const Anagraph__V1__Contact *contact = promote_with(s,
		    { .contact_id = 1,
			.secondary_id = 1,
			.contact_version = 3,
			.request_id = "r-1",
			.replayed = true });

		assert_string_equal(
		    contact_text(s, contact), "email=a@example.it LAST_NAME=Bianchi ?LAST_NAME=Verdi");
		contact = dismiss_with(s,
		    { .contact_id = 1,
			.secondary_id = 2,
			.contact_version = 4,
			.request_id = "r-2",
			.replayed = true });
		assert_string_equal(contact_text(s, contact), "email=a@example.it LAST_NAME=Bianchi");
		assert_int_equal(count(s)->revision, 5);
		scene_stop(s);
		scene_start(s);
	}
}

/* The same words to another method are another request. */
static void
test_R26_another_method_or_act_is_refused(struct scene *s)
{
	offer_bianchi(s);
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .contact_version = 2, .request_id = "r-1" });
	expect_dismiss_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id",
	    { .contact_id = 1, .secondary_id = 1, .contact_version = 2, .request_id = "r-1" });
	expect_promote_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id",
	    { .contact_id = 1, .secondary_id = 2, .contact_version = 2, .request_id = "r-1" });
	expect_promote_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id",
	    { .contact_id = 1,
		.secondary_id = 1,
		.contact_version = 2,
		.request_id = "r-1",
		.operator_name = "bruno" });
	expect_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id", CONTACTS, AT(1),
	    ID("email", "a@example.it"), REQUEST_ID("r-1"));
}

/* What was refused is not kept: it may go well the next time. */
static void
test_R26_refused_acts_are_not_kept(struct scene *s)
{
	offer_bianchi(s);
	expect_promote_error(s, "ABORTED", "VERSION_MISMATCH", "contact_version",
	    { .contact_id = 1, .secondary_id = 1, .contact_version = 3, .request_id = "r-1" });
	identify(s, CONTACTS, AT(4), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .contact_version = 3, .request_id = "r-1" });
	expect_contact(s, 1, "email=a@example.it CITY=Roma LAST_NAME=Bianchi");
}

static void
test_R24_the_journal_tells_who_did_what(struct scene *s)
{
	char *journal;

	scene_use(s, NULL);
	offer_bianchi(s);
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("LAST_NAME", "Verdi"));
	promote(s, 1, "LAST_NAME=Bianchi");
	dismiss(s, 1, "LAST_NAME=Verdi");
	scene_stop(s);
	journal = store_journal_text(service_data_dir(s->service), s->account);
	scene_keep(s, journal, free);
	assert_non_null(
	    strstr(journal, "\nCONTACTS 1 3 PROMOTE anna 3/1 LAST_NAME t-5 [6 LAST_NAME] [1 LAST_NAME]\n"));
	assert_non_null(strstr(journal, "\nCONTACTS 1 3 DISMISS anna 4/2 LAST_NAME [7 LAST_NAME]\n"));
	store_expect_sound(service_data_dir(s->service));
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R24_promote_makes_it_the_primary),
		STOCK_TEST(test_R24_promoted_is_newer_than_what_was_observed_before),
		STOCK_TEST(test_R24_promoted_identifier_replaces_and_releases),
		STOCK_TEST(test_R24_the_others_stay_open),
		STOCK_TEST(test_R24_promote_into_a_free_place),
		STOCK_TEST(test_R24_dismiss_closes_it),
		STOCK_TEST(test_R24_dismissed_comes_back_only_by_what_is_observed_later),
		STOCK_TEST(test_R24_dismissed_is_that_value_alone),
		STOCK_TEST(test_R24_dismissals_are_each_contacts_own),
		STOCK_TEST(test_R24_dismissals_survive_a_restart),
		STOCK_TEST(test_R24_dismissals_move_with_an_absorption),
		STOCK_TEST(test_R24_dismissed_may_still_be_taken),
		STOCK_TEST(test_R24_limit_of_dismissals),
		STOCK_TEST(test_R24_owned_by_another_is_refused),
		STOCK_TEST(test_R24_owned_by_now),
		SCRIPTED_TEST(test_R24_owned_device),
		STOCK_TEST(test_R24_no_longer_owned),
		STOCK_TEST(test_R24_a_contact_changed_meanwhile),
		STOCK_TEST(test_R24_nothing_there),
		STOCK_TEST(test_R25_acts_follow_forwards),
		STOCK_TEST(test_R26_acts_are_replayed),
		STOCK_TEST(test_R26_another_method_or_act_is_refused),
		STOCK_TEST(test_R26_refused_acts_are_not_kept),
		STOCK_TEST(test_R24_the_journal_tells_who_did_what),
	};

	return scene_main(tests);
}
