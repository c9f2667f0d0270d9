/* Written from the end, a message never needs to know a length before its bytes
 * stand there. Read forwards, every length is held against what is left first: no
 * byte sequence, however broken, is read past its end. */
#include "server/wire/wire.h"

#include <assert.h>

enum {
	VARINT_BYTES = 10,
	TYPE_BITS = 3,
	TYPE_MASK = (1 << TYPE_BITS) - 1,
	FIELD_NUMBER_MAX = (1 << 29) - 1,
	NANOS_PER_SECOND = 1000000000,
	NANOS_PER_MICROSECOND = 1000,
};

static const int64_t SECOND_US = 1000000;

/* google.protobuf.Timestamp: the years 1 to 9999. */
static const int64_t SECONDS_MIN = -62135596800;
static const int64_t SECONDS_MAX = 253402300799;
enum { TIMESTAMP_SECONDS = 1, TIMESTAMP_NANOS = 2 };

void
wire_writer_init(struct wire_writer *writer, void *buffer, size_t size_bytes)
{
	writer->start = buffer;
	writer->end = writer->start + size_bytes;
	writer->at = writer->end;
	writer->full = false;
}

struct bytes
wire_written(const struct wire_writer *writer)
{
	return bytes_of(writer->at, (size_t)(writer->end - writer->at));
}

static void
put_raw(struct wire_writer *writer, const void *data, size_t size_bytes)
{
	if (size_bytes > (size_t)(writer->at - writer->start)) {
		writer->full = true;
		return;
	}
	if (size_bytes == 0)
		return;
	writer->at -= size_bytes;
	memcpy(writer->at, data, size_bytes);
}

void
wire_put_raw(struct wire_writer *writer, struct bytes fields)
{
	put_raw(writer, fields.data, fields.size);
}

