/* From JSON to messages. Whatever a message has no place for is refused rather
 * than dropped: a misspelt name would otherwise lose a value without a word. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/text/json.h"
#include "client/text/rfc3339.h"

enum { FIELD_NAME_BYTES = 64 };

__attribute__((format(printf, 2, 3))) static int
refuse(struct json_problem *problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem->message, sizeof(problem->message), format, arguments);
	va_end(arguments);
	return JSON_E_FORM;
}

/* Whether name is the field's in lowerCamelCase. */
static bool
is_camel_case(const char *name, const char *field_name)
{
	for (; *field_name != '\0'; field_name++) {
		char expected = *field_name;

		if (expected == '_' && field_name[1] >= 'a' && field_name[1] <= 'z')
			expected = (char)(*++field_name - 'a' + 'A');
		if (*name++ != expected)
			return false;
	}
	return *name == '\0';
}

static const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *descriptor, const char *name)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (strcmp(name, field->name) == 0 || is_camel_case(name, field->name))
			return field;
	}
	return NULL;
}

static int
read_time(ProtobufCMessage **out, struct json_problem *problem, const char *name, const json_t *json)
{
	Google__Protobuf__Timestamp *time;
	int64_t seconds;
	int32_t nanos;

	if (!json_is_string(json) || rfc3339_read(&seconds, &nanos, json_string_value(json)) != 0)
		return refuse(problem, "%s: expected a time such as \"2024-05-01T10:00:00Z\"", name);
	time = malloc(sizeof(*time));
	if (time == NULL)
		return -ENOMEM;
	google__protobuf__timestamp__init(time);
	time->seconds = seconds;
	time->nanos = nanos;
	*out = &time->base;
	return 0;
}

/* Whether name is an enumerator's without what all of its enum begin with, in lower
 * case: contacts for SOURCE_CONTACTS. */
static bool
is_short_name(const char *name, const char *enumerator, size_t prefix_size)
{
	for (enumerator += prefix_size; *enumerator != '\0'; enumerator++) {
		bool upper = *enumerator >= 'A' && *enumerator <= 'Z';

		if (*name++ != (upper ? (char)(*enumerator - 'A' + 'a') : *enumerator))
			return false;
	}
	return *name == '\0';
}

/* The size of what an enum's names begin with: its first is …_UNSPECIFIED. */
static size_t
enum_prefix_size(const ProtobufCEnumDescriptor *descriptor)
{
	const char *rest = strstr(descriptor->values[0].name, "UNSPECIFIED");

	return rest != NULL ? (size_t)(rest - descriptor->values[0].name) : 0;
}

static const ProtobufCEnumValue *
find_enumerator(const ProtobufCEnumDescriptor *descriptor, const char *name)
{
	size_t prefix_size = enum_prefix_size(descriptor);

	for (unsigned i = 0; i < descriptor->n_values; i++) {
		if (is_short_name(name, descriptor->values[i].name, prefix_size))
			return &descriptor->values[i];
	}
	return protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);
}

/* Refuses a value that is no enumerator, and lists those that may be given. */
static int
refuse_enumerator(struct json_problem *problem, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCEnumDescriptor *descriptor = field->descriptor;
	size_t prefix_size = enum_prefix_size(descriptor);
	char names[JSON_PROBLEM_BYTES / 2] = "";
	size_t size = 0;

	for (unsigned i = 1; i < descriptor->n_values && size < sizeof(names); i++) {
		const char *gap = i == 1 ? "" : i + 1 < descriptor->n_values ? ", " : " or ";

		size += (size_t)snprintf(names + size, sizeof(names) - size, "%s%s", gap,
		    descriptor->values[i].name + prefix_size);
	}
	for (char *name = names; *name != '\0'; name++) {
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
	}
	return refuse(problem, "%s: expected %s", field->name, names);
}

static int
read_enum(
    int32_t *out, struct json_problem *problem, const ProtobufCFieldDescriptor *field, const json_t *json)
{
	const ProtobufCEnumValue *value;

	if (json_is_integer(json) && json_integer_value(json) >= INT32_MIN &&
	    json_integer_value(json) <= INT32_MAX) {
		*out = (int32_t)json_integer_value(json);
		return 0;
	}
	value = json_is_string(json) ? find_enumerator(field->descriptor, json_string_value(json)) : NULL;
	if (value == NULL)
		return refuse_enumerator(problem, field);
	*out = value->value;
	return 0;
}

static int
read_unsigned(uint64_t *out, struct json_problem *problem, const char *name, const json_t *json)
{
	const char *text = json_string_value(json);
	unsigned long long number;
	char *end;

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*out = (uint64_t)json_integer_value(json);
		return 0;
	}
	if (text != NULL && *text >= '0' && *text <= '9') {
		errno = 0;
		number = strtoull(text, &end, 10);
		if (*end == '\0' && errno == 0) {
			*out = number;
			return 0;
		}
	}
	return refuse(problem, "%s: expected a whole number", name);
}

