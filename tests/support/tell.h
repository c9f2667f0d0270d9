/* What every answer must be, and answers as text. Part of build.h's words; what tests
 * use of it is declared there. */
#ifndef ANAGRAPH_TESTS_SUPPORT_TELL_H
#define ANAGRAPH_TESTS_SUPPORT_TELL_H

#include "tests/support/build.h"

/* Fails the test when no contact may be like this one: its orders, limits, class (R1,
 * R2), name (R4) and reach (R5), claims and secondaries. */
void expect_contact_sound(struct scene *s, const Anagraph__V1__Contact *contact, const char *file, int line);

/* Likewise for an answer and its conflicts. */
void expect_answer_sound(
    struct scene *s, const Anagraph__V1__IdentifyResponse *answer, const char *file, int line);

/* A secondary as contact_text has it: "?CITY=Bari". */
char *secondary_text(struct scene *s, const Anagraph__V1__Secondary *secondary);

#endif
