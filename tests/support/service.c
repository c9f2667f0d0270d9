/* Starts and ends real daemons for tests, and runs programs to their end.
 *
 * Processes are made with posix_spawn, since a process that has started gRPC must
 * not fork, and through setpriv, which asks the kernel to kill the child when its
 * parent dies: a test that crashes or is killed leaves no daemon behind. Waits have
 * a guard, so that a daemon that hangs fails its test instead of the whole run; no
 * test depends on how long the guard is. */
#include "tests/support/service.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GUARD_MS = 60000, LINE_BYTES = 256, ARGUMENTS = 64, ENVIRONMENT = 512 };

struct service {
	char *data_dir;
	char *policy_dir;
	char *config_path; /* NULL: none */
	char *prose_path;  /* what the daemon writes to standard error, over all its runs */
	char *own_dir;     /* temporary, removed at the end; holds the prose */
	const char *const *arguments;
	const char *const *environment;
	char target[LINE_BYTES];
	pid_t pid; /* 0 when it does not run */
	int output_fd;
};

extern char **environ;

/* The parent's environment, less what extra sets anew, and then extra. */
static void
merge_environment(const char *merged[ENVIRONMENT], const char *const *extra)
{
	size_t count = 0;

	for (size_t i = 0; environ[i] != NULL; i++) {
		bool replaced = false;
		size_t name_size = strcspn(environ[i], "=") + 1;

		for (size_t j = 0; extra != NULL && extra[j] != NULL; j++)
			replaced = replaced || strncmp(environ[i], extra[j], name_size) == 0;
		assert(count < ENVIRONMENT - 1);
		if (!replaced)
			merged[count++] = environ[i];
	}
	for (size_t j = 0; extra != NULL && extra[j] != NULL; j++) {
		assert(count < ENVIRONMENT - 1);
		merged[count++] = extra[j];
	}
	merged[count] = NULL;
}

/* Spawns program with the descriptors as its standard output and error.
 * 0; -errno. */
static int
spawn(pid_t *pid, const char *program, const char *const *arguments, const char *const *environment,
    int output_fd, int prose_fd)
{
	const char *argv[ARGUMENTS] = { "setpriv", "--pdeathsig", "KILL", "--", program };
	const char *envp[ENVIRONMENT];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t all;
	size_t count = 5;
	int result;

	for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) {
		assert(count < ARGUMENTS - 1);
		argv[count++] = arguments[i];
	}
	merge_environment(envp, environment);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawn_file_actions_init(&actions);
	result = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (result == 0)
		result = posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
	if (result == 0)
		result = posix_spawn_file_actions_adddup2(&actions, prose_fd, STDERR_FILENO);
	if (result == 0)
		result = posix_spawnp(pid, "setpriv", &actions, &attributes, (char *const *)(uintptr_t)argv,
		    (char *const *)(uintptr_t)envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -result;
}

/* Waits for a child to end, killing it once the guard has passed. Its exit status,
 * or 128 + the signal that ended it. */
