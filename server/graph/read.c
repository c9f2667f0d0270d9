/* Readers. An answer is made of one record, unpacked: nothing is decoded, and its checksum is
 * always looked at first. */
#include "server/graph/read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "rules/namespaces.h"
#include "server/graph/outcome.h"

/* What is copied and unpacked is short, and as much as answers have: far less than this. */
enum { READER_ARENA_BYTES = 64 * 1024 * 1024, READER_KEPT_BYTES = 1024 * 1024 };

int
graph_reader_create(struct graph_reader **out, struct graph *graph)
{
	struct graph_reader *reader;
	int result;

	if (atomic_fetch_add(&graph->reader_count, 1) >= graph->reader_limit) {
		atomic_fetch_sub(&graph->reader_count, 1);
		return GRAPH_E_FULL;
	}
	reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		atomic_fetch_sub(&graph->reader_count, 1);
		return -ENOMEM;
	}
	reader->graph = graph;
	/* Begun once, for its place among the readers, and renewed from then on. */
	result = mdb_txn_begin(graph->env, NULL, MDB_RDONLY, &reader->txn);
	if (result != 0) {
		atomic_fetch_sub(&graph->reader_count, 1);
		free(reader);
		return result == MDB_READERS_FULL ? GRAPH_E_FULL : environment_result(result);
	}
	mdb_txn_reset(reader->txn);
	arena_init(&reader->arena, READER_ARENA_BYTES);
	arena_keep(&reader->arena, READER_KEPT_BYTES);
	*out = reader;
	return 0;
}

void
graph_reader_destroy(struct graph_reader *reader)
{
	if (reader == NULL)
		return;
	mdb_txn_abort(reader->txn);
	arena_finish(&reader->arena);
	atomic_fetch_sub(&reader->graph->reader_count, 1);
	free(reader);
}

int
graph_read_begin(struct graph_reader *reader)
{
	int result = environment_result(mdb_txn_renew(reader->txn));

	return result > 0 ? -EIO : result;
}

void
graph_read_end(struct graph_reader *reader)
{
	mdb_txn_reset(reader->txn);
	arena_reset(&reader->arena);
	reader->numbered_size = 0;
}

void
graph_read_forget(struct graph_reader *reader)
{
	arena_reset(&reader->arena);
}

uint64_t
graph_reader_txn(const struct graph_reader *reader)
{
	return mdb_txn_id(reader->txn);
}

int
recall_identifier(uint64_t *owner_id, struct bytes *companions, MDB_txn *txn, const struct graph *graph,
    struct arena *arena, struct bytes account, enum namespace_id namespace_id, struct bytes value,
    struct graph_error *error)
{
	struct bytes stored;
	struct key key;
	int result;

	key_identifier(&key, account, namespace_id, value);
	result = row_get(&stored, txn, graph, arena, TABLE_IDENTIFIER, &key);
	if (result == 0 && !record_identifier(owner_id, companions, stored))
		result = GRAPH_E_DAMAGED;
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(error, account, TABLE_IDENTIFIER,
		    "record of namespace %.*s is damaged", BYTES_PRINT(namespace_name(namespace_id)));
	return result;
}

int
read_identifier(uint64_t *owner_id, struct bytes *companions, MDB_txn *txn, const struct graph *graph,
    struct bytes account, enum namespace_id namespace_id, struct bytes value, struct graph_error *error)
{
	return recall_identifier(owner_id, companions, txn, graph, NULL, account, namespace_id, value, error);
}

int
recall_owner(uint64_t *contact_id, MDB_txn *txn, const struct graph *graph, struct arena *arena,
    struct bytes account, enum namespace_id namespace_id, struct bytes value, struct graph_error *error)
{
	struct bytes companions;
	uint64_t owner_id;
	int result =
	    recall_identifier(&owner_id, &companions, txn, graph, arena, account, namespace_id, value, error);

	if (result == 0 && owner_id == 0)
		result = GRAPH_E_ABSENT;
	if (result == 0)
		*contact_id = owner_id;
	return result;
}

int
read_owner(uint64_t *contact_id, MDB_txn *txn, const struct graph *graph, struct bytes account,
    enum namespace_id namespace_id, struct bytes value, struct graph_error *error)
{
	return recall_owner(contact_id, txn, graph, NULL, account, namespace_id, value, error);
}

/* A record of TABLE_CONTACT as it is stored; arena may be NULL. */
static int
find_contact(enum contact_kind *kind, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct arena *arena, struct bytes account, uint64_t contact_id, struct graph_error *error)
{
	struct bytes stored;
	struct key key;
	int result;

	key_number(&key, account, contact_id);
	result = row_get(&stored, txn, graph, arena, TABLE_CONTACT, &key);
	if (result == 0 && !record_contact(kind, message, stored))
		result = GRAPH_E_DAMAGED;
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(
		    error, account, TABLE_CONTACT, "record %" PRIu64 " is damaged", contact_id);
	return result;
}

