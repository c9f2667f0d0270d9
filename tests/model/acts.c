/* What operators do (R24, R29, R30), step by step as events are decided. A refused act
 * has changed nothing. */
#include "tests/model/decision.h"

#include <stdio.h>
#include <stdlib.h>

static enum model_refusal
refuse(struct decision *d, enum model_refusal refusal, const char *field)
{
	snprintf(d->entry->refused_field, sizeof(d->entry->refused_field), "%s", field);
	return refusal;
}

/* The contact and the secondary that an act is about. */
static enum model_refusal
find_secondary(struct model_secondary **secondary, struct decision *d)
{
	const struct model_request *request = &d->entry->request;
	struct model_contact *contact = model_living(d->model, request->contact_id);

	if (contact == NULL)
		return refuse(d, MODEL_CONTACT_NOT_FOUND, "contact_id");
	if (contact->version != request->contact_version)
		return refuse(d, MODEL_VERSION_MISMATCH, "contact_version");
	for (size_t i = 0; i < contact->secondary_count; i++) {
		if (contact->secondaries[i].id == request->secondary_id) {
			d->target = contact;
			*secondary = &contact->secondaries[i];
			return MODEL_TAKEN_IN;
		}
	}
	return refuse(d, MODEL_SECONDARY_NOT_FOUND, "secondary_id");
}

/* The operator's own claim: now, in the conversation that the panel was open on. */
static void
note_subject(struct decision *d, const struct model_secondary *secondary)
{
	memcpy(d->entry->claim.conversation, secondary->fact.claim.conversation,
	    sizeof(d->entry->claim.conversation));
	d->entry->subject = secondary->fact;
	d->entry->subject.claim = d->entry->claim;
}

enum model_refusal
model_decide_promote(struct decision *d)
{
	struct model_secondary *secondary;
	struct model_fact *same;
	struct model_fact *stored;
	enum model_refusal refusal = find_secondary(&secondary, d);
	uint64_t owner;

	if (refusal != MODEL_TAKEN_IN)
		return refusal;
	owner = model_is_attribute(&secondary->fact) ? 0 : model_owner(d->model, &secondary->fact);
	if (owner != 0 && owner != d->target->id) {
		d->entry->refused_owner_id = owner;
		return refuse(d, MODEL_IDENTIFIER_OWNED, "secondary_id");
	}
	model_remember(d, d->target);
	note_subject(d, secondary);
	model_close_secondary(d, d->target, secondary, LOSS_PROMOTED);
	same = model_held(d->target, &d->entry->subject);
	if (same != NULL) {
		size_t at = (size_t)(same - d->target->facts);

		d->target->facts[at] = d->target->facts[--d->target->fact_count];
	}
	stored =
	    model_is_device(&d->entry->subject) ? NULL : model_held_in_place(d->target, &d->entry->subject);
	if (stored != NULL)
		model_release(d, d->target, stored, LOSS_TAKEN);
	model_hold(d, &d->entry->subject);
	model_apply_limits(d);
	model_promote_aliases(d);
	model_conclude(d);
	return MODEL_TAKEN_IN;
}

enum model_refusal
model_decide_dismiss(struct decision *d)
{
	struct model_secondary *secondary;
	enum model_refusal refusal = find_secondary(&secondary, d);

	if (refusal != MODEL_TAKEN_IN)
		return refusal;
	model_remember(d, d->target);
	note_subject(d, secondary);
	model_close_secondary(d, d->target, secondary, LOSS_DISMISSED);
	model_dismiss(d->target,
	    &(struct model_dismissal){
		.fact = d->entry->subject, .time_us = d->entry->claim.observed_at_us });
	model_conclude(d);
	return MODEL_TAKEN_IN;
}

static bool
is_false(const struct model_fact *fact)
{
	return fact->value.type == VALUE_BOOL && !fact->value.boolean;
}

/* R29 for one attribute of the absorbed contact: the survivor's stays, but no is no,
 * whoever said it. */
static void
merge_attribute(struct decision *d, const struct model_fact *fact)
{
	struct model_fact *stored = model_held_in_place(d->target, fact);

	if (stored == NULL) {
		model_hold(d, fact);
	} else if (model_same_fact(stored, fact)) {
		model_raise_claim(stored, &fact->claim);
	} else if (is_false(fact) && stored->value.type == VALUE_BOOL) {
		model_release(d, d->target, stored, LOSS_TAKEN);
		model_hold(d, fact);
	}
}

/* R29 for what the absorbed contact holds: a personal identifier that finds its place
 * taken is an alias from now on. */
