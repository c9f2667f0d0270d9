/* Deciding again what the journal keeps of a conflict: which questions can be put once more,
 * and that those which can't are counted and never guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/decide.h"
#include "server/replay/replay.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024 };

static const char *plugin_dir;

static struct claim
claim_at(enum source source, int64_t time_us)
{
	return (struct claim){ .source = source, .observed_at_us = time_us, .recorded_at_us = time_us };
}

static struct value
text(const char *string)
{
	return (struct value){ .type = VALUE_STRING, .string = bytes_of(string, strlen(string)) };
}

/* All that the largest question shows. */
static struct conflict
whole_conflict(enum conflict_kind kind)
{
	return (struct conflict){
		.kind = kind,
		.namespace_id = NAMESPACE_EMAIL,
		.name = BYTES("email"),
		.stored = text("a@example.it"),
		.stored_claim = claim_at(SOURCE_CONTACTS, 1),
		.incoming = text("b@example.it"),
		.incoming_claim = claim_at(SOURCE_PUSH, 2),
		.displaced = text("c@example.it"),
		.displaced_claim = claim_at(SOURCE_CONVERSATIONS, 3),
		.device = text("v-1"),
		.device_claim = claim_at(SOURCE_PUSH, 4),
		.target_contact_id = 5,
		.incoming_contact_id = 6,
		.owner_contact_id = kind == CONFLICT_OWNER ? 7 : 0,
		.verdict = VERDICT_KEEP,
		.policy = { BYTES("push_latest"), BYTES("1.0.0"), BYTES("0123") },
	};
}

static void
test_R23_a_whole_conflict_is_the_question_that_it_was(void **state)
{
	const struct conflict owner = whole_conflict(CONFLICT_OWNER);
	const struct conflict identity = whole_conflict(CONFLICT_IDENTITY);
	struct conflict bare = whole_conflict(CONFLICT_VALUE);
	struct question question;

	(void)state;
	assert_true(conflict_question(&question, BYTES("shop"), &owner));
	assert_true(bytes_equal(question.account, BYTES("shop")));
	assert_int_equal(question.kind, CONFLICT_OWNER);
	assert_int_equal(question.namespace_id, NAMESPACE_EMAIL);
	assert_true(bytes_equal(question.name, BYTES("email")));
	assert_ptr_equal(question.incoming, &owner.incoming);
	assert_ptr_equal(question.incoming_claim, &owner.incoming_claim);
	assert_int_equal(question.incoming_contact_id, 6);
	assert_ptr_equal(question.stored, &owner.stored);
	assert_ptr_equal(question.stored_claim, &owner.stored_claim);
	assert_int_equal(question.stored_contact_id, 7);
	assert_ptr_equal(question.displaced, &owner.displaced);
	assert_ptr_equal(question.displaced_claim, &owner.displaced_claim);
	assert_ptr_equal(question.device, &owner.device);
	assert_ptr_equal(question.device_claim, &owner.device_claim);
	assert_int_equal(question.target_contact_id, 5);

	assert_true(conflict_question(&question, BYTES("shop"), &identity));
	assert_int_equal(question.stored_contact_id, 5);

	bare.displaced_claim = (struct claim){ .source = SOURCE_NONE };
	bare.device_claim = (struct claim){ .source = SOURCE_NONE };
	assert_true(conflict_question(&question, BYTES("shop"), &bare));
	assert_null(question.displaced);
	assert_null(question.displaced_claim);
	assert_null(question.device);
	assert_null(question.device_claim);
}

static void
test_R23_a_conflict_without_all_of_it_is_none(void **state)
{
	const struct value blank = { .type = VALUE_NONE };
	struct conflict conflicts[5];
	struct question question = { .kind = CONFLICT_VALUE };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		conflicts[i] = whole_conflict(CONFLICT_OWNER);
	conflicts[0].target_contact_id = 0;
	conflicts[1].stored = blank;
	conflicts[2].incoming = blank;
	conflicts[3].displaced = blank;
	conflicts[4].device = blank;
	for (size_t i = 0; i < 5; i++)
		assert_false(conflict_question(&question, BYTES("shop"), &conflicts[i]));
	assert_int_equal(question.kind, CONFLICT_VALUE);
}

/* An entry with a conflict, as a contact is made. */
static void
write_conflict(struct hand *hand, const char *browser, struct conflict *conflict)
{
	struct graph *graph = hand->store->graph;
	struct graph_error error = { "" };
	struct hand_event planned;
	struct bytes answer;
	uint64_t txn;

	hand_plan(&planned, hand, bytes_of(browser, strlen(browser)));
	planned.changeset.conflicts = conflict;
	planned.changeset.conflict_count = 1;
	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(
	    graph_apply(&answer, graph, &hand->work, &planned.event, &planned.changeset, &error), 0);
	assert_int_equal(graph_commit(&txn, graph, &error), 0);
	hand_accept(hand, &planned);
}

/* A journal of which one entry is from before all was kept. */
static void
test_old_entries_are_counted_and_left(void **state)
{
	struct conflict old = whole_conflict(CONFLICT_VALUE);
	struct conflict whole = whole_conflict(CONFLICT_VALUE);
	struct replay_options options = {
		.hold_seconds = 60,
		.account = BYTES("shop"),
		.settings = settings_of(settings_default(), BYTES("shop")),
		.sources = { [SOURCE_PUSH] = true },
		.since_us = INT64_MIN,
	};
	struct replay_report report;
	struct graph_error error;
	struct hand_store store;
	struct hand hand;
	char scratch[] = "/tmp/anagraph-replay-XXXXXX";
	char *policy;

	(void)state;
	old.target_contact_id = 0;
	old.displaced_claim = (struct claim){ .source = SOURCE_NONE };
	old.device_claim = (struct claim){ .source = SOURCE_NONE };
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	write_conflict(&hand, "d-1", &old);
	write_conflict(&hand, "d-2", &whole);
	hand_end(&hand);
	hand_store_close(&store);

	assert_true(asprintf(&policy, "%s/chat_primary.so", plugin_dir) > 0);
	assert_non_null(mkdtemp(scratch));
	options.store = (struct graph_options){ .data_dir = store.data_dir, .map_size_bytes = MAP_BYTES };
	options.scratch_dir = scratch;
	options.policy_file = policy;
	assert_int_equal(replay_run(&report, &options, &error), 0);
	assert_int_equal(access(scratch, F_OK), -1);
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.unknown[CONFLICT_VALUE], 1);
	assert_int_equal(report.verdicts[CONFLICT_VALUE][VERDICT_KEEP][VERDICT_OFFER], 1);
	assert_int_equal(report.contacts_stored, 2);
	assert_int_equal(report.contacts_differing, 0);
	assert_string_equal(report.policy_id, "chat_primary");
	free(policy);
	hand_store_destroy(&store);
}

int
main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R23_a_whole_conflict_is_the_question_that_it_was),
		cmocka_unit_test(test_R23_a_conflict_without_all_of_it_is_none),
		cmocka_unit_test(test_old_entries_are_counted_and_left),
	};

	if (argument_count != 2)
		return EXIT_FAILURE;
	plugin_dir = arguments[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
