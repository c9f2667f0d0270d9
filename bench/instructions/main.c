/* anagraph-instructions: fixed sessions of calls for callgrind to count the instructions
 * of, so that a change that makes a call dearer shows on any machine, however noisy.
 *
 *   valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=OUT \
 *       anagraph-instructions DIRECTORY POLICY-DIRECTORY
 *
 * What always holds: the calls and the store they fall on follow from the number of a
 * call alone; the key of the store's digests, the settings and the times that events
 * bear are fixed, and one call is made at a time. So what is counted repeats itself, but
 * for the length of a moment in the journal. Each session leaves OUT.N behind, which
 * bears its name, and prints "NAME CALLS" on standard output. A call that fails ends it:
 * a count with failures in it is none. */
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

#include "anagraph/v1/identity.pb-c.h"
#include "bench/instructions/front.h"
#include "rules/phone.h"
#include "server/config.h"
#include "server/policies.h"

enum { CONTACTS = 1024, BATCH_KEYS = 256, VALUE_BYTES = 64, MAP_MIB = 1024, WARM_CALLS = 64 };

/* When the events of the sessions happened: 2026-01-01. */
static const int64_t OBSERVED_S = INT64_C(1767225600);

struct bench {
	struct config config;
	struct graph *graph;
	struct policies policies;
	struct engine *engine;
};

/* Makes the request of a session's call of that number. */
typedef grpc_byte_buffer *(*request_function)(uint64_t number);

struct session {
	const char *name;
	enum method method;
	request_function request;
	uint64_t calls;
};

static void
log_message(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
}

static grpc_byte_buffer *
packed(const ProtobufCMessage *message)
{
	grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
	grpc_byte_buffer *buffer;

	protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	buffer = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return buffer;
}

/* Some contact, spread over all of them. */
static uint64_t
contact_of(uint64_t number)
{
	return number * 1021 % CONTACTS;
}

static void
set_email(Anagraph__V1__Identifier *identifier, char value[VALUE_BYTES], uint64_t contact)
{
	anagraph__v1__identifier__init(identifier);
	snprintf(value, VALUE_BYTES, "contact-%" PRIu64 "@example.com", contact);
	identifier->namespace_ = (char *)"email";
	identifier->value = value;
}

static void
set_attribute(Anagraph__V1__Attribute *attribute, const char *name, char *value)
{
	anagraph__v1__attribute__init(attribute);
	attribute->name = (char *)(uintptr_t)name;
	attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attribute->string_value = value;
}

/* An event about a contact, with up to two attributes, at a second of its own. */
static grpc_byte_buffer *
event(uint64_t contact, Anagraph__V1__Attribute **attributes, size_t count, int64_t observed_s)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Google__Protobuf__Timestamp observed_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	Anagraph__V1__Identifier email;
	Anagraph__V1__Identifier *identifiers[] = { &email };
	char value[VALUE_BYTES];

	set_email(&email, value, contact);
	observed_at.seconds = observed_s;
	request.account = (char *)"bench";
	request.source = ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
	request.n_identifiers = 1;
	request.identifiers = identifiers;
	request.n_attributes = count;
	request.attributes = attributes;
	request.observed_at = &observed_at;
	return packed(&request.base);
}

/* Who a contact is: what makes it, and what says nothing new of it ever after. */
static grpc_byte_buffer *
introduce(uint64_t contact)
{
	Anagraph__V1__Attribute items[2];
	Anagraph__V1__Attribute *attributes[] = { &items[0], &items[1] };
	char first[VALUE_BYTES];
	char last[VALUE_BYTES];

	snprintf(first, sizeof(first), "First%" PRIu64, contact % 1000);
	snprintf(last, sizeof(last), "Last%" PRIu64, contact / 1000);
	set_attribute(&items[0], "FIRST_NAME", first);
	set_attribute(&items[1], "LAST_NAME", last);
	return event(contact, attributes, 2, OBSERVED_S);
}

static grpc_byte_buffer *
known_event(uint64_t number)
{
	return introduce(contact_of(number));
}

static grpc_byte_buffer *
changing_event(uint64_t number)
{
	Anagraph__V1__Attribute item;
	Anagraph__V1__Attribute *attributes[] = { &item };
	char value[VALUE_BYTES];

	snprintf(value, sizeof(value), "order-%08" PRIu64, number);
	set_attribute(&item, "LAST_ORDER", value);
	return event(contact_of(number), attributes, 1, OBSERVED_S + 1 + (int64_t)number);
}

static grpc_byte_buffer *
one_key(uint64_t number)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier email;
	char value[VALUE_BYTES];

	set_email(&email, value, contact_of(number));
	request.account = (char *)"bench";
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &email;
	return packed(&request.base);
}

