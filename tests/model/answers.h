/* What the service answered to a request that may write. */
#ifndef ANAGRAPH_TESTS_MODEL_ANSWERS_H
#define ANAGRAPH_TESTS_MODEL_ANSWERS_H

#include "tests/model/text.h"

struct answer {
	ProtobufCMessage *message;      /* owned */
	Anagraph__V1__Contact *contact; /* of the message; NULL where it has none */
	bool replayed;
};

/* Unpacks the answer to an action. False when it is none. Free with answer_finish. */
bool answer_unpack(struct answer *out, enum action action, const uint8_t *payload, size_t size_bytes);
void answer_finish(struct answer *answer);

/* The latest moment of recording that it shows; 0 for none. */
int64_t answer_latest_us(const struct answer *answer);
int64_t contact_latest_us(const Anagraph__V1__Contact *contact);

void text_add_pb_answer(struct text *text, const struct answer *answer);

#endif