static void
merge_facts(struct decision *d, const struct model_contact *absorbed)
{
	for (size_t i = 0; i < absorbed->fact_count; i++) {
		struct model_fact fact = absorbed->facts[i];

		if (model_is_attribute(&fact)) {
			merge_attribute(d, &fact);
			continue;
		}
		if (model_is_personal(&fact) && model_held_in_place(d->target, &fact) != NULL)
			fact.alias = true;
		model_hold(d, &fact);
	}
}

enum model_refusal
model_decide_merge(struct decision *d)
{
	const struct model_request *request = &d->entry->request;
	struct model_entry *entry = d->entry;
	struct model_contact *survivor = model_living(d->model, request->contact_id);
	struct model_contact *absorbed = model_living(d->model, request->absorbed_id);
	struct model_contact record;

	if (survivor == NULL)
		return refuse(d, MODEL_CONTACT_NOT_FOUND, "surviving_contact_id");
	if (absorbed == NULL)
		return refuse(d, MODEL_CONTACT_NOT_FOUND, "absorbed_contact_id");
	if (survivor == absorbed)
		return refuse(d, MODEL_MERGE_INVALID, "absorbed_contact_id");
	if (survivor->version != request->contact_version)
		return refuse(d, MODEL_VERSION_MISMATCH, "surviving_contact_version");
	if (absorbed->version != request->absorbed_version)
		return refuse(d, MODEL_VERSION_MISMATCH, "absorbed_contact_version");
	d->target = survivor;
	model_remember(d, survivor);
	model_remember(d, absorbed);
	record = model_copy_contact(absorbed);
	entry->absorbed = model_append(entry->absorbed, &entry->absorbed_count, &record, sizeof(record));
	merge_facts(d, absorbed);
	model_leave_to_target(d, absorbed);
	model_apply_limits(d);
	model_promote_aliases(d);
	model_conclude(d);
	return MODEL_TAKEN_IN;
}

/* Whether an id leads, or led, to the contact. */
static bool
leads_to(const struct model *model, uint64_t id, const struct model_contact *contact)
{
	return id != 0 && model_living(model, id) == contact;
}

/* Whether the secondary names what is to be erased, by identifier or by owner. */
static bool
names_erased(const struct decision *d, const struct model_secondary *secondary)
{
	return leads_to(d->model, secondary->owner_contact_id, d->target) ||
	    (!model_is_attribute(&secondary->fact) && model_held(d->target, &secondary->fact) != NULL);
}

/* Other contacts' secondaries that name the erased one close; nothing is told of them
 * but their ids. */
static void
close_elsewhere(struct decision *d)
{
	for (size_t i = 0; i < d->model->contact_count; i++) {
		struct model_contact *contact = d->model->contacts[i];
		bool closed = false;

		for (size_t j = contact->secondary_count; contact != d->target && j-- > 0;) {
			struct model_secondary *secondary = &contact->secondaries[j];

			if (!names_erased(d, secondary))
				continue;
			model_close_secondary(d, contact, secondary, LOSS_ERASED);
			d->entry->losses[d->entry->loss_count - 1].value = (struct model_secondary){
				.id = d->entry->losses[d->entry->loss_count - 1].value.id
			};
			closed = true;
		}
		if (!closed)
			continue;
		contact->version++;
		contact->updated_step = d->entry->step;
		model_index_under(d->entry, contact->id);
	}
}

/* Whether it is an identifier of the contact that is to be erased. */
static bool
is_erased(const struct decision *d, const struct model_fact *fact)
{
	return fact->namespace_id != NAMESPACE_NONE && model_held(d->target, fact) != NULL;
}

static bool
contact_tells_of(const struct decision *d, const struct model_contact *contact)
{
	bool tells = leads_to(d->model, contact->id, d->target);

	for (size_t i = 0; i < contact->fact_count && !tells; i++)
		tells = is_erased(d, &contact->facts[i]);
	for (size_t i = 0; i < contact->secondary_count && !tells; i++)
		tells = names_erased(d, &contact->secondaries[i]);
	return tells;
}

static bool
conflicts_tell_of(const struct decision *d, const struct model_entry *entry)
{
	for (size_t i = 0; i < entry->conflict_count; i++) {
		const struct model_conflict *conflict = &entry->conflicts[i];

		if (leads_to(d->model, conflict->owner_contact_id, d->target) ||
		    is_erased(d, &conflict->incoming) || is_erased(d, &conflict->stored) ||
		    is_erased(d, &conflict->displaced))
			return true;
	}
	return false;
}

/* Whether the entry's answer or its request told of the contact that is to be erased. */
static bool
answer_names(const struct decision *d, const struct model_entry *entry)
{
	bool names = false;

	for (size_t i = 0; i < entry->indexed_count && !names; i++)
		names = leads_to(d->model, entry->indexed_ids[i], d->target);
	for (size_t i = 0; i < entry->contact.secondary_count && !names; i++)
		names = leads_to(d->model, entry->contact.secondaries[i].owner_contact_id, d->target);
	return names;
}

