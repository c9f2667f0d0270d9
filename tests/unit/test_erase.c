/* R30 as a decision: what goes with a contact, what of others it closes, and what is
 * refused. The same is driven through gRPC in tests/service. */
#include "tests/unit/people.h"

#include <errno.h>
#include <string.h>

#include "rules/erase.h"

enum { LITTLE = 64 };

static uint64_t absorbed_ids[] = { 5, 9 };

/* Anna erases contact 1, that 5 and 9 lead to. */
static void
erase_act(struct people *people)
{
	people_settle(people);
	people->known.subject_id = 1;
	people->known.forwarded_ids = absorbed_ids;
	people->known.forwarded_count = 2;
	people->event = (struct event){
		.action = ACTION_ERASE,
		.account = BYTES("shop"),
		.claim = { .source = SOURCE_CONTACTS,
		    .observed_at_us = PEOPLE_NOW,
		    .recorded_at_us = PEOPLE_NOW },
		.act = { .operator_name = BYTES("anna"), .contact_id = 5 },
	};
}

static int
try_erase(struct people *people)
{
	return erase_decide(
	    &people->changeset, &people->rejection, &people->arena, &people->event, &people->known);
}

static void
test_R30_the_contact_goes_with_all_it_owns(void **state)
{
	struct people people;
	struct account before;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "~email", "b@example.it", 5);
	people_hold(&people, 1, "push", "d-1", 5);
	people_hold(&people, 2, "chat", "v-1", 5);
	erase_act(&people);
	before = people.known.account;
	assert_int_equal(try_erase(&people), 0);
	assert_string_equal(
	    people_ownerships(&people), "email=a@example.it>0 email=b@example.it>0 push=d-1>0");
	assert_int_equal(people.changeset.erased->id, 1);
	assert_null(people.changeset.contact);
	assert_int_equal(people.changeset.outcome, OUTCOME_UPDATED);
	assert_true(people.changeset.journalled);
	assert_int_equal(people.changeset.contact_count, 0);
	assert_int_equal(people.changeset.loss_count, 0);
	assert_int_equal(people.changeset.account.revision, before.revision + 1);
	assert_int_equal(people.changeset.account.journal_sequence, before.journal_sequence + 1);
	assert_int_equal(people.changeset.account.last_contact_id, before.last_contact_id);
	assert_int_equal(people.changeset.account.class_counts[CLASS_IDENTIFIED], 0);
	assert_int_equal(people.changeset.account.class_counts[CLASS_ANONYMOUS_CHAT], 1);
	assert_int_equal(people.changeset.account.reach_counts[REACH_EMAIL], 0);
	assert_int_equal(people.changeset.account.reach_counts[REACH_PUSH], 0);
	assert_int_equal(people.changeset.account.suppressed_count, 0);
	people_finish(&people);
}

static void
test_R30_suppressed_are_personal_ones_and_aliases(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "~email", "b@example.it", 5);
	people_hold(&people, 1, "ext_id", "c-1", 5);
	people_hold(&people, 1, "push", "d-1", 5);
	erase_act(&people);
	people.event.act.suppress = true;
	people.known.account.suppressed_count = 4;
	assert_int_equal(try_erase(&people), 0);
	assert_int_equal(people.changeset.account.suppressed_count, 4 + 3);
	people_finish(&people);
}

