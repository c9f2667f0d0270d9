/* What R18 promises: events under push_latest that name one person by one and the
 * same identifier leave the same primaries, whatever order they come in. Each
 * history is played in several orders, each in an account of its own; all must end
 * as the first does, and that as the newest claims alone say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/calls.h"
#include "tests/model/history.h"
#include "tests/model/text.h"
#include "tests/support/service.h"

enum {
	SEED = 18,
	HISTORIES = 300,
	ORDERS = 10,
	MOST_EVENTS = 9,
	IN_FLIGHT = 256,
	ACCOUNT_BYTES = 32,
	MOST_SHOWN = 3
};

struct run {
	char account[ACCOUNT_BYTES];
	const struct history *history;
	size_t order[MOST_EVENTS];
};

static void
make_runs(struct run runs[ORDERS], size_t number, const struct history *history, struct random *random)
{
	for (size_t i = 0; i < ORDERS; i++) {
		struct run *run = &runs[i];

		snprintf(run->account, sizeof(run->account), "shuffle-%zu-%zu", number, i);
		run->history = history;
		for (size_t j = 0; j < history->count; j++) {
			size_t other = random_below(random, j + 1);

			run->order[j] = run->order[other];
			run->order[other] = j;
		}
	}
}

/* Plays all runs side by side, one event of each at a time. */
static void
play(const struct run *runs, size_t count, struct client *client)
{
	for (size_t step = 0; step < MOST_EVENTS; step++) {
		struct calls calls = { 0 };

		for (size_t i = 0; i < count; i++) {
			if (step < runs[i].history->count)
				calls_add_identify(&calls, runs[i].account,
				    &runs[i].history->steps[runs[i].order[step]].event);
		}
		assert_int_equal(calls_run(&calls, client, IN_FLIGHT), 0);
		for (size_t i = 0; i < calls.count; i++)
			assert_int_equal(calls.items[i].status.code, 0);
		calls_clear(&calls);
	}
}

/* What the rules leave of a history, without playing it: of each fact the newest. */
static void
add_newest(struct text *text, const struct history *history)
{
	struct model_event newest = { 0 };
	struct model_contact contact;

	for (size_t i = 0; i < history->count; i++) {
		for (size_t j = 0; j < history->steps[i].event.fact_count; j++) {
			struct model_fact fact = history->steps[i].event.facts[j];
			struct model_fact *best = NULL;
			int64_t later;

			fact.claim = (struct model_claim){ .source = history->steps[i].event.source,
				.observed_at_us = history->steps[i].event.observed_at_us };
			for (size_t k = 0; k < newest.fact_count; k++) {
				bool same = fact.namespace_id == NAMESPACE_NONE
				    ? strcmp(newest.facts[k].name, fact.name) == 0
				    : model_fact_order(&newest.facts[k], &fact) == 0;

				if (same)
					best = &newest.facts[k];
			}
			if (best == NULL) {
				model_event_add(&newest, &fact);
				continue;
			}
			later = fact.claim.observed_at_us - best->claim.observed_at_us;
			if (later == 0)
				later = (int64_t)fact.claim.source - (int64_t)best->claim.source;
			if (later == 0)
				later = model_value_order(&fact.value, &best->value);
			if (later > 0)
				*best = fact;
		}
	}
	contact = (struct model_contact){ .facts = newest.facts, .fact_count = newest.fact_count };
	text_add_primaries(text, &contact);
	model_event_finish(&newest);
}

static void
show(const struct run *run)
{
	struct text text = { 0 };

	for (size_t i = 0; i < run->history->count; i++)
		text_add_event(&text, &run->history->steps[run->order[i]].event);
	fprintf(stderr, "account %s:\n%s", run->account, text.bytes);
	text_finish(&text);
}

/* Compares how all orders of all histories ended. Returns how many did as they must. */
static size_t
compare(const struct run *runs, size_t count, struct client *client)
{
	struct model_fact person = model_identifier(NAMESPACE_EMAIL, "person@example.it", "");
	struct calls calls = { 0 };
	size_t same = 0;

	for (size_t i = 0; i < count; i++)
		calls_add_resolve(&calls, runs[i].account, &person);
	assert_int_equal(calls_run(&calls, client, IN_FLIGHT), 0);
	for (size_t i = 0; i < count; i++) {
		struct text expected = { 0 };
		struct text got = { 0 };
		Anagraph__V1__ResolveResponse *answer = anagraph__v1__resolve_response__unpack(
		    NULL, calls.items[i].payload_size, calls.items[i].payload);

		assert_non_null(answer);
		assert_non_null(answer->contact);
		assert_int_equal(answer->contact->id, 1);
		add_newest(&expected, runs[i].history);
		text_add_pb_primaries(&got, answer->contact);
		if (text_equal(&expected, &got)) {
			same++;
		} else if (i - same < MOST_SHOWN) {
			struct text difference = { 0 };

			show(&runs[i]);
			text_add_difference(&difference, &expected, &got);
			fprintf(stderr, "%s", difference.bytes);
			text_finish(&difference);
		}
		text_finish(&expected);
		text_finish(&got);
		anagraph__v1__resolve_response__free_unpacked(answer, NULL);
	}
	calls_clear(&calls);
	return same;
}

static void
test_R18_any_order_leaves_the_same_primaries(void **state)
{
	struct random random = { .state = history_seed(SEED) };
	struct history histories[HISTORIES] = { 0 };
	struct run *runs = calloc((size_t)HISTORIES * ORDERS, sizeof(*runs));
	struct service *service;
	struct client *client;

	(void)state;
	assert_non_null(runs);
	assert_int_equal(service_start(&service, NULL), 0);
	assert_int_equal(client_create(&client, service_target(service)), 0);
	for (size_t i = 0; i < HISTORIES; i++) {
		history_make_person(&histories[i], &random, 3 + random_below(&random, MOST_EVENTS - 2));
		make_runs(&runs[i * ORDERS], i, &histories[i], &random);
	}
	play(runs, (size_t)HISTORIES * ORDERS, client);
	assert_int_equal(compare(runs, (size_t)HISTORIES * ORDERS, client), HISTORIES * ORDERS);
	for (size_t i = 0; i < HISTORIES; i++)
		history_finish(&histories[i]);
	free(runs);
	client_destroy(client);
	assert_int_equal(service_stop(service), 0);
	service_destroy(service);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R18_any_order_leaves_the_same_primaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
