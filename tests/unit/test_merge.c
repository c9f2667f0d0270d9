/* R29 on its own: what two contacts become, what gives way past a limit, and what an alias
 * is and is not in all that comes after. The same is driven through gRPC in
 * tests/service. */
#include "tests/unit/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/merge.h"
#include "rules/namespaces.h"

/* Anna merges contact 2 into contact 1. */
static void
merge_act(struct people *people)
{
	people_settle(people);
	people->known.subject_id = 1;
	people->known.absorbed_id = 2;
	people->event = (struct event){
		.action = ACTION_MERGE,
		.account = BYTES("shop"),
		.claim = { .source = SOURCE_CONTACTS,
		    .observed_at_us = PEOPLE_NOW,
		    .recorded_at_us = PEOPLE_NOW },
		.act = { .operator_name = BYTES("anna"),
		    .contact_id = 1,
		    .contact_version = 10,
		    .absorbed_contact_id = 2,
		    .absorbed_contact_version = 20 },
	};
}

static int
try_merge(struct people *people)
{
	return merge_decide(
	    &people->changeset, &people->rejection, &people->arena, &people->event, &people->known);
}

static void
merge(struct people *people)
{
	merge_act(people);
	assert_int_equal(try_merge(people), 0);
}

static void
test_R29_values_and_claims(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_set(&people, 1, "CITY", "Roma", 5);
	people_set(&people, 1, "B", "same", 9);
	people_set(&people, 1, "C", "same", 5);
	people_hold(&people, 2, "email", "b@example.it", 99);
	people_hold(&people, 2, "phone", "+393331234501", 3);
	people_hold(&people, 2, "push", "d-1", 2);
	people_set(&people, 2, "CITY", "Bari", 99);
	people_set(&people, 2, "B", "same", 5);
	people_set(&people, 2, "C", "same", 9);
	people_set(&people, 2, "D", "x", 1);
	people.contacts[1].lists[0] = LIST_ENGAGED;
	people.contacts[1].list_count = 1;
	merge(&people);

	expect_after(&people, 1,
	    "email=a@example.it@5 ~email=b@example.it@99 phone=+393331234501@3 push=d-1@2 B=same@9 C=same@9 "
	    "CITY=Roma@5 D=x@1 @conversations-engaged");
	expect_losses(&people, "");
	assert_string_equal(
	    people_ownerships(&people), "email=b@example.it>1 phone=+393331234501>1 push=d-1>1");
	assert_int_equal(people.changeset.absorption_count, 1);
	assert_int_equal(people.changeset.absorptions[0].before->id, 2);
	assert_int_equal(people.changeset.absorptions[0].survivor_contact_id, 1);
	assert_int_equal(people.changeset.contact_count, 1);
	assert_int_equal(people.changeset.contact->version, 11);
	assert_int_equal(people.changeset.contact->update_time_us, PEOPLE_NOW);
	assert_int_equal(people.changeset.account.revision, 51);
	assert_int_equal(people.changeset.account.class_counts[CLASS_IDENTIFIED], 1);
	assert_int_equal(people.changeset.account.reach_counts[REACH_EMAIL], 1);
	assert_int_equal(people.changeset.account.reach_counts[REACH_SMS], 1);
	assert_int_equal(people.changeset.outcome, OUTCOME_UPDATED);
	assert_int_equal(people.changeset.conflict_count, 0);
	people_finish(&people);
}

