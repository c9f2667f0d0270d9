/* Saying what went wrong, in one form. Private to graph/. */
#ifndef ANAGRAPH_SERVER_GRAPH_OUTCOME_H
#define ANAGRAPH_SERVER_GRAPH_OUTCOME_H

#include "server/graph/graph.h"
#include "server/graph/records.h"

/* Fills *error; always returns outcome. */
__attribute__((format(printf, 3, 4))) int outcome_say(
    struct graph_error *error, int outcome, const char *format, ...);

/* The same for a call of the system's that set errno: ": " and what it means follow the
 * message, and -errno is returned. */
__attribute__((format(printf, 2, 3))) int outcome_system(struct graph_error *error, const char *format, ...);

/* Names a damaged record: "account A: TABLE " and the message. Always GRAPH_E_DAMAGED. */
__attribute__((format(printf, 4, 5))) int outcome_damaged(
    struct graph_error *error, struct bytes account, enum table table, const char *format, ...);

#endif
