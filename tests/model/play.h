/* Plays histories against a daemon and against the model, and compares after every
 * event; finds a short history where they part. */
#ifndef ANAGRAPH_TESTS_MODEL_PLAY_H
#define ANAGRAPH_TESTS_MODEL_PLAY_H

#include "tests/model/calls.h"
#include "tests/model/history.h"
#include "tests/model/text.h"

enum { PLAYER_ACCOUNT_BYTES = 32 };

/* One account: its history, how far it has come, and what the model makes of it. */
struct player {
	char account[PLAYER_ACCOUNT_BYTES];
	const struct model_event *events;
	size_t event_count;
	size_t played;
	struct model *model;
	int64_t latest_recorded_us;
	struct text difference; /* what parted them; empty as long as nothing has */
};

/* events is borrowed. */
void player_init(struct player *player, const char *account, const struct model_event *events, size_t count);
void player_finish(struct player *player);

/* Plays the next event of every player that has one left, all at once, and compares
 * answers, totals and look-ups. False when one of them parted: see its difference. */
bool players_step(struct player *players, size_t count, struct client *client);

/* Asks for every id and every identifier that was ever used, and for the totals. */
bool players_sweep(struct player *players, size_t count, struct client *client);

/* Calls compared so far, by players_step and players_sweep: so that a run that has
 * compared nothing can fail. */
uint64_t players_compared(void);

/* Drops from a history that parts what isn't needed for it, playing the rest in
 * accounts of its own, and writes what is left and the difference to standard
 * error. */
void player_explain(const struct player *player, struct client *client);

#endif
