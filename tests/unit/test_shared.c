/* Shared identifiers (N6), decided on what the store would tell of them. */
#include <stdio.h>

#include "rules/companions.h"
#include "rules/policy.h"
#include "tests/unit/people.h"

/* What an event that names these would add to an identifier's companions. */
static struct named
named_by(struct people *people, enum source source, const char *const identifiers[][2])
{
	struct identifier items[COMPANIONS_OF_EVENT + 1];
	struct event event = { .account = BYTES("shop"), .identifiers = items };
	struct named named;

	event.claim.source = source;
	for (size_t i = 0; identifiers[i][0] != NULL; i++)
		items[event.identifier_count++] =
		    (struct identifier){ .namespace_id = namespace_find(bytes_of_string(identifiers[i][0])),
			    .value = bytes_of_string(identifiers[i][1]) };
	companions_name(&named, &event, &people->key);
	return named;
}

/* Gives the event's identifier at index so many companions of a namespace, "0" to "count-1". */
static void
accompany(struct people *people, size_t index, const char *namespace_name, unsigned count)
{
	enum namespace_id own = people->event_identifiers[index].namespace_id;
	struct companions *companions = &people->companions[index];

	for (unsigned i = 0; i < count; i++) {
		/* Named with something of its own namespace: the pair is what counts. */
		char value[16];
		struct named named;
		const char *const pair[][2] = {
			{ own == NAMESPACE_EMAIL ? "email" : namespace_name,
			    own == NAMESPACE_EMAIL ? "x" : value },
			{ own == NAMESPACE_EMAIL ? namespace_name : "phone",
			    own == NAMESPACE_EMAIL ? value : "x" },
			{ NULL, NULL },
		};

		snprintf(value, sizeof(value), "%u", i);
		named = named_by(people, SOURCE_CONTACTS, pair);
		assert_int_equal(
		    companions_add(companions, &people->arena, companions, &named, own, LIMIT_REQUEST_FIELDS),
		    0);
	}
}

static size_t
count_of(const struct companions *companions, enum namespace_id namespace_id)
{
	size_t count = 0;

	for (size_t i = 0; i < companions->count; i++)
		count += companions->items[i].namespace_id == namespace_id;
	return count;
}

static void
test_N6_pairs_are_named_once(void **state)
{
	const char *const all[][2] = { { "ext_id", "1" }, { "email", "a" }, { "phone", "b" }, { "chat", "c" },
		{ NULL, NULL } };
	struct companions none = { 0 };
	struct companions known;
	struct companions again;
	struct people people;
	struct named named;

	(void)state;
	people_init(&people, 0);
	named = named_by(&people, SOURCE_CONVERSATIONS, all);
	assert_int_equal(named.count, 0);
	named = named_by(&people, SOURCE_PUSH, all + 2);
	assert_int_equal(named.count, 0);
	named = named_by(&people, SOURCE_PUSH, all);
	assert_int_equal(named.count, 3);
	assert_int_equal(companions_add(&known, &people.arena, &none, &named, NAMESPACE_EMAIL, 5), 0);
	assert_int_equal(known.count, 2);
	assert_int_equal(known.items[0].namespace_id, NAMESPACE_EXT_ID);
	assert_int_equal(known.items[1].namespace_id, NAMESPACE_PHONE);
	assert_int_equal(companions_most(&none, &named, NAMESPACE_EMAIL), 1);
	assert_int_equal(companions_most(&known, &named, NAMESPACE_EMAIL), 1);
	/* Nothing is new: the list is the very same. */
	assert_int_equal(companions_add(&again, &people.arena, &known, &named, NAMESPACE_EMAIL, 5), 0);
	assert_ptr_equal(again.items, known.items);
	assert_int_equal(again.count, 2);
	people_finish(&people);
}

static void
test_N6_a_few_are_kept_of_each_namespace(void **state)
{
	struct companions companions = { 0 };
	struct people people;

	(void)state;
	people_init(&people, 0);
	for (unsigned i = 0; i < 40; i++) {
		char email[16];
		char ext_id[16];
		const char *const pair[][2] = { { "ext_id", ext_id }, { "email", email }, { "phone", "x" },
			{ NULL, NULL } };
		struct named named;

		snprintf(email, sizeof(email), "e%u", i % 20);
		snprintf(ext_id, sizeof(ext_id), "%u", i / 20);
		named = named_by(&people, SOURCE_CONTACTS, pair);
		assert_int_equal(
		    companions_add(&companions, &people.arena, &companions, &named, NAMESPACE_PHONE, 3), 0);
		for (size_t j = 1; j < companions.count; j++)
			assert_true(companions.items[j - 1].namespace_id < companions.items[j].namespace_id ||
			    companions.items[j - 1].digest < companions.items[j].digest);
	}
	assert_int_equal(count_of(&companions, NAMESPACE_EXT_ID), 2);
	assert_int_equal(count_of(&companions, NAMESPACE_EMAIL), 4);
	people_finish(&people);
}

