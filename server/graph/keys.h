/* How records are found: every key of every table, byte by byte.
 *
 * All keys but those of expiries and of the store's own facts begin with the account and
 * a zero byte, which no account contains: so no account is a prefix of another, and an
 * account's records lie together. An expiry begins with its time, so that those of all
 * accounts lie in the order in which they fall due. Numbers are big-endian. Keys
 * therefore sort as the tuples they are made of. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_KEYS_H
#define ANAGRAPH_SERVER_GRAPH_KEYS_H

#include "rules/types.h"

enum {
	/* Past it an identifier's value is hashed: LMDB takes keys of up to 511 bytes. */
	KEY_VALUE_BYTES = 400,
	KEY_BYTES = LIMIT_ACCOUNT_BYTES + 1 + 2 + KEY_VALUE_BYTES + 1 + 8,
};

struct key {
	size_t size;
	uint8_t data[KEY_BYTES];
};

/* The account's own record, and the beginning of all its other keys. */
void key_account(struct key *key, struct bytes account);

/* account, namespace, value. Contract: the account is 1 to 64 bytes without a zero. */
void key_identifier(
    struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value);

/* What key_identifier gives and a zero byte, which no value contains: the beginning of the
 * keys of all contacts that have a secondary of that identifier. Then such a contact. */
void key_offers(struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value);
void key_offered(struct key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value,
    uint64_t contact_id);

/* account, namespace, the digest of a value that is refused. */
void key_suppressed(struct key *key, struct bytes account, enum namespace_id namespace_id,
    const uint8_t digest[DIGEST_BYTES]);

/* The beginning of the index's rows of one class and one way to reach its contacts, or
 * REACH_NONE for all of the class; of those of one list, 1 to LIMIT_LIST_BYTES without a
 * zero, and a zero byte. Then the row of one contact. */
void key_class_rows(
    struct key *key, struct bytes account, enum contact_class contact_class, enum reach reach);
void key_list_rows(struct key *key, struct bytes account, struct bytes list);
void key_row(struct key *key, const struct key *rows, uint64_t contact_id);

/* account, number: contacts by id, journal entries by sequence. */
void key_number(struct key *key, struct bytes account, uint64_t number);

/* account, two numbers: contact and sequence, right behind the contact; or survivor and absorbed. */
void key_pair(struct key *key, struct bytes account, uint64_t first, uint64_t second);

/* account, the id that a caller gave its request: 1 to 64 bytes. */
void key_request(struct key *key, struct bytes account, struct bytes request_id);

/* account, a contact, the id of a request whose answer tells of it. */
void key_request_contact(struct key *key, struct bytes account, uint64_t contact_id, struct bytes request_id);

/* A time that is not before 1970, then the key of the request whose answer expires. */
void key_expiry(struct key *key, int64_t expires_at_us, const struct key *request);

/* A name, for the table of the store's own facts. */
void key_name(struct key *key, struct bytes name);

/* Reads keys back, for checks. False when the bytes are no such key. */
bool key_parse_account(struct bytes *account, struct bytes *rest, struct bytes key);
bool key_parse_number(struct bytes *account, uint64_t *number, struct bytes key);
bool key_parse_pair(struct bytes *account, uint64_t *first, uint64_t *second, struct bytes key);
bool key_parse_request(struct bytes *account, struct bytes *request_id, struct bytes key);
bool key_parse_offered(struct bytes *account, uint64_t *contact_id, struct bytes key);
bool key_parse_row(
    uint64_t *contact_id, const struct key *rows, struct bytes key); /* of the same beginning */
bool key_parse_suppressed(struct bytes *account, struct bytes key);
bool key_parse_request_contact(
    struct bytes *account, uint64_t *contact_id, struct bytes *request_id, struct bytes key);
bool key_parse_expiry(int64_t *expires_at_us, struct key *request, struct bytes key);

static inline struct bytes
key_bytes(const struct key *key)
{
	return bytes_of(key->data, key->size);
}

#endif
