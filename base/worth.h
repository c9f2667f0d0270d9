/* Whether something that sometimes helps is worth trying again. What came of the last tries is kept as
 * a share that forgets; where that is too small, a try now and then sees whether it has changed, and
 * one that helps is followed by another. One thread. */
#ifndef ANAGRAPH_BASE_WORTH_H
#define ANAGRAPH_BASE_WORTH_H

#include <stdbool.h>

/* All zeros to begin with. */
struct worth {
	unsigned share; /* of WORTH_FULL: how many of the last tries helped */
	unsigned doubted_count;
};

enum { WORTH_FULL = 1024 };

/* least_share is of WORTH_FULL: what has to help for the others to be paid for. */
bool worth_trying(struct worth *worth, unsigned least_share);

/* What came of a try; one in so many of the last ones is forgotten for it. */
void worth_note(struct worth *worth, unsigned least_share, unsigned forgotten, bool helped);

#endif
