/* BatchResolve: as many look-ups as there are keys, in one snapshot. All are found first,
 * for only then is it known how much of the answer fits; then each record is copied once,
 * from the map into the one slice that goes out. Keys are read off the wire where they
 * lie: unpacking a thousand of them would cost more than looking them up.
 *
 * What always holds: one result for each key, in order; what is wrong with a key, or with
 * the record that it leads to, is its own result's error. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/access.h"
#include "server/rpc/lookup.h"
#include "server/rpc/method.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/rpc/scan.h"
#include "server/rpc/status.h"
#include "server/wire/wire.h"

/* Fields of BatchResolveRequest, ResolveKey, BatchResolveResponse and ResolveResult. */
enum {
	REQUEST_ACCOUNT = 1,
	REQUEST_KEYS = 2,
	KEY_IDENTIFIER = 1,
	KEY_CONTACT_ID = 2,
	RESPONSE_RESULTS = 1,
	RESULT_CONTACT = 1,
	RESULT_NOT_FOUND = 2,
	RESULT_ERROR = 3,
	RESULT_FORWARDED_IDS = 4,
};

/* A request, borrowed from its bytes. */
struct batch {
	struct bytes account;
	const struct bytes *keys; /* encoded ResolveKeys */
	size_t key_count;
	bool has_nul; /* somewhere: each key is to be looked at for it */
};

/* A result on its way: the contact, if it has one, and all other fields, encoded. */
struct result {
	struct bytes contact; /* borrowed from the snapshot */
	struct bytes rest;    /* borrowed from the arena, or static */
	bool has_contact;
};

/* The bytes that are between the messages of the answer and within them. */
struct frame {
	uint8_t bytes[2 * WIRE_PREFIX_BYTES];
	size_t size;
};

/* Reads the request, of which nothing is known but that it is well-formed. */
static int
read_batch(struct batch *batch, struct rejection *rejection, struct arena *arena, struct bytes raw)
{
	struct wire_reader reader;
	struct wire_field field;
	struct bytes *keys = arena_alloc(arena, LIMIT_BATCH_KEYS * sizeof(*keys));
	size_t count = 0;

	if (keys == NULL)
		return request_reject_memory(rejection, arena);
	batch->account = (struct bytes){ NULL, 0 };
	wire_reader_init(&reader, raw);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == REQUEST_ACCOUNT) {
			batch->account = field.bytes;
		} else if (field.number == REQUEST_KEYS) {
			if (count < LIMIT_BATCH_KEYS)
				keys[count] = field.bytes;
			count++;
		}
	}
	if (!account_is_valid(batch->account))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	if (count == 0)
		return request_reject(rejection, REASON_KEY_MISSING, "keys", "There is no key to look up.");
	if (count > LIMIT_BATCH_KEYS)
		return request_reject(
		    rejection, REASON_LIMIT_EXCEEDED, "keys", "A batch has up to 1,000 keys.");
	batch->keys = keys;
	batch->key_count = count;
	return 0;
}

/* 0; positive with *rejection. */
static int
parse(struct batch *batch, struct rejection *rejection, struct call *call)
{
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_scan(
		    &batch->has_nul, rejection, &anagraph__v1__batch_resolve_request__descriptor, raw);
	if (result == 0)
		result = read_batch(batch, rejection, &call->queue->scratch, raw);
	return result;
}

static struct lookup_key
read_key(struct bytes message)
{
	struct lookup_key key = { .by = LOOKUP_BY_NOTHING };
	struct wire_reader reader;
	struct wire_field field;

	wire_reader_init(&reader, message);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == KEY_IDENTIFIER)
			lookup_read_identifier(&key, field.bytes);
		else if (field.number == KEY_CONTACT_ID)
			lookup_read_contact_id(&key, field.varint);
	}
	return key;
}

/* Names the field as it stands in the whole request. */
static void
name_field(struct rejection *rejection, size_t index)
{
	char field[REJECTION_FIELD_BYTES + 32];

	snprintf(field, sizeof(field), "keys[%zu]%s%s", index, rejection->field[0] == '\0' ? "" : ".",
	    rejection->field);
	memcpy(rejection->field, field, REJECTION_FIELD_BYTES - 1);
}

/* 0; -ENOMEM. */
static int
put_rejection(struct result *out, struct arena *arena, struct rejection *rejection, size_t index)
{
	static const uint8_t not_found[] = { RESULT_NOT_FOUND << 3 | WIRE_VARINT, true };
	uint8_t buffer[STATUS_CALL_ERROR_BYTES];

	*out = (struct result){ .has_contact = false };
	if (rejection->reason == REASON_CONTACT_NOT_FOUND) {
		out->rest = bytes_of(not_found, sizeof(not_found));
		return 0;
	}
	name_field(rejection, index);
	return arena_copy(&out->rest, arena, status_encode_call_error(buffer, RESULT_ERROR, rejection));
}

/* Finds one result. 0; -errno. */
static int
find(struct result *out, struct queue *queue, const struct batch *batch, size_t index,
    const struct lookup_key *key)
{
	struct rejection rejection = { .reason = REASON_NONE };
	struct found found;
	int result = 0;

	if (batch->has_nul)
		result = request_scan(
		    NULL, &rejection, &anagraph__v1__resolve_key__descriptor, batch->keys[index]);
	if (result == 0)
		result = lookup(&found, &rejection, queue, batch->account, key);
	if (result > 0)
		return put_rejection(out, &queue->scratch, &rejection, index);
	if (result < 0)
		return result;
	out->has_contact = true;
	out->contact = found.contact;
	return lookup_encode_ids(&out->rest, &queue->scratch, RESULT_FORWARDED_IDS, &found);
}

