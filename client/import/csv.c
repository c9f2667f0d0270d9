/* CSV, taken apart by libcsv. The parser pushes fields, so that a row is handed on from
 * within it; the number of a row is that of its first line, counted here, since a quoted
 * field may have line ends in it.
 *
 * What always holds: a row that is longer than may be is dropped with all that the
 * parser has gathered of it, and reading goes on after the next line end, as after a
 * quote that was never closed. */
#include <csv.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "client/import/mapping.h"
#include "client/import/read.h"

enum { CHUNK_BYTES = 64 * 1024, BOM_BYTES = 3 };

/* Where a field of the row begins in its text, and how long it is. */
struct field {
	size_t start;
	size_t size;
};

struct reader {
	const struct row_defaults *defaults;
	const struct row_sink *sink;
	const char *const *maps;
	size_t map_count;
	struct row_problem *problem;
	struct csv_parser parser;
	bool has_parser;
	struct mapping mapping;
	bool has_header;
	char *text; /* of the row's fields, each NUL-terminated */
	size_t text_size, text_room;
	struct field *fields;
	struct cell *cells;
	size_t field_count, field_room;
	uint64_t line;     /* that the row began on */
	uint64_t more;     /* line ends within it */
	bool after_return; /* the last row ended with CR */
	int status;        /* not 0: over */
};

static int
grow(struct reader *reader, size_t text_size)
{
	if (reader->text_size + text_size + 1 > reader->text_room) {
		size_t room = 2 * (reader->text_size + text_size + 1);
		char *text = realloc(reader->text, room);

		if (text == NULL)
			return -ENOMEM;
		reader->text = text;
		reader->text_room = room;
	}
	if (reader->field_count == reader->field_room) {
		size_t room = reader->field_room > 0 ? 2 * reader->field_room : 32;
		struct field *fields = reallocarray(reader->fields, room, sizeof(*fields));
		struct cell *cells;

		if (fields == NULL)
			return -ENOMEM;
		reader->fields = fields;
		cells = reallocarray(reader->cells, room, sizeof(*cells));
		if (cells == NULL)
			return -ENOMEM;
		reader->cells = cells;
		reader->field_room = room;
	}
	return 0;
}

static void
on_field(void *data, size_t size, void *context)
{
	struct reader *reader = context;

	if (reader->status != 0)
		return;
	reader->status = grow(reader, size);
	if (reader->status != 0)
		return;
	reader->fields[reader->field_count++] = (struct field){ reader->text_size, size };
	if (size > 0)
		memcpy(reader->text + reader->text_size, data, size);
	for (size_t i = 0; i < size; i++)
		reader->more += reader->text[reader->text_size + i] == '\n';
	reader->text_size += size;
	reader->text[reader->text_size++] = '\0';
}

static int
refuse(struct reader *reader, const struct row_problem *problem)
{
	return reader->sink->refuse(reader->sink->context, reader->line, problem);
}

static bool
is_utf8(const struct cell *cell)
{
	json_t *string = json_stringn(cell->text, cell->size);

	json_decref(string);
	return string != NULL;
}

static int
take_header(struct reader *reader)
{
	for (size_t i = 0; i < reader->field_count; i++) {
		if (!is_utf8(&reader->cells[i])) {
			row_problem_set(reader->problem, "", "column %zu of the header is not UTF-8", i + 1);
			return READ_E_HEADER;
		}
	}
	reader->has_header = true;
	return mapping_init(&reader->mapping, reader->problem, reader->cells, reader->field_count,
		   reader->maps, reader->map_count) == 0
	    ? 0
	    : READ_E_HEADER;
}

static int
take_row(struct reader *reader)
{
	const struct mapping *mapping = &reader->mapping;
	Anagraph__V1__IdentifyRequest *event;
	struct row_problem problem;
	int status;

	if (reader->field_count != mapping->count) {
		row_problem_set(
		    &problem, "", "has %zu fields, and the header %zu", reader->field_count, mapping->count);
		return refuse(reader, &problem);
	}
	for (size_t i = 0; i < mapping->count; i++) {
		if (mapping->columns[i].kind != COLUMN_IGNORED && !is_utf8(&reader->cells[i])) {
			row_problem_set(&problem, mapping->columns[i].header, "is not UTF-8");
			return refuse(reader, &problem);
		}
	}
	status = mapping_apply(
	    &event, &problem, mapping, reader->cells, reader->defaults->account, reader->defaults->source);
	if (status == MAPPING_E_FORM)
		return refuse(reader, &problem);
	return status == 0 ? reader->sink->take(reader->sink->context, reader->line, event) : status;
}

static void
forget_row(struct reader *reader)
{
	reader->text_size = 0;
	reader->field_count = 0;
	reader->line += reader->more;
	reader->more = 0;
}

static void
on_row(int end, void *context)
{
	struct reader *reader = context;
	bool second_half = end == '\n' && reader->after_return && reader->field_count == 0;

	if (reader->status != 0)
		return;
	reader->after_return = end == '\r';
	if (second_half)
		return;
	for (size_t i = 0; i < reader->field_count; i++)
		reader->cells[i] =
		    (struct cell){ reader->text + reader->fields[i].start, reader->fields[i].size };
	if (reader->field_count > 0)
		reader->status = reader->has_header ? take_row(reader) : take_header(reader);
	forget_row(reader);
	reader->line++;
}

