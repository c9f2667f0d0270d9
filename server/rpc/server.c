/* The front's life: made, bound, started, drained, freed.
 *
 * The order of the end is the one that gRPC survives: streams, which would last for
 * ever, are ended by us; nothing new is admitted; what was admitted is answered; callers
 * get a moment to understand; the server is shut down and, past a grace, every call left
 * is cancelled; only when each queue was told of that, after all else that arrived on it,
 * and no stream is left, are the queues shut down, and only then do their threads end. An
 * operation on a queue that has been shut down would abort the process. */
#include <errno.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/rpc/gather.h"
#include "server/rpc/method.h"
#include "server/rpc/stream.h"

enum { SCRATCH_KEPT_BYTES = 1024 * 1024 };

enum {
	ANSWER_GRACE_MS = 10000, /* for callers to take the answers to calls that were admitted */
	QUIET_MS = 100,          /* a round without a call, before connections are closed */
	QUIET_ROUNDS_BUSY = 5,   /* of them in a row, where there were calls */
	QUIET_ROUNDS = 20,       /* of them in all, at most */
	CLOSE_GRACE_MS = 2000,   /* for connections to close by themselves */
	HANDSHAKE_TIMEOUT_MS = 10 * 1000,
	KEEPALIVE_TIME_MS = 60 * 1000,
	KEEPALIVE_TIMEOUT_MS = 20 * 1000,
	CALLER_PING_INTERVAL_MS = 10 * 1000, /* a caller that pings more often is cut off */
	CONNECTION_IDLE_MS = 60 * 60 * 1000,
	CONNECTION_AGE_MS = 6 * 60 * 60 * 1000,
	CONNECTION_AGE_GRACE_MS = 5 * 60 * 1000,
};

/* gRPC's own lines can quote what a peer sent, so none is passed on but what explains
 * the end of the process. */
static void
log_assertion(gpr_log_func_args *args)
{
	static const char prefix[] = "assertion failed";

	if (strncmp(args->message, prefix, sizeof(prefix) - 1) == 0)
		fprintf(stderr, "anagraphd: gRPC, %s:%d: %s\n", args->file, args->line, args->message);
}

static grpc_arg
setting(const char *name, int value)
{
	/* gRPC copies the key, but its type does not say so. */
	return (grpc_arg){ .type = GRPC_ARG_INTEGER, .key = (char *)name, .value.integer = value };
}

