/* XXH3 finds what a disk or a stray write does to a record; it is no proof against
 * somebody who can write the file. */
#include "server/graph/records.h"

#include <xxhash.h>

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",
	[TABLE_ACCOUNT] = "account",
	[TABLE_CONTACT] = "contact",
	[TABLE_IDENTIFIER] = "identifier",
	[TABLE_JOURNAL] = "journal",
	[TABLE_FORWARD] = "forward",
	[TABLE_REQUEST] = "request",
	[TABLE_REQUEST_EXPIRY] = "request_expiry",
	[TABLE_REQUEST_CONTACT] = "request_contact",
	[TABLE_INDEX] = "index",
	[TABLE_OFFERED] = "offered",
	[TABLE_OFFERED_OWNER] = "offered_owner",
	[TABLE_DISMISSED] = "dismissed",
	[TABLE_SUPPRESSED] = "suppressed",
};

const char *
table_name(enum table table)
{
	return table_names[table];
}

uint64_t
record_hash(enum table table, struct bytes key)
{
	return XXH3_64bits_withSeed(key.data, key.size, (XXH64_hash_t)table);
}

static void
seal(uint8_t checksum[RECORD_CHECKSUM_BYTES], uint64_t hash, struct bytes value)
{
	XXH64_canonical_t canonical;

	XXH64_canonicalFromHash(&canonical, XXH3_64bits_withSeed(value.data, value.size, hash));
	memcpy(checksum, canonical.digest, RECORD_CHECKSUM_BYTES);
}

void
record_seal(uint8_t checksum[RECORD_CHECKSUM_BYTES], enum table table, struct bytes key, struct bytes value)
{
	seal(checksum, record_hash(table, key), value);
}

bool
record_open(struct bytes *value, enum table table, struct bytes key, struct bytes record)
{
	return record_open_hashed(value, record_hash(table, key), record);
}

bool
record_open_hashed(struct bytes *value, uint64_t hash, struct bytes record)
{
	uint8_t checksum[RECORD_CHECKSUM_BYTES];
	struct bytes opened;

	if (record.size < RECORD_CHECKSUM_BYTES)
		return false;
	opened = bytes_of(record.data + RECORD_CHECKSUM_BYTES, record.size - RECORD_CHECKSUM_BYTES);
	seal(checksum, hash, opened);
	if (memcmp(checksum, record.data, RECORD_CHECKSUM_BYTES) != 0)
		return false;
	*value = opened;
	return true;
}

bool
record_contact(enum contact_kind *kind, struct bytes *message, struct bytes value)
{
	if (value.size < 1 || (value.data[0] != KIND_CONTACT && value.data[0] != KIND_FORWARD))
		return false;
	*kind = (enum contact_kind)value.data[0];
	*message = bytes_of(value.data + 1, value.size - 1);
	return true;
}

void
record_put_id(uint8_t bytes[RECORD_ID_BYTES], uint64_t id)
{
	for (size_t i = 0; i < RECORD_ID_BYTES; i++)
		bytes[i] = (uint8_t)(id >> (8 * (RECORD_ID_BYTES - 1 - i)));
}

static uint64_t
read_number(const uint8_t bytes[RECORD_ID_BYTES])
{
	uint64_t number = 0;

	for (size_t i = 0; i < RECORD_ID_BYTES; i++)
		number = number << 8 | bytes[i];
	return number;
}

bool
record_id(uint64_t *id, struct bytes value)
{
	uint64_t read;

	if (value.size != RECORD_ID_BYTES)
		return false;
	read = read_number(value.data);
	if (read == 0)
		return false;
	*id = read;
	return true;
}

void
record_put_companion(uint8_t bytes[RECORD_COMPANION_BYTES], const struct companion *companion)
{
	bytes[0] = (uint8_t)companion->namespace_id;
	record_put_id(bytes + 1, companion->digest);
}

void
record_take_companion(struct companion *companion, const uint8_t bytes[RECORD_COMPANION_BYTES])
{
	companion->namespace_id = (enum namespace_id)bytes[0];
	companion->digest = read_number(bytes + 1);
}

bool
record_identifier(uint64_t *owner_id, struct bytes *companions, struct bytes value)
{
	uint64_t id;
	size_t rest;

	if (value.size < RECORD_ID_BYTES)
		return false;
	id = read_number(value.data);
	rest = value.size - RECORD_ID_BYTES;
	if (rest % RECORD_COMPANION_BYTES != 0 || (id == 0 && rest == 0))
		return false;
	*owner_id = id;
	*companions = bytes_of(value.data + RECORD_ID_BYTES, rest);
	return true;
}

void
record_put_request_head(uint8_t head[RECORD_REQUEST_HEAD_BYTES], const struct kept_request *kept)
{
	record_put_id(head, (uint64_t)kept->expires_at_us);
	head[8] = (uint8_t)kept->state;
	memcpy(head + 9, kept->digest, GRAPH_DIGEST_BYTES);
	record_put_id(head + 9 + GRAPH_DIGEST_BYTES, kept->contact_count);
}

bool
record_request(struct kept_request *kept, struct bytes value)
{
	struct kept_request read;
	uint64_t expires_at_us;
	uint64_t count = 0;
	size_t ids_bytes;

	if (value.size < RECORD_REQUEST_HEAD_BYTES ||
	    !record_id(&expires_at_us, bytes_of(value.data, RECORD_ID_BYTES)) || expires_at_us > INT64_MAX)
		return false;
	if (value.data[8] != KEPT_ANSWER && value.data[8] != KEPT_ERASED)
		return false;
	/* None is no number that record_id knows. */
	record_id(&count, bytes_of(value.data + 9 + GRAPH_DIGEST_BYTES, RECORD_ID_BYTES));
	if (count > (value.size - RECORD_REQUEST_HEAD_BYTES) / RECORD_ID_BYTES)
		return false;
	ids_bytes = (size_t)count * RECORD_ID_BYTES;
	read = (struct kept_request){
		.expires_at_us = (int64_t)expires_at_us,
		.state = (enum kept_state)value.data[8],
		.digest = value.data + 9,
		.contact_ids = value.data + RECORD_REQUEST_HEAD_BYTES,
		.contact_count = (size_t)count,
		.response = bytes_of(value.data + RECORD_REQUEST_HEAD_BYTES + ids_bytes,
		    value.size - RECORD_REQUEST_HEAD_BYTES - ids_bytes),
	};
	if (read.state == KEPT_ERASED && (read.contact_count > 0 || read.response.size > 0))
		return false;
	*kept = read;
	return true;
}
