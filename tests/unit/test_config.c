/* The daemon's command line: defaults, limits at the number and one past it, and that
 * no address is served which another machine could reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/config.h"

enum { ARGUMENTS = 16 };

/* Parses the required options and then those given, up to NULL. */
static int
parse(struct config *config, struct config_error *error, const char *const *more)
{
	const char *arguments[ARGUMENTS] = { "anagraphd", "--data-dir", "store", "--policy-dir=plugins" };
	int count = 4;

	while (*more != NULL) {
		assert_true(count < ARGUMENTS - 1);
		arguments[count++] = *more++;
	}
	memset(error, 0, sizeof(*error));
	return config_parse(config, error, count, (char *const *)(uintptr_t)arguments);
}

#define PARSE(config, error, ...) parse(config, error, (const char *const[]){ __VA_ARGS__, NULL })

static void
assert_refused(const char *option, const char *value)
{
	struct config config;
	struct config_error error;

	print_message("# %s %s\n", option, value);
	assert_int_equal(PARSE(&config, &error, option, value), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, option));
	assert_null(strchr(error.message, '\n'));
}

static void
test_defaults(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(parse(&config, &error, (const char *const[]){ NULL }), 0);
	assert_string_equal(config.data_dir, "store");
	assert_null(config.key_file);
	assert_string_equal(config.policy_dir, "plugins");
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "push_latest");
	assert_string_equal(config.policy_ids[SOURCE_CONVERSATIONS], "chat_primary");
	assert_string_equal(config.policy_ids[SOURCE_PUSH], "push_latest");
	assert_string_equal(config.host, "127.0.0.1");
	assert_int_equal(config.port, 7430);
	assert_in_range(config.thread_count, 1, LIMIT_THREADS);
	assert_true(config.map_size_bytes == (uint64_t)1 << 40);
}

static void
test_threads_up_to_the_limit(void **state)
{
	struct config config;
	struct config_error error;
	char value[16];

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--threads", "1"), 0);
	assert_int_equal(config.thread_count, 1);
	snprintf(value, sizeof(value), "%d", LIMIT_THREADS);
	assert_int_equal(PARSE(&config, &error, "--threads", value), 0);
	assert_int_equal(config.thread_count, LIMIT_THREADS);
	snprintf(value, sizeof(value), "%d", LIMIT_THREADS + 1);
	assert_refused("--threads", value);
	assert_refused("--threads", "0");
	assert_refused("--threads", "-1");
	assert_refused("--threads", "+1");
	assert_refused("--threads", "2x");
	assert_refused("--threads", " 2");
	assert_refused("--threads", "");
	assert_refused("--threads", "18446744073709551617");
}

static void
test_map_size_up_to_the_limit(void **state)
{
	struct config config;
	struct config_error error;
	char value[16];

	(void)state;
	snprintf(value, sizeof(value), "%d", LIMIT_MAP_SIZE_MIB);
	assert_int_equal(PARSE(&config, &error, "--map-size-mib", value), 0);
	assert_true(config.map_size_bytes == (uint64_t)LIMIT_MAP_SIZE_MIB << 20);
	snprintf(value, sizeof(value), "%d", LIMIT_MAP_SIZE_MIB + 1);
	assert_refused("--map-size-mib", value);
	assert_refused("--map-size-mib", "0");
	assert_refused("--map-size-mib", "1.5");
}

static void
test_where_policies_run_and_for_how_long(void **state)
{
	struct config config;
	struct config_error error;
	char value[32];

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--threads", "1"), 0);
	assert_int_equal(config.policies_run, RUN_IN_WORKERS);
	assert_int_equal(config.policy_deadline_ms, 20);
	assert_int_equal(
	    PARSE(&config, &error, "--policy-run", "in-process", "--policy-deadline-ms", "1"), 0);
	assert_int_equal(config.policies_run, RUN_IN_PROCESS);
	assert_int_equal(config.policy_deadline_ms, 1);
	snprintf(value, sizeof(value), "%d", LIMIT_POLICY_DEADLINE_MS);
	assert_int_equal(PARSE(&config, &error, "--policy-run", "worker", "--policy-deadline-ms", value), 0);
	assert_int_equal(config.policies_run, RUN_IN_WORKERS);
	assert_int_equal(config.policy_deadline_ms, LIMIT_POLICY_DEADLINE_MS);
	snprintf(value, sizeof(value), "%d", LIMIT_POLICY_DEADLINE_MS + 1);
	assert_refused("--policy-deadline-ms", value);
	assert_refused("--policy-deadline-ms", "0");
	assert_refused("--policy-run", "workers");
	assert_refused("--policy-run", "");
}

