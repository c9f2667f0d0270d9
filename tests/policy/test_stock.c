/* The stock policies, asked through the host as the service asks them: every cell of
 * kind, class of name, and how the incoming claim compares with the others. The tables
 * below are R16 and R17 written out; each cell must be covered by exactly one row. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/policy/support.h"

/* How the incoming claim compares with another one. */
enum relation {
	ABSENT,
	OLDER,
	LOWER_RANK, /* observed at the same time */
	LESS_VALUE, /* and of the same rank */
	FULL_TIE,
	GREATER_VALUE,
	HIGHER_RANK,
	NEWER,
	RELATION_COUNT,
};

#define BIT(n) (1u << (n))

enum {
	ANY = 0xff,
	NEWER_BY_CLAIM = 1 << HIGHER_RANK | 1 << NEWER,
	NEWER_BY_R18 = NEWER_BY_CLAIM | 1 << GREATER_VALUE,
	NOT_NEWER_BY_CLAIM = ANY & ~NEWER_BY_CLAIM,
	NOT_NEWER_BY_R18 = ANY & ~NEWER_BY_R18,
	ABSENT_OR_NEWER = NEWER_BY_R18 | 1 << ABSENT,
	PRESENT_NOT_NEWER = NOT_NEWER_BY_R18 & ~(1 << ABSENT),
	DEFERRED = 0, /* in the place of a verdict */
};

struct row {
	uint32_t kind;
	unsigned name_classes; /* bits 1 << ANAGRAPH_NAME_… */
	unsigned to_stored;    /* bits 1 << relation */
	unsigned to_displaced;
	uint32_t verdict;
	const char *reason;
};

#define VALUE ANAGRAPH_CONFLICT_VALUE
#define OWNER ANAGRAPH_CONFLICT_OWNER
#define IDENTITY ANAGRAPH_CONFLICT_IDENTITY
#define PERSONAL BIT(ANAGRAPH_NAME_PERSONAL)
#define DEVICE BIT(ANAGRAPH_NAME_DEVICE)
#define ATTRIBUTE BIT(ANAGRAPH_NAME_ATTRIBUTE)
#define KEEP ANAGRAPH_VERDICT_KEEP
#define OFFER ANAGRAPH_VERDICT_OFFER
#define TAKE ANAGRAPH_VERDICT_TAKE
#define SEPARATE ANAGRAPH_VERDICT_SEPARATE

static const struct row chat_primary_rows[] = {
	{ VALUE, PERSONAL | DEVICE | ATTRIBUTE, ANY, ANY, OFFER, "CONTACT_LIST_IS_PRIMARY" },
	{ OWNER, PERSONAL, ANY, ANY, OFFER, "BELONGS_TO_ANOTHER" },
	{ OWNER, DEVICE, NEWER_BY_CLAIM, ANY, TAKE, "NEWER" },
	{ OWNER, DEVICE, NOT_NEWER_BY_CLAIM, ANY, KEEP, "NOT_NEWER" },
	{ OWNER, ATTRIBUTE, ANY, ANY, DEFERRED, "" },
	{ IDENTITY, PERSONAL | DEVICE | ATTRIBUTE, ANY, ANY, OFFER, "MAY_BE_ANOTHER_PERSON" },
};

static const struct row push_latest_rows[] = {
	{ VALUE, PERSONAL | DEVICE | ATTRIBUTE, NEWER_BY_R18, ANY, TAKE, "NEWER" },
	{ VALUE, PERSONAL | DEVICE | ATTRIBUTE, NOT_NEWER_BY_R18, ANY, KEEP, "NOT_NEWER" },
	{ OWNER, PERSONAL, NEWER_BY_CLAIM, ABSENT_OR_NEWER, TAKE, "NEWER" },
	{ OWNER, PERSONAL, NEWER_BY_CLAIM, PRESENT_NOT_NEWER, KEEP, "NOT_NEWER_THAN_OWN" },
	{ OWNER, PERSONAL, NOT_NEWER_BY_CLAIM, ANY, KEEP, "NOT_NEWER" },
	{ OWNER, DEVICE, NEWER_BY_CLAIM, ANY, TAKE, "NEWER" },
	{ OWNER, DEVICE, NOT_NEWER_BY_CLAIM, ANY, KEEP, "NOT_NEWER" },
	{ OWNER, ATTRIBUTE, ANY, ANY, DEFERRED, "" },
	{ IDENTITY, PERSONAL | DEVICE | ATTRIBUTE, ANY, ANY, SEPARATE, "NEW_PERSON" },
};

