/* A step has two halves: all events at once, one an account, so that they share
 * their syncs; then all look-ups at once. The model decides between the two. */
#include "tests/model/play.h"

#include <stdio.h>
#include <stdlib.h>

enum { IN_FLIGHT = 128, SHRINK_PLAYS = 3000 };

static uint64_t compared;

uint64_t
players_compared(void)
{
	return compared;
}

void
player_init(struct player *player, const char *account, const struct model_event *events, size_t count)
{
	*player = (struct player){ .events = events, .event_count = count, .model = model_create() };
	snprintf(player->account, sizeof(player->account), "%s", account);
}

void
player_finish(struct player *player)
{
	model_destroy(player->model);
	text_finish(&player->difference);
}

/* Keeps both sides, for whoever prints it. Frees them. */
static bool
agree(struct player *player, const char *what, struct text *expected, struct text *got)
{
	bool equal = text_equal(expected, got);

	compared++;
	if (!equal && player->difference.size == 0) {
		text_add(&player->difference, "after event %zu of account %s: %s\n", player->played,
		    player->account, what);
		text_add_difference(&player->difference, expected, got);
	}
	text_finish(expected);
	text_finish(got);
	return equal;
}

static void
add_status(struct text *text, const struct client_status *status)
{
	text_add(text, "status %d %s %s\n", status->code, status->reason, status->message);
}

static void
later_of(int64_t *latest, const Google__Protobuf__Timestamp *moment)
{
	int64_t moment_us = text_microseconds(moment);

	if (moment_us > *latest)
		*latest = moment_us;
}

static void
later_of_claim(int64_t *latest, const Anagraph__V1__Claim *claim)
{
	if (claim != NULL)
		later_of(latest, claim->recorded_at);
}

/* The moment of recording is later than all before it, so an answer that shows a
 * later one than any yet tells that of its event. */
static void
learn_moment(struct player *player, const Anagraph__V1__IdentifyResponse *answer)
{
	const Anagraph__V1__Contact *contact = answer->contact;
	int64_t latest = player->latest_recorded_us;

	for (size_t i = 0; contact != NULL && i < contact->n_identifiers; i++)
		later_of_claim(&latest, contact->identifiers[i]->claim);
	for (size_t i = 0; contact != NULL && i < contact->n_attributes; i++)
		later_of_claim(&latest, contact->attributes[i]->claim);
	for (size_t i = 0; contact != NULL && i < contact->n_secondaries; i++)
		later_of_claim(&latest, contact->secondaries[i]->claim);
	if (contact != NULL)
		later_of(&latest, contact->update_time);
	for (size_t i = 0; i < answer->n_conflicts; i++) {
		if (answer->conflicts[i]->incoming != NULL)
			later_of_claim(&latest, answer->conflicts[i]->incoming->claim);
	}
	if (latest > player->latest_recorded_us)
		player->model->recorded_at_us[player->played - 1] = latest;
	player->latest_recorded_us = latest;
}

static bool
compare_identify(struct player *player, const struct call *call)
{
	const struct model_entry *entry = model_identify(player->model, &player->events[player->played]);
	struct text expected = { 0 };
	struct text got = { 0 };
	Anagraph__V1__IdentifyResponse *answer = NULL;

	player->played++;
	if (call->payload != NULL)
		answer = anagraph__v1__identify_response__unpack(NULL, call->payload_size, call->payload);
	if (answer != NULL) {
		learn_moment(player, answer);
		text_add_pb_answer(&got, answer);
		anagraph__v1__identify_response__free_unpacked(answer, NULL);
	} else {
		add_status(&got, &call->status);
	}
	text_add_answer(&expected, player->model, entry);
	return agree(player, "the answer", &expected, &got);
}

/* What a look-up of an id must give. */
static void
add_resolved(struct text *text, const struct model *model, uint64_t id)
{
	uint64_t *forwarded;
	size_t forwarded_count;
	const struct model_contact *contact = model_resolve(&forwarded, &forwarded_count, model, id);

	if (contact == NULL) {
		text_add(text, "status 5 CONTACT_NOT_FOUND\n");
	} else {
		text_add(text, "forwarded");
		for (size_t i = 0; i < forwarded_count; i++)
			text_add(text, " %lu", (unsigned long)forwarded[i]);
		text_add(text, "\n");
		text_add_contact(text, model, contact);
	}
	free(forwarded);
}

static bool
compare_resolve(struct player *player, const struct call *call, uint64_t id, const char *what)
{
	struct text expected = { 0 };
	struct text got = { 0 };
	Anagraph__V1__ResolveResponse *answer = NULL;

	if (call->payload != NULL)
		answer = anagraph__v1__resolve_response__unpack(NULL, call->payload_size, call->payload);
	if (answer != NULL) {
		text_add(&got, "forwarded");
		for (size_t i = 0; i < answer->n_forwarded_ids; i++)
			text_add(&got, " %lu", (unsigned long)answer->forwarded_ids[i]);
		text_add(&got, "\n");
		text_add_pb_contact(&got, answer->contact);
		anagraph__v1__resolve_response__free_unpacked(answer, NULL);
	} else {
		text_add(&got, "status %d %s\n", call->status.code, call->status.reason);
	}
	add_resolved(&expected, player->model, id);
	return agree(player, what, &expected, &got);
}

