/* The words for numbers that both sides of a comparison share. */
#ifndef ANAGRAPH_TESTS_MODEL_WORDS_H
#define ANAGRAPH_TESTS_MODEL_WORDS_H

#include "tests/model/text.h"

extern const char *const SOURCES[4];
extern const char *const CLASSES[4];
extern const char *const REACHES[5];
extern const char *const KINDS[4];
extern const char *const VERDICTS[5];
extern const char *const OUTCOMES[5];
extern const char *const CAUSES[6];
extern const char *const POLICIES[MODEL_POLICY_COUNT];

#define WORD(words, number)                                                                                  \
	((size_t)(number) < sizeof(words) / sizeof((words)[0]) ? (words)[(size_t)(number)] : "?")

void add_value(struct text *text, const struct model_value *value);

#endif
