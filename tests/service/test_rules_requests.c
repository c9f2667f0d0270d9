/* Requests that are sent twice, and those that only ask: R26 and R28. Answers are held
 * against each other byte by byte, so they are sent and taken raw here. */
#include "tests/support/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/store.h"

enum { COPIES = 64 };

static const char PATH[] = "/anagraph.v1.IdentityService/Identify";

/* What replayed looks like behind an answer: field 7, true. */
static const uint8_t MARK[] = { 0x38, 0x01 };

struct reply {
	uint8_t *data;
	size_t size;
};

#define send(s, source, ...) send_parts(s, source, PARTS(__VA_ARGS__))

static struct reply
send_parts(struct scene *s, int source, const struct part *parts)
{
	struct client_status status = { 0 };
	struct reply reply = { NULL, 0 };
	size_t size;
	uint8_t *request = encode_parts(&size, s, source, parts);
	int result = client_call_raw(&reply.data, &reply.size, &status, s->client, PATH, request, size, 0);

	if (result != 0)
		fail_msg("%s %s %s", client_code_name(status.code), status.reason, status.field);
	assert_true(status.txn > 0);
	scene_keep(s, reply.data, free);
	return reply;
}

static void
release_answer(void *answer)
{
	anagraph__v1__identify_response__free_unpacked(answer, NULL);
}

static Anagraph__V1__IdentifyResponse *
unpack(struct scene *s, struct reply reply)
{
	return scene_keep(
	    s, anagraph__v1__identify_response__unpack(NULL, reply.size, reply.data), release_answer);
}

