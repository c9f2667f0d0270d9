/* The committer's transaction, and the one place where it is decided that something is
 * durable. The first commit that fails is the last: what the disk then holds nobody
 * knows until the whole store has been read again. */
#include "server/graph/write.h"

#include <assert.h>
#include <errno.h>

#include "server/graph/bulk_put.h"
#include "server/graph/environment.h"
#include "server/graph/outcome.h"

/* Less than a transaction's worth of free space: a write that came out short, which the
 * system reports as EIO, was one for which there was no room. */
static const uint64_t LITTLE_SPACE_BYTES = UINT64_C(1) << 20;

/* What one record may make a transaction write besides itself: the pages down to it, one
 * that is split, and what the list of free pages takes. */
enum { PAGES_BESIDE_A_RECORD = 4 };

static unsigned
percent_of(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 100;
	return part >= whole ? 100 : (unsigned)((double)part * 100 / (double)whole);
}

unsigned
graph_used_percent(const struct graph *graph)
{
	uint64_t free_bytes = directory_free_bytes(&graph->directory);
	MDB_envinfo info = { 0 };
	uint64_t used_bytes;
	unsigned of_map;
	unsigned of_disk = 0;

	if (mdb_env_info(graph->env, &info) != 0)
		return 100;
	used_bytes = ((uint64_t)info.me_last_pgno + 1) * graph->page_bytes;
	of_map = percent_of(used_bytes, info.me_mapsize);
	if (free_bytes <= UINT64_MAX - used_bytes)
		of_disk = percent_of(used_bytes, used_bytes + free_bytes);
	return of_map > of_disk ? of_map : of_disk;
}

/* What a transaction may write before the disk could run full. A disk that holds all that
 * the map has room for sets no bound: that the map is full shows before anything is
 * written. */
static uint64_t
budget_bytes(const struct graph *graph)
{
	uint64_t free_bytes = directory_free_bytes(&graph->directory);
	MDB_envinfo info = { 0 };

	if (mdb_env_info(graph->env, &info) != 0)
		return 0;
	if (info.me_mapsize - ((uint64_t)info.me_last_pgno + 1) * graph->page_bytes <= free_bytes)
		return UINT64_MAX;
	return free_bytes;
}

/* Begins with a budget that has been set. */
static int
begin(struct graph *graph)
{
	MDB_txn *txn = NULL;
	int code = mdb_txn_begin(graph->env, NULL, 0, &txn);

	graph->changed = false;
	if (code == 0)
		graph->txn = txn;
	return environment_result(code);
}

int
graph_write_begin(struct graph *graph)
{
	assert(graph->txn == NULL);
	if (graph->failed)
		return GRAPH_E_FAILED;
	if (graph_used_percent(graph) >= LIMIT_STORE_WRITE_PERCENT)
		return GRAPH_E_FULL;
	graph->budget_bytes = budget_bytes(graph);
	return graph->budget_bytes < LIMIT_STORE_RESERVE_BYTES ? GRAPH_E_FULL : begin(graph);
}

/* What ordinary writes leave free is for this one. */
int
graph_erase_begin(struct graph *graph)
{
	assert(graph->txn == NULL);
	if (graph->failed)
		return GRAPH_E_FAILED;
	graph->budget_bytes = budget_bytes(graph);
	return begin(graph);
}

/* A code of a write: there is another word for "no room" than ENOSPC. */
static int
write_result(const struct graph *graph, int code)
{
	int result = environment_result(code);

	if (result == -EIO && directory_free_bytes(&graph->directory) < LITTLE_SPACE_BYTES)
		return GRAPH_E_FULL;
	return result == GRAPH_E_DAMAGED ? -EBADMSG : result;
}

/* Takes what a record of this size may cost from what the disk has room for. A disk that
 * runs full under a commit makes it the last one, so it is never come to. 0;
 * GRAPH_E_FULL. */
static int
spend(struct graph *graph, size_t size)
{
	uint64_t cost = size + (uint64_t)PAGES_BESIDE_A_RECORD * graph->page_bytes;

	graph->changed = true;
	if (graph->budget_bytes == UINT64_MAX)
		return 0;
	if (graph->budget_bytes < cost)
		return GRAPH_E_FULL;
	graph->budget_bytes -= cost;
	return 0;
}

/* Says of a row that it is written, before it is. */
static void
note_change(const struct graph *graph, enum table table, const struct key *key)
{
	if (graph->places != NULL && (table == TABLE_IDENTIFIER || table == TABLE_CONTACT))
		places_forget(graph->places, record_hash(table, key_bytes(key)), mdb_txn_id(graph->txn));
}

/* Has room for a record made in the transaction, and puts the value together there:
 * it is copied once. */
int
table_put_parts(
    struct graph *graph, enum table table, const struct key *key, struct bytes head, struct bytes body)
{
	MDB_val name = val_of(key_bytes(key));
	MDB_val room = { RECORD_CHECKSUM_BYTES + head.size + body.size, NULL };
	uint8_t *value;
	int code;

