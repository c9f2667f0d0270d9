/* Shared identifiers (N6): a switchboard, an office's inbox. Too many people are named
 * together with one for it to say who somebody is. Private to rules/. */
#ifndef ANAGRAPH_RULES_SHARED_H
#define ANAGRAPH_RULES_SHARED_H

#include "rules/draft.h"

/* Notes what the event names together for the first time, and which of its identifiers are
 * shared. They are taken out of what is decided on while there is another personal one;
 * else all that is personal is shared, which work->all_shared says. Before work_open.
 * 0; -ENOMEM. */
int shared_set_apart(struct work *work);

#endif
