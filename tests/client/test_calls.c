/* The client against a real daemon: many calls in flight, errors with their details,
 * calls given up half-way, and no server at all. Built with the address sanitizer it
 * also shows that no way out of a call leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "tests/support/service.h"

enum {
	IN_FLIGHT = 200,
	CONNECT_MS = 30000,
	CODE_INVALID_ARGUMENT = 3,
	CODE_NOT_FOUND = 5,
	CODE_UNIMPLEMENTED = 12,
	CODE_UNAVAILABLE = 14,
};

/* A port of this machine that nothing listens on: the reserved port 1. */
static const char NOBODY[] = "127.0.0.1:1";

static int
start_daemon(void **state)
{
	return service_start((struct service **)state, NULL);
}

static int
end_daemon(void **state)
{
	int status = service_stop(*state);

	service_destroy(*state);
	return status;
}

static struct client *
connected(void **state)
{
	struct client *client;

	assert_int_equal(client_create(&client, service_target(*state)), 0);
	assert_int_equal(client_connect(client, CONNECT_MS), 0);
	return client;
}

static int
identify_chat(
    Anagraph__V1__IdentifyResponse **response, struct client *client, const char *account, const char *value)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };

	identifier.namespace_ = (char *)"chat";
	identifier.value = (char *)value;
	request.account = (char *)account;
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS;
	request.n_identifiers = 1;
	request.identifiers = identifiers;
	return client_identify(response, NULL, client, &request);
}

static int
start_resolve(struct client *client, const char *account, uint64_t contact_id, void *tag)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;

	request.account = (char *)account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request.contact_id = contact_id;
	return client_start(client, CLIENT_RESOLVE, &request.base, CONNECT_MS, tag);
}

static void
test_one_call_is_answered_with_its_transaction(void **state)
{
	struct client *client = connected(state);
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *counted;
	Anagraph__V1__IdentifyResponse *identified;
	struct client_status status;

	assert_int_equal(identify_chat(&identified, client, "one", "v-1"), 0);
	assert_int_equal(identified->contact->id, 1);
	anagraph__v1__identify_response__free_unpacked(identified, NULL);
	request.account = (char *)"one";
	assert_int_equal(client_count_contacts(&counted, &status, client, &request), 0);
	assert_int_equal(counted->home_page_total, 1);
	assert_int_equal(status.code, 0);
	assert_true(status.txn > 0);
	anagraph__v1__count_contacts_response__free_unpacked(counted, NULL);
	client_destroy(client);
}

static void
test_an_error_carries_its_details(void **state)
{
	struct client *client = connected(state);
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *counted = NULL;
	struct client_status status;

	request.account = (char *)"Not An Account";
	assert_int_equal(client_count_contacts(&counted, &status, client, &request), CLIENT_E_STATUS);
	assert_null(counted);
	assert_int_equal(status.code, CODE_INVALID_ARGUMENT);
	assert_string_equal(status.reason, "ACCOUNT_INVALID");
	assert_string_equal(status.domain, "anagraph");
	assert_string_equal(status.field, "account");
	assert_true(status.message[0] != '\0');
	request.account = (char *)"one";
	assert_int_equal(client_count_contacts(&counted, &status, client, &request), 0);
	anagraph__v1__count_contacts_response__free_unpacked(counted, NULL);
	client_destroy(client);
}

