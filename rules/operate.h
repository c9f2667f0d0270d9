/* What operators say of a contact's secondaries: one is right, or one is wrong (R24).
 * Pure, as rules/identify.h says; any thread. */
#ifndef ANAGRAPH_RULES_OPERATE_H
#define ANAGRAPH_RULES_OPERATE_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/event.h"
#include "rules/types.h"

/* Makes an event of an operator's act, once account and operator are of their form:
 * ACCOUNT_INVALID, OPERATOR_MISSING, FIELD_INVALID. *event borrows what act does, and is
 * received as any other. 0; EVENT_E_REJECTED with *event untouched. */
int act_prepare(struct event *event, struct rejection *rejection, enum action action, struct bytes account,
    const struct act *act);

/* Decide an act. Outcomes and lifetimes as of identify_decide; besides, DECIDE_E_REJECTED
 * with *rejection when the act can't be carried out, told in this order: the contact is
 * not there, is of another version, has no such secondary, and, for promote_decide,
 * another contact owns what the secondary offers. */
int promote_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known);
int dismiss_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known);

#endif
