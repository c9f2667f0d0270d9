/* What a contact may hold at most. Past a limit the least gives way, be it what has
 * just come in: a limit never fails a call. Each order below ends in something that
 * is unique, so that the same contact always keeps the same values. */
#include "rules/contact_limits.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

/* Identifiers: by (observed_at, rank, namespace, value). */
static int
identifier_order(const void *one, const void *other)
{
	const struct identifier *a = *(struct identifier *const *)one;
	const struct identifier *b = *(struct identifier *const *)other;
	int order = claim_compare(&a->claim, &b->claim);

	if (order == 0)
		order = bytes_compare(namespace_name(a->namespace_id), namespace_name(b->namespace_id));
	return order != 0 ? order : bytes_compare(a->value, b->value);
}

/* Releases the least of some identifiers. */
static int
release_least(struct work *work, struct draft *draft, struct identifier **identifiers, size_t count,
    size_t release_count)
{
	qsort(identifiers, count, sizeof(struct identifier *), identifier_order);
	for (size_t i = 0; i < release_count; i++) {
		const struct secondary lost = { .identifier = *identifiers[i] };

		if (work_note_loss(work, LOSS_LIMIT, draft, &lost) < 0)
			return -ENOMEM;
		*identifiers[i] = (struct identifier){ .namespace_id = NAMESPACE_NONE };
	}
	return 0;
}

/* Whether the event names a device that the contact had before it. Such a one never gives
 * way: the same event, come again, might find nobody by it, and make a new contact
 * (R27). An event names no more identifiers than a contact may have devices. */
static bool
is_known(const struct work *work, const struct draft *draft, const struct identifier *held)
{
	for (size_t i = 0; draft->before != NULL && i < work->event->identifier_count; i++) {
		const struct identifier *seen = &work->event->identifiers[i];

		if (seen->namespace_id == held->namespace_id && bytes_equal(seen->value, held->value))
			return contact_holds(draft->before, held->namespace_id, held->value);
	}
	return false;
}

static int
limit_devices(struct work *work, struct draft *draft)
{
	struct identifier **loose =
	    arena_calloc(work->arena, draft->now.identifier_count, sizeof(struct identifier *));
	size_t device_count = 0;
	size_t loose_count = 0;

	if (loose == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < draft->now.identifier_count; i++) {
		struct identifier *identifier = &draft->now.identifiers[i];

		if (namespace_is_personal(identifier->namespace_id))
			continue;
		device_count++;
		if (!is_known(work, draft, identifier))
			loose[loose_count++] = identifier;
	}
	if (device_count <= LIMIT_CONTACT_DEVICES)
		return 0;
	return release_least(work, draft, loose, loose_count, device_count - LIMIT_CONTACT_DEVICES);
}

/* Aliases come by merging alone, and no event names so many that a repeat of it could miss
 * one. */
static int
limit_aliases(struct work *work, struct draft *draft)
{
	struct identifier **aliases =
	    arena_calloc(work->arena, draft->now.identifier_count, sizeof(struct identifier *));
	size_t count = 0;

	if (aliases == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < draft->now.identifier_count; i++) {
		if (draft->now.identifiers[i].alias)
			aliases[count++] = &draft->now.identifiers[i];
	}
	if (count <= LIMIT_CONTACT_ALIASES)
		return 0;
	return release_least(work, draft, aliases, count, count - LIMIT_CONTACT_ALIASES);
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

/* One of the contact's attributes, and what keeps it from giving way. */
struct standing {
	struct attribute *attribute;
	bool upheld;
	bool personal; /* says who the contact is: without it a repeat might find a stranger (R27) */
};

/* Attributes: by (observed_at, rank, name), names last of all but what is upheld. */
static int
standing_order(const void *one, const void *other)
{
	const struct standing *a = one;
	const struct standing *b = other;
	int order;

	if (a->upheld != b->upheld)
		return a->upheld ? 1 : -1;
	if (a->personal != b->personal)
		return a->personal ? 1 : -1;
	order = claim_compare(&a->attribute->claim, &b->attribute->claim);
	return order != 0 ? order : bytes_compare(a->attribute->name, b->attribute->name);
}

static int
limit_attributes(struct work *work, struct draft *draft)
{
	size_t count = draft->now.attribute_count;
	struct standing *standings;

	if (count <= LIMIT_CONTACT_ATTRIBUTES)
		return 0;
	standings = arena_calloc(work->arena, count, sizeof(*standings));
	if (standings == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct attribute *attribute = &draft->now.attributes[i];

		standings[i] = (struct standing){
			.attribute = attribute,
			.upheld = is_upheld(work, attribute),
			.personal = attribute_is_personal(attribute->name),
		};
	}
	qsort(standings, count, sizeof(*standings), standing_order);
	for (size_t i = 0; i < count - LIMIT_CONTACT_ATTRIBUTES; i++) {
		const struct secondary lost = { .attribute = *standings[i].attribute };

		if (work_note_loss(work, LOSS_LIMIT, draft, &lost) < 0)
			return -ENOMEM;
		*standings[i].attribute = (struct attribute){ .name = { NULL, 0 } };
	}
	return 0;
}

/* Secondaries: by (observed_at, rank, name, value), personal identifiers last (R21). */
static int
secondary_order(const void *one, const void *other)
{
	struct secondary *a = *(struct secondary *const *)one;
	struct secondary *b = *(struct secondary *const *)other;
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
	struct secondary **open =
	    arena_calloc(work->arena, draft->now.secondary_count, sizeof(struct secondary *));
	size_t count = 0;

	if (open == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < draft->now.secondary_count; i++) {
		if (!secondary_is_gap(&draft->now.secondaries[i]))
			open[count++] = &draft->now.secondaries[i];
	}
	if (count <= LIMIT_CONTACT_SECONDARIES)
		return 0;
	qsort(open, count, sizeof(struct secondary *), secondary_order);
	for (size_t i = 0; i < count - LIMIT_CONTACT_SECONDARIES; i++) {
		if (work_note_loss(work, LOSS_SUPERSEDED, draft, open[i]) < 0)
			return -ENOMEM;
		*open[i] = (struct secondary){ .id = 0 };
	}
	return 0;
}

int
limit_contact(struct work *work, struct draft *draft)
{
	if (limit_devices(work, draft) < 0 || limit_aliases(work, draft) < 0 ||
	    limit_attributes(work, draft) < 0)
		return -ENOMEM;
	return limit_secondaries(work, draft);
}
