/* A changeset into records: nothing is decided here. What is not in the changeset is not
 * written, for every page that a transaction touches is written and synced. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "rules/companions.h"
#include "server/graph/erasing.h"
#include "server/graph/index.h"
#include "server/graph/offered.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"

/* One applying on its way. */
struct apply {
	struct graph *graph;
	struct arena *arena;
	const struct event *event;
	const struct changeset *changeset;
	struct graph_error *error;
};

/* What a contact's operators dismissed, once that has changed. */
static int
put_dismissals(struct apply *apply, const struct contact *contact)
{
	struct bytes message;
	struct key key;
	int result;

	key_number(&key, apply->event->account, contact->id);
	if (contact->dismissal_count == 0)
		return table_delete(apply->graph, TABLE_DISMISSED, &key);
	result = dismissals_encode(&message, apply->arena, contact);
	return result == 0 ? table_put(apply->graph, TABLE_DISMISSED, &key, message) : result;
}

/* Brings the rows that lead to a contact up to date. */
static int
put_rows(struct apply *apply, const struct contact *before, const struct contact *after)
{
	int result = offered_update(apply->graph, apply->event->account, before, after);

	return result == 0 ? index_update(apply->graph, apply->event->account, before, after) : result;
}

static int
put_contacts(struct bytes *contact, struct apply *apply)
{
	const struct changeset *changeset = apply->changeset;
	struct bytes answer = { NULL, 0 };

	for (size_t i = 0; i < changeset->contact_count; i++) {
		const struct contact *after = &changeset->contacts[i].after;
		struct bytes message;
		struct key key;
		int result = contact_encode(&message, apply->arena, after);

		if (result != 0)
			return result;
		key_number(&key, apply->event->account, after->id);
		result = table_put_contact(apply->graph, &key, KIND_CONTACT, message);
		if (result == 0 && changeset->contacts[i].dismissals_changed)
			result = put_dismissals(apply, after);
		if (result == 0 && changeset->contacts[i].revised)
			result = put_rows(apply, changeset->contacts[i].before, after);
		if (result != 0)
			return result;
		if (changeset->contact != NULL && after->id == changeset->contact->id)
			answer = message;
	}
	if (changeset->contact != NULL && answer.size == 0)
		return contact_encode(contact, apply->arena, changeset->contact);
	*contact = answer;
	return 0;
}

static int
put_forward(struct apply *apply, uint64_t contact_id, const struct forward *forward)
{
	struct bytes message;
	struct key key;
	int result = forward_encode(&message, apply->arena, forward);

	if (result != 0)
		return result;
	key_number(&key, apply->event->account, contact_id);
	result = table_put_contact(apply->graph, &key, KIND_FORWARD, message);
	if (result != 0)
		return result;
	key_pair(&key, apply->event->account, forward->survivor_contact_id, contact_id);
	return table_put_mark(apply->graph, TABLE_FORWARD, &key);
}

/* The first contact that forwards to survivor_id. 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED;
 * -errno. */
static int
find_forwarder(uint64_t *contact_id, struct apply *apply, uint64_t survivor_id)
{
	struct scan scan;
	struct bytes account;
	struct bytes record;
	struct bytes found;
	struct key prefix;
	int result;

	key_number(&prefix, apply->event->account, survivor_id);
	result = scan_begin(&scan, apply->graph->txn, apply->graph, TABLE_FORWARD, &prefix);
	if (result != 0)
		return result;
	result = scan_next(&found, &record, &scan);
	if (result == 0 && !key_parse_pair(&account, &survivor_id, contact_id, found))
		result = outcome_damaged(apply->error, apply->event->account, TABLE_FORWARD,
		    "has a key that is none after %" PRIu64, survivor_id);
	scan_end(&scan, result);
	return result;
}

/* Whatever forwarded to a contact that is absorbed now leads straight to its survivor. */
static int
redirect_forwarders(struct apply *apply, uint64_t absorbed_id, uint64_t survivor_id)
{
	uint64_t contact_id;
	int result;

	assert(absorbed_id != survivor_id);
	while ((result = find_forwarder(&contact_id, apply, absorbed_id)) == 0) {
		struct forward forward;
		struct key key;

		result = read_forward(&forward, apply->graph->txn, apply->graph, apply->event->account,
		    contact_id, apply->error);
		if (result != 0)
			return result;
		key_pair(&key, apply->event->account, absorbed_id, contact_id);
		result = table_delete(apply->graph, TABLE_FORWARD, &key);
		if (result != 0)
			return result;
		forward.survivor_contact_id = survivor_id;
		result = put_forward(apply, contact_id, &forward);
		if (result != 0)
			return result;
	}
	return result == GRAPH_E_ABSENT ? 0 : result;
}

