/* A policy in a process of its own, without a daemon round it: what it is shown, what
 * becomes of it when it does what no policy may, and when it is asked again. Arguments: as of
 * all policy tests, with hostile/; ANAGRAPH_POLICY_HOST is the program. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/worker/channel.h"
#include "server/worker/worker.h"
#include "tests/policy/support.h"

enum { GUARD_US = 60000000, TOLD_BYTES = 65536 };

static const char *program;

/* A worker with what it said. */
struct station {
	struct scratch scratch;
	struct policy_host *host;
	struct policy_copy copy;
	struct worker *worker;
	struct policy_error error;
	pthread_mutex_t lock; /* over what was told */
	pthread_cond_t changed;
	char told[TOLD_BYTES];
	size_t told_size;
	unsigned lines;
};

static void
keep_told(void *context, const char *message)
{
	struct station *station = context;

	pthread_mutex_lock(&station->lock);
	station->told_size += (size_t)snprintf(
	    station->told + station->told_size, TOLD_BYTES - station->told_size, "%s\n", message);
	assert_true(station->told_size < TOLD_BYTES);
	pthread_cond_broadcast(&station->changed);
	pthread_mutex_unlock(&station->lock);
}

static void
count_line(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	struct station *station = context;

	assert_string_equal(policy_id, "hostile");
	assert_true(level <= ANAGRAPH_LOG_ERROR);
	assert_true(message.size <= POLICY_LOG_BYTES);
	station->lines++;
}

static int
station_open(struct station *station, const char *id, const struct anagraph_option *options, size_t count,
    unsigned rest_ms)
{
	int result;

	memset(station, 0, sizeof(*station));
	pthread_mutex_init(&station->lock, NULL);
	pthread_cond_init(&station->changed, NULL);
	scratch_init(&station->scratch);
	scratch_add(&station->scratch, built.sample_dir, id);
	station->host = open_host(station->scratch.policies, station->scratch.copies);
	assert_int_equal(policy_host_copy(&station->copy, station->host, id, &station->error), 0);
	result = worker_create(&station->worker,
	    &(struct worker_options){
		.program = program,
		.copy = &station->copy,
		.options = options,
		.option_count = count,
		.deadline_ms = 1000,
		.rest_ms = rest_ms,
		.log = count_line,
		.tell = keep_told,
		.context = station,
	    },
	    &station->error);
	policy_copy_finish(&station->copy);
	return result;
}

static void
station_close(struct station *station)
{
	worker_destroy(station->worker);
	policy_host_destroy(station->host);
	scratch_finish(&station->scratch);
	pthread_cond_destroy(&station->changed);
	pthread_mutex_destroy(&station->lock);
}

static bool
has_told(struct station *station, const char *text)
{
	bool found;

	pthread_mutex_lock(&station->lock);
	found = strstr(station->told, text) != NULL;
	pthread_mutex_unlock(&station->lock);
	return found;
}

/* Waits until it is told; a guard keeps a test that fails from hanging. */
static void
await_told(struct station *station, const char *text)
{
	struct timespec guard;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &guard);
	guard.tv_sec += GUARD_US / 1000000;
	pthread_mutex_lock(&station->lock);
	while (strstr(station->told, text) == NULL && result == 0)
		result = pthread_cond_timedwait(&station->changed, &station->lock, &guard);
	pthread_mutex_unlock(&station->lock);
	if (result != 0)
		fail_msg("told \"%s\", not \"%s\"", station->told, text);
}

static int
ask(struct anagraph_verdict *verdict, struct station *station, const char *deed)
{
	struct anagraph_claim incoming = claim_of("new", 2, 2);
	struct anagraph_claim stored = claim_of("old", 1, 1);
	struct anagraph_conflict conflict =
	    conflict_of(ANAGRAPH_CONFLICT_VALUE, ANAGRAPH_NAME_ATTRIBUTE, &incoming, &stored);

	incoming.conversation = shown(deed);
	return worker_ask(verdict, station->worker, &conflict);
}

/* Asks until it is asked: its process is being started meanwhile. */
static int
ask_when_there(struct anagraph_verdict *verdict, struct station *station, const char *deed)
{
	int64_t until_us = channel_now_us() + GUARD_US;
	int result = ask(verdict, station, deed);

	while (result == ASK_UNAVAILABLE && channel_now_us() < until_us) {
		sched_yield();
		result = ask(verdict, station, deed);
	}
	return result;
}

