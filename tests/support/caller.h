/* The caller's end of an IdentifyStream, step by step: it sends and reads when a test says
 * so and never by itself, on a connection of its own. Whatever goes wrong that should not
 * fails the test. */
#ifndef ANAGRAPH_TESTS_SUPPORT_CALLER_H
#define ANAGRAPH_TESTS_SUPPORT_CALLER_H

#include "tests/support/build.h"

struct caller;

/* Opens a stream of the scene's daemon; it is cancelled when the test ends, at the latest. */
struct caller *caller_open(struct scene *s);

/* Sends an event as identify would. Waits until the one before it has gone out. */
#define caller_send(caller, source, ...) caller_send_parts(caller, source, PARTS(__VA_ARGS__))
void caller_send_parts(struct caller *caller, int source, const struct part *parts);

/* The same for the bytes of an IdentifyStreamRequest, or what should be one. */
void caller_send_bytes(struct caller *caller, const void *bytes, size_t size);

/* Starts to send an event as soon as the one before it has gone out, unless that has not
 * happened by now. Returns whether it did. */
bool caller_try_send_parts(struct caller *caller, int source, const struct part *parts);
#define caller_try_send(caller, source, ...) caller_try_send_parts(caller, source, PARTS(__VA_ARGS__))

/* Says that no more events follow, once all have gone out. */
void caller_half_close(struct caller *caller);

void caller_cancel(struct caller *caller);

/* Reads the next answer and waits for it; NULL when the stream has ended. It lives as long
 * as the scene. */
const Anagraph__V1__IdentifyStreamResponse *caller_read(struct caller *caller);

/* Reads an answer that is a response, or one that is an error with these. */
const Anagraph__V1__IdentifyResponse *caller_read_response(struct caller *caller);
#define caller_expect_error(caller, code, reason, field)                                                     \
	caller_expect_error_at(caller, code, reason, field, __FILE__, __LINE__)
void caller_expect_error_at(struct caller *caller, const char *code, const char *reason, const char *field,
    const char *file, int line);

/* Waits for the end of the stream, after which no answer may follow. */
void caller_finish(struct client_status *status, struct caller *caller);

/* Half-closes, and demands that the stream ends well with no answer left. */
void caller_finish_well(struct caller *caller);

#endif
