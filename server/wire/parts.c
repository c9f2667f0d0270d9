/* What contacts, secondaries and journal entries are made of: identifiers, attributes
 * and values, each with its claim or standing where the whole has it. */
#include "server/wire/fields.h"

#include <math.h>

#include "rules/namespaces.h"

enum identifier_field {
	IDENTIFIER_NAMESPACE = 1,
	IDENTIFIER_VALUE = 2,
	IDENTIFIER_GIVEN = 3,
	IDENTIFIER_ALIAS = 4,
	IDENTIFIER_CLAIM = 5,
};

enum attribute_field {
	ATTRIBUTE_NAME = 1,
	ATTRIBUTE_STRING = 2,
	ATTRIBUTE_NUMBER = 3,
	ATTRIBUTE_BOOL = 4,
	ATTRIBUTE_TIME = 5,
	ATTRIBUTE_CLAIM = 6,
};

enum secondary_field {
	SECONDARY_ID = 1,
	SECONDARY_IDENTIFIER = 2,
	SECONDARY_ATTRIBUTE = 3,
	SECONDARY_OWNER_CONTACT_ID = 4,
	SECONDARY_CLAIM = 5,
	SECONDARY_POLICY = 6,
};

static const struct value_fields attribute_value = { ATTRIBUTE_STRING, ATTRIBUTE_NUMBER, ATTRIBUTE_BOOL,
	ATTRIBUTE_TIME };

size_t
value_bytes(const struct value *value)
{
	return TIMESTAMP_BYTES + (value->type == VALUE_STRING ? value->string.size : 0);
}

void
put_value(struct wire_writer *writer, const struct value_fields *fields, const struct value *value)
{
	switch (value->type) {
	case VALUE_STRING:
		wire_put_bytes_always(writer, fields->string, value->string);
		break;
	case VALUE_NUMBER:
		wire_put_double_always(writer, fields->number, value->number);
		break;
	case VALUE_BOOL:
		wire_put_varint_always(writer, fields->boolean, value->boolean);
		break;
	case VALUE_TIME:
		wire_put_timestamp(writer, fields->time, value->time_us);
		break;
	case VALUE_NONE:
		break;
	}
}

int
take_value(struct value *out, const struct value_fields *fields, const struct wire_field *field)
{
	struct value value = { 0 };
	int result = 0;

	if (out->type != VALUE_NONE)
		return MESSAGE_E_DAMAGED;
	if (field->number == fields->string) {
		value.type = VALUE_STRING;
		result = take_bytes(&value.string, field);
	} else if (field->number == fields->number) {
		if (field->type != WIRE_FIXED64)
			return MESSAGE_E_DAMAGED;
		value.type = VALUE_NUMBER;
		value.number = wire_double(field);
		if (!isfinite(value.number) || (value.number == 0 && signbit(value.number)))
			return MESSAGE_E_DAMAGED;
	} else if (field->number == fields->boolean) {
		value.type = VALUE_BOOL;
		result = take_bool(&value.boolean, field);
	} else if (field->number == fields->time) {
		value.type = VALUE_TIME;
		result = take_time(&value.time_us, field);
	} else {
		return MESSAGE_E_DAMAGED;
	}
	if (result == 0)
		*out = value;
	return result;
}

size_t
identifier_bytes(const struct identifier *identifier)
{
	return frame_bytes(5) + namespace_name(identifier->namespace_id).size + identifier->value.size +
	    identifier->given.size + claim_bytes(&identifier->claim);
}

void
put_identifier(
    struct wire_writer *writer, uint32_t field, const struct identifier *identifier, enum claimed claimed)
{
	uint8_t *end = wire_message_end(writer);

	if (claimed == CLAIMED_HERE)
		put_claim(writer, IDENTIFIER_CLAIM, &identifier->claim);
	wire_put_varint(writer, IDENTIFIER_ALIAS, identifier->alias);
	wire_put_bytes(writer, IDENTIFIER_GIVEN, identifier->given);
	wire_put_bytes(writer, IDENTIFIER_VALUE, identifier->value);
	wire_put_bytes(writer, IDENTIFIER_NAMESPACE, namespace_name(identifier->namespace_id));
	wire_message_begin(writer, field, end);
}

static int
take_namespace(enum namespace_id *out, const struct wire_field *field)
{
	struct bytes name;

	if (take_bytes(&name, field) != 0 || namespace_find(name) == NAMESPACE_NONE)
		return MESSAGE_E_DAMAGED;
	*out = namespace_find(name);
	return 0;
}

int
take_identifier(struct identifier *out, const struct wire_field *field, enum claimed claimed)
{
	uint32_t required = FIELD_BIT(IDENTIFIER_NAMESPACE) | FIELD_BIT(IDENTIFIER_VALUE);
	struct identifier identifier = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		switch (part.number) {
		case IDENTIFIER_NAMESPACE:
			result = take_namespace(&identifier.namespace_id, &part);
			break;
		case IDENTIFIER_VALUE:
			result = take_bytes(&identifier.value, &part);
			break;
		case IDENTIFIER_GIVEN:
			result = take_bytes(&identifier.given, &part);
			break;
		case IDENTIFIER_ALIAS:
			result = take_bool(&identifier.alias, &part);
			break;
		case IDENTIFIER_CLAIM:
			result = claimed == CLAIMED_HERE ? take_claim(&identifier.claim, &part)
							 : MESSAGE_E_DAMAGED;
			break;
		default:
			result = MESSAGE_E_DAMAGED;
		}
		if (result != 0)
			return result;
	}
	if (claimed == CLAIMED_HERE)
		required |= FIELD_BIT(IDENTIFIER_CLAIM);
	result = fields_end(result, &set, required);
	if (result == 0 && identifier.value.size == 0)
		result = MESSAGE_E_DAMAGED;
	if (result == 0)
		*out = identifier;
	return result;
}

