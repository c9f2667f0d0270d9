/* Identifiers that are refused for good (R30): by keyed digests, for the values must be
 * gone. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_SUPPRESSED_H
#define ANAGRAPH_SERVER_GRAPH_SUPPRESSED_H

#include "server/graph/load.h"

/* Says of each identifier of the event whether it is refused. 0; -errno. */
int suppressed_load(bool *suppressed, const struct load *load);

/* Refuses the contact's personal identifiers from now on, aliases included. 0;
 * GRAPH_E_FULL; GRAPH_E_FAILED; -errno. */
int suppressed_put(struct graph *graph, struct bytes account, const struct contact *contact);

#endif
