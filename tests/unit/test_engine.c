/* The queue of writes from inside: how long it gets, and that what nobody waits for any more
 * leaves it unwritten. The committer is held in an answer, so that all else waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "rules/settings.h"
#include "server/engine/engine.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024 };

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
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	options.graph = store.graph;
	assert_int_equal(engine_create(&engine, &options), 0);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_queue_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
