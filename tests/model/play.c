/* A step has two halves: all requests at once, one an account, so that they share
 * their syncs; then all look-ups at once. The model decides between the two. */
#include "tests/model/play.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/compare.h"

enum { UNAVAILABLE = 14, MOST_TOUCHED = 4, ALONE_EVERY = 4, LONGEST_MS = 4 };

static uint64_t sent_again_count;

uint64_t
players_sent_again(void)
{
	return sent_again_count;
}

int
stage_open(struct stage *stage)
{
	int result = service_start(&stage->service, NULL);

	if (result == 0)
		result = client_create(&stage->client, service_target(stage->service));
	return result;
}

void
stage_close(struct stage *stage)
{
	client_destroy(stage->client);
	service_destroy(stage->service);
	*stage = (struct stage){ 0 };
}

void
player_init(struct player *player, const char *account, const struct history_step *steps, size_t count)
{
	*player = (struct player){ .steps = steps, .step_count = count, .model = model_create() };
	snprintf(player->account, sizeof(player->account), "%s", account);
}

void
player_finish(struct player *player)
{
	model_destroy(player->model);
	model_event_finish(&player->used);
	text_finish(&player->difference);
}

/* One player's part in a step. */
struct turn {
	struct player *player;
	struct model_request request;
	bool sent_again;
};

/* The turns of a step, and a call for each. named: every request has a request_id. */
static struct turn *
take_turns(size_t *turn_count, struct calls *calls, struct player *players, size_t count, bool named)
{
	struct turn *turns = NULL;

	*turn_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct player *player = &players[i];
		struct turn turn = { .player = player };

		if (player->played == player->step_count)
			continue;
		turn.request = history_request(&player->steps[player->played], player->model);
		if (named && turn.request.request_id[0] == '\0')
			snprintf(turn.request.request_id, sizeof(turn.request.request_id), "k-%zu",
			    player->model->entry_count + 1);
		for (size_t j = 0; j < turn.request.event.fact_count; j++) {
			if (turn.request.event.facts[j].namespace_id != NAMESPACE_NONE)
				model_event_add(&player->used, &turn.request.event.facts[j]);
		}
		calls_add_request(calls, player->account, &turn.request);
		turns = model_append(turns, turn_count, &turn, sizeof(turn));
	}
	return turns;
}

static void
end_turns(struct turn *turns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		model_request_finish(&turns[i].request);
	free(turns);
}

/* The look-ups of one turn: totals, many contacts at once, and now and then one alone. */
struct look_ups {
	uint64_t ids[MOST_TOUCHED + 1]; /* those that the step touched, and one of long ago */
	size_t id_count;
	const struct model_fact *identifier; /* NULL for none */
	bool alone;
};

static struct look_ups
choose_look_ups(const struct player *player)
{
	const struct model *model = player->model;
	const struct model_entry *entry = &model->entries[model->entry_count - 1];
	const struct model_event *named =
	    entry->request.action == ACTION_IDENTIFY ? &entry->request.event : &player->used;
	struct look_ups look_ups = { .alone = player->played % ALONE_EVERY == 0 };
	size_t identifiers = 0;

	for (size_t i = 0; i < entry->indexed_count && i < MOST_TOUCHED; i++)
		look_ups.ids[look_ups.id_count++] = entry->indexed_ids[i];
	look_ups.ids[look_ups.id_count++] = 1 + player->played * 7919 % (model->contact_count + 1);
	while (identifiers < named->fact_count && named->facts[identifiers].namespace_id != NAMESPACE_NONE)
		identifiers++;
	if (identifiers > 0)
		look_ups.identifier = &named->facts[player->played % identifiers];
	return look_ups;
}

static void
add_look_ups(struct calls *calls, const struct player *player)
{
	struct look_ups look_ups = choose_look_ups(player);

	calls_add_count(calls, player->account);
	calls_add_batch(calls, player->account, look_ups.ids, look_ups.id_count, look_ups.identifier,
	    look_ups.identifier != NULL);
	if (!look_ups.alone)
		return;
	calls_add_resolve_id(calls, player->account, look_ups.ids[0]);
	if (look_ups.identifier != NULL)
		calls_add_resolve(calls, player->account, look_ups.identifier);
}

