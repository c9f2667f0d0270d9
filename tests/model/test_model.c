/* Ten thousand random events against the rules' second statement. Every answer,
 * total and look-up on the way, and in the end the store itself, its journal and
 * its indexes, must be what the model says.
 *
 * Accounts know nothing of each other, so one event of each is in flight at a time:
 * they share their syncs. ANAGRAPH_MODEL_SEED plays other histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/normalize.h"
#include "server/graph/graph.h"
#include "tests/model/play.h"
#include "tests/support/service.h"
#include "tests/support/store.h"

enum { SEED = 20231114, SWEEP_EVERY = 100, ARENA_BYTES = 16 * 1024 * 1024, MOST_SHOWN = 3 };

static const struct plan {
	size_t accounts;
	size_t events; /* in each */
} PLANS[HISTORY_KIND_COUNT] = {
	[HISTORY_COUPLE] = { 8, 250 },
	[HISTORY_FAMILY] = { 8, 250 },
	[HISTORY_VISITORS] = { 8, 250 },
	[HISTORY_TOWN] = { 6, 500 },
	[HISTORY_FULL] = { 4, 250 },
};

enum { ACCOUNTS = 8 + 8 + 8 + 6 + 4, EVENTS = 8 * 250 + 8 * 250 + 8 * 250 + 6 * 500 + 4 * 250 };

struct stage {
	struct service *service;
	struct client *client;
	struct history histories[ACCOUNTS];
	struct player players[ACCOUNTS];
};

static int
set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct random random = { .state = history_seed(SEED) };
	size_t at = 0;

	if (stage == NULL || service_start(&stage->service, NULL) != 0)
		return -1;
	if (client_create(&stage->client, service_target(stage->service)) != 0)
		return -1;
	for (enum history_kind kind = 0; kind < HISTORY_KIND_COUNT; kind++) {
		for (size_t i = 0; i < PLANS[kind].accounts; i++, at++) {
			char account[PLAYER_ACCOUNT_BYTES];

			history_make(&stage->histories[at], &random, kind, PLANS[kind].events);
			snprintf(account, sizeof(account), "model-%zu", at);
			player_init(&stage->players[at], account, stage->histories[at].events,
			    stage->histories[at].count);
		}
	}
	*state = stage;
	return 0;
}

static int
tear_down(void **state)
{
	struct stage *stage = *state;

	for (size_t i = 0; i < ACCOUNTS; i++) {
		player_finish(&stage->players[i]);
		history_finish(&stage->histories[i]);
	}
	client_destroy(stage->client);
	service_destroy(stage->service);
	free(stage);
	return 0;
}

static void
explain_and_fail(struct stage *stage)
{
	for (size_t i = 0; i < ACCOUNTS; i++) {
		if (stage->players[i].difference.size > 0) {
			player_explain(&stage->players[i], stage->client);
			fail_msg("the service and the rules part in account %s", stage->players[i].account);
		}
	}
	fail_msg("a call did not come back");
}

static void
test_model_agrees_on_every_answer(void **state)
{
	struct stage *stage = *state;
	size_t played = 0;

	for (size_t round = 1; played < EVENTS; round++) {
		bool agreed = players_step(stage->players, ACCOUNTS, stage->client);

		played = 0;
		for (size_t i = 0; i < ACCOUNTS; i++) {
			struct player *player = &stage->players[i];

			played += player->played;
			if (agreed && round % SWEEP_EVERY == 0 && player->played == round)
				agreed = players_sweep(player, 1, stage->client);
		}
		if (!agreed)
			explain_and_fail(stage);
	}
	if (!players_sweep(stage->players, ACCOUNTS, stage->client))
		explain_and_fail(stage);
	assert_true(players_compared() >= 5 * EVENTS);
	fprintf(stderr, "# %zu events, %lu comparisons\n", played, (unsigned long)players_compared());
}

