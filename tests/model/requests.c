/* How a request is answered: again as the first time (R26), not at all, or by a
 * decision, which leaves nothing behind when it was only asked for (R28). And how a
 * model begins and ends. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/decision.h"

struct model *
model_create(void)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model == NULL)
		abort();
	model->companion_limit = MODEL_COMPANIONS;
	return model;
}

struct model_request
model_request_copy(const struct model_request *request)
{
	struct model_request copy = *request;

	copy.event = model_event_copy(&request->event);
	return copy;
}

void
model_request_finish(struct model_request *request)
{
	model_event_finish(&request->event);
}

static void
finish_entry(struct model_entry *entry)
{
	model_request_finish(&entry->request);
	model_finish_contact(&entry->contact);
	for (size_t i = 0; i < entry->absorbed_count; i++)
		model_finish_contact(&entry->absorbed[i]);
	free(entry->absorbed);
	free(entry->shared);
	free(entry->conflicts);
	free(entry->losses);
	free(entry->indexed_ids);
	free(entry->erased_facts);
}

static void
finish_contacts(struct model *model)
{
	for (size_t i = 0; i < model->contact_count; i++) {
		model_finish_contact(model->contacts[i]);
		free(model->contacts[i]);
	}
	free(model->contacts);
}

void
model_destroy(struct model *model)
{
	if (model == NULL)
		return;
	finish_contacts(model);
	for (size_t i = 0; i < model->entry_count; i++)
		finish_entry(&model->entries[i]);
	free(model->companions);
	free(model->suppressed);
	free(model->entries);
	free(model->recorded_at_us);
	free(model);
}

/* Whether two requests are one message; that one only asks is no difference. */
static bool
same_request(const struct model_request *a, const struct model_request *b)
{
	bool same = a->action == b->action && strcmp(a->operator_name, b->operator_name) == 0 &&
	    a->contact_id == b->contact_id && a->contact_version == b->contact_version &&
	    a->secondary_id == b->secondary_id && a->absorbed_id == b->absorbed_id &&
	    a->absorbed_version == b->absorbed_version && a->suppress == b->suppress &&
	    a->event.source == b->event.source && a->event.observed_at_us == b->event.observed_at_us &&
	    strcmp(a->event.conversation, b->event.conversation) == 0 &&
	    a->event.fact_count == b->event.fact_count;

	for (size_t i = 0; same && i < a->event.fact_count; i++) {
		same = model_fact_order(&a->event.facts[i], &b->event.facts[i]) == 0 &&
		    strcmp(a->event.facts[i].given, b->event.facts[i].given) == 0;
	}
	return same;
}

/* The step that was the first to be taken in under the request_id; NULL for none. */
static const struct model_entry *
taken_in_as(const struct model *model, const char *request_id)
{
	for (size_t i = 0; request_id[0] != '\0' && i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];

		if (strcmp(entry->request.request_id, request_id) == 0 && !entry->request.validate_only &&
		    entry->refusal == MODEL_TAKEN_IN && entry->replay_of == 0)
			return entry;
	}
	return NULL;
}

const struct model_entry *
model_answer_of(const struct model *model, const struct model_entry *entry)
{
	return entry->replay_of == 0 ? entry : &model->entries[entry->replay_of - 1];
}

bool
model_forget_answer(struct model *model, const char *request_id)
{
	const struct model_entry *first = taken_in_as(model, request_id);

	if (first == NULL || !first->answer_may_be_erased)
		return false;
	model->entries[first->step - 1].answer_erased = true;
	return true;
}

/* R30: what was erased with suppress is not taken in again. */
static enum model_refusal
find_suppressed(struct model_entry *entry, const struct model *model)
{
	const struct model_event *event = &entry->request.event;

	for (size_t i = 0; i < event->fact_count; i++) {
		for (size_t j = 0; j < model->suppressed_count; j++) {
			if (!model_same_fact(&event->facts[i], &model->suppressed[j]))
				continue;
			snprintf(
			    entry->refused_field, sizeof(entry->refused_field), "identifiers[%zu].value", i);
			return MODEL_IDENTIFIER_SUPPRESSED;
		}
	}
	return MODEL_TAKEN_IN;
}

