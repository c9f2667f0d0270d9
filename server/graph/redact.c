/* The journal without somebody. An entry that tells of nobody else goes. One that tells of
 * others too stays, and says that there was a conflict, what about, and who decided how;
 * what of it is the erased contact's goes: its attributes, the identifiers that it had, and
 * those that nobody has any more, for they were its own as likely as not.
 *
 * What always holds: an entry is listed under every contact that it tells of and that there
 * is (journal_contact_ids), so that what it does not tell any more, it is not listed under
 * any more. */
#include <errno.h>
#include <inttypes.h>

#include "rules/namespaces.h"
#include "server/graph/erasing.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"

/* One entry on its way. */
struct redaction {
	struct erasing *erasing;
	struct journal_entry entry;
	bool shared;  /* it tells of the erased contact, not of a related one alone */
	bool own;     /* it is about the erased contact */
	bool changed; /* something of it went */
	int result;   /* of looking something up; 0 so far */
};

/* Whether a contact that stays owns an identifier. */
static bool
is_owned_elsewhere(struct redaction *redaction, enum namespace_id namespace_id, struct bytes value)
{
	struct erasing *erasing = redaction->erasing;
	uint64_t owner_id;
	int result = read_owner(&owner_id, erasing->graph->txn, erasing->graph, erasing->event->account,
	    namespace_id, value, erasing->error);

	if (result != 0 && result != GRAPH_E_ABSENT)
		redaction->result = result;
	return result == 0 && !id_list_has(&erasing->erased, owner_id);
}

/* Whether an identifier that the entry names is to go. */
static bool
goes(struct redaction *redaction, enum namespace_id namespace_id, struct bytes value)
{
	if (erasing_holds(redaction->erasing, namespace_id, value))
		return true;
	return redaction->shared && !is_owned_elsewhere(redaction, namespace_id, value);
}

/* Whether a secondary or loss tells of the erased contact. */
static bool
names_erased(const struct redaction *redaction, const struct secondary *secondary)
{
	if (secondary->owner_contact_id != 0 &&
	    id_list_has(&redaction->erasing->erased, secondary->owner_contact_id))
		return true;
	return secondary->identifier.namespace_id != NAMESPACE_NONE &&
	    erasing_holds(
		redaction->erasing, secondary->identifier.namespace_id, secondary->identifier.value);
}

/* What the event said. The arrays are the entry's own: it was decoded into the arena. */
static void
redact_event(struct redaction *redaction)
{
	struct journal_entry *entry = &redaction->entry;
	struct identifier *identifiers = (struct identifier *)(uintptr_t)entry->identifiers;
	size_t kept = 0;

	for (size_t i = 0; i < entry->identifier_count; i++) {
		if (!goes(redaction, identifiers[i].namespace_id, identifiers[i].value))
			identifiers[kept++] = identifiers[i];
	}
	redaction->changed = redaction->changed || kept < entry->identifier_count;
	entry->identifier_count = kept;
	if (!redaction->own)
		return;
	redaction->changed =
	    redaction->changed || entry->attribute_count > 0 || entry->claim.conversation.size > 0;
	entry->attribute_count = 0;
	entry->claim.conversation = bytes_of(NULL, 0);
}

static void
redact_losses(struct redaction *redaction)
{
	struct journal_entry *entry = &redaction->entry;
	struct loss *losses = (struct loss *)(uintptr_t)entry->losses;
	size_t kept = 0;

	for (size_t i = 0; i < entry->loss_count; i++) {
		if (id_list_has(&redaction->erasing->erased, losses[i].contact_id)) {
			redaction->changed = true;
			continue;
		}
		/* That the contact lost something stays a part of its history: its version went up
		 * with it. */
		if (names_erased(redaction, &losses[i].value)) {
			redaction->changed = true;
			losses[i].cause = LOSS_ERASED;
			losses[i].value = (struct secondary){ .id = losses[i].value.id };
		}
		losses[kept++] = losses[i];
	}
	entry->loss_count = kept;
}

/* One side of a conflict: the value, and the conversation that it came from. of_erased says
 * that the erased contact held it or was told it; what somebody else has by now stays, but
 * for the conversation. */
static bool
redact_side(struct redaction *redaction, enum namespace_id namespace_id, bool of_erased, struct value *value,
    struct claim *claim)
{
	bool gone = value->type != VALUE_NONE &&
	    (namespace_id == NAMESPACE_NONE ? of_erased : goes(redaction, namespace_id, value->string));

