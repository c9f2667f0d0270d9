/* Which contacts have an open secondary that names an identifier, or a contact as its
 * owner: found from the other side when that is erased (R30). Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_OFFERED_H
#define ANAGRAPH_SERVER_GRAPH_OFFERED_H

#include "server/graph/graph.h"
#include "server/graph/keys.h"

/* The rows of one secondary. False where it has none. */
bool offered_key(
    struct key *key, struct bytes account, uint64_t contact_id, const struct secondary *secondary);
bool offered_owner_key(
    struct key *key, struct bytes account, uint64_t contact_id, const struct secondary *secondary);

/* Brings the rows of a contact up to date: before is NULL for one that is new, after for
 * one that is no more. 0; GRAPH_E_FULL; GRAPH_E_FAILED; -errno. */
int offered_update(
    struct graph *graph, struct bytes account, const struct contact *before, const struct contact *after);

#endif
