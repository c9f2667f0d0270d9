/* The decision of one event, step by step: whose it is (R8 to R10), whether it is
 * the same person (R13), what is absorbed (R11), what others own (R12), what the
 * contact takes (R14, R15), what finds no room, and what came of it.
 *
 * What always holds between two events: an identifier stands in one contact, an
 * absorbed contact holds nothing, facts and secondaries lie in their order. */
#include <stdlib.h>

#include "tests/model/decision.h"

static struct model_contact *
create_contact(struct decision *d)
{
	struct model *model = d->model;
	struct model_contact *contact = calloc(1, sizeof(*contact));

	if (contact == NULL)
		abort();
	contact->id = model->contact_count + 1;
	contact->created_step = d->entry->step;
	model->contacts = model_append(model->contacts, &model->contact_count, &contact, sizeof(contact));
	d->created = true;
	return contact;
}

static uint64_t
owner_of_namespace(const struct decision *d, enum namespace_id looked_for, enum namespace_id looked_up)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		struct model_fact key = model_identifier(looked_up, fact->value.string, "");

		if (fact->namespace_id == looked_for && model_owner(d->model, &key) != 0)
			return model_owner(d->model, &key);
	}
	return 0;
}

/* R10: identified before anonymous, then the lowest id. */
static uint64_t
device_owner(const struct decision *d)
{
	uint64_t best = 0;

	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		uint64_t owner = model_is_device(fact) ? model_owner(d->model, fact) : 0;
		bool identified;
		bool best_identified;

		if (owner == 0)
			continue;
		identified = model_class(model_contact_of(d, owner)) == CLASS_IDENTIFIED;
		best_identified = best != 0 && model_class(model_contact_of(d, best)) == CLASS_IDENTIFIED;
		if (best == 0 || identified > best_identified ||
		    (identified == best_identified && owner < best))
			best = owner;
	}
	return best;
}

/* R8 to R10. */
static void
find_target(struct decision *d)
{
	uint64_t id = 0;

	for (enum namespace_id n = NAMESPACE_EXT_ID; n <= NAMESPACE_LANDLINE && id == 0; n++) {
		id = owner_of_namespace(d, n, n);
		d->found = n == NAMESPACE_EXT_ID ? FOUND_BY_EXT_ID : FOUND_BY_LOWER;
	}
	if (id == 0)
		id = owner_of_namespace(d, NAMESPACE_PHONE, NAMESPACE_WHATSAPP);
	if (id == 0)
		id = owner_of_namespace(d, NAMESPACE_WHATSAPP, NAMESPACE_PHONE);
	if (id == 0) {
		id = device_owner(d);
		d->found = FOUND_BY_DEVICE;
	}
	if (id != 0) {
		d->target = model_contact_of(d, id);
	} else {
		d->found = FOUND_NEW;
		d->target = create_contact(d);
	}
}

/* Whether one of the event's identifiers is the contact's. */
static bool
named_by_event(const struct decision *d, const struct model_contact *contact)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		if (!model_is_attribute(&d->event.facts[i]) &&
		    model_held(contact, &d->event.facts[i]) != NULL)
			return true;
	}
	return false;
}

/* Keeps what the contacts around the event were before it. */
static void
remember(struct decision *d)
{
	for (size_t i = 0; i < d->model->contact_count; i++) {
		const struct model_contact *contact = d->model->contacts[i];

		if (named_by_event(d, contact) || (contact == d->target && !d->created))
			model_remember(d, contact);
	}
}

/* R13's SEPARATE: a new contact, with those of the event's devices that the old
 * target holds by a claim that is not newer. The other steps give it the rest. */
static void
separate(struct decision *d)
{
	struct model_contact *old = d->target;

	d->target = create_contact(d);
	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		struct model_fact *device = model_is_device(fact) ? model_held(old, fact) : NULL;

		if (device != NULL && model_claim_order(&device->claim, &fact->claim) <= 0) {
			model_release(d, old, device, LOSS_TAKEN);
			model_hold(d, fact);
		}
	}
}

/* R13. */
static void
decide_identity(struct decision *d)
{
	for (size_t i = 0; i < d->event.fact_count && !d->all_shared; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		const struct model_fact *other = model_held_in_place(d->target, fact);
		const struct model_conflict *conflict;

		if (!model_is_personal(fact) || other == NULL || model_owner(d->model, fact) != 0)
			continue;
		if (d->found != FOUND_BY_DEVICE &&
		    !(d->found == FOUND_BY_LOWER && fact->namespace_id == NAMESPACE_EXT_ID))
			continue;
		conflict = model_ask(d, CONFLICT_IDENTITY, fact, other, NULL, 0);
		if (conflict->verdict == VERDICT_SEPARATE) {
			separate(d);
		} else {
			/* All it says of the person, free or not, is offered in the steps below. */
			d->person_offered = true;
			d->person_policy = conflict->policy;
		}
		return;
	}
}

