/* Who may call, from the daemon's file: what is granted, and what is refused before
 * anybody calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "server/config.h"

static char directory[] = "anagraph-callers-XXXXXX";
static char certificate[64];
static char key[64];
static char settings[64];

static void
write_file(const char *path, const char *text, size_t padded_size, mode_t mode)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	for (size_t size = strlen(text); size < padded_size; size++)
		assert_int_equal(fputc('\n', file), '\n');
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static const char PEM[] = "-----BEGIN CERTIFICATE-----\n";

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(certificate, sizeof(certificate), "%s/server.pem", directory);
	snprintf(key, sizeof(key), "%s/server.key", directory);
	snprintf(settings, sizeof(settings), "%s/anagraph.yaml", directory);
	write_file(certificate, PEM, 0, 0644);
	write_file(key, PEM, 0, 0600);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(certificate);
	unlink(key);
	unlink(settings);
	return rmdir(directory);
}

/* Reads a file that says tls, and then this; listen is the command line's, if any. */
static int
read_callers(struct config *config, struct config_error *error, const char *callers, const char *listen)
{
	char text[65536];
	const char *arguments[] = { "anagraphd", "--config", settings, "--data-dir", "store", "--policy-dir",
		"plugins", "--listen", listen != NULL ? listen : "127.0.0.1:0" };

	snprintf(text, sizeof(text), "tls: {certificate: %s, key: %s, caller_authority: %s}\n%s", certificate,
	    key, certificate, callers);
	write_file(settings, text, 0, 0600);
	memset(error, 0, sizeof(*error));
	return config_parse(config, error, 9, (char *const *)(uintptr_t)arguments);
}

static void
assert_refused(const char *callers, const char *why)
{
	struct config config;
	struct config_error error;

	assert_int_equal(read_callers(&config, &error, callers, NULL), CONFIG_E_FILE);
	if (strstr(error.message, why) == NULL)
		fail_msg("%s: expected %s, got %s", callers, why, error.message);
}

static void
test_callers_are_sorted_by_name_with_what_they_may_do(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(read_callers(&config, &error,
			     "callers:\n"
			     "  spiffe://a/chat: {roles: [writer, reader], accounts: [shop, bar]}\n"
			     "  console.a: {roles: [operator, admin], accounts: ['*']}\n",
			     "0.0.0.0:7430"),
	    0);
	assert_true(config.has_identity);
	assert_int_equal(config.callers.count, 2);
	assert_true(bytes_equal(config.callers.items[0].name, BYTES("console.a")));
	assert_int_equal(config.callers.items[0].roles, ROLE_OPERATOR | ROLE_ADMIN);
	assert_true(config.callers.items[0].all_accounts);
	assert_true(bytes_equal(config.callers.items[1].name, BYTES("spiffe://a/chat")));
	assert_int_equal(config.callers.items[1].roles, ROLE_READER | ROLE_WRITER);
	assert_false(config.callers.items[1].all_accounts);
	assert_int_equal(config.callers.items[1].account_count, 2);
	assert_true(bytes_equal(config.callers.items[1].accounts[0], BYTES("bar")));
	assert_string_equal((const char *)config.identity.certificate.data, PEM);
	assert_string_equal(config.host, "0.0.0.0");
	config_finish(&config);
}

static void
test_nothing_is_granted_that_is_not_said(void **state)
{
	(void)state;
	assert_refused("callers:\n  a: {accounts: [shop]}\n", ":3: callers[a]: has no roles");
	assert_refused("callers:\n  a: {roles: [], accounts: [shop]}\n", "has no roles");
	assert_refused("callers:\n  a: {roles: [reader]}\n", "has no accounts");
	assert_refused("callers:\n  a: {roles: [reader], accounts: []}\n", "has no accounts");
	assert_refused(
	    "callers:\n  a: {roles: [root], accounts: [shop]}\n", "callers[a].roles[0]: root is no role");
	assert_refused(
	    "callers:\n  a: {roles: [reader], accounts: [shop, '*']}\n", "stands for all accounts");
	assert_refused("callers:\n  a: {roles: [reader], accounts: [Shop]}\n", "is no account's name");
	assert_refused(
	    "callers:\n  a: {roles: [reader], accounts: [shop]}\n  a: {roles: [reader], accounts: [shop]}\n",
	    "twice");
	assert_refused("callers: {}\n", "takes 1 to 1000 callers");
	assert_refused("callers:\n  '': {roles: [reader], accounts: [shop]}\n", "is no caller's name");
	assert_refused("", "says tls and no callers");
}

