/* The host from outside: what it loads, what it refuses and in which words, and that
 * what it loaded cannot be changed or broken from the file's side. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/policy/support.h"

enum { FOREIGN_USER = 54321 };

static const char id_longest[] = "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii";

static int
open_scratch(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_init(scratch);
	*state = scratch;
	return 0;
}

static int
close_scratch(void **state)
{
	struct scratch *scratch = *state;

	scratch_finish(scratch);
	free(scratch);
	return 0;
}

/* A host on the modules as built. */
static struct policy_host *
open_samples(const struct scratch *scratch)
{
	return open_host(built.sample_dir, scratch->copies);
}

static int
ask(struct anagraph_verdict *verdict, const struct policy *policy, uint32_t kind)
{
	struct anagraph_claim incoming = claim_of("a", 2000, 2);
	struct anagraph_claim stored = claim_of("a", 1000, 2);
	struct anagraph_conflict conflict = conflict_of(kind, ANAGRAPH_NAME_DEVICE, &incoming, &stored);

	memset(verdict, 0x5a, sizeof(*verdict));
	return policy_decide(verdict, policy, &conflict);
}

static void
copy_path(char path[SCRATCH_PATH_BYTES], const struct scratch *scratch, const struct policy *policy)
{
	const struct policy_identity *identity = policy_identity_of(policy);
	int size = snprintf(path, SCRATCH_PATH_BYTES, "%s/%.*s-%.*s.so", scratch->copies,
	    BYTES_PRINT(identity->id), BYTES_PRINT(identity->build));

	assert_in_range(size, 1, SCRATCH_PATH_BYTES - 1);
}

static size_t
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static void
test_R23_identity_names_id_version_and_build(void **state)
{
	struct scratch *scratch = *state;
	struct policy_host *host;
	const struct policy_identity *identity;

	scratch_add(scratch, built.stock_dir, "chat_primary");
	host = open_host(scratch->policies, scratch->copies);
	identity = policy_identity_of(load(host, "chat_primary"));
	assert_true(bytes_equal(identity->id, BYTES("chat_primary")));
	assert_true(bytes_equal(identity->version, BYTES("1.0.0")));
	assert_int_equal(identity->build.size, 32);
	for (size_t i = 0; i < 32; i++)
		assert_non_null(memchr("0123456789abcdef", identity->build.data[i], 16));
	policy_host_destroy(host);
}

