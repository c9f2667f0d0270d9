/* `anagraph policy replay`, and how it tells what came of it. It looks into a store, as the
 * verbs of maintain.h do, and knows the daemon's settings. */
#ifndef ANAGRAPH_CLIENT_COMMAND_REPLAY_H
#define ANAGRAPH_CLIENT_COMMAND_REPLAY_H

#include <stdio.h>

#include "client/command/maintain.h"
#include "server/config.h"
#include "server/replay/replay.h"

/* How differences are shown as they come: all of them as JSON, a line each, or the first
 * ones for people. */
struct replay_shown {
	bool json;
	bool begun; /* for people: there is a line above them */
	uint64_t lines;
	uint64_t hidden;
};

/* Shows one difference; context is a struct replay_shown. 0; -errno. */
int replay_show_difference(void *context, const struct replay_difference *difference);

/* Shows the whole, after the differences. The exit status. */
int replay_show_report(
    const struct replay_shown *shown, const struct replay_report *report, struct bytes account);

#endif
