/* How a value settles that may meet another in its place (R14, R15), and how a conflict
 * is put to its policy. Private to rules/. */
#ifndef ANAGRAPH_RULES_INTAKE_H
#define ANAGRAPH_RULES_INTAKE_H

#include "rules/draft.h"

/* Puts a question to its policy and notes the conflict. *conflict is borrowed until
 * the next question. 0; -ENOMEM. */
int intake_ask(const struct conflict **conflict, struct work *work, const struct question *question);

/* Settles an attribute on the target: taken when free, raising the claim when equal,
 * else a VALUE conflict, or taken without one when forced. from_contact_id is the
 * absorbed contact it comes from, 0 for the event's own. 0; -ENOMEM. */
int intake_attribute(
    struct work *work, const struct attribute *attribute, uint64_t from_contact_id, bool forced);

/* The same for a personal identifier of the event that nobody owns. */
int intake_personal(struct work *work, const struct identifier *identifier, bool forced);

#endif
