/* The identity graph: accounts, contacts, who owns which identifier, and what
 * happened, in one LMDB environment. The only user of <lmdb.h>.
 *
 * What always holds: a contact's record, the ownership of its identifiers, the
 * account's counters and the journal change in one transaction or not at all. A
 * record carries a checksum and is verified when read: a damaged one is an error
 * that names it, never a wrong answer. Nothing is acknowledged before
 * graph_commit has returned 0, and nowhere else is it decided what durable means. */
#ifndef ANAGRAPH_SERVER_GRAPH_GRAPH_H
#define ANAGRAPH_SERVER_GRAPH_GRAPH_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/digest.h"
#include "rules/types.h"

struct graph;
struct graph_reader;

enum { GRAPH_MESSAGE_BYTES = 512 };

/* What went wrong, for people: names the file or the record (by account, table and
 * id, never by value). NUL-terminated. */
struct graph_error {
	char message[GRAPH_MESSAGE_BYTES];
};

enum graph_outcome {
	GRAPH_E_ABSENT = 1,  /* there is no such record */
	GRAPH_E_FULL = 2,    /* no space is left for this write, or for ordinary ones */
	GRAPH_E_DAMAGED = 3, /* a record's checksum or form is wrong: *error names it */
	GRAPH_E_FAILED = 4,  /* an earlier commit failed: no write is taken any more */
	GRAPH_E_REFUSED = 5, /* the store can't be opened: *error says why */
	GRAPH_E_REUSED = 6,  /* another request has that request_id */
	GRAPH_E_ERASED = 7,  /* a contact that the answer told of was erased */
	GRAPH_E_PAUSED = 8,  /* a listing has read its share of rows that lead to nobody */
};

struct graph_options {
	const char *data_dir;               /* made when missing */
	uint64_t map_size_bytes;            /* the largest the store can get; 0: 1 TiB */
	unsigned reader_count;              /* most readers at once; 0: 126 */
	struct bytes phone_library_version; /* recorded with the store (N3); empty: nothing is */
	struct digest_key key;              /* for all keyed digests in it: always the same one */
	bool without_key;                   /* for who neither makes nor compares any: key is not looked at */
	bool only_readers;                  /* the store must be there; others may have it open as well */
};

/* Opens the store, or makes one. Checks the whole of it first when the last run
 * ended with a failed commit. One process at a time, but for those that only read.
 * 0; GRAPH_E_REFUSED; -errno. Main thread. */
int graph_open(struct graph **out, const struct graph_options *options, struct graph_error *error);

/* Makes a data directory when it is missing, and nothing in it. 0; -errno. */
int graph_make_directory(const char *data_dir, struct graph_error *error);

/* Whether a store lies in a data directory: it wants the key that it was made with. */
bool graph_is_there(const char *data_dir);

/* Closes it; accepts NULL. No reader and no transaction may be left. */
void graph_close(struct graph *graph);

/* Readers. Each belongs to one thread at a time; between graph_read_begin and
 * graph_read_end it sees one moment of the store, and holds back the reuse of
 * pages freed since: never keep it over a wait. */
int graph_reader_create(
    struct graph_reader **out, struct graph *graph);    /* 0; -errno; GRAPH_E_FULL: too many */
void graph_reader_destroy(struct graph_reader *reader); /* accepts NULL */
int graph_read_begin(struct graph_reader *reader);      /* 0; -errno */
void graph_read_end(struct graph_reader *reader);

/* Gives back the memory of all that was read so far, while the reader goes on: nothing that was
 * borrowed until graph_read_end may be used any more. For who reads more than an answer. */
void graph_read_forget(struct graph_reader *reader);

/* Lets go of what readers of other processes hold that ended without letting go of it themselves:
 * as long as it is held, no page freed since is used again. *cleared is how many there were. 0;
 * -errno. Any thread; costs a system call for each process that reads. */