static void
test_many_calls_in_flight_come_back_once_each(void **state)
{
	struct client *client = connected(state);
	Anagraph__V1__IdentifyResponse *identified;
	int seen[IN_FLIGHT] = { 0 };
	struct client_answer answer;

	assert_int_equal(identify_chat(&identified, client, "many", "v-1"), 0);
	anagraph__v1__identify_response__free_unpacked(identified, NULL);
	assert_int_equal(client_next(&answer, client, -1), CLIENT_E_IDLE);
	/* Every other one asks for a contact that isn't there. */
	for (uint64_t i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(start_resolve(client, "many", 1 + i % 2, &seen[i]), 0);
	/* A call that is waited for leaves the answers of the others alone. */
	assert_int_equal(identify_chat(&identified, client, "many", "v-1"), 0);
	anagraph__v1__identify_response__free_unpacked(identified, NULL);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		size_t index;

		assert_int_equal(client_next(&answer, client, -1), 0);
		index = (size_t)((int *)answer.tag - seen);
		assert_true(index < IN_FLIGHT);
		seen[index]++;
		if (index % 2 == 0) {
			Anagraph__V1__ResolveResponse *resolved =
			    anagraph__v1__resolve_response__unpack(NULL, answer.payload_size, answer.payload);

			assert_int_equal(answer.status.code, 0);
			assert_non_null(resolved);
			assert_int_equal(resolved->contact->id, 1);
			anagraph__v1__resolve_response__free_unpacked(resolved, NULL);
		} else {
			assert_int_equal(answer.status.code, CODE_NOT_FOUND);
			assert_string_equal(answer.status.reason, "CONTACT_NOT_FOUND");
			assert_null(answer.payload);
		}
	}
	for (size_t i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(client_next(&answer, client, -1), CLIENT_E_IDLE);
	client_destroy(client);
}

static void
test_destroying_gives_up_what_is_in_flight(void **state)
{
	struct client *client = connected(state);
	struct client_answer answer;

	for (size_t i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(start_resolve(client, "many", 1, client), 0);
	assert_int_equal(client_next(&answer, client, -1), 0);
	client_destroy(client);
	client_destroy(NULL);
}

static void
test_raw_bytes_go_to_any_method(void **state)
{
	static const uint8_t bad[] = { 0xff, 0xff, 0xff };
	struct client *client = connected(state);
	struct client_status status;
	uint8_t *payload = NULL;
	size_t size = 0;

	assert_int_equal(client_call_raw(&payload, &size, &status, client,
			     "/anagraph.v1.IdentityService/CountContacts", bad, sizeof(bad), 0),
	    CLIENT_E_STATUS);
	assert_string_equal(status.reason, "MALFORMED_REQUEST");
	assert_int_equal(
	    client_call_raw(&payload, &size, &status, client, "/no.such.Service/Method", NULL, 0, CONNECT_MS),
	    CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNIMPLEMENTED);
	assert_null(payload);
	assert_int_equal(
	    client_call_raw(&payload, &size, &status, client, "/anagraph.v1.IdentityService/CountContacts",
		(const uint8_t *)"\x0a\x03one", 5, CONNECT_MS),
	    0);
	assert_non_null(payload);
	assert_true(size > 0);
	free(payload);
	client_destroy(client);
}

static void
test_clients_come_and_go_side_by_side(void **state)
{
	struct client *first = connected(state);
	struct client *second = connected(state);
	Anagraph__V1__IdentifyResponse *identified;

	client_destroy(first);
	assert_int_equal(identify_chat(&identified, second, "one", "v-1"), 0);
	anagraph__v1__identify_response__free_unpacked(identified, NULL);
	client_destroy(second);
}

/* Sends an event of a chat visitor; an empty value is refused by the service. */
static int
send_chat(struct client_stream *stream, const char *value, void *tag)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };

	identifier.namespace_ = (char *)"chat";
	identifier.value = (char *)value;
	request.account = (char *)"stream";
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS;
	request.n_identifiers = 1;
	request.identifiers = identifiers;
	return client_stream_send(stream, &request, tag, CONNECT_MS);
}

