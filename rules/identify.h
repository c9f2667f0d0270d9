/* The decision: what is known around an event and the event make a changeset.
 * Rules R1 to R5 and R7 to R23. Pure: no I/O, no clock, no lock, no global; the
 * same arguments give the same changeset. Any thread. */
#ifndef ANAGRAPH_RULES_IDENTIFY_H
#define ANAGRAPH_RULES_IDENTIFY_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/types.h"

/* Decides one event by its account's settings. *changeset and all it points to borrow
 * from the arena, the neighbourhood and the event. 0; -ENOMEM with *changeset untouched. */
int identify_decide(struct changeset *changeset, struct arena *arena, const struct event *event,
    const struct neighbourhood *neighbourhood, const struct account_settings *settings,
    const struct decider *decider);

#endif
