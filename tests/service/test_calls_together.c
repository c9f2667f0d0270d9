/* Calls that come together are looked up together: each must get the answer that it gets alone,
 * whatever comes beside it. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/act.h"
#include "tests/support/call.h"

enum { ASKED_COUNT = 29, ROUNDS = 60, IN_FLIGHT = 200, WRITES = 300, READS_A_WRITE = 5 };

/* A request, and what it is answered when it comes alone. */
struct asked {
	const char *path;
	uint8_t *request;
	size_t request_size;
	struct client_status status;
	uint8_t *payload;
	size_t payload_size;
};

static struct asked
ask_alone(struct scene *s, const char *path, const void *bytes, size_t size)
{
	struct asked asked = { .path = path, .request_size = size };
	int result;

	asked.request = scene_keep(s, malloc(size + 1), free);
	memcpy(asked.request, bytes, size);
	result = client_call_raw(
	    &asked.payload, &asked.payload_size, &asked.status, s->client, path, asked.request, size, 0);
	assert_true(result == 0 || result == CLIENT_E_STATUS);
	if (result == 0)
		scene_keep(s, asked.payload, free);
	return asked;
}

static struct asked
ask_message(struct scene *s, const char *path, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = scene_keep(s, malloc(size + 1), free);

	protobuf_c_message_pack(message, bytes);
	return ask_alone(s, path, bytes, size);
}

static struct asked
ask_identifier(struct scene *s, const char *account, const char *namespace_name, const char *value)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;

	identifier.namespace_ = (char *)(uintptr_t)namespace_name;
	identifier.value = (char *)(uintptr_t)value;
	request.account = (char *)(uintptr_t)account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	return ask_message(s, METHOD("Resolve"), &request.base);
}

static struct asked
ask_id(struct scene *s, const char *account, uint64_t contact_id)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;

	request.account = (char *)(uintptr_t)account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request.contact_id = contact_id;
	return ask_message(s, METHOD("Resolve"), &request.base);
}

/* An event by CONTACTS. */
#define ask_event(s, ...) ask_parts(s, PARTS(__VA_ARGS__))

static struct asked
ask_parts(struct scene *s, const struct part *parts)
{
	size_t size;
	const uint8_t *event = encode_parts(&size, s, CONTACTS, parts);

	return ask_alone(s, METHOD("Identify"), event, size);
}