size_t
attribute_bytes(const struct attribute *attribute)
{
	return frame_bytes(2) + attribute->name.size + value_bytes(&attribute->value) +
	    claim_bytes(&attribute->claim);
}

void
put_attribute(
    struct wire_writer *writer, uint32_t field, const struct attribute *attribute, enum claimed claimed)
{
	uint8_t *end = wire_message_end(writer);

	if (claimed == CLAIMED_HERE)
		put_claim(writer, ATTRIBUTE_CLAIM, &attribute->claim);
	put_value(writer, &attribute_value, &attribute->value);
	wire_put_bytes(writer, ATTRIBUTE_NAME, attribute->name);
	wire_message_begin(writer, field, end);
}

int
take_attribute(struct attribute *out, const struct wire_field *field, enum claimed claimed)
{
	uint32_t required = FIELD_BIT(ATTRIBUTE_NAME);
	struct attribute attribute = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		if (part.number == ATTRIBUTE_NAME)
			result = take_bytes(&attribute.name, &part);
		else if (part.number != ATTRIBUTE_CLAIM)
			result = take_value(&attribute.value, &attribute_value, &part);
		else if (claimed == CLAIMED_HERE)
			result = take_claim(&attribute.claim, &part);
		else
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
	}
	if (claimed == CLAIMED_HERE)
		required |= FIELD_BIT(ATTRIBUTE_CLAIM);
	result = fields_end(result, &set, required);
	if (result == 0 && (attribute.name.size == 0 || attribute.value.type == VALUE_NONE))
		result = MESSAGE_E_DAMAGED;
	if (result == 0)
		*out = attribute;
	return result;
}

bool
secondary_is_blank(const struct secondary *secondary)
{
	return secondary->identifier.namespace_id == NAMESPACE_NONE && secondary->attribute.name.size == 0;
}

size_t
secondary_bytes(const struct secondary *secondary)
{
	size_t offered_bytes = secondary->identifier.namespace_id != NAMESPACE_NONE
	    ? identifier_bytes(&secondary->identifier)
	    : attribute_bytes(&secondary->attribute);

	return frame_bytes(3) + offered_bytes + policy_bytes(&secondary->policy);
}

void
put_secondary(struct wire_writer *writer, uint32_t field, const struct secondary *secondary)
{
	bool is_identifier = secondary->identifier.namespace_id != NAMESPACE_NONE;
	uint8_t *end = wire_message_end(writer);

	if (!secondary_is_blank(secondary)) {
		put_policy(writer, SECONDARY_POLICY, &secondary->policy);
		put_claim(writer, SECONDARY_CLAIM,
		    is_identifier ? &secondary->identifier.claim : &secondary->attribute.claim);
		wire_put_varint(writer, SECONDARY_OWNER_CONTACT_ID, secondary->owner_contact_id);
		if (is_identifier)
			put_identifier(
			    writer, SECONDARY_IDENTIFIER, &secondary->identifier, CLAIMED_ELSEWHERE);
		else
			put_attribute(writer, SECONDARY_ATTRIBUTE, &secondary->attribute, CLAIMED_ELSEWHERE);
	}
	wire_put_varint(writer, SECONDARY_ID, secondary->id);
	wire_message_begin(writer, field, end);
}

int
take_secondary(struct secondary *out, const struct wire_field *field)
{
	const uint32_t offered = FIELD_BIT(SECONDARY_IDENTIFIER) | FIELD_BIT(SECONDARY_ATTRIBUTE);
	uint32_t required = FIELD_BIT(SECONDARY_CLAIM);
	struct secondary secondary = { 0 };
	struct claim claim = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		switch (part.number) {
		case SECONDARY_ID:
			result = take_number(&secondary.id, &part);
			break;
		case SECONDARY_IDENTIFIER:
			result = take_identifier(&secondary.identifier, &part, CLAIMED_ELSEWHERE);
			break;
		case SECONDARY_ATTRIBUTE:
			result = take_attribute(&secondary.attribute, &part, CLAIMED_ELSEWHERE);
			break;
		case SECONDARY_OWNER_CONTACT_ID:
			result = take_number(&secondary.owner_contact_id, &part);
			break;
		case SECONDARY_CLAIM:
			result = take_claim(&claim, &part);
			break;
		case SECONDARY_POLICY:
			result = take_policy(&secondary.policy, &part);
			break;
		default:
			result = MESSAGE_E_DAMAGED;
		}
		if (result != 0)
			return result;
	}
	if ((set.seen & ~FIELD_BIT(SECONDARY_ID)) == 0)
		required = 0;
	result = fields_end(result, &set, required);
	if (result == 0 && required == FIELD_BIT(SECONDARY_CLAIM) &&
	    ((set.seen & offered) == 0 || (set.seen & offered) == offered))
		result = MESSAGE_E_DAMAGED;
	if (result != 0)
		return result;
	if (secondary.identifier.namespace_id != NAMESPACE_NONE)
		secondary.identifier.claim = claim;
	else
		secondary.attribute.claim = claim;
	*out = secondary;
	return 0;
}
