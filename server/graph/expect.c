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

/* The hash of a contact's row. */
static uint64_t
contact_hash(struct bytes account, uint64_t contact_id)
{
	struct key key;

	key_number(&key, account, contact_id);
	return record_hash(TABLE_CONTACT, key_bytes(&key));
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
graph_expect(
    struct graph_reader *reader, struct bytes account, const struct graph_sought *sought, size_t count)
{
	const struct places *places = reader->graph->places;
	uint64_t txn = graph_reader_txn(reader);
	uint64_t hashes[GRAPH_SOUGHT_COUNT];
	struct bytes rows[GRAPH_SOUGHT_COUNT];
	struct place_guess guess;

	if (places == NULL || count > GRAPH_SOUGHT_COUNT)
		return;
	for (size_t i = 0; i < count; i++) {
		struct key key;

		if (sought[i].identifier != NULL) {
			key_identifier(
			    &key, account, sought[i].identifier->namespace_id, sought[i].identifier->value);
			hashes[i] = record_hash(TABLE_IDENTIFIER, key_bytes(&key));
			places_expect(places, hashes[i]);
		}
	}
	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct bytes){ NULL, 0 };
		if (sought[i].identifier != NULL && places_find(&guess, places, hashes[i], txn)) {
			rows[i] = guess.row;
			expect_row(rows[i]);
		}
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t id = sought[i].identifier != NULL ? named_id(rows[i]) : sought[i].contact_id;

		hashes[i] = contact_hash(account, id);
		places_expect(places, hashes[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (places_find(&guess, places, hashes[i], txn))
			expect_row(guess.row);
	}
}