static void
add_totals(struct text *text, uint64_t identified, uint64_t push, uint64_t chat, uint64_t page, uint64_t home,
    uint64_t revision)
{
	text_add(text, "identified %lu push %lu chat %lu page %lu home %lu revision %lu\n",
	    (unsigned long)identified, (unsigned long)push, (unsigned long)chat, (unsigned long)page,
	    (unsigned long)home, (unsigned long)revision);
}

static bool
compare_count(struct player *player, const struct call *call)
{
	struct model_totals totals = model_recount(player->model);
	uint64_t page = totals.identified + totals.anonymous_push;
	struct text expected = { 0 };
	struct text got = { 0 };
	Anagraph__V1__CountContactsResponse *answer = NULL;

	if (call->payload != NULL)
		answer =
		    anagraph__v1__count_contacts_response__unpack(NULL, call->payload_size, call->payload);
	if (answer != NULL) {
		add_totals(&got, answer->identified, answer->anonymous_push, answer->anonymous_chat,
		    answer->contacts_page_total, answer->home_page_total, answer->revision);
		anagraph__v1__count_contacts_response__free_unpacked(answer, NULL);
	} else {
		add_status(&got, &call->status);
	}
	add_totals(&expected, totals.identified, totals.anonymous_push, totals.anonymous_chat, page,
	    page + totals.anonymous_chat, player->model->revision);
	return agree(player, "the totals", &expected, &got);
}

/* An identifier of the last event, another one each time. */
static const struct model_fact *
an_identifier(const struct player *player)
{
	const struct model_event *event = &player->events[player->played - 1];
	size_t count = 1;

	while (count < event->fact_count && event->facts[count].namespace_id != NAMESPACE_NONE)
		count++;
	return &event->facts[player->played % count];
}

/* The look-ups after an event: totals, the contact by its id, the owner of an
 * identifier, and an id of long ago. */
enum { LOOK_UPS = 4 };

static uint64_t
an_old_id(const struct player *player)
{
	return 1 + player->played * 7919 % player->model->contact_count;
}

static bool
look_up(struct player *players, const bool *stepped, size_t count, struct client *client)
{
	struct calls calls = { 0 };
	const struct call *call;
	bool agreed = true;

	for (size_t i = 0; i < count; i++) {
		struct player *player = &players[i];

		if (!stepped[i])
			continue;
		calls_add_count(&calls, player->account);
		calls_add_resolve_id(
		    &calls, player->account, player->model->entries[player->played - 1].contact_id);
		calls_add_resolve(&calls, player->account, an_identifier(player));
		calls_add_resolve_id(&calls, player->account, an_old_id(player));
	}
	agreed = calls_run(&calls, client, IN_FLIGHT) == 0;
	call = calls.items;
	for (size_t i = 0; agreed && i < count; i++) {
		struct player *player = &players[i];
		uint64_t id;

		if (!stepped[i])
			continue;
		id = player->model->entries[player->played - 1].contact_id;
		agreed = compare_count(player, &call[0]) &&
		    compare_resolve(player, &call[1], id, "the contact by its id") &&
		    compare_resolve(player, &call[2], model_owner(player->model, an_identifier(player)),
			"the contact by an identifier") &&
		    compare_resolve(player, &call[3], an_old_id(player), "a contact by an old id");
		call += LOOK_UPS;
	}
	calls_clear(&calls);
	return agreed;
}

bool
players_step(struct player *players, size_t count, struct client *client)
{
	struct calls calls = { 0 };
	bool *stepped = calloc(count, sizeof(*stepped));
	size_t at = 0;
	bool agreed;

	if (stepped == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		struct player *player = &players[i];

		stepped[i] = player->played < player->event_count;
		if (stepped[i])
			calls_add_identify(&calls, player->account, &player->events[player->played]);
	}
	agreed = calls_run(&calls, client, IN_FLIGHT) == 0;
	for (size_t i = 0; agreed && i < count; i++) {
		if (stepped[i])
			agreed = compare_identify(&players[i], &calls.items[at++]);
	}
	calls_clear(&calls);
	agreed = agreed && look_up(players, stepped, count, client);
	free(stepped);
	return agreed;
}

/* Every identifier that the player's events have named so far, each once. */
static struct model_event
identifiers_used(const struct player *player)
{
	struct model_event used = { 0 };

	for (size_t i = 0; i < player->played; i++) {
		for (size_t j = 0; j < player->events[i].fact_count; j++) {
			if (player->events[i].facts[j].namespace_id != NAMESPACE_NONE)
				model_event_add(&used, &player->events[i].facts[j]);
		}
	}
	return used;
}

