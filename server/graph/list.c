/* Listings: rows of the index, in the order of ids, and the record that each leads to.
 *
 * Contacts of several classes are the union of as many runs of rows; those who are on a
 * list and can be reached one way, too, are where two runs meet. Each run has one cursor and
 * so have the records, however many contacts there are, and a run that is behind is brought
 * forward by a search: no row is read that could not be shown, no record that is not. Runs
 * that are long and never meet could hold a reader for minutes, so a listing stops after so
 * many steps in vain and says how far it came. */
#include <errno.h>
#include <inttypes.h>

#include "base/limits.h"
#include "server/graph/outcome.h"
#include "server/graph/read.h"

/* A run of rows that begin alike. */
struct run {
	MDB_cursor *cursor;
	struct key rows;
	uint64_t contact_id; /* of the row that it has come to */
	bool ended;
};

enum { RUNS_MAX = CLASS_COUNT };

struct graph_listing {
	struct graph_reader *reader;
	struct bytes account;
	MDB_cursor *records;
	struct run list; /* without a cursor unless there is a list */
	struct run classes[RUNS_MAX];
	size_t class_count; /* 0 where a list says it all */
	bool nothing;       /* no class is left that could be shown */
	uint64_t next_id;   /* the least that may be given */
	unsigned steps;     /* how often two runs came to different ids */
};

/* What LMDB says of a read: an end, or that something is amiss. */
static int
read_result(int code)
{
	int result = environment_result(code);

	return result > GRAPH_E_ABSENT ? -EIO : result;
}

/* Comes to the run's first row of a contact whose id is no less. */
static int
run_seek(struct run *run, uint64_t contact_id)
{
	struct key key;
	MDB_val at;
	MDB_val nothing;
	int result;

	if (run->ended || (run->contact_id >= contact_id && run->contact_id != 0))
		return 0;
	if (run->contact_id != 0 && run->contact_id + 1 == contact_id) {
		result = read_result(mdb_cursor_get(run->cursor, &at, &nothing, MDB_NEXT));
	} else {
		key_row(&key, &run->rows, contact_id);
		at = val_of(key_bytes(&key));
		result = read_result(mdb_cursor_get(run->cursor, &at, &nothing, MDB_SET_RANGE));
	}
	if (result < 0)
		return result;
	run->ended = result != 0 || !key_parse_row(&run->contact_id, &run->rows, bytes_of_val(&at));
	return 0;
}

static int
open_cursor(MDB_cursor **cursor, const struct graph_reader *reader, enum table table)
{
	int result = environment_result(mdb_cursor_open(reader->txn, reader->graph->tables[table], cursor));

	return result > 0 ? -EIO : result;
}

static int
open_runs(struct graph_listing *listing, const struct graph_filter *filter)
{
	const struct graph_reader *reader = listing->reader;
	struct run *run = &listing->list;
	int result = open_cursor(&listing->records, reader, TABLE_CONTACT);

	if (result == 0 && filter->list.size > 0) {
		key_list_rows(&run->rows, listing->account, filter->list);
		result = open_cursor(&run->cursor, reader, TABLE_INDEX);
		/* Who is on a list is identified (R7). */
		if (filter->reach == REACH_NONE && filter->contact_class == CLASS_NONE)
			return result;
	}
	for (unsigned i = CLASS_IDENTIFIED; result == 0 && i < CLASS_COUNT; i++) {
		if (filter->contact_class != CLASS_NONE && i != filter->contact_class)
			continue;
		if (i == CLASS_ANONYMOUS_CHAT && !filter->anonymous_chat)
			continue;
		run = &listing->classes[listing->class_count];
		key_class_rows(&run->rows, listing->account, (enum contact_class)i, filter->reach);
		result = open_cursor(&run->cursor, reader, TABLE_INDEX);
		listing->class_count += run->cursor != NULL;
	}
	listing->nothing = listing->class_count == 0;
	return result;
}

int
graph_listing_begin(struct graph_listing **out, struct graph_reader *reader, struct arena *arena,
    struct bytes account, const struct graph_filter *filter, uint64_t after_id)
{
	struct graph_listing *listing = arena_calloc(arena, 1, sizeof(*listing));
	int result;

	if (listing == NULL || arena_copy(&account, arena, account) < 0)
		return -ENOMEM;
	listing->reader = reader;
	listing->account = account;
	result = open_runs(listing, filter);
	if (after_id == UINT64_MAX)
		listing->nothing = true;
	else
		listing->next_id = after_id + 1;
	if (result != 0) {
		graph_listing_end(listing);
		return result;
	}
	*out = listing;
	return 0;
}

