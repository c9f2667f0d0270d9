/* An answered Identify is on stable storage. The daemon is killed in the middle of a
 * load, with calls in flight, and started again: everything that was answered must be
 * there, and the counters must be what a recount finds.
 *
 * Each event names one person of one account and carries its own number as an
 * attribute, observed later than any before it: so what a person must hold after
 * any kill is the greatest number answered, or a greater one whose answer was lost.
 *
 * And what was not answered can be sent again under its request_id: it is carried out
 * once, whether the daemon was killed before its commit or between commit and answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/normalize.h"
#include "server/graph/graph.h"
#include "tests/model/calls.h"
#include "tests/model/history.h"
#include "tests/support/service.h"
#include "tests/support/store.h"

enum {
	SEED = 9,
	ROUNDS = 8,
	IN_FLIGHT = 64,
	ACCOUNTS = 24,
	PEOPLE = 12, /* in each account */
	LEAST_ANSWERS = 20,
	MOST_ANSWERS = 2000,
	START_SECONDS = 1600000000,
	NAME_BYTES = 24,
};

/* What was answered last about one person. */
struct person {
	size_t number;
	uint64_t contact_id;
	uint64_t version;
};

struct load {
	struct random random;
	size_t sent; /* also the number of the last event */
	struct person people[ACCOUNTS][PEOPLE];
	uint64_t revisions[ACCOUNTS];
};

/* A call in flight. */
struct sent {
	bool busy;
	size_t account;
	size_t person;
	size_t number;
};

static void
name_account(char name[NAME_BYTES], size_t account)
{
	snprintf(name, NAME_BYTES, "kill-%zu", account);
}

static struct model_fact
name_person(size_t person)
{
	char value[NAME_BYTES];

	snprintf(value, sizeof(value), "x-%zu", person);
	return model_identifier(NAMESPACE_EXT_ID, value, "");
}

static void
send_one(struct load *load, struct sent *sent, struct client *client)
{
	struct model_event event = { 0 };
	struct model_fact facts[3];
	char account[NAME_BYTES];
	char device[NAME_BYTES];
	ProtobufCMessage *request;

	*sent = (struct sent){ .busy = true,
		.account = random_below(&load->random, ACCOUNTS),
		.person = random_below(&load->random, PEOPLE),
		.number = ++load->sent };
	snprintf(device, sizeof(device), "d-%zu-%zu", sent->person, random_below(&load->random, 5));
	facts[0] = name_person(sent->person);
	facts[1] = model_identifier(NAMESPACE_PUSH, device, "");
	facts[2] = model_attribute(
	    "NUMBER", (struct model_value){ .type = VALUE_NUMBER, .number = (double)sent->number });
	event.source = random_chance(&load->random, 50) ? SOURCE_PUSH : SOURCE_CONTACTS;
	event.observed_at_us = ((int64_t)START_SECONDS + (int64_t)sent->number) * 1000000;
	for (size_t i = 0; i < 3; i++)
		model_event_add(&event, &facts[i]);
	name_account(account, sent->account);
	request = calls_make_identify(account, &event);
	assert_int_equal(client_start(client, CLIENT_IDENTIFY, request, 0, sent), 0);
	calls_free_request(request);
	model_event_finish(&event);
}

/* Notes an answer. Says whether there was one. */
static bool
note(struct load *load, const struct client_answer *answer)
{
	struct sent *sent = answer->tag;
	struct person *person = &load->people[sent->account][sent->person];
	Anagraph__V1__IdentifyResponse *response;

	sent->busy = false;
	if (answer->payload == NULL)
		return false;
	response = anagraph__v1__identify_response__unpack(NULL, answer->payload_size, answer->payload);
	assert_non_null(response);
	assert_non_null(response->contact);
	if (sent->number > person->number)
		person->number = sent->number;
	if (response->contact->version > person->version)
		person->version = response->contact->version;
	if (person->contact_id != 0)
		assert_int_equal(person->contact_id, response->contact->id);
	person->contact_id = response->contact->id;
	if (response->revision > load->revisions[sent->account])
		load->revisions[sent->account] = response->revision;
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	return true;
}

/* Keeps 64 calls in flight until so many were answered, then kills the daemon in
 * their midst. Returns how many were answered in all. */
