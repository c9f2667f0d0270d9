/* Brings what callers write to the one form under which it is compared and
 * stored: rules N1 to N5 and N7. Pure functions of their arguments, any thread.
 *
 * Values come as bytes off the wire. Every function checks for NUL and for bad
 * UTF-8 itself and calls the value invalid, so that nothing behind it need.
 *
 * A blank is whatever has Unicode's property White_Space: tabs, line ends and the
 * no-break space too, but no other control and nothing of zero width. Blanks alone
 * are trimmed, from both ends. Lengths are those of the normal form. */
#ifndef ANAGRAPH_RULES_NORMALIZE_H
#define ANAGRAPH_RULES_NORMALIZE_H

#include "base/arena.h"
#include "rules/namespaces.h"
#include "rules/settings.h"
#include "rules/types.h"

enum normalize_outcome {
	NORMALIZE_E_INVALID = 1, /* not of its form */
	NORMALIZE_E_BLOCKED = 2, /* on a blocked list (N5): identifiers alone */
	NORMALIZE_E_IGNORED = 3, /* no value at all: empty (N7), or blocked in a personal attribute (N5) */
};

/* Whether an account's name is of its form: 1 to 64 of a-z 0-9 - _ . and first a
 * letter or digit. */
bool account_is_valid(struct bytes account);

/* Whether an attribute's name is of its form: 1 to 64 of A-Z 0-9 _ and first a
 * letter. */
bool attribute_name_is_valid(struct bytes name);

/* Whether a string (conversation and the like) is UTF-8 without NUL of at most
 * limit_bytes; empty is. */
bool text_is_valid(struct bytes text, size_t limit_bytes);

/* Sets *value to the normal form of raw, and *given to raw without blanks around
 * it where that differs, else to empty. Both borrow from the arena.
 *   0; NORMALIZE_E_INVALID; NORMALIZE_E_BLOCKED; -ENOMEM. On any but 0 both are
 * untouched. The form is checked before the blocked list. */
int normalize_identifier(struct bytes *value, struct bytes *given, struct arena *arena,
    enum namespace_id namespace_id, struct bytes raw, const struct account_settings *settings);

/* Whether a number can be dialled in a region, named by its ISO 3166-1 alpha-2 code, as
 * account_settings.default_region: 0; NORMALIZE_E_INVALID; -errno. */
int region_check(struct bytes region);

/* Whether raw may already be in normal form, told by its bytes alone without any
 * table: if so it may be tried as it is before it is normalised (N3), and is in normal form
 * if the store has it. Never true for a blocked value; true for a value that would be refused
 * only where it is a telephone number, since whether it is valid stands in a table: what the
 * store does not have must be normalised. */
bool identifier_looks_normal(
    enum namespace_id namespace_id, struct bytes raw, const struct account_settings *settings);

/* Checks name and value and sets *value to the value's normal form, its string
 * borrowed from the arena. NaN and infinities are invalid; negative zero becomes
 * zero; times lie in the years 1 to 9999.
 *   0; NORMALIZE_E_INVALID; NORMALIZE_E_IGNORED; -ENOMEM. */
int normalize_attribute(struct value *value, struct arena *arena, struct bytes name, const struct value *raw,
    const struct account_settings *settings);

/* In how many forms a value may have to be blocked. */
enum { BLOCKED_FORMS = 3 };

/* Sets forms to what account_settings.blocked must hold so that a value is blocked however
 * a caller writes it: its text, the address and the number, with a country code, that it
 * is. *count is how many differ, from 1. They borrow from the arena.
 *   0; NORMALIZE_E_INVALID when it is no text that an identifier could be; -ENOMEM. */
int normalize_blocked(
    struct bytes forms[BLOCKED_FORMS], size_t *count, struct arena *arena, struct bytes raw);

/* How account_settings.blocked is sorted, for qsort and bsearch over struct bytes. */
int blocked_compare(const void *a, const void *b);

/* Orders values as R18 does: by type (bool, number, string, time), then by value,
 * strings by bytes. Negative, 0 or positive. */
int value_compare(const struct value *a, const struct value *b);

/* Orders claims by observed_at, then rank; negative, 0 or positive (R18). */
int claim_compare(const struct claim *a, const struct claim *b);

/* The version of the phone number library that was built against, static: "8.12.57",
 * or "unknown" where the build could not tell (N3). */
struct bytes phone_library_version(void);

#endif