static int
read_value(
    void *member, struct json_problem *problem, const ProtobufCFieldDescriptor *field, const json_t *json)
{
	uint64_t number;
	char *copy;
	int status;

	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		if (field->descriptor == &google__protobuf__timestamp__descriptor)
			return read_time(member, problem, field->name, json);
		if (!json_is_object(json))
			return refuse(problem, "%s: expected an object", field->name);
		return message_from_json(member, problem, field->descriptor, json);
	case PROTOBUF_C_TYPE_STRING:
		if (!json_is_string(json))
			return refuse(problem, "%s: expected a string", field->name);
		copy = strdup(json_string_value(json));
		if (copy == NULL)
			return -ENOMEM;
		*(char **)member = copy;
		return 0;
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(member, problem, field, json);
	case PROTOBUF_C_TYPE_UINT64:
		return read_unsigned(member, problem, field->name, json);
	case PROTOBUF_C_TYPE_UINT32:
		status = read_unsigned(&number, problem, field->name, json);
		if (status == 0 && number > UINT32_MAX)
			return refuse(problem, "%s: expected a smaller number", field->name);
		if (status == 0)
			*(uint32_t *)member = (uint32_t)number;
		return status;
	case PROTOBUF_C_TYPE_DOUBLE:
		if (!json_is_number(json))
			return refuse(problem, "%s: expected a number", field->name);
		*(double *)member = json_number_value(json);
		return 0;
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(json))
			return refuse(problem, "%s: expected true or false", field->name);
		*(protobuf_c_boolean *)member = json_is_true(json);
		return 0;
	default:
		return refuse(problem, "%s: can't be given", field->name);
	}
}

/* Lists of messages are all that a request has. */
static int
read_list(ProtobufCMessage *message, struct json_problem *problem, const ProtobufCFieldDescriptor *field,
    const json_t *json)
{
	size_t *count = (size_t *)((char *)message + field->quantifier_offset);
	ProtobufCMessage ***elements = (ProtobufCMessage ***)((char *)message + field->offset);
	json_t *value;
	size_t i;

	if (!json_is_array(json) || field->type != PROTOBUF_C_TYPE_MESSAGE)
		return refuse(problem, "%s: expected a list", field->name);
	if (*elements != NULL)
		return refuse(problem, "%s: given twice", field->name);
	if (json_array_size(json) == 0)
		return 0;
	*elements = calloc(json_array_size(json), sizeof(**elements));
	if (*elements == NULL)
		return -ENOMEM;
	json_array_foreach(json, i, value)
	{
		int status = read_value(&(*elements)[i], problem, field, value);

		if (status != 0)
			return status;
		*count = i + 1;
	}
	return 0;
}

static int
read_field(ProtobufCMessage *message, struct json_problem *problem, const ProtobufCFieldDescriptor *field,
    const json_t *json)
{
	char *member = (char *)message + field->offset;
	int status;

	if (json_is_null(json))
		return 0;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(message, problem, field, json);
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t *chosen = (uint32_t *)(void *)((char *)message + field->quantifier_offset);

		if (*chosen != 0)
			return refuse(problem, "%s: another value was given already", field->name);
		status = read_value(member, problem, field, json);
		if (status == 0)
			*chosen = field->id;
		return status;
	}
	if ((field->type == PROTOBUF_C_TYPE_MESSAGE && *(void **)(void *)member != NULL) ||
	    (field->type == PROTOBUF_C_TYPE_STRING && *(const void **)(void *)member != field->default_value))
		return refuse(problem, "%s: given twice", field->name);
	return read_value(member, problem, field, json);
}

int
message_from_json(ProtobufCMessage **out, struct json_problem *problem,
    const ProtobufCMessageDescriptor *descriptor, const json_t *json)
{
	ProtobufCMessage *message;
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		return refuse(problem, "expected an object");
	message = malloc(descriptor->sizeof_message);
	if (message == NULL)
		return -ENOMEM;
	protobuf_c_message_init(descriptor, message);
	json_object_foreach((json_t *)json, name, value)
	{
		const ProtobufCFieldDescriptor *field = find_field(descriptor, name);
		int status = field != NULL ? read_field(message, problem, field, value)
					   : refuse(problem, "%s has no field \"%.*s\"",
						 descriptor->short_name, FIELD_NAME_BYTES, name);

		if (status != 0) {
			protobuf_c_message_free_unpacked(message, NULL);
			return status;
		}
	}
	*out = message;
	return 0;
}
