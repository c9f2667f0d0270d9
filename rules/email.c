/* One form for every e-mail address (N2), so that Rossi@Example.it and
 * rossi@example.it are one person's.
 *
 * Nearly all addresses are plain ASCII without quotes: for them the form is a
 * matter of bytes, decided without a table or an allocation. All others go the way
 * of Unicode: NFC, the local part lower-cased code point by code point, the domain
 * by UTS 46 to A-labels. Both ways give the same form where both apply.
 *
 * Stricter than a mail server on the domain, which must look like a public one, and
 * no stricter than needed on the local part, which is its server's own affair: dots
 * and +tags stay, and so does the difference between quoted and not. */
#include "rules/forms.h"

#include <errno.h>
#include <idn2.h>
#include <unicase.h>
#include <unistr.h>

static uint8_t
lower_ascii(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool
label_is_valid(struct bytes label)
{
	if (label.size == 0 || label.size > LIMIT_EMAIL_LABEL_BYTES)
		return false;
	if (label.data[0] == '-' || label.data[label.size - 1] == '-')
		return false;
	for (size_t i = 0; i < label.size; i++) {
		uint8_t byte = label.data[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-'))
			return false;
	}
	return true;
}

/* Takes the first label off a domain, and its dot. */
static struct bytes
next_label(struct bytes *domain)
{
	const uint8_t *dot = domain->size == 0 ? NULL : memchr(domain->data, '.', domain->size);
	size_t size = dot == NULL ? domain->size : (size_t)(dot - domain->data);
	size_t taken = dot == NULL ? size : size + 1;
	struct bytes label = bytes_of(domain->data, size);

	*domain = bytes_of(domain->data + taken, domain->size - taken);
	return label;
}

/* Whether a domain is in normal form, A-labels taken on trust. */
static bool
domain_is_valid(struct bytes domain)
{
	size_t label_count = 0;

	if (domain.size == 0 || domain.size > LIMIT_EMAIL_DOMAIN_BYTES || domain.data[domain.size - 1] == '.')
		return false;
	while (domain.size > 0) {
		if (!label_is_valid(next_label(&domain)))
			return false;
		label_count++;
	}
	return label_count >= 2;
}

/* Whether any label of a domain says that it is an A-label. */
static bool
domain_has_a_label(struct bytes domain)
{
	while (domain.size > 0) {
		struct bytes label = next_label(&domain);

		if (label.size >= 4 && lower_ascii(label.data[0]) == 'x' &&
		    lower_ascii(label.data[1]) == 'n' && label.data[2] == '-' && label.data[3] == '-')
			return true;
	}
	return false;
}

bool
email_fold_ascii(uint8_t form[EMAIL_BYTES], struct bytes text)
{
	size_t local_size = 0;
	struct bytes domain;

	if (text.size > EMAIL_BYTES)
		return false;
	while (local_size < text.size && text.data[local_size] != '@') {
		uint8_t byte = text.data[local_size];

		if (byte <= ' ' || byte >= 0x7f || byte == '"')
			return false;
		form[local_size++] = lower_ascii(byte);
	}
	if (local_size == 0 || local_size > LIMIT_EMAIL_LOCAL_BYTES || local_size == text.size)
		return false;
	for (size_t i = local_size; i < text.size; i++)
		form[i] = lower_ascii(text.data[i]);
	domain = bytes_of(form + local_size + 1, text.size - local_size - 1);
	return domain_is_valid(domain) && !domain_has_a_label(domain);
}

/* Finds the one '@' outside quotes, and refuses blanks and controls there. Inside
 * them a backslash takes the next character as it is. */
static bool
find_at(size_t *at, struct bytes text)
{
	bool quoted = false;
	size_t found = text.size;
	ucs4_t code_point;

	for (size_t i = 0; i < text.size;) {
		size_t place = i;

		i += (size_t)u8_mbtouc(&code_point, text.data + i, text.size - i);
		if (code_point == '"') {
			quoted = !quoted;
		} else if (quoted) {
			if (code_point == '\\' && i < text.size)
				i += (size_t)u8_mbtouc(&code_point, text.data + i, text.size - i);
		} else if (code_point == '@') {
			if (found != text.size)
				return false;
			found = place;
		} else if (code_point_is_blank(code_point) || code_point < 0x20 ||
		    (code_point >= 0x7f && code_point < 0xa0)) {
			return false;
		}
	}
	*at = found;
	return !quoted && found != text.size;
}

/* Lower-cases a local part: *out is to be freed. */
static int
fold_local(uint8_t **out, size_t *size, struct bytes local)
{
	enum { LONGEST = 4 }; /* bytes of a code point; none but ASCII is one byte long */
	RELEASED uint8_t *lower = malloc(local.size * LONGEST);
	size_t lower_size = 0;
	ucs4_t code_point;

	if (lower == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < local.size;) {
		i += (size_t)u8_mbtouc(&code_point, local.data + i, local.size - i);
		lower_size += (size_t)u8_uctomb(lower + lower_size, uc_tolower(code_point), LONGEST);
	}
	return text_compose(out, size, bytes_of(lower, lower_size));
}

/* Converts a domain that is not plain ASCII: *out is to be freed with idn2_free. */
static int
convert_domain(uint8_t **out, struct bytes domain)
{
	RELEASED uint8_t *terminated = malloc(domain.size + 1);
	int result;

	if (terminated == NULL)
		return -ENOMEM;
	memcpy(terminated, domain.data, domain.size);
	terminated[domain.size] = 0;
	result = idn2_lookup_u8(terminated, out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (result == IDN2_MALLOC)
		return -ENOMEM;
	return result == IDN2_OK ? 0 : NORMALIZE_E_INVALID;
}

/* Writes a domain's normal form. libidn2 also refuses hyphens in third and fourth
 * place, which a plain domain may have, and does: it is asked about the others. */
static int
fold_domain(uint8_t form[LIMIT_EMAIL_DOMAIN_BYTES], size_t *size, struct bytes domain)
{
	uint8_t *converted = NULL;
	struct bytes folded = domain;
	int result = 0;

	if (domain.size == 0)
		return NORMALIZE_E_INVALID;
	if (!text_is_ascii(domain) || domain_has_a_label(domain)) {
		result = convert_domain(&converted, domain);
		if (result != 0)
			return result;
		folded = bytes_of_string((const char *)converted);
	}
	if (folded.size > LIMIT_EMAIL_DOMAIN_BYTES) {
		result = NORMALIZE_E_INVALID;
	} else {
		for (size_t i = 0; i < folded.size; i++)
			form[i] = lower_ascii(folded.data[i]);
		*size = folded.size;
		if (!domain_is_valid(bytes_of(form, folded.size)))
			result = NORMALIZE_E_INVALID;
	}
	idn2_free(converted);
	return result;
}

int
email_normalize_unicode(struct bytes *value, struct arena *arena, struct bytes text)
{
	RELEASED uint8_t *composed = NULL;
	RELEASED uint8_t *local = NULL;
	uint8_t form[EMAIL_BYTES];
	size_t composed_size;
	size_t local_size;
	size_t domain_size;
	size_t at;
	int result;

	result = text_compose(&composed, &composed_size, text);
	if (result < 0)
		return result;
	if (!find_at(&at, bytes_of(composed, composed_size)) || at == 0)
		return NORMALIZE_E_INVALID;
	result = fold_local(&local, &local_size, bytes_of(composed, at));
	if (result < 0)
		return result;
	if (local_size > LIMIT_EMAIL_LOCAL_BYTES)
		return NORMALIZE_E_INVALID;
	memcpy(form, local, local_size);
	form[local_size] = '@';
	result = fold_domain(
	    form + local_size + 1, &domain_size, bytes_of(composed + at + 1, composed_size - at - 1));
	if (result != 0)
		return result;
	return arena_copy(value, arena, bytes_of(form, local_size + 1 + domain_size));
}

int
email_normalize(struct bytes *value, struct arena *arena, struct bytes text)
{
	uint8_t form[EMAIL_BYTES];

	if (email_fold_ascii(form, text))
		return arena_copy(value, arena, bytes_of(form, text.size));
	return email_normalize_unicode(value, arena, text);
}
