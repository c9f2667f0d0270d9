/* What a reader of a file hands on: its rows as events, and what is wrong with those
 * that are none. */
#ifndef ANAGRAPH_CLIENT_IMPORT_ROW_H
#define ANAGRAPH_CLIENT_IMPORT_ROW_H

#include <stdint.h>

#include "anagraph/v1/identity.pb-c.h"

enum { ROW_FIELD_BYTES = 80, ROW_MESSAGE_BYTES = 256 };

/* Why a row is no event, for people. NUL-terminated. */
struct row_problem {
	char field[ROW_FIELD_BYTES]; /* the column at fault; empty if none is */
	char message[ROW_MESSAGE_BYTES];
};

/* What is done with rows. Each function says 0 to go on; anything else ends the reading
 * and is what the reader returns. */
struct row_sink {
	void *context;
	/* Takes an event over. */
	int (*take)(void *context, uint64_t line, Anagraph__V1__IdentifyRequest *event);
	int (*refuse)(void *context, uint64_t line, const struct row_problem *problem);
	/* There is nothing to read just now. */
	int (*idle)(void *context);
	/* So many bytes of the file have been read. */
	void (*progress)(void *context, uint64_t read_bytes);
};

/* What every row of a file has in common. */
struct row_defaults {
	const char *account;
	Anagraph__V1__Source source;
};

/* Tells what is wrong, cut to its room. Returns 1. */
__attribute__((format(printf, 3, 4))) int row_problem_set(
    struct row_problem *problem, const char *field, const char *format, ...);

#endif
