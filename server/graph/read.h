/* Reading single records, in any transaction. Private to graph/.
 *
 * All: 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED with *error naming the record; -errno. What
 * they give is borrowed from the transaction. */
#ifndef ANAGRAPH_SERVER_GRAPH_READ_H
#define ANAGRAPH_SERVER_GRAPH_READ_H

#include "server/graph/environment.h"
#include "server/wire/messages.h"

/* An identifier's row: its owner, 0 for nobody, and its companions as record_identifier
 * gives them. */
int read_identifier(uint64_t *owner_id, struct bytes *companions, MDB_txn *txn, const struct graph *graph,
    struct bytes account, enum namespace_id namespace_id, struct bytes value, struct graph_error *error);

/* GRAPH_E_ABSENT also for one that nobody owns. */
int read_owner(uint64_t *contact_id, MDB_txn *txn, const struct graph *graph, struct bytes account,
    enum namespace_id namespace_id, struct bytes value, struct graph_error *error);

/* A record of TABLE_CONTACT: a contact, packed, or an encoded forward. */
int read_contact(enum contact_kind *kind, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct bytes account, uint64_t contact_id, struct graph_error *error);

/* The same, by the places where the rows were last seen: what they give may be borrowed from
 * the arena instead. A contact is unpacked: also -ENOMEM. */
int recall_identifier(uint64_t *owner_id, struct bytes *companions, MDB_txn *txn, const struct graph *graph,
    struct arena *arena, struct bytes account, enum namespace_id namespace_id, struct bytes value,
    struct graph_error *error);
int recall_owner(uint64_t *contact_id, MDB_txn *txn, const struct graph *graph, struct arena *arena,
    struct bytes account, enum namespace_id namespace_id, struct bytes value, struct graph_error *error);
int recall_contact(enum contact_kind *kind, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct arena *arena, struct bytes account, uint64_t contact_id, struct graph_error *error);

/* The forward of a contact that must be one. An absent one is damaged. */
int read_forward(struct forward *forward, MDB_txn *txn, const struct graph *graph, struct bytes account,
    uint64_t contact_id, struct graph_error *error);

/* An encoded anagraph.store.v1.Dismissals. */
int read_dismissals(struct bytes *message, MDB_txn *txn, const struct graph *graph, struct bytes account,
    uint64_t contact_id, struct graph_error *error);

/* GRAPH_E_ABSENT is never given: a missing account is all zeros. */
int read_account(struct account *out, MDB_txn *txn, const struct graph *graph, struct bytes account,
    struct graph_error *error);

/* The same for readers, without looking where the account is the one of the call before with the
 * same snapshot. */
int recall_account(
    struct account *out, struct graph_reader *reader, struct bytes account, struct graph_error *error);

#endif