/* The histories came to everything that the stock policies can come to. */
static void
test_model_histories_leave_no_rule_out(void **state)
{
	static const unsigned reachable[] = {
		[CONFLICT_VALUE] = 1 << VERDICT_KEEP | 1 << VERDICT_OFFER | 1 << VERDICT_TAKE,
		[CONFLICT_OWNER] = 1 << VERDICT_KEEP | 1 << VERDICT_OFFER | 1 << VERDICT_TAKE,
		[CONFLICT_IDENTITY] = 1 << VERDICT_OFFER | 1 << VERDICT_SEPARATE,
	};
	struct stage *stage = *state;
	unsigned verdicts[CONFLICT_IDENTITY + 1] = { 0 };
	unsigned outcomes = 0;
	unsigned causes = 0;

	for (size_t i = 0; i < ACCOUNTS; i++) {
		const struct model *model = stage->players[i].model;

		for (size_t j = 0; j < model->entry_count; j++) {
			const struct model_entry *entry = &model->entries[j];

			outcomes |= 1u << entry->outcome;
			for (size_t k = 0; k < entry->conflict_count; k++)
				verdicts[entry->conflicts[k].kind] |= 1u << entry->conflicts[k].verdict;
			for (size_t k = 0; k < entry->loss_count; k++)
				causes |= 1u << entry->losses[k].cause;
		}
	}
	for (enum conflict_kind kind = CONFLICT_VALUE; kind <= CONFLICT_IDENTITY; kind++)
		assert_int_equal(verdicts[kind], reachable[kind]);
	assert_int_equal(outcomes,
	    1 << OUTCOME_CREATED | 1 << OUTCOME_IDENTIFIED | 1 << OUTCOME_UPDATED | 1 << OUTCOME_UNCHANGED);
	assert_int_equal(causes,
	    1 << LOSS_TAKEN | 1 << LOSS_LIMIT | 1 << LOSS_AGREED | 1 << LOSS_SUPERSEDED | 1 << LOSS_JOINED);
}

/* The journal's entries one by one. Returns how many differ from the model's. */
static size_t
compare_entries(const struct player *player, struct graph_reader *reader)
{
	struct bytes account = bytes_of_string(player->account);
	struct model *model = player->model;
	struct graph_error error = { 0 };
	struct bytes encoded;
	size_t different = 0;

	for (size_t i = 0; i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];
		struct journal_entry stored;
		struct text expected = { 0 };
		struct text got = { 0 };
		struct text difference = { 0 };
		struct arena arena;

		if (entry->sequence == 0)
			continue;
		arena_init(&arena, ARENA_BYTES);
		assert_int_equal(graph_get_journal(&encoded, reader, account, entry->sequence, &error), 0);
		assert_int_equal(journal_entry_decode(&stored, &arena, encoded), 0);
		if (model->recorded_at_us[i] == 0)
			model->recorded_at_us[i] = stored.claim.recorded_at_us;
		text_add_entry(&expected, model, entry);
		text_add_wire_entry(&got, &arena, &stored);
		if (!text_equal(&expected, &got) && ++different <= MOST_SHOWN) {
			text_add_difference(&difference, &expected, &got);
			fprintf(
			    stderr, "account %s, event %zu:\n%s", player->account, i + 1, difference.bytes);
		}
		text_finish(&difference);
		text_finish(&expected);
		text_finish(&got);
		arena_finish(&arena);
	}
	assert_int_equal(graph_get_journal(&encoded, reader, account, model->journal_sequence + 1, &error),
	    GRAPH_E_ABSENT);
	return different;
}

static bool
is_indexed(const struct model_entry *entry, uint64_t contact_id)
{
	for (size_t i = 0; i < entry->indexed_count; i++) {
		if (entry->indexed_ids[i] == contact_id)
			return true;
	}
	return false;
}

