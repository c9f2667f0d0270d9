/* The same person with a new address, or another person on the same device: R13, each
 * verdict in both of its cases, and what is no such conflict. The policy does as the
 * event's conversation says. */
#include "tests/support/build.h"

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"

/* (a): found through a device, with another e-mail. */
static void
make_device_holder(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("LAST_NAME", "Rossi"));
}

#define come_through_device(s, script)                                                                       \
	identify(s, PUSH, AT(20), ID("push", "d-1"), ID("chat", "v-9"), ID("email", "b@example.it"),         \
	    ID("phone", PHONE_1), TEXT("LAST_NAME", "Bianchi"), TEXT("CITY", "Roma"), IN(script))

static void
test_R13a_keep_takes_nothing_said_of_the_person(struct scene *s)
{
	make_device_holder(s);
	assert_int_equal(come_through_device(s, "KEEP"), 1);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it KEEP");
	expect_contact(s, 1, "email=a@example.it chat=v-9 push=d-1 LAST_NAME=Rossi");
	expect_claim(s, 1, "push", "PUSH@20");
	expect_claim(s, 1, "LAST_NAME", "CONTACTS@10");
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	assert_int_equal(owner(s, "phone", PHONE_1), 0);
}

static void
test_R13a_offer_makes_secondaries_of_free_values_too(struct scene *s)
{
	make_device_holder(s);
	assert_int_equal(come_through_device(s, "OFFER"), 1);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it OFFER");
	expect_outcome(s, UPDATED);
	expect_contact(s, 1,
	    "email=a@example.it chat=v-9 push=d-1 LAST_NAME=Rossi ?email=b@example.it ?phone=" PHONE_1
	    " ?CITY=Roma ?LAST_NAME=Bianchi");
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	assert_int_equal(owner(s, "phone", PHONE_1), 0);
	assert_string_equal(s->answer->contact->secondaries[2]->policy->id, "scripted");
}

static void
test_R13a_take_takes_every_value(struct scene *s)
{
	make_device_holder(s);
	assert_int_equal(come_through_device(s, "IDENTITY=TAKE VALUE=FAIL"), 1);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it TAKE");
	expect_contact(
	    s, 1, "email=b@example.it phone=" PHONE_1 " chat=v-9 push=d-1 CITY=Roma LAST_NAME=Bianchi");
	assert_int_equal(owner(s, "email", "a@example.it"), 0);
	expect_claim(s, 1, "LAST_NAME", "PUSH@20");
}

static void
test_R13a_separate_makes_a_contact(struct scene *s)
{
	make_device_holder(s);
	assert_int_equal(come_through_device(s, "SEPARATE"), 2);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE");
	expect_outcome(s, CREATED);
	expect_absorbed(s, "");
	expect_contact(
	    s, 2, "email=b@example.it phone=" PHONE_1 " chat=v-9 push=d-1 CITY=Roma LAST_NAME=Bianchi");
	expect_contact(s, 1, "email=a@example.it LAST_NAME=Rossi");
	expect_claim(s, 2, "push", "PUSH@20");
	assert_int_equal(s->answer->revision, 2);
	assert_int_equal(resolve_id(s, 1)->contact->version, 2);
	expect_totals(s, "2 0 0");
}

static void
test_R13a_separate_leaves_a_device_seen_later(struct scene *s)
{
	make_device_holder(s);
	identify(s, PUSH, AT(30), ID("push", "d-1"));
	come_through_device(s, "IDENTITY=SEPARATE OWNER=KEEP");
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE, OWNER push d-1 of 1 KEEP");
	expect_contact(s, 2, "email=b@example.it phone=" PHONE_1 " chat=v-9 CITY=Roma LAST_NAME=Bianchi");
	expect_contact(s, 1, "email=a@example.it push=d-1 LAST_NAME=Rossi");
}

static void
test_R13a_a_device_seen_later_is_then_decided_as_owned(struct scene *s)
{
	make_device_holder(s);
	identify(s, PUSH, AT(30), ID("push", "d-1"));
	come_through_device(s, "IDENTITY=SEPARATE OWNER=TAKE");
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE, OWNER push d-1 of 1 TAKE");
	expect_contact(
	    s, 2, "email=b@example.it phone=" PHONE_1 " chat=v-9 push=d-1 CITY=Roma LAST_NAME=Bianchi");
	expect_claim(s, 2, "push", "PUSH@20");
}

