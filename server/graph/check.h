/* What the two halves of a check share: accounts with all that lies under them, and the
 * rows of the other tables, each by itself. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_CHECK_H
#define ANAGRAPH_SERVER_GRAPH_CHECK_H

#include "server/graph/read.h"

/* One check on its way. */
struct check {
	const struct graph *graph;
	MDB_txn *txn;
	struct arena arena; /* one record's */
	struct graph_report report;
	uint64_t dismissed_count; /* contacts that have dismissals */
	uint64_t offered_count;   /* rows that the open secondaries of all contacts have */
	uint64_t offered_owner_count;
	uint64_t index_count;           /* rows that all contacts have */
	uint64_t suppressed_count;      /* rows that lie under an account */
	uint64_t journal_mark_count;    /* rows that list a journal entry under a contact */
	uint64_t request_contact_count; /* rows that the answers kept have */
	struct graph_error *error;
};

/* A fault in a row whose key tells no more than its account, if that. */
int check_damaged_row(struct check *check, enum table table, struct bytes key, const char *what);

/* Whether a row is there, whatever its value. 0; GRAPH_E_ABSENT; -errno. */
int check_find(const struct check *check, enum table table, const struct key *key);

/* What lists an entry of the journal under a contact: both are there. */
int check_journal_mark(struct check *check, struct bytes account, uint64_t contact_id, uint64_t sequence);

/* Every row of the tables that are not gone through by account, and how many rows those
 * have that are. */
int check_tables(struct check *check);

#endif
