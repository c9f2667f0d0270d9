/* Opening and closing. The rules that LMDB 0.9.24 wants kept: one environment a
 * process, opened once; the map reserved far past what the disk holds and never
 * resized, for that crashes readers; syncing as it is by default; no duplicate keys.
 * Readers are not bound to threads (MDB_NOTLS). */
#include "server/graph/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/graph/outcome.h"
#include "server/graph/write.h"

enum { STORE_FORMAT = 5, STORE_FILE_MODE = 0600, READERS_DEFAULT = 126, READERS_OF_OUR_OWN = 2 };

/* Places are remembered for as many rows as there are at the start, and for some in a store
 * that is yet to fill. */
enum { PLACED_ROWS_MIN = 1 << 19, PLACES_PART_OF_MEMORY = 8 };

static const uint64_t MAP_BYTES_DEFAULT = UINT64_C(1) << 40;

#define META_FORMAT BYTES("format")
#define META_PHONE_LIBRARY BYTES("phone_library")
#define META_KEY BYTES("key")

int
environment_result(int code)
{
	switch (code) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return GRAPH_E_ABSENT;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
		return GRAPH_E_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return GRAPH_E_DAMAGED;
	case MDB_PANIC:
		return GRAPH_E_FAILED;
	case MDB_TXN_FULL:
		return -E2BIG;
	default:
		return code > 0 ? -code : -EIO;
	}
}

int
table_get(
    struct bytes *value, MDB_txn *txn, const struct graph *graph, enum table table, const struct key *key)
{
	MDB_val found;
	MDB_val sought = val_of(key_bytes(key));
	int result = environment_result(mdb_get(txn, graph->tables[table], &sought, &found));

	if (result == 0 && !record_open(value, table, key_bytes(key), bytes_of_val(&found)))
		result = GRAPH_E_DAMAGED;
	return result;
}

/* A row from where it was last seen. */
static bool
get_by_place(struct bytes *value, MDB_txn *txn, const struct graph *graph, struct arena *arena, uint64_t hash)
{
	uint64_t number = mdb_txn_id(txn);
	struct place_guess guess;
	struct bytes row;

	return places_find(&guess, graph->places, hash, number) && arena_copy(&row, arena, guess.row) == 0 &&
	    places_hold(graph->places, hash, number, &guess, row) && record_open_hashed(value, hash, row);
}

int
row_get(struct bytes *value, MDB_txn *txn, const struct graph *graph, struct arena *arena, enum table table,
    const struct key *key)
{
	uint64_t hash = record_hash(table, key_bytes(key));
	MDB_val sought = val_of(key_bytes(key));
	MDB_val found;
	int result;

	if (graph->places != NULL && arena != NULL && get_by_place(value, txn, graph, arena, hash))
		return 0;
	result = environment_result(mdb_get(txn, graph->tables[table], &sought, &found));
	if (result != 0)
		return result;
	if (!record_open_hashed(value, hash, bytes_of_val(&found)))
		return GRAPH_E_DAMAGED;
	/* What a transaction that writes finds may lie outside the map. */
	if (graph->places != NULL && txn != graph->txn)
		places_note(graph->places, hash, mdb_txn_id(txn), bytes_of_val(&found));
	return 0;
}

/* An error of LMDB's while the store is opened. */
static int
refuse_code(struct graph_error *error, int code, const char *path, const char *what)
{
	int result = environment_result(code);

	outcome_say(error, 0, "%s: %s: %s", path, what, mdb_strerror(code));
	return result < 0 && code > 0 ? result : GRAPH_E_REFUSED;
}

/* Records are read here and there: reading ahead helps only while all of the file fits
 * into memory. */
static unsigned
flags_for(const char *path)
{
	unsigned flags = MDB_NOTLS;
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);
	char file[PATH_MAX + 80];
	struct stat about;

	snprintf(file, sizeof(file), "%s/data.mdb", path);
	if (pages > 0 && page_bytes > 0 && stat(file, &about) == 0 && about.st_size / page_bytes > pages / 2)
		flags |= MDB_NORDAHEAD;
	return flags;
}

/* LMDB opens its data file without close-on-exec. */
static int
close_on_exec(MDB_env *env)
{
	int descriptor;
	int code = mdb_env_get_fd(env, &descriptor);

	if (code != 0)
		return code;
	return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? errno : 0;
}

int
environment_open(struct graph *graph, const char *path, const struct graph_options *options, unsigned flags,
    struct graph_error *error)
{
	uint64_t map_bytes = options->map_size_bytes == 0 ? MAP_BYTES_DEFAULT : options->map_size_bytes;
	MDB_stat stat;
	int dead;
	int code;

