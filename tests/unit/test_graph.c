/* The store from outside: changesets made by hand go in and are read back, from one
 * account and from thousands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024 };

/* A changeset that changes and journals nothing. */
static void
apply_nothing(struct hand *hand, uint64_t *txn)
{
	struct graph *graph = hand->store->graph;
	struct changeset changeset = {
		.outcome = OUTCOME_UNCHANGED,
		.contact = hand->contacts[1],
		.account = hand->numbers,
	};
	const struct event event = { .account = hand->account };
	struct graph_error error;
	struct bytes answer;
	struct bytes expected;

	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(graph_apply(&answer, graph, &hand->work, &event, &changeset, &error), 0);
	assert_int_equal(contact_encode(&expected, &hand->work, hand->contacts[1]), 0);
	assert_true(bytes_equal(answer, expected));
	assert_int_equal(graph_commit(txn, graph, &error), 0);
}

static void
test_event_that_changes_nothing_writes_nothing(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	uint64_t seen;
	uint64_t txn;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	assert_int_equal(graph_read_begin(store.reader), 0);
	seen = graph_reader_txn(store.reader);
	graph_read_end(store.reader);

	apply_nothing(&hand, &txn);
	assert_true(txn == seen);
	apply_nothing(&hand, &txn);
	assert_true(txn == seen);
	hand_expect_stored(&hand);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_true(graph_reader_txn(store.reader) == seen);
	graph_read_end(store.reader);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_reader_sees_one_moment(void **test_state)
{
	struct hand_store store;
	struct graph_error error;
	struct account numbers;
	struct hand hand;
	uint64_t seen;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	assert_int_equal(graph_read_begin(store.reader), 0);
	seen = graph_reader_txn(store.reader);
	hand_create(&hand, BYTES("b-2"));
	assert_int_equal(graph_get_account(&numbers, store.reader, hand.account, &error), 0);
	assert_int_equal(numbers.last_contact_id, 1);
	assert_true(graph_reader_txn(store.reader) == seen);
	graph_read_end(store.reader);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(graph_get_account(&numbers, store.reader, hand.account, &error), 0);
	assert_int_equal(numbers.last_contact_id, 2);
	assert_true(graph_reader_txn(store.reader) == seen + 1);
	graph_read_end(store.reader);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_readers_are_bounded(void **test_state)
{
	struct graph_reader *readers[4] = { NULL };
	struct graph_reader *one_more;
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(graph_reader_create(&readers[i], store.graph), 0);
	assert_int_equal(graph_reader_create(&one_more, store.graph), GRAPH_E_FULL);
	hand_store_expect_sound(&store); /* which has a place of its own */
	graph_reader_destroy(readers[2]);
	assert_int_equal(graph_reader_create(&readers[2], store.graph), 0);
	for (size_t i = 0; i < 3; i++)
		graph_reader_destroy(readers[i]);
	hand_store_destroy(&store);
}

static void
test_what_is_not_there_is_absent(void **test_state)
{
	const struct identifier identifier = { .namespace_id = NAMESPACE_CHAT, .value = BYTES("b-1") };
	struct hand_store store;
	struct graph_error error;
	struct account numbers;
	struct arena arena;
	struct hand hand;
	struct bytes bytes;
	uint64_t *ids;
	size_t count;
	uint64_t id = 77;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(
	    graph_find(&id, &bytes, store.reader, hand.account, &identifier, &error), GRAPH_E_ABSENT);
	assert_int_equal(id, 77);
	assert_int_equal(
	    graph_get_contact(&bytes, &ids, &count, store.reader, &arena, hand.account, 2, &error),
	    GRAPH_E_ABSENT);
	assert_int_equal(
	    graph_get_contact(&bytes, &ids, &count, store.reader, &arena, BYTES("sho"), 1, &error),
	    GRAPH_E_ABSENT);
	assert_int_equal(graph_get_journal(&bytes, store.reader, hand.account, 2, &error), GRAPH_E_ABSENT);
	assert_int_equal(graph_next_journal(&id, store.reader, hand.account, 1, 1), GRAPH_E_ABSENT);
	assert_int_equal(graph_next_journal(&id, store.reader, hand.account, 2, 0), GRAPH_E_ABSENT);
	assert_int_equal(graph_next_journal(&id, store.reader, hand.account, 1, UINT64_MAX), GRAPH_E_ABSENT);
	assert_int_equal(graph_get_account(&numbers, store.reader, BYTES("nobody"), &error), 0);
	assert_int_equal(numbers.last_contact_id, 0);
	assert_int_equal(numbers.revision, 0);
	graph_read_end(store.reader);
	arena_finish(&arena);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* The sequences under which the journal knows a contact, as text. */
static void
expect_journal_of(struct hand *hand, uint64_t contact_id, const char *expected)
{
	char found[256] = "";
	uint64_t sequence = 0;
	int result;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	while ((result = graph_next_journal(
		    &sequence, hand->store->reader, hand->account, contact_id, sequence)) == 0) {
		size_t used = strlen(found);

		snprintf(found + used, sizeof(found) - used, "%llu ", (unsigned long long)sequence);
	}
	assert_int_equal(result, GRAPH_E_ABSENT);
	graph_read_end(hand->store->reader);
	assert_string_equal(found, expected);
}

static void
test_journal_is_kept_under_every_contact_concerned(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	struct conflict conflict = {
		.kind = CONFLICT_OWNER,
		.namespace_id = NAMESPACE_PUSH,
		.name = BYTES("push"),
		.stored = { .type = VALUE_STRING, .string = BYTES("b-1") },
		.stored_claim = { .source = SOURCE_PUSH },
		.incoming = { .type = VALUE_STRING, .string = BYTES("b-1") },
		.incoming_claim = { .source = SOURCE_PUSH },
		.owner_contact_id = 1,
		.verdict = VERDICT_KEEP,
	};
	struct conflict conflicts[2] = { conflict, conflict };
	struct hand_event planned;
	struct journal_entry entry;
	struct graph_error error;
	struct arena arena;
	struct bytes bytes;
	uint64_t txn;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_create(&hand, BYTES("b-2"));
	hand_absorb(&hand, 1, 2);
	hand_plan(&planned, &hand, BYTES("b-3"));
	planned.changeset.conflicts = conflicts;
	planned.changeset.conflict_count = 2;
	assert_int_equal(graph_write_begin(store.graph), 0);
	assert_int_equal(
	    graph_apply(&bytes, store.graph, &hand.work, &planned.event, &planned.changeset, &error), 0);
	assert_int_equal(graph_commit(&txn, store.graph, &error), 0);
	hand_accept(&hand, &planned);

	expect_journal_of(&hand, 1, "1 3 4 ");
	expect_journal_of(&hand, 2, "2 3 ");
	expect_journal_of(&hand, 3, "4 ");
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(graph_get_journal(&bytes, store.reader, hand.account, 3, &error), 0);
	assert_int_equal(journal_entry_decode(&entry, &arena, bytes), 0);
	assert_int_equal(entry.contact_id, 1);
	assert_int_equal(entry.outcome, OUTCOME_IDENTIFIED);
	assert_int_equal(entry.revision, 3);
	assert_int_equal(entry.absorption_count, 1);
	assert_int_equal(entry.absorptions[0].before->id, 2);
	assert_true(bytes_equal(entry.absorptions[0].before->identifiers[0].value, BYTES("b-2")));
	graph_read_end(store.reader);
	arena_finish(&arena);
	hand_store_expect_sound(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* What a contact's id leads to, and the ids passed. */
static void
expect_resolves(
    struct hand *hand, uint64_t contact_id, uint64_t survivor_id, const uint64_t *passed, size_t passed_count)
{
	struct contact contact;
	struct graph_error error;
	struct bytes stored;
	uint64_t *ids;
	size_t count;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	assert_int_equal(graph_get_contact(&stored, &ids, &count, hand->store->reader, &hand->work,
			     hand->account, contact_id, &error),
	    0);
	assert_int_equal(contact_decode(&contact, &hand->work, stored), 0);
	assert_true(contact.id == survivor_id);
	assert_int_equal(count, passed_count);
	for (size_t i = 0; i < count; i++)
		assert_true(ids[i] == passed[i]);
	graph_read_end(hand->store->reader);
	arena_reset(&hand->work);
}

static void
test_R25_chain_of_forwards_resolves_and_lists_all_passed(void **test_state)
{
	enum { LENGTH = 40 };
	uint64_t passed[LENGTH];
	struct hand_store store;
	struct graph_report report;
	struct hand hand;
	char name[32];

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 1; i <= LENGTH; i++) {
		hand_create(&hand, hand_numbered(name, sizeof(name), "b", i));
		passed[i - 1] = i;
	}
	for (uint64_t id = 1; id < LENGTH; id++)
		hand_absorb(&hand, id + 1, id);
	for (uint64_t id = 1; id < LENGTH; id++)
		expect_resolves(&hand, id, LENGTH, &passed[id - 1], LENGTH - id);
	expect_resolves(&hand, LENGTH, LENGTH, NULL, 0);
	hand_expect_stored(&hand);
	report = hand_store_expect_sound(&store);
	assert_int_equal(report.contacts, 1);
	assert_int_equal(report.forwards, LENGTH - 1);
	assert_int_equal(report.identifiers, LENGTH);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_R25_survivor_that_is_absorbed_takes_its_forwards_along(void **test_state)
{
	enum { WIDTH = 30 };
	struct hand_store store;
	struct hand hand;
	char name[32];

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 1; i <= WIDTH + 2; i++)
		hand_create(&hand, hand_numbered(name, sizeof(name), "b", i));
	for (uint64_t id = 2; id <= WIDTH; id++)
		hand_absorb(&hand, 1, id);
	hand_absorb(&hand, WIDTH + 1, 1);
	hand_absorb(&hand, WIDTH + 2, WIDTH + 1);
	for (uint64_t id = 2; id <= WIDTH; id++) {
		const uint64_t passed[] = { id, 1, WIDTH + 1 };

		expect_resolves(&hand, id, WIDTH + 2, passed, 3);
	}
	assert_int_equal(hand_store_expect_sound(&store).forwards, WIDTH + 1);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_long_values_are_found(void **test_state)
{
	static const size_t sizes[] = { 1, 399, 400, 401, 402, 1000, 5000 };
	static uint8_t value[5000];
	struct hand_store store;
	struct hand hand;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(hand_create(&hand, bytes_of(value, sizes[i])), i + 1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(hand_owner(&hand, bytes_of(value, sizes[i])), i + 1);
	assert_int_equal(hand_owner(&hand, bytes_of(value, 403)), 0);
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_thousands_of_accounts_stay_apart(void **test_state)
{
	enum { ACCOUNTS = 3000 };
	struct hand *hands = calloc(ACCOUNTS, sizeof(*hands));
	struct hand_store store;
	struct graph_report report;
	struct graph_error error;
	uint64_t txn;

	(void)test_state;
	assert_non_null(hands);
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	/* One transaction, so that thousands of syncs are spared. */
	assert_int_equal(graph_write_begin(store.graph), 0);
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		char name[32];

		/* Accounts that begin each other: a, a1, a12, … */
		snprintf(name, sizeof(name), "a%.*u", i == 0 ? 0 : 1, i);
		hand_begin(&hands[i], &store, name);
		for (unsigned j = 0; j < 1 + i % 3; j++) {
			struct hand_event planned;
			struct bytes answer;

			hand_plan(&planned, &hands[i], hand_numbered(name, sizeof(name), "b", j));
			assert_int_equal(graph_apply(&answer, store.graph, &hands[i].work, &planned.event,
					     &planned.changeset, &error),
			    0);
			hand_accept(&hands[i], &planned);
			arena_reset(&hands[i].work);
		}
	}
	assert_int_equal(graph_commit(&txn, store.graph, &error), 0);
	hand_store_close(&store);
	hand_store_open(&store);
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		hand_expect_stored(&hands[i]);
		assert_int_equal(hand_owner(&hands[i], BYTES("b-000001")), i % 3 > 0 ? 2 : 0);
	}
	report = hand_store_expect_sound(&store);
	assert_int_equal(report.accounts, ACCOUNTS);
	assert_int_equal(report.contacts, 2 * ACCOUNTS);
	for (unsigned i = 0; i < ACCOUNTS; i++)
		hand_end(&hands[i]);
	hand_store_destroy(&store);
	free(hands);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_that_changes_nothing_writes_nothing),
		cmocka_unit_test(test_reader_sees_one_moment),
		cmocka_unit_test(test_readers_are_bounded),
		cmocka_unit_test(test_what_is_not_there_is_absent),
		cmocka_unit_test(test_journal_is_kept_under_every_contact_concerned),
		cmocka_unit_test(test_R25_chain_of_forwards_resolves_and_lists_all_passed),
		cmocka_unit_test(test_R25_survivor_that_is_absorbed_takes_its_forwards_along),
		cmocka_unit_test(test_long_values_are_found),
		cmocka_unit_test(test_thousands_of_accounts_stay_apart),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
