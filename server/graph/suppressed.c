/* What always holds: an account counts its rows, and where it has none no event looks for
 * any. */
#include "server/graph/suppressed.h"

#include <errno.h>

#include "rules/namespaces.h"
#include "server/graph/write.h"

static void
make_key(
    struct key *key, const struct graph *graph, struct bytes account, const struct identifier *identifier)
{
	const struct bytes parts[] = { BYTES("suppressed"), account, namespace_name(identifier->namespace_id),
		identifier->value };
	uint8_t digest[DIGEST_BYTES];

	digest_parts(digest, &graph->key, parts, sizeof(parts) / sizeof(parts[0]));
	key_suppressed(key, account, identifier->namespace_id, digest);
}

int
suppressed_load(bool *suppressed, const struct load *load)
{
	const struct event *event = load->event;

	if (load->known.account.suppressed_count == 0)
		return 0;
	for (size_t i = 0; i < event->identifier_count; i++) {
		struct key key;
		MDB_val sought;
		MDB_val found;
		int result;

		make_key(&key, load->graph, event->account, &event->identifiers[i]);
		sought = val_of(key_bytes(&key));
		result = environment_result(
		    mdb_get(load->txn, load->graph->tables[TABLE_SUPPRESSED], &sought, &found));
		if (result != 0 && result != GRAPH_E_ABSENT)
			return result > 0 ? -EBADMSG : result;
		suppressed[i] = result == 0;
	}
	return 0;
}

int
suppressed_put(struct graph *graph, struct bytes account, const struct contact *contact)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < contact->identifier_count; i++) {
		struct key key;

		if (!namespace_is_personal(contact->identifiers[i].namespace_id))
			continue;
		make_key(&key, graph, account, &contact->identifiers[i]);
		result = table_put_mark(graph, TABLE_SUPPRESSED, &key);
	}
	return result;
}