static grpc_byte_buffer *
many_keys(uint64_t number)
{
	static Anagraph__V1__ResolveKey keys[BATCH_KEYS];
	static Anagraph__V1__ResolveKey *key_list[BATCH_KEYS];
	static Anagraph__V1__Identifier emails[BATCH_KEYS];
	static char values[BATCH_KEYS][VALUE_BYTES];
	Anagraph__V1__BatchResolveRequest request = ANAGRAPH__V1__BATCH_RESOLVE_REQUEST__INIT;

	for (uint64_t i = 0; i < BATCH_KEYS; i++) {
		set_email(&emails[i], values[i], contact_of(number * BATCH_KEYS + i));
		anagraph__v1__resolve_key__init(&keys[i]);
		keys[i].key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_IDENTIFIER;
		keys[i].identifier = &emails[i];
		key_list[i] = &keys[i];
	}
	request.account = (char *)"bench";
	request.n_keys = BATCH_KEYS;
	request.keys = key_list;
	return packed(&request.base);
}

static const struct session SESSIONS[] = {
	{ "resolve", METHOD_RESOLVE, one_key, 512 },
	{ "batch_resolve_256", METHOD_BATCH_RESOLVE, many_keys, 16 },
	{ "identify_unchanged", METHOD_IDENTIFY, known_event, 128 },
	{ "identify_changing", METHOD_IDENTIFY, changing_event, 128 },
};

/* 0; -errno. */
static int
run(const struct session *session)
{
	uint64_t calls = session->calls;
	grpc_byte_buffer **requests = calloc(calls, sizeof(*requests));
	int result = 0;

	if (requests == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < WARM_CALLS && result == 0; i++)
		result = front_call(session->method, session->request(i));
	for (uint64_t i = 0; i < calls; i++)
		requests[i] = session->request(WARM_CALLS + i);
	CALLGRIND_ZERO_STATS;
	for (uint64_t i = 0; i < calls && result == 0; i++)
		result = front_call(session->method, requests[i]);
	CALLGRIND_DUMP_STATS_AT(session->name);
	free(requests);
	if (result == 0)
		printf("%s %" PRIu64 "\n", session->name, calls);
	return result;
}

static int
run_all(void)
{
	int result = 0;

	for (uint64_t i = 0; i < CONTACTS && result == 0; i++)
		result = front_call(METHOD_IDENTIFY, introduce(i));
	CALLGRIND_START_INSTRUMENTATION;
	for (size_t i = 0; i < sizeof(SESSIONS) / sizeof(SESSIONS[0]) && result == 0; i++)
		result = run(&SESSIONS[i]);
	CALLGRIND_STOP_INSTRUMENTATION;
	return result;
}

/* 0; anything else has been told. */
static int
open_store(struct bench *bench)
{
	struct graph_options options = {
		.data_dir = bench->config.data_dir,
		.map_size_bytes = (uint64_t)MAP_MIB * 1024 * 1024,
		.phone_library_version = phone_library_version(),
		.key.bytes = "the sessions' own and no secret",
	};
	struct graph_error graph_error;
	struct policy_error policy_error;
	int result;

	digest_key_complete(&options.key);
	result = graph_open(&bench->graph, &options, &graph_error);
	if (result != 0) {
		fprintf(stderr, "%s\n", graph_error.message);
		return result;
	}
	result = policies_init(&bench->policies, &policy_error, &bench->config, bench->config.data_dir);
	if (result != 0)
		fprintf(stderr, "%s\n", policy_error.message);
	return result;
}

static int
serve(struct bench *bench)
{
	const struct engine_options engine_options = {
		.graph = bench->graph,
		.settings = &bench->config.settings,
		.decider = policies_decider(&bench->policies),
		.log = log_message,
		.failed = log_message,
	};
	struct rpc_options options = {
		.graph = bench->graph,
		.settings = &bench->config.settings,
		.thread_count = 1,
		.log = log_message,
	};
	int result = engine_create(&bench->engine, &engine_options);

	if (result != 0)
		return result;
	options.engine = bench->engine;
	result = front_open(&options);
	if (result == 0)
		result = run_all();
	engine_drain(bench->engine);
	engine_destroy(bench->engine);
	front_close();
	return result;
}

int
main(int argc, char **argv)
{
	struct bench bench = { 0 };
	struct config_error error;
	int result;

	if (argc != 3) {
		fputs("usage: anagraph-instructions DIRECTORY POLICY-DIRECTORY\n", stderr);
		return 2;
	}
	/* What a worker does is not counted: its policies come along. */
	result = config_parse(&bench.config, &error, 7,
	    (char *const[]){ argv[0], "--data-dir", argv[1], "--policy-dir", argv[2], "--policy-run",
		"in-process", NULL });
	if (result != 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	result = phone_library_init();
	if (result == 0)
		result = open_store(&bench);
	if (result == 0)
		result = serve(&bench);
	if (result < 0)
		fprintf(stderr, "anagraph-instructions: %s\n", strerror(-result));
	/* All else goes with the process: what is over is not counted. */
	graph_close(bench.graph);
	config_finish(&bench.config);
	return result == 0 ? 0 : 1;
}
