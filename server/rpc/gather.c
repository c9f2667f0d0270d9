/* A look-up waits for memory most of its time, several times in a row; of calls that are looked
 * up together, all wait at once. Under load dozens come out of one read of a socket, so
 * they need not be waited for: what the completion queue has is taken, and then answered.
 *
 * Looking for more than there is costs a look at every socket, too much for a caller that
 * makes one call at a time. So it is done only once two calls have come right after each other,
 * before gRPC could even say that the first was answered, and no longer than there is more
 * than one. */
#include "server/rpc/gather.h"

#include <grpc/byte_buffer.h>

#include "server/rpc/method.h"

/* A request that came in pieces is put together in the queue's scratch arena, which has room
 * for what one call may take. */
static bool
is_in_one_piece(const struct call *call)
{
	return call->payload == NULL || call->payload->data.raw.slice_buffer.count <= 1;
}

bool
gather_take(struct call *call)
{
	struct gather *gather = &call->queue->gather;

	if (METHODS[call->method].handle_together == NULL || !is_in_one_piece(call)) {
		gather_answer(call->queue);
		gather->answered_last = false;
		return false;
	}
	if (gather->answered_last)
		gather->open = true;
	if (!gather->open) {
		gather->answered_last = true;
		return false;
	}
	if (gather->count > 0 && gather->calls[0]->method != call->method)
		gather_answer(call->queue);
	gather->answered_last = false;
	gather->calls[gather->count++] = call;
	if (gather->count == GATHER_CALLS)
		gather_answer(call->queue);
	return true;
}

void
gather_note_other(struct queue *queue)
{
	struct gather *gather = &queue->gather;

	gather->answered_last = false;
	if (gather->count > 0 && ++gather->passed == GATHER_PASSED)
		gather_answer(queue);
}

void
gather_answer(struct queue *queue)
{
	struct gather *gather = &queue->gather;
	unsigned count = gather->count;

	if (count == 0)
		return;
	gather->count = 0;
	gather->passed = 0;
	gather->open = count > 1;
	METHODS[gather->calls[0]->method].handle_together(gather->calls, count);
	arena_reset(&queue->scratch);
}
