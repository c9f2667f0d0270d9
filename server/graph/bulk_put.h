/* Where records go while a store is made at once: write.c gives them to these instead of
 * LMDB. Private to graph/. 0; GRAPH_E_REFUSED when one comes out of order; GRAPH_E_FULL;
 * -errno. */
#ifndef ANAGRAPH_SERVER_GRAPH_BULK_PUT_H
#define ANAGRAPH_SERVER_GRAPH_BULK_PUT_H

#include "server/graph/bulk.h"
#include "server/graph/records.h"

/* A record whose value is head and body, and one that is nothing but its key. */
int bulk_put(
    struct graph_bulk *bulk, enum table table, const struct key *key, struct bytes head, struct bytes body);
int bulk_put_mark(struct graph_bulk *bulk, enum table table, const struct key *key);

#endif
