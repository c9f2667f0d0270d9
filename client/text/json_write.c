/* From messages to JSON. The fields of a message stand in the .proto's order. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/text/json.h"
#include "client/text/rfc3339.h"

enum { DOUBLE_DIGITS_FEW = 15, DOUBLE_DIGITS_ALL = 17 };

static json_t *message_value(const ProtobufCMessage *message, int *status);

/* Whole numbers are written as such: 12, not 12.0. */
static json_t *
double_value(double number)
{
	const double exact = 9007199254740992.0; /* 2^53 */

	if (number == trunc(number) && fabs(number) < exact)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static json_t *
time_value(const ProtobufCMessage *message, int *status)
{
	const Google__Protobuf__Timestamp *time = (const Google__Protobuf__Timestamp *)message;
	char text[RFC3339_BYTES];

	if (rfc3339_write(text, time->seconds, time->nanos) != 0) {
		*status = -EBADMSG;
		return NULL;
	}
	return json_string(text);
}

static json_t *
enum_value(const ProtobufCFieldDescriptor *field, int32_t number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(field->descriptor, number);

	return value != NULL ? json_string(value->name) : json_integer(number);
}

/* One value of a field's type at *member; NULL with *status set when there is none. */
static json_t *
field_value(const ProtobufCFieldDescriptor *field, const void *member, int *status)
{
	json_t *value = NULL;

	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_value(*(ProtobufCMessage *const *)member, status);
	case PROTOBUF_C_TYPE_STRING:
		value = json_string(*(char *const *)member);
		if (value == NULL)
			*status = -EBADMSG;
		return value;
	case PROTOBUF_C_TYPE_ENUM:
		value = enum_value(field, *(const int32_t *)member);
		break;
	case PROTOBUF_C_TYPE_UINT64:
		value = json_integer((json_int_t) * (const uint64_t *)member);
		break;
	case PROTOBUF_C_TYPE_UINT32:
		value = json_integer((json_int_t) * (const uint32_t *)member);
		break;
	case PROTOBUF_C_TYPE_INT32:
		value = json_integer((json_int_t) * (const int32_t *)member);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		value = double_value(*(const double *)member);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		value = json_boolean(*(const protobuf_c_boolean *)member);
		break;
	default:
		*status = -EBADMSG;
		return NULL;
	}
	if (value == NULL)
		*status = -ENOMEM;
	return value;
}

static size_t
element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(int32_t);
	default:
		return sizeof(void *);
	}
}

static json_t *
list_value(
    const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message, const void *member, int *status)
{
	size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
	const char *elements = *(char *const *)member;
	json_t *list = json_array();

	for (size_t i = 0; i < count && *status == 0; i++) {
		json_t *value = field_value(field, elements + i * element_size(field->type), status);

		if (*status == 0 && json_array_append_new(list, value) != 0)
			*status = -ENOMEM;
	}
	return list;
}

static bool
is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message, const void *member)
{
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *)((const char *)message + field->quantifier_offset) == field->id;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(void *const *)member != NULL;
	case PROTOBUF_C_TYPE_STRING:
		return **(char *const *)member != '\0';
	case PROTOBUF_C_TYPE_UINT64:
		return *(const uint64_t *)member != 0 ||
		    message->descriptor == &anagraph__v1__count_contacts_response__descriptor ||
		    message->descriptor == &anagraph__v1__list_contacts_response__descriptor;
	case PROTOBUF_C_TYPE_DOUBLE:
		return *(const double *)member != 0;
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)member != 0;
	default:
		return *(const int32_t *)member != 0;
	}
}

static json_t *
message_value(const ProtobufCMessage *message, int *status)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	json_t *object;

	if (descriptor == &google__protobuf__timestamp__descriptor)
		return time_value(message, status);
	object = json_object();
	for (unsigned i = 0; i < descriptor->n_fields && *status == 0; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const void *member = (const char *)message + field->offset;
		json_t *value = NULL;

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			value = list_value(field, message, member, status);
		else if (is_set(field, message, member))
			value = field_value(field, member, status);
		else
			continue;
		/* A value that failed half-way is released with the object. */
		if (json_object_set_new(object, field->name, value) != 0 && *status == 0)
			*status = -ENOMEM;
	}
	return object;
}

int
message_to_json(json_t **out, const ProtobufCMessage *message)
{
	int status = 0;
	json_t *object = message_value(message, &status);

	if (object == NULL && status == 0)
		status = -ENOMEM;
	if (status != 0) {
		json_decref(object);
		return status;
	}
	*out = object;
	return 0;
}

/* As many digits as the number needs to be read back as itself: 0.1 needs 15. */
static int
digits_needed(const json_t *json)
{
	int digits = DOUBLE_DIGITS_FEW;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_real(json)) {
		char text[40];

		for (; digits < DOUBLE_DIGITS_ALL; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, json_real_value(json));
			if (strtod(text, NULL) == json_real_value(json))
				break;
		}
	}
	json_array_foreach(json, i, value)
	{
		int more = digits_needed(value);

		digits = more > digits ? more : digits;
	}
	json_object_foreach((json_t *)json, key, value)
	{
		int more = digits_needed(value);

		digits = more > digits ? more : digits;
	}
	return digits;
}

int
json_line_print(FILE *stream, const json_t *json)
{
	size_t flags = JSON_COMPACT | JSON_REAL_PRECISION((size_t)digits_needed(json));
	char *text = json_dumps(json, flags);
	int status = 0;

	if (text == NULL)
		return -ENOMEM;
	if (fputs(text, stream) == EOF || fputc('\n', stream) == EOF || fflush(stream) == EOF)
		status = -errno;
	free(text);
	return status;
}
