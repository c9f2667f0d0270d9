/* Contacts by hand. */
#include "tests/unit/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/derive.h"
#include "rules/identify.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

enum { PEOPLE_ARENA_BYTES = 32 * 1024 * 1024, PEOPLE_VALUES = 512, PEOPLE_TEXT_BYTES = 64 * 1024 };

/* A changeset that nothing has written to. */
static const struct changeset UNTOUCHED = { .conflict_count = 77, .loss_count = 78 };

static int
ask(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	static const struct policy_identity scripted = { { (const uint8_t *)"scripted", 8 },
		{ (const uint8_t *)"1", 1 }, { (const uint8_t *)"b", 1 } };
	const struct people *people = context;

	(void)source;
	(void)conflict;
	verdict->verdict = people->verdict;
	*identity = &scripted;
	return ANAGRAPH_DECIDED;
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	(void)context;
	(void)source;
	assert_int_equal(fallback, FALLBACK_NONE);
}

static void *
take(struct people *people, size_t count, size_t size_bytes)
{
	void *memory = arena_calloc(&people->arena, count, size_bytes);

	assert_non_null(memory);
	return memory;
}

void
people_init(struct people *people, size_t contact_count)
{
	memset(people, 0, sizeof(*people));
	arena_init(&people->arena, PEOPLE_ARENA_BYTES);
	memset(people->key.bytes, 7, sizeof(people->key.bytes));
	digest_key_complete(&people->key);
	for (size_t i = 0; i < contact_count; i++) {
		people->contacts[i] = (struct contact){
			.id = i + 1,
			.version = 10 * (i + 1),
			.create_time_us = 1,
			.update_time_us = 1,
			.identifiers = take(people, PEOPLE_VALUES, sizeof(struct identifier)),
			.attributes = take(people, PEOPLE_VALUES, sizeof(struct attribute)),
			.secondaries = take(people, PEOPLE_VALUES, sizeof(struct secondary)),
			.lists = take(people, 4, sizeof(struct bytes)),
			.dismissals = take(people, PEOPLE_VALUES, sizeof(struct dismissal)),
		};
	}
	people->known = (struct neighbourhood){
		.account = { .last_contact_id = contact_count, .revision = 50, .journal_sequence = 60 },
		.key = &people->key,
		.owner_ids = people->owner_ids,
		.companions = people->companions,
		.contacts = people->contacts,
		.contact_count = contact_count,
	};
	people->decider = (struct decider){ .context = people, .ask = ask, .settled = settled };
	people->settings = settings_default()->defaults;
	people->changeset = UNTOUCHED;
	people->event = (struct event){ .account = BYTES("shop") };
}

void
people_finish(struct people *people)
{
	arena_finish(&people->arena);
}

static struct bytes
copy(struct people *people, const char *text)
{
	struct bytes copied;

	assert_int_equal(arena_copy(&copied, &people->arena, bytes_of_string(text)), 0);
	return copied;
}

static struct claim
claim_at(enum source source, int64_t at)
{
	return (struct claim){ .source = source, .observed_at_us = at, .recorded_at_us = at };
}

static struct identifier
identifier_of(struct people *people, const char *namespace_name, const char *value)
{
	bool alias = namespace_name[0] == '~';
	struct identifier identifier = {
		.namespace_id = namespace_find(bytes_of_string(namespace_name + alias)),
		.alias = alias,
		.value = copy(people, value),
	};

	assert_int_not_equal(identifier.namespace_id, NAMESPACE_NONE);
	return identifier;
}

void
people_hold(struct people *people, uint64_t id, const char *namespace_name, const char *value, int64_t at)
{
	struct contact *contact = &people->contacts[id - 1];
	struct identifier identifier = identifier_of(people, namespace_name, value);

	assert_true(contact->identifier_count < PEOPLE_VALUES);
	identifier.claim = claim_at(SOURCE_CONTACTS, at);
	contact->identifiers[contact->identifier_count++] = identifier;
}

static void
put_attribute(struct people *people, uint64_t id, const char *name, struct value value, int64_t at)
{
	struct contact *contact = &people->contacts[id - 1];

	assert_true(contact->attribute_count < PEOPLE_VALUES);
	contact->attributes[contact->attribute_count++] = (struct attribute){
		.name = copy(people, name),
		.value = value,
		.claim = claim_at(SOURCE_CONTACTS, at),
	};
}

