/* An answer shows a contact as it is, not what an event did to it. The tour therefore
 * looks a contact up before an event too, and compares. Nothing here calls the service. */
#include "client/tour/changes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/words.h"

static bool
has_identifier(const Anagraph__V1__Contact *contact, const Anagraph__V1__Identifier *wanted)
{
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		if (strcmp(contact->identifiers[i]->namespace_, wanted->namespace_) == 0 &&
		    strcmp(contact->identifiers[i]->value, wanted->value) == 0)
			return true;
	}
	return false;
}

static const Anagraph__V1__Attribute *
find_attribute(const Anagraph__V1__Contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->n_attributes; i++) {
		if (strcmp(contact->attributes[i]->name, name) == 0)
			return contact->attributes[i];
	}
	return NULL;
}

/* Whether two attributes, of which the second may be none, show the same value. */
static bool
same_value(const Anagraph__V1__Attribute *one, const Anagraph__V1__Attribute *other)
{
	char *first = words_attribute_value(one);
	char *second = other != NULL ? words_attribute_value(other) : NULL;
	bool same = first != NULL && second != NULL && strcmp(first, second) == 0;

	free(first);
	free(second);
	return same;
}

/* Writes the identifiers of one contact that the other lacks, after a lead. True when
 * there was one. */
static bool
write_lacking(
    FILE *stream, const char *lead, const Anagraph__V1__Contact *contact, const Anagraph__V1__Contact *other)
{
	bool written = false;

	for (size_t i = 0; i < contact->n_identifiers; i++) {
		const Anagraph__V1__Identifier *identifier = contact->identifiers[i];

		if (has_identifier(other, identifier))
			continue;
		fprintf(stream, "%s%s %s", written ? ", " : lead, identifier->namespace_, identifier->value);
		written = true;
	}
	return written;
}

void
changes_write(FILE *stream, const Anagraph__V1__Contact *before, const Anagraph__V1__Contact *after)
{
	bool written;

	if (before == NULL)
		return;
	written = write_lacking(stream, "; new: ", after, before);
	for (size_t i = 0; i < after->n_attributes; i++) {
		const Anagraph__V1__Attribute *attribute = after->attributes[i];
		char *value = words_attribute_value(attribute);

		if (value != NULL && find_attribute(before, attribute->name) == NULL) {
			fprintf(stream, "%s%s %s", written ? ", " : "; new: ", attribute->name, value);
			written = true;
		}
		free(value);
	}
	for (size_t i = 0; i < after->n_attributes; i++) {
		const Anagraph__V1__Attribute *attribute = after->attributes[i];
		const Anagraph__V1__Attribute *old = find_attribute(before, attribute->name);
		char *value = words_attribute_value(attribute);
		char *old_value = old != NULL ? words_attribute_value(old) : NULL;

		if (value != NULL && old_value != NULL && strcmp(value, old_value) != 0)
			fprintf(stream, "; changed: %s %s instead of %s", attribute->name, value, old_value);
		free(value);
		free(old_value);
	}
	write_lacking(stream, "; no longer: ", before, after);
}

static bool
still_waits(const Anagraph__V1__Contact *contact, uint64_t secondary_id)
{
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		if (contact->secondaries[i]->id == secondary_id)
			return true;
	}
	return false;
}

/* Whether the contact holds the very value that was offered. */
static bool
holds_offered(const Anagraph__V1__Contact *contact, const Anagraph__V1__Secondary *secondary)
{
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER)
		return has_identifier(contact, secondary->identifier);
	return secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE &&
	    same_value(secondary->attribute, find_attribute(contact, secondary->attribute->name));
}

char *
changes_closed(const Anagraph__V1__Contact *before, const Anagraph__V1__Contact *after)
{
	char *text = NULL;
	size_t size;
	FILE *stream;
	const char *gap = "";

	if (before == NULL || (stream = open_memstream(&text, &size)) == NULL)
		return NULL;
	for (size_t i = 0; i < before->n_secondaries; i++) {
		char *offered;

		if (still_waits(after, before->secondaries[i]->id))
			continue;
		offered = words_secondary(before->secondaries[i]);
		fprintf(stream, "%s%s no longer waits%s", gap, offered != NULL ? offered : "a value",
		    holds_offered(after, before->secondaries[i]) ? ": both sides agree now" : "");
		gap = "; ";
		free(offered);
	}
	fclose(stream);
	if (text != NULL && *text == '\0') {
		free(text);
		text = NULL;
	}
	return text;
}
