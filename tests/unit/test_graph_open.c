/* Opening the store: made whole, kept from others and from the wrong file systems, and
 * refused in one line when it is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/graph/directory.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024 };

static unsigned
mode_of(const char *path)
{
	struct stat about;

	assert_int_equal(stat(path, &about), 0);
	return about.st_mode & 0777;
}

static void
test_store_is_made_and_opened_again(void **test_state)
{
	struct hand_store store;
	struct hand hand;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	assert_int_equal(rmdir(store.data_dir), 0);
	hand_store_open(&store);
	assert_int_equal(mode_of(store.data_dir), 0700);
	assert_int_equal(mode_of(hand_store_path(&store, "store")), 0700);
	assert_int_equal(mode_of(hand_store_path(&store, "store/data.mdb")), 0600);
	assert_int_equal(mode_of(hand_store_path(&store, "store/lock.mdb")), 0600);
	assert_int_equal(mode_of(hand_store_path(&store, "lock")), 0600);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_store_close(&store);

	hand_store_open(&store);
	hand_expect_stored(&hand);
	hand_create(&hand, BYTES("b-2"));
	hand_expect_stored(&hand);
	assert_int_equal(hand_store_expect_sound(&store).contacts, 2);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* How many descriptors are open, and that all of them close on exec. */
static unsigned
count_descriptors(void)
{
	DIR *listing = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL) {
		int descriptor = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || descriptor <= STDERR_FILENO || descriptor == dirfd(listing))
			continue;
		count++;
	}
	closedir(listing);
	return count;
}

static void
test_descriptors_close_on_exec_and_on_close(void **test_state)
{
	struct hand_store store;
	unsigned before = count_descriptors();
	unsigned checked = 0;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (int descriptor = STDERR_FILENO + 1; descriptor < 64; descriptor++) {
		char entry[64];
		char target[HAND_PATH_BYTES];
		ssize_t size;

		snprintf(entry, sizeof(entry), "/proc/self/fd/%d", descriptor);
		size = readlink(entry, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		if (strstr(target, "anagraph-graph-") == NULL)
			continue;
		assert_int_equal(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		checked++;
	}
	/* Directory, lock, data, data again for its first pages, LMDB's lock. */
	assert_int_equal(checked, 5);
	hand_store_destroy(&store);
	assert_int_equal(count_descriptors(), before);
}

static void
test_second_process_is_kept_out(void **test_state)
{
	struct hand_store store;
	struct hand_store second;
	struct graph_error error;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	second = store;
	second.graph = NULL;
	assert_int_equal(hand_store_try(&second, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "in use by another process"));
	assert_null(strchr(error.message, '\n'));
	hand_store_close(&store);
	hand_store_open(&store);
	hand_store_destroy(&store);
}

static void
write_file(const char *path, const void *data, size_t size)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, data, size), size);
	close(descriptor);
}

static void
test_what_is_no_store_is_refused(void **test_state)
{
	static char garbage[16384];
	struct hand_store store;
	struct graph_error error;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	assert_int_equal(mkdir(hand_store_path(&store, "store"), 0700), 0);
	assert_int_equal(hand_store_try(&store, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "it is no store"));
	write_file(hand_store_path(&store, "store/data.mdb"), "", 0);
	assert_int_equal(hand_store_try(&store, &error), GRAPH_E_REFUSED);
	memset(garbage, 'g', sizeof(garbage));
	write_file(hand_store_path(&store, "store/data.mdb"), garbage, sizeof(garbage));
	assert_int_equal(hand_store_try(&store, &error), GRAPH_E_REFUSED);
	assert_true(strlen(error.message) > 0);
	hand_store_destroy(&store);
}

static void
test_directory_that_cannot_be_is_told(void **test_state)
{
	struct hand_store store;
	struct hand_store below;
	struct graph_error error;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	below = store;
	snprintf(below.data_dir, sizeof(below.data_dir), "%s", hand_store_path(&store, "no/such"));
	assert_int_equal(hand_store_try(&below, &error), -ENOENT);
	assert_non_null(strstr(error.message, "can't be made"));
	below.data_dir[0] = '\0';
	assert_int_equal(hand_store_try(&below, &error), GRAPH_E_REFUSED);
	hand_store_destroy(&store);
}

