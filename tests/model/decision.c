/* How the model weighs claims, asks its two policies, and moves facts about. */
#include "tests/model/decision.h"

#include <stdlib.h>

bool
model_is_personal(const struct model_fact *fact)
{
	return fact->namespace_id >= NAMESPACE_EXT_ID && fact->namespace_id <= NAMESPACE_LANDLINE;
}

bool
model_is_device(const struct model_fact *fact)
{
	return fact->namespace_id >= NAMESPACE_CHAT;
}

bool
model_is_attribute(const struct model_fact *fact)
{
	return fact->namespace_id == NAMESPACE_NONE;
}

bool
model_same_fact(const struct model_fact *a, const struct model_fact *b)
{
	return model_fact_order(a, b) == 0;
}

int
model_claim_order(const struct model_claim *a, const struct model_claim *b)
{
	if (a->observed_at_us != b->observed_at_us)
		return a->observed_at_us < b->observed_at_us ? -1 : 1;
	return (int)a->source - (int)b->source;
}

/* R18. */
static bool
newer(const struct model_fact *a, const struct model_fact *b)
{
	int claims = model_claim_order(&a->claim, &b->claim);

	return claims != 0 ? claims > 0 : model_value_order(&a->value, &b->value) > 0;
}

void
model_raise_claim(struct model_fact *fact, const struct model_claim *claim)
{
	if (model_claim_order(claim, &fact->claim) > 0)
		fact->claim = *claim;
}

/* R16. */
static enum verdict
chat_primary(enum conflict_kind kind, const struct model_fact *incoming, const struct model_fact *stored)
{
	if (kind == CONFLICT_OWNER && model_is_device(incoming))
		return newer(incoming, stored) ? VERDICT_TAKE : VERDICT_KEEP;
	return VERDICT_OFFER;
}

/* R17. */
static enum verdict
push_latest(enum conflict_kind kind, const struct model_fact *incoming, const struct model_fact *stored,
    const struct model_fact *displaced)
{
	if (kind == CONFLICT_IDENTITY)
		return VERDICT_SEPARATE;
	if (!newer(incoming, stored))
		return VERDICT_KEEP;
	if (displaced != NULL && !newer(incoming, displaced))
		return VERDICT_KEEP;
	return VERDICT_TAKE;
}

const struct model_conflict *
model_ask(struct decision *d, enum conflict_kind kind, const struct model_fact *incoming,
    const struct model_fact *stored, const struct model_fact *displaced, uint64_t owner_contact_id)
{
	struct model_conflict conflict = {
		.kind = kind, .incoming = *incoming, .stored = *stored, .owner_contact_id = owner_contact_id
	};
	struct model_entry *entry = d->entry;

	if (displaced != NULL)
		conflict.displaced = *displaced;
	if (incoming->claim.source == SOURCE_CONVERSATIONS) {
		conflict.policy = MODEL_CHAT_PRIMARY;
		conflict.verdict = chat_primary(kind, incoming, stored);
	} else {
		conflict.policy = MODEL_PUSH_LATEST;
		conflict.verdict = push_latest(kind, incoming, stored, displaced);
	}
	entry->conflicts =
	    model_append(entry->conflicts, &entry->conflict_count, &conflict, sizeof(conflict));
	return &entry->conflicts[entry->conflict_count - 1];
}

struct model_contact *
model_contact_of(const struct decision *d, uint64_t id)
{
	return d->model->contacts[id - 1];
}

struct model_fact *
model_held(const struct model_contact *contact, const struct model_fact *fact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		if (model_same_fact(&contact->facts[i], fact))
			return &contact->facts[i];
	}
	return NULL;
}

struct model_fact *
model_held_in_place(const struct model_contact *contact, const struct model_fact *fact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		if (!contact->facts[i].alias && strcmp(contact->facts[i].name, fact->name) == 0)
			return &contact->facts[i];
	}
	return NULL;
}

