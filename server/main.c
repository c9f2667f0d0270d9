/* anagraphd: wires the rooms together and sees the daemon through its life.
 *
 * The order matters. Signals are blocked before any thread is made. The store is opened
 * and policies are loaded before gRPC starts, which makes threads and descriptors of its
 * own. SIGHUP loads the policies anew, in between. At the end whoever watches is told first, then calls are
 * drained, then the committer ends, then gRPC, then the store. Whatever keeps it from serving is told in one
 * line. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/phone.h"
#include "server/config.h"
#include "server/key.h"
#include "server/log.h"
#include "server/policies.h"
#include "server/rpc/rpc.h"
#include "server/running.h"

enum { EXIT_USAGE = 2, DESCRIPTORS = 65536, WARMER_NICE = 5 };

struct daemon {
	int argument_count;
	char *const *arguments;
	struct config config;
	int signal_fd;
	int failed_fd; /* readable once the committer has failed for good */
	char *policy_copy_dir;
	struct graph *graph;
	struct running *running;
	struct engine *engine;
	struct rpc *rpc;
	pthread_t warmer; /* reads the store once, while calls are served already */
	bool warms;
	atomic_bool ending;
};

static void
log_message(void *context, const char *message)
{
	(void)context;
	log_line("%s", message);
}

/* The committer's last word: tells it and wakes the main thread, which ends the daemon. */
static void
note_failure(void *context, const char *message)
{
	const struct daemon *daemon = context;

	log_line("%s", message);
	log_line("a write to stable storage failed: nothing more is written, the daemon ends");
	if (eventfd_write(daemon->failed_fd, 1) != 0)
		abort();
}

/* A process that leaves nothing behind that others could read, and that may hold as many
 * connections as it is asked to. */
static void
harden(void)
{
	struct rlimit limit = { 0, 0 };

	umask(077);
	setrlimit(RLIMIT_CORE, &limit);
	prctl(PR_SET_DUMPABLE, 0L); /* that limit holds for files, not for programs that take cores in */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS) {
		limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Told only to somebody whose daemon runs: what keeps it from running comes first. */
static void
warn_of_few_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS)
		log_line("warning: only %llu descriptors are allowed, %d are wanted",
		    (unsigned long long)limit.rlim_cur, DESCRIPTORS);
}

