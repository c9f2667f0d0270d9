/* The rows of a table whose keys begin alike, in order. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_SCAN_H
#define ANAGRAPH_SERVER_GRAPH_SCAN_H

#include "server/graph/environment.h"

struct scan {
	MDB_cursor *cursor;
	struct key prefix;
	bool begun;
};

/* Begins with the first row whose key begins with prefix; NULL for the whole table.
 * 0; -errno. */
int scan_begin(
    struct scan *scan, MDB_txn *txn, const struct graph *graph, enum table table, const struct key *prefix);

/* The next row, borrowed from the transaction. 0; GRAPH_E_ABSENT when there are no more;
 * -errno. Contract: the table is not written to between two calls. */
int scan_next(struct bytes *key, struct bytes *record, struct scan *scan);

/* Ends it; gives result back, or 0 for GRAPH_E_ABSENT: having reached the end is no
 * failure. */
int scan_end(struct scan *scan, int result);

#endif