static int
put_absorptions(struct apply *apply)
{
	const struct changeset *changeset = apply->changeset;

	for (size_t i = 0; i < changeset->absorption_count; i++) {
		uint64_t absorbed_id = changeset->absorptions[i].before->id;
		const struct forward forward = {
			/* All of one event go into one. */
			.survivor_contact_id = changeset->absorptions[i].survivor_contact_id,
			.next_contact_id = changeset->absorptions[i].survivor_contact_id,
		};
		int result = redirect_forwarders(apply, absorbed_id, forward.survivor_contact_id);

		if (result == 0)
			result = put_forward(apply, absorbed_id, &forward);
		if (result == 0)
			result = put_rows(apply, changeset->absorptions[i].before, NULL);
		if (result == 0 && changeset->absorptions[i].before->dismissal_count > 0) {
			struct key key;

			key_number(&key, apply->event->account, absorbed_id);
			result = table_delete(apply->graph, TABLE_DISMISSED, &key);
		}
		if (result != 0)
			return result;
	}
	return 0;
}

/* What the event adds to an identifier's companions, or NULL. */
static const struct companions *
find_acquaintance(const struct apply *apply, enum namespace_id namespace_id, struct bytes value)
{
	for (size_t i = 0; i < apply->changeset->acquaintance_count; i++) {
		const struct acquaintance *acquaintance = &apply->changeset->acquaintances[i];

		if (acquaintance->namespace_id == namespace_id && bytes_equal(acquaintance->value, value))
			return &acquaintance->companions;
	}
	return NULL;
}

/* Puts an identifier's row; one that says nothing is taken away. */
static int
put_identifier(struct apply *apply, enum namespace_id namespace_id, struct bytes value, uint64_t owner_id,
    struct bytes companions)
{
	uint8_t id[RECORD_ID_BYTES];
	struct key key;

	key_identifier(&key, apply->event->account, namespace_id, value);
	if (owner_id == 0 && companions.size == 0)
		return table_delete(apply->graph, TABLE_IDENTIFIER, &key);
	record_put_id(id, owner_id);
	return table_put_parts(apply->graph, TABLE_IDENTIFIER, &key, bytes_of(id, sizeof(id)), companions);
}

static int
encode_companions(struct bytes *out, struct arena *arena, const struct companions *companions)
{
	uint8_t *encoded = arena_calloc(arena, companions->count, RECORD_COMPANION_BYTES);

	if (encoded == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < companions->count; i++)
		record_put_companion(encoded + i * RECORD_COMPANION_BYTES, &companions->items[i]);
	*out = bytes_of(encoded, companions->count * RECORD_COMPANION_BYTES);
	return 0;
}

/* The owner and the companions that an identifier's row has. */
static int
copy_identifier(uint64_t *owner_id, struct bytes *companions, struct apply *apply,
    enum namespace_id namespace_id, struct bytes value)
{
	int result = recall_identifier(owner_id, companions, apply->graph->txn, apply->graph, apply->arena,
	    apply->event->account, namespace_id, value, apply->error);

	if (result == GRAPH_E_ABSENT) {
		*owner_id = 0;
		*companions = (struct bytes){ NULL, 0 };
		return 0;
	}
	return result == 0 ? arena_copy(companions, apply->arena, *companions) : result;
}

/* An identifier that changes hands keeps its companions, and is given new ones. */
static int
put_ownership(struct apply *apply, const struct ownership *ownership)
{
	const struct companions *added = find_acquaintance(apply, ownership->namespace_id, ownership->value);
	struct bytes companions = { NULL, 0 };
	uint64_t owner_id;
	int result = 0;

	if (added != NULL)
		result = encode_companions(&companions, apply->arena, added);
	else if (companions_are_kept(ownership->namespace_id))
		result =
		    copy_identifier(&owner_id, &companions, apply, ownership->namespace_id, ownership->value);
	if (result != 0)
		return result;
	return put_identifier(
	    apply, ownership->namespace_id, ownership->value, ownership->contact_id, companions);
}

static bool
changes_hands(const struct changeset *changeset, const struct acquaintance *acquaintance)
{
	for (size_t i = 0; i < changeset->ownership_count; i++) {
		if (changeset->ownerships[i].namespace_id == acquaintance->namespace_id &&
		    bytes_equal(changeset->ownerships[i].value, acquaintance->value))
			return true;
	}
	return false;
}

/* New companions of an identifier that stays with its owner, if it has one. */
static int
put_acquaintance(struct apply *apply, const struct acquaintance *acquaintance)
{
	struct bytes companions;
	uint64_t owner_id;
	int result =
	    copy_identifier(&owner_id, &companions, apply, acquaintance->namespace_id, acquaintance->value);

	if (result == 0)
		result = encode_companions(&companions, apply->arena, &acquaintance->companions);
	if (result != 0)
		return result;
	return put_identifier(apply, acquaintance->namespace_id, acquaintance->value, owner_id, companions);
}

