/* Read strictly: a time that is nearly right would be stored as another moment
 * than its writer meant. */
#include "client/text/rfc3339.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t FIRST_SECOND = -62135596800; /* 0001-01-01T00:00:00Z */
static const int64_t LAST_SECOND = 253402300799;  /* 9999-12-31T23:59:59Z */

enum { NANOS_PER_SECOND = 1000000000, NANOS_PER_MICRO = 1000 };

static bool
read_digits(int *number, const char **at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if ((*at)[i] < '0' || (*at)[i] > '9')
			return false;
		value = value * 10 + ((*at)[i] - '0');
	}
	*at += count;
	*number = value;
	return true;
}

static bool
read_character(const char **at, const char *accepted)
{
	if (**at == '\0' || strchr(accepted, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

static bool
read_fraction(int32_t *nanos, const char **at)
{
	int32_t unit = NANOS_PER_SECOND / 10;

	*nanos = 0;
	if (!read_character(at, "."))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		*nanos += (**at - '0') * unit;
		unit /= 10;
	}
	return true;
}

static bool
read_offset(int64_t *offset_seconds, const char **at)
{
	int hours, minutes, sign;

	*offset_seconds = 0;
	if (read_character(at, "Zz"))
		return true;
	sign = **at == '-' ? -1 : 1;
	if (!read_character(at, "+-") || !read_digits(&hours, at, 2) || !read_character(at, ":") ||
	    !read_digits(&minutes, at, 2) || hours > 23 || minutes > 59)
		return false;
	*offset_seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return true;
}

int
rfc3339_read(int64_t *seconds, int32_t *nanos, const char *text)
{
	const char *at = text;
	struct tm given = { 0 }, settled;
	int64_t offset_seconds, moment;
	int32_t fraction;

	if (!read_digits(&given.tm_year, &at, 4) || !read_character(&at, "-") ||
	    !read_digits(&given.tm_mon, &at, 2) || !read_character(&at, "-") ||
	    !read_digits(&given.tm_mday, &at, 2) || !read_character(&at, "Tt") ||
	    !read_digits(&given.tm_hour, &at, 2) || !read_character(&at, ":") ||
	    !read_digits(&given.tm_min, &at, 2) || !read_character(&at, ":") ||
	    !read_digits(&given.tm_sec, &at, 2) || !read_fraction(&fraction, &at) ||
	    !read_offset(&offset_seconds, &at) || *at != '\0')
		return RFC3339_E_FORM;
	given.tm_year -= 1900;
	given.tm_mon -= 1;
	settled = given;
	moment = timegm(&settled);
	/* timegm carries the 30th of February over to March; such a date is refused. */
	if (settled.tm_mon != given.tm_mon || settled.tm_mday != given.tm_mday ||
	    settled.tm_hour != given.tm_hour || settled.tm_min != given.tm_min ||
	    settled.tm_sec != given.tm_sec)
		return RFC3339_E_FORM;
	moment -= offset_seconds;
	if (moment < FIRST_SECOND || moment > LAST_SECOND)
		return RFC3339_E_FORM;
	*seconds = moment;
	*nanos = fraction;
	return 0;
}

int
rfc3339_write(char text[RFC3339_BYTES], int64_t seconds, int32_t nanos)
{
	const time_t moment = seconds;
	struct tm parts;
	size_t length;

	if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos >= NANOS_PER_SECOND ||
	    gmtime_r(&moment, &parts) == NULL)
		return RFC3339_E_FORM;
	length = (size_t)snprintf(text, RFC3339_BYTES, "%04d", parts.tm_year + 1900);
	length += strftime(text + length, RFC3339_BYTES - length, "-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, RFC3339_BYTES - length, ".%06dZ", nanos / NANOS_PER_MICRO);
	return 0;
}
