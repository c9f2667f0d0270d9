/* anagraph.store.v1.Dismissals: kept beside a contact, for no caller to see. */
#include "server/wire/fields.h"

#include <errno.h>

#include "rules/namespaces.h"

enum dismissals_field {
	DISMISSALS_DISMISSALS = 1,
	DISMISSALS_FIELD_COUNT = 2,
};

enum dismissal_field {
	DISMISSAL_NAME = 1,
	DISMISSAL_DIGEST = 2,
	DISMISSAL_TIME_US = 3,
};

int
dismissals_encode(struct bytes *out, struct arena *arena, const struct contact *contact)
{
	struct wire_writer writer;
	size_t size = 0;
	int result;

	for (size_t i = 0; i < contact->dismissal_count; i++)
		size += frame_bytes(4) + contact->dismissals[i].name.size + DIGEST_BYTES;
	result = message_begin(&writer, arena, size);
	if (result < 0)
		return result;
	for (size_t i = contact->dismissal_count; i > 0; i--) {
		const struct dismissal *dismissal = &contact->dismissals[i - 1];
		uint8_t *end = wire_message_end(&writer);

		wire_put_varint(&writer, DISMISSAL_TIME_US, (uint64_t)dismissal->time_us);
		wire_put_bytes(&writer, DISMISSAL_DIGEST, bytes_of(dismissal->digest, DIGEST_BYTES));
		wire_put_bytes(&writer, DISMISSAL_NAME, dismissal->name);
		wire_message_begin(&writer, DISMISSALS_DISMISSALS, end);
	}
	*out = message_finish(&writer);
	return 0;
}

static int
take_digest(uint8_t digest[DIGEST_BYTES], const struct wire_field *field)
{
	if (field->type != WIRE_LENGTH || field->bytes.size != DIGEST_BYTES)
		return MESSAGE_E_DAMAGED;
	memcpy(digest, field->bytes.data, DIGEST_BYTES);
	return 0;
}

static int
take_dismissal(struct dismissal *out, const struct wire_field *field)
{
	const uint32_t required =
	    FIELD_BIT(DISMISSAL_NAME) | FIELD_BIT(DISMISSAL_DIGEST) | FIELD_BIT(DISMISSAL_TIME_US);
	struct dismissal dismissal = { .time_us = 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	uint64_t time_us = 0;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		if (part.number == DISMISSAL_NAME)
			result = take_bytes(&dismissal.name, &part);
		else if (part.number == DISMISSAL_DIGEST)
			result = take_digest(dismissal.digest, &part);
		else if (part.number == DISMISSAL_TIME_US)
			result = take_number(&time_us, &part);
		else
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result == 0 && time_us > INT64_MAX)
		result = MESSAGE_E_DAMAGED;
	if (result != 0)
		return result;
	dismissal.time_us = (int64_t)time_us;
	*out = dismissal;
	return 0;
}

int
dismissals_decode(struct contact *contact, struct arena *arena, struct bytes message)
{
	size_t counts[DISMISSALS_FIELD_COUNT];
	struct dismissal *dismissals;
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field field;
	size_t count = 0;
	void *items;
	int result = count_fields(counts, DISMISSALS_FIELD_COUNT, message);

	if (result == 0)
		result = take_array(&items, arena, counts[DISMISSALS_DISMISSALS], LIMIT_CONTACT_DISMISSALS,
		    sizeof(*dismissals));
	if (result != 0)
		return result;
	dismissals = items;
	wire_reader_init(&reader, message);
	while ((result = field_next(&field, &set, FIELD_BIT(DISMISSALS_DISMISSALS), &reader)) == 0) {
		result = take_dismissal(&dismissals[count], &field);
		if (result == 0 && count > 0 &&
		    dismissal_compare(&dismissals[count - 1], &dismissals[count]) >= 0)
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
		count++;
	}
	result = fields_end(result, &set, FIELD_BIT(DISMISSALS_DISMISSALS));
	if (result != 0)
		return result;
	contact->dismissals = dismissals;
	contact->dismissal_count = count;
	return 0;
}