/* Both of a boolean's sides in all their combinations. */
static void
test_R29_a_boolean_that_is_false_on_either_side(void **state)
{
	static const struct {
		bool held, other, result;
		int64_t claim;
		const char *losses;
	} cases[] = {
		{ true, true, true, 8, "" },
		{ true, false, false, 8, "1:TAKEN A=true@5" },
		{ false, true, false, 5, "" },
		{ false, false, false, 8, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct people people;
		const struct attribute *after;

		people_init(&people, 2);
		people_hold(&people, 1, "ext_id", "x-1", 5);
		people_hold(&people, 2, "email", "b@example.it", 5);
		people_allow(&people, 1, "A", cases[i].held, 5);
		people_allow(&people, 2, "A", cases[i].other, 8);
		merge(&people);
		after = &people_after(&people, 1)->attributes[0];
		assert_int_equal(after->value.boolean, cases[i].result);
		assert_int_equal(after->claim.observed_at_us, cases[i].claim);
		expect_losses(&people, cases[i].losses);
		people_finish(&people);
	}
}

/* A value that is no boolean is no word against one. */
static void
test_R29_false_against_text(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 5);
	people_hold(&people, 2, "email", "b@example.it", 5);
	people_set(&people, 1, "A", "yes", 5);
	people_allow(&people, 2, "A", false, 8);
	people_allow(&people, 1, "B", true, 5);
	people_set(&people, 2, "B", "no", 8);
	merge(&people);
	expect_after(&people, 1, "ext_id=x-1@5 email=b@example.it@5 A=yes@5 B=true@5");
	people_finish(&people);
}

static void
test_R29_secondaries_of_both_sides(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_set(&people, 1, "CITY", "Roma", 5);
	people_offer(&people, 1, "phone", "+393331234501", 6, 2); /* 1: comes over as the own one */
	people_offer(&people, 1, "email", "b@example.it", 6, 2);  /* 2: comes over as an alias */
	people_offer(&people, 1, "CITY", "Bari", 6, 0);           /* 3: offered to both */
	people_offer(&people, 1, "TOWN", "Asti", 6, 0);           /* 4: filled in */
	people_hold(&people, 2, "email", "b@example.it", 5);
	people_hold(&people, 2, "phone", "+393331234501", 5);
	people_set(&people, 2, "CITY", "Pisa", 5);
	people_set(&people, 2, "TOWN", "Asti", 5);
	people_offer(&people, 2, "CITY", "Bari", 7, 0);          /* 5: joins 3 */
	people_offer(&people, 2, "CITY", "Roma", 7, 0);          /* 6: what the survivor has */
	people_offer(&people, 2, "email", "a@example.it", 7, 1); /* 7: likewise */
	people_offer(&people, 2, "CITY", "Como", 7, 0);          /* 8: stays open */
	merge(&people);
	expect_after(&people, 1,
	    "email=a@example.it@5 ~email=b@example.it@5 phone=+393331234501@5 CITY=Roma@5 TOWN=Asti@5 "
	    "?CITY=Bari@7 ?CITY=Como@7");
	expect_losses(&people,
	    "1:AGREED ?phone=+393331234501@6, 1:AGREED ?TOWN=Asti@6, 1:AGREED ?email=b@example.it@6, "
	    "1:JOINED ?CITY=Bari@7, 1:AGREED ?CITY=Roma@7, 1:AGREED ?email=a@example.it@7");
	assert_int_equal(people_after(&people, 1)->secondaries[0].id, 3);
	assert_int_equal(people_after(&people, 1)->secondaries[1].id, 8);
	assert_int_equal(people.changeset.account.last_secondary_id, 8);
	people_finish(&people);
}

/* A false that takes the place of a true closes the secondary that offered it. */
static void
test_R29_false_closes_its_offer(void **state)
{
	struct people people;
	struct secondary *offered;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 5);
	people_allow(&people, 1, "A", true, 5);
	people_offer(&people, 1, "A", "", 6, 0);
	offered = &people.contacts[0].secondaries[0];
	offered->attribute.value = (struct value){ .type = VALUE_BOOL, .boolean = false };
	people_hold(&people, 2, "email", "b@example.it", 5);
	people_allow(&people, 2, "A", false, 8);
	merge(&people);
	expect_after(&people, 1, "ext_id=x-1@5 email=b@example.it@5 A=false@8");
	expect_losses(&people, "1:TAKEN A=true@5, 1:AGREED ?A=false@6");
	people_finish(&people);
}