struct model_secondary *
model_offered(const struct model_contact *contact, const struct model_fact *fact)
{
	for (size_t i = 0; i < contact->secondary_count; i++) {
		if (model_same_fact(&contact->secondaries[i].fact, fact))
			return &contact->secondaries[i];
	}
	return NULL;
}

bool
model_holds_personal_identifier(const struct model_contact *contact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		if (model_is_personal(&contact->facts[i]))
			return true;
	}
	return false;
}

bool
model_holds_identifier(const struct model_contact *contact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		if (!model_is_attribute(&contact->facts[i]))
			return true;
	}
	return false;
}

void
model_lose(
    struct decision *d, enum loss_cause cause, uint64_t contact_id, const struct model_secondary *value)
{
	struct model_loss loss = { .cause = cause, .contact_id = contact_id, .value = *value };

	d->entry->losses = model_append(d->entry->losses, &d->entry->loss_count, &loss, sizeof(loss));
}

void
model_release(
    struct decision *d, struct model_contact *contact, struct model_fact *fact, enum loss_cause cause)
{
	size_t at = (size_t)(fact - contact->facts);

	model_lose(d, cause, contact->id, &(struct model_secondary){ .fact = *fact });
	contact->fact_count--;
	memmove(&contact->facts[at], &contact->facts[at + 1],
	    (contact->fact_count - at) * sizeof(contact->facts[0]));
}

void
model_close_secondary(struct decision *d, struct model_contact *contact, struct model_secondary *secondary,
    enum loss_cause cause)
{
	size_t at = (size_t)(secondary - contact->secondaries);

	model_lose(d, cause, contact->id, secondary);
	contact->secondary_count--;
	memmove(&contact->secondaries[at], &contact->secondaries[at + 1],
	    (contact->secondary_count - at) * sizeof(contact->secondaries[0]));
}

void
model_hold(struct decision *d, const struct model_fact *fact)
{
	struct model_contact *target = d->target;
	struct model_secondary *same = model_offered(target, fact);

	if (same != NULL)
		model_close_secondary(d, target, same, LOSS_AGREED);
	target->facts = model_append(target->facts, &target->fact_count, fact, sizeof(*fact));
}

/* R24: a value that was dismissed comes back only by what is observed later. */
static bool
is_dismissed(const struct model_contact *contact, const struct model_fact *fact)
{
	for (size_t i = 0; i < contact->dismissal_count; i++) {
		if (model_same_fact(&contact->dismissals[i].fact, fact) &&
		    fact->claim.observed_at_us <= contact->dismissals[i].time_us)
			return true;
	}
	return false;
}

void
model_dismiss(struct model_contact *contact, const struct model_dismissal *dismissal)
{
	size_t oldest = 0;

	for (size_t i = 0; i < contact->dismissal_count; i++) {
		struct model_dismissal *other = &contact->dismissals[i];

		if (!model_same_fact(&other->fact, &dismissal->fact))
			continue;
		if (dismissal->time_us > other->time_us)
			other->time_us = dismissal->time_us;
		return;
	}
	contact->dismissals =
	    model_append(contact->dismissals, &contact->dismissal_count, dismissal, sizeof(*dismissal));
	if (contact->dismissal_count <= MODEL_DISMISSALS)
		return;
	for (size_t i = 1; i < contact->dismissal_count; i++) {
		if (contact->dismissals[i].time_us < contact->dismissals[oldest].time_us)
			oldest = i;
	}
	contact->dismissals[oldest] = contact->dismissals[--contact->dismissal_count];
}

void
model_offer(
    struct decision *d, const struct model_fact *fact, uint64_t owner_contact_id, enum model_policy policy)
{
	struct model_contact *target = d->target;
	struct model_secondary *same = model_offered(target, fact);
	struct model_secondary fresh = {
		.owner_contact_id = owner_contact_id, .policy = policy, .fact = *fact
	};