static void
test_R30_secondaries_that_name_it_close(void **state)
{
	const struct contact *after;
	struct people people;
	uint64_t ids[4];

	(void)state;
	people_init(&people, 3);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 1, "~phone", "+393331234501", 5);
	people_hold(&people, 2, "email", "b@example.it", 5);
	people_hold(&people, 3, "email", "c@example.it", 5);
	ids[0] = people_offer(&people, 2, "email", "a@example.it", 6, 0);
	people_offer(&people, 2, "CITY", "Bari", 6, 0);
	ids[1] = people_offer(&people, 2, "phone", "+393331234501", 6, 0);
	/* As the owner, by an id that leads to it; of what it holds no more. */
	ids[2] = people_offer(&people, 2, "ext_id", "c-9", 6, 9);
	ids[3] = people_offer(&people, 2, "landline", "+390612345678", 6, 1);
	/* The same value in another namespace, and another one's. */
	people_offer(&people, 3, "whatsapp", "+393331234501", 6, 0);
	people_offer(&people, 3, "email", "b@example.it", 6, 2);
	erase_act(&people);
	assert_int_equal(try_erase(&people), 0);

	assert_int_equal(people.changeset.contact_count, 1);
	after = &people.changeset.contacts[0].after;
	assert_int_equal(after->id, 2);
	assert_string_equal(people_text(&people, after), "email=b@example.it@5 ?CITY=Bari@6");
	assert_int_equal(after->version, people.contacts[1].version + 1);
	assert_int_equal(after->update_time_us, PEOPLE_NOW);
	assert_true(people.changeset.contacts[0].revised);
	assert_ptr_equal(people.changeset.contacts[0].before, &people.contacts[1]);
	assert_int_equal(people.changeset.loss_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct loss *loss = &people.changeset.losses[i];

		assert_int_equal(loss->cause, LOSS_ERASED);
		assert_int_equal(loss->contact_id, 2);
		assert_int_equal(loss->value.id, ids[i]);
		assert_int_equal(loss->value.identifier.namespace_id, NAMESPACE_NONE);
		assert_int_equal(loss->value.identifier.value.size, 0);
		assert_int_equal(loss->value.attribute.name.size, 0);
		assert_int_equal(loss->value.owner_contact_id, 0);
	}
	people_finish(&people);
}

static void
test_R30_who_is_not_there_is_told(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_hold(&people, 1, "email", "a@example.it", 5);
	erase_act(&people);
	people.known.subject_id = 0;
	people_expect_rejected(&people, try_erase(&people), REASON_CONTACT_NOT_FOUND, "contact_id", 0);
	people_finish(&people);
}

/* By the first place in the request, whatever the order of the event. */
static void
test_R30_a_suppressed_identifier_is_told_by_its_place(void **state)
{
	bool suppressed[] = { false, true, true };
	size_t places[] = { 0, 7, 63 };
	struct people people;

	(void)state;
	people_init(&people, 1);
	people_tell(&people, SOURCE_CONTACTS, 5);
	people_name(&people, "email", "a@example.it", 0);
	people_name(&people, "phone", "+393331234501", 0);
	people_name(&people, "push", "d-1", 0);
	people.known.suppressed = suppressed;
	people.event.identifier_places = places;
	people_expect_rejected(&people, suppressed_decide(&people.rejection, &people.event, &people.known),
	    REASON_IDENTIFIER_SUPPRESSED, "identifiers[7].value", 0);
	places[1] = 64;
	people_expect_rejected(&people, suppressed_decide(&people.rejection, &people.event, &people.known),
	    REASON_IDENTIFIER_SUPPRESSED, "identifiers[63].value", 0);
	suppressed[1] = suppressed[2] = false;
	assert_int_equal(suppressed_decide(&people.rejection, &people.event, &people.known), 0);
	people_finish(&people);
}

/* However little memory there is, it is told, and the changeset left alone. */
static void
test_running_out_of_memory_is_told(void **state)
{
	size_t limit_bytes = LITTLE;
	struct people people;
	unsigned failures = 0;
	int result = -ENOMEM;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "email", "a@example.it", 5);
	people_hold(&people, 2, "email", "b@example.it", 5);
	for (int i = 0; i < 8; i++)
		people_offer(&people, 2, i % 2 == 0 ? "email" : "CITY", "a@example.it", i, 0);
	erase_act(&people);
	for (; result == -ENOMEM; limit_bytes += LITTLE) {
		struct changeset changeset = { .outcome = OUTCOME_NONE };
		struct arena arena;

		arena_init(&arena, limit_bytes);
		result = erase_decide(&changeset, &people.rejection, &arena, &people.event, &people.known);
		if (result == -ENOMEM) {
			failures++;
			assert_int_equal(changeset.outcome, OUTCOME_NONE);
		}
		arena_finish(&arena);
	}
	assert_int_equal(result, 0);
	assert_true(failures > 0);
	people_finish(&people);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R30_the_contact_goes_with_all_it_owns),
		cmocka_unit_test(test_R30_suppressed_are_personal_ones_and_aliases),
		cmocka_unit_test(test_R30_secondaries_that_name_it_close),
		cmocka_unit_test(test_R30_who_is_not_there_is_told),
		cmocka_unit_test(test_R30_a_suppressed_identifier_is_told_by_its_place),
		cmocka_unit_test(test_running_out_of_memory_is_told),
	};

	return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}