static size_t
load_and_kill(struct load *load, struct service *service, size_t until)
{
	struct sent sent[IN_FLIGHT] = { 0 };
	struct client_answer answer;
	struct client *client;
	size_t answered = 0;
	size_t lost = 0;

	assert_int_equal(client_create(&client, service_target(service)), 0);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		send_one(load, &sent[i], client);
	while (answered < until) {
		assert_int_equal(client_next(&answer, client, -1), 0);
		assert_true(note(load, &answer));
		answered++;
		send_one(load, answer.tag, client);
	}
	service_kill(service);
	while (client_next(&answer, client, -1) == 0) {
		if (note(load, &answer))
			answered++;
		else
			lost++;
	}
	for (size_t i = 0; i < IN_FLIGHT; i++)
		assert_false(sent[i].busy);
	assert_true(answered >= until);
	client_destroy(client);
	fprintf(stderr, "# %zu answered, %zu in flight when killed\n", answered, lost);
	return answered;
}

static void
expect_person(const struct load *load, size_t account, size_t person, const struct call *call)
{
	const struct person *expected = &load->people[account][person];
	Anagraph__V1__ResolveResponse *answer;
	double number = 0;

	if (expected->contact_id == 0)
		return;
	if (call->payload == NULL)
		fail_msg("account %zu, person %zu: answered as contact %lu and now %s %s", account, person,
		    (unsigned long)expected->contact_id, client_code_name(call->status.code),
		    call->status.reason);
	answer = anagraph__v1__resolve_response__unpack(NULL, call->payload_size, call->payload);
	assert_non_null(answer);
	assert_int_equal(answer->contact->id, expected->contact_id);
	assert_true(answer->contact->version >= expected->version);
	for (size_t i = 0; i < answer->contact->n_attributes; i++) {
		if (strcmp(answer->contact->attributes[i]->name, "NUMBER") == 0)
			number = answer->contact->attributes[i]->number_value;
	}
	assert_true(number >= (double)expected->number);
	anagraph__v1__resolve_response__free_unpacked(answer, NULL);
}

static void
expect_account(const struct load *load, size_t account, const struct call *call)
{
	Anagraph__V1__CountContactsResponse *answer;
	uint64_t known = 0;

	assert_non_null(call->payload);
	answer = anagraph__v1__count_contacts_response__unpack(NULL, call->payload_size, call->payload);
	assert_non_null(answer);
	for (size_t i = 0; i < PEOPLE; i++)
		known += load->people[account][i].contact_id != 0;
	assert_true(answer->identified >= known);
	assert_true(answer->identified <= PEOPLE);
	assert_int_equal(answer->home_page_total, answer->identified);
	assert_true(answer->revision >= load->revisions[account]);
	anagraph__v1__count_contacts_response__free_unpacked(answer, NULL);
}

/* Every answered Identify is there. */
static void
expect_all(const struct load *load, const struct service *service)
{
	struct calls calls = { 0 };
	const struct call *call;
	struct client *client;

	assert_int_equal(client_create(&client, service_target(service)), 0);
	for (size_t account = 0; account < ACCOUNTS; account++) {
		char name[NAME_BYTES];

		name_account(name, account);
		calls_add_count(&calls, name);
		for (size_t person = 0; person < PEOPLE; person++) {
			struct model_fact identifier = name_person(person);

			calls_add_resolve(&calls, name, &identifier);
		}
	}
	assert_int_equal(calls_run(&calls, client, IN_FLIGHT), 0);
	call = calls.items;
	for (size_t account = 0; account < ACCOUNTS; account++) {
		expect_account(load, account, call++);
		for (size_t person = 0; person < PEOPLE; person++)
			expect_person(load, account, person, call++);
	}
	calls_clear(&calls);
	client_destroy(client);
}

static void
expect_sound_store(const char *data_dir)
{
	struct graph_options options = { .data_dir = data_dir,
		.phone_library_version = phone_library_version(),
		.key = store_key(data_dir) };
	struct graph_report report = { 0 };
	struct graph_error error = { 0 };
	struct graph *graph;

	assert_int_equal(graph_open(&graph, &options, &error), 0);
	if (graph_check(&report, graph, &error) != 0)
		fail_msg("the store is not sound: %s", error.message);
	assert_int_equal(report.accounts, ACCOUNTS);
	assert_true(report.contacts > 0);
	graph_close(graph);
}

static void
test_kill_no_answered_identify_is_lost(void **state)
{
	struct load *load = calloc(1, sizeof(*load));
	struct service *service;

	(void)state;
	assert_non_null(load);
	load->random.state = history_seed(SEED);
	assert_int_equal(service_start(&service, NULL), 0);
	for (size_t round = 0; round < ROUNDS; round++) {
		size_t until = LEAST_ANSWERS + random_below(&load->random, MOST_ANSWERS);

		assert_true(load_and_kill(load, service, until) > 0);
		assert_int_equal(service_restart(service), 0);
		expect_all(load, service);
	}
	assert_int_equal(service_stop(service), 0);
	expect_sound_store(service_data_dir(service));
	service_destroy(service);
	free(load);
}

