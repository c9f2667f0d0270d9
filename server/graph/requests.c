/* Answers kept under the ids that callers gave their requests, so that a caller who never
 * saw an answer can ask again (R26).
 *
 * What always holds: each row of TABLE_REQUEST has one row in TABLE_REQUEST_EXPIRY, which
 * lists them by when they expire, and one in TABLE_REQUEST_CONTACT for each contact that
 * the answer tells of, and the other way round. An answer that told of a contact erased
 * since is gone (R30): a keyed digest is left of its request, which tells it from others
 * and gives nothing of it away. */
#include "server/graph/requests.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "server/graph/environment.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"

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

/* What is left of a request's digest once its answer is gone. */
static void
digest_of_erased(uint8_t digest[GRAPH_DIGEST_BYTES], const struct graph *graph, const uint8_t *plain)
{
	const struct bytes parts[] = { BYTES("request"), { plain, GRAPH_DIGEST_BYTES } };

	_Static_assert((int)DIGEST_BYTES == (int)GRAPH_DIGEST_BYTES, "one takes the place of the other");
	digest_parts(digest, &graph->key, parts, 2);
}

int
graph_find_request(struct bytes *response, struct graph *graph, const struct graph_request *request,
    int64_t now_us, struct graph_error *error)
{
	uint8_t digest[GRAPH_DIGEST_BYTES];
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
	memcpy(digest, request->digest, sizeof(digest));
	if (kept.state == KEPT_ERASED)
		digest_of_erased(digest, graph, request->digest);
	if (memcmp(kept.digest, digest, sizeof(digest)) != 0)
		return GRAPH_E_REUSED;
	if (kept.state == KEPT_ERASED)
		return GRAPH_E_ERASED;
	*response = kept.response;
	return 0;
}

/* The contacts that an answer tells of, out of the record: it is written to next. To be
 * freed. 0; -EBADMSG; -ENOMEM. */
static int
copy_contact_ids(uint64_t **out, const struct kept_request *kept)
{
	uint64_t *ids = malloc((kept->contact_count + 1) * sizeof(*ids));

	if (ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < kept->contact_count; i++) {
		struct bytes id = bytes_of(kept->contact_ids + i * RECORD_ID_BYTES, RECORD_ID_BYTES);

		if (!record_id(&ids[i], id)) {
			free(ids);
			return -EBADMSG;
		}
	}
	*out = ids;
	return 0;
}

/* Takes away what is listed of an answer that is to go, or to be replaced. 0, also when
 * there is none. */
static int
forget_rows(struct graph *graph, const struct graph_request *request, const struct key *key)
{
	struct kept_request kept;
	struct key expiry;
	uint64_t *ids;
	int result = read_request(&kept, graph, key);

	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result == 0)
		result = copy_contact_ids(&ids, &kept);
	if (result != 0)
		return result > 0 ? -EBADMSG : result;
	key_expiry(&expiry, kept.expires_at_us, key);
	result = table_delete(graph, TABLE_REQUEST_EXPIRY, &expiry);
	for (size_t i = 0; result == 0 && i < kept.contact_count; i++) {
		struct key row;

		key_request_contact(&row, request->account, ids[i], request->request_id);
		result = table_delete(graph, TABLE_REQUEST_CONTACT, &row);
	}
	free(ids);
	return result;
}

/* Puts a record whose contacts and response are given apart from the rest. */
static int
put_record(struct graph *graph, const struct key *key, const struct kept_request *kept,
    const uint64_t *contact_ids, struct bytes response)
{
	size_t head_bytes = RECORD_REQUEST_HEAD_BYTES + kept->contact_count * RECORD_ID_BYTES;
	uint8_t *head = malloc(head_bytes);
	int result;

	if (head == NULL)
		return -ENOMEM;
	record_put_request_head(head, kept);
	for (size_t i = 0; i < kept->contact_count; i++)
		record_put_id(head + RECORD_REQUEST_HEAD_BYTES + i * RECORD_ID_BYTES, contact_ids[i]);
	result = table_put_parts(graph, TABLE_REQUEST, key, bytes_of(head, head_bytes), response);
	free(head);
	return result;
}

int
graph_keep_request(struct graph *graph, const struct graph_request *request, const uint64_t *contact_ids,
    size_t contact_count, struct bytes response, int64_t expires_at_us)
{
	const struct kept_request kept = {
		.expires_at_us = expires_at_us,
		.state = KEPT_ANSWER,
		.digest = request->digest,
		.contact_count = contact_count,
	};
	struct key expiry;
	struct key key;
	int result;

	key_request(&key, request->account, request->request_id);
	result = forget_rows(graph, request, &key);
	if (result == 0)
		result = put_record(graph, &key, &kept, contact_ids, response);
	for (size_t i = 0; result == 0 && i < contact_count; i++) {
		struct key row;

		key_request_contact(&row, request->account, contact_ids[i], request->request_id);
		result = table_put_mark(graph, TABLE_REQUEST_CONTACT, &row);
	}
	if (result != 0)
		return result;
	key_expiry(&expiry, expires_at_us, &key);
	return table_put_mark(graph, TABLE_REQUEST_EXPIRY, &expiry);
}

/* The answer that expires first. 0; GRAPH_E_ABSENT; -errno. A row that is none is as good
 * as no more of them: it ends a sweep rather than every write, and graph_check tells of it. */
