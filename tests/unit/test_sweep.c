/* What an engine clears away by itself, with nobody writing: the store is made by hand
 * with entries and answers of years ago, and an engine that starts on it finds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/settings.h"
#include "server/engine/engine.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 256 * 1024 * 1024, SMALL_MAP_BYTES = 2 * 1024 * 1024, MANY = 300 };

/* Decides nothing: no event is sent. */
static struct engine *
start(struct hand_store *store, const struct settings *settings)
{
	const struct engine_options options = { .graph = store->graph, .settings = settings };
	struct engine *engine;

	assert_int_equal(engine_create(&engine, &options), 0);
	return engine;
}

static void
stop(struct engine *engine)
{
	engine_drain(engine);
	engine_destroy(engine);
}

static bool
has_journal(struct hand *hand)
{
	struct graph_error error;
	int64_t recorded_at_us;
	int result;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	result = graph_oldest_journal(&recorded_at_us, hand->store->reader, hand->account, &error);
	graph_read_end(hand->store->reader);
	assert_true(result == 0 || result == GRAPH_E_ABSENT);
	return result == 0;
}

static bool
has_answers(struct hand_store *store)
{
	int64_t expires_at_us;
	int result;

	assert_int_equal(graph_read_begin(store->reader), 0);
	result = graph_next_expiry(&expires_at_us, store->reader);
	graph_read_end(store->reader);
	assert_true(result == 0 || result == GRAPH_E_ABSENT);
	return result == 0;
}

static void
make_contacts(struct hand *hand, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char browser[16];

		hand_create(hand, bytes_of(browser, (size_t)snprintf(browser, sizeof(browser), "d-%u", i)));
	}
}

static void
keep_answer(struct hand_store *store, const char *request_id, int64_t expires_at_us)
{
	const struct graph_request request = { .account = BYTES("shop"),
		.request_id = bytes_of_string(request_id) };
	struct graph_error error;
	uint64_t txn;

	assert_int_equal(graph_write_begin(store->graph), 0);
	assert_int_equal(
	    graph_keep_request(store->graph, &request, NULL, 0, BYTES("answer"), expires_at_us), 0);
	assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
}

/* Accounts of three kinds: the default's, which has a number of days; one that keeps its
 * journal for ever; one that keeps it for as long as there has been a clock. */
static void
test_journals_past_their_time_go(void **state)
{
	const struct account_override accounts[] = {
		{ .account = BYTES("ever"), .settings = { .journal_retention_days = 0 } },
		{ .account = BYTES("long"), .settings = { .journal_retention_days = 36500 } },
	};
	const struct settings settings = {
		.defaults = { .journal_retention_days = 30 },
		.accounts = accounts,
		.account_count = 2,
	};
	static const char *const names[] = { "a", "ever", "long", "shop", "z" };
	struct hand_store store;
	struct hand hands[5];
	struct graph_report report;
	struct engine *engine;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (size_t i = 0; i < 5; i++) {
		hand_begin(&hands[i], &store, names[i]);
		make_contacts(&hands[i], i == 3 ? MANY : 10);
	}
	engine = start(&store, &settings);
	while (has_journal(&hands[0]) || has_journal(&hands[3]) || has_journal(&hands[4]))
		sched_yield();
	stop(engine);
	report = hand_store_expect_sound(&store);
	assert_int_equal(report.contacts, MANY + 40);
	assert_int_equal(report.journal_entries, 20);
	assert_true(has_journal(&hands[1]));
	assert_true(has_journal(&hands[2]));
	for (size_t i = 0; i < 5; i++)
		hand_end(&hands[i]);
	hand_store_destroy(&store);
}

/* More accounts than are looked at in one go. */
static void
test_every_account_is_come_to(void **state)
{
	const struct settings settings = { .defaults = { .journal_retention_days = 1 } };
	struct hand_store store;
	struct engine *engine;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (unsigned i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "shop-%03u", i);
		hand_begin(&hand, &store, name);
		hand_create(&hand, BYTES("d-1"));
		if (i < 299)
			hand_end(&hand);
	}
	engine = start(&store, &settings);
	while (has_journal(&hand))
		sched_yield();
	stop(engine);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 0);
	hand_end(&hand);
	hand_store_destroy(&store);
}

