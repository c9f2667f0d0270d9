/* The daemon while a policy does what no policy may: it answers on, what it acknowledged
 * stays, the event gets the default verdict and its conflict says why, and nobody else
 * notices. The policy for CONTACTS does what its event's conversation says
 * (tests/policy/hostile); that for the other sources decides as it is scripted. */
#include "tests/support/build.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/store.h"

enum { GUARD_SECONDS = 60, GUARD_MS = GUARD_SECONDS * 1000 };

static void
use_hostile(struct scene *s, const char *config)
{
	static const char *const arguments[] = { "--policy-run", "worker", "--policy-deadline-ms", "1000",
		"--policy", "contacts=hostile", "--policy", "conversations=scripted", "--policy",
		"push=scripted", NULL };
	struct service_options options = {
		.arguments = arguments, .config = config, .policy_dir = getenv("ANAGRAPH_HOSTILE_DIR")
	};

	scene_use(s, &options);
	s->repeats = false;
}

static bool
was_not_asked(struct scene *s)
{
	return strcmp(s->answer->conflicts[0]->fallback, "POLICY_UNAVAILABLE") == 0;
}

/* Sends an event that the hostile policy decides, anew until it is asked, since it may be
 * being started. Returns the number that the event brought for N. */
static double
provoke(struct scene *s, double number, const char *deed)
{
	time_t until = time(NULL) + GUARD_SECONDS;

	do {
		number++;
		identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", number), IN(deed));
		assert_int_equal(s->answer->n_conflicts, 1);
	} while (was_not_asked(s) && time(NULL) < until);
	return number;
}

struct deed_case {
	const char *deed;
	const char *fallback;
	const char *other_fallback; /* that will do as well; or NULL */
};

static const struct deed_case DEED_CASES[] = {
	{ "FAULT", "POLICY_CRASHED", NULL },
	{ "ABORT", "POLICY_CRASHED", NULL },
	{ "LOOP", "POLICY_TIMED_OUT", NULL },
	{ "RECURSE", "POLICY_CRASHED", NULL },
	{ "ALLOCATE", "POLICY_CRASHED", "POLICY_TIMED_OUT" },
	{ "WRITE_INPUT", "POLICY_CRASHED", NULL },
	{ "WRITE_INPUT_TEXT", "POLICY_CRASHED", NULL },
	{ "EXIT", "POLICY_CRASHED", NULL },
	{ "EXIT_AT_ONCE", "POLICY_CRASHED", NULL },
	{ "OPEN", "POLICY_CRASHED", NULL },
	{ "MAKE_FILE", "POLICY_CRASHED", NULL },
	{ "SOCKET", "POLICY_CRASHED", NULL },
	{ "FORK", "POLICY_CRASHED", NULL },
	{ "EXEC", "POLICY_CRASHED", NULL },
	{ "THREAD", "POLICY_CRASHED", NULL },
	{ "LOCALE", "POLICY_CRASHED", NULL },
	{ "DIRECTORY", "POLICY_CRASHED", NULL },
	{ "MASK", "POLICY_CRASHED", NULL },
	{ "SIGNALS", "POLICY_TIMED_OUT", NULL },
	{ "KILL_PARENT", "POLICY_CRASHED", NULL },
	{ "TRACE_PARENT", "POLICY_CRASHED", NULL },
	{ "OUTLIVE_PARENT", "POLICY_CRASHED", NULL },
	{ "RUN_MEMORY", "POLICY_CRASHED", NULL },
	{ "GARBAGE", "VERDICT_INVALID", NULL },
	{ "SCRIBBLE", "POLICY_TIMED_OUT", NULL },
	{ "FORGE", "POLICY_CRASHED", NULL },
};

/* Nobody else notices: another policy's verdict, and a reader. */
static void
expect_others_served(struct scene *s, double number)
{
	identify(s, PUSH, ID("email", "b@example.it"), NUMBER("M", number), IN("TAKE"));
	assert_true(s->answer->n_conflicts == 0 || *s->answer->conflicts[0]->fallback == '\0');
	assert_int_equal(owner(s, "email", "a@example.it"), 1);
}

