/* The whole store, read and held against itself: what is stored twice must agree, and
 * what is counted must be there. Slow on purpose, and simple: the first fault ends it,
 * with the record's name. */
#include <errno.h>
#include <inttypes.h>

#include "rules/namespaces.h"
#include "server/graph/check.h"
#include "server/graph/index.h"
#include "server/graph/offered.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"

/* What decoding one record may take. */
enum { CHECK_ARENA_BYTES = 256 * 1024 * 1024 };

/* The account being checked. */
struct checked_account {
	struct bytes name;
	struct account stored;
	struct account counted;
};

int
check_damaged_row(struct check *check, enum table table, struct bytes key, const char *what)
{
	struct bytes account = BYTES("?");
	struct bytes rest;

	key_parse_account(&account, &rest, key);
	return outcome_damaged(check->error, account, table, "%s", what);
}

int
check_find(const struct check *check, enum table table, const struct key *key)
{
	MDB_val sought = val_of(key_bytes(key));
	MDB_val found;

	return environment_result(mdb_get(check->txn, check->graph->tables[table], &sought, &found));
}

/* Whether a row is there that is nothing but its key. */
static int
expect_mark(struct check *check, enum table table, struct bytes account, uint64_t first, uint64_t second)
{
	struct key key;
	int result;

	key_pair(&key, account, first, second);
	result = check_find(check, table, &key);
	if (result == GRAPH_E_ABSENT)
		return outcome_damaged(
		    check->error, account, table, "row %" PRIu64 ", %" PRIu64 " is missing", first, second);
	return result;
}

/* Every array in its order, nothing twice. */
static bool
is_sorted(const struct contact *contact)
{
	for (size_t i = 1; i < contact->identifier_count; i++) {
		if (identifier_compare(&contact->identifiers[i - 1], &contact->identifiers[i]) >= 0)
			return false;
	}
	for (size_t i = 1; i < contact->attribute_count; i++) {
		if (bytes_compare(contact->attributes[i - 1].name, contact->attributes[i].name) >= 0)
			return false;
	}
	for (size_t i = 1; i < contact->secondary_count; i++) {
		if (contact->secondaries[i - 1].id >= contact->secondaries[i].id)
			return false;
	}
	for (size_t i = 1; i < contact->list_count; i++) {
		if (bytes_compare(contact->lists[i - 1], contact->lists[i]) >= 0)
			return false;
	}
	return true;
}

static void
count_contact(struct account *counted, const struct contact *contact)
{
	counted->class_counts[contact->contact_class]++;
	for (unsigned reach = REACH_EMAIL; reach < REACH_COUNT; reach++)
		counted->reach_counts[reach] += contact->reach[reach];
	for (size_t i = 0; i < contact->list_count; i++)
		counted->engaged_count += bytes_equal(contact->lists[i], LIST_ENGAGED);
}

/* What the contact's operators dismissed, where they did. */
static int
check_dismissals(struct check *check, struct checked_account *account, struct contact *contact)
{
	struct bytes message;
	int result =
	    read_dismissals(&message, check->txn, check->graph, account->name, contact->id, check->error);

	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result == 0)
		result = dismissals_decode(contact, &check->arena, message);
	if (result == MESSAGE_E_DAMAGED)
		return outcome_damaged(check->error, account->name, TABLE_DISMISSED,
		    "record %" PRIu64 " is no message of dismissals", contact->id);
	account->counted.dismissed_count++;
	check->dismissed_count++;
	return result;
}

/* Whether one of the secondaries before it has the same row. */
static bool
has_come_before(const struct contact *contact, size_t place, struct bytes account,
    bool (*row)(struct key *, struct bytes, uint64_t, const struct secondary *), const struct key *key)
{
	for (size_t i = 0; i < place; i++) {
		struct key other;

		if (row(&other, account, contact->id, &contact->secondaries[i]) &&
		    bytes_equal(key_bytes(&other), key_bytes(key)))
			return true;
	}
	return false;
}