int graph_clear_readers(unsigned *cleared, struct graph *graph);

/* Goes once through all that readers look for, so that the first of them need not wait for the
 * disk; ends early when told to stop. 0; -errno. Any thread but a reader's; takes a second for
 * some millions of contacts. */
int graph_warm(struct graph *graph, const atomic_bool *stop);

/* The number of the transaction that the reader sees. */
uint64_t graph_reader_txn(const struct graph_reader *reader);

/* The contact that owns an identifier, and its record as graph_get_contact gives it; an
 * owner that is no contact is damage. That it holds the value is not looked at, for that
 * would mean decoding all of it: graph_load and graph_check do. 0; GRAPH_E_ABSENT;
 * GRAPH_E_DAMAGED; -errno. */
int graph_find(uint64_t *contact_id, struct bytes *contact, struct graph_reader *reader, struct bytes account,
    const struct identifier *identifier, struct graph_error *error);

/* Whether an identifier is somebody's. False when that can't be read, too. */
bool graph_has_owner(struct graph_reader *reader, struct bytes account, const struct identifier *identifier);

/* What is about to be looked for: an identifier, or a contact where that is NULL. */
struct graph_sought {
	struct bytes account;
	const struct identifier *identifier;
	uint64_t contact_id;
};

enum { GRAPH_SOUGHT_COUNT = 32 };

/* Brings near what graph_find, graph_has_owner, graph_get_contact and graph_peek will look at for each of up
 * to GRAPH_SOUGHT_COUNT keys: memory is waited for once, not for each of them. */
void graph_expect(struct graph_reader *reader, const struct graph_sought *sought, size_t count);

/* A contact as it is stored: an encoded anagraph.v1.Contact, borrowed until graph_read_end or
 * graph_read_forget. When contact_id was absorbed it is the survivor's, and
 * *forwarded_ids, from the arena, lists contact_id and those passed on the way.
 * 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -errno. */
int graph_get_contact(struct bytes *contact, uint64_t **forwarded_ids, size_t *forwarded_count,
    struct graph_reader *reader, struct arena *arena, struct bytes account, uint64_t contact_id,
    struct graph_error *error);

/* What graph_load gives, as the reader sees it: for a decision that nothing may come of but an
 * answer. *messages runs beside out->contacts: each as it is stored. Borrows from the arena and
 * the graph alone. 0; GRAPH_E_DAMAGED; -ENOMEM; -errno. */
int graph_peek(struct neighbourhood *out, struct bytes **messages, struct graph_reader *reader,
    struct arena *arena, const struct event *event, struct graph_error *error);

/* An account's numbers; zeros for one that has none yet. 0; GRAPH_E_DAMAGED; -errno. */
int graph_get_account(
    struct account *out, struct graph_reader *reader, struct bytes account, struct graph_error *error);

/* Which contacts a listing shows: those that everything set in it lets through. */
struct graph_filter {
	bool anonymous_chat;              /* contacts of that class, too */
	enum contact_class contact_class; /* CLASS_NONE: any */
	enum reach reach;                 /* REACH_NONE: any or none */
	struct bytes list;                /* empty: any or none; else up to LIMIT_LIST_BYTES, no zero */
};

/* Begins a listing of the contacts past an id, by id. *out is the arena's and has
 * to be ended. 0; -ENOMEM; -errno. */
struct graph_listing;
int graph_listing_begin(struct graph_listing **out, struct graph_reader *reader, struct arena *arena,
    struct bytes account, const struct graph_filter *filter, uint64_t after_id);

/* The next contact, as it is stored: an encoded anagraph.v1.Contact, borrowed until
 * graph_read_end or graph_read_forget. 0; GRAPH_E_ABSENT after the last; GRAPH_E_PAUSED once filters that
 * seldom meet had it go through more than LIMIT_PAGE_STEPS rows in vain: another listing goes
 * on past graph_listing_place; GRAPH_E_DAMAGED; -errno. */