	if (graph->bulk != NULL)
		return bulk_put(graph->bulk, table, key, head, body);
	code = spend(graph, room.mv_size);
	if (code != 0)
		return code;
	note_change(graph, table, key);
	code = mdb_put(graph->txn, graph->tables[table], &name, &room, MDB_RESERVE);
	if (code != 0)
		return write_result(graph, code);
	value = (uint8_t *)room.mv_data + RECORD_CHECKSUM_BYTES;
	if (head.size > 0)
		memcpy(value, head.data, head.size);
	if (body.size > 0)
		memcpy(value + head.size, body.data, body.size);
	record_seal(room.mv_data, table, key_bytes(key), bytes_of(value, head.size + body.size));
	return 0;
}

int
table_put(struct graph *graph, enum table table, const struct key *key, struct bytes value)
{
	return table_put_parts(graph, table, key, (struct bytes){ NULL, 0 }, value);
}

int
table_put_contact(struct graph *graph, const struct key *key, enum contact_kind kind, struct bytes message)
{
	uint8_t head[1 + PACK_HEAD_BYTES] = { (uint8_t)kind };
	struct packed packed = { .head_size = 0, .body = message };

	if (kind == KIND_CONTACT)
		pack(&packed, graph->packer, message);
	memcpy(head + 1, packed.head, packed.head_size);
	return table_put_parts(graph, TABLE_CONTACT, key, bytes_of(head, 1 + packed.head_size), packed.body);
}

int
table_put_journal(struct graph *graph, const struct key *key, struct bytes message)
{
	struct packed packed;

	pack(&packed, graph->packer, message);
	return table_put_parts(
	    graph, TABLE_JOURNAL, key, bytes_of(packed.head, packed.head_size), packed.body);
}

int
table_put_mark(struct graph *graph, enum table table, const struct key *key)
{
	MDB_val name = val_of(key_bytes(key));
	MDB_val nothing = val_of(BYTES(""));
	int result;

	if (graph->bulk != NULL)
		return bulk_put_mark(graph->bulk, table, key);
	result = spend(graph, 0);
	if (result != 0)
		return result;
	return write_result(graph, mdb_put(graph->txn, graph->tables[table], &name, &nothing, 0));
}

int
table_delete(struct graph *graph, enum table table, const struct key *key)
{
	/* Whatever a new contact replaces is not there. */
	if (graph->bulk != NULL)
		return 0;
	note_change(graph, table, key);
	return table_delete_mark(graph, table, key);
}

int
table_delete_mark(struct graph *graph, enum table table, const struct key *key)
{
	MDB_val name = val_of(key_bytes(key));
	int result;
	int code;

	if (graph->bulk != NULL)
		return 0;
	result = spend(graph, 0);
	if (result != 0)
		return result;
	code = mdb_del(graph->txn, graph->tables[table], &name, NULL);
	return code == MDB_NOTFOUND ? 0 : write_result(graph, code);
}

/* Marks the store as one to be checked, or says that it could not be. */
static void
mark_failed(const struct graph *graph, struct graph_error *error)
{
	char said[GRAPH_MESSAGE_BYTES];
	int result = directory_mark_failed(&graph->directory, error->message);

	if (result == 0)
		return;
	memcpy(said, error->message, sizeof(said));
	outcome_say(error, 0,
	    "%.*s; and no mark of it could be left (%s): the next start won't check the store",
	    GRAPH_MESSAGE_BYTES - 192, said, strerror(-result));
}

int
graph_commit(uint64_t *txn, struct graph *graph, struct graph_error *error)
{
	/* A transaction that wrote nothing leaves no number: what it saw has the one before. */
	uint64_t number = mdb_txn_id(graph->txn) - (graph->changed ? 0 : 1);
	int code = mdb_txn_commit(graph->txn);

	graph->txn = NULL;
	if (code == 0) {
		*txn = number;
		return 0;
	}
	/* LMDB found the map too small before it wrote anything that a later transaction
	 * could see: as harmless as a put that finds no room. */
	if (code == MDB_MAP_FULL)
		return outcome_say(error, GRAPH_E_FULL, "the map has no room for this transaction");
	graph->failed = true;
	if (write_result(graph, code) == GRAPH_E_FULL)
		outcome_say(error, 0, "a commit failed: %s has no space left (%s)", graph->directory.path,
		    mdb_strerror(code));
	else
		outcome_say(error, 0, "a commit failed: %s: %s", graph->directory.path, mdb_strerror(code));
	mark_failed(graph, error);
	return GRAPH_E_FAILED;
}

void
graph_abort(struct graph *graph)
{
	if (graph->txn != NULL)
		mdb_txn_abort(graph->txn);
	graph->txn = NULL;
}