/* The contact's open secondaries are found by what they name. */
static int
check_offers(struct check *check, struct bytes account, const struct contact *contact)
{
	static const struct {
		enum table table;
		bool (*row)(struct key *, struct bytes, uint64_t, const struct secondary *);
	} kinds[] = { { TABLE_OFFERED, offered_key }, { TABLE_OFFERED_OWNER, offered_owner_key } };
	uint64_t *counts[] = { &check->offered_count, &check->offered_owner_count };

	for (size_t i = 0; i < contact->secondary_count * 2; i++) {
		const struct secondary *secondary = &contact->secondaries[i / 2];
		struct key key;
		int result;

		if (!kinds[i % 2].row(&key, account, contact->id, secondary) ||
		    has_come_before(contact, i / 2, account, kinds[i % 2].row, &key))
			continue;
		result = check_find(check, kinds[i % 2].table, &key);
		if (result == GRAPH_E_ABSENT)
			return outcome_damaged(check->error, account, kinds[i % 2].table,
			    "row of secondary %" PRIu64 " of %" PRIu64 " is missing", secondary->id,
			    contact->id);
		if (result != 0)
			return result;
		(*counts[i % 2])++;
	}
	return 0;
}

/* The contact is found by its class, its reach and its lists. */
static int
check_index(struct check *check, struct bytes account, const struct contact *contact)
{
	for (size_t i = 0; i < index_place_count(contact); i++) {
		struct key key;
		int result;

		if (!index_key(&key, account, contact, i))
			continue;
		result = check_find(check, TABLE_INDEX, &key);
		if (result == GRAPH_E_ABSENT)
			return outcome_damaged(
			    check->error, account, TABLE_INDEX, "row of %" PRIu64 " is missing", contact->id);
		if (result != 0)
			return result;
		check->index_count++;
	}
	return 0;
}

static int
check_contact(struct check *check, struct checked_account *account, uint64_t id, struct bytes message)
{
	struct contact contact;
	int result = unpack(&message, &check->arena, message);

	if (result == 0)
		result = contact_decode(&contact, &check->arena, message);
	if (result > 0 || (result == 0 && contact.id != id))
		return outcome_damaged(check->error, account->name, TABLE_CONTACT,
		    "record %" PRIu64 " is not that contact's message", id);
	if (result != 0)
		return result;
	if (!is_sorted(&contact))
		return outcome_damaged(
		    check->error, account->name, TABLE_CONTACT, "record %" PRIu64 " is out of order", id);
	for (size_t i = 0; i < contact.secondary_count; i++) {
		if (contact.secondaries[i].id > account->stored.last_secondary_id)
			return outcome_damaged(check->error, account->name, TABLE_CONTACT,
			    "record %" PRIu64 " has a secondary %" PRIu64 ", which was never given", id,
			    contact.secondaries[i].id);
	}
	for (size_t i = 0; i < contact.identifier_count; i++) {
		const struct identifier *held = &contact.identifiers[i];
		uint64_t owner_id = 0;

		result = read_owner(&owner_id, check->txn, check->graph, account->name, held->namespace_id,
		    held->value, check->error);
		if (result == GRAPH_E_ABSENT || (result == 0 && owner_id != id))
			return outcome_damaged(check->error, account->name, TABLE_CONTACT,
			    "record %" PRIu64 " holds an identifier of namespace %.*s that %" PRIu64 " owns",
			    id, BYTES_PRINT(namespace_name(held->namespace_id)), owner_id);
		if (result != 0)
			return result;
	}
	count_contact(&account->counted, &contact);
	check->report.contacts++;
	result = check_offers(check, account->name, &contact);
	if (result == 0)
		result = check_index(check, account->name, &contact);
	return result == 0 ? check_dismissals(check, account, &contact) : result;
}

/* A forward leads to a contact, directly and step by step. */
static int
check_forward(struct check *check, struct checked_account *account, uint64_t id, struct bytes message)
{
	struct forward forward;
	enum contact_kind kind;
	uint64_t survivor_id;
	int result;

	if (forward_decode(&forward, message) != 0)
		return outcome_damaged(check->error, account->name, TABLE_CONTACT,
		    "record %" PRIu64 " is no forward message", id);
	survivor_id = forward.survivor_contact_id;
	result =
	    read_contact(&kind, &message, check->txn, check->graph, account->name, survivor_id, check->error);
	if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
		return outcome_damaged(
		    check->error, account->name, TABLE_CONTACT, "record %" PRIu64 " leads to no contact", id);
	for (uint64_t steps = 0; result == 0 && forward.next_contact_id != survivor_id; steps++) {
		result = read_forward(
		    &forward, check->txn, check->graph, account->name, forward.next_contact_id, check->error);
		if (result == 0 &&
		    (forward.survivor_contact_id != survivor_id || steps > account->stored.last_contact_id))
			return outcome_damaged(check->error, account->name, TABLE_CONTACT,
			    "record %" PRIu64 " does not lead to its survivor", id);
	}
	if (result == 0)
		result = expect_mark(check, TABLE_FORWARD, account->name, survivor_id, id);
	check->report.forwards++;
	return result;
}

