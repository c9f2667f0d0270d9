/* R24 on its own: what an act changes down to the last claim, what it loses, and in which
 * order it is refused. The same is driven through gRPC in tests/service. */
#include "tests/unit/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/namespaces.h"
#include "rules/operate.h"

/* An act of anna's on contact 1 as the store would lay it out. */
static void
act(struct people *people, enum action action, uint64_t secondary_id)
{
	people_settle(people);
	people->known.subject_id = 1;
	people->event = (struct event){
		.action = action,
		.account = BYTES("shop"),
		.claim = { .source = SOURCE_CONTACTS,
		    .observed_at_us = PEOPLE_NOW,
		    .recorded_at_us = PEOPLE_NOW },
		.act = { .operator_name = BYTES("anna"),
		    .contact_id = 1,
		    .contact_version = 10,
		    .secondary_id = secondary_id },
	};
}

static int
try_promote(struct people *people)
{
	return promote_decide(
	    &people->changeset, &people->rejection, &people->arena, &people->event, &people->known);
}

static int
try_dismiss(struct people *people)
{
	return dismiss_decide(
	    &people->changeset, &people->rejection, &people->arena, &people->event, &people->known);
}

static void
test_R24_promote_an_attribute(void **state)
{
	struct people people;
	const struct contact *after;
	uint64_t id;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_set(&people, 1, "CITY", "Roma", 6);
	id = people_offer(&people, 1, "CITY", "Bari", 7, 0);
	people_offer(&people, 1, "CITY", "Pisa", 8, 0);
	act(&people, ACTION_PROMOTE, id);
	assert_int_equal(try_promote(&people), 0);

	expect_after(&people, 1, "email=a@example.it@5 CITY=Bari@1000000 ?CITY=Pisa@8");
	expect_losses(&people, "1:PROMOTED ?CITY=Bari@7, 1:TAKEN CITY=Roma@6");
	after = people_after(&people, 1);
	assert_int_equal(after->attributes[0].claim.source, SOURCE_CONTACTS);
	assert_int_equal(after->attributes[0].claim.recorded_at_us, PEOPLE_NOW);
	assert_true(bytes_equal(after->attributes[0].claim.conversation, BYTES("t-5")));
	assert_int_equal(after->version, 11);
	assert_int_equal(after->update_time_us, PEOPLE_NOW);
	assert_int_equal(people.changeset.account.revision, 51);
	assert_int_equal(people.changeset.account.journal_sequence, 61);
	assert_true(people.changeset.journalled);
	assert_int_equal(people.changeset.outcome, OUTCOME_UPDATED);
	assert_int_equal(people.changeset.ownership_count, 0);
	assert_int_equal(people.changeset.conflict_count, 0);
	assert_false(people.changeset.contacts[0].dismissals_changed);
	/* What it was about stands as it was offered. */
	assert_int_equal(people.changeset.subject.id, id);
	assert_int_equal(people.changeset.subject.attribute.claim.observed_at_us, 7);
	assert_ptr_equal(people.changeset.contact->identifiers, after->identifiers);
	people_finish(&people);
}

static void
test_R24_promote_an_identifier(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "~email", "c@example.it", 3);
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "email", "b@example.it", 7, 9));
	assert_int_equal(try_promote(&people), 0);
	/* Its own aliases stay what they are. */
	expect_after(&people, 1, "email=b@example.it@1000000 ~email=c@example.it@3");
	expect_losses(&people, "1:PROMOTED ?email=b@example.it@7, 1:TAKEN email=a@example.it@5");
	assert_string_equal(people_ownerships(&people), "email=b@example.it>1 email=a@example.it>0");
	after = people_after(&people, 1);
	assert_true(bytes_equal(after->identifiers[0].given, BYTES("as given")));
	assert_true(bytes_equal(after->identifiers[0].claim.conversation, BYTES("t-5")));
	assert_true(bytes_equal(after->display_name, BYTES("as given")));
	people_finish(&people);
}

/* An alias of the contact's own comes to the fore; nothing changes hands but what it
 * replaces. */
static void
test_R24_promote_an_own_alias(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "~email", "b@example.it", 3);
	people_hold(&people, 1, "~email", "c@example.it", 4);
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "email", "b@example.it", 7, 0));
	people.known.offered_owner_id = 1;
	assert_int_equal(try_promote(&people), 0);
	expect_after(&people, 1, "email=b@example.it@1000000 ~email=c@example.it@4");
	assert_string_equal(people_ownerships(&people), "email=a@example.it>0");
	people_finish(&people);
}

/* A device replaces none. */
static void
test_R24_promote_a_device(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "push", "d-1", 5);
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "push", "d-2", 7, 9));
	assert_int_equal(try_promote(&people), 0);
	expect_after(&people, 1, "email=a@example.it@5 push=d-1@5 push=d-2@1000000");
	expect_losses(&people, "1:PROMOTED ?push=d-2@7");
	people_finish(&people);
}