/* Under each contact, those entries that it had a part in. */
static size_t
compare_index(const struct player *player, struct graph_reader *reader)
{
	struct bytes account = bytes_of_string(player->account);
	const struct model *model = player->model;
	size_t different = 0;

	for (uint64_t id = 1; id <= model->contact_count; id++) {
		struct text expected = { 0 };
		struct text got = { 0 };
		uint64_t sequence = 0;

		for (size_t i = 0; i < model->entry_count; i++) {
			const struct model_entry *entry = &model->entries[i];

			if (entry->sequence != 0 && is_indexed(entry, id))
				text_add(&expected, " %lu", (unsigned long)entry->sequence);
		}
		while (graph_next_journal(&sequence, reader, account, id, sequence) == 0)
			text_add(&got, " %lu", (unsigned long)sequence);
		if (!text_equal(&expected, &got) && ++different <= MOST_SHOWN)
			fprintf(stderr, "account %s, entries of contact %lu:\nexpected%s\ngot%s\n",
			    player->account, (unsigned long)id, expected.bytes,
			    got.size > 0 ? got.bytes : " none");
		text_finish(&expected);
		text_finish(&got);
	}
	return different;
}

static void
compare_numbers(const struct player *player, struct graph_reader *reader)
{
	const struct model *model = player->model;
	struct model_totals totals = model_recount(model);
	uint64_t reached[REACH_COUNT] = { 0 };
	uint64_t engaged = 0;
	struct graph_error error = { 0 };
	struct account stored;

	for (size_t i = 0; i < model->contact_count; i++) {
		const struct model_contact *contact = model->contacts[i];

		engaged += contact->forward_to == 0 && contact->engaged;
		for (enum reach reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
			reached[reach] += contact->forward_to == 0 && model_reached_by(contact, reach);
	}
	assert_int_equal(graph_get_account(&stored, reader, bytes_of_string(player->account), &error), 0);
	assert_int_equal(stored.last_contact_id, model->contact_count);
	assert_int_equal(stored.last_secondary_id, model->last_secondary_id);
	assert_int_equal(stored.revision, model->revision);
	assert_int_equal(stored.journal_sequence, model->journal_sequence);
	assert_int_equal(stored.class_counts[CLASS_IDENTIFIED], totals.identified);
	assert_int_equal(stored.class_counts[CLASS_ANONYMOUS_PUSH], totals.anonymous_push);
	assert_int_equal(stored.class_counts[CLASS_ANONYMOUS_CHAT], totals.anonymous_chat);
	assert_int_equal(stored.engaged_count, engaged);
	for (enum reach reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
		assert_int_equal(stored.reach_counts[reach], reached[reach]);
}

static void
test_model_agrees_with_store_and_journal(void **state)
{
	struct stage *stage = *state;
	struct graph_options options = { .data_dir = service_data_dir(stage->service),
		.phone_library_version = phone_library_version(),
		.key = store_key(service_data_dir(stage->service)) };
	struct graph *graph;
	struct graph_reader *reader;
	struct graph_report report = { 0 };
	struct graph_error error = { 0 };
	size_t different = 0;

	assert_int_equal(service_stop(stage->service), 0);
	assert_int_equal(graph_open(&graph, &options, &error), 0);
	if (graph_check(&report, graph, &error) != 0)
		fail_msg("the store is not sound: %s", error.message);
	assert_true(report.accounts >= ACCOUNTS);
	assert_true(report.forwards > 0);
	assert_int_equal(graph_reader_create(&reader, graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		different += compare_entries(&stage->players[i], reader);
		different += compare_index(&stage->players[i], reader);
		compare_numbers(&stage->players[i], reader);
	}
	graph_read_end(reader);
	graph_reader_destroy(reader);
	graph_close(graph);
	assert_int_equal(different, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_agrees_on_every_answer),
		cmocka_unit_test(test_model_histories_leave_no_rule_out),
		cmocka_unit_test(test_model_agrees_with_store_and_journal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
