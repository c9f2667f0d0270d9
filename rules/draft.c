/* Arrays are short (a limit stands over each), so they are searched from one end
 * to the other and kept in order by shifting. */
#include "rules/draft.h"

#include <errno.h>

#include "rules/namespaces.h"
#include "rules/normalize.h"

enum { SLACK_ITEMS = 4 };

void *
grow_array(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_bytes)
{
	size_t wanted = *capacity * 2 + SLACK_ITEMS;
	void *larger;

	if (count < *capacity)
		return items;
	larger = arena_calloc(arena, wanted, item_bytes);
	if (larger == NULL)
		return NULL;
	if (count > 0)
		memcpy(larger, items, count * item_bytes);
	*capacity = wanted;
	return larger;
}

static int
copy_array(
    void **out, size_t *capacity, struct arena *arena, const void *items, size_t count, size_t item_bytes)
{
	void *copy = arena_calloc(arena, count + SLACK_ITEMS, item_bytes);

	if (copy == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(copy, items, count * item_bytes);
	*out = copy;
	*capacity = count + SLACK_ITEMS;
	return 0;
}

int
draft_open(struct draft *draft, struct arena *arena, const struct contact *contact)
{
	struct draft opened = { .before = contact, .now = *contact };
	void *identifiers;
	void *attributes;
	void *secondaries;
	void *lists;

	if (copy_array(&identifiers, &opened.identifier_capacity, arena, contact->identifiers,
		contact->identifier_count, sizeof(*contact->identifiers)) < 0 ||
	    copy_array(&attributes, &opened.attribute_capacity, arena, contact->attributes,
		contact->attribute_count, sizeof(*contact->attributes)) < 0 ||
	    copy_array(&secondaries, &opened.secondary_capacity, arena, contact->secondaries,
		contact->secondary_count, sizeof(*contact->secondaries)) < 0 ||
	    copy_array(&lists, &opened.list_capacity, arena, contact->lists, contact->list_count,
		sizeof(*contact->lists)) < 0)
		return -ENOMEM;
	opened.now.identifiers = identifiers;
	opened.now.attributes = attributes;
	opened.now.secondaries = secondaries;
	opened.now.lists = lists;
	*draft = opened;
	return 0;
}

struct identifier *
draft_identifier(const struct draft *draft, enum namespace_id namespace_id, struct bytes value)
{
	for (size_t i = 0; i < draft->now.identifier_count; i++) {
		struct identifier *identifier = &draft->now.identifiers[i];

		if (identifier->namespace_id == namespace_id && bytes_equal(identifier->value, value))
			return identifier;
	}
	return NULL;
}

struct identifier *
draft_held(const struct draft *draft, enum namespace_id namespace_id)
{
	for (size_t i = 0; i < draft->now.identifier_count; i++) {
		struct identifier *identifier = &draft->now.identifiers[i];

		if (identifier->namespace_id == namespace_id && !identifier->alias)
			return identifier;
	}
	return NULL;
}

struct attribute *
draft_attribute(const struct draft *draft, struct bytes name)
{
	for (size_t i = 0; i < draft->now.attribute_count; i++) {
		if (bytes_equal(draft->now.attributes[i].name, name))
			return &draft->now.attributes[i];
	}
	return NULL;
}

struct value
value_of_string(struct bytes string)
{
	return (struct value){ .type = VALUE_STRING, .string = string };
}

static bool
secondary_is_identifier(const struct secondary *secondary)
{
	return secondary->identifier.namespace_id != NAMESPACE_NONE;
}

struct bytes
secondary_name(const struct secondary *secondary)
{
	if (secondary_is_identifier(secondary))
		return namespace_name(secondary->identifier.namespace_id);
	return secondary->attribute.name;
}

struct value
secondary_value(const struct secondary *secondary)
{
	if (secondary_is_identifier(secondary))
		return value_of_string(secondary->identifier.value);
	return secondary->attribute.value;
}

struct claim *
secondary_claim(struct secondary *secondary)
{
	return secondary_is_identifier(secondary) ? &secondary->identifier.claim
						  : &secondary->attribute.claim;
}

static bool
secondaries_agree(const struct secondary *a, const struct secondary *b)
{
	if (secondary_is_identifier(a) || secondary_is_identifier(b))
		return a->identifier.namespace_id == b->identifier.namespace_id &&
		    bytes_equal(a->identifier.value, b->identifier.value);
	return bytes_equal(a->attribute.name, b->attribute.name) &&
	    value_compare(&a->attribute.value, &b->attribute.value) == 0;
}

/* Whether the contact holds the very value that the secondary offers. */
static bool
draft_agrees(const struct draft *draft, const struct secondary *secondary)
{
	const struct attribute *attribute;

	if (secondary_is_identifier(secondary)) {
		const struct identifier *identifier =
		    draft_identifier(draft, secondary->identifier.namespace_id, secondary->identifier.value);

		return identifier != NULL && !identifier->alias;
	}
	attribute = draft_attribute(draft, secondary->attribute.name);
	return attribute != NULL && value_compare(&attribute->value, &secondary->attribute.value) == 0;
}

void
claim_raise(struct claim *claim, const struct claim *seen)
{
	if (claim_compare(seen, claim) > 0)
		*claim = *seen;
}

int
work_note_loss(
    struct work *work, enum loss_cause cause, const struct draft *draft, const struct secondary *value)
{
	struct loss *losses =
	    grow_array(work->arena, work->losses, work->loss_count, &work->loss_capacity, sizeof(*losses));

	if (losses == NULL)
		return -ENOMEM;
	work->losses = losses;
	losses[work->loss_count++] =
	    (struct loss){ .cause = cause, .contact_id = draft->now.id, .value = *value };
	return 0;
}

void
draft_remove_secondary(struct draft *draft, size_t index)
{
	struct secondary *at = &draft->now.secondaries[index];

	draft->now.secondary_count--;
	memmove(at, at + 1, (draft->now.secondary_count - index) * sizeof(*at));
}

void
draft_remove_attribute(struct draft *draft, size_t index)
{
	struct attribute *at = &draft->now.attributes[index];

	draft->now.attribute_count--;
	memmove(at, at + 1, (draft->now.attribute_count - index) * sizeof(*at));
}

/* R20: a secondary closes once the primary has become equal to it. */
static int
close_agreed(struct work *work, struct draft *draft)
{
	for (size_t i = 0; i < draft->now.secondary_count;) {
		const struct secondary secondary = draft->now.secondaries[i];

		if (!draft_agrees(draft, &secondary)) {
			i++;
			continue;
		}
		if (work_note_loss(work, LOSS_AGREED, draft, &secondary) < 0)
			return -ENOMEM;
		draft_remove_secondary(draft, i);
	}
	return 0;
}

/* The order in which a contact lists identifiers. */
static int
identifier_order(const struct identifier *a, const struct identifier *b)
{
	if (a->namespace_id != b->namespace_id)
		return a->namespace_id < b->namespace_id ? -1 : 1;
	if (a->alias != b->alias)
		return a->alias ? 1 : -1;
	return bytes_compare(a->value, b->value);
}

int
draft_hold_identifier(struct work *work, struct draft *draft, const struct identifier *identifier)
{
	struct contact *now = &draft->now;
	size_t place = 0;
	struct identifier *identifiers = grow_array(work->arena, now->identifiers, now->identifier_count,
	    &draft->identifier_capacity, sizeof(*identifiers));

	if (identifiers == NULL)
		return -ENOMEM;
	now->identifiers = identifiers;
	while (place < now->identifier_count && identifier_order(&identifiers[place], identifier) < 0)
		place++;
	memmove(&identifiers[place + 1], &identifiers[place],
	    (now->identifier_count - place) * sizeof(*identifiers));
	identifiers[place] = *identifier;
	now->identifier_count++;
	return close_agreed(work, draft);
}

void
draft_drop_identifier(struct draft *draft, struct identifier *identifier)
{
	size_t index = (size_t)(identifier - draft->now.identifiers);

	draft->now.identifier_count--;
	memmove(identifier, identifier + 1, (draft->now.identifier_count - index) * sizeof(*identifier));
}

int
draft_lose_identifier(
    struct work *work, struct draft *draft, struct identifier *identifier, enum loss_cause cause)
{
	const struct secondary lost = { .identifier = *identifier };

	if (work_note_loss(work, cause, draft, &lost) < 0)
		return -ENOMEM;
	draft_drop_identifier(draft, identifier);
	return 0;
}

int
draft_hold_attribute(struct work *work, struct draft *draft, const struct attribute *attribute)
{
	struct contact *now = &draft->now;
	struct attribute *held = draft_attribute(draft, attribute->name);
	size_t place = 0;

	if (held != NULL) {
		const struct secondary lost = { .attribute = *held };

		if (work_note_loss(work, LOSS_TAKEN, draft, &lost) < 0)
			return -ENOMEM;
		*held = *attribute;
		return close_agreed(work, draft);
	}
	held = grow_array(
	    work->arena, now->attributes, now->attribute_count, &draft->attribute_capacity, sizeof(*held));
	if (held == NULL)
		return -ENOMEM;
	now->attributes = held;
	while (place < now->attribute_count && bytes_compare(held[place].name, attribute->name) < 0)
		place++;
	memmove(&held[place + 1], &held[place], (now->attribute_count - place) * sizeof(*held));
	held[place] = *attribute;
	now->attribute_count++;
	return close_agreed(work, draft);
}

static struct secondary *
find_secondary(const struct draft *draft, const struct secondary *secondary)
{
	for (size_t i = 0; i < draft->now.secondary_count; i++) {
		if (secondaries_agree(&draft->now.secondaries[i], secondary))
			return &draft->now.secondaries[i];
	}
	return NULL;
}

static int
append_secondary(struct work *work, struct draft *draft, const struct secondary *secondary)
{
	struct secondary *secondaries = grow_array(work->arena, draft->now.secondaries,
	    draft->now.secondary_count, &draft->secondary_capacity, sizeof(*secondaries));

	if (secondaries == NULL)
		return -ENOMEM;
	draft->now.secondaries = secondaries;
	secondaries[draft->now.secondary_count++] = *secondary;
	return 0;
}

int
draft_offer(struct work *work, struct draft *draft, const struct secondary *secondary)
{
	struct secondary offered = *secondary;
	struct secondary *open = find_secondary(draft, secondary);

	if (open != NULL) {
		claim_raise(secondary_claim(open), secondary_claim(&offered));
		return 0;
	}
	if (draft_agrees(draft, secondary))
		return 0;
	return append_secondary(work, draft, secondary);
}

int
draft_adopt_secondary(struct work *work, struct draft *draft, const struct secondary *secondary)
{
	struct secondary adopted = *secondary;
	struct secondary *open = find_secondary(draft, secondary);

	if (draft_agrees(draft, secondary))
		return work_note_loss(work, LOSS_AGREED, draft, secondary);
	if (open != NULL) {
		claim_raise(secondary_claim(open), secondary_claim(&adopted));
		return work_note_loss(work, LOSS_JOINED, draft, secondary);
	}
	return append_secondary(work, draft, secondary);
}

int
draft_join_list(struct arena *arena, struct draft *draft, struct bytes list)
{
	struct contact *now = &draft->now;
	struct bytes *lists;
	size_t place = 0;

	while (place < now->list_count && bytes_compare(now->lists[place], list) < 0)
		place++;
	if (place < now->list_count && bytes_equal(now->lists[place], list))
		return 0;
	lists = grow_array(arena, now->lists, now->list_count, &draft->list_capacity, sizeof(*lists));
	if (lists == NULL)
		return -ENOMEM;
	now->lists = lists;
	memmove(&lists[place + 1], &lists[place], (now->list_count - place) * sizeof(*lists));
	lists[place] = list;
	now->list_count++;
	return 0;
}
