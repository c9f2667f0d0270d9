/* One place for what every message does to a field, so that being strict is not left
 * to each of them. */
#include "server/wire/fields.h"

#include <assert.h>
#include <errno.h>

enum claim_field {
	CLAIM_SOURCE = 1,
	CLAIM_OBSERVED_AT = 2,
	CLAIM_RECORDED_AT = 3,
	CLAIM_CLAIMED_AT = 4,
	CLAIM_CONVERSATION = 5,
};

enum policy_field {
	POLICY_ID = 1,
	POLICY_VERSION = 2,
	POLICY_BUILD = 3,
};

int
message_begin(struct wire_writer *writer, struct arena *arena, size_t size_bytes)
{
	void *buffer = arena_alloc(arena, size_bytes);

	if (buffer == NULL)
		return -ENOMEM;
	wire_writer_init(writer, buffer, size_bytes);
	return 0;
}

struct bytes
message_finish(const struct wire_writer *writer)
{
	assert(!writer->full);
	return wire_written(writer);
}

int
field_next(struct wire_field *field, struct field_set *set, uint32_t repeated, struct wire_reader *reader)
{
	int result = wire_next(field, reader);

	if (result == WIRE_E_END)
		return WIRE_E_END;
	if (result != 0 || field->number >= 32)
		return WIRE_E_DAMAGED;
	if ((set->seen & FIELD_BIT(field->number) & ~repeated) != 0)
		return WIRE_E_DAMAGED;
	set->seen |= FIELD_BIT(field->number);
	return 0;
}

int
fields_end(int result, const struct field_set *set, uint32_t required)
{
	if (result < 0)
		return result;
	return result == WIRE_E_END && (set->seen & required) == required ? 0 : MESSAGE_E_DAMAGED;
}

int
take_number(uint64_t *out, const struct wire_field *field)
{
	if (field->type != WIRE_VARINT)
		return MESSAGE_E_DAMAGED;
	*out = field->varint;
	return 0;
}

int
take_bool(bool *out, const struct wire_field *field)
{
	if (field->type != WIRE_VARINT || field->varint > 1)
		return MESSAGE_E_DAMAGED;
	*out = field->varint == 1;
	return 0;
}

int
take_enum(unsigned *out, const struct wire_field *field, unsigned count)
{
	if (field->type != WIRE_VARINT || field->varint == 0 || field->varint >= count)
		return MESSAGE_E_DAMAGED;
	*out = (unsigned)field->varint;
	return 0;
}

int
take_bytes(struct bytes *out, const struct wire_field *field)
{
	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	*out = field->bytes;
	return 0;
}

int
take_time(int64_t *out, const struct wire_field *field)
{
	if (field->type != WIRE_LENGTH || wire_timestamp(out, field->bytes) != 0)
		return MESSAGE_E_DAMAGED;
	return 0;
}

int
count_fields(size_t *counts, size_t count, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;
	int result;

	memset(counts, 0, count * sizeof(*counts));
	wire_reader_init(&reader, message);
	while ((result = wire_next(&field, &reader)) == 0) {
		if (field.number >= count)
			return MESSAGE_E_DAMAGED;
		counts[field.number]++;
	}
	return result == WIRE_E_END ? 0 : MESSAGE_E_DAMAGED;
}

int
take_array(void **out, struct arena *arena, size_t count, size_t limit, size_t item_bytes)
{
	void *items;

	if (count > limit)
		return MESSAGE_E_DAMAGED;
	items = arena_calloc(arena, count, item_bytes);
	if (items == NULL)
		return -ENOMEM;
	*out = items;
	return 0;
}

size_t
claim_bytes(const struct claim *claim)
{
	return FIELD_BYTES + FIELD_BYTES + (size_t)3 * TIMESTAMP_BYTES + FIELD_BYTES +
	    claim->conversation.size;
}

void
put_claim(struct wire_writer *writer, uint32_t field, const struct claim *claim)
{
	uint8_t *end = wire_message_end(writer);

	wire_put_bytes(writer, CLAIM_CONVERSATION, claim->conversation);
	if (claim->clamped)
		wire_put_timestamp(writer, CLAIM_CLAIMED_AT, claim->claimed_at_us);
	wire_put_timestamp(writer, CLAIM_RECORDED_AT, claim->recorded_at_us);
	wire_put_timestamp(writer, CLAIM_OBSERVED_AT, claim->observed_at_us);
	wire_put_varint(writer, CLAIM_SOURCE, claim->source);
	wire_message_begin(writer, field, end);
}

int
take_claim(struct claim *out, const struct wire_field *field)
{
	const uint32_t required =
	    FIELD_BIT(CLAIM_SOURCE) | FIELD_BIT(CLAIM_OBSERVED_AT) | FIELD_BIT(CLAIM_RECORDED_AT);
	struct claim claim = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	unsigned source = SOURCE_NONE;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		switch (part.number) {
		case CLAIM_SOURCE:
			result = take_enum(&source, &part, SOURCE_COUNT);
			break;
		case CLAIM_OBSERVED_AT:
			result = take_time(&claim.observed_at_us, &part);
			break;
		case CLAIM_RECORDED_AT:
			result = take_time(&claim.recorded_at_us, &part);
			break;
		case CLAIM_CLAIMED_AT:
			claim.clamped = true;
			result = take_time(&claim.claimed_at_us, &part);
			break;
		case CLAIM_CONVERSATION:
			result = take_bytes(&claim.conversation, &part);
			break;
		default:
			result = MESSAGE_E_DAMAGED;
		}
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result != 0)
		return result;
	claim.source = (enum source)source;
	*out = claim;
	return 0;
}

size_t
policy_bytes(const struct policy_identity *policy)
{
	return frame_bytes(4) + policy->id.size + policy->version.size + policy->build.size;
}

void
put_policy(struct wire_writer *writer, uint32_t field, const struct policy_identity *policy)
{
	uint8_t *end = wire_message_end(writer);

	if (policy->id.size == 0 && policy->version.size == 0 && policy->build.size == 0)
		return;
	wire_put_bytes(writer, POLICY_BUILD, policy->build);
	wire_put_bytes(writer, POLICY_VERSION, policy->version);
	wire_put_bytes(writer, POLICY_ID, policy->id);
	wire_message_begin(writer, field, end);
}

int
take_policy(struct policy_identity *out, const struct wire_field *field)
{
	struct policy_identity policy = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		switch (part.number) {
		case POLICY_ID:
			result = take_bytes(&policy.id, &part);
			break;
		case POLICY_VERSION:
			result = take_bytes(&policy.version, &part);
			break;
		case POLICY_BUILD:
			result = take_bytes(&policy.build, &part);
			break;
		default:
			result = MESSAGE_E_DAMAGED;
		}
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, 0);
	if (result == 0)
		*out = policy;
	return result;
}