void
people_set(struct people *people, uint64_t id, const char *name, const char *text, int64_t at)
{
	put_attribute(
	    people, id, name, (struct value){ .type = VALUE_STRING, .string = copy(people, text) }, at);
}

void
people_allow(struct people *people, uint64_t id, const char *name, bool allowed, int64_t at)
{
	put_attribute(people, id, name, (struct value){ .type = VALUE_BOOL, .boolean = allowed }, at);
}

uint64_t
people_offer(
    struct people *people, uint64_t id, const char *name, const char *text, int64_t at, uint64_t owner_id)
{
	struct contact *contact = &people->contacts[id - 1];
	struct secondary *secondary = &contact->secondaries[contact->secondary_count++];
	struct claim claim = claim_at(SOURCE_CONVERSATIONS, at);

	claim.conversation = BYTES("t-5");
	*secondary = (struct secondary){
		.id = ++people->known.account.last_secondary_id,
		.owner_contact_id = owner_id,
		.policy = { .id = BYTES("chat_primary") },
	};
	if (namespace_find(bytes_of_string(name)) != NAMESPACE_NONE) {
		secondary->identifier = identifier_of(people, name, text);
		secondary->identifier.given = copy(people, "as given");
		secondary->identifier.claim = claim;
	} else {
		secondary->attribute = (struct attribute){
			.name = copy(people, name),
			.value = { .type = VALUE_STRING, .string = copy(people, text) },
			.claim = claim,
		};
	}
	return secondary->id;
}

static int
identifier_order(const void *a, const void *b)
{
	return identifier_compare(a, b);
}

static int
attribute_order(const void *a, const void *b)
{
	return bytes_compare(((const struct attribute *)a)->name, ((const struct attribute *)b)->name);
}

