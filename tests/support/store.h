/* A store looked at from behind, once no daemon has it open: what no call can tell
 * yet, or what a call could tell wrongly. Each function fails the test that calls it
 * when the store can't be read. */
#ifndef ANAGRAPH_TESTS_SUPPORT_STORE_H
#define ANAGRAPH_TESTS_SUPPORT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

/* The key of the daemon's digests. */
struct digest_key store_key(const char *data_dir);

/* Every record is in order, and a recount equals the counters. */
void store_expect_sound(const char *data_dir);

/* Whether a text stands in any contact or journal entry, as they are once unpacked. */
bool store_has_text(const char *data_dir, const char *text);

/* How many entries the account's journal has. */
uint64_t store_journal_size(const char *data_dir, const char *account);

/* Takes all entries out of the account's journal, as if their time were over. */
void store_expire_journal(const char *data_dir, const char *account);

/* Has CONTACTS tell of a telephone number, past all normal forms: what a service would have
 * done whose number library knew the number. */
void store_tell_number(const char *data_dir, const char *account, const char *number);

/* The account's journal entries, oldest first, a line each, to be freed:
 *	SOURCE contact outcome [KIND name VERDICT policy/version/build]… [cause name]…
 * with outcomes and causes by number. An operator's act has, after the outcome,
 *	ACTION operator version/secondary [name…] [conversation] */
char *store_journal_text(const char *data_dir, const char *account);

#endif