	if (same != NULL)
		model_raise_claim(&same->fact, &fact->claim);
	else if (model_held(target, fact) == NULL && !is_dismissed(target, fact))
		target->secondaries =
		    model_append(target->secondaries, &target->secondary_count, &fresh, sizeof(fresh));
}

void
model_settle_value(struct decision *d, const struct model_fact *fact)
{
	struct model_fact *stored = model_held_in_place(d->target, fact);
	const struct model_conflict *conflict;

	if (stored == NULL) {
		model_hold(d, fact);
	} else if (model_same_fact(stored, fact)) {
		if (fact->claim.source != SOURCE_CONVERSATIONS)
			model_raise_claim(stored, &fact->claim);
	} else {
		conflict = model_ask(d, CONFLICT_VALUE, fact, stored, NULL, 0);
		if (conflict->verdict == VERDICT_TAKE) {
			model_release(d, d->target, stored, LOSS_TAKEN);
			model_hold(d, fact);
		} else if (conflict->verdict == VERDICT_OFFER) {
			model_offer(d, fact, 0, conflict->policy);
		}
	}
}

/* A secondary of an absorbed contact comes over (R11): what becomes of it there is the
 * target's. */
static void
absorb_secondary(struct decision *d, const struct model_secondary *secondary)
{
	struct model_contact *target = d->target;
	struct model_secondary *same = model_offered(target, &secondary->fact);

	if (model_held(target, &secondary->fact) != NULL) {
		model_lose(d, LOSS_AGREED, target->id, secondary);
	} else if (same != NULL) {
		model_lose(d, LOSS_JOINED, target->id, secondary);
		model_raise_claim(&same->fact, &secondary->fact.claim);
	} else {
		target->secondaries = model_append(
		    target->secondaries, &target->secondary_count, secondary, sizeof(*secondary));
	}
}

void
model_leave_to_target(struct decision *d, struct model_contact *absorbed)
{
	for (size_t i = 0; i < absorbed->secondary_count; i++)
		absorb_secondary(d, &absorbed->secondaries[i]);
	for (size_t i = 0; i < absorbed->dismissal_count; i++)
		model_dismiss(d->target, &absorbed->dismissals[i]);
	d->target->engaged = d->target->engaged || absorbed->engaged;
	absorbed->forward_to = d->target->id;
	absorbed->fact_count = 0;
	absorbed->secondary_count = 0;
	absorbed->dismissal_count = 0;
}

void
model_remember(struct decision *d, const struct model_contact *contact)
{
	struct model_contact copy = model_copy_contact(contact);

	d->befores = model_append(d->befores, &d->before_count, &copy, sizeof(copy));
}

struct model_contact
model_copy_contact(const struct model_contact *contact)
{
	struct model_contact copy = *contact;

	copy.facts = NULL;
	copy.fact_count = 0;
	copy.secondaries = NULL;
	copy.secondary_count = 0;
	copy.dismissals = NULL;
	copy.dismissal_count = 0;
	for (size_t i = 0; i < contact->fact_count; i++)
		copy.facts =
		    model_append(copy.facts, &copy.fact_count, &contact->facts[i], sizeof(copy.facts[0]));
	for (size_t i = 0; i < contact->secondary_count; i++)
		copy.secondaries = model_append(copy.secondaries, &copy.secondary_count,
		    &contact->secondaries[i], sizeof(copy.secondaries[0]));
	for (size_t i = 0; i < contact->dismissal_count; i++)
		copy.dismissals = model_append(copy.dismissals, &copy.dismissal_count,
		    &contact->dismissals[i], sizeof(copy.dismissals[0]));
	return copy;
}

void
model_finish_contact(struct model_contact *contact)
{
	free(contact->facts);
	free(contact->secondaries);
	free(contact->dismissals);
}

const struct model_contact *
model_before_of(const struct decision *d, uint64_t id)
{
	for (size_t i = 0; i < d->before_count; i++) {
		if (d->befores[i].id == id)
			return &d->befores[i];
	}
	return NULL;
}