void
graph_listing_end(struct graph_listing *listing)
{
	if (listing == NULL)
		return;
	if (listing->records != NULL)
		mdb_cursor_close(listing->records);
	if (listing->list.cursor != NULL)
		mdb_cursor_close(listing->list.cursor);
	for (size_t i = 0; i < listing->class_count; i++)
		mdb_cursor_close(listing->classes[i].cursor);
	listing->records = NULL;
	listing->list.cursor = NULL;
	listing->class_count = 0;
}

/* The least id of the classes' rows that is no less than the one given. */
static int
seek_classes(uint64_t *contact_id, struct graph_listing *listing, uint64_t least)
{
	uint64_t found = UINT64_MAX;
	bool any = false;

	for (size_t i = 0; i < listing->class_count; i++) {
		struct run *run = &listing->classes[i];
		int result = run_seek(run, least);

		if (result != 0)
			return result;
		if (!run->ended && run->contact_id <= found) {
			found = run->contact_id;
			any = true;
		}
	}
	if (!any)
		return GRAPH_E_ABSENT;
	*contact_id = found;
	return 0;
}

static int
seek_list(uint64_t *contact_id, struct graph_listing *listing, uint64_t least)
{
	int result = run_seek(&listing->list, least);

	if (result == 0 && listing->list.ended)
		result = GRAPH_E_ABSENT;
	if (result == 0)
		*contact_id = listing->list.contact_id;
	return result;
}

/* The next id that is in all that there is to be in. All before next_id is done with. */
static int
seek(uint64_t *contact_id, struct graph_listing *listing)
{
	uint64_t of_classes;
	uint64_t on_list;
	int result;

	if (listing->list.cursor == NULL)
		return seek_classes(contact_id, listing, listing->next_id);
	if (listing->class_count == 0)
		return seek_list(contact_id, listing, listing->next_id);
	for (;;) {
		result = seek_list(&on_list, listing, listing->next_id);
		if (result == 0)
			result = seek_classes(&of_classes, listing, on_list);
		if (result != 0)
			return result;
		if (of_classes == on_list) {
			*contact_id = on_list;
			return 0;
		}
		listing->next_id = of_classes;
		if (listing->steps == LIMIT_PAGE_STEPS)
			return GRAPH_E_PAUSED;
		listing->steps++;
	}
}

/* The contact that a row leads to. */
static int
read_record(
    struct bytes *contact, struct graph_listing *listing, uint64_t contact_id, struct graph_error *error)
{
	enum contact_kind kind;
	struct bytes message;
	struct bytes value;
	struct key key;
	MDB_val at;
	MDB_val found;
	int result;

	key_number(&key, listing->account, contact_id);
	at = val_of(key_bytes(&key));
	result = read_result(mdb_cursor_get(listing->records, &at, &found, MDB_SET));
	if (result < 0)
		return result;
	if (result == GRAPH_E_ABSENT)
		return outcome_damaged(error, listing->account, TABLE_INDEX,
		    "row leads to %" PRIu64 ", which is no contact", contact_id);
	if (!record_open(&value, TABLE_CONTACT, key_bytes(&key), bytes_of_val(&found)) ||
	    !record_contact(&kind, &message, value))
		return outcome_damaged(
		    error, listing->account, TABLE_CONTACT, "record %" PRIu64 " is damaged", contact_id);
	if (kind != KIND_CONTACT)
		return outcome_damaged(error, listing->account, TABLE_INDEX,
		    "row leads to %" PRIu64 ", which is no contact", contact_id);
	result = unpack(contact, &listing->reader->arena, message);
	if (result == PACK_E_DAMAGED)
		return outcome_damaged(
		    error, listing->account, TABLE_CONTACT, "record %" PRIu64 " is damaged", contact_id);
	return result;
}

int
graph_listing_next(
    uint64_t *contact_id, struct bytes *contact, struct graph_listing *listing, struct graph_error *error)
{
	uint64_t id;
	int result = listing->nothing ? GRAPH_E_ABSENT : seek(&id, listing);

	if (result == 0)
		result = read_record(contact, listing, id, error);
	if (result != 0)
		return result;
	*contact_id = id;
	listing->nothing = id == UINT64_MAX;
	listing->next_id = id + 1;
	return 0;
}

uint64_t
graph_listing_place(const struct graph_listing *listing)
{
	return listing->next_id - 1;
}