static bool
sweep(struct player *player, struct client *client)
{
	struct model_event used = identifiers_used(player);
	uint64_t last_id = player->model->contact_count;
	struct calls calls = { 0 };
	const struct call *call;
	bool agreed;

	calls_add_count(&calls, player->account);
	for (uint64_t id = 1; id <= last_id + 1; id++)
		calls_add_resolve_id(&calls, player->account, id);
	for (size_t i = 0; i < used.fact_count; i++)
		calls_add_resolve(&calls, player->account, &used.facts[i]);
	agreed = calls_run(&calls, client, IN_FLIGHT) == 0;
	call = calls.items;
	agreed = agreed && compare_count(player, call++);
	for (uint64_t id = 1; agreed && id <= last_id + 1; id++)
		agreed = compare_resolve(player, call++, id, "a contact by its id, in the sweep");
	for (size_t i = 0; agreed && i < used.fact_count; i++)
		agreed = compare_resolve(player, call++, model_owner(player->model, &used.facts[i]),
		    "a contact by an identifier, in the sweep");
	calls_clear(&calls);
	model_event_finish(&used);
	return agreed;
}

bool
players_sweep(struct player *players, size_t count, struct client *client)
{
	for (size_t i = 0; i < count; i++) {
		if (!sweep(&players[i], client))
			return false;
	}
	return true;
}

/* Plays a history in an account of its own. True when it parts; the difference is
 * handed over then. */
static bool
parts(struct text *difference, const struct history *history, struct client *client)
{
	static unsigned serial;
	char account[PLAYER_ACCOUNT_BYTES];
	struct player player;
	bool agreed = true;

	snprintf(account, sizeof(account), "shrink-%u", ++serial);
	player_init(&player, account, history->events, history->count);
	while (agreed && player.played < player.event_count)
		agreed = players_step(&player, 1, client);
	agreed = agreed && sweep(&player, client);
	if (!agreed) {
		text_finish(difference);
		*difference = player.difference;
		player.difference = (struct text){ 0 };
	}
	player_finish(&player);
	return !agreed;
}

/* The history without count events from first on. */
static struct history
without_events(const struct history *history, size_t first, size_t count)
{
	struct history rest = { 0 };

	for (size_t i = 0; i < history->count; i++) {
		struct model_event event;

		if (i >= first && i < first + count)
			continue;
		event = model_event_copy(&history->events[i]);
		rest.events = model_append(rest.events, &rest.count, &event, sizeof(event));
	}
	return rest;
}

/* The history without one fact of one event; empty when that was its only identifier. */
static struct history
without_fact(const struct history *history, size_t event_at, size_t fact_at)
{
	struct history rest = without_events(history, 0, 0);
	struct model_event *event = &rest.events[event_at];

	event->fact_count--;
	memmove(&event->facts[fact_at], &event->facts[fact_at + 1],
	    (event->fact_count - fact_at) * sizeof(event->facts[0]));
	if (event->fact_count == 0 || event->facts[0].namespace_id == NAMESPACE_NONE)
		history_finish(&rest);
	return rest;
}

/* Takes the smaller history if it parts too. */
static bool
take_if_it_parts(struct history *history, struct history *smaller, struct text *difference,
    struct client *client, unsigned *plays)
{
	if (smaller->count == 0 || *plays == 0 || !parts(difference, smaller, client)) {
		*plays -= *plays > 0;
		history_finish(smaller);
		return false;
	}
	(*plays)--;
	history_finish(history);
	*history = *smaller;
	return true;
}

static void
shrink(struct history *history, struct text *difference, struct client *client)
{
	unsigned plays = SHRINK_PLAYS;

	for (size_t chunk = history->count; chunk > 0; chunk /= 2) {
		for (size_t at = 0; at < history->count;) {
			struct history smaller = without_events(history, at, chunk);

			if (!take_if_it_parts(history, &smaller, difference, client, &plays))
				at += chunk;
		}
	}
	for (size_t event = 0; event < history->count; event++) {
		for (size_t fact = 0; fact < history->events[event].fact_count;) {
			struct history smaller = without_fact(history, event, fact);

			if (!take_if_it_parts(history, &smaller, difference, client, &plays))
				fact++;
		}
	}
}

void
player_explain(const struct player *player, struct client *client)
{
	struct history whole = { .events = (struct model_event *)(uintptr_t)player->events,
		.count = player->played };
	struct history history = without_events(&whole, 0, 0);
	struct text difference = { 0 };
	struct text events = { 0 };

	fprintf(stderr, "%sprefix length %zu; shrinking\n", player->difference.bytes, player->played);
	if (parts(&difference, &history, client))
		shrink(&history, &difference, client);
	else
		text_add(
		    &difference, "played alone, the history does not part\n%s", player->difference.bytes);
	for (size_t i = 0; i < history.count; i++) {
		text_add(&events, "%zu. ", i + 1);
		text_add_event(&events, &history.events[i]);
	}
	fprintf(stderr, "shortest history found:\n%s%s", events.bytes, difference.bytes);
	text_finish(&events);
	text_finish(&difference);
	history_finish(&history);
}
