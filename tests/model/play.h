/* Plays histories against a daemon and against the model, and compares after every
 * step; finds a short history where they part. */
#ifndef ANAGRAPH_TESTS_MODEL_PLAY_H
#define ANAGRAPH_TESTS_MODEL_PLAY_H

#include "tests/model/calls.h"
#include "tests/model/history.h"
#include "tests/model/text.h"
#include "tests/support/service.h"

enum { PLAYER_ACCOUNT_BYTES = 32 };

/* One account: its history, how far it has come, and what the model makes of it. */
struct player {
	char account[PLAYER_ACCOUNT_BYTES];
	const struct history_step *steps;
	size_t step_count;
	size_t played;
	struct model *model;
	struct model_event used; /* every identifier that was named so far, each once */
	int64_t latest_recorded_us;
	struct text difference; /* what parted them; empty as long as nothing has */
};

/* The daemon that they play against. */
struct stage {
	struct service *service;
	struct client *client;
};

/* Starts a daemon; ends it. 0; -errno. */
int stage_open(struct stage *stage);
void stage_close(struct stage *stage);

/* steps is borrowed. */
void player_init(struct player *player, const char *account, const struct history_step *steps, size_t count);
void player_finish(struct player *player);

/* Plays the next step of every player that has one left, all at once, and compares
 * answers, totals and look-ups. False when one of them parted: see its difference. */
bool players_step(struct player *players, size_t count, struct client *client);

/* The same, but the daemon is ended in their midst and started again: killed, or asked
 * to end. What was not answered is sent again under its request_id, so that each step has
 * happened once. */
bool players_step_over_end(
    struct player *players, size_t count, struct stage *stage, struct random *random, bool killed);

/* Asks for every id, every identifier that was ever used, and the totals; reads some
 * lists and some histories, or, when it is thorough, every fifth list and all histories. */
bool players_sweep(
    struct player *players, size_t count, struct client *client, struct random *random, bool thorough);

/* Calls compared so far, by all of these: so that a run that has compared nothing can
 * fail. And steps that were sent again, because the daemon had ended. */
uint64_t players_compared(void);
uint64_t players_sent_again(void);

/* Drops from a history that parts what isn't needed for it, playing the rest in
 * accounts of its own, and writes what is left and the difference to standard
 * error. */
void player_explain(const struct player *player, struct client *client);

#endif
