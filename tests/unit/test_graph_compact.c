/* A store written anew: all that it held, nothing that it had lost, and never in the way of
 * who has it open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/graph/environment.h"
#include "server/graph/write.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 512 * 1024 * 1024 };

static struct graph_options
options_of(const struct hand_store *store)
{
	return (struct graph_options){ .data_dir = store->data_dir, .map_size_bytes = MAP_BYTES };
}

static struct graph_compaction
compact(const struct hand_store *store)
{
	const struct graph_options options = options_of(store);
	struct graph_error error = { "" };
	struct graph_compaction done = { 0 };
	int result = graph_compact(&done, &options, &error);

	if (result != 0)
		fail_msg("the store is not compacted: %d %s", result, error.message);
	return done;
}

static void
expect_refused(const struct hand_store *store, const char *words)
{
	const struct graph_options options = options_of(store);
	struct graph_compaction done = { .records = 77 };
	struct graph_error error = { "" };

	assert_int_equal(graph_compact(&done, &options, &error), GRAPH_E_REFUSED);
	if (strstr(error.message, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, words);
	assert_int_equal(done.records, 77);
}

/* How often a text stands in the store's file; the store is closed. */
static unsigned
occurrences(const struct hand_store *store, const char *text)
{
	int descriptor = open(hand_store_path(store, "store/data.mdb"), O_RDONLY | O_CLOEXEC);
	size_t text_size = strlen(text);
	unsigned count = 0;
	struct stat about;
	uint8_t *file;

	assert_true(descriptor >= 0);
	assert_int_equal(fstat(descriptor, &about), 0);
	file = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	for (size_t i = 0; i + text_size <= (size_t)about.st_size; i++)
		count += memcmp(file + i, text, text_size) == 0;
	munmap(file, (size_t)about.st_size);
	close(descriptor);
	return count;
}

/* What lies in the data directory, but for the lock. */
static unsigned
count_entries(const struct hand_store *store)
{
	DIR *listing = opendir(store->data_dir);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL)
		count += entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0;
	closedir(listing);
	return count;
}

static void
put_fact(struct hand_store *store, const char *name, struct bytes value)
{
	struct graph_error error;
	struct key key;
	uint64_t txn;

	key_name(&key, bytes_of_string(name));
	assert_int_equal(graph_write_begin(store->graph), 0);
	if (value.size == 0)
		assert_int_equal(table_delete(store->graph, TABLE_META, &key), 0);
	else
		assert_int_equal(table_put(store->graph, TABLE_META, &key, value), 0);
	assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
}

