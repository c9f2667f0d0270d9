/* A share between 0 and all, that each try moves a part of the way: no history is kept, and what held an
 * hour ago counts for nothing. */
#include "base/worth.h"

enum { DOUBTED_A_TRY = 32 };

bool
worth_trying(struct worth *worth, unsigned least_share)
{
	return worth->share >= least_share || worth->doubted_count++ % DOUBTED_A_TRY == 0;
}

void
worth_note(struct worth *worth, unsigned least_share, unsigned forgotten, bool helped)
{
	worth->share -= worth->share / forgotten;
	if (!helped)
		return;
	worth->share += WORTH_FULL / forgotten;
	if (worth->share < least_share)
		worth->share = least_share;
}
