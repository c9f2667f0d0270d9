/* The gate through which every event comes in: behind it values are in normal form,
 * in order and each there once, so that the decision need not look twice. What is
 * wrong is told by the first field at fault, in an order that never changes, so that
 * the same bad call always gets the same answer. */
#include "rules/event.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

static const int64_t SECOND_US = 1000000;
static const int64_t YEAR_1_SECONDS = -62135596800;
static const int64_t YEAR_10000_SECONDS = 253402300800;

int
timestamp_to_us(int64_t *time_us, const struct timestamp *timestamp)
{
	if (timestamp->seconds < YEAR_1_SECONDS || timestamp->seconds >= YEAR_10000_SECONDS)
		return EVENT_E_REJECTED;
	if (timestamp->nanos < 0 || timestamp->nanos > 999999999)
		return EVENT_E_REJECTED;
	*time_us = timestamp->seconds * SECOND_US + timestamp->nanos / 1000;
	return 0;
}

/* Fills the rejection in; always EVENT_E_REJECTED. */
static int
reject(struct rejection *rejection, enum reason reason, const char *field, const char *message)
{
	rejection->reason = reason;
	rejection->message = message;
	snprintf(rejection->field, sizeof(rejection->field), "%s", field);
	return EVENT_E_REJECTED;
}

/* As reject, for a member of a repeated field: "list[index].member". */
static int
reject_element(struct rejection *rejection, enum reason reason, const char *list, size_t index,
    const char *member, const char *message)
{
	char field[REJECTION_FIELD_BYTES];

	snprintf(field, sizeof(field), "%s[%zu].%s", list, index, member);
	return reject(rejection, reason, field, message);
}

/* What concerns the event as a whole. */
static int
prepare_frame(struct event *event, struct rejection *rejection, const struct event_input *input)
{
	struct claim claim = { .conversation = input->conversation };

	if (!account_is_valid(input->account))
		return reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	if (input->source <= SOURCE_NONE || input->source >= SOURCE_COUNT)
		return reject(rejection, REASON_ENUM_UNKNOWN, "source", "The source is not a known one.");
	if (!text_is_valid(input->conversation, LIMIT_CONVERSATION_BYTES))
		return reject(rejection, REASON_FIELD_INVALID, "conversation",
		    "The conversation is too long or contains a NUL.");
	if (input->identifier_count == 0)
		return reject(
		    rejection, REASON_IDENTIFIER_MISSING, "identifiers", "An event needs an identifier.");
	if (input->identifier_count > LIMIT_EVENT_IDENTIFIERS)
		return reject(
		    rejection, REASON_LIMIT_EXCEEDED, "identifiers", "There are more than 64 identifiers.");
	if (input->attribute_count > LIMIT_EVENT_ATTRIBUTES)
		return reject(
		    rejection, REASON_LIMIT_EXCEEDED, "attributes", "There are more than 100 attributes.");
	claim.source = (enum source)input->source;
	if (input->observed_at.present) {
		if (timestamp_to_us(&claim.claimed_at_us, &input->observed_at) != 0 ||
		    claim.claimed_at_us < 0)
			return reject(rejection, REASON_OBSERVED_AT_INVALID, "observed_at",
			    "The time is not a timestamp of the years 1970 to 9999.");
		claim.clamped = true;
	}
	event->account = input->account;
	event->claim = claim;
	return 0;
}

enum identifier_member { MEMBER_NAMESPACE, MEMBER_VALUE };

/* What all identifiers of an event are read with. */
struct reading {
	struct arena *arena;
	struct bytes account;
	const struct account_settings *settings;
	const struct known_numbers *known; /* NULL for none */
};

/* Whether a value is a telephone number that is known to be in normal form. */
static bool
is_known_number(const struct reading *reading, enum namespace_id namespace_id, struct bytes raw)
{
	const struct known_numbers *known = reading->known;

	return known != NULL && namespace_is_number(namespace_id) &&
	    identifier_looks_normal(namespace_id, raw, reading->settings) &&
	    known->have(known->context, reading->account, namespace_id, raw);
}

/* One identifier's forms. Positive outcomes come with *member at fault, and the rest of
 * *rejection but its field. */
