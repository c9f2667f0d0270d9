/* What the messages are made of: the parts that several of them share, and the
 * checks that every field read goes through. Private to wire/.
 *
 * Putting never fails by itself: a buffer of the size that the _bytes functions
 * foretell always suffices. Taking is strict: a field that the message does not
 * have, or has twice, a wire type or an enumerator that is not its own, and a
 * missing value are all MESSAGE_E_DAMAGED, with the output untouched. */
#ifndef ANAGRAPH_SERVER_WIRE_FIELDS_H
#define ANAGRAPH_SERVER_WIRE_FIELDS_H

#include "server/wire/messages.h"
#include "server/wire/wire.h"

/* The most bytes that a tag with a varint or a length takes, and what a message of
 * numbers alone takes with both. */
enum {
	FIELD_BYTES = 12,
	TIMESTAMP_BYTES = FIELD_BYTES + 2 * FIELD_BYTES,
};

/* The most bytes that the tags and the varints or lengths of so many fields take. */
static inline size_t
frame_bytes(size_t count)
{
	return count * FIELD_BYTES;
}

/* Borrows a buffer of size_bytes from the arena for a message. 0; -ENOMEM. */
int message_begin(struct wire_writer *writer, struct arena *arena, size_t size_bytes);

/* The message once all is put. */
struct bytes message_finish(const struct wire_writer *writer);

/* The fields of a message as they are read: which have been seen. */
struct field_set {
	uint32_t seen; /* a bit per field number, all of which are below 32 */
};

/* Reads the next field; the numbers in the mask repeated may come again. 0; WIRE_E_END;
 * WIRE_E_DAMAGED. */
int field_next(
    struct wire_field *field, struct field_set *set, uint32_t repeated, struct wire_reader *reader);

#define FIELD_BIT(number) (UINT32_C(1) << (number))

/* Turns how reading ended into an outcome: 0 when it came to the end and every field
 * of the mask was there; a negative result as it is; MESSAGE_E_DAMAGED. */
int fields_end(int result, const struct field_set *set, uint32_t required);

/* One field each. 0; MESSAGE_E_DAMAGED. */
int take_number(uint64_t *out, const struct wire_field *field);
int take_bool(bool *out, const struct wire_field *field);
int take_enum(unsigned *out, const struct wire_field *field, unsigned count); /* 1 to count - 1 */
int take_bytes(struct bytes *out, const struct wire_field *field);
int take_time(int64_t *out, const struct wire_field *field);

/* How often each field stands in a message: *counts has a place for every number
 * below count. 0; MESSAGE_E_DAMAGED. */
int count_fields(size_t *counts, size_t count, struct bytes message);

/* An array for the elements of a repeated field, never NULL on 0. 0; -ENOMEM;
 * MESSAGE_E_DAMAGED past the limit. */
int take_array(void **out, struct arena *arena, size_t count, size_t limit, size_t item_bytes);

/* anagraph.v1.Claim. */
size_t claim_bytes(const struct claim *claim);
void put_claim(struct wire_writer *writer, uint32_t field, const struct claim *claim);
int take_claim(struct claim *out, const struct wire_field *field);

/* anagraph.v1.Policy; an empty one is not put. */
size_t policy_bytes(const struct policy_identity *policy);
void put_policy(struct wire_writer *writer, uint32_t field, const struct policy_identity *policy);
int take_policy(struct policy_identity *out, const struct wire_field *field);

/* Whether a part carries its own claim, or stands where the whole has it. */
enum claimed { CLAIMED_HERE, CLAIMED_ELSEWHERE };

/* anagraph.v1.Identifier, .Attribute and .Secondary. */
size_t identifier_bytes(const struct identifier *identifier);
void put_identifier(
    struct wire_writer *writer, uint32_t field, const struct identifier *identifier, enum claimed claimed);
int take_identifier(struct identifier *out, const struct wire_field *field, enum claimed claimed);

size_t attribute_bytes(const struct attribute *attribute);
void put_attribute(
    struct wire_writer *writer, uint32_t field, const struct attribute *attribute, enum claimed claimed);
int take_attribute(struct attribute *out, const struct wire_field *field, enum claimed claimed);

/* Whether it offers nothing: all that is left to tell of it is its id. */
bool secondary_is_blank(const struct secondary *secondary);
size_t secondary_bytes(const struct secondary *secondary);
void put_secondary(struct wire_writer *writer, uint32_t field, const struct secondary *secondary);
int take_secondary(
    struct secondary *out, const struct wire_field *field); /* its id may be 0, or all there is */

/* A member of a oneof value. The numbers that the message gives them. */
struct value_fields {
	uint32_t string;
	uint32_t number;
	uint32_t boolean;
	uint32_t time;
};

size_t value_bytes(const struct value *value);
void put_value(struct wire_writer *writer, const struct value_fields *fields, const struct value *value);
int take_value(struct value *out, const struct value_fields *fields, const struct wire_field *field);

/* anagraph.v1.Contact and .Conflict as parts of a larger message. */
size_t contact_bytes(const struct contact *contact);
void put_contact_fields(struct wire_writer *writer, const struct contact *contact);

size_t conflict_bytes(const struct conflict *conflict);
void put_conflict_fields(struct wire_writer *writer, const struct conflict *conflict);
int take_conflict(struct conflict *out, const struct wire_field *field);

#endif