static void
test_copies_have_absolute_paths(void **state)
{
	struct scratch *scratch = *state;
	struct policy_error error;
	struct policy_host *host;
	struct policy_copy copy;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(here >= 0);
	scratch_add(scratch, built.stock_dir, "chat_primary");
	assert_int_equal(chdir(scratch->root), 0);
	host = open_host("policies", "copies");
	assert_int_equal(policy_host_copy(&copy, host, "chat_primary", &error), 0);
	assert_int_equal(strncmp(copy.copy_path, scratch->copies, strlen(scratch->copies)), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(access(copy.copy_path, R_OK), 0);
	policy_copy_finish(&copy);
	policy_host_destroy(host);
}

static void
test_R23_build_follows_content(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	struct policy_host *hosts[2];
	const struct policy_identity *identities[2];
	uint8_t *data;
	size_t size;

	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(path, scratch, "plain");
	hosts[0] = open_host(scratch->policies, scratch->copies);
	identities[0] = policy_identity_of(load(hosts[0], "plain"));
	data = read_file(&size, path);
	data[size] = 0;
	write_file(path, data, size + 1, 0755);
	free(data);
	hosts[1] = open_host(scratch->policies, scratch->copies);
	identities[1] = policy_identity_of(load(hosts[1], "plain"));
	assert_false(bytes_equal(identities[0]->build, identities[1]->build));
	assert_int_equal(count_entries(scratch->copies), 2);
	policy_host_destroy(hosts[0]);
	policy_host_destroy(hosts[1]);
}

static void
test_loaded_policy_is_given_again(void **state)
{
	struct policy_host *host = open_samples(*state);
	struct policy *first = load(host, "plain");

	assert_ptr_equal(load(host, "plain"), first);
	assert_ptr_not_equal(load(host, id_longest), first);
	assert_ptr_equal(load(host, "plain"), first);
	policy_host_destroy(host);
}

static void
test_second_content_under_a_loaded_id_is_refused(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	struct policy_host *host;
	struct policy *policy;
	char build[33] = "";
	uint8_t *data;
	size_t size;

	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(path, scratch, "plain");
	host = open_host(scratch->policies, scratch->copies);
	policy = load(host, "plain");
	memcpy(build, policy_identity_of(policy)->build.data, 32);
	data = read_file(&size, path);
	data[size] = 0;
	write_file(path, data, size + 1, 0755);
	free(data);
	expect_refused(host, "plain", build, "found ");
	policy_host_destroy(host);
}

static void
test_overwriting_the_loaded_file_does_not_hurt(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	char rubbish[64 * 1024];
	struct anagraph_verdict verdict;
	struct policy_host *host;
	struct policy *policy;

	memset(rubbish, 0xcc, sizeof(rubbish));
	scratch_add(scratch, built.stock_dir, "chat_primary");
	scratch_path(path, scratch, "chat_primary");
	host = open_host(scratch->policies, scratch->copies);
	policy = load(host, "chat_primary");
	write_file(path, rubbish, sizeof(rubbish), 0755);
	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_OWNER), 0);
	assert_int_equal(verdict.verdict, ANAGRAPH_VERDICT_TAKE);
	write_file(path, "", 0, 0755);
	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_VALUE), 0);
	assert_int_equal(verdict.verdict, ANAGRAPH_VERDICT_OFFER);
	assert_string_equal(verdict.reason, "CONTACT_LIST_IS_PRIMARY");
	assert_true(bytes_equal(policy_identity_of(policy)->version, BYTES("1.0.0")));
	policy_host_destroy(host);
}

static void
test_policies_of_the_wrong_shape_are_refused(void **state)
{
	static const struct {
		const char *id;
		const char *expected;
		const char *found;
	} refused[] = {
		{ "missing_symbol", "expected the symbol anagraph_policy_v1", "found none" },
		{ "null_descriptor", "expected a descriptor", "found NULL" },
		{ "other_abi", "expected ABI version 1", "found 2" },
		{ "short_struct", "expected a descriptor of at least 72 bytes", "found 64" },
		{ "tiny_struct", "expected a descriptor of at least 72 bytes", "found 8" },
		{ "missing_create", "expected create, destroy and decide", "found no create" },
		{ "missing_destroy", "expected create, destroy and decide", "found no destroy" },
		{ "missing_decide", "expected create, destroy and decide", "found no decide" },
		{ "null_id", "expected id", "found NULL" },
		{ "null_version", "expected version", "found NULL" },
		{ "null_build_id", "expected build_id", "found NULL" },
		{ "wrong_id", "expected the id \"wrong_id\"", "found \"plain\"" },
		{ "version_empty", "expected version of 1 to 32 bytes", "found 0" },
		{ "version_too_long", "expected version of 1 to 32 bytes", "found 33 or more" },
		{ "version_not_utf8", "expected version in UTF-8", "found other bytes" },
		{ "build_id_too_long", "expected build_id of 0 to 64 bytes", "found 65 or more" },
		{ "no_kinds", "expected a kind of conflict among bits 0xe", "found 0x40000000" },
		{ "fails_create", "expected create to return 0", "found -77" },
	};
	struct policy_host *host = open_samples(*state);

	static_assert(sizeof(void *) == 8, "the sizes above are those of 64 bits");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		expect_refused(host, refused[i].id, refused[i].expected, refused[i].found);
		expect_refused(host, refused[i].id, built.sample_dir, refused[i].id);
	}
	policy_host_destroy(host);
}

static void
test_policies_at_the_limits_are_loaded(void **state)
{
	struct policy_host *host = open_samples(*state);
	const struct policy_identity *identity;

	identity = policy_identity_of(load(host, id_longest));
	assert_int_equal(identity->id.size, LIMIT_POLICY_ID_BYTES);
	identity = policy_identity_of(load(host, "version_longest"));
	assert_int_equal(identity->version.size, LIMIT_POLICY_VERSION_BYTES);
	load(host, "build_id_longest");
	load(host, "later_struct");
	policy_host_destroy(host);
}

