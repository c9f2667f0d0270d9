/* libphonenumber as C sees it. Private to rules/, save for phone_library_init. The
 * library's tables are built once and only read after that: any thread. No C++
 * exception passes. */
#ifndef ANAGRAPH_RULES_PHONE_H
#define ANAGRAPH_RULES_PHONE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_BYTES = 32 }; /* room for E.164: '+' and 15 digits, a few more in some countries */

enum phone_outcome {
	PHONE_E_INVALID = 1, /* no valid number, no known region */
};

/* Builds the library's tables, which the first call would do otherwise: at start,
 * so that no caller waits for it. 0; -ENOMEM; -EIO when the library fails. */
int phone_library_init(void);

/* Writes the E.164 form of a number, not terminated. number is an optional '+' and
 * digits; region (ISO 3166-1 alpha-2) tells where one without '+' is dialled, and
 * may be empty for one with it.
 *   0; PHONE_E_INVALID; -ENOMEM; -EIO when the library fails. */
int phone_format(char form[PHONE_BYTES], size_t *form_size, const char *number, size_t number_size,
    const char *region, size_t region_size);

/* Whether the library knows a region: 0; PHONE_E_INVALID; -ENOMEM; -EIO. */
int phone_check_region(const char *region, size_t region_size);

#ifdef __cplusplus
}
#endif

#endif