/* Ids are given one after the other, and some are erased: there is none past the last. */
static int
check_contact_record(struct check *check, struct checked_account *account, uint64_t id)
{
	enum contact_kind kind;
	struct bytes message;
	int result;

	if (id == 0 || id > account->stored.last_contact_id)
		return outcome_damaged(check->error, account->name, TABLE_CONTACT,
		    "record %" PRIu64 " has an id that was never given", id);
	arena_reset(&check->arena);
	result = read_contact(&kind, &message, check->txn, check->graph, account->name, id, check->error);
	if (result != 0)
		return result;
	return kind == KIND_CONTACT ? check_contact(check, account, id, message)
				    : check_forward(check, account, id, message);
}

static int
check_contacts(struct check *check, struct checked_account *account)
{
	struct scan scan;
	struct bytes record;
	struct bytes key;
	struct key prefix;
	int result;

	key_account(&prefix, account->name);
	result = scan_begin(&scan, check->txn, check->graph, TABLE_CONTACT, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		struct bytes name;
		uint64_t sequence;
		uint64_t id;

		if (key_parse_number(&name, &id, key))
			result = check_contact_record(check, account, id);
		else if (key_parse_pair(&name, &id, &sequence, key) && record.size == 0)
			result = check_journal_mark(check, account->name, id, sequence);
		else
			result = check_damaged_row(check, TABLE_CONTACT, key, "has a key that is none");
		if (result != 0)
			break;
	}
	return scan_end(&scan, result);
}

static int
check_journal_entry(
    struct check *check, const struct checked_account *account, uint64_t sequence, struct bytes message)
{
	struct journal_entry entry;
	size_t id_count = 0;
	uint64_t *ids;
	int result = unpack(&message, &check->arena, message);

	if (result == 0)
		result = journal_entry_decode(&entry, &check->arena, message);
	if (result > 0 || (result == 0 && entry.sequence != sequence))
		return outcome_damaged(check->error, account->name, TABLE_JOURNAL,
		    "record %" PRIu64 " is not that entry's message", sequence);
	if (result == 0 && entry.revision > account->stored.revision)
		return outcome_damaged(check->error, account->name, TABLE_JOURNAL,
		    "record %" PRIu64 " is of revision %" PRIu64 ", which is yet to come", sequence,
		    entry.revision);
	if (result == 0)
		result = journal_contact_ids(&ids, &id_count, &check->arena, &entry);
	for (size_t i = 0; result == 0 && i < id_count; i++) {
		struct key contact;

		/* Who was erased has no history, but for the entry that says so. */
		key_number(&contact, account->name, ids[i]);
		result = check_find(check, TABLE_CONTACT, &contact);
		if (result == 0 || (result == GRAPH_E_ABSENT && entry.action == ACTION_ERASE))
			result = expect_mark(check, TABLE_CONTACT, account->name, ids[i], sequence);
		else if (result == GRAPH_E_ABSENT)
			result = 0;
	}
	return result;
}

static int
check_journal(struct check *check, struct checked_account *account)
{
	struct scan scan;
	struct bytes record;
	struct bytes key;
	struct key prefix;
	int result;

	key_account(&prefix, account->name);
	result = scan_begin(&scan, check->txn, check->graph, TABLE_JOURNAL, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		struct bytes message;
		struct bytes name;
		uint64_t sequence;

		if (!key_parse_number(&name, &sequence, key)) {
			result = check_damaged_row(check, TABLE_JOURNAL, key, "has a key that is none");
			break;
		}
		if (sequence == 0 || sequence > account->stored.journal_sequence) {
			result = outcome_damaged(check->error, account->name, TABLE_JOURNAL,
			    "record %" PRIu64 " has a sequence that was never given", sequence);
			break;
		}
		if (!record_open(&message, TABLE_JOURNAL, key, record)) {
			result = outcome_damaged(check->error, account->name, TABLE_JOURNAL,
			    "record %" PRIu64 " is damaged", sequence);
			break;
		}
		arena_reset(&check->arena);
		result = check_journal_entry(check, account, sequence, message);
		if (result != 0)
			break;
		check->report.journal_entries++;
	}
	return scan_end(&scan, result);
}

