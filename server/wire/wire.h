/* The protobuf wire format, read and written field by field without generated
 * code: what the store keeps is what an answer sends, so both must come from one
 * place that allocates nothing.
 *
 * A message is written from its end to its beginning. A nested message's length
 * is then known when its tag is written, in one pass and with no second buffer.
 * Fields are therefore put in descending order, repeated ones last first. */
#ifndef ANAGRAPH_SERVER_WIRE_WIRE_H
#define ANAGRAPH_SERVER_WIRE_WIRE_H

#include "base/bytes.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_LENGTH = 2,
	WIRE_FIXED32 = 5,
};

/* Fills a buffer backwards. When there is no room, full is set and the rest is
 * dropped: check once, at the end. */
struct wire_writer {
	uint8_t *start; /* of the buffer; borrowed */
	uint8_t *at;    /* the first byte written so far */
	uint8_t *end;
	bool full;
};

void wire_writer_init(struct wire_writer *writer, void *buffer, size_t size_bytes);

/* What has been written so far: borrowed from the buffer. */
struct bytes wire_written(const struct wire_writer *writer);

/* One field each. As proto3 has it, a zero or empty value of a plain field is not
 * written; the _always forms write it (members of a oneof, repeated elements). */
void wire_put_varint(struct wire_writer *writer, uint32_t field, uint64_t value);
void wire_put_varint_always(struct wire_writer *writer, uint32_t field, uint64_t value);
void wire_put_double_always(struct wire_writer *writer, uint32_t field, double value);
void wire_put_bytes(struct wire_writer *writer, uint32_t field, struct bytes value);
void wire_put_bytes_always(struct wire_writer *writer, uint32_t field, struct bytes value);
/* A google.protobuf.Timestamp, also at 0. */
void wire_put_timestamp(struct wire_writer *writer, uint32_t field, int64_t time_us);

/* Bytes that are fields already. */
void wire_put_raw(struct wire_writer *writer, struct bytes fields);

/* A nested message: mark where it ends, put its fields, then close it. */
uint8_t *wire_message_end(const struct wire_writer *writer);
void wire_message_begin(struct wire_writer *writer, uint32_t field, const uint8_t *end);

/* The tag and length that stand before a nested message of size_bytes, written to
 * prefix. Returns how many bytes that took. */
enum { WIRE_PREFIX_BYTES = 15 };
size_t wire_prefix(uint8_t prefix[WIRE_PREFIX_BYTES], uint32_t field, size_t size_bytes);

/* Reads forwards. */
struct wire_reader {
	const uint8_t *at;
	const uint8_t *end;
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t varint;    /* WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED32 */
	struct bytes bytes; /* WIRE_LENGTH: borrowed */
};

enum wire_outcome {
	WIRE_E_END = 1,     /* nothing is left */
	WIRE_E_DAMAGED = 2, /* not the wire format */
};

void wire_reader_init(struct wire_reader *reader, struct bytes message);

/* Reads the next field. 0; WIRE_E_END; WIRE_E_DAMAGED. */
int wire_next(struct wire_field *field, struct wire_reader *reader);

/* The double of a WIRE_FIXED64 field. */
double wire_double(const struct wire_field *field);

/* A google.protobuf.Timestamp to microseconds. 0; WIRE_E_DAMAGED. */
int wire_timestamp(int64_t *time_us, struct bytes message);

#endif