/* Whether it told an identifier that the contact had in the end. A conflict about an identity
 * tells the device by which the contact was found. */
static bool
answer_tells_of(const struct decision *d, const struct model_entry *entry)
{
	const struct model_event *event = &entry->request.event;
	bool tells = contact_tells_of(d, &entry->contact) || conflicts_tell_of(d, entry);

	for (size_t i = 0; i < event->fact_count && entry->conflict_count > 0 && !tells; i++)
		tells = model_is_device(&event->facts[i]) && is_erased(d, &event->facts[i]);
	for (size_t i = 0; i < entry->shared_count && !tells; i++)
		tells = is_erased(d, &entry->shared[i]);
	return tells;
}

/* No answer of it is given again but that it was erased. */
static void
forget_answer(struct decision *d, struct model_entry *entry)
{
	if (entry->request.action == ACTION_ERASE)
		return;
	if (answer_names(d, entry))
		entry->answer_erased = true;
	else if (answer_tells_of(d, entry))
		entry->answer_may_be_erased = true;
}

/* Whether the journal's entry tells an identifier of it. */
static bool
entry_tells_of(const struct decision *d, const struct model_entry *entry)
{
	const struct model_event *event = &entry->request.event;
	bool tells = conflicts_tell_of(d, entry) || is_erased(d, &entry->subject);

	for (size_t i = 0; i < event->fact_count && !tells; i++)
		tells = is_erased(d, &event->facts[i]);
	for (size_t i = 0; i < entry->loss_count && !tells; i++)
		tells = names_erased(d, &entry->losses[i].value);
	for (size_t i = 0; i < entry->absorbed_count && !tells; i++)
		tells = contact_tells_of(d, &entry->absorbed[i]);
	return tells;
}

/* The journal forgets: an entry that is found under nobody else goes, any other stays
 * without values. One of others alone that tells an identifier, of the time before the
 * erased contact had it, may lose that, too: how far this is looked for is not said. */
static void
forget_entry(struct decision *d, struct model_entry *entry)
{
	size_t kept = 0;

	if (entry_tells_of(d, entry))
		entry->may_be_redacted = true;
	for (size_t i = 0; i < entry->indexed_count; i++) {
		if (!leads_to(d->model, entry->indexed_ids[i], d->target))
			entry->indexed_ids[kept++] = entry->indexed_ids[i];
	}
	if (kept == entry->indexed_count)
		return;
	entry->indexed_count = kept;
	entry->redacted = true;
	if (kept == 0)
		entry->sequence = 0;
	for (size_t i = 0; i < d->target->fact_count; i++) {
		if (!model_is_attribute(&d->target->facts[i]))
			entry->erased_facts = model_append(entry->erased_facts, &entry->erased_fact_count,
			    &d->target->facts[i], sizeof(d->target->facts[i]));
	}
}

/* N6: nobody was ever seen with what is erased. */
static void
forget_companions(struct decision *d)
{
	struct model *model = d->model;
	size_t kept = 0;

	for (size_t i = 0; i < model->companion_count; i++) {
		if (model_held(d->target, &model->companions[i].of) == NULL &&
		    model_held(d->target, &model->companions[i].with) == NULL)
			model->companions[kept++] = model->companions[i];
	}
	model->companion_count = kept;
}

enum model_refusal
model_decide_erase(struct decision *d)
{
	struct model *model = d->model;
	struct model_entry *entry = d->entry;

	d->target = model_living(model, entry->request.contact_id);
	if (d->target == NULL)
		return refuse(d, MODEL_CONTACT_NOT_FOUND, "contact_id");
	close_elsewhere(d);
	for (size_t i = 0; i + 1 < model->entry_count; i++) {
		forget_answer(d, &model->entries[i]);
		forget_entry(d, &model->entries[i]);
	}
	forget_companions(d);
	for (size_t i = 0; i < d->target->fact_count && entry->request.suppress; i++) {
		if (model_is_personal(&d->target->facts[i]))
			model->suppressed = model_append(model->suppressed, &model->suppressed_count,
			    &d->target->facts[i], sizeof(d->target->facts[i]));
	}
	d->target->erased = true;
	d->target->fact_count = 0;
	d->target->secondary_count = 0;
	d->target->dismissal_count = 0;
	entry->contact_id = d->target->id;
	entry->outcome = OUTCOME_UPDATED;
	entry->revision = ++model->revision;
	entry->sequence = ++model->journal_sequence;
	model_index_under(entry, d->target->id);
	return MODEL_TAKEN_IN;
}
