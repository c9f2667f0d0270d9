/* What came of an event or act, once every fact has its place: versions, outcome,
 * revision, the journal's entry. */
#include "tests/model/decision.h"

#include <stdlib.h>

static int
order_facts(const void *a, const void *b)
{
	return model_listing_order(a, b);
}

static int
order_secondaries(const void *a, const void *b)
{
	const struct model_secondary *first = a;
	const struct model_secondary *second = b;

	return (first->id > second->id) - (first->id < second->id);
}

static void
sort_contact(struct model_contact *contact)
{
	if (contact->fact_count > 0)
		qsort(contact->facts, contact->fact_count, sizeof(contact->facts[0]), order_facts);
	if (contact->secondary_count > 0)
		qsort(contact->secondaries, contact->secondary_count, sizeof(contact->secondaries[0]),
		    order_secondaries);
}

/* Whether anything but claims differs. */
static bool
differs(const struct model_contact *a, const struct model_contact *b)
{
	if (a->engaged != b->engaged || a->fact_count != b->fact_count ||
	    a->secondary_count != b->secondary_count)
		return true;
	for (size_t i = 0; i < a->fact_count; i++) {
		if (!model_same_fact(&a->facts[i], &b->facts[i]) || a->facts[i].alias != b->facts[i].alias ||
		    strcmp(a->facts[i].given, b->facts[i].given) != 0)
			return true;
	}
	for (size_t i = 0; i < a->secondary_count; i++) {
		if (a->secondaries[i].id != b->secondaries[i].id)
			return true;
	}
	return false;
}

void
model_index_under(struct model_entry *entry, uint64_t id)
{
	size_t at = entry->indexed_count;

	for (size_t i = 0; i < entry->indexed_count; i++) {
		if (entry->indexed_ids[i] == id)
			return;
	}
	entry->indexed_ids = model_append(entry->indexed_ids, &entry->indexed_count, &id, sizeof(id));
	for (; at > 0 && entry->indexed_ids[at - 1] > id; at--)
		entry->indexed_ids[at] = entry->indexed_ids[at - 1];
	entry->indexed_ids[at] = id;
}

/* Versions go up where something changed. Says whether anything did. */
static bool
revise(struct decision *d)
{
	bool changed = d->created || d->entry->absorbed_count > 0;

	if (d->created) {
		d->target->version = 1;
		d->target->updated_step = d->entry->step;
		sort_contact(d->target);
	}
	for (size_t i = 0; i < d->before_count; i++) {
		struct model_contact *contact = model_contact_of(d, d->befores[i].id);

		sort_contact(contact);
		if (contact->forward_to != 0 || !differs(&d->befores[i], contact))
			continue;
		contact->version++;
		contact->updated_step = d->entry->step;
		model_index_under(d->entry, contact->id);
		changed = true;
	}
	return changed;
}

/* Whether the contact has an identifier that the event named. */
static bool
is_named(const struct model_entry *entry, const struct model_contact *contact)
{
	const struct model_event *event = &entry->request.event;

	for (size_t i = 0; i < event->fact_count; i++) {
		if (!model_is_attribute(&event->facts[i]) && model_held(contact, &event->facts[i]) != NULL)
			return true;
	}
	return false;
}

/* The entry is part of the history of whoever the event named, and of whom it was
 * separated from. What is shared (N6) is still its owner's. */
static void
index_under_all_named(struct decision *d)
{
	struct model_entry *entry = d->entry;

	for (size_t i = 0; i < d->before_count; i++) {
		if (is_named(entry, &d->befores[i]))
			model_index_under(entry, d->befores[i].id);
	}
	for (size_t i = 0; i < entry->shared_count; i++) {
		for (size_t j = 0; j < d->model->contact_count; j++) {
			const struct model_contact *contact = d->model->contacts[j];

			if (contact->forward_to == 0 && model_held(contact, &entry->shared[i]) != NULL)
				model_index_under(entry, contact->id);
		}
	}
	for (size_t i = 0; i < entry->conflict_count; i++) {
		if (entry->conflicts[i].verdict != VERDICT_SEPARATE)
			continue;
		for (size_t j = 0; j < d->before_count; j++) {
			if (model_held(&d->befores[j], &entry->conflicts[i].stored) != NULL)
				model_index_under(entry, d->befores[j].id);
		}
	}
}

/* The first outcome that fits. */
static enum outcome
outcome_of(const struct decision *d, bool changed)
{
	const struct model_contact *before = model_before_of(d, d->target->id);

	if (d->created)
		return OUTCOME_CREATED;
	if (model_class(before) != CLASS_IDENTIFIED && model_class(d->target) == CLASS_IDENTIFIED)
		return OUTCOME_IDENTIFIED;
	for (size_t i = 0; i < d->entry->absorbed_count; i++) {
		if (model_class(&d->entry->absorbed[i]) != CLASS_IDENTIFIED)
			return OUTCOME_IDENTIFIED;
	}
	return changed ? OUTCOME_UPDATED : OUTCOME_UNCHANGED;
}

static int
order_contacts(const void *a, const void *b)
{
	const struct model_contact *first = a;
	const struct model_contact *second = b;

	return (first->id > second->id) - (first->id < second->id);
}

void
model_conclude(struct decision *d)
{
	struct model_entry *entry = d->entry;
	bool changed;
	bool found_no_room = false;

	if (entry->absorbed_count > 0)
		qsort(entry->absorbed, entry->absorbed_count, sizeof(entry->absorbed[0]), order_contacts);
	changed = revise(d);
	entry->outcome = outcome_of(d, changed);
	entry->contact_id = d->target->id;
	if (changed)
		d->model->revision++;
	entry->revision = d->model->revision;
	model_index_under(entry, d->target->id);
	if (entry->request.action == ACTION_IDENTIFY)
		index_under_all_named(d);
	for (size_t i = 0; i < entry->absorbed_count; i++)
		model_index_under(entry, entry->absorbed[i].id);
	for (size_t i = 0; i < entry->conflict_count; i++) {
		if (entry->conflicts[i].owner_contact_id != 0)
			model_index_under(entry, entry->conflicts[i].owner_contact_id);
	}
	for (size_t i = 0; i < entry->loss_count; i++)
		found_no_room = found_no_room || entry->losses[i].cause == LOSS_LIMIT;
	if (changed || entry->conflict_count > 0 || found_no_room)
		entry->sequence = ++d->model->journal_sequence;
}
