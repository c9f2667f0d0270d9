/* Reads answers the way a careful caller would: computes for itself what a contact's
 * class, name and reach must be, and writes contacts and conflicts as lines of text
 * that a test can compare and a person can read. */
#include "tests/support/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static const char *const namespaces[] = { "ext_id", "email", "phone", "whatsapp", "landline", "chat",
	"facebook", "instagram", "push" };
enum { PERSONAL_NAMESPACES = 5, NAMESPACES = 9 };

static const char *const sources[] = { "NOBODY", "PUSH", "CONVERSATIONS", "CONTACTS" };

/* The namespace's place in the order in which a contact lists them. */
static size_t
namespace_place(const char *name)
{
	size_t place = 0;

	while (place < NAMESPACES && strcmp(namespaces[place], name) != 0)
		place++;
	return place;
}

static const Anagraph__V1__Identifier *
first_identifier(const Anagraph__V1__Contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		if (strcmp(contact->identifiers[i]->namespace_, name) == 0)
			return contact->identifiers[i];
	}
	return NULL;
}

static const Anagraph__V1__Attribute *
attribute_of(const Anagraph__V1__Contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->n_attributes; i++) {
		if (strcmp(contact->attributes[i]->name, name) == 0)
			return contact->attributes[i];
	}
	return NULL;
}

int64_t
microseconds(const Google__Protobuf__Timestamp *timestamp)
{
	assert_non_null(timestamp);
	return timestamp->seconds * 1000000 + timestamp->nanos / 1000;
}

static void
expect_claim_sound(const Anagraph__V1__Claim *claim, const char *file, int line)
{
	_assert_true(claim != NULL, "a claim", file, line);
	_assert_true(claim->source >= PUSH && claim->source <= CONTACTS,
	    "claim->source from PUSH to CONTACTS", file, line);
	_assert_true(claim->observed_at != NULL && claim->recorded_at != NULL, "times", file, line);
	_assert_true(microseconds(claim->observed_at) <=
		microseconds(claim->recorded_at) + LIMIT_FUTURE_SECONDS * INT64_C(1000000),
	    "not observed more than five minutes after it was recorded", file, line);
	expect_same_at(claim->observed_at->nanos % 1000, 0, file, line);
}

/* Whether one of a contact's identifiers may stand after another: by namespace, and in one
 * the contact's own value first, then aliases by value (R29); devices by value. */
static bool
may_follow(const Anagraph__V1__Identifier *last, const Anagraph__V1__Identifier *next)
{
	size_t last_place = namespace_place(last->namespace_);
	size_t place = namespace_place(next->namespace_);

	if (last_place != place)
		return last_place < place;
	if (place < PERSONAL_NAMESPACES && !next->alias)
		return false;
	return last->alias != next->alias || strcmp(last->value, next->value) < 0;
}

/* Identifiers in order, each once, no second value of a personal namespace but aliases, and
 * none of those where there is no first. */
static void
expect_identifiers_sound(const Anagraph__V1__Contact *contact, const char *file, int line)
{
	size_t devices = 0;
	size_t aliases = 0;

	for (size_t i = 0; i < contact->n_identifiers; i++) {
		const Anagraph__V1__Identifier *identifier = contact->identifiers[i];
		size_t place = namespace_place(identifier->namespace_);

		_assert_true(place < NAMESPACES, "a known namespace", file, line);
		_assert_true(identifier->value[0] != '\0', "a value", file, line);
		_assert_true(!identifier->alias ||
			(i > 0 && namespace_place(contact->identifiers[i - 1]->namespace_) == place),
		    "an alias after a value of its namespace", file, line);
		aliases += identifier->alias ? 1 : 0;
		expect_claim_sound(identifier->claim, file, line);
		devices += place >= PERSONAL_NAMESPACES;
		_assert_true(i == 0 || may_follow(contact->identifiers[i - 1], identifier),
		    "identifiers in order, one of each personal namespace", file, line);
	}
	_assert_true(aliases <= LIMIT_CONTACT_ALIASES, "no more aliases than the limit", file, line);
	_assert_true(devices <= LIMIT_CONTACT_DEVICES, "no more devices than the limit", file, line);
}

