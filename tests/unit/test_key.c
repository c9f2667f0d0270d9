/* The key file: made once, never another in its place, and not used when others could
 * know it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/key.h"

enum { PATH_BYTES = 4096 };

struct scene {
	char directory[PATH_BYTES];
	char path[PATH_BYTES + 8];
};

static int
set_up(void **test_state)
{
	const char *root = getenv("TMPDIR");
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	snprintf(scene->directory, sizeof(scene->directory), "%s/anagraph-key-XXXXXX",
	    root == NULL ? "/tmp" : root);
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->path, sizeof(scene->path), "%s/key", scene->directory);
	*test_state = scene;
	return 0;
}

static int
tear_down(void **test_state)
{
	struct scene *scene = *test_state;

	unlink(scene->path);
	assert_int_equal(rmdir(scene->directory), 0);
	free(scene);
	return 0;
}

static void
write_key(const struct scene *scene, size_t size)
{
	uint8_t bytes[DIGEST_KEY_BYTES + 1] = { 1, 2, 3 };
	int descriptor = open(scene->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(descriptor >= 0);
	assert_true(size <= sizeof(bytes));
	assert_int_equal(write(descriptor, bytes, size), (ssize_t)size);
	close(descriptor);
}

static void
expect(const struct scene *scene, int outcome, const char *words)
{
	const struct digest_key untouched = { .bytes = { 7 } };
	struct key_error error = { "" };
	struct digest_key key = untouched;
	int result = key_read(&key, &error, scene->path);

	if (result != outcome || strstr(error.message, words) == NULL ||
	    strstr(error.message, scene->path) == NULL)
		fail_msg("%d, not %d with \"%s\": %s", result, outcome, words, error.message);
	assert_memory_equal(key.bytes, untouched.bytes, sizeof(key.bytes));
}

static void
test_a_key_is_made_whole_and_read_again(void **test_state)
{
	const struct scene *scene = *test_state;
	const struct digest_key nothing = { .bytes = { 0 } };
	struct key_error error = { "" };
	struct digest_key made = { .bytes = { 0 } };
	struct digest_key found = { .bytes = { 0 } };
	struct stat about;

	expect(scene, KEY_E_ABSENT, "not there");
	assert_int_equal(key_make(&made, &error, scene->path), 0);
	assert_memory_not_equal(made.bytes, nothing.bytes, sizeof(made.bytes));
	assert_int_equal(key_read(&found, &error, scene->path), 0);
	assert_memory_equal(made.bytes, found.bytes, sizeof(made.bytes));
	assert_memory_not_equal(made.short_bytes, nothing.short_bytes, sizeof(made.short_bytes));
	assert_memory_equal(made.short_bytes, found.short_bytes, sizeof(made.short_bytes));
	assert_int_equal(stat(scene->path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_int_equal(about.st_size, DIGEST_KEY_BYTES);
}

static void
test_no_key_takes_the_place_of_another(void **test_state)
{
	const struct scene *scene = *test_state;
	struct key_error error = { "" };
	struct digest_key made;
	struct digest_key other = { .bytes = { 0 } };
	struct digest_key found;
	const struct dirent *entry;
	unsigned files = 0;
	DIR *listing;

	assert_int_equal(key_make(&made, &error, scene->path), 0);
	assert_int_equal(key_make(&other, &error, scene->path), KEY_E_REFUSED);
	assert_non_null(strstr(error.message, "already"));
	assert_int_equal(key_read(&found, &error, scene->path), 0);
	assert_memory_equal(made.bytes, found.bytes, sizeof(made.bytes));
	listing = opendir(scene->directory);
	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL)
		files += entry->d_name[0] != '.';
	closedir(listing);
	assert_int_equal(files, 1);
}

static void
test_two_keys_are_different(void **test_state)
{
	const struct scene *scene = *test_state;
	struct key_error error = { "" };
	struct digest_key one;
	struct digest_key other;

	assert_int_equal(key_make(&one, &error, scene->path), 0);
	assert_int_equal(unlink(scene->path), 0);
	assert_int_equal(key_make(&other, &error, scene->path), 0);
	assert_memory_not_equal(one.bytes, other.bytes, sizeof(one.bytes));
}

static void
test_a_key_that_others_could_know_is_refused(void **test_state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644 };
	const struct scene *scene = *test_state;
	struct key_error error = { "" };
	struct digest_key key;

	write_key(scene, DIGEST_KEY_BYTES);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(scene->path, modes[i]), 0);
		expect(scene, KEY_E_REFUSED, "others");
	}
	assert_int_equal(chmod(scene->path, 0400), 0);
	assert_int_equal(key_read(&key, &error, scene->path), 0);
	if (geteuid() == 0 && chown(scene->path, 12345, (gid_t)-1) == 0)
		expect(scene, KEY_E_REFUSED, "belongs to");
}

static void
test_a_key_of_another_size_is_refused(void **test_state)
{
	const struct scene *scene = *test_state;
	struct key_error error = { "" };
	struct digest_key key;

	write_key(scene, DIGEST_KEY_BYTES - 1);
	expect(scene, KEY_E_REFUSED, "32 bytes");
	write_key(scene, DIGEST_KEY_BYTES + 1);
	expect(scene, KEY_E_REFUSED, "32 bytes");
	write_key(scene, 0);
	expect(scene, KEY_E_REFUSED, "32 bytes");
	write_key(scene, DIGEST_KEY_BYTES);
	assert_int_equal(key_read(&key, &error, scene->path), 0);
}

static void
test_what_is_no_file_is_refused(void **test_state)
{
	const struct scene *scene = *test_state;

	assert_int_equal(mkfifo(scene->path, 0600), 0);
	expect(scene, KEY_E_REFUSED, "no file");
	assert_int_equal(unlink(scene->path), 0);
	assert_int_equal(mkdir(scene->path, 0700), 0);
	expect(scene, KEY_E_REFUSED, "no file");
	assert_int_equal(rmdir(scene->path), 0);
}

static void
test_a_key_without_a_directory(void **test_state)
{
	struct key_error error = { "" };
	struct digest_key key;

	(void)test_state;
	assert_true(key_make(&key, &error, "/nowhere/key") < 0);
	assert_non_null(strstr(error.message, "/nowhere/key"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_key_is_made_whole_and_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_key_takes_the_place_of_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_keys_are_different, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_key_that_others_could_know_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_key_of_another_size_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_file_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_key_without_a_directory, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
