/* A closed loop starts a call when one has ended; an open loop starts calls at their times and
 * takes answers in between, looking for both every few microseconds: gRPC's own waiting is
 * good to a millisecond alone, and a caller that overslept would be charged to the server.
 *
 * What always holds: latency counts from the moment when a call was due; in a closed loop
 * that is when it is started. When all calls that may be under way are, an open loop waits
 * for an answer, and what is due meanwhile is charged for its waiting. */
#include "bench/drive.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "bench/requests.h"
#include "bench/schedule.h"
#include "client/client.h"

enum { CONNECT_MS = 60000, STREAM_END_MS = 60000, PROGRESS_MS = 200 };

static const uint64_t LOOK_AGAIN_NS = 20000;

static const char ECHO_PATH[] = "/anagraph.bench.Bench/Echo";

/* A call under way. */
struct slot {
	struct slot *next; /* of those that are free */
	uint64_t due_ns;
	enum operation operation;
};

/* One caller. */
struct driver {
	struct drivers *drivers;
	struct client *client;
	struct client_stream *stream; /* of this round; NULL without streams */
	struct asker asker;
	struct request request;
	uint8_t *echo;
	unsigned in_flight; /* at most */
	unsigned under_way;
	struct slot *slots;
	struct slot *free_slots;
	struct schedule schedule;
	bool checked; /* the round's first answer has been looked at */
	uint64_t started;
	uint64_t most_calls;
	atomic_uint_fast64_t finished;
	struct histogram latency_ns;
	pthread_t thread;
	int result;
};

struct drivers {
	const struct side *side;
	struct target *target;
	struct keys keys;
	uint64_t rounds;
	uint64_t seed;
	uint64_t begin_ns; /* of the round */
	uint64_t end_ns;   /* no call is started from then on */
	atomic_bool failed;
	unsigned count;
	struct driver *drivers;
};

static int
start_call(struct driver *driver, struct slot *slot)
{
	static const enum client_method methods[OPERATION_COUNT_ALL] = {
		[OPERATION_RESOLVE] = CLIENT_RESOLVE,
		[OPERATION_BATCH] = CLIENT_BATCH_RESOLVE,
		[OPERATION_COUNT] = CLIENT_COUNT_CONTACTS,
		[OPERATION_FRESH] = CLIENT_IDENTIFY,
		[OPERATION_CHANGE] = CLIENT_IDENTIFY,
		[OPERATION_SAME] = CLIENT_IDENTIFY,
	};

	slot->operation = asker_choose(&driver->asker);
	if (slot->operation == OPERATION_ECHO)
		return client_start_raw(
		    driver->client, ECHO_PATH, driver->echo, driver->drivers->side->echo_bytes, 0, slot);
	asker_make(&driver->request, &driver->asker, slot->operation);
	if (driver->stream != NULL)
		return client_stream_send(driver->stream, &driver->request.message.identify, slot, -1);
	return client_start(
	    driver->client, methods[slot->operation], &driver->request.message.resolve.base, 0, slot);
}

/* Starts a call that is due at a time. 0; -errno. */
static int
start(struct driver *driver, uint64_t due_ns)
{
	struct slot *slot = driver->free_slots;
	int result;

	driver->free_slots = slot->next;
	slot->due_ns = due_ns;
	driver->started++;
	driver->under_way++;
	result = start_call(driver, slot);
	return result > 0 ? -EPROTO : result;
}

/* Whether the first batch of a round has found all that it asked for. */
static bool
is_whole_batch(const uint8_t *payload, size_t size, size_t keys)
{
	Anagraph__V1__BatchResolveResponse *response =
	    anagraph__v1__batch_resolve_response__unpack(NULL, size, payload);
	bool whole = response != NULL && response->n_results == keys;

	for (size_t i = 0; whole && i < keys; i++)
		whole = response->results[i]->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_CONTACT;
	if (response != NULL)
		anagraph__v1__batch_resolve_response__free_unpacked(response, NULL);
	return whole;
}

