/* A contact goes, with the totals that it was counted in and the identifiers that it owned.
 * Of other contacts only what names it changes: secondaries that offer an identifier of it,
 * or say that it owns what they offer. No policy is asked, and nothing takes the place of
 * what goes. */
#include "rules/erase.h"

#include <errno.h>
#include <stdio.h>

#include "rules/draft.h"
#include "rules/namespaces.h"
#include "rules/settle.h"

static bool
is_erased_id(const struct neighbourhood *known, uint64_t contact_id)
{
	if (contact_id == known->subject_id)
		return true;
	for (size_t i = 0; i < known->forwarded_count; i++) {
		if (known->forwarded_ids[i] == contact_id)
			return true;
	}
	return false;
}

/* Whether a secondary of another contact tells of the one that goes. */
static bool
names_erased(
    const struct secondary *secondary, const struct neighbourhood *known, const struct contact *erased)
{
	if (secondary->owner_contact_id != 0 && is_erased_id(known, secondary->owner_contact_id))
		return true;
	return secondary->identifier.namespace_id != NAMESPACE_NONE &&
	    contact_holds(erased, secondary->identifier.namespace_id, secondary->identifier.value);
}

/* Closes those secondaries of one contact. Of the values that they offered nothing is
 * noted. */
static int
close_secondaries(struct changeset *changeset, struct arena *arena, size_t *loss_capacity,
    const struct event *event, const struct neighbourhood *known, const struct contact *contact)
{
	struct contact after = *contact;

	after.secondary_count = 0;
	after.secondaries = arena_calloc(arena, contact->secondary_count, sizeof(*after.secondaries));
	if (after.secondaries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < contact->secondary_count; i++) {
		const struct secondary *secondary = &contact->secondaries[i];
		struct loss *losses;

		if (!names_erased(secondary, known, changeset->erased)) {
			after.secondaries[after.secondary_count++] = *secondary;
			continue;
		}
		losses = arena_grow(
		    arena, changeset->losses, changeset->loss_count, loss_capacity, sizeof(*losses));
		if (losses == NULL)
			return -ENOMEM;
		changeset->losses = losses;
		losses[changeset->loss_count++] = (struct loss){
			.cause = LOSS_ERASED,
			.contact_id = contact->id,
			.value = { .id = secondary->id },
		};
	}
	if (after.secondary_count == contact->secondary_count)
		return 0;
	after.version++;
	after.update_time_us = event->claim.recorded_at_us;
	changeset->contacts[changeset->contact_count++] =
	    (struct contact_change){ .before = contact, .after = after, .revised = true };
	return 0;
}

/* Nobody owns what the contact did. */
static int
release_identifiers(struct changeset *changeset, struct arena *arena)
{
	const struct contact *erased = changeset->erased;
	struct ownership *ownerships = arena_calloc(arena, erased->identifier_count, sizeof(*ownerships));

	if (ownerships == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < erased->identifier_count; i++)
		ownerships[i] = (struct ownership){
			.namespace_id = erased->identifiers[i].namespace_id,
			.value = erased->identifiers[i].value,
		};
	changeset->ownerships = ownerships;
	changeset->ownership_count = erased->identifier_count;
	return 0;
}

/* How many identifiers are refused from now on: nobody can have one that was before. */
static uint64_t
count_suppressed(const struct event *event, const struct contact *erased)
{
	uint64_t count = 0;

	for (size_t i = 0; event->act.suppress && i < erased->identifier_count; i++)
		count += namespace_is_personal(erased->identifiers[i].namespace_id);
	return count;
}

int
erase_decide(struct changeset *out, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known)
{
	struct changeset changeset = {
		.outcome = OUTCOME_UPDATED,
		.account = known->account,
		.journalled = true,
	};
	size_t loss_capacity = 0;

	if (known->subject_id == 0)
		return decide_reject(
		    rejection, REASON_CONTACT_NOT_FOUND, "contact_id", "No contact has this id.");
	changeset.contacts = arena_calloc(arena, known->contact_count, sizeof(*changeset.contacts));
	if (changeset.contacts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < known->contact_count; i++) {
		if (known->contacts[i].id == known->subject_id)
			changeset.erased = &known->contacts[i];
	}
	for (size_t i = 0; i < known->contact_count; i++) {
		const struct contact *contact = &known->contacts[i];

		if (contact != changeset.erased &&
		    close_secondaries(&changeset, arena, &loss_capacity, event, known, contact) < 0)
			return -ENOMEM;
	}
	if (release_identifiers(&changeset, arena) < 0)
		return -ENOMEM;
	count_contact(&changeset.account, changeset.erased, -1);
	changeset.account.suppressed_count += count_suppressed(event, changeset.erased);
	changeset.account.revision++;
	changeset.account.journal_sequence++;
	*out = changeset;
	return 0;
}

int
suppressed_decide(struct rejection *rejection, const struct event *event, const struct neighbourhood *known)
{
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < event->identifier_count; i++) {
		if (known->suppressed[i] && event->identifier_places[i] < first)
			first = event->identifier_places[i];
	}
	if (first == SIZE_MAX)
		return 0;
	decide_reject(rejection, REASON_IDENTIFIER_SUPPRESSED, "",
	    "Whoever had this identifier was erased, and is not to be taken in again.");
	snprintf(rejection->field, sizeof(rejection->field), "identifiers[%zu].value", first);
	return DECIDE_E_REJECTED;
}
