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
		return text_normalize(value, arena, text, LIMIT_IDENTIFIER_BYTES);
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
	result = text_check_blocked(form, settings);
	if (result != 0)
		return result;
	if (!bytes_equal(form, text)) {
		result = arena_copy(&kept, arena, text);
		if (result < 0)
			return result;
	}
	*value = form;
	*given = kept;
	return 0;
}

static bool
has_normal_form(enum namespace_id namespace_id, struct bytes raw)
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
		    !code_point_is_blank(raw.data[0]) && !code_point_is_blank(raw.data[raw.size - 1]);
	case NAMESPACE_NONE:
	case NAMESPACE_COUNT:
		break;
	}
	return false;
}

bool
identifier_looks_normal(
    enum namespace_id namespace_id, struct bytes raw, const struct account_settings *settings)
{
	return has_normal_form(namespace_id, raw) && text_check_blocked(raw, settings) == 0;
}

static int
normalize_string(struct bytes *string, struct arena *arena, bool personal, struct bytes raw,
    const struct account_settings *settings)
{
	struct bytes form;
	int result;

	if (!text_is_valid(raw, SIZE_MAX))
		return NORMALIZE_E_INVALID;
	raw = text_trim(raw);
	if (raw.size == 0)
		return NORMALIZE_E_IGNORED;
	result = text_normalize(&form, arena, raw, LIMIT_ATTRIBUTE_STRING_BYTES);
	if (result != 0)
		return result;
	if (personal)
		result = text_check_blocked(form, settings);
	if (result == NORMALIZE_E_BLOCKED)
		return NORMALIZE_E_IGNORED;
	if (result == 0)
		*string = form;
	return result;
}

int
normalize_attribute(struct value *value, struct arena *arena, struct bytes name, const struct value *raw,
    const struct account_settings *settings)
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
		result = normalize_string(&form.string, arena, personal, raw->string, settings);
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
