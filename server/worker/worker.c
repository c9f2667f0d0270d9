/* Each worker has a keeper, a thread that starts its process, waits for its end, whatever
 * the reason, and starts another. So a start costs nobody else anything, a death is noticed
 * while nobody asks, and a process's parent (the thread, to the kernel) lives as long as it
 * is wanted.
 *
 * What always holds: who asks has the lock, and a running process is given back by the
 * keeper alone, which takes the lock to say that it no longer runs. Nothing in the shared
 * memory is read twice or believed (channel.h). */
#include "server/worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/worker/breaker.h"
#include "server/worker/process.h"

enum { END_MS = 100, MESSAGE_BYTES = 512 };

enum state {
	STATE_DOWN = 0,    /* not yet, or no longer */
	STATE_RUNNING = 1, /* it may be asked */
	STATE_FAILED = 2,  /* the first start did not succeed */
};

struct worker {
	char *program;
	struct policy_copy copy;
	struct anagraph_option *options; /* owned, with what they point to behind them */
	size_t option_count;
	unsigned deadline_ms;
	policy_log_function log;
	void (*tell)(void *context, const char *message);
	void *context;

	/* Set by the first start, and the same ever after. */
	struct policy_identity identity;
	uint32_t kinds;
	bool is_walled;
	char version[LIMIT_POLICY_VERSION_BYTES + 1];

	int end_fd; /* readable once the worker is to end */
	pthread_t keeper;
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t changed;
	enum state state;
	int start_result; /* of the first start, with start_error */
	struct policy_error start_error;
	struct process process; /* while STATE_RUNNING */
	struct breaker breaker;
	int failure; /* why it no longer runs: an ask_outcome, or 0 */
};

static void __attribute__((format(printf, 2, 3))) tell(const struct worker *worker, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list arguments;
	size_t size = (size_t)snprintf(message, sizeof(message), "policy %s: ", worker->copy.id);

	va_start(arguments, format);
	vsnprintf(message + size, sizeof(message) - size, format, arguments);
	va_end(arguments);
	worker->tell(worker->context, message);
}

/* Waits for the end of a process, or of the worker. Whether it was the worker's. */
static bool
wait_for_end(const struct worker *worker, const struct process *process, int timeout_ms)
{
	struct pollfd waited[] = {
		{ .fd = worker->end_fd, .events = POLLIN },
		{ .fd = process != NULL ? process->pid_fd : -1, .events = POLLIN },
	};

	while (poll(waited, 2, timeout_ms) < 0 && errno == EINTR)
		;
	return (waited[0].revents & POLLIN) != 0;
}

static int
refuse(struct policy_error *error, const struct worker *worker, const char *what)
{
	snprintf(error->message, sizeof(error->message), "%s: %s", worker->copy.path, what);
	return POLICY_E_REFUSED;
}

/* What a process says of itself when it is ready, as far as it can be so. */
static int
take_ready(struct worker *worker, struct channel_answer *answer, struct policy_error *error)
{
	char *version = answer->ready.version;

	version[sizeof(answer->ready.version) - 1] = '\0';
	if (!policy_version_is_valid(bytes_of_string(version)))
		return refuse(error, worker, "its worker answered what it cannot mean");
	if (worker->identity.id.size == 0) {
		worker->kinds = answer->ready.kinds;
		worker->is_walled = answer->ready.is_walled != 0;
		memcpy(worker->version, version, sizeof(worker->version));
		worker->identity = (struct policy_identity){
			.id = bytes_of_string(worker->copy.id),
			.version = bytes_of_string(worker->version),
			.build = bytes_of_string(worker->copy.build),
		};
	} else if (strcmp(worker->version, version) != 0 || worker->kinds != answer->ready.kinds) {
		return refuse(error, worker, "it says another version or other kinds than at first");
	}
	return 0;
}

