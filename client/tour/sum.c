/* The end of the tour: what the morning came to, asked of the service again and not
 * remembered, so that the page shows what is stored. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/tour.h"
#include "client/tour/words.h"

enum { CARD_COLUMNS = 15 };

static const char *
name_of(const Anagraph__V1__Secondary *secondary)
{
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER)
		return secondary->identifier->namespace_;
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE)
		return secondary->attribute->name;
	return "";
}

static bool
holds(const Anagraph__V1__Contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		if (strcmp(contact->identifiers[i]->namespace_, name) == 0)
			return true;
	}
	for (size_t i = 0; i < contact->n_attributes; i++) {
		if (strcmp(contact->attributes[i]->name, name) == 0)
			return true;
	}
	return false;
}

static void
show_secondary(const struct screen *card, const char *label, const Anagraph__V1__Secondary *secondary)
{
	char *text = words_secondary(secondary);

	if (text != NULL)
		screen_entry(card, label, STYLE_CARE, "%s, offered by %s", text,
		    secondary->policy != NULL ? secondary->policy->id : "?");
	free(text);
}

/* The values offered beside the one of that name. */
static void
show_beside(const struct screen *card, const Anagraph__V1__Contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		if (strcmp(name_of(contact->secondaries[i]), name) == 0)
			show_secondary(card, "  beside it", contact->secondaries[i]);
	}
}

static void
show_held(const struct screen *card, const char *name, const char *value, const Anagraph__V1__Claim *claim)
{
	char *origin = words_claim(claim);

	screen_entry(card, name, STYLE_PLAIN, "%s   (%s)", value, origin != NULL ? origin : "");
	free(origin);
}

static void
show_memberships(const struct screen *card, const Anagraph__V1__Contact *contact)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return;
	for (size_t i = 0; i < contact->n_reach; i++)
		fprintf(stream, "%s%s", i > 0 ? ", " : "", words_reach(contact->reach[i]));
	fclose(stream);
	if (contact->n_reach > 0)
		screen_entry(card, "reach", STYLE_PLAIN, "%s", text);
	free(text);
	for (size_t i = 0; i < contact->n_lists; i++)
		screen_entry(card, "list", STYLE_PLAIN, "%s", contact->lists[i]);
}

void
tour_show_card(const struct tour *tour, const Anagraph__V1__Contact *contact)
{
	struct screen card = tour->screen;
	const char *shown = "";

	card.label_columns = CARD_COLUMNS;
	screen_entry(&card, "contact", STYLE_STRONG, "%" PRIu64 ", %s", contact->id, contact->display_name);
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		const Anagraph__V1__Identifier *identifier = contact->identifiers[i];

		show_held(&card, identifier->namespace_, identifier->value, identifier->claim);
		if (strcmp(shown, identifier->namespace_) != 0)
			show_beside(&card, contact, identifier->namespace_);
		shown = identifier->namespace_;
	}
	for (size_t i = 0; i < contact->n_attributes; i++) {
		char *value = words_attribute_value(contact->attributes[i]);

		show_held(&card, contact->attributes[i]->name, value != NULL ? value : "",
		    contact->attributes[i]->claim);
		free(value);
		show_beside(&card, contact, contact->attributes[i]->name);
	}
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		if (!holds(contact, name_of(contact->secondaries[i])))
			show_secondary(&card, "offered", contact->secondaries[i]);
	}
	show_memberships(&card, contact);
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

/* Shows the cards of contacts that still have something beside them. */
static int
show_open(struct tour *tour)
{
	bool first = true;

	for (size_t i = 0; i < tour->disputed_count; i++) {
		Anagraph__V1__ResolveResponse *found;
		int result = tour_resolve(&found, tour, tour->disputed[i]);

		if (result != 0)
			return result;
		if (found->contact->n_secondaries > 0) {
			if (!first)
				fputc('\n', tour->screen.stream);
			tour_show_card(tour, found->contact);
			first = false;
		}
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
