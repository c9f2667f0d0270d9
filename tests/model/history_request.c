/* What a step of a history comes to: which contact, which secondary, which version. Most
 * of the time those that there are; sometimes the id of a contact that is another one
 * now, and now and then something wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/history.h"

/* An id that leads to the contact: its own, or that of one that became part of it. */
static uint64_t
an_id_of(const struct model *model, const struct model_contact *contact, uint64_t pick)
{
	uint64_t id = 1 + pick % model->contact_count;

	return pick % 3 == 0 && model_living(model, id) == contact ? id : contact->id;
}

/* A living contact, with secondaries if there is such a one and it is asked for. NULL
 * when nobody lives. */
static const struct model_contact *
a_contact(const struct model *model, uint64_t pick, bool with_secondaries)
{
	const struct model_contact *found = NULL;

	for (uint64_t i = 0; i < model->contact_count; i++) {
		const struct model_contact *contact = model->contacts[(pick + i) % model->contact_count];

		if (contact->erased || contact->forward_to != 0)
			continue;
		if (!with_secondaries || contact->secondary_count > 0)
			return contact;
		found = contact;
	}
	return found;
}

static void
aim_at_secondary(struct model_request *request, const struct history_step *step, const struct model *model)
{
	const struct model_contact *contact = a_contact(model, step->picks[0], true);

	if (contact == NULL)
		return;
	request->contact_id = an_id_of(model, contact, step->picks[1]);
	request->contact_version = contact->version;
	if (contact->secondary_count > 0)
		request->secondary_id = contact->secondaries[step->picks[2] % contact->secondary_count].id;
	if (!step->astray)
		return;
	if (step->picks[3] % 3 == 0)
		request->contact_version++;
	else if (step->picks[3] % 3 == 1)
		request->secondary_id = 1 + step->picks[2] % (model->last_secondary_id + 1);
	else
		request->contact_id = 1 + step->picks[1] % (model->contact_count + 1);
}

static void
aim_at_two(struct model_request *request, const struct history_step *step, const struct model *model)
{
	const struct model_contact *survivor = a_contact(model, step->picks[0], false);
	const struct model_contact *absorbed = a_contact(model, step->picks[1], false);

	if (survivor == NULL)
		return;
	request->contact_id = an_id_of(model, survivor, step->picks[2]);
	request->contact_version = survivor->version;
	request->absorbed_id = an_id_of(model, absorbed, step->picks[3]);
	request->absorbed_version = absorbed->version;
	if (!step->astray)
		return;
	if (step->picks[3] % 4 == 0)
		request->contact_version--;
	else if (step->picks[3] % 4 == 1)
		request->absorbed_version++;
	else if (step->picks[3] % 4 == 2)
		request->contact_id = 1 + step->picks[2] % (model->contact_count + 1);
	else
		request->absorbed_id = 1 + step->picks[2] % (model->contact_count + 1);
}

static void
aim_at_one(struct model_request *request, const struct history_step *step, const struct model *model)
{
	const struct model_contact *contact = a_contact(model, step->picks[0], false);

	if (contact == NULL)
		return;
	request->contact_id = an_id_of(model, contact, step->picks[1]);
	if (step->astray)
		request->contact_id = 1 + step->picks[1] % (model->contact_count + 1);
}

/* An earlier request that has a request_id, or NULL. */
static const struct model_request *
an_earlier_request(const struct model *model, uint64_t pick)
{
	for (size_t i = 0; i < model->entry_count; i++) {
		const struct model_request *request =
		    &model->entries[(pick + i) % model->entry_count].request;

		if (request->request_id[0] != '\0')
			return request;
	}
	return NULL;
}

struct model_request
history_request(const struct history_step *step, const struct model *model)
{
	const struct model_request *earlier = NULL;
	struct model_request request = { .action = step->action, .validate_only = step->validate_only };

	if (step->sending == SEND_AGAIN || step->sending == SEND_OTHER)
		earlier = an_earlier_request(model, step->picks[3]);
	if (step->sending == SEND_AGAIN && earlier != NULL) {
		request = model_request_copy(earlier);
		if (step->validate_only && request.action == step->action)
			request.validate_only = true;
		return request;
	}
	request.event = model_event_copy(&step->event);
	if (step->action == ACTION_PROMOTE || step->action == ACTION_DISMISS)
		aim_at_secondary(&request, step, model);
	else if (step->action == ACTION_MERGE)
		aim_at_two(&request, step, model);
	else if (step->action == ACTION_ERASE)
		aim_at_one(&request, step, model);
	if (step->action == ACTION_ERASE)
		request.suppress = step->suppress;
	if (step->action != ACTION_IDENTIFY)
		snprintf(request.operator_name, sizeof(request.operator_name), "%s",
		    step->picks[0] % 2 == 0 ? "anna" : "bruno");
	if (earlier != NULL)
		memcpy(request.request_id, earlier->request_id, sizeof(request.request_id));
	else if (step->sending != SEND_PLAIN)
		snprintf(request.request_id, sizeof(request.request_id), "r-%zu", model->entry_count + 1);
	return request;
}