static void
test_expired_answers_go_without_a_write(void **state)
{
	struct hand_store store;
	struct graph_report report;
	struct engine *engine;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	for (unsigned i = 0; i < MANY; i++) {
		char id[16];

		snprintf(id, sizeof(id), "r-%u", i);
		keep_answer(&store, id, 1700000000000000 + i);
	}
	engine = start(&store, settings_default());
	while (has_answers(&store))
		sched_yield();
	stop(engine);
	assert_int_equal(hand_store_expect_sound(&store).requests, 0);

	keep_answer(&store, "r-later", INT64_MAX);
	engine = start(&store, settings_default());
	stop(engine);
	report = hand_store_expect_sound(&store);
	assert_int_equal(report.requests, 1);
	hand_store_destroy(&store);
}

static uint64_t
last_txn(struct hand_store *store)
{
	uint64_t txn;

	assert_int_equal(graph_read_begin(store->reader), 0);
	txn = graph_reader_txn(store->reader);
	graph_read_end(store->reader);
	return txn;
}

/* Looking writes nothing, and what is found goes in one transaction where it fits. */
static void
test_looking_writes_nothing(void **state)
{
	const struct settings settings = { .defaults = { .journal_retention_days = 36500 } };
	struct hand_store store;
	struct engine *engine;
	struct hand hand;
	uint64_t before;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	make_contacts(&hand, 10);
	keep_answer(&store, "r-1", 1700000000000000);
	keep_answer(&store, "r-2", 1700000000000001);
	before = last_txn(&store);
	engine = start(&store, &settings);
	while (has_answers(&store))
		sched_yield();
	stop(engine);
	assert_int_equal(last_txn(&store), before + 1);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 10);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* A store too full to be written to has its journals swept all the same. */
static void
test_sweeping_a_full_store(void **state)
{
	const struct settings settings = { .defaults = { .journal_retention_days = 30 } };
	struct hand_store store;
	struct engine *engine;
	struct hand hand;
	unsigned count = 0;

	(void)state;
	hand_store_create(&store, SMALL_MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	while (graph_used_percent(store.graph) < LIMIT_STORE_WRITE_PERCENT) {
		char browser[16];

		hand_create(
		    &hand, bytes_of(browser, (size_t)snprintf(browser, sizeof(browser), "d-%u", count++)));
	}
	assert_int_equal(graph_write_begin(store.graph), GRAPH_E_FULL);
	engine = start(&store, &settings);
	while (has_journal(&hand))
		sched_yield();
	stop(engine);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, 0);
	hand_expect_stored(&hand);
	hand_end(&hand);
	hand_store_destroy(&store);
}

/* A visitor's event on its way through the engine. */
struct visit {
	struct engine_write write;
	struct identifier identifier;
	char value[16];
	atomic_bool done;
};

static void
visit_done(struct engine_write *write)
{
	struct visit *visit = (struct visit *)write;

	atomic_store(&visit->done, true);
}

static void
submit(struct engine *engine, struct visit *visit, unsigned number)
{
	const struct claim claim = { .source = SOURCE_PUSH };
	int size = snprintf(visit->value, sizeof(visit->value), "n-%u", number);

	visit->identifier = (struct identifier){
		.namespace_id = NAMESPACE_PUSH,
		.value = bytes_of(visit->value, (size_t)size),
	};
	visit->write = (struct engine_write){
		.event = { .action = ACTION_IDENTIFY,
		    .account = BYTES("shop"),
		    .claim = claim,
		    .identifiers = &visit->identifier,
		    .identifier_count = 1 },
		.deadline_us = INT64_MAX,
		.done = visit_done,
	};
	assert_int_equal(engine_submit(engine, &visit->write), 0);
}

