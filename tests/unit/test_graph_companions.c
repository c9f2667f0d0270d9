/* What identifiers were named together with, as the store keeps it (N6): in their own rows,
 * whoever owns them, and when nobody does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/graph/environment.h"
#include "server/graph/write.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024 };

#define INBOX BYTES("info@office.it")

static struct companion SOME[] = { { NAMESPACE_EXT_ID, 9 }, { NAMESPACE_PHONE, 1 },
	{ NAMESPACE_PHONE, UINT64_MAX } };
enum { SOME_COUNT = 3 };

/* A changeset that says who owns the inbox from now on, unless that is told by no ownership,
 * and what it was named together with, unless companions is NULL. */
static void
apply(struct hand_store *store, const uint64_t *owner_id, const struct companions *companions)
{
	struct ownership ownership = { NAMESPACE_EMAIL, INBOX, owner_id == NULL ? 0 : *owner_id };
	struct acquaintance acquaintance = { .namespace_id = NAMESPACE_EMAIL, .value = INBOX };
	const struct contact contact = { .id = 1, .version = 1 };
	const struct changeset changeset = {
		.outcome = OUTCOME_UNCHANGED,
		.contact = &contact,
		.ownerships = &ownership,
		.ownership_count = owner_id != NULL,
		.acquaintances = &acquaintance,
		.acquaintance_count = companions != NULL,
	};
	const struct event event = { .action = ACTION_IDENTIFY, .account = BYTES("shop") };
	struct graph_error error = { "" };
	struct bytes answer;
	struct arena arena;
	uint64_t txn;

	if (companions != NULL)
		acquaintance.companions = *companions;
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(graph_write_begin(store->graph), 0);
	assert_int_equal(graph_apply(&answer, store->graph, &arena, &event, &changeset, &error), 0);
	assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
	arena_finish(&arena);
}

/* The row's value: 0; GRAPH_E_ABSENT. */
static int
read_row(uint64_t *owner_id, struct bytes *companions, struct hand_store *store)
{
	struct bytes value;
	struct key key;
	int result;

	key_identifier(&key, BYTES("shop"), NAMESPACE_EMAIL, INBOX);
	result = table_get(&value, store->reader->txn, store->graph, TABLE_IDENTIFIER, &key);
	if (result == 0)
		assert_true(record_identifier(owner_id, companions, value));
	return result;
}

static void
expect_row(struct hand_store *store, uint64_t owner_id, size_t companion_count)
{
	struct identifier identifier = { .namespace_id = NAMESPACE_EMAIL, .value = INBOX };
	struct bytes companions = { NULL, 0 };
	struct graph_error error;
	uint64_t found = 0;

	assert_int_equal(graph_read_begin(store->reader), 0);
	if (owner_id == 0 && companion_count == 0) {
		assert_int_equal(read_row(&found, &companions, store), GRAPH_E_ABSENT);
	} else {
		assert_int_equal(read_row(&found, &companions, store), 0);
		assert_true(found == owner_id);
		assert_int_equal(companions.size, companion_count * RECORD_COMPANION_BYTES);
		for (size_t i = 0; i < companion_count; i++) {
			struct companion companion;

			record_take_companion(&companion, companions.data + i * RECORD_COMPANION_BYTES);
			assert_int_equal(companion.namespace_id, SOME[i].namespace_id);
			assert_true(companion.digest == SOME[i].digest);
		}
	}
	/* For who looks an owner up, nobody's is none. */
	if (owner_id == 0)
		assert_int_equal(
		    graph_find(&found, &companions, store->reader, BYTES("shop"), &identifier, &error),
		    GRAPH_E_ABSENT);
	graph_read_end(store->reader);
}

static void
test_N6_companions_stay_when_owners_change(void **state)
{
	const struct companions some = { SOME, SOME_COUNT };
	const struct companions fewer = { SOME, SOME_COUNT - 1 };
	const uint64_t nobody = 0;
	const uint64_t one = 1;
	const uint64_t other = 2;
	struct hand_store store;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	expect_row(&store, 0, 0);
	apply(&store, &one, &fewer);
	expect_row(&store, 1, SOME_COUNT - 1);
	apply(&store, NULL, &some);
	expect_row(&store, 1, SOME_COUNT);
	apply(&store, &other, NULL);
	expect_row(&store, 2, SOME_COUNT);
	apply(&store, &nobody, NULL);
	expect_row(&store, 0, SOME_COUNT);
	apply(&store, &one, NULL);
	expect_row(&store, 1, SOME_COUNT);
	hand_store_destroy(&store);
}

static void
test_N6_identifier_that_nobody_owns_has_companions_or_no_row(void **state)
{
	const struct companions some = { SOME, SOME_COUNT };
	const uint64_t nobody = 0;
	const uint64_t one = 1;
	struct hand_store store;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	apply(&store, &one, NULL);
	expect_row(&store, 1, 0);
	apply(&store, &nobody, NULL);
	expect_row(&store, 0, 0);
	apply(&store, NULL, &some);
	expect_row(&store, 0, SOME_COUNT);
	hand_store_destroy(&store);
}

