/* What came of waiting is kept as a share that forgets. Where it has not helped one time in two, a
 * wait now and then sees whether that has changed. */
#include "server/engine/reunion.h"

enum {
	SHARE_FULL = 1024,
	SHARE_FORGOTTEN = 8,
	SHARE_WORTH_WAITING = SHARE_FULL / 2,
	DOUBTED_A_WAIT = 32,
	PART_OF_WRITING = 3,
};

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

static bool
is_worth_waiting(struct reunion *reunion)
{
	return reunion->share >= SHARE_WORTH_WAITING || reunion->doubted_count++ % DOUBTED_A_WAIT == 0;
}

size_t
reunion_wanted(struct reunion *reunion, size_t waiting_count, int64_t now_us)
{
	size_t wanted_count = reunion->wanted_count;

	reunion->wanted_count = 0;
	if (waiting_count == 0 || waiting_count >= wanted_count || wanted_count > REUNION_MOST ||
	    now_us >= reunion->until_us || !is_worth_waiting(reunion))
		return 0;
	return wanted_count;
}

void
reunion_note(struct reunion *reunion, bool came)
{
	reunion->share -= reunion->share / SHARE_FORGOTTEN;
	if (!came)
		return;
	reunion->share += SHARE_FULL / SHARE_FORGOTTEN;
	/* Worth while again, until one does not help. */
	if (reunion->share < SHARE_WORTH_WAITING)
		reunion->share = SHARE_WORTH_WAITING;
}
