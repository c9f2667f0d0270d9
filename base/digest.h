/* Keyed digests: what lets two values be told equal by who has the key, and tells
 * nothing about them to who has not. The store keeps them where it must know a value
 * again that it may not keep.
 *
 * BLAKE2b; SipHash-2-4, which takes less time, where 64 bits are enough. Both by libsodium.
 * Pure, any thread. */
#ifndef ANAGRAPH_BASE_DIGEST_H
#define ANAGRAPH_BASE_DIGEST_H

#include "base/bytes.h"

enum { DIGEST_BYTES = 16, DIGEST_KEY_BYTES = 32, DIGEST_SHORT_KEY_BYTES = 16 };

/* How much a short digest may be of, lengths included. */
enum { DIGEST_SHORT_OF_BYTES = 512 };

struct digest_key {
	uint8_t bytes[DIGEST_KEY_BYTES];
	uint8_t short_bytes[DIGEST_SHORT_KEY_BYTES]; /* by digest_key_complete */
};

/* Makes the key of short digests from the key's bytes: of whoever fills those in. */
void digest_key_complete(struct digest_key *key);

/* The digest of several runs of bytes, each with its length: no two different lists of
 * them are digested alike. */
void digest_parts(
    uint8_t digest[DIGEST_BYTES], const struct digest_key *key, const struct bytes *parts, size_t part_count);

/* A digest in 64 bits, which tells a few values apart. Contract: the key is complete; the parts,
 * with eight bytes for each, are no more than DIGEST_SHORT_OF_BYTES. */
uint64_t digest_short(const struct digest_key *key, const struct bytes *parts, size_t part_count);

#endif
