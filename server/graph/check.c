/* The whole store, read and held against itself: what is stored twice must agree, and
 * what is counted must be there. Slow on purpose, and simple: the first fault ends it,
 * with the record's name. */
#include <errno.h>
#include <inttypes.h>

#include "rules/namespaces.h"
#include "server/graph/outcome.h"
#include "server/graph/read.h"
#include "server/graph/scan.h"

/* What decoding one record may take. */
enum { CHECK_ARENA_BYTES = 256 * 1024 * 1024 };

/* One check on its way. */
struct check {
	const struct graph *graph;
	MDB_txn *txn;
	struct arena arena; /* one record's */
	struct graph_report report;
	uint64_t dismissed_count; /* contacts that have dismissals */
	struct graph_error *error;
};

/* The account being checked. */
struct checked_account {
	struct bytes name;
	struct account stored;
	struct account counted;
};

/* A fault in a row whose key tells no more than its account, if that. */
static int
damaged_row(struct check *check, enum table table, struct bytes key, const char *what)
{
	struct bytes account = BYTES("?");
	struct bytes rest;

	key_parse_account(&account, &rest, key);
	return outcome_damaged(check->error, account, table, "%s", what);
}

/* Whether a row is there that is nothing but its key. */
static int
expect_mark(struct check *check, enum table table, struct bytes account, uint64_t first, uint64_t second)
{
	struct key key;
	MDB_val sought;
	MDB_val found;
	int result;

	key_pair(&key, account, first, second);
	sought = val_of(key_bytes(&key));
	result = environment_result(mdb_get(check->txn, check->graph->tables[table], &sought, &found));
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

static int
check_contact(struct check *check, struct checked_account *account, uint64_t id, struct bytes message)
{
	struct contact contact;
	int result = contact_decode(&contact, &check->arena, message);

	if (result == MESSAGE_E_DAMAGED || (result == 0 && contact.id != id))
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
	return check_dismissals(check, account, &contact);
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

/* Ids are given one after the other, and nothing takes a record away. */
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
		enum contact_kind kind;
		struct bytes message;
		struct bytes name;
		uint64_t id;

		if (!key_parse_number(&name, &id, key)) {
			result = damaged_row(check, TABLE_CONTACT, key, "has a key that is none");
			break;
		}
		account->counted.last_contact_id++;
		if (id != account->counted.last_contact_id) {
			result = outcome_damaged(check->error, account->name, TABLE_CONTACT,
			    "record %" PRIu64 " is missing", account->counted.last_contact_id);
			break;
		}
		arena_reset(&check->arena);
		result =
		    read_contact(&kind, &message, check->txn, check->graph, account->name, id, check->error);
		if (result == 0)
			result = kind == KIND_CONTACT ? check_contact(check, account, id, message)
						      : check_forward(check, account, id, message);
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
	int result = journal_entry_decode(&entry, &check->arena, message);

	if (result == MESSAGE_E_DAMAGED || (result == 0 && entry.sequence != sequence))
		return outcome_damaged(check->error, account->name, TABLE_JOURNAL,
		    "record %" PRIu64 " is not that entry's message", sequence);
	if (result == 0 && entry.revision > account->stored.revision)
		return outcome_damaged(check->error, account->name, TABLE_JOURNAL,
		    "record %" PRIu64 " is of revision %" PRIu64 ", which is yet to come", sequence,
		    entry.revision);
	if (result == 0)
		result = journal_contact_ids(&ids, &id_count, &check->arena, &entry);
	for (size_t i = 0; result == 0 && i < id_count; i++)
		result = expect_mark(check, TABLE_CONTACT_JOURNAL, account->name, ids[i], sequence);
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
			result = damaged_row(check, TABLE_JOURNAL, key, "has a key that is none");
			break;
		}
		account->counted.journal_sequence++;
		if (sequence != account->counted.journal_sequence) {
			result = outcome_damaged(check->error, account->name, TABLE_JOURNAL,
			    "record %" PRIu64 " is missing", account->counted.journal_sequence);
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

	if (stored->last_contact_id != counted->last_contact_id)
		return miscounted(
		    check, account, "last_contact_id", stored->last_contact_id, counted->last_contact_id);
	if (stored->journal_sequence != counted->journal_sequence)
		return miscounted(
		    check, account, "journal_sequence", stored->journal_sequence, counted->journal_sequence);
	if (stored->engaged_count != counted->engaged_count)
		return miscounted(check, account, "engaged", stored->engaged_count, counted->engaged_count);
	if (stored->dismissed_count != counted->dismissed_count)
		return miscounted(
		    check, account, "dismissed", stored->dismissed_count, counted->dismissed_count);
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
			result = damaged_row(check, TABLE_ACCOUNT, key, "has a key that is none");
			break;
		}
		result = read_account(&account.stored, check->txn, check->graph, account.name, check->error);
		if (result == 0)
			result = check_contacts(check, &account);
		if (result == 0)
			result = check_journal(check, &account);
		if (result == 0)
			result = compare_counts(check, &account);
		if (result != 0)
			break;
		check->report.accounts++;
	}
	return scan_end(&scan, result);
}