static void
expect_values_sound(struct scene *s, const Anagraph__V1__Contact *contact, const char *file, int line)
{
	_assert_true(
	    contact->n_attributes <= LIMIT_CONTACT_ATTRIBUTES, "attributes within the limit", file, line);
	for (size_t i = 0; i < contact->n_attributes; i++) {
		expect_claim_sound(contact->attributes[i]->claim, file, line);
		_assert_true(
		    i == 0 || strcmp(contact->attributes[i - 1]->name, contact->attributes[i]->name) < 0,
		    "attributes in order", file, line);
	}
	_assert_true(
	    contact->n_secondaries <= LIMIT_CONTACT_SECONDARIES, "secondaries within the limit", file, line);
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		const Anagraph__V1__Secondary *secondary = contact->secondaries[i];

		expect_claim_sound(secondary->claim, file, line);
		_assert_true(secondary->id > (i == 0 ? 0 : contact->secondaries[i - 1]->id),
		    "secondaries by id", file, line);
		_assert_true(secondary->policy != NULL, "who offered it (R23)", file, line);
		for (size_t j = 0; j < i; j++)
			_assert_true(strcmp(secondary_text(s, contact->secondaries[j]),
					 secondary_text(s, secondary)) != 0,
			    "each secondary once (R21)", file, line);
	}
	for (size_t i = 1; i < contact->n_lists; i++)
		_assert_true(
		    strcmp(contact->lists[i - 1], contact->lists[i]) < 0, "lists in order", file, line);
}

static const char *
name_part(const Anagraph__V1__Contact *contact, const char *name)
{
	const Anagraph__V1__Attribute *attribute = attribute_of(contact, name);

	return attribute == NULL ? "" : attribute->string_value;
}

/* R4. */
static char *
expected_display_name(struct scene *s, const Anagraph__V1__Contact *contact)
{
	static const char *const order[] = { "email", "phone", "whatsapp", "landline", "ext_id" };
	const char *first = name_part(contact, "FIRST_NAME");
	const char *last = name_part(contact, "LAST_NAME");

	if (first[0] != '\0' || last[0] != '\0')
		return scene_print(s, "%s%s%s", first, first[0] != '\0' && last[0] != '\0' ? " " : "", last);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const Anagraph__V1__Identifier *identifier = first_identifier(contact, order[i]);

		if (identifier != NULL)
			return scene_print(s, "%s",
			    i == 0 && identifier->given[0] != '\0' ? identifier->given : identifier->value);
	}
	return scene_print(s, "Anonymous contact #%llu", (unsigned long long)contact->id);
}

/* R1, R2. */
static Anagraph__V1__ContactClass
expected_class(const Anagraph__V1__Contact *contact)
{
	if ((contact->n_identifiers > 0 &&
		namespace_place(contact->identifiers[0]->namespace_) < PERSONAL_NAMESPACES) ||
	    attribute_of(contact, "FIRST_NAME") != NULL || attribute_of(contact, "LAST_NAME") != NULL)
		return ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_IDENTIFIED;
	if (first_identifier(contact, "push") != NULL)
		return ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_PUSH;
	return ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_CHAT;
}

/* R5. */
static void
expect_reach_sound(const Anagraph__V1__Contact *contact, const char *file, int line)
{
	static const char *const by[] = { NULL, "email", "phone", "whatsapp", "push" };
	size_t found = 0;

	for (int reach = 1; reach <= 4; reach++) {
		if (first_identifier(contact, by[reach]) == NULL)
			continue;
		_assert_true(found < contact->n_reach, "every way to reach it", file, line);
		expect_same_at(contact->reach[found], reach, file, line);
		found++;
	}
	expect_same_at(contact->n_reach, found, file, line);
}

void
expect_contact_sound(struct scene *s, const Anagraph__V1__Contact *contact, const char *file, int line)
{
	_assert_true(contact != NULL, "a contact", file, line);
	_assert_true(contact->id > 0, "an id", file, line);
	_assert_true(contact->version > 0, "a version", file, line);
	_assert_true(contact->create_time != NULL && contact->update_time != NULL, "times", file, line);
	_assert_true(microseconds(contact->create_time) <= microseconds(contact->update_time),
	    "made before it changed", file, line);
	expect_identifiers_sound(contact, file, line);
	expect_values_sound(s, contact, file, line);
	expect_same_at(contact->contact_class, expected_class(contact), file, line);
	_assert_string_equal(contact->display_name, expected_display_name(s, contact), file, line);
	expect_reach_sound(contact, file, line);
}

