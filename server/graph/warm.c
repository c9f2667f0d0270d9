/* Reading ahead of readers: once through the rows that they look for, in the order in which
 * they lie, which costs a hundredth of coming upon each by itself. It brings the file's pages
 * near and keeps the place of each row; a row that is changed meanwhile is left to whoever
 * reads it. */
#include "server/graph/environment.h"
#include "server/graph/scan.h"

#include <errno.h>

/* A snapshot is held no longer than over so many rows. */
enum { ROWS_A_SNAPSHOT = 4096 };

/* The next rows of a table, from a key on, which is then that of the row after them. 0;
 * GRAPH_E_ABSENT at the end; -errno. */
static int
warm_some(struct key *from, struct graph_reader *reader, enum table table)
{
	const struct graph *graph = reader->graph;
	uint64_t txn = graph_reader_txn(reader);
	MDB_val key = val_of(key_bytes(from));
	MDB_val row;
	MDB_cursor *cursor;
	int result = environment_result(mdb_cursor_open(reader->txn, graph->tables[table], &cursor));

	if (result != 0)
		return result < 0 ? result : -EIO;
	result = mdb_cursor_get(cursor, &key, &row, from->size == 0 ? MDB_FIRST : MDB_SET_RANGE);
	for (unsigned i = 0; result == 0 && i < ROWS_A_SNAPSHOT; i++) {
		/* Nothing but a key: the journal's entries of a contact, which nobody looks up. */
		if (row.mv_size > 0)
			places_note(
			    graph->places, record_hash(table, bytes_of_val(&key)), txn, bytes_of_val(&row));
		result = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	result = environment_result(result);
	if (result == 0 && key.mv_size <= sizeof(from->data)) {
		memcpy(from->data, key.mv_data, key.mv_size);
		from->size = key.mv_size;
	}
	mdb_cursor_close(cursor);
	return result > GRAPH_E_ABSENT ? -EIO : result;
}

int
graph_warm(struct graph *graph, const atomic_bool *stop)
{
	static const enum table tables[] = { TABLE_IDENTIFIER, TABLE_CONTACT };
	struct graph_reader *reader = NULL;
	int result;

	if (graph->places == NULL)
		return 0;
	result = graph_reader_create(&reader, graph);
	for (size_t i = 0; result == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct key from = { .size = 0 };

		while (result == 0 && !atomic_load(stop)) {
			result = graph_read_begin(reader);
			if (result != 0)
				break;
			result = warm_some(&from, reader, tables[i]);
			graph_read_end(reader);
		}
		if (result == GRAPH_E_ABSENT)
			result = 0;
	}
	graph_reader_destroy(reader);
	return result > 0 ? 0 : result;
}