/* Has a process load the policy. */
static int
introduce(struct process *process, struct worker *worker, struct policy_error *error)
{
	const struct start_request start = {
		.copy = worker->copy,
		.options = worker->options,
		.option_count = worker->option_count,
	};
	struct channel_answer answer;
	int result = start_encode(process->channel.request, CHANNEL_REQUEST_BYTES, &start);

	if (result != 0)
		return -E2BIG;
	result = process_ask(
	    &answer, process, channel_now_us() + (int64_t)LIMIT_POLICY_START_MS * 1000, worker->end_fd);
	process_take_lines(process, worker->copy.id, worker->log, worker->context);
	switch (result) {
	case 0:
		break;
	case PROCESS_E_TIME:
		return refuse(error, worker, "it took too long to load and to make an instance");
	default:
		return PROCESS_E_ENDED;
	}
	if (answer.kind == ANSWER_READY)
		return take_ready(worker, &answer, error);
	answer.refusal[sizeof(answer.refusal) - 1] = '\0';
	if (answer.kind == ANSWER_REFUSED)
		snprintf(error->message, sizeof(error->message), "%s", answer.refusal);
	else
		refuse(error, worker, "its worker answered what it cannot mean");
	return POLICY_E_REFUSED;
}

/* 0 with a process that may be asked; POLICY_E_REFUSED; -errno. */
static int
start_process(struct process *out, struct worker *worker, struct policy_error *error)
{
	char how[PROCESS_MESSAGE_BYTES];
	char ended[PROCESS_MESSAGE_BYTES + 256];
	struct process process;
	int result = process_spawn(&process, worker->program);

	if (result != 0) {
		snprintf(ended, sizeof(ended), "its worker, %s, cannot be started: %s", worker->program,
		    strerror(-result));
		return refuse(error, worker, ended);
	}
	result = introduce(&process, worker, error);
	if (result == 0) {
		*out = process;
		return 0;
	}
	process_kill(&process);
	process_reap(&process, how);
	if (result == PROCESS_E_ENDED) {
		snprintf(ended, sizeof(ended), "while it was loaded, it %s", how);
		return refuse(error, worker, ended);
	}
	return result;
}

/* Takes the process out of the worker, which then is in another state. */
static struct process
take_process(struct worker *worker, int *failure)
{
	struct process process;

	pthread_mutex_lock(&worker->lock);
	process = worker->process;
	*failure = worker->failure;
	worker->state = STATE_DOWN;
	worker->failure = 0;
	pthread_mutex_unlock(&worker->lock);
	return process;
}

/* Lets the process end by itself, which gives the policy its instance back, and kills it if
 * it won't. */
static void
end_process(struct worker *worker)
{
	char how[PROCESS_MESSAGE_BYTES];
	int failure;
	struct process process = take_process(worker, &failure);
	struct pollfd ended = { .fd = process.pid_fd, .events = POLLIN };

	if (end_encode(process.channel.request, CHANNEL_REQUEST_BYTES) == 0)
		channel_ask(&process.channel, ++process.number);
	while (poll(&ended, 1, END_MS) < 0 && errno == EINTR)
		;
	process_kill(&process);
	process_reap(&process, how);
}

/* Notes a failure, with the lock; tells of it when that opens the breaker. */
static void
fail(struct worker *worker, const char *how)
{
	int64_t now_us = channel_now_us();
	bool opened = breaker_fail(&worker->breaker, now_us);

	tell(worker, "%s", how);
	if (opened)
		tell(worker,
		    "failed %d times in a row: it is not asked for %lld ms; its conflicts get the default "
		    "verdict",
		    LIMIT_POLICY_FAILURES, (long long)(breaker_backoff_us(&worker->breaker, now_us) / 1000));
}

/* The keeper's part in the end of a process that ran. */
static void
take_down(struct worker *worker)
{
	char how[PROCESS_MESSAGE_BYTES];
	int failure;
	struct process process = take_process(worker, &failure);

	process_kill(&process);
	process_reap(&process, how);
	if (failure == ASK_TIMED_OUT)
		snprintf(how, sizeof(how), "did not answer within %u ms: its worker was ended",
		    worker->deadline_ms);
	pthread_mutex_lock(&worker->lock);
	fail(worker, how);
	pthread_mutex_unlock(&worker->lock);
}

