/* What always holds: the rows are those of all contacts as they are stored, no more and no
 * fewer. Most events change none of them, which is seen before any key is made. */
#include "server/graph/index.h"

#include "server/graph/write.h"

size_t
index_place_count(const struct contact *contact)
{
	return (size_t)REACH_COUNT + contact->list_count;
}

bool
index_key(struct key *key, struct bytes account, const struct contact *contact, size_t place)
{
	struct key rows;

	if (place >= REACH_COUNT)
		key_list_rows(&rows, account, contact->lists[place - REACH_COUNT]);
	else if (place == REACH_NONE || contact->reach[place])
		key_class_rows(&rows, account, contact->contact_class, (enum reach)place);
	else
		return false;
	key_row(key, &rows, contact->id);
	return true;
}

static bool
has_same_rows(const struct contact *before, const struct contact *after)
{
	if (before->contact_class != after->contact_class || before->list_count != after->list_count ||
	    memcmp(before->reach, after->reach, sizeof(before->reach)) != 0)
		return false;
	for (size_t i = 0; i < before->list_count; i++) {
		if (!bytes_equal(before->lists[i], after->lists[i]))
			return false;
	}
	return true;
}

static bool
has_row(const struct contact *contact, struct bytes account, const struct key *key)
{
	for (size_t i = 0; contact != NULL && i < index_place_count(contact); i++) {
		struct key other;

		if (index_key(&other, account, contact, i) && bytes_equal(key_bytes(&other), key_bytes(key)))
			return true;
	}
	return false;
}

/* Changes the rows that one has and the other has not. */
static int
change_rows(struct graph *graph, struct bytes account, const struct contact *one, const struct contact *other,
    int (*change)(struct graph *graph, enum table table, const struct key *key))
{
	for (size_t i = 0; one != NULL && i < index_place_count(one); i++) {
		struct key key;
		int result;

		if (!index_key(&key, account, one, i) || has_row(other, account, &key))
			continue;
		result = change(graph, TABLE_INDEX, &key);
		if (result != 0)
			return result;
	}
	return 0;
}

int
index_update(
    struct graph *graph, struct bytes account, const struct contact *before, const struct contact *after)
{
	int result;

	if (before != NULL && after != NULL && has_same_rows(before, after))
		return 0;
	result = change_rows(graph, account, before, after, table_delete);
	return result == 0 ? change_rows(graph, account, after, before, table_put_mark) : result;
}