static int
find_first(int64_t *expires_at_us, struct key *request, MDB_txn *txn, const struct graph *graph)
{
	struct bytes record;
	struct bytes found;
	struct scan scan;
	int result = scan_begin(&scan, txn, graph, TABLE_REQUEST_EXPIRY, NULL);

	if (result != 0)
		return result;
	result = scan_next(&found, &record, &scan);
	if (result == 0 && !key_parse_expiry(expires_at_us, request, found))
		result = GRAPH_E_ABSENT;
	scan_end(&scan, result);
	return result;
}

int
graph_next_expiry(int64_t *expires_at_us, struct graph_reader *reader)
{
	struct key request;

	return find_first(expires_at_us, &request, reader->txn, reader->graph);
}

/* The same when it has expired by now; GRAPH_E_ABSENT otherwise. */
static int
find_expired(struct key *expiry, struct key *request, struct graph *graph, int64_t now_us)
{
	int64_t expires_at_us = 0;
	int result = find_first(&expires_at_us, request, graph->txn, graph);

	if (result == 0 && expires_at_us > now_us)
		result = GRAPH_E_ABSENT;
	if (result == 0)
		key_expiry(expiry, expires_at_us, request);
	return result;
}

/* Takes one answer away with all that is listed of it. */
static int
expire(struct graph *graph, const struct key *key, const struct key *expiry)
{
	struct graph_request request;
	int result;

	if (!key_parse_request(&request.account, &request.request_id, key_bytes(key)))
		return -EBADMSG;
	/* A damaged record must not keep anything from being written ever after. */
	result = forget_rows(graph, &request, key);
	if (result == 0 || result == -EBADMSG)
		result = table_delete(graph, TABLE_REQUEST, key);
	/* There once more, should it be listed under a time that the record does not say. */
	return result == 0 ? table_delete(graph, TABLE_REQUEST_EXPIRY, expiry) : result;
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
			result = expire(graph, &request, &expiry);
	}
	return result == GRAPH_E_ABSENT ? 0 : result;
}

/* The requests whose answers tell of a contact, from the arena. 0; GRAPH_E_DAMAGED;
 * -ENOMEM; -errno. */
static int
list_requests(struct graph_request **out, size_t *out_count, struct graph *graph, struct arena *arena,
    struct bytes account, uint64_t contact_id, struct graph_error *error)
{
	struct graph_request *requests = NULL;
	size_t capacity = 0;
	size_t count = 0;
	struct bytes record;
	struct bytes found;
	struct key prefix;
	struct scan scan;
	int result;

	key_number(&prefix, account, contact_id);
	result = scan_begin(&scan, graph->txn, graph, TABLE_REQUEST_CONTACT, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		struct graph_request request = { .account = account };
		struct bytes name;
		uint64_t id;

		requests = arena_grow(arena, requests, count, &capacity, sizeof(*requests));
		if (!key_parse_request_contact(&name, &id, &request.request_id, found))
			result = outcome_damaged(error, account, TABLE_REQUEST_CONTACT,
			    "has a key that is none under %" PRIu64, contact_id);
		else if (requests == NULL)
			result = -ENOMEM;
		else
			result = arena_copy(&request.request_id, arena, request.request_id);
		if (result != 0)
			break;
		requests[count++] = request;
	}
	result = scan_end(&scan, result);
	if (result != 0)
		return result;
	*out = requests;
	*out_count = count;
	return 0;
}

/* Leaves of an answer that it was given, and until when that is to be known. */
static int
erase_request(struct graph *graph, struct arena *scratch, const struct graph_request *request,
    const struct contact *named, struct graph_error *error)
{
	uint8_t digest[GRAPH_DIGEST_BYTES];
	struct kept_request kept;
	struct key expiry;
	struct key key;
	bool goes = true;
	int result;

	key_request(&key, request->account, request->request_id);
	result = read_request(&kept, graph, &key);
	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(error, request->account, TABLE_REQUEST, "record is damaged");
	if (result != 0)
		return result == GRAPH_E_ABSENT ? 0 : result;
	if (kept.state == KEPT_ERASED)
		return 0;
	if (named != NULL) {
		arena_reset(scratch);
		result = response_names(&goes, scratch, kept.response, named);
	}
	if (result == MESSAGE_E_DAMAGED)
		return outcome_damaged(error, request->account, TABLE_REQUEST, "has no answer in it");
	if (result != 0 || !goes)
		return result;
	digest_of_erased(digest, graph, kept.digest);
	kept = (struct kept_request){
		.expires_at_us = kept.expires_at_us, .state = KEPT_ERASED, .digest = digest
	};
	result = forget_rows(graph, request, &key);
	if (result == 0)
		result = put_record(graph, &key, &kept, NULL, bytes_of(NULL, 0));
	if (result != 0)
		return result;
	key_expiry(&expiry, kept.expires_at_us, &key);
	return table_put_mark(graph, TABLE_REQUEST_EXPIRY, &expiry);
}

int
requests_erase(struct graph *graph, struct arena *arena, struct arena *scratch, struct bytes account,
    uint64_t contact_id, const struct contact *named, struct graph_error *error)
{
	struct graph_request *requests;
	size_t count;
	int result = list_requests(&requests, &count, graph, arena, account, contact_id, error);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = erase_request(graph, scratch, &requests[i], named, error);
	return result;
}
