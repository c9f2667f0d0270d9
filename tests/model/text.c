/* What the model says, as text. */
#include "tests/model/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/words.h"

enum { TEXT_BYTES = 1024, CLAMPED_US = 300000000 }; /* to begin with; R19 */

const char *const SOURCE_WORDS[4] = { "?", "PUSH", "CONVERSATIONS", "CONTACTS" };
const char *const CLASS_WORDS[4] = { "?", "IDENTIFIED", "ANONYMOUS_PUSH", "ANONYMOUS_CHAT" };
const char *const REACH_WORDS[5] = { "?", "EMAIL", "SMS", "WHATSAPP", "PUSH" };
const char *const KIND_WORDS[4] = { "?", "VALUE", "OWNER", "IDENTITY" };
const char *const VERDICT_WORDS[5] = { "?", "KEEP", "OFFER", "TAKE", "SEPARATE" };
const char *const OUTCOME_WORDS[5] = { "?", "CREATED", "IDENTIFIED", "UPDATED", "UNCHANGED" };
const char *const CAUSE_WORDS[9] = { "?", "TAKEN", "LIMIT", "AGREED", "SUPERSEDED", "JOINED", "PROMOTED",
	"DISMISSED", "ERASED" };
const char *const ACTION_WORDS[6] = { "?", "IDENTIFY", "PROMOTE", "DISMISS", "MERGE", "ERASE" };
const char *const POLICY_WORDS[MODEL_POLICY_COUNT] = { "?", "chat_primary", "push_latest" };

void
text_add(struct text *text, const char *format, ...)
{
	for (;;) {
		size_t room = text->capacity - text->size;
		va_list arguments;
		size_t needed;

		va_start(arguments, format);
		needed = (size_t)vsnprintf(
		    text->bytes == NULL ? NULL : text->bytes + text->size, room, format, arguments);
		va_end(arguments);
		if (needed < room) {
			text->size += needed;
			return;
		}
		text->capacity = 2 * (text->size + needed + TEXT_BYTES);
		text->bytes = realloc(text->bytes, text->capacity);
		if (text->bytes == NULL)
			abort();
	}
}

