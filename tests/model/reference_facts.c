/* What can be said of a contact or a value by looking at it alone: orders, classes,
 * names, reach, totals. The decisions stand in reference.c. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/reference.h"

static const char *const NAMESPACE_NAMES[NAMESPACE_COUNT] = { "", "ext_id", "email", "phone", "whatsapp",
	"landline", "chat", "facebook", "instagram", "push" };

void *
model_append(void *items, size_t *count, const void *item, size_t size_bytes)
{
	uint8_t *grown = realloc(items, (*count + 1) * size_bytes);

	if (grown == NULL)
		abort();
	memcpy(grown + *count * size_bytes, item, size_bytes);
	(*count)++;
	return grown;
}

const char *
model_namespace_name(enum namespace_id namespace_id)
{
	return NAMESPACE_NAMES[namespace_id];
}

static void
copy_text(char *out, size_t size_bytes, const char *text)
{
	if (strlen(text) >= size_bytes)
		abort();
	memcpy(out, text, strlen(text) + 1);
}

struct model_value
model_string(const char *string)
{
	struct model_value value = { .type = VALUE_STRING };

	copy_text(value.string, sizeof(value.string), string);
	return value;
}

struct model_fact
model_identifier(enum namespace_id namespace_id, const char *value, const char *given)
{
	struct model_fact fact = { .namespace_id = namespace_id, .value = model_string(value) };

	copy_text(fact.name, sizeof(fact.name), NAMESPACE_NAMES[namespace_id]);
	copy_text(fact.given, sizeof(fact.given), given);
	return fact;
}

struct model_fact
model_attribute(const char *name, struct model_value value)
{
	struct model_fact fact = { .namespace_id = NAMESPACE_NONE, .value = value };

	copy_text(fact.name, sizeof(fact.name), name);
	return fact;
}

int
model_value_order(const struct model_value *a, const struct model_value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type) {
	case VALUE_BOOL:
		return a->boolean - b->boolean;
	case VALUE_NUMBER:
		return (a->number > b->number) - (a->number < b->number);
	case VALUE_TIME:
		return (a->time_us > b->time_us) - (a->time_us < b->time_us);
	case VALUE_STRING:
	case VALUE_NONE:
		break;
	}
	return strcmp(a->string, b->string);
}

/* Identifiers by namespace and value, attributes behind them by name. */
int
model_fact_order(const struct model_fact *a, const struct model_fact *b)
{
	int first = a->namespace_id == NAMESPACE_NONE ? NAMESPACE_COUNT : (int)a->namespace_id;
	int second = b->namespace_id == NAMESPACE_NONE ? NAMESPACE_COUNT : (int)b->namespace_id;
	int names = strcmp(a->name, b->name);

	if (first != second)
		return first - second;
	return names != 0 ? names : model_value_order(&a->value, &b->value);
}

/* An alias stands behind what the contact holds in its namespace. */
int
model_listing_order(const struct model_fact *a, const struct model_fact *b)
{
	if (a->namespace_id == b->namespace_id && a->alias != b->alias)
		return a->alias ? 1 : -1;
	return model_fact_order(a, b);
}

void
model_event_add(struct model_event *event, const struct model_fact *fact)
{
	size_t at = event->fact_count;

	for (size_t i = 0; i < event->fact_count; i++) {
		if (model_fact_order(&event->facts[i], fact) == 0)
			return;
	}
	event->facts = model_append(event->facts, &event->fact_count, fact, sizeof(*fact));
	for (; at > 0 && model_fact_order(&event->facts[at - 1], fact) > 0; at--)
		event->facts[at] = event->facts[at - 1];
	event->facts[at] = *fact;
}

void
model_event_finish(struct model_event *event)
{
	free(event->facts);
	*event = (struct model_event){ 0 };
}

struct model_event
model_event_copy(const struct model_event *event)
{
	struct model_event copy = *event;

	copy.facts = NULL;
	copy.fact_count = 0;
	for (size_t i = 0; i < event->fact_count; i++)
		copy.facts =
		    model_append(copy.facts, &copy.fact_count, &event->facts[i], sizeof(event->facts[i]));
	return copy;
}

/* The first fact of a name that is no alias, or NULL. */
static const struct model_fact *
find_name(const struct model_contact *contact, const char *name)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		if (!contact->facts[i].alias && strcmp(contact->facts[i].name, name) == 0)
			return &contact->facts[i];
	}
	return NULL;
}

