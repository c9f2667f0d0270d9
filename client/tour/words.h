/* The contract's terms as a shop owner would say them. */
#ifndef ANAGRAPH_CLIENT_TOUR_WORDS_H
#define ANAGRAPH_CLIENT_TOUR_WORDS_H

#include "anagraph/v1/identity.pb-c.h"

/* Static strings. */
const char *words_source(Anagraph__V1__Source source);
const char *words_class(Anagraph__V1__ContactClass contact_class);

/* The short name of an enumerator without its type: VALUE, OFFER; static. */
const char *words_kind(Anagraph__V1__ConflictKind kind);
const char *words_verdict(Anagraph__V1__Verdict verdict);

/* Each gives text to be freed; NULL when there is no memory. */
/* What an event came to, and what it changed of the contact as it was before, which is
 * NULL for a new one. */
char *words_outcome(const Anagraph__V1__IdentifyResponse *response, const Anagraph__V1__Contact *before);
char *words_conflict(const Anagraph__V1__Conflict *conflict);
char *words_decision(const Anagraph__V1__Conflict *conflict, uint64_t contact_id);
char *words_attribute_value(const Anagraph__V1__Attribute *attribute);

/* What is held, and where it comes from: "LAST_NAME Rossi (contact database)". */
char *words_identifier(const Anagraph__V1__Identifier *identifier);
char *words_attribute(const Anagraph__V1__Attribute *attribute);

/* What is offered, by whom: "LAST_NAME Bianchi (conversations, t-5)". */
char *words_secondary(const Anagraph__V1__Secondary *secondary);

/* Where a value comes from: "conversations, t-5". */
char *words_claim(const Anagraph__V1__Claim *claim);

#endif
