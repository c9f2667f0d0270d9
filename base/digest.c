/* The lengths go in before the bytes, so that "a", "bc" is not "ab", "c". */
#include "base/digest.h"

#include <sodium.h>

void
digest_parts(
    uint8_t digest[DIGEST_BYTES], const struct digest_key *key, const struct bytes *parts, size_t part_count)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), DIGEST_BYTES);
	for (size_t i = 0; i < part_count; i++) {
		uint8_t size[8];

		for (size_t j = 0; j < sizeof(size); j++)
			size[j] = (uint8_t)((uint64_t)parts[i].size >> (8 * j));
		crypto_generichash_update(&state, size, sizeof(size));
		crypto_generichash_update(&state, parts[i].data, parts[i].size);
	}
	crypto_generichash_final(&state, digest, DIGEST_BYTES);
}