void
text_finish(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

bool
text_equal(const struct text *a, const struct text *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int
order_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
text_sort_lines(struct text *text, size_t from)
{
	struct text sorted = { 0 };
	char **lines = NULL;
	size_t count = 0;
	char *rest = NULL;

	if (text->bytes == NULL)
		return;
	for (char *line = strtok_r(text->bytes + from, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		lines = model_append(lines, &count, &line, sizeof(line));
	if (lines == NULL)
		return;
	qsort(lines, count, sizeof(lines[0]), order_lines);
	for (size_t i = 0; i < count; i++)
		text_add(&sorted, "%s\n", lines[i]);
	if (sorted.bytes != NULL)
		memcpy(text->bytes + from, sorted.bytes, sorted.size + 1);
	free(lines);
	text_finish(&sorted);
}

/* Adds the lines of one text that are not lines of the other. */
static void
add_lines_missing(struct text *text, const char *mark, const struct text *lines, const struct text *from)
{
	size_t size;

	for (const char *line = lines->size > 0 ? lines->bytes : ""; *line != '\0'; line += size) {
		const char *other = from->size > 0 ? from->bytes : "";

		size = strcspn(line, "\n");
		size += line[size] == '\n';
		while (*other != '\0' && strncmp(other, line, size) != 0) {
			other += strcspn(other, "\n");
			other += *other == '\n';
		}
		if (*other == '\0')
			text_add(text, "%s%.*s", mark, (int)size, line);
	}
}

void
text_add_difference(struct text *text, const struct text *expected, const struct text *got)
{
	size_t before = text->size;

	add_lines_missing(text, "the rules say    ", expected, got);
	add_lines_missing(text, "the service says ", got, expected);
	if (text->size == before)
		text_add(text, "the same lines in another order:\n%s---\n%s", expected->bytes, got->bytes);
}

void
text_add_value(struct text *text, const struct model_value *value)
{
	switch (value->type) {
	case VALUE_BOOL:
		text_add(text, "%s", value->boolean ? "true" : "false");
		break;
	case VALUE_NUMBER:
		text_add(text, "%.17g", value->number);
		break;
	case VALUE_TIME:
		text_add(text, "@%ld", (long)value->time_us);
		break;
	case VALUE_STRING:
		text_add(text, "\"%s\"", value->string);
		break;
	case VALUE_NONE:
		text_add(text, "nothing");
		break;
	}
}

static void
add_named(struct text *text, const struct model_fact *fact)
{
	text_add(text, "%s=", fact->name);
	text_add_value(text, &fact->value);
	if (fact->given[0] != '\0')
		text_add(text, " given \"%s\"", fact->given);
	if (fact->alias)
		text_add(text, " alias");
}

static int64_t
recorded_at(const struct model *model, size_t step)
{
	return step == 0 ? 0 : model->recorded_at_us[step - 1];
}

static void
add_claim(struct text *text, const struct model *model, const struct model_claim *claim)
{
	int64_t recorded_at_us = recorded_at(model, claim->step);
	int64_t observed_at_us = claim->observed_at_us;

	if (observed_at_us >= MODEL_CLAMPED)
		observed_at_us = recorded_at_us + CLAMPED_US;
	else if (observed_at_us >= MODEL_UNTIMED)
		observed_at_us = recorded_at_us;
	text_add(text, " <%s@%ld recorded %ld in \"%s\">", WORD(SOURCE_WORDS, claim->source),
	    (long)observed_at_us, (long)recorded_at_us, claim->conversation);
	if (claim->claimed_at_us != 0)
		text_add(text, " claimed %ld", (long)claim->claimed_at_us);
}

static void
add_secondary(struct text *text, const struct model *model, const struct model_secondary *secondary)
{
	text_add(text, "#%lu ", (unsigned long)secondary->id);
	if (secondary->fact.name[0] == '\0') {
		text_add(text, "\n");
		return;
	}
	add_named(text, &secondary->fact);
	text_add(text, " owner %lu by %s", (unsigned long)secondary->owner_contact_id,
	    WORD(POLICY_WORDS, secondary->policy));
	add_claim(text, model, &secondary->fact.claim);
	text_add(text, "\n");
}

void
text_add_event(struct text *text, const struct model_event *event)
{
	text_add(text, "%s", WORD(SOURCE_WORDS, event->source));
	if (event->observed_at_us == MODEL_UNTIMED)
		text_add(text, " untimed");
	else
		text_add(text, "@%ld", (long)event->observed_at_us);
	for (size_t i = 0; i < event->fact_count; i++) {
		text_add(text, " ");
		add_named(text, &event->facts[i]);
	}
	if (event->conversation[0] != '\0')
		text_add(text, " in \"%s\"", event->conversation);
	text_add(text, "\n");
}

void
text_add_request(struct text *text, const struct model_request *request)
{
	text_add(text, "%s ", WORD(ACTION_WORDS, request->action));
	if (request->request_id[0] != '\0')
		text_add(text, "as \"%s\" ", request->request_id);
	if (request->validate_only)
		text_add(text, "only asked ");
	if (request->action == ACTION_IDENTIFY) {
		text_add_event(text, &request->event);
		return;
	}
	text_add(text,
	    "contact %lu version %lu secondary %lu absorbed %lu version %lu suppress %d by \"%s\"\n",
	    (unsigned long)request->contact_id, (unsigned long)request->contact_version,
	    (unsigned long)request->secondary_id, (unsigned long)request->absorbed_id,
	    (unsigned long)request->absorbed_version, request->suppress, request->operator_name);
}

void
text_add_contact(struct text *text, const struct model *model, const struct model_contact *contact)
{
	char name[2 * MODEL_TEXT_BYTES];

	model_display_name(name, contact);
	text_add(text, "contact %lu version %lu %s \"%s\" created %ld updated %ld reach",
	    (unsigned long)contact->id, (unsigned long)contact->version,
	    WORD(CLASS_WORDS, model_class(contact)), name, (long)recorded_at(model, contact->created_step),
	    (long)recorded_at(model, contact->updated_step));
	for (enum reach reach = REACH_EMAIL; reach <= REACH_PUSH; reach++) {
		if (model_reached_by(contact, reach))
			text_add(text, " %s", WORD(REACH_WORDS, reach));
	}
	text_add(text, "\n");
	for (size_t i = 0; i < contact->fact_count; i++) {
		text_add(text, "  ");
		add_named(text, &contact->facts[i]);
		add_claim(text, model, &contact->facts[i].claim);
		text_add(text, "\n");
	}
	for (size_t i = 0; i < contact->secondary_count; i++) {
		text_add(text, "  offered ");
		add_secondary(text, model, &contact->secondaries[i]);
	}
	if (contact->engaged)
		text_add(text, "  list conversations-engaged\n");
}

static void
add_conflict(struct text *text, const struct model *model, const struct model_conflict *conflict)
{
	text_add(text, "%s %s stored ", WORD(KIND_WORDS, conflict->kind), conflict->incoming.name);
	text_add_value(text, &conflict->stored.value);
	add_claim(text, model, &conflict->stored.claim);
	text_add(text, " incoming ");
	text_add_value(text, &conflict->incoming.value);
	add_claim(text, model, &conflict->incoming.claim);
	text_add(text, " owner %lu %s by %s\n", (unsigned long)conflict->owner_contact_id,
	    WORD(VERDICT_WORDS, conflict->verdict), WORD(POLICY_WORDS, conflict->policy));
}

static void
add_conflicts(struct text *text, const struct model *model, const struct model_entry *entry)
{
	for (size_t i = 0; i < entry->conflict_count; i++)
		add_conflict(text, model, &entry->conflicts[i]);
}

static void
add_absorbed_ids(struct text *text, const struct model_entry *entry)
{
	text_add(text, "absorbed");
	for (size_t i = 0; i < entry->absorbed_count; i++)
		text_add(text, " %lu", (unsigned long)entry->absorbed[i].id);
	text_add(text, "\n");
}

static void
add_refusal(struct text *text, const struct model_entry *entry)
{
	static const struct {
		int code;
		const char *reason;
	} refusals[MODEL_REFUSAL_COUNT] = {
		[MODEL_CONTACT_NOT_FOUND] = { 5, "CONTACT_NOT_FOUND" },
		[MODEL_SECONDARY_NOT_FOUND] = { 5, "SECONDARY_NOT_FOUND" },
		[MODEL_VERSION_MISMATCH] = { 10, "VERSION_MISMATCH" },
		[MODEL_MERGE_INVALID] = { 3, "MERGE_INVALID" },
		[MODEL_IDENTIFIER_OWNED] = { 9, "IDENTIFIER_OWNED" },
		[MODEL_IDENTIFIER_SUPPRESSED] = { 9, "IDENTIFIER_SUPPRESSED" },
		[MODEL_REQUEST_ID_REUSED] = { 9, "REQUEST_ID_REUSED" },
	};

	text_add(text, "status %d %s at \"%s\" owner %lu\n", refusals[entry->refusal].code,
	    refusals[entry->refusal].reason, entry->refused_field, (unsigned long)entry->refused_owner_id);
}

void
text_add_answer(struct text *text, const struct model *model, const struct model_entry *entry)
{
	const struct model_entry *answer = model_answer_of(model, entry);

	if (entry->refusal != MODEL_TAKEN_IN) {
		add_refusal(text, entry);
		return;
	}
	if (entry->replay_of != 0)
		text_add(text, "replayed\n");
	if (answer->request.action == ACTION_ERASE) {
		text_add(text, "revision %lu\n", (unsigned long)answer->revision);
		return;
	}
	if (answer->request.action == ACTION_IDENTIFY) {
		text_add(text, "%s revision %lu\n", WORD(OUTCOME_WORDS, answer->outcome),
		    (unsigned long)answer->revision);
		add_conflicts(text, model, answer);
		for (size_t i = 0; i < answer->shared_count; i++)
			text_add(text, "shared %s=\"%s\"\n", answer->shared[i].name,
			    answer->shared[i].value.string);
	}
	if (answer->request.action == ACTION_IDENTIFY || answer->request.action == ACTION_MERGE)
		add_absorbed_ids(text, answer);
	text_add_contact(text, model, &answer->contact);
}

/* What the event said, or the secondary that the act was about. */
static void
add_said(struct text *text, const struct model_entry *entry)
{
	const struct model_event *event = &entry->request.event;

	for (size_t i = 0; i < event->fact_count; i++) {
		text_add(text, "said ");
		add_named(text, &event->facts[i]);
		text_add(text, "\n");
	}
	if (entry->subject.name[0] != '\0') {
		text_add(text, "said ");
		add_named(text, &entry->subject);
		text_add(text, "\n");
	}
}

/* Of an entry that values were taken out of: what stays. */
static void
add_redacted_entry(struct text *text, const struct model_entry *entry)
{
	text_add(text, " redacted\n");
	for (size_t i = 0; i < entry->conflict_count; i++)
		text_add(text, "%s %s %s\n", WORD(KIND_WORDS, entry->conflicts[i].kind),
		    entry->conflicts[i].incoming.name, WORD(VERDICT_WORDS, entry->conflicts[i].verdict));
}

void
text_add_entry(struct text *text, const struct model *model, const struct model_entry *entry)
{
	size_t losses_at;

	text_add(text, "entry %lu revision %lu contact %lu %s %s", (unsigned long)entry->sequence,
	    (unsigned long)entry->revision, (unsigned long)entry->contact_id,
	    WORD(ACTION_WORDS, entry->request.action), WORD(OUTCOME_WORDS, entry->outcome));
	text_add(text, " by \"%s\" who saw %lu, secondary %lu", entry->request.operator_name,
	    (unsigned long)entry->request.contact_version, (unsigned long)entry->request.secondary_id);
	if (entry->redacted) {
		add_redacted_entry(text, entry);
		return;
	}
	add_claim(text, model, &entry->claim);
	text_add(text, "\n");
	add_said(text, entry);
	add_conflicts(text, model, entry);
	losses_at = text->size;
	for (size_t i = 0; i < entry->loss_count; i++) {
		text_add(text, "lost %s of %lu ", WORD(CAUSE_WORDS, entry->losses[i].cause),
		    (unsigned long)entry->losses[i].contact_id);
		add_secondary(text, model, &entry->losses[i].value);
	}
	text_sort_lines(text, losses_at);
	for (size_t i = 0; i < entry->absorbed_count; i++) {
		text_add(text, "absorbed by %lu ", (unsigned long)entry->contact_id);
		text_add_contact(text, model, &entry->absorbed[i]);
	}
}

void
text_add_primaries(struct text *text, const struct model_contact *contact)
{
	for (size_t i = 0; i < contact->fact_count; i++) {
		const struct model_fact *fact = &contact->facts[i];

		text_add(text, "%s=", fact->name);
		text_add_value(text, &fact->value);
		text_add(text, " <%s@%ld>\n", WORD(SOURCE_WORDS, fact->claim.source),
		    (long)fact->claim.observed_at_us);
	}
}
