/* Answers kept for a while: found again, taken for no other request's, and gone when
 * their time is over, a few with each transaction (R26). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "server/graph/environment.h"
#include "server/graph/requests.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, NOW_US = 1000000, SWEPT = 8 };

static struct graph_request
request_of(const char *account, const char *id, uint8_t asked)
{
	struct graph_request request = { bytes_of_string(account), bytes_of_string(id), { 0 } };

	memset(request.digest, asked, sizeof(request.digest));
	return request;
}

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

static void
keep(struct hand_store *store, const char *account, const char *id, uint8_t asked, const char *answer,
    int64_t expires_at_us)
{
	struct graph_request request = request_of(account, id, asked);

	assert_int_equal(
	    graph_keep_request(store->graph, &request, NULL, 0, bytes_of_string(answer), expires_at_us), 0);
}

/* What asking comes to, and the answer where there is one. */
static void
expect(struct hand_store *store, const char *account, const char *id, uint8_t asked, int64_t now_us,
    int outcome, const char *answer)
{
	struct graph_request request = request_of(account, id, asked);
	struct bytes response = BYTES("untouched");
	struct graph_error error;

	assert_int_equal(graph_find_request(&response, store->graph, &request, now_us, &error), outcome);
	assert_true(bytes_equal(response, bytes_of_string(answer)));
}

