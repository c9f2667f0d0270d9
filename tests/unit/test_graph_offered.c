/* Secondaries found by what they name: rows that follow them as they open, move and
 * close, and that are no more and no fewer than they (R24, R30). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/graph/environment.h"
#include "server/graph/offered.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, MOST = 8 };

static void
begin(struct hand_store *store)
{
	assert_int_equal(graph_write_begin(store->graph), 0);
}

static void
commit(struct hand_store *store)
{
	struct graph_error error;
	uint64_t txn;

	assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
}

static struct secondary
offer(uint64_t id, struct bytes email, uint64_t owner_id)
{
	return (struct secondary){
		.id = id,
		.owner_contact_id = owner_id,
		.identifier = { .namespace_id = NAMESPACE_EMAIL,
		    .value = email,
		    .claim = { .source = SOURCE_CONVERSATIONS } },
	};
}

/* How many contacts have a secondary of an e-mail. */
static unsigned
count_offers(struct hand_store *store, struct bytes email)
{
	struct bytes record;
	struct bytes key;
	struct key prefix;
	struct scan scan;
	unsigned count = 0;

	key_offers(&prefix, BYTES("shop"), NAMESPACE_EMAIL, email);
	assert_int_equal(scan_begin(&scan, store->graph->txn, store->graph, TABLE_OFFERED, &prefix), 0);
	while (scan_next(&key, &record, &scan) == 0)
		count++;
	scan_end(&scan, 0);
	return count;
}

static unsigned
count_owned(struct hand_store *store, uint64_t owner_id)
{
	struct bytes record;
	struct bytes key;
	struct key prefix;
	struct scan scan;
	unsigned count = 0;

	key_number(&prefix, BYTES("shop"), owner_id);
	assert_int_equal(scan_begin(&scan, store->graph->txn, store->graph, TABLE_OFFERED_OWNER, &prefix), 0);
	while (scan_next(&key, &record, &scan) == 0)
		count++;
	scan_end(&scan, 0);
	return count;
}

static void
update(struct hand_store *store, const struct contact *before, const struct contact *after)
{
	assert_int_equal(offered_update(store->graph, BYTES("shop"), before, after), 0);
}