static void
test_each_deed_costs_its_own_event_alone(struct scene *s)
{
	double number = 0;
	const char *held;

	use_hostile(s, NULL);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", number));
	for (size_t i = 0; i < sizeof(DEED_CASES) / sizeof(DEED_CASES[0]); i++) {
		const struct deed_case *deed = &DEED_CASES[i];
		const char *fallback;

		number = provoke(s, number, "TAKE");
		expect_outcome(s, UPDATED);
		assert_string_equal(s->answer->conflicts[0]->fallback, "");
		number = provoke(s, number, deed->deed);
		fallback = s->answer->conflicts[0]->fallback;
		if (strcmp(fallback, deed->fallback) != 0 &&
		    (deed->other_fallback == NULL || strcmp(fallback, deed->other_fallback) != 0))
			fail_msg("%s: %s, not %s", deed->deed, fallback, deed->fallback);
		assert_int_equal(s->answer->conflicts[0]->verdict, ANAGRAPH__V1__VERDICT__VERDICT_OFFER);
		assert_string_equal(s->answer->conflicts[0]->policy->id, "hostile");
		expect_others_served(s, number);
	}
	number = provoke(s, number, "TAKE");
	held = contact_text(s, resolve(s, "email", "a@example.it")->contact);
	service_kill(s->service);
	scene_start(s);
	assert_string_equal(contact_text(s, resolve(s, "email", "a@example.it")->contact), held);
	provoke(s, number, "TAKE");
	expect_outcome(s, UPDATED);
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
}

/* Lines beyond what one question may bring are dropped; the verdict stands. */
static void
test_a_flood_of_lines_is_a_trickle_in_the_log(struct scene *s)
{
	const char *at;
	unsigned lines = 0;

	use_hostile(s, NULL);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", 0));
	provoke(s, 1, "LINES");
	assert_string_equal(s->answer->conflicts[0]->fallback, "");
	scene_stop(s);
	at = scene_keep(s, service_read_prose(s->service), free);
	while ((at = strstr(at, "policy hostile: info: one of very many lines\n")) != NULL) {
		lines++;
		at++;
	}
	assert_int_equal(lines, 16);
}

static void
test_three_in_a_row_open_the_breaker_for_that_policy_alone(struct scene *s)
{
	double number = 1;
	const char *prose;

	use_hostile(s, NULL);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", number));
	for (int i = 0; i < 3; i++) {
		number = provoke(s, number, "LOOP");
		assert_string_equal(s->answer->conflicts[0]->fallback, "POLICY_TIMED_OUT");
	}
	for (int i = 0; i < 20; i++) {
		number++;
		identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", number), IN("TAKE"));
		assert_string_equal(s->answer->conflicts[0]->fallback, "POLICY_UNAVAILABLE");
		expect_others_served(s, number);
	}
	scene_stop(s);
	prose = scene_keep(s, service_read_prose(s->service), free);
	assert_non_null(
	    strstr(prose, "policy hostile: did not answer within 1000 ms: its worker was ended\n"));
	assert_non_null(strstr(prose,
	    "policy hostile: failed 3 times in a row: it is not asked for 30000 ms; its conflicts get the "
	    "default verdict\n"));
	assert_non_null(strstr(prose, "timed out 3, crashed 0, unavailable "));
}

/* The pids of a process's children. */
static size_t
children(int *pids, size_t most, pid_t parent)
{
	char path[64];
	DIR *tasks;
	size_t count = 0;
	struct dirent *task;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		char children_path[400];
		FILE *file;

		snprintf(children_path, sizeof(children_path), "%s/%s/children", path, task->d_name);
		file = fopen(children_path, "re");
		while (file != NULL && count < most && fscanf(file, "%d", &pids[count]) == 1)
			count++;
		if (file != NULL)
			fclose(file);
	}
	closedir(tasks);
	return count;
}

