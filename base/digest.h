/* Keyed digests: what lets two values be told equal by who has the key, and tells
 * nothing about them to who has not. The store keeps them where it must know a value
 * again that it may not keep.
 *
 * BLAKE2b, by libsodium. Pure, any thread. */
#ifndef ANAGRAPH_BASE_DIGEST_H
#define ANAGRAPH_BASE_DIGEST_H

#include "base/bytes.h"

enum { DIGEST_BYTES = 16, DIGEST_KEY_BYTES = 32 };

struct digest_key {
	uint8_t bytes[DIGEST_KEY_BYTES];
};

/* The digest of several runs of bytes, each with its length: no two different lists of
 * them are digested alike. */
void digest_parts(
    uint8_t digest[DIGEST_BYTES], const struct digest_key *key, const struct bytes *parts, size_t part_count);

#endif