int
recall_contact(enum contact_kind *kind, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct arena *arena, struct bytes account, uint64_t contact_id, struct graph_error *error)
{
	struct bytes stored;
	int result = find_contact(kind, &stored, txn, graph, arena, account, contact_id, error);

	if (result != 0)
		return result;
	if (*kind != KIND_CONTACT) {
		*message = stored;
		return 0;
	}
	result = unpack(message, arena, stored);
	if (result == PACK_E_DAMAGED)
		return outcome_damaged(
		    error, account, TABLE_CONTACT, "record %" PRIu64 " is damaged", contact_id);
	return result;
}

int
read_contact(enum contact_kind *kind, struct bytes *message, MDB_txn *txn, const struct graph *graph,
    struct bytes account, uint64_t contact_id, struct graph_error *error)
{
	return find_contact(kind, message, txn, graph, NULL, account, contact_id, error);
}

int
read_forward(struct forward *forward, MDB_txn *txn, const struct graph *graph, struct bytes account,
    uint64_t contact_id, struct graph_error *error)
{
	enum contact_kind kind;
	struct bytes message;
	int result = read_contact(&kind, &message, txn, graph, account, contact_id, error);

	if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_FORWARD))
		return outcome_damaged(error, account, TABLE_CONTACT,
		    "record %" PRIu64 " should be a forward and is none", contact_id);
	if (result == 0 && forward_decode(forward, message) != 0)
		return outcome_damaged(
		    error, account, TABLE_CONTACT, "record %" PRIu64 " is no forward message", contact_id);
	return result;
}

int
read_dismissals(struct bytes *message, MDB_txn *txn, const struct graph *graph, struct bytes account,
    uint64_t contact_id, struct graph_error *error)
{
	struct key key;
	int result;

	key_number(&key, account, contact_id);
	result = table_get(message, txn, graph, TABLE_DISMISSED, &key);
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(
		    error, account, TABLE_DISMISSED, "record %" PRIu64 " is damaged", contact_id);
	return result;
}

int
read_account(struct account *out, MDB_txn *txn, const struct graph *graph, struct bytes account,
    struct graph_error *error)
{
	struct bytes stored;
	struct key key;
	int result;

	key_account(&key, account);
	result = table_get(&stored, txn, graph, TABLE_ACCOUNT, &key);
	if (result == GRAPH_E_ABSENT) {
		*out = (struct account){ 0 };
		return 0;
	}
	if (result == 0 && account_decode(out, stored) != 0)
		result = GRAPH_E_DAMAGED;
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(error, account, TABLE_ACCOUNT, "record is damaged");
	return result;
}

int
recall_account(
    struct account *out, struct graph_reader *reader, struct bytes account, struct graph_error *error)
{
	int result;

	if (bytes_equal(account, bytes_of(reader->numbered, reader->numbered_size))) {
		*out = reader->numbers;
		return 0;
	}
	result = read_account(&reader->numbers, reader->txn, reader->graph, account, error);
	reader->numbered_size = 0;
	if (result != 0)
		return result;
	memcpy(reader->numbered, account.data, account.size);
	reader->numbered_size = account.size;
	*out = reader->numbers;
	return 0;
}

int
graph_find(uint64_t *contact_id, struct bytes *contact, struct graph_reader *reader, struct bytes account,
    const struct identifier *identifier, struct graph_error *error)
{
	enum contact_kind kind = KIND_FORWARD;
	struct bytes message;
	uint64_t owner_id;
	int result = recall_owner(&owner_id, reader->txn, reader->graph, &reader->arena, account,
	    identifier->namespace_id, identifier->value, error);

	if (result != 0)
		return result;
	result = recall_contact(
	    &kind, &message, reader->txn, reader->graph, &reader->arena, account, owner_id, error);
	if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
		return outcome_damaged(error, account, TABLE_IDENTIFIER,
		    "record of namespace %.*s leads to %" PRIu64 ", which is no contact",
		    BYTES_PRINT(namespace_name(identifier->namespace_id)), owner_id);
	if (result == 0) {
		*contact_id = owner_id;
		*contact = message;
	}
	return result;
}

bool
graph_has_owner(struct graph_reader *reader, struct bytes account, const struct identifier *identifier)
{
	struct graph_error error;
	uint64_t owner_id;

	return recall_owner(&owner_id, reader->txn, reader->graph, &reader->arena, account,
		   identifier->namespace_id, identifier->value, &error) == 0;
}

/* The ids passed from a forward to its survivor, the first included. Each step is a
 * forward to the same survivor; a ring of them, which only damage could make, is found
 * by comparing with a step that falls further behind. */
