/* Reads: on the thread that asks, from the snapshot that it holds. */
#include "server/engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "server/engine/committer.h"

int64_t
engine_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Says why a look-up has no contact to show. */
static int
refuse(struct rejection *rejection, int result)
{
	switch (result) {
	case GRAPH_E_ABSENT:
		*rejection = (struct rejection){
			.reason = REASON_CONTACT_NOT_FOUND,
			.message = "No contact has this key.",
		};
		break;
	case GRAPH_E_DAMAGED:
		*rejection = (struct rejection){
			.reason = REASON_RECORD_DAMAGED,
			.message = "A record that this answer needs is damaged; the log names it.",
		};
		break;
	default:
		return result;
	}
	return ENGINE_E_REJECTED;
}

int
engine_resolve(struct bytes *contact, uint64_t **forwarded_ids, size_t *forwarded_count,
    struct rejection *rejection, struct engine *engine, struct graph_reader *reader, struct arena *arena,
    struct bytes account, const struct identifier *identifier, uint64_t contact_id)
{
	struct graph_error error;
	uint64_t owner_id;
	int result;

	if (identifier != NULL) {
		*forwarded_ids = NULL;
		*forwarded_count = 0;
		result = graph_find(&owner_id, contact, reader, account, identifier, &error);
	} else {
		result = graph_get_contact(
		    contact, forwarded_ids, forwarded_count, reader, arena, account, contact_id, &error);
	}
	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	return result == 0 ? 0 : refuse(rejection, result);
}

int
engine_count(struct account *counted, struct rejection *rejection, struct engine *engine,
    struct graph_reader *reader, struct bytes account)
{
	struct graph_error error;
	int result = graph_get_account(counted, reader, account, &error);

	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	return result == 0 ? 0 : refuse(rejection, result);
}

int
engine_list_history(uint64_t *sequences, size_t *count, size_t most, struct rejection *rejection,
    struct engine *engine, struct graph_reader *reader, struct bytes account, uint64_t contact_id,
    uint64_t after_sequence)
{
	struct graph_error error;
	int result =
	    graph_list_history(sequences, count, most, reader, account, contact_id, after_sequence, &error);

	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	return result == 0 ? 0 : refuse(rejection, result);
}

int
engine_get_journal(struct bytes *entry, struct rejection *rejection, struct engine *engine,
    struct graph_reader *reader, struct bytes account, uint64_t sequence)
{
	struct graph_error error;
	int result = graph_get_journal(entry, reader, account, sequence, &error);

	if (result == GRAPH_E_ABSENT) {
		snprintf(error.message, sizeof(error.message),
		    "account %.*s: journal: record %" PRIu64 " is listed and missing", BYTES_PRINT(account),
		    sequence);
		result = GRAPH_E_DAMAGED;
	}
	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	return result == 0 ? 0 : refuse(rejection, result);
}

int
engine_listing_next(uint64_t *contact_id, struct bytes *contact, struct rejection *rejection,
    struct engine *engine, struct graph_listing *listing)
{
	struct graph_error error;
	int result = graph_listing_next(contact_id, contact, listing, &error);

	if (result == GRAPH_E_ABSENT)
		return ENGINE_E_END;
	if (result == GRAPH_E_PAUSED)
		return ENGINE_E_PAUSED;
	if (result == GRAPH_E_DAMAGED)
		engine_log(engine, error.message);
	return result == 0 ? 0 : refuse(rejection, result);
}
