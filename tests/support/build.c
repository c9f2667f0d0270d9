/* Events and look-ups from short words: makes the request, sends it, and sees to what
 * every answer must be, whatever it is an answer to. */
#include "tests/support/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tell.h"

enum { REQUEST_PARTS = 256 };

/* A request and the memory that its pointers need. */
struct draft_request {
	Anagraph__V1__IdentifyRequest request;
	Google__Protobuf__Timestamp observed_at;
	size_t id_count;
	size_t attribute_count;
	Anagraph__V1__Identifier ids[REQUEST_PARTS];
	Anagraph__V1__Identifier *id_pointers[REQUEST_PARTS];
	Anagraph__V1__Attribute attributes[REQUEST_PARTS];
	Anagraph__V1__Attribute *attribute_pointers[REQUEST_PARTS];
	Google__Protobuf__Timestamp times[REQUEST_PARTS];
	bool repeatable;
};

/* Strings go out as they are: the generated code never writes to them. */
static char *
text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
add_identifier(struct draft_request *draft, const struct part *part)
{
	size_t i = draft->id_count++;

	assert_true(i < REQUEST_PARTS);
	anagraph__v1__identifier__init(&draft->ids[i]);
	draft->ids[i].namespace_ = text_of(part->name);
	draft->ids[i].value = text_of(part->text);
	draft->id_pointers[i] = &draft->ids[i];
}

static void
add_attribute(struct draft_request *draft, const struct part *part)
{
	size_t i = draft->attribute_count++;
	Anagraph__V1__Attribute *attribute = &draft->attributes[i];

	assert_true(i < REQUEST_PARTS);
	anagraph__v1__attribute__init(attribute);
	attribute->name = text_of(part->name);
	draft->attribute_pointers[i] = attribute;
	if (part->kind == PART_TEXT) {
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
		attribute->string_value = text_of(part->text);
	} else if (part->kind == PART_NUMBER) {
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
		attribute->number_value = part->number;
	} else if (part->kind == PART_BOOL) {
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
		attribute->bool_value = part->number > 0;
	} else if (part->kind == PART_TIME) {
		google__protobuf__timestamp__init(&draft->times[i]);
		draft->times[i].seconds = part->seconds;
		draft->times[i].nanos = part->nanos;
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE;
		attribute->time_value = &draft->times[i];
	}
}

static void
add_part(struct draft_request *draft, const struct part *part)
{
	switch (part->kind) {
	case PART_AT:
	case PART_TIMESTAMP:
		google__protobuf__timestamp__init(&draft->observed_at);
		draft->observed_at.seconds = part->seconds;
		draft->observed_at.nanos = part->nanos;
		draft->request.observed_at = &draft->observed_at;
		draft->repeatable = part->kind == PART_AT;
		break;
	case PART_IDENTIFIER:
		add_identifier(draft, part);
		break;
	case PART_CONVERSATION:
		draft->request.conversation = text_of(part->text);
		break;
	case PART_ACCOUNT:
		draft->request.account = text_of(part->text);
		break;
	case PART_REQUEST_ID:
		draft->request.request_id = text_of(part->text);
		break;
	case PART_VALIDATE_ONLY:
		draft->request.validate_only = true;
		break;
	default:
		add_attribute(draft, part);
	}
}

static struct draft_request *
draft_request_of(struct scene *s, int source, const struct part *parts)
{
	struct draft_request *draft = calloc(1, sizeof(*draft));

	scene_keep(s, draft, free);
	anagraph__v1__identify_request__init(&draft->request);
	draft->request.account = s->account;
	draft->request.source = (Anagraph__V1__Source)source;
	for (; parts->kind != PART_END; parts++)
		add_part(draft, parts);
	draft->request.identifiers = draft->id_pointers;
	draft->request.n_identifiers = draft->id_count;
	draft->request.attributes = draft->attribute_pointers;
	draft->request.n_attributes = draft->attribute_count;
	return draft;
}

static void
release_answer(void *memory)
{
	anagraph__v1__identify_response__free_unpacked(memory, NULL);
}

static void
release_resolved(void *memory)
{
	anagraph__v1__resolve_response__free_unpacked(memory, NULL);
}

static void
release_totals(void *memory)
{
	anagraph__v1__count_contacts_response__free_unpacked(memory, NULL);
}

static void
expect_ok(int result, const struct client_status *status, const char *file, int line)
{
	if (result == CLIENT_E_STATUS)
		print_error("the call was refused: %s %s %s: %s\n", client_code_name(status->code),
		    status->reason, status->field, status->message);
	expect_same_at(result, 0, file, line);
}

static Anagraph__V1__IdentifyResponse *
send_event(struct scene *s, const struct draft_request *draft, const char *file, int line)
{
	Anagraph__V1__IdentifyResponse *answer = NULL;
	struct client_status status = { 0 };

	expect_ok(client_identify(&answer, &status, s->client, &draft->request), &status, file, line);
	scene_keep(s, answer, release_answer);
	expect_answer_sound(s, answer, file, line);
	_assert_true(status.txn > 0, "status.txn > 0", file, line);
	return answer;
}

