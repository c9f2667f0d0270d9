/* Calls of any method by a scene's client, for tests of those that the words of build.h
 * have none for. */
#ifndef ANAGRAPH_TESTS_SUPPORT_CALL_H
#define ANAGRAPH_TESTS_SUPPORT_CALL_H

#include "tests/support/build.h"

/* The path of a method of the service. */
#define METHOD(name) ("/anagraph.v1.IdentityService/" name)

/* Sends a request, which must go well; the answer, of the descriptor's type, lives as
 * long as the scene. */
#define call(s, method, request, descriptor)                                                                 \
	call_at(s, method, &(request)->base, descriptor, __FILE__, __LINE__)
void *call_at(struct scene *s, const char *method, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *descriptor, const char *file, int line);

/* Sends a request that must be refused, with these, leaving the account as it was. */
#define expect_refused(s, code, reason, field, method, request)                                              \
	expect_refused_at(s, code, reason, field, method, &(request)->base, __FILE__, __LINE__)
void expect_refused_at(struct scene *s, const char *code, const char *reason, const char *field,
    const char *method, const ProtobufCMessage *request, const char *file, int line);

/* The same for bytes, of which a request is not made. */
#define expect_bytes_refused(s, code, reason, field, method, bytes, size)                                    \
	expect_bytes_refused_at(s, code, reason, field, method, bytes, size, __FILE__, __LINE__)
void expect_bytes_refused_at(struct scene *s, const char *code, const char *reason, const char *field,
    const char *method, const uint8_t *bytes, size_t size, const char *file, int line);

#endif
