/* What happens when the disk does not do what it is told: a sync that fails, a store
 * that is full. Nothing that was answered may be lost, nothing that was not stored may
 * be acknowledged, and reads go on as long as they can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "tests/support/service.h"

enum { ANSWERED_COUNT = 5, CODE_NOT_FOUND = 5, CODE_RESOURCE_EXHAUSTED = 8, CODE_UNAVAILABLE = 14 };

/* Sends one event about the push subscription d-NUMBER, with a value of some size. */
static int
identify(struct client *client, struct client_status *status, unsigned number, const char *value)
{
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	Anagraph__V1__Attribute attribute = ANAGRAPH__V1__ATTRIBUTE__INIT;
	Anagraph__V1__Attribute *attributes[] = { &attribute };
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__IdentifyResponse *response = NULL;
	char device[32];
	int result;

	snprintf(device, sizeof(device), "d-%u", number);
	identifier.namespace_ = "push";
	identifier.value = device;
	attribute.name = "NOTE";
	attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attribute.string_value = (char *)(uintptr_t)value;
	request.account = "shop";
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_PUSH;
	request.identifiers = identifiers;
	request.n_identifiers = 1;
	request.attributes = attributes;
	request.n_attributes = 1;
	result = client_identify(&response, status, client, &request);
	if (result == 0)
		anagraph__v1__identify_response__free_unpacked(response, NULL);
	return result;
}

static int
resolve(struct client *client, struct client_status *status, unsigned number)
{
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__ResolveResponse *response = NULL;
	char device[32];
	int result;

	snprintf(device, sizeof(device), "d-%u", number);
	identifier.namespace_ = "push";
	identifier.value = device;
	request.account = "shop";
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	result = client_resolve(&response, status, client, &request);
	if (result == 0)
		anagraph__v1__resolve_response__free_unpacked(response, NULL);
	return result;
}

static uint64_t
count(struct client *client)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *response = NULL;
	uint64_t total;

	request.account = "shop";
	assert_int_equal(client_count_contacts(&response, NULL, client, &request), 0);
	total = response->home_page_total;
	anagraph__v1__count_contacts_response__free_unpacked(response, NULL);
	return total;
}

static struct client *
connect_to(const struct service *service)
{
	struct client *client;

	assert_int_equal(client_create(&client, service_target(service)), 0);
	return client;
}

static void
write_answered(struct client *client)
{
	for (unsigned i = 0; i < ANSWERED_COUNT; i++)
		assert_int_equal(identify(client, NULL, i, "kept"), 0);
}

static void
expect_answered(struct client *client)
{
	for (unsigned i = 0; i < ANSWERED_COUNT; i++)
		assert_int_equal(resolve(client, NULL, i), 0);
}