static void
test_R13a_separate_takes_a_device_of_the_same_claim(struct scene *s)
{
	identify(s, PUSH, AT(20), ID("email", "a@example.it"), ID("push", "d-1"));
	come_through_device(s, "SEPARATE");
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE");
	assert_int_equal(owner(s, "push", "d-1"), 2);
}

static void
test_R13a_separate_leaves_what_the_event_does_not_name(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONTACTS, AT(11), ID("email", "a@example.it"), ID("push", "d-2"), TEXT("LANG", "it"));
	come_through_device(s, "SEPARATE");
	expect_contact(s, 1, "email=a@example.it push=d-2 LANG=it LAST_NAME=Rossi");
}

static void
test_R13a_the_new_contact_absorbs_anonymous_owners(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONVERSATIONS, AT(11), ID("chat", "v-9"), TEXT("LANG", "it"));
	assert_int_equal(come_through_device(s, "SEPARATE"), 3);
	expect_outcome(s, CREATED);
	expect_absorbed(s, "2");
	expect_contact(s, 3,
	    "email=b@example.it phone=" PHONE_1 " chat=v-9 push=d-1 CITY=Roma LANG=it LAST_NAME=Bianchi");
	expect_contact(s, 2,
	    "email=b@example.it phone=" PHONE_1 " chat=v-9 push=d-1 CITY=Roma LANG=it LAST_NAME=Bianchi");
}

static void
test_R13a_other_identified_owners_are_decided_by_R12(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONTACTS, AT(11), ID("chat", "v-9"), ID("ext_id", "x-2"));
	assert_int_equal(come_through_device(s, "IDENTITY=SEPARATE OWNER=OFFER"), 3);
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE, OWNER chat v-9 of 2 OFFER");
	expect_contact(
	    s, 3, "email=b@example.it phone=" PHONE_1 " push=d-1 CITY=Roma LAST_NAME=Bianchi ?chat=v-9^2");
	expect_contact(s, 2, "ext_id=x-2 chat=v-9");
}

static void
test_R13a_keep_still_absorbs_and_decides_owners(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONVERSATIONS, AT(11), ID("chat", "v-9"), TEXT("LANG", "it"));
	come_through_device(s, "KEEP");
	expect_absorbed(s, "2");
	expect_contact(s, 1, "email=a@example.it chat=v-9 push=d-1 LANG=it LAST_NAME=Rossi");
}

static void
test_R13a_offer_of_what_is_held_offers_nothing(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONTACTS, AT(20), ID("push", "d-1"), ID("email", "b@example.it"),
	    TEXT("LAST_NAME", "Rossi"), IN("OFFER"));
	expect_contact(s, 1, "email=a@example.it push=d-1 LAST_NAME=Rossi ?email=b@example.it");
	expect_claim(s, 1, "LAST_NAME", "CONTACTS@10");
}

static void
test_R13a_take_raises_the_claim_of_what_is_equal(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONTACTS, AT(20), ID("push", "d-1"), ID("email", "b@example.it"),
	    TEXT("LAST_NAME", "Rossi"), IN("TAKE"));
	expect_contact(s, 1, "email=b@example.it push=d-1 LAST_NAME=Rossi");
	expect_claim(s, 1, "LAST_NAME", "CONTACTS@20");
}

static void
test_R13_one_conflict_on_the_first_namespace(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-1"), ID("email", "a@example.it"), ID("phone", PHONE_1),
	    ID("push", "d-1"));
	identify(s, PUSH, AT(11), ID("push", "d-1"), ID("phone", PHONE_2), IN("KEEP"));
	expect_conflicts(s, "IDENTITY phone " PHONE_1 "<" PHONE_2 " KEEP");
	identify(s, PUSH, AT(12), ID("push", "d-1"), ID("phone", PHONE_2), ID("email", "b@example.it"),
	    IN("KEEP"));
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it KEEP");
	identify(s, PUSH, AT(13), ID("push", "d-1"), ID("phone", PHONE_2), ID("email", "b@example.it"),
	    ID("ext_id", "x-2"), IN("KEEP"));
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 KEEP");
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it phone=" PHONE_1 " push=d-1");
}