static void
expect_equal_messages(const ProtobufCMessage *a, const ProtobufCMessage *b, const char *file, int line)
{
	size_t size = protobuf_c_message_get_packed_size(a);
	uint8_t *packed_a = malloc(size + 1);
	uint8_t *packed_b = malloc(size + 1);

	expect_same_at(protobuf_c_message_get_packed_size(b), size, file, line);
	protobuf_c_message_pack(a, packed_a);
	protobuf_c_message_pack(b, packed_b);
	_assert_memory_equal(packed_a, packed_b, size, file, line);
	free(packed_a);
	free(packed_b);
}

/* Sends the event again and demands that it changes nothing (R27). */
static void
send_again(struct scene *s, const struct draft_request *draft, const char *file, int line)
{
	Anagraph__V1__CountContactsResponse *before = count_at(s, file, line);
	Anagraph__V1__IdentifyResponse *again = send_event(s, draft, file, line);

	_assert_string_equal(
	    contact_text(s, again->contact), contact_text(s, s->answer->contact), file, line);
	expect_equal_messages(&again->contact->base, &s->answer->contact->base, file, line);
	expect_same_at(again->outcome, UNCHANGED, file, line);
	expect_same_at(again->n_absorbed_contact_ids, 0, file, line);
	expect_same_at(again->revision, s->answer->revision, file, line);
	expect_equal_messages(&count_at(s, file, line)->base, &before->base, file, line);
}

uint64_t
identify_parts(struct scene *s, int source, const struct part *parts, const char *file, int line)
{
	struct draft_request *draft = draft_request_of(s, source, parts);

	s->answer = send_event(s, draft, file, line);
	if (s->repeats && draft->repeatable && draft->request.account == s->account)
		send_again(s, draft, file, line);
	return s->answer->contact->id;
}

uint8_t *
encode_parts(size_t *size, struct scene *s, int source, const struct part *parts)
{
	const struct draft_request *draft = draft_request_of(s, source, parts);
	uint8_t *encoded =
	    scene_keep(s, malloc(protobuf_c_message_get_packed_size(&draft->request.base) + 1), free);

	*size = protobuf_c_message_pack(&draft->request.base, encoded);
	return encoded;
}

void
expect_error_parts(struct scene *s, const char *code, const char *reason, const char *field, int source,
    const struct part *parts, const char *file, int line)
{
	const struct draft_request *draft = draft_request_of(s, source, parts);
	Anagraph__V1__CountContactsResponse *before = count_at(s, file, line);
	Anagraph__V1__IdentifyResponse *answer = NULL;
	struct client_status status = { 0 };

	expect_same_at(
	    client_identify(&answer, &status, s->client, &draft->request), CLIENT_E_STATUS, file, line);
	expect_status(&status, code, reason, field, file, line);
	expect_equal_messages(&count_at(s, file, line)->base, &before->base, file, line);
}

void
expect_status(const struct client_status *status, const char *code, const char *reason, const char *field,
    const char *file, int line)
{
	_assert_string_equal(client_code_name(status->code), code, file, line);
	_assert_string_equal(status->reason, reason, file, line);
	_assert_string_equal(status->domain, reason[0] != '\0' ? "anagraph" : "", file, line);
	_assert_string_equal(status->field, field, file, line);
	_assert_true(status->message[0] != '\0', "a message", file, line);
}

/* Asks for a contact by identifier, or by id where there is no namespace. */
static int
ask(Anagraph__V1__ResolveResponse **response, struct client_status *status, struct scene *s,
    const char *namespace_name, const char *value, uint64_t id)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;

	request.account = s->account;
	if (namespace_name != NULL) {
		identifier.namespace_ = text_of(namespace_name);
		identifier.value = text_of(value);
		request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
		request.identifier = &identifier;
	} else {
		request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
		request.contact_id = id;
	}
	return client_resolve(response, status, s->client, &request);
}

Anagraph__V1__ResolveResponse *
resolve_at(
    struct scene *s, const char *namespace_name, const char *value, uint64_t id, const char *file, int line)
{
	Anagraph__V1__ResolveResponse *response = NULL;
	struct client_status status = { 0 };

	expect_ok(ask(&response, &status, s, namespace_name, value, id), &status, file, line);
	scene_keep(s, response, release_resolved);
	expect_contact_sound(s, response->contact, file, line);
	_assert_true(status.txn > 0, "status.txn > 0", file, line);
	return response;
}

uint64_t
owner_at(struct scene *s, const char *namespace_name, const char *value, const char *file, int line)
{
	Anagraph__V1__ResolveResponse *response = NULL;
	struct client_status status = { 0 };
	int result = ask(&response, &status, s, namespace_name, value, 0);

	if (result == CLIENT_E_STATUS && strcmp(status.reason, "CONTACT_NOT_FOUND") == 0) {
		_assert_string_equal(client_code_name(status.code), "NOT_FOUND", file, line);
		return 0;
	}
	expect_ok(result, &status, file, line);
	scene_keep(s, response, release_resolved);
	return response->contact->id;
}

Anagraph__V1__CountContactsResponse *
count_at(struct scene *s, const char *file, int line)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *totals = NULL;
	struct client_status status = { 0 };

	request.account = s->account;
	expect_ok(client_count_contacts(&totals, &status, s->client, &request), &status, file, line);
	scene_keep(s, totals, release_totals);
	expect_same_at(totals->contacts_page_total, totals->identified + totals->anonymous_push, file, line);
	expect_same_at(
	    totals->home_page_total, totals->contacts_page_total + totals->anonymous_chat, file, line);
	return totals;
}
