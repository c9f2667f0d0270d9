/* One walk over the bytes, guided by the generated descriptor. Nothing is allocated;
 * the way to a field is worked out only once there is something to tell about it, by
 * reading the messages around it again. Malformed bytes anywhere outweigh a NUL: then
 * there is no message in which a field could be at fault. */
#include "server/rpc/scan.h"

#include <stdio.h>

#include "rules/normalize.h"
#include "server/wire/wire.h"

/* A message being walked and where in it the walk is. */
struct level {
	const struct level *outer; /* NULL for the request itself */
	unsigned depth;
	struct bytes message;
	const ProtobufCFieldDescriptor *field;
	const uint8_t *field_end;
};

struct walk {
	unsigned fields_left;
	bool has_nul;
	struct scan_nul nul;
};

/* The only wire type that a field's values may have: no request has a repeated number,
 * whose packed form would be another. */
static enum wire_type
wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_FIXED32;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_FIXED64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return WIRE_VARINT;
}

/* Which element of its repeated field the level stands at. */
static size_t
element_index(const struct level *level)
{
	struct wire_reader reader;
	struct wire_field field;
	size_t count = 0;

	wire_reader_init(&reader, level->message);
	while (wire_next(&field, &reader) == 0 && reader.at < level->field_end)
		count += field.number == level->field->id;
	return count;
}

/* Writes the way from the request to the message in which the innermost level stands. */
static void
describe(char out[SCAN_WAY_BYTES], const struct level *innermost)
{
	const struct level *levels[SCAN_DEPTH];
	size_t count = 0;
	size_t used = 0;

	for (const struct level *level = innermost->outer; level != NULL; level = level->outer)
		levels[count++] = level;
	out[0] = '\0';
	while (count > 0 && used < SCAN_WAY_BYTES) {
		const struct level *level = levels[--count];
		const char *name = level->field->name;
		size_t room = SCAN_WAY_BYTES - used;
		int size;

		if (level->field->label == PROTOBUF_C_LABEL_REPEATED)
			size = snprintf(out + used, room, "%s[%zu].", name, element_index(level));
		else
			size = snprintf(out + used, room, "%s.", name);
		used += (size_t)size;
	}
}

/* Whether text is UTF-8, NULs allowed. */
static bool
is_utf8(struct bytes text)
{
	while (text.size > 0) {
		const uint8_t *nul = memchr(text.data, 0, text.size);
		size_t size = nul == NULL ? text.size : (size_t)(nul - text.data);

		if (!text_is_valid(bytes_of(text.data, size), size))
			return false;
		size += nul != NULL;
		text = bytes_of(text.data + size, text.size - size);
	}
	return true;
}

static int
scan_string(struct walk *walk, const struct level *level, struct bytes text)
{
	if (text_is_valid(text, text.size))
		return 0;
	if (!is_utf8(text))
		return SCAN_E_MALFORMED;
	if (!walk->has_nul) {
		walk->has_nul = true;
		walk->nul.name = level->field->name;
		describe(walk->nul.way, level);
	}
	return 0;
}

static int
scan_level(struct walk *walk, struct level *level, const ProtobufCMessageDescriptor *descriptor)
{
	struct wire_reader reader;
	struct wire_field field;
	int result;

	wire_reader_init(&reader, level->message);
	while ((result = wire_next(&field, &reader)) == 0) {
		const ProtobufCFieldDescriptor *known =
		    protobuf_c_message_descriptor_get_field(descriptor, field.number);

		if (walk->fields_left-- == 0)
			return SCAN_E_TOO_MANY;
		if (known == NULL)
			continue;
		if (field.type != wire_type_of(known->type))
			return SCAN_E_MALFORMED;
		level->field = known;
		level->field_end = reader.at;
		if (known->type == PROTOBUF_C_TYPE_STRING) {
			result = scan_string(walk, level, field.bytes);
		} else if (known->type == PROTOBUF_C_TYPE_MESSAGE) {
			struct level inner = {
				.outer = level,
				.depth = level->depth + 1,
				.message = field.bytes,
			};

			if (inner.depth == SCAN_DEPTH)
				return SCAN_E_MALFORMED;
			result = scan_level(walk, &inner, known->descriptor);
		}
		if (result != 0)
			return result;
	}
	return result == WIRE_E_END ? 0 : SCAN_E_MALFORMED;
}

int
scan_message(struct scan_nul *nul, const ProtobufCMessageDescriptor *descriptor, struct bytes message)
{
	struct walk walk = { .fields_left = LIMIT_REQUEST_FIELDS };
	struct level level = { .message = message };
	int result = scan_level(&walk, &level, descriptor);

	if (result == 0 && walk.has_nul) {
		*nul = walk.nul;
		return SCAN_E_NUL;
	}
	return result;
}