static void
load(struct neighbourhood *known, struct arena *arena, struct hand_store *store, struct event *event)
{
	struct graph_error error = { "" };

	assert_int_equal(graph_write_begin(store->graph), 0);
	assert_int_equal(graph_load(known, store->graph, arena, event, &error), 0);
	graph_abort(store->graph);
}

static void
test_N6_loading_gives_what_was_stored(void **state)
{
	struct identifier named[] = {
		{ .namespace_id = NAMESPACE_EMAIL, .value = INBOX },
		{ .namespace_id = NAMESPACE_PHONE, .value = BYTES("+391") },
	};
	struct event event = { .action = ACTION_IDENTIFY,
		.account = BYTES("shop"),
		.identifiers = named,
		.identifier_count = 2 };
	const struct companions some = { SOME, SOME_COUNT };
	struct neighbourhood known;
	struct hand_store store;
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	apply(&store, NULL, &some);
	load(&known, &arena, &store, &event);
	assert_int_equal(known.owner_ids[0], 0);
	assert_int_equal(known.companions[0].count, SOME_COUNT);
	for (size_t i = 0; i < SOME_COUNT; i++) {
		assert_int_equal(known.companions[0].items[i].namespace_id, SOME[i].namespace_id);
		assert_true(known.companions[0].items[i].digest == SOME[i].digest);
	}
	assert_int_equal(known.companions[1].count, 0);
	event.account = BYTES("other");
	load(&known, &arena, &store, &event);
	assert_int_equal(known.companions[0].count, 0);
	hand_store_destroy(&store);
	arena_finish(&arena);
}

static void
test_record_forms_are_strict(void **state)
{
	uint8_t value[RECORD_ID_BYTES + 2 * RECORD_COMPANION_BYTES] = { 0 };
	struct bytes companions;
	uint64_t owner_id;

	(void)state;
	for (size_t size = 0; size <= sizeof(value); size++) {
		size_t rest = size < RECORD_ID_BYTES ? 1 : size - RECORD_ID_BYTES;
		bool whole = size >= RECORD_ID_BYTES && rest % RECORD_COMPANION_BYTES == 0;

		value[RECORD_ID_BYTES - 1] = 0;
		assert_true(
		    record_identifier(&owner_id, &companions, bytes_of(value, size)) == (whole && rest > 0));
		value[RECORD_ID_BYTES - 1] = 7;
		assert_true(record_identifier(&owner_id, &companions, bytes_of(value, size)) == whole);
	}
}

static void
test_check_tells_of_companions_that_are_none(void **state)
{
	/* A namespace in each first byte. */
	static const struct {
		enum namespace_id of;
		struct bytes rest; /* of the row, past an owner of 0 */
		const char *told;
	} rows[] = {
		{ NAMESPACE_EMAIL, BYTES(""), "damaged record" },
		{ NAMESPACE_EMAIL, BYTES("\3\0\0\0\0\0\0\0"), "damaged record" },
		{ NAMESPACE_EMAIL, BYTES("\2\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_EMAIL, BYTES("\6\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_EMAIL, BYTES("\0\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_EXT_ID, BYTES("\2\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_CHAT, BYTES("\2\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_EMAIL, BYTES("\3\0\0\0\0\0\0\0\2\3\0\0\0\0\0\0\0\1"), "companions are none" },
		{ NAMESPACE_EMAIL, BYTES("\3\0\0\0\0\0\0\0\2\3\0\0\0\0\0\0\0\2"), "companions are none" },
		{ NAMESPACE_EMAIL, BYTES("\4\0\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\2"), "companions are none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t nobody[RECORD_ID_BYTES] = { 0 };
		struct graph_error error;
		struct hand_store store;
		struct key key;
		uint64_t txn;

		hand_store_create(&store, MAP_BYTES);
		hand_store_open(&store);
		key_identifier(&key, BYTES("shop"), rows[i].of, INBOX);
		assert_int_equal(graph_write_begin(store.graph), 0);
		assert_int_equal(table_put_parts(store.graph, TABLE_IDENTIFIER, &key,
				     bytes_of(nobody, sizeof(nobody)), rows[i].rest),
		    0);
		assert_int_equal(graph_commit(&txn, store.graph, &error), 0);
		error = hand_store_expect_damaged(&store);
		if (strstr(error.message, rows[i].told) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", error.message, rows[i].told);
		hand_store_destroy(&store);
	}
}

/* Of nobody's identifiers a check asks for nothing but that. */
static void
test_check_takes_what_nobody_owns(void **state)
{
	const struct companions some = { SOME, SOME_COUNT };
	struct hand_store store;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	apply(&store, NULL, &some);
	assert_int_equal(hand_store_expect_sound(&store).identifiers, 1);
	hand_end(&hand);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_N6_companions_stay_when_owners_change),
		cmocka_unit_test(test_N6_identifier_that_nobody_owns_has_companions_or_no_row),
		cmocka_unit_test(test_N6_loading_gives_what_was_stored),
		cmocka_unit_test(test_record_forms_are_strict),
		cmocka_unit_test(test_check_tells_of_companions_that_are_none),
		cmocka_unit_test(test_check_takes_what_nobody_owns),
	};

	return cmocka_run_group_tests_name("graph_companions", tests, NULL, NULL);
}
