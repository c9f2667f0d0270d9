/* What the columns of a CSV file mean. A column named like a namespace is an
 * identifier, one named observed_at says when a row was observed, every other one is an
 * attribute named like it in upper case; --map says otherwise. */
#ifndef ANAGRAPH_CLIENT_IMPORT_MAPPING_H
#define ANAGRAPH_CLIENT_IMPORT_MAPPING_H

#include <stddef.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/import/row.h"

enum column_kind {
	COLUMN_IGNORED,
	COLUMN_IDENTIFIER,
	COLUMN_ATTRIBUTE,
	COLUMN_OBSERVED_AT,
};

enum column_type {
	COLUMN_STRING,
	COLUMN_NUMBER,
	COLUMN_BOOL, /* true, false, yes, no, 1, 0 */
	COLUMN_TIME, /* a moment, or a day, which is its first moment in UTC */
};

struct column {
	enum column_kind kind;
	enum column_type type;
	char *header; /* as in the file */
	char *name;   /* of the namespace or attribute */
};

struct mapping {
	struct column *columns;
	size_t count;
};

/* One cell, NUL-terminated; borrowed. */
struct cell {
	const char *text;
	size_t size;
};

enum mapping_outcome {
	MAPPING_E_FORM = 1, /* *problem says why */
};

/* Reads "COLUMN=MEANING" for each of maps over the header. *out is to be released with
 * mapping_finish. 0; MAPPING_E_FORM; -ENOMEM. */
int mapping_init(struct mapping *out, struct row_problem *problem, const struct cell *header, size_t count,
    const char *const *maps, size_t map_count);
void mapping_finish(struct mapping *mapping);

/* Makes an event of a row, which has a cell for each column. Empty cells say nothing.
 * 0; MAPPING_E_FORM; -ENOMEM. */
int mapping_apply(Anagraph__V1__IdentifyRequest **out, struct row_problem *problem,
    const struct mapping *mapping, const struct cell *cells, const char *account,
    Anagraph__V1__Source source);

#endif
