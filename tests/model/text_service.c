/* What the service says, as text in the same form. A policy's version and build
 * can't be foretold: that they are there, and always the same, is looked at here. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/words.h"

int64_t
text_microseconds(const Google__Protobuf__Timestamp *timestamp)
{
	return timestamp == NULL ? 0 : timestamp->seconds * 1000000 + timestamp->nanos / 1000;
}

static void
add_pb_claim(struct text *text, const Anagraph__V1__Claim *claim)
{
	if (claim == NULL) {
		text_add(text, " <no claim>");
		return;
	}
	text_add(text, " <%s@%ld recorded %ld in \"%s\">", WORD(SOURCE_WORDS, claim->source),
	    (long)text_microseconds(claim->observed_at), (long)text_microseconds(claim->recorded_at),
	    claim->conversation);
	if (claim->claimed_at != NULL)
		text_add(text, " claimed %ld", (long)text_microseconds(claim->claimed_at));
}

static void
add_pb_identifier(struct text *text, const Anagraph__V1__Identifier *identifier)
{
	text_add(text, "%s=\"%s\"", identifier->namespace_, identifier->value);
	if (identifier->given[0] != '\0')
		text_add(text, " given \"%s\"", identifier->given);
	if (identifier->alias)
		text_add(text, " alias");
}

static void
add_pb_value(struct text *text, const Anagraph__V1__Attribute *attribute)
{
	struct model_value value = { 0 };

	switch (attribute->value_case) {
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE:
		text_add(text, "\"%s\"", attribute->string_value);
		return;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE:
		value.type = VALUE_NUMBER;
		value.number = attribute->number_value;
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE:
		value.type = VALUE_BOOL;
		value.boolean = attribute->bool_value;
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE:
		value.type = VALUE_TIME;
		value.time_us = text_microseconds(attribute->time_value);
		break;
	default:
		break;
	}
	text_add_value(text, &value);
}

static void
add_pb_claimed_value(struct text *text, const Anagraph__V1__ClaimedValue *claimed)
{
	Anagraph__V1__Attribute attribute = ANAGRAPH__V1__ATTRIBUTE__INIT;

	if (claimed == NULL) {
		text_add(text, "nothing");
		return;
	}
	switch (claimed->value_case) {
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE:
		attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
		attribute.string_value = claimed->string_value;
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_NUMBER_VALUE:
		attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
		attribute.number_value = claimed->number_value;
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_BOOL_VALUE:
		attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
		attribute.bool_value = claimed->bool_value;
		break;
	case ANAGRAPH__V1__CLAIMED_VALUE__VALUE_TIME_VALUE:
		attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE;
		attribute.time_value = claimed->time_value;
		break;
	default:
		break;
	}
	add_pb_value(text, &attribute);
	add_pb_claim(text, claimed->claim);
}

/* R23: a policy says who it is, and it is the same one all the while. */
static void
add_pb_policy(struct text *text, const Anagraph__V1__Policy *policy)
{
	static char seen[MODEL_POLICY_COUNT][96];
	char now[96];

	if (policy == NULL) {
		text_add(text, " by nobody");
		return;
	}
	text_add(text, " by %s", policy->id);
	if (policy->version[0] == '\0' || strlen(policy->build) != 32)
		text_add(text, " of version \"%s\" and build \"%s\"", policy->version, policy->build);
	snprintf(now, sizeof(now), "%s %s", policy->version, policy->build);
	for (size_t i = MODEL_CHAT_PRIMARY; i < MODEL_POLICY_COUNT; i++) {
		if (strcmp(policy->id, POLICY_WORDS[i]) != 0)
			continue;
		if (seen[i][0] == '\0')
			memcpy(seen[i], now, sizeof(now));
		if (strcmp(seen[i], now) != 0)
			text_add(text, " which was %s and is %s", seen[i], now);
	}
}

static void
add_pb_secondary(struct text *text, const Anagraph__V1__Secondary *secondary)
{
	if (secondary == NULL) {
		text_add(text, "nothing\n");
		return;
	}
	text_add(text, "#%lu ", (unsigned long)secondary->id);
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED__NOT_SET &&
	    secondary->claim == NULL && secondary->owner_contact_id == 0) {
		text_add(text, "\n");
		return;
	}
	if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_IDENTIFIER) {
		add_pb_identifier(text, secondary->identifier);
	} else if (secondary->offered_case == ANAGRAPH__V1__SECONDARY__OFFERED_ATTRIBUTE) {
		text_add(text, "%s=", secondary->attribute->name);
		add_pb_value(text, secondary->attribute);
	}
	text_add(text, " owner %lu", (unsigned long)secondary->owner_contact_id);
	if (secondary->policy != NULL && secondary->policy->id[0] != '\0')
		add_pb_policy(text, secondary->policy);
	else
		text_add(text, " by ?");
	add_pb_claim(text, secondary->claim);
	text_add(text, "\n");
}

