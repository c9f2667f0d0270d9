/* What the policy tests share: directories to spoil, a host on them, and conflicts to
 * ask about. Every helper fails the test that calls it when it cannot do its work. */
#ifndef ANAGRAPH_TESTS_POLICY_SUPPORT_H
#define ANAGRAPH_TESTS_POLICY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/host.h"

enum { SCRATCH_PATH_BYTES = 256 };

/* A directory of the test's own, with a policy directory in it. */
struct scratch {
	char root[SCRATCH_PATH_BYTES];
	char policies[SCRATCH_PATH_BYTES];
	char copies[SCRATCH_PATH_BYTES]; /* not made yet */
};

/* Where the stock policies and those of modules/ were built: the two arguments of each
 * test program. */
struct built {
	const char *stock_dir;
	const char *sample_dir;
};

extern struct built built;

/* Reads the program's arguments. */
void built_init(int argc, char **argv);

void scratch_init(struct scratch *scratch);
void scratch_finish(struct scratch *scratch);

/* Copies DIR/ID.so into the scratch policy directory, mode 0755. */
void scratch_add(const struct scratch *scratch, const char *dir, const char *id);

/* Writes the path of ID.so in the scratch policy directory. */
void scratch_path(char path[SCRATCH_PATH_BYTES], const struct scratch *scratch, const char *id);

/* The whole of a file; the caller frees it. */
uint8_t *read_file(size_t *size, const char *path);

/* Makes or overwrites a file, in place. */
void write_file(const char *path, const void *data, size_t size, unsigned mode);

/* A host on a policy directory, without a log. */
struct policy_host *open_host(const char *policy_dir, const char *copy_dir);

/* Loads without options, or fails. */
struct policy *load(struct policy_host *host, const char *policy_id);

/* Loads, expecting a refusal whose message holds both texts. */
void expect_refused(struct policy_host *host, const char *policy_id, const char *expected, const char *found);

/* A string as a policy is shown one; of a literal or of memory that stays. */
struct anagraph_string shown(const char *text);

/* A claim to a string value. */
struct anagraph_claim claim_of(const char *value, int64_t observed_at_us, uint32_t rank);

/* A conflict of that kind about personal or device namespace or an attribute. */
struct anagraph_conflict conflict_of(uint32_t kind, uint32_t name_class,
    const struct anagraph_claim *incoming, const struct anagraph_claim *stored);

#endif