static void
expect_ends(int pid_fd)
{
	struct pollfd ended = { .fd = pid_fd, .events = POLLIN };

	assert_int_equal(poll(&ended, 1, GUARD_MS), 1);
	close(pid_fd);
}

/* One worker a policy, however many sources it serves; one that dies is replaced though
 * nobody asks, and none outlives its daemon, however that ends. */
static void
test_workers_live_as_long_as_their_daemon(struct scene *s)
{
	static const char *const config = "policies: {contacts: scripted, conversations: scripted}\n";
	double number = 1;
	int pids[8];
	int descriptors[2];

	use_hostile(s, config);
	assert_int_equal(children(pids, 8, service_pid(s->service)), 2);
	identify(s, CONTACTS, ID("email", "a@example.it"), NUMBER("N", number));
	for (size_t i = 0; i < 2; i++) {
		int pid_fd = pidfd_open(pids[i], 0);

		kill(pids[i], SIGKILL);
		expect_ends(pid_fd);
	}
	do {
		number = provoke(s, number, "TAKE");
	} while (*s->answer->conflicts[0]->fallback != '\0');
	while (children(pids, 8, service_pid(s->service)) != 2)
		number = provoke(s, number, "TAKE");
	for (size_t i = 0; i < 2; i++)
		descriptors[i] = pidfd_open(pids[i], 0);
	service_kill(s->service);
	for (size_t i = 0; i < 2; i++)
		expect_ends(descriptors[i]);
	scene_start(s);
	assert_int_equal(children(pids, 8, service_pid(s->service)), 2);
	for (size_t i = 0; i < 2; i++)
		descriptors[i] = pidfd_open(pids[i], 0);
	scene_stop(s);
	for (size_t i = 0; i < 2; i++)
		expect_ends(descriptors[i]);
}

static void
test_in_process_there_is_no_worker(struct scene *s)
{
	static const char *const config = "policies:\n"
					  "  run: in-process\n"
					  "  contacts: scripted\n"
					  "  conversations: scripted\n"
					  "  push: scripted\n";
	struct service_options options = { .config = config, .policy_dir = getenv("ANAGRAPH_HOSTILE_DIR") };
	int pids[8];

	assert_int_equal(children(pids, 8, service_pid(s->service)), 2); /* as nothing was said */
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	scene_use(s, &options);
	assert_int_equal(children(pids, 8, service_pid(s->service)), 0);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), NUMBER("N", 1));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), NUMBER("N", 2), IN("TAKE"));
	expect_conflicts(s, "VALUE N 1<2 TAKE");
}

/* A policy that fails before it is asked keeps the daemon from starting, in one line. */
static void
test_one_that_crashes_while_it_is_loaded_is_refused(struct scene *s)
{
	const char *data_dir = scene_print(s, "%s/loading", service_data_dir(s->service));
	const char *const arguments[] = { "--data-dir", data_dir, "--listen", "127.0.0.1:0", "--policy-run",
		"worker", "--policy-dir", getenv("ANAGRAPH_HOSTILE_DIR"), "--policy",
		"contacts=hostile_loading", "--policy", "conversations=scripted", "--policy", "push=scripted",
		NULL };
	char *prose;
	int status;

	assert_int_equal(service_run(&status, NULL, &prose, getenv("ANAGRAPHD"), arguments), 0);
	scene_keep(s, prose, free);
	assert_int_equal(status, 1);
	assert_non_null(strstr(prose,
	    "hostile_loading.so: while it was loaded, it asked the system for what no policy may "
	    "(SIGSYS)\n"));
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_each_deed_costs_its_own_event_alone),
		STOCK_TEST(test_a_flood_of_lines_is_a_trickle_in_the_log),
		STOCK_TEST(test_three_in_a_row_open_the_breaker_for_that_policy_alone),
		STOCK_TEST(test_workers_live_as_long_as_their_daemon),
		STOCK_TEST(test_in_process_there_is_no_worker),
		STOCK_TEST(test_one_that_crashes_while_it_is_loaded_is_refused),
	};

	return scene_main(tests);
}
