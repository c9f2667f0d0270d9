/* The history of one contact: the journal entries listed under its id and under the ids
 * of all that became part of it. An entry may be listed under several of them, and the
 * lists have gaps, for entries are erased and expire. So the lists are gone through one
 * after the other, and the least sequences seen so far are kept, each once: a page takes
 * one look at each list, whatever the lists' lengths, and no memory but the page's. */
#include <errno.h>
#include <inttypes.h>

#include "server/graph/outcome.h"
#include "server/graph/read.h"
#include "server/graph/scan.h"

/* The least sequences seen so far, ascending. */
struct least {
	uint64_t *sequences;
	size_t count;
	size_t most;
};

/* Adds a sequence, once. False when it is greater than all of as many as are wanted. */
static bool
add(struct least *least, uint64_t sequence)
{
	uint64_t *sequences = least->sequences;
	size_t place = least->count;

	while (place > 0 && sequences[place - 1] > sequence)
		place--;
	if (place > 0 && sequences[place - 1] == sequence)
		return true;
	if (place == least->most)
		return false;
	if (least->count == least->most)
		least->count--;
	memmove(&sequences[place + 1], &sequences[place], (least->count - place) * sizeof(*sequences));
	sequences[place] = sequence;
	least->count++;
	return true;
}

/* Adds what is listed under one id after a sequence. 0; GRAPH_E_DAMAGED; -errno. */
static int
add_list(struct least *least, MDB_cursor *cursor, struct bytes account, uint64_t contact_id,
    uint64_t after_sequence, struct graph_error *error)
{
	MDB_cursor_op op = MDB_SET_RANGE;
	struct key prefix;
	struct key start;
	MDB_val at;
	MDB_val nothing;
	int result;

	key_number(&prefix, account, contact_id);
	key_pair(&start, account, contact_id, after_sequence + 1);
	at = val_of(key_bytes(&start));
	while ((result = environment_result(mdb_cursor_get(cursor, &at, &nothing, op))) == 0) {
		struct bytes found_account;
		uint64_t found_id;
		uint64_t sequence;

		if (at.mv_size < prefix.size || memcmp(at.mv_data, prefix.data, prefix.size) != 0)
			return 0;
		if (!key_parse_pair(&found_account, &found_id, &sequence, bytes_of_val(&at)))
			return outcome_damaged(error, account, TABLE_CONTACT,
			    "has a key that is none under %" PRIu64, contact_id);
		if (!add(least, sequence))
			return 0;
		op = MDB_NEXT;
	}
	if (result == GRAPH_E_ABSENT)
		return 0;
	return result > 0 ? -EIO : result;
}

/* Adds what is listed under the contact and under each that leads to it. */
static int
add_lists(struct least *least, struct graph_reader *reader, MDB_cursor *cursor, struct bytes account,
    uint64_t contact_id, uint64_t after_sequence, struct graph_error *error)
{
	struct bytes record;
	struct bytes found;
	struct bytes name;
	struct key prefix;
	struct scan scan;
	uint64_t survivor_id;
	uint64_t absorbed_id;
	int result = add_list(least, cursor, account, contact_id, after_sequence, error);

	if (result != 0)
		return result;
	key_number(&prefix, account, contact_id);
	result = scan_begin(&scan, reader->txn, reader->graph, TABLE_FORWARD, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		if (key_parse_pair(&name, &survivor_id, &absorbed_id, found))
			result = add_list(least, cursor, account, absorbed_id, after_sequence, error);
		else
			result = outcome_damaged(error, account, TABLE_FORWARD,
			    "has a key that is none after %" PRIu64, contact_id);
		if (result != 0)
			break;
	}
	return scan_end(&scan, result);
}

/* The contact that an id leads to. 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -errno. */
static int
find_survivor(uint64_t *survivor_id, struct graph_reader *reader, struct bytes account, uint64_t contact_id,
    struct graph_error *error)
{
	struct forward forward;
	enum contact_kind kind;
	struct bytes message;
	int result = read_contact(&kind, &message, reader->txn, reader->graph, account, contact_id, error);

	if (result != 0)
		return result;
	if (kind == KIND_FORWARD) {
		if (forward_decode(&forward, message) != 0)
			return outcome_damaged(error, account, TABLE_CONTACT,
			    "record %" PRIu64 " is no forward message", contact_id);
		contact_id = forward.survivor_contact_id;
	}
	*survivor_id = contact_id;
	return 0;
}

int
graph_list_history(uint64_t *sequences, size_t *count, size_t most, struct graph_reader *reader,
    struct bytes account, uint64_t contact_id, uint64_t after_sequence, struct graph_error *error)
{
	struct least least = { .sequences = sequences, .most = most };
	uint64_t survivor_id = 0;
	MDB_cursor *cursor;
	int result = find_survivor(&survivor_id, reader, account, contact_id, error);

	if (result == 0 && after_sequence != UINT64_MAX) {
		result = environment_result(
		    mdb_cursor_open(reader->txn, reader->graph->tables[TABLE_CONTACT], &cursor));
		if (result != 0)
			return result < 0 ? result : -EIO;
		result = add_lists(&least, reader, cursor, account, survivor_id, after_sequence, error);
		mdb_cursor_close(cursor);
	}
	if (result == 0)
		*count = least.count;
	return result;
}
