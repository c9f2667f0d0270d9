/* Nothing here is a copy of a structure: what a compiler or a machine does with its
 * layout can never change where a record lies. */
#include "server/graph/keys.h"

#include <assert.h>

#include <xxhash.h>

enum { NUMBER_BYTES = 8 };

/* How the value of an identifier stands in its key. */
enum value_form { VALUE_WHOLE = 0, VALUE_HASHED = 1 };

/* What a row of the index is of. */
enum index_kind { INDEX_CLASS = 1, INDEX_LIST = 2 };

static void
append(struct key *key, const void *data, size_t size)
{
	assert(size <= sizeof(key->data) - key->size);
	if (size > 0)
		memcpy(key->data + key->size, data, size);
	key->size += size;
}

static void
append_byte(struct key *key, unsigned byte)
{
	uint8_t narrow = (uint8_t)byte;

	append(key, &narrow, sizeof(narrow));
}

static void
append_number(struct key *key, uint64_t number)
{
	uint8_t bytes[NUMBER_BYTES];

	for (size_t i = 0; i < NUMBER_BYTES; i++)
		bytes[i] = (uint8_t)(number >> (8 * (NUMBER_BYTES - 1 - i)));
	append(key, bytes, sizeof(bytes));
}

static uint64_t
read_number(const uint8_t *bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < NUMBER_BYTES; i++)
		number = number << 8 | bytes[i];
	return number;
}

void
key_account(struct key *key, struct bytes account)
{
	assert(account.size > 0 && account.size <= LIMIT_ACCOUNT_BYTES);
	assert(memchr(account.data, 0, account.size) == NULL);
	key->size = 0;
	append(key, account.data, account.size);
	append_byte(key, 0);
}

void
key_identifier(struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value)
{
	XXH128_canonical_t digest;

	key_account(key, account);
	append_byte(key, namespace_id);
	if (value.size <= KEY_VALUE_BYTES) {
		append_byte(key, VALUE_WHOLE);
		append(key, value.data, value.size);
		return;
	}
	XXH128_canonicalFromHash(&digest, XXH3_128bits(value.data, value.size));
	append_byte(key, VALUE_HASHED);
	append(key, digest.digest, sizeof(digest.digest));
}

void
key_offers(struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value)
{
	key_identifier(key, account, namespace_id, value);
	append_byte(key, 0);
}

void
key_offered(struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value,
    uint64_t contact_id)
{
	key_offers(key, account, namespace_id, value);
	append_number(key, contact_id);
}

void
key_suppressed(
    struct key *key, struct bytes account, enum namespace_id namespace_id, const uint8_t digest[DIGEST_BYTES])
{
	key_account(key, account);
	append_byte(key, namespace_id);
	append(key, digest, DIGEST_BYTES);
}

void
key_class_rows(struct key *key, struct bytes account, enum contact_class contact_class, enum reach reach)
{
	key_account(key, account);
	append_byte(key, INDEX_CLASS);
	append_byte(key, contact_class);
	append_byte(key, reach);
}

void
key_list_rows(struct key *key, struct bytes account, struct bytes list)
{
	assert(list.size > 0 && list.size <= LIMIT_LIST_BYTES);
	assert(memchr(list.data, 0, list.size) == NULL);
	key_account(key, account);
	append_byte(key, INDEX_LIST);
	append(key, list.data, list.size);
	append_byte(key, 0);
}

void
key_row(struct key *key, const struct key *rows, uint64_t contact_id)
{
	key->size = 0;
	append(key, rows->data, rows->size);
	append_number(key, contact_id);
}

void
key_number(struct key *key, struct bytes account, uint64_t number)
{
	key_account(key, account);
	append_number(key, number);
}

void
key_pair(struct key *key, struct bytes account, uint64_t first, uint64_t second)
{
	key_account(key, account);
	append_number(key, first);
	append_number(key, second);
}

void
key_request(struct key *key, struct bytes account, struct bytes request_id)
{
	assert(request_id.size > 0 && request_id.size <= LIMIT_REQUEST_ID_BYTES);
	key_account(key, account);
	append(key, request_id.data, request_id.size);
}

void
key_request_contact(struct key *key, struct bytes account, uint64_t contact_id, struct bytes request_id)
{
	assert(request_id.size > 0 && request_id.size <= LIMIT_REQUEST_ID_BYTES);
	key_number(key, account, contact_id);
	append(key, request_id.data, request_id.size);
}

