/* A store full of made-up contacts, as if each had been told to a service by one event: the
 * rules decide each of them, and the graph writes all that a service would have, journal and
 * indices included. Nothing goes over a wire, and what the contacts are made of is in its
 * normal form from the beginning, so that millions take minutes. One thread. */
#ifndef ANAGRAPH_BENCH_FILL_H
#define ANAGRAPH_BENCH_FILL_H

#include "bench/dataset.h"
#include "server/graph/graph.h"

/* Where the parts of an event lie. */
enum { FILL_IDENTIFIERS = 4, FILL_ATTRIBUTES = 6 };
struct fill_room {
	struct dataset_contact contact;
	char account[DATASET_ACCOUNT_BYTES];
	struct identifier identifiers[FILL_IDENTIFIERS];
	size_t places[FILL_IDENTIFIERS];
	struct attribute attributes[FILL_ATTRIBUTES];
};

/* The event that tells of a contact, as event_prepare gives it; it borrows from room. */
void fill_event(struct event *event, struct fill_room *room, const struct dataset *dataset, uint64_t number);

/* When a service would have taken it in: a microsecond after the one before it, so that the
 * same seed always gives the same store. */
int64_t fill_recorded_at_us(uint64_t number);

/* Makes the store, in a data directory that has none. progress, unless it is NULL, is told
 * now and then how much is done, from 0 to 1. 0; GRAPH_E_REFUSED; GRAPH_E_FULL; -errno; *error says why. */
int fill_store(const struct graph_options *options, const struct dataset *dataset,
    void (*progress)(void *context, double done), void *context, struct graph_error *error);

#endif