/* The identifiers that the account refuses. */
static int
check_suppressed(struct check *check, struct checked_account *account)
{
	struct scan scan;
	struct bytes record;
	struct bytes name;
	struct bytes key;
	struct key prefix;
	int result;

	key_account(&prefix, account->name);
	result = scan_begin(&scan, check->txn, check->graph, TABLE_SUPPRESSED, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		if (!key_parse_suppressed(&name, key)) {
			result = check_damaged_row(check, TABLE_SUPPRESSED, key, "has a key that is none");
			break;
		}
		account->counted.suppressed_count++;
		check->suppressed_count++;
	}
	return scan_end(&scan, result);
}

static int
miscounted(struct check *check, const struct checked_account *account, const char *what, uint64_t stored,
    uint64_t counted)
{
	return outcome_damaged(check->error, account->name, TABLE_ACCOUNT,
	    "record says %s is %" PRIu64 ", a recount %" PRIu64, what, stored, counted);
}

static int
compare_counts(struct check *check, const struct checked_account *account)
{
	static const char *const classes[CLASS_COUNT] = { "", "identified", "anonymous_push",
		"anonymous_chat" };
	static const char *const reaches[REACH_COUNT] = { "", "reach_email", "reach_sms", "reach_whatsapp",
		"reach_push" };
	const struct account *stored = &account->stored;
	const struct account *counted = &account->counted;

	if (stored->engaged_count != counted->engaged_count)
		return miscounted(check, account, "engaged", stored->engaged_count, counted->engaged_count);
	if (stored->dismissed_count != counted->dismissed_count)
		return miscounted(
		    check, account, "dismissed", stored->dismissed_count, counted->dismissed_count);
	if (stored->suppressed_count != counted->suppressed_count)
		return miscounted(
		    check, account, "suppressed", stored->suppressed_count, counted->suppressed_count);
	for (size_t i = 1; i < CLASS_COUNT; i++) {
		if (stored->class_counts[i] != counted->class_counts[i])
			return miscounted(
			    check, account, classes[i], stored->class_counts[i], counted->class_counts[i]);
	}
	for (size_t i = 1; i < REACH_COUNT; i++) {
		if (stored->reach_counts[i] != counted->reach_counts[i])
			return miscounted(
			    check, account, reaches[i], stored->reach_counts[i], counted->reach_counts[i]);
	}
	return 0;
}

static int
check_accounts(struct check *check)
{
	struct scan scan;
	struct bytes record;
	struct bytes key;
	int result = scan_begin(&scan, check->txn, check->graph, TABLE_ACCOUNT, NULL);

	if (result != 0)
		return result;
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		struct checked_account account = { 0 };
		struct bytes rest;

		if (!key_parse_account(&account.name, &rest, key) || rest.size != 0) {
			result = check_damaged_row(check, TABLE_ACCOUNT, key, "has a key that is none");
			break;
		}
		result = read_account(&account.stored, check->txn, check->graph, account.name, check->error);
		if (result == 0)
			result = check_contacts(check, &account);
		if (result == 0)
			result = check_journal(check, &account);
		if (result == 0)
			result = check_suppressed(check, &account);
		if (result == 0)
			result = compare_counts(check, &account);
		if (result != 0)
			break;
		check->report.accounts++;
	}
	return scan_end(&scan, result);
}

int
graph_check(struct graph_report *report, struct graph *graph, struct graph_error *error)
{
	struct check check = { .graph = graph, .error = error };
	int result = environment_result(mdb_txn_begin(graph->env, NULL, MDB_RDONLY, &check.txn));

	if (result != 0)
		return outcome_say(error, result < 0 ? result : -EIO, "no transaction can begin");
	arena_init(&check.arena, CHECK_ARENA_BYTES);
	outcome_say(error, 0, "the store can't be read");
	result = check_accounts(&check);
	if (result == 0)
		result = check_tables(&check);
	mdb_txn_abort(check.txn);
	arena_finish(&check.arena);
	if (result == 0)
		*report = check.report;
	return result;
}