	if (!gone && (!of_erased || claim->conversation.size == 0))
		return false;
	if (gone)
		*value = (struct value){ .type = VALUE_NONE };
	claim->conversation = bytes_of(NULL, 0);
	return true;
}

/* Whether what is left of the event names a device. */
static bool
event_names_device(const struct journal_entry *entry, struct bytes value)
{
	for (size_t i = 0; i < entry->identifier_count; i++) {
		if (!namespace_is_personal(entry->identifiers[i].namespace_id) &&
		    bytes_equal(entry->identifiers[i].value, value))
			return true;
	}
	return false;
}

/* What was shown beside both sides, which the contact held that the event was about. The
 * device is one of the event's, and goes with it. */
static bool
redact_beside(struct redaction *redaction, struct conflict *conflict)
{
	bool of_erased = id_list_has(&redaction->erasing->erased, conflict->target_contact_id);
	bool displaced = redact_side(
	    redaction, conflict->namespace_id, of_erased, &conflict->displaced, &conflict->displaced_claim);
	bool device = conflict->device.type != VALUE_NONE &&
	    !event_names_device(&redaction->entry, conflict->device.string);

	if (device)
		conflict->device = (struct value){ .type = VALUE_NONE };
	if (!device && (!of_erased || conflict->device_claim.conversation.size == 0))
		return displaced;
	conflict->device_claim.conversation = bytes_of(NULL, 0);
	return true;
}

static void
redact_conflicts(struct redaction *redaction)
{
	const struct journal_entry *entry = &redaction->entry;
	struct conflict *conflicts = (struct conflict *)(uintptr_t)entry->conflicts;

	for (size_t i = 0; i < entry->conflict_count; i++) {
		struct conflict *conflict = &conflicts[i];
		bool of_owner = conflict->owner_contact_id == 0
		    ? redaction->own
		    : id_list_has(&redaction->erasing->erased, conflict->owner_contact_id);
		bool stored;

		/* What the owner held of it is the owner's, whoever has the identifier by now. */
		if (conflict->owner_contact_id != 0 && of_owner && conflict->stored.type != VALUE_NONE) {
			conflict->stored = (struct value){ .type = VALUE_NONE };
			conflict->stored_claim.conversation = bytes_of(NULL, 0);
			redaction->changed = true;
		}
		stored = redact_side(
		    redaction, conflict->namespace_id, of_owner, &conflict->stored, &conflict->stored_claim);
		bool incoming = redact_side(redaction, conflict->namespace_id, redaction->own,
		    &conflict->incoming, &conflict->incoming_claim);
		bool beside = redact_beside(redaction, conflict);

		if (!stored && !incoming && !beside)
			continue;
		/* Whatever a policy had to say may speak of the values. */
		conflict->reason = bytes_of(NULL, 0);
		redaction->changed = true;
	}
}

/* Whether a contact is shown under an identifier. */
static bool
is_shown_as(const struct contact *contact, const struct identifier *identifier)
{
	return bytes_equal(identifier->value, contact->display_name) ||
	    bytes_equal(identifier->given, contact->display_name);
}

/* All that an absorbed contact was, but for what the erased one took over from it, or what
 * it said of that. */
static void
redact_before(struct redaction *redaction, struct contact *before)
{
	size_t identifiers_kept = 0;
	size_t secondaries_kept = 0;
	bool shown_as_gone = false;
	bool shown_as_kept = false;

	for (size_t i = 0; i < before->identifier_count; i++) {
		const struct identifier *held = &before->identifiers[i];

		if (erasing_holds(redaction->erasing, held->namespace_id, held->value)) {
			shown_as_gone = shown_as_gone || is_shown_as(before, held);
			continue;
		}
		shown_as_kept = shown_as_kept || is_shown_as(before, held);
		before->identifiers[identifiers_kept++] = *held;
	}
	for (size_t i = 0; i < before->secondary_count; i++) {
		if (!names_erased(redaction, &before->secondaries[i]))
			before->secondaries[secondaries_kept++] = before->secondaries[i];
	}
	if (identifiers_kept < before->identifier_count || secondaries_kept < before->secondary_count)
		redaction->changed = true;
	before->identifier_count = identifiers_kept;
	before->secondary_count = secondaries_kept;
	if (shown_as_gone && !shown_as_kept)
		before->display_name = bytes_of(NULL, 0);
}

