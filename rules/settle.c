/* Everything here compares contacts as they are with what they were: what changed is
 * found, never kept track of, so no path through the rules can forget to say so. */
#include "rules/settle.h"

#include <errno.h>

#include "rules/contact_limits.h"
#include "rules/derive.h"
#include "rules/dismiss.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

static bool
claims_equal(const struct claim *a, const struct claim *b)
{
	return a->source == b->source && a->clamped == b->clamped && a->observed_at_us == b->observed_at_us &&
	    a->recorded_at_us == b->recorded_at_us && a->claimed_at_us == b->claimed_at_us &&
	    bytes_equal(a->conversation, b->conversation);
}

/* How much two versions of a contact differ. */
enum difference { DIFFERS_NOT, DIFFERS_IN_CLAIMS, DIFFERS };

static enum difference
compare_identifiers(const struct contact *a, const struct contact *b)
{
	enum difference difference = DIFFERS_NOT;

	if (a->identifier_count != b->identifier_count)
		return DIFFERS;
	for (size_t i = 0; i < a->identifier_count; i++) {
		const struct identifier *x = &a->identifiers[i];
		const struct identifier *y = &b->identifiers[i];

		if (x->namespace_id != y->namespace_id || x->alias != y->alias ||
		    !bytes_equal(x->value, y->value))
			return DIFFERS;
		if (!claims_equal(&x->claim, &y->claim))
			difference = DIFFERS_IN_CLAIMS;
	}
	return difference;
}

static enum difference
compare_attributes(const struct contact *a, const struct contact *b)
{
	enum difference difference = DIFFERS_NOT;

	if (a->attribute_count != b->attribute_count)
		return DIFFERS;
	for (size_t i = 0; i < a->attribute_count; i++) {
		const struct attribute *x = &a->attributes[i];
		const struct attribute *y = &b->attributes[i];

		if (!bytes_equal(x->name, y->name) || value_compare(&x->value, &y->value) != 0)
			return DIFFERS;
		if (!claims_equal(&x->claim, &y->claim))
			difference = DIFFERS_IN_CLAIMS;
	}
	return difference;
}

static enum difference
compare_secondaries(const struct contact *a, const struct contact *b)
{
	enum difference difference = DIFFERS_NOT;

	if (a->secondary_count != b->secondary_count)
		return DIFFERS;
	for (size_t i = 0; i < a->secondary_count; i++) {
		if (a->secondaries[i].id != b->secondaries[i].id)
			return DIFFERS;
		if (!claims_equal(secondary_claim(&a->secondaries[i]), secondary_claim(&b->secondaries[i])))
			difference = DIFFERS_IN_CLAIMS;
	}
	return difference;
}

static enum difference
compare_contacts(const struct contact *before, const struct contact *now)
{
	const enum difference parts[] = {
		compare_identifiers(before, now),
		compare_attributes(before, now),
		compare_secondaries(before, now),
	};
	enum difference difference = DIFFERS_NOT;

	if (before->list_count != now->list_count)
		return DIFFERS;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i] > difference)
			difference = parts[i];
	}
	return difference;
}

/* Numbers the secondaries that this event added, and puts all in the order of ids. */
static void
number_secondaries(struct account *account, struct contact *contact)
{
	struct secondary *secondaries = contact->secondaries;

	for (size_t i = 0; i < contact->secondary_count; i++) {
		if (secondaries[i].id == 0)
			secondaries[i].id = ++account->last_secondary_id;
	}
	for (size_t i = 1; i < contact->secondary_count; i++) {
		const struct secondary moving = secondaries[i];
		size_t place = i;

		for (; place > 0 && secondaries[place - 1].id > moving.id; place--)
			secondaries[place] = secondaries[place - 1];
		secondaries[place] = moving;
	}
}

