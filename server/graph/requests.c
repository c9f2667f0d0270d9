/* Answers kept under the ids that callers gave their requests, so that a caller who never
 * saw an answer can ask again (R26).
 *
 * What always holds: each row of TABLE_REQUEST has one row in TABLE_REQUEST_EXPIRY, which
 * lists them by when they expire, and the other way round. */
#include <errno.h>

#include "server/graph/environment.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"

/* The record under a request's key. 0; GRAPH_E_ABSENT; GRAPH_E_DAMAGED; -errno. */
static int
read_request(struct kept_request *kept, struct graph *graph, const struct key *key)
{
	struct bytes value;
	int result = table_get(&value, graph->txn, graph, TABLE_REQUEST, key);

	if (result == 0 && !record_request(kept, value))
		result = GRAPH_E_DAMAGED;
	return result;
}

int
graph_find_request(struct bytes *response, struct graph *graph, const struct graph_request *request,
    int64_t now_us, struct graph_error *error)
{
	struct kept_request kept;
	struct key key;
	int result;

	key_request(&key, request->account, request->request_id);
	result = read_request(&kept, graph, &key);
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(error, request->account, TABLE_REQUEST, "record is damaged");
	if (result != 0)
		return result;
	if (kept.expires_at_us <= now_us)
		return GRAPH_E_ABSENT;
	if (memcmp(kept.digest, request->digest, GRAPH_DIGEST_BYTES) != 0)
		return GRAPH_E_REUSED;
	*response = kept.response;
	return 0;
}

/* Takes the expiry of an answer away that another one takes the place of. */
static int
forget_expiry(struct graph *graph, const struct key *key)
{
	struct kept_request kept;
	struct key expiry;
	int result = read_request(&kept, graph, key);

	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result != 0)
		return result > 0 ? -EBADMSG : result;
	key_expiry(&expiry, kept.expires_at_us, key);
	return table_delete(graph, TABLE_REQUEST_EXPIRY, &expiry);
}

int
graph_keep_request(
    struct graph *graph, const struct graph_request *request, struct bytes response, int64_t expires_at_us)
{
	const struct kept_request kept = { expires_at_us, request->digest, response };
	uint8_t head[RECORD_REQUEST_HEAD_BYTES];
	struct key expiry;
	struct key key;
	int result;

	key_request(&key, request->account, request->request_id);
	result = forget_expiry(graph, &key);
	if (result != 0)
		return result;
	record_put_request_head(head, &kept);
	result = table_put_parts(graph, TABLE_REQUEST, &key, bytes_of(head, sizeof(head)), response);
	if (result != 0)
		return result;
	key_expiry(&expiry, expires_at_us, &key);
	return table_put_mark(graph, TABLE_REQUEST_EXPIRY, &expiry);
}

/* The answer that expires first. 0; GRAPH_E_ABSENT when none has by now; -errno. A row that
 * is none ends the sweep rather than every write; graph_check tells of it. */
static int
find_expired(struct key *expiry, struct key *request, struct graph *graph, int64_t now_us)
{
	int64_t expires_at_us;
	struct bytes record;
	struct bytes found;
	struct scan scan;
	int result = scan_begin(&scan, graph->txn, graph, TABLE_REQUEST_EXPIRY, NULL);

	if (result != 0)
		return result;
	result = scan_next(&found, &record, &scan);
	if (result == 0 && (!key_parse_expiry(&expires_at_us, request, found) || expires_at_us > now_us))
		result = GRAPH_E_ABSENT;
	else if (result == 0)
		key_expiry(expiry, expires_at_us, request);
	scan_end(&scan, result);
	return result;
}

int
graph_expire_requests(struct graph *graph, int64_t now_us, size_t most)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < most; i++) {
		struct key request;
		struct key expiry;

		result = find_expired(&expiry, &request, graph, now_us);
		if (result == 0)
			result = table_delete(graph, TABLE_REQUEST, &request);
		if (result == 0)
			result = table_delete(graph, TABLE_REQUEST_EXPIRY, &expiry);
	}
	return result == GRAPH_E_ABSENT ? 0 : result;
}
