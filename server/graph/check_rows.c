/* The rows of the tables that lead from one record to another, each held against what it
 * leads to; and how many there are, for a row too many leads nowhere. */
#include <errno.h>
#include <inttypes.h>

#include "rules/companions.h"
#include "rules/namespaces.h"
#include "server/graph/check.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"

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

/* Companions are of those who have any, each of another namespace, sorted. */
static bool
are_companions(struct bytes companions, enum namespace_id namespace_id)
{
	struct companion last = { NAMESPACE_NONE, 0 };

	if (companions.size > 0 && !companions_are_kept(namespace_id))
		return false;
	for (size_t at = 0; at < companions.size; at += RECORD_COMPANION_BYTES) {
		struct companion companion;

		record_take_companion(&companion, companions.data + at);
		if (!namespace_is_personal(companion.namespace_id) ||
		    companion.namespace_id == namespace_id || companion.namespace_id < last.namespace_id ||
		    (companion.namespace_id == last.namespace_id && companion.digest <= last.digest))
			return false;
		last = companion;
	}
	return true;
}

/* A row of TABLE_IDENTIFIER leads to a contact that holds it, or to nobody. */
static int
check_identifier(struct check *check, struct bytes key, struct bytes record)
{
	enum contact_kind kind = KIND_FORWARD;
	struct contact contact;
	struct bytes message;
	struct bytes companions;
	struct bytes account;
	struct bytes value;
	struct bytes rest;
	uint64_t id;
	int result;

	if (!key_parse_account(&account, &rest, key) || rest.size == 0)
		return check_damaged_row(check, TABLE_IDENTIFIER, key, "has a key that is none");
	if (!record_open(&value, TABLE_IDENTIFIER, key, record) ||
	    !record_identifier(&id, &companions, value))
		return check_damaged_row(check, TABLE_IDENTIFIER, key, "has a damaged record");
	if (!are_companions(companions, (enum namespace_id)rest.data[0]))
		return check_damaged_row(
		    check, TABLE_IDENTIFIER, key, "has a record whose companions are none");
	if (id == 0)
		return 0;
	result = read_contact(&kind, &message, check->txn, check->graph, account, id, check->error);
	if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
		return outcome_damaged(check->error, account, TABLE_IDENTIFIER,
		    "record leads to %" PRIu64 ", which is no contact", id);
	if (result != 0)
		return result;
	arena_reset(&check->arena);
	result = unpack(&message, &check->arena, message);
	if (result == 0)
		result = contact_decode(&contact, &check->arena, message);
	if (result > 0 || (result == 0 && !holds_key(&contact, account, key)))
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
		return check_damaged_row(check, TABLE_FORWARD, key, "has a key that is none");
	result = read_forward(&forward, check->txn, check->graph, account, absorbed_id, check->error);
	if (result == 0 && forward.survivor_contact_id != survivor_id)
		return outcome_damaged(check->error, account, TABLE_FORWARD,
		    "row %" PRIu64 ", %" PRIu64 " is not what that forward says", survivor_id, absorbed_id);
	return result;
}

/* Under an id that is no contact's any more, nothing is listed but that it was erased. */
static int
check_erased_mark(struct check *check, struct bytes account, uint64_t contact_id, uint64_t sequence)
{
	struct journal_entry entry;
	struct bytes message;
	struct key key;
	int result;

	key_number(&key, account, sequence);
	result = table_get(&message, check->txn, check->graph, TABLE_JOURNAL, &key);
	if (result != 0)
		return result;
	arena_reset(&check->arena);
	result = unpack(&message, &check->arena, message);
	if (result == 0)
		result = journal_entry_decode(&entry, &check->arena, message);
	if (result > 0 || (result == 0 && (entry.action != ACTION_ERASE || entry.contact_id != contact_id)))
		return outcome_damaged(check->error, account, TABLE_CONTACT,
		    "row %" PRIu64 ", %" PRIu64 " is of no contact", contact_id, sequence);
	return result;
}

int
check_journal_mark(struct check *check, struct bytes account, uint64_t contact_id, uint64_t sequence)
{
	struct key contact;
	struct key entry;
	int result;

	key_number(&contact, account, contact_id);
	key_number(&entry, account, sequence);
	result = check_find(check, TABLE_JOURNAL, &entry);
	if (result == GRAPH_E_ABSENT)
		return outcome_damaged(check->error, account, TABLE_CONTACT,
		    "row %" PRIu64 ", %" PRIu64 " is of no entry", contact_id, sequence);
	if (result == 0)
		result = check_find(check, TABLE_CONTACT, &contact);
	if (result == GRAPH_E_ABSENT)
		result = check_erased_mark(check, account, contact_id, sequence);
	if (result == 0)
		check->journal_mark_count++;
	return result;
}