/* What is wrong with an answer; NULL when nothing is. */
static const char *
wrong_with(struct driver *driver, const struct client_answer *answer)
{
	const struct slot *slot = answer->tag;

	if (answer->status.code != 0)
		return answer->status.message;
	if (driver->checked)
		return NULL;
	driver->checked = true;
	if (answer->payload_size == 0)
		return "an answer is empty";
	if (slot->operation == OPERATION_BATCH &&
	    !is_whole_batch(answer->payload, answer->payload_size, driver->drivers->side->batch_keys))
		return "a batch has not found all";
	return NULL;
}

/* The tag of an answer, once one is there. 0; CLIENT_E_TIMEOUT; CLIENT_E_IDLE; -errno, told. */
static int
next_answer(struct slot **slot, struct driver *driver, int64_t timeout_ms)
{
	struct client_stream_answer streamed;
	struct client_answer answer;
	const char *wrong = NULL;
	int result;

	if (driver->stream != NULL) {
		result = client_stream_next(&streamed, driver->stream, timeout_ms);
		if (result == CLIENT_E_ENDED)
			wrong = "the server ended the stream";
		else if (result == 0 &&
		    streamed.response->result_case != ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_RESPONSE)
			wrong = "an event was refused";
		else if (result == 0)
			*slot = streamed.tag;
	} else {
		result = client_next(&answer, driver->client, timeout_ms);
		if (result == 0) {
			wrong = wrong_with(driver, &answer);
			*slot = answer.tag;
		}
	}
	if (wrong == NULL)
		return result;
	fprintf(stderr, "anagraph-bench: %s: a call failed: %s\n", driver->drivers->side->name, wrong);
	return -EPROTO;
}

/* Takes an answer in, waiting for it or only looking. The same outcomes. */
static int
take(struct driver *driver, int64_t timeout_ms)
{
	struct slot *slot;
	int result = next_answer(&slot, driver, timeout_ms);
	uint64_t now_ns = usage_now_ns();

	if (result != 0)
		return result;
	histogram_add(&driver->latency_ns, now_ns > slot->due_ns ? now_ns - slot->due_ns : 0);
	slot->next = driver->free_slots;
	driver->free_slots = slot;
	driver->under_way--;
	atomic_fetch_add_explicit(&driver->finished, 1, memory_order_relaxed);
	return 0;
}

static bool
may_start(const struct driver *driver, uint64_t now_ns)
{
	return driver->started < driver->most_calls && now_ns < driver->drivers->end_ns &&
	    !atomic_load_explicit(&driver->drivers->failed, memory_order_relaxed);
}

/* Takes in what is still under way. */
static int
drain(struct driver *driver, int result)
{
	while (result == 0 && driver->under_way > 0)
		result = take(driver, -1);
	return result;
}

static int
run_closed(struct driver *driver)
{
	uint64_t now_ns = usage_now_ns();
	int result = 0;

	while (result == 0 && may_start(driver, now_ns)) {
		if (driver->under_way < driver->in_flight)
			result = start(driver, now_ns);
		else
			result = take(driver, -1);
		now_ns = usage_now_ns();
	}
	return drain(driver, result);
}