static void
test_ids_not_of_their_form_are_refused(void **state)
{
	static const char *const ids[] = { "", ".", "..", "../plain", "a/plain", "/plain", "plain.so",
		"Plain", "pl ain", "plain\n", "plai\xc3\xb1" };
	struct policy_host *host = open_samples(*state);
	char id_too_long[LIMIT_POLICY_ID_BYTES + 2];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		expect_refused(host, ids[i], "expected 1 to 64 of a-z 0-9 _ -", "found \"");
	memset(id_too_long, 'i', LIMIT_POLICY_ID_BYTES + 1);
	id_too_long[LIMIT_POLICY_ID_BYTES + 1] = '\0';
	expect_refused(host, id_too_long, "expected 1 to 64 of a-z 0-9 _ -", "found \"");
	policy_host_destroy(host);
}

static void
test_files_that_others_can_write_are_refused(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	struct policy_host *host;

	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(path, scratch, "plain");
	host = open_host(scratch->policies, scratch->copies);
	assert_int_equal(chmod(path, 0775), 0);
	expect_refused(host, "plain", "expected it not writable by group or others", "found mode 0775");
	assert_int_equal(chmod(path, 0757), 0);
	expect_refused(host, "plain", "expected it not writable by group or others", "found mode 0757");
	assert_int_equal(chmod(path, 0400), 0);
	load(host, "plain");
	policy_host_destroy(host);
}

static void
test_directories_that_others_can_write_are_refused(void **state)
{
	struct scratch *scratch = *state;
	struct policy_host_options options = { scratch->policies, scratch->copies, NULL, NULL };
	struct policy_error error = { "" };
	struct policy_host *host = NULL;

	scratch_add(scratch, built.sample_dir, "plain");
	assert_int_equal(chmod(scratch->policies, 0775), 0);
	assert_int_equal(policy_host_create(&host, &options, &error), POLICY_E_REFUSED);
	assert_non_null(strstr(error.message, scratch->policies));
	assert_non_null(strstr(error.message, "found mode 0775"));
	assert_int_equal(chmod(scratch->policies, 0755), 0);
	assert_int_equal(mkdir(scratch->copies, 0700), 0);
	assert_int_equal(chmod(scratch->copies, 01777), 0);
	assert_int_equal(policy_host_create(&host, &options, &error), POLICY_E_REFUSED);
	assert_non_null(strstr(error.message, scratch->copies));
	assert_non_null(strstr(error.message, "found mode 1777"));
	assert_null(host);
	assert_int_equal(chmod(scratch->copies, 0700), 0);
	host = open_host(scratch->policies, scratch->copies);
	assert_int_equal(chmod(scratch->policies, 0757), 0);
	expect_refused(host, "plain", "expected it not writable by group or others", "found mode 0757");
	policy_host_destroy(host);
}

static void
test_files_of_other_users_are_refused(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	struct policy_host *host;

	if (geteuid() != 0)
		skip();
	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(path, scratch, "plain");
	host = open_host(scratch->policies, scratch->copies);
	assert_int_equal(chown(path, FOREIGN_USER, 0), 0);
	expect_refused(host, "plain", "expected root or user 0", "found user 54321");
	assert_int_equal(chown(path, 0, FOREIGN_USER), 0);
	assert_int_equal(chown(scratch->policies, FOREIGN_USER, 0), 0);
	expect_refused(host, "plain", "expected root or user 0", "found user 54321");
	policy_host_destroy(host);
}

