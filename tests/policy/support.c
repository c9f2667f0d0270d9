/* Tests of the host need directories whose modes and owners they may spoil, so that
 * each works on a copy of the built policies under the system's temporary directory. */
#include "tests/policy/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct built built;

void
built_init(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s STOCK_DIR SAMPLE_DIR\n", argv[0]);
		exit(2);
	}
	built = (struct built){ .stock_dir = argv[1], .sample_dir = argv[2] };
}

static void
join(char path[SCRATCH_PATH_BYTES], const char *dir, const char *name, const char *suffix)
{
	int size = snprintf(path, SCRATCH_PATH_BYTES, "%s/%s%s", dir, name, suffix);

	assert_in_range(size, 1, SCRATCH_PATH_BYTES - 1);
}

void
scratch_init(struct scratch *scratch)
{
	const char *temporary = getenv("TMPDIR");

	join(scratch->root, temporary != NULL ? temporary : "/tmp", "anagraph-policy-XXXXXX", "");
	assert_non_null(mkdtemp(scratch->root));
	join(scratch->policies, scratch->root, "policies", "");
	join(scratch->copies, scratch->root, "copies", "");
	assert_int_equal(mkdir(scratch->policies, 0755), 0);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *level)
{
	(void)status;
	(void)type;
	(void)level;
	return remove(path);
}

void
scratch_finish(struct scratch *scratch)
{
	assert_int_equal(nftw(scratch->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void
scratch_path(char path[SCRATCH_PATH_BYTES], const struct scratch *scratch, const char *id)
{
	join(path, scratch->policies, id, ".so");
}

void
scratch_add(const struct scratch *scratch, const char *dir, const char *id)
{
	char from[SCRATCH_PATH_BYTES];
	char to[SCRATCH_PATH_BYTES];
	uint8_t *data;
	size_t size;

	join(from, dir, id, ".so");
	scratch_path(to, scratch, id);
	data = read_file(&size, from);
	write_file(to, data, size, 0755);
	free(data);
}

uint8_t *
read_file(size_t *size, const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat status;
	uint8_t *data;

	if (file == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fstat(fileno(file), &status), 0);
	*size = (size_t)status.st_size;
	data = malloc(*size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, file), *size);
	fclose(file);
	return data;
}

void
write_file(const char *path, const void *data, size_t size, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	assert_int_equal(close(fd), 0);
}

struct policy_host *
open_host(const char *policy_dir, const char *copy_dir)
{
	struct policy_host_options options = { .policy_dir = policy_dir, .copy_dir = copy_dir };
	struct policy_error error = { "" };
	struct policy_host *host;
	int result = policy_host_create(&host, &options, &error);

	if (result != 0)
		fail_msg("%s: %d %s", policy_dir, result, error.message);
	return host;
}

struct policy *
load(struct policy_host *host, const char *policy_id)
{
	struct policy_error error = { "" };
	struct policy *policy;
	int result = policy_host_load(&policy, host, policy_id, NULL, 0, &error);

	if (result != 0)
		fail_msg("%s: %d %s", policy_id, result, error.message);
	return policy;
}

void
expect_refused(struct policy_host *host, const char *policy_id, const char *expected, const char *found)
{
	struct policy_error error = { "" };
	struct policy *untouched = (struct policy *)&error;
	struct policy *policy = untouched;
	int result = policy_host_load(&policy, host, policy_id, NULL, 0, &error);

	if (result != POLICY_E_REFUSED)
		fail_msg("%s: expected a refusal, found %d", policy_id, result);
	assert_ptr_equal(policy, untouched);
	if (strstr(error.message, expected) == NULL || strstr(error.message, found) == NULL)
		fail_msg(
		    "%s: expected \"%s\" and \"%s\" in \"%s\"", policy_id, expected, found, error.message);
}

struct anagraph_string
shown(const char *text)
{
	return (struct anagraph_string){ .data = text, .size = strlen(text) };
}

struct anagraph_claim
claim_of(const char *value, int64_t observed_at_us, uint32_t rank)
{
	return (struct anagraph_claim){
		.value = { .type = ANAGRAPH_VALUE_STRING, .string = shown(value) },
		.source = rank,
		.rank = rank,
		.observed_at_us = observed_at_us,
		.recorded_at_us = observed_at_us,
	};
}

struct anagraph_conflict
conflict_of(uint32_t kind, uint32_t name_class, const struct anagraph_claim *incoming,
    const struct anagraph_claim *stored)
{
	return (struct anagraph_conflict){
		.struct_size = sizeof(struct anagraph_conflict),
		.kind = kind,
		.name_class = name_class,
		.account = shown("acme"),
		.name = shown("name"),
		.incoming = incoming,
		.stored = stored,
	};
}