/* Writes value to out, forwards; returns the bytes it took. */
static size_t
varint(uint8_t out[VARINT_BYTES], uint64_t value)
{
	size_t size = 0;

	while (value >= 0x80) {
		out[size++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[size++] = (uint8_t)value;
	return size;
}

/* Most are of one byte. */
static inline void
put_varint_raw(struct wire_writer *writer, uint64_t value)
{
	uint8_t bytes[VARINT_BYTES];

	if (value < 0x80 && writer->at > writer->start) {
		*--writer->at = (uint8_t)value;
		return;
	}
	put_raw(writer, bytes, varint(bytes, value));
}

static void
put_tag(struct wire_writer *writer, uint32_t field, enum wire_type type)
{
	put_varint_raw(writer, (uint64_t)field << TYPE_BITS | type);
}

void
wire_put_varint(struct wire_writer *writer, uint32_t field, uint64_t value)
{
	if (value != 0)
		wire_put_varint_always(writer, field, value);
}

void
wire_put_varint_always(struct wire_writer *writer, uint32_t field, uint64_t value)
{
	put_varint_raw(writer, value);
	put_tag(writer, field, WIRE_VARINT);
}

void
wire_put_double_always(struct wire_writer *writer, uint32_t field, double value)
{
	uint8_t bytes[sizeof(uint64_t)];
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(bits >> (8 * i));
	put_raw(writer, bytes, sizeof(bytes));
	put_tag(writer, field, WIRE_FIXED64);
}

void
wire_put_bytes(struct wire_writer *writer, uint32_t field, struct bytes value)
{
	if (value.size != 0)
		wire_put_bytes_always(writer, field, value);
}

void
wire_put_bytes_always(struct wire_writer *writer, uint32_t field, struct bytes value)
{
	put_raw(writer, value.data, value.size);
	put_varint_raw(writer, value.size);
	put_tag(writer, field, WIRE_LENGTH);
}

void
wire_put_timestamp(struct wire_writer *writer, uint32_t field, int64_t time_us)
{
	int64_t seconds = time_us / SECOND_US;
	int64_t part_us = time_us % SECOND_US;
	uint8_t *end = wire_message_end(writer);

	if (part_us < 0) {
		part_us += SECOND_US;
		seconds--;
	}
	wire_put_varint(writer, TIMESTAMP_NANOS, (uint64_t)part_us * NANOS_PER_MICROSECOND);
	wire_put_varint(writer, TIMESTAMP_SECONDS, (uint64_t)seconds);
	wire_message_begin(writer, field, end);
}

uint8_t *
wire_message_end(const struct wire_writer *writer)
{
	return writer->at;
}

void
wire_message_begin(struct wire_writer *writer, uint32_t field, const uint8_t *end)
{
	put_varint_raw(writer, (uint64_t)(end - writer->at));
	put_tag(writer, field, WIRE_LENGTH);
}

size_t
wire_prefix(uint8_t prefix[WIRE_PREFIX_BYTES], uint32_t field, size_t size_bytes)
{
	uint8_t length[VARINT_BYTES];
	uint8_t tag[VARINT_BYTES];
	size_t tag_size = varint(tag, (uint64_t)field << TYPE_BITS | WIRE_LENGTH);
	size_t length_size = varint(length, size_bytes);

	assert(field >= 1 && field <= FIELD_NUMBER_MAX);
	memcpy(prefix, tag, tag_size);
	memcpy(prefix + tag_size, length, length_size);
	return tag_size + length_size;
}

void
wire_reader_init(struct wire_reader *reader, struct bytes message)
{
	static const uint8_t nothing[1];

	reader->at = message.size == 0 ? nothing : message.data;
	reader->end = reader->at + message.size;
}

static int
read_long_varint(uint64_t *value, struct wire_reader *reader)
{
	uint64_t read = 0;

	for (unsigned i = 0; i < VARINT_BYTES && reader->at < reader->end; i++) {
		uint8_t byte = *reader->at++;

		if (i == VARINT_BYTES - 1 && byte > 1)
			return WIRE_E_DAMAGED;
		read |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*value = read;
			return 0;
		}
	}
	return WIRE_E_DAMAGED;
}

/* Most are of one byte. */
static inline int
read_varint(uint64_t *value, struct wire_reader *reader)
{
	if (reader->at < reader->end && *reader->at < 0x80) {
		*value = *reader->at++;
		return 0;
	}
	return read_long_varint(value, reader);
}

static int
read_fixed(uint64_t *value, struct wire_reader *reader, size_t size_bytes)
{
	uint64_t read = 0;

	if (size_bytes > (size_t)(reader->end - reader->at))
		return WIRE_E_DAMAGED;
	for (size_t i = 0; i < size_bytes; i++)
		read |= (uint64_t)reader->at[i] << (8 * i);
	reader->at += size_bytes;
	*value = read;
	return 0;
}

static int
read_length(struct bytes *bytes, struct wire_reader *reader)
{
	uint64_t size;

	if (read_varint(&size, reader) != 0 || size > (uint64_t)(reader->end - reader->at))
		return WIRE_E_DAMAGED;
	*bytes = bytes_of(reader->at, (size_t)size);
	reader->at += size;
	return 0;
}

int
wire_next(struct wire_field *field, struct wire_reader *reader)
{
	struct wire_field next = { 0 };
	uint64_t tag;

	if (reader->at == reader->end)
		return WIRE_E_END;
	if (read_varint(&tag, reader) != 0 || tag >> TYPE_BITS == 0 || tag >> TYPE_BITS > FIELD_NUMBER_MAX)
		return WIRE_E_DAMAGED;
	next.number = (uint32_t)(tag >> TYPE_BITS);
	switch (tag & TYPE_MASK) {
	case WIRE_VARINT:
		next.type = WIRE_VARINT;
		if (read_varint(&next.varint, reader) != 0)
			return WIRE_E_DAMAGED;
		break;
	case WIRE_FIXED64:
		next.type = WIRE_FIXED64;
		if (read_fixed(&next.varint, reader, sizeof(uint64_t)) != 0)
			return WIRE_E_DAMAGED;
		break;
	case WIRE_LENGTH:
		next.type = WIRE_LENGTH;
		if (read_length(&next.bytes, reader) != 0)
			return WIRE_E_DAMAGED;
		break;
	case WIRE_FIXED32:
		next.type = WIRE_FIXED32;
		if (read_fixed(&next.varint, reader, sizeof(uint32_t)) != 0)
			return WIRE_E_DAMAGED;
		break;
	default:
		return WIRE_E_DAMAGED;
	}
	*field = next;
	return 0;
}

double
wire_double(const struct wire_field *field)
{
	double value;

	assert(field->type == WIRE_FIXED64);
	memcpy(&value, &field->varint, sizeof(value));
	return value;
}

int
wire_timestamp(int64_t *time_us, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;
	uint32_t last_number = 0;
	int64_t seconds = 0;
	uint64_t nanos = 0;
	int result;

	wire_reader_init(&reader, message);
	while ((result = wire_next(&field, &reader)) == 0) {
		if (field.type != WIRE_VARINT || field.number == last_number)
			return WIRE_E_DAMAGED;
		last_number = field.number;
		if (field.number == TIMESTAMP_SECONDS)
			seconds = (int64_t)field.varint;
		else if (field.number == TIMESTAMP_NANOS)
			nanos = field.varint;
		else
			return WIRE_E_DAMAGED;
	}
	if (result != WIRE_E_END || seconds < SECONDS_MIN || seconds > SECONDS_MAX ||
	    nanos >= NANOS_PER_SECOND)
		return WIRE_E_DAMAGED;
	*time_us = seconds * SECOND_US + (int64_t)(nanos / NANOS_PER_MICROSECOND);
	return 0;
}
