/* The queue of writes from inside: how long it gets, how much of it one transaction takes,
 * and that what nobody waits for any more leaves it unwritten. The committer is held in an
 * answer, so that all else waits. And what the committer alone knows of limits: when it
 * warns of a store that fills up, how long it keeps an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rules/settings.h"
#include "server/engine/engine.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, SMALL_MAP_BYTES = 2 * 1024 * 1024 };

/* An engine on a new store. */
static struct engine *
start(struct hand_store *store, struct engine_options *options, uint64_t map_bytes)
{
	struct engine *engine;

	hand_store_create(store, map_bytes);
	hand_store_open(store);
	options->graph = store->graph;
	assert_int_equal(engine_create(&engine, options), 0);
	return engine;
}

/* A write in whose answer the committer waits. */
struct gate {
	struct engine_write write;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool entered;
	bool open;
};

static struct gate *
gate_of(struct engine_write *write)
{
	return (struct gate *)(void *)((uint8_t *)write - offsetof(struct gate, write));
}

static void
hold(struct engine_write *write)
{
	struct gate *gate = gate_of(write);

	pthread_mutex_lock(&gate->lock);
	gate->entered = true;
	pthread_cond_signal(&gate->changed);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void
gate_close(struct gate *gate, struct engine *engine)
{
	*gate = (struct gate){ .write = { .cancelled = true, .deadline_us = INT64_MAX, .done = hold } };
	pthread_mutex_init(&gate->lock, NULL);
	pthread_cond_init(&gate->changed, NULL);
	assert_int_equal(engine_submit(engine, &gate->write), 0);
	pthread_mutex_lock(&gate->lock);
	while (!gate->entered)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void
gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_signal(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

/* Marks a write that was answered, and how often. */
static void
count_answer(struct engine_write *write)
{
	write->txn++;
}

static void
test_write_queue_limit(void **state)
{
	static struct engine_write writes[LIMIT_WRITE_QUEUE + 2];
	struct hand_store store;
	struct engine_options options = { .settings = settings_default() };
	struct engine *engine;
	struct gate gate;

	(void)state;
	engine = start(&store, &options, MAP_BYTES);
	gate_close(&gate, engine);
	for (size_t i = 0; i < LIMIT_WRITE_QUEUE + 2; i++) {
		/* Every other one's caller has gone; the others' deadlines have passed. */
		writes[i].cancelled = i % 2 == 0;
		writes[i].deadline_us = i % 2 == 0 ? INT64_MAX : engine_now_us();
		writes[i].done = count_answer;
	}
	for (size_t i = 0; i < LIMIT_WRITE_QUEUE; i++)
		assert_int_equal(engine_submit(engine, &writes[i]), 0);
	assert_int_equal(engine_submit(engine, &writes[LIMIT_WRITE_QUEUE]), ENGINE_E_OVERLOADED);
	engine_drain(engine);
	assert_int_equal(engine_submit(engine, &writes[LIMIT_WRITE_QUEUE + 1]), ENGINE_E_DRAINING);
	gate_open(&gate);
	engine_destroy(engine);
	for (size_t i = 0; i < LIMIT_WRITE_QUEUE; i++) {
		assert_int_equal(writes[i].txn, 1);
		assert_int_equal(writes[i].rejection.reason, REASON_DEADLINE_PASSED);
	}
	assert_int_equal(writes[LIMIT_WRITE_QUEUE].txn, 0);
	assert_int_equal(writes[LIMIT_WRITE_QUEUE + 1].txn, 0);
	assert_int_equal(hand_store_expect_sound(&store).accounts, 0);
	hand_store_destroy(&store);
	pthread_cond_destroy(&gate.changed);
	pthread_mutex_destroy(&gate.lock);
}

/* A visitor's first event on its way through the engine. */
struct visit {
	struct engine_write write;
	struct identifier identifier;
	char value[16];
	atomic_bool done;
};

static void
visit_done(struct engine_write *write)
{
	struct visit *visit = (struct visit *)(void *)write;

	assert_int_equal(write->rejection.reason, REASON_NONE);
	atomic_store(&visit->done, true);
}

static void
submit(struct engine *engine, struct visit *visit, unsigned number, struct bytes request_id)
{
	int size = snprintf(visit->value, sizeof(visit->value), "n-%u", number);

	visit->identifier = (struct identifier){
		.namespace_id = NAMESPACE_PUSH,
		.value = bytes_of(visit->value, (size_t)size),
	};
	visit->write = (struct engine_write){
		.event = { .action = ACTION_IDENTIFY,
		    .account = BYTES("shop"),
		    .claim = { .source = SOURCE_PUSH },
		    .identifiers = &visit->identifier,
		    .identifier_count = 1 },
		.request_id = request_id,
		.deadline_us = INT64_MAX,
		.done = visit_done,
	};
	atomic_store(&visit->done, false);
	assert_int_equal(engine_submit(engine, &visit->write), 0);
}

static void
wait_for(struct visit *visit)
{
	while (!atomic_load(&visit->done))
		sched_yield();
}

static void
pass_done(struct engine_write *write)
{
	atomic_store(&((struct visit *)(void *)write)->done, true);
}

/* Returns once the committer has come round: it takes up nothing new before it is through
 * with what it had. */
static void
pass_through(struct engine *engine)
{
	struct visit pass = {
		.write = { .cancelled = true, .deadline_us = INT64_MAX, .done = pass_done },
	};

	assert_int_equal(engine_submit(engine, &pass.write), 0);
	wait_for(&pass);
}

/* A write whose answer is kept. */
struct kept {
	struct visit visit;
	uint8_t response[1024];
	size_t response_size;
};

static void
keep_answer(struct engine_write *write)
{
	struct kept *kept = (struct kept *)(void *)write;

	assert_in_range(write->response.size, 1, sizeof(kept->response));
	memcpy(kept->response, write->response.data, write->response.size);
	kept->response_size = write->response.size;
	visit_done(write);
}

/* What the committer answers an event. */
static void
write_event(struct kept *kept, struct engine *engine, const struct event *event)
{
	kept->visit.write = (struct engine_write){
		.event = *event,
		.deadline_us = INT64_MAX,
		.done = keep_answer,
	};
	atomic_store(&kept->visit.done, false);
	assert_int_equal(engine_submit(engine, &kept->visit.write), 0);
	wait_for(&kept->visit);
}

/* An event that changes nothing is answered from a snapshot, word for word as the committer
 * answers it; anything else is left to the committer. */
static void
test_what_changes_nothing_is_answered_alike_from_a_snapshot(void **state)
{
	struct identifier browser = { .namespace_id = NAMESPACE_PUSH, .value = BYTES("browser-1") };
	struct attribute city = {
		.name = BYTES("CITY"),
		.value = { .type = VALUE_STRING, .string = BYTES("Bari") },
	};
	struct event event = {
		.action = ACTION_IDENTIFY,
		.account = BYTES("shop"),
		.claim = { .source = SOURCE_PUSH, .claimed_at_us = 1000000, .clamped = true },
		.identifiers = &browser,
		.identifier_count = 1,
		.attributes = &city,
		.attribute_count = 1,
	};
	struct engine_options options = { .settings = settings_default() };
	struct graph_reader *reader;
	struct hand_store store;
	struct engine *engine;
	struct arena arena;
	struct kept told;

	(void)state;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	engine = start(&store, &options, MAP_BYTES);
	assert_int_equal(graph_reader_create(&reader, store.graph), 0);
	for (unsigned time = 0; time < 4; time++) {
		struct engine_write write = { .event = event, .validate_only = time == 3 };
		/* Known from the second time on; then only what is new is left to the committer. */
		int expected = time == 0 ? ENGINE_E_SUBMIT : 0;

		assert_int_equal(graph_read_begin(reader), 0);
		assert_int_equal(engine_answer_unchanged(&write, engine, reader, &arena), expected);
		graph_read_end(reader);
		write_event(&told, engine, &event);
		if (expected == 0) {
			assert_int_equal(write.response.size, told.response_size);
			assert_memory_equal(write.response.data, told.response, told.response_size);
		}
	}
	for (unsigned change = 0; change < 4; change++) {
		struct engine_write write = { .event = event };
		struct attribute other = city;

		other.value.string = change == 0 ? BYTES("Roma") : city.value.string;
		write.event.attributes = &other;
		write.event.claim.claimed_at_us += change == 0 ? 1000000 : 0;
		write.event.action = change == 1 ? ACTION_PROMOTE : ACTION_IDENTIFY;
		write.request_id = change == 2 ? BYTES("r-1") : BYTES("");
		write.event.account = change == 3 ? BYTES("other") : event.account;
		assert_int_equal(graph_read_begin(reader), 0);
		assert_int_equal(engine_answer_unchanged(&write, engine, reader, &arena), ENGINE_E_SUBMIT);
		graph_read_end(reader);
	}
	graph_reader_destroy(reader);
	engine_drain(engine);
	engine_destroy(engine);
	assert_int_equal(hand_store_expect_sound(&store).contacts, 1);
	hand_store_destroy(&store);
	arena_finish(&arena);
}

static void
test_N3_numbers_that_somebody_has(void **state)
{
	static const struct bytes shop = { (const uint8_t *)"shop", 4 };
	static const struct bytes number = { (const uint8_t *)"+390212345678", 13 };
	struct identifier phone = { .namespace_id = NAMESPACE_PHONE, .value = number };
	const struct event event = {
		.action = ACTION_IDENTIFY,
		.account = shop,
		.claim = { .source = SOURCE_PUSH },
		.identifiers = &phone,
		.identifier_count = 1,
	};
	struct engine_options options = { .settings = settings_default() };
	struct graph_reader *reader;
	struct hand_store store;
	struct engine *engine;
	struct kept told;

	(void)state;
	engine = start(&store, &options, MAP_BYTES);
	assert_int_equal(graph_reader_create(&reader, store.graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	assert_false(engine_has_number(reader, shop, NAMESPACE_PHONE, number));
	graph_read_end(reader);
	write_event(&told, engine, &event);
	assert_int_equal(graph_read_begin(reader), 0);
	assert_true(engine_has_number(reader, shop, NAMESPACE_PHONE, number));
	assert_false(engine_has_number(reader, shop, NAMESPACE_LANDLINE, number));
	assert_false(engine_has_number(reader, BYTES("shop2"), NAMESPACE_PHONE, number));
	graph_read_end(reader);
	graph_reader_destroy(reader);
	engine_drain(engine);
	engine_destroy(engine);
	hand_store_destroy(&store);
}

/* What waits together shares a transaction, but for what is past the limit. */
static void
test_batch_limit(void **state)
{
	static struct visit visits[LIMIT_BATCH_EVENTS + 1];
	struct hand_store store;
	struct engine_options options = { .settings = settings_default() };
	struct engine *engine;
	struct gate gate;

	(void)state;
	engine = start(&store, &options, MAP_BYTES);
	gate_close(&gate, engine);
	for (unsigned i = 0; i <= LIMIT_BATCH_EVENTS; i++)
		submit(engine, &visits[i], i, BYTES(""));
	engine_drain(engine);
	gate_open(&gate);
	engine_destroy(engine);
	for (unsigned i = 0; i <= LIMIT_BATCH_EVENTS; i++)
		assert_true(atomic_load(&visits[i].done));
	for (unsigned i = 1; i < LIMIT_BATCH_EVENTS; i++)
		assert_int_equal(visits[i].write.txn, visits[0].write.txn);
	assert_int_equal(visits[LIMIT_BATCH_EVENTS].write.txn, visits[0].write.txn + 1);
	assert_int_equal(hand_store_expect_sound(&store).contacts, LIMIT_BATCH_EVENTS + 1);
	hand_store_destroy(&store);
	pthread_cond_destroy(&gate.changed);
	pthread_mutex_destroy(&gate.lock);
}

static void
count_line(void *context, const char *message)
{
	atomic_uint *lines = context;

	assert_non_null(strstr(message, "80 % of its space"));
	atomic_fetch_add(lines, 1);
}

/* A line in the log at 80 per cent, none at 79, and one alone however long that lasts. */
static void
test_store_alarm(void **state)
{
	struct hand_store store;
	atomic_uint lines = 0;
	struct engine_options options = {
		.settings = settings_default(),
		.log = count_line,
		.log_context = &lines,
	};
	struct engine *engine;
	bool seen_below = false;
	unsigned used_percent = 0;

	(void)state;
	engine = start(&store, &options, SMALL_MAP_BYTES);
	for (unsigned i = 0; used_percent < LIMIT_STORE_ALARM_PERCENT + 5; i++) {
		struct visit visit;

		submit(engine, &visit, i, BYTES(""));
		wait_for(&visit);
		pass_through(engine);
		used_percent = graph_used_percent(store.graph);
		assert_int_equal(atomic_load(&lines), used_percent >= LIMIT_STORE_ALARM_PERCENT);
		seen_below = seen_below || used_percent == LIMIT_STORE_ALARM_PERCENT - 1;
	}
	assert_true(seen_below);
	engine_drain(engine);
	engine_destroy(engine);
	hand_store_destroy(&store);
}

static int64_t
wall_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* That an answer is found until it expires, and no longer, the store's own tests show. */
static void
test_R26_an_answer_is_kept_for_a_day(void **state)
{
	const int64_t day_us = (int64_t)LIMIT_REPLAY_SECONDS * 1000000;
	struct hand_store store;
	struct engine_options options = { .settings = settings_default() };
	struct engine *engine;
	struct visit visit;
	int64_t before_us = wall_clock_us();
	int64_t expires_at_us;

	(void)state;
	assert_int_equal(LIMIT_REPLAY_SECONDS, 24 * 60 * 60);
	engine = start(&store, &options, MAP_BYTES);
	submit(engine, &visit, 1, BYTES("r-1"));
	engine_drain(engine);
	engine_destroy(engine);
	assert_int_equal(graph_read_begin(store.reader), 0);
	assert_int_equal(graph_next_expiry(&expires_at_us, store.reader), 0);
	graph_read_end(store.reader);
	assert_true(expires_at_us >= before_us + day_us);
	assert_true(expires_at_us <= wall_clock_us() + day_us);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_queue_limit),
		cmocka_unit_test(test_what_changes_nothing_is_answered_alike_from_a_snapshot),
		cmocka_unit_test(test_N3_numbers_that_somebody_has),
		cmocka_unit_test(test_batch_limit),
		cmocka_unit_test(test_store_alarm),
		cmocka_unit_test(test_R26_an_answer_is_kept_for_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