/* Makes a parser that has seen nothing. */
static int
parser_reset(struct reader *reader, unsigned char separator)
{
	if (reader->has_parser)
		csv_free(&reader->parser);
	if (csv_init(&reader->parser, CSV_APPEND_NULL | CSV_REPALL_NL) != 0)
		return -ENOMEM;
	csv_set_delim(&reader->parser, separator);
	reader->has_parser = true;
	return 0;
}

/* Drops a row that is too long. */
static int
drop_row(struct reader *reader)
{
	struct row_problem problem;

	row_problem_set(&problem, "", "is longer than %zu bytes; is a quote left open?", ROW_BYTES_MAX);
	if (!reader->has_header) {
		*reader->problem = problem;
		return READ_E_HEADER;
	}
	return refuse(reader, &problem);
}

/* Feeds a piece of a row to the parser, up to and with its next line end, and sees to it
 * that no row grows too long. */
static int
feed(struct reader *reader, const char *bytes, size_t size, size_t *row_bytes, bool *skipping)
{
	bool ends = bytes[size - 1] == '\n';
	uint64_t line = reader->line;

	if (*skipping) {
		reader->line += ends;
		*skipping = !ends;
		return 0;
	}
	if (csv_parse(&reader->parser, bytes, size, on_field, on_row, reader) != size)
		return -ENOMEM;
	if (reader->status != 0)
		return reader->status;
	*row_bytes = reader->line != line ? 0 : *row_bytes + size;
	if (*row_bytes <= ROW_BYTES_MAX)
		return 0;
	reader->status = drop_row(reader);
	if (reader->status != 0)
		return reader->status;
	/* The line ends that the parser kept for an open field are not in `more` yet. */
	for (size_t i = 0; i < reader->parser.entry_pos; i++)
		reader->more += reader->parser.entry_buf[i] == '\n';
	forget_row(reader);
	*row_bytes = 0;
	*skipping = !ends;
	return parser_reset(reader, csv_get_delim(&reader->parser));
}

static int
feed_chunk(struct reader *reader, const char *bytes, size_t size, size_t *row_bytes, bool *skipping)
{
	int status = 0;

	while (size > 0 && status == 0) {
		const char *end = memchr(bytes, '\n', size);
		size_t piece = end != NULL ? (size_t)(end + 1 - bytes) : size;

		status = feed(reader, bytes, piece, row_bytes, skipping);
		bytes += piece;
		size -= piece;
	}
	return status;
}

static unsigned char
separator_of(const char *bytes, size_t size)
{
	static const char separators[] = { ',', ';', '\t' };
	size_t header_size = 0;

	while (header_size < size && bytes[header_size] != '\n' && bytes[header_size] != '\r')
		header_size++;
	for (size_t i = 0; i < sizeof(separators); i++) {
		if (memchr(bytes, separators[i], header_size) != NULL)
			return (unsigned char)separators[i];
	}
	return ',';
}

/* Reads a chunk; *size is less than a chunk's only at the end. -errno. */
static int
read_chunk(size_t *size, char *chunk, int fd, const struct row_sink *sink)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	ssize_t got;

	if (poll(&input, 1, 0) == 0) {
		int status = sink->idle(sink->context);

		if (status != 0)
			return status;
	}
	do
		got = read(fd, chunk, CHUNK_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*size = (size_t)got;
	return 0;
}

static int
read_all(struct reader *reader, int fd, char *chunk)
{
	size_t size = 0, row_bytes = 0;
	uint64_t read_bytes = 0;
	bool skipping = false;
	int status;

	for (;;) {
		size_t skip = 0;

		status = read_chunk(&size, chunk, fd, reader->sink);
		if (status != 0 || size == 0)
			break;
		if (read_bytes == 0) {
			skip = size >= BOM_BYTES && memcmp(chunk, "\xef\xbb\xbf", BOM_BYTES) == 0 ? BOM_BYTES
												  : 0;
			status = parser_reset(reader, separator_of(chunk + skip, size - skip));
		}
		read_bytes += size;
		if (status == 0)
			status = feed_chunk(reader, chunk + skip, size - skip, &row_bytes, &skipping);
		if (status != 0)
			break;
		reader->sink->progress(reader->sink->context, read_bytes);
	}
	if (status != 0)
		return status;
	/* Strict at the end alone: a quote within a field is common, one left open is not. */
	if (reader->has_parser)
		csv_set_opts(&reader->parser, CSV_APPEND_NULL | CSV_REPALL_NL | CSV_STRICT | CSV_STRICT_FINI);
	if (reader->has_parser && csv_fini(&reader->parser, on_field, on_row, reader) != 0 &&
	    reader->status == 0) {
		struct row_problem problem;

		row_problem_set(&problem, "", "has a quote that is never closed");
		return refuse(reader, &problem);
	}
	if (reader->status == 0 && !reader->has_header) {
		row_problem_set(reader->problem, "", "the file has no header line");
		return READ_E_HEADER;
	}
	return reader->status;
}

int
read_csv(struct row_problem *problem, int fd, const struct row_defaults *defaults, const char *const *maps,
    size_t map_count, const struct row_sink *sink)
{
	struct reader reader = {
		.defaults = defaults,
		.sink = sink,
		.maps = maps,
		.map_count = map_count,
		.problem = problem,
		.line = 1,
	};
	char *chunk = malloc(CHUNK_BYTES);
	int status = chunk != NULL ? read_all(&reader, fd, chunk) : -ENOMEM;

	if (reader.has_parser)
		csv_free(&reader.parser);
	mapping_finish(&reader.mapping);
	free(reader.cells);
	free(reader.fields);
	free(reader.text);
	free(chunk);
	return status;
}