/* Compares the answers to add_look_ups, and moves on to the next player's. */
static bool
compare_look_ups(const struct call **call, struct player *player)
{
	struct look_ups look_ups = choose_look_ups(player);

	if (!compare_count(player, (*call)++) ||
	    !compare_batch(player, (*call)++, look_ups.ids, look_ups.id_count, look_ups.identifier,
		look_ups.identifier != NULL))
		return false;
	if (!look_ups.alone)
		return true;
	if (!compare_resolve(player, (*call)++, look_ups.ids[0], "a contact by its id"))
		return false;
	return look_ups.identifier == NULL ||
	    compare_resolve(player, (*call)++, model_owner(player->model, look_ups.identifier),
		"a contact by an identifier");
}

static bool
look_up(struct turn *turns, size_t count, struct client *client)
{
	struct calls calls = { 0 };
	const struct call *call;
	bool agreed;

	for (size_t i = 0; i < count; i++)
		add_look_ups(&calls, turns[i].player);
	agreed = calls_run(&calls, client, PLAY_IN_FLIGHT) == 0;
	call = calls.items;
	for (size_t i = 0; agreed && i < count; i++)
		agreed = compare_look_ups(&call, turns[i].player);
	calls_clear(&calls);
	return agreed;
}

/* Compares the answers, and looks up what they came to. */
static bool
conclude(struct turn *turns, size_t count, const struct calls *calls, struct client *client)
{
	bool agreed = true;

	for (size_t i = 0; agreed && i < count; i++)
		agreed =
		    compare_answer(turns[i].player, &calls->items[i], &turns[i].request, turns[i].sent_again);
	return agreed && look_up(turns, count, client);
}

bool
players_step(struct player *players, size_t count, struct client *client)
{
	struct calls calls = { 0 };
	size_t turn_count;
	struct turn *turns = take_turns(&turn_count, &calls, players, count, false);
	bool agreed =
	    calls_run(&calls, client, PLAY_IN_FLIGHT) == 0 && conclude(turns, turn_count, &calls, client);

	calls_clear(&calls);
	end_turns(turns, turn_count);
	return agreed;
}

/* Ends the daemon while the calls are in flight, after some answers or some time, and
 * starts it again. 0; -errno. */
static int
run_over_end(struct calls *calls, struct stage *stage, struct random *random, bool killed)
{
	bool by_answers = random_chance(random, 50);
	size_t answers = by_answers ? random_below(random, calls->count + 1) : SIZE_MAX;
	int64_t timeout_ms = by_answers ? -1 : (int64_t)random_below(random, LONGEST_MS);
	int result = calls_start(calls, stage->client);

	if (result == 0)
		result = calls_take(stage->client, answers, timeout_ms);
	if (killed)
		service_kill(stage->service);
	else
		kill(service_pid(stage->service), SIGTERM);
	if (result == 0)
		result = calls_take(stage->client, SIZE_MAX, -1);
	if (!killed && service_wait(stage->service) != 0)
		result = -ECHILD;
	client_destroy(stage->client);
	stage->client = NULL;
	if (result == 0)
		result = service_restart(stage->service);
	if (result == 0)
		result = client_create(&stage->client, service_target(stage->service));
	return result;
}

/* Sends again what has no answer. */
static int
send_again(struct calls *calls, struct turn *turns, struct client *client)
{
	struct calls again = { 0 };
	size_t at = 0;
	int result;

	for (size_t i = 0; i < calls->count; i++) {
		turns[i].sent_again = calls->items[i].status.code == UNAVAILABLE;
		if (turns[i].sent_again)
			calls_add_request(&again, turns[i].player->account, &turns[i].request);
	}
	result = calls_run(&again, client, PLAY_IN_FLIGHT);
	for (size_t i = 0; i < calls->count; i++) {
		if (!turns[i].sent_again)
			continue;
		calls->items[i].status = again.items[at].status;
		calls->items[i].payload = again.items[at].payload;
		calls->items[i].payload_size = again.items[at].payload_size;
		again.items[at].payload = NULL;
		at++;
	}
	sent_again_count += again.count;
	calls_clear(&again);
	return result;
}

bool
players_step_over_end(
    struct player *players, size_t count, struct stage *stage, struct random *random, bool killed)
{
	struct calls calls = { 0 };
	size_t turn_count;
	struct turn *turns = take_turns(&turn_count, &calls, players, count, true);
	bool agreed = run_over_end(&calls, stage, random, killed) == 0 &&
	    send_again(&calls, turns, stage->client) == 0 &&
	    conclude(turns, turn_count, &calls, stage->client);

	calls_clear(&calls);
	end_turns(turns, turn_count);
	return agreed;
}