static grpc_server *
create_server(void)
{
	grpc_arg settings[] = {
		/* What a caller may do. */
		setting(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, LIMIT_REQUEST_BYTES),
		setting(GRPC_ARG_MAX_METADATA_SIZE, LIMIT_METADATA_BYTES),
		setting(GRPC_ARG_MAX_CONCURRENT_STREAMS, LIMIT_CONNECTION_CALLS),
		setting(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS),
		setting(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_TIME_MS),
		setting(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
		setting(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
		setting(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, CALLER_PING_INTERVAL_MS),
		setting(GRPC_ARG_MAX_CONNECTION_IDLE_MS, CONNECTION_IDLE_MS),
		setting(GRPC_ARG_MAX_CONNECTION_AGE_MS, CONNECTION_AGE_MS),
		setting(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, CONNECTION_AGE_GRACE_MS),
		/* A few bytes can be inflated to any size: nothing compressed is taken. */
		setting(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << GRPC_COMPRESS_NONE),
		setting(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
		setting(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),
		/* A second daemon on the same port must fail instead of taking half the calls. */
		setting(GRPC_ARG_ALLOW_REUSEPORT, 0),
		/* Reads end at once, and the engine looks at the deadlines of writes. A call whose
		 * message never comes is then ended by its connection's age alone; until then it
		 * costs one of the connection's LIMIT_CONNECTION_CALLS, and no other. */
		setting(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0),
		setting(GRPC_ARG_ENABLE_CHANNELZ, 0),
		setting(GRPC_ARG_HTTP2_BDP_PROBE, 0),
	};
	grpc_channel_args args = { sizeof(settings) / sizeof(settings[0]), settings };

	return grpc_server_create(&args, NULL);
}

static int
queue_init(struct queue *queue, struct rpc *rpc)
{
	queue->rpc = rpc;
	queue->shut_down_tag = (struct tag){ TAG_SHUT_DOWN, rpc };
	pthread_mutex_init(&queue->stream_lock, NULL);
	pthread_mutex_init(&queue->event_lock, NULL);
	arena_init(&queue->scratch, LIMIT_CALL_ARENA_BYTES);
	arena_keep(&queue->scratch, SCRATCH_KEPT_BYTES);
	queue->handle = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(rpc->server, queue->handle, NULL);
	return graph_reader_create(&queue->reader, rpc->options.graph);
}

static void
queue_finish(struct queue *queue)
{
	if (queue->handle == NULL)
		return;
	call_free_spare(queue);
	grpc_completion_queue_destroy(queue->handle);
	graph_reader_destroy(queue->reader);
	arena_finish(&queue->scratch);
	pthread_mutex_destroy(&queue->event_lock);
	pthread_mutex_destroy(&queue->stream_lock);
}

int
rpc_create(struct rpc **out, const struct rpc_options *options)
{
	struct rpc *rpc = calloc(1, sizeof(*rpc));
	pthread_condattr_t clock;
	int result = 0;

	if (rpc == NULL)
		return -ENOMEM;
	gpr_set_log_function(log_assertion);
	grpc_init();
	rpc->options = *options;
	pthread_mutex_init(&rpc->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&rpc->changed, &clock);
	pthread_condattr_destroy(&clock);
	rpc->server = create_server();
	for (enum method method = 0; method < METHOD_UNKNOWN; method++)
		rpc->methods[method] = grpc_server_register_method(
		    rpc->server, METHODS[method].path, NULL, METHODS[method].handling, 0);
	rpc->queues = calloc(options->thread_count, sizeof(*rpc->queues));
	if (rpc->queues == NULL)
		result = -ENOMEM;
	for (unsigned i = 0; result == 0 && i < options->thread_count; i++)
		result = queue_init(&rpc->queues[i], rpc);
	if (result == 0)
		result = graph_reader_create(&rpc->committer_reader, options->graph);
	if (result != 0) {
		rpc_destroy(rpc);
		return result < 0 ? result : -EAGAIN;
	}
	*out = rpc;
	return 0;
}

/* How callers are met: in the clear where none is asked who it is; else by TLS, where one
 * that shows a certificate has it verified, and one that shows none can at least be told
 * so. NULL when the texts are no certificates. */
static grpc_server_credentials *
create_credentials(const struct identity_files *identity)
{
	grpc_ssl_pem_key_cert_pair pair;

	if (identity == NULL)
		return grpc_insecure_server_credentials_create();
	pair.private_key = (const char *)identity->key.data;
	pair.cert_chain = (const char *)identity->certificate.data;
	return grpc_ssl_server_credentials_create_ex((const char *)identity->caller_authority.data, &pair, 1,
	    GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY, NULL);
}

int
rpc_listen(unsigned *port, struct rpc *rpc, const char *address)
{
	grpc_server_credentials *credentials = create_credentials(rpc->options.identity);
	int bound;

	if (credentials == NULL)
		return RPC_E_IDENTITY;
	bound = grpc_server_add_http2_port(rpc->server, address, credentials);
	grpc_server_credentials_release(credentials);
	if (bound <= 0)
		return RPC_E_ADDRESS;
	*port = (unsigned)bound;
	return 0;
}

static void
note_shut_down(struct rpc *rpc)
{
	pthread_mutex_lock(&rpc->lock);
	rpc->shut_down_queues++;
	pthread_cond_broadcast(&rpc->changed);
	pthread_mutex_unlock(&rpc->lock);
}

static void *
run_queue(void *context)
{
	struct queue *queue = context;
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);
	gpr_timespec at_once = gpr_inf_past(GPR_CLOCK_MONOTONIC);

	for (;;) {
		grpc_event event = grpc_completion_queue_next(
		    queue->handle, queue->gather.count > 0 ? at_once : forever, NULL);
		struct tag *tag;

		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (event.type == GRPC_QUEUE_TIMEOUT) {
			gather_answer(queue);
			continue;
		}
		tag = event.tag;
		if (tag->kind == TAG_SHUT_DOWN)
			note_shut_down(tag->owner);
		else
			call_completed(tag->owner, tag->kind, event.success != 0);
	}
}

int
rpc_start(struct rpc *rpc)
{
	grpc_server_start(rpc->server);
	rpc->started = true;
	for (unsigned i = 0; i < rpc->options.thread_count; i++) {
		struct queue *queue = &rpc->queues[i];
		int result = call_post_first(queue);

		if (result == 0)
			result = -pthread_create(&queue->thread, NULL, run_queue, queue);
		if (result != 0)
			return result;
	}
	return 0;
}

static struct timespec
in_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

/* Whether nothing more is started on any queue. A stream that was not waited for may
 * still have to be ended, and a call that arrived last be refused, but not once its queue
 * knows that the server has shut down. With the lock. */
static bool
is_quiet(struct rpc *rpc)
{
	unsigned open_count = 0;

	for (enum method method = 0; method < METHOD_COUNT; method++)
		open_count += atomic_load(&rpc->open_streams[method]);
	return open_count == 0 && rpc->shut_down_queues == rpc->options.thread_count;
}

/* Waits until no call is in flight and, if asked, the server has shut down. Returns
 * whether that came about in time; a NULL deadline waits for ever. */
static bool
wait_for_end(struct rpc *rpc, bool shut_down, const struct timespec *deadline)
{
	int result = 0;
	bool ended = false;

	pthread_mutex_lock(&rpc->lock);
	while (result == 0) {
		ended = atomic_load(&rpc->calls_in_flight) == 0 && (!shut_down || is_quiet(rpc));
		if (ended)
			break;
		if (deadline == NULL)
			result = pthread_cond_wait(&rpc->changed, &rpc->lock);
		else
			result = pthread_cond_timedwait(&rpc->changed, &rpc->lock, deadline);
	}
	pthread_mutex_unlock(&rpc->lock);
	return ended;
}

/* Goes on refusing calls until none has come for a moment: what is on its way when the
 * server shuts down is cut off, and its caller learns nothing. The moment is longer when
 * callers are known to be there. */
static void
wait_for_quiet(struct rpc *rpc, bool busy)
{
	const struct timespec round = { .tv_nsec = QUIET_MS * 1000000L };
	unsigned refused = atomic_load(&rpc->calls_refused);
	int quiet_rounds = 0;

	for (int rounds = 0; rounds < QUIET_ROUNDS && quiet_rounds < (busy ? QUIET_ROUNDS_BUSY : 1);
	     rounds++) {
		unsigned before = refused;

		nanosleep(&round, NULL);
		refused = atomic_load(&rpc->calls_refused);
		quiet_rounds = refused == before ? quiet_rounds + 1 : 0;
		busy = busy || refused != before;
	}
}

void
rpc_announce_end(struct rpc *rpc)
{
	atomic_store(&rpc->ending, true);
	for (unsigned i = 0; i < rpc->options.thread_count; i++)
		stream_end_all(&rpc->queues[i]);
}

void
rpc_drain(struct rpc *rpc)
{
	struct timespec deadline = in_ms(ANSWER_GRACE_MS);
	bool busy = atomic_load(&rpc->calls_in_flight) > 0;

	atomic_store(&rpc->draining, true);
	wait_for_end(rpc, false, &deadline);
	wait_for_quiet(rpc, busy);
	for (unsigned i = 0; i < rpc->options.thread_count; i++)
		grpc_server_shutdown_and_notify(
		    rpc->server, rpc->queues[i].handle, &rpc->queues[i].shut_down_tag);
	deadline = in_ms(CLOSE_GRACE_MS);
	if (!wait_for_end(rpc, true, &deadline)) {
		grpc_server_cancel_all_calls(rpc->server);
		wait_for_end(rpc, true, NULL);
	}
	for (unsigned i = 0; i < rpc->options.thread_count; i++) {
		grpc_completion_queue_shutdown(rpc->queues[i].handle);
		pthread_join(rpc->queues[i].thread, NULL);
	}
}

/* Ends a server that never took a call: nobody but this thread has its queues. */
static void
shut_down_unstarted(struct rpc *rpc)
{
	for (unsigned i = 0; i < rpc->options.thread_count; i++) {
		struct queue *queue = &rpc->queues[i];

		if (queue->handle == NULL)
			continue;
		if (i == 0)
			grpc_server_shutdown_and_notify(rpc->server, queue->handle, &queue->shut_down_tag);
		grpc_completion_queue_shutdown(queue->handle);
		while (grpc_completion_queue_next(queue->handle, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
			   .type != GRPC_QUEUE_SHUTDOWN)
			;
	}
}

void
rpc_destroy(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	if (!rpc->started && rpc->queues != NULL)
		shut_down_unstarted(rpc);
	grpc_server_destroy(rpc->server);
	for (unsigned i = 0; rpc->queues != NULL && i < rpc->options.thread_count; i++)
		queue_finish(&rpc->queues[i]);
	graph_reader_destroy(rpc->committer_reader);
	pthread_cond_destroy(&rpc->changed);
	pthread_mutex_destroy(&rpc->lock);
	free(rpc->queues);
	free(rpc);
	grpc_shutdown_blocking();
}
