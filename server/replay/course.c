/* An entry is played as it was taken in: loaded, decided by the rules, applied. Only who is
 * asked differs. An operator's act names contacts by number, and a secondary by its value,
 * since its number may be another in this course. */
#include "server/replay/course.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/erase.h"
#include "rules/identify.h"
#include "rules/merge.h"
#include "rules/normalize.h"
#include "rules/operate.h"

enum { ARENA_BYTES = 256 * 1024 * 1024, COMMIT_ENTRIES = 10000 };

int
course_init(struct course *course, const struct replay_options *options, const char *name,
    uint64_t last_contact_id, struct graph_error *error)
{
	struct graph_options store = { .map_size_bytes = options->store.map_size_bytes };
	struct graph *graph;
	char *path;
	int result;

	if (asprintf(&path, "%s/%s", options->scratch_dir, name) < 0)
		return -ENOMEM;
	store.data_dir = path;
	/* The store goes with the replay: no secret has to keep what it digests. */
	digest_key_complete(&store.key);
	result = graph_open(&graph, &store, error);
	free(path);
	if (result != 0) /* whatever it is, it has been told */
		return REPLAY_E_REFUSED;
	*course = (struct course){
		.graph = graph,
		.account = options->account,
		.settings = options->settings,
		.last_contact_id = last_contact_id,
	};
	arena_init(&course->arena, ARENA_BYTES);
	return 0;
}

void
course_finish(struct course *course)
{
	if (course->graph == NULL)
		return;
	if (course->writing)
		graph_abort(course->graph);
	arena_finish(&course->arena);
	graph_close(course->graph);
	course->graph = NULL;
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	(void)context;
	(void)source;
	(void)fallback;
}

/* The number of a contact that an entry makes without saying so. */
static uint64_t
unsaid_contact_id(const struct course *course, const struct journal_entry *entry)
{
	return course->last_contact_id + entry->sequence;
}

static int
apply(struct course *course, const struct journal_entry *entry, const struct event *event,
    struct changeset *changeset, struct graph_error *error)
{
	struct bytes contact;

	/* No number is past it, whichever was given last. */
	changeset->account.last_contact_id = unsaid_contact_id(course, entry);
	return graph_apply(&contact, course->graph, &course->arena, event, changeset, error);
}

static int
play_event(struct course *course, const struct journal_entry *entry, struct script *script,
    struct graph_error *error)
{
	const struct decider decider = { .context = script, .ask = script_ask, .settled = settled };
	struct event event = {
		.action = ACTION_IDENTIFY,
		.account = course->account,
		.claim = entry->claim,
		.identifiers = (struct identifier *)(uintptr_t)entry->identifiers,
		.identifier_count = entry->identifier_count,
		.attributes = (struct attribute *)(uintptr_t)entry->attributes,
		.attribute_count = entry->attribute_count,
	};
	struct neighbourhood known;
	struct changeset changeset;
	int result;

	if (event.identifier_count == 0) {
		course->events_blank++;
		return 0;
	}
	result = graph_load(&known, course->graph, &course->arena, &event, error);
	if (result != 0)
		return result;
	known.account.last_contact_id =
	    (entry->outcome == OUTCOME_CREATED ? entry->contact_id : unsaid_contact_id(course, entry)) - 1;
	result = identify_decide(&changeset, &course->arena, &event, &known, course->settings, &decider);
	return result == 0 ? apply(course, entry, &event, &changeset, error) : result;
}

/* A contact that was loaded, which must be there. */
static const struct contact *
find_contact(const struct neighbourhood *known, uint64_t contact_id)
{
	for (size_t i = 0; i < known->contact_count; i++) {
		if (known->contacts[i].id == contact_id)
			return &known->contacts[i];
	}
	return NULL;
}

/* The number that the secondary of a PROMOTE or DISMISS has in this course; 0 for none. */
static uint64_t
find_secondary(const struct contact *contact, const struct journal_entry *entry)
{
	for (size_t i = 0; i < contact->secondary_count; i++) {
		const struct secondary *open = &contact->secondaries[i];

		if (entry->identifier_count > 0) {
			if (open->identifier.namespace_id == entry->identifiers[0].namespace_id &&
			    bytes_equal(open->identifier.value, entry->identifiers[0].value))
				return open->id;
		} else if (entry->attribute_count > 0 &&
		    bytes_equal(open->attribute.name, entry->attributes[0].name) &&
		    value_compare(&open->attribute.value, &entry->attributes[0].value) == 0) {
			return open->id;
		}
	}
	return 0;
}