/* R1: what identifies an anonymous contact moves it from one total to the other. */
static void
test_R24_promoting_may_identify(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "push", "d-1", 5);
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "email", "b@example.it", 7, 0));
	assert_int_equal(people.known.account.class_counts[CLASS_ANONYMOUS_PUSH], 1);
	assert_int_equal(try_promote(&people), 0);
	assert_int_equal(people.changeset.outcome, OUTCOME_IDENTIFIED);
	assert_int_equal(people.changeset.account.class_counts[CLASS_ANONYMOUS_PUSH], 0);
	assert_int_equal(people.changeset.account.class_counts[CLASS_IDENTIFIED], 1);
	assert_int_equal(people.changeset.account.reach_counts[REACH_EMAIL], 1);
	people_finish(&people);
}

/* A contact that is full gives up its least for what was promoted. */
static void
test_R24_promote_past_the_limits(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	for (int i = 0; i < LIMIT_CONTACT_ATTRIBUTES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "A%03d", i);
		people_set(&people, 1, name, "x", i == 40 ? 1 : 10);
	}
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "CITY", "Bari", 0, 0));
	assert_int_equal(try_promote(&people), 0);
	expect_losses(&people, "1:PROMOTED ?CITY=Bari@0, 1:LIMIT A040=x@1");
	after = people_after(&people, 1);
	assert_int_equal(after->attribute_count, LIMIT_CONTACT_ATTRIBUTES);
	people_finish(&people);

	people_init(&people, 1);
	for (int i = 0; i < LIMIT_CONTACT_DEVICES; i++) {
		char value[16];

		snprintf(value, sizeof(value), "d-%d", i);
		people_hold(&people, 1, "push", value, i == 30 ? 1 : 10);
	}
	act(&people, ACTION_PROMOTE, people_offer(&people, 1, "push", "other", 0, 0));
	assert_int_equal(try_promote(&people), 0);
	expect_losses(&people, "1:PROMOTED ?push=other@0, 1:LIMIT push=d-30@1");
	people_finish(&people);
}

/* Every reason, in the order in which they are told. */
static void
test_R24_refusals_in_their_order(void **state)
{
	struct people people;
	uint64_t id;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "ext_id", "x-1", 5);
	people_hold(&people, 2, "email", "b@example.it", 5);
	id = people_offer(&people, 1, "email", "b@example.it", 7, 2);
	act(&people, ACTION_PROMOTE, 99);
	people.known.offered_owner_id = 2;
	people.known.subject_id = 0;
	people.event.act.contact_version = 9;
	people_expect_rejected(&people, try_promote(&people), REASON_CONTACT_NOT_FOUND, "contact_id", 0);
	people_expect_rejected(&people, try_dismiss(&people), REASON_CONTACT_NOT_FOUND, "contact_id", 0);
	people.known.subject_id = 1;
	people_expect_rejected(&people, try_promote(&people), REASON_VERSION_MISMATCH, "contact_version", 0);
	people_expect_rejected(&people, try_dismiss(&people), REASON_VERSION_MISMATCH, "contact_version", 0);
	people.event.act.contact_version = 10;
	people_expect_rejected(&people, try_promote(&people), REASON_SECONDARY_NOT_FOUND, "secondary_id", 0);
	people_expect_rejected(&people, try_dismiss(&people), REASON_SECONDARY_NOT_FOUND, "secondary_id", 0);
	people.event.act.secondary_id = 0;
	people_expect_rejected(&people, try_promote(&people), REASON_SECONDARY_NOT_FOUND, "secondary_id", 0);
	people.event.act.secondary_id = id;
	people_expect_rejected(&people, try_promote(&people), REASON_IDENTIFIER_OWNED, "secondary_id", 2);
	/* Whose it is does not matter to who says it is wrong. */
	assert_int_equal(try_dismiss(&people), 0);
	expect_after(&people, 1, "ext_id=x-1@5");
	people_finish(&people);
}

static void
test_R24_dismiss(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_set(&people, 1, "CITY", "Roma", 6);
	act(&people, ACTION_DISMISS, people_offer(&people, 1, "CITY", "Bari", 7, 0));
	assert_int_equal(try_dismiss(&people), 0);
	expect_after(&people, 1, "email=a@example.it@5 CITY=Roma@6");
	expect_losses(&people, "1:DISMISSED ?CITY=Bari@7");
	after = people_after(&people, 1);
	assert_int_equal(after->version, 11);
	assert_int_equal(after->dismissal_count, 1);
	assert_true(bytes_equal(after->dismissals[0].name, BYTES("CITY")));
	assert_int_equal(after->dismissals[0].time_us, PEOPLE_NOW);
	assert_true(people.changeset.contacts[0].dismissals_changed);
	assert_int_equal(people.changeset.account.dismissed_count, 1);
	assert_int_equal(people.changeset.account.revision, 51);
	people_finish(&people);
}

