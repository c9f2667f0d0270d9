/* One event from its identifiers to a changeset, step by step in the order in which
 * the rules build on each other:
 *
 *   who is it about        N6            shared_set_apart
 *   whose is it            R8, R9, R10   find_target
 *   the same person?       R13           decide_identity
 *   strangers join         R11           absorb_anonymous
 *   others' identifiers    R12           decide_owners, absorb_emptied
 *   what it says           R13 to R15    settle_identifiers, settle_attributes
 *   limits, ids, totals    R7, R21, R3   settle_changeset
 *   who else is named      R30           bystanders_note
 *
 * A step changes drafts alone; nothing is decided twice, and nothing that a later
 * step does can undo an earlier one. */
#include "rules/identify.h"

#include <errno.h>

#include "rules/absorb.h"
#include "rules/bystanders.h"
#include "rules/derive.h"
#include "rules/intake.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"
#include "rules/settle.h"
#include "rules/shared.h"

/* How what the event says of the person goes in: personal identifiers that nobody
 * owns, and attributes. */
enum intake {
	INTAKE_ASK,   /* each by itself: R14, R15 */
	INTAKE_TAKE,  /* all of it, by the verdict on the identity */
	INTAKE_OFFER, /* all of it beside what is held, likewise */
	INTAKE_NONE,  /* none of it, likewise */
};

/* The verdict on the identity, if there was one. */
struct identity {
	enum intake intake;
	struct policy_identity policy; /* INTAKE_OFFER: who offers */
};

/* Opens the draft of a new contact (R8, SEPARATE) and makes it the target. */
static int
create_target(struct work *work)
{
	struct draft *draft = &work->drafts[work->draft_count];
	struct contact *contact = arena_calloc(work->arena, 1, sizeof(*contact));

	if (contact == NULL)
		return -ENOMEM;
	contact->id = work->known->account.last_contact_id + 1;
	contact->create_time_us = work->event->claim.recorded_at_us;
	if (draft_open(draft, work->arena, contact) < 0)
		return -ENOMEM;
	draft->before = NULL;
	work->draft_count++;
	work->target = draft;
	return 0;
}

/* R9: through personal identifiers in their order, else crossing phone and whatsapp. */
static struct draft *
find_personal_owner(const struct work *work)
{
	const struct event *event = work->event;

	for (size_t i = 0; i < event->identifier_count; i++) {
		if (namespace_is_personal(event->identifiers[i].namespace_id) && work->owners[i] != NULL)
			return work->owners[i];
	}
	for (size_t i = 0; i < 2; i++) {
		if (work->known->crossed_ids[i] != 0)
			return work_find(work, work->known->crossed_ids[i]);
	}
	return NULL;
}

/* R10: an identified device owner before an anonymous one, then the lowest id. */
static struct draft *
find_device_owner(const struct work *work)
{
	struct draft *best = NULL;

	for (size_t i = 0; i < work->event->identifier_count; i++) {
		struct draft *owner = work->owners[i];
		bool identified;
		bool best_identified;

		if (owner == NULL)
			continue;
		if (best == NULL) {
			best = owner;
			continue;
		}
		identified = owner->before->contact_class == CLASS_IDENTIFIED;
		best_identified = best->before->contact_class == CLASS_IDENTIFIED;
		if (identified != best_identified ? identified : owner->now.id < best->now.id)
			best = owner;
	}
	return best;
}

/* Sets the target, and how it was found. */
static int
find_target(struct work *work)
{
	work->target = find_personal_owner(work);
	if (work->target != NULL)
		return 0;
	work->target = find_device_owner(work);
	if (work->target == NULL)
		return create_target(work);
	work->through_device = true;
	return 0;
}

/* R13: the event's first personal identifier that nobody owns, that says another
 * person than the target, and that outranks the way the target was found; or NULL. */
static const struct identifier *
find_identity_clash(const struct work *work)
{
	for (size_t i = 0; i < work->event->identifier_count && !work->all_shared; i++) {
		const struct identifier *identifier = &work->event->identifiers[i];

		if (!namespace_is_personal(identifier->namespace_id) || work->owners[i] != NULL)
			continue;
		if (!work->through_device && identifier->namespace_id != NAMESPACE_EXT_ID)
			continue;
		if (draft_held(work->target, identifier->namespace_id) != NULL)
			return identifier;
	}
	return NULL;
}

/* The target's own identifier for the first of the event's devices that it holds. */
static const struct identifier *
find_device(const struct work *work)
{
	for (size_t i = 0; i < work->event->identifier_count; i++) {
		const struct identifier *seen = &work->event->identifiers[i];

		if (work->owners[i] == work->target && !namespace_is_personal(seen->namespace_id))
			return draft_identifier(work->target, seen->namespace_id, seen->value);
	}
	return NULL;
}

/* SEPARATE: a new contact becomes the target and takes the devices that the old one
 * has not been seen with since. */
