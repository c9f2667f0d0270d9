/* A request is made as a message of its own memory, so that one way of freeing
 * does for all. */
#include "tests/model/calls.h"

#include <stdio.h>
#include <stdlib.h>

static void *
make(size_t size_bytes)
{
	void *memory = calloc(1, size_bytes);

	if (memory == NULL)
		abort();
	return memory;
}

static char *
copy(const char *string)
{
	char *copied = strdup(string);

	if (copied == NULL)
		abort();
	return copied;
}

static Google__Protobuf__Timestamp *
make_timestamp(int64_t time_us)
{
	Google__Protobuf__Timestamp *timestamp = make(sizeof(*timestamp));
	int64_t rest_us = time_us % 1000000;

	google__protobuf__timestamp__init(timestamp);
	if (rest_us < 0)
		rest_us += 1000000;
	timestamp->seconds = (time_us - rest_us) / 1000000;
	timestamp->nanos = (int32_t)rest_us * 1000;
	return timestamp;
}

static Anagraph__V1__Identifier *
make_identifier(const struct model_fact *fact)
{
	Anagraph__V1__Identifier *identifier = make(sizeof(*identifier));

	anagraph__v1__identifier__init(identifier);
	identifier->namespace_ = copy(fact->name);
	identifier->value = copy(fact->given[0] != '\0' ? fact->given : fact->value.string);
	return identifier;
}

static Anagraph__V1__Attribute *
make_attribute(const struct model_fact *fact)
{
	Anagraph__V1__Attribute *attribute = make(sizeof(*attribute));

	anagraph__v1__attribute__init(attribute);
	attribute->name = copy(fact->name);
	switch (fact->value.type) {
	case VALUE_BOOL:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
		attribute->bool_value = fact->value.boolean;
		break;
	case VALUE_NUMBER:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
		attribute->number_value = fact->value.number;
		break;
	case VALUE_TIME:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE;
		attribute->time_value = make_timestamp(fact->value.time_us);
		break;
	default:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
		attribute->string_value = copy(fact->value.string);
		break;
	}
	return attribute;
}

/* protobuf-c has no string for one that is empty. */
static void
set(char **field, const char *string)
{
	if (string[0] != '\0')
		*field = copy(string);
}

static Anagraph__V1__IdentifyRequest *
make_identify(const char *account, const struct model_event *event)
{
	Anagraph__V1__IdentifyRequest *request = make(sizeof(*request));

	anagraph__v1__identify_request__init(request);
	request->account = copy(account);
	request->source = (Anagraph__V1__Source)event->source;
	if (event->conversation[0] != '\0')
		request->conversation = copy(event->conversation);
	if (event->observed_at_us != MODEL_UNTIMED)
		request->observed_at = make_timestamp(event->observed_at_us);
	for (size_t i = 0; i < event->fact_count; i++) {
		if (event->facts[i].namespace_id == NAMESPACE_NONE) {
			Anagraph__V1__Attribute *attribute = make_attribute(&event->facts[i]);

			request->attributes = model_append(
			    request->attributes, &request->n_attributes, &attribute, sizeof(attribute));
		} else {
			Anagraph__V1__Identifier *identifier = make_identifier(&event->facts[i]);

			request->identifiers = model_append(
			    request->identifiers, &request->n_identifiers, &identifier, sizeof(identifier));
		}
	}
	return request;
}

ProtobufCMessage *
calls_make_identify(const char *account, const struct model_event *event)
{
	return &make_identify(account, event)->base;
}

static ProtobufCMessage *
make_promote(const char *account, const struct model_request *request)
{
	Anagraph__V1__PromoteSecondaryRequest *message = make(sizeof(*message));

	anagraph__v1__promote_secondary_request__init(message);
	message->account = copy(account);
	message->contact_id = request->contact_id;
	message->secondary_id = request->secondary_id;
	message->contact_version = request->contact_version;
	set(&message->operator_, request->operator_name);
	set(&message->request_id, request->request_id);
	return &message->base;
}