/* R7: which contacts took part in a conversation. */
static int
join_engaged(struct work *work)
{
	struct draft *target = work->target;
	bool engaged;

	if (work->event->claim.source != SOURCE_CONVERSATIONS ||
	    contact_class_of(&target->now) != CLASS_IDENTIFIED)
		return 0;
	engaged = target->before == NULL || target->before->contact_class != CLASS_IDENTIFIED ||
	    target->absorbed_anonymous;
	for (size_t i = 0; i < target->now.identifier_count && !engaged; i++) {
		const struct identifier *held = &target->now.identifiers[i];

		engaged = !namespace_is_personal(held->namespace_id) &&
		    !contact_holds(target->before, held->namespace_id, held->value);
	}
	return engaged ? draft_join_list(work->arena, target, LIST_ENGAGED) : 0;
}

/* Counters wrap as unsigned numbers do: adding UINT64_MAX takes one away. */
void
count_contact(struct account *account, const struct contact *contact, int step)
{
	uint64_t one = step < 0 ? UINT64_MAX : 1;

	account->class_counts[contact->contact_class] += one;
	for (unsigned reach = REACH_EMAIL; reach < REACH_COUNT; reach++) {
		if (contact->reach[reach])
			account->reach_counts[reach] += one;
	}
	for (size_t i = 0; i < contact->list_count; i++) {
		if (bytes_equal(contact->lists[i], LIST_ENGAGED))
			account->engaged_count += one;
	}
	if (contact->dismissal_count > 0)
		account->dismissed_count += one;
}

/* Settles one contact that lives on: what it is shown as, whether it is to be stored,
 * and the totals. */
static int
settle_contact(struct changeset *changeset, struct work *work, struct draft *draft)
{
	struct contact *now = &draft->now;
	enum difference difference = DIFFERS;
	bool dismissals_changed = now->dismissal_count > 0;

	number_secondaries(&changeset->account, now);
	if (draft->before != NULL) {
		if (!draft->merged)
			difference = compare_contacts(draft->before, now);
		dismissals_changed = !dismissals_equal(draft->before, now);
	}
	if (difference == DIFFERS_NOT && !dismissals_changed)
		return 0;
	if (difference == DIFFERS) {
		if (contact_derive(now, work->arena) < 0)
			return -ENOMEM;
		now->version++;
		now->update_time_us = work->event->claim.recorded_at_us;
	}
	if (draft->before != NULL)
		count_contact(&changeset->account, draft->before, -1);
	count_contact(&changeset->account, now, 1);
	changeset->contacts[changeset->contact_count++] = (struct contact_change){
		.before = draft->before,
		.after = *now,
		.revised = difference == DIFFERS,
		.dismissals_changed = dismissals_changed,
	};
	return 0;
}

static int
own(struct changeset *changeset, size_t *capacity, struct arena *arena, const struct identifier *identifier,
    uint64_t contact_id)
{
	struct ownership *ownerships = arena_grow(
	    arena, changeset->ownerships, changeset->ownership_count, capacity, sizeof(*ownerships));

	if (ownerships == NULL)
		return -ENOMEM;
	changeset->ownerships = ownerships;
	ownerships[changeset->ownership_count++] = (struct ownership){
		.namespace_id = identifier->namespace_id,
		.value = identifier->value,
		.contact_id = contact_id,
	};
	return 0;
}

static bool
is_owned_anew(const struct changeset *changeset, size_t count, const struct identifier *identifier)
{
	for (size_t i = 0; i < count; i++) {
		if (changeset->ownerships[i].namespace_id == identifier->namespace_id &&
		    bytes_equal(changeset->ownerships[i].value, identifier->value))
			return true;
	}
	return false;
}

/* What changed hands: first what a contact holds now and did not, then what nobody
 * holds any more. */