static void
test_what_is_no_regular_file_is_refused(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	char target[SCRATCH_PATH_BYTES];
	struct policy_host *host;

	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(target, scratch, "plain");
	host = open_host(scratch->policies, scratch->copies);
	scratch_path(path, scratch, "link");
	assert_int_equal(symlink(target, path), 0);
	expect_refused(host, "link", "expected a regular file", "found a symbolic link");
	scratch_path(path, scratch, "folder");
	assert_int_equal(mkdir(path, 0755), 0);
	expect_refused(host, "folder", "expected a regular file", "found one of mode 040755");
	scratch_path(path, scratch, "pipe");
	assert_int_equal(mkfifo(path, 0644), 0);
	expect_refused(host, "pipe", "expected a regular file", "found one of mode 010644");
	expect_refused(host, "nowhere", "expected a readable file", strerror(ENOENT));
	scratch_path(path, scratch, "empty");
	write_file(path, "", 0, 0755);
	expect_refused(host, "empty", "expected a shared object", "found: ");
	scratch_path(path, scratch, "text");
	write_file(path, "#!/bin/sh\n", 10, 0755);
	expect_refused(host, "text", "expected a shared object", "found: ");
	policy_host_destroy(host);
}

static void
test_file_size_has_a_limit(void **state)
{
	struct scratch *scratch = *state;
	char path[SCRATCH_PATH_BYTES];
	struct policy_host *host;

	scratch_add(scratch, built.sample_dir, "plain");
	scratch_path(path, scratch, "plain");
	host = open_host(scratch->policies, scratch->copies);
	assert_int_equal(truncate(path, LIMIT_POLICY_FILE_BYTES + 1), 0);
	expect_refused(host, "plain", "expected at most 16777216 bytes", "found 16777217");
	assert_int_equal(truncate(path, LIMIT_POLICY_FILE_BYTES), 0);
	load(host, "plain");
	policy_host_destroy(host);
}

static void
test_directories_that_are_none_are_refused(void **state)
{
	struct scratch *scratch = *state;
	struct policy_host_options options = { scratch->copies, scratch->copies, NULL, NULL };
	struct policy_error error = { "" };
	struct policy_host *host = NULL;

	assert_int_equal(policy_host_create(&host, &options, &error), POLICY_E_REFUSED);
	assert_non_null(strstr(error.message, strerror(ENOENT)));
	write_file(scratch->copies, "", 0, 0600);
	options.policy_dir = scratch->policies;
	assert_int_equal(policy_host_create(&host, &options, &error), POLICY_E_REFUSED);
	assert_non_null(strstr(error.message, strerror(ENOTDIR)));
	assert_null(host);
	policy_host_destroy(NULL);
}

static void
test_copy_is_private_and_used_again(void **state)
{
	struct scratch *scratch = *state;
	struct policy_host *host = open_samples(scratch);
	char path[SCRATCH_PATH_BYTES];
	struct stat first;
	struct stat second;
	struct stat dir;

	copy_path(path, scratch, load(host, "plain"));
	policy_host_destroy(host);
	assert_int_equal(stat(scratch->copies, &dir), 0);
	assert_int_equal(dir.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0500);
	host = open_samples(scratch);
	load(host, "plain");
	policy_host_destroy(host);
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(second.st_ino, first.st_ino);
	assert_int_equal(count_entries(scratch->copies), 1);
}

/* Spoils a copy in the way given, loads again, and expects a new file in its place. */
static void
expect_copied_again(struct scratch *scratch, const char *path, const void *data, size_t size, unsigned mode)
{
	struct policy_host *host;
	struct stat spoilt;
	struct stat mended;

	unlink(path);
	write_file(path, data, size, mode);
	assert_int_equal(stat(path, &spoilt), 0);
	host = open_samples(scratch);
	load(host, "plain");
	policy_host_destroy(host);
	assert_int_equal(stat(path, &mended), 0);
	assert_int_equal(mended.st_mode & 07777, 0500);
	assert_int_not_equal(mended.st_ino, spoilt.st_ino);
	assert_int_equal(count_entries(scratch->copies), 1);
}

