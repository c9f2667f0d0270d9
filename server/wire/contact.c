/* anagraph.v1.Contact: what the store keeps of a contact, and what an answer sends. */
#include "server/wire/fields.h"

#include <errno.h>

enum contact_field {
	CONTACT_ID = 1,
	CONTACT_DISPLAY_NAME = 2,
	CONTACT_CLASS = 3,
	CONTACT_VERSION = 4,
	CONTACT_CREATE_TIME = 5,
	CONTACT_UPDATE_TIME = 6,
	CONTACT_IDENTIFIERS = 7,
	CONTACT_ATTRIBUTES = 8,
	CONTACT_SECONDARIES = 9,
	CONTACT_LISTS = 10,
	CONTACT_REACH = 11,
	CONTACT_FIELD_COUNT = 12,
};

/* What no contact has more of: one value of each personal namespace, aliases, devices. The
 * limit on lists keeps a broken message from asking for much memory. */
enum {
	CONTACT_IDENTIFIERS_MAX = NAMESPACE_LANDLINE + LIMIT_CONTACT_ALIASES + LIMIT_CONTACT_DEVICES,
	CONTACT_LISTS_MAX = 1024,
};

size_t
contact_bytes(const struct contact *contact)
{
	size_t size = frame_bytes(6) + (size_t)2 * TIMESTAMP_BYTES + contact->display_name.size +
	    frame_bytes(REACH_COUNT);

	for (size_t i = 0; i < contact->identifier_count; i++)
		size += identifier_bytes(&contact->identifiers[i]);
	for (size_t i = 0; i < contact->attribute_count; i++)
		size += attribute_bytes(&contact->attributes[i]);
	for (size_t i = 0; i < contact->secondary_count; i++)
		size += secondary_bytes(&contact->secondaries[i]);
	for (size_t i = 0; i < contact->list_count; i++)
		size += FIELD_BYTES + contact->lists[i].size;
	return size;
}

/* A repeated enum is packed: one run of varints. */
static void
put_reach(struct wire_writer *writer, const struct contact *contact)
{
	uint8_t packed[REACH_COUNT];
	size_t size = 0;

	for (unsigned reach = REACH_EMAIL; reach < REACH_COUNT; reach++) {
		if (contact->reach[reach])
			packed[size++] = (uint8_t)reach;
	}
	wire_put_bytes(writer, CONTACT_REACH, bytes_of(packed, size));
}

void
put_contact_fields(struct wire_writer *writer, const struct contact *contact)
{
	put_reach(writer, contact);
	for (size_t i = contact->list_count; i > 0; i--)
		wire_put_bytes_always(writer, CONTACT_LISTS, contact->lists[i - 1]);
	for (size_t i = contact->secondary_count; i > 0; i--)
		put_secondary(writer, CONTACT_SECONDARIES, &contact->secondaries[i - 1]);
	for (size_t i = contact->attribute_count; i > 0; i--)
		put_attribute(writer, CONTACT_ATTRIBUTES, &contact->attributes[i - 1], CLAIMED_HERE);
	for (size_t i = contact->identifier_count; i > 0; i--)
		put_identifier(writer, CONTACT_IDENTIFIERS, &contact->identifiers[i - 1], CLAIMED_HERE);
	wire_put_timestamp(writer, CONTACT_UPDATE_TIME, contact->update_time_us);
	wire_put_timestamp(writer, CONTACT_CREATE_TIME, contact->create_time_us);
	wire_put_varint(writer, CONTACT_VERSION, contact->version);
	wire_put_varint(writer, CONTACT_CLASS, contact->contact_class);
	wire_put_bytes(writer, CONTACT_DISPLAY_NAME, contact->display_name);
	wire_put_varint(writer, CONTACT_ID, contact->id);
}

int
contact_encode(struct bytes *out, struct arena *arena, const struct contact *contact)
{
	struct wire_writer writer;
	int result = message_begin(&writer, arena, contact_bytes(contact));

	if (result < 0)
		return result;
	put_contact_fields(&writer, contact);
	*out = message_finish(&writer);
	return 0;
}

/* In the order of the enum, each once. */
static int
take_reach(bool reach[REACH_COUNT], const struct wire_field *field)
{
	unsigned last = REACH_NONE;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	for (size_t i = 0; i < field->bytes.size; i++) {
		if (field->bytes.data[i] <= last || field->bytes.data[i] >= REACH_COUNT)
			return MESSAGE_E_DAMAGED;
		last = field->bytes.data[i];
		reach[last] = true;
	}
	return 0;
}