static void
sleep_until(uint64_t until_ns)
{
	const struct timespec until = { .tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Waits a moment, or until the next call is due if that is sooner. */
static void
pause_until(uint64_t due_ns, uint64_t now_ns)
{
	sleep_until(due_ns < now_ns + LOOK_AGAIN_NS ? due_ns : now_ns + LOOK_AGAIN_NS);
}

static int
run_open(struct driver *driver)
{
	int result = 0;

	prctl(PR_SET_TIMERSLACK, 1L);
	while (result == 0) {
		uint64_t due_ns = schedule_due_ns(&driver->schedule);
		uint64_t now_ns = usage_now_ns();

		/* What was due before the end is sent, however late. */
		if (!may_start(driver, due_ns))
			break;
		if (due_ns <= now_ns && driver->under_way < driver->in_flight) {
			result = start(driver, due_ns);
			schedule_advance(&driver->schedule);
			continue;
		}
		result = take(driver, 0);
		if (result == CLIENT_E_TIMEOUT || result == CLIENT_E_IDLE) {
			pause_until(due_ns <= now_ns ? now_ns + LOOK_AGAIN_NS : due_ns, now_ns);
			result = 0;
		}
	}
	return drain(driver, result);
}

/* The stream ends with its round. */
static int
end_stream(struct driver *driver, int result)
{
	struct client_status status;

	if (driver->stream == NULL)
		return result;
	if (result == 0 && client_stream_finish(&status, driver->stream, STREAM_END_MS) != 0)
		result = -EPROTO;
	client_stream_destroy(driver->stream);
	driver->stream = NULL;
	return result;
}

static void *
run_driver(void *context)
{
	struct driver *driver = context;
	const struct side *side = driver->drivers->side;
	int result = 0;

	if (side->stream)
		result = client_stream_open(&driver->stream, driver->client, driver->in_flight);
	sleep_until(driver->drivers->begin_ns);
	if (result == 0)
		result = side->rate > 0 ? run_open(driver) : run_closed(driver);
	driver->result = end_stream(driver, result);
	if (driver->result != 0)
		atomic_store(&driver->drivers->failed, true);
	return NULL;
}

/* A share of something that all drivers have together. */
static uint64_t
share_of(uint64_t whole, unsigned index, unsigned count)
{
	return whole / count + (index < whole % count ? 1 : 0);
}

static int
driver_init(struct driver *driver, struct drivers *drivers, unsigned index, uint64_t salt)
{
	const struct side *side = drivers->side;
	int result;

	driver->drivers = drivers;
	driver->in_flight = (unsigned)share_of(side->in_flight, index, drivers->count);
	driver->slots = calloc(driver->in_flight, sizeof(*driver->slots));
	driver->echo = calloc(side->echo_bytes, 1);
	if (driver->slots == NULL || driver->echo == NULL)
		return -ENOMEM;
	asker_init(&driver->asker, side, drivers->target, &drivers->keys, drivers->seed + index,
	    random_mix(salt) + index);
	result = client_create(&driver->client, drivers->target->address);
	if (result == 0 && client_connect(driver->client, CONNECT_MS) != 0)
		result = -ETIMEDOUT;
	return result;
}

int
drivers_create(
    struct drivers **out, const struct side *side, struct target *target, uint64_t seed, uint64_t salt)
{
	struct drivers *drivers = calloc(1, sizeof(*drivers));
	int result = 0;

	if (drivers == NULL)
		return -ENOMEM;
	drivers->side = side;
	drivers->target = target;
	drivers->seed = random_mix(seed);
	drivers->count = side->connections;
	drivers->drivers = calloc(drivers->count, sizeof(*drivers->drivers));
	keys_init(&drivers->keys, dataset_size(&target->dataset), side->zipf);
	if (drivers->drivers == NULL)
		result = -ENOMEM;
	for (unsigned i = 0; result == 0 && i < drivers->count; i++)
		result = driver_init(&drivers->drivers[i], drivers, i, salt);
	if (result != 0) {
		fprintf(stderr, "anagraph-bench: %s: the server can't be reached: %s\n", side->name,
		    strerror(-result));
		drivers_destroy(drivers);
		return result;
	}
	*out = drivers;
	return 0;
}

void
drivers_destroy(struct drivers *drivers)
{
	if (drivers == NULL)
		return;
	for (unsigned i = 0; drivers->drivers != NULL && i < drivers->count; i++) {
		client_destroy(drivers->drivers[i].client);
		free(drivers->drivers[i].slots);
		free(drivers->drivers[i].echo);
	}
	free(drivers->drivers);
	free(drivers);
}

/* Makes a driver ready for a round. */
static void
begin_round(struct driver *driver, unsigned index, uint64_t calls)
{
	struct drivers *drivers = driver->drivers;
	const struct side *side = drivers->side;

	driver->free_slots = NULL;
	for (unsigned i = 0; i < driver->in_flight; i++) {
		driver->slots[i].next = driver->free_slots;
		driver->free_slots = &driver->slots[i];
	}
	driver->under_way = 0;
	driver->checked = false;
	driver->started = 0;
	driver->most_calls = calls == 0 ? UINT64_MAX : share_of(calls, index, drivers->count);
	driver->result = 0;
	atomic_store(&driver->finished, 0);
	memset(&driver->latency_ns, 0, sizeof(driver->latency_ns));
	if (side->rate > 0)
		schedule_init(&driver->schedule, side->rate / drivers->count, side->poisson,
		    (double)index / drivers->count, drivers->begin_ns,
		    random_mix(drivers->seed + (drivers->rounds << 20) + index));
}

/* Waits for all, saying how far they are. */
static void
await_drivers(struct drivers *drivers, double seconds, uint64_t most_calls,
    void (*progress)(void *context, double done, uint64_t calls), void *context)
{
	for (unsigned i = 0; i < drivers->count; i++) {
		for (;;) {
			double over_s = (double)(usage_now_ns() - drivers->begin_ns) / 1e9;
			uint64_t calls = 0;
			struct timespec until;
			double done;

			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += PROGRESS_MS * 1000000L;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
			if (pthread_timedjoin_np(drivers->drivers[i].thread, NULL, &until) == 0)
				break;
			for (unsigned j = 0; j < drivers->count; j++)
				calls += atomic_load(&drivers->drivers[j].finished);
			done = over_s / seconds;
			if (most_calls > 0 && (double)calls / (double)most_calls > done)
				done = (double)calls / (double)most_calls;
			if (progress != NULL)
				progress(context, done < 1 ? done : 1, calls);
		}
	}
}

/* Starts the threads of a round and waits for them. 0; -errno. */
static int
run_threads(struct drivers *drivers, double seconds, uint64_t calls,
    void (*progress)(void *context, double done, uint64_t calls), void *context)
{
	unsigned all = drivers->count;
	int result = 0;

	for (unsigned i = 0; i < all; i++) {
		begin_round(&drivers->drivers[i], i, calls);
		result = -pthread_create(&drivers->drivers[i].thread, NULL, run_driver, &drivers->drivers[i]);
		if (result != 0) {
			atomic_store(&drivers->failed, true);
			drivers->count = i;
			break;
		}
	}
	await_drivers(drivers, seconds, calls, progress, context);
	drivers->count = all;
	return result;
}

int
drivers_run(struct round *round, struct drivers *drivers, double seconds, uint64_t calls,
    void (*progress)(void *context, double done, uint64_t calls), void *context)
{
	const struct target *target = drivers->target;
	struct usage self_before;
	struct usage self_after;
	int result = usage_read(&round->before, target->pid, target->data_dir);

	if (result == 0)
		result = usage_read(&self_before, getpid(), NULL);
	if (result != 0)
		return result;
	drivers->begin_ns = usage_now_ns();
	drivers->end_ns = drivers->begin_ns + (uint64_t)(seconds * 1e9);
	drivers->rounds++;
	atomic_store(&drivers->failed, false);
	result = run_threads(drivers, seconds, calls, progress, context);
	round->seconds = (double)(usage_now_ns() - drivers->begin_ns) / 1e9;
	for (unsigned i = 0; result == 0 && i < drivers->count; i++)
		result = drivers->drivers[i].result;
	if (result == 0)
		result = usage_read(&round->after, target->pid, target->data_dir);
	if (result == 0)
		result = usage_read(&self_after, getpid(), NULL);
	if (result != 0)
		return result;
	memset(&round->latency_ns, 0, sizeof(round->latency_ns));
	for (unsigned i = 0; i < drivers->count; i++)
		histogram_merge(&round->latency_ns, &drivers->drivers[i].latency_ns);
	round->calls = round->latency_ns.total;
	round->caller_cpu_ns = self_after.cpu_ns - self_before.cpu_ns;
	return round->calls > 0 ? 0 : -ENODATA;
}