/* Contacts with so many aliases, observed at 100, 101, … */
static void
hold_aliases(struct people *people, uint64_t id, int count)
{
	for (int i = 0; i < count; i++) {
		char value[32];

		snprintf(value, sizeof(value), "%llu-%03d", (unsigned long long)id, i);
		people_hold(people, id, "~email", value, 100 + i);
	}
}

static void
test_R29_limit_of_aliases(void **state)
{
	(void)state;
	/* The absorbed contact's own e-mail becomes one more. */
	for (int count = LIMIT_CONTACT_ALIASES - 1; count <= LIMIT_CONTACT_ALIASES; count++) {
		struct people people;

		people_init(&people, 2);
		people_hold(&people, 1, "email", "a@example.it", 1);
		people_hold(&people, 2, "email", "b@example.it", 500);
		hold_aliases(&people, 1, count / 2);
		hold_aliases(&people, 2, count - count / 2);
		merge(&people);
		assert_int_equal(people_after(&people, 1)->identifier_count, 1 + LIMIT_CONTACT_ALIASES);
		/* Two are equally old: the lesser value goes. */
		expect_losses(&people, count == LIMIT_CONTACT_ALIASES ? "1:LIMIT ~email=1-000@100" : "");
		people_finish(&people);
	}
}

/* Of aliases of different namespaces that are equally old, the first by name. */
static void
test_R29_least_alias_by_namespace(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 1);
	people_hold(&people, 1, "email", "a@example.it", 1);
	hold_aliases(&people, 1, LIMIT_CONTACT_ALIASES);
	people_hold(&people, 2, "ext_id", "x-2", 100);
	people_hold(&people, 2, "email", "b@example.it", 99);
	merge(&people);
	expect_losses(&people, "1:LIMIT ~email=b@example.it@99, 1:LIMIT ~email=1-000@100");
	assert_non_null(strstr(people_text(&people, people_after(&people, 1)), "~ext_id=x-2@100"));
	people_finish(&people);
}

static void
test_R29_other_limits(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 1);
	people_hold(&people, 2, "email", "b@example.it", 1);
	for (int i = 0; i < 60; i++) {
		char text[16];

		for (uint64_t id = 1; id <= 2; id++) {
			snprintf(text, sizeof(text), "N%llu_%02d", (unsigned long long)id, i);
			people_set(&people, id, text, "x", (int64_t)id * 100 + i);
			people_hold(&people, id, "push", text, (int64_t)id * 100 + i);
			if (i < 9)
				people_offer(&people, id, "CITY", text, (int64_t)id * 100 + i, 0);
		}
	}
	merge(&people);
	after = people_after(&people, 1);
	assert_int_equal(after->attribute_count, LIMIT_CONTACT_ATTRIBUTES);
	assert_int_equal(after->identifier_count, 2 + LIMIT_CONTACT_DEVICES);
	assert_int_equal(after->secondary_count, LIMIT_CONTACT_SECONDARIES);
	assert_int_equal(people.changeset.loss_count, (120 - 64) + (120 - 100) + (18 - 16));
	assert_int_equal(people.changeset.losses[0].cause, LOSS_LIMIT);
	assert_int_equal(people.changeset.losses[people.changeset.loss_count - 1].cause, LOSS_SUPERSEDED);
	people_finish(&people);
}

