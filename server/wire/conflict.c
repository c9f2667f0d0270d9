/* anagraph.v1.Conflict: a disagreement as an answer shows it and the journal keeps it.
 * The message has no namespace of its own: names of namespaces and of attributes
 * differ in their first letter's case, so a name alone says which it is. A value of a
 * contact that was erased since is gone; what it rested on stays. */
#include "server/wire/fields.h"

#include <errno.h>

#include "rules/namespaces.h"

enum claimed_value_field {
	CLAIMED_VALUE_STRING = 1,
	CLAIMED_VALUE_NUMBER = 2,
	CLAIMED_VALUE_BOOL = 3,
	CLAIMED_VALUE_TIME = 4,
	CLAIMED_VALUE_CLAIM = 5,
};

enum conflict_field {
	CONFLICT_KIND = 1,
	CONFLICT_NAME = 2,
	CONFLICT_STORED = 3,
	CONFLICT_INCOMING = 4,
	CONFLICT_OWNER_CONTACT_ID = 5,
	CONFLICT_VERDICT = 6,
	CONFLICT_POLICY = 7,
	CONFLICT_REASON = 8,
	CONFLICT_FALLBACK = 9,
	CONFLICT_TARGET_CONTACT_ID = 10,
	CONFLICT_INCOMING_CONTACT_ID = 11,
	CONFLICT_DISPLACED = 12,
	CONFLICT_DEVICE = 13,
};

enum { KIND_COUNT = CONFLICT_IDENTITY + 1, VERDICT_COUNT = VERDICT_SEPARATE + 1 };

static const struct value_fields claimed_value = { CLAIMED_VALUE_STRING, CLAIMED_VALUE_NUMBER,
	CLAIMED_VALUE_BOOL, CLAIMED_VALUE_TIME };

static const struct bytes fallback_names[] = {
	[FALLBACK_NONE] = { NULL, 0 },
	[FALLBACK_FAILED] = { (const uint8_t *)"POLICY_FAILED", 13 },
	[FALLBACK_TIMED_OUT] = { (const uint8_t *)"POLICY_TIMED_OUT", 16 },
	[FALLBACK_CRASHED] = { (const uint8_t *)"POLICY_CRASHED", 14 },
	[FALLBACK_UNAVAILABLE] = { (const uint8_t *)"POLICY_UNAVAILABLE", 18 },
	[FALLBACK_DEFERRED] = { (const uint8_t *)"POLICY_DEFERRED", 15 },
	[FALLBACK_INVALID] = { (const uint8_t *)"VERDICT_INVALID", 15 },
};

static void
put_claimed_value(
    struct wire_writer *writer, uint32_t field, const struct value *value, const struct claim *claim)
{
	uint8_t *end = wire_message_end(writer);

	put_claim(writer, CLAIMED_VALUE_CLAIM, claim);
	put_value(writer, &claimed_value, value);
	wire_message_begin(writer, field, end);
}

static int
take_claimed_value(struct value *value, struct claim *claim, const struct wire_field *field)
{
	struct value taken = { 0 };
	struct claim taken_claim = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		if (part.number == CLAIMED_VALUE_CLAIM)
			result = take_claim(&taken_claim, &part);
		else
			result = take_value(&taken, &claimed_value, &part);
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, FIELD_BIT(CLAIMED_VALUE_CLAIM));
	if (result != 0)
		return result;
	*value = taken;
	*claim = taken_claim;
	return 0;
}

/* The most bytes of a claimed value that may be absent. */
static size_t
optional_bytes(const struct value *value, const struct claim *claim)
{
	if (claim->source == SOURCE_NONE)
		return 0;
	return frame_bytes(1) + value_bytes(value) + claim_bytes(claim);
}

static void
put_optional(struct wire_writer *writer, uint32_t field, const struct value *value, const struct claim *claim)
{
	if (claim->source != SOURCE_NONE)
		put_claimed_value(writer, field, value, claim);
}

size_t
conflict_bytes(const struct conflict *conflict)
{
	return frame_bytes(11) + conflict->name.size + value_bytes(&conflict->stored) +
	    claim_bytes(&conflict->stored_claim) + value_bytes(&conflict->incoming) +
	    claim_bytes(&conflict->incoming_claim) + policy_bytes(&conflict->policy) + conflict->reason.size +
	    fallback_names[conflict->fallback].size +
	    optional_bytes(&conflict->displaced, &conflict->displaced_claim) +
	    optional_bytes(&conflict->device, &conflict->device_claim);
}

