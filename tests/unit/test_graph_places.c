/* Where rows were last seen: what is found is what was noted last by who saw it as it still
 * is, and a reader that goes by it is answered as one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "server/graph/environment.h"
#include "server/graph/write.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, FIRST_TXN = 7, CONTACTS = 300, ROUNDS = 8 };

static const uint64_t LIMIT_BYTES = 1024 * 1024;

struct scene {
	struct places *places;
};

static int
begin(void **state)
{
	static struct scene scene;

	*state = &scene;
	return places_create(&scene.places, 1000, LIMIT_BYTES, FIRST_TXN);
}

static int
end(void **state)
{
	struct scene *scene = *state;

	places_destroy(scene->places);
	return 0;
}

/* Rows are texts of eight bytes and more: the first eight pass for their checksum. The text
 * that is noted for a hash, as transaction txn sees it; "" for none. */
static const char *
found(const struct scene *scene, uint64_t hash, uint64_t txn)
{
	struct place_guess guess;

	if (!places_find(&guess, scene->places, hash, txn))
		return "";
	assert_true(places_hold(scene->places, hash, txn, &guess, guess.row));
	return (const char *)guess.row.data;
}

static void
note(struct scene *scene, uint64_t hash, uint64_t txn, const char *text)
{
	places_note(scene->places, hash, txn, bytes_of(text, strlen(text) + 1));
}

static void
test_what_was_noted_is_found(void **state)
{
	struct scene *scene = *state;
	struct place_guess guess;

	assert_string_equal(found(scene, 5, FIRST_TXN), "");
	note(scene, 5, FIRST_TXN, "the row is here");
	assert_string_equal(found(scene, 5, FIRST_TXN), "the row is here");
	assert_true(places_find(&guess, scene->places, 5, FIRST_TXN));
	assert_int_equal(guess.row.size, sizeof("the row is here"));
	note(scene, 5, FIRST_TXN + 1, "the row has moved");
	assert_string_equal(found(scene, 5, FIRST_TXN), "the row has moved");
	/* The same bucket, another row. */
	assert_string_equal(found(scene, 5 | UINT64_C(1) << 63, FIRST_TXN), "");
	assert_true(places_bytes(scene->places) <= LIMIT_BYTES);
}

static void
test_what_was_written_since_is_not_found(void **state)
{
	struct scene *scene = *state;
	const uint64_t write = FIRST_TXN + 1;
	struct place_guess guess;

	note(scene, 5, FIRST_TXN, "old row as it was");
	assert_true(places_find(&guess, scene->places, 5, FIRST_TXN));
	places_forget(scene->places, 5, write);
	/* Neither by who sees the write, nor by who does not see it yet: that one may look at
	 * pages that are being written to. */
	assert_string_equal(found(scene, 5, write), "");
	assert_string_equal(found(scene, 5, FIRST_TXN), "");
	assert_false(places_hold(scene->places, 5, FIRST_TXN, &guess, guess.row));
	assert_true(places_hold(scene->places, 5, write, &guess, guess.row));
	/* A reader from before that finds it late changes nothing. */
	note(scene, 5, FIRST_TXN, "old row as it was");
	assert_string_equal(found(scene, 5, write), "");
	note(scene, 5, write, "new row as it is");
	assert_string_equal(found(scene, 5, write), "new row as it is");
	assert_string_equal(found(scene, 5, FIRST_TXN), "");
}

/* What the row was once may lie where it was last seen, whole and with its checksum: a page
 * that is used again need not be written all over. */
static void
test_an_older_version_in_the_same_place_is_denied(void **state)
{
	struct scene *scene = *state;
	struct place_guess guess;
	char row[] = "2-VERSION of the row";

	places_note(scene->places, 5, FIRST_TXN, bytes_of(row, sizeof(row)));
	memcpy(row, "1-VERSION", 8);
	assert_true(places_find(&guess, scene->places, 5, FIRST_TXN));
	assert_false(places_hold(scene->places, 5, FIRST_TXN, &guess, guess.row));
	memcpy(row, "2-VERSION", 8);
	assert_true(places_hold(scene->places, 5, FIRST_TXN, &guess, guess.row));
}