static void
test_N6_digests_differ_by_account_namespace_value_and_key(void **state)
{
	struct identifier items[2] = { { .namespace_id = NAMESPACE_PHONE, .value = BYTES("1") },
		{ .namespace_id = NAMESPACE_WHATSAPP, .value = BYTES("1") } };
	struct event event = { .account = BYTES("shop"), .identifiers = items, .identifier_count = 2 };
	struct digest_key key = { .bytes = { 1 } };
	struct digest_key other_key = { .bytes = { 2 } };
	struct named named;
	struct named other;

	(void)state;
	event.claim.source = SOURCE_PUSH;
	digest_key_complete(&key);
	digest_key_complete(&other_key);
	companions_name(&named, &event, &key);
	assert_true(named.items[0].digest != named.items[1].digest);
	companions_name(&other, &event, &other_key);
	assert_true(named.items[0].digest != other.items[0].digest);
	event.account = BYTES("shop2");
	companions_name(&other, &event, &key);
	assert_true(named.items[0].digest != other.items[0].digest);
	event.account = BYTES("shop");
	items[0].value = BYTES("2");
	companions_name(&other, &event, &key);
	assert_true(named.items[0].digest != other.items[0].digest);
	assert_true(named.items[1].digest == other.items[1].digest);
}

/* 1 has an office's inbox and a phone; 2 has an e-mail of its own. */
static void
make_office(struct people *people)
{
	people_init(people, 2);
	people_hold(people, 1, "email", "info@office.it", 5);
	people_hold(people, 1, "phone", "+391", 5);
	people_hold(people, 2, "ext_id", "c-2", 5);
	people_settle(people);
	people->verdict = ANAGRAPH_VERDICT_TAKE;
}

static void
test_N6_limit_and_one_past_it(void **state)
{
	(void)state;
	for (unsigned limit = 1; limit <= 6; limit++) {
		for (unsigned stored = limit - 1; stored <= limit + 1; stored++) {
			struct people people;

			make_office(&people);
			people.settings.shared_limit = limit;
			people_tell(&people, SOURCE_CONTACTS, 9);
			people_name(&people, "email", "info@office.it", 1);
			people_name(&people, "phone", "+39new", 0);
			accompany(&people, 0, "phone", stored);
			people_decide(&people);
			/* The event's phone is one more. */
			assert_int_equal(people.changeset.shared_count, stored + 1 > limit);
			/* Once it is shared, there is no more to be known. */
			assert_int_equal(people.changeset.acquaintance_count, 1 + (stored <= limit));
			people_finish(&people);
		}
	}
}

static void
test_N6_an_event_that_says_more_leaves_it_out(void **state)
{
	struct people people;

	(void)state;
	make_office(&people);
	people_tell(&people, SOURCE_CONTACTS, 9);
	people_name(&people, "email", "info@office.it", 1);
	people_name(&people, "phone", "+39new", 0);
	people_say(&people, "CITY", "Bari");
	accompany(&people, 0, "phone", 5);
	people_decide(&people);
	assert_int_equal(people.changeset.outcome, OUTCOME_CREATED);
	expect_after(&people, 1, "email=info@office.it@5 phone=+391@5");
	expect_after(&people, 3, "phone=+39new@9 CITY=Bari@9");
	assert_int_equal(people.changeset.conflict_count, 0);
	assert_int_equal(people.changeset.shared_count, 1);
	assert_int_equal(people.changeset.shared[0].namespace_id, NAMESPACE_EMAIL);
	people_finish(&people);
}

/* Conversations bring nothing together, and are bound by what was. */
static void
test_N6_conversations_look_at_what_is_known(void **state)
{
	for (unsigned stored = 5; stored <= 6; stored++) {
		struct people people;

		(void)state;
		make_office(&people);
		people_tell(&people, SOURCE_CONVERSATIONS, 9);
		people_name(&people, "ext_id", "c-2", 2);
		people_name(&people, "email", "info@office.it", 1);
		accompany(&people, 1, "phone", stored);
		people_decide(&people);
		assert_int_equal(people.changeset.acquaintance_count, 0);
		assert_int_equal(people.changeset.shared_count, stored == 6);
		assert_int_equal(people.changeset.conflict_count, stored == 5);
		people_finish(&people);
	}
}

