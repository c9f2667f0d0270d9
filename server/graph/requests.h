/* What erasing a contact does to answers that are kept (R30). Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_REQUESTS_H
#define ANAGRAPH_SERVER_GRAPH_REQUESTS_H

#include "server/graph/graph.h"

/* Takes away every answer that tells of a contact; with named, not NULL, only those that
 * tell one of its identifiers. What is left of each is that it was given, until it expires.
 * scratch is what decoding one answer may take. 0; GRAPH_E_DAMAGED with *error;
 * GRAPH_E_FULL; GRAPH_E_FAILED; -ENOMEM; -errno. */
int requests_erase(struct graph *graph, struct arena *arena, struct arena *scratch, struct bytes account,
    uint64_t contact_id, const struct contact *named, struct graph_error *error);

#endif
