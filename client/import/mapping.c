/* The header is settled once, so that a column which can't be right is told before
 * anything is sent. */
#include "client/import/mapping.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "client/import/event.h"
#include "client/text/rfc3339.h"

enum { TIME_BYTES = 64 };

static const struct {
	const char *name;
	bool personal;
} NAMESPACES[] = {
	{ "ext_id", true },
	{ "email", true },
	{ "phone", true },
	{ "whatsapp", true },
	{ "landline", true },
	{ "chat", false },
	{ "facebook", false },
	{ "instagram", false },
	{ "push", false },
};
enum { NAMESPACE_COUNT = sizeof(NAMESPACES) / sizeof(NAMESPACES[0]) };

int
row_problem_set(struct row_problem *problem, const char *field, const char *format, ...)
{
	va_list arguments;

	snprintf(problem->field, sizeof(problem->field), "%s", field);
	va_start(arguments, format);
	vsnprintf(problem->message, sizeof(problem->message), format, arguments);
	va_end(arguments);
	return MAPPING_E_FORM;
}

/* The namespace of that name in any case; NULL when there is none. */
static const char *
find_namespace(const char *name)
{
	for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
		if (strcasecmp(name, NAMESPACES[i].name) == 0)
			return NAMESPACES[i].name;
	}
	return NULL;
}

static bool
is_personal(const char *namespace_name)
{
	for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
		if (strcmp(namespace_name, NAMESPACES[i].name) == 0)
			return NAMESPACES[i].personal;
	}
	return false;
}

/* Writes a name as attributes have it: upper case, what may not stand in one as '_'.
 * Whether that is a name. */
static bool
attribute_name(char out[LIMIT_ATTRIBUTE_NAME_BYTES + 1], const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > LIMIT_ATTRIBUTE_NAME_BYTES)
		return false;
	for (size_t i = 0; i <= size; i++) {
		char byte = name[i];

		if (byte >= 'a' && byte <= 'z')
			byte = (char)(byte - 'a' + 'A');
		if (byte != '\0' && !(byte >= 'A' && byte <= 'Z') && !(byte >= '0' && byte <= '9'))
			byte = '_';
		out[i] = byte;
	}
	return out[0] >= 'A' && out[0] <= 'Z';
}

static int
set_column(struct column *column, enum column_kind kind, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL)
		return -ENOMEM;
	free(column->name);
	column->name = copy;
	column->kind = kind;
	column->type = COLUMN_STRING;
	return 0;
}

/* What a column means by its name. */
static int
guess(struct column *column, struct row_problem *problem)
{
	char name[LIMIT_ATTRIBUTE_NAME_BYTES + 1];
	const char *namespace_name = find_namespace(column->header);

	if (namespace_name != NULL)
		return set_column(column, COLUMN_IDENTIFIER, namespace_name);
	if (strcasecmp(column->header, "observed_at") == 0)
		return set_column(column, COLUMN_OBSERVED_AT, "observed_at");
	if (*column->header == '\0')
		return set_column(column, COLUMN_IGNORED, "");
	if (attribute_name(name, column->header))
		return set_column(column, COLUMN_ATTRIBUTE, name);
	return row_problem_set(problem, column->header,
	    "column \"%s\" can't be an attribute's name; say what it is: --map '%s=attr:NAME', or '%s=-' to "
	    "leave it out",
	    column->header, column->header, column->header);
}

static int
set_attribute(struct column *column, struct row_problem *problem, const char *meaning)
{
	static const char *const types[] = { "string", "number", "bool", "time" };
	char upper[LIMIT_ATTRIBUTE_NAME_BYTES + 1], name[LIMIT_ATTRIBUTE_NAME_BYTES + 2];
	const char *colon = strchr(meaning, ':');
	size_t type = 0;
	int status;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(meaning, ":"), meaning);
	if (!attribute_name(upper, name))
		return row_problem_set(
		    problem, column->header, "attr:%s: expected attr:NAME or attr:NAME:TYPE", meaning);
	while (
	    colon != NULL && type < sizeof(types) / sizeof(types[0]) && strcmp(colon + 1, types[type]) != 0)
		type++;
	if (type == sizeof(types) / sizeof(types[0]))
		return row_problem_set(problem, column->header,
		    "%s: there is no such type; expected string, number, bool or time", colon + 1);
	status = set_column(column, COLUMN_ATTRIBUTE, upper);
	column->type = (enum column_type)type;
	return status;
}

