/* Where a value goes that somebody says: taken when its place is free or by a verdict,
 * offered beside what is there, or left to the journal. An event's values and those of an
 * absorbed contact come the same way, so that neither can drift from the other. */
#include "rules/intake.h"

#include <errno.h>

#include "rules/namespaces.h"
#include "rules/normalize.h"

int
intake_ask(const struct conflict **conflict, struct work *work, const struct question *question)
{
	struct conflict *conflicts = arena_grow(
	    work->arena, work->conflicts, work->conflict_count, &work->conflict_capacity, sizeof(*conflicts));

	if (conflicts == NULL)
		return -ENOMEM;
	work->conflicts = conflicts;
	if (conflict_decide(
		&conflicts[work->conflict_count], work->arena, question, work->settings, work->decider) < 0)
		return -ENOMEM;
	*conflict = &conflicts[work->conflict_count++];
	return 0;
}

int
intake_attribute(struct work *work, const struct attribute *attribute, uint64_t from_contact_id, bool forced)
{
	struct draft *target = work->target;
	struct attribute *held = draft_attribute(target, attribute->name);
	const struct conflict *conflict;
	struct question question;

	if (held != NULL && value_compare(&held->value, &attribute->value) == 0) {
		if (attribute->claim.source != SOURCE_CONVERSATIONS)
			claim_raise(&held->claim, &attribute->claim);
		return 0;
	}
	if (held == NULL || forced)
		return draft_hold_attribute(work, target, attribute);

	question = (struct question){
		.account = work->event->account,
		.kind = CONFLICT_VALUE,
		.name = attribute->name,
		.incoming = &attribute->value,
		.incoming_claim = &attribute->claim,
		.incoming_contact_id = from_contact_id,
		.stored = &held->value,
		.stored_claim = &held->claim,
		.stored_contact_id = target->now.id,
		.target_contact_id = target->now.id,
	};
	if (intake_ask(&conflict, work, &question) < 0)
		return -ENOMEM;
	if (conflict->verdict == VERDICT_TAKE)
		return draft_hold_attribute(work, target, attribute);
	if (conflict->verdict == VERDICT_OFFER) {
		const struct secondary offered = { .attribute = *attribute, .policy = conflict->policy };

		return draft_offer(work, target, &offered);
	}
	return 0;
}

/* R14: the value taken over another releases the old one. */
static int
take_personal(struct work *work, const struct identifier *identifier, struct identifier *held)
{
	if (held != NULL && draft_lose_identifier(work, work->target, held, LOSS_TAKEN) < 0)
		return -ENOMEM;
	return draft_hold_identifier(work, work->target, identifier);
}

int
intake_personal(struct work *work, const struct identifier *identifier, bool forced)
{
	struct draft *target = work->target;
	struct identifier *held = draft_held(target, identifier->namespace_id);
	const struct conflict *conflict;
	struct question question;
	struct value incoming;
	struct value stored;

	if (held == NULL || forced)
		return take_personal(work, identifier, held);

	incoming = value_of_string(identifier->value);
	stored = value_of_string(held->value);
	question = (struct question){
		.account = work->event->account,
		.kind = CONFLICT_VALUE,
		.namespace_id = identifier->namespace_id,
		.name = namespace_name(identifier->namespace_id),
		.incoming = &incoming,
		.incoming_claim = &identifier->claim,
		.stored = &stored,
		.stored_claim = &held->claim,
		.stored_contact_id = target->now.id,
		.target_contact_id = target->now.id,
	};
	if (intake_ask(&conflict, work, &question) < 0)
		return -ENOMEM;
	if (conflict->verdict == VERDICT_TAKE)
		return take_personal(work, identifier, held);
	if (conflict->verdict == VERDICT_OFFER) {
		const struct secondary offered = { .identifier = *identifier, .policy = conflict->policy };

		return draft_offer(work, target, &offered);
	}
	return 0;
}
