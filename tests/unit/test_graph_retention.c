/* What goes because its time is over: the beginning of a journal, with all that lists it,
 * a bounded number at a time, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ROOM = 64 };

/* Takes entries recorded before a time away, in a transaction of its own. */
static size_t
expire(struct hand *hand, int64_t before_us, size_t most)
{
	struct graph *graph = hand->store->graph;
	struct graph_error error;
	size_t removed = SIZE_MAX;
	uint64_t txn;

	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(graph_expire_journal(&removed, graph, hand->account, before_us, most, &error), 0);
	assert_int_equal(graph_commit(&txn, graph, &error), 0);
	return removed;
}

/* When the oldest entry was recorded; 0 when there is none. */
static int64_t
oldest(struct hand *hand)
{
	struct graph_error error;
	int64_t recorded_at_us = 0;
	int result;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	result = graph_oldest_journal(&recorded_at_us, hand->store->reader, hand->account, &error);
	graph_read_end(hand->store->reader);
	assert_true(result == 0 || result == GRAPH_E_ABSENT);
	return result == 0 ? recorded_at_us : 0;
}

/* The history of a contact, "3 4". */
static const char *
history_text(struct hand *hand, uint64_t contact_id)
{
	static char text[ROOM * 8];
	uint64_t sequences[ROOM];
	struct graph_error error;
	size_t count = 0;
	size_t used = 0;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	assert_int_equal(graph_list_history(sequences, &count, ROOM, hand->store->reader, hand->account,
			     contact_id, 0, &error),
	    0);
	graph_read_end(hand->store->reader);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%d", i == 0 ? "" : " ", (int)sequences[i]);
	return text;
}

/* Contact 1 to 4, of which 2 absorbed 1, then 3 absorbed 2: entries 1 to 6. */
static void
make_six(struct hand *hand)
{
	hand_create(hand, BYTES("d-1"));
	hand_create(hand, BYTES("d-2"));
	hand_create(hand, BYTES("d-3"));
	hand_create(hand, BYTES("d-4"));
	hand_absorb(hand, 2, 1);
	hand_absorb(hand, 3, 2);
}

static void
test_entries_before_a_time_go(void **state)
{
	struct hand_store store;
	struct hand hand;
	int64_t first_us;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	assert_int_equal(oldest(&hand), 0);
	assert_int_equal(expire(&hand, INT64_MAX, ROOM), 0);
	make_six(&hand);
	first_us = oldest(&hand);
	assert_true(first_us > 0);

	assert_int_equal(expire(&hand, first_us, ROOM), 0);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 6);
	assert_int_equal(expire(&hand, first_us + 1, ROOM), 1);
	assert_true(oldest(&hand) > first_us);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 5);
	assert_string_equal(history_text(&hand, 3), "2 3 5 6");
	assert_string_equal(history_text(&hand, 4), "4");

	assert_int_equal(expire(&hand, INT64_MAX, 4), 4);
	hand_store_expect_sound(&store);
	assert_string_equal(history_text(&hand, 1), "6");
	assert_string_equal(history_text(&hand, 4), "");
	assert_int_equal(expire(&hand, INT64_MAX, 4), 1);
	assert_int_equal(oldest(&hand), 0);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 0);
	hand_expect_stored(&hand);

	/* Sequences go on where they were. */
	hand_create(&hand, BYTES("d-5"));
	assert_string_equal(history_text(&hand, 5), "7");
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 1);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_no_other_account_loses_any(void **state)
{
	struct hand_store store;
	struct hand hands[3];
	static const char *const names[] = { "shop", "shop-2", "sho" };

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (size_t i = 0; i < 3; i++) {
		hand_begin(&hands[i], &store, names[i]);
		make_six(&hands[i]);
	}
	assert_int_equal(expire(&hands[0], INT64_MAX, ROOM), 6);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 12);
	assert_string_equal(history_text(&hands[1], 3), "1 2 3 5 6");
	assert_string_equal(history_text(&hands[2], 3), "1 2 3 5 6");
	for (size_t i = 0; i < 3; i++)
		hand_end(&hands[i]);
	hand_store_destroy(&store);
}

static void
test_accounts_one_after_the_other(void **state)
{
	static const char *const names[] = { "0", "a", "a-b", "a.b", "ab", "b" };
	struct bytes account = { NULL, 0 };
	struct hand_store store;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(graph_next_account(&account, store.reader, account), GRAPH_E_ABSENT);
	graph_read_end(store.reader);
	for (size_t i = 0; i < 6; i++) {
		hand_begin(&hand, &store, names[5 - i]);
		hand_create(&hand, BYTES("d-1"));
		hand_end(&hand);
	}
	assert_int_equal(graph_read_begin(store.reader), 0);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(graph_next_account(&account, store.reader, account), 0);
		assert_true(bytes_equal(account, bytes_of_string(names[i])));
	}
	assert_int_equal(graph_next_account(&account, store.reader, account), GRAPH_E_ABSENT);
	/* A name that is no account's, or no longer, leads to the one after it. */
	assert_int_equal(graph_next_account(&account, store.reader, BYTES("a-c")), 0);
	assert_true(bytes_equal(account, BYTES("a.b")));
	graph_read_end(store.reader);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_before_a_time_go),
		cmocka_unit_test(test_no_other_account_loses_any),
		cmocka_unit_test(test_accounts_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