/* A caller with a name of so many bytes, and with so many accounts. */
static int
read_sized(struct config_error *error, size_t name_bytes, size_t account_count)
{
	static char text[256 * 1024];
	struct config config;
	size_t size = (size_t)snprintf(text, sizeof(text), "callers:\n  ? \"");
	const char *arguments[] = { "anagraphd", "--config", settings, "--data-dir", "s", "--policy-dir",
		"p" };
	int result;

	memset(text + size, 'n', name_bytes);
	size += name_bytes;
	size += (size_t)snprintf(text + size, sizeof(text) - size, "\"\n  : {roles: [reader], accounts: [a");
	for (size_t i = 1; i < account_count; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, ", a%zu", i);
	snprintf(text + size, sizeof(text) - size,
	    "]}\ntls: {certificate: %s, key: %s, caller_authority: %s}\n", certificate, key, certificate);
	write_file(settings, text, 0, 0600);
	result = config_parse(&config, error, 7, (char *const *)(uintptr_t)arguments);
	if (result == 0)
		config_finish(&config);
	return result;
}

static void
test_limits_of_callers(void **state)
{
	struct config_error error;

	(void)state;
	assert_int_equal(read_sized(&error, LIMIT_CALLER_NAME_BYTES, LIMIT_CALLER_ACCOUNTS), 0);
	assert_int_equal(read_sized(&error, LIMIT_CALLER_NAME_BYTES + 1, 1), CONFIG_E_FILE);
	assert_int_equal(read_sized(&error, 1, LIMIT_CALLER_ACCOUNTS + 1), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, "has 10001 accounts"));
}

static void
test_limit_of_how_many_callers(void **state)
{
	static const char one[] = "  c%04zu: {roles: [reader], accounts: [a]}\n";
	static char text[128 * 1024];

	(void)state;
	for (size_t count = LIMIT_CALLERS; count <= LIMIT_CALLERS + 1; count++) {
		struct config config;
		struct config_error error;
		size_t size = (size_t)snprintf(text, sizeof(text), "callers:\n");
		int result;

		for (size_t i = 0; i < count; i++)
			size += (size_t)snprintf(text + size, sizeof(text) - size, one, i);
		result = read_callers(&config, &error, text, NULL);
		assert_int_equal(result, count == LIMIT_CALLERS ? 0 : CONFIG_E_FILE);
		if (result == 0)
			config_finish(&config);
	}
}

static void
test_files_that_are_no_identity(void **state)
{
	static const char callers[] = "callers:\n  a: {roles: [reader], accounts: ['*']}\n";
	struct config config;
	struct config_error error;

	(void)state;
	write_file(key, PEM, 0, 0640);
	assert_refused(callers, ":1: tls.key: is a secret, and others may read it");
	write_file(key, PEM, 0, 0600);
	write_file(certificate, PEM, 0, 0666);
	assert_refused(callers, "tls.certificate: must belong to root");
	write_file(certificate, "hello", 0, 0600);
	assert_refused(callers, "is no PEM file");
	write_file(certificate, "", 0, 0600);
	assert_refused(callers, "takes a file of 1 to");
	write_file(certificate, PEM, (size_t)LIMIT_PEM_BYTES + 1, 0600);
	assert_refused(callers, "takes a file of 1 to");
	write_file(certificate, PEM, LIMIT_PEM_BYTES, 0600);
	assert_int_equal(read_callers(&config, &error, callers, NULL), 0);
	config_finish(&config);
	unlink(certificate);
	assert_refused(callers, "No such file");
	write_file(certificate, PEM, 0, 0644);
}

static void
test_callers_without_tls_are_refused(void **state)
{
	const char *arguments[] = { "anagraphd", "--config", settings, "--data-dir", "s", "--policy-dir",
		"p" };
	struct config config;
	struct config_error error;

	(void)state;
	write_file(settings, "callers:\n  a: {roles: [reader], accounts: [shop]}\n", 0, 0600);
	assert_int_equal(
	    config_parse(&config, &error, 7, (char *const *)(uintptr_t)arguments), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, "says callers and no tls"));
	write_file(settings, "tls: {certificate: x}\n", 0, 0600);
	assert_int_equal(
	    config_parse(&config, &error, 7, (char *const *)(uintptr_t)arguments), CONFIG_E_FILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callers_are_sorted_by_name_with_what_they_may_do),
		cmocka_unit_test(test_nothing_is_granted_that_is_not_said),
		cmocka_unit_test(test_limits_of_callers),
		cmocka_unit_test(test_limit_of_how_many_callers),
		cmocka_unit_test(test_files_that_are_no_identity),
		cmocka_unit_test(test_callers_without_tls_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