/* What a column means by --map. */
static int
set_meaning(struct column *column, struct row_problem *problem, const char *meaning)
{
	const char *namespace_name = find_namespace(meaning);

	if (namespace_name != NULL)
		return set_column(column, COLUMN_IDENTIFIER, namespace_name);
	if (strcmp(meaning, "observed_at") == 0)
		return set_column(column, COLUMN_OBSERVED_AT, meaning);
	if (strcmp(meaning, "-") == 0)
		return set_column(column, COLUMN_IGNORED, "");
	if (strncmp(meaning, "attr:", strlen("attr:")) == 0)
		return set_attribute(column, problem, meaning + strlen("attr:"));
	return row_problem_set(problem, column->header,
	    "%s: expected a namespace, attr:NAME, attr:NAME:TYPE, observed_at or -", meaning);
}

/* Reads one "COLUMN=MEANING"; a column's name may have '=' in it, a meaning has none. */
static int
read_map(struct mapping *mapping, struct row_problem *problem, const char *map)
{
	const char *equals = strrchr(map, '=');
	size_t size = equals != NULL ? (size_t)(equals - map) : 0;
	bool found = false;

	if (equals == NULL)
		return row_problem_set(problem, "", "--map %s: expected COLUMN=MEANING", map);
	for (size_t i = 0; i < mapping->count; i++) {
		struct column *column = &mapping->columns[i];
		int status;

		if (strlen(column->header) != size || strncmp(column->header, map, size) != 0)
			continue;
		status = set_meaning(column, problem, equals + 1);
		if (status != 0)
			return status;
		found = true;
	}
	if (!found)
		return row_problem_set(
		    problem, "", "--map %s: the file has no column \"%.*s\"", map, (int)size, map);
	return 0;
}

/* Refuses what no row could say: two values of something that a contact has one of. */
static int
check(const struct mapping *mapping, struct row_problem *problem)
{
	size_t identifiers = 0;

	for (size_t i = 0; i < mapping->count; i++) {
		const struct column *a = &mapping->columns[i];

		identifiers += a->kind == COLUMN_IDENTIFIER;
		if (a->kind == COLUMN_IGNORED || (a->kind == COLUMN_IDENTIFIER && !is_personal(a->name)))
			continue;
		for (size_t j = 0; j < i; j++) {
			const struct column *b = &mapping->columns[j];

			if (a->kind == b->kind && strcmp(a->name, b->name) == 0)
				return row_problem_set(problem, a->header,
				    "columns \"%s\" and \"%s\" are both %s; leave one out: --map '%s=-'",
				    b->header, a->header, a->name, a->header);
		}
	}
	if (identifiers == 0)
		return row_problem_set(problem, "",
		    "no column is an identifier, such as email; say which one is: --map COLUMN=email");
	return 0;
}

/* Whether a column is named by one of maps. */
static bool
is_mapped(const struct column *column, const char *const *maps, size_t map_count)
{
	size_t size = strlen(column->header);

	for (size_t i = 0; i < map_count; i++) {
		const char *equals = strrchr(maps[i], '=');

		if (equals != NULL && (size_t)(equals - maps[i]) == size &&
		    strncmp(maps[i], column->header, size) == 0)
			return true;
	}
	return false;
}

static int
settle(struct mapping *mapping, struct row_problem *problem, const struct cell *header,
    const char *const *maps, size_t map_count)
{
	int status = 0;

	for (size_t i = 0; i < mapping->count && status == 0; i++) {
		struct column *column = &mapping->columns[i];

		column->header = strdup(header[i].text);
		if (column->header == NULL)
			return -ENOMEM;
		if (!is_mapped(column, maps, map_count))
			status = guess(column, problem);
	}
	for (size_t i = 0; i < map_count && status == 0; i++)
		status = read_map(mapping, problem, maps[i]);
	return status == 0 ? check(mapping, problem) : status;
}