/* Each contact that an answer tells of leads to it. */
static int
check_request_contacts(
    struct check *check, struct bytes account, struct bytes request_id, const struct kept_request *kept)
{
	for (size_t i = 0; i < kept->contact_count; i++) {
		struct key row;
		uint64_t id = 0;
		int result = GRAPH_E_ABSENT;

		if (record_id(&id, bytes_of(kept->contact_ids + i * RECORD_ID_BYTES, RECORD_ID_BYTES))) {
			key_request_contact(&row, account, id, request_id);
			result = check_find(check, TABLE_REQUEST_CONTACT, &row);
		}
		if (result == GRAPH_E_ABSENT)
			return outcome_damaged(check->error, account, TABLE_REQUEST,
			    "has a record that %" PRIu64 " does not lead to", id);
		if (result != 0)
			return result;
		check->request_contact_count++;
	}
	return 0;
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
		return check_damaged_row(check, TABLE_REQUEST, key, "has a key that is none");
	if (!record_open(&value, TABLE_REQUEST, key, record) || !record_request(&kept, value))
		return check_damaged_row(check, TABLE_REQUEST, key, "has a damaged record");
	key_request(&own, account, request_id);
	key_expiry(&expiry, kept.expires_at_us, &own);
	sought = val_of(key_bytes(&expiry));
	result = environment_result(
	    mdb_get(check->txn, check->graph->tables[TABLE_REQUEST_EXPIRY], &sought, &found));
	if (result == GRAPH_E_ABSENT)
		return check_damaged_row(check, TABLE_REQUEST, key, "has a record that never expires");
	check->report.requests++;
	return result == 0 ? check_request_contacts(check, account, request_id, &kept) : result;
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

/* No row but those that were come to from elsewhere; whose says what those are of. */
static int
expect_rows(struct check *check, enum table table, uint64_t counted, const char *whose)
{
	MDB_stat stat;
	int result = environment_result(mdb_stat(check->txn, check->graph->tables[table], &stat));

	if (result == 0 && stat.ms_entries != counted)
		return outcome_say(check->error, GRAPH_E_DAMAGED, "%s: of %zu rows, %" PRIu64 " are of %s",
		    table_name(table), stat.ms_entries, counted, whose);
	return result;
}

int
check_tables(struct check *check)
{
	static const struct {
		enum table table;
		int (*check_row)(struct check *check, struct bytes key, struct bytes record);
	} singly[] = {
		{ TABLE_META, check_meta },
		{ TABLE_IDENTIFIER, check_identifier },
		{ TABLE_FORWARD, check_forward_mark },
		{ TABLE_REQUEST, check_request },
	};
	const struct {
		enum table table;
		const uint64_t *counted;
		const char *whose;
	} counted[] = {
		{ TABLE_JOURNAL, &check->report.journal_entries, "an account" },
		{ TABLE_INDEX, &check->index_count, "a contact" },
		{ TABLE_DISMISSED, &check->dismissed_count, "a contact" },
		{ TABLE_OFFERED, &check->offered_count, "an open secondary" },
		{ TABLE_OFFERED_OWNER, &check->offered_owner_count, "an open secondary" },
		{ TABLE_SUPPRESSED, &check->suppressed_count, "an account" },
		{ TABLE_REQUEST_EXPIRY, &check->report.requests, "an answer that is kept" },
		{ TABLE_REQUEST_CONTACT, &check->request_contact_count, "an answer that is kept" },
	};
	uint64_t contact_rows = check->report.contacts + check->report.forwards + check->journal_mark_count;
	int result = expect_rows(check, TABLE_CONTACT, contact_rows, "an account");

	for (size_t i = 0; result == 0 && i < sizeof(singly) / sizeof(singly[0]); i++)
		result = check_rows(check, singly[i].table, singly[i].check_row);
	for (size_t i = 0; result == 0 && i < sizeof(counted) / sizeof(counted[0]); i++)
		result = expect_rows(check, counted[i].table, *counted[i].counted, counted[i].whose);
	return result;
}
