/* What taking a contact out of the store shares among its parts. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_ERASING_H
#define ANAGRAPH_SERVER_GRAPH_ERASING_H

#include "server/graph/read.h"

/* Ids or sequences, ascending, each once. */
struct id_list {
	uint64_t *ids;
	size_t count;
	size_t capacity;
};

/* An identifier that entries about the erased contact name. */
struct named_identifier {
	enum namespace_id namespace_id;
	struct bytes value;
	bool own; /* an entry about the contact itself names it, or that it lost it */
};

/* By namespace, then value, each once. */
struct named_list {
	struct named_identifier *items;
	size_t count;
	size_t capacity;
};

/* One erasing on its way. */
struct erasing {
	struct graph *graph;
	struct arena *arena;
	struct arena scratch; /* one journal entry's or kept answer's */
	const struct event *event;
	const struct changeset *changeset;
	struct graph_error *error;
	struct id_list erased;  /* the contact and all that lead to it */
	struct id_list related; /* contacts that share an entry with it, or named it */
	struct id_list seen;    /* the entries that have been gone through */
	struct named_list named;
	size_t creations; /* of the erased ids, that the journal still tells of */
};

/* 0; -ENOMEM. */
int id_list_add(struct id_list *list, struct arena *arena, uint64_t id);
bool id_list_has(const struct id_list *list, uint64_t id);

/* Whether an identifier is one that the erased contact had. */
bool erasing_holds(const struct erasing *erasing, enum namespace_id namespace_id, struct bytes value);

/* Adds a contact that is related to the erased one: with whom it has become part of, and
 * all that did. 0; GRAPH_E_DAMAGED with *error; -ENOMEM; -errno. */
int erasing_add_related(struct erasing *erasing, uint64_t contact_id);

/* Takes the erased contact out of the journal: entries that tell of nobody else go, the
 * others stay without its values; and its identifiers out of what is told of the related
 * contacts. 0; GRAPH_E_DAMAGED with *error; GRAPH_E_FULL; GRAPH_E_FAILED; -ENOMEM; -errno. */
int erasing_redact_journal(struct erasing *erasing);

/* Notes what an entry that tells of the erased contact names; own: it is about that. 0;
 * -ENOMEM. */
int erasing_note_named(struct erasing *erasing, const struct journal_entry *entry, bool own);

/* Takes the erased contact's identifiers out of the companions (N6) of all that they were
 * named together with, and those that it had once, and nobody has, out of the store. The same
 * outcomes as of erasing_redact_journal, after which it is called. */
int erasing_forget_companions(struct erasing *erasing);

/* The erasing of a changeset, but for what it says of other contacts, the account and the
 * journal's own entry. The same outcomes. */
int erase_apply(struct graph *graph, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error);

#endif