static void
redact_absorptions(struct redaction *redaction)
{
	const struct id_list *erased = &redaction->erasing->erased;
	struct journal_entry *entry = &redaction->entry;
	struct absorption *absorptions = (struct absorption *)(uintptr_t)entry->absorptions;
	size_t kept = 0;

	for (size_t i = 0; i < entry->absorption_count; i++) {
		if (id_list_has(erased, absorptions[i].before->id) ||
		    id_list_has(erased, absorptions[i].survivor_contact_id))
			continue;
		redact_before(redaction, (struct contact *)(uintptr_t)absorptions[i].before);
		absorptions[kept++] = absorptions[i];
	}
	redaction->changed = redaction->changed || kept < entry->absorption_count;
	entry->absorption_count = kept;
}

/* Whom the event named besides. */
static void
redact_bystanders(struct redaction *redaction)
{
	struct journal_entry *entry = &redaction->entry;
	size_t kept = 0;

	for (size_t i = 0; i < entry->bystander_count; i++) {
		if (!id_list_has(&redaction->erasing->erased, entry->bystander_ids[i]))
			entry->bystander_ids[kept++] = entry->bystander_ids[i];
	}
	redaction->changed = redaction->changed || kept < entry->bystander_count;
	entry->bystander_count = kept;
}

/* Whether a contact, or the forward of one, is there and stays. 0 or 1; -errno. */
static int
stays(const struct erasing *erasing, uint64_t contact_id)
{
	struct key key;
	MDB_val sought;
	MDB_val found;
	int result;

	if (id_list_has(&erasing->erased, contact_id))
		return 0;
	key_number(&key, erasing->event->account, contact_id);
	sought = val_of(key_bytes(&key));
	result = environment_result(
	    mdb_get(erasing->graph->txn, erasing->graph->tables[TABLE_CONTACT], &sought, &found));
	if (result == 0 || result == GRAPH_E_ABSENT)
		return result == 0;
	return result > 0 ? -EBADMSG : result;
}

/* Whether the entry is to be listed under a contact: 0 or 1; -errno. That somebody was
 * erased is told under an id that is no contact's any more. */
static int
is_listed(const struct redaction *redaction, uint64_t contact_id)
{
	const struct journal_entry *entry = &redaction->entry;

	if (entry->action == ACTION_ERASE && entry->contact_id == contact_id)
		return 1;
	return stays(redaction->erasing, contact_id);
}

/* Stores what is left of an entry, or takes it away when it tells of nobody. message is
 * what is left, encoded; old_ids are the contacts that it was listed under. */
static int
store_entry(const struct redaction *redaction, struct bytes message, const struct id_list *old_ids,
    const struct id_list *new_ids)
{
	const struct erasing *erasing = redaction->erasing;
	uint64_t sequence = redaction->entry.sequence;
	struct bytes account = erasing->event->account;
	bool listed = false;
	struct key key;
	int result = 0;

	for (size_t i = 0; i < new_ids->count && !listed; i++) {
		result = is_listed(redaction, new_ids->ids[i]);
		if (result < 0)
			return result;
		listed = result == 1;
	}
	key_number(&key, account, sequence);
	if (listed)
		result = table_put_journal(erasing->graph, &key, message);
	else
		result = table_delete(erasing->graph, TABLE_JOURNAL, &key);
	for (size_t i = 0; result == 0 && i < old_ids->count; i++) {
		uint64_t id = old_ids->ids[i];

		result = listed && id_list_has(new_ids, id) ? is_listed(redaction, id) : 0;
		if (result != 0) {
			result = result > 0 ? 0 : result;
			continue;
		}
		key_pair(&key, account, id, sequence);
		result = table_delete_mark(erasing->graph, TABLE_CONTACT, &key);
	}
	return result;
}

/* The contacts that an entry tells of, as a list. */
static int
list_contacts(struct id_list *list, struct arena *arena, const struct journal_entry *entry)
{
	*list = (struct id_list){ 0 };
	return journal_contact_ids(&list->ids, &list->count, arena, entry);
}

/* Contacts between whom and the erased one something was decided. Who is only named beside
 * others is not among them: a shared address has all the account beside it. */
static int
add_related(struct redaction *redaction)
{
	struct erasing *erasing = redaction->erasing;
	struct journal_entry decided = redaction->entry;
	struct id_list ids;
	bool concerned = false;
	int result;

	decided.bystander_count = 0;
	result = list_contacts(&ids, &erasing->scratch, &decided);
	for (size_t i = 0; result == 0 && i < ids.count; i++)
		concerned = concerned || id_list_has(&erasing->erased, ids.ids[i]);
	for (size_t i = 0; result == 0 && concerned && i < ids.count; i++) {
		if (!id_list_has(&erasing->erased, ids.ids[i]))
			result = erasing_add_related(erasing, ids.ids[i]);
	}
	return result;
}

