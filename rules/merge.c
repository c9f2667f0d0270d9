/* No policy is asked: what the survivor holds stands, and the other one fills it up.
 * Nothing that led to either of the two stops leading to them, so an identifier that
 * loses its place stays as an alias. */
#include "rules/merge.h"

#include <errno.h>

#include "rules/dismiss.h"
#include "rules/draft.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"
#include "rules/settle.h"

static int
merge_identifiers(struct work *work, const struct contact *from)
{
	struct draft *target = work->target;

	for (size_t i = 0; i < from->identifier_count; i++) {
		struct identifier identifier = from->identifiers[i];

		if (namespace_is_personal(identifier.namespace_id) &&
		    draft_held(target, identifier.namespace_id) != NULL)
			identifier.alias = true;
		if (draft_hold_identifier(work, target, &identifier) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A boolean is a consent more often than not: once either side says no, it is no. */
static bool
is_denied(const struct attribute *held, const struct attribute *attribute)
{
	return held->value.type == VALUE_BOOL && held->value.boolean && attribute->value.type == VALUE_BOOL &&
	    !attribute->value.boolean;
}

static int
merge_attributes(struct work *work, const struct contact *from)
{
	struct draft *target = work->target;

	for (size_t i = 0; i < from->attribute_count; i++) {
		const struct attribute *attribute = &from->attributes[i];
		struct attribute *held = draft_attribute(target, attribute->name);

		if (held == NULL || is_denied(held, attribute)) {
			if (draft_hold_attribute(work, target, attribute) < 0)
				return -ENOMEM;
		} else if (value_compare(&held->value, &attribute->value) == 0) {
			claim_raise(&held->claim, &attribute->claim);
		}
	}
	return 0;
}

/* Whether a secondary offers what is the contact's own by now, be it as an alias. */
static bool
is_own(struct draft *target, const struct secondary *secondary)
{
	return secondary->identifier.namespace_id != NAMESPACE_NONE &&
	    draft_identifier(target, secondary->identifier.namespace_id, secondary->identifier.value) != NULL;
}

/* Both sides' secondaries, once all else has its place. */
static int
merge_secondaries(struct work *work, const struct contact *from)
{
	struct draft *target = work->target;

	for (size_t i = 0; i < target->now.secondary_count; i++) {
		struct secondary *open = &target->now.secondaries[i];

		if (is_own(target, open) && draft_close_secondary(work, target, open, LOSS_AGREED) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < from->secondary_count; i++) {
		const struct secondary *secondary = &from->secondaries[i];
		int result = is_own(target, secondary) ? work_note_loss(work, LOSS_AGREED, target, secondary)
						       : draft_adopt_secondary(work, target, secondary);

		if (result < 0)
			return result;
	}
	return 0;
}

static int
merge_contact(struct work *work, struct draft *absorbed)
{
	struct draft *target = work->target;
	const struct contact *from = &absorbed->now;

	if (merge_identifiers(work, from) < 0 || merge_attributes(work, from) < 0 ||
	    merge_secondaries(work, from) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < from->list_count; i++) {
		if (draft_join_list(work->arena, target, from->lists[i]) < 0)
			return -ENOMEM;
	}
	if (draft_adopt_dismissals(work, target, from) < 0)
		return -ENOMEM;
	absorbed->survivor = target;
	target->merged = true;
	return 0;
}

/* Whether there are two contacts to merge. */
static int
find_two(struct rejection *rejection, const struct neighbourhood *known)
{
	static const char not_found[] = "No contact has this id.";

	if (known->subject_id == 0)
		return decide_reject(rejection, REASON_CONTACT_NOT_FOUND, "surviving_contact_id", not_found);
	if (known->absorbed_id == 0)
		return decide_reject(rejection, REASON_CONTACT_NOT_FOUND, "absorbed_contact_id", not_found);
	if (known->absorbed_id == known->subject_id)
		return decide_reject(rejection, REASON_MERGE_INVALID, "absorbed_contact_id",
		    "Both ids lead to the same contact.");
	return 0;
}

static int
compare_versions(struct rejection *rejection, const struct work *work, const struct draft *absorbed)
{
	static const char changed[] = "The contact has another version by now.";
	const struct act *act = &work->event->act;

	if (work->target->before->version != act->contact_version)
		return decide_reject(
		    rejection, REASON_VERSION_MISMATCH, "surviving_contact_version", changed);
	if (absorbed->before->version != act->absorbed_contact_version)
		return decide_reject(rejection, REASON_VERSION_MISMATCH, "absorbed_contact_version", changed);
	return 0;
}

int
merge_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known)
{
	struct work work = { .arena = arena, .event = event, .known = known };
	struct draft *absorbed;
	int result = find_two(rejection, known);

	if (result != 0)
		return result;
	if (work_open(&work) < 0)
		return -ENOMEM;
	work.target = work_find(&work, known->subject_id);
	absorbed = work_find(&work, known->absorbed_id);
	result = compare_versions(rejection, &work, absorbed);
	if (result != 0)
		return result;
	if (merge_contact(&work, absorbed) < 0)
		return -ENOMEM;
	return settle_changeset(changeset, &work);
}
