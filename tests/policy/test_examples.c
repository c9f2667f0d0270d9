/* The policies to learn from, asked through the host over every cell of what they look
 * at: kind, class of name, and what the claims say. What a cell must be is written here
 * once more, in other words than the policy's own. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/policy/support.h"

enum { OPTIONS_MAX = 4, DEFERRED = 0 };

static struct {
	struct scratch scratch;
	size_t cells;
} examples;

/* A host with one policy, which has options: NULL-terminated pairs of name and value. */
static int
try_load(struct policy_host **host, struct policy **policy, const char *id, const char *const *options,
    struct policy_error *error)
{
	struct anagraph_option given[OPTIONS_MAX];
	size_t count = 0;

	for (; options != NULL && options[2 * count] != NULL; count++) {
		assert_in_range(count, 0, OPTIONS_MAX - 1);
		given[count] =
		    (struct anagraph_option){ shown(options[2 * count]), shown(options[2 * count + 1]) };
	}
	*host = open_host(examples.scratch.policies, examples.scratch.copies);
	return policy_host_load(policy, *host, id, given, count, error);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct policy_host *
load_with(struct policy **policy, const char *id, const char *const *options)
{
	struct policy_error error = { "" };
	struct policy_host *host;

	if (try_load(&host, policy, id, options, &error) != 0)
		fail_msg("%s", error.message);
	return host;
}

static void
expect_refused_options(const char *id, const char *const *options)
{
	struct policy_error error = { "" };
	struct policy_host *host;
	struct policy *policy;

	if (try_load(&host, &policy, id, options, &error) != POLICY_E_REFUSED)
		fail_msg("%s accepts %s=%s", id, options != NULL ? options[0] : "",
		    options != NULL ? options[1] : "");
	assert_non_null(strstr(error.message, "expected create to return 0"));
	policy_host_destroy(host);
}

static void
expect(
    const struct policy *policy, const struct anagraph_conflict *conflict, uint32_t word, const char *reason)
{
	struct anagraph_verdict verdict = { .verdict = DEFERRED };
	int result = policy_decide(&verdict, policy, conflict);

	examples.cells++;
	if (result != (word == DEFERRED ? ANAGRAPH_DEFER : ANAGRAPH_DECIDED) || verdict.verdict != word ||
	    strcmp(verdict.reason, reason) != 0)
		fail_msg("kind %u class %u %.*s: expected %u %s, found %d: %u %s", conflict->kind,
		    conflict->name_class, (int)conflict->name.size, conflict->name.data, word, reason, result,
		    verdict.verdict, verdict.reason);
}

static void
test_longest_name(void **state)
{
	static const char *const names[] = { "FIRST_NAME", "LAST_NAME", "FIRST_NAMES", "LAST", "", "email" };
	/* By characters: a, two, two of two bytes each, three. */
	static const char *const values[] = { "a", "ab", "\xc3\xa8\xc3\xa8", "abc" };
	static const int lengths[] = { 1, 2, 2, 3 };
	struct policy *policy;
	struct policy_host *host = load_with(&policy, "longest_name", NULL);

	(void)state;
	for (uint32_t cell = 0; cell < 3 * 3 * 6 * 4 * 4; cell++) {
		uint32_t i = cell / 3 / 3 / 6 % 4, s = cell / 3 / 3 / 6 / 4, n = cell / 9 % 6;
		struct anagraph_claim incoming = claim_of(values[i], 1, 1),
				      stored = claim_of(values[s], 2, 3);
		struct anagraph_conflict conflict =
		    conflict_of(1 + cell % 3, 1 + cell / 3 % 3, &incoming, &stored);
		bool is_its = conflict.kind == ANAGRAPH_CONFLICT_VALUE &&
		    conflict.name_class == ANAGRAPH_NAME_ATTRIBUTE && n < 2;

		conflict.name = shown(names[n]);
		if (!is_its)
			expect(policy, &conflict, DEFERRED, "");
		else if (lengths[i] > lengths[s])
			expect(policy, &conflict, ANAGRAPH_VERDICT_TAKE, "LONGER");
		else
			expect(policy, &conflict, ANAGRAPH_VERDICT_KEEP, "NOT_LONGER");
	}
	policy_host_destroy(host);
	expect_refused_options("longest_name", OPTIONS("names", "FIRST_NAME"));
}

/* false, true, and a text that looks like one. */
static struct anagraph_claim
consent_of(uint32_t which, int64_t observed_at_us)
{
	struct anagraph_claim claim = claim_of("true", observed_at_us, 3);

	if (which < 2)
		claim.value = (struct anagraph_value){ .type = ANAGRAPH_VALUE_BOOL, .boolean = which };
	return claim;
}

static void
test_keep_consent(void **state)
{
	static const char *const names[] = { "NEWSLETTER", "SMS", "NEWS", "NEWSLETTER,SMS", "CITY", "" };
	struct policy *policy;
	struct policy_host *host = load_with(&policy, "keep_consent", OPTIONS("names", "NEWSLETTER,SMS"));

	(void)state;
	for (uint32_t cell = 0; cell < 3 * 3 * 6 * 3 * 3 * 2; cell++) {
		uint32_t n = cell / 9 % 6, i = cell / 54 % 3, s = cell / 162 % 3;
		/* The earlier and the later answer: it makes no difference. */
		struct anagraph_claim incoming = consent_of(i, cell / 486 == 0 ? 1 : 9),
				      stored = consent_of(s, 5);
		struct anagraph_conflict conflict =
		    conflict_of(1 + cell % 3, 1 + cell / 3 % 3, &incoming, &stored);
		bool is_its = conflict.kind == ANAGRAPH_CONFLICT_VALUE &&
		    conflict.name_class == ANAGRAPH_NAME_ATTRIBUTE && n < 2;

		conflict.name = shown(names[n]);
		if (!is_its)
			expect(policy, &conflict, DEFERRED, "");
		else if (i == 2 || s == 2)
			expect(policy, &conflict, ANAGRAPH_VERDICT_OFFER, "NO_CLEAR_ANSWER");
		else if (i == 0)
			expect(policy, &conflict, ANAGRAPH_VERDICT_TAKE, "REFUSED");
		else
			expect(policy, &conflict, ANAGRAPH_VERDICT_OFFER, "REFUSED_BEFORE");
	}
	policy_host_destroy(host);
}

static void
test_keep_consent_reads_its_list(void **state)
{
	static const char longest[] = "A123456789A123456789A123456789A123456789A123456789A123456789A123";
	static const char *const wrong[] = { "", ",", "A,", ",A", "A,,B", "A, B", "a", "A;B" };
	char too_long[sizeof(longest) + 1];
	struct policy *policy;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_refused_options("keep_consent", OPTIONS("names", wrong[i]));
	snprintf(too_long, sizeof(too_long), "%sX", longest);
	expect_refused_options("keep_consent", OPTIONS("names", too_long));
	expect_refused_options("keep_consent", OPTIONS("name", "A"));
	expect_refused_options("keep_consent", OPTIONS("names", "A", "names", "B"));
	expect_refused_options("keep_consent", OPTIONS("names", "A", "other", "B"));
	expect_refused_options("keep_consent", NULL);
	policy_host_destroy(load_with(&policy, "keep_consent", OPTIONS("names", longest)));
	policy_host_destroy(load_with(&policy, "keep_consent", OPTIONS("names", "A,B,C")));
}

/* Every pair of sources, of which ranks says what each is worth, earlier and later. */
static void
check_source_rank(const char *const *options, const uint32_t ranks[5])
{
	static const int64_t times_us[] = { 1, 5, 9 };
	struct policy *policy;
	struct policy_host *host = load_with(&policy, "source_rank", options);

	for (uint32_t cell = 0; cell < 3 * 3 * 4 * 4 * 3 * 3; cell++) {
		uint32_t i = 1 + cell / 9 % 4, s = 1 + cell / 36 % 4;
		struct anagraph_claim incoming = claim_of("a", 5, i),
				      stored = claim_of("b", times_us[cell / 144 % 3], s);
		/* Absent, outranked by everybody, outranking everybody. */
		struct anagraph_claim displaced = claim_of("c", 5, cell / 432 == 1 ? 0 : 99);
		struct anagraph_conflict conflict =
		    conflict_of(1 + cell % 3, 1 + cell / 3 % 3, &incoming, &stored);
		bool is_owner = conflict.kind == ANAGRAPH_CONFLICT_OWNER;
		bool has_own = is_owner && conflict.name_class == ANAGRAPH_NAME_PERSONAL;
		bool wins =
		    ranks[i] > ranks[s] || (ranks[i] == ranks[s] && ranks[i] > 0 && cell / 144 % 3 == 0);

		conflict.displaced = cell / 432 == 0 ? NULL : &displaced;
		if (!is_owner && conflict.kind != ANAGRAPH_CONFLICT_VALUE)
			expect(policy, &conflict, DEFERRED, "");
		else if (!wins)
			expect(policy, &conflict, ANAGRAPH_VERDICT_KEEP, "OUTRANKED");
		else if (has_own && cell / 432 == 2)
			expect(policy, &conflict, ANAGRAPH_VERDICT_KEEP, "OUTRANKED_BY_OWN");
		else
			expect(policy, &conflict, ANAGRAPH_VERDICT_TAKE, "RANK");
	}
	policy_host_destroy(host);
}

static void
test_source_rank(void **state)
{
	(void)state;
	check_source_rank(NULL, (const uint32_t[]){ 0, 1, 2, 3, 4 });
	check_source_rank(OPTIONS("contacts", "2"), (const uint32_t[]){ 0, 1, 2, 2, 4 });
	check_source_rank(
	    OPTIONS("push", "9", "conversations", "0", "contacts", "0"), (const uint32_t[]){ 0, 9, 0, 0, 4 });
	expect_refused_options("source_rank", OPTIONS("chat", "1"));
	expect_refused_options("source_rank", OPTIONS("contact", "1"));
	expect_refused_options("source_rank", OPTIONS("contacts", "10"));
	expect_refused_options("source_rank", OPTIONS("contacts", ""));
	expect_refused_options("source_rank", OPTIONS("contacts", "a"));
	expect_refused_options("source_rank", OPTIONS("contacts", "1", "chat", "1"));
}

int
main(int argc, char **argv)
{
	static const char *const ids[] = { "longest_name", "keep_consent", "source_rank" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_keep_consent),
		cmocka_unit_test(test_keep_consent_reads_its_list),
		cmocka_unit_test(test_source_rank),
	};
	int failed;

	built_init(argc, argv);
	scratch_init(&examples.scratch);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		scratch_add(&examples.scratch, built.stock_dir, ids[i]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_finish(&examples.scratch);
	return failed != 0 || examples.cells < 4 * 800;
}
