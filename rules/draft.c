/* Arrays are short as a rule (a limit stands over each) and searched from one end to
 * the other. While a contact absorbs others they may be thousands long: past a few
 * dozen elements an index finds them, so that an event costs what it holds and not its
 * square. */
#include "rules/draft.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "rules/dismiss.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

enum { SLACK_ITEMS = 4, INDEXED_PAST = 32 };

/* Places have moved: the index is made anew when it is next wanted. */
static void
forget_places(struct draft_array *array)
{
	index_clear(&array->index);
	array->indexed_count = 0;
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
	struct draft opened = { .before = contact, .now = *contact, .arena = arena };
	void *identifiers;
	void *attributes;
	void *secondaries;
	void *lists;

	if (copy_array(&identifiers, &opened.identifiers.capacity, arena, contact->identifiers,
		contact->identifier_count, sizeof(*contact->identifiers)) < 0 ||
	    copy_array(&attributes, &opened.attributes.capacity, arena, contact->attributes,
		contact->attribute_count, sizeof(*contact->attributes)) < 0 ||
	    copy_array(&secondaries, &opened.secondaries.capacity, arena, contact->secondaries,
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

static uint64_t
hash_bytes(uint64_t seed, struct bytes bytes)
{
	return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

static uint64_t
hash_identifier(enum namespace_id namespace_id, struct bytes value)
{
	return hash_bytes((uint64_t)namespace_id, value);
}

static uint64_t
hash_value(uint64_t seed, const struct value *value)
{
	switch (value->type) {
	case VALUE_BOOL:
		return hash_bytes(seed, bytes_of(&value->boolean, sizeof(value->boolean)));
	case VALUE_NUMBER:
		return hash_bytes(seed, bytes_of(&value->number, sizeof(value->number)));
	case VALUE_STRING:
		return hash_bytes(seed, value->string);
	case VALUE_TIME:
		return hash_bytes(seed, bytes_of(&value->time_us, sizeof(value->time_us)));
	case VALUE_NONE:
		break;
	}
	return seed;
}

static uint64_t
hash_secondary(const struct secondary *secondary)
{
	if (secondary->identifier.namespace_id != NAMESPACE_NONE)
		return hash_identifier(secondary->identifier.namespace_id, secondary->identifier.value);
	return hash_value(hash_bytes(0, secondary->attribute.name), &secondary->attribute.value);
}

static uint64_t
hash_identifier_at(const struct draft *draft, size_t place)
{
	const struct identifier *identifier = &draft->now.identifiers[place];

	return hash_identifier(identifier->namespace_id, identifier->value);
}

static uint64_t
hash_attribute_at(const struct draft *draft, size_t place)
{
	return hash_bytes(0, draft->now.attributes[place].name);
}

static uint64_t
hash_secondary_at(const struct draft *draft, size_t place)
{
	return hash_secondary(&draft->now.secondaries[place]);
}

/* Brings an array's index up to its count elements. False where there is none: there
 * are few elements, or no memory, and they are looked at one after the other. */
static bool
is_indexed(struct draft *draft, struct draft_array *array, size_t count,
    uint64_t (*hash_at)(const struct draft *draft, size_t place))
{
	if (count <= INDEXED_PAST)
		return false;
	for (; array->indexed_count < count; array->indexed_count++) {
		if (index_add(&array->index, draft->arena, hash_at(draft, array->indexed_count),
			array->indexed_count) < 0) {
			forget_places(array);
			return false;
		}
	}
	return true;
}

struct identifier *
draft_identifier(struct draft *draft, enum namespace_id namespace_id, struct bytes value)
{
	struct identifier *identifiers = draft->now.identifiers;
	size_t count = draft->now.identifier_count;
	size_t probe = 0;
	size_t place;

	if (!is_indexed(draft, &draft->identifiers, count, hash_identifier_at)) {
		for (size_t i = 0; i < count; i++) {
			if (identifier_is(&identifiers[i], namespace_id, value))
				return &identifiers[i];
		}
		return NULL;
	}
	while (index_next(&place, &draft->identifiers.index, hash_identifier(namespace_id, value), &probe)) {
		if (identifier_is(&identifiers[place], namespace_id, value))
			return &identifiers[place];
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
draft_attribute(struct draft *draft, struct bytes name)
{
	struct attribute *attributes = draft->now.attributes;
	size_t count = draft->now.attribute_count;
	size_t probe = 0;
	size_t place;

	if (!is_indexed(draft, &draft->attributes, count, hash_attribute_at)) {
		for (size_t i = 0; i < count; i++) {
			if (bytes_equal(attributes[i].name, name))
				return &attributes[i];
		}
		return NULL;
	}
	while (index_next(&place, &draft->attributes.index, hash_bytes(0, name), &probe)) {
		if (bytes_equal(attributes[place].name, name))
			return &attributes[place];
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
draft_agrees(struct draft *draft, const struct secondary *secondary)
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

bool
secondary_is_gap(const struct secondary *secondary)
{
	return !secondary_is_identifier(secondary) && secondary->attribute.name.size == 0;
}

static struct secondary *
find_secondary(struct draft *draft, const struct secondary *secondary)
{
	struct secondary *secondaries = draft->now.secondaries;
	size_t count = draft->now.secondary_count;
	size_t probe = 0;
	size_t place;

	if (!is_indexed(draft, &draft->secondaries, count, hash_secondary_at)) {
		for (size_t i = 0; i < count; i++) {
			if (secondaries_agree(&secondaries[i], secondary))
				return &secondaries[i];
		}
		return NULL;
	}
	while (index_next(&place, &draft->secondaries.index, hash_secondary(secondary), &probe)) {
		if (secondaries_agree(&secondaries[place], secondary))
			return &secondaries[place];
	}
	return NULL;
}

int
draft_close_secondary(
    struct work *work, struct draft *draft, struct secondary *secondary, enum loss_cause cause)
{
	if (work_note_loss(work, cause, draft, secondary) < 0)
		return -ENOMEM;
	*secondary = (struct secondary){ 0 };
	return 0;
}

/* R20: the secondary that offers the value just set closes. */
static int
close_agreed(struct work *work, struct draft *draft, const struct secondary *set)
{
	struct secondary *open = find_secondary(draft, set);

	return open == NULL ? 0 : draft_close_secondary(work, draft, open, LOSS_AGREED);
}

int
draft_hold_identifier(struct work *work, struct draft *draft, const struct identifier *identifier)
{
	const struct secondary set = { .identifier = *identifier };
	struct contact *now = &draft->now;
	struct identifier *identifiers = arena_grow(work->arena, now->identifiers, now->identifier_count,
	    &draft->identifiers.capacity, sizeof(*identifiers));

	if (identifiers == NULL)
		return -ENOMEM;
	now->identifiers = identifiers;
	identifiers[now->identifier_count++] = *identifier;
	return identifier->alias ? 0 : close_agreed(work, draft, &set);
}

static void
drop_identifier(struct draft *draft, struct identifier *identifier)
{
	size_t index = (size_t)(identifier - draft->now.identifiers);

	draft->now.identifier_count--;
	memmove(identifier, identifier + 1, (draft->now.identifier_count - index) * sizeof(*identifier));
	forget_places(&draft->identifiers);
}

int
draft_lose_identifier(
    struct work *work, struct draft *draft, struct identifier *identifier, enum loss_cause cause)
{
	const struct secondary lost = { .identifier = *identifier };

	if (work_note_loss(work, cause, draft, &lost) < 0)
		return -ENOMEM;
	drop_identifier(draft, identifier);
	return 0;
}

int
draft_hold_attribute(struct work *work, struct draft *draft, const struct attribute *attribute)
{
	const struct secondary set = { .attribute = *attribute };
	struct contact *now = &draft->now;
	struct attribute *held = draft_attribute(draft, attribute->name);

	if (held != NULL) {
		const struct secondary lost = { .attribute = *held };

		if (work_note_loss(work, LOSS_TAKEN, draft, &lost) < 0)
			return -ENOMEM;
		*held = *attribute;
		return close_agreed(work, draft, &set);
	}
	held = arena_grow(
	    work->arena, now->attributes, now->attribute_count, &draft->attributes.capacity, sizeof(*held));
	if (held == NULL)
		return -ENOMEM;
	now->attributes = held;
	held[now->attribute_count++] = *attribute;
	return close_agreed(work, draft, &set);
}

static int
append_secondary(struct work *work, struct draft *draft, const struct secondary *secondary)
{
	struct secondary *secondaries = arena_grow(work->arena, draft->now.secondaries,
	    draft->now.secondary_count, &draft->secondaries.capacity, sizeof(*secondaries));

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
	if (draft_agrees(draft, secondary) || draft_has_dismissed(work, draft, secondary))
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

/* The contact's newest alias of a namespace, of equally new ones the greatest; or NULL. */
static struct identifier *
newest_alias(const struct draft *draft, enum namespace_id namespace_id)
{
	struct identifier *newest = NULL;

	for (size_t i = 0; i < draft->now.identifier_count; i++) {
		struct identifier *identifier = &draft->now.identifiers[i];
		int order;

		if (identifier->namespace_id != namespace_id || !identifier->alias)
			continue;
		order = newest == NULL ? 1 : claim_compare(&identifier->claim, &newest->claim);
		if (order == 0)
			order = bytes_compare(identifier->value, newest->value);
		if (order > 0)
			newest = identifier;
	}
	return newest;
}

int
draft_promote_aliases(struct work *work, struct draft *draft)
{
	bool promoted = false;

	for (unsigned i = NAMESPACE_EXT_ID; namespace_is_personal((enum namespace_id)i); i++) {
		enum namespace_id namespace_id = (enum namespace_id)i;
		struct identifier *alias;
		struct secondary set;

		if (draft_held(draft, namespace_id) != NULL)
			continue;
		alias = newest_alias(draft, namespace_id);
		if (alias == NULL)
			continue;
		alias->alias = false;
		promoted = true;
		set = (struct secondary){ .identifier = *alias };
		assert(secondary_is_identifier(&set));
		if (close_agreed(work, draft, &set) < 0)
			return -ENOMEM;
	}
	if (promoted)
		draft_finish(draft);
	return 0;
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
	lists = arena_grow(arena, now->lists, now->list_count, &draft->list_capacity, sizeof(*lists));
	if (lists == NULL)
		return -ENOMEM;
	now->lists = lists;
	memmove(&lists[place + 1], &lists[place], (now->list_count - place) * sizeof(*lists));
	lists[place] = list;
	now->list_count++;
	return 0;
}

/* The order in which a contact lists identifiers. */
static int
identifier_order(const void *one, const void *other)
{
	return identifier_compare(one, other);
}

static int
attribute_order(const void *one, const void *other)
{
	const struct attribute *a = one;
	const struct attribute *b = other;

	return bytes_compare(a->name, b->name);
}

void
draft_finish(struct draft *draft)
{
	struct contact *now = &draft->now;
	size_t identifier_count = 0;
	size_t attribute_count = 0;
	size_t secondary_count = 0;

	for (size_t i = 0; i < now->identifier_count; i++) {
		if (now->identifiers[i].namespace_id != NAMESPACE_NONE)
			now->identifiers[identifier_count++] = now->identifiers[i];
	}
	for (size_t i = 0; i < now->attribute_count; i++) {
		if (now->attributes[i].name.size > 0)
			now->attributes[attribute_count++] = now->attributes[i];
	}
	for (size_t i = 0; i < now->secondary_count; i++) {
		if (!secondary_is_gap(&now->secondaries[i]))
			now->secondaries[secondary_count++] = now->secondaries[i];
	}
	now->identifier_count = identifier_count;
	now->attribute_count = attribute_count;
	now->secondary_count = secondary_count;
	qsort(now->identifiers, identifier_count, sizeof(*now->identifiers), identifier_order);
	qsort(now->attributes, attribute_count, sizeof(*now->attributes), attribute_order);
	forget_places(&draft->identifiers);
	forget_places(&draft->attributes);
	forget_places(&draft->secondaries);
}
