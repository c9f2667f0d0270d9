/* A cursor that knows where to stop. */
#include "server/graph/scan.h"

#include <errno.h>

int
scan_begin(
    struct scan *scan, MDB_txn *txn, const struct graph *graph, enum table table, const struct key *prefix)
{
	int result = environment_result(mdb_cursor_open(txn, graph->tables[table], &scan->cursor));

	scan->begun = false;
	scan->prefix.size = 0;
	if (prefix != NULL)
		scan->prefix = *prefix;
	return result > 0 ? -EIO : result;
}

int
scan_next(struct bytes *key, struct bytes *record, struct scan *scan)
{
	MDB_cursor_op first = scan->prefix.size == 0 ? MDB_FIRST : MDB_SET_RANGE;
	MDB_val at = val_of(key_bytes(&scan->prefix));
	MDB_val found;
	int result =
	    environment_result(mdb_cursor_get(scan->cursor, &at, &found, scan->begun ? MDB_NEXT : first));

	scan->begun = true;
	if (result != 0)
		return result > GRAPH_E_ABSENT ? -EIO : result;
	if (at.mv_size < scan->prefix.size || memcmp(at.mv_data, scan->prefix.data, scan->prefix.size) != 0)
		return GRAPH_E_ABSENT;
	*key = bytes_of_val(&at);
	*record = bytes_of_val(&found);
	return 0;
}

int
scan_end(struct scan *scan, int result)
{
	mdb_cursor_close(scan->cursor);
	return result == GRAPH_E_ABSENT ? 0 : result;
}
