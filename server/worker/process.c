/* posix_spawn, because what runs here may have gRPC's threads and locks beside it: nothing
 * of ours runs in the child before exec, and no handler of gRPC's is called. The child is
 * given no descriptor but the channel's, no environment, no blocked signal. */
#include "server/worker/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long it takes at most until the death of one that is waited for is noticed. */
static const int64_t SLICE_US = 1000;

static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int result;

	sigemptyset(&none);
	sigfillset(&all);
	result = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (result == 0)
		result = posix_spawnattr_setsigmask(attributes, &none);
	if (result == 0)
		result = posix_spawnattr_setsigdefault(attributes, &all);
	return result;
}

static int
set_actions(posix_spawn_file_actions_t *actions, int channel_fd)
{
	int result = posix_spawn_file_actions_adddup2(actions, channel_fd, CHANNEL_FD);

	if (result == 0)
		result = posix_spawn_file_actions_addclosefrom_np(actions, CHANNEL_FD + 1);
	for (int fd = 0; result == 0 && fd < CHANNEL_FD; fd++)
		result = posix_spawn_file_actions_addclose(actions, fd);
	return result;
}

static int
spawn(pid_t *pid, const char *program, int channel_fd)
{
	char parent[16];
	char *arguments[] = { (char *)(uintptr_t) "anagraph-policy-host", parent, NULL };
	char *environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	result = set_attributes(&attributes);
	if (result == 0)
		result = set_actions(&actions, channel_fd);
	if (result == 0)
		result = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -result;
}

int
process_spawn(struct process *out, const char *program)
{
	struct process process = { .number = 0 };
	int fd;
	int result = channel_create(&fd);

	if (result != 0)
		return result;
	result = channel_map(&process.channel, fd, true);
	if (result != 0) {
		close(fd);
		return result;
	}
	result = spawn(&process.pid, program, fd);
	close(fd);
	if (result == 0) {
		process.pid_fd = pidfd_open(process.pid, 0);
		if (process.pid_fd < 0) {
			result = -errno;
			kill(process.pid, SIGKILL);
			waitpid(process.pid, NULL, 0);
		}
	}
	if (result != 0) {
		channel_unmap(&process.channel);
		return result;
	}
	*out = process;
	return 0;
}

static bool
is_readable(int fd)
{
	struct pollfd waited = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&waited, 1, 0) == 1;
}

bool
process_has_ended(const struct process *process)
{
	return is_readable(process->pid_fd);
}

void
process_kill(const struct process *process)
{
	pidfd_send_signal(process->pid_fd, SIGKILL, NULL, 0);
}

void
process_reap(struct process *process, char how[PROCESS_MESSAGE_BYTES])
{
	const char *abbreviation;
	int status = 0;

	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	abbreviation = sigabbrev_np(WTERMSIG(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(how, PROCESS_MESSAGE_BYTES, "asked the system for what no policy may (SIGSYS)");
	else if (WIFSIGNALED(status))
		snprintf(how, PROCESS_MESSAGE_BYTES, "was ended by signal %d (%s)", WTERMSIG(status),
		    abbreviation != NULL ? abbreviation : "of its own");
	else
		snprintf(how, PROCESS_MESSAGE_BYTES, "ended itself with status %d", WEXITSTATUS(status));
	close(process->pid_fd);
	channel_unmap(&process->channel);
	*process = (struct process){ .pid_fd = -1 };
}

int
process_ask(struct channel_answer *answer, struct process *process, int64_t until_us, int leave_fd)
{
	process->number++;
	process->channel.memory->answer.line_count = 0;
	channel_ask(&process->channel, process->number);
	for (;;) {
		int64_t now_us = channel_now_us();
		int64_t slice_us = now_us + SLICE_US < until_us ? now_us + SLICE_US : until_us;

		if (channel_await_answer(&process->channel, process->number, slice_us))
			break;
		if (process_has_ended(process))
			return PROCESS_E_ENDED;
		if (slice_us == until_us || is_readable(leave_fd))
			return PROCESS_E_TIME;
	}
	memcpy(answer, (const void *)&process->channel.memory->answer, sizeof(*answer));
	/* From here on the copy alone is looked at, whatever the compiler knows of both. */
	atomic_signal_fence(memory_order_seq_cst);
	return 0;
}

/* The count may go up meanwhile, where the worker has not been ended yet. */
void
process_take_lines(
    const struct process *process, const char *policy_id, policy_log_function log, void *context)
{
	const struct channel_memory *memory = process->channel.memory;
	struct channel_line line;
	uint32_t count;

	memcpy(&count, (const void *)&memory->answer.line_count, sizeof(count));
	atomic_signal_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < count && i < CHANNEL_LINES; i++) {
		memcpy(&line, (const void *)&memory->lines[i], sizeof(line));
		atomic_signal_fence(memory_order_seq_cst);
		if (line.size_bytes > sizeof(line.text))
			line.size_bytes = sizeof(line.text);
		log(context, policy_id, line.level < ANAGRAPH_LOG_ERROR ? line.level : ANAGRAPH_LOG_ERROR,
		    bytes_of(line.text, line.size_bytes));
	}
}