int graph_listing_next(
    uint64_t *contact_id, struct bytes *contact, struct graph_listing *listing, struct graph_error *error);

/* The id up to which all that is to be listed has been given. */
uint64_t graph_listing_place(const struct graph_listing *listing);

/* Ends it, before graph_read_end; accepts NULL. */
void graph_listing_end(struct graph_listing *listing);

/* What a sweep looks at: the first account after a name, in byte order, borrowed until
 * graph_read_end (0; GRAPH_E_ABSENT; -errno); when the oldest entry of an account's
 * journal was recorded (0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -ENOMEM; -errno); and when the
 * answer that expires first does (0; GRAPH_E_ABSENT; -errno). */
int graph_next_account(struct bytes *account, struct graph_reader *reader, struct bytes after);
int graph_oldest_journal(
    int64_t *recorded_at_us, struct graph_reader *reader, struct bytes account, struct graph_error *error);
int graph_next_expiry(int64_t *expires_at_us, struct graph_reader *reader);

/* Writing: one transaction at a time, all of it on the committer's thread. */

/* Begins the transaction. 0; GRAPH_E_FULL when ordinary writes are refused for
 * want of space; GRAPH_E_FAILED; -errno. */
int graph_write_begin(struct graph *graph);

/* The same for erasing and sweeping, which go on when ordinary writes are refused: they take
 * away more than they add, and who is to be forgotten must not wait for a larger disk. 0;
 * GRAPH_E_FULL when there is no space at all; GRAPH_E_FAILED; -errno. */
int graph_erase_begin(struct graph *graph);

/* All that a decision about the event may look at, as the transaction sees it.
 * Borrows from the arena alone. 0; GRAPH_E_DAMAGED; -ENOMEM; -errno. */
int graph_load(struct neighbourhood *out, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error);

/* The same for an operator's act: PROMOTE, DISMISS, MERGE, ERASE. Ids lead to whom their contacts
 * have become part of (R25). */
int graph_load_act(struct neighbourhood *out, struct graph *graph, struct arena *arena,
    const struct event *event, struct graph_error *error);

/* Applies a changeset that was decided on what graph_load or graph_load_act
 * gave. *contact is the
 * encoded anagraph.v1.Contact of changeset->contact, from the arena, or empty when that was
 * erased. On anything
 * but 0 the transaction must be aborted. 0; GRAPH_E_FULL; GRAPH_E_FAILED;
 * GRAPH_E_DAMAGED with *error naming the record; -ENOMEM; -errno. */
int graph_apply(struct bytes *contact, struct graph *graph, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error);

/* Answers that are kept for whoever sends the same request again (R26). */

enum { GRAPH_DIGEST_BYTES = 16 };

/* A request by the id that its caller gave it, 1 to 64 bytes, and what it asked. */
struct graph_request {
	struct bytes account;
	struct bytes request_id;
	uint8_t digest[GRAPH_DIGEST_BYTES];
};

/* The answer that is kept for a request, borrowed until the transaction is next written
 * to. 0; GRAPH_E_ABSENT when there is none, or one that has expired; GRAPH_E_REUSED when
 * it is the answer to another request; GRAPH_E_ERASED; GRAPH_E_DAMAGED; -errno. */
int graph_find_request(struct bytes *response, struct graph *graph, const struct graph_request *request,
    int64_t now_us, struct graph_error *error);

/* Keeps an answer until a time, in place of any that is there; it goes with any of the
 * contacts that it tells of, each of which is named once. On anything but 0 the
 * transaction must be aborted. 0; GRAPH_E_FULL; GRAPH_E_FAILED; -ENOMEM; -errno. */
int graph_keep_request(struct graph *graph, const struct graph_request *request, const uint64_t *contact_ids,
    size_t contact_count, struct bytes response, int64_t expires_at_us);