static void
test_R26_an_answer_is_found_by_account_id_and_digest(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	expect(&store, "shop", "r-1", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	keep(&store, "shop", "r-1", 1, "answer", NOW_US + 10);
	expect(&store, "shop", "r-1", 1, NOW_US, 0, "answer");
	commit(&store);
	hand_store_close(&store);

	hand_store_open(&store);
	begin(&store);
	expect(&store, "shop", "r-1", 1, NOW_US, 0, "answer");
	expect(&store, "shop", "r-1", 2, NOW_US, GRAPH_E_REUSED, "untouched");
	expect(&store, "shop", "r-", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	expect(&store, "shop", "r-11", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	expect(&store, "sho", "r-1", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	graph_abort(store.graph);
	assert_int_equal(hand_store_expect_sound(&store).requests, 1);
	hand_store_destroy(&store);
}

static void
test_R26_an_answer_expires_at_its_time(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	keep(&store, "shop", "r-1", 1, "answer", NOW_US);
	expect(&store, "shop", "r-1", 1, NOW_US - 1, 0, "answer");
	expect(&store, "shop", "r-1", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	expect(&store, "shop", "r-1", 2, NOW_US, GRAPH_E_ABSENT, "untouched");

	/* Another answer takes its place, and its expiry. */
	keep(&store, "shop", "r-1", 2, "another", NOW_US + 10);
	expect(&store, "shop", "r-1", 2, NOW_US, 0, "another");
	assert_int_equal(graph_expire_requests(store.graph, NOW_US, SWEPT), 0);
	expect(&store, "shop", "r-1", 2, NOW_US, 0, "another");
	commit(&store);
	assert_int_equal(hand_store_expect_sound(&store).requests, 1);
	begin(&store);
	assert_int_equal(graph_expire_requests(store.graph, NOW_US + 10, SWEPT), 0);
	commit(&store);
	assert_int_equal(hand_store_expect_sound(&store).requests, 0);
	hand_store_destroy(&store);
}

/* Keeps so many that have expired, of three accounts, and one that has not. */
static void
keep_many(struct hand_store *store, unsigned expired)
{
	static const char *const accounts[] = { "a", "shop", "z" };

	begin(store);
	keep(store, "a", "later", 1, "answer", NOW_US + 1);
	for (unsigned i = 0; i < expired; i++) {
		char id[32];

		snprintf(id, sizeof(id), "r-%u", i);
		keep(store, accounts[i % 3], id, 1, "answer", NOW_US - (int64_t)i);
	}
	commit(store);
	assert_int_equal(hand_store_expect_sound(store).requests, expired + 1);
}

/* How many are left after a sweep of SWEPT. */
static uint64_t
left_after_sweep(struct hand_store *store)
{
	begin(store);
	assert_int_equal(graph_expire_requests(store->graph, NOW_US, SWEPT), 0);
	commit(store);
	return hand_store_expect_sound(store).requests;
}

static void
test_R26_a_sweep_takes_so_many(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	keep_many(&store, SWEPT);
	assert_int_equal(left_after_sweep(&store), 1);
	assert_int_equal(left_after_sweep(&store), 1);
	begin(&store);
	expect(&store, "a", "later", 1, NOW_US, 0, "answer");
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

static void
test_R26_a_sweep_takes_no_more_the_oldest_first(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	keep_many(&store, SWEPT + 1);
	assert_int_equal(left_after_sweep(&store), 2);
	begin(&store);
	expect(&store, "a", "r-0", 1, NOW_US - 1, 0, "answer"); /* the one that expired last */
	graph_abort(store.graph);
	assert_int_equal(left_after_sweep(&store), 1);
	hand_store_destroy(&store);
}

/* Does something to the two tables that nothing else does, and expects it to be told. */
static void
expect_told(
    struct hand_store *store, enum table table, const struct key *key, bool taken_away, const char *told)
{
	struct graph_error error;

	begin(store);
	if (taken_away)
		assert_int_equal(table_delete(store->graph, table, key), 0);
	else
		assert_int_equal(table_put_mark(store->graph, table, key), 0);
	commit(store);
	error = hand_store_expect_damaged(store);
	if (strstr(error.message, told) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, told);
}

static void
test_check_tells_of_answers_and_expiries_that_disagree(void **test_state)
{
	struct hand_store store;
	struct key request;
	struct key expiry;

	(void)test_state;
	for (unsigned fault = 0; fault < 4; fault++) {
		hand_store_create(&store, MAP_BYTES);
		hand_store_open(&store);
		begin(&store);
		keep(&store, "shop", "r-1", 1, "answer", NOW_US);
		commit(&store);
		key_request(&request, BYTES("shop"), BYTES("r-1"));
		key_expiry(&expiry, NOW_US, &request);
		if (fault == 0)
			expect_told(&store, TABLE_REQUEST, &request, true, "request_expiry: of 1 rows, 0");
		if (fault == 1)
			expect_told(&store, TABLE_REQUEST_EXPIRY, &expiry, true, "never expires");
		if (fault == 2)
			expect_told(&store, TABLE_REQUEST, &request, false, "account shop: request");
		key_expiry(&expiry, NOW_US + 1, &request);
		if (fault == 3)
			expect_told(&store, TABLE_REQUEST_EXPIRY, &expiry, false, "of 2 rows, 1");
		hand_store_destroy(&store);
	}
}

static void
test_damaged_answer_is_told_and_never_given(void **test_state)
{
	struct graph_request request = request_of("shop", "r-1", 1);
	struct bytes response = BYTES("untouched");
	struct graph_error error;
	struct hand_store store;
	struct key key;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	keep(&store, "shop", "r-1", 1, "answer", NOW_US);
	key_request(&key, request.account, request.request_id);
	assert_int_equal(table_put(store.graph, TABLE_REQUEST, &key, BYTES("too short")), 0);
	assert_int_equal(graph_find_request(&response, store.graph, &request, 0, &error), GRAPH_E_DAMAGED);
	assert_string_equal(error.message, "account shop: request record is damaged");
	assert_true(bytes_equal(response, BYTES("untouched")));
	assert_int_equal(
	    graph_keep_request(store.graph, &request, NULL, 0, BYTES("answer"), NOW_US), -EBADMSG);
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

/* Keeps an answer that tells of these contacts, up to 0. */
static void
keep_telling(struct hand_store *store, const char *id, const char *answer, const uint64_t *contact_ids)
{
	struct graph_request request = request_of("shop", id, 1);
	size_t count = 0;

	while (contact_ids[count] != 0)
		count++;
	assert_int_equal(graph_keep_request(store->graph, &request, contact_ids, count,
			     bytes_of_string(answer), NOW_US + 10),
	    0);
}

#define KEEP_TELLING(store, id, answer, ...)                                                                 \
	keep_telling(store, id, answer, (const uint64_t[]){ __VA_ARGS__, 0 })

static int
try_erase(struct hand_store *store, uint64_t contact_id, const struct contact *named)
{
	struct graph_error error;
	struct arena scratch;
	struct arena arena;
	int result;

	arena_init(&arena, 1024 * 1024);
	arena_init(&scratch, 1024 * 1024);
	result = requests_erase(store->graph, &arena, &scratch, BYTES("shop"), contact_id, named, &error);
	arena_finish(&scratch);
	arena_finish(&arena);
	return result;
}

static void
erase(struct hand_store *store, uint64_t contact_id, const struct contact *named)
{
	assert_int_equal(try_erase(store, contact_id, named), 0);
}

static void
test_R30_an_answer_that_told_of_who_was_erased_is_gone(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	KEEP_TELLING(&store, "of-7", "rossi", 7);
	KEEP_TELLING(&store, "of-5-and-7", "bianchi and rossi", 5, 7);
	KEEP_TELLING(&store, "of-5", "bianchi", 5);
	KEEP_TELLING(&store, "of-70", "verdi", 70);
	keep(&store, "shop2", "of-7", 1, "of another account", NOW_US + 10);
	commit(&store);
	hand_store_expect_sound(&store);

	begin(&store);
	erase(&store, 7, NULL);
	commit(&store);
	assert_int_equal(hand_store_expect_sound(&store).requests, 5);
	begin(&store);
	expect(&store, "shop", "of-7", 1, NOW_US, GRAPH_E_ERASED, "untouched");
	expect(&store, "shop", "of-7", 2, NOW_US, GRAPH_E_REUSED, "untouched");
	expect(&store, "shop", "of-5-and-7", 1, NOW_US, GRAPH_E_ERASED, "untouched");
	expect(&store, "shop", "of-5", 1, NOW_US, 0, "bianchi");
	expect(&store, "shop", "of-70", 1, NOW_US, 0, "verdi");
	expect(&store, "shop2", "of-7", 1, NOW_US, 0, "of another account");

	/* It expires when it would have, and may be replaced as any other. */
	expect(&store, "shop", "of-7", 1, NOW_US + 10, GRAPH_E_ABSENT, "untouched");
	KEEP_TELLING(&store, "of-7", "somebody else", 8);
	expect(&store, "shop", "of-7", 1, NOW_US, 0, "somebody else");
	erase(&store, 5, NULL);
	commit(&store);
	hand_store_expect_sound(&store);
	begin(&store);
	assert_int_equal(graph_expire_requests(store.graph, NOW_US + 10, SWEPT), 0);
	commit(&store);
	assert_int_equal(hand_store_expect_sound(&store).requests, 0);
	hand_store_destroy(&store);
}

/* What is left of it is no digest that somebody without the key could try requests on. */
static void
test_R30_the_digest_that_is_left_is_keyed(void **test_state)
{
	struct graph_request request = request_of("shop", "r-1", 1);
	struct kept_request kept;
	struct hand_store store;
	struct bytes value;
	struct key key;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	KEEP_TELLING(&store, "r-1", "rossi", 7);
	erase(&store, 7, NULL);
	key_request(&key, request.account, request.request_id);
	assert_int_equal(table_get(&value, store.graph->txn, store.graph, TABLE_REQUEST, &key), 0);
	assert_true(record_request(&kept, value));
	assert_int_equal(kept.state, KEPT_ERASED);
	assert_int_equal(kept.response.size, 0);
	assert_null(memmem(value.data, value.size, request.digest, 4));
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

/* An answer that shows a contact with one identifier. */
static const char *
showing(struct arena *arena, enum namespace_id namespace_id, const char *value)
{
	struct identifier held = { .namespace_id = namespace_id,
		.value = bytes_of_string(value),
		.claim = { .source = SOURCE_CONTACTS, .observed_at_us = 1, .recorded_at_us = 1 } };
	struct contact contact = { .id = 5,
		.version = 1,
		.create_time_us = 1,
		.update_time_us = 1,
		.contact_class = CLASS_IDENTIFIED,
		.display_name = held.value,
		.identifiers = &held,
		.identifier_count = 1 };
	struct identified identified = { .outcome = OUTCOME_UPDATED, .revision = 3 };
	struct bytes encoded;
	char *text;

	assert_int_equal(contact_encode(&identified.contact, arena, &contact), 0);
	assert_int_equal(identified_encode(&encoded, arena, &identified), 0);
	assert_null(memchr(encoded.data, 0, encoded.size));
	text = arena_calloc(arena, encoded.size + 1, 1);
	assert_non_null(text);
	memcpy(text, encoded.data, encoded.size);
	return text;
}

static void
test_R30_an_answer_that_tells_an_identifier_is_gone(void **test_state)
{
	struct identifier held[] = {
		{ .namespace_id = NAMESPACE_EMAIL, .value = BYTES("rossi@example.it") },
		{ .namespace_id = NAMESPACE_PHONE, .value = BYTES("+390612345678") },
		{ .namespace_id = NAMESPACE_EXT_ID, .value = BYTES("@") },
	};
	const struct contact named = { .id = 7, .identifiers = held, .identifier_count = 3 };
	const char *answers[3];
	struct hand_store store;
	struct arena arena;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	arena_init(&arena, 1024 * 1024);
	answers[0] = showing(&arena, NAMESPACE_EMAIL, "rossi@example.it");
	answers[1] = showing(&arena, NAMESPACE_PHONE, "+390612345678");
	answers[2] = showing(&arena, NAMESPACE_WHATSAPP, "+390612345678");
	KEEP_TELLING(&store, "first", answers[0], 5);
	KEEP_TELLING(&store, "second", answers[1], 5);
	KEEP_TELLING(&store, "neither", answers[2], 5);
	KEEP_TELLING(&store, "elsewhere", answers[0], 6);
	erase(&store, 5, &named);
	expect(&store, "shop", "first", 1, NOW_US, GRAPH_E_ERASED, "untouched");
	expect(&store, "shop", "second", 1, NOW_US, GRAPH_E_ERASED, "untouched");
	expect(&store, "shop", "neither", 1, NOW_US, 0, answers[2]);
	expect(&store, "shop", "elsewhere", 1, NOW_US, 0, answers[0]);
	commit(&store);
	hand_store_expect_sound(&store);
	hand_store_destroy(&store);
	arena_finish(&arena);
}

static void
test_an_answer_that_is_none_is_damage(void **test_state)
{
	const struct contact named = { .id = 7 };
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	KEEP_TELLING(&store, "r-1", "no answer", 5);
	assert_int_equal(try_erase(&store, 5, &named), GRAPH_E_DAMAGED);
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

static void
test_check_tells_of_answers_and_contacts_that_disagree(void **test_state)
{
	struct hand_store store;
	struct key row;

	(void)test_state;
	for (unsigned fault = 0; fault < 3; fault++) {
		hand_store_create(&store, MAP_BYTES);
		hand_store_open(&store);
		begin(&store);
		KEEP_TELLING(&store, "r-1", "answer", 7);
		commit(&store);
		key_request_contact(&row, BYTES("shop"), 7, BYTES("r-1"));
		if (fault == 0)
			expect_told(&store, TABLE_REQUEST_CONTACT, &row, true,
			    "request has a record that 7 does not lead to");
		key_request_contact(&row, BYTES("shop"), 8, BYTES("r-1"));
		if (fault == 1)
			expect_told(&store, TABLE_REQUEST_CONTACT, &row, false, "of 2 rows, 1");
		key_name(&row, BYTES("nonsense"));
		if (fault == 2)
			expect_told(&store, TABLE_REQUEST_CONTACT, &row, false, "of 2 rows, 1");
		hand_store_destroy(&store);
	}
}

/* A record that no disk should have made keeps neither sweeps nor erasing from going on. */
static void
test_damaged_answer_expires(void **test_state)
{
	struct graph_request request = request_of("shop", "r-1", 1);
	struct hand_store store;
	struct key key;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	KEEP_TELLING(&store, "r-1", "answer", 7);
	key_request(&key, request.account, request.request_id);
	assert_int_equal(table_put(store.graph, TABLE_REQUEST, &key, BYTES("too short")), 0);
	assert_int_equal(graph_expire_requests(store.graph, NOW_US + 10, SWEPT), 0);
	expect(&store, "shop", "r-1", 1, NOW_US, GRAPH_E_ABSENT, "untouched");
	erase(&store, 7, NULL);
	graph_abort(store.graph);
	hand_store_destroy(&store);
}

/* A row that is no expiry stops the sweep and nothing else. */
static void
test_row_that_is_no_expiry_stops_no_write(void **test_state)
{
	struct hand_store store;
	struct key key;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	begin(&store);
	keep(&store, "shop", "r-1", 1, "answer", NOW_US);
	key_name(&key, BYTES("\x01"));
	key.data[0] = 0;
	assert_int_equal(table_put_mark(store.graph, TABLE_REQUEST_EXPIRY, &key), 0);
	assert_int_equal(graph_expire_requests(store.graph, NOW_US, SWEPT), 0);
	keep(&store, "shop", "r-2", 1, "answer", NOW_US + 1);
	commit(&store);
	hand_store_expect_damaged(&store);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R26_an_answer_is_found_by_account_id_and_digest),
		cmocka_unit_test(test_R26_an_answer_expires_at_its_time),
		cmocka_unit_test(test_R26_a_sweep_takes_so_many),
		cmocka_unit_test(test_R26_a_sweep_takes_no_more_the_oldest_first),
		cmocka_unit_test(test_check_tells_of_answers_and_expiries_that_disagree),
		cmocka_unit_test(test_damaged_answer_is_told_and_never_given),
		cmocka_unit_test(test_R30_an_answer_that_told_of_who_was_erased_is_gone),
		cmocka_unit_test(test_R30_the_digest_that_is_left_is_keyed),
		cmocka_unit_test(test_R30_an_answer_that_tells_an_identifier_is_gone),
		cmocka_unit_test(test_an_answer_that_is_none_is_damage),
		cmocka_unit_test(test_check_tells_of_answers_and_contacts_that_disagree),
		cmocka_unit_test(test_damaged_answer_expires),
		cmocka_unit_test(test_row_that_is_no_expiry_stops_no_write),
	};

	return cmocka_run_group_tests_name("graph_requests", tests, NULL, NULL);
}
