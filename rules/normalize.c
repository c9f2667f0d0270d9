/* What a value must be, and the one form in which it is compared and stored.
 *
 * A read normalises its key, so the common case is short: a value of plain ASCII is
 * checked byte by byte and copied once. All else takes the way through Unicode's
 * tables, with the same result where both apply. Whatever a value is refused for,
 * its form is looked at before the blocked list. */
#include "rules/normalize.h"

#include "rules/forms.h"
#include "rules/phone_version.h"

#include <math.h>
#include <unictype.h>
#include <unistr.h>

static const int64_t YEAR_1_US = -62135596800 * INT64_C(1000000);
static const int64_t YEAR_10000_US = 253402300800 * INT64_C(1000000);

bool
account_is_valid(struct bytes account)
{
	if (account.size == 0 || account.size > LIMIT_ACCOUNT_BYTES)
		return false;
	for (size_t i = 0; i < account.size; i++) {
		uint8_t byte = account.data[i];

		if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
			continue;
		if (i == 0 || (byte != '-' && byte != '_' && byte != '.'))
			return false;
	}
	return true;
}

bool
attribute_name_is_valid(struct bytes name)
{
	if (name.size == 0 || name.size > LIMIT_ATTRIBUTE_NAME_BYTES)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		uint8_t byte = name.data[i];

		if (byte >= 'A' && byte <= 'Z')
			continue;
		if (i == 0 || (byte != '_' && !(byte >= '0' && byte <= '9')))
			return false;
	}
	return true;
}

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

/* Whether a value in normal form is what programs send when they have none (N5). */
static bool
is_blocked(struct bytes text)
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

/* Trimmed text of at most limit_bytes in NFC: N4 and N7. */
static int
normalize_text(struct bytes *value, struct arena *arena, struct bytes text, size_t limit_bytes)
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

/* The form of a namespace, for trimmed text. */
static int
normalize_form(struct bytes *value, struct arena *arena, enum namespace_id namespace_id, struct bytes text,
    const struct account_settings *settings)
{
	switch (namespace_id) {
	case NAMESPACE_EMAIL:
		return email_normalize(value, arena, text);
	case NAMESPACE_PHONE:
	case NAMESPACE_WHATSAPP:
	case NAMESPACE_LANDLINE:
		return number_normalize(value, arena, text, settings->default_region);
	case NAMESPACE_EXT_ID:
	case NAMESPACE_CHAT:
	case NAMESPACE_FACEBOOK:
	case NAMESPACE_INSTAGRAM:
	case NAMESPACE_PUSH:
		return normalize_text(value, arena, text, LIMIT_IDENTIFIER_BYTES);
	case NAMESPACE_NONE:
	case NAMESPACE_COUNT:
		break;
	}
	return NORMALIZE_E_INVALID;
}

int
normalize_identifier(struct bytes *value, struct bytes *given, struct arena *arena,
    enum namespace_id namespace_id, struct bytes raw, const struct account_settings *settings)
{
	struct bytes form;
	struct bytes kept = bytes_of(NULL, 0);
	struct bytes text;
	int result;

	if (!text_is_valid(raw, LIMIT_RAW_IDENTIFIER_BYTES))
		return NORMALIZE_E_INVALID;
	text = text_trim(raw);
	if (text.size == 0)
		return NORMALIZE_E_INVALID;
	result = normalize_form(&form, arena, namespace_id, text, settings);
	if (result != 0)
		return result;
	if (is_blocked(form))
		return NORMALIZE_E_BLOCKED;
	if (!bytes_equal(form, text)) {
		result = arena_copy(&kept, arena, text);
		if (result < 0)
			return result;
	}
	*value = form;
	*given = kept;
	return 0;
}

bool
identifier_looks_normal(enum namespace_id namespace_id, struct bytes raw)
{
	uint8_t form[EMAIL_BYTES];

	switch (namespace_id) {
	case NAMESPACE_EMAIL:
		return email_fold_ascii(form, raw) && bytes_equal(raw, bytes_of(form, raw.size));
	case NAMESPACE_PHONE:
	case NAMESPACE_WHATSAPP:
	case NAMESPACE_LANDLINE:
		return number_looks_normal(raw);
	case NAMESPACE_EXT_ID:
	case NAMESPACE_CHAT:
	case NAMESPACE_FACEBOOK:
	case NAMESPACE_INSTAGRAM:
	case NAMESPACE_PUSH:
		return raw.size > 0 && raw.size <= LIMIT_IDENTIFIER_BYTES && text_is_ascii(raw) &&
		    !code_point_is_blank(raw.data[0]) && !code_point_is_blank(raw.data[raw.size - 1]) &&
		    !is_blocked(raw);
	case NAMESPACE_NONE:
	case NAMESPACE_COUNT:
		break;
	}
	return false;
}

static int
normalize_string(struct bytes *string, struct arena *arena, bool personal, struct bytes raw)
{
	struct bytes form;
	int result;

	if (!text_is_valid(raw, SIZE_MAX))
		return NORMALIZE_E_INVALID;
	raw = text_trim(raw);
	if (raw.size == 0)
		return NORMALIZE_E_IGNORED;
	result = normalize_text(&form, arena, raw, LIMIT_ATTRIBUTE_STRING_BYTES);
	if (result != 0)
		return result;
	if (personal && is_blocked(form))
		return NORMALIZE_E_IGNORED;
	*string = form;
	return 0;
}

int
normalize_attribute(struct value *value, struct arena *arena, struct bytes name, const struct value *raw)
{
	struct value form = { .type = raw->type };
	bool personal = attribute_is_personal(name);
	int result = 0;

	if (!attribute_name_is_valid(name) || (personal && raw->type != VALUE_STRING))
		return NORMALIZE_E_INVALID;
	switch (raw->type) {
	case VALUE_BOOL:
		form.boolean = raw->boolean;
		break;
	case VALUE_NUMBER:
		if (!isfinite(raw->number))
			return NORMALIZE_E_INVALID;
		form.number = raw->number == 0 ? 0 : raw->number;
		break;
	case VALUE_STRING:
		result = normalize_string(&form.string, arena, personal, raw->string);
		break;
	case VALUE_TIME:
		if (raw->time_us < YEAR_1_US || raw->time_us >= YEAR_10000_US)
			return NORMALIZE_E_INVALID;
		form.time_us = raw->time_us;
		break;
	case VALUE_NONE:
	default:
		return NORMALIZE_E_INVALID;
	}
	if (result == 0)
		*value = form;
	return result;
}

int
value_compare(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type) {
	case VALUE_BOOL:
		return (int)a->boolean - (int)b->boolean;
	case VALUE_NUMBER:
		return (a->number > b->number) - (a->number < b->number);
	case VALUE_STRING:
		return bytes_compare(a->string, b->string);
	case VALUE_TIME:
		return (a->time_us > b->time_us) - (a->time_us < b->time_us);
	case VALUE_NONE:
		break;
	}
	return 0;
}

int
claim_compare(const struct claim *a, const struct claim *b)
{
	if (a->observed_at_us != b->observed_at_us)
		return a->observed_at_us < b->observed_at_us ? -1 : 1;
	return (a->source > b->source) - (a->source < b->source);
}

struct bytes
phone_library_version(void)
{
	return BYTES(PHONE_LIBRARY_VERSION);
}
