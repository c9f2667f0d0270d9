/* The history of a contact as the store lists it: its own entries and those of all that
 * became part of it, in order, each once, page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/graph/environment.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ROOM = 64 };

/* The history after a sequence as text, "1 3 4", at most so many of it. */
static const char *
history_text(struct hand *hand, uint64_t contact_id, uint64_t after_sequence, size_t most)
{
	static char text[ROOM * 8];
	uint64_t sequences[ROOM];
	struct graph_reader *reader = hand->store->reader;
	struct graph_error error;
	size_t count = 0;
	size_t used = 0;
	int result;

	assert_true(most <= ROOM);
	assert_int_equal(graph_read_begin(reader), 0);
	result = graph_list_history(
	    sequences, &count, most, reader, hand->account, contact_id, after_sequence, &error);
	text[0] = '\0';
	if (result == GRAPH_E_ABSENT)
		snprintf(text, sizeof(text), "absent");
	else
		assert_int_equal(result, 0);
	assert_true(count <= most);
	for (size_t i = 0; i < count; i++) {
		struct bytes entry;

		assert_int_equal(graph_get_journal(&entry, reader, hand->account, sequences[i], &error), 0);
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%d", i == 0 ? "" : " ", (int)sequences[i]);
	}
	graph_read_end(reader);
	return text;
}

static void
test_R25_history_of_all_that_became_part(void **state)
{
	struct hand_store store;
	struct hand hand;
	struct hand other;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_begin(&other, &store, "shop2");
	hand_create(&hand, BYTES("d-1"));  /* 1 */
	hand_create(&hand, BYTES("d-2"));  /* 2 */
	hand_create(&hand, BYTES("d-3"));  /* 3 */
	hand_create(&hand, BYTES("d-4"));  /* 4 */
	hand_create(&other, BYTES("d-1")); /* 1 */
	assert_string_equal(history_text(&hand, 2, 0, ROOM), "2");
	hand_absorb(&hand, 3, 4); /* 5 */
	hand_absorb(&hand, 2, 3); /* 6 */
	assert_string_equal(history_text(&hand, 1, 0, ROOM), "1");
	assert_string_equal(history_text(&hand, 2, 0, ROOM), "2 3 4 5 6");
	assert_string_equal(history_text(&hand, 3, 0, ROOM), "2 3 4 5 6");
	assert_string_equal(history_text(&hand, 4, 0, ROOM), "2 3 4 5 6");
	assert_string_equal(history_text(&hand, 5, 0, ROOM), "absent");
	assert_string_equal(history_text(&hand, 0, 0, ROOM), "absent");
	assert_string_equal(history_text(&other, 1, 0, ROOM), "1");
	assert_string_equal(history_text(&other, 2, 0, ROOM), "absent");
	hand_end(&hand);
	hand_end(&other);
	hand_store_destroy(&store);
}

static void
test_history_from_anywhere_and_of_any_length(void **state)
{
	struct hand_store store;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 1; i <= 5; i++) {
		char browser[16];

		hand_create(&hand, bytes_of(browser, (size_t)snprintf(browser, sizeof(browser), "d-%u", i)));
	}
	hand_absorb(&hand, 5, 2); /* 6 */
	hand_absorb(&hand, 5, 4); /* 7 */
	hand_absorb(&hand, 5, 1); /* 8 */
	assert_string_equal(history_text(&hand, 5, 0, ROOM), "1 2 4 5 6 7 8");
	for (size_t most = 1; most <= 7; most++) {
		static const char whole[] = "1 2 4 5 6 7 8";
		char expected[sizeof(whole)];

		snprintf(expected, sizeof(expected), "%.*s", (int)most * 2 - 1, whole);
		assert_string_equal(history_text(&hand, 1, 0, most), expected);
	}
	assert_string_equal(history_text(&hand, 5, 1, 3), "2 4 5");
	assert_string_equal(history_text(&hand, 5, 3, 1), "4");
	assert_string_equal(history_text(&hand, 5, 7, ROOM), "8");
	assert_string_equal(history_text(&hand, 5, 8, ROOM), "");
	assert_string_equal(history_text(&hand, 5, UINT64_MAX, ROOM), "");
	assert_string_equal(history_text(&hand, 5, 0, 0), "");
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* In which page of the map a contact's row is, or one that lists an entry under it. */
static uintptr_t
page_of(const struct graph_reader *reader, const struct key *key)
{
	MDB_val at = val_of(key_bytes(key));
	MDB_cursor *cursor;
	MDB_val row;

	assert_int_equal(mdb_cursor_open(reader->txn, reader->graph->tables[TABLE_CONTACT], &cursor), 0);
	assert_int_equal(mdb_cursor_get(cursor, &at, &row, MDB_SET_KEY), 0);
	mdb_cursor_close(cursor);
	return (uintptr_t)at.mv_data / reader->graph->page_bytes;
}

/* A change writes a contact and lists its entry, both in the one page that has to be written. */
static void
test_contact_and_its_history_lie_together(void **state)
{
	enum { CONTACTS = 500, APART_MOST = CONTACTS / 10 };
	struct hand_store store;
	struct hand hand;
	unsigned apart = 0;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 1; i <= CONTACTS; i++) {
		char browser[16];

		hand_create(&hand, hand_numbered(browser, sizeof(browser), "d", i));
	}
	assert_int_equal(graph_read_begin(store.reader), 0);
	for (uint64_t id = 1; id <= CONTACTS; id++) {
		struct key contact;
		struct key entry;

		key_number(&contact, hand.account, id);
		key_pair(&entry, hand.account, id, id);
		apart += page_of(store.reader, &contact) != page_of(store.reader, &entry);
	}
	graph_read_end(store.reader);
	assert_in_range(apart, 0, APART_MOST);
	hand_end(&hand);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R25_history_of_all_that_became_part),
		cmocka_unit_test(test_history_from_anywhere_and_of_any_length),
		cmocka_unit_test(test_contact_and_its_history_lie_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
