/* Identifiers that another identified contact holds: R12, every cell of its table and
 * what becomes of an owner that loses. The policy does as the event's conversation
 * says, so that the rule is seen apart from any policy's taste. */
#include "tests/support/build.h"

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"

/* 1 holds e-mail a, a phone and a device; 2 has an id and another phone. */
static void
make_two(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", PHONE_1), ID("push", "d-1"),
	    TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"), ID("phone", PHONE_2));
}

/* An event of 2 that names 1's phone and device. */
#define claim_both(s, script)                                                                                \
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("phone", "0039 333 1234501"),                   \
	    ID("push", "d-1"), IN(script))

static void
test_R12_keep_leaves_all_with_the_owner(struct scene *s)
{
	make_two(s);
	assert_int_equal(claim_both(s, "KEEP"), 2);
	expect_outcome(s, UNCHANGED);
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 KEEP, OWNER push d-1 of 1 KEEP");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_2);
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " push=d-1 LAST_NAME=Rossi");
	expect_claim(s, 1, "phone", "CONTACTS@1");
	expect_claim(s, 1, "push", "CONTACTS@1");
}

static void
test_R12_offer_names_value_and_owner(struct scene *s)
{
	const Anagraph__V1__Secondary *secondary;

	make_two(s);
	claim_both(s, "OFFER");
	expect_outcome(s, UPDATED);
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 OFFER, OWNER push d-1 of 1 OFFER");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_2 " ?phone=" PHONE_1 "^1 ?push=d-1^1");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " push=d-1 LAST_NAME=Rossi");
	assert_int_equal(owner(s, "phone", PHONE_1), 1);
	secondary = s->answer->contact->secondaries[0];
	assert_string_equal(secondary->policy->id, "scripted");
	assert_string_equal(secondary->claim->conversation, "OFFER");
	expect_claim(s, 2, "?phone", "CONTACTS@2");
}

static void
test_R12_take_moves_and_releases_the_targets_own(struct scene *s)
{
	make_two(s);
	claim_both(s, "TAKE");
	expect_outcome(s, UPDATED);
	expect_absorbed(s, "");
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 TAKE, OWNER push d-1 of 1 TAKE");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_1 " push=d-1");
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
	assert_int_equal(owner(s, "phone", PHONE_1), 2);
	assert_int_equal(owner(s, "phone", PHONE_2), 0);
	assert_int_equal(owner(s, "push", "d-1"), 2);
}

static void
test_R12_take_carries_the_events_claim_and_form(struct scene *s)
{
	make_two(s);
	claim_both(s, "TAKE");
	expect_claim(s, 2, "phone", "CONTACTS@2");
	expect_claim(s, 2, "push", "CONTACTS@2");
	assert_string_equal(s->answer->contact->identifiers[1]->given, "0039 333 1234501");
}

static void
test_R12_take_revises_both_contacts_once(struct scene *s)
{
	make_two(s);
	assert_int_equal(count(s)->revision, 2);
	claim_both(s, "TAKE");
	assert_int_equal(count(s)->revision, 3);
	assert_int_equal(resolve_id(s, 1)->contact->version, 2);
	assert_int_equal(resolve_id(s, 2)->contact->version, 2);
}

static void
test_R12_separate_has_no_cell(struct scene *s)
{
	make_two(s);
	claim_both(s, "SEPARATE");
	expect_conflicts(s,
	    "OWNER phone " PHONE_1 " of 1 KEEP!VERDICT_INVALID, "
	    "OWNER push d-1 of 1 KEEP!VERDICT_INVALID");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_2);
}

static void
test_R12_each_identifier_is_decided_for_itself(struct scene *s)
{
	make_two(s);
	claim_both(s, "phone=OFFER push=TAKE");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_2 " push=d-1 ?phone=" PHONE_1 "^1");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " LAST_NAME=Rossi");
}

