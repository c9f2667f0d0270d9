/* What is made here is freed by generated code, so that each piece is allocated as that
 * expects: by itself. */
#include "client/import/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
event_set_text(char **field, const char *text, size_t size)
{
	char *copy = malloc(size + 1);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (*field != (const char *)protobuf_c_empty_string)
		free(*field);
	*field = copy;
	return 0;
}

int
event_create(Anagraph__V1__IdentifyRequest **out, const char *account, Anagraph__V1__Source source)
{
	Anagraph__V1__IdentifyRequest *event = malloc(sizeof(*event));

	if (event == NULL)
		return -ENOMEM;
	anagraph__v1__identify_request__init(event);
	event->source = source;
	if (event_set_text(&event->account, account, strlen(account)) != 0) {
		anagraph__v1__identify_request__free_unpacked(event, NULL);
		return -ENOMEM;
	}
	*out = event;
	return 0;
}

int
event_set_time(Google__Protobuf__Timestamp **field, int64_t seconds, int32_t nanos)
{
	Google__Protobuf__Timestamp *time = *field != NULL ? *field : malloc(sizeof(*time));

	if (time == NULL)
		return -ENOMEM;
	google__protobuf__timestamp__init(time);
	time->seconds = seconds;
	time->nanos = nanos;
	*field = time;
	return 0;
}

int
event_set_observed_at(Anagraph__V1__IdentifyRequest *event, int64_t seconds, int32_t nanos)
{
	return event_set_time(&event->observed_at, seconds, nanos);
}

/* A list of count messages with room for one more; NULL when there is no memory. */
static void *
grown(void *list, size_t count)
{
	return reallocarray(list, count + 1, sizeof(void *));
}

int
event_add_identifier(
    Anagraph__V1__IdentifyRequest *event, const char *namespace_name, const char *value, size_t size)
{
	Anagraph__V1__Identifier **list = grown(event->identifiers, event->n_identifiers);
	Anagraph__V1__Identifier *identifier;

	if (list == NULL)
		return -ENOMEM;
	event->identifiers = list;
	identifier = malloc(sizeof(*identifier));
	if (identifier == NULL)
		return -ENOMEM;
	anagraph__v1__identifier__init(identifier);
	if (event_set_text(&identifier->namespace_, namespace_name, strlen(namespace_name)) != 0 ||
	    event_set_text(&identifier->value, value, size) != 0) {
		anagraph__v1__identifier__free_unpacked(identifier, NULL);
		return -ENOMEM;
	}
	list[event->n_identifiers++] = identifier;
	return 0;
}

int
event_add_attribute(Anagraph__V1__Attribute **out, Anagraph__V1__IdentifyRequest *event, const char *name)
{
	Anagraph__V1__Attribute **list = grown(event->attributes, event->n_attributes);
	Anagraph__V1__Attribute *attribute;

	if (list == NULL)
		return -ENOMEM;
	event->attributes = list;
	attribute = malloc(sizeof(*attribute));
	if (attribute == NULL)
		return -ENOMEM;
	anagraph__v1__attribute__init(attribute);
	if (event_set_text(&attribute->name, name, strlen(name)) != 0) {
		anagraph__v1__attribute__free_unpacked(attribute, NULL);
		return -ENOMEM;
	}
	list[event->n_attributes++] = attribute;
	*out = attribute;
	return 0;
}
