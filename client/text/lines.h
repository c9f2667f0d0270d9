/* Lines of a file or a pipe, however long it is, in a buffer that doesn't grow. */
#ifndef ANAGRAPH_CLIENT_TEXT_LINES_H
#define ANAGRAPH_CLIENT_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lines_outcome {
	LINES_E_END = 1,  /* there are no more */
	LINES_E_LONG = 2, /* the line is longer than may be, and was passed over */
};

struct line_reader {
	int fd;
	char *buffer;
	size_t room;
	size_t start; /* of what has been read and not yet given */
	size_t end;
	size_t line_bytes_max;
	bool at_end;
	uint64_t line;       /* the number of the line given last, from 1 */
	uint64_t read_bytes; /* so far */
};

/* Prepares to read from a descriptor, which is borrowed. 0; -ENOMEM. */
int line_reader_init(struct line_reader *reader, int fd, size_t line_bytes_max);
void line_reader_finish(struct line_reader *reader);

/* Whether the next line is there, or can be read without waiting. */
bool line_reader_ready(struct line_reader *reader);

/* Gives the next line without its end, borrowed until the next call.
 * 0; LINES_E_END; LINES_E_LONG, and reader->line names it; -errno. */
int line_reader_next(const char **text, size_t *size, struct line_reader *reader);

#endif
