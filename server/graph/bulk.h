/* A store made at once: contacts that nobody knows yet, put in the order of their keys, at
 * the speed of the disk rather than of single writes. What it holds is what a service would
 * have stored that had been told the same events one after the other, journal and indices
 * included: the same code writes each record.
 *
 * What always holds: there is no store under the name until graph_bulk_finish has returned
 * 0, and then it is whole and durable. One thread. */
#ifndef ANAGRAPH_SERVER_GRAPH_BULK_H
#define ANAGRAPH_SERVER_GRAPH_BULK_H

#include "server/graph/graph.h"

struct graph_bulk;

/* Begins a store in a data directory that has none; options are those of graph_open.
 * 0; GRAPH_E_REFUSED; -errno; *error says why. Give it to graph_bulk_finish or
 * graph_bulk_destroy. */
int graph_bulk_create(
    struct graph_bulk **out, const struct graph_options *options, struct graph_error *error);

/* Takes in a changeset that makes one new contact and does nothing else. Contract: accounts come
 * in the order of their names' bytes, each all at once, and the ids and journal sequences of each ascend; no
 * identifier comes twice in one account. What comes out of order is found out: here or by
 * graph_bulk_finish. Nothing is kept of the arguments. 0; GRAPH_E_REFUSED; GRAPH_E_FULL;
 * -errno; *error says why, and the store is then to be given up. */
int graph_bulk_apply(struct graph_bulk *bulk, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error);

/* Puts what had to be sorted, and makes the store the directory's. Takes bulk over, whatever
 * comes of it. progress, unless it is NULL, is told now and then how many rows of how many
 * have been put. The same outcomes. */
int graph_bulk_finish(struct graph_bulk *bulk, void (*progress)(void *context, uint64_t done, uint64_t total),
    void *context, struct graph_error *error);

/* Gives it up and removes what was made; accepts NULL. */
void graph_bulk_destroy(struct graph_bulk *bulk);

#endif
