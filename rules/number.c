/* One form for every telephone number (N3): E.164, as libphonenumber knows it.
 *
 * The library reads more than the rule allows (letters, extensions, URIs, several
 * numbers in one text), so what it is shown is only ever a '+' and digits: this
 * file takes the punctuation out and refuses whatever else there is. */
#include "rules/forms.h"
#include "rules/phone.h"

#include <unictype.h>
#include <unistr.h>

enum { DIGITS_MOST = 32 }; /* twice what E.164 allows: room for prefixes dialled at home */

struct dialled {
	char text[1 + DIGITS_MOST];
	size_t size;
};

/* Punctuation, each row from the first code point to the last. */
static const struct {
	uint32_t first, last;
} punctuation[] = {
	{ '(', ')' },
	{ '-', '/' }, /* - . / */
	{ '[', '[' },
	{ ']', ']' },
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x200b, 0x200b }, /* zero-width space */
	{ 0x200e, 0x200f }, /* marks of direction, as address books put around numbers */
	{ 0x2010, 0x2015 }, /* hyphens and dashes */
	{ 0x202a, 0x202e },
	{ 0x2060, 0x2060 }, /* word joiner */
	{ 0x2066, 0x2069 },
	{ 0x2212, 0x2212 }, /* minus */
	{ 0xff08, 0xff09 }, /* the same, full width */
	{ 0xff0d, 0xff0f },
};

static bool
is_punctuation(ucs4_t code_point)
{
	if (code_point_is_blank(code_point))
		return code_point == '\t' || code_point >= ' ';
	for (size_t i = 0; i < sizeof(punctuation) / sizeof(punctuation[0]); i++) {
		if (code_point >= punctuation[i].first && code_point <= punctuation[i].last)
			return true;
	}
	return false;
}

/* Keeps a leading '+' and the digits of any script; false for anything but
 * punctuation beside them. */
static bool
read_dialled(struct dialled *dialled, struct bytes text)
{
	ucs4_t code_point;

	for (size_t i = 0; i < text.size;) {
		int digit;

		i += (size_t)u8_mbtouc(&code_point, text.data + i, text.size - i);
		if (is_punctuation(code_point))
			continue;
		if (dialled->size == sizeof(dialled->text))
			return false;
		digit = uc_decimal_value(code_point);
		if (digit >= 0)
			dialled->text[dialled->size++] = (char)('0' + digit);
		else if ((code_point == '+' || code_point == 0xff0b) && dialled->size == 0)
			dialled->text[dialled->size++] = '+';
		else
			return false;
	}
	return dialled->size > 0;
}

/* A leading 00 is how '+' is dialled. */
static void
replace_prefix(struct dialled *dialled)
{
	if (dialled->size < 2 || dialled->text[0] != '0' || dialled->text[1] != '0')
		return;
	dialled->text[0] = '+';
	dialled->size--;
	memmove(dialled->text + 1, dialled->text + 2, dialled->size - 1);
}

int
number_normalize(struct bytes *value, struct arena *arena, struct bytes text, struct bytes region)
{
	struct dialled dialled = { .size = 0 };
	char form[PHONE_BYTES];
	size_t form_size;
	int result;

	if (!read_dialled(&dialled, text))
		return NORMALIZE_E_INVALID;
	replace_prefix(&dialled);
	if (dialled.text[0] == '+')
		region = bytes_of(NULL, 0);
	else if (region.size == 0)
		return NORMALIZE_E_INVALID;
	result = phone_format(
	    form, &form_size, dialled.text, dialled.size, (const char *)region.data, region.size);
	if (result < 0)
		return result;
	if (result == PHONE_E_INVALID)
		return NORMALIZE_E_INVALID;
	return arena_copy(value, arena, bytes_of(form, form_size));
}

int
region_check(struct bytes region)
{
	int result = phone_check_region((const char *)region.data, region.size);

	return result == PHONE_E_INVALID ? NORMALIZE_E_INVALID : result;
}

bool
number_looks_normal(struct bytes text)
{
	if (text.size < 1 + 8 || text.size > 1 + 15 || text.data[0] != '+')
		return false;
	for (size_t i = 1; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return true;
}
