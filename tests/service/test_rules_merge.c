/* Two contacts that are one person: R29, and what becomes of their ids (R25), of the
 * request (R26, R28) and of the totals (R3). */
#include "tests/support/act.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/store.h"

/* Rossi by e-mail is contact 1, Rossi by phone contact 2. */
static void
make_two(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(2), ID("phone", "+393331234501"), TEXT("LAST_NAME", "Verdi"));
}

static void
test_R29_the_survivor_wins_and_fills_up(struct scene *s)
{
	const Anagraph__V1__MergeContactsResponse *response;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"),
	    TEXT("CITY", "Roma"), NUMBER("N", 1));
	identify(s, CONTACTS, AT(5), ID("phone", "+393331234501"), ID("push", "d-1"),
	    TEXT("LAST_NAME", "Verdi"), TEXT("FIRST_NAME", "Mario"), TEXT("CITY", "Roma"), TEXT("N", "1"));
	response = merge(s, 1, 2);
	assert_string_equal(contact_text(s, response->contact),
	    "email=a@example.it phone=+393331234501 push=d-1 CITY=Roma FIRST_NAME=Mario LAST_NAME=Rossi "
	    "N=1");
	assert_string_equal(response->contact->display_name, "Mario Rossi");
	assert_int_equal(response->contact->version, 2);
	assert_string_equal(
	    ids_text(s, response->absorbed_contact_ids, response->n_absorbed_contact_ids), "2");
	assert_int_equal(count(s)->revision, 3);
	/* What came over keeps its claim, what both said has the greater. */
	expect_claim(s, 1, "FIRST_NAME", "CONTACTS@5");
	expect_claim(s, 1, "phone", "CONTACTS@5");
	expect_claim(s, 1, "CITY", "CONTACTS@5");
	expect_claim(s, 1, "LAST_NAME", "CONTACTS@1");
	assert_int_equal(owner(s, "phone", "+393331234501"), 1);
	assert_int_equal(owner(s, "push", "d-1"), 1);
	expect_totals(s, "1 0 0");
}

static void
test_R29_a_losing_identifier_is_an_alias(struct scene *s)
{
	const Anagraph__V1__Contact *contact;

	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("phone", "+393331234501"));
	identify(s, CONTACTS, AT(5), ID("email", "A@Example.it"), ID("ext_id", "x-2"));
	contact = merge(s, 1, 2)->contact;
	assert_string_equal(contact_text(s, contact),
	    "ext_id=x-2 email=b@example.it ~email=a@example.it phone=+393331234501");
	assert_string_equal(contact->identifiers[2]->given, "A@Example.it");
	assert_string_equal(contact->display_name, "b@example.it");
	assert_int_equal(contact->n_reach, 2);
	assert_int_equal(owner(s, "email", "a@example.it"), 1);
	assert_int_equal(owner(s, "email", "b@example.it"), 1);
	assert_int_equal(resolve(s, "email", "A@example.it")->contact->id, 1);
}

/* R8, R9: an alias leads to its contact, and is no value that another could clash with. */
static void
test_R29_an_alias_finds_its_contact(struct scene *s)
{
	make_two(s);
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"));
	merge(s, 1, 3);
	identify(s, CONTACTS, AT(9), ID("email", "b@example.it"), TEXT("CITY", "Roma"));
	assert_int_equal(s->answer->contact->id, 1);
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=a@example.it ~email=b@example.it CITY=Roma LAST_NAME=Rossi");
}

/* R14: naming one's own alias raises its claim and makes no conflict, offer or revision;
 * from a chat, nothing. */
static void
test_R29_naming_an_alias_raises_its_claim(struct scene *s)
{
	const Anagraph__V1__Contact *contact;
	uint64_t revision;

	make_two(s);
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"));
	merge(s, 1, 3);
	revision = count(s)->revision;
	identify(s, CONVERSATIONS, AT(20), ID("email", "b@example.it"));
	expect_outcome(s, UNCHANGED);
	contact = resolve_id(s, 1)->contact;
	assert_int_equal(contact->identifiers[1]->claim->observed_at->seconds, EPOCH_SECONDS + 3);
	identify(s, PUSH, AT(30), ID("email", "b@example.it"));
	expect_outcome(s, UNCHANGED);
	expect_conflicts(s, "");
	contact = resolve_id(s, 1)->contact;
	assert_true(contact->identifiers[1]->alias);
	assert_int_equal(contact->identifiers[1]->claim->observed_at->seconds, EPOCH_SECONDS + 30);
	assert_int_equal(count(s)->revision, revision);
}

