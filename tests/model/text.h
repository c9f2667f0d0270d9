/* Contacts, answers and journal entries as text, one line a fact: what the model
 * says and what the service says are compared, and shown, in this one form. */
#ifndef ANAGRAPH_TESTS_MODEL_TEXT_H
#define ANAGRAPH_TESTS_MODEL_TEXT_H

#include "anagraph/v1/identity.pb-c.h"
#include "tests/model/reference.h"

struct text {
	char *bytes; /* NUL-terminated once something was added */
	size_t size;
	size_t capacity;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_finish(struct text *text);
bool text_equal(const struct text *a, const struct text *b);

/* Puts the lines from an offset on into byte order: for what has none of its own. */
void text_sort_lines(struct text *text, size_t from);

/* Adds the lines that only one of the two has. */
void text_add_difference(struct text *text, const struct text *expected, const struct text *got);

/* The model's side. Moments of recording are those that the model has been told. */
void text_add_event(struct text *text, const struct model_event *event);
void text_add_request(struct text *text, const struct model_request *request);
void text_add_contact(struct text *text, const struct model *model, const struct model_contact *contact);
void text_add_answer(struct text *text, const struct model *model, const struct model_entry *entry);
void text_add_entry(struct text *text, const struct model *model, const struct model_entry *entry);

/* The service's side. */
void text_add_pb_contact(struct text *text, const Anagraph__V1__Contact *contact);
void text_add_pb_conflicts(struct text *text, Anagraph__V1__Conflict *const *conflicts, size_t count);
void text_add_pb_entry(struct text *text, const Anagraph__V1__JournalEntry *entry);

/* The same for an entry of the model's account, which may tell the model a moment that no
 * answer has told; of a redacted one it adds what it should not tell. */
void text_add_told_entry(struct text *text, struct model *model, Anagraph__V1__JournalEntry *told);

/* What a person is, whoever said it in which order: facts with (source,
 * observed_at), nothing else. */
void text_add_pb_primaries(struct text *text, const Anagraph__V1__Contact *contact);
void text_add_primaries(struct text *text, const struct model_contact *contact);

int64_t text_microseconds(const Google__Protobuf__Timestamp *timestamp);

#endif