/* The digest of a dismissed value, under what the test sets first. */
static struct dismissal
dismissal_of(const char *account, uint8_t key, const char *name, const char *text)
{
	struct dismissal dismissal;
	struct people people;

	people_init(&people, 1);
	memset(people.key.bytes, key, sizeof(people.key.bytes));
	people_hold(&people, 1, "ext_id", "x-1", 5);
	act(&people, ACTION_DISMISS, people_offer(&people, 1, name, text, 7, 0));
	people.event.account = bytes_of_string(account);
	assert_int_equal(try_dismiss(&people), 0);
	dismissal = people_after(&people, 1)->dismissals[0];
	dismissal.name = bytes_of_string(name);
	people_finish(&people);
	return dismissal;
}

/* Keyed, and different for each account, name and value. */
static void
test_R24_dismissals_tell_nothing(void **state)
{
	const struct dismissal same = dismissal_of("shop", 7, "CITY", "Bari");
	const struct dismissal others[] = {
		dismissal_of("shop2", 7, "CITY", "Bari"),
		dismissal_of("shop", 8, "CITY", "Bari"),
		dismissal_of("shop", 7, "TOWN", "Bari"),
		dismissal_of("shop", 7, "CITY", "Roma"),
		dismissal_of("shop", 7, "email", "Bari"),
	};
	const struct dismissal again = dismissal_of("shop", 7, "CITY", "Bari");

	(void)state;
	assert_memory_equal(same.digest, again.digest, DIGEST_BYTES);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_memory_not_equal(same.digest, others[i].digest, DIGEST_BYTES);
}

/* Offers Bari, observed at a time, to a contact that has dismissed it at PEOPLE_NOW. */
static size_t
offered_again(int64_t observed_at, const char *value)
{
	struct people people;
	size_t count;

	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_set(&people, 1, "CITY", "Roma", 6);
	act(&people, ACTION_DISMISS, people_offer(&people, 1, "CITY", "Bari", 7, 0));
	assert_int_equal(try_dismiss(&people), 0);
	people.contacts[0] = *people_after(&people, 1);
	people_tell(&people, SOURCE_CONVERSATIONS, observed_at);
	people_name(&people, "email", "a@example.it", 1);
	people_say(&people, "CITY", value);
	people.verdict = VERDICT_OFFER;
	people_decide(&people);
	assert_int_equal(people.changeset.conflict_count, 1);
	assert_int_equal(people.changeset.conflicts[0].verdict, VERDICT_OFFER);
	count = people_after(&people, 1)->secondary_count;
	people_finish(&people);
	return count;
}

static void
test_R24_dismissed_is_offered_by_what_is_observed_later_alone(void **state)
{
	(void)state;
	assert_int_equal(offered_again(PEOPLE_NOW - 1, "Bari"), 0);
	assert_int_equal(offered_again(PEOPLE_NOW, "Bari"), 0);
	assert_int_equal(offered_again(PEOPLE_NOW + 1, "Bari"), 1);
	assert_int_equal(offered_again(PEOPLE_NOW - 1, "Pisa"), 1);
}

/* Dismissing the same value again moves its time; the order stays. */
static void
test_R24_dismissed_again(void **state)
{
	struct people people;
	const struct contact *after;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "ext_id", "x-1", 5);
	people.contacts[0].dismissals[0] = dismissal_of("shop", 7, "CITY", "Bari");
	people.contacts[0].dismissals[0].time_us = 10;
	people.contacts[0].dismissals[1] = dismissal_of("shop", 7, "CITY", "Pisa");
	people.contacts[0].dismissals[1].time_us = 20;
	people.contacts[0].dismissal_count = 2;
	act(&people, ACTION_DISMISS, people_offer(&people, 1, "CITY", "Bari", 30, 0));
	assert_int_equal(try_dismiss(&people), 0);
	after = people_after(&people, 1);
	assert_int_equal(after->dismissal_count, 2);
	assert_int_equal(after->dismissals[0].time_us, 20);
	assert_int_equal(after->dismissals[1].time_us, PEOPLE_NOW);
	assert_int_equal(people.changeset.account.dismissed_count, 1);
	people_finish(&people);
}

