/* Times as people and JSON write them: 2024-05-01T10:00:00.000000Z. */
#ifndef ANAGRAPH_CLIENT_TEXT_RFC3339_H
#define ANAGRAPH_CLIENT_TEXT_RFC3339_H

#include <stdint.h>

enum { RFC3339_BYTES = 32 };

enum rfc3339_outcome {
	RFC3339_E_FORM = 1, /* not a time of the years 1 to 9999 */
};

/* Reads a time with any offset; digits finer than a nanosecond are cut.
 * 0; RFC3339_E_FORM. */
int rfc3339_read(int64_t *seconds, int32_t *nanos, const char *text);

/* Writes a time in UTC to the microsecond, NUL-terminated. 0; RFC3339_E_FORM. */
int rfc3339_write(char text[RFC3339_BYTES], int64_t seconds, int32_t nanos);

#endif
