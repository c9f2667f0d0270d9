/* An absorbed contact's values arrive as if they were said now, each under its own
 * claim (R11). */
#include "rules/absorb.h"

#include <errno.h>

#include "rules/derive.h"
#include "rules/dismiss.h"
#include "rules/intake.h"

/* Whoever held the event's identifiers through the absorbed contact is the target now. */
static void
repoint_owners(struct work *work, const struct draft *absorbed)
{
	for (size_t i = 0; i < work->event->identifier_count; i++) {
		if (work->owners[i] == absorbed)
			work->owners[i] = work->target;
	}
}

int
contact_absorb(struct work *work, struct draft *absorbed)
{
	struct draft *target = work->target;
	const struct contact *from = &absorbed->now;

	if (contact_class_of(from) != CLASS_IDENTIFIED)
		target->absorbed_anonymous = true;
	for (size_t i = 0; i < from->identifier_count; i++) {
		if (draft_hold_identifier(work, target, &from->identifiers[i]) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < from->attribute_count; i++) {
		if (intake_attribute(work, &from->attributes[i], from->id, false) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < from->secondary_count; i++) {
		if (draft_adopt_secondary(work, target, &from->secondaries[i]) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < from->list_count; i++) {
		if (draft_join_list(work->arena, target, from->lists[i]) < 0)
			return -ENOMEM;
	}
	if (draft_adopt_dismissals(work, target, from) < 0)
		return -ENOMEM;
	absorbed->survivor = target;
	repoint_owners(work, absorbed);
	return 0;
}