/* Loads what an act needs, and fills in what it goes by in this course. GRAPH_E_ABSENT when
 * what it acts on is not there. */
static int
load_act(struct neighbourhood *known, struct course *course, struct event *event,
    const struct journal_entry *entry, struct graph_error *error)
{
	const struct contact *subject;
	int result = graph_load_act(known, course->graph, &course->arena, event, error);

	if (result != 0)
		return result;
	subject = find_contact(known, known->subject_id);
	if (subject == NULL)
		return GRAPH_E_ABSENT;
	event->act.contact_version = subject->version;
	if (event->action == ACTION_MERGE) {
		const struct contact *absorbed = find_contact(known, known->absorbed_id);

		if (absorbed == NULL || absorbed == subject)
			return GRAPH_E_ABSENT;
		event->act.absorbed_contact_version = absorbed->version;
	}
	if (event->action != ACTION_PROMOTE && event->action != ACTION_DISMISS)
		return 0;
	event->act.secondary_id = find_secondary(subject, entry);
	if (event->act.secondary_id == 0)
		return GRAPH_E_ABSENT;
	return graph_load_act(known, course->graph, &course->arena, event, error);
}

static int
decide_act(struct changeset *changeset, struct course *course, const struct event *event,
    const struct neighbourhood *known)
{
	struct rejection rejection = { .reason = REASON_NONE };

	switch (event->action) {
	case ACTION_PROMOTE:
		return promote_decide(changeset, &rejection, &course->arena, event, known);
	case ACTION_DISMISS:
		return dismiss_decide(changeset, &rejection, &course->arena, event, known);
	case ACTION_MERGE:
		return merge_decide(changeset, &rejection, &course->arena, event, known);
	case ACTION_ERASE:
		return erase_decide(changeset, &rejection, &course->arena, event, known);
	default:
		return -EINVAL;
	}
}

static int
play_act(struct course *course, const struct journal_entry *entry, struct graph_error *error)
{
	struct event event = {
		.action = entry->action,
		.account = course->account,
		.claim = entry->claim,
		.act = {
		    .operator_name = entry->operator_name,
		    .contact_id = entry->contact_id,
		    .absorbed_contact_id =
		        entry->absorption_count > 0 ? entry->absorptions[0].before->id : 0,
		},
	};
	struct neighbourhood known;
	struct changeset changeset;
	int result = load_act(&known, course, &event, entry, error);

	if (result == 0) {
		result = decide_act(&changeset, course, &event, &known);
		if (result == 0)
			return apply(course, entry, &event, &changeset, error);
		if (result == DECIDE_E_REJECTED)
			result = GRAPH_E_ABSENT;
	}
	if (result != GRAPH_E_ABSENT)
		return result;
	/* Erasing took the contact's history along: there is nothing left to erase. */
	if (entry->action != ACTION_ERASE)
		course->acts_lost++;
	return 0;
}

static int
begin(struct course *course)
{
	int result = course->writing ? 0 : graph_write_begin(course->graph);

	if (result == 0)
		course->writing = true;
	return result;
}

int
course_end(struct course *course, struct graph_error *error)
{
	uint64_t txn;

	if (!course->writing)
		return 0;
	course->writing = false;
	course->waiting = 0;
	return graph_commit(&txn, course->graph, error);
}

int
course_play(struct course *course, const struct journal_entry *entry, struct script *script,
    struct graph_error *error)
{
	int result = begin(course);

	if (result != 0)
		return result;
	arena_reset(&course->arena);
	result = entry->action == ACTION_IDENTIFY ? play_event(course, entry, script, error)
						  : play_act(course, entry, error);
	course->asked_anew += script->asked_anew;
	course->assumed += script->assumed;
	if (result == 0 && ++course->waiting == COMMIT_ENTRIES)
		result = course_end(course, error);
	return result;
}