/* An event on its way until it is answered, over however many kills. */
struct retried {
	size_t number; /* 0: none */
};

static void
send_retried(struct retried *retried, struct client *client)
{
	struct model_fact facts[2];
	struct model_event event = { .source = SOURCE_CONTACTS };
	char request_id[NAME_BYTES];
	ProtobufCMessage *message;
	Anagraph__V1__IdentifyRequest *request;

	facts[0] = name_person(0);
	facts[1] = model_attribute(
	    "NUMBER", (struct model_value){ .type = VALUE_NUMBER, .number = (double)retried->number });
	/* All are older than the first: each leaves a conflict in the journal, and nothing
	 * else, every time that it is carried out. */
	event.observed_at_us = ((int64_t)START_SECONDS - (int64_t)retried->number) * 1000000;
	for (size_t i = 0; i < 2; i++)
		model_event_add(&event, &facts[i]);
	message = calls_make_identify("kill-once", &event);
	request = (Anagraph__V1__IdentifyRequest *)message;
	snprintf(request_id, sizeof(request_id), "r-%zu", retried->number);
	request->request_id = request_id;
	assert_int_equal(client_start(client, CLIENT_IDENTIFY, message, 0, retried), 0);
	request->request_id = NULL;
	calls_free_request(message);
	model_event_finish(&event);
}

/* Takes an answer, if it is one; says whether it was given before. */
static bool
take_retried(const struct client_answer *answer)
{
	struct retried *retried = answer->tag;
	Anagraph__V1__IdentifyResponse *response;
	bool replayed;

	if (answer->payload == NULL)
		return false;
	response = anagraph__v1__identify_response__unpack(NULL, answer->payload_size, answer->payload);
	assert_non_null(response);
	if (retried->number > 1) {
		assert_int_equal(response->n_conflicts, 1);
		assert_true(response->conflicts[0]->incoming->number_value == (double)retried->number);
	}
	replayed = response->replayed;
	retried->number = 0;
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	return replayed;
}

/* Sends what no answer came to yet, then new events until so many were answered, and
 * kills the daemon; with until 0 only waits for all answers. Returns how many answers
 * were given before. */
static size_t
retry_and_kill(struct retried slots[IN_FLIGHT], size_t *last, struct service *service, size_t until)
{
	struct client_answer answer;
	struct client *client;
	size_t answered = 0;
	size_t replayed = 0;

	assert_int_equal(client_create(&client, service_target(service)), 0);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (slots[i].number == 0 && until > 0)
			slots[i].number = ++*last;
		if (slots[i].number != 0)
			send_retried(&slots[i], client);
	}
	while (answered < until) {
		struct retried *retried;

		assert_int_equal(client_next(&answer, client, -1), 0);
		assert_int_equal(answer.status.code, 0);
		replayed += take_retried(&answer);
		answered++;
		retried = answer.tag;
		retried->number = ++*last;
		send_retried(retried, client);
	}
	if (until > 0)
		service_kill(service); /* and lose the answers that had come by then */
	while (until == 0 && client_next(&answer, client, -1) == 0)
		replayed += take_retried(&answer);
	client_destroy(client);
	return replayed;
}

static void
test_R26_kill_a_retried_identify_is_carried_out_once(void **state)
{
	struct retried slots[IN_FLIGHT] = { { 1 } };
	struct random random = { .state = history_seed(SEED) };
	struct service *service;
	size_t replayed = 0;
	size_t last = 1;

	(void)state;
	assert_int_equal(service_start(&service, NULL), 0);
	replayed += retry_and_kill(slots, &last, service, 0); /* the first, by itself */
	for (size_t round = 0; round < ROUNDS; round++) {
		replayed += retry_and_kill(
		    slots, &last, service, LEAST_ANSWERS + random_below(&random, MOST_ANSWERS));
		assert_int_equal(service_restart(service), 0);
	}
	replayed += retry_and_kill(slots, &last, service, 0);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(slots[i].number, 0);
	fprintf(stderr, "# %zu events, %zu of them answered when they were sent again\n", last, replayed);
	assert_true(replayed > 0);
	assert_int_equal(service_stop(service), 0);
	assert_int_equal(store_journal_size(service_data_dir(service), "kill-once"), last);
	store_expect_sound(service_data_dir(service));
	service_destroy(service);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_no_answered_identify_is_lost),
		cmocka_unit_test(test_R26_kill_a_retried_identify_is_carried_out_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
