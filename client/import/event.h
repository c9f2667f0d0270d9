/* Events put together piece by piece, for whoever has the pieces. */
#ifndef ANAGRAPH_CLIENT_IMPORT_EVENT_H
#define ANAGRAPH_CLIENT_IMPORT_EVENT_H

#include <stddef.h>

#include "anagraph/v1/identity.pb-c.h"

/* Each copies what it is given. 0; -ENOMEM, and the event is as it was. An event is to
 * be freed with anagraph__v1__identify_request__free_unpacked(event, NULL). */
int event_create(Anagraph__V1__IdentifyRequest **out, const char *account, Anagraph__V1__Source source);
int event_set_text(char **field, const char *text, size_t size);
int event_set_observed_at(Anagraph__V1__IdentifyRequest *event, int64_t seconds, int32_t nanos);
int event_add_identifier(
    Anagraph__V1__IdentifyRequest *event, const char *namespace_name, const char *value, size_t size);

/* Adds an attribute that has no value yet; it is the event's. */
int event_add_attribute(
    Anagraph__V1__Attribute **out, Anagraph__V1__IdentifyRequest *event, const char *name);
int event_set_time(Google__Protobuf__Timestamp **field, int64_t seconds, int32_t nanos);

#endif