static void
test_a_stream_answers_in_order_and_tells_errors_in_place(void **state)
{
	struct client *client = connected(state);
	struct client_stream *stream;
	struct client_stream_answer answer;
	struct client_status status;
	int tags[IN_FLIGHT];

	assert_int_equal(client_stream_open(&stream, client, IN_FLIGHT), 0);
	assert_int_equal(client_stream_next(&answer, stream, -1), CLIENT_E_IDLE);
	for (int i = 0; i < IN_FLIGHT; i++) {
		char value[16];

		snprintf(value, sizeof(value), "v-%d", i);
		assert_int_equal(send_chat(stream, i % 10 == 9 ? "" : value, &tags[i]), 0);
	}
	/* A call of another kind on the same client leaves the stream's answers alone. */
	test_one_call_is_answered_with_its_transaction(state);
	for (int i = 0; i < IN_FLIGHT; i++) {
		assert_int_equal(client_stream_next(&answer, stream, CONNECT_MS), 0);
		assert_ptr_equal(answer.tag, &tags[i]);
		if (i % 10 == 9) {
			assert_int_equal(answer.response->result_case,
			    ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR);
			assert_string_equal(answer.response->error->reason, "IDENTIFIER_INVALID");
		} else {
			assert_int_equal(answer.response->result_case,
			    ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_RESPONSE);
			assert_int_equal(answer.response->response->contact->id, i + 1 - i / 10);
		}
	}
	assert_int_equal(client_stream_next(&answer, stream, -1), CLIENT_E_IDLE);
	assert_int_equal(client_stream_finish(&status, stream, CONNECT_MS), 0);
	assert_int_equal(status.code, 0);
	assert_int_equal(send_chat(stream, "v", NULL), -EINVAL);
	client_stream_destroy(stream);
	client_destroy(client);
}

static void
test_a_stream_has_no_more_in_flight_than_its_window(void **state)
{
	struct client *client = connected(state);
	struct client_stream *stream;
	struct client_stream_answer answer;

	assert_int_equal(client_stream_open(&stream, client, 2), 0);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(send_chat(stream, "v-1", NULL), 0);
		assert_int_equal(send_chat(stream, "v-2", NULL), 0);
		assert_int_equal(send_chat(stream, "v-3", NULL), CLIENT_E_FULL);
		assert_int_equal(client_stream_next(&answer, stream, -1), 0);
		assert_int_equal(client_stream_next(&answer, stream, -1), 0);
	}
	/* One that is given up with events in flight leaves nothing behind. */
	assert_int_equal(send_chat(stream, "v-1", NULL), 0);
	client_stream_destroy(stream);
	client_stream_destroy(NULL);
	client_destroy(client);
}

static void
test_a_stream_without_a_server_ends(void **state)
{
	struct client *client;
	struct client_stream *stream;
	struct client_stream_answer answer;
	struct client_status status;
	int result;

	(void)state;
	assert_int_equal(client_create(&client, NOBODY), 0);
	assert_int_equal(client_stream_open(&stream, client, 1), 0);
	result = send_chat(stream, "v-1", NULL);
	assert_true(result == 0 || result == CLIENT_E_ENDED);
	assert_int_equal(client_stream_next(&answer, stream, -1), CLIENT_E_ENDED);
	assert_int_equal(client_stream_finish(&status, stream, CONNECT_MS), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNAVAILABLE);
	client_stream_destroy(stream);
	client_destroy(client);
}

static void
test_without_a_server_calls_end_and_connecting_does_not_hang(void **state)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *counted = NULL;
	struct client_status status;
	struct client *client;

	(void)state;
	assert_int_equal(client_create(&client, NOBODY), 0);
	request.account = (char *)"one";
	assert_int_equal(client_count_contacts(&counted, &status, client, &request), CLIENT_E_STATUS);
	assert_int_equal(status.code, CODE_UNAVAILABLE);
	assert_string_equal(status.reason, "");
	assert_int_equal(status.txn, 0);
	assert_int_equal(client_connect(client, 1), CLIENT_E_TIMEOUT);
	client_destroy(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_call_is_answered_with_its_transaction),
		cmocka_unit_test(test_an_error_carries_its_details),
		cmocka_unit_test(test_many_calls_in_flight_come_back_once_each),
		cmocka_unit_test(test_destroying_gives_up_what_is_in_flight),
		cmocka_unit_test(test_raw_bytes_go_to_any_method),
		cmocka_unit_test(test_clients_come_and_go_side_by_side),
		cmocka_unit_test(test_a_stream_answers_in_order_and_tells_errors_in_place),
		cmocka_unit_test(test_a_stream_has_no_more_in_flight_than_its_window),
		cmocka_unit_test(test_a_stream_without_a_server_ends),
		cmocka_unit_test(test_without_a_server_calls_end_and_connecting_does_not_hang),
	};

	return cmocka_run_group_tests(tests, start_daemon, end_daemon);
}