static int
read_identifier(struct identifier *identifier, struct rejection *rejection, enum identifier_member *member,
    const struct reading *reading, const struct identifier_input *input)
{
	struct identifier read = { .namespace_id = namespace_find(input->namespace_name) };
	int result;

	if (read.namespace_id == NAMESPACE_NONE) {
		*member = MEMBER_NAMESPACE;
		return reject(rejection, REASON_NAMESPACE_UNKNOWN, "", "The namespace is not a known one.");
	}
	if (is_known_number(reading, read.namespace_id, input->value)) {
		read.value = input->value;
		*identifier = read;
		return 0;
	}
	result = normalize_identifier(
	    &read.value, &read.given, reading->arena, read.namespace_id, input->value, reading->settings);
	if (result < 0)
		return result;
	*member = MEMBER_VALUE;
	if (result == NORMALIZE_E_BLOCKED)
		return reject(rejection, REASON_IDENTIFIER_BLOCKED, "",
		    "The value is what programs send when they have none.");
	if (result != 0)
		return reject(
		    rejection, REASON_IDENTIFIER_INVALID, "", "The value is not of its namespace's form.");
	*identifier = read;
	return 0;
}

/* Puts an identifier into its place among sorted ones, and where it was written beside it;
 * of two equal ones the first stays. There are 64 at most, and callers send them all but
 * sorted. */
static void
insert_identifier(
    struct identifier *sorted, size_t *places, size_t *count, struct identifier identifier, size_t written)
{
	size_t place = *count;

	while (place > 0) {
		int order = identifier_compare(&sorted[place - 1], &identifier);

		if (order == 0)
			return;
		if (order < 0)
			break;
		place--;
	}
	memmove(sorted + place + 1, sorted + place, (*count - place) * sizeof(*sorted));
	memmove(places + place + 1, places + place, (*count - place) * sizeof(*places));
	sorted[place] = identifier;
	places[place] = written;
	(*count)++;
}

/* All identifiers: first their forms, then how they stand to each other. */
static int
prepare_identifiers(struct event *event, struct rejection *rejection, struct arena *arena,
    const struct event_input *input, const struct account_settings *settings,
    const struct known_numbers *known)
{
	static const char *const members[] = { [MEMBER_NAMESPACE] = "namespace", [MEMBER_VALUE] = "value" };
	struct identifier *identifiers = arena_calloc(arena, input->identifier_count, sizeof(*identifiers));
	size_t *places = arena_calloc(arena, input->identifier_count, sizeof(*places));
	const uint8_t *held[NAMESPACE_COUNT] = { NULL };
	size_t held_size[NAMESPACE_COUNT] = { 0 };
	const struct reading reading = { arena, input->account, settings, known };
	size_t count = 0;

	if (identifiers == NULL || places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < input->identifier_count; i++) {
		enum identifier_member member;
		int result =
		    read_identifier(&identifiers[i], rejection, &member, &reading, &input->identifiers[i]);

		if (result == EVENT_E_REJECTED)
			return reject_element(rejection, rejection->reason, "identifiers", i, members[member],
			    rejection->message);
		if (result != 0)
			return result;
	}
	for (size_t i = 0; i < input->identifier_count; i++) {
		struct identifier identifier = identifiers[i];
		enum namespace_id id = identifier.namespace_id;

		if (namespace_is_personal(id) && held[id] != NULL &&
		    !bytes_equal(bytes_of(held[id], held_size[id]), identifier.value))
			return reject_element(rejection, REASON_IDENTIFIER_REPEATED, "identifiers", i,
			    "value", "An event says one value of a personal namespace.");
		held[id] = identifier.value.data;
		held_size[id] = identifier.value.size;
		insert_identifier(identifiers, places, &count, identifier, i);
	}
	event->identifiers = identifiers;
	event->identifier_count = count;
	event->identifier_places = places;
	return 0;
}

