/* Where rows were last seen, so that most of them are found without going down a tree.
 * Private to graph/.
 *
 * What is kept is a guess, of which three things hold. It is never used once the row has
 * been written since, for whoever writes says so before that can be seen. A row may have
 * moved meanwhile, and its old place hold anything: so what is found is copied first, and is
 * the row's only if its checksum, which is over key and value, says so. And the old place may
 * hold what the row was once, left over in a page that is used again: so a part of the
 * checksum that it had when it was noted is kept, and compared as well. A guess that is none
 * costs a look, never an answer. */
#ifndef ANAGRAPH_SERVER_GRAPH_PLACES_H
#define ANAGRAPH_SERVER_GRAPH_PLACES_H

#include "base/bytes.h"

struct places;

/* A row that is longer is not worth a copy; one that is shorter than its checksum is none. */
enum { PLACE_ROW_BYTES = 2048, PLACE_CHECKSUM_BYTES = 8 };

/* Where a row may lie, and what must be true of it. */
struct place_guess {
	struct bytes row;
	uint32_t version;
};

/* Makes room for about so many rows, and no more than limit_bytes; txn is the number of the
 * last transaction. 0; -ENOMEM. */
int places_create(struct places **out, uint64_t row_count, uint64_t limit_bytes, uint64_t txn);
void places_destroy(struct places *places); /* accepts NULL */

/* How much memory it may come to take. */
uint64_t places_bytes(const struct places *places);

/* Where the row whose key has this hash may lie, for a transaction that sees the store as
 * number txn left it. What lies there may change at any moment. Any thread. */
bool places_find(struct place_guess *guess, const struct places *places, uint64_t hash, uint64_t txn);

/* Whether a copy of what places_find gave may be used, if its checksum is right: it is the
 * version that was noted, and the row has not been written meanwhile. */
bool places_hold(const struct places *places, uint64_t hash, uint64_t txn, const struct place_guess *guess,
    struct bytes copy);

/* Keeps where a reader of number txn found it, checksum first, up to PLACE_ROW_BYTES. Any
 * thread. */
void places_note(struct places *places, uint64_t hash, uint64_t txn, struct bytes row);

/* Transaction number txn, which is not committed yet, writes the row. The committer's
 * thread. */
void places_forget(struct places *places, uint64_t hash, uint64_t txn);

/* Begins to bring near what places_find looks at. Any thread. */
void places_expect(const struct places *places, uint64_t hash);

#endif
