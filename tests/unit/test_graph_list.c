/* Listings held against a plain look at every contact: whatever is filtered by, whatever
 * became of the contacts, wherever a listing begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/limits.h"
#include "base/random.h"
#include "rules/namespaces.h"
#include "server/graph/environment.h"
#include "server/graph/index.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024, CONTACTS = 120 };

/* A store whose contacts a test makes up: by id, without one where there is none. */
struct world {
	struct hand_store store;
	struct arena arena;
	struct contact contacts[CONTACTS + 1];
	bool there[CONTACTS + 1];
	struct bytes lists[CONTACTS + 1][2];
};

static void
begin(struct world *world)
{
	hand_store_create(&world->store, MAP_BYTES);
	hand_store_open(&world->store);
	arena_init(&world->arena, ARENA_BYTES);
}

static void
end(struct world *world)
{
	arena_finish(&world->arena);
	hand_store_destroy(&world->store);
}

/* A contact as one may be: who is anonymous can be reached by push at most, and is on no list. */
static struct contact
some_contact(struct world *world, uint64_t id, uint64_t *state)
{
	struct contact contact = {
		.id = id,
		.version = 1,
		.create_time_us = 1,
		.update_time_us = 1,
		.display_name = BYTES("x"),
		.contact_class = (enum contact_class)(1 + random_next(state) % 3),
		.lists = world->lists[id],
	};

	contact.reach[REACH_PUSH] = contact.contact_class == CLASS_ANONYMOUS_PUSH;
	if (contact.contact_class == CLASS_IDENTIFIED) {
		for (unsigned reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
			contact.reach[reach] = random_next(state) % 3 == 0;
		if (random_next(state) % 2 == 0)
			contact.lists[contact.list_count++] = BYTES("a");
		if (random_next(state) % 3 == 0)
			contact.lists[contact.list_count++] = BYTES("conversations-engaged");
	}
	return contact;
}

/* Puts a contact in the place of whatever has its id, or, without one, takes that away. */
static void
change(struct world *world, uint64_t id, const struct contact *after)
{
	struct contact before = world->contacts[id];
	struct bytes message;
	struct key key;

	key_number(&key, BYTES("shop"), id);
	if (after == NULL) {
		assert_int_equal(table_delete(world->store.graph, TABLE_CONTACT, &key), 0);
	} else {
		assert_int_equal(contact_encode(&message, &world->arena, after), 0);
		assert_int_equal(table_put_contact(world->store.graph, &key, KIND_CONTACT, message), 0);
	}
	assert_int_equal(
	    index_update(world->store.graph, BYTES("shop"), world->there[id] ? &before : NULL, after), 0);
	world->there[id] = after != NULL;
	if (after != NULL)
		world->contacts[id] = *after;
	arena_reset(&world->arena);
}

static bool
passes(const struct contact *contact, const struct graph_filter *filter)
{
	bool listed = filter->list.size == 0;

	for (size_t i = 0; i < contact->list_count; i++)
		listed = listed || bytes_equal(contact->lists[i], filter->list);
	return listed && (filter->anonymous_chat || contact->contact_class != CLASS_ANONYMOUS_CHAT) &&
	    (filter->contact_class == CLASS_NONE || contact->contact_class == filter->contact_class) &&
	    (filter->reach == REACH_NONE || contact->reach[filter->reach]);
}

/* A listing past an id has exactly those that pass, in their order, as they are stored. */
static void
expect_listed(struct world *world, const struct graph_filter *filter, uint64_t after_id)
{
	struct graph_listing *listing;
	struct graph_error error;
	struct bytes contact;
	uint64_t id;

	assert_int_equal(graph_listing_begin(
			     &listing, world->store.reader, &world->arena, BYTES("shop"), filter, after_id),
	    0);
	for (uint64_t expected = after_id + 1; expected <= CONTACTS; expected++) {
		struct bytes message;

		if (!world->there[expected] || !passes(&world->contacts[expected], filter))
			continue;
		assert_int_equal(graph_listing_next(&id, &contact, listing, &error), 0);
		assert_true(id == expected);
		assert_int_equal(contact_encode(&message, &world->arena, &world->contacts[expected]), 0);
		assert_true(bytes_equal(contact, message));
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(graph_listing_next(&id, &contact, listing, &error), GRAPH_E_ABSENT);
	graph_listing_end(listing);
	arena_reset(&world->arena);
}

static void
expect_all_listed(struct world *world)
{
	static const uint64_t after[] = { 0, 1, 2, 59, CONTACTS - 1, CONTACTS };
	const struct bytes lists[] = { BYTES(""), BYTES("a"), BYTES("conversations-engaged"), BYTES("b") };

	assert_int_equal(graph_read_begin(world->store.reader), 0);
	for (unsigned i = 0; i < 2U * CLASS_COUNT * REACH_COUNT * 4; i++) {
		const struct graph_filter filter = {
			.anonymous_chat = i % 2 == 1,
			.contact_class = (enum contact_class)(i / 2 % CLASS_COUNT),
			.reach = (enum reach)(i / 2 / CLASS_COUNT % REACH_COUNT),
			.list = lists[i / 2 / CLASS_COUNT / REACH_COUNT],
		};

		for (size_t j = 0; j < sizeof(after) / sizeof(after[0]); j++)
			expect_listed(world, &filter, after[j]);
	}
	graph_read_end(world->store.reader);
}

static void
commit(struct world *world)
{
	struct graph_error error;
	uint64_t txn;

	assert_int_equal(graph_commit(&txn, world->store.graph, &error), 0);
}

static void
test_R6_listings_show_who_passes(void **test_state)
{
	static struct world world;
	uint64_t state = 1;

	(void)test_state;
	begin(&world);
	expect_all_listed(&world);
	for (unsigned round = 0; round < 6; round++) {
		assert_int_equal(graph_write_begin(world.store.graph), 0);
		for (unsigned i = 0; i < CONTACTS / 2; i++) {
			uint64_t id = 1 + random_next(&state) % CONTACTS;
			struct bytes lists[2] = { world.lists[id][0], world.lists[id][1] };
			struct contact after;

			if (world.there[id])
				world.contacts[id].lists =
				    memcpy(arena_alloc(&world.arena, sizeof(lists)), lists, sizeof(lists));
			after = some_contact(&world, id, &state);
			change(&world, id, random_next(&state) % 4 == 0 ? NULL : &after);
		}
		commit(&world);
		expect_all_listed(&world);
	}
	end(&world);
}

/* No row is left of contacts that are gone, and what an account lists is its own. */
static void
test_nothing_is_left_of_who_is_gone(void **test_state)
{
	static struct world world;
	uint64_t state = 2;
	MDB_stat stat;

	(void)test_state;
	begin(&world);
	assert_int_equal(graph_write_begin(world.store.graph), 0);
	for (uint64_t id = 1; id <= CONTACTS; id++) {
		struct contact contact = some_contact(&world, id, &state);

		change(&world, id, &contact);
		assert_int_equal(index_update(world.store.graph, BYTES("shop-2"), NULL, &contact), 0);
		assert_int_equal(index_update(world.store.graph, BYTES("sho"), NULL, &contact), 0);
	}
	commit(&world);
	expect_all_listed(&world);
	assert_int_equal(graph_write_begin(world.store.graph), 0);
	for (uint64_t id = 1; id <= CONTACTS; id++) {
		const struct contact contact = world.contacts[id];

		change(&world, id, NULL);
		assert_int_equal(index_update(world.store.graph, BYTES("shop-2"), &contact, NULL), 0);
		assert_int_equal(index_update(world.store.graph, BYTES("sho"), &contact, NULL), 0);
	}
	assert_int_equal(mdb_stat(world.store.graph->txn, world.store.graph->tables[TABLE_INDEX], &stat), 0);
	assert_int_equal(stat.ms_entries, 0);
	commit(&world);
	expect_all_listed(&world);
	end(&world);
}

/* The hottest event changes what a contact holds and no row. */
static void
test_contact_that_stays_where_it_is_writes_no_row(void **test_state)
{
	static struct world world;
	struct contact contact;
	uint64_t state = 3;

	(void)test_state;
	begin(&world);
	contact = some_contact(&world, 1, &state);
	assert_int_equal(graph_write_begin(world.store.graph), 0);
	assert_false(world.store.graph->changed);
	assert_int_equal(index_update(world.store.graph, BYTES("shop"), &contact, &contact), 0);
	assert_false(world.store.graph->changed);
	graph_abort(world.store.graph);
	end(&world);
}

/* Contacts of whom every other one is on the list and the rest can be reached by e-mail, so
 * that the two pass each other so often, and a last one who is both. */
static uint64_t
make_passing(struct world *world, uint64_t passed_times)
{
	struct bytes list[] = { LIST_ENGAGED };
	struct contact contact = { .contact_class = CLASS_IDENTIFIED, .lists = list };
	uint64_t last_id = 2 * passed_times + 1;
	struct bytes message;
	struct key key;

	assert_int_equal(graph_write_begin(world->store.graph), 0);
	for (uint64_t id = 1; id <= last_id; id++) {
		contact.id = id;
		contact.list_count = id % 2 == 0 || id == last_id;
		contact.reach[REACH_EMAIL] = id % 2 == 1;
		assert_int_equal(index_update(world->store.graph, BYTES("shop"), NULL, &contact), 0);
	}
	assert_int_equal(contact_encode(&message, &world->arena, &contact), 0);
	key_number(&key, BYTES("shop"), last_id);
	assert_int_equal(table_put_contact(world->store.graph, &key, KIND_CONTACT, message), 0);
	commit(world);
	arena_reset(&world->arena);
	return last_id;
}

static void
expect_found_past(struct world *world, uint64_t after_id, int expected, uint64_t expected_id)
{
	const struct graph_filter filter = { .reach = REACH_EMAIL, .list = LIST_ENGAGED };
	struct graph_listing *listing;
	struct graph_error error;
	struct bytes contact;
	uint64_t id = 0;

	assert_int_equal(graph_read_begin(world->store.reader), 0);
	assert_int_equal(graph_listing_begin(
			     &listing, world->store.reader, &world->arena, BYTES("shop"), &filter, after_id),
	    0);
	assert_int_equal(graph_listing_next(&id, &contact, listing, &error), expected);
	if (expected == 0)
		assert_int_equal(id, expected_id);
	else
		assert_int_equal(graph_listing_place(listing), expected_id);
	graph_listing_end(listing);
	graph_read_end(world->store.reader);
	arena_reset(&world->arena);
}

static void
test_listing_pauses_where_filters_pass_each_other(void **test_state)
{
	static struct world world;
	uint64_t last_id;

	(void)test_state;
	begin(&world);
	last_id = make_passing(&world, LIMIT_PAGE_STEPS);
	expect_found_past(&world, 0, 0, last_id);
	end(&world);

	begin(&world);
	last_id = make_passing(&world, LIMIT_PAGE_STEPS + 1);
	expect_found_past(&world, 0, GRAPH_E_PAUSED, last_id - 1);
	expect_found_past(&world, last_id - 1, 0, last_id);
	end(&world);
}

/* Six browsers, of which 2 is part of 1 by now, in a store that is sound. */
static void
make_browsers(struct hand *hand, struct hand_store *store)
{
	hand_store_create(store, MAP_BYTES);
	hand_store_open(store);
	hand_begin(hand, store, "shop");
	for (unsigned i = 1; i <= 6; i++) {
		char name[16];
		int size = snprintf(name, sizeof(name), "b-%u", i);

		hand_create(hand, bytes_of(name, (size_t)size));
	}
	hand_absorb(hand, 1, 2);
	hand_store_expect_sound(store);
}

static void
test_listing_passes_what_was_absorbed(void **test_state)
{
	static const uint64_t expected[] = { 1, 3, 4, 5, 6 };
	const struct graph_filter filter = { .reach = REACH_PUSH };
	struct graph_listing *listing;
	struct graph_error error;
	struct hand_store store;
	struct bytes contact;
	struct hand hand;
	uint64_t id;

	(void)test_state;
	make_browsers(&hand, &store);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(
	    graph_listing_begin(&listing, store.reader, &hand.work, BYTES("shop"), &filter, 0), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(graph_listing_next(&id, &contact, listing, &error), 0);
		assert_int_equal(id, expected[i]);
	}
	assert_int_equal(graph_listing_next(&id, &contact, listing, &error), GRAPH_E_ABSENT);
	graph_listing_end(listing);
	graph_listing_end(NULL);
	assert_int_equal(
	    graph_listing_begin(&listing, store.reader, &hand.work, BYTES("shop"), &filter, UINT64_MAX), 0);
	assert_int_equal(graph_listing_next(&id, &contact, listing, &error), GRAPH_E_ABSENT);
	graph_listing_end(listing);
	graph_read_end(store.reader);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* Puts or takes away the row of contact id among those who can be reached by push. */
static void
change_row(struct hand_store *store, uint64_t id, bool put)
{
	struct graph_error error;
	struct key rows;
	struct key key;
	uint64_t txn;

	key_class_rows(&rows, BYTES("shop"), CLASS_ANONYMOUS_PUSH, REACH_PUSH);
	key_row(&key, &rows, id);
	assert_int_equal(graph_write_begin(store->graph), 0);
	assert_int_equal(put ? table_put_mark(store->graph, TABLE_INDEX, &key)
			     : table_delete(store->graph, TABLE_INDEX, &key),
	    0);
	assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
}

static void
expect_told(const struct graph_error *error, const char *told)
{
	if (strstr(error->message, told) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error->message, told);
}

static void
test_check_tells_of_rows_and_contacts_that_disagree(void **test_state)
{
	static const struct {
		uint64_t id;
		bool put;
		const char *told;
		const char *listing_told; /* NULL: a listing can't know */
	} faults[] = {
		{ 3, false, "account shop: index row of 3 is missing", NULL },
		{ 2, true, "index: of 11 rows, 10 are of a contact",
		    "index row leads to 2, which is no contact" },
		{ 9, true, "index: of 11 rows, 10 are of a contact",
		    "index row leads to 9, which is no contact" },
	};

	(void)test_state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct graph_filter filter = { .reach = REACH_PUSH };
		struct graph_listing *listing;
		struct graph_error error;
		struct hand_store store;
		struct bytes contact;
		struct hand hand;
		uint64_t id;

		make_browsers(&hand, &store);
		change_row(&store, faults[i].id, faults[i].put);
		error = hand_store_expect_damaged(&store);
		expect_told(&error, faults[i].told);
		if (faults[i].listing_told != NULL) {
			assert_int_equal(graph_read_begin(store.reader), 0);
			assert_int_equal(graph_listing_begin(&listing, store.reader, &hand.work,
					     BYTES("shop"), &filter, faults[i].id - 1),
			    0);
			assert_int_equal(graph_listing_next(&id, &contact, listing, &error), GRAPH_E_DAMAGED);
			expect_told(&error, faults[i].listing_told);
			graph_listing_end(listing);
			graph_read_end(store.reader);
		}
		hand_end(&hand);
		hand_store_destroy(&store);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R6_listings_show_who_passes),
		cmocka_unit_test(test_nothing_is_left_of_who_is_gone),
		cmocka_unit_test(test_contact_that_stays_where_it_is_writes_no_row),
		cmocka_unit_test(test_listing_pauses_where_filters_pass_each_other),
		cmocka_unit_test(test_listing_passes_what_was_absorbed),
		cmocka_unit_test(test_check_tells_of_rows_and_contacts_that_disagree),
	};

	return cmocka_run_group_tests_name("graph_list", tests, NULL, NULL);
}