static void
test_R13_a_namespace_that_is_free_raises_none(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("phone", PHONE_1), ID("push", "d-1"));
	identify(s, PUSH, AT(11), ID("push", "d-1"), ID("email", "b@example.it"), IN("KEEP"));
	expect_conflicts(s, "");
	expect_contact(s, 1, "email=b@example.it phone=" PHONE_1 " push=d-1");
}

static void
test_R13_another_name_alone_raises_none(struct scene *s)
{
	make_device_holder(s);
	identify(s, PUSH, AT(20), ID("push", "d-1"), TEXT("LAST_NAME", "Bianchi"), IN("KEEP"));
	expect_conflicts(s, "VALUE LAST_NAME Rossi<Bianchi KEEP");
}

static void
test_R13_found_through_a_personal_identifier_raises_none(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1), ID("push", "d-1"));
	identify(s, PUSH, AT(20), ID("push", "d-1"), ID("email", "a@example.it"), ID("phone", PHONE_2),
	    IN("KEEP"));
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " KEEP");
}

static void
test_R13_a_value_that_somebody_owns_raises_none(struct scene *s)
{
	make_device_holder(s);
	identify(s, CONTACTS, AT(10), ID("email", "b@example.it"));
	assert_int_equal(
	    identify(s, PUSH, AT(20), ID("push", "d-1"), ID("email", "b@example.it"), IN("KEEP")), 2);
	expect_conflicts(s, "OWNER push d-1 of 1 KEEP");
}

static void
test_R13_policy_sees_the_device(struct scene *s)
{
	make_device_holder(s);
	identify(s, PUSH, AT(15), ID("push", "d-1"));
	identify(s, PUSH, AT(20), ID("push", "d-1"), ID("email", "b@example.it"), IN("KEEP"));
	assert_string_equal(s->answer->conflicts[0]->reason, "S3_D0_V1");
}

/* (b): found through the e-mail, with another id. */
static void
make_customer(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-1"), ID("email", "a@example.it"),
	    TEXT("LAST_NAME", "Rossi"));
}

#define come_with_another_id(s, script)                                                                      \
	identify(s, CONTACTS, AT(20), ID("ext_id", "x-2"), ID("email", "a@example.it"),                      \
	    ID("phone", PHONE_1), TEXT("LAST_NAME", "Bianchi"), IN(script))

static void
test_R13b_keep(struct scene *s)
{
	make_customer(s);
	come_with_another_id(s, "KEEP");
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 KEEP");
	assert_string_equal(s->answer->conflicts[0]->reason, "S3_D0_V0");
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it LAST_NAME=Rossi");
	expect_claim(s, 1, "email", "CONTACTS@20");
	expect_claim(s, 1, "ext_id", "CONTACTS@10");
}

static void
test_R13b_offer(struct scene *s)
{
	make_customer(s);
	come_with_another_id(s, "OFFER");
	expect_contact(s, 1,
	    "ext_id=x-1 email=a@example.it LAST_NAME=Rossi ?ext_id=x-2 ?phone=" PHONE_1
	    " ?LAST_NAME=Bianchi");
}

static void
test_R13b_take(struct scene *s)
{
	make_customer(s);
	come_with_another_id(s, "TAKE");
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 TAKE");
	expect_contact(s, 1, "ext_id=x-2 email=a@example.it phone=" PHONE_1 " LAST_NAME=Bianchi");
	assert_int_equal(owner(s, "ext_id", "x-1"), 0);
}

static void
test_R13b_separate_and_keep(struct scene *s)
{
	make_customer(s);
	assert_int_equal(come_with_another_id(s, "IDENTITY=SEPARATE OWNER=KEEP"), 2);
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 SEPARATE, OWNER email a@example.it of 1 KEEP");
	expect_outcome(s, CREATED);
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_1 " LAST_NAME=Bianchi");
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it LAST_NAME=Rossi");
}

static void
test_R13b_separate_and_offer(struct scene *s)
{
	make_customer(s);
	come_with_another_id(s, "IDENTITY=SEPARATE OWNER=OFFER");
	expect_contact(s, 2, "ext_id=x-2 phone=" PHONE_1 " LAST_NAME=Bianchi ?email=a@example.it^1");
	expect_contact(s, 1, "ext_id=x-1 email=a@example.it LAST_NAME=Rossi");
}