/* A path that ends in name, below a directory; static. */
static const char *
path_in(const char *directory, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
test_failed_sync_is_never_acknowledged_and_is_the_last(void **state)
{
	char *directory = test_directory_create();
	char preload[4096];
	char trigger[4096];
	char variable[4096 + 32];
	const char *environment[] = { preload, variable, "ASAN_OPTIONS=verify_asan_link_order=0", NULL };
	const struct service_options options = { .environment = environment };
	struct client_status status;
	struct service *service;
	struct client *client;
	int descriptor;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", getenv("ANAGRAPH_FAIL_SYNC_MODULE"));
	snprintf(trigger, sizeof(trigger), "%s", path_in(directory, "fail"));
	snprintf(variable, sizeof(variable), "ANAGRAPH_FAIL_SYNC=%s", trigger);
	assert_int_equal(service_start(&service, &options), 0);
	client = connect_to(service);
	write_answered(client);

	descriptor = open(trigger, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(descriptor >= 0);
	close(descriptor);
	assert_int_equal(identify(client, &status, ANSWERED_COUNT, "lost"), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNAVAILABLE);
	assert_string_equal(status.reason, "STORE_FAILED");
	assert_int_equal(identify(client, &status, ANSWERED_COUNT + 1, "lost"), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNAVAILABLE);
	client_destroy(client);
	assert_int_equal(service_stop(service), 1);
	assert_int_equal(access(path_in(service_data_dir(service), "failed"), F_OK), 0);

	assert_int_equal(unlink(trigger), 0);
	assert_int_equal(service_restart(service), 0);
	assert_int_equal(access(path_in(service_data_dir(service), "failed"), F_OK), -1);
	client = connect_to(service);
	expect_answered(client);
	assert_int_equal(resolve(client, &status, ANSWERED_COUNT), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_NOT_FOUND);
	assert_int_equal(count(client), ANSWERED_COUNT);
	assert_int_equal(identify(client, NULL, ANSWERED_COUNT, "kept"), 0);
	client_destroy(client);
	assert_int_equal(service_stop(service), 0);
	service_destroy(service);
	test_directory_remove(directory);
	free(directory);
}

static void
test_full_store_refuses_writes_and_goes_on_reading(void **state)
{
	enum { NOTE_BYTES = 1000, ENOUGH_TO_FILL = 20000 };
	const char *arguments[] = { "--map-size-mib", "2", NULL };
	const struct service_options options = { .arguments = arguments };
	char note[NOTE_BYTES + 1];
	struct client_status status;
	struct service *service;
	struct client *client;
	unsigned written = ANSWERED_COUNT;
	int result = 0;

	(void)state;
	memset(note, 'n', NOTE_BYTES);
	note[NOTE_BYTES] = '\0';
	assert_int_equal(service_start(&service, &options), 0);
	client = connect_to(service);
	write_answered(client);
	while (result == 0 && written < ENOUGH_TO_FILL) {
		result = identify(client, &status, written, note);
		if (result == 0)
			written++;
	}
	assert_int_equal(result, CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_RESOURCE_EXHAUSTED);
	assert_string_equal(status.reason, "STORE_FULL");

	expect_answered(client);
	assert_int_equal(count(client), written);
	assert_int_equal(resolve(client, &status, written), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_NOT_FOUND);
	client_destroy(client);
	assert_int_equal(service_stop(service), 0);

	assert_int_equal(service_restart(service), 0);
	client = connect_to(service);
	expect_answered(client);
	assert_int_equal(count(client), written);
	client_destroy(client);
	service_destroy(service);
}

/* The store says what it was about when the system refused it. */
static void
test_store_that_cannot_be_made_is_told_in_its_words(void **state)
{
	char *directory = test_directory_create();
	char data_dir[4096];
	const char *const arguments[] = { "--data-dir", data_dir, "--policy-dir",
		getenv("ANAGRAPH_POLICY_DIR"), "--listen", "127.0.0.1:0", NULL };
	char *output;
	char *prose;
	int status;

	(void)state;
	snprintf(data_dir, sizeof(data_dir), "%s", path_in(directory, "missing/data"));
	assert_int_equal(service_run(&status, &output, &prose, getenv("ANAGRAPHD"), arguments), 0);
	assert_int_equal(status, 1);
	assert_string_equal(output, "");
	assert_non_null(strstr(prose, "missing/data can't be made: No such file or directory\n"));
	assert_ptr_equal(strchr(prose, '\n'), prose + strlen(prose) - 1);
	free(output);
	free(prose);
	test_directory_remove(directory);
	free(directory);
}

/* Sends the event that is in flight when the daemon is killed. */
static int
identify_once(Anagraph__V1__IdentifyResponse **response, struct client_status *status, struct client *client)
{
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;

	identifier.namespace_ = "chat";
	identifier.value = "v-1";
	request.account = "shop";
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS;
	request.identifiers = identifiers;
	request.n_identifiers = 1;
	request.request_id = "r-1";
	return client_identify(response, status, client, &request);
}

static void
test_R26_killed_between_commit_and_answer(void **state)
{
	char *directory = test_directory_create();
	char preload[4096];
	char trigger[4096];
	char variable[4096 + 32];
	const char *environment[] = { preload, variable, "ASAN_OPTIONS=verify_asan_link_order=0", NULL };
	const struct service_options options = { .environment = environment };
	Anagraph__V1__IdentifyResponse *response = NULL;
	struct client_status status;
	struct service *service;
	struct client *client;
	int descriptor;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", getenv("ANAGRAPH_KILL_AFTER_COMMIT_MODULE"));
	snprintf(trigger, sizeof(trigger), "%s", path_in(directory, "kill"));
	snprintf(variable, sizeof(variable), "ANAGRAPH_KILL_AFTER_COMMIT=%s", trigger);
	assert_int_equal(service_start(&service, &options), 0);
	client = connect_to(service);
	write_answered(client);
	descriptor = open(trigger, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(descriptor >= 0);
	close(descriptor);
	assert_int_equal(identify_once(&response, &status, client), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNAVAILABLE);
	assert_string_equal(status.reason, "");
	client_destroy(client);
	assert_int_equal(service_wait(service), 128 + SIGKILL);

	assert_int_equal(unlink(trigger), 0);
	assert_int_equal(service_restart(service), 0);
	client = connect_to(service);
	assert_int_equal(count(client), ANSWERED_COUNT + 1);
	assert_int_equal(identify_once(&response, NULL, client), 0);
	assert_true(response->replayed);
	assert_int_equal(response->outcome, ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED);
	assert_int_equal(response->contact->id, ANSWERED_COUNT + 1);
	assert_int_equal(response->revision, ANSWERED_COUNT + 1);
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	assert_int_equal(count(client), ANSWERED_COUNT + 1);
	expect_answered(client);
	client_destroy(client);
	assert_int_equal(service_stop(service), 0);
	service_destroy(service);
	test_directory_remove(directory);
	free(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_sync_is_never_acknowledged_and_is_the_last),
		cmocka_unit_test(test_R26_killed_between_commit_and_answer),
		cmocka_unit_test(test_full_store_refuses_writes_and_goes_on_reading),
		cmocka_unit_test(test_store_that_cannot_be_made_is_told_in_its_words),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
