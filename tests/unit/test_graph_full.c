/* The store where there is no more: until the map is full, the disk is full or fails, or
 * memory runs out. What was answered stays, what can't be done leaves no trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024 };

/* Override libc's: the disk fails, or has no room, when a test says so. */
static int sync_errno;
static const uint64_t DISK_BYTES = UINT64_C(4) << 30;
static uint64_t disk_free_bytes = UINT64_C(4) << 30;

__attribute__((visibility("default"))) int
fdatasync(int descriptor)
{
	if (sync_errno != 0) {
		errno = sync_errno;
		return -1;
	}
	return fsync(descriptor);
}

__attribute__((visibility("default"))) int
fstatvfs(int descriptor, struct statvfs *about)
{
	(void)descriptor;
	memset(about, 0, sizeof(*about));
	about->f_frsize = 4096;
	about->f_bavail = disk_free_bytes / about->f_frsize;
	return 0;
}

static void
test_full_store_refuses_writes_and_is_read_on(void **test_state)
{
	enum { MOST = 10000, VALUE_BYTES = 900 };
	static uint8_t value[VALUE_BYTES];
	struct hand_store store;
	struct hand hand;
	unsigned created = 0;

	(void)test_state;
	hand_store_create(&store, 2 * 1024 * 1024);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	memset(value, 'v', sizeof(value));
	while (created < MOST && graph_used_percent(store.graph) < LIMIT_STORE_WRITE_PERCENT) {
		hand_numbered((char *)value, 16, "b", ++created);
		hand_create(&hand, bytes_of(value, sizeof(value)));
	}
	assert_in_range(created, 100, MOST - 1);
	assert_in_range(graph_used_percent(store.graph), LIMIT_STORE_WRITE_PERCENT, 99);
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FULL);
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	hand_store_close(&store);

	hand_store_open(&store);
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FULL);
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* A new store with one contact, and a value of that size, to be freed. */
static uint8_t *
begin_with_large_value(struct hand *hand, struct hand_store *store, uint64_t map_bytes, size_t value_bytes)
{
	uint8_t *value = malloc(value_bytes);

	assert_non_null(value);
	memset(value, 'v', value_bytes);
	hand_store_create(store, map_bytes);
	hand_store_open(store);
	hand_begin(hand, store, "shop");
	hand_create(hand, BYTES("b-1"));
	return value;
}

static void
test_transaction_past_the_map_fails_alone(void **test_state)
{
	enum { VALUE_BYTES = 100 * 1024 };
	struct graph_error error;
	struct hand_store store;
	struct hand hand;
	uint8_t *value = begin_with_large_value(&hand, &store, 2 * 1024 * 1024, VALUE_BYTES);
	unsigned applied = 0;
	int result = 0;

	(void)test_state;
	assert_int_equal(graph_write_begin(store.graph), 0);
	while (result == 0 && applied < 100) {
		struct hand_event planned;
		struct account before = hand.numbers;
		struct bytes answer;

		hand_numbered((char *)value, 16, "c", applied);
		hand_plan(&planned, &hand, bytes_of(value, VALUE_BYTES));
		result =
		    graph_apply(&answer, store.graph, &hand.work, &planned.event, &planned.changeset, &error);
		hand.numbers = planned.changeset.account;
		if (result != 0)
			hand.numbers = before;
		else
			applied++;
	}
	assert_int_equal(result, GRAPH_E_FULL);
	assert_in_range(applied, 1, 20);
	graph_abort(store.graph);

	hand.numbers = (struct account){ .last_contact_id = 1,
		.revision = 1,
		.journal_sequence = 1,
		.class_counts[CLASS_ANONYMOUS_PUSH] = 1,
		.reach_counts[REACH_PUSH] = 1 };
	hand_expect_stored(&hand);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	assert_int_equal(hand_store_expect_sound(&store).contacts, 2);
	hand_end(&hand);
	hand_store_destroy(&store);
	free(value);
}

/* One contact whose value takes so many pages, in a store of its own of 256 pages. The
 * outcome of the commit, or of what failed before it; afterwards the store is as sound
 * as ever, and takes another contact. */
static int
fill_pages(unsigned page_count, bool *committing)
{
	static uint8_t value[1024 * 1024];
	struct hand_store store;
	struct hand_event planned;
	struct graph_error error;
	struct bytes answer;
	struct hand hand;
	uint64_t txn;
	int result;

	hand_store_create(&store, sizeof(value));
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	memset(value, 'v', sizeof(value));
	hand_plan(&planned, &hand, bytes_of(value, (size_t)page_count * 4096));
	/* The value stands in the contact as an attribute alone. */
	planned.identifier.value = BYTES("b-1");
	planned.ownership.value = BYTES("b-1");
	planned.event.attribute_count = 0;
	assert_int_equal(graph_write_begin(store.graph), 0);
	result = graph_apply(&answer, store.graph, &hand.work, &planned.event, &planned.changeset, &error);
	*committing = result == 0;
	if (result == 0)
		result = graph_commit(&txn, store.graph, &error);
	else
		graph_abort(store.graph);
	if (result != 0) {
		hand_expect_stored(&hand);
		hand_create(&hand, BYTES("b-2"));
	} else {
		hand_accept(&hand, &planned);
	}
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
	return result;
}