void
people_settle(struct people *people)
{
	struct account *account = &people->known.account;

	for (size_t i = 0; i < people->known.contact_count; i++) {
		struct contact *contact = &people->contacts[i];

		qsort(contact->identifiers, contact->identifier_count, sizeof(*contact->identifiers),
		    identifier_order);
		qsort(contact->attributes, contact->attribute_count, sizeof(*contact->attributes),
		    attribute_order);
		assert_int_equal(contact_derive(contact, &people->arena), 0);
		account->class_counts[contact->contact_class]++;
		account->dismissed_count += contact->dismissal_count > 0;
		for (unsigned reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
			account->reach_counts[reach] += contact->reach[reach];
	}
}

void
people_tell(struct people *people, enum source source, int64_t at)
{
	people->event.action = ACTION_IDENTIFY;
	people->event.claim = claim_at(source, at);
	people->event.claim.recorded_at_us = PEOPLE_NOW;
	people->event.identifiers = people->event_identifiers;
	people->event.attributes = people->event_attributes;
}

void
people_name(struct people *people, const char *namespace_name, const char *value, uint64_t owner_id)
{
	size_t i = people->event.identifier_count++;

	assert_true(i < PEOPLE_EVENT_IDS);
	people->event_identifiers[i] = identifier_of(people, namespace_name, value);
	people->event_identifiers[i].claim = people->event.claim;
	people->owner_ids[i] = owner_id;
}

void
people_say(struct people *people, const char *name, const char *text)
{
	size_t i = people->event.attribute_count++;

	assert_true(i < PEOPLE_EVENT_IDS);
	people->event_attributes[i] = (struct attribute){
		.name = copy(people, name),
		.value = { .type = VALUE_STRING, .string = copy(people, text) },
		.claim = people->event.claim,
	};
}

void
people_decide(struct people *people)
{
	assert_int_equal(identify_decide(&people->changeset, &people->arena, &people->event, &people->known,
			     &people->settings, &people->decider),
	    0);
}

const struct contact *
people_after(const struct people *people, uint64_t id)
{
	for (size_t i = 0; i < people->changeset.contact_count; i++) {
		if (people->changeset.contacts[i].after.id == id)
			return &people->changeset.contacts[i].after;
	}
	assert_true(id <= people->known.contact_count);
	return &people->contacts[id - 1];
}

static void
print_value(FILE *out, const struct value *value)
{
	if (value->type == VALUE_BOOL)
		fputs(value->boolean ? "true" : "false", out);
	else
		fprintf(out, "%.*s", BYTES_PRINT(value->string));
}

static void
print_identifier(FILE *out, const struct identifier *identifier)
{
	fprintf(out, "%s%.*s=%.*s@%" PRId64, identifier->alias ? "~" : "",
	    BYTES_PRINT(namespace_name(identifier->namespace_id)), BYTES_PRINT(identifier->value),
	    identifier->claim.observed_at_us);
}

static void
print_attribute(FILE *out, const struct attribute *attribute)
{
	fprintf(out, "%.*s=", BYTES_PRINT(attribute->name));
	print_value(out, &attribute->value);
	fprintf(out, "@%" PRId64, attribute->claim.observed_at_us);
}

/* What a secondary or a loss is about. */
static void
print_offered(FILE *out, const struct secondary *secondary)
{
	if (secondary->identifier.namespace_id != NAMESPACE_NONE)
		print_identifier(out, &secondary->identifier);
	else
		print_attribute(out, &secondary->attribute);
}

/* A text that is printed into the arena. */
static FILE *
print_begin(char **text, struct people *people)
{
	*text = take(people, PEOPLE_TEXT_BYTES, 1);
	return fmemopen(*text, PEOPLE_TEXT_BYTES, "w");
}

static const char *
print_end(FILE *out, char *text)
{
	size_t size;

	fclose(out);
	size = strlen(text);
	if (size > 0)
		text[size - 1] = '\0'; /* the last blank */
	return text;
}

const char *
people_text(struct people *people, const struct contact *contact)
{
	char *text;
	FILE *out = print_begin(&text, people);

	for (size_t i = 0; i < contact->identifier_count; i++) {
		print_identifier(out, &contact->identifiers[i]);
		fputc(' ', out);
	}
	for (size_t i = 0; i < contact->attribute_count; i++) {
		print_attribute(out, &contact->attributes[i]);
		fputc(' ', out);
	}
	for (size_t i = 0; i < contact->secondary_count; i++) {
		fputc('?', out);
		print_offered(out, &contact->secondaries[i]);
		fputc(' ', out);
	}
	for (size_t i = 0; i < contact->list_count; i++)
		fprintf(out, "@%.*s ", BYTES_PRINT(contact->lists[i]));
	return print_end(out, text);
}

const char *
people_losses(struct people *people)
{
	static const char *const causes[LOSS_CAUSE_COUNT] = { "-", "TAKEN", "LIMIT", "AGREED", "SUPERSEDED",
		"JOINED", "PROMOTED", "DISMISSED", "ERASED" };
	char *text;
	FILE *out = print_begin(&text, people);

	for (size_t i = 0; i < people->changeset.loss_count; i++) {
		const struct loss *loss = &people->changeset.losses[i];

		fprintf(out, "%" PRIu64 ":%s %s", loss->contact_id, causes[loss->cause],
		    loss->value.id != 0 ? "?" : "");
		print_offered(out, &loss->value);
		fputs(i + 1 < people->changeset.loss_count ? ", " : " ", out);
	}
	return print_end(out, text);
}

const char *
people_ownerships(struct people *people)
{
	char *text;
	FILE *out = print_begin(&text, people);

	for (size_t i = 0; i < people->changeset.ownership_count; i++) {
		const struct ownership *ownership = &people->changeset.ownerships[i];

		fprintf(out, "%.*s=%.*s>%" PRIu64 " ", BYTES_PRINT(namespace_name(ownership->namespace_id)),
		    BYTES_PRINT(ownership->value), ownership->contact_id);
	}
	return print_end(out, text);
}

void
people_expect_rejected(
    struct people *people, int result, enum reason reason, const char *field, uint64_t owner_id)
{
	assert_int_equal(result, DECIDE_E_REJECTED);
	assert_int_equal(people->rejection.reason, reason);
	assert_string_equal(people->rejection.field, field);
	assert_non_null(people->rejection.message);
	assert_int_equal(people->rejection.owner_contact_id, owner_id);
	assert_memory_equal(&people->changeset, &UNTOUCHED, sizeof(UNTOUCHED));
}
