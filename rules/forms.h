/* The pieces of which normal forms are made: text (N1, N4, N7), e-mail addresses
 * (N2) and telephone numbers (N3). Private to rules/; normalize.c puts them
 * together. Pure, any thread.
 *
 * Unless its comment says otherwise a function takes valid UTF-8 without NUL, not
 * empty, with no blanks around it. Outcomes are those of normalize.h. */
#ifndef ANAGRAPH_RULES_FORMS_H
#define ANAGRAPH_RULES_FORMS_H

#include "rules/normalize.h"

#include <stdlib.h>

/* Frees what the annotated pointer points to when it goes out of scope. */
static inline void
release_memory(void *pointer)
{
	void *memory;

	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}
#define RELEASED __attribute__((cleanup(release_memory)))

/* ASCII alone and no NUL; any bytes may be asked about, none included. */
bool text_is_ascii(struct bytes text);

/* Unicode's White_Space. */
bool code_point_is_blank(uint32_t code_point);

/* What is left without the blanks around it: part of the same memory. Any valid
 * UTF-8. */
struct bytes text_trim(struct bytes text);

/* Sets *out to the text in NFC, in memory to be freed. 0; -ENOMEM. */
int text_compose(uint8_t **out, size_t *size, struct bytes text);

/* Trims nothing: the text in NFC, of at most limit_bytes. *value borrows from the arena.
 * 0; NORMALIZE_E_INVALID; -ENOMEM. */
int text_normalize(struct bytes *value, struct arena *arena, struct bytes text, size_t limit_bytes);

/* Whether a value in normal form may stand for somebody (N5), by the built-in list and the
 * account's: 0; NORMALIZE_E_BLOCKED; -ENOMEM, never for plain ASCII. */
int text_check_blocked(struct bytes text, const struct account_settings *settings);

/* The longest address in normal form: local part, '@', domain. */
enum { EMAIL_BYTES = LIMIT_EMAIL_LOCAL_BYTES + 1 + LIMIT_EMAIL_DOMAIN_BYTES };

/* Writes the normal form of a plain ASCII address, as long as the address itself.
 * False leaves the question open: a quote, an A-label or a mistake is for
 * email_normalize_unicode to judge. Takes any bytes. */
bool email_fold_ascii(uint8_t form[EMAIL_BYTES], struct bytes text);

/* The normal form of any address, by way of Unicode's tables: also of a plain one,
 * with the result of email_fold_ascii. *value borrows from the arena.
 * 0; NORMALIZE_E_INVALID; -ENOMEM. */
int email_normalize_unicode(struct bytes *value, struct arena *arena, struct bytes text);

/* The normal form of an address, the shorter way where there is one. */
int email_normalize(struct bytes *value, struct arena *arena, struct bytes text);

/* The normal form of a telephone number; region as account_settings has it.
 * *value borrows from the arena. 0; NORMALIZE_E_INVALID; -ENOMEM. */
int number_normalize(struct bytes *value, struct arena *arena, struct bytes text, struct bytes region);

/* '+' and 8 to 15 digits. Takes any bytes. */
bool number_looks_normal(struct bytes text);

#endif
