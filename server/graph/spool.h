/* Rows that come in any order and go out in that of their keys, however many: what fits
 * into its memory is sorted there, in a thread beside, and put aside in a file without a
 * name; in the end all such runs are merged. Private to graph/. One thread uses it. */
#ifndef ANAGRAPH_SERVER_GRAPH_SPOOL_H
#define ANAGRAPH_SERVER_GRAPH_SPOOL_H

#include "base/bytes.h"

struct spool;

/* directory is where files are made. 0; -errno. */
int spool_create(struct spool **out, const char *directory, size_t memory_bytes);
void spool_destroy(struct spool *spool); /* accepts NULL */

/* Takes in a row; its value is head and body. Key and value are each below 64 KiB, and both
 * fit into memory_bytes. 0; -errno. */
int spool_add(struct spool *spool, struct bytes key, struct bytes head, struct bytes body);

/* No more come: after it spool_next gives them. 0; -errno. */
int spool_finish(struct spool *spool);

/* How many have been taken in. */
uint64_t spool_count(const struct spool *spool);

enum spool_outcome {
	SPOOL_E_END = 1, /* that was the last */
};

/* The next row, borrowed until the one after it. 0; SPOOL_E_END; -errno. */
int spool_next(struct bytes *key, struct bytes *value, struct spool *spool);

#endif