static void
test_rows_without_a_checksum_or_too_long_are_not_noted(void **state)
{
	static const uint8_t bytes[PLACE_ROW_BYTES + 1];
	struct scene *scene = *state;
	struct place_guess guess;

	places_note(scene->places, 5, FIRST_TXN, bytes_of(bytes, PLACE_ROW_BYTES + 1));
	assert_false(places_find(&guess, scene->places, 5, FIRST_TXN));
	places_note(scene->places, 5, FIRST_TXN, bytes_of(bytes, PLACE_CHECKSUM_BYTES - 1));
	assert_false(places_find(&guess, scene->places, 5, FIRST_TXN));
	places_note(scene->places, 5, FIRST_TXN, bytes_of(bytes, PLACE_CHECKSUM_BYTES));
	assert_true(places_find(&guess, scene->places, 5, FIRST_TXN));
	places_note(scene->places, 5, FIRST_TXN, bytes_of(bytes, PLACE_ROW_BYTES));
	assert_true(places_find(&guess, scene->places, 5, FIRST_TXN));
	assert_int_equal(guess.row.size, PLACE_ROW_BYTES);
}

/* However many are noted, each is found as it was noted or not at all, and most are as long
 * as there is room for them. */
static void
test_many_rows_share_the_room(void **state)
{
	enum { ROWS = 100000, FEW = 1000 };
	struct scene *scene = *state;
	uint64_t *rows = calloc(ROWS, sizeof(*rows));
	unsigned found_count = 0;

	assert_non_null(rows);
	for (uint64_t i = 0; i < ROWS; i++) {
		uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		struct place_guess guess;

		rows[i] = i;
		places_note(scene->places, hash, FIRST_TXN + i, bytes_of(&rows[i], sizeof(rows[i])));
		if (i >= FEW && i + FEW < ROWS)
			continue;
		assert_true(places_find(&guess, scene->places, hash, FIRST_TXN + i));
		assert_ptr_equal(guess.row.data, &rows[i]);
	}
	for (uint64_t i = 0; i < ROWS; i++) {
		uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		struct place_guess guess;

		/* A part of the hash is kept: the rest of a row's identity is in its checksum. */
		if (places_find(&guess, scene->places, hash, UINT32_MAX))
			found_count += guess.row.data == (const uint8_t *)&rows[i];
	}
	assert_true(found_count > FEW);
	free(rows);
}

/* The browser that a contact holds now, and one that it once held. */
static struct bytes
browser(char text[32], unsigned contact)
{
	return bytes_of(text, (size_t)snprintf(text, 32, "browser-%u", contact));
}

/* Every way that a reader has, over a store that changes under it: each contact is read by its
 * places, then becomes part of another, and a reader from before that still sees it. */
static void
test_readers_see_their_own_moment(void **state)
{
	struct graph_reader *late;
	struct hand_store store;
	struct graph_error error;
	atomic_bool stop = false;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 1; i <= CONTACTS; i++) {
		char text[32];

		assert_int_equal(hand_create(&hand, browser(text, i)), i);
	}
	assert_non_null(store.graph->places);
	assert_int_equal(graph_warm(store.graph, &stop), 0);
	assert_int_equal(graph_reader_create(&late, store.graph), 0);
	for (unsigned i = 2; i <= CONTACTS; i += CONTACTS / ROUNDS) {
		char text[32];
		const struct identifier held = { .namespace_id = NAMESPACE_PUSH, .value = browser(text, i) };
		const struct graph_sought sought = { .account = hand.account, .identifier = &held };
		struct bytes contact;
		uint64_t id = 0;

		hand_expect_stored(&hand);
		assert_int_equal(graph_read_begin(late), 0);
		hand_absorb(&hand, 1, i);
		/* Who began before sees what was. */
		graph_expect(late, &sought, 1);
		assert_int_equal(graph_find(&id, &contact, late, hand.account, &held, &error), 0);
		assert_int_equal(id, i);
		graph_read_end(late);
		assert_int_equal(graph_read_begin(late), 0);
		for (int again = 0; again < 2; again++) {
			graph_expect(late, &sought, 1);
			assert_int_equal(graph_find(&id, &contact, late, hand.account, &held, &error), 0);
			assert_int_equal(id, 1);
		}
		graph_read_end(late);
	}
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	graph_reader_destroy(late);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* What lies where a row was may be anything by now: it is found out. */
static void
test_a_wrong_place_costs_a_look(void **state)
{
	static const uint8_t other[64] = { 1 };
	struct hand_store store;
	struct hand hand;
	struct key key;
	uint64_t txn;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	assert_int_equal(hand_create(&hand, BYTES("browser")), 1);
	assert_int_equal(graph_read_begin(store.reader), 0);
	txn = graph_reader_txn(store.reader);
	graph_read_end(store.reader);
	key_number(&key, hand.account, 1);
	places_note(store.graph->places, record_hash(TABLE_CONTACT, key_bytes(&key)), txn,
	    bytes_of(other, sizeof(other)));
	key_identifier(&key, hand.account, NAMESPACE_PUSH, BYTES("browser"));
	places_note(
	    store.graph->places, record_hash(TABLE_IDENTIFIER, key_bytes(&key)), txn, bytes_of(other, 0));
	assert_int_equal(hand_owner(&hand, BYTES("browser")), 1);
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
}