/* Those that may be shared (N6), in a contact's order, each as it was named. */
static void
expect_shared_sound(const Anagraph__V1__IdentifyResponse *answer, const char *file, int line)
{
	static const char *const sharing[] = { "email", "phone", "whatsapp", "landline" };
	size_t place = 0;

	for (size_t i = 0; i < answer->n_shared_identifiers; i++) {
		const Anagraph__V1__Identifier *shared = answer->shared_identifiers[i];

		while (place < 4 && strcmp(shared->namespace_, sharing[place]) != 0)
			place++;
		_assert_true(place < 4, "one that may be shared, in order", file, line);
		_assert_true(shared->value[0] != '\0', "a value", file, line);
		_assert_true(shared->claim == NULL && !shared->alias, "nothing of its owner's", file, line);
		place++;
	}
}

void
expect_answer_sound(struct scene *s, const Anagraph__V1__IdentifyResponse *answer, const char *file, int line)
{
	_assert_true(answer->outcome >= CREATED && answer->outcome <= UNCHANGED,
	    "answer->outcome from CREATED to UNCHANGED", file, line);
	_assert_true(!answer->replayed, "not answer->replayed", file, line);
	expect_shared_sound(answer, file, line);
	expect_contact_sound(s, answer->contact, file, line);
	for (size_t i = 1; i < answer->n_absorbed_contact_ids; i++)
		_assert_true(answer->absorbed_contact_ids[i - 1] < answer->absorbed_contact_ids[i],
		    "absorbed ids in order", file, line);
	for (size_t i = 0; i < answer->n_conflicts; i++) {
		const Anagraph__V1__Conflict *conflict = answer->conflicts[i];

		_assert_true(
		    conflict->stored != NULL && conflict->incoming != NULL, "both values", file, line);
		expect_claim_sound(conflict->stored->claim, file, line);
		expect_claim_sound(conflict->incoming->claim, file, line);
		_assert_true(conflict->policy != NULL, "who decided (R23)", file, line);
		_assert_true(conflict->policy->id[0] != '\0', "a policy's id", file, line);
		_assert_true(conflict->policy->version[0] != '\0', "a policy's version", file, line);
		expect_same_at(strlen(conflict->policy->build), 32, file, line);
		expect_same_at(strspn(conflict->policy->build, "0123456789abcdef"), 32, file, line);
		expect_same_at(conflict->owner_contact_id != 0,
		    conflict->kind == ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER, file, line);
	}
}

static char *
attribute_text(struct scene *s, const Anagraph__V1__Attribute *attribute)
{
	switch (attribute->value_case) {
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE:
		return scene_print(s, "%s=%s", attribute->name, attribute->string_value);
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE:
		return scene_print(s, "%s=%g", attribute->name, attribute->number_value);
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE:
		return scene_print(s, "%s=%s", attribute->name, attribute->bool_value ? "true" : "false");
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE:
		return scene_print(s, "%s=time:%lld.%06d", attribute->name,
		    (long long)attribute->time_value->seconds, attribute->time_value->nanos / 1000);
	default:
		return scene_print(s, "%s without a value", attribute->name);
	}
}

char *
secondary_text(struct scene *s, const Anagraph__V1__Secondary *secondary)
{
	char *offered;

	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE)
		offered = attribute_text(s, secondary->attribute);
	else
		offered =
		    scene_print(s, "%s=%s", secondary->identifier->namespace_, secondary->identifier->value);
	if (secondary->owner_contact_id == 0)
		return scene_print(s, "?%s", offered);
	return scene_print(s, "?%s^%llu", offered, (unsigned long long)secondary->owner_contact_id);
}

char *
contact_text(struct scene *s, const Anagraph__V1__Contact *contact)
{
	char *text = scene_print(s, "%s", "");

	for (size_t i = 0; i < contact->n_identifiers; i++)
		text = scene_print(s, "%s %s%s=%s", text, contact->identifiers[i]->alias ? "~" : "",
		    contact->identifiers[i]->namespace_, contact->identifiers[i]->value);
	for (size_t i = 0; i < contact->n_attributes; i++)
		text = scene_print(s, "%s %s", text, attribute_text(s, contact->attributes[i]));
	for (size_t i = 0; i < contact->n_secondaries; i++)
		text = scene_print(s, "%s %s", text, secondary_text(s, contact->secondaries[i]));
	for (size_t i = 0; i < contact->n_lists; i++)
		text = scene_print(s, "%s @%s", text, contact->lists[i]);
	return text[0] == ' ' ? text + 1 : text;
}

