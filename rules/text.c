/* Text as Unicode has it, kept in one place so that every value means the same by
 * "valid", "blank" and "equal": UTF-8 without NUL, the property White_Space, NFC.
 * ASCII is its own NFC, which spares nearly all values the tables. */
#include "rules/forms.h"

#include <errno.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

bool
text_is_ascii(struct bytes text)
{
	uint8_t seen = 0;
	bool has_nul = false;

	for (size_t i = 0; i < text.size; i++) {
		seen |= text.data[i];
		has_nul |= text.data[i] == 0;
	}
	return seen < 0x80 && !has_nul;
}

bool
text_is_valid(struct bytes text, size_t limit_bytes)
{
	if (text.size > limit_bytes)
		return false;
	if (text.size == 0 || text_is_ascii(text))
		return true;
	return memchr(text.data, 0, text.size) == NULL && u8_check(text.data, text.size) == NULL;
}

bool
code_point_is_blank(uint32_t code_point)
{
	if (code_point < 0x80)
		return code_point == ' ' || (code_point >= '\t' && code_point <= '\r');
	return uc_is_property_white_space(code_point);
}

struct bytes
text_trim(struct bytes text)
{
	const uint8_t *start = text.data;
	const uint8_t *end;
	ucs4_t code_point;

	if (text.size == 0)
		return text;
	end = text.data + text.size;
	while (start < end) {
		int size = u8_mbtouc(&code_point, start, (size_t)(end - start));

		if (!code_point_is_blank(code_point))
			break;
		start += size;
	}
	while (end > start) {
		const uint8_t *last = u8_prev(&code_point, end, start);

		if (last == NULL || !code_point_is_blank(code_point))
			break;
		end = last;
	}
	return bytes_of(start, (size_t)(end - start));
}

int
text_compose(uint8_t **out, size_t *size, struct bytes text)
{
	size_t composed_size = 0;
	uint8_t *composed = u8_normalize(UNINORM_NFC, text.data, text.size, NULL, &composed_size);

	if (composed == NULL)
		return -ENOMEM;
	*out = composed;
	*size = composed_size;
	return 0;
}

int
text_normalize(struct bytes *value, struct arena *arena, struct bytes text, size_t limit_bytes)
{
	RELEASED uint8_t *composed = NULL;
	size_t size;
	int result;

	if (text_is_ascii(text))
		return text.size > limit_bytes ? NORMALIZE_E_INVALID : arena_copy(value, arena, text);
	result = text_compose(&composed, &size, text);
	if (result < 0)
		return result;
	return size > limit_bytes ? NORMALIZE_E_INVALID : arena_copy(value, arena, bytes_of(composed, size));
}
