/* Which contacts there are of each class, of each class that can be reached one way, and
 * on each list: one row each, so that a listing reads no contact that it does not show
 * (R5, R6, R7). Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_INDEX_H
#define ANAGRAPH_SERVER_GRAPH_INDEX_H

#include "server/graph/graph.h"
#include "server/graph/keys.h"

/* How many places for rows a contact has, and the row that belongs into one. False where
 * it has none. */
size_t index_place_count(const struct contact *contact);
bool index_key(struct key *key, struct bytes account, const struct contact *contact, size_t place);

/* Brings the rows of a contact up to date: before is NULL for one that is new, after for
 * one that is no more. 0; GRAPH_E_FULL; GRAPH_E_FAILED; -errno. */
int index_update(
    struct graph *graph, struct bytes account, const struct contact *before, const struct contact *after);

#endif
