/* Pure functions of a contact's own values: the same for every source and policy. */
#include "rules/derive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "rules/namespaces.h"

enum contact_class
contact_class_of(const struct contact *contact)
{
	enum contact_class anonymous = CLASS_ANONYMOUS_CHAT;

	for (size_t i = 0; i < contact->identifier_count; i++) {
		if (namespace_is_personal(contact->identifiers[i].namespace_id))
			return CLASS_IDENTIFIED;
		if (contact->identifiers[i].namespace_id == NAMESPACE_PUSH)
			anonymous = CLASS_ANONYMOUS_PUSH;
	}
	for (size_t i = 0; i < contact->attribute_count; i++) {
		if (attribute_is_personal(contact->attributes[i].name))
			return CLASS_IDENTIFIED;
	}
	return anonymous;
}

static void
derive_reach(struct contact *contact)
{
	static const enum reach reach_of[NAMESPACE_COUNT] = {
		[NAMESPACE_EMAIL] = REACH_EMAIL,
		[NAMESPACE_PHONE] = REACH_SMS,
		[NAMESPACE_WHATSAPP] = REACH_WHATSAPP,
		[NAMESPACE_PUSH] = REACH_PUSH,
	};

	memset(contact->reach, 0, sizeof(contact->reach));
	for (size_t i = 0; i < contact->identifier_count; i++) {
		enum reach reach = reach_of[contact->identifiers[i].namespace_id];

		if (reach != REACH_NONE && !contact->identifiers[i].alias)
			contact->reach[reach] = true;
	}
}

static struct bytes
personal_attribute(const struct contact *contact, struct bytes name)
{
	for (size_t i = 0; i < contact->attribute_count; i++) {
		if (bytes_equal(contact->attributes[i].name, name))
			return contact->attributes[i].value.string;
	}
	return (struct bytes){ NULL, 0 };
}

static int
join_names(struct bytes *out, struct arena *arena, struct bytes first, struct bytes last)
{
	uint8_t *joined;

	if (first.size == 0 || last.size == 0) {
		*out = first.size == 0 ? last : first;
		return 0;
	}
	joined = arena_alloc(arena, first.size + 1 + last.size);
	if (joined == NULL)
		return -ENOMEM;
	memcpy(joined, first.data, first.size);
	joined[first.size] = ' ';
	memcpy(joined + first.size + 1, last.data, last.size);
	*out = bytes_of(joined, first.size + 1 + last.size);
	return 0;
}

/* The name of an identified contact that has neither first nor last name: an e-mail
 * address as its owner writes it, everything else in its normal form. */
static struct bytes
name_by_identifier(const struct contact *contact)
{
	static const enum namespace_id order[] = { NAMESPACE_EMAIL, NAMESPACE_PHONE, NAMESPACE_WHATSAPP,
		NAMESPACE_LANDLINE, NAMESPACE_EXT_ID };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t j = 0; j < contact->identifier_count; j++) {
			const struct identifier *identifier = &contact->identifiers[j];

			if (identifier->namespace_id != order[i] || identifier->alias)
				continue;
			if (order[i] == NAMESPACE_EMAIL && identifier->given.size > 0)
				return identifier->given;
			return identifier->value;
		}
	}
	return (struct bytes){ NULL, 0 };
}

static int
derive_display_name(struct contact *contact, struct arena *arena)
{
	char anonymous[48];
	struct bytes first;
	struct bytes last;

	if (contact->contact_class != CLASS_IDENTIFIED) {
		int written =
		    snprintf(anonymous, sizeof(anonymous), "Anonymous contact #%" PRIu64, contact->id);

		return arena_copy(&contact->display_name, arena, bytes_of(anonymous, (size_t)written));
	}
	first = personal_attribute(contact, BYTES("FIRST_NAME"));
	last = personal_attribute(contact, BYTES("LAST_NAME"));
	if (first.size > 0 || last.size > 0)
		return join_names(&contact->display_name, arena, first, last);
	contact->display_name = name_by_identifier(contact);
	return 0;
}

int
contact_derive(struct contact *contact, struct arena *arena)
{
	contact->contact_class = contact_class_of(contact);
	derive_reach(contact);
	return derive_display_name(contact, arena);
}
