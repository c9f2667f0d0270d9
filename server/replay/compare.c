/* Names are compared, not claims: of personal namespaces and attributes the value that the
 * contact holds, of devices and aliases each by itself. */
#include "server/replay/compare.h"

#include <errno.h>

#include "rules/namespaces.h"
#include "rules/normalize.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

/* Two contacts of one id on their way; either may be NULL. */
struct comparison {
	const struct contact *ours;
	const struct contact *theirs;
	uint64_t contact_id;
	uint64_t names;
	int (*differs)(void *context, const struct replay_difference *difference);
	void *context;
};

static void
init(struct people *people, struct graph_error *error)
{
	*people = (struct people){ .error = error };
	arena_init(&people->arena, ARENA_BYTES);
	arena_init(&people->listed, ARENA_BYTES);
}

int
people_of_course(struct people *people, const struct course *course, struct graph_error *error)
{
	const struct graph_filter all = { .anonymous_chat = true };
	int result;

	init(people, error);
	result = graph_reader_create(&people->reader, course->graph);
	if (result == 0) {
		result = graph_read_begin(people->reader);
		if (result == 0)
			result = graph_listing_begin(
			    &people->listing, people->reader, &people->listed, course->account, &all, 0);
	}
	if (result != 0)
		people_finish(people);
	return result > 0 ? -EAGAIN : result;
}

void
people_of_snapshot(struct people *people, FILE *contacts, struct graph_error *error)
{
	init(people, error);
	people->file = contacts;
}

void
people_finish(struct people *people)
{
	graph_listing_end(people->listing);
	if (people->reader != NULL) {
		graph_read_end(people->reader);
		graph_reader_destroy(people->reader);
	}
	arena_finish(&people->listed);
	arena_finish(&people->arena);
}

static int
advance(struct people *people)
{
	struct bytes message;
	uint64_t contact_id;
	int result;

	arena_reset(&people->arena);
	if (people->file != NULL) {
		result = snapshot_next(&message, &people->arena, people->file);
	} else {
		graph_read_forget(people->reader);
		result = graph_listing_next(&contact_id, &message, people->listing, people->error);
	}
	people->ended = result == GRAPH_E_ABSENT;
	if (people->ended)
		return 0;
	if (result == 0)
		result = contact_decode(&people->contact, &people->arena, message);
	if (result == 0) {
		people->passed++;
		people->secondaries += people->contact.secondary_count;
	}
	return result > 0 ? GRAPH_E_DAMAGED : result;
}

/* Tells a name that is not the same. */
static int
tell(struct comparison *comparison, struct bytes name, const struct value *ours, const struct value *theirs)
{
	static const struct value none = { .type = VALUE_NONE };
	const struct replay_difference difference = {
		.contact_id = comparison->contact_id,
		.name = name,
		.as_decided = ours != NULL ? *ours : none,
		.as_replayed = theirs != NULL ? *theirs : none,
	};

	comparison->names++;
	if (comparison->differs == NULL)
		return 0;
	return comparison->differs(comparison->context, &difference);
}

/* The value that a contact holds in a personal namespace. */
static const struct identifier *
held_in(const struct contact *contact, enum namespace_id namespace_id)
{
	for (size_t i = 0; contact != NULL && i < contact->identifier_count; i++) {
		if (contact->identifiers[i].namespace_id == namespace_id && !contact->identifiers[i].alias)
			return &contact->identifiers[i];
	}
	return NULL;
}

static int
compare_held(struct comparison *comparison, enum namespace_id namespace_id)
{
	const struct identifier *ours = held_in(comparison->ours, namespace_id);
	const struct identifier *theirs = held_in(comparison->theirs, namespace_id);
	struct value our_value = { .type = VALUE_STRING };
	struct value their_value = { .type = VALUE_STRING };

	if (ours != NULL)
		our_value.string = ours->value;
	if (theirs != NULL)
		their_value.string = theirs->value;
	if (ours != NULL ? theirs != NULL && bytes_equal(ours->value, theirs->value) : theirs == NULL)
		return 0;
	return tell(comparison, namespace_name(namespace_id), ours != NULL ? &our_value : NULL,
	    theirs != NULL ? &their_value : NULL);
}

static bool
is_one_of_many(const struct identifier *identifier)
{
	return identifier->alias || !namespace_is_personal(identifier->namespace_id);
}

static bool
has_beside(const struct contact *contact, const struct identifier *sought)
{
	for (size_t i = 0; contact != NULL && i < contact->identifier_count; i++) {
		const struct identifier *identifier = &contact->identifiers[i];

		if (identifier->namespace_id == sought->namespace_id && identifier->alias == sought->alias &&
		    bytes_equal(identifier->value, sought->value))
			return true;
	}
	return false;
}