/* The host and both policies, for the whole program. */
static struct {
	struct scratch scratch;
	struct policy_host *host;
	struct policy *chat_primary;
	struct policy *push_latest;
} stock;

static const char incoming_value[] = "mm";

/* The other claim, such that the incoming one ("mm", 1,000, rank 2) compares with it as
 * asked; what R18 must not come to look at points the other way. */
static struct anagraph_claim
claim_against(enum relation relation)
{
	switch (relation) {
	case OLDER:
		return claim_of("a", 1001, 1);
	case LOWER_RANK:
		return claim_of("a", 1000, 3);
	case LESS_VALUE:
		return claim_of("mmm", 1000, 2);
	case GREATER_VALUE:
		return claim_of("m", 1000, 2);
	case HIGHER_RANK:
		return claim_of("z", 1000, 1);
	case NEWER:
		return claim_of("z", 999, 3);
	case ABSENT:
	case FULL_TIE:
	case RELATION_COUNT:
		break;
	}
	return claim_of(incoming_value, 1000, 2);
}

static const struct row *
find_row(const struct row *rows, size_t row_count, const struct anagraph_conflict *conflict,
    enum relation to_stored, enum relation to_displaced)
{
	const struct row *found = NULL;

	for (const struct row *row = rows; row < rows + row_count; row++) {
		if (row->kind != conflict->kind || (row->name_classes & BIT(conflict->name_class)) == 0 ||
		    (row->to_stored & BIT(to_stored)) == 0 || (row->to_displaced & BIT(to_displaced)) == 0)
			continue;
		assert_null(found);
		found = row;
	}
	assert_non_null(found);
	return found;
}

/* Asks about one cell. In an OWNER conflict the stored value is the incoming one. */
static void
check_cell(const struct policy *policy, const struct row *rows, size_t row_count, uint32_t kind,
    uint32_t name_class, enum relation to_stored, enum relation to_displaced)
{
	struct anagraph_claim incoming = claim_of(incoming_value, 1000, 2);
	struct anagraph_claim stored = claim_against(to_stored);
	struct anagraph_claim displaced = claim_against(to_displaced);
	struct anagraph_conflict conflict = conflict_of(kind, name_class, &incoming, &stored);
	struct anagraph_verdict verdict = { .verdict = DEFERRED };
	const struct row *row;
	int result;

	if (kind == OWNER)
		stored.value = incoming.value;
	if (to_displaced != ABSENT)
		conflict.displaced = &displaced;
	row = find_row(rows, row_count, &conflict, to_stored, to_displaced);
	result = policy_decide(&verdict, policy, &conflict);
	if (result != (row->verdict == DEFERRED ? ANAGRAPH_DEFER : ANAGRAPH_DECIDED) ||
	    verdict.verdict != row->verdict || strcmp(verdict.reason, row->reason) != 0)
		fail_msg("kind %u class %u stored %d displaced %d: expected %u %s, found %d: %u %s", kind,
		    name_class, to_stored, to_displaced, row->verdict, row->reason, result, verdict.verdict,
		    verdict.reason);
}

static void
check_cells(const struct policy *policy, const struct row *rows, size_t row_count)
{
	size_t cells = 0;

	for (uint32_t kind = VALUE; kind <= IDENTITY; kind++)
		for (uint32_t name_class = 1; name_class <= ANAGRAPH_NAME_ATTRIBUTE; name_class++)
			for (enum relation stored = OLDER; stored < RELATION_COUNT; stored++)
				for (enum relation displaced = ABSENT; displaced < RELATION_COUNT;
				     displaced++) {
					check_cell(
					    policy, rows, row_count, kind, name_class, stored, displaced);
					cells++;
				}
	assert_int_equal(cells, 3 * 3 * 7 * 8);
}

static void
test_R16_chat_primary_decides_every_cell(void **state)
{
	(void)state;
	check_cells(
	    stock.chat_primary, chat_primary_rows, sizeof(chat_primary_rows) / sizeof(chat_primary_rows[0]));
}

static void
test_R17_push_latest_decides_every_cell(void **state)
{
	(void)state;
	check_cells(
	    stock.push_latest, push_latest_rows, sizeof(push_latest_rows) / sizeof(push_latest_rows[0]));
}

