/* Runs the tests of a file, each on an account of its own, on daemons that they
 * share: starting one costs more than most tests do. A daemon starts with the first
 * test that needs it. When a test fails, what its daemon has said is printed. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/build.h"
#include "tests/support/store.h"

struct scene_memory {
	struct scene_memory *next;
	void *memory;
	void (*release)(void *memory);
};

/* A daemon with one set of policies, and the file's connection to it. */
struct stage {
	struct service *service;
	struct client *client;
};

struct group {
	struct stage stages[SCENE_POLICIES_COUNT];
};

/* What cmocka carries to the functions of one test. */
struct scene_case {
	const struct scene_test *test; /* NULL for the last, which ends a daemon */
	enum scene_policies policies;
	size_t number;
	struct group *group;
};

void *
scene_keep(struct scene *s, void *memory, void (*release)(void *memory))
{
	struct scene_memory *entry = malloc(sizeof(*entry));

	assert_non_null(memory);
	assert_non_null(entry);
	*entry = (struct scene_memory){ s->memory, memory, release };
	s->memory = entry;
	return memory;
}

char *
scene_print(struct scene *s, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	assert_true(size >= 0);
	return scene_keep(s, text, free);
}

static void
release_service(void *service)
{
	service_destroy(service);
}

static void
disconnect_scene(struct scene *s)
{
	if (s->owns_client)
		client_destroy(s->client);
	s->client = NULL;
	s->owns_client = false;
}

static void
connect_scene(struct scene *s)
{
	disconnect_scene(s);
	assert_int_equal(client_create(&s->client, service_target(s->service)), 0);
	s->owns_client = true;
}

void
scene_use(struct scene *s, const struct service_options *options)
{
	struct service *service = NULL;

	assert_int_equal(service_start(&service, options), 0);
	s->service = scene_keep(s, service, release_service);
	connect_scene(s);
}

void
scene_stop(struct scene *s)
{
	disconnect_scene(s);
	assert_int_equal(service_stop(s->service), 0);
}

void
scene_start(struct scene *s)
{
	assert_int_equal(service_restart(s->service), 0);
	connect_scene(s);
}

static int
stage_open(struct stage *stage, enum scene_policies policies)
{
	static const char *const scripted[] = { "--policy", "contacts=scripted", "--policy",
		"conversations=scripted", "--policy", "push=scripted", NULL };
	struct service_options options = { 0 };
	int result;

	if (stage->service != NULL)
		return 0;
	if (policies == SCENE_SCRIPTED) {
		options.arguments = scripted;
		options.policy_dir = getenv("ANAGRAPH_TEST_POLICY_DIR");
	}
	result = service_start(&stage->service, &options);
	if (result == 0)
		result = client_create(&stage->client, service_target(stage->service));
	if (result != 0)
		fprintf(stderr, "no daemon: %s\n", strerror(-result));
	return result;
}

/* Names the account after its test, so that a store that is kept can be read. */
static void
name_account(char account[65], const struct scene_case *scene_case)
{
	const char *name = scene_case->test->name;
	size_t size = (size_t)snprintf(account, 65, "%zu-", scene_case->number);

	for (size_t i = 0; name[i] != '\0' && size < 64; i++)
		account[size++] = (char)tolower((unsigned char)name[i]);
	account[size] = '\0';
}

static int
scene_setup(void **state)
{
	struct scene_case *scene_case = *state;
	struct stage *stage = &scene_case->group->stages[scene_case->policies];
	struct scene *s;

	if (stage_open(stage, scene_case->policies) != 0)
		return -1;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -1;
	s->test = scene_case->test;
	s->service = stage->service;
	s->client = stage->client;
	s->repeats = true;
	name_account(s->account, scene_case);
	*state = s;
	return 0;
}

static void
scene_run(void **state)
{
	struct scene *s = *state;

	s->test->run(s);
	s->finished = true;
}

static int
scene_teardown(void **state)
{
	struct scene *s = *state;

	if (!s->finished)
		service_print_prose(s->service);
	disconnect_scene(s);
	while (s->memory != NULL) {
		struct scene_memory *entry = s->memory;

		s->memory = entry->next;
		entry->release(entry->memory);
		free(entry);
	}
	free(s);
	return 0;
}

/* Nothing personal is logged: none of what these tests say of people. */
static void
expect_discreet(const struct service *service)
{
	static const char *const personal[] = { "example", "+39", "39333", "ossi", "ianchi", "Verdi", "Roma",
		"Bari", "v-1", "d-1", "x-1" };
	char *prose = service_read_prose(service);

	assert_non_null(prose);
	for (size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++) {
		if (strstr(prose, personal[i]) != NULL)
			fail_msg("the log tells of \"%s\":\n%s", personal[i], prose);
	}
	free(prose);
}

/* Ends a daemon after all tests and scans its store. */
static void
end_stage(void **state)
{
	const struct scene_case *scene_case = *state;
	struct stage *stage = &scene_case->group->stages[scene_case->policies];

	assert_non_null(stage->service);
	client_destroy(stage->client);
	stage->client = NULL;
	assert_int_equal(service_stop(stage->service), 0);
	expect_discreet(stage->service);
	store_expect_sound(service_data_dir(stage->service));
}

static int
group_teardown(struct group *group)
{
	for (size_t i = 0; i < SCENE_POLICIES_COUNT; i++) {
		client_destroy(group->stages[i].client);
		service_destroy(group->stages[i].service);
	}
	return 0;
}

int
scene_main_of(const struct scene_test *tests, size_t test_count)
{
	static const char *const endings[] = { "test_R3_recount_agrees_and_log_is_discreet_stock",
		"test_R3_recount_agrees_and_log_is_discreet_scripted" };
	struct group group = { 0 };
	struct scene_case *cases = calloc(test_count + SCENE_POLICIES_COUNT, sizeof(*cases));
	struct CMUnitTest *units = calloc(test_count + SCENE_POLICIES_COUNT, sizeof(*units));
	size_t unit_count = 0;
	int result = 1;

	if (cases == NULL || units == NULL)
		goto out;
	for (size_t i = 0; i < test_count; i++, unit_count++) {
		cases[i] = (struct scene_case){ &tests[i], tests[i].policies, i + 1, &group };
		units[i] =
		    (struct CMUnitTest){ tests[i].name, scene_run, scene_setup, scene_teardown, &cases[i] };
	}
	for (size_t policies = 0; policies < SCENE_POLICIES_COUNT; policies++) {
		bool used = false;

		for (size_t i = 0; i < test_count; i++)
			used = used || tests[i].policies == policies;
		if (!used)
			continue;
		cases[unit_count] =
		    (struct scene_case){ NULL, (enum scene_policies)policies, unit_count + 1, &group };
		units[unit_count] =
		    (struct CMUnitTest){ endings[policies], end_stage, NULL, NULL, &cases[unit_count] };
		unit_count++;
	}
	result = _cmocka_run_group_tests(program_invocation_short_name, units, unit_count, NULL, NULL);
out:
	group_teardown(&group);
	free(cases);
	free(units);
	return result;
}