/* One attribute's forms; the value has no type when the attribute is to be ignored. */
static int
read_attribute(struct attribute *attribute, struct rejection *rejection, struct arena *arena,
    const struct attribute_input *input, size_t index, const struct account_settings *settings)
{
	static const char *const message = "The value is missing or not of its form.";
	struct value raw = input->value;
	int result;

	if (!attribute_name_is_valid(input->name))
		return reject_element(rejection, REASON_ATTRIBUTE_INVALID, "attributes", index, "name",
		    "A name is 1 to 64 of A-Z 0-9 _ and begins with a letter.");
	if (input->time.present) {
		raw.type = VALUE_TIME;
		if (timestamp_to_us(&raw.time_us, &input->time) != 0)
			return reject_element(
			    rejection, REASON_ATTRIBUTE_INVALID, "attributes", index, "value", message);
	}
	attribute->name = input->name;
	result = normalize_attribute(&attribute->value, arena, input->name, &raw, settings);
	if (result == NORMALIZE_E_INVALID)
		return reject_element(
		    rejection, REASON_ATTRIBUTE_INVALID, "attributes", index, "value", message);
	return result == NORMALIZE_E_IGNORED ? 0 : result;
}

/* Puts an attribute into its place among those sorted by name. False when there is one
 * of its name with another value; an equal one stays. */
static bool
insert_attribute(struct attribute *sorted, size_t *count, struct attribute attribute)
{
	size_t place = *count;

	while (place > 0) {
		int order = bytes_compare(sorted[place - 1].name, attribute.name);

		if (order == 0)
			return value_compare(&sorted[place - 1].value, &attribute.value) == 0;
		if (order < 0)
			break;
		place--;
	}
	memmove(sorted + place + 1, sorted + place, (*count - place) * sizeof(*sorted));
	sorted[place] = attribute;
	(*count)++;
	return true;
}

/* All attributes: first their forms, then how they stand to each other. */
static int
prepare_attributes(struct event *event, struct rejection *rejection, struct arena *arena,
    const struct event_input *input, const struct account_settings *settings)
{
	struct attribute *attributes = arena_calloc(arena, input->attribute_count, sizeof(*attributes));
	size_t count = 0;

	if (attributes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < input->attribute_count; i++) {
		int result =
		    read_attribute(&attributes[i], rejection, arena, &input->attributes[i], i, settings);

		if (result != 0)
			return result;
	}
	for (size_t i = 0; i < input->attribute_count; i++) {
		if (attributes[i].value.type == VALUE_NONE)
			continue;
		if (!insert_attribute(attributes, &count, attributes[i]))
			return reject_element(rejection, REASON_ATTRIBUTE_REPEATED, "attributes", i, "value",
			    "An event says one value of an attribute.");
	}
	event->attributes = attributes;
	event->attribute_count = count;
	return 0;
}

int
event_prepare(struct event *event, struct rejection *rejection, struct arena *arena,
    const struct event_input *input, const struct account_settings *settings,
    const struct known_numbers *known)
{
	struct event prepared = { .action = ACTION_IDENTIFY };
	int result;

	result = prepare_frame(&prepared, rejection, input);
	if (result == 0)
		result = prepare_identifiers(&prepared, rejection, arena, input, settings, known);
	if (result == 0)
		result = prepare_attributes(&prepared, rejection, arena, input, settings);
	if (result == 0)
		*event = prepared;
	return result;
}

void
event_receive(struct event *event, int64_t recorded_at_us)
{
	struct claim *claim = &event->claim;
	int64_t latest_us = recorded_at_us + LIMIT_FUTURE_SECONDS * SECOND_US;

	assert(claim->recorded_at_us == 0);
	claim->recorded_at_us = recorded_at_us;
	if (!claim->clamped) {
		claim->observed_at_us = recorded_at_us;
	} else if (claim->claimed_at_us > latest_us) {
		claim->observed_at_us = latest_us;
	} else {
		claim->observed_at_us = claim->claimed_at_us;
		claim->claimed_at_us = 0;
		claim->clamped = false;
	}
	for (size_t i = 0; i < event->identifier_count; i++)
		event->identifiers[i].claim = *claim;
	for (size_t i = 0; i < event->attribute_count; i++)
		event->attributes[i].claim = *claim;
}

int
lookup_prepare(struct identifier *identifier, struct rejection *rejection, struct arena *arena,
    const struct identifier_input *input, const struct account_settings *settings)
{
	const struct reading reading = { .arena = arena, .settings = settings };
	enum identifier_member member;
	int result = read_identifier(identifier, rejection, &member, &reading, input);

	if (result == EVENT_E_REJECTED)
		return reject(rejection, rejection->reason,
		    member == MEMBER_NAMESPACE ? "identifier.namespace" : "identifier.value",
		    rejection->message);
	return result;
}
