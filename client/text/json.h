/* Messages of the contract as JSON and back, by what their descriptors say of them:
 * a field added to the .proto needs nothing here.
 *
 * What is written keeps the names of the .proto, enumerators by name, times as
 * RFC 3339 with microseconds and 64-bit numbers as numbers. Lists are always there,
 * so that a filter may walk them; an empty string, an unset message, a false flag
 * and a zero are left out, except in the totals of CountContactsResponse and
 * ListContactsResponse, where 0 is an answer. */
#ifndef ANAGRAPH_CLIENT_TEXT_JSON_H
#define ANAGRAPH_CLIENT_TEXT_JSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

enum { JSON_PROBLEM_BYTES = 192 };

/* What is wrong with JSON that was read, for people. NUL-terminated. */
struct json_problem {
	char message[JSON_PROBLEM_BYTES];
};

enum json_outcome {
	JSON_E_FORM = 1, /* not such a message: *problem says why */
};

/* Gives a message as an object, to be released with json_decref. 0; -EBADMSG when
 * a string of it is not UTF-8 or a time is none; -ENOMEM. */
int message_to_json(json_t **out, const ProtobufCMessage *message);

/* Reads an object as protobuf's JSON mapping has it, names in lowerCamelCase or as in
 * the .proto, enumerators by name, by number or short and in lower case: contacts for
 * SOURCE_CONTACTS. *out is to be freed with protobuf_c_message_free_unpacked(out, NULL).
 * 0; JSON_E_FORM; -ENOMEM. */
int message_from_json(ProtobufCMessage **out, struct json_problem *problem,
    const ProtobufCMessageDescriptor *descriptor, const json_t *json);

/* Writes an object on one line. 0; -errno of the stream. */
int json_line_print(FILE *stream, const json_t *json);

#endif
