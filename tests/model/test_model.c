/* A hundred thousand random steps against the rules' second statement: events, and what
 * operators do. Every answer, total and look-up on the way, all lists and histories, and
 * in the end the store itself, its journal and its indexes, must be what the model says.
 * Every now and then the daemon is killed in the midst of it, or asked to end, and started
 * again: what was not answered is sent again, and all must still be as the model says.
 *
 * Accounts know nothing of each other, so one request of each is in flight at a time:
 * they share their syncs. The argument names what is played, so that several of these can
 * run side by side. ANAGRAPH_MODEL_SEED plays other histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/normalize.h"
#include "server/graph/graph.h"
#include "tests/model/play.h"
#include "tests/support/store.h"

enum { SEED = 20231114, END_EVERY = 40, MOST_SHOWN = 3, MOST_ACCOUNTS = 128 };

struct plan {
	enum history_kind kind;
	size_t accounts;
	size_t steps; /* in each */
};

enum { PLAN_PARTS = 5 };

/* What is played under one name, and what it must come to: sets of bits by number. */
static const struct play {
	const char *name;
	struct plan parts[PLAN_PARTS];
	unsigned causes; /* of losses */
	unsigned refusals;
	bool shares; /* identifiers (N6) */
	bool ahead;  /* moments far in the future (R19) */
} PLAYS[] = {
	{ "events",
	    { { HISTORY_COUPLE, 18, 250 }, { HISTORY_FAMILY, 18, 250 }, { HISTORY_VISITORS, 18, 250 },
		{ HISTORY_TOWN, 7, 500 }, { HISTORY_FULL, 3, 250 } },
	    1 << LOSS_TAKEN | 1 << LOSS_LIMIT | 1 << LOSS_AGREED | 1 << LOSS_SUPERSEDED | 1 << LOSS_JOINED,
	    1 << MODEL_REQUEST_ID_REUSED, false, true },
	{ "desk", { { HISTORY_DESK, 60, 350 } },
	    1 << LOSS_TAKEN | 1 << LOSS_AGREED | 1 << LOSS_PROMOTED | 1 << LOSS_DISMISSED,
	    1 << MODEL_CONTACT_NOT_FOUND | 1 << MODEL_SECONDARY_NOT_FOUND | 1 << MODEL_VERSION_MISMATCH |
		1 << MODEL_IDENTIFIER_OWNED | 1 << MODEL_REQUEST_ID_REUSED,
	    false, false },
	{ "chains", { { HISTORY_CHAINS, 40, 350 }, { HISTORY_NAMESAKES, 20, 350 } },
	    1 << LOSS_TAKEN | 1 << LOSS_AGREED | 1 << LOSS_JOINED,
	    1 << MODEL_CONTACT_NOT_FOUND | 1 << MODEL_MERGE_INVALID | 1 << MODEL_VERSION_MISMATCH, false,
	    false },
	{ "inboxes", { { HISTORY_INBOXES, 60, 350 } }, 1 << LOSS_TAKEN | 1 << LOSS_AGREED,
	    1 << MODEL_CONTACT_NOT_FOUND, true, false },
	{ "leaving", { { HISTORY_LEAVING, 60, 350 } }, 1 << LOSS_TAKEN, 1 << MODEL_CONTACT_NOT_FOUND, false,
	    false },
};

static const struct play *play;

struct theatre {
	struct stage stage;
	struct random random;
	size_t accounts;
	size_t steps;
	struct history histories[MOST_ACCOUNTS];
	struct player players[MOST_ACCOUNTS];
};

