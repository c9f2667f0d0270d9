/* protobuf-c gets its memory from the call's arena, so that a request can never take
 * more than a call may, and giving it back costs nothing. */
#include "server/rpc/request.h"

#include <errno.h>
#include <stdio.h>

#include "server/rpc/scan.h"

struct supply {
	struct arena *arena;
	bool exhausted;
};

/* What a NUL in a field of that name is told as (N1). How the rules call a field is
 * not always its name on the wire. */
struct nul_reason {
	const char *name;
	const char *told_name;
	enum reason reason;
};

static const struct nul_reason NUL_REASONS[] = {
	{ "account", "account", REASON_ACCOUNT_INVALID },
	{ "namespace", "namespace", REASON_NAMESPACE_UNKNOWN },
	{ "value", "value", REASON_IDENTIFIER_INVALID },
	{ "given", "given", REASON_IDENTIFIER_INVALID },
	{ "name", "name", REASON_ATTRIBUTE_INVALID },
	{ "string_value", "value", REASON_ATTRIBUTE_INVALID },
	{ "page_token", "page_token", REASON_PAGE_TOKEN_INVALID },
};

int
request_reject(struct rejection *rejection, enum reason reason, const char *field, const char *message)
{
	*rejection = (struct rejection){ .reason = reason, .message = message };
	snprintf(rejection->field, sizeof(rejection->field), "%s", field);
	return REQUEST_E_REJECTED;
}

int
request_reject_memory(struct rejection *rejection, const struct arena *arena)
{
	/* No single piece of a request comes near half of what a call may take: an arena
	 * that has so much room left was let down by the system. */
	if (arena->limit_bytes - arena->total_bytes < LIMIT_CALL_ARENA_BYTES / 2)
		return request_reject(rejection, REASON_LIMIT_EXCEEDED, "", "The request is too large.");
	return request_reject(
	    rejection, REASON_OVERLOADED, "", "The service is out of memory for this call.");
}

static void *
take(void *context, size_t size_bytes)
{
	struct supply *supply = context;
	void *memory = arena_alloc(supply->arena, size_bytes);

	supply->exhausted = supply->exhausted || memory == NULL;
	return memory;
}

/* An arena takes nothing back piece by piece. */
static void
give_back(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

static int
reject_nul(struct rejection *rejection, const struct scan_nul *nul)
{
	const char *told_name = nul->name;
	enum reason reason = REASON_FIELD_INVALID;

	for (size_t i = 0; i < sizeof(NUL_REASONS) / sizeof(NUL_REASONS[0]); i++) {
		const struct nul_reason *known = &NUL_REASONS[i];

		if (strcmp(nul->name, known->name) == 0) {
			told_name = known->told_name;
			reason = known->reason;
		}
	}
	request_reject(rejection, reason, "", "The field contains a NUL.");
	snprintf(rejection->field, sizeof(rejection->field), "%s%s", nul->way, told_name);
	return REQUEST_E_REJECTED;
}

int
request_scan(bool *has_nul, struct rejection *rejection, const ProtobufCMessageDescriptor *descriptor,
    struct bytes raw)
{
	struct scan_nul nul;
	int result = scan_message(&nul, descriptor, raw);

	if (has_nul != NULL)
		*has_nul = result == SCAN_E_NUL;
	switch (result) {
	case 0:
		return 0;
	case SCAN_E_NUL:
		return has_nul != NULL ? 0 : reject_nul(rejection, &nul);
	case SCAN_E_TOO_MANY:
		return request_reject(
		    rejection, REASON_LIMIT_EXCEEDED, "", "The request has too many fields.");
	default:
		return request_reject(
		    rejection, REASON_MALFORMED_REQUEST, "", "The bytes are not the message of this call.");
	}
}

int
request_unpack(ProtobufCMessage **out, struct rejection *rejection, struct arena *arena,
    const ProtobufCMessageDescriptor *descriptor, struct bytes raw)
{
	struct supply supply = { .arena = arena };
	ProtobufCAllocator allocator = { .alloc = take, .free = give_back, .allocator_data = &supply };
	ProtobufCMessage *message;
	int result = request_scan(NULL, rejection, descriptor, raw);

	if (result != 0)
		return result;
	message = protobuf_c_message_unpack(descriptor, &allocator, raw.size, raw.data);
	if (message == NULL && supply.exhausted)
		return request_reject_memory(rejection, arena);
	if (message == NULL)
		return request_reject(
		    rejection, REASON_MALFORMED_REQUEST, "", "The bytes are not the message of this call.");
	*out = message;
	return 0;
}

struct bytes
request_string(const char *string)
{
	/* The scan has seen that the string ends at its first NUL and not before. */
	return string == NULL ? (struct bytes){ NULL, 0 } : bytes_of_string(string);
}

static struct timestamp
timestamp_of(const Google__Protobuf__Timestamp *message)
{
	if (message == NULL)
		return (struct timestamp){ .present = false };
	return (struct timestamp){ .present = true, .seconds = message->seconds, .nanos = message->nanos };
}

static struct attribute_input
attribute_of(const Anagraph__V1__Attribute *message)
{
	struct attribute_input input = { .name = request_string(message->name) };

	switch (message->value_case) {
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE:
		input.value.type = VALUE_STRING;
		input.value.string = request_string(message->string_value);
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE:
		input.value.type = VALUE_NUMBER;
		input.value.number = message->number_value;
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE:
		input.value.type = VALUE_BOOL;
		input.value.boolean = message->bool_value;
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE:
		input.time = timestamp_of(message->time_value);
		break;
	default:
		break;
	}
	return input;
}

int
request_event(struct event_input *out, struct arena *arena, const Anagraph__V1__IdentifyRequest *message)
{
	struct event_input input = {
		.account = request_string(message->account),
		.source = (int32_t)message->source,
		.identifier_count = message->n_identifiers,
		.attribute_count = message->n_attributes,
		.observed_at = timestamp_of(message->observed_at),
		.conversation = request_string(message->conversation),
	};

	input.identifiers = arena_calloc(arena, input.identifier_count, sizeof(*input.identifiers));
	input.attributes = arena_calloc(arena, input.attribute_count, sizeof(*input.attributes));
	if (input.identifiers == NULL || input.attributes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < input.identifier_count; i++) {
		input.identifiers[i].namespace_name = request_string(message->identifiers[i]->namespace_);
		input.identifiers[i].value = request_string(message->identifiers[i]->value);
	}
	for (size_t i = 0; i < input.attribute_count; i++)
		input.attributes[i] = attribute_of(message->attributes[i]);
	*out = input;
	return 0;
}
