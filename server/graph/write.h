/* Writing single records in the committer's transaction. Private to graph/.
 *
 * On anything but 0 the transaction must be aborted. 0; GRAPH_E_FULL; GRAPH_E_FAILED;
 * -errno. */
#ifndef ANAGRAPH_SERVER_GRAPH_WRITE_H
#define ANAGRAPH_SERVER_GRAPH_WRITE_H

#include "server/graph/graph.h"
#include "server/graph/records.h"

/* Puts a value, with its checksum before it. */
int table_put(struct graph *graph, enum table table, const struct key *key, struct bytes value);

/* The same for a value in two parts, neither of which may lie in a page of the
 * transaction. */
int table_put_parts(
    struct graph *graph, enum table table, const struct key *key, struct bytes head, struct bytes body);

/* The same in TABLE_CONTACT, with its kind before it and a contact packed. */
int table_put_contact(
    struct graph *graph, const struct key *key, enum contact_kind kind, struct bytes message);

/* The same in TABLE_JOURNAL, packed. */
int table_put_journal(struct graph *graph, const struct key *key, struct bytes message);

/* Puts a row that is nothing but its key. */
int table_put_mark(struct graph *graph, enum table table, const struct key *key);

/* Takes a row away; one that is not there is no fault. */
int table_delete(struct graph *graph, enum table table, const struct key *key);

/* The same for a row that is nothing but its key: of such no reader remembers a place. */
int table_delete_mark(struct graph *graph, enum table table, const struct key *key);

#endif
