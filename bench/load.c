/* The loop of the load: as many calls as may be in flight are started, and each answer
 * starts the next. One thread does it all, so the client's share of the processors is
 * one; past some 80,000 calls a second it is the client that is measured, and only the
 * server's own processor time still says something of the server.
 *
 * A call that fails ends the run: a figure with failures in it is none. */
#include "bench/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUE_BYTES = 64 };

struct loop {
	struct load *load;
	struct client *client;
	enum load_mix mix;
	bool filling;
	uint64_t calls;
	uint64_t started;
	uint64_t finished;
	uint64_t *started_ns; /* of the call in each slot */
	uint64_t *latency_ns; /* of each finished call */
};

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* splitmix64 */
static uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t
random_contact(struct load *load)
{
	return random_next(&load->random) % load->contacts;
}

static int
start_resolve(struct loop *loop, uint64_t contact, void *tag)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	char email[VALUE_BYTES];

	snprintf(email, sizeof(email), "contact-%" PRIu64 "@example.com", contact);
	identifier.namespace_ = (char *)"email";
	identifier.value = email;
	request.account = (char *)(uintptr_t)loop->load->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	return client_start(loop->client, CLIENT_RESOLVE, &request.base, 0, tag);
}

static void
set_text(Anagraph__V1__Attribute *attribute, const char *name, char *value)
{
	anagraph__v1__attribute__init(attribute);
	attribute->name = (char *)(uintptr_t)name;
	attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attribute->string_value = value;
}

/* An event says either who a contact is, or something new of it. */
static int
start_identify(struct loop *loop, uint64_t contact, void *tag)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	Anagraph__V1__Attribute attributes[2];
	Anagraph__V1__Attribute *attribute_list[] = { &attributes[0], &attributes[1] };
	char email[VALUE_BYTES];
	char first[VALUE_BYTES];
	char last[VALUE_BYTES];

	snprintf(email, sizeof(email), "contact-%" PRIu64 "@example.com", contact);
	identifier.namespace_ = (char *)"email";
	identifier.value = email;
	if (loop->filling) {
		snprintf(first, sizeof(first), "First%" PRIu64, contact % 1000);
		snprintf(last, sizeof(last), "Last%" PRIu64, contact / 1000);
		set_text(&attributes[0], "FIRST_NAME", first);
		set_text(&attributes[1], "LAST_NAME", last);
		request.n_attributes = 2;
	} else {
		snprintf(first, sizeof(first), "%" PRIx64 "-%" PRIu64, loop->load->random,
		    loop->load->event_count++);
		set_text(&attributes[0], "LAST_ORDER", first);
		request.n_attributes = 1;
	}
	request.account = (char *)(uintptr_t)loop->load->account;
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
	request.n_identifiers = 1;
	request.identifiers = identifiers;
	request.attributes = attribute_list;
	return client_start(loop->client, CLIENT_IDENTIFY, &request.base, 0, tag);
}

static int
start_count(struct loop *loop, void *tag)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;

	request.account = (char *)(uintptr_t)loop->load->account;
	return client_start(loop->client, CLIENT_COUNT_CONTACTS, &request.base, 0, tag);
}

/* Starts the next call; its tag is where its starting time stands. */
static int
start_next(struct loop *loop, uint64_t *started_ns)
{
	uint64_t contact = loop->filling ? loop->started : random_contact(loop->load);

	loop->started++;
	*started_ns = nanoseconds(CLOCK_MONOTONIC);
	switch (loop->mix) {
	case LOAD_RESOLVE:
		return start_resolve(loop, contact, started_ns);
	case LOAD_IDENTIFY:
		return start_identify(loop, contact, started_ns);
	default:
		return start_count(loop, started_ns);
	}
}

/* Takes one answer. 0; -errno; -EPROTO when the call had failed. */
static int
take_answer(uint64_t **slot, struct loop *loop)
{
	struct client_answer answer;
	int result = client_next(&answer, loop->client, -1);

	if (result != 0)
		return result < 0 ? result : -EPROTO;
	if (answer.status.code != 0) {
		fprintf(stderr, "a call failed: %s %s %s\n", client_code_name(answer.status.code),
		    answer.status.reason, answer.status.message);
		return -EPROTO;
	}
	*slot = answer.tag;
	loop->latency_ns[loop->finished++] = nanoseconds(CLOCK_MONOTONIC) - **slot;
	return 0;
}

static int
loop_run(struct loop *loop)
{
	int result = 0;

	loop->started_ns = calloc(loop->load->in_flight, sizeof(*loop->started_ns));
	loop->latency_ns = calloc(loop->calls, sizeof(*loop->latency_ns));
	if (loop->started_ns == NULL || loop->latency_ns == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < loop->load->in_flight && loop->started < loop->calls && result == 0; i++)
		result = start_next(loop, &loop->started_ns[i]);
	while (result == 0 && loop->finished < loop->calls) {
		uint64_t *slot;

		result = take_answer(&slot, loop);
		if (result == 0 && loop->started < loop->calls)
			result = start_next(loop, slot);
	}
	return result;
}

static void
loop_finish(struct loop *loop)
{
	free(loop->started_ns);
	free(loop->latency_ns);
}

static int
compare_latency(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int
load_fill(struct load *load, struct client *client)
{
	struct loop loop = {
		.load = load, .client = client, .mix = LOAD_IDENTIFY, .filling = true, .calls = load->contacts
	};
	int result = loop_run(&loop);

	loop_finish(&loop);
	return result;
}

int
load_run(struct load_cost *cost, struct load *load, struct client *client, enum load_mix mix, uint64_t calls,
    pid_t pid)
{
	struct loop loop = { .load = load, .client = client, .mix = mix, .calls = calls };
	clockid_t server_clock;
	uint64_t server_ns;
	uint64_t wall_ns;
	int result = -clock_getcpuclockid(pid, &server_clock);

	if (result != 0)
		return result;
	server_ns = nanoseconds(server_clock);
	wall_ns = nanoseconds(CLOCK_MONOTONIC);
	result = loop_run(&loop);
	wall_ns = nanoseconds(CLOCK_MONOTONIC) - wall_ns;
	server_ns = nanoseconds(server_clock) - server_ns;
	if (result == 0) {
		qsort(loop.latency_ns, calls, sizeof(*loop.latency_ns), compare_latency);
		cost->seconds = (double)wall_ns / 1e9;
		cost->calls_per_s = (double)calls / cost->seconds;
		cost->server_cpu_us = (double)server_ns / 1e3 / (double)calls;
		cost->p50_us = (double)loop.latency_ns[calls / 2] / 1e3;
		cost->p99_us = (double)loop.latency_ns[calls - 1 - calls / 100] / 1e3;
	}
	loop_finish(&loop);
	return result;
}
