/* Finds, checks, loads and calls policies. The only user of <dlfcn.h>.
 *
 * A policy file is copied under a name made of its content's hash before it is
 * loaded: overwriting the original can then neither kill the daemon nor change
 * what it runs, and the hash is the build that every decision names (R23). Once
 * loaded a policy is never unloaded. */
#ifndef ANAGRAPH_RULES_HOST_H
#define ANAGRAPH_RULES_HOST_H

#include "rules/policy.h"
#include "rules/types.h"

struct policy_host;

/* A loaded policy with its one instance. Owned by its host, or by who opened it. */
struct policy;

enum {
	POLICY_BUILD_DIGITS = 32, /* XXH3's 128 bits, as xxhsum -H2 prints them */
	POLICY_MESSAGE_BYTES = 512,
	POLICY_LOG_BYTES = 1024, /* of a policy's log line; the rest is cut */
};

/* Why a policy was refused, for people: names the file, what was expected and
 * what was found. NUL-terminated. */
struct policy_error {
	char message[POLICY_MESSAGE_BYTES];
};

/* Where a policy's log lines go; message is not terminated, and any byte may stand in
 * it. Any thread. */
typedef void (*policy_log_function)(
    void *context, const char *policy_id, uint32_t level, struct bytes message);

struct policy_host_options {
	const char *policy_dir;  /* where ID.so lie: owned by root or this user, not writable by others */
	const char *copy_dir;    /* where copies go, as trusted; made (mode 0700) when missing */
	policy_log_function log; /* may be NULL */
	void *log_context;
};

enum policy_host_outcome {
	POLICY_E_REFUSED = 1, /* *error says why */
};

/* Makes a host; checks both directories, copies the options. 0; POLICY_E_REFUSED;
 * -errno. Main thread. */
int policy_host_create(
    struct policy_host **out, const struct policy_host_options *options, struct policy_error *error);

/* Destroys every instance; accepts NULL. Main thread, nobody deciding. */
void policy_host_destroy(struct policy_host *host);

/* Loads policy_id.so and makes an instance with the options; a policy that is
 * loaded already is given again, its options unchanged, unless its file has another
 * content by now: that is refused. A symbolic link is refused too. *out lives as long
 * as the host. 0; POLICY_E_REFUSED; -errno. Main thread. */
int policy_host_load(struct policy **out, struct policy_host *host, const char *policy_id,
    const struct anagraph_option *options, size_t option_count, struct policy_error *error);

/* A policy's file as it was copied, all of it owned. */
struct policy_copy {
	char *id;
	char *path;      /* of the original: what people know it by */
	char *copy_path; /* what is loaded */
	char build[POLICY_BUILD_DIGITS + 1];
};

/* Checks and copies policy_id.so as policy_host_load does, and runs nothing of it: for
 * another process that opens the copy. *out is to be given to policy_copy_finish. 0;
 * POLICY_E_REFUSED; -errno. Main thread. */
int policy_host_copy(
    struct policy_copy *out, struct policy_host *host, const char *policy_id, struct policy_error *error);

/* Accepts an empty one. */
void policy_copy_finish(struct policy_copy *copy);

/* The two halves of loading, without a host: maps a copy and checks its descriptor;
 * makes the instance, after which it may be asked. Lines go to log, which may be NULL.
 * policy_close accepts NULL and one that was never started. 0; POLICY_E_REFUSED; -errno.
 * Main thread. */
int policy_open(struct policy **out, const struct policy_copy *copy, policy_log_function log,
    void *log_context, struct policy_error *error);
int policy_start(struct policy *policy, const struct anagraph_option *options, size_t option_count,
    struct policy_error *error);
void policy_close(struct policy *policy);

/* The kinds of conflict that it lists, as bits. */
uint32_t policy_kinds_of(const struct policy *policy);

/* Whether bytes may be the version of a policy. */
bool policy_version_is_valid(struct bytes version);

/* Cuts a reason to the part that is of its form, and clears the rest. */
void policy_reason_cut(char reason[ANAGRAPH_REASON_SIZE]);

/* Who it is: borrowed from the policy. */
const struct policy_identity *policy_identity_of(const struct policy *policy);

/* Asks it. Returns what the policy returned: 0 with the verdict, positive to
 * defer, negative for a failure; a kind it does not list is deferred without
 * asking. Whether the verdict fits the conflict is the caller's to check; a reason that
 * is not of its form is cut to the part that is. Untouched on any but 0. Any thread. */
int policy_decide(
    struct anagraph_verdict *verdict, const struct policy *policy, const struct anagraph_conflict *conflict);

#endif
