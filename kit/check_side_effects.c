/* Whether a policy leaves the process as it was. All that can be seen of the process is
 * written down as text before the policy is loaded, while an instance is there, and
 * after it is given back. */
#include <dirent.h>
#include <errno.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit/samples.h"

enum { TEXT_BYTES = 8192 };

struct text {
	char bytes[TEXT_BYTES];
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text->bytes + text->size, TEXT_BYTES - text->size, format, arguments);
	va_end(arguments);
	if (size > 0 && (size_t)size < TEXT_BYTES - text->size)
		text->size += (size_t)size;
}

static void
read_locale(struct text *text)
{
	add(text, "%s %d", setlocale(LC_ALL, NULL), uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
}

static void
read_directory(struct text *text)
{
	char path[4096];

	add(text, "%s", getcwd(path, sizeof(path)) != NULL ? path : "?");
}

static void
read_descriptors(struct text *text)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		char target[256];
		ssize_t size = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target));

		if (size > 0 && strtol(entry->d_name, NULL, 10) != dirfd(directory))
			add(text, "%s %.*s\n", entry->d_name, (int)size, target);
	}
	closedir(directory);
}

static void
read_signal_mask(struct text *text)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int number = 1; number < NSIG; number++)
		add(text, "%d", sigismember(&mask, number));
}

static void
read_signal_handlers(struct text *text)
{
	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0)
			add(text, "%d %p\n", number, (void *)(uintptr_t)action.sa_handler);
	}
}

/* Of the environment only whether it is the same: it may be long. */
static void
read_environment(struct text *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t count = 0;

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		for (const char *at = *entry; *at != '\0'; at++)
			hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
		hash = (hash ^ 0xff) * UINT64_C(0x100000001b3);
		count++;
	}
	add(text, "%zu %llx", count, (unsigned long long)hash);
}

static void
read_threads(struct text *text)
{
	DIR *directory = opendir("/proc/self/task");
	const struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		add(text, "%s ", entry->d_name);
	closedir(directory);
}

static void
read_file_mode_mask(struct text *text)
{
	mode_t mask = umask(0);

	umask(mask);
	add(text, "%o", (unsigned)mask);
}

static void
read_rounding(struct text *text)
{
	add(text, "%d", fegetround());
}

/* How much has been written; both are files by then. */
static void
read_output(struct text *text)
{
	struct stat output, prose;

	fflush(NULL);
	if (fstat(STDOUT_FILENO, &output) == 0 && fstat(STDERR_FILENO, &prose) == 0)
		add(text, "%lld %lld", (long long)output.st_size, (long long)prose.st_size);
}

static const struct {
	const char *name;
	void (*read)(struct text *text);
} effects[] = {
	{ "the locale", read_locale },
	{ "the working directory", read_directory },
	{ "the open descriptors", read_descriptors },
	{ "the signal mask", read_signal_mask },
	{ "a signal's handler", read_signal_handlers },
	{ "the environment", read_environment },
	{ "the threads", read_threads },
	{ "the file mode mask", read_file_mode_mask },
	{ "the rounding of numbers", read_rounding },
	{ "what was written to standard output or error", read_output },
};

enum { EFFECT_COUNT = sizeof(effects) / sizeof(effects[0]) };

static void
look(struct text seen[EFFECT_COUNT])
{
	for (size_t i = 0; i < EFFECT_COUNT; i++) {
		seen[i].size = 0;
		seen[i].bytes[0] = '\0';
		effects[i].read(&seen[i]);
	}
}

static enum outcome
compare(struct trial *trial, const struct text before[EFFECT_COUNT], const char *when)
{
	static struct text now[EFFECT_COUNT];

	look(now);
	for (size_t i = 0; i < EFFECT_COUNT; i++) {
		if (strcmp(now[i].bytes, before[i].bytes) != 0)
			return trial_fail(trial, "%s it has changed: %s", when, effects[i].name);
	}
	return OUTCOME_PASS;
}

/* Standard output and error to files that can be measured. */
static bool
catch_output(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	return fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
}

static enum outcome
ask_all(struct trial *trial, const struct loaded *loaded)
{
	static struct sample samples[SAMPLE_COUNT];

	samples_draw(samples, loaded->descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		int after;

		errno = EXDEV;
		loaded_ask(loaded, &samples[i].conflict);
		after = errno;
		if (after != EXDEV)
			return trial_fail(trial, "decide sets errno to %d, conflict %zu", after, i);
	}
	return OUTCOME_PASS;
}

enum outcome
check_side_effects(struct trial *trial)
{
	static struct text before[EFFECT_COUNT];
	struct loaded loaded;
	enum outcome outcome;

	if (!catch_output())
		return trial_skip(trial, "there is no memory for it");
	look(before);
	outcome = loaded_start(&loaded, trial);
	if (outcome == OUTCOME_PASS)
		outcome = ask_all(trial, &loaded);
	if (outcome == OUTCOME_PASS)
		outcome = compare(trial, before, "while it runs");
	if (outcome != OUTCOME_PASS)
		return outcome;
	loaded.descriptor->destroy(loaded.instance);
	return compare(trial, before, "when it is gone");
}
