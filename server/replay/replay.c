/* One pass over the copied journal: each entry's conflicts are decided again, then the entry
 * is played on both courses. */
#include "server/replay/replay.h"

#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/replay/compare.h"
#include "server/replay/course.h"
#include "server/replay/snapshot.h"

enum { ARENA_BYTES = 256 * 1024 * 1024 };

struct replay {
	const struct replay_options *options;
	struct replay_report report;
	struct snapshot snapshot;
	struct policy_host *host;
	struct policy *policy;
	struct course decided;
	struct course replayed;
	struct arena arena; /* one entry's */
	struct graph_error *error;
};

static int
refuse_policy(struct replay *replay, int result, const struct policy_error *error)
{
	if (result == POLICY_E_REFUSED)
		snprintf(replay->error->message, sizeof(replay->error->message), "%s", error->message);
	return result == POLICY_E_REFUSED ? REPLAY_E_REFUSED : result;
}

/* Loads ID.so of a directory, as a daemon would. */
static int
load_named(struct replay *replay, char *directory, char *name)
{
	const struct replay_options *options = replay->options;
	struct policy_host_options host = {
		.policy_dir = directory,
		.log = options->log,
		.log_context = options->log_context,
	};
	struct policy_error error;
	size_t size = strlen(name);
	char *copy_dir;
	int result;

	if (size <= 3 || strcmp(name + size - 3, ".so") != 0) {
		snprintf(replay->error->message, sizeof(replay->error->message),
		    "%s: expected a policy's file, ID.so", options->policy_file);
		return REPLAY_E_REFUSED;
	}
	name[size - 3] = '\0';
	if (asprintf(&copy_dir, "%s/policies", options->scratch_dir) < 0)
		return -ENOMEM;
	host.copy_dir = copy_dir;
	result = policy_host_create(&replay->host, &host, &error);
	free(copy_dir);
	if (result == 0)
		result = policy_host_load(&replay->policy, replay->host, name, options->policy_options,
		    options->policy_option_count, &error);
	return refuse_policy(replay, result, &error);
}

static void
keep_text(char *kept, size_t size, struct bytes text)
{
	snprintf(kept, size, "%.*s", BYTES_PRINT(text));
}

static int
load_policy(struct replay *replay)
{
	char *directory = strdup(replay->options->policy_file);
	char *name = strdup(replay->options->policy_file);
	int result = directory == NULL || name == NULL ? -ENOMEM : 0;

	if (result == 0)
		result = load_named(replay, dirname(directory), basename(name));
	free(directory);
	free(name);
	if (result == 0) {
		const struct policy_identity *identity = policy_identity_of(replay->policy);
		struct replay_report *report = &replay->report;

		keep_text(report->policy_id, sizeof(report->policy_id), identity->id);
		keep_text(report->policy_version, sizeof(report->policy_version), identity->version);
		keep_text(report->policy_build, sizeof(report->policy_build), identity->build);
	}
	return result;
}

static int
ask_again(void *context, enum source source, const struct anagraph_conflict *shown,
    struct anagraph_verdict *answer, const struct policy_identity **identity)
{
	const struct replay *replay = context;

	(void)source;
	*identity = policy_identity_of(replay->policy);
	return script_ask_policy(answer, replay->policy, shown);
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	struct replay *replay = context;

	(void)source;
	replay->report.fallbacks[fallback]++;
}

/* Decides one conflict again, when that is asked and can be. */
static int
decide_again(struct script_verdict *verdict, struct replay *replay, const struct journal_entry *entry)
{
	const struct decider decider = { .context = replay, .ask = ask_again, .settled = settled };
	const struct conflict *conflict = verdict->conflict;
	struct replay_report *report = &replay->report;
	struct question question;
	struct conflict again;
	int result;

	if (!replay->options->sources[conflict->incoming_claim.source] ||
	    entry->claim.recorded_at_us < replay->options->since_us) {
		report->left[conflict->kind]++;
		verdict->stands = true;
		return 0;
	}
	if (!conflict_question(&question, replay->options->account, conflict)) {
		report->unknown[conflict->kind]++;
		verdict->stands = true;
		return 0;
	}
	result = conflict_decide(&again, &replay->arena, &question, replay->options->settings, &decider);
	if (result != 0)
		return result;
	report->verdicts[conflict->kind][conflict->verdict][again.verdict]++;
	if (again.verdict == conflict->verdict && !bytes_equal(again.reason, conflict->reason))
		report->other_reasons++;
	verdict->verdict = again.verdict;
	return 0;
}

/* The verdicts of an entry as they were. */
static int
make_script(struct script *script, struct replay *replay, const struct journal_entry *entry)
{
	struct script_verdict *verdicts =
	    arena_calloc(&replay->arena, entry->conflict_count, sizeof(*verdicts));

	if (verdicts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < entry->conflict_count; i++) {
		verdicts[i].conflict = &entry->conflicts[i];
		verdicts[i].verdict = entry->conflicts[i].verdict;
	}
	*script = (struct script){
		.verdicts = verdicts,
		.count = entry->conflict_count,
		.arena = &replay->arena,
	};
	return 0;
}