void
key_expiry(struct key *key, int64_t expires_at_us, const struct key *request)
{
	assert(expires_at_us >= 0);
	key->size = 0;
	append_number(key, (uint64_t)expires_at_us);
	append(key, request->data, request->size);
}

void
key_name(struct key *key, struct bytes name)
{
	key->size = 0;
	append(key, name.data, name.size);
}

bool
key_parse_account(struct bytes *account, struct bytes *rest, struct bytes key)
{
	const uint8_t *zero = key.size == 0 ? NULL : memchr(key.data, 0, key.size);
	size_t account_size;

	if (zero == NULL)
		return false;
	account_size = (size_t)(zero - key.data);
	if (account_size == 0 || account_size > LIMIT_ACCOUNT_BYTES)
		return false;
	*account = bytes_of(key.data, account_size);
	*rest = bytes_of(zero + 1, key.size - account_size - 1);
	return true;
}

bool
key_parse_number(struct bytes *account, uint64_t *number, struct bytes key)
{
	struct bytes rest;

	if (!key_parse_account(account, &rest, key) || rest.size != NUMBER_BYTES)
		return false;
	*number = read_number(rest.data);
	return true;
}

bool
key_parse_pair(struct bytes *account, uint64_t *first, uint64_t *second, struct bytes key)
{
	struct bytes rest;

	if (!key_parse_account(account, &rest, key) || rest.size != (size_t)2 * NUMBER_BYTES)
		return false;
	*first = read_number(rest.data);
	*second = read_number(rest.data + NUMBER_BYTES);
	return true;
}

bool
key_parse_row(uint64_t *contact_id, const struct key *rows, struct bytes key)
{
	if (key.size != rows->size + NUMBER_BYTES || memcmp(key.data, rows->data, rows->size) != 0)
		return false;
	*contact_id = read_number(key.data + rows->size);
	return true;
}

bool
key_parse_request(struct bytes *account, struct bytes *request_id, struct bytes key)
{
	struct bytes rest;

	if (!key_parse_account(account, &rest, key) || rest.size == 0 || rest.size > LIMIT_REQUEST_ID_BYTES)
		return false;
	*request_id = rest;
	return true;
}

bool
key_parse_offered(struct bytes *account, uint64_t *contact_id, struct bytes key)
{
	struct bytes rest;

	/* Namespace and form, at least one byte of a value and its end, the contact. */
	if (!key_parse_account(account, &rest, key) || rest.size < (size_t)2 + 1 + 1 + NUMBER_BYTES)
		return false;
	if (rest.data[0] == NAMESPACE_NONE || rest.data[0] >= NAMESPACE_COUNT || rest.data[1] > VALUE_HASHED)
		return false;
	*contact_id = read_number(rest.data + rest.size - NUMBER_BYTES);
	return true;
}

bool
key_parse_suppressed(struct bytes *account, struct bytes key)
{
	struct bytes rest;

	return key_parse_account(account, &rest, key) && rest.size == (size_t)1 + DIGEST_BYTES &&
	    rest.data[0] > NAMESPACE_NONE && rest.data[0] < NAMESPACE_COUNT;
}

bool
key_parse_request_contact(
    struct bytes *account, uint64_t *contact_id, struct bytes *request_id, struct bytes key)
{
	struct bytes rest;

	if (!key_parse_account(account, &rest, key) || rest.size <= NUMBER_BYTES ||
	    rest.size > (size_t)NUMBER_BYTES + LIMIT_REQUEST_ID_BYTES)
		return false;
	*contact_id = read_number(rest.data);
	*request_id = bytes_of(rest.data + NUMBER_BYTES, rest.size - NUMBER_BYTES);
	return true;
}

bool
key_parse_expiry(int64_t *expires_at_us, struct key *request, struct bytes key)
{
	struct bytes account;
	struct bytes request_id;
	struct bytes rest;
	uint64_t number;

	if (key.size < NUMBER_BYTES)
		return false;
	number = read_number(key.data);
	rest = bytes_of(key.data + NUMBER_BYTES, key.size - NUMBER_BYTES);
	if (number > INT64_MAX || !key_parse_request(&account, &request_id, rest))
		return false;
	*expires_at_us = (int64_t)number;
	key_request(request, account, request_id);
	return true;
}