static void
expect_take(struct station *station)
{
	struct anagraph_verdict verdict = { 0 };

	assert_int_equal(ask_when_there(&verdict, station, ""), ANAGRAPH_DECIDED);
	assert_int_equal(verdict.verdict, ANAGRAPH_VERDICT_TAKE);
	assert_int_equal(verdict.struct_size, sizeof(verdict));
	assert_string_equal(verdict.reason, "");
}

struct deed_case {
	const char *deed;
	int result;
	int other_result; /* that will do as well; or 0 */
	const char *told;
};

static const struct deed_case DEED_CASES[] = {
	{ "FAULT", ASK_CRASHED, 0, "was ended by signal 11 (SEGV)" },
	{ "ABORT", ASK_CRASHED, 0, "was ended by signal 6 (ABRT)" },
	{ "LOOP", ASK_TIMED_OUT, 0, "did not answer within 1000 ms" },
	{ "RECURSE", ASK_CRASHED, 0, "was ended by signal 11 (SEGV)" },
	{ "ALLOCATE", ASK_CRASHED, ASK_TIMED_OUT, "policy hostile: " },
	{ "WRITE_INPUT", ASK_CRASHED, 0, "was ended by signal 11 (SEGV)" },
	{ "WRITE_INPUT_TEXT", ASK_CRASHED, 0, "was ended by signal 11 (SEGV)" },
	{ "EXIT", ASK_CRASHED, 0, "ended itself with status 0" },
	{ "EXIT_AT_ONCE", ASK_CRASHED, 0, "ended itself with status 7" },
	{ "OPEN", ASK_CRASHED, 0, "SIGSYS" },
	{ "MAKE_FILE", ASK_CRASHED, 0, "SIGSYS" },
	{ "SOCKET", ASK_CRASHED, 0, "SIGSYS" },
	{ "FORK", ASK_CRASHED, 0, "SIGSYS" },
	{ "EXEC", ASK_CRASHED, 0, "SIGSYS" },
	{ "THREAD", ASK_CRASHED, 0, "SIGSYS" },
	{ "LOCALE", ASK_CRASHED, 0, "SIGSYS" },
	{ "DIRECTORY", ASK_CRASHED, 0, "SIGSYS" },
	{ "MASK", ASK_CRASHED, 0, "SIGSYS" },
	{ "SIGNALS", ASK_TIMED_OUT, 0, "did not answer within 1000 ms" },
	{ "KILL_PARENT", ASK_CRASHED, 0, "SIGSYS" },
	{ "TRACE_PARENT", ASK_CRASHED, 0, "SIGSYS" },
	{ "OUTLIVE_PARENT", ASK_CRASHED, 0, "SIGSYS" },
	{ "RUN_MEMORY", ASK_CRASHED, 0, "SIGSYS" },
	{ "SCRIBBLE", ASK_TIMED_OUT, 0, "did not answer within 1000 ms" },
	{ "FORGE", ASK_CRASHED, 0, "was ended by signal 9 (KILL)" },
	{ "POISON", ASK_CRASHED, 0, "SIGSYS" },
	{ "OWN_SIGNAL", ASK_CRASHED, 0, "(of its own)" },
};

/* Each ends the worker, and the next question is answered by another. */
static void
test_what_no_policy_may_do(void **state)
{
	struct station station;

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 30000), 0);
	for (size_t i = 0; i < sizeof(DEED_CASES) / sizeof(DEED_CASES[0]); i++) {
		const struct deed_case *deed = &DEED_CASES[i];
		struct anagraph_verdict verdict = { .verdict = 99 };
		int result;

		expect_take(&station);
		station.told_size = 0;
		station.told[0] = '\0';
		result = ask(&verdict, &station, deed->deed);
		if (result != deed->result && (deed->other_result == 0 || result != deed->other_result))
			fail_msg("%s: %d, not %d", deed->deed, result, deed->result);
		assert_int_equal(verdict.verdict, 99);
		expect_take(&station);
		if (!has_told(&station, deed->told))
			fail_msg("%s: told \"%s\"", deed->deed, station.told);
	}
	station_close(&station);
	assert_int_not_equal(access("/tmp/anagraph-hostile", F_OK), 0);
}