static void
test_N6_ext_id_is_never_shared(void **state)
{
	struct people people;

	(void)state;
	make_office(&people);
	people_tell(&people, SOURCE_CONTACTS, 9);
	people_name(&people, "ext_id", "c-2", 2);
	people_name(&people, "phone", "+391", 1);
	accompany(&people, 0, "email", 40);
	people_decide(&people);
	assert_int_equal(people.changeset.shared_count, 0);
	assert_int_equal(people.changeset.acquaintance_count, 1);
	assert_int_equal(people.changeset.acquaintances[0].namespace_id, NAMESPACE_PHONE);
	assert_int_equal(
	    people.changeset.acquaintances[0].companions.items[0].namespace_id, NAMESPACE_EXT_ID);
	people_finish(&people);
}

/* All that the event names is shared: it finds somebody and moves nothing. */
static void
test_N6_all_shared_finds_and_raises_no_conflict(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 2);
	people_hold(&people, 1, "email", "info@office.it", 5);
	people_hold(&people, 1, "phone", "+391", 5);
	people_hold(&people, 2, "whatsapp", "+392", 5);
	people_settle(&people);
	people.verdict = ANAGRAPH_VERDICT_TAKE;
	people_tell(&people, SOURCE_CONTACTS, 9);
	people_name(&people, "email", "info@office.it", 1);
	people_name(&people, "phone", "+39other", 0); /* another value is held there */
	people_name(&people, "whatsapp", "+392", 2);  /* another contact's */
	people_name(&people, "landline", "+393", 0);  /* in a free place */
	people_say(&people, "CITY", "Bari");
	for (size_t i = 0; i < 4; i++)
		accompany(&people, i, i == 0 ? "phone" : "email", 6);
	people_decide(&people);
	assert_int_equal(people.changeset.shared_count, 4);
	assert_int_equal(people.changeset.conflict_count, 0);
	expect_after(&people, 1, "email=info@office.it@9 phone=+391@5 landline=+393@9 CITY=Bari@9");
	expect_after(&people, 2, "whatsapp=+392@5");
	assert_string_equal(people_ownerships(&people), "landline=+393>1");
	people_finish(&people);
}

/* A phone that is left out is not looked for among WhatsApp numbers either; one that stays is,
 * though the one left out has an owner. */
static void
test_N6_R9_crossing_is_by_what_stays(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct people people;

		(void)state;
		people_init(&people, 2);
		people_hold(&people, 1, "email", "info@office.it", 5);
		people_hold(&people, 2, "whatsapp", "+391", 5);
		people_settle(&people);
		people_tell(&people, SOURCE_CONTACTS, 9);
		if (i == 0)
			people_name(&people, "email", "info@office.it", 1);
		people_name(&people, "phone", "+391", 0);
		if (i == 1)
			people_name(&people, "landline", "+394", 0);
		people.known.crossed_ids[0] = 2;
		accompany(&people, 0, i == 0 ? "phone" : "email", 6);
		people_decide(&people);
		assert_int_equal(people.changeset.shared_count, 1);
		assert_int_equal(people.changeset.outcome, i == 0 ? OUTCOME_UPDATED : OUTCOME_CREATED);
		assert_int_equal(people.changeset.contact->id, i == 0 ? 2 : 3);
		people_finish(&people);
	}
}

/* Company is no change: nothing but the companions is to be stored. */
static void
test_N6_company_alone_changes_nothing_else(void **state)
{
	struct people people;

	(void)state;
	make_office(&people);
	people_tell(&people, SOURCE_CONTACTS, 5);
	people.event.claim.recorded_at_us = 5;
	people_name(&people, "email", "info@office.it", 1);
	people_name(&people, "phone", "+391", 1);
	people_decide(&people);
	assert_int_equal(people.changeset.outcome, OUTCOME_UNCHANGED);
	assert_int_equal(people.changeset.contact_count, 0);
	assert_int_equal(people.changeset.acquaintance_count, 2);
	assert_false(people.changeset.journalled);
	assert_int_equal(people.changeset.account.revision, people.known.account.revision);
	people_finish(&people);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_N6_pairs_are_named_once),
		cmocka_unit_test(test_N6_a_few_are_kept_of_each_namespace),
		cmocka_unit_test(test_N6_digests_differ_by_account_namespace_value_and_key),
		cmocka_unit_test(test_N6_limit_and_one_past_it),
		cmocka_unit_test(test_N6_an_event_that_says_more_leaves_it_out),
		cmocka_unit_test(test_N6_conversations_look_at_what_is_known),
		cmocka_unit_test(test_N6_ext_id_is_never_shared),
		cmocka_unit_test(test_N6_all_shared_finds_and_raises_no_conflict),
		cmocka_unit_test(test_N6_R9_crossing_is_by_what_stays),
		cmocka_unit_test(test_N6_company_alone_changes_nothing_else),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
