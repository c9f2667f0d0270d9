/* A contact said as events: as many as it takes for every value to come back with the
 * claim that it rests on, in an order in which an empty account makes one contact of
 * them. Pure.
 *
 * Values of one claim (source, time, conversation) are one event. Each event but the
 * first repeats an identifier of those before it, so that it finds the contact: one whose
 * claim is not renewed by that, where there is one. Events of conversations come last,
 * for they renew no claim of a personal identifier. */
#ifndef ANAGRAPH_CLIENT_IMPORT_SPLIT_H
#define ANAGRAPH_CLIENT_IMPORT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "anagraph/v1/identity.pb-c.h"

/* What no event can say, counted over contacts. */
struct split_left_out {
	uint64_t aliases;
	uint64_t secondaries;
	uint64_t lists;  /* contacts that come to be on other lists */
	uint64_t claims; /* identifiers that come back with a later claim */
};

struct split {
	Anagraph__V1__IdentifyRequest **events;
	size_t count;
	/* The events from here on must come after those of all other contacts: they say a
	 * phone or WhatsApp number that another contact holds as the other of the two. */
	size_t deferred_from;
};

/* Splits a contact. crossed lists those of its identifiers that another contact holds as
 * the other of phone and whatsapp. What is left out is added to *left_out. *out is to be
 * released with split_finish. 0; -ENOMEM. */
int split_contact(struct split *out, struct split_left_out *left_out, const Anagraph__V1__Contact *contact,
    const Anagraph__V1__Identifier *const *crossed, size_t crossed_count);
void split_finish(struct split *split);

/* Says who somebody is: ext_id, email, phone, whatsapp, landline. */
bool split_is_personal(const char *namespace_name);

#endif