/* R14, R15: a third value meets the contact's own, not its aliases. */
static void
test_R29_an_alias_is_never_the_value_held(struct scene *s)
{
	make_two(s);
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"), ID("phone", "+393331234502"));
	merge(s, 1, 3);
	expect_contact(s, 1, "email=a@example.it ~email=b@example.it phone=+393331234502 LAST_NAME=Rossi");
	identify(s, CONTACTS, AT(2), ID("phone", "+393331234502"), ID("email", "c@example.it"));
	expect_conflicts(s, "VALUE email a@example.it<c@example.it TAKE");
	expect_contact(s, 1, "email=c@example.it ~email=b@example.it phone=+393331234502 LAST_NAME=Rossi");
	assert_int_equal(owner(s, "email", "a@example.it"), 0);
}

/* R12: an alias that another contact's event names is a conflict with its owner, and moves
 * as a value of the other's own. */
static void
test_R29_an_alias_taken_by_another(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(2), ID("email", "b@example.it"));
	merge(s, 1, 2);
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-3"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-3"), ID("email", "b@example.it"));
	expect_conflicts(s, "OWNER email b@example.it of 1 KEEP");
	identify(s, CONTACTS, AT(9), ID("ext_id", "x-3"), ID("email", "b@example.it"));
	expect_conflicts(s, "OWNER email b@example.it of 1 TAKE");
	expect_contact(s, 1, "email=a@example.it");
	expect_contact(s, 3, "ext_id=x-3 email=b@example.it");
	assert_int_equal(owner(s, "email", "b@example.it"), 3);
}

/* A contact that loses its own value has its newest alias come to the fore. */
static void
test_R29_the_newest_alias_takes_the_place_of_a_primary_lost(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"));
	identify(s, CONTACTS, AT(5), ID("email", "d@example.it"));
	identify(s, CONTACTS, AT(5), ID("email", "c@example.it"));
	merge(s, 1, 2);
	merge(s, 1, 3);
	merge(s, 1, 4);
	expect_contact(
	    s, 1, "email=a@example.it ~email=b@example.it ~email=c@example.it ~email=d@example.it");
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-5"));
	identify(s, CONTACTS, AT(9), ID("ext_id", "x-5"), ID("email", "a@example.it"));
	expect_conflicts(s, "OWNER email a@example.it of 1 TAKE");
	/* Of two that are equally new the greater. */
	expect_contact(s, 1, "email=d@example.it ~email=b@example.it ~email=c@example.it");
	assert_string_equal(resolve_id(s, 1)->contact->display_name, "d@example.it");
	expect_contact(s, 5, "ext_id=x-5 email=a@example.it");
	expect_totals(s, "2 0 0");
}

/* Aliases stay aliases, even where the survivor has nothing of the namespace. */
static void
test_R29_aliases_come_along(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(9), ID("email", "b@example.it"));
	identify(s, CONTACTS, AT(1), ID("phone", "+393331234501"));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"));
	merge(s, 1, 2);
	merge(s, 3, 1);
	expect_contact(s, 3, "email=a@example.it ~email=b@example.it phone=+393331234501");
	merge(s, 4, 3);
	expect_contact(
	    s, 4, "email=c@example.it ~email=a@example.it ~email=b@example.it phone=+393331234501");
}

static void
test_R29_false_never_becomes_true(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), BOOL("A", true), BOOL("B", false),
	    BOOL("C", true), BOOL("D", false), TEXT("E", "x"));
	identify(s, CONTACTS, AT(9), ID("email", "b@example.it"), BOOL("A", false), BOOL("B", true),
	    BOOL("C", true), BOOL("D", false), BOOL("E", false), BOOL("F", false));
	merge(s, 1, 2);
	expect_contact(
	    s, 1, "email=a@example.it ~email=b@example.it A=false B=false C=true D=false E=x F=false");
	expect_claim(s, 1, "A", "CONTACTS@9");
	expect_claim(s, 1, "B", "CONTACTS@1");
	expect_claim(s, 1, "C", "CONTACTS@9");
	expect_claim(s, 1, "D", "CONTACTS@9");
	expect_claim(s, 1, "E", "CONTACTS@1");
}

