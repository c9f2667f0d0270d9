/* What an operator dismissed (R24): a value that is offered again only by what was
 * observed since. Private to rules/. */
#ifndef ANAGRAPH_RULES_DISMISS_H
#define ANAGRAPH_RULES_DISMISS_H

#include "rules/draft.h"

/* Notes that a secondary's value was dismissed at a time. 0; -ENOMEM. */
int draft_dismiss(struct work *work, struct draft *draft, const struct secondary *secondary, int64_t time_us);

/* Whether the value was dismissed and not observed since. */
bool draft_has_dismissed(
    const struct work *work, const struct draft *draft, const struct secondary *secondary);

/* Takes over the dismissals of a contact that becomes part of this one; of two of one
 * value the later stays. 0; -ENOMEM. */
int draft_adopt_dismissals(struct work *work, struct draft *draft, const struct contact *from);

/* Whether two contacts have the same. */
bool dismissals_equal(const struct contact *a, const struct contact *b);

#endif
