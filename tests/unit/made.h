/* Contacts, conflicts and journal entries as none may ever be, but may be: every field that
 * can be there is there by chance, from one end of what it may be to the other. For tests of
 * the codec. What they point to is the arena's. */
#ifndef ANAGRAPH_TESTS_UNIT_MADE_H
#define ANAGRAPH_TESTS_UNIT_MADE_H

#include "base/arena.h"
#include "server/wire/messages.h"

/* The times that the wire can tell: from the first to before the second. */
static const int64_t YEAR_1_US = INT64_C(-62135596800) * 1000000;
static const int64_t YEAR_10000_US = INT64_C(253402300800) * 1000000;

/* Each is the next by a generator's state. */
uint64_t some_number(uint64_t *state); /* not 0 */
struct contact some_contact(uint64_t *state, struct arena *arena);
struct conflict some_conflict(uint64_t *state, struct arena *arena);
struct journal_entry some_entry(uint64_t *state, struct arena *arena);

#endif
