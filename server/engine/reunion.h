/* Whether to wait for callers who have just been answered. Private to engine/.
 *
 * Callers who say the next thing once they are answered fall into two halves, of which one gathers
 * while the other is written. All in one batch share more pages, and a sync. So they are waited for,
 * up to a part of the time that writing took; not where there are many, for then it takes longer to
 * hear of them all than two syncs do. No I/O, clock or lock. */
#ifndef ANAGRAPH_SERVER_ENGINE_REUNION_H
#define ANAGRAPH_SERVER_ENGINE_REUNION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/worth.h"

/* The most that are waited for together. */
enum { REUNION_MOST = 32 };

/* All zeros to begin with. */
struct reunion {
	size_t wanted_count; /* writes that wait once all have come back; 0: nobody is waited for */
	int64_t until_us;    /* when it is no use any more */
	struct worth worth;  /* of waits */
};

/* So many writes will wait if all who are being answered come back. */
void reunion_expect(struct reunion *reunion, size_t count);

/* They have been answered, after a batch that took so long to write. */
void reunion_begin(struct reunion *reunion, int64_t now_us, int64_t writing_us);

/* For how many writes to wait until reunion->until_us, while so many do; 0: not at all. Asked
 * once for each batch; if it is not 0, reunion_note tells whether they came. */
size_t reunion_wanted(struct reunion *reunion, size_t waiting_count, int64_t now_us);
void reunion_note(struct reunion *reunion, bool came);

#endif
