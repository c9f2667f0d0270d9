/* One event of the tour: sent, and told. Totals are asked for after every event,
 * and told where they changed or where the event was worth a second look. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/tour.h"
#include "client/tour/words.h"

enum { CODE_UNAVAILABLE = 14 }; /* of google.rpc.Code; without a reason: from the network */

int
tour_failed(const char *what, int result, const struct client_status *status)
{
	fflush(stdout);
	if (result != CLIENT_E_STATUS) {
		fprintf(stderr, "anagraph-tour: %s: %s\n", what, strerror(result < 0 ? -result : EPROTO));
		return EXIT_REFUSED;
	}
	fprintf(stderr, "anagraph-tour: %s: %s%s%s: %s\n", what, client_code_name(status->code),
	    *status->reason != '\0' ? " " : "", status->reason, status->message);
	return status->code == CODE_UNAVAILABLE && *status->reason == '\0' ? EXIT_UNREACHABLE : EXIT_REFUSED;
}

int
tour_count(struct totals *out, struct tour *tour)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *response;
	struct client_status status;
	int result;

	request.account = (char *)tour->account;
	result = client_count_contacts(&response, &status, tour->client, &request);
	if (result != 0)
		return tour_failed("CountContacts", result, &status);
	*out = (struct totals){ response->contacts_page_total, response->home_page_total };
	anagraph__v1__count_contacts_response__free_unpacked(response, NULL);
	return 0;
}

int
tour_resolve(Anagraph__V1__ResolveResponse **out, struct tour *tour, uint64_t contact_id)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__ResolveResponse *response;
	struct client_status status;
	int result;

	request.account = (char *)tour->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request.contact_id = contact_id;
	result = client_resolve(&response, &status, tour->client, &request);
	if (result != 0)
		return tour_failed("Resolve", result, &status);
	if (response->contact == NULL) {
		anagraph__v1__resolve_response__free_unpacked(response, NULL);
		return tour_failed("Resolve", -EBADMSG, NULL);
	}
	*out = response;
	return 0;
}

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

static void
show_answer(const struct tour *tour, const Anagraph__V1__IdentifyResponse *response)
{
	const Anagraph__V1__Contact *contact = response->contact;

	show(tour, "becomes", style_of(response->outcome), words_outcome(response));
	for (size_t i = 0; i < response->n_conflicts; i++) {
		const Anagraph__V1__Conflict *conflict = response->conflicts[i];

		show(tour, "conflict", STYLE_CARE, words_conflict(conflict));
		show(tour, "verdict", STYLE_PLAIN, words_decision(conflict, contact->id));
	}
	if (response->n_conflicts == 0)
		return;
	for (size_t i = 0; i < contact->n_secondaries; i++)
		show(tour, "beside", STYLE_PLAIN, words_secondary(contact->secondaries[i]));
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

int
tour_play(struct tour *tour, const struct script_event *event)
{
	Anagraph__V1__IdentifyResponse *response;
	struct totals before = tour->now;
	struct client_status status;
	bool remarkable, changed;
	int result = client_identify(&response, &status, tour->client, event->request);

	if (result != 0)
		return tour_failed(event->time, result, &status);
	screen_moment(&tour->screen, event->time, event->say);
	show(tour, "comes", STYLE_FAINT, words_event(event->request));
	if (response->contact == NULL)
		result = -EBADMSG;
	else
		result = note(tour, response);
	if (result != 0) {
		anagraph__v1__identify_response__free_unpacked(response, NULL);
		return tour_failed(event->time, result, NULL);
	}
	show_answer(tour, response);
	remarkable = response->n_absorbed_contact_ids > 0 || response->n_conflicts > 0;
	anagraph__v1__identify_response__free_unpacked(response, NULL);
	result = tour_count(&tour->now, tour);
	if (result != 0)
		return result;
	changed = memcmp(&before, &tour->now, sizeof(before)) != 0;
	if (remarkable && changed)
		tour_show_totals(tour, "before", &before);
	if (changed)
		tour_show_totals(tour, remarkable ? "after" : "totals", &tour->now);
	else if (remarkable)
		tour_show_totals(tour, "as before", &tour->now);
	return 0;
}
