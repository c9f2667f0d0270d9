/* Both sides are written down in the same words, and must be the same. */
#include "tests/model/compare.h"

#include <stdlib.h>

#include "tests/model/answers.h"

static uint64_t compared;

uint64_t
players_compared(void)
{
	return compared;
}

bool
compare_texts(struct player *player, const char *what, struct text *expected, struct text *got)
{
	bool equal = text_equal(expected, got);

	compared++;
	if (!equal && player->difference.size == 0) {
		text_add(&player->difference, "after step %zu of account %s: %s\n", player->played,
		    player->account, what);
		text_add_difference(&player->difference, expected, got);
	}
	text_finish(expected);
	text_finish(got);
	return equal;
}

/* As the model writes a refusal down. */
static void
add_refusal(struct text *text, const struct client_status *status)
{
	text_add(text, "status %d %s at \"%s\" owner %lu\n", status->code, status->reason, status->field,
	    (unsigned long)status->owner_contact_id);
}

void
add_call_status(struct text *text, const struct client_status *status)
{
	text_add(text, "status %d %s\n", status->code, status->reason);
}

/* The moment of recording is later than all before it, so an answer that shows a
 * later one than any yet tells that of its step. */
static void
learn_moment(struct player *player, const struct answer *answer)
{
	int64_t latest = answer_latest_us(answer);

	if (latest <= player->latest_recorded_us)
		return;
	player->latest_recorded_us = latest;
	player->model->recorded_at_us[player->model->entry_count - 1] = latest;
}

void
learn_moment_of_update(struct player *player, const Anagraph__V1__Contact *contact)
{
	const struct model *model = player->model;
	const struct model_contact *known;
	int64_t updated_us = contact == NULL ? 0 : text_microseconds(contact->update_time);
	int64_t *moment;

	if (contact == NULL || contact->id == 0 || contact->id > model->contact_count)
		return;
	known = model->contacts[contact->id - 1];
	if (known->updated_step == 0)
		return;
	moment = &model->recorded_at_us[known->updated_step - 1];
	if (*moment != 0)
		return;
	for (size_t i = 0; i + 1 < known->updated_step; i++) {
		if (model->recorded_at_us[i] >= updated_us)
			return;
	}
	*moment = updated_us;
	if (updated_us > player->latest_recorded_us)
		player->latest_recorded_us = updated_us;
}

bool
compare_answer(
    struct player *player, const struct call *call, const struct model_request *request, bool sent_again)
{
	const struct model_entry *entry;
	struct text expected = { 0 };
	struct text got = { 0 };
	struct answer answer;

	if (strcmp(call->status.reason, "CONTACT_NOT_FOUND") == 0)
		model_forget_answer(player->model, request->request_id);
	entry = model_play(player->model, request);
	player->played++;
	if (call->payload == NULL) {
		add_refusal(&got, &call->status);
	} else if (!answer_unpack(&answer, request->action, call->payload, call->payload_size)) {
		text_add(&got, "an answer that is none\n");
	} else {
		if (entry->replay_of == 0)
			learn_moment(player, &answer);
		if (sent_again)
			answer.replayed = entry->replay_of != 0;
		text_add_pb_answer(&got, &answer);
		answer_finish(&answer);
	}
	text_add_answer(&expected, player->model, entry);
	return compare_texts(player, "the answer", &expected, &got);
}

/* What a look-up of an id must give. */
static void
add_resolved(struct text *text, const struct model *model, uint64_t id)
{
	uint64_t *forwarded;
	size_t forwarded_count;
	const struct model_contact *contact = model_resolve(&forwarded, &forwarded_count, model, id);

	if (contact == NULL) {
		text_add(text, "nobody\n");
	} else {
		text_add(text, "forwarded");
		for (size_t i = 0; i < forwarded_count; i++)
			text_add(text, " %lu", (unsigned long)forwarded[i]);
		text_add(text, "\n");
		text_add_contact(text, model, contact);
	}
	free(forwarded);
}

static void
add_pb_resolved(struct text *text, const uint64_t *forwarded_ids, size_t forwarded_count,
    const Anagraph__V1__Contact *contact)
{
	text_add(text, "forwarded");
	for (size_t i = 0; i < forwarded_count; i++)
		text_add(text, " %lu", (unsigned long)forwarded_ids[i]);
	text_add(text, "\n");
	text_add_pb_contact(text, contact);
}

bool
compare_resolve(struct player *player, const struct call *call, uint64_t id, const char *what)
{
	struct text expected = { 0 };
	struct text got = { 0 };
	Anagraph__V1__ResolveResponse *answer = NULL;

	if (call->payload != NULL)
		answer = anagraph__v1__resolve_response__unpack(NULL, call->payload_size, call->payload);
	if (answer != NULL) {
		learn_moment_of_update(player, answer->contact);
		add_pb_resolved(&got, answer->forwarded_ids, answer->n_forwarded_ids, answer->contact);
		anagraph__v1__resolve_response__free_unpacked(answer, NULL);
	} else if (call->status.code == 5 && strcmp(call->status.reason, "CONTACT_NOT_FOUND") == 0) {
		text_add(&got, "nobody\n");
	} else {
		add_call_status(&got, &call->status);
	}
	add_resolved(&expected, player->model, id);
	return compare_texts(player, what, &expected, &got);
}

bool
compare_batch(struct player *player, const struct call *call, const uint64_t *ids, size_t id_count,
    const struct model_fact *identifiers, size_t identifier_count)
{
	struct text expected = { 0 };
	struct text got = { 0 };
	Anagraph__V1__BatchResolveResponse *answer = NULL;

	if (call->payload != NULL)
		answer =
		    anagraph__v1__batch_resolve_response__unpack(NULL, call->payload_size, call->payload);
	if (answer == NULL)
		add_call_status(&got, &call->status);
	for (size_t i = 0; answer != NULL && i < answer->n_results; i++) {
		const Anagraph__V1__ResolveResult *result = answer->results[i];

		if (result->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_CONTACT) {
			learn_moment_of_update(player, result->contact);
			add_pb_resolved(
			    &got, result->forwarded_ids, result->n_forwarded_ids, result->contact);
		} else if (result->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_NOT_FOUND &&
		    result->not_found) {
			text_add(&got, "nobody\n");
		} else if (result->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_ERROR) {
			text_add(&got, "error %d %s at \"%s\"\n", result->error->code, result->error->reason,
			    result->error->field);
		} else {
			text_add(&got, "nothing\n");
		}
	}
	anagraph__v1__batch_resolve_response__free_unpacked(answer, NULL);
	for (size_t i = 0; i < id_count; i++)
		add_resolved(&expected, player->model, ids[i]);
	for (size_t i = 0; i < identifier_count; i++)
		add_resolved(&expected, player->model, model_owner(player->model, &identifiers[i]));
	return compare_texts(player, "many looked up at once", &expected, &got);
}

static void
add_totals(struct text *text, uint64_t identified, uint64_t push, uint64_t chat, uint64_t page, uint64_t home,
    uint64_t revision)
{
	text_add(text, "identified %lu push %lu chat %lu page %lu home %lu revision %lu\n",
	    (unsigned long)identified, (unsigned long)push, (unsigned long)chat, (unsigned long)page,
	    (unsigned long)home, (unsigned long)revision);
}

bool
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
		add_call_status(&got, &call->status);
	}
	add_totals(&expected, totals.identified, totals.anonymous_push, totals.anonymous_chat, page,
	    page + totals.anonymous_chat, player->model->revision);
	return compare_texts(player, "the totals", &expected, &got);
}