/* What is odd and does no harm costs nothing: the same process answers on. */
static void
test_what_does_no_harm(void **state)
{
	struct anagraph_verdict verdict = { 0 };
	struct station station;

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 30000), 0);
	assert_int_equal(ask(&verdict, &station, "PRINT"), ANAGRAPH_DECIDED);
	assert_int_equal(ask(&verdict, &station, "LIBRARY"), ANAGRAPH_DECIDED);
	assert_string_equal(verdict.reason, "RIGHT");
	assert_int_equal(ask(&verdict, &station, "MEMORY"), ANAGRAPH_DECIDED);
	assert_string_equal(verdict.reason, "RIGHT");
	assert_int_equal(ask(&verdict, &station, "GARBAGE"), ANAGRAPH_DECIDED);
	assert_int_equal(verdict.verdict, 77);
	assert_int_equal(verdict.struct_size, sizeof(verdict));
	assert_string_equal(verdict.reason, "");
	assert_int_equal(ask(&verdict, &station, "LONG_REASON"), ANAGRAPH_DECIDED);
	assert_int_equal(strnlen(verdict.reason, sizeof(verdict.reason)), LIMIT_POLICY_REASON_BYTES);
	assert_int_equal(station.lines, 0);
	assert_int_equal(ask(&verdict, &station, "LINES"), ANAGRAPH_DECIDED);
	assert_int_equal(station.lines, LIMIT_POLICY_QUESTION_LINES);
	assert_string_equal(station.told, "");
	station_close(&station);
}

static void
test_three_failures_in_a_row_open_the_breaker(void **state)
{
	struct anagraph_verdict verdict = { 0 };
	struct station station;

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 3600000), 0);
	for (int i = 0; i < LIMIT_POLICY_FAILURES - 1; i++)
		assert_int_equal(ask_when_there(&verdict, &station, "FAULT"), ASK_CRASHED);
	expect_take(&station); /* one fewer than it takes, and from the start again */
	for (int i = 0; i < LIMIT_POLICY_FAILURES; i++) {
		assert_false(has_told(&station, "in a row"));
		assert_int_equal(ask_when_there(&verdict, &station, "FAULT"), ASK_CRASHED);
	}
	await_told(&station, "failed 3 times in a row: it is not asked for 3600000 ms");
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask(&verdict, &station, ""), ASK_UNAVAILABLE);
	station_close(&station);
}

/* The first rest is short here; a failure after it makes the next one twice as long, a
 * verdict ends it. */
static void
test_a_policy_that_rested_is_tried_with_one_question(void **state)
{
	struct anagraph_verdict verdict = { 0 };
	struct station station;

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 20), 0);
	for (int i = 0; i < LIMIT_POLICY_FAILURES + 1; i++)
		assert_int_equal(ask_when_there(&verdict, &station, "FAULT"), ASK_CRASHED);
	expect_take(&station);
	assert_true(has_told(&station, "not asked for 20 ms"));
	assert_true(has_told(&station, "not asked for 40 ms"));
	assert_true(has_told(&station, "answers again"));
	station_close(&station);
}

static void
test_a_kind_that_it_does_not_list_is_not_asked(void **state)
{
	struct anagraph_verdict verdict = { 0 };
	struct station station;
	struct anagraph_claim claim = claim_of("x", 1, 1);
	struct anagraph_conflict conflict = conflict_of(31, ANAGRAPH_NAME_ATTRIBUTE, &claim, &claim);

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 30000), 0);
	claim.conversation = shown("FAULT");
	assert_int_equal(worker_ask(&verdict, station.worker, &conflict), ANAGRAPH_DEFER);
	conflict.kind = 32;
	assert_int_equal(worker_ask(&verdict, station.worker, &conflict), ANAGRAPH_DEFER);
	expect_take(&station);
	station_close(&station);
}

/* The pids of this process's children. */
static size_t
children(pid_t *pids, size_t most)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t count = 0;
	struct dirent *task;

	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		char path[300];
		FILE *file;
		int pid;

		snprintf(path, sizeof(path), "/proc/self/task/%s/children", task->d_name);
		file = fopen(path, "re");
		while (file != NULL && count < most && fscanf(file, "%d", &pid) == 1)
			pids[count++] = pid;
		if (file != NULL)
			fclose(file);
	}
	closedir(tasks);
	return count;
}

static void
test_one_that_dies_idle_is_started_again(void **state)
{
	struct station station;
	pid_t pids[2];

	(void)state;
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 30000), 0);
	assert_int_equal(children(pids, 2), 1);
	kill(pids[0], SIGKILL);
	await_told(&station, "was ended by signal 9 (KILL)");
	expect_take(&station);
	station_close(&station);
}

