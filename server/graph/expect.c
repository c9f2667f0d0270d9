/* Many rows at once: what has to be fetched from memory for one of them is fetched while
 * others are. Step by step, each for all of them: the bucket that tells where the row of an
 * identifier is; that row; the bucket for the contact that it names; the contact. What is
 * read on the way is only guessed by, so nothing here is verified and nothing can fail. */
#include "server/graph/environment.h"

enum { LINE_BYTES = 64 };

static void
expect_row(struct bytes row)
{
	for (size_t at = 0; at < row.size; at += LINE_BYTES)
		__builtin_prefetch(row.data + at);
	if (row.size > 0)
		__builtin_prefetch(row.data + row.size - 1);
}

static uint64_t
identifier_hash(const struct graph_sought *sought)
{
	struct key key;

	key_identifier(&key, sought->account, sought->identifier->namespace_id, sought->identifier->value);
	return record_hash(TABLE_IDENTIFIER, key_bytes(&key));
}

/* The hash of a contact's row. */
static uint64_t
contact_hash(struct bytes account, uint64_t contact_id)
{
	struct key key;

	key_number(&key, account, contact_id);
	return record_hash(TABLE_CONTACT, key_bytes(&key));
}

/* Begins to fetch rows, and tells which those are that seem to have the hashes. No loop does
 * both, fetch and work: a processor that finds the address of what it is to fetch in no
 * table near it waits for that with as much as it can hold of what comes next, and that should be
 * the next to fetch. */
static void
expect_rows(
    struct bytes *rows, const struct places *places, uint64_t txn, const uint64_t *hashes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		places_expect(places, hashes[i]);
	for (size_t i = 0; i < count; i++) {
		struct place_guess guess;

		rows[i] = places_find(&guess, places, hashes[i], txn) ? guess.row : (struct bytes){ NULL, 0 };
	}
	for (size_t i = 0; i < count; i++)
		expect_row(rows[i]);
}

/* The contact that the row of an identifier names, by what seems to be that row; 0 if there is
 * none. */
static uint64_t
named_id(struct bytes row)
{
	struct bytes companions;
	uint64_t owner_id = 0;

	if (row.size < RECORD_CHECKSUM_BYTES)
		return 0;
	record_identifier(&owner_id, &companions,
	    bytes_of(row.data + RECORD_CHECKSUM_BYTES, row.size - RECORD_CHECKSUM_BYTES));
	return owner_id;
}

void
graph_expect(struct graph_reader *reader, const struct graph_sought *sought, size_t count)
{
	const struct places *places = reader->graph->places;
	uint64_t txn = graph_reader_txn(reader);
	uint64_t hashes[GRAPH_SOUGHT_COUNT] = { 0 };
	struct bytes rows[GRAPH_SOUGHT_COUNT];

	if (places == NULL || count == 0 || count > GRAPH_SOUGHT_COUNT)
		return;
	for (size_t i = 0; i < count; i++)
		hashes[i] = sought[i].identifier != NULL
		    ? identifier_hash(&sought[i])
		    : contact_hash(sought[i].account, sought[i].contact_id);
	expect_rows(rows, places, txn, hashes, count);
	for (size_t i = 0; i < count; i++) {
		if (sought[i].identifier != NULL)
			hashes[i] = contact_hash(sought[i].account, named_id(rows[i]));
	}
	expect_rows(rows, places, txn, hashes, count);
}
