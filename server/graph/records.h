/* What stands under a key: a checksum over key and value, then the value. A record
 * whose bytes changed is found out when it is read, and so is one that came to lie
 * under another's key or in another table. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_RECORDS_H
#define ANAGRAPH_SERVER_GRAPH_RECORDS_H

#include "server/graph/graph.h"
#include "server/graph/keys.h"

enum table {
	TABLE_META,    /* name: a fact about the store */
	TABLE_ACCOUNT, /* account: anagraph.store.v1.Account */
	/* account, id: a kind, then Contact, packed, or Forward. Behind each, for they change
	 * together: account, id, sequence: nothing; an entry of the journal that tells of it. */
	TABLE_CONTACT,
	TABLE_IDENTIFIER,      /* account, namespace, value: the owner's id, companions */
	TABLE_JOURNAL,         /* account, sequence: anagraph.v1.JournalEntry, packed */
	TABLE_FORWARD,         /* account, survivor's id, absorbed id: nothing */
	TABLE_REQUEST,         /* account, request_id: an expiry, a digest, contacts, the answer */
	TABLE_REQUEST_EXPIRY,  /* expiry, account, request_id: nothing */
	TABLE_REQUEST_CONTACT, /* account, id of a contact that an answer tells of, request_id: nothing */
	TABLE_INDEX,           /* account, class and reach or list, contact id: nothing */
	TABLE_OFFERED,         /* account, namespace, value, contact id: nothing; of secondaries */
	TABLE_OFFERED_OWNER,   /* account, owner's id, contact id: nothing; of secondaries */
	TABLE_DISMISSED,       /* account, contact id: anagraph.store.v1.Dismissals */
	TABLE_SUPPRESSED,      /* account, namespace, keyed digest of a value: nothing */
	TABLE_COUNT,
};

/* The table's name; static. */
const char *table_name(enum table table);

enum { RECORD_CHECKSUM_BYTES = 8 };

/* What tells one row from another: a hash of table and key. */
uint64_t record_hash(enum table table, struct bytes key);

/* Writes the checksum that belongs before a value of the table under that key. */
void record_seal(
    uint8_t checksum[RECORD_CHECKSUM_BYTES], enum table table, struct bytes key, struct bytes value);

/* The value of a record, borrowed from it. False when its checksum is wrong. */
bool record_open(struct bytes *value, enum table table, struct bytes key, struct bytes record);

/* The same of the row that has that hash. */
bool record_open_hashed(struct bytes *value, uint64_t hash, struct bytes record);

/* What a record of TABLE_CONTACT is, in its first byte. A contact is packed. */
enum contact_kind { KIND_CONTACT = 1, KIND_FORWARD = 2 };

/* The kind and what follows it. False when it is neither. */
bool record_contact(enum contact_kind *kind, struct bytes *message, struct bytes value);

/* An id as a record keeps it. */
enum { RECORD_ID_BYTES = 8 };
void record_put_id(uint8_t bytes[RECORD_ID_BYTES], uint64_t id);
bool record_id(uint64_t *id, struct bytes value); /* false when it is none */

/* What became of an answer that TABLE_REQUEST keeps. */
enum kept_state {
	KEPT_ANSWER = 1, /* the answer, under the digest of its request */
	KEPT_ERASED = 2, /* a contact that it told of was erased: no answer, a keyed digest */
};

/* Who owns an identifier, 0 for nobody, and what it was named together with (N6): by
 * namespace, then digest, each once. Nobody's has some. */
enum { RECORD_COMPANION_BYTES = 1 + 8 };
void record_put_companion(uint8_t bytes[RECORD_COMPANION_BYTES], const struct companion *companion);
void record_take_companion(struct companion *companion, const uint8_t bytes[RECORD_COMPANION_BYTES]);

/* What the value is made of; companions are borrowed from it, encoded, a whole number of
 * them. False when it is no such value. */
bool record_identifier(uint64_t *owner_id, struct bytes *companions, struct bytes value);

/* An answer as TABLE_REQUEST keeps it. */
struct kept_request {
	int64_t expires_at_us;
	enum kept_state state;
	const uint8_t *digest;      /* GRAPH_DIGEST_BYTES of it */
	const uint8_t *contact_ids; /* RECORD_ID_BYTES each: those that it tells of, each once */
	size_t contact_count;
	struct bytes response;
};

/* What stands before the ids of contacts and the response. */
enum { RECORD_REQUEST_HEAD_BYTES = 8 + 1 + GRAPH_DIGEST_BYTES + 8 };
void record_put_request_head(uint8_t head[RECORD_REQUEST_HEAD_BYTES], const struct kept_request *kept);

/* Borrows from the value. False when it is no such record. */
bool record_request(struct kept_request *kept, struct bytes value);

#endif
