/* A dismissal keeps no value, only what tells it again: what an operator called wrong is
 * nothing to be kept of a person. */
#include "rules/dismiss.h"

#include <errno.h>

enum { SCALAR_BYTES = 8 };

/* What of a value its digest covers besides its type. Borrows from the value or scalar. */
static struct bytes
value_content(const struct value *value, uint8_t scalar[SCALAR_BYTES])
{
	uint64_t bits = 0;

	switch (value->type) {
	case VALUE_STRING:
		return value->string;
	case VALUE_BOOL:
		bits = value->boolean;
		break;
	case VALUE_NUMBER:
		memcpy(&bits, &value->number, sizeof(bits));
		break;
	case VALUE_TIME:
		bits = (uint64_t)value->time_us;
		break;
	case VALUE_NONE:
		break;
	}
	for (size_t i = 0; i < SCALAR_BYTES; i++)
		scalar[i] = (uint8_t)(bits >> (8 * i));
	return bytes_of(scalar, SCALAR_BYTES);
}

/* The dismissal of a value: the digest differs from account to account, so that nothing
 * can be told of one by another. */
static struct dismissal
dismissal_of(const struct work *work, const struct secondary *secondary, int64_t time_us)
{
	struct dismissal dismissal = { .name = secondary_name(secondary), .time_us = time_us };
	struct value value = secondary_value(secondary);
	uint8_t type = (uint8_t)value.type;
	uint8_t scalar[SCALAR_BYTES];
	const struct bytes parts[] = {
		work->event->account,
		dismissal.name,
		bytes_of(&type, sizeof(type)),
		value_content(&value, scalar),
	};

	digest_parts(dismissal.digest, work->known->key, parts, sizeof(parts) / sizeof(parts[0]));
	return dismissal;
}

static bool
is_of_same_value(const struct dismissal *a, const struct dismissal *b)
{
	return bytes_equal(a->name, b->name) && memcmp(a->digest, b->digest, DIGEST_BYTES) == 0;
}

/* Puts a dismissal among the others; the oldest goes when there are too many. */
static int
put_dismissal(struct work *work, struct draft *draft, const struct dismissal *dismissal)
{
	struct contact *now = &draft->now;
	struct dismissal *kept = arena_calloc(work->arena, now->dismissal_count + 1, sizeof(*kept));
	size_t count = 0;
	bool placed = false;

	if (kept == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < now->dismissal_count; i++) {
		const struct dismissal *held = &now->dismissals[i];

		if (is_of_same_value(held, dismissal)) {
			if (held->time_us >= dismissal->time_us)
				return 0;
			continue;
		}
		if (!placed && dismissal_compare(dismissal, held) < 0) {
			kept[count++] = *dismissal;
			placed = true;
		}
		kept[count++] = *held;
	}
	if (!placed)
		kept[count++] = *dismissal;
	if (count > LIMIT_CONTACT_DISMISSALS) {
		kept++;
		count--;
	}
	now->dismissals = kept;
	now->dismissal_count = count;
	return 0;
}

int
draft_dismiss(struct work *work, struct draft *draft, const struct secondary *secondary, int64_t time_us)
{
	const struct dismissal dismissal = dismissal_of(work, secondary, time_us);

	return put_dismissal(work, draft, &dismissal);
}

bool
draft_has_dismissed(const struct work *work, const struct draft *draft, const struct secondary *secondary)
{
	struct secondary offered = *secondary;
	struct dismissal sought;

	if (draft->now.dismissal_count == 0)
		return false;
	sought = dismissal_of(work, secondary, secondary_claim(&offered)->observed_at_us);
	for (size_t i = 0; i < draft->now.dismissal_count; i++) {
		const struct dismissal *held = &draft->now.dismissals[i];

		if (held->time_us >= sought.time_us && is_of_same_value(held, &sought))
			return true;
	}
	return false;
}

int
draft_adopt_dismissals(struct work *work, struct draft *draft, const struct contact *from)
{
	for (size_t i = 0; i < from->dismissal_count; i++) {
		if (put_dismissal(work, draft, &from->dismissals[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

bool
dismissals_equal(const struct contact *a, const struct contact *b)
{
	if (a->dismissal_count != b->dismissal_count)
		return false;
	for (size_t i = 0; i < a->dismissal_count; i++) {
		if (dismissal_compare(&a->dismissals[i], &b->dismissals[i]) != 0)
			return false;
	}
	return true;
}