static void
test_R13b_separate_and_take(struct scene *s)
{
	make_customer(s);
	come_with_another_id(s, "IDENTITY=SEPARATE OWNER=TAKE");
	expect_contact(s, 2, "ext_id=x-2 email=a@example.it phone=" PHONE_1 " LAST_NAME=Bianchi");
	expect_contact(s, 1, "ext_id=x-1 LAST_NAME=Rossi");
	expect_claim(s, 2, "email", "CONTACTS@20");
}

static void
test_R13b_found_through_a_crossed_number(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-1"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(20), ID("ext_id", "x-2"), ID("whatsapp", PHONE_1), IN("KEEP"));
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 KEEP");
	expect_contact(s, 1, "ext_id=x-1 phone=" PHONE_1);
}

static void
test_R13b_other_namespaces_are_values(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(20), ID("email", "b@example.it"), ID("phone", PHONE_1), IN("KEEP"));
	expect_conflicts(s, "VALUE email a@example.it<b@example.it KEEP");
	identify(s, CONTACTS, AT(21), ID("email", "b@example.it"), ID("whatsapp", PHONE_1), IN("KEEP"));
	expect_conflicts(s, "VALUE email a@example.it<b@example.it KEEP");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " whatsapp=" PHONE_1);
}

static void
test_R13b_found_through_the_id_itself(struct scene *s)
{
	make_customer(s);
	identify(s, CONTACTS, AT(20), ID("ext_id", "x-1"), ID("email", "b@example.it"), IN("TAKE"));
	expect_conflicts(s, "VALUE email a@example.it<b@example.it TAKE");
	expect_contact(s, 1, "ext_id=x-1 email=b@example.it LAST_NAME=Rossi");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		SCRIPTED_TEST(test_R13a_keep_takes_nothing_said_of_the_person),
		SCRIPTED_TEST(test_R13a_offer_makes_secondaries_of_free_values_too),
		SCRIPTED_TEST(test_R13a_take_takes_every_value),
		SCRIPTED_TEST(test_R13a_separate_makes_a_contact),
		SCRIPTED_TEST(test_R13a_separate_leaves_a_device_seen_later),
		SCRIPTED_TEST(test_R13a_a_device_seen_later_is_then_decided_as_owned),
		SCRIPTED_TEST(test_R13a_separate_takes_a_device_of_the_same_claim),
		SCRIPTED_TEST(test_R13a_separate_leaves_what_the_event_does_not_name),
		SCRIPTED_TEST(test_R13a_the_new_contact_absorbs_anonymous_owners),
		SCRIPTED_TEST(test_R13a_other_identified_owners_are_decided_by_R12),
		SCRIPTED_TEST(test_R13a_keep_still_absorbs_and_decides_owners),
		SCRIPTED_TEST(test_R13a_offer_of_what_is_held_offers_nothing),
		SCRIPTED_TEST(test_R13a_take_raises_the_claim_of_what_is_equal),
		SCRIPTED_TEST(test_R13_one_conflict_on_the_first_namespace),
		SCRIPTED_TEST(test_R13_a_namespace_that_is_free_raises_none),
		SCRIPTED_TEST(test_R13_another_name_alone_raises_none),
		SCRIPTED_TEST(test_R13_found_through_a_personal_identifier_raises_none),
		SCRIPTED_TEST(test_R13_a_value_that_somebody_owns_raises_none),
		SCRIPTED_TEST(test_R13_policy_sees_the_device),
		SCRIPTED_TEST(test_R13b_keep),
		SCRIPTED_TEST(test_R13b_offer),
		SCRIPTED_TEST(test_R13b_take),
		SCRIPTED_TEST(test_R13b_separate_and_keep),
		SCRIPTED_TEST(test_R13b_separate_and_offer),
		SCRIPTED_TEST(test_R13b_separate_and_take),
		SCRIPTED_TEST(test_R13b_found_through_a_crossed_number),
		SCRIPTED_TEST(test_R13b_other_namespaces_are_values),
		SCRIPTED_TEST(test_R13b_found_through_the_id_itself),
	};

	return scene_main(tests);
}
