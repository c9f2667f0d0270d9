/* The lengths go in before the bytes, so that "a", "bc" is not "ab", "c". */
#include "base/digest.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

enum { LENGTH_BYTES = 8 };

_Static_assert(DIGEST_SHORT_KEY_BYTES == crypto_shorthash_KEYBYTES, "SipHash has a key of so much");

static void
put_length(uint8_t bytes[LENGTH_BYTES], size_t length)
{
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
}

void
digest_key_complete(struct digest_key *key)
{
	static const uint8_t purpose[] = "short digests";

	crypto_generichash(key->short_bytes, sizeof(key->short_bytes), purpose, sizeof(purpose), key->bytes,
	    sizeof(key->bytes));
}

void
digest_parts(
    uint8_t digest[DIGEST_BYTES], const struct digest_key *key, const struct bytes *parts, size_t part_count)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), DIGEST_BYTES);
	for (size_t i = 0; i < part_count; i++) {
		uint8_t length[LENGTH_BYTES];

		put_length(length, parts[i].size);
		crypto_generichash_update(&state, length, sizeof(length));
		crypto_generichash_update(&state, parts[i].data, parts[i].size);
	}
	crypto_generichash_final(&state, digest, DIGEST_BYTES);
}

uint64_t
digest_short(const struct digest_key *key, const struct bytes *parts, size_t part_count)
{
	uint8_t joined[DIGEST_SHORT_OF_BYTES];
	uint8_t digest[crypto_shorthash_BYTES];
	uint64_t number = 0;
	size_t size = 0;

	assert(!sodium_is_zero(key->short_bytes, sizeof(key->short_bytes)));
	for (size_t i = 0; i < part_count; i++) {
		assert(LENGTH_BYTES + parts[i].size <= sizeof(joined) - size);
		put_length(joined + size, parts[i].size);
		size += LENGTH_BYTES;
		if (parts[i].size > 0)
			memcpy(joined + size, parts[i].data, parts[i].size);
		size += parts[i].size;
	}
	crypto_shorthash(digest, joined, size, key->short_bytes);
	for (size_t i = 0; i < sizeof(digest); i++)
		number = number << 8 | digest[i];
	return number;
}