/* Finds the results of some keys, up to GRAPH_SOUGHT_COUNT, the first of which has that index:
 * what they need is fetched from memory for all of them together. 0; -errno. */
static int
find_some(struct result *out, struct queue *queue, const struct batch *batch, size_t first, size_t count)
{
	const struct account_settings *settings = settings_of(queue->rpc->options.settings, batch->account);
	struct lookup_key keys[GRAPH_SOUGHT_COUNT];
	struct graph_sought sought[GRAPH_SOUGHT_COUNT];
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		keys[i] = read_key(batch->keys[first + i]);
		lookup_try(&keys[i], settings);
		sought[i] = (struct graph_sought){
			.account = batch->account,
			.identifier = keys[i].tried.namespace_id != NAMESPACE_NONE ? &keys[i].tried : NULL,
			.contact_id = keys[i].contact_id,
		};
	}
	graph_expect(queue->reader, sought, count);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = find(&out[i], queue, batch, first + i, &keys[i]);
	return result;
}

/* What stands before the contact of a result, or before its other fields. */
static struct frame
frame_of(const struct result *result)
{
	uint8_t inner[WIRE_PREFIX_BYTES];
	size_t inner_size =
	    result->has_contact ? wire_prefix(inner, RESULT_CONTACT, result->contact.size) : 0;
	struct frame frame;

	frame.size =
	    wire_prefix(frame.bytes, RESPONSE_RESULTS, inner_size + result->contact.size + result->rest.size);
	memcpy(frame.bytes + frame.size, inner, inner_size);
	frame.size += inner_size;
	return frame;
}

static size_t
size_of(const struct result *result)
{
	return frame_of(result).size + result->contact.size + result->rest.size;
}

/* What a result is instead of a contact for which there is no room. 0; -ENOMEM. */
static int
make_too_large(struct result *out, struct arena *arena, size_t index)
{
	struct rejection rejection = {
		.reason = REASON_LIMIT_EXCEEDED,
		.message = "The contact would make the answer larger than 4 MiB.",
	};

	return put_rejection(out, arena, &rejection, index);
}

/* Lets as many contacts stand as there is room for, in order: each as long as the answer
 * with it, and with an error in place of each contact that follows, is not too large. */
static int
fit(size_t *size_bytes, struct result *results, size_t count, struct arena *arena)
{
	struct result *errors;
	size_t total = 0;
	size_t least = 0;

	for (size_t i = 0; i < count; i++)
		total += size_of(&results[i]);
	*size_bytes = total;
	if (total <= LIMIT_ANSWER_BYTES)
		return 0;
	errors = arena_calloc(arena, count, sizeof(*errors));
	if (errors == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		errors[i] = results[i];
		if (results[i].has_contact && make_too_large(&errors[i], arena, i) != 0)
			return -ENOMEM;
		least += size_of(&errors[i]);
	}
	for (size_t i = 0; i < count; i++) {
		size_t with = least - size_of(&errors[i]) + size_of(&results[i]);

		if (with <= LIMIT_ANSWER_BYTES)
			least = with;
		else
			results[i] = errors[i];
	}
	*size_bytes = least;
	return 0;
}

static void
append(uint8_t **at, struct bytes bytes)
{
	if (bytes.size > 0)
		memcpy(*at, bytes.data, bytes.size);
	*at += bytes.size;
}

static grpc_slice
encode(const struct result *results, size_t count, size_t size_bytes)
{
	grpc_slice slice = grpc_slice_malloc(size_bytes);
	uint8_t *at = GRPC_SLICE_START_PTR(slice);

	for (size_t i = 0; i < count; i++) {
		struct frame frame = frame_of(&results[i]);

		append(&at, bytes_of(frame.bytes, frame.size));
		append(&at, results[i].contact);
		append(&at, results[i].rest);
	}
	return slice;
}

static int
batch_resolve(grpc_slice *out, struct rejection *rejection, struct call *call, const void *request)
{
	const struct batch *batch = request;
	struct queue *queue = call->queue;
	struct result *results = arena_calloc(&queue->scratch, batch->key_count, sizeof(*results));
	size_t size_bytes;
	int result = 0;

	(void)rejection;
	if (results == NULL)
		return -ENOMEM;
	for (size_t i = 0; result == 0 && i < batch->key_count; i += GRAPH_SOUGHT_COUNT) {
		size_t left = batch->key_count - i;

		result = find_some(
		    &results[i], queue, batch, i, left < GRAPH_SOUGHT_COUNT ? left : GRAPH_SOUGHT_COUNT);
	}
	if (result == 0)
		result = fit(&size_bytes, results, batch->key_count, &queue->scratch);
	if (result == 0)
		*out = encode(results, batch->key_count, size_bytes);
	return result;
}

void
batch_resolve_handle(struct call *call)
{
	struct rejection rejection;
	struct batch batch;

	if (parse(&batch, &rejection, call) == 0 &&
	    access_check_account(&rejection, call, batch.account) == 0)
		read_answer(call, batch_resolve, &batch);
	else
		call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}