/* An absorbed contact that leaves nothing behind is a change all the same. */
static void
test_R29_a_merge_is_always_a_change(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	for (int i = 0; i < LIMIT_CONTACT_DEVICES; i++) {
		char value[16];

		snprintf(value, sizeof(value), "d-%d", i);
		people_hold(&people, 1, "push", value, 10);
	}
	people_hold(&people, 2, "push", "old", 1);
	merge(&people);
	expect_losses(&people, "1:LIMIT push=old@1");
	assert_string_equal(people_ownerships(&people), "push=old>0");
	assert_int_equal(people.changeset.contact_count, 1);
	assert_true(people.changeset.contacts[0].revised);
	assert_int_equal(people.changeset.contact->version, 11);
	assert_int_equal(people.changeset.account.revision, 51);
	assert_int_equal(people.changeset.account.class_counts[CLASS_ANONYMOUS_PUSH], 1);
	assert_int_equal(people.changeset.account.reach_counts[REACH_PUSH], 1);
	people_finish(&people);
}

static void
dismissed(struct people *people, uint64_t id, uint8_t value, int64_t time_us)
{
	struct contact *contact = &people->contacts[id - 1];
	struct dismissal *dismissal = &contact->dismissals[contact->dismissal_count++];

	*dismissal = (struct dismissal){ .name = BYTES("CITY"), .digest = { value }, .time_us = time_us };
}

static void
test_R24_dismissals_of_both_sides(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 1);
	people_hold(&people, 2, "email", "b@example.it", 1);
	dismissed(&people, 1, 1, 10);
	dismissed(&people, 1, 2, 20);
	dismissed(&people, 2, 3, 5);
	dismissed(&people, 2, 2, 15);
	dismissed(&people, 2, 1, 30);
	merge(&people);
	after = people_after(&people, 1);
	assert_int_equal(after->dismissal_count, 3);
	assert_int_equal(after->dismissals[0].digest[0], 3);
	assert_int_equal(after->dismissals[0].time_us, 5);
	assert_int_equal(after->dismissals[1].digest[0], 2);
	assert_int_equal(after->dismissals[1].time_us, 20);
	assert_int_equal(after->dismissals[2].digest[0], 1);
	assert_int_equal(after->dismissals[2].time_us, 30);
	assert_true(people.changeset.contacts[0].dismissals_changed);
	assert_int_equal(people.known.account.dismissed_count, 2);
	assert_int_equal(people.changeset.account.dismissed_count, 1);
	people_finish(&people);
}

static void
test_R24_dismissals_that_come_over_alone(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 1);
	people_hold(&people, 2, "email", "b@example.it", 1);
	people_offer(&people, 2, "CITY", "Bari", 3, 0);
	dismissed(&people, 2, 3, 5);
	merge(&people);
	/* The secondary comes along, whatever was dismissed. */
	expect_after(&people, 1, "ext_id=x-1@1 email=b@example.it@1 ?CITY=Bari@3");
	assert_int_equal(people_after(&people, 1)->dismissal_count, 1);
	assert_int_equal(people.changeset.account.dismissed_count, 1);
	people_finish(&people);
}

static void
test_R29_refusals_in_their_order(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 5);
	people_hold(&people, 2, "email", "b@example.it", 5);
	merge_act(&people);
	people.event.act.contact_version = 9;
	people.event.act.absorbed_contact_version = 9;
	people.known.subject_id = 0;
	people.known.absorbed_id = 0;
	people_expect_rejected(
	    &people, try_merge(&people), REASON_CONTACT_NOT_FOUND, "surviving_contact_id", 0);
	people.known.subject_id = 1;
	people_expect_rejected(
	    &people, try_merge(&people), REASON_CONTACT_NOT_FOUND, "absorbed_contact_id", 0);
	people.known.absorbed_id = 1;
	people_expect_rejected(&people, try_merge(&people), REASON_MERGE_INVALID, "absorbed_contact_id", 0);
	people.known.absorbed_id = 2;
	people_expect_rejected(
	    &people, try_merge(&people), REASON_VERSION_MISMATCH, "surviving_contact_version", 0);
	people.event.act.contact_version = 10;
	people_expect_rejected(
	    &people, try_merge(&people), REASON_VERSION_MISMATCH, "absorbed_contact_version", 0);
	people.event.act.absorbed_contact_version = 20;
	assert_int_equal(try_merge(&people), 0);
	people_finish(&people);
}

