/* What the checks of anagraph-policy-check share: the policy that is looked at, one
 * trial of it, and what a check may say.
 *
 * Each check runs in a process of its own with a time limit, so that a policy which
 * crashes, hangs or spoils the process costs that check alone. The policy is never
 * loaded into the process that reports. */
#ifndef ANAGRAPH_KIT_KIT_H
#define ANAGRAPH_KIT_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy.h"

enum outcome {
	OUTCOME_NONE, /* the check never came to an end */
	OUTCOME_PASS,
	OUTCOME_WARN, /* it will do, but somebody should look at it */
	OUTCOME_SKIP, /* there is nothing to check */
	OUTCOME_FAIL,
	OUTCOME_CRASH,
};

enum {
	DETAIL_BYTES = 320,
	PROGRESS_BYTES = 128,
	DECIDE_LIMIT_MS = 20, /* what a host may grant one decision */
	DECIDE_SLOW_MS = 2,
	OPTION_COUNT_MAX = 64,
};

/* The policy that is looked at. All borrowed from the command line. */
struct subject {
	const char *path;                                 /* absolute */
	const char *id;                                   /* of the file's name */
	struct anagraph_option options[OPTION_COUNT_MAX]; /* each name begins NAME=VALUE, with a NUL */
	size_t option_count;
	uint64_t seed;
	unsigned limit_s; /* of one check */
};

/* What a check came to. Texts are NUL-terminated. */
struct result {
	enum outcome outcome;
	char detail[DETAIL_BYTES];
	char progress[PROGRESS_BYTES]; /* what was being done last */
};

/* One run of one check, in its process. */
struct trial {
	const struct subject *subject;
	struct result *result; /* shared with the process that reports */
};

struct check {
	const char *name;
	const char *what; /* what is asked of a policy, for people */
	enum outcome (*run)(struct trial *trial);
};

extern const struct check checks[];
extern const size_t check_count;

/* Runs a check in a process of its own, and waits for it. 0; -errno. */
int trial_run(struct result *out, const struct check *check, const struct subject *subject);

/* What a check says of itself: the outcome, with why. */
__attribute__((format(printf, 2, 3))) enum outcome trial_fail(struct trial *trial, const char *format, ...);
__attribute__((format(printf, 2, 3))) enum outcome trial_warn(struct trial *trial, const char *format, ...);
__attribute__((format(printf, 2, 3))) enum outcome trial_skip(struct trial *trial, const char *format, ...);

/* Notes what is done next, which is what a crash is reported with. Allocates nothing. */
__attribute__((format(printf, 2, 3))) void trial_at(struct trial *trial, const char *format, ...);

/* The policy in this process, with an instance. */
struct loaded {
	const struct anagraph_policy *descriptor;
	struct anagraph_host host;
	void *instance;
};

/* Maps the policy and finds its descriptor, which can be called by then. OUTCOME_PASS;
 * OUTCOME_SKIP, since other checks tell of that. *loaded is in the caller's memory. */
enum outcome loaded_open(struct loaded *loaded, struct trial *trial);

/* loaded_open, and an instance with the subject's options. */
enum outcome loaded_start(struct loaded *loaded, struct trial *trial);

/* Makes an instance with these options: what create returned. */
int loaded_create(struct loaded *loaded, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance);

/* What a policy answered, in a form that can be compared by bytes: nothing but zeros
 * after the reason, nor in place of a verdict that there is none of. */
struct answer {
	int result; /* ANAGRAPH_DECIDED, ANAGRAPH_DEFER, another positive number, or -1 */
	uint32_t verdict;
	char reason[ANAGRAPH_REASON_SIZE];
};

/* Asks with room behind the verdict, so that only those who look see a word too many. */
struct answer loaded_ask(const struct loaded *loaded, const struct anagraph_conflict *conflict);

/* The same with a verdict that a later host has made larger. */
struct answer loaded_ask_larger(const struct loaded *loaded, const struct anagraph_conflict *conflict);

bool answer_is_same(const struct answer *a, const struct answer *b);

/* Whether a host can carry out the answer: a deferral, or a verdict that the table of
 * its kind of conflict has a cell for. */
bool answer_has_cell(const struct answer *answer, uint32_t kind);

/* "TAKE NEWER", "DEFER", "-1" …, for people; within text. */
const char *answer_text(char text[ANAGRAPH_REASON_SIZE + 16], const struct answer *answer);

/* The checks. */
enum outcome check_load(struct trial *trial);
enum outcome check_exports(struct trial *trial);
enum outcome check_descriptor(struct trial *trial);
enum outcome check_options(struct trial *trial);
enum outcome check_stride(struct trial *trial);
enum outcome check_older_conflict(struct trial *trial);
enum outcome check_older_verdict(struct trial *trial);
enum outcome check_newer_host(struct trial *trial);
enum outcome check_read_only(struct trial *trial);
enum outcome check_bounds(struct trial *trial);
enum outcome check_borrowed(struct trial *trial);
enum outcome check_canary(struct trial *trial);
enum outcome check_cell(struct trial *trial);
enum outcome check_reason(struct trial *trial);
enum outcome check_repeat(struct trial *trial);
enum outcome check_threads(struct trial *trial);
enum outcome check_order(struct trial *trial);
enum outcome check_edges(struct trial *trial);
enum outcome check_unknown_kind(struct trial *trial);
enum outcome check_allocation(struct trial *trial);
enum outcome check_leaks(struct trial *trial);
enum outcome check_side_effects(struct trial *trial);
enum outcome check_time(struct trial *trial);

#endif