static void
test_map_that_fills_up_at_the_commit_harms_nothing(void **test_state)
{
	unsigned full_in_commit = 0;
	unsigned full_before = 0;

	(void)test_state;
	for (unsigned page_count = 220; page_count < 254; page_count++) {
		bool committing;
		int result = fill_pages(page_count, &committing);

		assert_true(result == 0 || result == GRAPH_E_FULL);
		full_in_commit += result != 0 && committing;
		full_before += result != 0 && !committing;
	}
	assert_true(full_in_commit > 0);
	assert_true(full_before > 0);
}

/* A commit whose sync fails: what is said of it. Afterwards the store has nothing of
 * it, now and when it is opened again. */
static struct graph_error
fail_commit(int error_number, bool full)
{
	struct hand_store store;
	struct hand_event planned;
	struct graph_error error = { "" };
	struct bytes answer;
	struct hand hand;
	uint64_t txn = 77;

	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_plan(&planned, &hand, BYTES("b-2"));
	assert_int_equal(graph_write_begin(store.graph), 0);
	assert_int_equal(
	    graph_apply(&answer, store.graph, &hand.work, &planned.event, &planned.changeset, &error), 0);
	sync_errno = error_number;
	if (full)
		disk_free_bytes = 0;
	assert_int_equal(graph_commit(&txn, store.graph, &error), GRAPH_E_FAILED);
	sync_errno = 0;
	disk_free_bytes = DISK_BYTES;
	assert_int_equal(txn, 77);
	assert_int_equal(access(hand_store_path(&store, "failed"), F_OK), 0);
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FAILED);
	hand_expect_stored(&hand);
	assert_int_equal(hand_owner(&hand, BYTES("b-2")), 0);
	hand_store_close(&store);

	hand_store_open(&store);
	assert_int_equal(access(hand_store_path(&store, "failed"), F_OK), -1);
	hand_expect_stored(&hand);
	assert_int_equal(hand_owner(&hand, BYTES("b-2")), 0);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
	return error;
}

static void
test_failed_commit_is_the_last(void **test_state)
{
	struct graph_error error = fail_commit(EIO, false);

	(void)test_state;
	assert_non_null(strstr(error.message, "a commit failed"));
	assert_null(strstr(error.message, "no space left"));
	error = fail_commit(ENOSPC, false);
	assert_non_null(strstr(error.message, "has no space left"));
	/* A write that came out short is EIO too. */
	error = fail_commit(EIO, true);
	assert_non_null(strstr(error.message, "has no space left"));
}

static void
test_full_disk_refuses_writes_and_is_read_on(void **test_state)
{
	struct hand_store store;
	struct hand hand;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	assert_in_range(graph_used_percent(store.graph), 0, 1);
	disk_free_bytes = 0;
	assert_int_equal(graph_used_percent(store.graph), 100);
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FULL);
	hand_expect_stored(&hand);
	/* It even opens. */
	hand_store_close(&store);
	store.phone_library = "9.0";
	hand_store_open(&store);
	hand_expect_stored(&hand);
	disk_free_bytes = DISK_BYTES;
	hand_create(&hand, BYTES("b-2"));
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* A disk that other programs fill: what one transaction may write must fit before it
 * begins, for a commit that runs out of space is the last. */
static void
test_reserve_of_the_disk_is_left_alone(void **test_state)
{
	const uint64_t map_bytes = UINT64_C(1) << 30;
	struct hand_store store;
	struct hand hand;

	(void)test_state;
	hand_store_create(&store, map_bytes);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	disk_free_bytes = LIMIT_STORE_RESERVE_BYTES - 4096;
	assert_in_range(graph_used_percent(store.graph), 0, 1);
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FULL);
	disk_free_bytes = LIMIT_STORE_RESERVE_BYTES;
	hand_create(&hand, BYTES("b-1"));
	hand_expect_stored(&hand);
	hand_store_close(&store);

	/* All of a small map has room: nothing needs to be left. */
	store.map_size_bytes = 2 * 1024 * 1024;
	disk_free_bytes = store.map_size_bytes;
	hand_store_open(&store);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	disk_free_bytes = DISK_BYTES;
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_transaction_past_the_disk_fails_alone(void **test_state)
{
	enum { VALUE_BYTES = 400 * 1024 };
	struct graph_error error;
	struct hand_store store;
	struct hand hand;
	uint8_t *value = begin_with_large_value(&hand, &store, UINT64_C(1) << 30, VALUE_BYTES);
	unsigned applied = 0;
	int result = 0;

	(void)test_state;
	disk_free_bytes = LIMIT_STORE_RESERVE_BYTES;
	assert_int_equal(graph_write_begin(store.graph), 0);
	while (result == 0 && applied < 400) {
		struct hand_event planned;
		struct bytes answer;

		hand_numbered((char *)value, 16, "c", applied);
		hand_plan(&planned, &hand, bytes_of(value, VALUE_BYTES));
		planned.identifier.value = bytes_of(value, 8);
		planned.ownership.value = bytes_of(value, 8);
		planned.event.attribute_count = 0;
		result =
		    graph_apply(&answer, store.graph, &hand.work, &planned.event, &planned.changeset, &error);
		arena_reset(&hand.work);
		applied++;
	}
	graph_abort(store.graph);
	assert_int_equal(result, GRAPH_E_FULL);
	assert_in_range(applied, 2, LIMIT_STORE_RESERVE_BYTES / VALUE_BYTES + 1);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	disk_free_bytes = DISK_BYTES;
	hand_end(&hand);
	hand_store_destroy(&store);
	free(value);
}