/* It has nothing of the process that started it, though that leaves much open. */
static void
test_it_inherits_nothing(void **state)
{
	struct station station;
	pid_t pids[2];
	char path[64];
	char environment[64];
	int leaked[2];
	int fd;

	(void)state;
	assert_int_equal(pipe(leaked), 0); /* without O_CLOEXEC */
	assert_int_equal(station_open(&station, "hostile", NULL, 0, 30000), 0);
	assert_int_equal(children(pids, 2), 1);
	if (geteuid() == 0) { /* it is not dumpable: only root may look */
		DIR *descriptors;
		size_t count = 0;

		snprintf(path, sizeof(path), "/proc/%d/fd", (int)pids[0]);
		descriptors = opendir(path);
		assert_non_null(descriptors);
		while (readdir(descriptors) != NULL)
			count++;
		closedir(descriptors);
		assert_int_equal(count, 2); /* . and .. */
		snprintf(path, sizeof(path), "/proc/%d/environ", (int)pids[0]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read(fd, environment, sizeof(environment)), 0);
		close(fd);
	}
	station_close(&station);
	close(leaked[0]);
	close(leaked[1]);
}

static void
expect_no_start(const char *id, const char *deed, const char *expected)
{
	const struct anagraph_option option = { .name = shown("create"), .value = shown(deed) };
	struct station station;

	assert_int_equal(station_open(&station, id, &option, 1, 30000), POLICY_E_REFUSED);
	if (strstr(station.error.message, expected) == NULL)
		fail_msg("%s: \"%s\"", deed, station.error.message);
	station.worker = NULL;
	station_close(&station);
}

/* What it does before it is asked keeps the daemon from starting, as any other refusal. */
static void
test_what_it_does_while_it_is_loaded(void **state)
{
	(void)state;
	expect_no_start(
	    "hostile", "FAULT", "hostile.so: while it was loaded, it was ended by signal 11 (SEGV)");
	expect_no_start("hostile", "OPEN", "asked the system for what no policy may (SIGSYS)");
	expect_no_start("hostile", "EXIT", "ended itself with status 0");
	expect_no_start("hostile_loading", "", "asked the system for what no policy may (SIGSYS)");
}

/* The largest conflict that the limits permit, and a start with the most options. */
static void
test_the_largest_conflict_and_the_most_options(void **state)
{
	static char text[LIMIT_ATTRIBUTE_STRING_BYTES];
	static char name[LIMIT_POLICY_OPTION_NAME_BYTES];
	static struct anagraph_option options[LIMIT_POLICY_OPTIONS];
	struct anagraph_string longest = { .data = text, .size = sizeof(text) };
	struct anagraph_verdict verdict = { 0 };
	struct station station;
	struct anagraph_claim claim = claim_of("x", 1, 1);
	struct anagraph_conflict conflict =
	    conflict_of(ANAGRAPH_CONFLICT_IDENTITY, ANAGRAPH_NAME_PERSONAL, &claim, &claim);

	(void)state;
	memset(text, 'x', sizeof(text));
	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < LIMIT_POLICY_OPTIONS; i++)
		options[i] = (struct anagraph_option){ .name = { name, sizeof(name) },
			.value = { text, LIMIT_POLICY_OPTION_BYTES } };
	assert_int_equal(station_open(&station, "hostile", options, LIMIT_POLICY_OPTIONS, 30000), 0);
	claim.value.string = longest;
	claim.conversation = (struct anagraph_string){ .data = text, .size = LIMIT_CONVERSATION_BYTES };
	conflict.account = (struct anagraph_string){ .data = text, .size = LIMIT_ACCOUNT_BYTES };
	conflict.name = (struct anagraph_string){ .data = text, .size = LIMIT_ATTRIBUTE_NAME_BYTES };
	conflict.displaced = &claim;
	conflict.device = &claim;
	assert_int_equal(worker_ask(&verdict, station.worker, &conflict), ANAGRAPH_DECIDED);
	assert_int_equal(verdict.verdict, ANAGRAPH_VERDICT_TAKE);
	station_close(&station);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_no_policy_may_do),
		cmocka_unit_test(test_what_does_no_harm),
		cmocka_unit_test(test_three_failures_in_a_row_open_the_breaker),
		cmocka_unit_test(test_a_policy_that_rested_is_tried_with_one_question),
		cmocka_unit_test(test_a_kind_that_it_does_not_list_is_not_asked),
		cmocka_unit_test(test_one_that_dies_idle_is_started_again),
		cmocka_unit_test(test_it_inherits_nothing),
		cmocka_unit_test(test_what_it_does_while_it_is_loaded),
		cmocka_unit_test(test_the_largest_conflict_and_the_most_options),
	};

	built_init(argc, argv);
	program = getenv("ANAGRAPH_POLICY_HOST");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