/* R11: all that a contact holds goes over to the target, and its id leads there. */
static void
absorb(struct decision *d, struct model_contact *absorbed)
{
	struct model_contact record = model_copy_contact(model_before_of(d, absorbed->id));

	d->entry->absorbed =
	    model_append(d->entry->absorbed, &d->entry->absorbed_count, &record, sizeof(record));
	if (model_class(absorbed) != CLASS_IDENTIFIED)
		d->absorbed_anonymous = true;
	for (size_t i = 0; i < absorbed->fact_count; i++) {
		if (model_is_attribute(&absorbed->facts[i]))
			model_settle_value(d, &absorbed->facts[i]);
		else
			model_hold(d, &absorbed->facts[i]);
	}
	model_leave_to_target(d, absorbed);
}

/* R11. */
static void
absorb_anonymous_owners(struct decision *d)
{
	for (size_t i = 0; i < d->before_count; i++) {
		struct model_contact *contact = model_contact_of(d, d->befores[i].id);

		if (contact != d->target && model_class(contact) != CLASS_IDENTIFIED)
			absorb(d, contact);
	}
}

static bool
names_personal_identifier(const struct decision *d)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		if (model_is_personal(&d->event.facts[i]))
			return true;
	}
	return false;
}

/* R12 for one identifier. Says whether its owner lost it. */
static bool
decide_owner(struct decision *d, struct model_contact *owner, const struct model_fact *fact)
{
	struct model_fact *stored = model_held(owner, fact);
	struct model_fact *displaced = model_is_personal(fact) ? model_held_in_place(d->target, fact) : NULL;
	const struct model_conflict *conflict =
	    model_ask(d, CONFLICT_OWNER, fact, stored, displaced, owner->id);

	if (conflict->verdict == VERDICT_OFFER)
		model_offer(d, fact, owner->id, conflict->policy);
	if (conflict->verdict != VERDICT_TAKE)
		return false;
	model_release(d, owner, stored, LOSS_TAKEN);
	if (displaced != NULL)
		model_release(d, d->target, displaced, LOSS_TAKEN);
	model_hold(d, fact);
	return true;
}

/* R12: first who owns what, then each in turn, then whoever a TAKE left as nobody. */
static void
decide_owners(struct decision *d)
{
	bool personal = names_personal_identifier(d);
	size_t count = d->event.fact_count;
	uint64_t *owners = calloc(count + 1, sizeof(*owners));
	bool *robbed = calloc(d->model->contact_count + 1, sizeof(*robbed));

	if (owners == NULL || robbed == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		uint64_t owner = model_is_attribute(fact) ? 0 : model_owner(d->model, fact);

		if (d->all_shared && model_is_personal(fact))
			continue;
		if (owner != 0 && owner != d->target->id &&
		    (personal || !model_holds_personal_identifier(model_contact_of(d, owner))))
			owners[i] = owner;
	}
	for (size_t i = 0; i < count; i++) {
		if (owners[i] != 0 && decide_owner(d, model_contact_of(d, owners[i]), &d->event.facts[i]))
			robbed[owners[i]] = true;
	}
	for (uint64_t id = 1; id <= d->model->contact_count; id++) {
		struct model_contact *contact = model_contact_of(d, id);

		if (robbed[id] &&
		    (model_class(contact) != CLASS_IDENTIFIED || !model_holds_identifier(contact)))
			absorb(d, contact);
	}
	free(owners);
	free(robbed);
}

/* R13, R14, R15 for what the event says of the person. */
static void
take_of_person(struct decision *d, const struct model_fact *fact)
{
	if (d->person_offered)
		model_offer(d, fact, 0, d->person_policy);
	else
		model_settle_value(d, fact);
}

/* R14, R15 for the event's identifiers: those that nobody owns, and the target's. */
static void
take_identifiers(struct decision *d)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *fact = &d->event.facts[i];
		uint64_t owner;

		if (model_is_attribute(fact))
			continue;
		owner = model_owner(d->model, fact);
		if (owner == d->target->id) {
			if (model_is_device(fact) || fact->claim.source != SOURCE_CONVERSATIONS)
				model_raise_claim(model_held(d->target, fact), &fact->claim);
		} else if (owner == 0 && !model_is_device(fact) && !d->all_shared) {
			take_of_person(d, fact);
		} else if (owner == 0 &&
		    (model_is_device(fact) || model_held_in_place(d->target, fact) == NULL)) {
			model_hold(d, fact);
		}
	}
}

/* R14, R15 for the event's attributes. */
static void
take_attributes(struct decision *d)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *fact = &d->event.facts[i];

		if (model_is_attribute(fact))
			take_of_person(d, fact);
	}
}

/* R7. */
static void
join_list(struct decision *d)
{
	const struct model_contact *target = d->target;
	const struct model_contact *before = model_before_of(d, target->id);
	bool joins = d->created || d->absorbed_anonymous || model_class(before) != CLASS_IDENTIFIED;

	if (d->event.source != SOURCE_CONVERSATIONS || model_class(target) != CLASS_IDENTIFIED)
		return;
	for (size_t i = 0; i < target->fact_count && !joins; i++)
		joins = model_is_device(&target->facts[i]) && model_held(before, &target->facts[i]) == NULL;
	if (joins)
		d->target->engaged = true;
}

void
model_decide_event(struct decision *d)
{
	model_set_shared_apart(d);
	find_target(d);
	remember(d);
	decide_identity(d);
	absorb_anonymous_owners(d);
	decide_owners(d);
	take_identifiers(d);
	take_attributes(d);
	model_apply_limits(d);
	model_promote_aliases(d);
	join_list(d);
	model_conclude(d);
}
