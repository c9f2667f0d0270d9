/* Messages as they are stored: with what repeats in them, and what most of them have, said
 * shorter (LZ4, with a dictionary that is part of the store's format). Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_PACK_H
#define ANAGRAPH_SERVER_GRAPH_PACK_H

#include "base/arena.h"

struct packer;

/* A longer message is stored as it is: it may be borrowed from the map when it is read, so that
 * many of them at once take no memory. */
enum { PACK_MESSAGE_BYTES = 4096, PACK_HEAD_BYTES = 3 };

enum pack_outcome {
	PACK_E_DAMAGED = 1, /* no packed message */
};

/* One packer for each thread that writes. 0; -ENOMEM. */
int packer_create(struct packer **out);
void packer_destroy(struct packer *packer); /* accepts NULL */

/* A packed message, in two parts. */
struct packed {
	uint8_t head[PACK_HEAD_BYTES];
	size_t head_size;
	struct bytes body; /* the packer's until it is next used, or the message */
};

void pack(struct packed *out, struct packer *packer, struct bytes message);

/* The message, from the arena or borrowed from what is stored. 0; PACK_E_DAMAGED; -ENOMEM. Any
 * thread. */
int unpack(struct bytes *message, struct arena *arena, struct bytes packed);

#endif
