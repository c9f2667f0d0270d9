/* The open store: its LMDB environment, tables and the way from LMDB's codes to ours.
 * Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_ENVIRONMENT_H
#define ANAGRAPH_SERVER_GRAPH_ENVIRONMENT_H

#include <lmdb.h>
#include <stdatomic.h>

#include "server/graph/directory.h"
#include "server/graph/graph.h"
#include "server/graph/pack.h"
#include "server/graph/places.h"
#include "server/graph/records.h"

struct graph {
	struct directory directory;
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	unsigned page_bytes;
	unsigned reader_limit;
	atomic_uint reader_count;
	struct digest_key key;
	struct places *places; /* NULL where others may write */

	/* The committer's. */
	struct packer *packer;
	MDB_txn *_Atomic txn;    /* which readers compare with their own, too */
	bool changed;            /* the transaction has written something */
	bool failed;             /* a commit failed */
	uint64_t budget_bytes;   /* what the transaction may still write for all the disk has room for */
	struct graph_bulk *bulk; /* takes all that is written while a store is made at once; else NULL */
};

struct graph_reader {
	struct graph *graph;
	MDB_txn *txn;
	struct arena arena; /* for what is not borrowed from the map; until graph_read_end */

	/* The numbers of the account that was asked for last, until graph_read_end. */
	struct account numbers;
	uint8_t numbered[LIMIT_ACCOUNT_BYTES]; /* the account */
	size_t numbered_size;                  /* 0 for none */
};

/* LMDB's code as one of ours: 0; GRAPH_E_ABSENT; GRAPH_E_FULL; GRAPH_E_DAMAGED for a
 * page that can't be one; GRAPH_E_FAILED; -errno. */
int environment_result(int code);

/* Opens the LMDB environment in a directory; flags are LMDB's, besides ours. It is to be
 * closed whatever this gives. 0; GRAPH_E_REFUSED; -errno; *error says why. */
int environment_open(struct graph *graph, const char *path, const struct graph_options *options,
    unsigned flags, struct graph_error *error);
void environment_close(struct graph *graph);

/* Makes an environment in a new store's directory, with all that a new store has, and leaves
 * it open. It is to be closed whatever this gives. The same outcomes. */
int environment_make(struct graph *graph, const struct directory_path *made,
    const struct graph_options *options, struct graph_error *error);

/* Opens the tables from first to last, in a transaction; flags are LMDB's. The same
 * outcomes. */
int environment_open_tables(struct graph *graph, MDB_txn *txn, enum table first, enum table last,
    unsigned flags, const char *path, struct graph_error *error);

/* The value under a key as a transaction sees it, borrowed from the transaction.
 * 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED, naming nothing; -errno. */
int table_get(
    struct bytes *value, MDB_txn *txn, const struct graph *graph, enum table table, const struct key *key);

/* The same, by the place where the row was last seen if it is still there; then it is borrowed
 * from the arena. arena may be NULL: the table alone is looked at. */
int row_get(struct bytes *value, MDB_txn *txn, const struct graph *graph, struct arena *arena,
    enum table table, const struct key *key);

static inline MDB_val
val_of(struct bytes bytes)
{
	/* LMDB's keys and values are not const, yet it does not write to them. */
	return (MDB_val){ bytes.size, (void *)(uintptr_t)bytes.data };
}

static inline struct bytes
bytes_of_val(const MDB_val *val)
{
	return bytes_of(val->mv_data, val->mv_size);
}

#endif