static void
expect_equal(struct reply a, struct reply b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

static void
expect_replay(struct scene *s, struct reply first, struct reply again)
{
	assert_false(unpack(s, first)->replayed);
	assert_true(unpack(s, again)->replayed);
	assert_int_equal(again.size, first.size + sizeof(MARK));
	assert_memory_equal(again.data, first.data, first.size);
	assert_memory_equal(again.data + first.size, MARK, sizeof(MARK));
}

static void
test_R26_the_same_request_gives_the_same_answer(struct scene *s)
{
	struct reply first;

	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"));
	first = send(s, CONVERSATIONS, ID("email", "a@example.it"), ID("chat", "v-1"),
	    TEXT("LAST_NAME", "Bianchi"), REQUEST_ID("r-1"));
	expect_replay(s, first,
	    send(s, CONVERSATIONS, ID("email", "a@example.it"), ID("chat", "v-1"),
		TEXT("LAST_NAME", "Bianchi"), REQUEST_ID("r-1")));
	assert_int_equal(count(s)->revision, 2);

	/* The answer is the first one, whatever has happened since; and nothing happens. */
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_replay(s, first,
	    send(s, CONVERSATIONS, ID("email", "a@example.it"), ID("chat", "v-1"),
		TEXT("LAST_NAME", "Bianchi"), REQUEST_ID("r-1")));
	assert_int_equal(count(s)->revision, 3);
	expect_totals(s, "1 0 0");
	expect_contact(s, 1,
	    "email=a@example.it chat=v-1 CITY=Roma LAST_NAME=Rossi ?LAST_NAME=Bianchi "
	    "@conversations-engaged");
	scene_stop(s);
	assert_int_equal(store_journal_size(service_data_dir(s->service), s->account), 3);
	store_expect_sound(service_data_dir(s->service));
}

/* An event that changes nothing has an answer to keep, too. */
static void
test_R26_an_answer_to_a_change_of_nothing_is_kept(struct scene *s)
{
	struct reply first;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	first = send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"));
	assert_int_equal(unpack(s, first)->outcome, UNCHANGED);
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_replay(s, first, send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1")));
}

static void
test_R26_another_request_of_the_id_is_refused(struct scene *s)
{
	static const char code[] = "FAILED_PRECONDITION", reason[] = "REQUEST_ID_REUSED";
	struct reply first =
	    send(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"), REQUEST_ID("r-1"));

	expect_error(s, code, reason, "request_id", CONTACTS, AT(1), ID("email", "b@example.it"),
	    TEXT("CITY", "Roma"), REQUEST_ID("r-1"));
	expect_error(s, code, reason, "request_id", PUSH, AT(1), ID("email", "a@example.it"),
	    TEXT("CITY", "Roma"), REQUEST_ID("r-1"));
	expect_error(s, code, reason, "request_id", CONTACTS, AT(2), ID("email", "a@example.it"),
	    TEXT("CITY", "Roma"), REQUEST_ID("r-1"));
	expect_error(s, code, reason, "request_id", CONTACTS, AT(1), ID("email", "a@example.it"),
	    TEXT("CITY", "Roma"), IN("t-1"), REQUEST_ID("r-1"));
	expect_error(s, code, reason, "request_id", CONTACTS, AT(1), ID("email", "b@example.it"),
	    REQUEST_ID("r-1"), VALIDATE_ONLY);
	expect_replay(s, first,
	    send(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"), REQUEST_ID("r-1")));
}

static void
test_R26_each_account_has_ids_of_its_own(struct scene *s)
{
	struct reply first = send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"));
	struct reply other = send(s, CONTACTS, AT(1), ID("email", "b@example.it"), REQUEST_ID("r-1"),
	    ACCOUNT("requests-of-another"));

	assert_false(unpack(s, first)->replayed);
	assert_false(unpack(s, other)->replayed);
	assert_int_equal(unpack(s, other)->contact->id, 1);
}

static void
test_R26_failures_are_not_kept(struct scene *s)
{
	struct reply first;

	expect_invalid(s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, AT(1), ID("email", "a"),
	    REQUEST_ID("r-1"));
	first = send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"));
	assert_false(unpack(s, first)->replayed);
	expect_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id", CONTACTS, AT(1),
	    ID("email", "b@example.it"), REQUEST_ID("r-1"));
	expect_replay(s, first, send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1")));
}

static void
test_R26_answers_survive_restart_and_kill(struct scene *s)
{
	struct reply first;

	scene_use(s, NULL);
	first = send(s, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1"));
	scene_stop(s);
	scene_start(s);
	expect_replay(s, first, send(s, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1")));
	service_kill(s->service);
	scene_start(s);
	expect_replay(s, first, send(s, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1")));
	assert_int_equal(count(s)->revision, 1);
}

/* Many copies at once, so that some share a batch with the one that is carried out. */
static void
test_R26_copies_in_flight_are_carried_out_once(struct scene *s)
{
	size_t size;
	const uint8_t *encoded =
	    encode_event(&size, s, CONTACTS, ID("email", "a@example.it"), REQUEST_ID("r-1"));
	Anagraph__V1__IdentifyRequest *request = anagraph__v1__identify_request__unpack(NULL, size, encoded);
	struct client_answer answer;
	uint8_t *first = NULL;
	size_t first_size = 0;
	unsigned carried_out = 0;

	for (unsigned i = 0; i < COPIES; i++)
		assert_int_equal(client_start(s->client, CLIENT_IDENTIFY, &request->base, 0, NULL), 0);
	for (unsigned i = 0; i < COPIES; i++) {
		Anagraph__V1__IdentifyResponse *response;

		assert_int_equal(client_next(&answer, s->client, -1), 0);
		assert_int_equal(answer.status.code, 0);
		response = unpack(s, (struct reply){ answer.payload, answer.payload_size });
		carried_out += !response->replayed;
		response->replayed = 0;
		size = protobuf_c_message_get_packed_size(&response->base);
		if (first == NULL) {
			first = scene_keep(s, malloc(size), free);
			first_size = protobuf_c_message_pack(&response->base, first);
		} else {
			uint8_t *packed = scene_keep(s, malloc(size), free);

			protobuf_c_message_pack(&response->base, packed);
			expect_equal((struct reply){ first, first_size }, (struct reply){ packed, size });
		}
	}
	anagraph__v1__identify_request__free_unpacked(request, NULL);
	assert_int_equal(carried_out, 1);
	assert_int_equal(count(s)->revision, 1);
}

static void
test_R26_request_id_of_64_bytes(struct scene *s)
{
	char id[LIMIT_REQUEST_ID_BYTES + 2];
	struct reply first;

	memset(id, 'r', sizeof(id));
	id[LIMIT_REQUEST_ID_BYTES + 1] = '\0';
	expect_invalid(
	    s, "FIELD_INVALID", "request_id", CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID(id));
	id[LIMIT_REQUEST_ID_BYTES] = '\0';
	first = send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID(id));
	expect_replay(s, first, send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID(id)));
	id[LIMIT_REQUEST_ID_BYTES - 1] = '\0';
	assert_false(
	    unpack(s, send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID(id)))->replayed);
}

static void
clear_time(Google__Protobuf__Timestamp *time)
{
	if (time != NULL)
		time->seconds = time->nanos = 0;
}

static void
clear_claim(Anagraph__V1__Claim *claim)
{
	if (claim != NULL)
		clear_time(claim->recorded_at);
}

/* The answer without the times that the service sets. */
static struct reply
without_times(struct scene *s, struct reply reply)
{
	Anagraph__V1__IdentifyResponse *answer = unpack(s, reply);
	Anagraph__V1__Contact *contact = answer->contact;
	struct reply cleared;

	clear_time(contact->create_time);
	clear_time(contact->update_time);
	for (size_t i = 0; i < contact->n_identifiers; i++)
		clear_claim(contact->identifiers[i]->claim);
	for (size_t i = 0; i < contact->n_attributes; i++)
		clear_claim(contact->attributes[i]->claim);
	for (size_t i = 0; i < contact->n_secondaries; i++)
		clear_claim(contact->secondaries[i]->claim);
	for (size_t i = 0; i < answer->n_conflicts; i++) {
		clear_claim(answer->conflicts[i]->stored->claim);
		clear_claim(answer->conflicts[i]->incoming->claim);
	}
	cleared.data = scene_keep(s, malloc(protobuf_c_message_get_packed_size(&answer->base) + 1), free);
	cleared.size = protobuf_c_message_pack(&answer->base, cleared.data);
	return cleared;
}

/* Asks what an event would come to, sees that it came to nothing, and then carries it
 * out: the answers must be the same. */
#define expect_foretold(s, outcome, source, ...)                                                             \
	expect_foretold_parts(s, outcome, source, PARTS(__VA_ARGS__, VALIDATE_ONLY), PARTS(__VA_ARGS__))

static Anagraph__V1__IdentifyResponse *
expect_foretold_parts(
    struct scene *s, int outcome, int source, const struct part *asking, const struct part *doing)
{
	uint64_t revision = count(s)->revision;
	char *totals = totals_text(s);
	struct reply foretold = send_parts(s, source, asking);
	struct reply done;

	assert_int_equal(count(s)->revision, revision);
	assert_string_equal(totals_text(s), totals);
	expect_equal(without_times(s, send_parts(s, source, asking)), without_times(s, foretold));
	done = send_parts(s, source, doing);
	expect_equal(without_times(s, foretold), without_times(s, done));
	assert_int_equal(unpack(s, done)->outcome, outcome);
	return unpack(s, done);
}

static void
test_R28_every_outcome_is_foretold(struct scene *s)
{
	const Anagraph__V1__IdentifyResponse *answer;

	expect_foretold(s, CREATED, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("LAST_NAME", "Rossi"));
	expect_foretold(s, CREATED, CONVERSATIONS, AT(2), ID("chat", "v-1"));
	expect_foretold(s, CREATED, CONVERSATIONS, AT(2), ID("chat", "v-2"));
	answer = expect_foretold(s, IDENTIFIED, CONVERSATIONS, AT(3), ID("email", "a@example.it"),
	    ID("chat", "v-1"), TEXT("LAST_NAME", "Bianchi"));
	assert_int_equal(answer->n_absorbed_contact_ids, 1);
	assert_int_equal(answer->n_conflicts, 1);
	assert_int_equal(answer->contact->n_secondaries, 1);
	expect_foretold(s, IDENTIFIED, CONVERSATIONS, AT(4), ID("chat", "v-2"), TEXT("FIRST_NAME", "Anna"));
	expect_foretold(s, UPDATED, CONTACTS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_foretold(s, UNCHANGED, CONTACTS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_contact(s, 1,
	    "email=a@example.it chat=v-1 CITY=Roma LAST_NAME=Rossi ?LAST_NAME=Bianchi "
	    "@conversations-engaged");
}

static void
test_R28_every_conflict_is_foretold(struct scene *s)
{
	const Anagraph__V1__IdentifyResponse *answer;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("phone", "+393331234567"));
	answer = expect_foretold(s, UPDATED, CONTACTS, AT(3), ID("email", "a@example.it"),
	    ID("phone", "+393331234567"), TEXT("CITY", "Bari"));
	assert_int_equal(answer->n_conflicts, 2);
	answer = expect_foretold(s, CREATED, PUSH, AT(4), ID("push", "d-1"), ID("email", "c@example.it"));
	assert_int_equal(answer->n_conflicts, 1);
	assert_int_equal(answer->conflicts[0]->kind, ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_IDENTITY);
}

static void
test_R28_asking_leaves_nothing_in_the_store(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	for (int i = 0; i < 3; i++) {
		send(s, CONTACTS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Bari"), VALIDATE_ONLY);
		send(s, CONTACTS, AT(5), ID("email", "b@example.it"), VALIDATE_ONLY);
		send(s, CONTACTS, AT(5), ID("email", "c@example.it"), ACCOUNT("nobody"), VALIDATE_ONLY);
	}
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	expect_claim(s, 1, "CITY", "CONTACTS@1");
	scene_stop(s);
	assert_int_equal(store_journal_size(service_data_dir(s->service), s->account), 1);
	assert_int_equal(store_journal_size(service_data_dir(s->service), "nobody"), 0);
	store_expect_sound(service_data_dir(s->service));
}

static void
test_R28_refusals_are_foretold(struct scene *s)
{
	expect_invalid(
	    s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, ID("email", "a"), VALIDATE_ONLY);
	expect_invalid(s, "IDENTIFIER_MISSING", "identifiers", CONTACTS, AT(1), VALIDATE_ONLY);
}

/* A request_id that is not known yet is not taken by asking; one that is known gives its
 * answer, as the call would. */
static void
test_R28_with_a_request_id(struct scene *s)
{
	struct reply foretold =
	    send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"), VALIDATE_ONLY);
	struct reply first = send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"));

	assert_false(unpack(s, first)->replayed);
	expect_equal(without_times(s, foretold), without_times(s, first));
	expect_replay(s, first,
	    send(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"), VALIDATE_ONLY));
	send(s, CONTACTS, AT(1), ID("email", "b@example.it"), REQUEST_ID("r-2"), VALIDATE_ONLY);
	assert_false(
	    unpack(s, send(s, CONTACTS, AT(1), ID("email", "c@example.it"), REQUEST_ID("r-2")))->replayed);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R26_the_same_request_gives_the_same_answer),
		STOCK_TEST(test_R26_an_answer_to_a_change_of_nothing_is_kept),
		STOCK_TEST(test_R26_another_request_of_the_id_is_refused),
		STOCK_TEST(test_R26_each_account_has_ids_of_its_own),
		STOCK_TEST(test_R26_failures_are_not_kept),
		STOCK_TEST(test_R26_answers_survive_restart_and_kill),
		STOCK_TEST(test_R26_copies_in_flight_are_carried_out_once),
		STOCK_TEST(test_R26_request_id_of_64_bytes),
		STOCK_TEST(test_R28_every_outcome_is_foretold),
		STOCK_TEST(test_R28_every_conflict_is_foretold),
		STOCK_TEST(test_R28_asking_leaves_nothing_in_the_store),
		STOCK_TEST(test_R28_refusals_are_foretold),
		STOCK_TEST(test_R28_with_a_request_id),
	};

	return scene_main(tests);
}