static int
walk_forwards(uint64_t **ids, size_t *count, struct arena *arena, struct graph_reader *reader,
    struct bytes account, uint64_t contact_id, struct forward forward, struct graph_error *error)
{
	const uint64_t survivor_id = forward.survivor_contact_id;
	size_t capacity = 4;
	size_t walked = 1;
	size_t mark = 0;
	uint64_t *list = arena_calloc(arena, capacity, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	list[0] = contact_id;
	while (forward.next_contact_id != survivor_id) {
		uint64_t next_id = forward.next_contact_id;
		int result;

		if (walked == capacity) {
			uint64_t *longer = arena_calloc(arena, capacity * 2, sizeof(*longer));

			if (longer == NULL)
				return -ENOMEM;
			memcpy(longer, list, walked * sizeof(*list));
			list = longer;
			capacity *= 2;
		}
		result = read_forward(&forward, reader->txn, reader->graph, account, next_id, error);
		if (result != 0)
			return result;
		if (forward.survivor_contact_id != survivor_id || next_id == list[mark])
			return outcome_damaged(error, account, TABLE_CONTACT,
			    "record %" PRIu64 " does not lead to its survivor", contact_id);
		list[walked++] = next_id;
		if ((walked & (walked - 1)) == 0)
			mark = walked - 1;
	}
	*ids = list;
	*count = walked;
	return 0;
}

int
graph_get_contact(struct bytes *contact, uint64_t **forwarded_ids, size_t *forwarded_count,
    struct graph_reader *reader, struct arena *arena, struct bytes account, uint64_t contact_id,
    struct graph_error *error)
{
	struct forward forward;
	enum contact_kind kind;
	struct bytes message;
	uint64_t *ids = NULL;
	size_t count = 0;
	int result = recall_contact(
	    &kind, &message, reader->txn, reader->graph, &reader->arena, account, contact_id, error);

	if (result == 0 && kind == KIND_FORWARD) {
		if (forward_decode(&forward, message) != 0)
			return outcome_damaged(error, account, TABLE_CONTACT,
			    "record %" PRIu64 " is no forward message", contact_id);
		result = recall_contact(&kind, &message, reader->txn, reader->graph, &reader->arena, account,
		    forward.survivor_contact_id, error);
		if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
			return outcome_damaged(error, account, TABLE_CONTACT,
			    "record %" PRIu64 " leads to no contact", contact_id);
		if (result == 0)
			result =
			    walk_forwards(&ids, &count, arena, reader, account, contact_id, forward, error);
	}
	if (result != 0)
		return result;
	*contact = message;
	*forwarded_ids = ids;
	*forwarded_count = count;
	return 0;
}

int
graph_get_account(
    struct account *out, struct graph_reader *reader, struct bytes account, struct graph_error *error)
{
	return read_account(out, reader->txn, reader->graph, account, error);
}

int
graph_get_journal(struct bytes *entry, struct graph_reader *reader, struct bytes account, uint64_t sequence,
    struct graph_error *error)
{
	struct bytes packed;
	struct key key;
	int result;

	key_number(&key, account, sequence);
	result = table_get(&packed, reader->txn, reader->graph, TABLE_JOURNAL, &key);
	if (result == 0) {
		result = unpack(entry, &reader->arena, packed);
		result = result == PACK_E_DAMAGED ? GRAPH_E_DAMAGED : result;
	}
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(
		    error, account, TABLE_JOURNAL, "record %" PRIu64 " is damaged", sequence);
	return result;
}

int
graph_next_journal(uint64_t *sequence, struct graph_reader *reader, struct bytes account, uint64_t contact_id,
    uint64_t after_sequence)
{
	struct bytes found_account;
	uint64_t found_id;
	uint64_t found_sequence;
	MDB_cursor *cursor;
	MDB_val at;
	MDB_val nothing;
	struct key key;
	int result;

	if (after_sequence == UINT64_MAX)
		return GRAPH_E_ABSENT;
	result =
	    environment_result(mdb_cursor_open(reader->txn, reader->graph->tables[TABLE_CONTACT], &cursor));
	if (result != 0)
		return result < 0 ? result : -EIO;
	key_pair(&key, account, contact_id, after_sequence + 1);
	at = val_of(key_bytes(&key));
	result = environment_result(mdb_cursor_get(cursor, &at, &nothing, MDB_SET_RANGE));
	mdb_cursor_close(cursor);
	if (result != 0)
		return result > GRAPH_E_ABSENT ? -EIO : result;
	if (!key_parse_pair(&found_account, &found_id, &found_sequence, bytes_of_val(&at)) ||
	    !bytes_equal(found_account, account) || found_id != contact_id)
		return GRAPH_E_ABSENT;
	*sequence = found_sequence;
	return 0;
}

int
graph_clear_readers(unsigned *cleared, struct graph *graph)
{
	int dead = 0;
	int code = mdb_reader_check(graph->env, &dead);

	if (code != 0)
		return environment_result(code);
	*cleared = (unsigned)dead;
	return 0;
}
