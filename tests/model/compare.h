/* What the service answers to one call, held against what the model says. Each notes the
 * player's difference and says whether there is none. */
#ifndef ANAGRAPH_TESTS_MODEL_COMPARE_H
#define ANAGRAPH_TESTS_MODEL_COMPARE_H

#include "tests/model/play.h"

enum { PLAY_IN_FLIGHT = 256 };

/* Keeps both sides, for whoever prints them. Frees them. */
bool compare_texts(struct player *player, const char *what, struct text *expected, struct text *got);

/* Has the model answer the request, too. sent_again: it may have been taken in before, so
 * that nothing can be said of replayed. */
bool compare_answer(
    struct player *player, const struct call *call, const struct model_request *request, bool sent_again);

/* id 0: nobody. */
bool compare_resolve(struct player *player, const struct call *call, uint64_t id, const char *what);
bool compare_count(struct player *player, const struct call *call);

/* The ids of a batch, then its identifiers. */
bool compare_batch(struct player *player, const struct call *call, const uint64_t *ids, size_t id_count,
    const struct model_fact *identifiers, size_t identifier_count);

/* A contact of an answer may tell the moment of a step that told none itself. */
void learn_moment_of_update(struct player *player, const Anagraph__V1__Contact *contact);

void add_call_status(struct text *text, const struct client_status *status);

#endif
