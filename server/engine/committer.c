/* The one thread that writes. It takes all that waits, decides each event on what the
 * ones before it left, commits once, and answers only then. While the commit syncs,
 * the next batch gathers: the busier, the larger, with nothing to tune. Callers who come
 * back as soon as they are answered are waited for a moment, for they fit in as well.
 *
 * What always holds: an event is applied whole or not at all, and is answered with
 * success only after graph_commit returned 0. What fails how: an event that cannot be
 * decided is answered by itself; a store error drops the transaction and every event
 * of the batch is tried again in one of its own, so that only the guilty one fails; a
 * commit that fails is the last one ever tried. */
#include "server/engine/committer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/engine/action.h"
#include "server/engine/decided.h"
#include "server/engine/reunion.h"
#include "server/engine/sweep.h"
#include "server/engine/told.h"
#include "server/wire/messages.h"

/* What the decisions of one batch may take; one event past it is refused. */
enum { BATCH_ARENA_BYTES = 256 * 1024 * 1024, BATCH_KEPT_BYTES = 4 * 1024 * 1024 };

/* How many expired answers and journal entries are taken away for each event of a batch:
 * more than an event can add, so that the sweep always catches up, and few enough that a
 * small batch stays a small one. And how many in a transaction of their own. */
enum { SWEPT_PER_EVENT = 2, SWEPT_ALONE = 256 };

static const int64_t REPLAY_US = (int64_t)LIMIT_REPLAY_SECONDS * 1000000;

struct engine {
	struct engine_options options;
	pthread_t committer;
	/* The committer's. */
	struct arena arena;
	struct sweep sweep;
	struct decided_list decided; /* of the transaction */
	bool alarmed;                /* the store was past its alarm when last looked at */
	struct reunion reunion;
	/* Set by the committer, read by any thread. */
	_Atomic int64_t recorded_at_us; /* of the last event */
	atomic_bool full;               /* the last write that began found no space */
	atomic_bool failed;   /* a commit did: set with the lock, so that nothing is queued after it */
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t arrived;
	struct engine_write *first;
	struct engine_write **last_next;
	size_t waiting_count;
	size_t wanted_count;                /* the committer waits until so many do; 0: it does not */
	const struct decider *next_decider; /* to be taken before the next batch; NULL: none */
	pthread_cond_t decider_taken;
	bool draining;
	bool ending;
};

void
engine_log(const struct engine *engine, const char *message)
{
	if (engine->options.log != NULL)
		engine->options.log(engine->options.log_context, message);
}

const struct settings *
engine_settings(const struct engine *engine)
{
	return engine->options.settings;
}

bool
engine_takes_writes(const struct engine *engine)
{
	return !atomic_load(&engine->failed) && !atomic_load(&engine->full);
}

/* The moment an event is taken in: the clock's, but always later than the last, so
 * that of two events without a time of their own the later one is newer. */
int64_t
engine_recorded_at(const struct engine *engine)
{
	int64_t last_us = atomic_load(&engine->recorded_at_us);
	struct timespec now;
	int64_t now_us;

	clock_gettime(CLOCK_REALTIME, &now);
	now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	return now_us > last_us ? now_us : last_us + 1;
}

static int64_t
next_recorded_at(struct engine *engine)
{
	int64_t now_us = engine_recorded_at(engine);

	atomic_store(&engine->recorded_at_us, now_us);
	return now_us;
}

static void
reject(struct engine_write *write, enum reason reason, const char *message)
{
	write->rejection = (struct rejection){ .reason = reason, .message = message };
}

/* Words for a result that befalls a transaction rather than one event. */
static void
reject_for_store(const struct engine *engine, struct engine_write *write, int result)
{
	switch (result) {
	case GRAPH_E_FULL:
		reject(write, REASON_STORE_FULL, "The store has no space left for writes.");
		break;
	case GRAPH_E_FAILED:
		reject(
		    write, REASON_STORE_FAILED, "A write to stable storage failed; nothing more is written.");
		break;
	case GRAPH_E_DAMAGED:
		reject(write, REASON_RECORD_DAMAGED,
		    "A record that this event needs is damaged; the log names it.");
		break;
	case -ENOMEM:
		reject(write, REASON_OVERLOADED, "The service is out of memory for this event.");
		break;
	default:
		if (result < 0)
			engine_log(engine, strerror(-result));
		reject(write, REASON_INTERNAL, "The store could not take this event; the log says why.");
		break;
	}
}

