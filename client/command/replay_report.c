/* What a replay came to: for people a page, for machines JSON lines. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "client/command/replay.h"
#include "client/text/rfc3339.h"

enum { LINES_SHOWN = 20 };

static const char *const kind_names[REPLAY_KINDS] = { "", "value", "owner", "identity" };
static const char *const verdict_names[REPLAY_VERDICTS] = { "", "keep", "offer", "take", "separate" };

/* A whole number without a fraction, as everywhere else. */
static json_t *
number_value(double number)
{
	const double exact = 9007199254740992.0; /* 2^53 */

	if (number > -exact && number < exact && (double)(json_int_t)number == number)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static json_t *
json_of_value(const struct value *value)
{
	enum { MICROSECONDS = 1000000 };
	char text[RFC3339_BYTES];
	int64_t seconds = value->time_us / MICROSECONDS - (value->time_us % MICROSECONDS < 0);

	switch (value->type) {
	case VALUE_BOOL:
		return json_boolean(value->boolean);
	case VALUE_NUMBER:
		return number_value(value->number);
	case VALUE_STRING:
		return json_stringn((const char *)value->string.data, value->string.size);
	case VALUE_TIME:
		if (rfc3339_write(text, seconds, (int32_t)(value->time_us - seconds * MICROSECONDS) * 1000) !=
		    0)
			return json_null();
		return json_string(text);
	case VALUE_NONE:
		break;
	}
	return json_null();
}

static int
put_line(json_t *object)
{
	int result = 0;

	if (object == NULL)
		return -ENOMEM;
	if (json_dumpf(object, stdout, JSON_COMPACT | JSON_ENCODE_ANY) < 0 || putchar('\n') == EOF)
		result = errno != 0 ? -errno : -EIO;
	json_decref(object);
	return result;
}

/* {"contact_id":7,"name":"CITY","as_decided":"Roma","as_replayed":"Bari"}, or of a contact
 * that is in one of the courses alone {"contact_id":7,"only":"as_decided","part_of":3}. */
static int
put_difference(const struct replay_difference *difference)
{
	json_t *object = json_pack("{s:I}", "contact_id", (json_int_t)difference->contact_id);

	if (object == NULL)
		return -ENOMEM;
	if (difference->name.size == 0) {
		json_object_set_new(
		    object, "only", json_string(difference->is_in_replayed ? "as_replayed" : "as_decided"));
		if (difference->survivor_contact_id != 0)
			json_object_set_new(
			    object, "part_of", json_integer((json_int_t)difference->survivor_contact_id));
		return put_line(object);
	}
	json_object_set_new(
	    object, "name", json_stringn((const char *)difference->name.data, difference->name.size));
	json_object_set_new(object, "as_decided", json_of_value(&difference->as_decided));
	json_object_set_new(object, "as_replayed", json_of_value(&difference->as_replayed));
	return put_line(object);
}

static void
print_value(const struct value *value)
{
	json_t *json = json_of_value(value);

	if (value->type == VALUE_NONE)
		fputs("nothing", stdout);
	else if (json != NULL)
		json_dumpf(json, stdout, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	json_decref(json);
}

static void
print_difference(const struct replay_difference *difference)
{
	printf("  contact %" PRIu64 "  ", difference->contact_id);
	if (difference->name.size > 0) {
		printf("%.*s  ", BYTES_PRINT(difference->name));
		print_value(&difference->as_decided);
		fputs(" -> ", stdout);
		print_value(&difference->as_replayed);
		putchar('\n');
	} else if (difference->is_in_replayed) {
		puts("there would be, and is not");
	} else if (difference->survivor_contact_id != 0) {
		printf("would be part of contact %" PRIu64 "\n", difference->survivor_contact_id);
	} else {
		puts("there would not be");
	}
}

int
replay_show_difference(void *context, const struct replay_difference *difference)
{
	struct replay_shown *shown = context;

	if (shown->json)
		return put_difference(difference);
	if (!shown->begun)
		puts("What contacts hold, and what they would hold:");
	shown->begun = true;
	if (shown->lines < LINES_SHOWN) {
		shown->lines++;
		print_difference(difference);
	} else {
		shown->hidden++;
	}
	return ferror(stdout) ? -EPIPE : 0;
}

static uint64_t
decided_again(const struct replay_report *report, unsigned kind)
{
	uint64_t count = 0;

	for (unsigned stored = 0; stored < REPLAY_VERDICTS; stored++) {
		for (unsigned replayed = 0; replayed < REPLAY_VERDICTS; replayed++)
			count += report->verdicts[kind][stored][replayed];
	}
	return count;
}

static uint64_t
all_kinds(const uint64_t counts[REPLAY_KINDS])
{
	return counts[CONFLICT_VALUE] + counts[CONFLICT_OWNER] + counts[CONFLICT_IDENTITY];
}

static json_t *
json_of_verdicts(const struct replay_report *report, unsigned kind)
{
	json_t *object = json_object();

	for (unsigned stored = VERDICT_KEEP; stored < REPLAY_VERDICTS; stored++) {
		json_t *row = json_object();

		for (unsigned replayed = VERDICT_KEEP; replayed < REPLAY_VERDICTS; replayed++) {
			uint64_t count = report->verdicts[kind][stored][replayed];

			if (count > 0)
				json_object_set_new(
				    row, verdict_names[replayed], json_integer((json_int_t)count));
		}
		if (json_object_size(row) > 0)
			json_object_set_new(object, verdict_names[stored], row);
		else
			json_decref(row);
	}
	return object;
}

static json_t *
json_of_kinds(const struct replay_report *report)
{
	json_t *object = json_object();

	for (unsigned kind = CONFLICT_VALUE; kind < REPLAY_KINDS; kind++)
		json_object_set_new(object, kind_names[kind],
		    json_pack("{s:I,s:o,s:I,s:I}", "decided_again", (json_int_t)decided_again(report, kind),
			"verdicts", json_of_verdicts(report, kind), "not_known_any_more",
			(json_int_t)report->unknown[kind], "left", (json_int_t)report->left[kind]));
	return object;
}

static json_t *
json_of_course(const struct replay_course *course)
{
	const uint64_t *classes = course->account.class_counts;
	const uint64_t *reach = course->account.reach_counts;
	uint64_t page = classes[CLASS_IDENTIFIED] + classes[CLASS_ANONYMOUS_PUSH];
	uint64_t home = page + classes[CLASS_ANONYMOUS_CHAT];

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "identified",
	    (json_int_t)classes[CLASS_IDENTIFIED], "anonymous_push",
	    (json_int_t)classes[CLASS_ANONYMOUS_PUSH], "anonymous_chat",
	    (json_int_t)classes[CLASS_ANONYMOUS_CHAT], "contacts_page_total", (json_int_t)page,
	    "home_page_total", (json_int_t)home, "reach_email", (json_int_t)reach[REACH_EMAIL], "reach_sms",
	    (json_int_t)reach[REACH_SMS], "reach_whatsapp", (json_int_t)reach[REACH_WHATSAPP], "reach_push",
	    (json_int_t)reach[REACH_PUSH], "secondaries", (json_int_t)course->secondaries);
}

static json_t *
json_of_report(const struct replay_report *report, struct bytes account)
{
	return json_pack("{s:s%,s:{s:s,s:s,s:s},s:I,s:I,s:o,s:{s:I,s:I,s:I},s:I,s:I,s:I,s:{s:o,s:o},"
			 "s:I,s:I,s:I,s:I,s:I,s:I}",
	    "account", account.data, account.size, "policy", "id", report->policy_id, "version",
	    report->policy_version, "build", report->policy_build, "entries", (json_int_t)report->entries,
	    "entries_missing", (json_int_t)report->entries_missing, "conflicts", json_of_kinds(report),
	    "fallbacks", "policy_failed", (json_int_t)report->fallbacks[FALLBACK_FAILED], "policy_deferred",
	    (json_int_t)report->fallbacks[FALLBACK_DEFERRED], "verdict_invalid",
	    (json_int_t)report->fallbacks[FALLBACK_INVALID], "other_reasons",
	    (json_int_t)report->other_reasons, "contacts_differing", (json_int_t)report->contacts_differing,
	    "names_differing", (json_int_t)report->names_differing, "totals", "as_decided",
	    json_of_course(&report->as_decided), "as_replayed", json_of_course(&report->as_replayed),
	    "asked_anew", (json_int_t)report->asked_anew, "assumed", (json_int_t)report->assumed, "acts_lost",
	    (json_int_t)report->acts_lost, "events_blank", (json_int_t)report->events_blank,
	    "contacts_stored", (json_int_t)report->contacts_stored, "contacts_astray",
	    (json_int_t)report->contacts_astray);
}

static void
print_verdicts(const struct replay_report *report, unsigned kind)
{
	if (decided_again(report, kind) == 0)
		return;
	printf("\n%-19s", kind_names[kind]);
	for (unsigned replayed = VERDICT_KEEP; replayed < REPLAY_VERDICTS; replayed++)
		printf(" %10s", verdict_names[replayed]);
	printf("   <- by this policy\n");
	for (unsigned stored = VERDICT_KEEP; stored < REPLAY_VERDICTS; stored++) {
		uint64_t sum = 0;

		for (unsigned replayed = VERDICT_KEEP; replayed < REPLAY_VERDICTS; replayed++)
			sum += report->verdicts[kind][stored][replayed];
		if (sum == 0)
			continue;
		printf("  decided %-9s", verdict_names[stored]);
		for (unsigned replayed = VERDICT_KEEP; replayed < REPLAY_VERDICTS; replayed++)
			printf(" %10" PRIu64, report->verdicts[kind][stored][replayed]);
		putchar('\n');
	}
}

static void
print_total(const char *name, uint64_t decided, uint64_t replayed)
{
	printf("%-19s %10" PRIu64 " %12" PRIu64 " %+8" PRId64 "\n", name, decided, replayed,
	    (int64_t)(replayed - decided));
}

static void
print_totals(const struct replay_report *report)
{
	static const char *const classes[] = { "", "identified", "anonymous push", "anonymous chat" };
	static const char *const reaches[] = { "", "reach by e-mail", "reach by SMS", "reach by WhatsApp",
		"reach by push" };
	const struct account *decided = &report->as_decided.account;
	const struct account *replayed = &report->as_replayed.account;
	uint64_t pages[2] = { 0, 0 };

	printf("\n%-19s %10s %12s\n", "totals", "decided", "this policy");
	for (unsigned i = CLASS_IDENTIFIED; i < CLASS_COUNT; i++) {
		print_total(classes[i], decided->class_counts[i], replayed->class_counts[i]);
		pages[0] += decided->class_counts[i];
		pages[1] += replayed->class_counts[i];
	}
	print_total("contacts page", pages[0] - decided->class_counts[CLASS_ANONYMOUS_CHAT],
	    pages[1] - replayed->class_counts[CLASS_ANONYMOUS_CHAT]);
	print_total("home page", pages[0], pages[1]);
	for (unsigned i = REACH_EMAIL; i < REACH_COUNT; i++)
		print_total(reaches[i], decided->reach_counts[i], replayed->reach_counts[i]);
	print_total("open secondaries", report->as_decided.secondaries, report->as_replayed.secondaries);
}

static void
print_note(uint64_t count, const char *what)
{
	if (count > 0)
		printf("%10" PRIu64 "  %s\n", count, what);
}

/* What the figures above leave open; nothing where they are exact. */
static void
print_notes(const struct replay_report *report)
{
	print_note(all_kinds(report->unknown),
	    "conflicts cannot be decided again: they are from before all that a policy is shown was kept, "
	    "or tell of somebody who was erased");
	print_note(all_kinds(report->left), "conflicts left as decided: another source, or before --since");
	print_note(report->fallbacks[FALLBACK_FAILED], "times the policy failed: the default verdict");
	print_note(report->fallbacks[FALLBACK_DEFERRED], "times it deferred: the default verdict");
	print_note(report->fallbacks[FALLBACK_INVALID], "times it gave no verdict: the default verdict");
	print_note(report->other_reasons, "times it gave another reason for the same verdict");
	print_note(report->asked_anew, "conflicts that arise by this policy alone, which it was asked, too");
	print_note(report->assumed, "such conflicts of other sources: the default verdict was assumed");
	print_note(report->acts_lost, "acts of operators that find nothing to act on in this course");
	print_note(report->entries_missing, "journal entries are gone: erased, or past their time");
	print_note(report->events_blank, "events left out: erasing has left them no identifier");
	if (report->contacts_astray > 0)
		printf("%10" PRIu64 "  contacts of %" PRIu64
		       " end otherwise than the store has them when what "
		       "was decided is played again: not all that happened to them is in the journal\n",
		    report->contacts_astray, report->contacts_stored);
}

static void
print_report(const struct replay_shown *shown, const struct replay_report *report, struct bytes account)
{
	uint64_t count = 0;

	if (shown->hidden > 0)
		printf("  and %" PRIu64 " more lines (--json shows all)\n", shown->hidden);
	if (shown->begun)
		putchar('\n');
	for (unsigned kind = CONFLICT_VALUE; kind < REPLAY_KINDS; kind++)
		count += decided_again(report, kind);
	printf("%s %s (build %s) on %.*s: %" PRIu64 " conflicts of %" PRIu64
	       " journal entries decided again\n",
	    report->policy_id, report->policy_version, report->policy_build, BYTES_PRINT(account), count,
	    report->entries);
	for (unsigned kind = CONFLICT_VALUE; kind < REPLAY_KINDS; kind++)
		print_verdicts(report, kind);
	printf("\n%" PRIu64 " contacts would hold something else, under %" PRIu64 " names\n",
	    report->contacts_differing, report->names_differing);
	print_totals(report);
	putchar('\n');
	print_notes(report);
}

int
replay_show_report(const struct replay_shown *shown, const struct replay_report *report, struct bytes account)
{
	int result = 0;

	if (shown->json)
		result = put_line(json_of_report(report, account));
	else
		print_report(shown, report, account);
	return result != 0 ? command_failed("standard output", result) : 0;
}