static void
test_R29_secondaries_come_along(struct scene *s)
{
	uint64_t id;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"), TEXT("B", "x"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"), TEXT("B", "y"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), TEXT("CITY", "Pisa"), TEXT("C", "z"));
	identify(s, CONVERSATIONS, AT(7), ID("email", "b@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(8), ID("email", "b@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(9), ID("email", "b@example.it"), TEXT("CITY", "Asti"));
	id = secondary_id(s, 2, "CITY=Asti");
	merge(s, 1, 2);
	/* Bari was offered to both, Roma is what the survivor has. */
	expect_contact(
	    s, 1, "email=a@example.it ~email=b@example.it B=x C=z CITY=Roma ?B=y ?CITY=Bari ?CITY=Asti");
	expect_claim(s, 1, "?CITY", "CONVERSATIONS@7");
	assert_int_equal(secondary_id(s, 1, "CITY=Asti"), id);
}

/* Contact 1 was offered b@example.it, which contact 2 owns. */
static void
offer_owned(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "x-1"), ID("email", "b@example.it"));
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ?email=b@example.it^2");
	expect_promote_error(s, "FAILED_PRECONDITION", "IDENTIFIER_OWNED", "secondary_id",
	    { .contact_id = 1, .offered = "email=b@example.it^2" });
}

/* R24: what was offered to one and is owned by the other is agreed once they are one, be it
 * as an alias. */
static void
test_R24_merging_the_owner_in_closes_the_offer(struct scene *s)
{
	offer_owned(s);
	merge(s, 1, 2);
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it ~email=b@example.it");
}

static void
test_R24_merging_into_the_owner_closes_the_offer(struct scene *s)
{
	offer_owned(s);
	merge(s, 2, 1);
	expect_contact(s, 2, "ext_id=x-1 email=b@example.it ~email=a@example.it");
}

static void
test_R29_lists_and_dismissals_come_along(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(
	    s, CONVERSATIONS, AT(1), ID("email", "b@example.it"), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "b@example.it"), TEXT("CITY", "Bari"));
	dismiss(s, 2, "CITY=Bari");
	merge(s, 1, 2);
	expect_contact(
	    s, 1, "email=a@example.it ~email=b@example.it chat=v-1 CITY=Roma @conversations-engaged");
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_contact(
	    s, 1, "email=a@example.it ~email=b@example.it chat=v-1 CITY=Roma @conversations-engaged");
}

/* Anonymous contacts may be merged with each other and with identified ones, either way. */
static void
test_R29_anonymous_contacts(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, PUSH, AT(1), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_totals(s, "1 1 2");
	merge(s, 2, 1);
	expect_contact(s, 2, "chat=v-1 chat=v-2");
	expect_totals(s, "1 1 1");
	merge(s, 2, 3);
	expect_contact(s, 2, "chat=v-1 chat=v-2 push=d-1");
	expect_totals(s, "1 1 0");
	merge(s, 2, 4);
	expect_contact(s, 2, "email=a@example.it chat=v-1 chat=v-2 push=d-1");
	expect_totals(s, "1 0 0");
}

/* R25: however long the chain, one step. */
static void
test_R25_chains_of_merges(struct scene *s)
{
	const Anagraph__V1__ResolveResponse *response;

	for (int i = 1; i <= 6; i++)
		identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "x-%d", i)));
	merge(s, 2, 1);
	merge(s, 3, 2);
	merge(s, 4, 3);
	merge(s, 4, 5);
	merge(s, 6, 4);
	response = resolve_id(s, 1);
	assert_int_equal(response->contact->id, 6);
	assert_string_equal(ids_text(s, response->forwarded_ids, response->n_forwarded_ids), "1 2 3 4");
	assert_int_equal(resolve_id(s, 5)->contact->id, 6);
	assert_int_equal(owner(s, "ext_id", "x-1"), 6);
	expect_totals(s, "1 0 0");
	/* An id that was passed is as good as the survivor's. */
	identify(s, CONTACTS, AT(7), ID("ext_id", "x-7"));
	merge(s, 1, 7);
	expect_contact(
	    s, 6, "ext_id=x-6 ~ext_id=x-1 ~ext_id=x-2 ~ext_id=x-3 ~ext_id=x-4 ~ext_id=x-5 ~ext_id=x-7");
	identify(s, CONTACTS, AT(8), ID("ext_id", "x-8"));
	assert_int_equal(merge(s, 8, 3)->absorbed_contact_ids[0], 6);
	assert_int_equal(resolve_id(s, 7)->contact->id, 8);
}

