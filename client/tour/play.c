/* One event of the tour: sent, and told. An event that went as one would think takes
 * two lines; one where somebody was recognised, or where there was something to decide,
 * gets a block. Totals are told wherever they changed, and nowhere else. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/changes.h"
#include "client/tour/tour.h"
#include "client/tour/words.h"

void
tour_show_totals(const struct tour *tour, const char *label, const struct totals *totals)
{
	screen_entry(&tour->screen, label, STYLE_STRONG, "contacts page %" PRIu64 ", home page %" PRIu64,
	    totals->contacts_page, totals->home_page);
}

static enum screen_style
style_of(Anagraph__V1__Outcome outcome)
{
	switch (outcome) {
	case ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED:
		return STYLE_GOOD;
	case ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED:
		return STYLE_NEWS;
	case ANAGRAPH__V1__OUTCOME__OUTCOME_UNCHANGED:
		return STYLE_FAINT;
	default:
		return STYLE_PLAIN;
	}
}

/* Shows text and frees it. */
static void
show(const struct tour *tour, const char *label, enum screen_style style, char *text)
{
	if (text != NULL)
		screen_entry(&tour->screen, label, style, "%s", text);
	free(text);
}

static int
add_id(uint64_t **ids, size_t *count, uint64_t id)
{
	uint64_t *grown = reallocarray(*ids, *count + 1, sizeof(**ids));

	if (grown == NULL)
		return -ENOMEM;
	grown[(*count)++] = id;
	*ids = grown;
	return 0;
}

/* Notes what the summary will tell. 0; -ENOMEM. */
static int
note(struct tour *tour, const Anagraph__V1__IdentifyResponse *response)
{
	int status = 0;
	bool known = response->n_conflicts == 0;

	tour->created += response->outcome == ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED;
	for (size_t i = 0; i < response->n_conflicts; i++) {
		uint32_t kind = (uint32_t)response->conflicts[i]->kind;

		if (kind < TOUR_KINDS)
			tour->conflicts[kind]++;
	}
	for (size_t i = 0; i < response->n_absorbed_contact_ids && status == 0; i++)
		status = add_id(&tour->absorbed, &tour->absorbed_count, response->absorbed_contact_ids[i]);
	for (size_t i = 0; i < tour->disputed_count; i++)
		known = known || tour->disputed[i] == response->contact->id;
	if (!known && status == 0)
		status = add_id(&tour->disputed, &tour->disputed_count, response->contact->id);
	return status;
}

/* An event that took its course: what happened, and what became of it. */
static void
tell_shortly(struct tour *tour, const struct script_event *event,
    const Anagraph__V1__IdentifyResponse *response, const Anagraph__V1__Contact *before, bool counts_changed)
{
	char *outcome = words_outcome(response, before);

	screen_moment(&tour->screen, event->time, event->say, tour->after_block);
	if (outcome != NULL && counts_changed)
		screen_line(&tour->screen, style_of(response->outcome),
		    "%s; contacts page %" PRIu64 ", home page %" PRIu64, outcome, tour->now.contacts_page,
		    tour->now.home_page);
	else if (outcome != NULL)
		screen_line(&tour->screen, style_of(response->outcome), "%s", outcome);
	free(outcome);
}

static void
tell_fully(struct tour *tour, const struct script_event *event,
    const Anagraph__V1__IdentifyResponse *response, const Anagraph__V1__Contact *before,
    const struct totals *totals_before)
{
	/* A verdict on a contact's own values says what it changed. */
	bool told =
	    response->n_conflicts > 0 && response->outcome != ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED;

	screen_moment(&tour->screen, event->time, event->say, true);
	for (size_t i = 0; i < response->n_conflicts; i++) {
		const Anagraph__V1__Conflict *conflict = response->conflicts[i];

		show(tour, "conflict", STYLE_CARE, words_conflict(conflict));
		show(tour, "verdict", STYLE_PLAIN, words_decision(conflict, response->contact->id));
	}
	show(tour, "result", style_of(response->outcome), words_outcome(response, told ? NULL : before));
	show(tour, "closed", STYLE_GOOD, changes_closed(before, response->contact));
	if (totals_before != NULL) {
		tour_show_totals(tour, "before", totals_before);
		tour_show_totals(tour, "after", &tour->now);
	}
}

/* Whether an event deserves a block. */
static bool
is_remarkable(const Anagraph__V1__IdentifyResponse *response, const Anagraph__V1__Contact *before)
{
	char *closed = changes_closed(before, response->contact);
	bool remarkable = closed != NULL || response->n_conflicts > 0 ||
	    response->n_absorbed_contact_ids > 0 ||
	    response->outcome == ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED;

	free(closed);
	return remarkable;
}

static int
tell(struct tour *tour, const struct script_event *event, const Anagraph__V1__IdentifyResponse *response,
    const struct memory *memory)
{
	struct totals totals_before = tour->now;
	const Anagraph__V1__Contact *before;
	bool counts_changed, remarkable;
	int result = response->contact != NULL ? note(tour, response) : -EBADMSG;

	if (result != 0)
		return tour_failed(tour, event->time, result, NULL);
	result = tour_count(&tour->now, tour);
	if (result != 0)
		return result;
	counts_changed = memcmp(&totals_before, &tour->now, sizeof(totals_before)) != 0;
	before = tour_remembered(memory, response->contact->id);
	remarkable = is_remarkable(response, before);
	if (remarkable)
		tell_fully(tour, event, response, before, counts_changed ? &totals_before : NULL);
	else
		tell_shortly(tour, event, response, before, counts_changed);
	tour->after_block = remarkable;
	return 0;
}

int
tour_play(struct tour *tour, const struct script_event *event)
{
	Anagraph__V1__IdentifyResponse *response;
	struct client_status status;
	struct memory memory;
	int result = tour_recall(&memory, tour, event->request);

	if (result != 0)
		return result;
	result = client_identify(&response, &status, tour->client, event->request);
	if (result != 0) {
		result = tour_failed(tour, event->time, result, &status);
	} else {
		result = tell(tour, event, response, &memory);
		anagraph__v1__identify_response__free_unpacked(response, NULL);
	}
	tour_forget(&memory);
	return result;
}
