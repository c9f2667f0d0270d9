/* The copy goes to files, not to memory: an account's journal may be large. They are
 * unlinked as soon as they are made. */
#include "server/replay/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ARENA_BYTES = 16 * 1024 * 1024 };

/* One copying on its way. */
struct copying {
	struct graph_reader *reader;
	const struct replay_options *options;
	struct arena arena;
	struct timespec until;
	struct graph_error *error;
};

static int
make_file(FILE **out, const char *directory)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/snapshot-XXXXXX", directory) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	if (fd < 0)
		return -errno;
	*out = fdopen(fd, "w+");
	if (*out != NULL)
		return 0;
	close(fd);
	return -ENOMEM;
}

static int
put_row(FILE *file, struct bytes row)
{
	uint64_t size_bytes = row.size;

	if (fwrite(&size_bytes, sizeof(size_bytes), 1, file) != 1 ||
	    (row.size > 0 && fwrite(row.data, row.size, 1, file) != 1))
		return errno != 0 ? -errno : -EIO;
	return 0;
}

static int
check_time(const struct copying *copying)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < copying->until.tv_sec ||
	    (now.tv_sec == copying->until.tv_sec && now.tv_nsec < copying->until.tv_nsec))
		return 0;
	snprintf(copying->error->message, sizeof(copying->error->message),
	    "the account could not be copied within %u seconds, and the store's freed space is not held "
	    "longer",
	    copying->options->hold_seconds);
	return REPLAY_E_REFUSED;
}

static int
copy_journal(struct snapshot *snapshot, struct copying *copying)
{
	for (uint64_t sequence = 1; sequence <= snapshot->account.journal_sequence; sequence++) {
		struct bytes entry;
		int result = check_time(copying);

		if (result != 0)
			return result;
		result = graph_get_journal(
		    &entry, copying->reader, copying->options->account, sequence, copying->error);
		if (result == GRAPH_E_ABSENT) {
			snapshot->missing++;
			continue;
		}
		if (result == 0)
			result = put_row(snapshot->journal, entry);
		if (result != 0)
			return result;
		graph_read_forget(copying->reader);
	}
	return 0;
}

static int
copy_contacts(struct snapshot *snapshot, struct copying *copying)
{
	const struct graph_filter all = { .anonymous_chat = true };
	struct graph_listing *listing;
	struct bytes contact;
	uint64_t contact_id;
	int result = graph_listing_begin(
	    &listing, copying->reader, &copying->arena, copying->options->account, &all, 0);

	if (result != 0)
		return result;
	while ((result = graph_listing_next(&contact_id, &contact, listing, copying->error)) == 0) {
		result = put_row(snapshot->contacts, contact);
		if (result == 0)
			result = check_time(copying);
		if (result != 0)
			break;
		graph_read_forget(copying->reader);
	}
	graph_listing_end(listing);
	return result == GRAPH_E_ABSENT ? 0 : result;
}

/* An account without any history is a mistyped one: what it would be told says nothing. */
static int
check_history(const struct snapshot *snapshot, const struct copying *copying)
{
	if (snapshot->account.journal_sequence > 0)
		return 0;
	snprintf(copying->error->message, sizeof(copying->error->message),
	    "the store has nothing of account %.*s", BYTES_PRINT(copying->options->account));
	return REPLAY_E_REFUSED;
}

static int
copy_account(struct snapshot *snapshot, struct copying *copying)
{
	int result = graph_read_begin(copying->reader);

	if (result != 0)
		return result;
	result = check_time(copying);
	if (result == 0)
		result = graph_get_account(
		    &snapshot->account, copying->reader, copying->options->account, copying->error);
	if (result == 0)
		result = check_history(snapshot, copying);
	if (result == 0)
		result = copy_journal(snapshot, copying);
	if (result == 0)
		result = copy_contacts(snapshot, copying);
	graph_read_end(copying->reader);
	return result;
}

/* Opens the store, copies, closes it again. */
static int
copy_from_store(struct snapshot *snapshot, const struct replay_options *options, struct graph_error *error)
{
	struct copying copying = { .options = options, .error = error };
	struct graph_options store = options->store;
	struct graph *graph;
	int result;

	store.only_readers = true;
	store.without_key = true;
	result = graph_open(&graph, &store, error);
	if (result != 0) /* whatever it is, it has been told */
		return REPLAY_E_REFUSED;
	arena_init(&copying.arena, ARENA_BYTES);
	clock_gettime(CLOCK_MONOTONIC, &copying.until);
	copying.until.tv_sec += options->hold_seconds;
	result = graph_reader_create(&copying.reader, graph);
	if (result == GRAPH_E_FULL) {
		snprintf(error->message, sizeof(error->message), "the store has too many readers already");
		result = REPLAY_E_REFUSED;
	} else if (result == 0) {
		result = copy_account(snapshot, &copying);
		graph_reader_destroy(copying.reader);
	}
	arena_finish(&copying.arena);
	graph_close(graph);
	return result == GRAPH_E_DAMAGED ? REPLAY_E_REFUSED : result;
}

int
snapshot_take(struct snapshot *out, const struct replay_options *options, struct graph_error *error)
{
	struct snapshot snapshot = { .journal = NULL };
	int result = make_file(&snapshot.journal, options->scratch_dir);

	if (result == 0)
		result = make_file(&snapshot.contacts, options->scratch_dir);
	if (result == 0)
		result = copy_from_store(&snapshot, options, error);
	if (result == 0 && (fflush(snapshot.journal) != 0 || fflush(snapshot.contacts) != 0))
		result = -errno;
	if (result != 0) {
		snapshot_finish(&snapshot);
		return result;
	}
	rewind(snapshot.journal);
	rewind(snapshot.contacts);
	*out = snapshot;
	return 0;
}

void
snapshot_finish(struct snapshot *snapshot)
{
	if (snapshot->journal != NULL)
		fclose(snapshot->journal);
	if (snapshot->contacts != NULL)
		fclose(snapshot->contacts);
}

int
snapshot_next(struct bytes *row, struct arena *arena, FILE *file)
{
	uint64_t size_bytes;
	uint8_t *data;

	if (fread(&size_bytes, sizeof(size_bytes), 1, file) != 1)
		return feof(file) ? GRAPH_E_ABSENT : -EIO;
	data = arena_alloc(arena, size_bytes);
	if (data == NULL)
		return -ENOMEM;
	if (size_bytes > 0 && fread(data, size_bytes, 1, file) != 1)
		return -EIO;
	*row = bytes_of(data, size_bytes);
	return 0;
}