static int
separate(struct work *work)
{
	const struct event *event = work->event;
	struct draft *old = work->target;

	if (create_target(work) < 0)
		return -ENOMEM;
	work->separated = old;
	for (size_t i = 0; i < event->identifier_count; i++) {
		const struct identifier *device = &event->identifiers[i];
		struct identifier *held;

		if (work->owners[i] != old || namespace_is_personal(device->namespace_id))
			continue;
		held = draft_identifier(old, device->namespace_id, device->value);
		if (claim_compare(&held->claim, &device->claim) > 0)
			continue;
		if (draft_lose_identifier(work, old, held, LOSS_TAKEN) < 0 ||
		    draft_hold_identifier(work, work->target, device) < 0)
			return -ENOMEM;
		work->owners[i] = work->target;
	}
	return 0;
}

/* R13: one question an event, whose verdict holds for all it says of the person. */
static int
decide_identity(struct identity *identity, struct work *work)
{
	const struct identifier *clash = find_identity_clash(work);
	const struct identifier *held;
	const struct identifier *device;
	const struct conflict *conflict;
	struct question question;
	struct value incoming;
	struct value stored;
	struct value device_value;

	*identity = (struct identity){ .intake = INTAKE_ASK };
	if (clash == NULL)
		return 0;
	held = draft_held(work->target, clash->namespace_id);
	device = work->through_device ? find_device(work) : NULL;
	incoming = value_of_string(clash->value);
	stored = value_of_string(held->value);
	question = (struct question){
		.account = work->event->account,
		.kind = CONFLICT_IDENTITY,
		.namespace_id = clash->namespace_id,
		.name = namespace_name(clash->namespace_id),
		.incoming = &incoming,
		.incoming_claim = &clash->claim,
		.stored = &stored,
		.stored_claim = &held->claim,
		.stored_contact_id = work->target->now.id,
		.target_contact_id = work->target->now.id,
	};
	if (device != NULL) {
		device_value = value_of_string(device->value);
		question.device = &device_value;
		question.device_claim = &device->claim;
	}
	if (intake_ask(&conflict, work, &question) < 0)
		return -ENOMEM;
	switch (conflict->verdict) {
	case VERDICT_TAKE:
		identity->intake = INTAKE_TAKE;
		return 0;
	case VERDICT_SEPARATE:
		return separate(work);
	case VERDICT_OFFER:
		*identity = (struct identity){ INTAKE_OFFER, conflict->policy };
		return 0;
	case VERDICT_KEEP:
	case VERDICT_NONE:
		break;
	}
	identity->intake = INTAKE_NONE;
	return 0;
}