static void
test_R29_the_same_contact_twice(struct scene *s)
{
	make_two(s);
	expect_merge_error(s, "INVALID_ARGUMENT", "MERGE_INVALID", "absorbed_contact_id",
	    { .contact_id = 1, .absorbed_contact_id = 1 });
	merge(s, 1, 2);
	expect_merge_error(s, "INVALID_ARGUMENT", "MERGE_INVALID", "absorbed_contact_id",
	    { .contact_id = 1, .absorbed_contact_id = 2 });
	expect_merge_error(s, "INVALID_ARGUMENT", "MERGE_INVALID", "absorbed_contact_id",
	    { .contact_id = 2, .absorbed_contact_id = 1 });
	expect_merge_error(s, "INVALID_ARGUMENT", "MERGE_INVALID", "absorbed_contact_id",
	    { .contact_id = 2, .absorbed_contact_id = 2, .contact_version = 99 });
}

static void
test_R29_nothing_there(struct scene *s)
{
	static const uint64_t ids[] = { 0, 3, UINT64_MAX };

	make_two(s);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		expect_merge_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "surviving_contact_id",
		    { .contact_id = ids[i],
			.contact_version = 1,
			.absorbed_contact_id = 9,
			.absorbed_contact_version = 1 });
		expect_merge_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "absorbed_contact_id",
		    { .contact_id = 1, .absorbed_contact_id = ids[i], .absorbed_contact_version = 1 });
	}
}

static void
test_R29_a_contact_changed_meanwhile(struct scene *s)
{
	make_two(s);
	expect_merge_error(s, "ABORTED", "VERSION_MISMATCH", "surviving_contact_version",
	    { .contact_id = 1,
		.contact_version = 2,
		.absorbed_contact_id = 2,
		.absorbed_contact_version = 2 });
	expect_merge_error(s, "ABORTED", "VERSION_MISMATCH", "absorbed_contact_version",
	    { .contact_id = 1, .absorbed_contact_id = 2, .absorbed_contact_version = 2 });
	expect_contact(s, 2, "phone=+393331234501 LAST_NAME=Verdi");
	merge_with(s,
	    { .contact_id = 1,
		.contact_version = 1,
		.absorbed_contact_id = 2,
		.absorbed_contact_version = 1 });
}

static void
test_R28_a_dry_run_merges_nothing(struct scene *s)
{
	const Anagraph__V1__MergeContactsResponse *dry;
	const Anagraph__V1__MergeContactsResponse *real;

	make_two(s);
	identify(s, CONTACTS, AT(3), ID("email", "b@example.it"));
	dry = merge_with(
	    s, { .contact_id = 1, .absorbed_contact_id = 3, .request_id = "r-1", .validate_only = true });
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
	expect_contact(s, 3, "email=b@example.it");
	assert_int_equal(owner(s, "email", "b@example.it"), 3);
	assert_int_equal(count(s)->revision, 3);
	expect_totals(s, "3 0 0");
	expect_merge_error(s, "ABORTED", "VERSION_MISMATCH", "surviving_contact_version",
	    { .contact_id = 1, .contact_version = 7, .absorbed_contact_id = 3, .validate_only = true });
	/* No request_id was kept: another request may have it. */
	real = merge_with(s, { .contact_id = 1, .absorbed_contact_id = 3, .request_id = "r-1" });
	assert_string_equal(contact_text(s, dry->contact), contact_text(s, real->contact));
	assert_int_equal(dry->contact->version, real->contact->version);
	assert_int_equal(dry->n_absorbed_contact_ids, 1);
	assert_int_equal(dry->absorbed_contact_ids[0], 3);
}

static void
test_R26_a_merge_is_replayed(struct scene *s)
{
	const struct act_request act = {
		.contact_id = 1,
		.contact_version = 1,
		.absorbed_contact_id = 2,
		.absorbed_contact_version = 1,
		.request_id = "r-1",
		.replayed = true,
	};

	scene_use(s, NULL);
	make_two(s);
	merge_with(s,
	    { .contact_id = 1,
		.contact_version = 1,
		.absorbed_contact_id = 2,
		.absorbed_contact_version = 1,
		.request_id = "r-1" });
	for (unsigned i = 0; i < 2; i++) {
		const Anagraph__V1__MergeContactsResponse *response = merge_at(s, &act, __FILE__, __LINE__);

		assert_string_equal(contact_text(s, response->contact),
		    "email=a@example.it phone=+393331234501 LAST_NAME=Rossi");
		assert_int_equal(response->n_absorbed_contact_ids, 1);
		assert_int_equal(count(s)->revision, 3);
		expect_totals(s, "1 0 0");
		scene_stop(s);
		store_expect_sound(service_data_dir(s->service));
		scene_start(s);
	}
	expect_merge_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id",
	    { .contact_id = 1, .absorbed_contact_id = 2, .request_id = "r-1" });
}