static int
set_up(void **state)
{
	struct theatre *theatre = calloc(1, sizeof(*theatre));

	if (theatre == NULL || stage_open(&theatre->stage) != 0)
		return -1;
	theatre->random.state = history_seed(SEED);
	for (size_t part = 0; part < PLAN_PARTS; part++) {
		const struct plan *plan = &play->parts[part];

		for (size_t i = 0; i < plan->accounts; i++, theatre->accounts++) {
			struct history *history = &theatre->histories[theatre->accounts];
			char account[PLAYER_ACCOUNT_BYTES];

			history_make(history, &theatre->random, plan->kind, plan->steps);
			snprintf(account, sizeof(account), "%s-%zu", play->name, theatre->accounts);
			player_init(
			    &theatre->players[theatre->accounts], account, history->steps, history->count);
			theatre->steps += history->count;
		}
	}
	*state = theatre;
	return 0;
}

static int
tear_down(void **state)
{
	struct theatre *theatre = *state;

	for (size_t i = 0; i < theatre->accounts; i++) {
		player_finish(&theatre->players[i]);
		history_finish(&theatre->histories[i]);
	}
	stage_close(&theatre->stage);
	free(theatre);
	return 0;
}

static void
explain_and_fail(struct theatre *theatre)
{
	for (size_t i = 0; i < theatre->accounts; i++) {
		if (theatre->players[i].difference.size > 0) {
			player_explain(&theatre->players[i], theatre->stage.client);
			fail_msg("the service and the rules part in account %s", theatre->players[i].account);
		}
	}
	service_print_prose(theatre->stage.service);
	fail_msg("a call did not come back");
}

static size_t
steps_played(const struct theatre *theatre)
{
	size_t played = 0;

	for (size_t i = 0; i < theatre->accounts; i++)
		played += theatre->players[i].played;
	return played;
}

static void
test_model_agrees_on_every_answer(void **state)
{
	struct theatre *theatre = *state;
	struct player *players = theatre->players;
	struct stage *stage = &theatre->stage;
	size_t ends = 0;
	bool agreed = true;

	while (agreed && steps_played(theatre) < theatre->steps) {
		if (random_below(&theatre->random, END_EVERY) == 0) {
			bool killed = ends++ % 3 != 2;

			agreed = players_step_over_end(
				     players, theatre->accounts, stage, &theatre->random, killed) &&
			    players_sweep(players, theatre->accounts, stage->client, &theatre->random, false);
		} else {
			agreed = players_step(players, theatre->accounts, stage->client);
		}
	}
	agreed = agreed && players_sweep(players, theatre->accounts, stage->client, &theatre->random, true);
	if (!agreed)
		explain_and_fail(theatre);
	assert_true(players_compared() >= 3 * theatre->steps);
	assert_true(ends >= 3);
	assert_true(players_sent_again() > 0);
	fprintf(stderr, "# %zu steps, %lu comparisons, ended %zu times with %lu calls in flight\n",
	    theatre->steps, (unsigned long)players_compared(), ends, (unsigned long)players_sent_again());
}

/* What all histories of a play came to, as sets of bits. */
struct came_to {
	unsigned verdicts[CONFLICT_IDENTITY + 1];
	unsigned outcomes;
	unsigned causes;
	unsigned refusals;
	unsigned actions;
	size_t shared;
	size_t replayed;
	size_t foretold;
	size_t aliases;
	size_t redacted;
	size_t erased;
	size_t suppressed;
	size_t ahead;
};

