/* What the parts of the tour share: the connection, the page, and what has been
 * seen so far. */
#ifndef ANAGRAPH_CLIENT_TOUR_TOUR_H
#define ANAGRAPH_CLIENT_TOUR_TOUR_H

#include "client/client.h"
#include "client/tour/screen.h"
#include "client/tour/script.h"

/* Exit statuses, those of the command; 0 when every call went well. */
enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

enum { TOUR_KINDS = 4 }; /* of conflicts, by their number on the wire */

struct totals {
	uint64_t contacts_page;
	uint64_t home_page;
};

/* The contacts that an event's identifiers led to before the event. */
struct memory {
	Anagraph__V1__ResolveResponse **found; /* owned */
	size_t count;
};

struct tour {
	struct client *client;
	const char *server;  /* borrowed */
	const char *account; /* borrowed */
	struct screen screen;
	struct totals first; /* before the first event */
	struct totals now;
	bool after_block; /* the last event got a block, and so needs a blank line after it */
	size_t created;
	size_t conflicts[TOUR_KINDS];
	uint64_t *absorbed; /* ids, in the order it happened; owned */
	size_t absorbed_count;
	uint64_t *disputed; /* contacts of events that raised a conflict, each once; owned */
	size_t disputed_count;
};

/* A call that failed has been told on standard error, after what it was about:
 * every function gives 0 or the exit status. */
int tour_failed(const struct tour *tour, const char *what, int result, const struct client_status *status);

int tour_count(struct totals *out, struct tour *tour);

/* Looks a contact up by id; *out is to be freed. */
int tour_resolve(Anagraph__V1__ResolveResponse **out, struct tour *tour, uint64_t contact_id);

/* Looks up what an event's identifiers lead to; an unknown one leads nowhere. *out is to
 * be freed with tour_forget. */
int tour_recall(struct memory *out, struct tour *tour, const Anagraph__V1__IdentifyRequest *event);

void tour_forget(struct memory *memory);

/* A contact as it was before the event, borrowed; NULL when there was none. */
const Anagraph__V1__Contact *tour_remembered(const struct memory *memory, uint64_t contact_id);

/* Plays one event and shows what became of it. */
int tour_play(struct tour *tour, const struct script_event *event);

/* Shows what the whole came to. */
int tour_sum_up(struct tour *tour, size_t event_count);

void tour_show_totals(const struct tour *tour, const char *label, const struct totals *totals);

#endif