static void
test_R24_limit_of_dismissals(void **state)
{
	(void)state;
	for (size_t before = LIMIT_CONTACT_DISMISSALS - 1; before <= LIMIT_CONTACT_DISMISSALS; before++) {
		struct people people;
		const struct contact *after;

		people_init(&people, 1);
		people_hold(&people, 1, "ext_id", "x-1", 5);
		for (size_t i = 0; i < before; i++) {
			people.contacts[0].dismissals[i].name = BYTES("CITY");
			people.contacts[0].dismissals[i].digest[0] = (uint8_t)i;
			people.contacts[0].dismissals[i].time_us = 100 + (int64_t)i;
		}
		people.contacts[0].dismissal_count = before;
		act(&people, ACTION_DISMISS, people_offer(&people, 1, "CITY", "Bari", 30, 0));
		assert_int_equal(try_dismiss(&people), 0);
		after = people_after(&people, 1);
		assert_int_equal(after->dismissal_count, LIMIT_CONTACT_DISMISSALS);
		assert_int_equal(
		    after->dismissals[0].time_us, before == LIMIT_CONTACT_DISMISSALS ? 101 : 100);
		assert_int_equal(after->dismissals[LIMIT_CONTACT_DISMISSALS - 1].time_us, PEOPLE_NOW);
		people_finish(&people);
	}
}

/* The form of an act. */
static void
test_forms(void **state)
{
	static char longest[LIMIT_OPERATOR_BYTES + 1];
	struct rejection rejection;
	struct event event = { .action = ACTION_NONE };
	struct act given = { .operator_name = BYTES("anna"), .contact_id = 3 };

	(void)state;
	memset(longest, 'o', sizeof(longest));
	assert_int_equal(
	    act_prepare(&event, &rejection, ACTION_PROMOTE, BYTES("Shop"), &given), EVENT_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_ACCOUNT_INVALID);
	given.operator_name = BYTES("");
	assert_int_equal(
	    act_prepare(&event, &rejection, ACTION_PROMOTE, BYTES("shop"), &given), EVENT_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_OPERATOR_MISSING);
	assert_string_equal(rejection.field, "operator");
	given.operator_name = BYTES("a\0b");
	assert_int_equal(
	    act_prepare(&event, &rejection, ACTION_PROMOTE, BYTES("shop"), &given), EVENT_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_FIELD_INVALID);
	given.operator_name = bytes_of(longest, LIMIT_OPERATOR_BYTES + 1);
	assert_int_equal(
	    act_prepare(&event, &rejection, ACTION_PROMOTE, BYTES("shop"), &given), EVENT_E_REJECTED);
	assert_int_equal(rejection.reason, REASON_FIELD_INVALID);
	assert_int_equal(event.action, ACTION_NONE);
	given.operator_name = bytes_of(longest, LIMIT_OPERATOR_BYTES);
	assert_int_equal(act_prepare(&event, &rejection, ACTION_MERGE, BYTES("shop"), &given), 0);
	assert_int_equal(event.action, ACTION_MERGE);
	assert_int_equal(event.act.contact_id, 3);
	event_receive(&event, PEOPLE_NOW);
	assert_int_equal(event.claim.source, SOURCE_CONTACTS);
	assert_int_equal(event.claim.observed_at_us, PEOPLE_NOW);
	assert_int_equal(event.claim.recorded_at_us, PEOPLE_NOW);
}

/* Memory that runs out at any point leaves the outcome untouched. */
static void
test_acts_without_memory_change_nothing(void **state)
{
	(void)state;
	for (enum action action = ACTION_PROMOTE; action <= ACTION_DISMISS; action++) {
		size_t failures = 0;
		int result = -ENOMEM;

		for (size_t limit_bytes = 0; result != 0; limit_bytes += 64) {
			struct people people;
			struct arena arena;

			people_init(&people, 1);
			people_hold(&people, 1, "email", "a@example.it", 5);
			act(&people, action, people_offer(&people, 1, "email", "b@example.it", 7, 0));
			arena_init(&arena, limit_bytes);
			result = (action == ACTION_PROMOTE ? promote_decide : dismiss_decide)(
			    &people.changeset, &people.rejection, &arena, &people.event, &people.known);
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
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R24_promote_an_attribute),
		cmocka_unit_test(test_R24_promote_an_identifier),
		cmocka_unit_test(test_R24_promote_an_own_alias),
		cmocka_unit_test(test_R24_promote_a_device),
		cmocka_unit_test(test_R24_promoting_may_identify),
		cmocka_unit_test(test_R24_promote_past_the_limits),
		cmocka_unit_test(test_R24_refusals_in_their_order),
		cmocka_unit_test(test_R24_dismiss),
		cmocka_unit_test(test_R24_dismissals_tell_nothing),
		cmocka_unit_test(test_R24_dismissed_is_offered_by_what_is_observed_later_alone),
		cmocka_unit_test(test_R24_dismissed_again),
		cmocka_unit_test(test_R24_limit_of_dismissals),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_acts_without_memory_change_nothing),
	};

	return cmocka_run_group_tests_name("operate", tests, NULL, NULL);
}
