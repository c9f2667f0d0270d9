/* Memory that shows what a policy does with what it is shown: writing to it, reading
 * past its end, or looking at it later ends the process. */
#ifndef ANAGRAPH_KIT_REGION_H
#define ANAGRAPH_KIT_REGION_H

#include "kit/kit.h"

enum region_kind {
	REGION_PACKED,  /* zeros follow each piece */
	REGION_CUT,     /* as well, but the conflict itself ends where reading on is fatal */
	REGION_GUARDED, /* each piece ends where reading on is fatal */
};

struct region {
	char *base;
	size_t used; /* slots */
	enum region_kind kind;
};

/* Reserves room for one conflict or all options, to be given to region_finish. 0;
 * -errno. */
int region_init(struct region *region, enum region_kind kind);
void region_finish(struct region *region);

/* Copies a conflict and all that it points to, told as struct_size bytes long: less
 * than the whole ends it there; what is more is 0xa5. */
const struct anagraph_conflict *region_conflict(
    struct region *region, const struct anagraph_conflict *conflict, size_t struct_size);

/* Copies options, with their names and values. */
const struct anagraph_option *region_options(
    struct region *region, const struct anagraph_option *options, size_t option_count);

/* From here on writing to it, or touching it at all, is fatal. */
void region_seal(struct region *region);
void region_revoke(struct region *region);

/* Empties it, and may be written to again. */
void region_reset(struct region *region);

#endif