void
put_conflict_fields(struct wire_writer *writer, const struct conflict *conflict)
{
	put_optional(writer, CONFLICT_DEVICE, &conflict->device, &conflict->device_claim);
	put_optional(writer, CONFLICT_DISPLACED, &conflict->displaced, &conflict->displaced_claim);
	wire_put_varint(writer, CONFLICT_INCOMING_CONTACT_ID, conflict->incoming_contact_id);
	wire_put_varint(writer, CONFLICT_TARGET_CONTACT_ID, conflict->target_contact_id);
	wire_put_bytes(writer, CONFLICT_FALLBACK, fallback_names[conflict->fallback]);
	wire_put_bytes(writer, CONFLICT_REASON, conflict->reason);
	put_policy(writer, CONFLICT_POLICY, &conflict->policy);
	wire_put_varint(writer, CONFLICT_VERDICT, conflict->verdict);
	wire_put_varint(writer, CONFLICT_OWNER_CONTACT_ID, conflict->owner_contact_id);
	put_claimed_value(writer, CONFLICT_INCOMING, &conflict->incoming, &conflict->incoming_claim);
	put_claimed_value(writer, CONFLICT_STORED, &conflict->stored, &conflict->stored_claim);
	wire_put_bytes(writer, CONFLICT_NAME, conflict->name);
	wire_put_varint(writer, CONFLICT_KIND, conflict->kind);
}

int
conflict_encode(struct bytes *out, struct arena *arena, const struct conflict *conflict)
{
	struct wire_writer writer;
	int result = message_begin(&writer, arena, conflict_bytes(conflict));

	if (result < 0)
		return result;
	put_conflict_fields(&writer, conflict);
	*out = message_finish(&writer);
	return 0;
}

static int
take_fallback(enum fallback *out, const struct wire_field *field)
{
	struct bytes name;

	if (take_bytes(&name, field) != 0)
		return MESSAGE_E_DAMAGED;
	for (unsigned i = FALLBACK_NONE; i < FALLBACK_COUNT; i++) {
		if (bytes_equal(name, fallback_names[i])) {
			*out = (enum fallback)i;
			return 0;
		}
	}
	return MESSAGE_E_DAMAGED;
}

static int
take_conflict_field(struct conflict *conflict, const struct wire_field *field)
{
	unsigned enumerator = 0;
	int result;

	switch (field->number) {
	case CONFLICT_KIND:
		result = take_enum(&enumerator, field, KIND_COUNT);
		conflict->kind = (enum conflict_kind)enumerator;
		return result;
	case CONFLICT_NAME:
		result = take_bytes(&conflict->name, field);
		if (result == 0)
			conflict->namespace_id = namespace_find(conflict->name);
		return result;
	case CONFLICT_STORED:
		return take_claimed_value(&conflict->stored, &conflict->stored_claim, field);
	case CONFLICT_INCOMING:
		return take_claimed_value(&conflict->incoming, &conflict->incoming_claim, field);
	case CONFLICT_OWNER_CONTACT_ID:
		return take_number(&conflict->owner_contact_id, field);
	case CONFLICT_VERDICT:
		result = take_enum(&enumerator, field, VERDICT_COUNT);
		conflict->verdict = (enum verdict)enumerator;
		return result;
	case CONFLICT_POLICY:
		return take_policy(&conflict->policy, field);
	case CONFLICT_REASON:
		return take_bytes(&conflict->reason, field);
	case CONFLICT_FALLBACK:
		return take_fallback(&conflict->fallback, field);
	case CONFLICT_TARGET_CONTACT_ID:
		return take_number(&conflict->target_contact_id, field);
	case CONFLICT_INCOMING_CONTACT_ID:
		return take_number(&conflict->incoming_contact_id, field);
	case CONFLICT_DISPLACED:
		return take_claimed_value(&conflict->displaced, &conflict->displaced_claim, field);
	case CONFLICT_DEVICE:
		return take_claimed_value(&conflict->device, &conflict->device_claim, field);
	default:
		return MESSAGE_E_DAMAGED;
	}
}

int
take_conflict(struct conflict *out, const struct wire_field *field)
{
	const uint32_t required = FIELD_BIT(CONFLICT_KIND) | FIELD_BIT(CONFLICT_NAME) |
	    FIELD_BIT(CONFLICT_STORED) | FIELD_BIT(CONFLICT_INCOMING) | FIELD_BIT(CONFLICT_VERDICT);
	struct conflict conflict = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		result = take_conflict_field(&conflict, &part);
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result == 0 && conflict.name.size == 0)
		result = MESSAGE_E_DAMAGED;
	if (result == 0)
		*out = conflict;
	return result;
}