static void
test_R30_rows_follow_the_secondaries(void **test_state)
{
	struct secondary secondaries[MOST] = { offer(1, BYTES("a@x.it"), 7), offer(2, BYTES("b@x.it"), 7),
		offer(3, BYTES("c@x.it"), 0), { .id = 4, .attribute = { .name = BYTES("CITY") } } };
	struct contact one = { .id = 5, .secondaries = secondaries, .secondary_count = 4 };
	struct contact other = { .id = 6, .secondaries = secondaries, .secondary_count = 1 };
	struct contact fewer = { .id = 5, .secondaries = secondaries + 1, .secondary_count = 2 };
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	update(&store, NULL, &one);
	update(&store, NULL, &other);
	assert_int_equal(count_offers(&store, BYTES("a@x.it")), 2);
	assert_int_equal(count_offers(&store, BYTES("b@x.it")), 1);
	assert_int_equal(count_offers(&store, BYTES("c@x.it")), 1);
	assert_int_equal(count_owned(&store, 7), 2);
	assert_int_equal(count_owned(&store, 0), 0);

	/* One closes; its owner is still named by another. */
	update(&store, &one, &fewer);
	assert_int_equal(count_offers(&store, BYTES("a@x.it")), 1);
	assert_int_equal(count_offers(&store, BYTES("b@x.it")), 1);
	assert_int_equal(count_owned(&store, 7), 2);
	update(&store, &fewer, NULL);
	assert_int_equal(count_offers(&store, BYTES("b@x.it")), 0);
	assert_int_equal(count_offers(&store, BYTES("c@x.it")), 0);
	assert_int_equal(count_owned(&store, 7), 1);
	update(&store, &other, NULL);
	assert_int_equal(count_owned(&store, 7), 0);
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

/* Values that begin alike are not taken for each other, nor are those that are hashed. */
static void
test_R30_an_identifier_is_found_alone(void **test_state)
{
	static uint8_t long_value[KEY_VALUE_BYTES + 1];
	struct secondary secondaries[MOST] = { offer(1, BYTES("a@x.it"), 0), offer(2, BYTES("a@x.it.it"), 0),
		offer(3, bytes_of(long_value, KEY_VALUE_BYTES), 0),
		offer(4, bytes_of(long_value, KEY_VALUE_BYTES + 1), 0) };
	struct contact contact = { .id = 5, .secondaries = secondaries, .secondary_count = 4 };
	struct hand_store store;

	(void)test_state;
	memset(long_value, 'x', sizeof(long_value));
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	update(&store, NULL, &contact);
	assert_int_equal(count_offers(&store, BYTES("a@x.it")), 1);
	assert_int_equal(count_offers(&store, BYTES("a@x.it.it")), 1);
	assert_int_equal(count_offers(&store, BYTES("a@x")), 0);
	assert_int_equal(count_offers(&store, bytes_of(long_value, KEY_VALUE_BYTES)), 1);
	assert_int_equal(count_offers(&store, bytes_of(long_value, KEY_VALUE_BYTES + 1)), 1);
	assert_int_equal(count_offers(&store, bytes_of(long_value, KEY_VALUE_BYTES - 1)), 0);
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

/* A contact with a secondary of 1, in a store that is sound. */
static void
store_offer(struct hand *hand, struct hand_store *store)
{
	struct secondary secondary = offer(1, BYTES("a@x.it"), 1);
	struct hand_event planned;
	struct graph_error error;
	struct bytes contact;

	hand_store_create(store, MAP_BYTES);
	hand_store_open(store);
	hand_begin(hand, store, "shop");
	hand_create(hand, BYTES("b-1"));
	hand_plan(&planned, hand, BYTES("b-2"));
	planned.change.after.secondaries = &secondary;
	planned.change.after.secondary_count = 1;
	planned.changeset.account.last_secondary_id = 1;
	begin(store);
	assert_int_equal(
	    graph_apply(&contact, store->graph, &hand->work, &planned.event, &planned.changeset, &error), 0);
	commit(store);
	hand_store_expect_sound(store);
}

static void
test_check_tells_of_secondaries_and_rows_that_disagree(void **test_state)
{
	static const struct {
		enum table table;
		bool taken_away;
		const char *told;
	} faults[] = {
		{ TABLE_OFFERED, true, "shop: offered row of secondary 1 of 2 is missing" },
		{ TABLE_OFFERED_OWNER, true, "shop: offered_owner row of secondary 1 of 2 is missing" },
		{ TABLE_OFFERED, false, "offered: of 2 rows, 1 are of an open secondary" },
		{ TABLE_OFFERED_OWNER, false, "offered_owner: of 2 rows, 1 are of an open secondary" },
		{ TABLE_SUPPRESSED, false, "account record says suppressed is 0, a recount 1" },
	};

	(void)test_state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint64_t contact_id = faults[i].taken_away ? 2 : 3;
		const uint8_t digest[DIGEST_BYTES] = { 1 };
		struct graph_error error;
		struct hand_store store;
		struct hand hand;
		struct key key;

		store_offer(&hand, &store);
		if (faults[i].table == TABLE_OFFERED)
			key_offered(&key, BYTES("shop"), NAMESPACE_EMAIL, BYTES("a@x.it"), contact_id);
		else if (faults[i].table == TABLE_OFFERED_OWNER)
			key_pair(&key, BYTES("shop"), 1, contact_id);
		else
			key_suppressed(&key, BYTES("shop"), NAMESPACE_EMAIL, digest);
		begin(&store);
		if (faults[i].taken_away)
			assert_int_equal(table_delete(store.graph, faults[i].table, &key), 0);
		else
			assert_int_equal(table_put_mark(store.graph, faults[i].table, &key), 0);
		commit(&store);
		error = hand_store_expect_damaged(&store);
		if (strstr(error.message, faults[i].told) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", error.message, faults[i].told);
		hand_end(&hand);
		hand_store_destroy(&store);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R30_rows_follow_the_secondaries),
		cmocka_unit_test(test_R30_an_identifier_is_found_alone),
		cmocka_unit_test(test_check_tells_of_secondaries_and_rows_that_disagree),
	};

	return cmocka_run_group_tests_name("graph_offered", tests, NULL, NULL);
}
