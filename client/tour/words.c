/* Wording alone: nothing here calls the service or prints. */
#include "client/tour/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/text/rfc3339.h"
#include "client/tour/changes.h"

/* Room for one value; a longer one is cut, as it would only fill the page. */
enum { VALUE_BYTES = 128 };

const char *
words_source(Anagraph__V1__Source source)
{
	switch (source) {
	case ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS:
		return "contact database";
	case ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS:
		return "conversations";
	case ANAGRAPH__V1__SOURCE__SOURCE_PUSH:
		return "push messages";
	default:
		return "unknown source";
	}
}

const char *
words_class(Anagraph__V1__ContactClass contact_class)
{
	switch (contact_class) {
	case ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_IDENTIFIED:
		return "identified";
	case ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_PUSH:
		return "push only";
	case ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_CHAT:
		return "visitor";
	default:
		return "of an unknown class";
	}
}

static const char *
short_name(const ProtobufCEnumDescriptor *descriptor, int number, const char *prefix)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);

	return value != NULL ? value->name + strlen(prefix) : "?";
}

const char *
words_kind(Anagraph__V1__ConflictKind kind)
{
	return short_name(&anagraph__v1__conflict_kind__descriptor, (int)kind, "CONFLICT_KIND_");
}

const char *
words_verdict(Anagraph__V1__Verdict verdict)
{
	return short_name(&anagraph__v1__verdict__descriptor, (int)verdict, "VERDICT_");
}

__attribute__((format(printf, 1, 2))) static char *
text_of(const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	return size >= 0 ? text : NULL;
}

static void
time_text(char text[VALUE_BYTES], const Google__Protobuf__Timestamp *time)
{
	char written[RFC3339_BYTES];

	if (time != NULL && rfc3339_write(written, time->seconds, time->nanos) == 0)
		snprintf(text, VALUE_BYTES, "%s", written);
	else
		snprintf(text, VALUE_BYTES, "?");
}

static void
claimed_text(char text[VALUE_BYTES], const Anagraph__V1__ClaimedValue *value)
{
	switch (value != NULL ? value->value_case : ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET) {
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE:
		snprintf(text, VALUE_BYTES, "%s", value->string_value);
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_NUMBER_VALUE:
		snprintf(text, VALUE_BYTES, "%.15g", value->number_value);
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_BOOL_VALUE:
		snprintf(text, VALUE_BYTES, "%s", value->bool_value ? "yes" : "no");
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_TIME_VALUE:
		time_text(text, value->time_value);
		break;
	default:
		snprintf(text, VALUE_BYTES, "nothing");
		break;
	}
}

static void
attribute_text(char text[VALUE_BYTES], const Anagraph__V1__Attribute *attribute)
{
	switch (attribute->value_case) {
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE:
		snprintf(text, VALUE_BYTES, "%s", attribute->string_value);
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE:
		snprintf(text, VALUE_BYTES, "%.15g", attribute->number_value);
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE:
		snprintf(text, VALUE_BYTES, "%s", attribute->bool_value ? "yes" : "no");
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE:
		time_text(text, attribute->time_value);
		break;
	default:
		snprintf(text, VALUE_BYTES, "nothing");
		break;
	}
}

char *
words_attribute_value(const Anagraph__V1__Attribute *attribute)
{
	char value[VALUE_BYTES];

	attribute_text(value, attribute);
	return strdup(value);
}

static bool
is_identified(const Anagraph__V1__Contact *contact)
{
	return contact->contact_class == ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_IDENTIFIED;
}

/* Two visitors found to be one are IDENTIFIED on the wire, and still nobody's name. */
static const char *
what_became(const Anagraph__V1__IdentifyResponse *response)
{
	switch (response->outcome) {
	case ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED:
		return "CREATED";
	case ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED:
		return is_identified(response->contact) ? "IDENTIFIED" : "JOINED";
	case ANAGRAPH__V1__OUTCOME__OUTCOME_UPDATED:
		return "UPDATED";
	case ANAGRAPH__V1__OUTCOME__OUTCOME_UNCHANGED:
		return "UNCHANGED";
	default:
		return "?";
	}
}

char *
words_outcome(const Anagraph__V1__IdentifyResponse *response, const Anagraph__V1__Contact *before)
{
	const Anagraph__V1__Contact *contact = response->contact;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	/* An anonymous contact's name has its number already. */
	if (is_identified(contact))
		fprintf(stream, "%s contact %" PRIu64 ", %s", what_became(response), contact->id,
		    contact->display_name);
	else
		fprintf(stream, "%s %s (%s)", what_became(response), contact->display_name,
		    words_class(contact->contact_class));
	for (size_t i = 0; i < response->n_absorbed_contact_ids; i++)
		fprintf(stream, "; contact %" PRIu64 " was the same and leads here now",
		    response->absorbed_contact_ids[i]);
	changes_write(stream, before, contact);
	fclose(stream);
	return text;
}