/* What of an entry goes, goes; it is stored when anything did. */
static int
redact_entry(struct redaction *redaction)
{
	struct erasing *erasing = redaction->erasing;
	struct arena *scratch = &erasing->scratch;
	struct bytes message = { NULL, 0 };
	struct id_list old_ids;
	struct id_list new_ids;
	int result = list_contacts(&old_ids, scratch, &redaction->entry);

	redaction->own = id_list_has(&erasing->erased, redaction->entry.contact_id);
	erasing->creations += redaction->own && redaction->entry.outcome == OUTCOME_CREATED;
	if (result == 0 && redaction->shared)
		result = add_related(redaction);
	if (result == 0 && redaction->shared)
		result = erasing_note_named(erasing, &redaction->entry, redaction->own);
	if (result != 0)
		return result;
	redact_event(redaction);
	redact_losses(redaction);
	redact_conflicts(redaction);
	redact_absorptions(redaction);
	redact_bystanders(redaction);
	if (redaction->result != 0)
		return redaction->result;
	/* What told of the erased contact says so, even if all its values are others' by now. */
	redaction->changed = redaction->changed || redaction->shared;
	if (!redaction->changed)
		return 0;
	redaction->entry.redacted = true;
	result = list_contacts(&new_ids, scratch, &redaction->entry);
	/* Out of the pages that are written to next. */
	if (result == 0)
		result = journal_entry_encode(&message, scratch, &redaction->entry);
	return result == 0 ? store_entry(redaction, message, &old_ids, &new_ids) : result;
}

/* Reads the entry of a sequence and redacts it. */
static int
redact_sequence(struct erasing *erasing, uint64_t sequence, bool shared)
{
	struct redaction redaction = { .erasing = erasing, .shared = shared };
	struct bytes account = erasing->event->account;
	struct bytes message;
	struct key key;
	int result;

	arena_reset(&erasing->scratch);
	key_number(&key, account, sequence);
	result = table_get(&message, erasing->graph->txn, erasing->graph, TABLE_JOURNAL, &key);
	if (result == 0)
		result = unpack(&message, &erasing->scratch, message);
	if (result == 0)
		result = journal_entry_decode(&redaction.entry, &erasing->scratch, message);
	if (result == GRAPH_E_ABSENT || result == GRAPH_E_DAMAGED || result == MESSAGE_E_DAMAGED)
		return outcome_damaged(erasing->error, account, TABLE_JOURNAL,
		    "record %" PRIu64 " is missing or damaged", sequence);
	return result == 0 ? redact_entry(&redaction) : result;
}

/* Redacts the entries listed under a contact, each once. */
static int
redact_history(struct erasing *erasing, uint64_t contact_id, bool shared)
{
	struct bytes account = erasing->event->account;
	struct id_list sequences = { 0 };
	struct bytes record;
	struct bytes found;
	struct key prefix;
	struct scan scan;
	int result;

	key_number(&prefix, account, contact_id);
	result = scan_begin(&scan, erasing->graph->txn, erasing->graph, TABLE_CONTACT, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		struct bytes name;
		uint64_t id;
		uint64_t sequence;

		/* The contact itself, before its entries. */
		if (found.size == prefix.size)
			continue;
		if (!key_parse_pair(&name, &id, &sequence, found))
			result = outcome_damaged(erasing->error, account, TABLE_CONTACT,
			    "has a key that is none under %" PRIu64, contact_id);
		else if (!id_list_has(&erasing->seen, sequence))
			result = id_list_add(&sequences, erasing->arena, sequence);
		if (result != 0)
			break;
	}
	result = scan_end(&scan, result);
	for (size_t i = 0; result == 0 && i < sequences.count; i++) {
		result = redact_sequence(erasing, sequences.ids[i], shared);
		if (result == 0)
			result = id_list_add(&erasing->seen, erasing->arena, sequences.ids[i]);
	}
	return result;
}

int
erasing_redact_journal(struct erasing *erasing)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < erasing->erased.count; i++)
		result = redact_history(erasing, erasing->erased.ids[i], true);
	for (size_t i = 0; result == 0 && i < erasing->related.count; i++)
		result = redact_history(erasing, erasing->related.ids[i], false);
	return result;
}