void
expect_contact_at(struct scene *s, uint64_t id, const char *text, const char *file, int line)
{
	Anagraph__V1__ResolveResponse *response = resolve_at(s, NULL, NULL, id, file, line);

	_assert_string_equal(contact_text(s, response->contact), text, file, line);
}

static const char *
value_text(struct scene *s, const Anagraph__V1__ClaimedValue *value)
{
	switch (value->value_case) {
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE:
		return value->string_value;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_NUMBER_VALUE:
		return scene_print(s, "%g", value->number_value);
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_BOOL_VALUE:
		return value->bool_value ? "true" : "false";
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_TIME_VALUE:
		return scene_print(s, "time:%lld.%06d", (long long)value->time_value->seconds,
		    value->time_value->nanos / 1000);
	default:
		return "nothing";
	}
}

static char *
conflict_text(struct scene *s, const Anagraph__V1__Conflict *conflict)
{
	static const char *const kinds[] = { "-", "VALUE", "OWNER", "IDENTITY" };
	static const char *const verdicts[] = { "-", "KEEP", "OFFER", "TAKE", "SEPARATE" };
	const char *kind = kinds[(unsigned)conflict->kind < 4 ? conflict->kind : 0];
	const char *verdict = verdicts[(unsigned)conflict->verdict < 5 ? conflict->verdict : 0];
	const char *mark = conflict->fallback[0] != '\0' ? "!" : "";

	if (conflict->kind == ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER)
		return scene_print(s, "%s %s %s of %llu %s%s%s", kind, conflict->name,
		    value_text(s, conflict->incoming), (unsigned long long)conflict->owner_contact_id,
		    verdict, mark, conflict->fallback);
	return scene_print(s, "%s %s %s<%s %s%s%s", kind, conflict->name, value_text(s, conflict->stored),
	    value_text(s, conflict->incoming), verdict, mark, conflict->fallback);
}

char *
conflicts_text(struct scene *s)
{
	char *text = scene_print(s, "%s", "");

	for (size_t i = 0; i < s->answer->n_conflicts; i++)
		text = scene_print(
		    s, "%s%s%s", text, i == 0 ? "" : ", ", conflict_text(s, s->answer->conflicts[i]));
	return text;
}

char *
ids_text(struct scene *s, const uint64_t *ids, size_t id_count)
{
	char *text = scene_print(s, "%s", "");

	for (size_t i = 0; i < id_count; i++)
		text = scene_print(s, "%s%s%llu", text, i == 0 ? "" : " ", (unsigned long long)ids[i]);
	return text;
}

char *
shared_text(struct scene *s)
{
	char *text = scene_print(s, "%s", "");

	for (size_t i = 0; i < s->answer->n_shared_identifiers; i++)
		text = scene_print(s, "%s%s%s=%s", text, i == 0 ? "" : " ",
		    s->answer->shared_identifiers[i]->namespace_, s->answer->shared_identifiers[i]->value);
	return text;
}

char *
totals_text(struct scene *s)
{
	const Anagraph__V1__CountContactsResponse *totals = count(s);

	return scene_print(s, "%llu %llu %llu", (unsigned long long)totals->identified,
	    (unsigned long long)totals->anonymous_push, (unsigned long long)totals->anonymous_chat);
}

const Anagraph__V1__Claim *
claim_of(const Anagraph__V1__Contact *contact, const char *name)
{
	const Anagraph__V1__Identifier *identifier = first_identifier(contact, name);
	const Anagraph__V1__Attribute *attribute = attribute_of(contact, name);

	for (size_t i = 0; name[0] == '?' && i < contact->n_secondaries; i++) {
		const Anagraph__V1__Secondary *secondary = contact->secondaries[i];
		bool is_attribute = secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE;

		if (strcmp(is_attribute ? secondary->attribute->name : secondary->identifier->namespace_,
			name + 1) == 0)
			return secondary->claim;
	}
	if (identifier != NULL)
		return identifier->claim;
	return attribute != NULL ? attribute->claim : NULL;
}

char *
claim_text(struct scene *s, uint64_t id, const char *name)
{
	const Anagraph__V1__Claim *claim = claim_of(resolve_id(s, id)->contact, name);

	if (claim == NULL)
		return scene_print(s, "nothing of the name %s", name);
	return scene_print(
	    s, "%s@%lld", sources[claim->source], (long long)(claim->observed_at->seconds - EPOCH_SECONDS));
}