/* The reason tells what the policy was shown: the owner's claim, the target's own. */
static void
test_R12_policy_sees_what_a_take_would_release(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", PHONE_1), ID("push", "d-1"));
	identify(s, PUSH, AT(1), ID("ext_id", "x-2"), ID("phone", PHONE_2));
	claim_both(s, "KEEP");
	assert_string_equal(s->answer->conflicts[0]->reason, "S3_D1_V0");
	assert_string_equal(s->answer->conflicts[1]->reason, "S3_D0_V0");
}

static void
test_R12_conflicts_of_several_owners_in_identifier_order(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("push", "d-2"));
	identify(s, CONTACTS, AT(1), ID("phone", PHONE_1), ID("chat", "v-3"));
	identify(s, CONTACTS, AT(2), ID("push", "d-2"), ID("chat", "v-3"), ID("phone", PHONE_1),
	    ID("email", "b@example.it"), ID("ext_id", "x-1"), IN("KEEP"));
	expect_conflicts(s,
	    "OWNER email b@example.it of 2 KEEP, OWNER phone " PHONE_1
	    " of 3 KEEP, OWNER chat v-3 of 3 KEEP, OWNER push d-2 of 2 KEEP");
}

static void
test_R12_owner_left_anonymous_is_absorbed(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("email", "a@example.it"), IN("TAKE"));
	expect_absorbed(s, "1");
	expect_outcome(s, UPDATED);
	expect_contact(s, 2, "ext_id=x-2 email=a@example.it push=d-1 CITY=Roma");
	expect_contact(s, 1, "ext_id=x-2 email=a@example.it push=d-1 CITY=Roma");
	expect_claim(s, 2, "push", "CONTACTS@1");
	expect_totals(s, "1 0 0");
}

static void
test_R12_owner_left_without_identifiers_is_absorbed(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("email", "a@example.it"), IN("TAKE"));
	expect_absorbed(s, "1");
	expect_contact(s, 2, "ext_id=x-2 email=a@example.it LAST_NAME=Rossi");
}

static void
test_R12_owner_left_without_its_only_device_is_absorbed(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("push", "d-1"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("push", "d-1"), IN("TAKE"));
	expect_absorbed(s, "1");
	expect_contact(s, 2, "ext_id=x-2 push=d-1 LAST_NAME=Rossi");
}

static void
test_R12_owner_that_still_has_a_name_and_a_device_stays(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("email", "a@example.it"), IN("TAKE"));
	expect_absorbed(s, "");
	expect_contact(s, 1, "push=d-1 LAST_NAME=Rossi");
	expect_totals(s, "2 0 0");
}

static void
test_R12_owner_that_still_has_a_personal_identifier_stays(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("landline", "+390212345678"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("email", "a@example.it"), IN("TAKE"));
	expect_absorbed(s, "");
	expect_contact(s, 1, "landline=+390212345678");
}

/* What was held before the first verdict is asked about, though the owner is then absorbed. */
static void
test_R12_all_that_was_held_is_decided_first(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("email", "a@example.it"), ID("push", "d-1"),
	    IN("email=TAKE push=KEEP"));
	expect_conflicts(s, "OWNER email a@example.it of 1 TAKE, OWNER push d-1 of 1 KEEP");
	expect_absorbed(s, "1");
	expect_contact(s, 2, "ext_id=x-2 email=a@example.it push=d-1");
}

static void
test_R12_several_owners_left_anonymous_are_absorbed_in_order(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", PHONE_1), ID("push", "d-1"), NUMBER("N", 1), IN("KEEP"));
	identify(
	    s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("push", "d-2"), NUMBER("N", 2), IN("OFFER"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-3"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-3"), ID("email", "b@example.it"), ID("phone", PHONE_1),
	    IN("TAKE"));
	expect_absorbed(s, "1 2");
	expect_conflicts(
	    s, "OWNER email b@example.it of 2 TAKE, OWNER phone " PHONE_1 " of 1 TAKE, VALUE N 1<2 OFFER");
	expect_contact(s, 3, "ext_id=x-3 email=b@example.it phone=" PHONE_1 " push=d-1 push=d-2 N=1 ?N=2");
}

