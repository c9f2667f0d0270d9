/* The contract's terms as a shop owner would say them. */
#ifndef ANAGRAPH_CLIENT_TOUR_WORDS_H
#define ANAGRAPH_CLIENT_TOUR_WORDS_H

#include "anagraph/v1/identity.pb-c.h"

/* Static strings. */
const char *words_source(Anagraph__V1__Source source);
const char *words_class(Anagraph__V1__ContactClass contact_class);
const char *words_reach(Anagraph__V1__Reach reach);

/* The short name of an enumerator without its type: VALUE, OFFER; static. */
const char *words_kind(Anagraph__V1__ConflictKind kind);
const char *words_verdict(Anagraph__V1__Verdict verdict);

/* Each gives text to be freed; NULL when there is no memory. */
char *words_event(const Anagraph__V1__IdentifyRequest *request);
char *words_outcome(const Anagraph__V1__IdentifyResponse *response);
char *words_conflict(const Anagraph__V1__Conflict *conflict);
char *words_decision(const Anagraph__V1__Conflict *conflict, uint64_t contact_id);
char *words_attribute_value(const Anagraph__V1__Attribute *attribute);

/* What is offered, by whom: "LAST_NAME Bianchi (conversations, t-5)". */
char *words_secondary(const Anagraph__V1__Secondary *secondary);

/* Where a value comes from: "conversations, t-5". */
char *words_claim(const Anagraph__V1__Claim *claim);

#endif