/* 0; -errno. */
static int
take_signals(struct daemon *daemon)
{
	sigset_t taken;

	signal(SIGPIPE, SIG_IGN);
	/* Whoever ignores it has the system take away what is told of a worker's end. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &taken, NULL);
	daemon->signal_fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->failed_fd = eventfd(0, EFD_CLOEXEC);
	return daemon->signal_fd < 0 || daemon->failed_fd < 0 ? -errno : 0;
}

static int
load_phone_library(void)
{
	int result = phone_library_init();

	if (result < 0)
		log_line("cannot load the tables of phone numbers: %s", strerror(-result));
	return result;
}

/* Where the key of the store's digests is. 0; -ENAMETOOLONG. */
static int
key_path(char path[PATH_MAX], const struct config *config)
{
	int size = config->key_file != NULL ? snprintf(path, PATH_MAX, "%s", config->key_file)
					    : snprintf(path, PATH_MAX, "%s/key", config->data_dir);

	return size < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Reads the key, or makes it for a store that is yet to be made: for one that is there it
 * would be another than its own. 0; anything else has been told. */
static int
load_key(struct digest_key *key, const struct config *config)
{
	struct graph_error graph_error;
	struct key_error error;
	char path[PATH_MAX];
	int result = key_path(path, config);

	if (result < 0) {
		log_line("the key file's path is too long");
		return result;
	}
	result = key_read(key, &error, path);
	if (result == KEY_E_ABSENT && graph_is_there(config->data_dir)) {
		log_line("%s, and the store in %s can't be used without the key that it was made with",
		    error.message, config->data_dir);
		return result;
	}
	if (result == KEY_E_ABSENT) {
		result = graph_make_directory(config->data_dir, &graph_error);
		if (result != 0) {
			log_line("%s", graph_error.message);
			return result;
		}
		result = key_make(key, &error, path);
	}
	if (result != 0)
		log_line("%s", error.message);
	return result;
}

static int
open_store(struct daemon *daemon)
{
	struct graph_options options = {
		.data_dir = daemon->config.data_dir,
		.map_size_bytes = daemon->config.map_size_bytes,
		.phone_library_version = phone_library_version(),
	};
	struct graph_error error;
	int result = load_key(&options.key, &daemon->config);

	if (result != 0)
		return result;
	result = graph_open(&daemon->graph, &options, &error);
	if (result != 0)
		log_line("%s", error.message);
	return result;
}

static int
load_policies(struct daemon *daemon)
{
	if (asprintf(&daemon->policy_copy_dir, "%s/policies", daemon->config.data_dir) < 0) {
		daemon->policy_copy_dir = NULL;
		return -ENOMEM;
	}
	return running_start(&daemon->running, &daemon->config, daemon->policy_copy_dir);
}

static int
start_engine(struct daemon *daemon)
{
	const struct engine_options options = {
		.graph = daemon->graph,
		.settings = &daemon->config.settings,
		.decider = running_decider(daemon->running),
		.log = log_message,
		.failed = note_failure,
		.failed_context = daemon,
	};
	int result = engine_create(&daemon->engine, &options);

	if (result < 0)
		log_line("cannot start the committer: %s", strerror(-result));
	return result;
}

static int
start_serving(struct daemon *daemon)
{
	const struct rpc_options options = {
		.engine = daemon->engine,
		.graph = daemon->graph,
		.settings = &daemon->config.settings,
		.callers = daemon->config.has_identity ? &daemon->config.callers : NULL,
		.identity = daemon->config.has_identity ? &daemon->config.identity : NULL,
		.thread_count = daemon->config.thread_count,
		.log = log_message,
	};
	char address[CONFIG_ADDRESS_BYTES + 8];
	unsigned port;
	int result = rpc_create(&daemon->rpc, &options);

	if (result < 0) {
		log_line("cannot start gRPC: %s", strerror(-result));
		return result;
	}
	snprintf(address, sizeof(address), "%s:%u", daemon->config.host, daemon->config.port);
	result = rpc_listen(&port, daemon->rpc, address);
	if (result == RPC_E_IDENTITY) {
		log_line("the certificate, the key and the callers' authority don't make an identity");
		return result;
	}
	if (result != 0) {
		log_line("cannot listen on %s: the port is in use, or not this user's to use", address);
		return result;
	}
	result = rpc_start(daemon->rpc);
	if (result < 0) {
		log_line("cannot start the threads: %s", strerror(-result));
		_exit(EXIT_FAILURE);
	}
	warn_of_few_descriptors();
	printf("ready on %s:%u\n", daemon->config.host, port);
	fflush(stdout);
	return 0;
}

/* Nobody waits for it, so it gives way to all others. */
static void *
run_warmer(void *context)
{
	struct daemon *daemon = context;
	int result;

	setpriority(PRIO_PROCESS, (id_t)gettid(), WARMER_NICE);
	result = graph_warm(daemon->graph, &daemon->ending);
	if (result < 0)
		log_line("the store can't be read ahead: %s", strerror(-result));
	return NULL;
}

/* Waits for a signal or for the committer's failure. */
static void
wait_for_news(const struct daemon *daemon)
{
	struct pollfd waited[] = {
		{ .fd = daemon->signal_fd, .events = POLLIN },
		{ .fd = daemon->failed_fd, .events = POLLIN },
	};

	while (poll(waited, 2, -1) < 0 && errno == EINTR)
		;
}

/* The signal that came, if one did; else 0. */
static unsigned
next_signal(const struct daemon *daemon)
{
	struct signalfd_siginfo info;

	return read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info) ? info.ssi_signo : 0;
}

static bool
has_failed(const struct daemon *daemon)
{
	struct pollfd failed = { .fd = daemon->failed_fd, .events = POLLIN };

	return poll(&failed, 1, 0) == 1;
}

/* Serves until it is told to end, or must. Returns whether the committer failed. */
static bool
serve(struct daemon *daemon)
{
	for (;;) {
		unsigned signal_number;

		wait_for_news(daemon);
		if (has_failed(daemon))
			return true;
		signal_number = next_signal(daemon);
		if (signal_number == SIGHUP)
			running_reload(
			    daemon->running, daemon->engine, daemon->argument_count, daemon->arguments);
		else if (signal_number != 0)
			return false;
	}
}

/* Gives back whatever there is. */
static void
finish(struct daemon *daemon)
{
	atomic_store(&daemon->ending, true);
	if (daemon->warms)
		pthread_join(daemon->warmer, NULL);
	engine_destroy(daemon->engine);
	rpc_destroy(daemon->rpc);
	graph_close(daemon->graph);
	running_finish(daemon->running);
	free(daemon->policy_copy_dir);
	config_finish(&daemon->config);
	if (daemon->failed_fd >= 0)
		close(daemon->failed_fd);
	if (daemon->signal_fd >= 0)
		close(daemon->signal_fd);
}

/* From start to end. 0; anything else has been told. */
static int
run(struct daemon *daemon)
{
	int result = load_phone_library();

	if (result == 0)
		result = open_store(daemon);
	if (result == 0)
		result = load_policies(daemon);
	if (result == 0)
		result = start_engine(daemon);
	if (result == 0)
		result = start_serving(daemon);
	if (result != 0)
		return result;
	daemon->warms = pthread_create(&daemon->warmer, NULL, run_warmer, daemon) == 0;
	if (!serve(daemon))
		log_line("draining");
	rpc_announce_end(daemon->rpc);
	engine_drain(daemon->engine);
	rpc_drain(daemon->rpc);
	return has_failed(daemon) ? -EIO : 0;
}

/* --check-config, once the settings have been read. 0; anything else has been told. */
static int
check_config(const struct config *config)
{
	struct policy_error error;
	int result = policies_check(&error, config);

	if (result == POLICY_E_REFUSED)
		log_line("%s", error.message);
	else if (result < 0)
		log_line("cannot look at the policies: %s", strerror(-result));
	if (result != 0)
		return result;
	printf("%s: ok (%zu account%s)\n", config->config_file != NULL ? config->config_file : "command line",
	    config->settings.account_count, config->settings.account_count == 1 ? "" : "s");
	return 0;
}

int
main(int argument_count, char **arguments)
{
	struct daemon daemon = {
		.argument_count = argument_count,
		.arguments = arguments,
		.signal_fd = -1,
		.failed_fd = -1,
	};
	struct config_error error;
	int result = config_parse(&daemon.config, &error, argument_count, arguments);

	switch (result) {
	case 0:
		break;
	case CONFIG_E_HELP:
		fputs(config_usage(), stdout);
		return EXIT_SUCCESS;
	case CONFIG_E_VERSION:
		puts("anagraphd " ANAGRAPH_VERSION);
		return EXIT_SUCCESS;
	case CONFIG_E_USAGE:
		log_line("%s (--help tells more)", error.message);
		return EXIT_USAGE;
	case CONFIG_E_FILE:
		log_line("%s", error.message);
		return EXIT_USAGE;
	default:
		log_line("cannot read the settings: %s", strerror(-result));
		return EXIT_FAILURE;
	}
	if (daemon.config.check) {
		result = check_config(&daemon.config);
		config_finish(&daemon.config);
		return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	harden();
	result = take_signals(&daemon);
	if (result < 0)
		log_line("cannot take signals: %s", strerror(-result));
	else
		result = run(&daemon);
	finish(&daemon);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