/* Takes away answers that have expired, the oldest first and no more than so many: a
 * little with each transaction, so that no write ever waits for many. The same outcomes. */
int graph_expire_requests(struct graph *graph, int64_t now_us, size_t most);

/* Takes the entries of an account's journal away that were recorded before a time, the
 * oldest first and no more than so many, with all that lists them; *removed is how many.
 * GRAPH_E_DAMAGED when the next one can't be read, and all before it are gone; otherwise
 * the same outcomes, or -ENOMEM. */
int graph_expire_journal(size_t *removed, struct graph *graph, struct bytes account, int64_t before_us,
    size_t most, struct graph_error *error);

/* Commits and syncs: on 0 everything applied is on stable storage, and *txn is its
 * number, or that of the transaction before when nothing was written. Otherwise there is
 * no transaction left to abort. GRAPH_E_FULL when the map had no room: nothing of it was
 * stored, and nothing else is stopped. GRAPH_E_FAILED, with *error saying what the system
 * said: whether any of it is stored nobody knows, no write is taken any more, and the
 * next start checks the store when the mark that asks for it could be made. */
int graph_commit(uint64_t *txn, struct graph *graph, struct graph_error *error);

/* Drops the transaction. */
void graph_abort(struct graph *graph);

/* How much of the space that the store could have it takes, in per cent. */
unsigned graph_used_percent(const struct graph *graph);

/* What graph_check counted. */
struct graph_report {
	uint64_t accounts;
	uint64_t contacts;
	uint64_t forwards;
	uint64_t identifiers;
	uint64_t journal_entries;
	uint64_t requests;
};

/* Reads every record of the store: verifies checksums and forms, that each
 * identifier's owner holds it and each held identifier has that owner, that
 * forwards lead to a contact, that the journal has no gap, that every answer kept
 * expires, and that a recount equals every counter. 0; GRAPH_E_DAMAGED with *error naming the first fault;
 * -errno. Any thread; takes as long as the store is large. */
int graph_check(struct graph_report *report, struct graph *graph, struct graph_error *error);

/* What graph_compact did. */
struct graph_compaction {
	uint64_t before_bytes; /* of the store's file */
	uint64_t after_bytes;
	uint64_t records;
};

/* Writes the store anew, record by record, so that nothing is left of what was taken out of
 * it: LMDB gives pages back to be used again, with what they held. The new store is checked
 * and put in the place of the old one, which is then removed; until then the old one is
 * whole. options are those of graph_open; the key is not needed. The store must not be open.
 * 0; GRAPH_E_REFUSED, also when a record is damaged; GRAPH_E_FULL; -errno; *error says why.
 * Main thread. */
int graph_compact(
    struct graph_compaction *out, const struct graph_options *options, struct graph_error *error);

/* Reads an account's journal entry by sequence, encoded, borrowed until
 * graph_read_end. 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -errno. */
int graph_get_journal(struct bytes *entry, struct graph_reader *reader, struct bytes account,
    uint64_t sequence, struct graph_error *error);

/* The history of a contact: the sequences of the journal entries after a given one (0:
 * from the first) that tell of it or of a contact that became part of it, ascending, each
 * once, no more than so many; sequences has room for most. contact_id may have been
 * absorbed. 0; GRAPH_E_ABSENT when there is no such contact; GRAPH_E_DAMAGED; -errno. */
int graph_list_history(uint64_t *sequences, size_t *count, size_t most, struct graph_reader *reader,
    struct bytes account, uint64_t contact_id, uint64_t after_sequence, struct graph_error *error);

/* Reads the sequence of the contact's first journal entry after a given one (0:
 * from its first). Entries of absorbed contacts stay under their own ids.
 * 0; GRAPH_E_ABSENT; -errno. */
int graph_next_journal(uint64_t *sequence, struct graph_reader *reader, struct bytes account,
    uint64_t contact_id, uint64_t after_sequence);

#endif