static void
test_store_that_is_a_link_is_refused(void **test_state)
{
	struct hand_store store;
	struct graph_error error;
	char aside[HAND_PATH_BYTES];

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_store_close(&store);
	snprintf(aside, sizeof(aside), "%s", hand_store_path(&store, "aside"));
	assert_int_equal(rename(hand_store_path(&store, "store"), aside), 0);
	assert_int_equal(symlink("aside", hand_store_path(&store, "store")), 0);
	assert_int_equal(hand_store_try(&store, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "is a link"));
	hand_store_destroy(&store);
}

static void
test_remote_file_systems_are_refused(void **test_state)
{
	(void)test_state;
	assert_true(directory_refuses(0x6969));     /* NFS */
	assert_true(directory_refuses(0x65735546)); /* FUSE */
	assert_true(directory_refuses(0xff534d42)); /* CIFS */
	assert_true(directory_refuses(0xfe534d42)); /* SMB2 */
	/* As statfs gives it where its type is signed. */
	assert_true(directory_refuses((uint64_t)(int64_t)(int32_t)0xff534d42));
	assert_true(directory_refuses(0x01021997));  /* 9p */
	assert_false(directory_refuses(0xef53));     /* ext4 */
	assert_false(directory_refuses(0x58465342)); /* XFS */
	assert_false(directory_refuses(0x9123683e)); /* btrfs */
	assert_false(directory_refuses(0x01021994)); /* tmpfs */
}

static void
test_unfinished_store_is_swept_away(void **test_state)
{
	struct hand_store store;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	assert_int_equal(mkdir(hand_store_path(&store, "store.new-abcdef"), 0700), 0);
	write_file(hand_store_path(&store, "store.new-abcdef/data.mdb"), "x", 1);
	assert_int_equal(mkdir(hand_store_path(&store, "store.old"), 0700), 0);
	hand_store_open(&store);
	assert_int_equal(access(hand_store_path(&store, "store.new-abcdef"), F_OK), -1);
	assert_int_equal(access(hand_store_path(&store, "store.old"), F_OK), 0);
	hand_store_destroy(&store);
}

/* The number of the store's last transaction. */
static uint64_t
last_txn(struct hand_store *store)
{
	uint64_t txn;

	assert_int_equal(graph_read_begin(store->reader), 0);
	txn = graph_reader_txn(store->reader);
	graph_read_end(store->reader);
	return txn;
}

static void
test_N3_phone_library_is_recorded_when_it_changes(void **test_state)
{
	struct hand_store store;
	uint64_t made;

	(void)test_state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	made = last_txn(&store);
	hand_store_close(&store);
	hand_store_open(&store);
	assert_true(last_txn(&store) == made);
	hand_store_close(&store);
	store.phone_library = "9.0";
	hand_store_open(&store);
	assert_true(last_txn(&store) == made + 1);
	hand_store_close(&store);
	hand_store_open(&store);
	assert_true(last_txn(&store) == made + 1);
	hand_store_expect_sound(&store);
	hand_store_destroy(&store);
}

/* Valgrind can't reserve as much; it is the only test that asks for it. */
static void
test_map_is_a_tebibyte_unless_told_otherwise(void **test_state)
{
	struct hand_store store;
	struct hand hand;

	(void)test_state;
	hand_store_create(&store, 0);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	hand_create(&hand, BYTES("b-1"));
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_is_made_and_opened_again),
		cmocka_unit_test(test_descriptors_close_on_exec_and_on_close),
		cmocka_unit_test(test_second_process_is_kept_out),
		cmocka_unit_test(test_what_is_no_store_is_refused),
		cmocka_unit_test(test_directory_that_cannot_be_is_told),
		cmocka_unit_test(test_store_that_is_a_link_is_refused),
		cmocka_unit_test(test_remote_file_systems_are_refused),
		cmocka_unit_test(test_unfinished_store_is_swept_away),
		cmocka_unit_test(test_N3_phone_library_is_recorded_when_it_changes),
		cmocka_unit_test(test_map_is_a_tebibyte_unless_told_otherwise),
	};

	return cmocka_run_group_tests_name("graph_open", tests, NULL, NULL);
}
