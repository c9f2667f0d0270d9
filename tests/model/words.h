/* The words for numbers that both sides of a comparison share. */
#ifndef ANAGRAPH_TESTS_MODEL_WORDS_H
#define ANAGRAPH_TESTS_MODEL_WORDS_H

#include "tests/model/text.h"

extern const char *const SOURCE_WORDS[4];
extern const char *const CLASS_WORDS[4];
extern const char *const REACH_WORDS[5];
extern const char *const KIND_WORDS[4];
extern const char *const VERDICT_WORDS[5];
extern const char *const OUTCOME_WORDS[5];
extern const char *const CAUSE_WORDS[9];
extern const char *const ACTION_WORDS[6];
extern const char *const POLICY_WORDS[MODEL_POLICY_COUNT];

#define WORD(words, number)                                                                                  \
	((size_t)(number) < sizeof(words) / sizeof((words)[0]) ? (words)[(size_t)(number)] : "?")

void text_add_value(struct text *text, const struct model_value *value);

#endif
