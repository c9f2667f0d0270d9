/* Whom an event names and nothing is decided about. Private to rules/. */
#ifndef ANAGRAPH_RULES_BYSTANDERS_H
#define ANAGRAPH_RULES_BYSTANDERS_H

#include "rules/draft.h"

/* Notes them in a changeset that says all else: the owners of the event's identifiers, and
 * the contact that it was separated from, as far as nothing in it tells of them. Event and
 * neighbourhood are whole, with the shared identifiers too (N6). separated may be NULL.
 * 0; -ENOMEM. */
int bystanders_note(struct changeset *changeset, struct arena *arena, const struct event *event,
    const struct neighbourhood *known, const struct draft *separated);

#endif
