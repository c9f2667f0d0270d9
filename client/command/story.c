/* Days are headlines, entries are moments, and what an entry came to stands beside
 * labels. Times are UTC. Text that callers once sent is printed by the page alone, which
 * disarms it. */
#include "client/command/story.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/text/rfc3339.h"
#include "client/tour/words.h"

enum { DAY_BYTES = 11, MINUTE_AT = 11, MINUTE_BYTES = 6, BUILD_DIGITS = 8, APART_SECONDS = 60 };

/* "2024-05-01 10:00:00", NUL-terminated; "?" for what is no time. */
static void
write_time(char text[RFC3339_BYTES], const Google__Protobuf__Timestamp *time)
{
	if (time == NULL || rfc3339_write(text, time->seconds, time->nanos) != 0) {
		snprintf(text, RFC3339_BYTES, "?");
		return;
	}
	text[DAY_BYTES - 1] = ' ';
	text[DAY_BYTES + sizeof("10:00:00") - 1] = '\0';
}

/* Lists what an entry says, to be freed; NULL when that is nothing. */
static char *
said(const Anagraph__V1__JournalEntry *entry)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *gap = "";

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < entry->n_identifiers; i++, gap = ", ")
		fprintf(
		    stream, "%s%s %s", gap, entry->identifiers[i]->namespace_, entry->identifiers[i]->value);
	for (size_t i = 0; i < entry->n_attributes; i++, gap = ", ") {
		char *value = words_attribute_value(entry->attributes[i]);

		fprintf(stream, "%s%s %s", gap, entry->attributes[i]->name, value != NULL ? value : "?");
		free(value);
	}
	fclose(stream);
	if (size > 0)
		return text;
	free(text);
	return NULL;
}

static const char *
what_came_of_it(Anagraph__V1__Outcome outcome)
{
	switch (outcome) {
	case ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED:
		return "is new";
	case ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED:
		return "is known better by now";
	case ANAGRAPH__V1__OUTCOME__OUTCOME_UPDATED:
		return "changed";
	default:
		return "stayed as it was";
	}
}

/* The sentence that an entry begins with, to be freed. */
static char *
sentence(const Anagraph__V1__JournalEntry *entry, const char *words)
{
	const char *who = *entry->operator_ != '\0' ? entry->operator_ : "somebody";
	uint64_t id = entry->contact_id;
	char *text = NULL, *from;
	int size;

	switch (entry->action) {
	case ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_PROMOTE:
		size = asprintf(
		    &text, "%s promoted %s: it is contact %" PRIu64 "'s own value now.", who, words, id);
		break;
	case ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_DISMISS:
		size = asprintf(
		    &text, "%s dismissed %s, which contact %" PRIu64 " was offered.", who, words, id);
		break;
	case ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_MERGE:
		size = asprintf(&text, "%s merged another contact into contact %" PRIu64 ".", who, id);
		break;
	case ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_ERASE:
		size =
		    asprintf(&text, "%s erased another contact, of which contact %" PRIu64 " knew.", who, id);
		break;
	default:
		from = words_claim(entry->claim);
		size = asprintf(&text, "From %s: contact %" PRIu64 " %s.",
		    from != NULL && *from != '\0' ? from : "somewhere", id, what_came_of_it(entry->outcome));
		free(from);
		break;
	}
	return size >= 0 ? text : NULL;
}

/* Begins an entry under its day and its minute. */
static void
tell_moment(struct story *story, const Anagraph__V1__JournalEntry *entry, const char *words)
{
	char time[RFC3339_BYTES], day[DAY_BYTES], minute[MINUTE_BYTES] = "?";
	char *text = sentence(entry, words);
	bool new_day;

	write_time(time, entry->claim != NULL ? entry->claim->recorded_at : NULL);
	snprintf(day, sizeof(day), "%.10s", time);
	if (strlen(time) > MINUTE_AT)
		snprintf(minute, sizeof(minute), "%.5s", time + MINUTE_AT);
	new_day = strcmp(day, story->day) != 0;
	if (new_day) {
		screen_headline(&story->page, day);
		snprintf(story->day, sizeof(story->day), "%s", day);
	}
	screen_moment(&story->page, minute, text != NULL ? text : "?", !new_day);
	free(text);
}

/* When it happened, where that is not when it was told. */
static void
tell_observed(struct story *story, const Anagraph__V1__Claim *claim)
{
	char time[RFC3339_BYTES];

	if (claim == NULL || claim->observed_at == NULL || claim->recorded_at == NULL ||
	    llabs(claim->observed_at->seconds - claim->recorded_at->seconds) < APART_SECONDS)
		return;
	write_time(time, claim->observed_at);
	screen_entry(&story->page, "observed", STYLE_FAINT, "%s", time);
}

