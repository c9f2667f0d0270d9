/* anagraph-policy-host: runs one policy in a process of its own, for one daemon.
 *
 * It is started with the memory of a channel (channel.h) as its only descriptor, and with
 * its daemon's process id, whose end it must not outlive. In order: it takes in what to
 * load, is confined, maps the policy's file, is confined further, makes the instance, and
 * then answers one question after the other until it is told to end.
 *
 * A policy cannot tell it from the daemon's own process, but for what it is kept from. What
 * it is shown lies in pages that it can only read. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "server/worker/confine.h"
#include "server/worker/message.h"

struct host {
	struct channel channel;
	struct shown_conflict *room;       /* where a conflict is put together */
	const struct shown_conflict *seen; /* the same memory, read-only: what a policy is shown */
	struct policy *policy;
	uint32_t line_count; /* of this request */
};

/* Lines are kept for the daemon to take with the answer, or without one. */
static void
keep_line(void *context, const char *policy_id, uint32_t level, struct bytes message)
{
	struct host *host = context;
	struct channel_line *line;

	(void)policy_id;
	if (host->line_count == CHANNEL_LINES)
		return;
	line = &host->channel.memory->lines[host->line_count++];
	line->level = level;
	line->size_bytes = (uint32_t)message.size;
	if (message.size != 0)
		memcpy(line->text, message.data, message.size);
	host->channel.memory->answer.line_count = host->line_count;
}

/* Two views of the same memory. 0; -errno. */
static int
make_room(struct host *host)
{
	int fd = memfd_create("anagraph-conflict", MFD_CLOEXEC);
	void *room = MAP_FAILED;
	void *seen = MAP_FAILED;
	int result = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(*host->room)) == 0) {
		room = mmap(NULL, sizeof(*host->room), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		seen = mmap(NULL, sizeof(*host->room), PROT_READ, MAP_SHARED, fd, 0);
	}
	if (room == MAP_FAILED || seen == MAP_FAILED)
		result = -errno;
	close(fd);
	host->room = room;
	host->seen = seen;
	return result;
}

static void
answer(struct host *host, uint32_t number, struct channel_answer *told)
{
	told->line_count = host->line_count;
	host->line_count = 0;
	host->channel.memory->answer = *told;
	channel_answer(&host->channel, number);
}

/* 0; POLICY_E_REFUSED with *error; -errno. */
static int
load(struct host *host, struct channel_answer *ready, struct policy_error *error)
{
	struct anagraph_option options[LIMIT_POLICY_OPTIONS];
	struct start_request start;
	bool is_walled;
	int result;

	if (start_decode(&start, options, host->channel.request, CHANNEL_REQUEST_BYTES) != 0)
		return -EPROTO;
	result = confine_for_loading(&is_walled, start.copy.copy_path);
	if (result == 0)
		result = policy_open(&host->policy, &start.copy, keep_line, host, error);
	if (result == 0)
		result = confine_for_deciding();
	if (result == 0)
		result = policy_start(host->policy, options, start.option_count, error);
	if (result != 0)
		return result;
	ready->kind = ANSWER_READY;
	ready->ready.kinds = policy_kinds_of(host->policy);
	ready->ready.is_walled = is_walled;
	snprintf(ready->ready.version, sizeof(ready->ready.version), "%s",
	    (const char *)policy_identity_of(host->policy)->version.data);
	return 0;
}

/* Whether there is a policy to be asked now. */
static bool
start(struct host *host, uint32_t number)
{
	struct channel_answer told = { .kind = ANSWER_REFUSED };
	struct policy_error error;
	int result = load(host, &told, &error);

	if (result == POLICY_E_REFUSED)
		snprintf(told.refusal, sizeof(told.refusal), "%s", error.message);
	else if (result < 0)
		snprintf(told.refusal, sizeof(told.refusal), "the policy host cannot start: %s",
		    strerror(-result));
	answer(host, number, &told);
	return result == 0;
}

static void
decide(struct host *host, uint32_t number)
{
	struct anagraph_verdict verdict = { .struct_size = sizeof(verdict) };
	struct channel_answer told = { .kind = ANSWER_DECIDED };

	if (conflict_decode_request(host->room, host->seen, host->channel.request, CHANNEL_REQUEST_BYTES) !=
	    0)
		abort();
	told.decided.result = policy_decide(&verdict, host->policy, &host->seen->conflict);
	told.decided.verdict = verdict.verdict;
	memcpy(told.decided.reason, verdict.reason, sizeof(told.decided.reason));
	answer(host, number, &told);
}

/* Answers until the daemon ends it. */
static void
serve(struct host *host)
{
	uint32_t number = channel_await_request(&host->channel, 0);

	if (!start(host, number))
		return;
	for (;;) {
		number = channel_await_request(&host->channel, number);
		if (request_kind_of(host->channel.request, CHANNEL_REQUEST_BYTES) != REQUEST_DECIDE)
			break;
		decide(host, number);
	}
	policy_close(host->policy);
}

int
main(int argument_count, char **arguments)
{
	struct host host = { .policy = NULL };
	int result;

	if (argument_count != 2 || fcntl(CHANNEL_FD, F_GETFD) < 0) {
		fputs("anagraph-policy-host is started by anagraphd alone\n", stderr);
		return 2;
	}
	/* What a terminal or a service manager sends to all is for the daemon to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, (long)SIGKILL);
	if (getppid() != (pid_t)strtol(arguments[1], NULL, 10))
		return EXIT_FAILURE;
	result = channel_map(&host.channel, CHANNEL_FD, false);
	close(CHANNEL_FD);
	if (result == 0)
		result = make_room(&host);
	if (result != 0)
		return EXIT_FAILURE;
	serve(&host);
	_exit(EXIT_SUCCESS);
}