/* Whether the contact holds the identifier that a key stands for. */
static bool
holds_key(const struct contact *contact, struct bytes account, struct bytes key)
{
	for (size_t i = 0; i < contact->identifier_count; i++) {
		struct key held;

		key_identifier(
		    &held, account, contact->identifiers[i].namespace_id, contact->identifiers[i].value);
		if (bytes_equal(key_bytes(&held), key))
			return true;
	}
	return false;
}

/* A row of TABLE_IDENTIFIER leads to a contact that holds it. */
static int
check_identifier(struct check *check, struct bytes key, struct bytes record)
{
	enum contact_kind kind = KIND_FORWARD;
	struct contact contact;
	struct bytes message;
	struct bytes account;
	struct bytes value;
	struct bytes rest;
	uint64_t id;
	int result;

	if (!key_parse_account(&account, &rest, key))
		return damaged_row(check, TABLE_IDENTIFIER, key, "has a key that is none");
	if (!record_open(&value, TABLE_IDENTIFIER, key, record) || !record_id(&id, value))
		return damaged_row(check, TABLE_IDENTIFIER, key, "has a damaged record");
	result = read_contact(&kind, &message, check->txn, check->graph, account, id, check->error);
	if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
		return outcome_damaged(check->error, account, TABLE_IDENTIFIER,
		    "record leads to %" PRIu64 ", which is no contact", id);
	if (result != 0)
		return result;
	arena_reset(&check->arena);
	result = contact_decode(&contact, &check->arena, message);
	if (result == MESSAGE_E_DAMAGED || (result == 0 && !holds_key(&contact, account, key)))
		return outcome_damaged(check->error, account, TABLE_IDENTIFIER,
		    "record leads to %" PRIu64 ", which does not hold that value", id);
	check->report.identifiers++;
	return result;
}

/* A row of TABLE_FORWARD has its forward. */
static int
check_forward_mark(struct check *check, struct bytes key, struct bytes record)
{
	struct forward forward;
	struct bytes account;
	uint64_t survivor_id;
	uint64_t absorbed_id;
	int result;

	(void)record;
	if (!key_parse_pair(&account, &survivor_id, &absorbed_id, key))
		return damaged_row(check, TABLE_FORWARD, key, "has a key that is none");
	result = read_forward(&forward, check->txn, check->graph, account, absorbed_id, check->error);
	if (result == 0 && forward.survivor_contact_id != survivor_id)
		return outcome_damaged(check->error, account, TABLE_FORWARD,
		    "row %" PRIu64 ", %" PRIu64 " is not what that forward says", survivor_id, absorbed_id);
	return result;
}

/* A row of TABLE_CONTACT_JOURNAL is of a contact and an entry that there are. */
static int
check_journal_mark(struct check *check, struct bytes key, struct bytes record)
{
	struct account numbers;
	struct bytes account;
	uint64_t contact_id;
	uint64_t sequence;
	int result;

	(void)record;
	if (!key_parse_pair(&account, &contact_id, &sequence, key))
		return damaged_row(check, TABLE_CONTACT_JOURNAL, key, "has a key that is none");
	result = read_account(&numbers, check->txn, check->graph, account, check->error);
	if (result == 0 &&
	    (contact_id == 0 || contact_id > numbers.last_contact_id || sequence == 0 ||
		sequence > numbers.journal_sequence))
		return outcome_damaged(check->error, account, TABLE_CONTACT_JOURNAL,
		    "row %" PRIu64 ", %" PRIu64 " is of no contact or no entry", contact_id, sequence);
	return result;
}

