/* A row lies in memory and in files as it is: the sizes of key and value, the key, the
 * value. Sorting moves references of sixteen bytes: eight bytes of the key, past what
 * all keys of the run begin with, mostly decide. A run is sorted and written by a thread
 * of its own while the next one gathers. */
#include "server/graph/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUNS = 4096, READ_BYTES = 256 * 1024, ROW_HEAD_BYTES = 4 };

struct reference {
	uint64_t prefix; /* of the key, past what is common, as a number */
	size_t at;       /* of the row in the run's memory */
};

/* Rows that gather, or are being sorted. */
struct run {
	uint8_t *memory;
	size_t used_bytes;
	struct reference *rows;
	size_t count;
	size_t capacity;
	size_t common_bytes; /* with which all keys begin */
	FILE *file;          /* where it goes */
	int result;          /* of the thread that sorts it */
};

/* A run that has been put aside, as it is read again: the first row that has not been given. */
struct source {
	FILE *file;
	uint8_t head[ROW_HEAD_BYTES];
	uint8_t *row; /* key and value */
	size_t key_size;
	size_t value_size;
};

struct spool {
	const char *directory;
	size_t memory_bytes; /* of each of the two runs */
	struct run runs[2];
	unsigned gathering; /* which of them */
	pthread_t sorter;
	bool sorting; /* the other one */
	uint64_t count;
	FILE *files[RUNS];
	size_t file_count;
	struct source *sources;
	struct source **heap; /* the one with the least key first */
	size_t heap_count;
	struct source *given; /* whose row was given last, to be read on */
};