static void
note_entry(struct came_to *came_to, const struct model_entry *entry)
{
	came_to->refusals |= 1u << entry->refusal;
	came_to->replayed += entry->replay_of != 0;
	if (entry->refusal != MODEL_TAKEN_IN || entry->replay_of != 0)
		return;
	came_to->actions |= 1u << entry->request.action;
	came_to->foretold += entry->request.validate_only;
	came_to->redacted += entry->redacted;
	came_to->ahead += entry->claim.claimed_at_us != 0;
	came_to->erased += entry->request.action == ACTION_ERASE;
	came_to->suppressed += entry->request.action == ACTION_ERASE && entry->request.suppress;
	came_to->shared += entry->shared_count;
	if (entry->request.action == ACTION_IDENTIFY)
		came_to->outcomes |= 1u << entry->outcome;
	for (size_t i = 0; i < entry->conflict_count; i++)
		came_to->verdicts[entry->conflicts[i].kind] |= 1u << entry->conflicts[i].verdict;
	for (size_t i = 0; i < entry->loss_count; i++)
		came_to->causes |= 1u << entry->losses[i].cause;
	for (size_t i = 0; i < entry->contact.fact_count; i++)
		came_to->aliases += entry->contact.facts[i].alias;
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
	const unsigned everywhere = 1 << MODEL_CONTACT_NOT_FOUND | 1 << MODEL_IDENTIFIER_SUPPRESSED;
	struct theatre *theatre = *state;
	struct came_to came_to = { 0 };
	unsigned acts = 0;

	for (size_t i = 0; i < theatre->accounts; i++) {
		const struct model *model = theatre->players[i].model;

		for (size_t j = 0; j < model->entry_count; j++)
			note_entry(&came_to, &model->entries[j]);
		for (size_t j = 0; j < theatre->histories[i].count; j++)
			acts |= 1u << theatre->histories[i].steps[j].action;
	}
	for (enum conflict_kind kind = CONFLICT_VALUE; kind <= CONFLICT_IDENTITY; kind++)
		assert_int_equal(came_to.verdicts[kind], reachable[kind]);
	assert_int_equal(came_to.outcomes,
	    1 << OUTCOME_CREATED | 1 << OUTCOME_IDENTIFIED | 1 << OUTCOME_UPDATED | 1 << OUTCOME_UNCHANGED);
	assert_int_equal(came_to.causes & play->causes, play->causes);
	assert_int_equal(came_to.refusals & play->refusals, play->refusals);
	assert_int_equal(came_to.refusals & everywhere, everywhere);
	assert_true((came_to.causes & 1u << LOSS_ERASED) != 0);
	assert_int_equal(came_to.actions, acts);
	assert_true(came_to.replayed > 0 && came_to.foretold > 0);
	assert_true(came_to.suppressed > 0 && came_to.erased > came_to.suppressed);
	assert_true(came_to.redacted > 0);
	assert_true(came_to.shared > 0 || !play->shares);
	assert_true(came_to.ahead > 0 || !play->ahead);
	assert_true(came_to.aliases > 0 || (acts & 1u << ACTION_MERGE) == 0);
	fprintf(stderr, "# %zu contacts erased, %zu of them suppressed, and %zu journal entries redacted\n",
	    came_to.erased, came_to.suppressed, came_to.redacted);
}

/* An entry as the journal has it; NULL when it has none. */
static Anagraph__V1__JournalEntry *
read_entry(const struct player *player, struct graph_reader *reader, uint64_t sequence)
{
	struct graph_error error = { 0 };
	struct bytes encoded;
	int result = graph_get_journal(&encoded, reader, bytes_of_string(player->account), sequence, &error);

	if (result != 0) {
		assert_int_equal(result, GRAPH_E_ABSENT);
		return NULL;
	}
	return anagraph__v1__journal_entry__unpack(NULL, encoded.size, encoded.data);
}

/* The journal's entries one by one: those of the model, and no others. Returns how many
 * differ. */