static void
tell_conflict(struct story *story, const Anagraph__V1__Conflict *conflict, uint64_t contact_id)
{
	const struct screen *page = &story->page;
	const Anagraph__V1__Policy *policy = conflict->policy;
	const Anagraph__V1__Claim *claim = conflict->stored != NULL ? conflict->stored->claim : NULL;
	char *dispute = words_conflict(conflict);
	char *decision = words_decision(conflict, contact_id);
	char *from = words_claim(claim);
	char time[RFC3339_BYTES];

	screen_entry(page, "conflict", STYLE_CARE, "%s", dispute != NULL ? dispute : "?");
	if (claim != NULL) {
		write_time(time, claim->observed_at);
		screen_entry(page, "known", STYLE_FAINT, "from %s, %s", from != NULL ? from : "?", time);
	}
	screen_entry(page, "verdict", STYLE_PLAIN, "%s", decision != NULL ? decision : "?");
	if (policy != NULL)
		screen_entry(page, "policy", STYLE_FAINT, "%s %s, build %.*s%s%s", policy->id,
		    policy->version, BUILD_DIGITS, policy->build, *conflict->reason != '\0' ? ": " : "",
		    conflict->reason);
	free(dispute);
	free(decision);
	free(from);
}

static const char *
why_lost(Anagraph__V1__LossCause cause)
{
	switch (cause) {
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_TAKEN:
		return "gave way";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_LIMIT:
		return "found no room";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_AGREED:
		return "no longer waits: it is the contact's own value";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_SUPERSEDED:
		return "no longer waits: there were too many";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_JOINED:
		return "waits already";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_PROMOTED:
		return "no longer waits: it was promoted";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_DISMISSED:
		return "no longer waits: it was dismissed";
	case ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_ERASED:
		return "no longer waits: whom it named was erased";
	default:
		return "is no more";
	}
}

static void
tell_loss(struct story *story, const Anagraph__V1__Loss *loss, uint64_t contact_id)
{
	char *value = loss->value != NULL ? words_secondary(loss->value) : NULL;
	const char *text = value != NULL ? value : "a value";

	if (loss->contact_id == contact_id)
		screen_entry(&story->page, "lost", STYLE_PLAIN, "%s %s", text, why_lost(loss->cause));
	else
		screen_entry(&story->page, "lost", STYLE_PLAIN, "by contact %" PRIu64 ": %s %s",
		    loss->contact_id, text, why_lost(loss->cause));
	free(value);
}

static void
tell_absorption(struct story *story, const Anagraph__V1__Absorption *absorption)
{
	const Anagraph__V1__Contact *before = absorption->before;
	char *text = NULL;
	size_t size;
	FILE *stream = before != NULL ? open_memstream(&text, &size) : NULL;

	if (stream == NULL)
		return;
	fprintf(stream, "contact %" PRIu64 ", %s, is part of contact %" PRIu64 " from now on", before->id,
	    before->display_name, absorption->survivor_contact_id);
	for (size_t i = 0; i < before->n_identifiers; i++)
		fprintf(stream, "%s %s %s", i == 0 ? "; it held" : ",", before->identifiers[i]->namespace_,
		    before->identifiers[i]->value);
	fclose(stream);
	screen_entry(&story->page, "absorbed", STYLE_NEWS, "%s", text);
	free(text);
}

void
story_begin(struct story *story, FILE *stream, const Anagraph__V1__ResolveResponse *whose)
{
	const Anagraph__V1__Contact *contact = whose->contact;

	*story = (struct story){ .day = "" };
	screen_init(&story->page, stream);
	screen_paragraph(&story->page, STYLE_STRONG, "%s, contact %" PRIu64 " (%s, version %" PRIu64 ")",
	    contact->display_name, contact->id, words_class(contact->contact_class), contact->version);
	if (whose->n_forwarded_ids > 0)
		screen_paragraph(&story->page, STYLE_PLAIN, "Contact %" PRIu64 " became part of it.",
		    whose->forwarded_ids[0]);
}

void
story_tell(struct story *story, const Anagraph__V1__JournalEntry *entry)
{
	bool act = *entry->operator_ != '\0';
	char *words = said(entry);

	tell_moment(story, entry, words != NULL ? words : "a value");
	if (words != NULL && !act)
		screen_entry(&story->page, "said", STYLE_PLAIN, "%s", words);
	if (!act)
		tell_observed(story, entry->claim);
	for (size_t i = 0; i < entry->n_conflicts; i++)
		tell_conflict(story, entry->conflicts[i], entry->contact_id);
	for (size_t i = 0; i < entry->n_absorptions; i++)
		tell_absorption(story, entry->absorptions[i]);
	for (size_t i = 0; i < entry->n_losses; i++)
		tell_loss(story, entry->losses[i], entry->contact_id);
	if (entry->redacted)
		screen_entry(&story->page, "erased", STYLE_FAINT,
		    "values of a contact erased since have been taken out");
	free(words);
}
