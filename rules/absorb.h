/* How one contact becomes part of another (R11), and how a value settles that may
 * meet another in its place (R14, R15). Private to rules/. */
#ifndef ANAGRAPH_RULES_ABSORB_H
#define ANAGRAPH_RULES_ABSORB_H

#include "rules/draft.h"

/* Moves all that a contact holds into the target, clashes decided by the policy of
 * each value's own source, and marks it absorbed. 0; -ENOMEM. */
int absorb(struct work *work, struct draft *absorbed);

/* Settles an attribute on the target: taken when free, raising the claim when equal,
 * else a VALUE conflict, or taken without one when forced. from_contact_id is the
 * absorbed contact it comes from, 0 for the event's own. 0; -ENOMEM. */
int settle_attribute(
    struct work *work, const struct attribute *attribute, uint64_t from_contact_id, bool forced);

/* The same for a personal identifier of the event that nobody owns. */
int settle_personal(struct work *work, const struct identifier *identifier, bool forced);

/* Puts a question to its policy and notes the conflict. *conflict is borrowed until
 * the next question. 0; -ENOMEM. */
int ask(const struct conflict **conflict, struct work *work, const struct question *question);

#endif