/* A map with room for few pages more or for none: whatever the version of the library
 * costs to be recorded, the store opens. */
static void
test_N3_store_of_a_full_map_opens(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	struct stat about;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	for (unsigned i = 0; i < 200; i++) {
		char name[16];

		hand_create(&hand, hand_numbered(name, sizeof(name), "b", i));
	}
	hand_store_close(&store);
	assert_int_equal(stat(hand_store_path(&store, "store/data.mdb"), &about), 0);
	for (uint64_t pages = 0; pages < 40; pages++) {
		char version[16];

		hand_numbered(version, sizeof(version), "v", (unsigned)pages);
		store.phone_library = version;
		store.map_size_bytes = (uint64_t)about.st_size + pages * 4096;
		hand_store_open(&store);
		hand_expect_stored(&hand);
		hand_store_close(&store);
	}
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_failed_commit_that_leaves_no_mark_says_so(void **test_state)
{
	struct hand_store store;
	struct hand_event planned;
	struct graph_error error = { "" };
	struct bytes answer;
	struct hand hand;
	uint64_t txn;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_plan(&planned, &hand, BYTES("b-1"));
	/* Where there is a directory no file can be made. */
	assert_int_equal(mkdir(hand_store_path(&store, "failed"), 0700), 0);
	assert_int_equal(graph_write_begin(store.graph), 0);
	assert_int_equal(
	    graph_apply(&answer, store.graph, &hand.work, &planned.event, &planned.changeset, &error), 0);
	sync_errno = EIO;
	assert_int_equal(graph_commit(&txn, store.graph, &error), GRAPH_E_FAILED);
	sync_errno = 0;
	assert_non_null(strstr(error.message, "a commit failed"));
	assert_non_null(strstr(error.message, "won't check the store"));
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* Loads and applies with an arena of limit_bytes; the outcome of whichever failed. */
static int
try_with_arena(struct hand *hand, const struct hand_event *planned, size_t limit_bytes)
{
	struct graph *graph = hand->store->graph;
	struct neighbourhood known;
	struct graph_error error;
	struct bytes answer;
	struct arena arena;
	uint64_t txn;
	int result;

	arena_init(&arena, limit_bytes);
	assert_int_equal(graph_write_begin(graph), 0);
	result = graph_load(&known, graph, &arena, &planned->event, &error);
	if (result == 0)
		result = graph_apply(&answer, graph, &arena, &planned->event, &planned->changeset, &error);
	if (result == 0)
		assert_int_equal(graph_commit(&txn, graph, &error), 0);
	else
		graph_abort(graph);
	arena_finish(&arena);
	return result;
}

static void
test_running_out_of_memory_leaves_no_trace(void **test_state)
{
	struct hand_store store;
	struct hand_event planned;
	struct identifier both[2];
	struct hand hand;
	unsigned failures = 0;
	int result;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_plan(&planned, &hand, BYTES("b-2"));
	both[0] = (struct identifier){
		.namespace_id = NAMESPACE_PUSH, .value = BYTES("b-1"), .claim = planned.event.claim
	};
	both[1] = planned.identifier;
	planned.event.identifiers = both;
	planned.event.identifier_count = 2;
	for (size_t limit_bytes = 0;; limit_bytes += 16) {
		result = try_with_arena(&hand, &planned, limit_bytes);
		if (result == 0)
			break;
		assert_int_equal(result, -ENOMEM);
		failures++;
		hand_expect_stored(&hand);
		assert_int_equal(hand_owner(&hand, BYTES("b-2")), 0);
	}
	assert_true(failures > 10);
	hand_accept(&hand, &planned);
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_store_refuses_writes_and_is_read_on),
		cmocka_unit_test(test_transaction_past_the_map_fails_alone),
		cmocka_unit_test(test_map_that_fills_up_at_the_commit_harms_nothing),
		cmocka_unit_test(test_failed_commit_is_the_last),
		cmocka_unit_test(test_full_disk_refuses_writes_and_is_read_on),
		cmocka_unit_test(test_reserve_of_the_disk_is_left_alone),
		cmocka_unit_test(test_transaction_past_the_disk_fails_alone),
		cmocka_unit_test(test_N3_store_of_a_full_map_opens),
		cmocka_unit_test(test_failed_commit_that_leaves_no_mark_says_so),
		cmocka_unit_test(test_running_out_of_memory_leaves_no_trace),
	};

	return cmocka_run_group_tests_name("graph_full", tests, NULL, NULL);
}