static enum model_refusal
decide(struct model *model, struct model_entry *entry)
{
	struct decision d = {
		.model = model, .entry = entry, .event = model_event_copy(&entry->request.event)
	};
	enum model_refusal refusal;

	switch (entry->request.action) {
	case ACTION_PROMOTE:
		refusal = model_decide_promote(&d);
		break;
	case ACTION_DISMISS:
		refusal = model_decide_dismiss(&d);
		break;
	case ACTION_MERGE:
		refusal = model_decide_merge(&d);
		break;
	case ACTION_ERASE:
		refusal = model_decide_erase(&d);
		break;
	default:
		refusal = find_suppressed(entry, model);
		if (refusal == MODEL_TAKEN_IN)
			model_decide_event(&d);
		break;
	}
	if (refusal == MODEL_TAKEN_IN)
		entry->contact = model_copy_contact(d.target);
	for (size_t i = 0; i < d.before_count; i++)
		model_finish_contact(&d.befores[i]);
	free(d.befores);
	model_event_finish(&d.event);
	return refusal;
}

/* Decides as decide does, and puts back all that it changed. The entry stays, out of the
 * journal. */
static enum model_refusal
foretell(struct model *model, struct model_entry *entry)
{
	struct model saved = *model;
	enum model_refusal refusal;

	model->contacts = NULL;
	model->contact_count = 0;
	for (size_t i = 0; i < saved.contact_count; i++) {
		struct model_contact *contact = malloc(sizeof(*contact));

		if (contact == NULL)
			abort();
		*contact = model_copy_contact(saved.contacts[i]);
		model->contacts =
		    model_append(model->contacts, &model->contact_count, &contact, sizeof(contact));
	}
	model->companions = NULL;
	model->companion_count = 0;
	for (size_t i = 0; i < saved.companion_count; i++)
		model->companions = model_append(model->companions, &model->companion_count,
		    &saved.companions[i], sizeof(saved.companions[0]));
	refusal = decide(model, entry);
	entry->sequence = 0;
	finish_contacts(model);
	free(model->companions);
	model->contacts = saved.contacts;
	model->contact_count = saved.contact_count;
	model->companions = saved.companions;
	model->companion_count = saved.companion_count;
	model->last_secondary_id = saved.last_secondary_id;
	model->revision = saved.revision;
	model->journal_sequence = saved.journal_sequence;
	return refusal;
}

/* Puts the request's claim on it and all that it says (R19). */
static void
receive(struct model_entry *entry, const struct model_request *request, size_t step)
{
	struct model_event *event = &entry->request.event;
	bool event_like = request->action == ACTION_IDENTIFY;

	entry->step = step;
	entry->request = model_request_copy(request);
	entry->claim = (struct model_claim){ .source = event_like ? event->source : SOURCE_CONTACTS,
		.observed_at_us = event_like ? event->observed_at_us : MODEL_UNTIMED,
		.step = step };
	if (entry->claim.observed_at_us == MODEL_UNTIMED) {
		entry->claim.observed_at_us += (int64_t)step;
	} else if (entry->claim.observed_at_us >= MODEL_AHEAD) {
		entry->claim.claimed_at_us = entry->claim.observed_at_us;
		entry->claim.observed_at_us = MODEL_CLAMPED + (int64_t)step;
	}
	memcpy(entry->claim.conversation, event->conversation, sizeof(event->conversation));
	for (size_t i = 0; i < event->fact_count; i++)
		event->facts[i].claim = entry->claim;
}

/* R26: the request_id has been used before. */
static enum model_refusal
replay(struct model_entry *entry, const struct model_entry *first)
{
	if (!same_request(&first->request, &entry->request)) {
		snprintf(entry->refused_field, sizeof(entry->refused_field), "request_id");
		return MODEL_REQUEST_ID_REUSED;
	}
	if (first->answer_erased)
		return MODEL_CONTACT_NOT_FOUND;
	entry->replay_of = first->step;
	return MODEL_TAKEN_IN;
}

const struct model_entry *
model_play(struct model *model, const struct model_request *request)
{
	const struct model_entry *first = taken_in_as(model, request->request_id);
	size_t first_step = first == NULL ? 0 : first->step;
	const struct model_entry blank = { 0 };
	const int64_t unknown = 0;
	size_t moments = model->entry_count;
	struct model_entry *entry;

	model->recorded_at_us = model_append(model->recorded_at_us, &moments, &unknown, sizeof(unknown));
	model->entries = model_append(model->entries, &model->entry_count, &blank, sizeof(blank));
	entry = &model->entries[model->entry_count - 1];
	receive(entry, request, model->entry_count);
	if (first_step != 0) {
		entry->refusal = replay(entry, &model->entries[first_step - 1]);
	} else if (request->validate_only) {
		entry->refusal = foretell(model, entry);
	} else {
		entry->refusal = decide(model, entry);
	}
	return entry;
}

const struct model_entry *
model_identify(struct model *model, const struct model_event *event)
{
	return model_play(model, &(struct model_request){ .action = ACTION_IDENTIFY, .event = *event });
}