static int
put_identifiers(struct apply *apply)
{
	const struct changeset *changeset = apply->changeset;
	int result = 0;

	for (size_t i = 0; result == 0 && i < changeset->ownership_count; i++)
		result = put_ownership(apply, &changeset->ownerships[i]);
	for (size_t i = 0; result == 0 && i < changeset->acquaintance_count; i++) {
		if (!changes_hands(changeset, &changeset->acquaintances[i]))
			result = put_acquaintance(apply, &changeset->acquaintances[i]);
	}
	return result;
}

/* The account's record, when its numbers changed. */
static int
put_account(struct apply *apply)
{
	struct bytes stored;
	struct bytes message;
	struct key key;
	int result = account_encode(&message, apply->arena, &apply->changeset->account);

	if (result != 0)
		return result;
	key_account(&key, apply->event->account);
	result = table_get(&stored, apply->graph->txn, apply->graph, TABLE_ACCOUNT, &key);
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(
		    apply->error, apply->event->account, TABLE_ACCOUNT, "record is damaged");
	if (result != 0 && result != GRAPH_E_ABSENT)
		return result;
	if (result == 0 && bytes_equal(stored, message))
		return 0;
	return table_put(apply->graph, TABLE_ACCOUNT, &key, message);
}

/* Lists the entry under every contact that it tells something of. */
static int
put_journal_marks(struct apply *apply, const struct journal_entry *entry)
{
	uint64_t *ids;
	size_t count;
	int result = journal_contact_ids(&ids, &count, apply->arena, entry);

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct key key;

		key_pair(&key, apply->event->account, ids[i], entry->sequence);
		result = table_put_mark(apply->graph, TABLE_CONTACT, &key);
	}
	return result;
}

/* The entry of an event, with what it said; or of an act, with what it was about. */
static struct journal_entry
journal_entry_of(const struct event *event, const struct changeset *changeset)
{
	const struct secondary *subject = &changeset->subject;
	struct journal_entry entry = {
		.sequence = changeset->account.journal_sequence,
		.revision = changeset->account.revision,
		.contact_id = changeset->erased != NULL ? changeset->erased->id : changeset->contact->id,
		.outcome = changeset->outcome,
		.claim = event->claim,
		.identifiers = event->identifiers,
		.identifier_count = event->identifier_count,
		.attributes = event->attributes,
		.attribute_count = event->attribute_count,
		.conflicts = changeset->conflicts,
		.conflict_count = changeset->conflict_count,
		.losses = changeset->losses,
		.loss_count = changeset->loss_count,
		.absorptions = changeset->absorptions,
		.absorption_count = changeset->absorption_count,
		.bystander_ids = changeset->bystander_ids,
		.bystander_count = changeset->bystander_count,
		.action = event->action,
		.operator_name = event->act.operator_name,
		.contact_version = event->act.contact_version,
		.secondary_id = event->act.secondary_id,
	};

	if (subject->identifier.namespace_id != NAMESPACE_NONE) {
		entry.identifiers = &subject->identifier;
		entry.identifier_count = 1;
		entry.claim.conversation = subject->identifier.claim.conversation;
	} else if (subject->attribute.name.size > 0) {
		entry.attributes = &subject->attribute;
		entry.attribute_count = 1;
		entry.claim.conversation = subject->attribute.claim.conversation;
	}
	return entry;
}

static int
put_journal(struct apply *apply)
{
	const struct journal_entry entry = journal_entry_of(apply->event, apply->changeset);
	struct bytes message;
	struct key key;
	int result = journal_entry_encode(&message, apply->arena, &entry);

	if (result != 0)
		return result;
	key_number(&key, apply->event->account, entry.sequence);
	result = table_put_journal(apply->graph, &key, message);
	return result == 0 ? put_journal_marks(apply, &entry) : result;
}

int
graph_apply(struct bytes *contact, struct graph *graph, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error)
{
	struct apply apply = { graph, arena, event, changeset, error };
	struct bytes answer;
	int result = put_contacts(&answer, &apply);

	if (result == 0)
		result = put_absorptions(&apply);
	if (result == 0 && changeset->erased != NULL)
		result = erase_apply(graph, arena, event, changeset, error);
	if (result == 0)
		result = put_identifiers(&apply);
	if (result == 0 && (changeset->contact_count > 0 || changeset->journalled))
		result = put_account(&apply);
	if (result == 0 && changeset->journalled)
		result = put_journal(&apply);
	if (result == 0)
		*contact = answer;
	return result;
}
