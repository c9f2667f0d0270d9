/* Files of rows, read to their end: CSV with a header line (RFC 4180), and JSON lines as
 * `anagraph identify -` takes them. Memory is bounded by the longest row that may be,
 * whatever the file's size. */
#ifndef ANAGRAPH_CLIENT_IMPORT_READ_H
#define ANAGRAPH_CLIENT_IMPORT_READ_H

#include <stddef.h>

#include "client/import/row.h"

/* The longest row: what one request may be. */
#define ROW_BYTES_MAX ((size_t)LIMIT_REQUEST_BYTES)

enum read_outcome {
	READ_E_HEADER = 1, /* the header can't be used: *problem says why */
};

/* Reads CSV from a descriptor, its separator being the first of ',', ';' and TAB that the
 * header has; maps are as in mapping.h. What the sink says ends the reading.
 * 0; READ_E_HEADER; what the sink said; -errno. */
int read_csv(struct row_problem *problem, int fd, const struct row_defaults *defaults,
    const char *const *maps, size_t map_count, const struct row_sink *sink);

/* Reads JSON lines; a line may have its own source, and no other account.
 * 0; what the sink said; -errno. */
int read_json_lines(int fd, const struct row_defaults *defaults, const struct row_sink *sink);

#endif