	if (graph->packer == NULL && packer_create(&graph->packer) < 0)
		return outcome_say(error, -ENOMEM, "there is no memory to open the store");
	code = mdb_env_create(&graph->env);
	if (code != 0) {
		graph->env = NULL;
		return refuse_code(error, code, path, "no environment can be made");
	}
	if (map_bytes > SIZE_MAX)
		return outcome_say(error, GRAPH_E_REFUSED, "the map size is more than this machine can map");
	code = mdb_env_set_maxdbs(graph->env, TABLE_COUNT);
	if (code == 0)
		code = mdb_env_set_maxreaders(graph->env, graph->reader_limit + READERS_OF_OUR_OWN);
	if (code == 0)
		code = mdb_env_set_mapsize(graph->env, (size_t)map_bytes);
	if (code == 0)
		code = mdb_env_open(graph->env, path, flags_for(path) | flags, STORE_FILE_MODE);
	if (code == ENOMEM || code == EINVAL)
		return outcome_say(error, -code,
		    "%s: %" PRIu64 " bytes of address space can't be reserved for the map", path, map_bytes);
	if (code == 0)
		code = close_on_exec(graph->env);
	if (code == 0)
		code = mdb_reader_check(graph->env, &dead);
	if (code == 0)
		code = mdb_env_stat(graph->env, &stat);
	if (code != 0)
		return refuse_code(error, code, path, "the environment can't be opened");
	graph->page_bytes = stat.ms_psize;
	return 0;
}

void
environment_close(struct graph *graph)
{
	if (graph->env != NULL)
		mdb_env_close(graph->env);
	graph->env = NULL;
	packer_destroy(graph->packer);
	graph->packer = NULL;
}

int
environment_open_tables(struct graph *graph, MDB_txn *txn, enum table first, enum table last, unsigned flags,
    const char *path, struct graph_error *error)
{
	for (unsigned table = first; table <= last; table++) {
		int code = mdb_dbi_open(txn, table_name((enum table)table), flags, &graph->tables[table]);

		if (code == MDB_NOTFOUND)
			return outcome_say(error, GRAPH_E_REFUSED,
			    "%s is no store of this service: it has no %s", path,
			    table_name((enum table)table));
		if (code != 0)
			return refuse_code(error, code, path, table_name((enum table)table));
	}
	return 0;
}

/* What tells the key by which the store was made from any other: the digest of something
 * that never changes. */
static void
digest_of_key(uint8_t digest[DIGEST_BYTES], const struct digest_key *key)
{
	static const struct bytes part = { (const uint8_t *)"anagraph store", 14 };

	digest_parts(digest, key, &part, 1);
}

/* Everything that a new store has. The transaction is committed by the caller. */
static int
fill_new_store(
    struct graph *graph, const struct graph_options *options, const char *path, struct graph_error *error)
{
	uint8_t digest[DIGEST_BYTES];
	uint8_t format[RECORD_ID_BYTES];
	struct key key;
	int result =
	    environment_open_tables(graph, graph->txn, TABLE_META, TABLE_COUNT - 1, MDB_CREATE, path, error);

	if (result != 0)
		return result;
	record_put_id(format, STORE_FORMAT);
	key_name(&key, META_FORMAT);
	result = table_put(graph, TABLE_META, &key, bytes_of(format, sizeof(format)));
	if (result == 0) {
		key_name(&key, META_PHONE_LIBRARY);
		result = table_put(graph, TABLE_META, &key, options->phone_library_version);
	}
	if (result == 0) {
		digest_of_key(digest, &options->key);
		key_name(&key, META_KEY);
		result = table_put(graph, TABLE_META, &key, bytes_of(digest, sizeof(digest)));
	}
	if (result != 0)
		outcome_say(error, 0, "%s: the store's own records can't be written", path);
	return result;
}

int
environment_make(struct graph *graph, const struct directory_path *made, const struct graph_options *options,
    struct graph_error *error)
{
	int result = environment_open(graph, made->path, options, 0, error);

	if (result == 0) {
		MDB_txn *txn = NULL;
		int code = mdb_txn_begin(graph->env, NULL, 0, &txn);

		graph->txn = txn;
		/* What fails here has harmed nothing: it is made aside. */
		graph->budget_bytes = UINT64_MAX;
		if (code != 0)
			result = refuse_code(error, code, made->path, "no transaction can begin");
	}
	if (result == 0)
		result = fill_new_store(graph, options, made->path, error);
	if (result == 0) {
		int code = mdb_txn_commit(graph->txn);

		graph->txn = NULL;
		if (code != 0)
			result = refuse_code(error, code, made->path, "the new store can't be written");
	}
	graph_abort(graph);
	return result;
}