static void
test_spoilt_copy_is_made_again(void **state)
{
	struct scratch *scratch = *state;
	struct policy_host *host = open_samples(scratch);
	char path[SCRATCH_PATH_BYTES];
	uint8_t *data;
	uint8_t *mended;
	size_t size;
	size_t mended_size;

	copy_path(path, scratch, load(host, "plain"));
	policy_host_destroy(host);
	data = read_file(&size, path);
	expect_copied_again(scratch, path, "", 0, 0500);
	expect_copied_again(scratch, path, data, size, 0520);
	data[size / 2] ^= 1;
	expect_copied_again(scratch, path, data, size, 0500);
	data[size / 2] ^= 1;
	mended = read_file(&mended_size, path);
	assert_int_equal(mended_size, size);
	assert_memory_equal(mended, data, size);
	free(mended);
	free(data);
}

static size_t
count_descriptors(size_t *inherited)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	*inherited = 0;
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		count++;
		if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
			*inherited += 1;
	}
	closedir(dir);
	return count;
}

static void
test_no_descriptor_leaks(void **state)
{
	size_t inherited_before;
	size_t inherited;
	size_t before = count_descriptors(&inherited_before);
	struct policy_host *host = open_samples(*state);

	load(host, "plain");
	expect_refused(host, "nowhere", "", "");
	expect_refused(host, "missing_symbol", "", "");
	assert_in_range(count_descriptors(&inherited), before, before + 1);
	assert_int_equal(inherited, inherited_before);
	policy_host_destroy(host);
	assert_int_equal(count_descriptors(&inherited), before);
}

static void
test_a_kind_that_is_not_listed_is_deferred_unasked(void **state)
{
	struct policy_host *host = open_samples(*state);
	struct policy *policy = load(host, "only_value");
	struct anagraph_verdict verdict;

	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_VALUE), ANAGRAPH_DECIDED);
	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_OWNER), ANAGRAPH_DEFER);
	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_IDENTITY), ANAGRAPH_DEFER);
	assert_int_equal(ask(&verdict, policy, 0), ANAGRAPH_DEFER);
	assert_int_equal(ask(&verdict, policy, 33), ANAGRAPH_DEFER);
	assert_int_equal(ask(&verdict, policy, UINT32_MAX), ANAGRAPH_DEFER);
	policy_host_destroy(host);
}

static void
test_R22_no_verdict_leaves_the_output_alone(void **state)
{
	struct policy_host *host = open_samples(*state);
	struct anagraph_verdict untouched;
	struct anagraph_verdict verdict;

	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(ask(&verdict, load(host, "defers"), ANAGRAPH_CONFLICT_VALUE), ANAGRAPH_DEFER);
	assert_memory_equal(&verdict, &untouched, sizeof(verdict));
	assert_int_equal(ask(&verdict, load(host, "fails"), ANAGRAPH_CONFLICT_VALUE), -5);
	assert_memory_equal(&verdict, &untouched, sizeof(verdict));
	policy_host_destroy(host);
}

static void
test_R22_verdicts_outside_the_table_are_passed_on(void **state)
{
	struct policy_host *host = open_samples(*state);
	struct anagraph_verdict verdict;

	assert_int_equal(ask(&verdict, load(host, "out_of_table"), ANAGRAPH_CONFLICT_VALUE), 0);
	assert_int_equal(verdict.verdict, 99);
	assert_string_equal(verdict.reason, "BOLD");
	assert_int_equal(verdict.struct_size, sizeof(verdict));
	policy_host_destroy(host);
}

static void
test_reasons_are_cut_to_their_form(void **state)
{
	struct policy_host *host = open_samples(*state);
	const char nothing[ANAGRAPH_REASON_SIZE] = { 0 };
	struct anagraph_verdict verdict;

	assert_int_equal(ask(&verdict, load(host, "reason_unterminated"), ANAGRAPH_CONFLICT_VALUE), 0);
	assert_int_equal(strnlen(verdict.reason, sizeof(verdict.reason)), LIMIT_POLICY_REASON_BYTES);
	assert_int_equal(strncmp(verdict.reason, "LONG_XXX", 8), 0);
	assert_int_equal(ask(&verdict, load(host, "reason_lower"), ANAGRAPH_CONFLICT_VALUE), 0);
	assert_string_equal(verdict.reason, "OK_1");
	assert_memory_equal(verdict.reason + 4, nothing, sizeof(verdict.reason) - 4);
	policy_host_destroy(host);
}

