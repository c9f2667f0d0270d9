/* What programs send when they have no value, and what an account takes for such (N5).
 *
 * Both lists are compared without regard to case: the built-in one is ASCII and compared
 * byte by byte, the account's is stored folded by Unicode's full case folding, as whatever
 * is looked up in it is. */
#include "rules/forms.h"

#include <errno.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

/* Whether text is a word of lower-case ASCII, in whatever case. Text has no NUL, so
 * the comparison never passes the word's end. */
static bool
is_word(struct bytes text, const char *word)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (uint8_t)(byte + ('a' - 'A'));
		if (byte != (uint8_t)word[i])
			return false;
	}
	return word[text.size] == 0;
}

/* Quotes of any kind, and blanks between them. */
static bool
is_quotes(struct bytes text)
{
	ucs4_t code_point;

	for (size_t i = 0; i < text.size;) {
		i += (size_t)u8_mbtouc(&code_point, text.data + i, text.size - i);
		if (code_point_is_blank(code_point) || code_point == '`' || code_point == 0xb4)
			continue;
		if (code_point < 0x80 ? code_point != '"' && code_point != '\''
				      : !uc_is_property_quotation_mark(code_point))
			return false;
	}
	return true;
}

/* A UUID of zeros, with or without dashes, with or without braces. */
static bool
is_zero_uuid(struct bytes text)
{
	static const char dashed[] = "00000000-0000-0000-0000-000000000000";
	static const char plain[] = "00000000000000000000000000000000";

	if (text.size > 2 && text.data[0] == '{' && text.data[text.size - 1] == '}')
		text = bytes_of(text.data + 1, text.size - 2);
	return bytes_equal(text, bytes_of_string(dashed)) || bytes_equal(text, bytes_of_string(plain));
}

/* Whether a value in normal form is on the built-in list. */
static bool
is_no_value(struct bytes text)
{
	static const char *const words[] = { "null", "undefined", "none", "nil", "nan", "n/a", "anonymous",
		"guest", "unknown", "true", "false", "0", "-1", "[object object]", "{}", "[]" };
	enum { LONGEST_WORD_BYTES = sizeof("[object object]") - 1 };

	if (text.size <= LONGEST_WORD_BYTES) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (is_word(text, words[i]))
				return true;
		}
	}
	return is_quotes(text) || is_zero_uuid(text);
}

int
blocked_compare(const void *a, const void *b)
{
	return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Folds the case of a text in NFC into NFC again. *out is room, where it had enough, else
 * memory to be freed. 0; -ENOMEM. */
static int
fold(uint8_t **out, size_t *size, uint8_t *room, size_t room_bytes, struct bytes text)
{
	size_t folded_bytes = room_bytes;
	uint8_t *folded;

	if (text.size <= room_bytes && text_is_ascii(text)) {
		for (size_t i = 0; i < text.size; i++) {
			uint8_t byte = text.data[i];

			room[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
		}
		*out = room;
		*size = text.size;
		return 0;
	}
	folded = u8_casefold(text.data, text.size, NULL, UNINORM_NFC, room, &folded_bytes);
	if (folded == NULL)
		return -ENOMEM;
	*out = folded;
	*size = folded_bytes;
	return 0;
}

int
text_check_blocked(struct bytes text, const struct account_settings *settings)
{
	uint8_t room[LIMIT_ATTRIBUTE_STRING_BYTES];
	struct bytes key;
	uint8_t *folded;
	size_t size;
	bool found;

	if (is_no_value(text))
		return NORMALIZE_E_BLOCKED;
	if (settings->blocked_count == 0)
		return 0;
	if (fold(&folded, &size, room, sizeof(room), text) < 0)
		return -ENOMEM;
	key = bytes_of(folded, size);
	found =
	    bsearch(&key, settings->blocked, settings->blocked_count, sizeof(key), blocked_compare) != NULL;
	if (folded != room)
		free(folded);
	return found ? NORMALIZE_E_BLOCKED : 0;
}

/* Adds a form, folded, unless it is there. 0; -ENOMEM. */
static int
add_form(struct bytes forms[BLOCKED_FORMS], size_t *count, struct arena *arena, struct bytes form)
{
	uint8_t room[LIMIT_RAW_IDENTIFIER_BYTES];
	uint8_t *folded;
	size_t size;
	int result = fold(&folded, &size, room, sizeof(room), form);

	if (result < 0)
		return result;
	for (size_t i = 0; i < *count && result == 0; i++)
		result = bytes_equal(forms[i], bytes_of(folded, size));
	if (result == 0)
		result = arena_copy(&forms[*count], arena, bytes_of(folded, size));
	if (result == 0)
		(*count)++;
	if (folded != room)
		free(folded);
	return result < 0 ? result : 0;
}

int
normalize_blocked(struct bytes forms[BLOCKED_FORMS], size_t *count, struct arena *arena, struct bytes raw)
{
	const struct bytes no_region = { .size = 0 };
	struct bytes made[BLOCKED_FORMS];
	struct bytes form;
	size_t made_count = 0;
	int result;

	if (!text_is_valid(raw, LIMIT_RAW_IDENTIFIER_BYTES))
		return NORMALIZE_E_INVALID;
	raw = text_trim(raw);
	if (raw.size == 0)
		return NORMALIZE_E_INVALID;
	result = text_normalize(&form, arena, raw, LIMIT_ATTRIBUTE_STRING_BYTES);
	if (result == 0)
		result = add_form(made, &made_count, arena, form);
	if (result != 0)
		return result;
	result = email_normalize(&form, arena, raw);
	if (result == 0)
		result = add_form(made, &made_count, arena, form);
	if (result < 0)
		return result;
	result = number_normalize(&form, arena, raw, no_region);
	if (result == 0)
		result = add_form(made, &made_count, arena, form);
	if (result < 0)
		return result;
	memcpy(forms, made, made_count * sizeof(*made));
	*count = made_count;
	return 0;
}
