/* What goes because its time is over. An account's journal is in the order in which its
 * entries were recorded, so what is past its time lies at its beginning, and one look at
 * the first entry tells whether there is any. An entry goes together with the rows that
 * list it under its contacts, or not at all. */
#include <errno.h>
#include <inttypes.h>

#include "server/graph/outcome.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"

/* What decoding one entry may take. */
enum { ENTRY_ARENA_BYTES = 256 * 1024 * 1024 };

int
graph_next_account(struct bytes *account, struct graph_reader *reader, struct bytes after)
{
	MDB_cursor_op op = after.size == 0 ? MDB_FIRST : MDB_SET_RANGE;
	struct bytes rest;
	MDB_cursor *cursor;
	MDB_val nothing;
	MDB_val at;
	struct key key;
	int result =
	    environment_result(mdb_cursor_open(reader->txn, reader->graph->tables[TABLE_ACCOUNT], &cursor));

	if (result != 0)
		return result > 0 ? -EIO : result;
	key.size = 0;
	if (after.size > 0)
		key_account(&key, after);
	at = val_of(key_bytes(&key));
	result = environment_result(mdb_cursor_get(cursor, &at, &nothing, op));
	if (result == 0 && after.size > 0 && bytes_equal(bytes_of_val(&at), key_bytes(&key)))
		result = environment_result(mdb_cursor_get(cursor, &at, &nothing, MDB_NEXT));
	mdb_cursor_close(cursor);
	if (result == 0 && !key_parse_account(account, &rest, bytes_of_val(&at)))
		result = -EIO;
	return result > GRAPH_E_ABSENT ? -EIO : result;
}

/* The first record of an account's journal. 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -errno. */
static int
find_oldest(uint64_t *sequence, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct bytes account, struct graph_error *error)
{
	struct bytes record;
	struct bytes found;
	struct bytes name;
	struct key prefix;
	struct scan scan;
	int result;

	key_account(&prefix, account);
	result = scan_begin(&scan, txn, graph, TABLE_JOURNAL, &prefix);
	if (result != 0)
		return result;
	result = scan_next(&found, &record, &scan);
	if (result == 0 && !key_parse_number(&name, sequence, found))
		result = outcome_damaged(error, account, TABLE_JOURNAL, "has a key that is none");
	else if (result == 0 && !record_open(message, TABLE_JOURNAL, found, record))
		result = outcome_damaged(
		    error, account, TABLE_JOURNAL, "record %" PRIu64 " is damaged", *sequence);
	scan_end(&scan, result);
	return result;
}

/* The same, decoded; borrowed from transaction and arena. Also -ENOMEM. */
static int
read_oldest(struct journal_entry *entry, MDB_txn *txn, const struct graph *graph, struct arena *arena,
    struct bytes account, struct graph_error *error)
{
	uint64_t sequence = 0;
	struct bytes message = { NULL, 0 };
	int result = find_oldest(&sequence, &message, txn, graph, account, error);

	if (result != 0)
		return result;
	result = unpack(&message, arena, message);
	if (result == 0)
		result = journal_entry_decode(entry, arena, message);
	if (result > 0 || (result == 0 && entry->sequence != sequence))
		return outcome_damaged(error, account, TABLE_JOURNAL,
		    "record %" PRIu64 " is not that entry's message", sequence);
	return result;
}

int
graph_oldest_journal(
    int64_t *recorded_at_us, struct graph_reader *reader, struct bytes account, struct graph_error *error)
{
	struct journal_entry entry;
	struct arena arena;
	int result;

	arena_init(&arena, ENTRY_ARENA_BYTES);
	result = read_oldest(&entry, reader->txn, reader->graph, &arena, account, error);
	if (result == 0)
		*recorded_at_us = entry.claim.recorded_at_us;
	arena_finish(&arena);
	return result;
}

/* Takes one entry away with all that lists it. */
static int
remove_entry(
    struct graph *graph, struct arena *arena, struct bytes account, const struct journal_entry *entry)
{
	const uint64_t sequence = entry->sequence;
	struct key key;
	size_t count;
	uint64_t *ids;
	int result = journal_contact_ids(&ids, &count, arena, entry);

	for (size_t i = 0; result == 0 && i < count; i++) {
		key_pair(&key, account, ids[i], sequence);
		result = table_delete_mark(graph, TABLE_CONTACT, &key);
	}
	if (result != 0)
		return result;
	key_number(&key, account, sequence);
	return table_delete(graph, TABLE_JOURNAL, &key);
}

int
graph_expire_journal(size_t *removed, struct graph *graph, struct bytes account, int64_t before_us,
    size_t most, struct graph_error *error)
{
	struct journal_entry entry;
	struct arena arena;
	size_t count = 0;
	int result = 0;

	arena_init(&arena, ENTRY_ARENA_BYTES);
	while (result == 0 && count < most) {
		arena_reset(&arena);
		result = read_oldest(&entry, graph->txn, graph, &arena, account, error);
		if (result == 0 && entry.claim.recorded_at_us >= before_us)
			result = GRAPH_E_ABSENT;
		if (result == 0)
			result = remove_entry(graph, &arena, account, &entry);
		count += result == 0;
	}
	arena_finish(&arena);
	*removed = count;
	return result == GRAPH_E_ABSENT ? 0 : result;
}