static void
test_R12_event_without_a_personal_identifier_moves_no_device(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("push", "d-2"));
	assert_int_equal(identify(s, PUSH, AT(2), ID("push", "d-1"), ID("push", "d-2"),
			     TEXT("LAST_NAME", "Rossi"), IN("TAKE")),
	    1);
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=a@example.it push=d-1 LAST_NAME=Rossi");
	expect_contact(s, 2, "email=b@example.it push=d-2");
	expect_claim(s, 2, "push", "CONTACTS@1");
}

static void
test_R12_such_an_event_may_move_the_device_of_one_known_by_name(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("push", "d-2"), ID("chat", "v-2"), TEXT("LAST_NAME", "Verdi"));
	identify(s, PUSH, AT(2), ID("push", "d-1"), ID("push", "d-2"), IN("KEEP"));
	expect_conflicts(s, "OWNER push d-2 of 2 KEEP");
	identify(s, PUSH, AT(3), ID("push", "d-1"), ID("push", "d-2"), IN("TAKE"));
	expect_conflicts(s, "OWNER push d-2 of 2 TAKE");
	expect_contact(s, 1, "email=a@example.it push=d-1 push=d-2");
	expect_contact(s, 2, "chat=v-2 LAST_NAME=Verdi");
	identify(s, PUSH, AT(4), ID("push", "d-1"), ID("chat", "v-2"), IN("TAKE"));
	expect_absorbed(s, "2");
	expect_contact(s, 1, "email=a@example.it chat=v-2 push=d-1 push=d-2 LAST_NAME=Verdi");
}

/* An anonymous owner is absorbed without any question (R11), an identified one is not. */
static void
test_R12_identified_and_anonymous_owners_of_one_event(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"));
	identify(s, CONTACTS, AT(1), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"), ID("push", "d-3"));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-1"), ID("chat", "v-2"), ID("push", "d-3"), IN("KEEP"));
	expect_absorbed(s, "2");
	expect_conflicts(s, "OWNER push d-3 of 3 KEEP");
	expect_contact(s, 1, "ext_id=x-1 chat=v-2");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		SCRIPTED_TEST(test_R12_keep_leaves_all_with_the_owner),
		SCRIPTED_TEST(test_R12_offer_names_value_and_owner),
		SCRIPTED_TEST(test_R12_take_moves_and_releases_the_targets_own),
		SCRIPTED_TEST(test_R12_take_carries_the_events_claim_and_form),
		SCRIPTED_TEST(test_R12_take_revises_both_contacts_once),
		SCRIPTED_TEST(test_R12_separate_has_no_cell),
		SCRIPTED_TEST(test_R12_each_identifier_is_decided_for_itself),
		SCRIPTED_TEST(test_R12_policy_sees_what_a_take_would_release),
		SCRIPTED_TEST(test_R12_conflicts_of_several_owners_in_identifier_order),
		SCRIPTED_TEST(test_R12_owner_left_anonymous_is_absorbed),
		SCRIPTED_TEST(test_R12_owner_left_without_identifiers_is_absorbed),
		SCRIPTED_TEST(test_R12_owner_left_without_its_only_device_is_absorbed),
		SCRIPTED_TEST(test_R12_owner_that_still_has_a_name_and_a_device_stays),
		SCRIPTED_TEST(test_R12_owner_that_still_has_a_personal_identifier_stays),
		SCRIPTED_TEST(test_R12_all_that_was_held_is_decided_first),
		SCRIPTED_TEST(test_R12_several_owners_left_anonymous_are_absorbed_in_order),
		SCRIPTED_TEST(test_R12_event_without_a_personal_identifier_moves_no_device),
		SCRIPTED_TEST(test_R12_such_an_event_may_move_the_device_of_one_known_by_name),
		SCRIPTED_TEST(test_R12_identified_and_anonymous_owners_of_one_event),
	};

	return scene_main(tests);
}
