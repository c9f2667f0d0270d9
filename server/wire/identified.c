/* anagraph.v1.IdentifyResponse: what an event came to. It is put together once, in the
 * transaction of the event, so that what is kept for a replay is what was answered. And
 * what a kept answer names, be it of an event or of an operator's act. */
#include <errno.h>

#include "server/wire/fields.h"

enum response_field {
	RESPONSE_OUTCOME = 1,
	RESPONSE_CONTACT = 2,
	RESPONSE_ABSORBED_CONTACT_IDS = 3,
	RESPONSE_CONFLICTS = 4,
	RESPONSE_SHARED_IDENTIFIERS = 5,
	RESPONSE_REVISION = 6,
};

/* Of an operator's answer, where that of an event has a number. */
enum { RESPONSE_CONTACT_OF_ACT = 1 };

/* How many of the conflicts go into an answer, and the bytes that all of it takes at most.
 * Those past LIMIT_ANSWER_BYTES are left out, the last first: the event is stored, and an
 * answer that its caller can't take would hide that. The journal has them all. */
static size_t
conflicts_that_fit(size_t *size_bytes, const struct identified *identified)
{
	size_t total_bytes = (4 + identified->absorbed_count) * FIELD_BYTES + identified->contact.size;
	size_t count = 0;

	for (size_t i = 0; i < identified->shared_count; i++)
		total_bytes += FIELD_BYTES + identifier_bytes(&identified->shared[i]);
	for (; count < identified->conflict_count; count++) {
		size_t one_bytes = FIELD_BYTES + conflict_bytes(&identified->conflicts[count]);

		if (total_bytes + one_bytes > LIMIT_ANSWER_BYTES)
			break;
		total_bytes += one_bytes;
	}
	*size_bytes = total_bytes;
	return count;
}

int
identified_encode(struct bytes *out, struct arena *arena, const struct identified *identified)
{
	struct wire_writer writer;
	size_t size_bytes;
	size_t conflict_count = conflicts_that_fit(&size_bytes, identified);
	int result = message_begin(&writer, arena, size_bytes);

	if (result < 0)
		return result;
	wire_put_varint(&writer, RESPONSE_REVISION, identified->revision);
	for (size_t i = identified->shared_count; i > 0; i--)
		put_identifier(
		    &writer, RESPONSE_SHARED_IDENTIFIERS, &identified->shared[i - 1], CLAIMED_ELSEWHERE);
	for (size_t i = conflict_count; i > 0; i--) {
		uint8_t *end = wire_message_end(&writer);

		put_conflict_fields(&writer, &identified->conflicts[i - 1]);
		wire_message_begin(&writer, RESPONSE_CONFLICTS, end);
	}
	/* One by one: whoever reads a packed field takes its plain form too. */
	for (size_t i = identified->absorbed_count; i > 0; i--)
		wire_put_varint_always(
		    &writer, RESPONSE_ABSORBED_CONTACT_IDS, identified->absorbed_contact_ids[i - 1]);
	wire_put_bytes_always(&writer, RESPONSE_CONTACT, identified->contact);
	wire_put_varint(&writer, RESPONSE_OUTCOME, (uint64_t)identified->outcome);
	*out = message_finish(&writer);
	return 0;
}

static bool
holds_value(const struct contact *contact, enum namespace_id namespace_id, const struct value *value)
{
	return value->type == VALUE_STRING && contact_holds(contact, namespace_id, value->string);
}

/* The same for a device, which is told without its namespace. */
static bool
holds_device(const struct contact *contact, const struct value *value)
{
	for (unsigned n = NAMESPACE_CHAT; n < NAMESPACE_COUNT; n++) {
		if (holds_value(contact, (enum namespace_id)n, value))
			return true;
	}
	return false;
}

static bool
conflict_names(const struct conflict *conflict, const struct contact *named)
{
	enum namespace_id namespace_id = conflict->namespace_id;

	return namespace_id != NAMESPACE_NONE &&
	    (holds_value(named, namespace_id, &conflict->stored) ||
		holds_value(named, namespace_id, &conflict->incoming) ||
		holds_value(named, namespace_id, &conflict->displaced) ||
		holds_device(named, &conflict->device));
}

/* Whether the contact that an answer shows has, or is offered, an identifier of the other. */
static int
contact_names(bool *out, struct arena *arena, struct bytes message, const struct contact *named)
{
	struct contact shown;
	bool names = false;
	int result = contact_decode(&shown, arena, message);

	if (result != 0)
		return result;
	for (size_t i = 0; i < shown.identifier_count && !names; i++)
		names = contact_holds(named, shown.identifiers[i].namespace_id, shown.identifiers[i].value);
	for (size_t i = 0; i < shown.secondary_count && !names; i++)
		names = contact_holds(named, shown.secondaries[i].identifier.namespace_id,
		    shown.secondaries[i].identifier.value);
	*out = names;
	return 0;
}

static int
response_field_names(
    bool *out, struct arena *arena, const struct wire_field *field, const struct contact *named)
{
	struct identifier shared;
	struct conflict conflict;
	int result;

	switch (field->number) {
	case RESPONSE_CONTACT:
	case RESPONSE_CONTACT_OF_ACT:
		return contact_names(out, arena, field->bytes, named);
	case RESPONSE_CONFLICTS:
		result = take_conflict(&conflict, field);
		if (result == 0)
			*out = conflict_names(&conflict, named);
		return result;
	case RESPONSE_SHARED_IDENTIFIERS:
		result = take_identifier(&shared, field, CLAIMED_ELSEWHERE);
		if (result == 0)
			*out = contact_holds(named, shared.namespace_id, shared.value);
		return result;
	default:
		return MESSAGE_E_DAMAGED;
	}
}

int
response_names(bool *out, struct arena *arena, struct bytes response, const struct contact *named)
{
	struct wire_reader reader;
	struct wire_field field;
	bool names = false;
	int result;

	wire_reader_init(&reader, response);
	while ((result = wire_next(&field, &reader)) == 0) {
		/* All else are numbers. */
		if (field.type == WIRE_LENGTH && !names)
			result = response_field_names(&names, arena, &field, named);
		if (result != 0)
			return result;
	}
	if (result != WIRE_E_END)
		return MESSAGE_E_DAMAGED;
	*out = names;
	return 0;
}
