/* Lets ThreadSanitizer see one thing of gRPC that it cannot see by itself: what a thread
 * did before it started a batch has happened for the thread that takes the batch's tag
 * from the completion queue. The queues are made of atomics in a library that is not
 * built with the sanitizer, and without this every tag handed over looks like a race.
 *
 * Linked into every program of the sanitized build with the linker's --wrap, so that the
 * code under test knows nothing of it. All that it refers to is weak: programs without
 * gRPC, and those that the compiler is tried on without the sanitizer, leave it unused. */
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

#pragma weak __tsan_release
#pragma weak __tsan_acquire

grpc_call_error __real_grpc_call_start_batch(
    grpc_call *call, const grpc_op *ops, size_t op_count, void *tag, void *reserved) __attribute__((weak));
grpc_event __real_grpc_completion_queue_next(
    grpc_completion_queue *queue, gpr_timespec deadline, void *reserved) __attribute__((weak));
grpc_call_error __wrap_grpc_call_start_batch(
    grpc_call *call, const grpc_op *ops, size_t op_count, void *tag, void *reserved);
grpc_event __wrap_grpc_completion_queue_next(
    grpc_completion_queue *queue, gpr_timespec deadline, void *reserved);

grpc_call_error
__wrap_grpc_call_start_batch(grpc_call *call, const grpc_op *ops, size_t op_count, void *tag, void *reserved)
{
	__tsan_release(tag);
	return __real_grpc_call_start_batch(call, ops, op_count, tag, reserved);
}

grpc_event
__wrap_grpc_completion_queue_next(grpc_completion_queue *queue, gpr_timespec deadline, void *reserved)
{
	grpc_event event = __real_grpc_completion_queue_next(queue, deadline, reserved);

	if (event.type == GRPC_OP_COMPLETE)
		__tsan_acquire(event.tag);
	return event;
}