/* Writes go on while a journal is swept: each is answered, and what it writes stays. */
static void
test_sweeping_beside_writes(void **state)
{
	const struct settings settings = { .defaults = { .journal_retention_days = 30,
					       .shared_limit = DEFAULT_SHARED_LIMIT } };
	struct visit *visits = calloc(MANY, sizeof(*visits));
	struct hand_store store;
	struct graph_report report;
	struct engine *engine;
	struct hand hand;

	(void)state;
	assert_non_null(visits);
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	hand_begin(&hand, &store, "shop");
	make_contacts(&hand, MANY);
	engine = start(&store, &settings);
	for (unsigned i = 0; i < MANY; i++)
		submit(engine, &visits[i], i);
	for (unsigned i = 0; i < MANY; i++) {
		while (!atomic_load(&visits[i].done))
			sched_yield();
		assert_int_equal(visits[i].write.rejection.reason, REASON_NONE);
	}
	do {
		report = hand_store_expect_sound(&store);
	} while (report.journal_entries > MANY);
	stop(engine);
	assert_int_equal(hand_store_expect_sound(&store).journal_entries, MANY);
	assert_int_equal(report.contacts, 2 * MANY);
	hand_end(&hand);
	hand_store_destroy(&store);
	free(visits);
}

/* Another process reads the store: in the child, which never returns. */
static void
read_for_ever(const struct hand_store *store, int ready)
{
	const struct graph_options options = {
		.data_dir = store->data_dir,
		.map_size_bytes = store->map_size_bytes,
		.without_key = true,
		.only_readers = true,
	};
	struct graph_reader *reader;
	struct graph_error error;
	struct graph *graph;

	if (graph_open(&graph, &options, &error) != 0 || graph_reader_create(&reader, graph) != 0 ||
	    graph_read_begin(reader) != 0 || write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* Returns once it is in the midst of reading. */
static pid_t
start_reader(const struct hand_store *store)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		read_for_ever(store, ready[1]);
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
kill_reader(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static unsigned
clear_readers(struct hand_store *store)
{
	unsigned cleared = 77;

	assert_int_equal(graph_clear_readers(&cleared, store->graph), 0);
	return cleared;
}

static void
test_a_reader_that_was_killed_is_cleared(void **state)
{
	struct hand_store store;
	pid_t pid;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	pid = start_reader(&store);
	assert_int_equal(clear_readers(&store), 0); /* it reads, as this process does */
	kill_reader(pid);
	assert_int_equal(clear_readers(&store), 1);
	assert_int_equal(clear_readers(&store), 0);
	hand_store_destroy(&store);
}

/* A write is answered before the engine looks around: with the second one's answer it has. */
static void
test_an_engine_clears_readers_that_were_killed(void **state)
{
	const struct settings settings = { .defaults = { .shared_limit = DEFAULT_SHARED_LIMIT } };
	struct visit *visits = calloc(2, sizeof(*visits));
	struct hand_store store;
	struct engine *engine;

	(void)state;
	assert_non_null(visits);
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	kill_reader(start_reader(&store));
	engine = start(&store, &settings);
	for (unsigned i = 0; i < 2; i++) {
		submit(engine, &visits[i], i);
		while (!atomic_load(&visits[i].done))
			sched_yield();
	}
	assert_int_equal(clear_readers(&store), 0);
	stop(engine);
	hand_store_destroy(&store);
	free(visits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journals_past_their_time_go),
		cmocka_unit_test(test_every_account_is_come_to),
		cmocka_unit_test(test_expired_answers_go_without_a_write),
		cmocka_unit_test(test_looking_writes_nothing),
		cmocka_unit_test(test_sweeping_a_full_store),
		cmocka_unit_test(test_sweeping_beside_writes),
		cmocka_unit_test(test_a_reader_that_was_killed_is_cleared),
		cmocka_unit_test(test_an_engine_clears_readers_that_were_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