static ProtobufCMessage *
make_dismiss(const char *account, const struct model_request *request)
{
	Anagraph__V1__DismissSecondaryRequest *message = make(sizeof(*message));

	anagraph__v1__dismiss_secondary_request__init(message);
	message->account = copy(account);
	message->contact_id = request->contact_id;
	message->secondary_id = request->secondary_id;
	message->contact_version = request->contact_version;
	set(&message->operator_, request->operator_name);
	set(&message->request_id, request->request_id);
	return &message->base;
}

static ProtobufCMessage *
make_merge(const char *account, const struct model_request *request)
{
	Anagraph__V1__MergeContactsRequest *message = make(sizeof(*message));

	anagraph__v1__merge_contacts_request__init(message);
	message->account = copy(account);
	message->surviving_contact_id = request->contact_id;
	message->absorbed_contact_id = request->absorbed_id;
	message->surviving_contact_version = request->contact_version;
	message->absorbed_contact_version = request->absorbed_version;
	message->validate_only = request->validate_only;
	set(&message->operator_, request->operator_name);
	set(&message->request_id, request->request_id);
	return &message->base;
}

static ProtobufCMessage *
make_erase(const char *account, const struct model_request *request)
{
	Anagraph__V1__EraseContactRequest *message = make(sizeof(*message));

	anagraph__v1__erase_contact_request__init(message);
	message->account = copy(account);
	message->contact_id = request->contact_id;
	message->suppress = request->suppress;
	set(&message->operator_, request->operator_name);
	set(&message->request_id, request->request_id);
	return &message->base;
}

void
calls_free_request(ProtobufCMessage *request)
{
	protobuf_c_message_free_unpacked(request, NULL);
}

static void
add(struct calls *calls, enum client_method method, ProtobufCMessage *request)
{
	struct call call = { .method = method, .request = request };

	calls->items = model_append(calls->items, &calls->count, &call, sizeof(call));
}

void
calls_add_identify(struct calls *calls, const char *account, const struct model_event *event)
{
	add(calls, CLIENT_IDENTIFY, calls_make_identify(account, event));
}

void
calls_add_request(struct calls *calls, const char *account, const struct model_request *request)
{
	Anagraph__V1__IdentifyRequest *identify;

	switch (request->action) {
	case ACTION_PROMOTE:
		add(calls, CLIENT_PROMOTE_SECONDARY, make_promote(account, request));
		break;
	case ACTION_DISMISS:
		add(calls, CLIENT_DISMISS_SECONDARY, make_dismiss(account, request));
		break;
	case ACTION_MERGE:
		add(calls, CLIENT_MERGE_CONTACTS, make_merge(account, request));
		break;
	case ACTION_ERASE:
		add(calls, CLIENT_ERASE_CONTACT, make_erase(account, request));
		break;
	default:
		identify = make_identify(account, &request->event);
		identify->validate_only = request->validate_only;
		set(&identify->request_id, request->request_id);
		add(calls, CLIENT_IDENTIFY, &identify->base);
		break;
	}
}

static Anagraph__V1__ResolveRequest *
make_resolve(const char *account)
{
	Anagraph__V1__ResolveRequest *request = make(sizeof(*request));

	anagraph__v1__resolve_request__init(request);
	request->account = copy(account);
	return request;
}

void
calls_add_resolve_id(struct calls *calls, const char *account, uint64_t contact_id)
{
	Anagraph__V1__ResolveRequest *request = make_resolve(account);

	request->key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request->contact_id = contact_id;
	add(calls, CLIENT_RESOLVE, &request->base);
}

void
calls_add_resolve(struct calls *calls, const char *account, const struct model_fact *identifier)
{
	Anagraph__V1__ResolveRequest *request = make_resolve(account);

	request->key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request->identifier = make_identifier(identifier);
	add(calls, CLIENT_RESOLVE, &request->base);
}

void
calls_add_count(struct calls *calls, const char *account)
{
	Anagraph__V1__CountContactsRequest *request = make(sizeof(*request));

	anagraph__v1__count_contacts_request__init(request);
	request->account = copy(account);
	add(calls, CLIENT_COUNT_CONTACTS, &request->base);
}