/* Whether push_latest finds a newer than b, at the same time and rank. */
static bool
is_greater(const struct anagraph_value *a, const struct anagraph_value *b)
{
	struct anagraph_claim incoming = claim_of("", 1000, 2);
	struct anagraph_claim stored = claim_of("", 1000, 2);
	struct anagraph_conflict conflict = conflict_of(VALUE, ANAGRAPH_NAME_ATTRIBUTE, &incoming, &stored);
	struct anagraph_verdict verdict;

	incoming.value = *a;
	stored.value = *b;
	assert_int_equal(policy_decide(&verdict, stock.push_latest, &conflict), ANAGRAPH_DECIDED);
	assert_true(verdict.verdict == TAKE || verdict.verdict == KEEP);
	return verdict.verdict == TAKE;
}

static struct anagraph_value
string_value(const char *data, size_t size)
{
	return (struct anagraph_value){ .type = ANAGRAPH_VALUE_STRING, .string = { data, size } };
}

/* Values from least to greatest: every pair of them, both ways, and each with itself. */
static void
test_R18_values_have_one_order(void **state)
{
	const struct anagraph_value values[] = {
		{ .type = ANAGRAPH_VALUE_BOOL, .boolean = 0 },
		{ .type = ANAGRAPH_VALUE_BOOL, .boolean = 1 },
		{ .type = ANAGRAPH_VALUE_NUMBER, .number = -1e300 },
		{ .type = ANAGRAPH_VALUE_NUMBER, .number = -0.5 },
		{ .type = ANAGRAPH_VALUE_NUMBER, .number = 0 },
		{ .type = ANAGRAPH_VALUE_NUMBER, .number = 5e-324 },
		{ .type = ANAGRAPH_VALUE_NUMBER, .number = 10 },
		string_value(NULL, 0),
		string_value("10", 2),
		string_value("9", 1),
		string_value("Z", 1),
		string_value("a", 1),
		string_value("aa", 2),
		string_value("b", 1),
		string_value("\xc3\xa9", 2),
		{ .type = ANAGRAPH_VALUE_TIME, .time_us = INT64_MIN },
		{ .type = ANAGRAPH_VALUE_TIME, .time_us = -1 },
		{ .type = ANAGRAPH_VALUE_TIME, .time_us = INT64_MAX },
	};
	const size_t count = sizeof(values) / sizeof(values[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (is_greater(&values[i], &values[j]) != (i > j))
				fail_msg("values %zu and %zu", i, j);
}

/* What a contact holds after three events about one attribute, in the order given. */
static struct anagraph_claim
replay(const struct anagraph_claim *events, const size_t order[3])
{
	struct anagraph_claim held = events[order[0]];

	for (size_t i = 1; i < 3; i++) {
		const struct anagraph_claim *event = &events[order[i]];
		struct anagraph_conflict conflict = conflict_of(VALUE, ANAGRAPH_NAME_ATTRIBUTE, event, &held);
		struct anagraph_verdict verdict;

		if (event->value.string.data[0] == held.value.string.data[0]) {
			if (event->observed_at_us > held.observed_at_us ||
			    (event->observed_at_us == held.observed_at_us && event->rank > held.rank))
				held = *event;
			continue;
		}
		assert_int_equal(policy_decide(&verdict, stock.push_latest, &conflict), ANAGRAPH_DECIDED);
		if (verdict.verdict == TAKE)
			held = *event;
	}
	return held;
}

/* All triples of events out of two times, two ranks and three values, in all orders. */
static void
test_R18_any_order_leaves_the_same_value(void **state)
{
	static const size_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 },
		{ 2, 1, 0 } };
	static const char *const values[3] = { "a", "b", "c" };
	struct anagraph_claim all[12];

	(void)state;
	for (size_t i = 0; i < 12; i++)
		all[i] = claim_of(values[i % 3], 1000 + (int64_t)(i / 6), i / 3 % 2 == 0 ? 1 : 3);
	for (size_t i = 0; i < 12 * 12 * 12; i++) {
		const struct anagraph_claim events[3] = { all[i % 12], all[i / 12 % 12], all[i / 144] };
		struct anagraph_claim first = replay(events, orders[0]);

		for (size_t j = 1; j < 6; j++) {
			struct anagraph_claim other = replay(events, orders[j]);

			assert_int_equal(other.value.string.data[0], first.value.string.data[0]);
			assert_int_equal(other.observed_at_us, first.observed_at_us);
			assert_int_equal(other.rank, first.rank);
		}
	}
}

