/* Two contacts that an operator knows to be one person become one (R29). Pure, as
 * rules/identify.h says; any thread. */
#ifndef ANAGRAPH_RULES_MERGE_H
#define ANAGRAPH_RULES_MERGE_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/event.h"
#include "rules/types.h"

/* Decides a merge. Outcomes and lifetimes as of identify_decide; besides, DECIDE_E_REJECTED
 * with *rejection when it can't be carried out, told in this order: a contact is not there,
 * both are the same, one is of another version; of two, the survivor first. */
int merge_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known);

#endif
