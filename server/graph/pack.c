/* A contact says the same claim with each of its values, and names that every other contact
 * has, too. Its record is half as long without, and a store is little else than records.
 *
 * The dictionary has names and what stands around them in contacts and journal entries. Not
 * a byte of it may change without the store's format. Values of people are not in it and
 * are found in a record as they are, but for what they have in common with what stands
 * before them there. */
#include "server/graph/pack.h"

#include <errno.h>
#include <stdlib.h>

#include <lz4.h>

enum { FORM_PLAIN = 0, FORM_PACKED = 1 };

/* Each literal begins a new one after an escape, where a digit would go on with it. */
static const char DICTIONARY[] = "BIRTHDAY\x12"
				 "COMPANY\x12"
				 "COUNTRY\x12"
				 "GENDER\x12"
				 "ZIP\x12"
				 "LAST_ORDER\x12"
				 "ORDERS\x19"
				 "NOTE\x12"
				 "chat_primary\x12\x05"
				 "1.0.0\x1a\x10"
				 "push_latest\x12\x05"
				 "1.0.0\x1a\x10"
				 "R\x15"
				 "conversations-engaged"
				 "\x0a\x09instagram\x12"
				 "\x0a\x08"
				 "facebook\x12"
				 "\x0a\x08landline\x12"
				 "\x0a\x08whatsapp\x12\x0d+39"
				 "\x0a\x04"
				 "chat\x12"
				 "\x0a\x04push\x12"
				 "\x0a\x05phone\x12\x0d+39"
				 "\x0a\x06"
				 "ext_id\x12"
				 "\x0a\x05"
				 "email\x12"
				 "\x0a\x07"
				 "ADDRESS\x12"
				 "\x0a\x04"
				 "CITY\x12"
				 "\x0a\x07"
				 "CONSENT \x01"
				 "\x0a\x08LANGUAGE\x12\x02"
				 "\x0a\x09LAST_NAME\x12"
				 "\x0a\x0a"
				 "FIRST_NAME\x12";

enum { DICTIONARY_BYTES = sizeof(DICTIONARY) - 1 };

struct packer {
	LZ4_stream_t ready; /* knows the dictionary, and nothing else */
	LZ4_stream_t work;
	/* The dictionary and, right behind it, the message: so nothing has to be looked up apart. */
	char text[DICTIONARY_BYTES + PACK_MESSAGE_BYTES];
	char body[LZ4_COMPRESSBOUND(PACK_MESSAGE_BYTES)];
};

int
packer_create(struct packer **out)
{
	struct packer *packer = malloc(sizeof(*packer));

	if (packer == NULL)
		return -ENOMEM;
	LZ4_initStream(&packer->ready, sizeof(packer->ready));
	memcpy(packer->text, DICTIONARY, DICTIONARY_BYTES);
	LZ4_loadDict(&packer->ready, packer->text, DICTIONARY_BYTES);
	*out = packer;
	return 0;
}

void
packer_destroy(struct packer *packer)
{
	free(packer);
}

void
pack(struct packed *out, struct packer *packer, struct bytes message)
{
	int size = 0;

	if (message.size > 0 && message.size <= PACK_MESSAGE_BYTES) {
		char *text = packer->text + DICTIONARY_BYTES;

		packer->work = packer->ready;
		memcpy(text, message.data, message.size);
		size = LZ4_compress_fast_continue(
		    &packer->work, text, packer->body, (int)message.size, sizeof(packer->body), 1);
	}
	if (size <= 0 || (size_t)size >= message.size) {
		*out = (struct packed){ .head = { FORM_PLAIN }, .head_size = 1, .body = message };
		return;
	}
	*out = (struct packed){
		.head = { FORM_PACKED, (uint8_t)(message.size >> 8), (uint8_t)message.size },
		.head_size = PACK_HEAD_BYTES,
		.body = bytes_of(packer->body, (size_t)size),
	};
}

int
unpack(struct bytes *message, struct arena *arena, struct bytes packed)
{
	size_t size;
	char *room;
	int made;

	if (packed.size >= 1 && packed.data[0] == FORM_PLAIN) {
		*message = bytes_of(packed.data + 1, packed.size - 1);
		return 0;
	}
	if (packed.size <= PACK_HEAD_BYTES || packed.size > LZ4_COMPRESSBOUND(PACK_MESSAGE_BYTES) ||
	    packed.data[0] != FORM_PACKED)
		return PACK_E_DAMAGED;
	size = (size_t)packed.data[1] << 8 | packed.data[2];
	if (size > PACK_MESSAGE_BYTES)
		return PACK_E_DAMAGED;
	room = arena_alloc(arena, size);
	if (room == NULL)
		return -ENOMEM;
	made = LZ4_decompress_safe_usingDict((const char *)packed.data + PACK_HEAD_BYTES, room,
	    (int)(packed.size - PACK_HEAD_BYTES), (int)size, DICTIONARY, DICTIONARY_BYTES);
	if (made < 0 || (size_t)made != size)
		return PACK_E_DAMAGED;
	*message = bytes_of(room, size);
	return 0;
}
