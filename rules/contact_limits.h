/* What a contact may hold at most (R21 and the words device identifier and attribute
 * of the README). Private to rules/. */
#ifndef ANAGRAPH_RULES_CONTACT_LIMITS_H
#define ANAGRAPH_RULES_CONTACT_LIMITS_H

#include "rules/draft.h"

/* Releases what is past the limits, notes each loss, and leaves gaps that draft_finish
 * takes out. 0; -ENOMEM. */
int limit_contact(struct work *work, struct draft *draft);

#endif
