/* An operator has asked the customer: nobody else is asked, and the word stands as the
 * account's own from now on. */
#include "rules/operate.h"

#include <errno.h>

#include "rules/dismiss.h"
#include "rules/draft.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"
#include "rules/settle.h"

int
act_prepare(struct event *event, struct rejection *rejection, enum action action, struct bytes account,
    const struct act *act)
{
	int result = 0;

	if (!account_is_valid(account))
		result = decide_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	else if (act->operator_name.size == 0)
		result = decide_reject(
		    rejection, REASON_OPERATOR_MISSING, "operator", "It is not said who the operator is.");
	else if (!text_is_valid(act->operator_name, LIMIT_OPERATOR_BYTES))
		result = decide_reject(rejection, REASON_FIELD_INVALID, "operator",
		    "The operator's name is longer than 128 bytes.");
	if (result != 0)
		return EVENT_E_REJECTED;
	*event = (struct event){
		.action = action,
		.account = account,
		.claim = { .source = SOURCE_CONTACTS },
		.act = *act,
	};
	return 0;
}

static struct secondary *
find_secondary(const struct draft *draft, uint64_t secondary_id)
{
	for (size_t i = 0; i < draft->now.secondary_count; i++) {
		if (draft->now.secondaries[i].id == secondary_id)
			return &draft->now.secondaries[i];
	}
	return NULL;
}

/* Opens the contact that the act is about, as the target, and finds its secondary. 0;
 * DECIDE_E_REJECTED; -ENOMEM. */
static int
open_subject(struct secondary **secondary, struct rejection *rejection, struct work *work)
{
	const struct act *act = &work->event->act;
	struct secondary *found;

	if (work->known->subject_id == 0)
		return decide_reject(
		    rejection, REASON_CONTACT_NOT_FOUND, "contact_id", "No contact has this id.");
	if (work_open(work) < 0)
		return -ENOMEM;
	work->target = work_find(work, work->known->subject_id);
	if (work->target->before->version != act->contact_version)
		return decide_reject(rejection, REASON_VERSION_MISMATCH, "contact_version",
		    "The contact has another version by now.");
	found = act->secondary_id == 0 ? NULL : find_secondary(work->target, act->secondary_id);
	if (found == NULL)
		return decide_reject(rejection, REASON_SECONDARY_NOT_FOUND, "secondary_id",
		    "The contact has no open secondary of this id.");
	*secondary = found;
	return 0;
}

/* What the operator's word rests on: said now, in the conversation that brought the
 * value up. */
static struct claim
claim_of_act(const struct event *event, struct secondary *secondary)
{
	struct claim claim = event->claim;

	claim.conversation = secondary_claim(secondary)->conversation;
	return claim;
}

/* The value takes its place: what held it is released, an alias of the contact's own
 * comes to the fore. */
static int
hold_promoted(struct work *work, struct secondary promoted)
{
	struct draft *target = work->target;
	const struct claim claim = claim_of_act(work->event, &promoted);
	struct identifier *alias;
	struct identifier *held;

	*secondary_claim(&promoted) = claim;
	if (promoted.identifier.namespace_id == NAMESPACE_NONE)
		return draft_hold_attribute(work, target, &promoted.attribute);
	held = namespace_is_personal(promoted.identifier.namespace_id)
	    ? draft_held(target, promoted.identifier.namespace_id)
	    : NULL;
	if (held != NULL && draft_lose_identifier(work, target, held, LOSS_TAKEN) < 0)
		return -ENOMEM;
	alias = draft_identifier(target, promoted.identifier.namespace_id, promoted.identifier.value);
	if (alias == NULL)
		return draft_hold_identifier(work, target, &promoted.identifier);
	*alias = promoted.identifier;
	alias->alias = false;
	return 0;
}

/* Settles, and says what the act was about. */
static int
settle_act(struct changeset *changeset, struct work *work, const struct secondary *subject)
{
	int result = settle_changeset(changeset, work);

	if (result == 0)
		changeset->subject = *subject;
	return result;
}

int
promote_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known)
{
	struct work work = { .arena = arena, .event = event, .known = known };
	struct secondary *secondary;
	struct secondary subject;
	int result = open_subject(&secondary, rejection, &work);

	if (result != 0)
		return result;
	if (known->offered_owner_id != 0 && known->offered_owner_id != known->subject_id) {
		decide_reject(rejection, REASON_IDENTIFIER_OWNED, "secondary_id",
		    "Another contact owns the identifier.");
		rejection->owner_contact_id = known->offered_owner_id;
		return DECIDE_E_REJECTED;
	}
	subject = *secondary;
	if (draft_close_secondary(&work, work.target, secondary, LOSS_PROMOTED) < 0 ||
	    hold_promoted(&work, subject) < 0)
		return -ENOMEM;
	return settle_act(changeset, &work, &subject);
}

int
dismiss_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known)
{
	struct work work = { .arena = arena, .event = event, .known = known };
	struct secondary *secondary;
	struct secondary subject;
	int result = open_subject(&secondary, rejection, &work);

	if (result != 0)
		return result;
	subject = *secondary;
	if (draft_close_secondary(&work, work.target, secondary, LOSS_DISMISSED) < 0 ||
	    draft_dismiss(&work, work.target, &subject, event->claim.observed_at_us) < 0)
		return -ENOMEM;
	return settle_act(changeset, &work, &subject);
}
