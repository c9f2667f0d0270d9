/* What always holds: the rows are those of the open secondaries of all contacts, no more
 * and no fewer. They are kept by what a contact was and is, so that no path through the
 * rules needs to know of them. A contact has few secondaries: each is held against each. */
#include "server/graph/offered.h"

#include "server/graph/write.h"

bool
offered_key(struct key *key, struct bytes account, uint64_t contact_id, const struct secondary *secondary)
{
	if (secondary->identifier.namespace_id == NAMESPACE_NONE)
		return false;
	key_offered(
	    key, account, secondary->identifier.namespace_id, secondary->identifier.value, contact_id);
	return true;
}

bool
offered_owner_key(
    struct key *key, struct bytes account, uint64_t contact_id, const struct secondary *secondary)
{
	if (secondary->owner_contact_id == 0)
		return false;
	key_pair(key, account, secondary->owner_contact_id, contact_id);
	return true;
}

/* A kind of row: its table, and what gives a secondary's key. */
struct row_kind {
	enum table table;
	bool (*key)(
	    struct key *key, struct bytes account, uint64_t contact_id, const struct secondary *secondary);
};

/* Whether one of the contact's secondaries has that row. */
static bool
has_row(
    const struct contact *contact, struct bytes account, const struct row_kind *kind, const struct key *key)
{
	for (size_t i = 0; contact != NULL && i < contact->secondary_count; i++) {
		struct key other;

		if (kind->key(&other, account, contact->id, &contact->secondaries[i]) &&
		    bytes_equal(key_bytes(&other), key_bytes(key)))
			return true;
	}
	return false;
}

/* Changes the rows that the secondaries of one have and those of the other have not. */
static int
change_rows(struct graph *graph, struct bytes account, const struct row_kind *kind, const struct contact *one,
    const struct contact *other, int (*change)(struct graph *graph, enum table table, const struct key *key))
{
	for (size_t i = 0; one != NULL && i < one->secondary_count; i++) {
		struct key key;
		int result;

		if (!kind->key(&key, account, one->id, &one->secondaries[i]) ||
		    has_row(other, account, kind, &key))
			continue;
		result = change(graph, kind->table, &key);
		if (result != 0)
			return result;
	}
	return 0;
}

int
offered_update(
    struct graph *graph, struct bytes account, const struct contact *before, const struct contact *after)
{
	static const struct row_kind kinds[] = {
		{ TABLE_OFFERED, offered_key },
		{ TABLE_OFFERED_OWNER, offered_owner_key },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int result = change_rows(graph, account, &kinds[i], before, after, table_delete);

		if (result == 0)
			result = change_rows(graph, account, &kinds[i], after, before, table_put_mark);
		if (result != 0)
			return result;
	}
	return 0;
}