/* At most so many aliases: the least gives way, and is free again. */
static void
test_R29_limit_of_aliases(struct scene *s)
{
	const Anagraph__V1__Contact *contact;

	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-0"));
	for (int i = 1; i <= LIMIT_CONTACT_ALIASES; i++) {
		identify(s, CONTACTS, AT(100 + i), ID("ext_id", scene_print(s, "x-%d", i)));
		merge(s, 1, (uint64_t)i + 1);
	}
	contact = resolve_id(s, 1)->contact;
	assert_int_equal(contact->n_identifiers, 1 + LIMIT_CONTACT_ALIASES);
	assert_int_equal(owner(s, "ext_id", "x-1"), 1);
	identify(s, CONTACTS, AT(1000), ID("ext_id", "x-new"));
	contact = merge(s, 1, LIMIT_CONTACT_ALIASES + 2)->contact;
	assert_int_equal(contact->n_identifiers, 1 + LIMIT_CONTACT_ALIASES);
	assert_int_equal(owner(s, "ext_id", "x-new"), 1);
	assert_int_equal(owner(s, "ext_id", "x-1"), 0);
	assert_int_equal(owner(s, "ext_id", "x-2"), 1);
	assert_int_equal(owner(s, "ext_id", "x-0"), 1);
	/* One that is older than all of them gives way itself; the contacts are one all the same. */
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-old"));
	contact = merge(s, 1, LIMIT_CONTACT_ALIASES + 3)->contact;
	assert_int_equal(owner(s, "ext_id", "x-old"), 0);
	assert_int_equal(contact->version, LIMIT_CONTACT_ALIASES + 3);
	assert_int_equal(resolve_id(s, LIMIT_CONTACT_ALIASES + 3)->contact->id, 1);
	expect_totals(s, "1 0 0");
}

static void
test_R29_the_journal_tells_of_it(struct scene *s)
{
	char *journal;

	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), BOOL("A", true), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(2), ID("email", "b@example.it"), BOOL("A", false), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(3), ID("email", "b@example.it"), TEXT("CITY", "Roma"));
	merge(s, 1, 2);
	scene_stop(s);
	journal = store_journal_text(service_data_dir(s->service), s->account);
	scene_keep(s, journal, free);
	assert_non_null(strstr(journal, "\nCONTACTS 1 3 MERGE anna 1/0 [1 A] [3 CITY]\n"));
	store_expect_sound(service_data_dir(s->service));
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R29_the_survivor_wins_and_fills_up),
		STOCK_TEST(test_R29_a_losing_identifier_is_an_alias),
		STOCK_TEST(test_R29_an_alias_finds_its_contact),
		STOCK_TEST(test_R29_naming_an_alias_raises_its_claim),
		STOCK_TEST(test_R29_an_alias_is_never_the_value_held),
		STOCK_TEST(test_R29_an_alias_taken_by_another),
		STOCK_TEST(test_R29_the_newest_alias_takes_the_place_of_a_primary_lost),
		STOCK_TEST(test_R29_aliases_come_along),
		STOCK_TEST(test_R29_false_never_becomes_true),
		STOCK_TEST(test_R29_secondaries_come_along),
		STOCK_TEST(test_R24_merging_the_owner_in_closes_the_offer),
		STOCK_TEST(test_R24_merging_into_the_owner_closes_the_offer),
		STOCK_TEST(test_R29_lists_and_dismissals_come_along),
		STOCK_TEST(test_R29_anonymous_contacts),
		STOCK_TEST(test_R25_chains_of_merges),
		STOCK_TEST(test_R29_the_same_contact_twice),
		STOCK_TEST(test_R29_nothing_there),
		STOCK_TEST(test_R29_a_contact_changed_meanwhile),
		STOCK_TEST(test_R28_a_dry_run_merges_nothing),
		STOCK_TEST(test_R26_a_merge_is_replayed),
		STOCK_TEST(test_R29_limit_of_aliases),
		STOCK_TEST(test_R29_the_journal_tells_of_it),
	};

	return scene_main(tests);
}