/* Every kind of Resolve, events that change nothing, and a call that joins no other. */
static void
ask_all(struct asked asked[ASKED_COUNT], struct scene *s)
{
	Anagraph__V1__ResolveRequest nothing = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__CountContactsRequest total = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	char *long_name = scene_keep(s, calloc(1, 5000), free);
	char *other = scene_print(s, "%s-other", s->account);
	size_t count = 0;

	memset(long_name, 'a', 4999);
	nothing.account = s->account;
	total.account = s->account;
	asked[count++] = ask_identifier(s, s->account, "email", "rossi@example.it");
	asked[count++] = ask_identifier(s, s->account, "email", "  Rossi@Example.it ");
	asked[count++] = ask_identifier(s, s->account, "email", "bianchi@example.it");
	asked[count++] = ask_identifier(s, s->account, "email", "nobody@example.it");
	asked[count++] = ask_identifier(s, other, "email", "rossi@example.it");
	asked[count++] = ask_identifier(s, s->account, "phone", "+39 02 1234 5678");
	asked[count++] = ask_identifier(s, s->account, "no-namespace", "x");
	asked[count++] = ask_identifier(s, s->account, "email", "no address");
	asked[count++] = ask_identifier(s, long_name, "email", "rossi@example.it");
	asked[count++] = ask_id(s, s->account, 1);
	asked[count++] = ask_id(s, s->account, 2); /* absorbed */
	asked[count++] = ask_id(s, s->account, 4711);
	asked[count++] = ask_id(s, long_name, 1);
	asked[count++] = ask_message(s, METHOD("Resolve"), &nothing.base);
	asked[count++] = ask_alone(s, METHOD("Resolve"), "\xff\xff\xff", 3);
	asked[count++] = ask_message(s, METHOD("CountContacts"), &total.base);
	asked[count++] = ask_event(s, AT(1), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	asked[count++] = ask_event(s, AT(3), ID("email", "bianchi@example.it"), TEXT("LAST_NAME", "Bianchi"));
	asked[count++] = ask_event(s, AT(5), ID("email", "no address"));
	asked[count++] = ask_event(s, AT(2), ID("phone", "+390212345678"));
	asked[count++] = ask_event(s, AT(5), ID("phone", "+999123456789"));
	asked[count++] = ask_event(s, AT(6), ID("email", "verdi@example.it"), ID("phone", "+4402079460000"));
	asked[count++] = ask_event(s, AT(6), ID("email", "verdi@example.it"), ID("phone", "+442079460000"));
	/* Another account, whose revision is another. */
	for (int i = 0; i < 6; i++)
		asked[count++] = ask_event(s, AT(4), ID("email", "rossi@example.it"), ACCOUNT(other));
	assert_int_equal(count, ASKED_COUNT);
}

static void
expect_as_alone(const struct asked *asked, const struct client_answer *answer)
{
	assert_int_equal(answer->status.code, asked->status.code);
	assert_string_equal(answer->status.reason, asked->status.reason);
	assert_string_equal(answer->status.field, asked->status.field);
	assert_string_equal(answer->status.message, asked->status.message);
	assert_int_equal(answer->status.txn, asked->status.txn);
	if (answer->status.code != 0)
		return;
	assert_int_equal(answer->payload_size, asked->payload_size);
	assert_memory_equal(answer->payload, asked->payload, asked->payload_size);
}

static void
test_each_is_answered_as_if_it_were_alone(struct scene *s)
{
	struct asked asked[ASKED_COUNT];
	struct client_answer answer;
	unsigned started = 0;
	unsigned answered = 0;

	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(2), ID("phone", "+39 02 1234 5678"));
	identify(s, CONTACTS, AT(3), ID("email", "bianchi@example.it"), TEXT("LAST_NAME", "Bianchi"));
	identify(s, CONTACTS, AT(4), ID("email", "rossi@example.it"),
	    ACCOUNT(scene_print(s, "%s-other", s->account)));
	identify(s, CONTACTS, AT(6), ID("email", "verdi@example.it"), ID("phone", "+44 020 7946 0000"));
	merge(s, 1, 2);
	ask_all(asked, s);
	while (answered < ASKED_COUNT * ROUNDS) {
		/* In orders that put each beside each other: their number is a prime. */
		while (started < ASKED_COUNT * ROUNDS && started - answered < IN_FLIGHT) {
			unsigned round = started / ASKED_COUNT;
			struct asked *next = &asked[started * (round % (ASKED_COUNT - 1) + 1) % ASKED_COUNT];

			assert_int_equal(client_start_raw(s->client, next->path, next->request,
					     next->request_size, 0, next),
			    0);
			started++;
		}
		assert_int_equal(client_next(&answer, s->client, -1), 0);
		expect_as_alone(answer.tag, &answer);
		answered++;
	}
}

/* Whoever asks after an answer sees what was answered, also beside callers that asked before. */
static void
test_each_sees_what_was_answered_before_it_was_asked(struct scene *s)
{
	struct client_answer answer;
	unsigned waiting = 0;

	for (unsigned i = 1; i <= WRITES; i++) {
		char *address = scene_print(s, "n%u@example.it", i);
		struct part parts[] = { ID("email", address), { .kind = PART_END } };

		identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
		for (unsigned read = 0; read < READS_A_WRITE; read++) {
			Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;

			request.account = s->account;
			request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
			request.contact_id = i;
			assert_int_equal(client_start(s->client, CLIENT_RESOLVE, &request.base, 0, NULL), 0);
			waiting++;
		}
		while (waiting > 0 && client_next(&answer, s->client, 0) == 0) {
			assert_int_equal(answer.status.code, 0);
			waiting--;
		}
	}
	for (; waiting > 0; waiting--) {
		assert_int_equal(client_next(&answer, s->client, -1), 0);
		assert_int_equal(answer.status.code, 0);
	}
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_each_is_answered_as_if_it_were_alone),
		STOCK_TEST(test_each_sees_what_was_answered_before_it_was_asked),
	};

	return scene_main(tests);
}