/* Starts a process, however often it takes. Whether there is one: not when the worker ends,
 * nor when the very first does not start. */
static bool
bring_up(struct worker *worker, bool is_first)
{
	for (;;) {
		struct policy_error error = { .message = "" };
		struct process process;
		int64_t backoff_us;
		int result = start_process(&process, worker, &error);

		pthread_mutex_lock(&worker->lock);
		if (result == 0) {
			worker->process = process;
			worker->state = STATE_RUNNING;
		} else if (is_first) {
			worker->state = STATE_FAILED;
			worker->start_result = result;
			worker->start_error = error;
		} else {
			fail(worker, result < 0 ? strerror(-result) : error.message);
		}
		backoff_us = breaker_backoff_us(&worker->breaker, channel_now_us());
		pthread_cond_broadcast(&worker->changed);
		pthread_mutex_unlock(&worker->lock);
		if (result == 0 || is_first)
			return result == 0;
		if (wait_for_end(worker, NULL, (int)(backoff_us / 1000)))
			return false;
	}
}

static void *
keep(void *context)
{
	struct worker *worker = context;
	bool is_up = bring_up(worker, true);

	while (is_up) {
		int64_t backoff_us;

		if (wait_for_end(worker, &worker->process, -1)) {
			end_process(worker);
			break;
		}
		take_down(worker);
		pthread_mutex_lock(&worker->lock);
		backoff_us = breaker_backoff_us(&worker->breaker, channel_now_us());
		pthread_mutex_unlock(&worker->lock);
		if (wait_for_end(worker, NULL, (int)(backoff_us / 1000)))
			break;
		is_up = bring_up(worker, false);
	}
	return NULL;
}

static int
copy_text(char **out, const char *text)
{
	*out = strdup(text);
	return *out == NULL ? -ENOMEM : 0;
}

/* The options and all they point to, in one piece. */
static int
copy_options(struct worker *worker, const struct anagraph_option *options, size_t count)
{
	size_t size = count * sizeof(*options) + 1;
	char *text;

	for (size_t i = 0; i < count; i++)
		size += options[i].name.size + options[i].value.size;
	worker->options = malloc(size);
	if (worker->options == NULL)
		return -ENOMEM;
	text = (char *)(worker->options + count);
	for (size_t i = 0; i < count; i++) {
		memcpy(text, options[i].name.data, options[i].name.size);
		worker->options[i].name = (struct anagraph_string){ text, options[i].name.size };
		text += options[i].name.size;
		memcpy(text, options[i].value.data, options[i].value.size);
		worker->options[i].value = (struct anagraph_string){ text, options[i].value.size };
		text += options[i].value.size;
	}
	worker->option_count = count;
	return 0;
}

static int
copy_all(struct worker *worker, const struct worker_options *options)
{
	const struct policy_copy *copy = options->copy;
	int result = copy_text(&worker->program, options->program);

	if (result == 0)
		result = copy_text(&worker->copy.id, copy->id);
	if (result == 0)
		result = copy_text(&worker->copy.path, copy->path);
	if (result == 0)
		result = copy_text(&worker->copy.copy_path, copy->copy_path);
	if (result == 0)
		result = copy_options(worker, options->options, options->option_count);
	memcpy(worker->copy.build, copy->build, sizeof(worker->copy.build));
	return result;
}

static void
finish(struct worker *worker)
{
	if (worker->end_fd >= 0)
		close(worker->end_fd);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	policy_copy_finish(&worker->copy);
	free(worker->options);
	free(worker->program);
	free(worker);
}

/* Waits for the keeper's first start. */
static int
await_start(struct worker *worker, struct policy_error *error)
{
	int result;

	pthread_mutex_lock(&worker->lock);
	while (worker->state == STATE_DOWN)
		pthread_cond_wait(&worker->changed, &worker->lock);
	result = worker->state == STATE_FAILED ? worker->start_result : 0;
	if (result == POLICY_E_REFUSED)
		*error = worker->start_error;
	pthread_mutex_unlock(&worker->lock);
	return result;
}

