/* What goes with a contact that is erased (R30). Pure, as rules/identify.h says; any
 * thread. */
#ifndef ANAGRAPH_RULES_ERASE_H
#define ANAGRAPH_RULES_ERASE_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/types.h"

/* Decides an ACTION_ERASE. Outcomes and lifetimes as of identify_decide; besides,
 * DECIDE_E_REJECTED with *rejection when no contact has the id. */
int erase_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known);

/* Refuses an event that names an identifier which was erased for good, by the first place
 * where the caller wrote one. 0; DECIDE_E_REJECTED. */
int suppressed_decide(
    struct rejection *rejection, const struct event *event, const struct neighbourhood *known);

#endif
