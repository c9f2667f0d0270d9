/* Loading what is known around an event or act. Private to graph/.
 *
 * Everything is copied out of the store: a page of the transaction may be written to as
 * soon as the event is applied, while the decision and the answer still speak of what it
 * held. All: 0; GRAPH_E_DAMAGED with *error naming the record; -ENOMEM; -errno. */
#ifndef ANAGRAPH_SERVER_GRAPH_LOAD_H
#define ANAGRAPH_SERVER_GRAPH_LOAD_H

#include "server/graph/read.h"

/* One loading on its way. */
struct load {
	const struct graph *graph;
	MDB_txn *txn; /* what it sees */
	struct arena *arena;
	const struct event *event;
	struct graph_error *error;
	struct neighbourhood known;
	size_t contact_capacity;

	bool keeps_messages;
	struct bytes *messages; /* beside known.contacts: each as it is stored */
	size_t message_capacity;
};

/* Begins with all but the account's numbers; and with them. */
void load_init(struct load *load, const struct graph *graph, MDB_txn *txn, struct arena *arena,
    const struct event *event, struct graph_error *error);
int load_begin(struct load *load, const struct graph *graph, MDB_txn *txn, struct arena *arena,
    const struct event *event, struct graph_error *error);

/* The owner of an identifier, 0 for nobody. */
int load_owner(uint64_t *contact_id, struct load *load, enum namespace_id namespace_id, struct bytes value);

/* Loads a contact, with its dismissals, once, into its place among the others; besides,
 * GRAPH_E_ABSENT when the id is no contact's. *contact, which may be NULL, stays where it
 * is until the next one is loaded. */
int load_contact(struct contact **contact, struct load *load, uint64_t contact_id);

/* The same for the owner of an identifier, who must be there and hold it. */
int load_holder(struct load *load, uint64_t contact_id, enum namespace_id namespace_id, struct bytes value);

#endif
