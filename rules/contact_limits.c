/* What a contact may hold at most. Past a limit the least gives way, be it what has
 * just come in: a limit never fails a call. Each order below ends in something that
 * is unique, so that the same contact always keeps the same values. */
#include "rules/contact_limits.h"

#include <errno.h>

#include "base/limits.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

/* Devices: by (observed_at, rank, namespace, value). */
static int
device_order(const struct identifier *a, const struct identifier *b)
{
	int order = claim_compare(&a->claim, &b->claim);

	if (order == 0)
		order = bytes_compare(namespace_name(a->namespace_id), namespace_name(b->namespace_id));
	return order != 0 ? order : bytes_compare(a->value, b->value);
}

static int
limit_devices(struct work *work, struct draft *draft)
{
	for (;;) {
		struct identifier *least = NULL;
		size_t count = 0;

		for (size_t i = 0; i < draft->now.identifier_count; i++) {
			struct identifier *identifier = &draft->now.identifiers[i];

			if (namespace_is_personal(identifier->namespace_id))
				continue;
			count++;
			if (least == NULL || device_order(identifier, least) < 0)
				least = identifier;
		}
		if (count <= LIMIT_CONTACT_DEVICES)
			return 0;
		if (draft_lose_identifier(work, draft, least, LOSS_LIMIT) < 0)
			return -ENOMEM;
	}
}

/* Attributes: by (observed_at, rank, name). */
static int
attribute_order(const struct attribute *a, const struct attribute *b)
{
	int order = claim_compare(&a->claim, &b->claim);

	return order != 0 ? order : bytes_compare(a->name, b->name);
}

/* Whether the event names an attribute without having set it: another value stayed, or
 * the same under another claim. Such a one never gives way. Its name would be free when
 * the same event came again, and what it says would then be taken (R27). An event names
 * no more attributes than a contact may hold, so another is always found. */
static bool
is_upheld(const struct work *work, const struct attribute *held)
{
	for (size_t i = 0; i < work->event->attribute_count; i++) {
		const struct attribute *said = &work->event->attributes[i];

		if (bytes_equal(said->name, held->name))
			return value_compare(&said->value, &held->value) != 0 ||
			    claim_compare(&said->claim, &held->claim) != 0;
	}
	return false;
}

/* The one to give way. */
static size_t
find_least_attribute(const struct work *work, const struct draft *draft)
{
	const struct attribute *attributes = draft->now.attributes;
	size_t least = draft->now.attribute_count;

	for (size_t i = 0; i < draft->now.attribute_count; i++) {
		if (least < draft->now.attribute_count &&
		    attribute_order(&attributes[i], &attributes[least]) > 0)
			continue;
		if (!is_upheld(work, &attributes[i]))
			least = i;
	}
	return least;
}

static int
limit_attributes(struct work *work, struct draft *draft)
{
	while (draft->now.attribute_count > LIMIT_CONTACT_ATTRIBUTES) {
		size_t least = find_least_attribute(work, draft);
		const struct secondary lost = { .attribute = draft->now.attributes[least] };

		if (work_note_loss(work, LOSS_LIMIT, draft, &lost) < 0)
			return -ENOMEM;
		draft_remove_attribute(draft, least);
	}
	return 0;
}

/* Secondaries: by (observed_at, rank, name, value), personal identifiers last (R21). */
static int
secondary_order(struct secondary *a, struct secondary *b)
{
	bool personal_a = namespace_is_personal(a->identifier.namespace_id);
	bool personal_b = namespace_is_personal(b->identifier.namespace_id);
	struct value value_a = secondary_value(a);
	struct value value_b = secondary_value(b);
	int order;

	if (personal_a != personal_b)
		return personal_a ? 1 : -1;
	order = claim_compare(secondary_claim(a), secondary_claim(b));
	if (order == 0)
		order = bytes_compare(secondary_name(a), secondary_name(b));
	return order != 0 ? order : value_compare(&value_a, &value_b);
}

static int
limit_secondaries(struct work *work, struct draft *draft)
{
	while (draft->now.secondary_count > LIMIT_CONTACT_SECONDARIES) {
		struct secondary *secondaries = draft->now.secondaries;
		size_t least = 0;

		for (size_t i = 1; i < draft->now.secondary_count; i++) {
			if (secondary_order(&secondaries[i], &secondaries[least]) < 0)
				least = i;
		}
		if (work_note_loss(work, LOSS_SUPERSEDED, draft, &secondaries[least]) < 0)
			return -ENOMEM;
		draft_remove_secondary(draft, least);
	}
	return 0;
}

int
limit_contact(struct work *work, struct draft *draft)
{
	if (limit_devices(work, draft) < 0 || limit_attributes(work, draft) < 0)
		return -ENOMEM;
	return limit_secondaries(work, draft);
}
