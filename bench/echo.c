/* Answers with what it was asked: what is left of a call when the service does nothing for
 * it. Linked into anagraph-bench-echo, which is the daemon with this one method in the place
 * of one that no measurement calls. */
#include "server/rpc/method.h"

void
echo_handle(struct call *call)
{
	struct answer answer = { .rejection = NULL };
	struct rejection rejection;
	struct bytes payload;

	if (call_payload(&payload, &rejection, call) != 0) {
		call_refuse(call, &rejection, 0);
		return;
	}
	answer.message = grpc_slice_from_copied_buffer((const char *)payload.data, payload.size);
	call_answer(call, &answer);
}
