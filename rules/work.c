/* What every decision begins and ends with, whatever it is about. */
#include <errno.h>
#include <stdio.h>

#include "rules/draft.h"

int
decide_reject(struct rejection *rejection, enum reason reason, const char *field, const char *message)
{
	*rejection = (struct rejection){ .reason = reason, .message = message };
	snprintf(rejection->field, sizeof(rejection->field), "%s", field);
	return DECIDE_E_REJECTED;
}

struct draft *
work_find(const struct work *work, uint64_t contact_id)
{
	for (size_t i = 0; i < work->draft_count; i++) {
		if (work->drafts[i].now.id == contact_id)
			return &work->drafts[i];
	}
	return NULL;
}

int
work_open(struct work *work)
{
	const struct neighbourhood *known = work->known;

	work->drafts = arena_calloc(work->arena, known->contact_count + 1, sizeof(*work->drafts));
	work->owners = arena_calloc(work->arena, work->event->identifier_count, sizeof(*work->owners));
	if (work->drafts == NULL || work->owners == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < known->contact_count; i++) {
		if (draft_open(&work->drafts[i], work->arena, &known->contacts[i]) < 0)
			return -ENOMEM;
		work->draft_count++;
	}
	for (size_t i = 0; i < work->event->identifier_count; i++) {
		if (known->owner_ids[i] == 0)
			continue;
		work->owners[i] = work_find(work, known->owner_ids[i]);
		work->owners[i]->owner = true;
	}
	return 0;
}

int
work_note_loss(
    struct work *work, enum loss_cause cause, const struct draft *draft, const struct secondary *value)
{
	struct loss *losses =
	    arena_grow(work->arena, work->losses, work->loss_count, &work->loss_capacity, sizeof(*losses));

	if (losses == NULL)
		return -ENOMEM;
	work->losses = losses;
	losses[work->loss_count++] =
	    (struct loss){ .cause = cause, .contact_id = draft->now.id, .value = *value };
	return 0;
}
