/* Pieces, each a value with its claim, are sorted so that those of one event stand side
 * by side, and events are cut from them. */
#include "client/import/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "client/import/event.h"

struct piece {
	const Anagraph__V1__Claim *claim;
	const Anagraph__V1__Identifier *identifier; /* NULL for an attribute */
	const Anagraph__V1__Attribute *attribute;
	size_t order; /* as in the contact */
	bool deferred;
	bool late; /* of a conversation, and there is a personal identifier to find the contact by */
	bool said; /* an event before has it */
};

/* A contact that is being split. */
struct work {
	struct piece *pieces;
	size_t count;
	struct split *split;
	struct split_left_out *left_out;
	bool identified; /* after the events so far */
	bool engaged;
};

bool
split_is_personal(const char *namespace_name)
{
	static const char *const names[] = { "ext_id", "email", "phone", "whatsapp", "landline" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(namespace_name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_personal(const struct piece *piece)
{
	return piece->identifier != NULL && split_is_personal(piece->identifier->namespace_);
}

static int64_t
seconds_of(const Anagraph__V1__Claim *claim)
{
	return claim != NULL && claim->observed_at != NULL ? claim->observed_at->seconds : 0;
}

static int32_t
nanos_of(const Anagraph__V1__Claim *claim)
{
	return claim != NULL && claim->observed_at != NULL ? claim->observed_at->nanos : 0;
}

static Anagraph__V1__Source
source_of(const Anagraph__V1__Claim *claim)
{
	return claim != NULL ? claim->source : ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
}

/* Negative when a is the newer claim; 0 for the same time and source. */
static int
compare_claims(const Anagraph__V1__Claim *a, const Anagraph__V1__Claim *b)
{
	if (seconds_of(a) != seconds_of(b))
		return seconds_of(a) > seconds_of(b) ? -1 : 1;
	if (nanos_of(a) != nanos_of(b))
		return nanos_of(a) > nanos_of(b) ? -1 : 1;
	return (source_of(a) < source_of(b)) - (source_of(a) > source_of(b));
}

static int
compare_groups(const struct piece *a, const struct piece *b)
{
	int order;

	if (a->deferred != b->deferred)
		return a->deferred ? 1 : -1;
	if (a->late != b->late)
		return a->late ? 1 : -1;
	order = compare_claims(a->claim, b->claim);
	if (order != 0)
		return order;
	return strcmp(
	    a->claim != NULL ? a->claim->conversation : "", b->claim != NULL ? b->claim->conversation : "");
}

static int
compare_pieces(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	int order = compare_groups(a, b);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool
is_crossed(
    const Anagraph__V1__Identifier *identifier, const Anagraph__V1__Identifier *const *crossed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (crossed[i] == identifier)
			return true;
	}
	return false;
}

static size_t
group_size(const struct work *work, size_t first)
{
	size_t end = first + 1;

	while (end < work->count && compare_groups(&work->pieces[first], &work->pieces[end]) == 0)
		end++;
	return end - first;
}

/* Lists the contact's values, those that events can say. */
static void
gather(struct work *work, const Anagraph__V1__Contact *contact,
    const Anagraph__V1__Identifier *const *crossed, size_t crossed_count)
{
	bool findable = false, personal = false;

	for (size_t i = 0; i < contact->n_identifiers; i++) {
		const Anagraph__V1__Identifier *identifier = contact->identifiers[i];

		if (identifier->alias) {
			work->left_out->aliases++;
			continue;
		}
		work->pieces[work->count] = (struct piece){
			.claim = identifier->claim,
			.identifier = identifier,
			.order = work->count,
			.deferred = is_crossed(identifier, crossed, crossed_count),
		};
		personal = personal || is_personal(&work->pieces[work->count]);
		findable = findable ||
		    (is_personal(&work->pieces[work->count]) && !work->pieces[work->count].deferred);
		work->count++;
	}
	for (size_t i = 0; i < contact->n_attributes; i++) {
		work->pieces[work->count] = (struct piece){
			.claim = contact->attributes[i]->claim,
			.attribute = contact->attributes[i],
			.order = work->count,
		};
		work->count++;
	}
	for (size_t i = 0; i < work->count; i++) {
		struct piece *piece = &work->pieces[i];

		/* Nothing else would say who it is. */
		piece->deferred = piece->deferred && findable;
		piece->late = personal && !piece->deferred &&
		    source_of(piece->claim) == ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS;
	}
}

/* Puts the first group with an identifier before those without: an event needs one. */
static int
begin_with_identifier(struct work *work)
{
	size_t first = 0, size;
	struct piece *moved;

	while (first < work->count) {
		size = group_size(work, first);
		if (work->pieces[first].identifier != NULL)
			break;
		first += size;
	}
	if (first == 0 || first == work->count)
		return 0;
	moved = calloc(size, sizeof(*moved));
	if (moved == NULL)
		return -ENOMEM;
	memcpy(moved, &work->pieces[first], size * sizeof(*moved));
	memmove(&work->pieces[size], work->pieces, first * sizeof(*moved));
	memcpy(work->pieces, moved, size * sizeof(*moved));
	free(moved);
	return 0;
}

/* Whether an event of the claim that repeats the identifier would renew its claim. */
static bool
renews(const struct piece *known, const Anagraph__V1__Claim *claim)
{
	if (is_personal(known) && source_of(claim) == ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS)
		return false;
	return compare_claims(claim, known->claim) < 0;
}

/* The identifier to find the contact by: rather one that is not renewed, rather a
 * personal one. NULL before the first event. */
static struct piece *
find_anchor(struct work *work, const Anagraph__V1__Claim *claim)
{
	struct piece *best = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < work->count; i++) {
		struct piece *piece = &work->pieces[i];
		int rank;

		if (!piece->said || piece->identifier == NULL)
			continue;
		rank = 2 * !renews(piece, claim) + is_personal(piece);
		if (rank > best_rank) {
			best = piece;
			best_rank = rank;
		}
	}
	return best;
}

static int
say_identifier(Anagraph__V1__IdentifyRequest *event, const Anagraph__V1__Identifier *identifier)
{
	bool as_given = strcmp(identifier->namespace_, "email") == 0 && *identifier->given != '\0';
	const char *value = as_given ? identifier->given : identifier->value;

	return event_add_identifier(event, identifier->namespace_, value, strlen(value));
}

static int
say_attribute(Anagraph__V1__IdentifyRequest *event, const Anagraph__V1__Attribute *attribute)
{
	Anagraph__V1__Attribute *said;

	if (event_add_attribute(&said, event, attribute->name) != 0)
		return -ENOMEM;
	switch (attribute->value_case) {
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE:
		said->string_value = (char *)protobuf_c_empty_string;
		said->value_case = attribute->value_case;
		return event_set_text(
		    &said->string_value, attribute->string_value, strlen(attribute->string_value));
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE:
		said->time_value = NULL;
		said->value_case = attribute->value_case;
		return event_set_time(
		    &said->time_value, attribute->time_value->seconds, attribute->time_value->nanos);
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE:
		said->number_value = attribute->number_value;
		break;
	case ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE:
		said->bool_value = attribute->bool_value;
		break;
	default:
		break;
	}
	said->value_case = attribute->value_case;
	return 0;
}

/* Begins an event of a claim, and puts it into the split. */
static int
begin_event(Anagraph__V1__IdentifyRequest **out, struct work *work, const Anagraph__V1__Claim *claim)
{
	struct split *split = work->split;
	Anagraph__V1__IdentifyRequest **events =
	    reallocarray(split->events, split->count + 1, sizeof(*events));
	Anagraph__V1__IdentifyRequest *event;
	int status;

	if (events == NULL)
		return -ENOMEM;
	split->events = events;
	status = event_create(&event, "", source_of(claim));
	if (status != 0)
		return status;
	events[split->count++] = event;
	if (claim != NULL && claim->observed_at != NULL)
		status = event_set_observed_at(event, claim->observed_at->seconds, claim->observed_at->nanos);
	if (status == 0 && claim != NULL && *claim->conversation != '\0')
		status =
		    event_set_text(&event->conversation, claim->conversation, strlen(claim->conversation));
	*out = event;
	return status;
}

static bool
is_name(const struct piece *piece)
{
	return piece->attribute != NULL &&
	    (strcmp(piece->attribute->name, "FIRST_NAME") == 0 ||
		strcmp(piece->attribute->name, "LAST_NAME") == 0);
}

/* Says pieces of one claim in one event, up to its limit of identifiers; *said is how
 * many it took. */
static int
say_event(size_t *said, struct work *work, size_t first, size_t size)
{
	struct piece *pieces = &work->pieces[first];
	struct piece *anchor = find_anchor(work, pieces->claim);
	Anagraph__V1__IdentifyRequest *event;
	bool created = anchor == NULL, identified = work->identified, device = false;
	size_t count = 0;
	int status = begin_event(&event, work, pieces->claim);

	if (status == 0 && anchor != NULL) {
		work->left_out->claims += renews(anchor, pieces->claim);
		status = say_identifier(event, anchor->identifier);
	}
	while (status == 0 && count < size && event->n_identifiers < LIMIT_EVENT_IDENTIFIERS) {
		struct piece *piece = &pieces[count++];

		status = piece->identifier != NULL ? say_identifier(event, piece->identifier)
						   : say_attribute(event, piece->attribute);
		piece->said = true;
		identified = identified || is_personal(piece) || is_name(piece);
		device = device || (piece->identifier != NULL && !is_personal(piece));
	}
	if (source_of(pieces->claim) == ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS && identified &&
	    (created || device || !work->identified))
		work->engaged = true;
	work->identified = identified;
	*said = count;
	return status;
}

static bool
is_engaged(const Anagraph__V1__Contact *contact)
{
	for (size_t i = 0; i < contact->n_lists; i++) {
		if (strcmp(contact->lists[i], "conversations-engaged") == 0)
			return true;
	}
	return false;
}

static int
split_pieces(struct work *work)
{
	size_t first = 0;
	int status;

	qsort(work->pieces, work->count, sizeof(*work->pieces), compare_pieces);
	status = begin_with_identifier(work);
	while (status == 0 && first < work->count) {
		size_t size = group_size(work, first), end = first + size;

		if (!work->pieces[first].deferred)
			work->split->deferred_from = SIZE_MAX;
		else if (work->split->deferred_from == SIZE_MAX)
			work->split->deferred_from = work->split->count;
		while (status == 0 && first < end) {
			size_t said = 0;

			status = say_event(&said, work, first, end - first);
			first += said;
		}
	}
	if (work->split->deferred_from == SIZE_MAX)
		work->split->deferred_from = work->split->count;
	return status;
}

int
split_contact(struct split *out, struct split_left_out *left_out, const Anagraph__V1__Contact *contact,
    const Anagraph__V1__Identifier *const *crossed, size_t crossed_count)
{
	struct split split = { .events = NULL, .deferred_from = SIZE_MAX };
	struct work work = {
		.pieces = calloc(contact->n_identifiers + contact->n_attributes + 1, sizeof(struct piece)),
		.split = &split,
		.left_out = left_out,
	};
	int status = -ENOMEM;

	if (work.pieces != NULL) {
		gather(&work, contact, crossed, crossed_count);
		status = split_pieces(&work);
	}
	free(work.pieces);
	if (status != 0) {
		split_finish(&split);
		return status;
	}
	left_out->secondaries += contact->n_secondaries;
	left_out->lists += work.engaged != is_engaged(contact);
	*out = split;
	return 0;
}

void
split_finish(struct split *split)
{
	for (size_t i = 0; i < split->count; i++)
		anagraph__v1__identify_request__free_unpacked(split->events[i], NULL);
	free(split->events);
	*split = (struct split){ .events = NULL };
}