/* Devices and aliases of one contact that the other does not have. */
static int
compare_many(struct comparison *comparison, const struct contact *having, const struct contact *lacking)
{
	int result = 0;

	for (size_t i = 0; having != NULL && result == 0 && i < having->identifier_count; i++) {
		const struct identifier *identifier = &having->identifiers[i];
		const struct value value = { .type = VALUE_STRING, .string = identifier->value };
		bool ours = having == comparison->ours;

		if (is_one_of_many(identifier) && !has_beside(lacking, identifier))
			result = tell(comparison, namespace_name(identifier->namespace_id),
			    ours ? &value : NULL, ours ? NULL : &value);
	}
	return result;
}

/* Both lists are by name. */
static int
compare_attributes(struct comparison *comparison)
{
	const struct contact *ours = comparison->ours;
	const struct contact *theirs = comparison->theirs;
	size_t our_count = ours != NULL ? ours->attribute_count : 0;
	size_t their_count = theirs != NULL ? theirs->attribute_count : 0;
	size_t i = 0;
	size_t j = 0;
	int result = 0;

	while (result == 0 && (i < our_count || j < their_count)) {
		int order = i == our_count ? 1
		    : j == their_count     ? -1
				       : bytes_compare(ours->attributes[i].name, theirs->attributes[j].name);
		const struct value *our_value = order <= 0 ? &ours->attributes[i].value : NULL;
		const struct value *their_value = order >= 0 ? &theirs->attributes[j].value : NULL;

		if (order != 0 || value_compare(our_value, their_value) != 0)
			result = tell(comparison,
			    our_value != NULL ? ours->attributes[i].name : theirs->attributes[j].name,
			    our_value, their_value);
		i += order <= 0;
		j += order >= 0;
	}
	return result;
}

static int
compare_contact(struct comparison *comparison)
{
	int result = 0;

	for (enum namespace_id id = NAMESPACE_EXT_ID; result == 0 && namespace_is_personal(id); id++)
		result = compare_held(comparison, id);
	if (result == 0)
		result = compare_many(comparison, comparison->ours, comparison->theirs);
	if (result == 0)
		result = compare_many(comparison, comparison->theirs, comparison->ours);
	if (result == 0)
		result = compare_attributes(comparison);
	return result;
}

/* Whom a contact that is not in a course is a part of there. */
static int
find_survivor(uint64_t *survivor_id, struct people *people, struct bytes account, uint64_t contact_id)
{
	struct arena arena;
	struct bytes message;
	struct contact survivor;
	uint64_t *ids;
	size_t count;
	int result;

	*survivor_id = 0;
	if (people->reader == NULL)
		return 0;
	arena_init(&arena, ARENA_BYTES);
	result = graph_get_contact(
	    &message, &ids, &count, people->reader, &arena, account, contact_id, people->error);
	if (result == 0) {
		result = contact_decode(&survivor, &arena, message) == 0 ? 0 : GRAPH_E_DAMAGED;
		if (result == 0)
			*survivor_id = survivor.id;
	}
	arena_finish(&arena);
	return result == GRAPH_E_ABSENT ? 0 : result;
}

static int
tell_presence(struct comparison *comparison, struct people *theirs, struct bytes account)
{
	struct replay_difference difference = {
		.contact_id = comparison->contact_id,
		.is_in_replayed = comparison->theirs != NULL,
	};
	int result = 0;

	if (comparison->differs == NULL)
		return 0;
	if (comparison->theirs == NULL)
		result =
		    find_survivor(&difference.survivor_contact_id, theirs, account, comparison->contact_id);
	return result == 0 ? comparison->differs(comparison->context, &difference) : result;
}

int
compare_people(uint64_t *contacts, uint64_t *names, struct people *ours, struct people *theirs,
    struct bytes account, int (*differs)(void *context, const struct replay_difference *difference),
    void *context)
{
	int result = advance(ours);

	if (result == 0)
		result = advance(theirs);
	while (result == 0 && !(ours->ended && theirs->ended)) {
		bool has_ours = !ours->ended && (theirs->ended || ours->contact.id <= theirs->contact.id);
		bool has_theirs = !theirs->ended && (ours->ended || theirs->contact.id <= ours->contact.id);
		struct comparison comparison = {
			.ours = has_ours ? &ours->contact : NULL,
			.theirs = has_theirs ? &theirs->contact : NULL,
			.contact_id = has_ours ? ours->contact.id : theirs->contact.id,
			.differs = differs,
			.context = context,
		};

		if (!has_ours || !has_theirs)
			result = tell_presence(&comparison, theirs, account);
		if (result == 0)
			result = compare_contact(&comparison);
		*contacts += comparison.names > 0 || !has_ours || !has_theirs;
		*names += comparison.names;
		if (result == 0 && has_ours)
			result = advance(ours);
		if (result == 0 && has_theirs)
			result = advance(theirs);
	}
	return result;
}