/* A row of TABLE_REQUEST expires when it says. */
static int
check_request(struct check *check, struct bytes key, struct bytes record)
{
	struct kept_request kept;
	struct bytes request_id;
	struct bytes account;
	struct bytes value;
	struct key expiry;
	struct key own;
	MDB_val found;
	MDB_val sought;
	int result;

	if (!key_parse_request(&account, &request_id, key))
		return damaged_row(check, TABLE_REQUEST, key, "has a key that is none");
	if (!record_open(&value, TABLE_REQUEST, key, record) || !record_request(&kept, value))
		return damaged_row(check, TABLE_REQUEST, key, "has a damaged record");
	key_request(&own, account, request_id);
	key_expiry(&expiry, kept.expires_at_us, &own);
	sought = val_of(key_bytes(&expiry));
	result = environment_result(
	    mdb_get(check->txn, check->graph->tables[TABLE_REQUEST_EXPIRY], &sought, &found));
	if (result == GRAPH_E_ABSENT)
		return damaged_row(check, TABLE_REQUEST, key, "has a record that never expires");
	check->report.requests++;
	return result;
}

static int
check_meta(struct check *check, struct bytes key, struct bytes record)
{
	struct bytes value;

	if (!record_open(&value, TABLE_META, key, record))
		return outcome_say(
		    check->error, GRAPH_E_DAMAGED, "meta: record %.*s is damaged", BYTES_PRINT(key));
	return 0;
}

/* Every row of a table, each by itself. */
static int
check_rows(struct check *check, enum table table,
    int (*check_row)(struct check *check, struct bytes key, struct bytes record))
{
	struct scan scan;
	struct bytes record;
	struct bytes key;
	int result = scan_begin(&scan, check->txn, check->graph, table, NULL);

	if (result != 0)
		return result;
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		result = check_row(check, key, record);
		if (result != 0)
			break;
	}
	return scan_end(&scan, result);
}

/* No row that the accounts did not lead to. */
static int
expect_rows(struct check *check, enum table table, uint64_t counted)
{
	MDB_stat stat;
	int result = environment_result(mdb_stat(check->txn, check->graph->tables[table], &stat));

	if (result == 0 && stat.ms_entries != counted)
		return outcome_say(check->error, GRAPH_E_DAMAGED,
		    "%s: of %zu records, %" PRIu64 " belong to an account", table_name(table),
		    stat.ms_entries, counted);
	return result;
}

/* Each answer that is kept has been seen to expire: there must be no other expiry. */
static int
expect_expiries(struct check *check)
{
	MDB_stat stat;
	int result =
	    environment_result(mdb_stat(check->txn, check->graph->tables[TABLE_REQUEST_EXPIRY], &stat));

	if (result == 0 && stat.ms_entries != check->report.requests)
		return outcome_say(check->error, GRAPH_E_DAMAGED,
		    "%s: of %zu rows, %" PRIu64 " are of an answer that is kept",
		    table_name(TABLE_REQUEST_EXPIRY), stat.ms_entries, check->report.requests);
	return result;
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
	result = check_rows(&check, TABLE_META, check_meta);
	if (result == 0)
		result = check_accounts(&check);
	if (result == 0)
		result = expect_rows(&check, TABLE_CONTACT, check.report.contacts + check.report.forwards);
	if (result == 0)
		result = expect_rows(&check, TABLE_JOURNAL, check.report.journal_entries);
	if (result == 0)
		result = expect_rows(&check, TABLE_DISMISSED, check.dismissed_count);
	if (result == 0)
		result = check_rows(&check, TABLE_IDENTIFIER, check_identifier);
	if (result == 0)
		result = check_rows(&check, TABLE_FORWARD, check_forward_mark);
	if (result == 0)
		result = check_rows(&check, TABLE_CONTACT_JOURNAL, check_journal_mark);
	if (result == 0)
		result = check_rows(&check, TABLE_REQUEST, check_request);
	if (result == 0)
		result = expect_expiries(&check);
	mdb_txn_abort(check.txn);
	arena_finish(&check.arena);
	if (result == 0)
		*report = check.report;
	return result;
}