static struct timespec
timespec_of(int64_t time_us)
{
	return (struct timespec){ .tv_sec = time_us / 1000000, .tv_nsec = time_us % 1000000 * 1000 };
}

/* Waits until a write does, the engine ends, there is something to sweep or another decider.
 * With the lock. */
static void
wait_for_work(struct engine *engine)
{
	const struct timespec until = timespec_of(sweep_idle_until_us(&engine->sweep));
	int result = 0;

	while (engine->first == NULL && engine->next_decider == NULL && !engine->ending && result == 0) {
		if (engine->failed)
			result = pthread_cond_wait(&engine->arrived, &engine->lock);
		else
			result = pthread_cond_timedwait(&engine->arrived, &engine->lock, &until);
	}
}

/* Waits for those who have just been answered, where that is worth while. With the lock. */
static void
wait_for_reunion(struct engine *engine)
{
	const struct timespec until = timespec_of(engine->reunion.until_us);
	int result = 0;

	engine->wanted_count = reunion_wanted(&engine->reunion, engine->waiting_count, engine_now_us());
	if (engine->wanted_count == 0)
		return;
	while (engine->waiting_count < engine->wanted_count && !engine->ending && result == 0)
		result = pthread_cond_timedwait(&engine->arrived, &engine->lock, &until);
	reunion_note(&engine->reunion, engine->waiting_count >= engine->wanted_count);
	engine->wanted_count = 0;
}

/* With the lock, between two batches. */
static void
take_decider(struct engine *engine)
{
	if (engine->next_decider == NULL)
		return;
	engine->options.decider = *engine->next_decider;
	engine->next_decider = NULL;
	pthread_cond_signal(&engine->decider_taken);
}

/* Takes what waits, up to one batch; NULL when nothing does, but there is something to
 * sweep. Returns whether the engine goes on. */
static bool
take_batch(struct engine_write **out, struct engine *engine)
{
	struct engine_write *batch;
	struct engine_write **end;
	size_t count = 0;
	bool goes_on;

	pthread_mutex_lock(&engine->lock);
	wait_for_work(engine);
	wait_for_reunion(engine);
	take_decider(engine);
	goes_on = engine->first != NULL || !engine->ending;
	batch = engine->first;
	for (end = &batch; *end != NULL && count < LIMIT_BATCH_EVENTS; end = &(*end)->next)
		count++;
	engine->first = *end;
	if (engine->first == NULL)
		engine->last_next = &engine->first;
	engine->waiting_count -= count;
	*end = NULL;
	pthread_mutex_unlock(&engine->lock);
	*out = batch;
	return goes_on;
}

/* Answers a write whose caller no longer waits for it; it changes nothing. Returns
 * whether it was one. */
static bool
drop_if_abandoned(struct engine_write *write, int64_t now_us)
{
	if (!atomic_load(&write->cancelled) && write->deadline_us > now_us)
		return false;
	reject(write, REASON_DEADLINE_PASSED, "The caller's deadline passed before the write began.");
	write->done(write);
	return true;
}

/* Takes out of the batch what nobody waits for. */
static void
drop_abandoned(struct engine_write **batch)
{
	int64_t now_us = engine_now_us();

	while (*batch != NULL) {
		struct engine_write *write = *batch;
		struct engine_write *next = write->next; /* done gives the memory back */

		if (drop_if_abandoned(write, now_us))
			*batch = next;
		else
			batch = &write->next;
	}
}

static void
reject_damaged(struct engine *engine, struct engine_write *write, const struct graph_error *error)
{
	engine_log(engine, error->message);
	reject(write, REASON_RECORD_DAMAGED, "A record that this event needs is damaged; the log names it.");
}

