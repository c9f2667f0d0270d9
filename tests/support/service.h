/* A daemon under test: the real binary on a real port with a real store.
 *
 * Where binaries lie is told by the environment, set by meson: ANAGRAPHD,
 * ANAGRAPH_POLICY_DIR, ANAGRAPH_COMMAND. Where the daemon's policies run is told by
 * ANAGRAPH_POLICY_RUN, as to --policy-run. A test's temporary directories lie under
 * $ANAGRAPH_TEST_DIR (else /tmp). A daemon never outlives its test: it is killed
 * when the test's process ends, however that ends. */
#ifndef ANAGRAPH_TESTS_SUPPORT_SERVICE_H
#define ANAGRAPH_TESTS_SUPPORT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct service;

struct service_options {
	const char *data_dir;           /* NULL: a temporary one, removed by service_destroy */
	const char *policy_dir;         /* NULL: the stock policies */
	const char *config;             /* what its settings file says; NULL: it has none */
	const char *const *arguments;   /* more arguments, NULL-terminated; may be NULL */
	const char *const *environment; /* more "NAME=value", NULL-terminated; may be NULL */
};

/* Starts a daemon on a free port of 127.0.0.1 and waits for its ready line.
 * options may be NULL. 0; -errno, also when it ended before it was ready. */
int service_start(struct service **out, const struct service_options *options);

/* "127.0.0.1:PORT", and the directory of its store; borrowed. */
const char *service_target(const struct service *service);
const char *service_data_dir(const struct service *service);
pid_t service_pid(const struct service *service);

/* Ends it with SIGTERM and waits: its exit status, or 128 + the signal that ended it. */
int service_stop(struct service *service);

/* Ends it with SIGKILL and waits. */
void service_kill(struct service *service);

/* Waits until it ends by itself: its exit status, or 128 + the signal that ended it. */
int service_wait(struct service *service);

/* All that it has said on standard error over all its runs, NUL-terminated, to be
 * freed; NULL when that can't be read. */
char *service_read_prose(const struct service *service);

/* Writes what the daemon has said on standard error to the test's own. */
void service_print_prose(const struct service *service);

/* Starts it again on the same store, after service_stop or service_kill. The port may
 * be another. 0; -errno. */
int service_restart(struct service *service);

/* Kills it if it runs, frees it, removes its temporary store; accepts NULL. */
void service_destroy(struct service *service);

/* Runs a daemon (or the command) to its end with arguments and gives what it wrote to
 * standard output and standard error, NUL-terminated and to be freed, and its exit
 * status (128 + signal). Either pointer may be NULL. 0; -errno. */
int service_run(int *status, char **output, char **prose, const char *program, const char *const *arguments);

/* Makes a file that its owner alone may read and write; its path, to be freed, or NULL. */
char *test_file_create(const char *directory, const char *name, const char *text);

/* Makes a temporary directory, to be freed; and removes one with all in it. */
char *test_directory_create(void);
void test_directory_remove(const char *path);

#endif
