/* Looking a contact up by what a caller names it by, for all calls that do. */
#ifndef ANAGRAPH_SERVER_RPC_LOOKUP_H
#define ANAGRAPH_SERVER_RPC_LOOKUP_H

#include "server/rpc/call.h"

enum lookup_by {
	LOOKUP_BY_NOTHING,
	LOOKUP_BY_IDENTIFIER,
	LOOKUP_BY_CONTACT_ID,
};

/* A key as a request has it; borrowed from there. Most identifiers come in normal form, which
 * lookup_try finds out. */
struct lookup_key {
	enum lookup_by by;
	struct identifier_input identifier;
	uint64_t contact_id;
	struct identifier tried; /* the identifier as it came; NAMESPACE_NONE if it is not in normal form */
};

/* Take in a member of a key's oneof as it came over the wire, from bytes that were scanned: an
 * encoded Identifier, or a number. Of several members the last counts; parts of one message are
 * one. Begin with LOOKUP_BY_NOTHING. */
void lookup_read_identifier(struct lookup_key *key, struct bytes message);
void lookup_read_contact_id(struct lookup_key *key, uint64_t contact_id);

/* Sees whether the key's identifier looks as if it were in normal form already. */
void lookup_try(struct lookup_key *key, const struct account_settings *settings);

/* What a look-up found: the record borrowed from the snapshot, the ids from the arena. */
struct found {
	struct bytes contact; /* an encoded anagraph.v1.Contact */
	uint64_t *forwarded_ids;
	size_t forwarded_count;
};

/* Looks a key up in the snapshot that the queue's reader holds. A rejection names its
 * field as ResolveRequest does: "identifier.value", "contact_id", "key"; a key that
 * nobody has is one, with REASON_CONTACT_NOT_FOUND. lookup_try has seen the key. *found and what the look-up
 * needs are the queue's scratch arena's. 0; positive with *rejection; -errno. The queue's thread. */
int lookup(struct found *found, struct rejection *rejection, struct queue *queue, struct bytes account,
    const struct lookup_key *key);

/* The ids that a look-up passed, encoded as the repeated field of that number; borrowed
 * from the arena. 0; -ENOMEM. */
int lookup_encode_ids(struct bytes *out, struct arena *arena, uint32_t field, const struct found *found);

#endif