/* R11: every other owner that is anonymous becomes part of the target. */
static int
absorb_anonymous(struct work *work)
{
	for (size_t i = 0; i < work->draft_count; i++) {
		struct draft *draft = &work->drafts[i];

		if (draft == work->target || !draft->owner ||
		    draft->before->contact_class == CLASS_IDENTIFIED)
			continue;
		if (contact_absorb(work, draft) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool
holds_personal(const struct contact *contact)
{
	/* Personal namespaces come first. */
	return contact->identifier_count > 0 && namespace_is_personal(contact->identifiers[0].namespace_id);
}

static bool
event_is_personal(const struct event *event)
{
	return event->identifier_count > 0 && namespace_is_personal(event->identifiers[0].namespace_id);
}

/* TAKE: the identifier moves to the target, whose own other value is released. */
static int
take_over(struct work *work, struct draft *owner, const struct identifier *identifier)
{
	struct identifier *displaced = NULL;

	if (namespace_is_personal(identifier->namespace_id))
		displaced = draft_held(work->target, identifier->namespace_id);
	if (displaced != NULL && draft_lose_identifier(work, work->target, displaced, LOSS_TAKEN) < 0)
		return -ENOMEM;
	if (draft_lose_identifier(work, owner,
		draft_identifier(owner, identifier->namespace_id, identifier->value), LOSS_TAKEN) < 0)
		return -ENOMEM;
	owner->taken_from = true;
	return draft_hold_identifier(work, work->target, identifier);
}

/* R12 for one identifier that another identified contact owns. */
static int
decide_owner(struct work *work, size_t index)
{
	const struct identifier *identifier = &work->event->identifiers[index];
	struct draft *owner = work->owners[index];
	struct draft *target = work->target;
	const struct identifier *held = draft_identifier(owner, identifier->namespace_id, identifier->value);
	const struct identifier *displaced = NULL;
	const struct conflict *conflict;
	struct value value = value_of_string(identifier->value);
	struct value displaced_value;
	struct question question = {
		.account = work->event->account,
		.kind = CONFLICT_OWNER,
		.namespace_id = identifier->namespace_id,
		.name = namespace_name(identifier->namespace_id),
		.incoming = &value,
		.incoming_claim = &identifier->claim,
		.stored = &value,
		.stored_claim = &held->claim,
		.stored_contact_id = owner->now.id,
		.target_contact_id = target->now.id,
	};

	if (namespace_is_personal(identifier->namespace_id))
		displaced = draft_held(target, identifier->namespace_id);
	if (displaced != NULL) {
		displaced_value = value_of_string(displaced->value);
		question.displaced = &displaced_value;
		question.displaced_claim = &displaced->claim;
	}
	if (intake_ask(&conflict, work, &question) < 0)
		return -ENOMEM;
	if (conflict->verdict == VERDICT_TAKE) {
		work->owners[index] = target;
		return take_over(work, owner, identifier);
	}
	if (conflict->verdict == VERDICT_OFFER) {
		const struct secondary offered = {
			.owner_contact_id = owner->now.id,
			.identifier = *identifier,
			.policy = conflict->policy,
		};

		return draft_offer(work, target, &offered);
	}
	return 0;
}

/* R12: identified contacts never merge here; each identifier of the event that
 * another one owns is a question of its own. */
static int
decide_owners(struct work *work)
{
	bool personal = event_is_personal(work->event);

	for (size_t i = 0; i < work->event->identifier_count; i++) {
		const struct draft *owner = work->owners[i];

		if (owner == NULL || owner == work->target)
			continue;
		/* N6: it stays with its owner. */
		if (work->all_shared && namespace_is_personal(work->event->identifiers[i].namespace_id))
			continue;
		if (!personal && holds_personal(owner->before))
			continue;
		if (decide_owner(work, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* R12: an owner that a TAKE left anonymous, or without any identifier, joins the
 * target: nothing says who it was any more. */
static int
absorb_emptied(struct work *work)
{
	for (size_t i = 0; i < work->draft_count; i++) {
		struct draft *draft = &work->drafts[i];

		if (!draft->taken_from ||
		    (draft->now.identifier_count > 0 && contact_class_of(&draft->now) == CLASS_IDENTIFIED))
			continue;
		if (contact_absorb(work, draft) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* R13, R14, R15 for a personal identifier that nobody owns. */
static int
settle_personal(struct work *work, const struct identifier *identifier, const struct identity *identity)
{
	const struct secondary offered = { .identifier = *identifier, .policy = identity->policy };

	/* N6: it takes nobody's place. */
	if (work->all_shared && draft_held(work->target, identifier->namespace_id) != NULL)
		return 0;
	switch (identity->intake) {
	case INTAKE_ASK:
	case INTAKE_TAKE:
		return intake_personal(work, identifier, identity->intake == INTAKE_TAKE);
	case INTAKE_OFFER:
		return draft_offer(work, work->target, &offered);
	case INTAKE_NONE:
		break;
	}
	return 0;
}

/* R14, R15 for identifiers: what the target holds is seen again, what nobody owns
 * comes to it. */
static int
settle_identifiers(struct work *work, const struct identity *identity)
{
	for (size_t i = 0; i < work->event->identifier_count; i++) {
		const struct identifier *identifier = &work->event->identifiers[i];
		bool personal = namespace_is_personal(identifier->namespace_id);
		int result = 0;

		if (work->owners[i] == work->target) {
			struct identifier *held =
			    draft_identifier(work->target, identifier->namespace_id, identifier->value);

			if (!personal || identifier->claim.source != SOURCE_CONVERSATIONS)
				claim_raise(&held->claim, &identifier->claim);
		} else if (work->owners[i] == NULL) {
			result = personal ? settle_personal(work, identifier, identity)
					  : draft_hold_identifier(work, work->target, identifier);
		}
		if (result < 0)
			return result;
	}
	return 0;
}

/* R13, R14, R15 for attributes. */
static int
settle_attributes(struct work *work, const struct identity *identity)
{
	for (size_t i = 0; i < work->event->attribute_count; i++) {
		const struct attribute *attribute = &work->event->attributes[i];
		const struct secondary offered = { .attribute = *attribute, .policy = identity->policy };
		int result = 0;

		if (identity->intake == INTAKE_OFFER)
			result = draft_offer(work, work->target, &offered);
		else if (identity->intake != INTAKE_NONE)
			result = intake_attribute(work, attribute, 0, identity->intake == INTAKE_TAKE);
		if (result < 0)
			return result;
	}
	return 0;
}

int
identify_decide(struct changeset *changeset, struct arena *arena, const struct event *event,
    const struct neighbourhood *neighbourhood, const struct account_settings *settings,
    const struct decider *decider)
{
	struct work work = { .arena = arena,
		.event = event,
		.known = neighbourhood,
		.settings = settings,
		.decider = decider };
	struct changeset decided;
	struct identity identity;
	int result;

	if (shared_set_apart(&work) < 0 || work_open(&work) < 0 || find_target(&work) < 0 ||
	    decide_identity(&identity, &work) < 0 || absorb_anonymous(&work) < 0 ||
	    decide_owners(&work) < 0 || absorb_emptied(&work) < 0 ||
	    settle_identifiers(&work, &identity) < 0 || settle_attributes(&work, &identity) < 0)
		return -ENOMEM;
	result = settle_changeset(&decided, &work);
	if (result == 0)
		result = bystanders_note(&decided, arena, event, neighbourhood, work.separated);
	if (result == 0)
		*changeset = decided;
	return result;
}
