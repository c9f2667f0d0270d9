/* The store written anew. A page that LMDB has freed keeps what it held until it is used
 * again, and a copy of its file keeps the page; so the records are copied, into a store that
 * never had any others.
 *
 * What always holds: the directory has a whole store under its name. The new one is made
 * aside, synced and checked, and the two change places in one step; what lies aside, new or
 * old, is swept away when the directory is opened next. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "server/graph/environment.h"
#include "server/graph/outcome.h"

/* How much goes into one transaction: it is held in memory. */
enum { CHUNK_BYTES = 64 * 1024 * 1024 };

/* One compaction on its way. */
struct compaction {
	struct graph *from;
	struct graph *to;
	MDB_txn *from_txn;
	MDB_txn *to_txn;
	MDB_cursor *to_cursor;
	size_t chunk_bytes;
	uint64_t records;
	struct graph_error *error;
};

static int
say_code(struct compaction *compaction, int code, const char *what)
{
	int result = environment_result(code);

	outcome_say(compaction->error, 0, "%s: %s", what, mdb_strerror(code));
	return result < 0 || result == GRAPH_E_FULL ? result : GRAPH_E_REFUSED;
}

/* Begins a transaction of the new store's, and a cursor in it. LMDB's code. */
static int
begin_chunk(struct compaction *compaction, enum table table)
{
	int code = mdb_txn_begin(compaction->to->env, NULL, 0, &compaction->to_txn);

	if (code != 0) {
		compaction->to_txn = NULL;
		return code;
	}
	compaction->chunk_bytes = 0;
	return mdb_cursor_open(compaction->to_txn, compaction->to->tables[table], &compaction->to_cursor);
}

/* Commits it; a cursor of a transaction that writes goes with it. LMDB's code. */
static int
commit_chunk(struct compaction *compaction)
{
	int code;

	mdb_cursor_close(compaction->to_cursor);
	code = mdb_txn_commit(compaction->to_txn);
	compaction->to_txn = NULL;
	return code;
}

/* Copies the records of a table, in their order: the new pages are filled one after the
 * other. LMDB's code. */
static int
copy_records(struct compaction *compaction, enum table table, MDB_cursor *from)
{
	MDB_val key;
	MDB_val value;
	int code = begin_chunk(compaction, table);

	while (code == 0 && (code = mdb_cursor_get(from, &key, &value, MDB_NEXT)) == 0) {
		if (compaction->chunk_bytes >= CHUNK_BYTES) {
			code = commit_chunk(compaction);
			if (code == 0)
				code = begin_chunk(compaction, table);
			if (code != 0)
				return code;
		}
		code = mdb_cursor_put(compaction->to_cursor, &key, &value, MDB_APPEND);
		compaction->chunk_bytes += key.mv_size + value.mv_size;
		compaction->records++;
	}
	return code == MDB_NOTFOUND ? commit_chunk(compaction) : code;
}

static int
copy_table(struct compaction *compaction, enum table table)
{
	MDB_cursor *from;
	int code = mdb_cursor_open(compaction->from_txn, compaction->from->tables[table], &from);

	if (code == 0) {
		code = copy_records(compaction, table, from);
		mdb_cursor_close(from);
	}
	if (compaction->to_txn != NULL)
		mdb_txn_abort(compaction->to_txn);
	compaction->to_txn = NULL;
	return code == 0 ? 0 : say_code(compaction, code, "the new store can't be written");
}

/* The new store's tables, empty. */
static int
make_tables(struct compaction *compaction, const char *path)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(compaction->to->env, NULL, 0, &txn);
	int result;

	if (code != 0)
		return say_code(compaction, code, "no transaction can begin in the new store");
	result = environment_open_tables(
	    compaction->to, txn, TABLE_META, TABLE_COUNT - 1, MDB_CREATE, path, compaction->error);
	if (result != 0) {
		mdb_txn_abort(txn);
		return result;
	}
	code = mdb_txn_commit(txn);
	return code == 0 ? 0 : say_code(compaction, code, "the new store can't be written");
}

static int
copy_store(struct compaction *compaction, const char *path)
{
	int code;
	int result = make_tables(compaction, path);

	if (result != 0)
		return result;
	code = mdb_txn_begin(compaction->from->env, NULL, MDB_RDONLY, &compaction->from_txn);
	if (code != 0)
		return say_code(compaction, code, "no transaction can begin in the store");
	for (unsigned table = TABLE_META; result == 0 && table < TABLE_COUNT; table++)
		result = copy_table(compaction, (enum table)table);
	mdb_txn_abort(compaction->from_txn);
	return result;
}

/* What was copied is what was there, and all of it is sound: a damaged record must be seen
 * while the store that had it can still be looked at. */
static int
check_copy(struct compaction *compaction)
{
	struct graph_report report;
	struct graph_error fault;
	int result = graph_check(&report, compaction->to, &fault);

	if (result != 0)
		return outcome_say(compaction->error, result == GRAPH_E_DAMAGED ? GRAPH_E_REFUSED : result,
		    "the store is damaged, and stays as it is: %.*s", GRAPH_MESSAGE_BYTES - 128,
		    fault.message);
	return 0;
}

/* Fills a new store at a path from the one that is open. */
static int
make_copy(
    struct compaction *compaction, const struct directory_path *made, const struct graph_options *options)
{
	struct graph to = { .reader_limit = 1 };
	int result;

	compaction->to = &to;
	result = environment_open(&to, made->path, options, 0, compaction->error);
	if (result == 0)
		result = copy_store(compaction, made->path);
	if (result == 0)
		result = check_copy(compaction);
	environment_close(&to);
	compaction->to = NULL;
	return result;
}

/* The store is open, and nobody else has it. */
static int
compact(struct graph_compaction *out, struct graph *graph, const struct graph_options *options,
    struct graph_error *error)
{
	struct compaction compaction = { .from = graph, .error = error };
	struct graph_compaction done = { 0 };
	struct directory_path store;
	struct directory_path made;
	int result = directory_find_store(&store, &graph->directory, error);

	if (result == 0)
		result = directory_claim_store(&graph->directory, error);
	if (result == 0)
		result = directory_store_bytes(&done.before_bytes, &store, error);
	if (result == 0)
		result = directory_begin_store(&made, &graph->directory, error);
	if (result != 0)
		return result;
	result = make_copy(&compaction, &made, options);
	if (result == 0)
		result = directory_store_bytes(&done.after_bytes, &made, error);
	environment_close(graph);
	if (result != 0) {
		directory_drop_store(&graph->directory, &made);
		return result;
	}
	result = directory_replace_store(&graph->directory, &made, error);
	if (result != 0)
		return result;
	done.records = compaction.records;
	*out = done;
	return 0;
}

int
graph_compact(struct graph_compaction *out, const struct graph_options *options, struct graph_error *error)
{
	struct graph_options opened = *options;
	struct graph *graph;
	int result;

	if (!graph_is_there(options->data_dir))
		return outcome_say(error, GRAPH_E_REFUSED, "%s has no store", options->data_dir);
	opened.without_key = true;
	opened.only_readers = false;
	result = graph_open(&graph, &opened, error);
	if (result != 0)
		return result;
	result = compact(out, graph, &opened, error);
	graph_close(graph);
	return result;
}
