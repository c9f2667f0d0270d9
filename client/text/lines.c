/* The buffer has room for one line of the greatest size and its end; a longer one is
 * read to its end and dropped. */
#include "client/text/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
line_reader_init(struct line_reader *reader, int fd, size_t line_bytes_max)
{
	/* Room for "\r\n" and one byte more: a full buffer without an end is a long line. */
	size_t room = line_bytes_max + 3;
	char *buffer = malloc(room);

	if (buffer == NULL)
		return -ENOMEM;
	*reader = (struct line_reader){
		.fd = fd,
		.buffer = buffer,
		.room = room,
		.line_bytes_max = line_bytes_max,
	};
	return 0;
}

void
line_reader_finish(struct line_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

static char *
find_end(const struct line_reader *reader)
{
	return memchr(reader->buffer + reader->start, '\n', reader->end - reader->start);
}

/* Reads what there is. 0, also at the end; -errno. */
static int
fill(struct line_reader *reader)
{
	ssize_t size;

	if (reader->start > 0) {
		memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	do
		size = read(reader->fd, reader->buffer + reader->end, reader->room - reader->end);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	reader->at_end = size == 0;
	reader->end += (size_t)size;
	reader->read_bytes += (uint64_t)size;
	return 0;
}

bool
line_reader_ready(struct line_reader *reader)
{
	struct pollfd input = { .fd = reader->fd, .events = POLLIN };

	while (!reader->at_end && find_end(reader) == NULL) {
		if (reader->end - reader->start == reader->room)
			return true;
		if (poll(&input, 1, 0) != 1)
			return false;
		if (fill(reader) != 0)
			return true;
	}
	return true;
}

/* Drops what is left of a line that is too long. */
static int
skip_line(struct line_reader *reader)
{
	char *end;

	while ((end = find_end(reader)) == NULL && !reader->at_end) {
		int status;

		reader->start = reader->end;
		status = fill(reader);
		if (status != 0)
			return status;
	}
	reader->start = end != NULL ? (size_t)(end + 1 - reader->buffer) : reader->end;
	return LINES_E_LONG;
}

int
line_reader_next(const char **text, size_t *size, struct line_reader *reader)
{
	char *line, *end;
	size_t length;

	while ((end = find_end(reader)) == NULL && !reader->at_end) {
		int status;

		if (reader->end - reader->start == reader->room) {
			reader->line++;
			return skip_line(reader);
		}
		status = fill(reader);
		if (status != 0)
			return status;
	}
	if (end == NULL && reader->start == reader->end)
		return LINES_E_END;
	line = reader->buffer + reader->start;
	length = end != NULL ? (size_t)(end - line) : reader->end - reader->start;
	reader->start += length + (end != NULL);
	reader->line++;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (length > reader->line_bytes_max)
		return LINES_E_LONG;
	*text = line;
	*size = length;
	return 0;
}
