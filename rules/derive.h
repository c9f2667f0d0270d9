/* What follows from what a contact holds: its class, how it can be reached, and the
 * name it is shown under (R1, R2, R4, R5). Private to rules/. */
#ifndef ANAGRAPH_RULES_DERIVE_H
#define ANAGRAPH_RULES_DERIVE_H

#include "base/arena.h"
#include "rules/types.h"

/* R1, R2. */
enum contact_class contact_class_of(const struct contact *contact);

/* Sets class, reach and display name from the rest; the name borrows from the arena
 * or from the contact's values. 0; -ENOMEM. */
int contact_derive(struct contact *contact, struct arena *arena);

#endif
