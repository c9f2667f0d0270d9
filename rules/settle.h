/* The end of a decision: limits, ids, versions, totals, and what of it is to be
 * stored. Private to rules/. */
#ifndef ANAGRAPH_RULES_SETTLE_H
#define ANAGRAPH_RULES_SETTLE_H

#include "rules/draft.h"

/* Makes the changeset of finished work. 0; -ENOMEM with *changeset untouched. */
int settle_changeset(struct changeset *changeset, struct work *work);

/* Adds a contact to the account's totals (R3), or takes it off with step -1. */
void count_contact(struct account *account, const struct contact *contact, int step);

#endif
