/* What the stock policies say, cell by cell, and what happens when a policy says
 * nothing: R16, R17, R22 and R23. */
#include "tests/support/build.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/store.h"

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"

static void
test_R16_value_is_offered(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(20), ID("email", "a@example.it"), ID("phone", PHONE_2),
	    TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " OFFER, VALUE CITY Roma<Bari OFFER");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "chat_primary");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " CITY=Roma ?phone=" PHONE_2 " ?CITY=Bari");
}

static void
test_R16_chat_does_not_change_even_what_chat_said(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(10), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(20), ID("chat", "v-1"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari OFFER");
}

static void
test_R16_owned_personal_identifier_is_offered(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-2"));
	identify(s, CONVERSATIONS, AT(20), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 OFFER");
	expect_contact(s, 2, "ext_id=x-2 ?phone=" PHONE_1 "^1");
	assert_int_equal(owner(s, "phone", PHONE_1), 1);
}

static void
test_R16_owned_device_moves_to_whom_it_was_seen_with_last(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(10), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(9), ID("email", "b@example.it"), ID("chat", "v-1"));
	expect_conflicts(s, "OWNER chat v-1 of 1 KEEP");
	identify(s, CONVERSATIONS, AT(10), ID("email", "b@example.it"), ID("chat", "v-1"));
	expect_conflicts(s, "OWNER chat v-1 of 1 KEEP");
	identify(s, CONVERSATIONS, AT(11), ID("email", "b@example.it"), ID("chat", "v-1"));
	expect_conflicts(s, "OWNER chat v-1 of 1 TAKE");
	assert_int_equal(owner(s, "chat", "v-1"), 2);
}

static void
test_R16_identity_is_offered(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"));
	identify(
	    s, CONVERSATIONS, AT(20), ID("chat", "v-1"), ID("email", "b@example.it"), TEXT("CITY", "Roma"));
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it OFFER");
	expect_contact(s, 1, "email=a@example.it chat=v-1 ?email=b@example.it ?CITY=Roma");
}

/* The CONTACTS and the PUSH of one test: both have push_latest. */
static void
check_R17_value(struct scene *s, int source, const char *email)
{
	identify(s, CONVERSATIONS, AT(10), ID("email", email), TEXT("CITY", "Roma"));
	identify(s, source, AT(9), ID("email", email), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari KEEP");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "push_latest");
	identify(s, source, AT(11), ID("email", email), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
}

static void
test_R17_value_is_taken_if_newer(struct scene *s)
{
	check_R17_value(s, PUSH, "a@example.it");
	check_R17_value(s, CONTACTS, "b@example.it");
}

static void
test_R17_owned_identifier_is_taken_if_newer_than_the_owners_claim(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(5), ID("ext_id", "x-2"));
	identify(s, PUSH, AT(9), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 KEEP");
	identify(s, PUSH, AT(11), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 TAKE");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_1);
}

static void
test_R17_and_if_newer_than_the_targets_own_value(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(30), ID("ext_id", "x-2"), ID("phone", PHONE_2));
	identify(s, PUSH, AT(20), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 KEEP");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_2);
	identify(s, PUSH, AT(31), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 TAKE");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_1);
	assert_int_equal(owner(s, "phone", PHONE_2), 0);
}

static void
test_R17_owned_device_is_taken_if_newer_than_the_owners_claim(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(30), ID("email", "b@example.it"), ID("push", "d-2"));
	identify(s, PUSH, AT(9), ID("email", "b@example.it"), ID("push", "d-1"));
	expect_conflicts(s, "OWNER push d-1 of 1 KEEP");
	identify(s, PUSH, AT(11), ID("email", "b@example.it"), ID("push", "d-1"));
	expect_conflicts(s, "OWNER push d-1 of 1 TAKE");
	expect_contact(s, 2, "email=b@example.it push=d-1 push=d-2");
}

static void
test_R17_another_person_on_the_device_is_separated(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), ID("push", "d-1"));
	assert_int_equal(identify(s, PUSH, AT(11), ID("push", "d-1"), ID("email", "b@example.it"),
			     TEXT("LAST_NAME", "Verdi")),
	    2);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE");
	expect_contact(s, 2, "email=b@example.it push=d-1 LAST_NAME=Verdi");
	expect_contact(s, 1, "email=a@example.it");
}

static void
test_R17_another_id_for_the_address_is_separated(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-1"), ID("email", "a@example.it"));
	assert_int_equal(identify(s, CONTACTS, AT(11), ID("ext_id", "x-2"), ID("email", "a@example.it")), 2);
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 SEPARATE, OWNER email a@example.it of 1 TAKE");
	expect_contact(s, 1, "ext_id=x-1");
	expect_contact(s, 2, "ext_id=x-2 email=a@example.it");
}

/* One conflict of each kind, decided as the script says: VALUE, OWNER, IDENTITY. */
static void
raise_value(struct scene *s, const char *script)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"), IN(script));
}

static void
raise_owner(struct scene *s, const char *script)
{
	identify(s, CONTACTS, AT(3), ID("ext_id", "x-2"), ID("push", "d-1"), IN(script));
}

static void
raise_identity(struct scene *s, const char *script)
{
	identify(s, CONTACTS, AT(4), ID("push", "d-1"), ID("email", "b@example.it"), IN(script));
}

static void
check_R22(struct scene *s, const char *script, const char *fallback)
{
	raise_value(s, script);
	expect_conflicts(s, scene_print(s, "VALUE CITY Roma<Bari OFFER!%s", fallback));
	assert_string_equal(s->answer->conflicts[0]->policy->id, "scripted");
	raise_owner(s, script);
	expect_conflicts(s, scene_print(s, "OWNER push d-1 of 1 KEEP!%s", fallback));
	raise_identity(s, script);
	expect_conflicts(s, scene_print(s, "IDENTITY email a@example.it<b@example.it OFFER!%s", fallback));
	expect_contact(s, 1, "email=a@example.it push=d-1 CITY=Roma ?CITY=Bari ?email=b@example.it");
	assert_string_equal(s->answer->contact->secondaries[0]->policy->id, "scripted");
	expect_contact(s, 2, "ext_id=x-2");
}

static void
test_R22_a_policy_that_fails(struct scene *s)
{
	check_R22(s, "FAIL", "POLICY_FAILED");
}

static void
test_R22_a_policy_that_defers(struct scene *s)
{
	check_R22(s, "DEFER", "POLICY_DEFERRED");
}

static void
test_R22_a_policy_without_a_verdict(struct scene *s)
{
	check_R22(s, "NOTHING", "VERDICT_INVALID");
}

static void
test_R22_a_verdict_beyond_the_table(struct scene *s)
{
	check_R22(s, "BEYOND", "VERDICT_INVALID");
}

static void
test_R22_a_kind_that_the_policy_does_not_list(struct scene *s)
{
	static const char *const arguments[] = { "--policy", "contacts=narrow", "--policy",
		"conversations=scripted", "--policy", "push=scripted", NULL };
	struct service_options options = { .arguments = arguments,
		.policy_dir = getenv("ANAGRAPH_TEST_POLICY_DIR") };

	scene_use(s, &options);
	raise_value(s, "");
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
	raise_owner(s, "");
	expect_conflicts(s, "OWNER push d-1 of 1 KEEP!POLICY_DEFERRED");
	raise_identity(s, "");
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it OFFER!POLICY_DEFERRED");
}

static void
test_R22_one_failure_among_verdicts(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(1), ID("email", "a@example.it"), NUMBER("A", 1), NUMBER("B", 1), NUMBER("C", 1));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), NUMBER("A", 2), NUMBER("B", 2),
	    NUMBER("C", 2), IN("A=TAKE B=FAIL C=TAKE"));
	expect_conflicts(s, "VALUE A 1<2 TAKE, VALUE B 1<2 OFFER!POLICY_FAILED, VALUE C 1<2 TAKE");
	expect_contact(s, 1, "email=a@example.it A=2 B=1 C=2 ?B=2");
}