/* Answers with what was answered before. 0, also when that made the event's rejection;
 * GRAPH_E_ABSENT when there is no such answer; -errno. */
static int
replay(struct engine *engine, struct engine_write *write, const struct graph_request *request, int64_t now_us)
{
	struct graph_error error;
	struct bytes response;
	int result = graph_find_request(&response, engine->options.graph, request, now_us, &error);

	switch (result) {
	case 0:
		return response_mark_replayed(
		    &write->response, &engine->arena, write->event.action, response);
	case GRAPH_E_REUSED:
		reject(write, REASON_REQUEST_ID_REUSED, "This request_id was given to another request.");
		snprintf(write->rejection.field, sizeof(write->rejection.field), "request_id");
		return 0;
	case GRAPH_E_ERASED:
		reject(write, REASON_CONTACT_NOT_FOUND, "A contact that the answer told of was erased.");
		return 0;
	case GRAPH_E_DAMAGED:
		reject_damaged(engine, write, &error);
		return 0;
	default:
		return result;
	}
}

/* Applies what was decided, unless it was only asked what would happen, and encodes the
 * answer. */
static int
carry_out(struct engine *engine, struct engine_write *write, const struct event *event,
    const struct changeset *changeset)
{
	struct graph_error error;
	struct bytes contact;
	int result;

	if (write->validate_only)
		result = contact_encode(&contact, &engine->arena, changeset->contact);
	else
		result =
		    graph_apply(&contact, engine->options.graph, &engine->arena, event, changeset, &error);
	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	if (result != 0)
		return result;
	return action_answer(&write->response, &engine->arena, event->action, contact, changeset);
}

/* Keeps the answer to a request that has an id. */
static int
keep(struct engine *engine, const struct engine_write *write, const struct graph_request *request,
    const struct changeset *changeset, int64_t now_us)
{
	uint64_t *ids;
	size_t count;
	int result;

	if (request->request_id.size == 0 || write->validate_only)
		return 0;
	result = told_contact_ids(&ids, &count, &engine->arena, changeset);
	if (result != 0)
		return result;
	return graph_keep_request(
	    engine->options.graph, request, ids, count, write->response, now_us + REPLAY_US);
}

/* Answers one event or act, from its decision or from what was answered before. Anything
 * but 0 asks for the transaction to be dropped; what is refused by itself has its rejection
 * set, has changed nothing, and gives 0. */
static int
write_event(struct engine *engine, struct engine_write *write)
{
	struct event event = write->event; /* an event is received anew when it is tried again */
	struct graph_request request = { .account = event.account, .request_id = write->request_id };
	int64_t now_us = next_recorded_at(engine);
	struct neighbourhood known;
	struct changeset changeset;
	struct graph_error error;
	int result;

	write->rejection.reason = REASON_NONE;
	memcpy(request.digest, write->request_digest, sizeof(request.digest));
	if (request.request_id.size != 0) {
		result = replay(engine, write, &request, now_us);
		if (result != GRAPH_E_ABSENT)
			return result;
	}
	event_receive(&event, now_us);
	result = action_load(&known, engine->options.graph, &engine->arena, &event, &error);
	if (result == GRAPH_E_DAMAGED) {
		reject_damaged(engine, write, &error);
		return 0;
	}
	if (result != 0)
		return result;
	result = action_decide(&changeset, &write->rejection, &engine->arena, &event, &known,
	    settings_of(engine->options.settings, event.account), &engine->options.decider);
	if (result != 0)
		return result == DECIDE_E_REJECTED ? 0 : result;
	result = carry_out(engine, write, &event, &changeset);
	if (result == 0)
		result = keep(engine, write, &request, &changeset, now_us);
	if (result == 0 && !write->validate_only)
		result = decided_note(&engine->decided, &engine->arena, event.account, &changeset);
	return result;
}

static void
fail_for_good(struct engine *engine, const char *message)
{
	pthread_mutex_lock(&engine->lock);
	engine->failed = true;
	pthread_mutex_unlock(&engine->lock);
	engine->options.failed(engine->options.failed_context, message);
}