static void
test_all_is_there_and_nothing_else(void **test_state)
{
	struct graph_compaction done;
	struct graph_report before;
	struct graph_report after;
	struct hand_store store;
	struct hand hand;
	char name[32];

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	put_fact(&store, "fact", BYTES("this-was-taken-out"));
	for (unsigned i = 1; i <= 50; i++) {
		snprintf(name, sizeof(name), "browser-%u", i);
		hand_create(&hand, bytes_of_string(name));
	}
	hand_absorb(&hand, 1, 2);
	put_fact(&store, "fact", (struct bytes){ NULL, 0 });
	before = hand_store_expect_sound(&store);
	hand_store_close(&store);
	assert_true(occurrences(&store, "this-was-taken-out") > 0);

	done = compact(&store);
	assert_int_equal(occurrences(&store, "this-was-taken-out"), 0);
	assert_true(done.after_bytes > 0 && done.after_bytes < done.before_bytes);
	assert_true(done.records > 150);
	assert_int_equal(count_entries(&store), 1);
	hand_store_open(&store);
	after = hand_store_expect_sound(&store);
	assert_memory_equal(&before, &after, sizeof(before));
	hand_expect_stored(&hand);

	/* It goes on as before, and can be written anew again. */
	hand_create(&hand, BYTES("one more"));
	hand_store_close(&store);
	assert_true(compact(&store).records > done.records);
	hand_store_open(&store);
	hand_expect_stored(&hand);
	hand_store_expect_sound(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* More than goes into one transaction. */
static void
test_a_large_store(void **test_state)
{
	enum { FACTS = 80, FACT_BYTES = 1024 * 1024 };
	static uint8_t fact[FACT_BYTES];
	struct graph_compaction done;
	struct hand_store store;
	char name[32];

	(void)test_state;
	memset(fact, 'x', sizeof(fact));
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (unsigned i = 0; i < FACTS; i++) {
		snprintf(name, sizeof(name), "fact-%u", i);
		put_fact(&store, name, bytes_of(fact, sizeof(fact)));
	}
	hand_store_close(&store);
	done = compact(&store);
	assert_int_equal(done.records, FACTS + 3);
	assert_true(done.after_bytes > (uint64_t)FACTS * FACT_BYTES);
	hand_store_open(&store);
	hand_store_expect_sound(&store);
	hand_store_destroy(&store);
}

static void
test_a_store_that_is_open_or_not_there_is_refused(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	expect_refused(&store, "has no store");
	assert_int_equal(count_entries(&store), 0);
	hand_store_open(&store);
	expect_refused(&store, "in use by another process");
	hand_store_close(&store);
	compact(&store);
	hand_store_destroy(&store);
}

/* A process of its own that has the store open to read, until the pipe's end closes. Returns
 * where it stands. */
static pid_t
start_reader(int *release, const struct hand_store *store)
{
	struct graph_options options = options_of(store);
	struct graph_error error;
	struct graph *graph;
	int ready[2];
	int end[2];
	char byte;
	pid_t pid;

	options.only_readers = true;
	options.without_key = true;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		if (graph_open(&graph, &options, &error) != 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		while (read(end[0], &byte, 1) > 0)
			;
		graph_close(graph);
		_exit(0);
	}
	assert_true(pid > 0);
	close(end[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*release = end[1];
	return pid;
}

/* Who reads keeps nobody from writing, but the store from being replaced. */
static void
test_a_store_that_is_read_is_refused(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	int release;
	int status;
	pid_t pid;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_store_close(&store);
	pid = start_reader(&release, &store);
	expect_refused(&store, "being read by another process");
	assert_int_equal(count_entries(&store), 1);
	hand_store_open(&store);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	hand_store_close(&store);
	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	compact(&store);
	hand_store_open(&store);
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* It stays as it is, so that what is wrong can be looked at. */
static void
test_a_damaged_store_is_refused_and_stays(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	struct key key;
	struct graph_error error;
	uint64_t txn;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	key_number(&key, hand.account, 1);
	assert_int_equal(graph_write_begin(store.graph), 0);
	assert_int_equal(table_put(store.graph, TABLE_CONTACT, &key, BYTES("\x01no contact")), 0);
	assert_int_equal(graph_commit(&txn, store.graph, &error), 0);
	hand_store_close(&store);
	expect_refused(&store, "contact record 1 is not that contact's message");
	assert_int_equal(count_entries(&store), 1);
	hand_store_open(&store);
	hand_store_expect_damaged(&store);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* What an interrupted one left, before or after the two changed places. */
static void
test_what_lies_aside_is_swept_away(void **test_state)
{
	struct hand_store store;
	struct hand hand;
	int descriptor;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_store_close(&store);
	assert_int_equal(mkdir(hand_store_path(&store, "store.new-Ab12Cd"), 0700), 0);
	descriptor =
	    open(hand_store_path(&store, "store.new-Ab12Cd/data.mdb"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(descriptor >= 0);
	close(descriptor);
	assert_int_equal(count_entries(&store), 2);
	hand_store_open(&store);
	hand_expect_stored(&hand);
	assert_int_equal(count_entries(&store), 1);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* Only who neither makes nor compares a digest does without the key. */
static void
test_key_is_the_stores(void **test_state)
{
	struct hand_store store;
	struct graph_options options;
	struct graph_error error = { "" };
	struct graph *graph;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_store_close(&store);
	options = options_of(&store);
	options.key.bytes[0] = 1;
	assert_int_equal(graph_open(&graph, &options, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "another key"));
	options.without_key = true;
	assert_int_equal(graph_open(&graph, &options, &error), 0);
	graph_close(graph);
	compact(&store);
	options.without_key = false;
	assert_int_equal(graph_open(&graph, &options, &error), GRAPH_E_REFUSED);
	options.key.bytes[0] = 0;
	assert_int_equal(graph_open(&graph, &options, &error), 0);
	graph_close(graph);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_there_and_nothing_else),
		cmocka_unit_test(test_a_large_store),
		cmocka_unit_test(test_a_store_that_is_open_or_not_there_is_refused),
		cmocka_unit_test(test_a_store_that_is_read_is_refused),
		cmocka_unit_test(test_a_damaged_store_is_refused_and_stays),
		cmocka_unit_test(test_what_lies_aside_is_swept_away),
		cmocka_unit_test(test_key_is_the_stores),
	};

	return cmocka_run_group_tests_name("graph_compact", tests, NULL, NULL);
}