/* R1, R2. An alias says who somebody is, too (R29). */
enum contact_class
model_class(const struct model_contact *contact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		enum namespace_id id = contact->facts[i].namespace_id;

		if (id >= NAMESPACE_EXT_ID && id <= NAMESPACE_LANDLINE)
			return CLASS_IDENTIFIED;
	}
	if (find_name(contact, "FIRST_NAME") != NULL || find_name(contact, "LAST_NAME") != NULL)
		return CLASS_IDENTIFIED;
	return find_name(contact, "push") != NULL ? CLASS_ANONYMOUS_PUSH : CLASS_ANONYMOUS_CHAT;
}

/* R4. An e-mail is shown as it was given. */
void
model_display_name(char name[2 * MODEL_TEXT_BYTES], const struct model_contact *contact)
{
	static const char *const next[] = { "email", "phone", "whatsapp", "landline", "ext_id" };
	const struct model_fact *first = find_name(contact, "FIRST_NAME");
	const struct model_fact *last = find_name(contact, "LAST_NAME");

	if (model_class(contact) != CLASS_IDENTIFIED) {
		snprintf(name, 2 * MODEL_TEXT_BYTES, "Anonymous contact #%lu", (unsigned long)contact->id);
		return;
	}
	if (first != NULL || last != NULL) {
		snprintf(name, 2 * MODEL_TEXT_BYTES, "%s%s%s", first != NULL ? first->value.string : "",
		    first != NULL && last != NULL ? " " : "", last != NULL ? last->value.string : "");
		return;
	}
	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		const struct model_fact *fact = find_name(contact, next[i]);

		if (fact != NULL) {
			bool as_given = fact->namespace_id == NAMESPACE_EMAIL && fact->given[0] != '\0';

			snprintf(
			    name, 2 * MODEL_TEXT_BYTES, "%s", as_given ? fact->given : fact->value.string);
			return;
		}
	}
	abort();
}

/* R5. */
bool
model_reached_by(const struct model_contact *contact, enum reach reach)
{
	static const char *const by[REACH_COUNT] = { "", "email", "phone", "whatsapp", "push" };

	return find_name(contact, by[reach]) != NULL;
}

uint64_t
model_owner(const struct model *model, const struct model_fact *identifier)
{
	for (size_t i = 0; i < model->contact_count; i++) {
		const struct model_contact *contact = model->contacts[i];

		for (size_t j = 0; j < contact->fact_count; j++) {
			if (model_fact_order(&contact->facts[j], identifier) == 0)
				return contact->id;
		}
	}
	return 0;
}

const struct model_contact *
model_resolve(uint64_t **forwarded_ids, size_t *forwarded_count, const struct model *model, uint64_t id)
{
	const struct model_contact *contact;

	*forwarded_ids = NULL;
	*forwarded_count = 0;
	if (id == 0 || id > model->contact_count)
		return NULL;
	contact = model->contacts[id - 1];
	while (contact->forward_to != 0) {
		*forwarded_ids =
		    model_append(*forwarded_ids, forwarded_count, &contact->id, sizeof(contact->id));
		contact = model->contacts[contact->forward_to - 1];
	}
	if (!contact->erased)
		return contact;
	free(*forwarded_ids);
	*forwarded_ids = NULL;
	*forwarded_count = 0;
	return NULL;
}

struct model_contact *
model_living(const struct model *model, uint64_t id)
{
	struct model_contact *contact;

	if (id == 0 || id > model->contact_count)
		return NULL;
	contact = model->contacts[id - 1];
	while (contact->forward_to != 0)
		contact = model->contacts[contact->forward_to - 1];
	return contact->erased ? NULL : contact;
}

bool
model_tells_of(const struct model *model, const struct model_entry *entry, uint64_t contact_id)
{
	for (size_t i = 0; i < entry->indexed_count && entry->sequence != 0; i++) {
		const struct model_contact *living = model_living(model, entry->indexed_ids[i]);

		if (living != NULL && living->id == contact_id)
			return true;
	}
	return false;
}

struct model_totals
model_recount(const struct model *model)
{
	struct model_totals totals = { 0 };

	for (size_t i = 0; i < model->contact_count; i++) {
		if (model->contacts[i]->forward_to != 0 || model->contacts[i]->erased)
			continue;
		switch (model_class(model->contacts[i])) {
		case CLASS_IDENTIFIED:
			totals.identified++;
			break;
		case CLASS_ANONYMOUS_PUSH:
			totals.anonymous_push++;
			break;
		default:
			totals.anonymous_chat++;
			break;
		}
	}
	return totals;
}