static int
commit(struct engine *engine, struct engine_write *batch)
{
	struct graph_error error;
	uint64_t txn;
	int result = graph_commit(&txn, engine->options.graph, &error);

	if (result == GRAPH_E_FAILED)
		fail_for_good(engine, error.message);
	for (struct engine_write *write = batch; result == 0 && write != NULL; write = write->next)
		write->txn = txn;
	if (result == 0)
		decided_tell(&engine->decided, &engine->options.decider);
	return result;
}

/* How much is swept along with a batch. */
static size_t
swept_with(const struct engine_write *batch)
{
	size_t most = 0;

	for (; batch != NULL; batch = batch->next)
		most += SWEPT_PER_EVENT;
	return most;
}

/* Erasing goes on in a store that is too full for anything else (R30), but never takes
 * other writes along: a batch that finds no space is tried again one by one. */
static bool
is_erasing_alone(const struct engine_write *batch)
{
	return batch->next == NULL && batch->event.action == ACTION_ERASE;
}

/* One transaction over the batch. On 0 it is committed and every write has its answer
 * or its own rejection; otherwise nothing of it was stored. */
static int
write_batch(struct engine *engine, struct engine_write *batch)
{
	bool erasing = is_erasing_alone(batch);
	int result =
	    erasing ? graph_erase_begin(engine->options.graph) : graph_write_begin(engine->options.graph);

	if (!erasing)
		atomic_store(&engine->full, result == GRAPH_E_FULL);
	if (result != 0)
		return result;
	decided_clear(&engine->decided);
	result = sweep_some(&engine->sweep, swept_with(batch));
	for (struct engine_write *write = batch; result == 0 && write != NULL; write = write->next)
		result = write_event(engine, write);
	if (result != 0) {
		graph_abort(engine->options.graph);
		return result;
	}
	return commit(engine, batch);
}

static void
answer(struct engine_write *batch)
{
	while (batch != NULL) {
		struct engine_write *write = batch;

		batch = write->next; /* done gives the memory back */
		write->done(write);
	}
}

/* Each event in a transaction of its own, after one over all of them failed. Each syncs,
 * so that the last may come to be written long after its caller has gone. */
static void
write_one_by_one(struct engine *engine, struct engine_write *batch)
{
	while (batch != NULL) {
		struct engine_write *write = batch;
		int result;

		batch = write->next;
		write->next = NULL;
		if (drop_if_abandoned(write, engine_now_us()))
			continue;
		arena_reset(&engine->arena);
		result = write_batch(engine, write);
		if (result != 0)
			reject_for_store(engine, write, result);
		write->done(write);
	}
}

static void
watch_space(struct engine *engine)
{
	unsigned used_percent = graph_used_percent(engine->options.graph);
	bool alarm = used_percent >= LIMIT_STORE_ALARM_PERCENT;
	char message[128];

	if (alarm && !engine->alarmed) {
		snprintf(message, sizeof(message),
		    "the store takes %u %% of its space; at %d %% writes are refused", used_percent,
		    LIMIT_STORE_WRITE_PERCENT);
		engine_log(engine, message);
	}
	engine->alarmed = alarm;
}

/* All who wait and all of a batch that is going to be answered. */
static void
expect_reunion(struct engine *engine, const struct engine_write *batch)
{
	size_t count = 0;

	for (; batch != NULL; batch = batch->next)
		count++;
	pthread_mutex_lock(&engine->lock);
	count += engine->waiting_count;
	pthread_mutex_unlock(&engine->lock);
	reunion_expect(&engine->reunion, count);
}

static void
write_and_answer(struct engine *engine, struct engine_write *batch)
{
	int64_t begun_us = engine_now_us();
	int result = write_batch(engine, batch);
	int64_t writing_us = engine_now_us() - begun_us;

	if (result == 0) {
		expect_reunion(engine, batch);
		answer(batch);
		reunion_begin(&engine->reunion, engine_now_us(), writing_us);
	} else if (result == GRAPH_E_FAILED || batch->next == NULL) {
		for (struct engine_write *write = batch; write != NULL; write = write->next)
			reject_for_store(engine, write, result);
		answer(batch);
	} else {
		write_one_by_one(engine, batch);
	}
}