/* Contact 1 has an alias; what becomes of it when events come. */
static void
with_alias(struct people *people, size_t contact_count)
{
	people_init(people, contact_count);
	people_hold(people, 1, "email", "a@example.it", 5);
	people_hold(people, 1, "~email", "b@example.it", 6);
	people_hold(people, 1, "~email", "c@example.it", 7);
	people->verdict = VERDICT_TAKE;
}

/* R9, R14: it finds its contact, and only its claim is raised. */
static void
test_R29_an_event_names_an_alias(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 1);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "email", "b@example.it", 1);
	people_decide(&people);
	assert_int_equal(people.changeset.conflict_count, 0);
	assert_int_equal(people.changeset.outcome, OUTCOME_UNCHANGED);
	assert_int_equal(people.changeset.account.revision, 50);
	expect_after(&people, 1, "email=a@example.it@5 ~email=b@example.it@50 ~email=c@example.it@7");
	people_finish(&people);

	with_alias(&people, 1);
	people_settle(&people);
	people_tell(&people, SOURCE_CONVERSATIONS, 50);
	people_name(&people, "email", "b@example.it", 1);
	people_decide(&people);
	assert_int_equal(people.changeset.contact_count, 0);
	people_finish(&people);
}

/* R14: what clashes is the contact's own value; the aliases stay. */
static void
test_R29_an_alias_is_not_displaced(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 1);
	people_hold(&people, 1, "phone", "+393331234501", 5);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "email", "z@example.it", 0);
	people_name(&people, "phone", "+393331234501", 1);
	people_decide(&people);
	assert_int_equal(people.changeset.conflict_count, 1);
	assert_int_equal(people.changeset.conflicts[0].kind, CONFLICT_VALUE);
	assert_true(bytes_equal(people.changeset.conflicts[0].stored.string, BYTES("a@example.it")));
	expect_after(&people, 1,
	    "email=z@example.it@50 ~email=b@example.it@6 ~email=c@example.it@7 phone=+393331234501@50");
	people_finish(&people);
}

/* R12: taken by another contact, it is that one's own value there. */
static void
test_R29_an_alias_is_taken(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 2);
	people_hold(&people, 2, "ext_id", "x-2", 5);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "ext_id", "x-2", 2);
	people_name(&people, "email", "c@example.it", 1);
	people_decide(&people);
	assert_int_equal(people.changeset.conflicts[0].kind, CONFLICT_OWNER);
	expect_after(&people, 1, "email=a@example.it@5 ~email=b@example.it@6");
	expect_after(&people, 2, "ext_id=x-2@50 email=c@example.it@50");
	expect_losses(&people, "1:TAKEN ~email=c@example.it@7");
	people_finish(&people);
}

/* The newest alias takes the place of a value that was taken, and closes the secondary that
 * offered it. */
static void
test_R29_the_newest_alias_comes_to_the_fore(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 2);
	people_offer(&people, 1, "email", "c@example.it", 8, 0);
	people_offer(&people, 1, "email", "b@example.it", 8, 0);
	people_hold(&people, 2, "ext_id", "x-2", 5);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "ext_id", "x-2", 2);
	people_name(&people, "email", "a@example.it", 1);
	people_decide(&people);
	expect_after(&people, 1, "email=c@example.it@7 ~email=b@example.it@6 ?email=b@example.it@8");
	expect_after(&people, 2, "ext_id=x-2@50 email=a@example.it@50");
	expect_losses(&people, "1:TAKEN email=a@example.it@5, 1:AGREED ?email=c@example.it@8");
	assert_string_equal(people_ownerships(&people), "email=a@example.it>2");
	assert_true(bytes_equal(people_after(&people, 1)->display_name, BYTES("c@example.it")));
	assert_int_equal(people_after(&people, 1)->version, 11);
	assert_int_equal(people.changeset.account.reach_counts[REACH_EMAIL], 2);
	people_finish(&people);
}