struct lines {
	size_t count;
	uint32_t levels[8];
	struct bytes messages[8];
	char texts[8][16];
};

static void
keep_line(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	struct lines *lines = context;
	size_t at = lines->count++;

	assert_in_range(at, 0, 7);
	assert_string_equal(policy_id, "talker");
	lines->levels[at] = level;
	lines->messages[at] = message;
	snprintf(lines->texts[at], sizeof(lines->texts[at]), "%.*s", BYTES_PRINT(message));
}

static void
test_a_policy_is_given_its_options_and_a_log(void **state)
{
	struct scratch *scratch = *state;
	const struct anagraph_option settings[] = {
		{ .name = shown("speed"), .value = shown("high") },
		{ .name = shown("colour"), .value = shown("red") },
	};
	struct lines lines = { .count = 0 };
	struct policy_host_options options = { built.sample_dir, scratch->copies, keep_line, &lines };
	struct policy_error error = { "" };
	struct anagraph_verdict verdict;
	struct policy_host *host;
	struct policy *policy;

	assert_int_equal(policy_host_create(&host, &options, &error), 0);
	assert_int_equal(policy_host_load(&policy, host, "talker", settings, 2, &error), 0);
	assert_int_equal(ask(&verdict, policy, ANAGRAPH_CONFLICT_VALUE), 0);
	policy_host_destroy(host);
	assert_int_equal(lines.count, 6);
	assert_string_equal(lines.texts[0], "speed");
	assert_int_equal(lines.levels[0], ANAGRAPH_LOG_INFO);
	assert_string_equal(lines.texts[1], "high");
	assert_int_equal(lines.levels[1], ANAGRAPH_LOG_DEBUG);
	assert_string_equal(lines.texts[2], "colour");
	assert_string_equal(lines.texts[3], "red");
	assert_int_equal(lines.messages[4].size, POLICY_LOG_BYTES);
	assert_int_equal(lines.levels[4], ANAGRAPH_LOG_ERROR);
	assert_string_equal(lines.texts[5], "gone");
}

static void
test_a_policy_may_talk_to_nobody(void **state)
{
	struct policy_host *host = open_samples(*state);
	struct anagraph_verdict verdict;

	assert_int_equal(ask(&verdict, load(host, "talker"), ANAGRAPH_CONFLICT_VALUE), 0);
	policy_host_destroy(host);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(test_R23_identity_names_id_version_and_build),
		IN_SCRATCH(test_copies_have_absolute_paths),
		IN_SCRATCH(test_R23_build_follows_content),
		IN_SCRATCH(test_loaded_policy_is_given_again),
		IN_SCRATCH(test_second_content_under_a_loaded_id_is_refused),
		IN_SCRATCH(test_overwriting_the_loaded_file_does_not_hurt),
		IN_SCRATCH(test_policies_of_the_wrong_shape_are_refused),
		IN_SCRATCH(test_policies_at_the_limits_are_loaded),
		IN_SCRATCH(test_ids_not_of_their_form_are_refused),
		IN_SCRATCH(test_files_that_others_can_write_are_refused),
		IN_SCRATCH(test_directories_that_others_can_write_are_refused),
		IN_SCRATCH(test_files_of_other_users_are_refused),
		IN_SCRATCH(test_what_is_no_regular_file_is_refused),
		IN_SCRATCH(test_file_size_has_a_limit),
		IN_SCRATCH(test_directories_that_are_none_are_refused),
		IN_SCRATCH(test_copy_is_private_and_used_again),
		IN_SCRATCH(test_spoilt_copy_is_made_again),
		IN_SCRATCH(test_no_descriptor_leaks),
		IN_SCRATCH(test_a_kind_that_is_not_listed_is_deferred_unasked),
		IN_SCRATCH(test_R22_no_verdict_leaves_the_output_alone),
		IN_SCRATCH(test_R22_verdicts_outside_the_table_are_passed_on),
		IN_SCRATCH(test_reasons_are_cut_to_their_form),
		IN_SCRATCH(test_a_policy_is_given_its_options_and_a_log),
		IN_SCRATCH(test_a_policy_may_talk_to_nobody),
	};

	built_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
