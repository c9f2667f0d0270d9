/* Most tables fill in the order in which contacts come, and are appended to as they are;
 * the rows of identifiers and of the index come in no order and are spooled until the end. An
 * account's record changes with each of its contacts and is put once, with the last.
 *
 * LMDB's appending refuses what is not greater than all before it: that is how a key out
 * of order, or one that comes twice, is found out. */
#include "server/graph/bulk.h"

#include <errno.h>
#include <stdlib.h>

#include "server/graph/bulk_put.h"
#include "server/graph/environment.h"
#include "server/graph/outcome.h"
#include "server/graph/spool.h"

/* How much goes into one transaction, which is held in memory; and what a spool may take of
 * it, twice. */
enum { CHUNK_BYTES = 64 * 1024 * 1024, SPOOL_BYTES = 128 * 1024 * 1024 };
/* After how many rows progress is told. */
enum { ROWS_BETWEEN = 65536 };
/* An account's record has nothing that grows. */
enum { ACCOUNT_BYTES = 1024 };

struct graph_bulk {
	struct graph graph; /* the new store, which has no name yet */
	struct directory_path made;
	size_t chunk_bytes;                /* put in this transaction */
	struct spool *spools[TABLE_COUNT]; /* of the tables that are spooled */
	struct key account_key;            /* of the account that is being filled; empty before the first */
	uint8_t account[ACCOUNT_BYTES];
	size_t account_size;
	struct graph_error *error; /* of the call under way */
};

static bool
is_spooled(enum table table)
{
	return table == TABLE_IDENTIFIER || table == TABLE_INDEX;
}

static int
say_code(struct graph_bulk *bulk, int code)
{
	int result = environment_result(code);

	outcome_say(bulk->error, 0, "the new store can't be written: %s", mdb_strerror(code));
	return result < 0 || result == GRAPH_E_FULL ? result : GRAPH_E_REFUSED;
}

/* Begins the next transaction. */
static int
begin_chunk(struct graph_bulk *bulk)
{
	MDB_txn *txn = NULL;
	int code;

	if (graph_used_percent(&bulk->graph) >= LIMIT_STORE_WRITE_PERCENT)
		return outcome_say(bulk->error, GRAPH_E_FULL, "the disk has no room for the new store");
	bulk->chunk_bytes = 0;
	code = mdb_txn_begin(bulk->graph.env, NULL, 0, &txn);
	bulk->graph.txn = txn;
	return code == 0 ? 0 : say_code(bulk, code);
}

static int
commit_chunk(struct graph_bulk *bulk)
{
	int code = mdb_txn_commit(bulk->graph.txn);

	bulk->graph.txn = NULL;
	return code == 0 ? 0 : say_code(bulk, code);
}

/* Puts a row, its value in two parts, behind all of its table. */
static int
append(struct graph_bulk *bulk, enum table table, struct bytes key, struct bytes head, struct bytes body)
{
	MDB_val name = val_of(key);
	MDB_val room = { head.size + body.size, NULL };
	int code =
	    mdb_put(bulk->graph.txn, bulk->graph.tables[table], &name, &room, MDB_APPEND | MDB_RESERVE);

	if (code == MDB_KEYEXIST)
		return outcome_say(bulk->error, GRAPH_E_REFUSED, "a row of %s comes out of order, or twice",
		    table_name(table));
	if (code != 0)
		return say_code(bulk, code);
	if (head.size > 0)
		memcpy(room.mv_data, head.data, head.size);
	if (body.size > 0)
		memcpy((uint8_t *)room.mv_data + head.size, body.data, body.size);
	bulk->chunk_bytes += key.size + head.size + body.size;
	return 0;
}

/* Puts the record of the account that is complete. */
static int
put_account(struct graph_bulk *bulk)
{
	if (bulk->account_key.size == 0)
		return 0;
	return append(bulk, TABLE_ACCOUNT, key_bytes(&bulk->account_key),
	    bytes_of(bulk->account, bulk->account_size), (struct bytes){ NULL, 0 });
}

/* Keeps an account's record, in place of the one before it. */
static int
keep_account(struct graph_bulk *bulk, const struct key *key, struct bytes record)
{
	int result = 0;

	if (record.size > sizeof(bulk->account))
		return -E2BIG;
	if (!bytes_equal(key_bytes(key), key_bytes(&bulk->account_key)))
		result = put_account(bulk);
	if (result != 0)
		return result;
	bulk->account_key = *key;
	bulk->account_size = record.size;
	memcpy(bulk->account, record.data, record.size);
	return 0;
}

int
bulk_put(
    struct graph_bulk *bulk, enum table table, const struct key *key, struct bytes head, struct bytes body)
{
	size_t size = RECORD_CHECKSUM_BYTES + head.size + body.size;
	uint8_t room[ACCOUNT_BYTES];
	uint8_t *record = size <= sizeof(room) ? room : malloc(size);
	uint8_t *value;
	int result;

	if (record == NULL)
		return -ENOMEM;
	value = record + RECORD_CHECKSUM_BYTES;
	if (head.size > 0)
		memcpy(value, head.data, head.size);
	if (body.size > 0)
		memcpy(value + head.size, body.data, body.size);
	record_seal(record, table, key_bytes(key), bytes_of(value, head.size + body.size));
	if (is_spooled(table))
		result = spool_add(
		    bulk->spools[table], key_bytes(key), bytes_of(record, size), (struct bytes){ NULL, 0 });
	else if (table == TABLE_ACCOUNT)
		result = keep_account(bulk, key, bytes_of(record, size));
	else
		result =
		    append(bulk, table, key_bytes(key), bytes_of(record, size), (struct bytes){ NULL, 0 });
	if (record != room)
		free(record);
	return result;
}

