/* Runs a check where nothing it does can reach the others: a child with its own group,
 * a time limit and no core dump. What it has to say lies in a page that both share,
 * so that it is still there after a crash. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit/kit.h"

__attribute__((format(printf, 2, 0))) static void
say(struct trial *trial, const char *format, va_list arguments)
{
	vsnprintf(trial->result->detail, sizeof(trial->result->detail), format, arguments);
}

enum outcome
trial_fail(struct trial *trial, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(trial, format, arguments);
	va_end(arguments);
	return OUTCOME_FAIL;
}

enum outcome
trial_warn(struct trial *trial, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(trial, format, arguments);
	va_end(arguments);
	return OUTCOME_WARN;
}

enum outcome
trial_skip(struct trial *trial, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(trial, format, arguments);
	va_end(arguments);
	return OUTCOME_SKIP;
}

void
trial_at(struct trial *trial, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(trial->result->progress, sizeof(trial->result->progress), format, arguments);
	va_end(arguments);
}

/* What a policy prints is no part of the report; what it complains of on standard error
 * may help whoever writes it. */
static void
quieten(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(1);
	close(fd);
}

/* The child. It ends by _exit: what a policy left for the end of the process is its
 * own, not the reporter's buffers a second time. */
_Noreturn static void
run_child(const struct check *check, const struct subject *subject, struct result *result, pid_t parent)
{
	const struct rlimit no_core = { 0, 0 };
	struct trial trial = { .subject = subject, .result = result };

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setrlimit(RLIMIT_CORE, &no_core);
	quieten();
	result->outcome = check->run(&trial);
	_exit(0);
}

/* Waits for the child until the limit, then ends it and all that it has started. */
static int
wait_for(int *status, bool *is_late, pid_t child, const sigset_t *child_signal, unsigned limit_s)
{
	struct timespec now, end;

	*is_late = false;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit_s;
	for (;;) {
		pid_t ended = waitpid(child, status, *is_late ? 0 : WNOHANG);

		if (ended < 0 && errno != EINTR)
			return -errno;
		if (ended > 0)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec)) {
			*is_late = true;
			kill(child, SIGKILL);
			continue;
		}
		sigtimedwait(child_signal, NULL, &(struct timespec){ .tv_nsec = 100L * 1000 * 1000 });
	}
	kill(-child, SIGKILL);
	return 0;
}

/* What is to be told of a child that did not tell it itself. */
static void
conclude(struct result *result, int status, bool is_late, unsigned limit_s)
{
	const char *doing = result->progress[0] != '\0' ? result->progress : "the check";

	result->detail[DETAIL_BYTES - 1] = '\0';
	result->progress[PROGRESS_BYTES - 1] = '\0';
	if (is_late) {
		result->outcome = OUTCOME_FAIL;
		snprintf(result->detail, DETAIL_BYTES, "not done after %u s; it was at: %s", limit_s, doing);
	} else if (WIFSIGNALED(status)) {
		result->outcome = OUTCOME_CRASH;
		snprintf(result->detail, DETAIL_BYTES, "SIG%s at: %s", sigabbrev_np(WTERMSIG(status)), doing);
	} else if (WEXITSTATUS(status) != 0 || result->outcome == OUTCOME_NONE) {
		result->outcome = OUTCOME_CRASH;
		snprintf(result->detail, DETAIL_BYTES, "it ended the process with status %d at: %s",
		    WEXITSTATUS(status), doing);
	}
}

int
trial_run(struct result *out, const struct check *check, const struct subject *subject)
{
	struct result *shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t child_signal, before;
	bool is_late = false;
	int result = 0, status = 0;
	pid_t parent = getpid();
	pid_t child;

	if (shared == MAP_FAILED)
		return -errno;
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, &before);
	child = fork();
	if (child < 0)
		result = -errno;
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		run_child(check, subject, shared, parent);
	}
	if (child > 0)
		result = wait_for(&status, &is_late, child, &child_signal, subject->limit_s);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result == 0) {
		conclude(shared, status, is_late, subject->limit_s);
		*out = *shared;
	}
	munmap(shared, sizeof(*shared));
	return result;
}
