/* The calls of the tour, and what is told when one fails. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/tour.h"

enum { CODE_UNAVAILABLE = 14 }; /* of google.rpc.Code; without a reason: from the network */

int
tour_failed(const struct tour *tour, const char *what, int result, const struct client_status *status)
{
	fflush(stdout);
	if (result != CLIENT_E_STATUS) {
		fprintf(stderr, "anagraph-tour: %s: %s\n", what, strerror(result < 0 ? -result : EPROTO));
		return EXIT_REFUSED;
	}
	if (status->code == CODE_UNAVAILABLE && *status->reason == '\0') {
		fprintf(stderr, "anagraph-tour: cannot reach %s; is the server running?\n", tour->server);
		return EXIT_UNREACHABLE;
	}
	fprintf(stderr, "anagraph-tour: %s: %s%s%s: %s\n", what, client_code_name(status->code),
	    *status->reason != '\0' ? " " : "", status->reason, status->message);
	return EXIT_REFUSED;
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
		return tour_failed(tour, "CountContacts", result, &status);
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
		return tour_failed(tour, "Resolve", result, &status);
	if (response->contact == NULL) {
		anagraph__v1__resolve_response__free_unpacked(response, NULL);
		return tour_failed(tour, "Resolve", -EBADMSG, NULL);
	}
	*out = response;
	return 0;
}

void
tour_forget(struct memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		anagraph__v1__resolve_response__free_unpacked(memory->found[i], NULL);
	free(memory->found);
	*memory = (struct memory){ .found = NULL };
}

/* Adds what an identifier leads to. What the service refuses leads nowhere: unknown, or
 * wrong, which the event itself will be told. 0; -errno; CLIENT_E_STATUS when the
 * service can't be asked. */
static int
recall(
    struct memory *memory, struct client_status *status, struct tour *tour, char *namespace_name, char *value)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	int result;

	identifier.namespace_ = namespace_name;
	identifier.value = value;
	request.account = (char *)tour->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	result = client_resolve(&memory->found[memory->count], status, tour->client, &request);
	memory->count += result == 0;
	return result == CLIENT_E_STATUS && *status->reason != '\0' ? 0 : result;
}

int
tour_recall(struct memory *out, struct tour *tour, const Anagraph__V1__IdentifyRequest *event)
{
	struct memory memory = { .count = 0 };
	struct client_status status;
	int result = 0;

	/* Room for two each: a WhatsApp number finds the owner of the same phone number too. */
	memory.found = calloc(event->n_identifiers * 2 + 1, sizeof(*memory.found));
	if (memory.found == NULL)
		return tour_failed(tour, "Resolve", -ENOMEM, NULL);
	for (size_t i = 0; i < event->n_identifiers && result == 0; i++) {
		char *namespace_name = event->identifiers[i]->namespace_;
		char *value = event->identifiers[i]->value;

		result = recall(&memory, &status, tour, namespace_name, value);
		if (result == 0 && strcmp(namespace_name, "whatsapp") == 0)
			result = recall(&memory, &status, tour, (char *)"phone", value);
	}
	if (result != 0) {
		tour_forget(&memory);
		return tour_failed(tour, "Resolve", result, &status);
	}
	*out = memory;
	return 0;
}

const Anagraph__V1__Contact *
tour_remembered(const struct memory *memory, uint64_t contact_id)
{
	for (size_t i = 0; i < memory->count; i++) {
		const Anagraph__V1__Contact *contact = memory->found[i]->contact;

		if (contact != NULL && contact->id == contact_id)
			return contact;
	}
	return NULL;
}