static int
replay_entry(struct replay *replay, const struct journal_entry *entry)
{
	struct script decided;
	struct script replayed;
	int result;

	if (replay->options->sequence != NULL)
		*replay->options->sequence = entry->sequence;
	replay->report.entries++;
	result = make_script(&decided, replay, entry);
	if (result == 0)
		result = make_script(&replayed, replay, entry);
	for (size_t i = 0; result == 0 && i < replayed.count; i++)
		result = decide_again(&replayed.verdicts[i], replay, entry);
	if (result != 0)
		return result;
	replayed.decided = &decided;
	if (entry->claim.recorded_at_us >= replay->options->since_us) {
		replayed.policy = replay->policy;
		replayed.sources = replay->options->sources;
	}
	result = course_play(&replay->decided, entry, &decided, replay->error);
	return result == 0 ? course_play(&replay->replayed, entry, &replayed, replay->error) : result;
}

static int
replay_journal(struct replay *replay)
{
	struct bytes message;
	int result;

	for (;;) {
		struct journal_entry entry;

		arena_reset(&replay->arena);
		result = snapshot_next(&message, &replay->arena, replay->snapshot.journal);
		if (result != 0)
			break;
		result = journal_entry_decode(&entry, &replay->arena, message);
		if (result == 0)
			result = replay_entry(replay, &entry);
		else if (result == MESSAGE_E_DAMAGED)
			result = GRAPH_E_DAMAGED;
		if (result != 0)
			return result;
	}
	if (result != GRAPH_E_ABSENT)
		return result;
	result = course_end(&replay->decided, replay->error);
	return result == 0 ? course_end(&replay->replayed, replay->error) : result;
}

/* What the policy would have changed. */
static int
compare_courses(struct replay *replay)
{
	const struct replay_options *options = replay->options;
	struct replay_report *report = &replay->report;
	struct people decided;
	struct people replayed;
	int result = people_of_course(&decided, &replay->decided, replay->error);

	if (result != 0)
		return result;
	result = people_of_course(&replayed, &replay->replayed, replay->error);
	if (result == 0) {
		result = compare_people(&report->contacts_differing, &report->names_differing, &decided,
		    &replayed, options->account, options->differs, options->context);
		if (result == 0)
			result = graph_get_account(
			    &report->as_decided.account, decided.reader, options->account, replay->error);
		if (result == 0)
			result = graph_get_account(
			    &report->as_replayed.account, replayed.reader, options->account, replay->error);
		report->as_decided.secondaries = decided.secondaries;
		report->as_replayed.secondaries = replayed.secondaries;
		people_finish(&replayed);
	}
	people_finish(&decided);
	return result;
}

/* How far the decided course can be believed. */
static int
compare_with_store(struct replay *replay)
{
	struct replay_report *report = &replay->report;
	struct people decided;
	struct people stored;
	uint64_t names = 0;
	int result = people_of_course(&decided, &replay->decided, replay->error);

	if (result != 0)
		return result;
	people_of_snapshot(&stored, replay->snapshot.contacts, replay->error);
	result = compare_people(
	    &report->contacts_astray, &names, &stored, &decided, replay->options->account, NULL, NULL);
	report->contacts_stored = stored.passed;
	people_finish(&stored);
	people_finish(&decided);
	return result;
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

int
replay_remove_scratch(const char *scratch_dir)
{
	enum { DESCRIPTORS = 16 };

	return nftw(scratch_dir, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -errno;
}

static int
run(struct replay *replay)
{
	const struct replay_options *options = replay->options;
	struct replay_report *report = &replay->report;
	uint64_t last_contact_id;
	int result = load_policy(replay);

	if (result == 0)
		result = snapshot_take(&replay->snapshot, options, replay->error);
	if (result != 0)
		return result;
	last_contact_id = replay->snapshot.account.last_contact_id;
	report->entries_missing = replay->snapshot.missing;
	result = course_init(&replay->decided, options, "decided", last_contact_id, replay->error);
	if (result == 0)
		result = course_init(&replay->replayed, options, "replayed", last_contact_id, replay->error);
	/* All of it is open: nothing is left, however this ends. */
	if (result == 0)
		result = replay_remove_scratch(options->scratch_dir);
	if (result == 0)
		result = replay_journal(replay);
	if (result == 0)
		result = compare_courses(replay);
	if (result == 0)
		result = compare_with_store(replay);
	report->asked_anew = replay->replayed.asked_anew;
	report->assumed = replay->replayed.assumed;
	report->acts_lost = replay->replayed.acts_lost;
	report->events_blank = replay->decided.events_blank;
	return result;
}

/* What a graph came to, for who knows of no graph. */
static int
outcome_of(int result, struct graph_error *error)
{
	if (result <= 0)
		return result;
	if (error->message[0] == '\0')
		snprintf(error->message, sizeof(error->message), "%s",
		    result == GRAPH_E_FULL ? "there is no space for the scratch stores"
					   : "the journal can't be read, or a scratch store not be written");
	return REPLAY_E_REFUSED;
}

int
replay_run(struct replay_report *report, const struct replay_options *options, struct graph_error *error)
{
	struct replay replay = { .options = options, .error = error };
	int result;

	error->message[0] = '\0';
	arena_init(&replay.arena, ARENA_BYTES);
	result = outcome_of(run(&replay), error);
	if (result == 0)
		*report = replay.report;
	course_finish(&replay.replayed);
	course_finish(&replay.decided);
	snapshot_finish(&replay.snapshot);
	policy_host_destroy(replay.host);
	arena_finish(&replay.arena);
	return result;
}