void
text_add_pb_contact(struct text *text, const Anagraph__V1__Contact *contact)
{
	if (contact == NULL) {
		text_add(text, "no contact\n");
		return;
	}
	text_add(text, "contact %lu version %lu %s \"%s\" created %ld updated %ld reach",
	    (unsigned long)contact->id, (unsigned long)contact->version,
	    WORD(CLASS_WORDS, contact->contact_class), contact->display_name,
	    (long)text_microseconds(contact->create_time), (long)text_microseconds(contact->update_time));
	for (size_t i = 0; i < contact->n_reach; i++)
		text_add(text, " %s", WORD(REACH_WORDS, contact->reach[i]));
	text_add(text, "\n");
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		text_add(text, "  ");
		add_pb_identifier(text, contact->identifiers[i]);
		add_pb_claim(text, contact->identifiers[i]->claim);
		text_add(text, "\n");
	}
	for (size_t i = 0; i < contact->n_attributes; i++) {
		text_add(text, "  %s=", contact->attributes[i]->name);
		add_pb_value(text, contact->attributes[i]);
		add_pb_claim(text, contact->attributes[i]->claim);
		text_add(text, "\n");
	}
	for (size_t i = 0; i < contact->n_secondaries; i++) {
		text_add(text, "  offered ");
		add_pb_secondary(text, contact->secondaries[i]);
	}
	for (size_t i = 0; i < contact->n_lists; i++)
		text_add(text, "  list %s\n", contact->lists[i]);
}

static void
add_pb_conflict(struct text *text, const Anagraph__V1__Conflict *conflict)
{
	text_add(text, "%s %s stored ", WORD(KIND_WORDS, conflict->kind), conflict->name);
	add_pb_claimed_value(text, conflict->stored);
	text_add(text, " incoming ");
	add_pb_claimed_value(text, conflict->incoming);
	text_add(text, " owner %lu %s", (unsigned long)conflict->owner_contact_id,
	    WORD(VERDICT_WORDS, conflict->verdict));
	add_pb_policy(text, conflict->policy);
	if (conflict->fallback[0] != '\0')
		text_add(text, " fallback %s", conflict->fallback);
	text_add(text, "\n");
}

void
text_add_pb_conflicts(struct text *text, Anagraph__V1__Conflict *const *conflicts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_pb_conflict(text, conflicts[i]);
}

void
text_add_pb_primaries(struct text *text, const Anagraph__V1__Contact *contact)
{
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		const Anagraph__V1__Identifier *identifier = contact->identifiers[i];

		text_add(text, "%s=\"%s\" <%s@%ld>\n", identifier->namespace_, identifier->value,
		    WORD(SOURCE_WORDS, identifier->claim->source),
		    (long)text_microseconds(identifier->claim->observed_at));
	}
	for (size_t i = 0; i < contact->n_attributes; i++) {
		const Anagraph__V1__Attribute *attribute = contact->attributes[i];

		text_add(text, "%s=", attribute->name);
		add_pb_value(text, attribute);
		text_add(text, " <%s@%ld>\n", WORD(SOURCE_WORDS, attribute->claim->source),
		    (long)text_microseconds(attribute->claim->observed_at));
	}
}

static void
add_pb_said(struct text *text, const Anagraph__V1__JournalEntry *entry)
{
	for (size_t i = 0; i < entry->n_identifiers; i++) {
		text_add(text, "said ");
		add_pb_identifier(text, entry->identifiers[i]);
		if (entry->identifiers[i]->claim != NULL)
			add_pb_claim(text, entry->identifiers[i]->claim);
		text_add(text, "\n");
	}
	for (size_t i = 0; i < entry->n_attributes; i++) {
		text_add(text, "said %s=", entry->attributes[i]->name);
		add_pb_value(text, entry->attributes[i]);
		if (entry->attributes[i]->claim != NULL)
			add_pb_claim(text, entry->attributes[i]->claim);
		text_add(text, "\n");
	}
}

static void
add_pb_redacted(struct text *text, const Anagraph__V1__JournalEntry *entry)
{
	text_add(text, " redacted\n");
	for (size_t i = 0; i < entry->n_conflicts; i++)
		text_add(text, "%s %s %s\n", WORD(KIND_WORDS, entry->conflicts[i]->kind),
		    entry->conflicts[i]->name, WORD(VERDICT_WORDS, entry->conflicts[i]->verdict));
}

void
text_add_pb_entry(struct text *text, const Anagraph__V1__JournalEntry *entry)
{
	size_t losses_at;

	text_add(text, "entry %lu revision %lu contact %lu %s %s", (unsigned long)entry->sequence,
	    (unsigned long)entry->revision, (unsigned long)entry->contact_id,
	    WORD(ACTION_WORDS, entry->action), WORD(OUTCOME_WORDS, entry->outcome));
	text_add(text, " by \"%s\" who saw %lu, secondary %lu", entry->operator_,
	    (unsigned long)entry->contact_version, (unsigned long)entry->secondary_id);
	if (entry->redacted) {
		add_pb_redacted(text, entry);
		return;
	}
	add_pb_claim(text, entry->claim);
	text_add(text, "\n");
	add_pb_said(text, entry);
	text_add_pb_conflicts(text, entry->conflicts, entry->n_conflicts);
	losses_at = text->size;
	for (size_t i = 0; i < entry->n_losses; i++) {
		text_add(text, "lost %s of %lu ", WORD(CAUSE_WORDS, entry->losses[i]->cause),
		    (unsigned long)entry->losses[i]->contact_id);
		add_pb_secondary(text, entry->losses[i]->value);
	}
	text_sort_lines(text, losses_at);
	for (size_t i = 0; i < entry->n_absorptions; i++) {
		text_add(text, "absorbed by %lu ", (unsigned long)entry->absorptions[i]->survivor_contact_id);
		text_add_pb_contact(text, entry->absorptions[i]->before);
	}
}