int
bulk_put_mark(struct graph_bulk *bulk, enum table table, const struct key *key)
{
	const struct bytes nothing = { NULL, 0 };

	if (is_spooled(table))
		return spool_add(bulk->spools[table], key_bytes(key), nothing, nothing);
	return append(bulk, table, key_bytes(key), nothing, nothing);
}

/* Opens what is made; *bulk is to be destroyed whatever comes of it. */
static int
open_bulk(struct graph_bulk *bulk, const struct graph_options *options)
{
	int result = directory_open(&bulk->graph.directory, options->data_dir, bulk->error);

	if (result == 0)
		result = directory_begin_store(&bulk->made, &bulk->graph.directory, bulk->error);
	if (result != 0) {
		bulk->made.path[0] = '\0';
		return result;
	}
	result = environment_make(&bulk->graph, &bulk->made, options, bulk->error);
	for (enum table table = 0; result == 0 && table < TABLE_COUNT; table++) {
		if (is_spooled(table))
			result = spool_create(&bulk->spools[table], bulk->graph.directory.path, SPOOL_BYTES);
	}
	bulk->graph.bulk = bulk;
	return result;
}

int
graph_bulk_create(struct graph_bulk **out, const struct graph_options *options, struct graph_error *error)
{
	struct graph_bulk *bulk;
	int result;

	if (graph_is_there(options->data_dir))
		return outcome_say(error, GRAPH_E_REFUSED, "%s has a store already", options->data_dir);
	bulk = calloc(1, sizeof(*bulk));
	if (bulk == NULL)
		return outcome_say(error, -ENOMEM, "there is no memory to make the store");
	bulk->graph.key = options->key;
	bulk->graph.reader_limit = 1;
	bulk->graph.directory = (struct directory){ -1, -1, -1, "" };
	bulk->error = error;
	result = open_bulk(bulk, options);
	if (result != 0) {
		graph_bulk_destroy(bulk);
		return result < 0 ? result : GRAPH_E_REFUSED;
	}
	*out = bulk;
	return 0;
}

int
graph_bulk_apply(struct graph_bulk *bulk, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error)
{
	struct bytes contact;
	int result = 0;

	bulk->error = error;
	if (changeset->contact_count != 1 || changeset->contacts[0].before != NULL ||
	    changeset->absorption_count != 0 || changeset->erased != NULL)
		return outcome_say(error, GRAPH_E_REFUSED, "it does more than to make one new contact");
	outcome_say(error, 0, "the new store can't be written");
	if (bulk->graph.txn == NULL)
		result = begin_chunk(bulk);
	if (result == 0)
		result = graph_apply(&contact, &bulk->graph, arena, event, changeset, error);
	if (result == 0 && bulk->chunk_bytes >= CHUNK_BYTES)
		result = commit_chunk(bulk);
	return result;
}

/* How many rows still have to be put. */
static uint64_t
count_spooled(const struct graph_bulk *bulk)
{
	uint64_t count = 0;

	for (enum table table = 0; table < TABLE_COUNT; table++) {
		if (is_spooled(table))
			count += spool_count(bulk->spools[table]);
	}
	return count;
}

/* Where progress is told to, and what there is to tell. */
struct putting {
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	uint64_t done;
	uint64_t total;
};

static int
put_spooled(struct graph_bulk *bulk, enum table table, struct putting *putting)
{
	struct spool *spool = bulk->spools[table];
	struct bytes value;
	struct bytes key;
	int result = spool_finish(spool);

	while (result == 0 && (result = spool_next(&key, &value, spool)) == 0) {
		result = append(bulk, table, key, value, (struct bytes){ NULL, 0 });
		if (result == 0 && bulk->chunk_bytes >= CHUNK_BYTES) {
			result = commit_chunk(bulk);
			if (result == 0)
				result = begin_chunk(bulk);
		}
		if (putting->progress != NULL && ++putting->done % ROWS_BETWEEN == 0)
			putting->progress(putting->context, putting->done, putting->total);
	}
	if (result < 0)
		outcome_say(bulk->error, 0, "rows can't be sorted: %s", strerror(-result));
	return result == SPOOL_E_END ? 0 : result;
}

int
graph_bulk_finish(struct graph_bulk *bulk, void (*progress)(void *context, uint64_t done, uint64_t total),
    void *context, struct graph_error *error)
{
	struct putting putting = { progress, context, 0, count_spooled(bulk) };
	int result = 0;

	bulk->error = error;
	if (bulk->graph.txn == NULL)
		result = begin_chunk(bulk);
	if (result == 0)
		result = put_account(bulk);
	for (enum table table = 0; result == 0 && table < TABLE_COUNT; table++) {
		if (is_spooled(table))
			result = put_spooled(bulk, table, &putting);
	}
	if (result == 0)
		result = commit_chunk(bulk);
	if (result == 0) {
		environment_close(&bulk->graph);
		result = directory_publish_store(&bulk->graph.directory, &bulk->made, error);
		if (result == 0)
			bulk->made.path[0] = '\0';
	}
	graph_bulk_destroy(bulk);
	return result;
}

void
graph_bulk_destroy(struct graph_bulk *bulk)
{
	if (bulk == NULL)
		return;
	graph_abort(&bulk->graph);
	environment_close(&bulk->graph);
	for (enum table table = 0; table < TABLE_COUNT; table++)
		spool_destroy(bulk->spools[table]);
	if (bulk->made.path[0] != '\0')
		directory_drop_store(&bulk->graph.directory, &bulk->made);
	directory_close(&bulk->graph.directory);
	free(bulk);
}