/* Behind the host's back: what it would never let through to them. */
static const struct anagraph_policy *
descriptor_of(const char *id)
{
	char path[SCRATCH_PATH_BYTES];
	anagraph_policy_v1_function describe;
	void *address;
	void *library;

	snprintf(path, sizeof(path), "%s/%s.so", built.stock_dir, id);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(library);
	address = dlsym(library, "anagraph_policy_v1");
	assert_non_null(address);
	memcpy(&describe, &address, sizeof(describe));
	return describe();
}

static void
check_defers(const char *id)
{
	const struct anagraph_policy *policy = descriptor_of(id);
	struct anagraph_claim claim = claim_of("a", 1000, 2);
	struct anagraph_conflict conflict = conflict_of(OWNER, ANAGRAPH_NAME_DEVICE, &claim, &claim);
	struct anagraph_verdict verdict = { .struct_size = sizeof(verdict) };

	assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DECIDED);
	conflict.struct_size = sizeof(conflict) + 8;
	assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DECIDED);
	conflict.struct_size = offsetof(struct anagraph_conflict, stored);
	assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DEFER);
	conflict.struct_size = sizeof(conflict);
	conflict.name_class = ANAGRAPH_NAME_ATTRIBUTE + 1;
	assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DEFER);
	for (uint32_t kind = IDENTITY + 1; kind < 64; kind++) {
		conflict.kind = kind;
		assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DEFER);
	}
	conflict.kind = 0;
	assert_int_equal(policy->decide(NULL, &conflict, &verdict), ANAGRAPH_DEFER);
}

static void
test_R22_what_a_stock_policy_does_not_know_it_defers(void **state)
{
	(void)state;
	check_defers("chat_primary");
	check_defers("push_latest");
}

static void
test_only_push_latest_claims_order_independence(void **state)
{
	(void)state;
	assert_int_equal(descriptor_of("chat_primary")->flags, 0);
	assert_int_equal(descriptor_of("push_latest")->flags, ANAGRAPH_POLICY_ORDER_INDEPENDENT);
}

/* Takes the last line that a policy logged into the memory given as context. */
static void
keep_line(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	char *line = context;

	snprintf(line, SCRATCH_PATH_BYTES, "%s %u %.*s", policy_id, level, BYTES_PRINT(message));
}

static void
test_unknown_option_is_refused(void **state)
{
	static const char *const ids[] = { "chat_primary", "push_latest" };
	const struct anagraph_option option = { .name = shown("speed"), .value = shown("high") };
	char line[SCRATCH_PATH_BYTES];
	struct policy_host_options options = {
		.policy_dir = stock.scratch.policies,
		.copy_dir = stock.scratch.copies,
		.log = keep_line,
		.log_context = line,
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct policy_error error = { "" };
		struct policy_host *host;
		struct policy *policy;

		assert_int_equal(policy_host_create(&host, &options, &error), 0);
		assert_int_equal(
		    policy_host_load(&policy, host, ids[i], &option, 1, &error), POLICY_E_REFUSED);
		assert_non_null(
		    strstr(error.message, "expected create to return 0 for 1 options, found -22"));
		assert_non_null(strstr(line, "takes no options"));
		assert_int_equal(strncmp(line, ids[i], strlen(ids[i])), 0);
		policy_host_destroy(host);
	}
}

static int
open_stock(void **state)
{
	(void)state;
	scratch_init(&stock.scratch);
	scratch_add(&stock.scratch, built.stock_dir, "chat_primary");
	scratch_add(&stock.scratch, built.stock_dir, "push_latest");
	stock.host = open_host(stock.scratch.policies, stock.scratch.copies);
	stock.chat_primary = load(stock.host, "chat_primary");
	stock.push_latest = load(stock.host, "push_latest");
	return 0;
}

static int
close_stock(void **state)
{
	(void)state;
	policy_host_destroy(stock.host);
	scratch_finish(&stock.scratch);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R16_chat_primary_decides_every_cell),
		cmocka_unit_test(test_R17_push_latest_decides_every_cell),
		cmocka_unit_test(test_R18_values_have_one_order),
		cmocka_unit_test(test_R18_any_order_leaves_the_same_value),
		cmocka_unit_test(test_R22_what_a_stock_policy_does_not_know_it_defers),
		cmocka_unit_test(test_only_push_latest_claims_order_independence),
		cmocka_unit_test(test_unknown_option_is_refused),
	};

	built_init(argc, argv);
	return cmocka_run_group_tests(tests, open_stock, close_stock);
}