/* Makes room for what the contact repeats. */
static int
take_contact_arrays(struct contact *contact, struct arena *arena, struct bytes message)
{
	size_t counts[CONTACT_FIELD_COUNT];
	void *identifiers;
	void *attributes;
	void *secondaries;
	void *lists;
	int result = count_fields(counts, CONTACT_FIELD_COUNT, message);

	if (result == 0)
		result = take_array(&identifiers, arena, counts[CONTACT_IDENTIFIERS], CONTACT_IDENTIFIERS_MAX,
		    sizeof(*contact->identifiers));
	if (result == 0)
		result = take_array(&attributes, arena, counts[CONTACT_ATTRIBUTES], LIMIT_CONTACT_ATTRIBUTES,
		    sizeof(*contact->attributes));
	if (result == 0)
		result = take_array(&secondaries, arena, counts[CONTACT_SECONDARIES],
		    LIMIT_CONTACT_SECONDARIES, sizeof(*contact->secondaries));
	if (result == 0)
		result = take_array(
		    &lists, arena, counts[CONTACT_LISTS], CONTACT_LISTS_MAX, sizeof(*contact->lists));
	if (result != 0)
		return result;
	contact->identifiers = identifiers;
	contact->attributes = attributes;
	contact->secondaries = secondaries;
	contact->lists = lists;
	return 0;
}

static bool
is_list_name(struct bytes name)
{
	return name.size > 0 && name.size <= LIMIT_LIST_BYTES && memchr(name.data, 0, name.size) == NULL;
}

/* One element of what the contact repeats; its array has room. */
static int
take_contact_element(struct contact *contact, const struct wire_field *field)
{
	struct secondary *secondary;
	struct bytes *list;

	switch (field->number) {
	case CONTACT_IDENTIFIERS:
		return take_identifier(
		    &contact->identifiers[contact->identifier_count++], field, CLAIMED_HERE);
	case CONTACT_ATTRIBUTES:
		return take_attribute(&contact->attributes[contact->attribute_count++], field, CLAIMED_HERE);
	case CONTACT_SECONDARIES:
		secondary = &contact->secondaries[contact->secondary_count++];
		if (take_secondary(secondary, field) != 0 || secondary->id == 0 ||
		    secondary_is_blank(secondary))
			return MESSAGE_E_DAMAGED;
		return 0;
	case CONTACT_LISTS:
		list = &contact->lists[contact->list_count++];
		if (take_bytes(list, field) != 0 || !is_list_name(*list))
			return MESSAGE_E_DAMAGED;
		return 0;
	default:
		return MESSAGE_E_DAMAGED;
	}
}

static int
take_contact_field(struct contact *contact, const struct wire_field *field)
{
	unsigned contact_class;

	switch (field->number) {
	case CONTACT_ID:
		return take_number(&contact->id, field);
	case CONTACT_DISPLAY_NAME:
		return take_bytes(&contact->display_name, field);
	case CONTACT_CLASS:
		if (take_enum(&contact_class, field, CLASS_COUNT) != 0)
			return MESSAGE_E_DAMAGED;
		contact->contact_class = (enum contact_class)contact_class;
		return 0;
	case CONTACT_VERSION:
		return take_number(&contact->version, field);
	case CONTACT_CREATE_TIME:
		return take_time(&contact->create_time_us, field);
	case CONTACT_UPDATE_TIME:
		return take_time(&contact->update_time_us, field);
	case CONTACT_REACH:
		return take_reach(contact->reach, field);
	default:
		return take_contact_element(contact, field);
	}
}

int
contact_decode(struct contact *out, struct arena *arena, struct bytes message)
{
	const uint32_t repeated = FIELD_BIT(CONTACT_IDENTIFIERS) | FIELD_BIT(CONTACT_ATTRIBUTES) |
	    FIELD_BIT(CONTACT_SECONDARIES) | FIELD_BIT(CONTACT_LISTS);
	const uint32_t required = FIELD_BIT(CONTACT_ID) | FIELD_BIT(CONTACT_CLASS) |
	    FIELD_BIT(CONTACT_VERSION) | FIELD_BIT(CONTACT_CREATE_TIME) | FIELD_BIT(CONTACT_UPDATE_TIME);
	struct contact contact = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field field;
	int result = take_contact_arrays(&contact, arena, message);

	if (result != 0)
		return result;
	wire_reader_init(&reader, message);
	while ((result = field_next(&field, &set, repeated, &reader)) == 0) {
		result = take_contact_field(&contact, &field);
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result == 0 && (contact.id == 0 || contact.version == 0))
		result = MESSAGE_E_DAMAGED;
	if (result == 0)
		*out = contact;
	return result;
}
