/* A method is in this table or it is unknown. What is called all the time has many
 * calls waiting for callers; the rest, which people and their tools call, has few. */
#include "server/rpc/method.h"

enum { POSTED_MANY = 64, POSTED_FEW = 4 };

static void
handle_unknown(struct call *call)
{
	const struct rejection rejection = {
		.reason = REASON_UNIMPLEMENTED,
		.message = "The service has no such method.",
	};

	call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}

const struct method_entry METHODS[METHOD_COUNT] = {
	[METHOD_IDENTIFY] = {
		.path = "/anagraph.v1.IdentityService/Identify",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_WRITER,
		.posted_count = POSTED_MANY,
		.handle = identify_handle,
		.handle_together = identify_handle_together,
	},
	[METHOD_IDENTIFY_STREAM] = {
		.path = "/anagraph.v1.IdentityService/IdentifyStream",
		.handling = GRPC_SRM_PAYLOAD_NONE,
		.role = ROLE_WRITER,
		.posted_count = POSTED_FEW,
		.stream_limit = LIMIT_EVENT_STREAMS,
		.waited_for = true,
		.handle = identify_stream_handle,
		.stop = identify_stream_stop,
		.complete = identify_stream_complete,
		.release = identify_stream_release,
	},
	[METHOD_RESOLVE] = {
		.path = "/anagraph.v1.IdentityService/Resolve",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_READER,
		.posted_count = POSTED_MANY,
		.handle = resolve_handle,
		.handle_together = resolve_handle_together,
	},
	[METHOD_COUNT_CONTACTS] = {
		.path = "/anagraph.v1.IdentityService/CountContacts",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_READER,
		.posted_count = POSTED_MANY,
		.handle = count_handle,
	},
	[METHOD_BATCH_RESOLVE] = {
		.path = "/anagraph.v1.IdentityService/BatchResolve",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_READER,
		.posted_count = POSTED_MANY,
		.handle = batch_resolve_handle,
	},
	[METHOD_LIST_CONTACTS] = {
		.path = "/anagraph.v1.IdentityService/ListContacts",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_READER,
		.posted_count = POSTED_FEW,
		.handle = list_handle,
	},
	[METHOD_EXPLAIN] = {
		.path = "/anagraph.v1.IdentityService/Explain",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_READER,
		.posted_count = POSTED_FEW,
		.handle = explain_handle,
	},
	[METHOD_PROMOTE_SECONDARY] = {
		.path = "/anagraph.v1.IdentityService/PromoteSecondary",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_OPERATOR,
		.posted_count = POSTED_FEW,
		.handle = promote_handle,
	},
	[METHOD_DISMISS_SECONDARY] = {
		.path = "/anagraph.v1.IdentityService/DismissSecondary",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_OPERATOR,
		.posted_count = POSTED_FEW,
		.handle = dismiss_handle,
	},
	[METHOD_MERGE_CONTACTS] = {
		.path = "/anagraph.v1.IdentityService/MergeContacts",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_ADMIN,
		.posted_count = POSTED_FEW,
		.handle = merge_handle,
	},
	[METHOD_ERASE_CONTACT] = {
		.path = "/anagraph.v1.IdentityService/EraseContact",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.role = ROLE_ADMIN,
		.posted_count = POSTED_FEW,
		.handle = erase_handle,
	},
	[METHOD_HEALTH_CHECK] = {
		.path = "/grpc.health.v1.Health/Check",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.posted_count = POSTED_FEW,
		.outlasts_draining = true,
		.handle = health_check,
	},
	[METHOD_HEALTH_WATCH] = {
		.path = "/grpc.health.v1.Health/Watch",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.posted_count = POSTED_FEW,
		.stream_limit = LIMIT_WATCHERS,
		.handle = health_watch,
		.step = health_watch_step,
		.stop = health_watch_stop,
	},
	[METHOD_REFLECTION] = {
		.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		.handling = GRPC_SRM_PAYLOAD_NONE,
		.posted_count = POSTED_FEW,
		.stream_limit = LIMIT_REFLECTION_STREAMS,
		.handle = reflection_handle,
		.step = reflection_step,
		.stop = reflection_stop,
	},
#ifdef ANAGRAPH_BENCH_ECHO
	/* In the server that the benchmarks compare with, and never in the daemon: what a call
	 * costs that asks for nothing. */
	[METHOD_REFLECTION_ALPHA] = {
		.path = "/anagraph.bench.Bench/Echo",
		.handling = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
		.posted_count = POSTED_MANY,
		.handle = echo_handle,
	},
#else
	[METHOD_REFLECTION_ALPHA] = {
		.path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
		.handling = GRPC_SRM_PAYLOAD_NONE,
		.posted_count = POSTED_FEW,
		.stream_limit = LIMIT_REFLECTION_STREAMS,
		.handle = reflection_handle,
		.step = reflection_step,
		.stop = reflection_stop,
	},
#endif
	[METHOD_UNKNOWN] = {
		.posted_count = POSTED_FEW,
		.handle = handle_unknown,
	},
};