static void
test_loopback_addresses_are_taken(void **state)
{
	static const struct {
		const char *given;
		const char *host;
		unsigned port;
	} cases[] = {
		{ "127.0.0.1:0", "127.0.0.1", 0 },
		{ "127.0.0.1:65535", "127.0.0.1", 65535 },
		{ "127.255.3.4:1", "127.255.3.4", 1 },
		{ "localhost:7430", "127.0.0.1", 7430 },
		{ "[::1]:7430", "[::1]", 7430 },
		{ "::1:7430", "[::1]", 7430 },
	};
	struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(PARSE(&config, &error, "--listen", cases[i].given), 0);
		assert_string_equal(config.host, cases[i].host);
		assert_int_equal(config.port, cases[i].port);
	}
}

static void
test_every_other_address_is_refused(void **state)
{
	static const char *const addresses[] = { "0.0.0.0:7430", "[::]:7430", ":7430", "*:7430",
		"192.168.1.2:7430", "128.0.0.1:7430", "126.255.255.255:7430", "1.0.0.127:7430", "127.1:7430",
		"0127.0.0.1:7430", "2130706433:7430", "[::ffff:127.0.0.1]:7430", "[::2]:7430",
		"example.org:7430", "localhost.example.org:7430", "LOCALHOST.:7430", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:7430 ",
		"127.0.0.1:7430,0.0.0.0:7430", "", "unix:/tmp/socket", "ipv4:127.0.0.1:7430",
		"127.0.0.1111111111111111111111111111111111111111111111111111111111111111111111111111111:1" };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		assert_refused("--listen", addresses[i]);
}

static void
test_an_open_address_is_told_why(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--listen", "0.0.0.0:7430"), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "0.0.0.0:7430"));
	assert_non_null(strstr(error.message, "loopback"));
}

static void
test_policies_by_source(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--policy", "contacts=mine", "--policy=push=yours"), 0);
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "mine");
	assert_string_equal(config.policy_ids[SOURCE_CONVERSATIONS], "chat_primary");
	assert_string_equal(config.policy_ids[SOURCE_PUSH], "yours");
	assert_refused("--policy", "contacts");
	assert_refused("--policy", "contacts=");
	assert_refused("--policy", "=mine");
	assert_refused("--policy", "chat=mine");
	assert_refused("--policy", "contact=mine");
	assert_refused("--policy", "CONTACTS=mine");
	assert_refused("--policy", "contacts=../mine");
	assert_refused("--policy", "contacts=Mine");
}

static void
test_policy_id_up_to_the_limit(void **state)
{
	char value[16 + LIMIT_POLICY_ID_BYTES] = "push=";
	struct config config;
	struct config_error error;

	(void)state;
	memset(value + 5, 'x', LIMIT_POLICY_ID_BYTES);
	assert_int_equal(PARSE(&config, &error, "--policy", value), 0);
	assert_int_equal(strlen(config.policy_ids[SOURCE_PUSH]), LIMIT_POLICY_ID_BYTES);
	value[5 + LIMIT_POLICY_ID_BYTES] = 'x';
	assert_refused("--policy", value);
}

static void
test_the_last_of_two_counts(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--data-dir", "other", "--listen", "127.0.0.1:1", "--listen",
			     "127.0.0.2:2"),
	    0);
	assert_string_equal(config.data_dir, "other");
	assert_string_equal(config.host, "127.0.0.2");
	assert_int_equal(config.port, 2);
}

static void
test_what_is_no_option_is_refused(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--verbose"), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--verbose"));
	assert_int_equal(PARSE(&config, &error, "-x"), CONFIG_E_USAGE);
	assert_int_equal(PARSE(&config, &error, "store"), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "store"));
	assert_int_equal(PARSE(&config, &error, "--threads"), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--threads"));
	assert_int_equal(PARSE(&config, &error, "--policy-dir", ""), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--policy-dir"));
	assert_int_equal(PARSE(&config, &error, "--data-dir="), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--data-dir"));
}

static void
test_nothing_is_changed_by_a_refused_command_line(void **state)
{
	struct config config = { .port = 12345 };
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--listen", "127.0.0.1:1", "--threads", "x"), CONFIG_E_USAGE);
	assert_int_equal(config.port, 12345);
}

static void
test_help_and_version_are_told_apart(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(PARSE(&config, &error, "--help"), CONFIG_E_HELP);
	assert_int_equal(PARSE(&config, &error, "--version"), CONFIG_E_VERSION);
	assert_non_null(strstr(config_usage(), "--data-dir"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_threads_up_to_the_limit),
		cmocka_unit_test(test_where_policies_run_and_for_how_long),
		cmocka_unit_test(test_map_size_up_to_the_limit),
		cmocka_unit_test(test_loopback_addresses_are_taken),
		cmocka_unit_test(test_every_other_address_is_refused),
		cmocka_unit_test(test_an_open_address_is_told_why),
		cmocka_unit_test(test_policies_by_source),
		cmocka_unit_test(test_policy_id_up_to_the_limit),
		cmocka_unit_test(test_the_last_of_two_counts),
		cmocka_unit_test(test_what_is_no_option_is_refused),
		cmocka_unit_test(test_nothing_is_changed_by_a_refused_command_line),
		cmocka_unit_test(test_help_and_version_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