static int
settle_ownerships(struct changeset *changeset, const struct work *work)
{
	size_t capacity = 0;
	size_t gained;

	for (size_t i = 0; i < changeset->contact_count; i++) {
		const struct contact_change *change = &changeset->contacts[i];

		for (size_t j = 0; change->revised && j < change->after.identifier_count; j++) {
			const struct identifier *held = &change->after.identifiers[j];

			if (change->before != NULL &&
			    contact_holds(change->before, held->namespace_id, held->value))
				continue;
			if (own(changeset, &capacity, work->arena, held, change->after.id) < 0)
				return -ENOMEM;
		}
	}
	gained = changeset->ownership_count;
	for (size_t i = 0; i < work->draft_count; i++) {
		const struct draft *draft = &work->drafts[i];

		for (size_t j = 0; draft->before != NULL && j < draft->before->identifier_count; j++) {
			const struct identifier *held = &draft->before->identifiers[j];

			if (draft->survivor == NULL &&
			    contact_holds(&draft->now, held->namespace_id, held->value))
				continue;
			if (is_owned_anew(changeset, gained, held))
				continue;
			if (own(changeset, &capacity, work->arena, held, 0) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static enum outcome
settle_outcome(const struct changeset *changeset, const struct work *work)
{
	bool changed = changeset->absorption_count > 0;

	if (work->target->before == NULL)
		return OUTCOME_CREATED;
	for (size_t i = 0; i < changeset->absorption_count; i++) {
		if (changeset->absorptions[i].before->contact_class != CLASS_IDENTIFIED)
			return OUTCOME_IDENTIFIED;
	}
	for (size_t i = 0; i < changeset->contact_count; i++) {
		const struct contact_change *change = &changeset->contacts[i];

		changed = changed || change->revised;
		if (change->before->contact_class != CLASS_IDENTIFIED &&
		    change->after.contact_class == CLASS_IDENTIFIED)
			return OUTCOME_IDENTIFIED;
	}
	return changed ? OUTCOME_UPDATED : OUTCOME_UNCHANGED;
}

/* Fills the changeset's contacts, absorptions and totals, in the order of ids. */
static int
settle_contacts(struct changeset *changeset, struct work *work)
{
	struct draft *target = work->target;

	for (size_t i = 0; i < work->draft_count; i++) {
		if (work->drafts[i].survivor == NULL && draft_promote_aliases(work, &work->drafts[i]) < 0)
			return -ENOMEM;
	}
	if (limit_contact(work, target) < 0)
		return -ENOMEM;
	draft_finish(target);
	if (join_engaged(work) < 0)
		return -ENOMEM;
	if (target->before == NULL)
		changeset->account.last_contact_id = target->now.id;
	for (size_t i = 0; i < work->draft_count; i++) {
		struct draft *draft = &work->drafts[i];

		if (draft->survivor == NULL) {
			if (settle_contact(changeset, work, draft) < 0)
				return -ENOMEM;
			continue;
		}
		count_contact(&changeset->account, draft->before, -1);
		changeset->absorptions[changeset->absorption_count++] = (struct absorption){
			.before = draft->before,
			.survivor_contact_id = draft->survivor->now.id,
		};
	}
	return 0;
}

int
settle_changeset(struct changeset *changeset, struct work *work)
{
	struct changeset settled = { .account = work->known->account };

	settled.contacts = arena_calloc(work->arena, work->draft_count, sizeof(*settled.contacts));
	settled.absorptions = arena_calloc(work->arena, work->draft_count, sizeof(*settled.absorptions));
	if (settled.contacts == NULL || settled.absorptions == NULL)
		return -ENOMEM;
	if (settle_contacts(&settled, work) < 0 || settle_ownerships(&settled, work) < 0)
		return -ENOMEM;

	settled.contact = &work->target->now;
	settled.outcome = settle_outcome(&settled, work);
	settled.conflicts = work->conflicts;
	settled.conflict_count = work->conflict_count;
	settled.losses = work->losses;
	settled.loss_count = work->loss_count;
	settled.acquaintances = work->acquaintances;
	settled.acquaintance_count = work->acquaintance_count;
	settled.shared = work->shared;
	settled.shared_count = work->shared_count;
	if (settled.outcome != OUTCOME_UNCHANGED)
		settled.account.revision++;
	settled.journalled =
	    settled.outcome != OUTCOME_UNCHANGED || settled.conflict_count > 0 || settled.loss_count > 0;
	if (settled.journalled)
		settled.account.journal_sequence++;
	*changeset = settled;
	return 0;
}