static Anagraph__V1__ResolveKey *
make_key(void)
{
	Anagraph__V1__ResolveKey *key = make(sizeof(*key));

	anagraph__v1__resolve_key__init(key);
	return key;
}

void
calls_add_batch(struct calls *calls, const char *account, const uint64_t *ids, size_t id_count,
    const struct model_fact *identifiers, size_t identifier_count)
{
	Anagraph__V1__BatchResolveRequest *request = make(sizeof(*request));

	anagraph__v1__batch_resolve_request__init(request);
	request->account = copy(account);
	for (size_t i = 0; i < id_count + identifier_count; i++) {
		Anagraph__V1__ResolveKey *key = make_key();

		if (i < id_count) {
			key->key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_CONTACT_ID;
			key->contact_id = ids[i];
		} else {
			key->key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_IDENTIFIER;
			key->identifier = make_identifier(&identifiers[i - id_count]);
		}
		request->keys = model_append(request->keys, &request->n_keys, &key, sizeof(key));
	}
	add(calls, CLIENT_BATCH_RESOLVE, &request->base);
}

void
calls_add_list(
    struct calls *calls, const char *account, const struct list_filter *filter, const char *page_token)
{
	Anagraph__V1__ListContactsRequest *request = make(sizeof(*request));

	anagraph__v1__list_contacts_request__init(request);
	request->account = copy(account);
	if (filter->all)
		request->view = ANAGRAPH__V1__LIST_VIEW__LIST_VIEW_ALL;
	request->contact_class = (Anagraph__V1__ContactClass)filter->contact_class;
	if (filter->engaged)
		request->list = copy("conversations-engaged");
	request->reach = (Anagraph__V1__Reach)filter->reach;
	request->page_size = filter->page_size;
	set(&request->page_token, page_token);
	add(calls, CLIENT_LIST_CONTACTS, &request->base);
}

void
calls_add_explain(
    struct calls *calls, const char *account, uint64_t contact_id, uint32_t page_size, const char *page_token)
{
	Anagraph__V1__ExplainRequest *request = make(sizeof(*request));

	anagraph__v1__explain_request__init(request);
	request->account = copy(account);
	request->contact_id = contact_id;
	request->page_size = page_size;
	set(&request->page_token, page_token);
	add(calls, CLIENT_EXPLAIN, &request->base);
}

int
calls_start(struct calls *calls, struct client *client)
{
	for (size_t i = 0; i < calls->count; i++) {
		struct call *call = &calls->items[i];
		int result = client_start(client, call->method, call->request, 0, call);

		if (result != 0)
			return result;
	}
	return 0;
}

/* Takes one answer. 0; those of client_next. */
static int
take(struct client *client, int64_t timeout_ms)
{
	struct client_answer answer;
	int result = client_next(&answer, client, timeout_ms);
	struct call *call;

	if (result != 0)
		return result;
	call = answer.tag;
	call->status = answer.status;
	if (answer.payload != NULL) {
		call->payload = make(answer.payload_size + 1);
		memcpy(call->payload, answer.payload, answer.payload_size);
		call->payload_size = answer.payload_size;
	}
	return 0;
}

int
calls_take(struct client *client, size_t count, int64_t timeout_ms)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = take(client, timeout_ms);
	return result < 0 ? result : 0;
}

int
calls_run(struct calls *calls, struct client *client, size_t in_flight)
{
	size_t started = 0;
	size_t finished = 0;

	while (finished < calls->count) {
		int result;

		for (; started < calls->count && started - finished < in_flight; started++) {
			struct call *call = &calls->items[started];

			result = client_start(client, call->method, call->request, 0, call);
			if (result != 0)
				return result;
		}
		result = take(client, -1);
		if (result != 0)
			return result;
		finished++;
	}
	return 0;
}

void
calls_clear(struct calls *calls)
{
	for (size_t i = 0; i < calls->count; i++) {
		calls_free_request(calls->items[i].request);
		free(calls->items[i].payload);
	}
	free(calls->items);
	*calls = (struct calls){ 0 };
}
