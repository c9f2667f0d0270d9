/* Waiting has to help one time in two. */
#include "server/engine/reunion.h"

enum { WORTH_WAITING = WORTH_FULL / 2, WAITS_FORGOTTEN = 8, PART_OF_WRITING = 3 };

void
reunion_expect(struct reunion *reunion, size_t count)
{
	reunion->wanted_count = count;
}

void
reunion_begin(struct reunion *reunion, int64_t now_us, int64_t writing_us)
{
	reunion->until_us = now_us + writing_us / PART_OF_WRITING;
}

size_t
reunion_wanted(struct reunion *reunion, size_t waiting_count, int64_t now_us)
{
	size_t wanted_count = reunion->wanted_count;

	reunion->wanted_count = 0;
	if (waiting_count == 0 || waiting_count >= wanted_count || wanted_count > REUNION_MOST ||
	    now_us >= reunion->until_us || !worth_trying(&reunion->worth, WORTH_WAITING))
		return 0;
	return wanted_count;
}

void
reunion_note(struct reunion *reunion, bool came)
{
	worth_note(&reunion->worth, WORTH_WAITING, WAITS_FORGOTTEN, came);
}
