/* The end of the tour: what the morning came to, asked of the service again and not
 * remembered, so that the page shows what is stored. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/tour.h"
#include "client/tour/words.h"

/* What a contact holds under the name that a value is offered for: its value, to be
 * freed, with whom it comes from; NULL when it holds none. */
static char *
held_beside(const Anagraph__V1__Contact *contact, const Anagraph__V1__Secondary *secondary)
{
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER) {
		for (size_t i = 0; i < contact->n_identifiers; i++) {
			if (strcmp(contact->identifiers[i]->namespace_, secondary->identifier->namespace_) ==
			    0)
				return words_identifier(contact->identifiers[i]);
		}
	}
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE) {
		for (size_t i = 0; i < contact->n_attributes; i++) {
			if (strcmp(contact->attributes[i]->name, secondary->attribute->name) == 0)
				return words_attribute(contact->attributes[i]);
		}
	}
	return NULL;
}

/* Shows what a person has to decide about a contact. */
static void
show_questions(const struct tour *tour, const Anagraph__V1__Contact *contact)
{
	screen_line(
	    &tour->screen, STYLE_STRONG, "contact %" PRIu64 ", %s", contact->id, contact->display_name);
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		const Anagraph__V1__Secondary *secondary = contact->secondaries[i];
		char *held = held_beside(contact, secondary);
		char *offered = words_secondary(secondary);

		screen_entry(&tour->screen, "holds", STYLE_PLAIN, "%s", held != NULL ? held : "none yet");
		if (offered != NULL)
			screen_entry(&tour->screen, "or is it", STYLE_CARE, "%s, offered by %s", offered,
			    secondary->policy != NULL ? secondary->policy->id : "?");
		free(held);
		free(offered);
	}
}

static int
show_absorbed(struct tour *tour)
{
	for (size_t i = 0; i < tour->absorbed_count; i++) {
		Anagraph__V1__ResolveResponse *found;
		char label[32];
		int result = tour_resolve(&found, tour, tour->absorbed[i]);

		if (result != 0)
			return result;
		snprintf(label, sizeof(label), "contact %" PRIu64, tour->absorbed[i]);
		screen_entry(&tour->screen, label, STYLE_NEWS, "is now contact %" PRIu64 ", %s",
		    found->contact->id, found->contact->display_name);
		anagraph__v1__resolve_response__free_unpacked(found, NULL);
	}
	return 0;
}

/* Shows the contacts that still have something beside what they hold. */
static int
show_open(struct tour *tour)
{
	for (size_t i = 0; i < tour->disputed_count; i++) {
		Anagraph__V1__ResolveResponse *found;
		int result = tour_resolve(&found, tour, tour->disputed[i]);

		if (result != 0)
			return result;
		if (found->contact->n_secondaries > 0)
			show_questions(tour, found->contact);
		anagraph__v1__resolve_response__free_unpacked(found, NULL);
	}
	return 0;
}

int
tour_sum_up(struct tour *tour, size_t event_count)
{
	int result;

	screen_headline(&tour->screen, "The morning in short");
	screen_entry(&tour->screen, "events", STYLE_PLAIN,
	    "%zu; contacts made %zu, of which %zu turned out to be another", event_count, tour->created,
	    tour->absorbed_count);
	screen_entry(&tour->screen, "conflicts", STYLE_PLAIN, "VALUE %zu, OWNER %zu, IDENTITY %zu",
	    tour->conflicts[ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_VALUE],
	    tour->conflicts[ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER],
	    tour->conflicts[ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_IDENTITY]);
	tour_show_totals(tour, "before", &tour->first);
	tour_show_totals(tour, "after", &tour->now);

	if (tour->absorbed_count > 0) {
		screen_headline(&tour->screen, "Who turned out to be whom");
		result = show_absorbed(tour);
		if (result != 0)
			return result;
	}
	screen_headline(&tour->screen, "Waiting for a person to decide");
	return show_open(tour);
}