/* Of two that are equally new the greater value. */
static void
test_R29_equally_new_aliases(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 2);
	people_hold(&people, 1, "~email", "bb@example.it", 7);
	people_hold(&people, 2, "ext_id", "x-2", 5);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "ext_id", "x-2", 2);
	people_name(&people, "email", "a@example.it", 1);
	people_decide(&people);
	expect_after(&people, 1, "email=c@example.it@7 ~email=b@example.it@6 ~email=bb@example.it@7");
	people_finish(&people);
}

/* R9, R11: who is found by an alias is the target, and strangers join it. */
static void
test_R29_aliases_say_who_somebody_is(void **state)
{
	struct people people;

	(void)state;
	with_alias(&people, 2);
	people_hold(&people, 2, "push", "d-2", 5);
	people_settle(&people);
	people_tell(&people, SOURCE_PUSH, 50);
	people_name(&people, "email", "b@example.it", 1);
	people_name(&people, "push", "d-2", 2);
	people_decide(&people);
	assert_int_equal(people.changeset.conflict_count, 0);
	assert_int_equal(people.changeset.contact->id, 1);
	assert_int_equal(people.changeset.absorption_count, 1);
	expect_after(
	    &people, 1, "email=a@example.it@5 ~email=b@example.it@50 ~email=c@example.it@7 push=d-2@50");
	people_finish(&people);
}

/* Memory that runs out at any point leaves the outcome untouched. */
static void
test_merge_without_memory_changes_nothing(void **state)
{
	size_t failures = 0;
	int result = -ENOMEM;

	(void)state;
	for (size_t limit_bytes = 0; result != 0; limit_bytes += 64) {
		struct people people;
		struct arena arena;

		people_init(&people, 2);
		people_hold(&people, 1, "email", "a@example.it", 5);
		people_offer(&people, 1, "email", "b@example.it", 6, 2);
		people_hold(&people, 2, "email", "b@example.it", 5);
		people_set(&people, 2, "CITY", "Pisa", 5);
		people_offer(&people, 2, "CITY", "Bari", 7, 0);
		dismissed(&people, 2, 3, 5);
		merge_act(&people);
		arena_init(&arena, limit_bytes);
		result =
		    merge_decide(&people.changeset, &people.rejection, &arena, &people.event, &people.known);
		if (result != 0) {
			failures++;
			assert_int_equal(result, -ENOMEM);
			assert_int_equal(people.changeset.conflict_count, 77);
		}
		arena_finish(&arena);
		people_finish(&people);
	}
	assert_true(failures > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R29_values_and_claims),
		cmocka_unit_test(test_R29_a_boolean_that_is_false_on_either_side),
		cmocka_unit_test(test_R29_false_against_text),
		cmocka_unit_test(test_R29_secondaries_of_both_sides),
		cmocka_unit_test(test_R29_false_closes_its_offer),
		cmocka_unit_test(test_R29_limit_of_aliases),
		cmocka_unit_test(test_R29_least_alias_by_namespace),
		cmocka_unit_test(test_R29_other_limits),
		cmocka_unit_test(test_R29_a_merge_is_always_a_change),
		cmocka_unit_test(test_R24_dismissals_of_both_sides),
		cmocka_unit_test(test_R24_dismissals_that_come_over_alone),
		cmocka_unit_test(test_R29_refusals_in_their_order),
		cmocka_unit_test(test_R29_an_event_names_an_alias),
		cmocka_unit_test(test_R29_an_alias_is_not_displaced),
		cmocka_unit_test(test_R29_an_alias_is_taken),
		cmocka_unit_test(test_R29_the_newest_alias_comes_to_the_fore),
		cmocka_unit_test(test_R29_equally_new_aliases),
		cmocka_unit_test(test_R29_aliases_say_who_somebody_is),
		cmocka_unit_test(test_merge_without_memory_changes_nothing),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
