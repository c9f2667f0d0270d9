/* A long history where the service and the rules part is of little use: what is left
 * when all has been dropped that is not needed for it. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/play.h"

/* Each takes about as long as the history does; ANAGRAPH_MODEL_SHRINKS allows for others. */
enum { SHRINK_PLAYS = 1000 };

/* Plays a history in an account of its own. True when it parts; the difference is
 * handed over then. */
static bool
parts(struct text *difference, const struct history *history, struct client *client)
{
	static unsigned serial;
	struct random random = { .state = serial };
	char account[PLAYER_ACCOUNT_BYTES];
	struct player player;
	bool agreed = true;

	snprintf(account, sizeof(account), "shrink-%u", ++serial);
	player_init(&player, account, history->steps, history->count);
	while (agreed && player.played < player.step_count)
		agreed = players_step(&player, 1, client);
	agreed = agreed && players_sweep(&player, 1, client, &random, true);
	if (!agreed) {
		text_finish(difference);
		*difference = player.difference;
		player.difference = (struct text){ 0 };
	}
	player_finish(&player);
	return !agreed;
}

/* The history without count steps from first on. */
static struct history
without_steps(const struct history *history, size_t first, size_t count)
{
	struct history rest = { 0 };

	for (size_t i = 0; i < history->count; i++) {
		struct history_step step;

		if (i >= first && i < first + count)
			continue;
		step = history_step_copy(&history->steps[i]);
		rest.steps = model_append(rest.steps, &rest.count, &step, sizeof(step));
	}
	return rest;
}

/* The history without one fact of one step's event; empty when that was its only identifier. */
static struct history
without_fact(const struct history *history, size_t step_at, size_t fact_at)
{
	struct history rest = without_steps(history, 0, 0);
	struct model_event *event = &rest.steps[step_at].event;

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
	const char *given = getenv("ANAGRAPH_MODEL_SHRINKS");
	unsigned plays = given != NULL ? (unsigned)strtoul(given, NULL, 0) : SHRINK_PLAYS;

	for (size_t chunk = history->count; chunk > 0; chunk /= 2) {
		for (size_t at = 0; at < history->count;) {
			struct history smaller = without_steps(history, at, chunk);

			if (!take_if_it_parts(history, &smaller, difference, client, &plays))
				at += chunk;
		}
	}
	for (size_t step = 0; step < history->count; step++) {
		for (size_t fact = 0; fact < history->steps[step].event.fact_count;) {
			struct history smaller = without_fact(history, step, fact);

			if (!take_if_it_parts(history, &smaller, difference, client, &plays))
				fact++;
		}
	}
}

/* Writes down what the history asks for, playing it to the model alone. */
static void
add_requests(struct text *text, const struct history *history)
{
	struct model *model = model_create();

	for (size_t i = 0; i < history->count; i++) {
		struct model_request request = history_request(&history->steps[i], model);

		text_add(text, "%zu. ", i + 1);
		text_add_request(text, &request);
		model_play(model, &request);
		model_request_finish(&request);
	}
	model_destroy(model);
}

void
player_explain(const struct player *player, struct client *client)
{
	struct history whole = { .steps = (struct history_step *)(uintptr_t)player->steps,
		.count = player->played };
	struct history history = without_steps(&whole, 0, 0);
	struct text difference = { 0 };
	struct text requests = { 0 };

	fprintf(stderr, "%sprefix length %zu; shrinking\n", player->difference.bytes, player->played);
	if (parts(&difference, &history, client))
		shrink(&history, &difference, client);
	else
		text_add(
		    &difference, "played alone, the history does not part\n%s", player->difference.bytes);
	add_requests(&requests, &history);
	fprintf(stderr, "shortest history found:\n%s%s", requests.bytes, difference.bytes);
	text_finish(&requests);
	text_finish(&difference);
	history_finish(&history);
}