int
worker_create(struct worker **out, const struct worker_options *options, struct policy_error *error)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int result;

	if (worker == NULL)
		return -ENOMEM;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	worker->deadline_ms = options->deadline_ms;
	worker->breaker.rest_us = (int64_t)options->rest_ms * 1000;
	worker->log = options->log;
	worker->tell = options->tell;
	worker->context = options->context;
	worker->end_fd = eventfd(0, EFD_CLOEXEC);
	result = worker->end_fd < 0 ? -errno : copy_all(worker, options);
	if (result == 0)
		result = -pthread_create(&worker->keeper, NULL, keep, worker);
	if (result != 0) {
		finish(worker);
		return result;
	}
	result = await_start(worker, error);
	if (result == 0)
		*out = worker;
	else
		worker_destroy(worker);
	return result;
}

void
worker_destroy(struct worker *worker)
{
	if (worker == NULL)
		return;
	if (eventfd_write(worker->end_fd, 1) != 0)
		abort();
	pthread_join(worker->keeper, NULL);
	finish(worker);
}

/* What an answer means; the verdict is untouched on any but 0. */
static int
take_answer(struct anagraph_verdict *verdict, struct channel_answer *answer)
{
	struct anagraph_verdict given = { .struct_size = sizeof(given) };

	if (answer->kind != ANSWER_DECIDED)
		return ASK_CRASHED;
	if (answer->decided.result != ANAGRAPH_DECIDED)
		return answer->decided.result < 0 ? -1 : ANAGRAPH_DEFER;
	given.verdict = answer->decided.verdict;
	memcpy(given.reason, answer->decided.reason, sizeof(given.reason));
	policy_reason_cut(given.reason);
	*verdict = given;
	return 0;
}

/* With the lock, of a process that runs. */
static int
ask_process(struct anagraph_verdict *verdict, struct worker *worker, const struct anagraph_conflict *conflict)
{
	struct process *process = &worker->process;
	struct channel_answer answer;
	int result = conflict_encode_request(process->channel.request, CHANNEL_REQUEST_BYTES, conflict);

	if (result != 0)
		return -1;
	result = process_ask(&answer, process, channel_now_us() + (int64_t)worker->deadline_ms * 1000, -1);
	process_take_lines(process, worker->copy.id, worker->log, worker->context);
	switch (result) {
	case 0:
		return take_answer(verdict, &answer);
	case PROCESS_E_TIME:
		return ASK_TIMED_OUT;
	default:
		return ASK_CRASHED;
	}
}

/* Once a process failed, it is not asked again: the keeper sees its end and does the rest. */
static int
ask(struct anagraph_verdict *verdict, struct worker *worker, const struct anagraph_conflict *conflict)
{
	int result;

	if (worker->state != STATE_RUNNING || worker->failure != 0 ||
	    !breaker_allows(&worker->breaker, channel_now_us()))
		return ASK_UNAVAILABLE;
	result = ask_process(verdict, worker, conflict);
	if (result == ASK_TIMED_OUT || result == ASK_CRASHED) {
		worker->failure = result;
		process_kill(&worker->process);
	} else if (breaker_succeed(&worker->breaker)) {
		tell(worker, "answers again, and is asked again");
	}
	return result;
}

int
worker_ask(struct anagraph_verdict *verdict, struct worker *worker, const struct anagraph_conflict *conflict)
{
	int result;

	if (conflict->kind > 31 || (worker->kinds >> conflict->kind & 1) == 0)
		return ANAGRAPH_DEFER;
	pthread_mutex_lock(&worker->lock);
	result = ask(verdict, worker, conflict);
	pthread_mutex_unlock(&worker->lock);
	return result;
}

const struct policy_identity *
worker_identity(const struct worker *worker)
{
	return &worker->identity;
}

bool
worker_is_walled(const struct worker *worker)
{
	return worker->is_walled;
}