/* At its end the daemon tells of every policy that did not always decide. */
static void
test_R22_a_counter_per_policy_counts_it(struct scene *s)
{
	static const char *const arguments[] = { "--policy", "contacts=scripted", "--policy",
		"conversations=scripted", "--policy", "push=scripted", NULL };
	struct service_options options = { .arguments = arguments,
		.policy_dir = getenv("ANAGRAPH_TEST_POLICY_DIR") };
	const char *prose;

	scene_use(s, &options);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), NUMBER("N", 0));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), NUMBER("N", 1), IN("FAIL"));
	for (int i = 0; i < 2; i++)
		identify(s, PUSH, AT(2), ID("email", "a@example.it"), NUMBER("N", 1), IN("DEFER"));
	for (int i = 0; i < 3; i++)
		identify(
		    s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), NUMBER("N", 1), IN("SEPARATE"));
	for (int i = 0; i < 4; i++)
		identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), NUMBER("N", 1), IN("KEEP"));
	scene_stop(s);
	prose = scene_keep(s, service_read_prose(s->service), free);
	assert_non_null(strstr(prose,
	    "policy scripted: decided 4, failed 1, deferred 2, invalid 3, "
	    "timed out 0, crashed 0, unavailable 0\n"));
}

static void
test_R23_a_conflict_names_policy_version_and_build(struct scene *s)
{
	const Anagraph__V1__Policy *policy;

	raise_value(s, "TAKE");
	policy = s->answer->conflicts[0]->policy;
	assert_string_equal(policy->id, "scripted");
	assert_string_equal(policy->version, "1.2.3");
	assert_string_equal(s->answer->conflicts[0]->reason, "S3_D0_V0");
	raise_owner(s, "TAKE");
	assert_string_equal(s->answer->conflicts[0]->policy->build, policy->build);
}