static int
make_store(struct graph *graph, const struct graph_options *options, struct graph_error *error)
{
	struct directory_path made;
	int result = directory_begin_store(&made, &graph->directory, error);

	if (result != 0)
		return result;
	result = environment_make(graph, &made, options, error);
	environment_close(graph);
	if (result == 0)
		result = directory_publish_store(&graph->directory, &made, error);
	return result;
}

static int
check_format(struct graph *graph, MDB_txn *txn, const char *path, struct graph_error *error)
{
	struct bytes value;
	struct key key;
	uint64_t format;
	int result;

	key_name(&key, META_FORMAT);
	result = table_get(&value, txn, graph, TABLE_META, &key);
	if (result < 0)
		return outcome_say(error, result, "%s: the record of its format can't be read", path);
	if (result != 0 || !record_id(&format, value))
		return outcome_say(
		    error, GRAPH_E_REFUSED, "%s: the record of its format is missing or damaged", path);
	if (format != STORE_FORMAT)
		return outcome_say(error, GRAPH_E_REFUSED,
		    "%s has format %" PRIu64 "; this program knows format %d alone", path, format,
		    STORE_FORMAT);
	return 0;
}

/* By another key nothing that is digested would ever be found again: what an operator
 * dismissed would come back, what was erased for good would be taken in. */
static int
check_key(struct graph *graph, MDB_txn *txn, const char *path, struct graph_error *error)
{
	uint8_t digest[DIGEST_BYTES];
	struct bytes value;
	struct key key;
	int result;

	key_name(&key, META_KEY);
	result = table_get(&value, txn, graph, TABLE_META, &key);
	if (result < 0)
		return outcome_say(error, result, "%s: the record of its key can't be read", path);
	if (result != 0)
		return outcome_say(
		    error, GRAPH_E_REFUSED, "%s: the record of its key is missing or damaged", path);
	digest_of_key(digest, &graph->key);
	if (!bytes_equal(value, bytes_of(digest, sizeof(digest))))
		return outcome_say(error, GRAPH_E_REFUSED,
		    "%s was made with another key: the key file that belongs to it is needed", path);
	return 0;
}

/* The format is read before any other table is looked for: another one may have others. */
static int
open_store(struct graph *graph, const char *path, bool without_key, struct graph_error *error)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(graph->env, NULL, MDB_RDONLY, &txn);
	int result;

	if (code != 0)
		return refuse_code(error, code, path, "no transaction can begin");
	result = environment_open_tables(graph, txn, TABLE_META, TABLE_META, 0, path, error);
	if (result == 0)
		result = check_format(graph, txn, path, error);
	if (result == 0)
		result = without_key ? 0 : check_key(graph, txn, path, error);
	if (result == 0)
		result = environment_open_tables(graph, txn, TABLE_META + 1, TABLE_COUNT - 1, 0, path, error);
	if (result != 0) {
		mdb_txn_abort(txn);
		return result;
	}
	/* Committing is what makes the handles of the tables the environment's. */
	code = mdb_txn_commit(txn);
	return code == 0 ? 0 : refuse_code(error, code, path, "the tables can't be opened");
}

/* After a commit that failed nothing is taken on trust. */
static int
recover(struct graph *graph, struct graph_error *error)
{
	struct graph_report report;
	struct graph_error fault;
	int result;

	if (!directory_is_marked(&graph->directory))
		return 0;
	result = graph_check(&report, graph, &fault);
	if (result == GRAPH_E_DAMAGED)
		return outcome_say(error, GRAPH_E_REFUSED,
		    "the last run ended with a failed commit, and the store is damaged: %.*s",
		    GRAPH_MESSAGE_BYTES - 128, fault.message);
	if (result != 0)
		return outcome_say(error, result,
		    "the last run ended with a failed commit, and the store can't be checked: %.*s",
		    GRAPH_MESSAGE_BYTES - 128, fault.message);
	return directory_unmark(&graph->directory, error);
}

/* Keeps the version of the library by whose tables numbers are brought to their normal
 * form (N3), when it is another than before. A store too full to write to keeps the old
 * one, for it must still open to be read. */