int
mapping_init(struct mapping *out, struct row_problem *problem, const struct cell *header, size_t count,
    const char *const *maps, size_t map_count)
{
	struct mapping mapping = { .columns = calloc(count > 0 ? count : 1, sizeof(struct column)),
		.count = count };
	int status = mapping.columns != NULL ? 0 : -ENOMEM;

	if (status == 0)
		status = settle(&mapping, problem, header, maps, map_count);
	if (status != 0)
		mapping_finish(&mapping);
	else
		*out = mapping;
	return status;
}

void
mapping_finish(struct mapping *mapping)
{
	for (size_t i = 0; mapping->columns != NULL && i < mapping->count; i++) {
		free(mapping->columns[i].header);
		free(mapping->columns[i].name);
	}
	free(mapping->columns);
	*mapping = (struct mapping){ .columns = NULL };
}

/* A moment as RFC 3339 has it, or a day. */
static bool
read_time(int64_t *seconds, int32_t *nanos, const char *text)
{
	char moment[TIME_BYTES];

	if (rfc3339_read(seconds, nanos, text) == 0)
		return true;
	if (strlen(text) != strlen("2024-05-01"))
		return false;
	snprintf(moment, sizeof(moment), "%sT00:00:00Z", text);
	return rfc3339_read(seconds, nanos, moment) == 0;
}

static bool
read_bool(protobuf_c_boolean *out, const char *text)
{
	static const char *const words[] = { "false", "no", "0", "true", "yes", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i >= 3;
			return true;
		}
	}
	return false;
}

static int
add_attribute(Anagraph__V1__IdentifyRequest *event, struct row_problem *problem, const struct column *column,
    const struct cell *cell)
{
	Anagraph__V1__Attribute *attribute;
	int64_t seconds;
	int32_t nanos;
	char *end;

	if (event_add_attribute(&attribute, event, column->name) != 0)
		return -ENOMEM;
	switch (column->type) {
	case COLUMN_NUMBER:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
		attribute->number_value = strtod(cell->text, &end);
		if (*end != '\0' || !isfinite(attribute->number_value))
			return row_problem_set(problem, column->header, "expected a number");
		return 0;
	case COLUMN_BOOL:
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
		if (!read_bool(&attribute->bool_value, cell->text))
			return row_problem_set(problem, column->header, "expected true or false");
		return 0;
	case COLUMN_TIME:
		if (!read_time(&seconds, &nanos, cell->text))
			return row_problem_set(problem, column->header,
			    "expected a time such as 2024-05-01T10:00:00Z, or a day");
		attribute->time_value = NULL;
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE;
		return event_set_time(&attribute->time_value, seconds, nanos);
	default:
		attribute->string_value = (char *)protobuf_c_empty_string;
		attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
		return event_set_text(&attribute->string_value, cell->text, cell->size);
	}
}

static int
apply_cell(Anagraph__V1__IdentifyRequest *event, struct row_problem *problem, const struct column *column,
    const struct cell *cell)
{
	int64_t seconds;
	int32_t nanos;

	switch (column->kind) {
	case COLUMN_IDENTIFIER:
		return event_add_identifier(event, column->name, cell->text, cell->size);
	case COLUMN_ATTRIBUTE:
		return add_attribute(event, problem, column, cell);
	case COLUMN_OBSERVED_AT:
		if (!read_time(&seconds, &nanos, cell->text))
			return row_problem_set(problem, column->header,
			    "expected a time such as 2024-05-01T10:00:00Z, or a day");
		return event_set_observed_at(event, seconds, nanos);
	default:
		return 0;
	}
}

int
mapping_apply(Anagraph__V1__IdentifyRequest **out, struct row_problem *problem, const struct mapping *mapping,
    const struct cell *cells, const char *account, Anagraph__V1__Source source)
{
	Anagraph__V1__IdentifyRequest *event;
	int status = event_create(&event, account, source);

	if (status != 0)
		return status;
	for (size_t i = 0; i < mapping->count && status == 0; i++) {
		if (cells[i].size == 0)
			continue;
		if (memchr(cells[i].text, '\0', cells[i].size) != NULL)
			status = row_problem_set(problem, mapping->columns[i].header, "has a NUL byte");
		else
			status = apply_cell(event, problem, &mapping->columns[i], &cells[i]);
	}
	if (status != 0)
		anagraph__v1__identify_request__free_unpacked(event, NULL);
	else
		*out = event;
	return status;
}