static void
test_R23_builds_tell_policies_apart(struct scene *s)
{
	const char *build;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	build = s->answer->conflicts[0]->policy->build;
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	assert_string_not_equal(s->answer->conflicts[0]->policy->build, build);
	assert_string_equal(
	    s->answer->contact->secondaries[0]->policy->build, s->answer->conflicts[0]->policy->build);
}

static void
test_R23_the_journal_names_them_too(struct scene *s)
{
	const Anagraph__V1__Policy *policy;
	const char *expected;

	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	policy = s->answer->conflicts[0]->policy;
	expected = scene_print(s, "CONTACTS 1 1\nCONTACTS 1 3 [VALUE CITY TAKE push_latest/%s/%s] [1 CITY]\n",
	    policy->version, policy->build);
	scene_stop(s);
	assert_string_equal(
	    scene_keep(s, store_journal_text(service_data_dir(s->service), s->account), free), expected);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R16_value_is_offered),
		STOCK_TEST(test_R16_chat_does_not_change_even_what_chat_said),
		STOCK_TEST(test_R16_owned_personal_identifier_is_offered),
		STOCK_TEST(test_R16_owned_device_moves_to_whom_it_was_seen_with_last),
		STOCK_TEST(test_R16_identity_is_offered),
		STOCK_TEST(test_R17_value_is_taken_if_newer),
		STOCK_TEST(test_R17_owned_identifier_is_taken_if_newer_than_the_owners_claim),
		STOCK_TEST(test_R17_and_if_newer_than_the_targets_own_value),
		STOCK_TEST(test_R17_owned_device_is_taken_if_newer_than_the_owners_claim),
		STOCK_TEST(test_R17_another_person_on_the_device_is_separated),
		STOCK_TEST(test_R17_another_id_for_the_address_is_separated),
		SCRIPTED_TEST(test_R22_a_policy_that_fails),
		SCRIPTED_TEST(test_R22_a_policy_that_defers),
		SCRIPTED_TEST(test_R22_a_policy_without_a_verdict),
		SCRIPTED_TEST(test_R22_a_verdict_beyond_the_table),
		SCRIPTED_TEST(test_R22_a_kind_that_the_policy_does_not_list),
		SCRIPTED_TEST(test_R22_a_counter_per_policy_counts_it),
		SCRIPTED_TEST(test_R22_one_failure_among_verdicts),
		SCRIPTED_TEST(test_R23_a_conflict_names_policy_version_and_build),
		STOCK_TEST(test_R23_builds_tell_policies_apart),
		STOCK_TEST(test_R23_the_journal_names_them_too),
	};

	return scene_main(tests);
}
