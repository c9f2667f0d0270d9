/* How one contact becomes part of another (R11). Private to rules/. */
#ifndef ANAGRAPH_RULES_ABSORB_H
#define ANAGRAPH_RULES_ABSORB_H

#include "rules/draft.h"

/* Moves all that a contact holds into the target, clashes decided by the policy of
 * each value's own source, and marks it absorbed. 0; -ENOMEM. */
int contact_absorb(struct work *work, struct draft *absorbed);

#endif