static int
record_phone_library(struct graph *graph, const struct graph_options *options, struct graph_error *error)
{
	struct bytes known = { NULL, 0 };
	struct key key;
	uint64_t txn;
	int result;

	if (options->phone_library_version.size == 0)
		return 0;
	result = graph_write_begin(graph);
	if (result == GRAPH_E_FULL)
		return 0;
	if (result != 0)
		return outcome_say(error, result, "the store can't be written to");
	key_name(&key, META_PHONE_LIBRARY);
	result = table_get(&known, graph->txn, graph, TABLE_META, &key);
	if (result == 0 && bytes_equal(known, options->phone_library_version)) {
		graph_abort(graph);
		return 0;
	}
	if (result == 0 || result == GRAPH_E_ABSENT || result == GRAPH_E_DAMAGED)
		result = table_put(graph, TABLE_META, &key, options->phone_library_version);
	if (result == 0) {
		result = graph_commit(&txn, graph, error);
		return result == GRAPH_E_FULL ? 0 : result;
	}
	graph_abort(graph);
	if (result == GRAPH_E_FULL)
		return 0;
	return outcome_say(error, result, "the store's own records can't be written");
}

/* Prepares to remember where rows are, in a part of the memory that the machine has; without
 * any memory of it the tables alone are looked at. Of the rows of contacts, one for each entry
 * of the journal, or more, is a mark that is never looked for. */
static void
remember_places(struct graph *graph)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t contact_rows = 0;
	uint64_t rows = 0;
	MDB_txn *txn;
	MDB_stat stat;

	if (pages <= 0 || page_bytes <= 0 || mdb_txn_begin(graph->env, NULL, MDB_RDONLY, &txn) != 0)
		return;
	if (mdb_stat(txn, graph->tables[TABLE_IDENTIFIER], &stat) == 0)
		rows += stat.ms_entries;
	if (mdb_stat(txn, graph->tables[TABLE_CONTACT], &stat) == 0)
		contact_rows = stat.ms_entries;
	if (mdb_stat(txn, graph->tables[TABLE_JOURNAL], &stat) == 0 && stat.ms_entries < contact_rows)
		rows += contact_rows - stat.ms_entries;
	(void)places_create(&graph->places, rows < PLACED_ROWS_MIN ? PLACED_ROWS_MIN : rows,
	    (uint64_t)pages / PLACES_PART_OF_MEMORY * (uint64_t)page_bytes, mdb_txn_id(txn));
	mdb_txn_abort(txn);
}

static int
open_graph(struct graph *graph, const struct graph_options *options, struct graph_error *error)
{
	struct directory_path store;
	int result = directory_open(&graph->directory, options->data_dir, error);

	if (result == 0)
		result = directory_find_store(&store, &graph->directory, error);
	if (result == GRAPH_E_ABSENT) {
		result = make_store(graph, options, error);
		if (result == 0)
			result = directory_find_store(&store, &graph->directory, error);
	}
	if (result == 0 && directory_is_marked(&graph->directory))
		directory_drop_cache(&graph->directory);
	if (result == 0)
		result = environment_open(graph, store.path, options, 0, error);
	if (result == 0)
		result = open_store(graph, store.path, options->without_key, error);
	if (result == 0)
		result = recover(graph, error);
	if (result == 0)
		result = record_phone_library(graph, options, error);
	if (result == 0)
		remember_places(graph);
	return result;
}

/* For readers alone: nothing is locked, made or mended, so that it may be done beside a
 * daemon. */
static int
open_to_read(struct graph *graph, const struct graph_options *options, struct graph_error *error)
{
	struct directory_path store;
	int result = directory_open_shared(&graph->directory, &store, options->data_dir, error);

	if (result == 0)
		result = environment_open(graph, store.path, options, MDB_RDONLY, error);
	return result == 0 ? open_store(graph, store.path, options->without_key, error) : result;
}

int
graph_open(struct graph **out, const struct graph_options *options, struct graph_error *error)
{
	struct graph *graph = calloc(1, sizeof(*graph));
	int result;

	error->message[0] = '\0';
	if (graph == NULL)
		return outcome_say(error, -ENOMEM, "there is no memory to open the store");
	graph->key = options->key;
	graph->reader_limit = options->reader_count == 0 ? READERS_DEFAULT : options->reader_count;
	graph->directory = (struct directory){ -1, -1, -1, "" };
	result =
	    options->only_readers ? open_to_read(graph, options, error) : open_graph(graph, options, error);
	if (result != 0) {
		graph_close(graph);
		return result < 0 ? result : GRAPH_E_REFUSED;
	}
	*out = graph;
	return 0;
}

int
graph_make_directory(const char *data_dir, struct graph_error *error)
{
	return directory_make(data_dir, error);
}

bool
graph_is_there(const char *data_dir)
{
	return directory_has_store(data_dir);
}

void
graph_close(struct graph *graph)
{
	if (graph == NULL)
		return;
	environment_close(graph);
	places_destroy(graph->places);
	directory_close(&graph->directory);
	free(graph);
}