static size_t
size_at(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

static void
put_size(uint8_t *bytes, size_t size)
{
	bytes[0] = (uint8_t)(size >> 8);
	bytes[1] = (uint8_t)size;
}

static struct bytes
key_at(const uint8_t *row)
{
	return bytes_of(row + ROW_HEAD_BYTES, size_at(row));
}

static int
compare_keys(struct bytes a, struct bytes b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size == 0 ? 0 : memcmp(a.data, b.data, size);

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int
compare_references(const void *a, const void *b, void *context)
{
	const struct reference *x = a;
	const struct reference *y = b;
	const struct run *run = context;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return compare_keys(key_at(run->memory + x->at), key_at(run->memory + y->at));
}

static uint64_t
prefix_of(struct bytes key, size_t skipped)
{
	uint64_t prefix = 0;

	for (size_t i = skipped; i < skipped + sizeof(prefix); i++)
		prefix = prefix << 8 | (i < key.size ? key.data[i] : 0);
	return prefix;
}

/* Sorts a run and writes it. 0; -errno. */
static int
put_aside(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		run->rows[i].prefix = prefix_of(key_at(run->memory + run->rows[i].at), run->common_bytes);
	if (run->count > 0)
		qsort_r(run->rows, run->count, sizeof(run->rows[0]), compare_references, run);
	for (size_t i = 0; i < run->count; i++) {
		const uint8_t *row = run->memory + run->rows[i].at;
		size_t size = ROW_HEAD_BYTES + size_at(row) + size_at(row + 2);

		if (fwrite(row, 1, size, run->file) != size)
			return -EIO;
	}
	if (fflush(run->file) != 0)
		return -EIO;
	rewind(run->file);
	return 0;
}

static void *
run_sorter(void *context)
{
	struct run *run = context;

	run->result = put_aside(run);
	return NULL;
}

int
spool_create(struct spool **out, const char *directory, size_t memory_bytes)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (spool == NULL)
		return -ENOMEM;
	spool->directory = directory;
	spool->memory_bytes = memory_bytes;
	for (size_t i = 0; i < 2; i++) {
		spool->runs[i].memory = malloc(memory_bytes);
		if (spool->runs[i].memory == NULL) {
			spool_destroy(spool);
			return -ENOMEM;
		}
	}
	*out = spool;
	return 0;
}

/* Waits until the run that is being sorted has been put aside. 0; -errno. */
static int
await_sorter(struct spool *spool)
{
	if (!spool->sorting)
		return 0;
	pthread_join(spool->sorter, NULL);
	spool->sorting = false;
	return spool->runs[1 - spool->gathering].result;
}

void
spool_destroy(struct spool *spool)
{
	if (spool == NULL)
		return;
	await_sorter(spool);
	for (size_t i = 0; i < 2; i++) {
		free(spool->runs[i].memory);
		free(spool->runs[i].rows);
	}
	for (size_t i = 0; spool->sources != NULL && i < spool->file_count; i++)
		free(spool->sources[i].row);
	for (size_t i = 0; i < spool->file_count; i++)
		fclose(spool->files[i]);
	free(spool->sources);
	free(spool->heap);
	free(spool);
}

/* A file that goes when it is closed. 0; -errno. */
static int
open_file(FILE **out, struct spool *spool)
{
	int descriptor;
	FILE *file;

	if (spool->file_count == RUNS)
		return -EFBIG;
	descriptor = open(spool->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return -errno;
	file = fdopen(descriptor, "w+");
	if (file == NULL) {
		close(descriptor);
		return -ENOMEM;
	}
	setvbuf(file, NULL, _IOFBF, READ_BYTES);
	__fsetlocking(file, FSETLOCKING_BYCALLER); /* one thread at a time has it */
	spool->files[spool->file_count++] = file;
	*out = file;
	return 0;
}

/* Has the run that gathered sorted, and lets the other one gather. 0; -errno. */
static int
change_runs(struct spool *spool)
{
	struct run *full = &spool->runs[spool->gathering];
	struct run *next = &spool->runs[1 - spool->gathering];
	int result = await_sorter(spool);

	if (result == 0)
		result = open_file(&full->file, spool);
	if (result == 0)
		result = -pthread_create(&spool->sorter, NULL, run_sorter, full);
	if (result != 0)
		return result;
	spool->sorting = true;
	spool->gathering = 1 - spool->gathering;
	next->used_bytes = 0;
	next->count = 0;
	return 0;
}

/* Makes room for one more reference. 0; -ENOMEM. */
static int
grow(struct run *run)
{
	size_t capacity = run->capacity == 0 ? 1024 : 2 * run->capacity;
	struct reference *rows;

	if (run->count < run->capacity)
		return 0;
	rows = reallocarray(run->rows, capacity, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	run->rows = rows;
	run->capacity = capacity;
	return 0;
}

static void
note_common(struct run *run, struct bytes key)
{
	struct bytes first;
	size_t size = 0;

	if (run->count == 0) {
		run->common_bytes = key.size;
		return;
	}
	first = key_at(run->memory + run->rows[0].at);
	while (size < run->common_bytes && size < key.size && first.data[size] == key.data[size])
		size++;
	run->common_bytes = size;
}

int
spool_add(struct spool *spool, struct bytes key, struct bytes head, struct bytes body)
{
	size_t size = ROW_HEAD_BYTES + key.size + head.size + body.size;
	struct run *run = &spool->runs[spool->gathering];
	uint8_t *row;
	int result = 0;

	assert(key.size <= UINT16_MAX && head.size + body.size <= UINT16_MAX && size <= spool->memory_bytes);
	if (run->used_bytes + size > spool->memory_bytes) {
		result = change_runs(spool);
		run = &spool->runs[spool->gathering];
	}
	if (result == 0)
		result = grow(run);
	if (result != 0)
		return result;
	note_common(run, key);
	row = run->memory + run->used_bytes;
	put_size(row, key.size);
	put_size(row + 2, head.size + body.size);
	memcpy(row + ROW_HEAD_BYTES, key.data, key.size);
	if (head.size > 0)
		memcpy(row + ROW_HEAD_BYTES + key.size, head.data, head.size);
	if (body.size > 0)
		memcpy(row + ROW_HEAD_BYTES + key.size + head.size, body.data, body.size);
	run->rows[run->count++].at = run->used_bytes;
	run->used_bytes += size;
	spool->count++;
	return 0;
}

uint64_t
spool_count(const struct spool *spool)
{
	return spool->count;
}

/* Reads a source's next row. 0; SPOOL_E_END; -errno. */
static int
read_row(struct source *source)
{
	size_t size = fread(source->head, 1, ROW_HEAD_BYTES, source->file);

	if (size == 0 && feof(source->file))
		return SPOOL_E_END;
	if (size != ROW_HEAD_BYTES)
		return -EIO;
	source->key_size = size_at(source->head);
	source->value_size = size_at(source->head + 2);
	size = source->key_size + source->value_size;
	return fread(source->row, 1, size, source->file) == size ? 0 : -EIO;
}

static bool
comes_before(const struct source *a, const struct source *b)
{
	return compare_keys(bytes_of(a->row, a->key_size), bytes_of(b->row, b->key_size)) < 0;
}

/* Lets the source at a place of the heap sink to where it belongs. */
static void
sink(struct spool *spool, size_t place)
{
	for (;;) {
		struct source *sunk = spool->heap[place];
		size_t least = place;

		for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < spool->heap_count;
		     child++) {
			if (comes_before(spool->heap[child], spool->heap[least]))
				least = child;
		}
		if (least == place)
			return;
		spool->heap[place] = spool->heap[least];
		spool->heap[least] = sunk;
		place = least;
	}
}

int
spool_finish(struct spool *spool)
{
	int result = change_runs(spool);

	if (result == 0)
		result = await_sorter(spool);
	if (result != 0)
		return result;
	spool->sources = calloc(spool->file_count, sizeof(*spool->sources));
	spool->heap = calloc(spool->file_count, sizeof(*spool->heap));
	if (spool->sources == NULL || spool->heap == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < spool->file_count; i++) {
		struct source *source = &spool->sources[i];

		source->file = spool->files[i];
		source->row = malloc((size_t)2 * UINT16_MAX);
		result = source->row == NULL ? -ENOMEM : read_row(source);
		if (result < 0)
			return result;
		if (result == 0)
			spool->heap[spool->heap_count++] = source;
	}
	for (size_t i = spool->heap_count / 2; i > 0; i--)
		sink(spool, i - 1);
	return 0;
}

int
spool_next(struct bytes *key, struct bytes *value, struct spool *spool)
{
	const struct source *first;
	int result = spool->given == NULL ? 0 : read_row(spool->given);

	if (result < 0)
		return result;
	if (result == SPOOL_E_END)
		spool->heap[0] = spool->heap[--spool->heap_count];
	spool->given = NULL;
	if (spool->heap_count == 0)
		return SPOOL_E_END;
	sink(spool, 0);
	first = spool->heap[0];
	spool->given = spool->heap[0];
	*key = bytes_of(first->row, first->key_size);
	*value = bytes_of(first->row + first->key_size, first->value_size);
	return 0;
}