static int
reap(pid_t pid)
{
	struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int status;

	if (ended.fd >= 0) {
		if (poll(&ended, 1, GUARD_MS) == 0) {
			fprintf(stderr, "process %d does not end: killed\n", (int)pid);
			kill(pid, SIGKILL);
		}
		close(ended.fd);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *
test_directory_create(void)
{
	const char *parent = getenv("ANAGRAPH_TEST_DIR");
	char *path;

	if (asprintf(&path, "%s/anagraph-test-XXXXXX", parent != NULL ? parent : "/tmp") < 0)
		return NULL;
	if (mkdtemp(path) == NULL) {
		free(path);
		return NULL;
	}
	return path;
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *position)
{
	(void)info;
	(void)type;
	(void)position;
	return remove(path);
}

void
test_directory_remove(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Reads the daemon's standard output up to the line that says where it listens.
 * 0; -EPROTO when it ended or wrote something else; -ETIMEDOUT. */
static int
read_ready_line(char target[LINE_BYTES], int fd)
{
	static const char prefix[] = "ready on ";
	char line[LINE_BYTES];
	size_t size = 0;

	while (size < sizeof(line) - 1) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };

		if (poll(&readable, 1, GUARD_MS) == 0)
			return -ETIMEDOUT;
		if (read(fd, line + size, 1) != 1)
			return -EPROTO;
		if (line[size] == '\n')
			break;
		size++;
	}
	line[size] = '\0';
	if (strncmp(line, prefix, sizeof(prefix) - 1) != 0)
		return -EPROTO;
	memcpy(target, line + sizeof(prefix) - 1, size - (sizeof(prefix) - 1) + 1);
	return 0;
}

/* All of a file, NUL-terminated, to be freed; NULL when it can't be read. */
static char *
read_all(int fd)
{
	struct stat info;
	char *text;

	if (fd < 0 || fstat(fd, &info) != 0)
		return NULL;
	text = calloc(1, (size_t)info.st_size + 1);
	if (text == NULL)
		return NULL;
	if (pread(fd, text, (size_t)info.st_size, 0) != info.st_size) {
		free(text);
		return NULL;
	}
	return text;
}

char *
service_read_prose(const struct service *service)
{
	int fd = open(service->prose_path, O_RDONLY | O_CLOEXEC);
	char *prose = read_all(fd);

	if (fd >= 0)
		close(fd);
	return prose;
}

void
service_print_prose(const struct service *service)
{
	char *prose = service_read_prose(service);

	fprintf(stderr, "--- standard error of the daemon\n%s---\n", prose != NULL ? prose : "unreadable\n");
	free(prose);
}

/* Runs the daemon on the service's store. 0; -errno, with nothing left running. */
static int
launch(struct service *service)
{
	/* A busy machine may give a policy's process no time for long: that is no failure here. */
	const char *arguments[ARGUMENTS] = { "--listen", "127.0.0.1:0", "--data-dir", service->data_dir,
		"--policy-dir", service->policy_dir, "--policy-deadline-ms", "10000" };
	const char *program = getenv("ANAGRAPHD");
	const char *run = getenv("ANAGRAPH_POLICY_RUN");
	size_t count = 8;
	int output[2] = { -1, -1 };
	int prose_fd;
	int result;

	if (program == NULL)
		return -ENOENT;
	if (service->config_path != NULL) {
		arguments[count++] = "--config";
		arguments[count++] = service->config_path;
	}
	if (run != NULL && *run != '\0') {
		arguments[count++] = "--policy-run";
		arguments[count++] = run;
	}
	for (size_t i = 0; service->arguments != NULL && service->arguments[i] != NULL; i++) {
		assert(count < ARGUMENTS - 1);
		arguments[count++] = service->arguments[i];
	}
	prose_fd = open(service->prose_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (prose_fd < 0)
		return -errno;
	result = pipe2(output, O_CLOEXEC) == 0 ? 0 : -errno;
	if (result == 0)
		result = spawn(&service->pid, program, arguments, service->environment, output[1], prose_fd);
	close(prose_fd);
	if (output[1] >= 0)
		close(output[1]);
	service->output_fd = output[0];
	if (result != 0) {
		service->pid = 0;
		return result;
	}
	result = read_ready_line(service->target, service->output_fd);
	if (result != 0) {
		service_kill(service);
		service_print_prose(service);
	}
	return result;
}

char *
test_file_create(const char *directory, const char *name, const char *text)
{
	size_t size = strlen(text);
	char *path;
	bool written;
	int fd;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	written = fd >= 0 && write(fd, text, size) == (ssize_t)size;
	if (fd >= 0)
		close(fd);
	if (written)
		return path;
	free(path);
	return NULL;
}

int
service_start(struct service **out, const struct service_options *options)
{
	const struct service_options none = { 0 };
	const char *policy_dir;
	struct service *service = calloc(1, sizeof(*service));
	int result;

	if (service == NULL)
		return -ENOMEM;
	if (options == NULL)
		options = &none;
	policy_dir = options->policy_dir != NULL ? options->policy_dir : getenv("ANAGRAPH_POLICY_DIR");
	service->output_fd = -1;
	service->arguments = options->arguments;
	service->environment = options->environment;
	service->own_dir = test_directory_create();
	if (service->own_dir == NULL || policy_dir == NULL) {
		service_destroy(service);
		return -ENOENT;
	}
	service->policy_dir = strdup(policy_dir);
	if (options->config != NULL) {
		service->config_path = test_file_create(service->own_dir, "anagraph.yaml", options->config);
		if (service->config_path == NULL) {
			service_destroy(service);
			return -EIO;
		}
	}
	if (asprintf(&service->prose_path, "%s/prose", service->own_dir) < 0)
		service->prose_path = NULL;
	if (options->data_dir != NULL)
		service->data_dir = strdup(options->data_dir);
	else if (asprintf(&service->data_dir, "%s/store", service->own_dir) < 0)
		service->data_dir = NULL;
	result = service->prose_path != NULL && service->data_dir != NULL ? launch(service) : -ENOMEM;
	if (result != 0) {
		service_destroy(service);
		return result;
	}
	*out = service;
	return 0;
}

const char *
service_target(const struct service *service)
{
	return service->target;
}

const char *
service_data_dir(const struct service *service)
{
	return service->data_dir;
}

pid_t
service_pid(const struct service *service)
{
	return service->pid;
}

/* Signals the daemon and waits for its end. */
static int
finish(struct service *service, int signal_number)
{
	int status = 0;

	if (service->pid != 0) {
		kill(service->pid, signal_number);
		status = reap(service->pid);
		service->pid = 0;
	}
	if (service->output_fd >= 0)
		close(service->output_fd);
	service->output_fd = -1;
	return status;
}

int
service_stop(struct service *service)
{
	return finish(service, SIGTERM);
}

void
service_kill(struct service *service)
{
	finish(service, SIGKILL);
}

int
service_wait(struct service *service)
{
	return finish(service, 0);
}

int
service_restart(struct service *service)
{
	assert(service->pid == 0);
	return launch(service);
}

void
service_destroy(struct service *service)
{
	if (service == NULL)
		return;
	service_kill(service);
	if (service->own_dir != NULL)
		test_directory_remove(service->own_dir);
	free(service->own_dir);
	free(service->data_dir);
	free(service->policy_dir);
	free(service->prose_path);
	free(service->config_path);
	free(service);
}

int
service_run(int *status, char **output, char **prose, const char *program, const char *const *arguments)
{
	int output_fd = memfd_create("output", MFD_CLOEXEC);
	int prose_fd = memfd_create("prose", MFD_CLOEXEC);
	pid_t pid;
	int result = output_fd < 0 || prose_fd < 0 ? -errno : 0;

	if (result == 0)
		result = spawn(&pid, program, arguments, NULL, output_fd, prose_fd);
	if (result == 0) {
		int ended = reap(pid);

		if (status != NULL)
			*status = ended;
		if (output != NULL)
			*output = read_all(output_fd);
		if (prose != NULL)
			*prose = read_all(prose_fd);
	}
	if (output_fd >= 0)
		close(output_fd);
	if (prose_fd >= 0)
		close(prose_fd);
	return result;
}