enum { ROWS = 120, ROW_BYTES = 200 };

static void
row_key(struct key *key, unsigned row)
{
	char text[32];

	key_identifier(key, BYTES("shop"), NAMESPACE_PUSH, browser(text, row));
}

/* Writes and takes away some rows, most of them in the size they had, and commits or not. */
static void
change_rows(struct graph *graph, uint64_t *state)
{
	uint8_t value[ROW_BYTES];
	struct graph_error error;
	unsigned count = 1 + (unsigned)(random_next(state) % 3);
	uint64_t txn;

	assert_int_equal(graph_write_begin(graph), 0);
	for (unsigned i = 0; i < count; i++) {
		size_t size = random_next(state) % 4 != 0 ? 8 : 8 + random_next(state) % (ROW_BYTES - 8);
		struct key key;

		row_key(&key, (unsigned)(random_next(state) % ROWS));
		memset(value, (int)(random_next(state) % 256), sizeof(value));
		if (random_next(state) % 5 == 0)
			assert_true(table_delete(graph, TABLE_IDENTIFIER, &key) >= 0);
		else
			assert_int_equal(table_put(graph, TABLE_IDENTIFIER, &key, bytes_of(value, size)), 0);
	}
	if (random_next(state) % 4 == 0)
		graph_abort(graph);
	else
		assert_int_equal(graph_commit(&txn, graph, &error), 0);
}

/* Every row by its place, if it has one, is what the table has. */
static void
expect_rows(struct hand_store *store, struct arena *arena)
{
	assert_int_equal(graph_read_begin(store->reader), 0);
	for (unsigned row = 0; row < ROWS; row++) {
		struct bytes by_place = { NULL, 0 };
		struct bytes by_table = { NULL, 0 };
		struct key key;

		row_key(&key, row);
		assert_int_equal(
		    row_get(&by_place, store->reader->txn, store->graph, arena, TABLE_IDENTIFIER, &key),
		    row_get(&by_table, store->reader->txn, store->graph, NULL, TABLE_IDENTIFIER, &key));
		assert_true(bytes_equal(by_place, by_table));
	}
	graph_read_end(store->reader);
	arena_reset(arena);
}

/* A small store, whose few pages are used again after a transaction or two. */
static void
test_rows_are_those_of_the_table_however_pages_are_used_again(void **test_state)
{
	enum { CHANGES = 600 };
	struct hand_store store;
	struct arena arena;
	uint64_t state = 1;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	arena_init(&arena, 1024 * 1024);
	for (unsigned i = 0; i < CHANGES; i++) {
		change_rows(store.graph, &state);
		expect_rows(&store, &arena);
	}
	arena_finish(&arena);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_noted_is_found, begin, end),
		cmocka_unit_test_setup_teardown(test_what_was_written_since_is_not_found, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_an_older_version_in_the_same_place_is_denied, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_rows_without_a_checksum_or_too_long_are_not_noted, begin, end),
		cmocka_unit_test_setup_teardown(test_many_rows_share_the_room, begin, end),
		cmocka_unit_test(test_readers_see_their_own_moment),
		cmocka_unit_test(test_a_wrong_place_costs_a_look),
		cmocka_unit_test(test_rows_are_those_of_the_table_however_pages_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