char *
words_conflict(const Anagraph__V1__Conflict *conflict)
{
	char stored[VALUE_BYTES], incoming[VALUE_BYTES];

	claimed_text(stored, conflict->stored);
	claimed_text(incoming, conflict->incoming);
	switch (conflict->kind) {
	case ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER:
		return text_of("OWNER of %s %s: it belongs to contact %" PRIu64, conflict->name, incoming,
		    conflict->owner_contact_id);
	case ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_IDENTITY:
		return text_of("IDENTITY, by %s: known as %s, now says %s; the same person?", conflict->name,
		    stored, incoming);
	default:
		return text_of("%s of %s: %s is known, %s comes in", words_kind(conflict->kind),
		    conflict->name, stored, incoming);
	}
}

/* What a verdict means for the values in question. */
static char *
consequence(const Anagraph__V1__Conflict *conflict, uint64_t contact_id)
{
	bool owner = conflict->kind == ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER;
	char stored[VALUE_BYTES], incoming[VALUE_BYTES];

	claimed_text(stored, conflict->stored);
	claimed_text(incoming, conflict->incoming);
	switch (conflict->verdict) {
	case ANAGRAPH__V1__VERDICT__VERDICT_KEEP:
		return owner ? text_of("it stays with contact %" PRIu64, conflict->owner_contact_id)
			     : text_of("%s stays, %s is only noted", stored, incoming);
	case ANAGRAPH__V1__VERDICT__VERDICT_OFFER:
		return owner
		    ? text_of("it stays with contact %" PRIu64 " until decided", conflict->owner_contact_id)
		    : text_of("%s stays, %s is kept beside it", stored, incoming);
	case ANAGRAPH__V1__VERDICT__VERDICT_TAKE:
		return owner ? text_of("it moves to contact %" PRIu64, contact_id)
			     : text_of("%s takes the place of %s", incoming, stored);
	case ANAGRAPH__V1__VERDICT__VERDICT_SEPARATE:
		return text_of("somebody else, who becomes contact %" PRIu64, contact_id);
	default:
		return strdup("?");
	}
}

char *
words_decision(const Anagraph__V1__Conflict *conflict, uint64_t contact_id)
{
	const char *policy = conflict->policy != NULL ? conflict->policy->id : "?";
	bool fallback = *conflict->fallback != '\0';
	char *meaning = consequence(conflict, contact_id);
	char *text = NULL;

	if (meaning != NULL)
		text = text_of("%s by %s%s%s%s: %s", words_verdict(conflict->verdict), policy,
		    fallback ? " (which gave none: " : "", conflict->fallback, fallback ? ")" : "", meaning);
	free(meaning);
	return text;
}

char *
words_claim(const Anagraph__V1__Claim *claim)
{
	if (claim == NULL)
		return strdup("");
	if (*claim->conversation == '\0')
		return strdup(words_source(claim->source));
	return text_of("%s, thread %s", words_source(claim->source), claim->conversation);
}

char *
words_identifier(const Anagraph__V1__Identifier *identifier)
{
	char *claim = words_claim(identifier->claim);
	char *text =
	    text_of("%s %s (%s)", identifier->namespace_, identifier->value, claim != NULL ? claim : "");

	free(claim);
	return text;
}

char *
words_attribute(const Anagraph__V1__Attribute *attribute)
{
	char value[VALUE_BYTES];
	char *claim = words_claim(attribute->claim);
	char *text;

	attribute_text(value, attribute);
	text = text_of("%s %s (%s)", attribute->name, value, claim != NULL ? claim : "");
	free(claim);
	return text;
}

char *
words_secondary(const Anagraph__V1__Secondary *secondary)
{
	const char *name = "?", *value = "?";
	char attribute[VALUE_BYTES];
	char *claim = words_claim(secondary->claim);
	char *text = NULL;

	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER) {
		name = secondary->identifier->namespace_;
		value = secondary->identifier->value;
	} else if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE) {
		attribute_text(attribute, secondary->attribute);
		name = secondary->attribute->name;
		value = attribute;
	}
	if (claim != NULL && secondary->owner_contact_id != 0)
		text = text_of(
		    "%s %s, of contact %" PRIu64 " (%s)", name, value, secondary->owner_contact_id, claim);
	else if (claim != NULL)
		text = text_of("%s %s (%s)", name, value, claim);
	free(claim);
	return text;
}