/* Sweeps in a transaction of its own, while nobody writes; as erasing does, also where the
 * store is too full for anything that adds to it. */
static void
sweep_alone(struct engine *engine)
{
	struct graph *graph = engine->options.graph;
	int result = graph_erase_begin(graph);

	if (result == 0) {
		decided_clear(&engine->decided);
		result = sweep_some(&engine->sweep, SWEPT_ALONE);
		if (result == 0)
			result = commit(engine, NULL);
		else
			graph_abort(graph);
	}
	if (result < 0)
		engine_log(engine, strerror(-result));
	if (result != 0)
		sweep_put_off(&engine->sweep);
}

static void *
run_committer(void *context)
{
	struct engine *engine = context;
	struct engine_write *batch;

	while (take_batch(&batch, engine)) {
		drop_abandoned(&batch);
		if (batch != NULL)
			write_and_answer(engine, batch);
		else if (sweep_is_due(&engine->sweep))
			sweep_alone(engine);
		arena_reset(&engine->arena);
		watch_space(engine);
		sweep_look(&engine->sweep);
	}
	return NULL;
}

static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t clock;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &clock);
	pthread_condattr_destroy(&clock);
}

static void
finish(struct engine *engine)
{
	pthread_cond_destroy(&engine->decider_taken);
	pthread_cond_destroy(&engine->arrived);
	pthread_mutex_destroy(&engine->lock);
	sweep_finish(&engine->sweep);
	arena_finish(&engine->arena);
	free(engine);
}

int
engine_create(struct engine **out, const struct engine_options *options)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int result;

	if (engine == NULL)
		return -ENOMEM;
	engine->options = *options;
	engine->last_next = &engine->first;
	arena_init(&engine->arena, BATCH_ARENA_BYTES);
	arena_keep(&engine->arena, BATCH_KEPT_BYTES);
	pthread_mutex_init(&engine->lock, NULL);
	init_condition(&engine->arrived);
	pthread_cond_init(&engine->decider_taken, NULL);
	result = sweep_init(&engine->sweep, &engine->options);
	if (result == 0)
		result = -pthread_create(&engine->committer, NULL, run_committer, engine);
	if (result != 0) {
		finish(engine);
		return result;
	}
	*out = engine;
	return 0;
}

void
engine_set_decider(struct engine *engine, const struct decider *decider)
{
	pthread_mutex_lock(&engine->lock);
	engine->next_decider = decider;
	pthread_cond_signal(&engine->arrived);
	while (engine->next_decider != NULL)
		pthread_cond_wait(&engine->decider_taken, &engine->lock);
	pthread_mutex_unlock(&engine->lock);
}

void
engine_drain(struct engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	engine->draining = true;
	pthread_mutex_unlock(&engine->lock);
}

void
engine_destroy(struct engine *engine)
{
	if (engine == NULL)
		return;
	pthread_mutex_lock(&engine->lock);
	engine->draining = true;
	engine->ending = true;
	pthread_cond_signal(&engine->arrived);
	pthread_mutex_unlock(&engine->lock);
	pthread_join(engine->committer, NULL);
	finish(engine);
}

int
engine_submit(struct engine *engine, struct engine_write *write)
{
	int result = 0;

	write->next = NULL;
	pthread_mutex_lock(&engine->lock);
	if (engine->failed) {
		result = ENGINE_E_FAILED;
	} else if (engine->draining) {
		result = ENGINE_E_DRAINING;
	} else if (engine->waiting_count >= LIMIT_WRITE_QUEUE) {
		result = ENGINE_E_OVERLOADED;
	} else {
		*engine->last_next = write;
		engine->last_next = &write->next;
		engine->waiting_count++;
		if (engine->first == write || engine->waiting_count == engine->wanted_count)
			pthread_cond_signal(&engine->arrived);
	}
	pthread_mutex_unlock(&engine->lock);
	return result;
}