static size_t
compare_entries(const struct player *player, struct graph_reader *reader)
{
	struct model *model = player->model;
	size_t different = 0;
	uint64_t sequence = 1;

	for (size_t i = 0; i <= model->entry_count; i++) {
		const struct model_entry *entry = i < model->entry_count ? &model->entries[i] : NULL;
		struct text expected = { 0 };
		struct text got = { 0 };
		struct text difference = { 0 };
		Anagraph__V1__JournalEntry *stored;

		if (entry != NULL && entry->sequence == 0)
			continue;
		for (; entry != NULL ? sequence < entry->sequence : sequence <= model->journal_sequence + 1;
		     sequence++)
			assert_null(read_entry(player, reader, sequence));
		if (entry == NULL)
			break;
		stored = read_entry(player, reader, sequence++);
		assert_non_null(stored);
		text_add_told_entry(&got, model, stored);
		text_add_entry(&expected, model, entry);
		anagraph__v1__journal_entry__free_unpacked(stored, NULL);
		if (!text_equal(&expected, &got) && ++different <= MOST_SHOWN) {
			text_add_difference(&difference, &expected, &got);
			fprintf(
			    stderr, "account %s, step %zu:\n%s", player->account, i + 1, difference.bytes);
		}
		text_finish(&difference);
		text_finish(&expected);
		text_finish(&got);
	}
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

/* Under each contact, those entries that it had a part in, and no others. */
static size_t
compare_index(const struct player *player, struct graph_reader *reader)
{
	struct bytes account = bytes_of_string(player->account);
	const struct model *model = player->model;
	size_t different = 0;

	for (uint64_t id = 1; id <= model->contact_count + 1; id++) {
		uint64_t sequence = 0;
		bool more = graph_next_journal(&sequence, reader, account, id, sequence) == 0;
		bool equal = true;

		for (size_t i = 0; i < model->entry_count; i++) {
			const struct model_entry *entry = &model->entries[i];

			if (entry->sequence == 0 || !is_indexed(entry, id))
				continue;
			equal = equal && more && sequence == entry->sequence;
			if (more)
				more = graph_next_journal(&sequence, reader, account, id, sequence) == 0;
		}
		if ((!equal || more) && ++different <= MOST_SHOWN)
			fprintf(stderr, "account %s: other entries of contact %lu\n", player->account,
			    (unsigned long)id);
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
	uint64_t dismissed = 0;
	struct graph_error error = { 0 };
	struct account stored;

	for (size_t i = 0; i < model->contact_count; i++) {
		const struct model_contact *contact = model->contacts[i];

		if (contact->forward_to != 0 || contact->erased)
			continue;
		engaged += contact->engaged;
		dismissed += contact->dismissal_count > 0;
		for (enum reach reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
			reached[reach] += model_reached_by(contact, reach);
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
	assert_int_equal(stored.dismissed_count, dismissed);
	assert_int_equal(stored.suppressed_count, model->suppressed_count);
	for (enum reach reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
		assert_int_equal(stored.reach_counts[reach], reached[reach]);
}

static void
test_model_agrees_with_store_and_journal(void **state)
{
	struct theatre *theatre = *state;
	struct graph_options options = { .data_dir = service_data_dir(theatre->stage.service),
		.phone_library_version = phone_library_version(),
		.key = store_key(service_data_dir(theatre->stage.service)) };
	struct graph *graph;
	struct graph_reader *reader;
	struct graph_report report = { 0 };
	struct graph_error error = { 0 };
	size_t different = 0;

	assert_int_equal(service_stop(theatre->stage.service), 0);
	assert_int_equal(graph_open(&graph, &options, &error), 0);
	if (graph_check(&report, graph, &error) != 0)
		fail_msg("the store is not sound: %s", error.message);
	assert_true(report.accounts >= theatre->accounts);
	assert_true(report.forwards > 0);
	assert_int_equal(graph_reader_create(&reader, graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	for (size_t i = 0; i < theatre->accounts; i++) {
		different += compare_entries(&theatre->players[i], reader);
		different += compare_index(&theatre->players[i], reader);
		compare_numbers(&theatre->players[i], reader);
	}
	graph_read_end(reader);
	graph_reader_destroy(reader);
	graph_close(graph);
	assert_int_equal(different, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_agrees_on_every_answer),
		cmocka_unit_test(test_model_histories_leave_no_rule_out),
		cmocka_unit_test(test_model_agrees_with_store_and_journal),
	};

	for (size_t i = 0; i < sizeof(PLAYS) / sizeof(PLAYS[0]) && argc == 2; i++) {
		if (strcmp(PLAYS[i].name, argv[1]) == 0)
			play = &PLAYS[i];
	}
	if (play == NULL) {
		fprintf(stderr, "usage: test_model events|desk|chains|inboxes|leaving\n");
		return 2;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
