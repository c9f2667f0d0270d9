/* A database of many processes is accounted for as a whole: its children live as long as
 * their connections, and those that end are added to their parent by the system, to the
 * hundredth of a second. */
#include "bench/peers/peer.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 1024 };

/* As proc(5) counts them. */
enum { FIELD_NAME = 2, FIELD_PARENT = 4, FIELD_WAITED_USER = 16, FIELD_WAITED_KERNEL = 17 };

/* What of /proc/PID/stat is of interest. */
struct process {
	long parent;
	uint64_t waited_ticks; /* of children that have ended */
};

void
peer_source_init(struct peer_source *source, const struct dataset *dataset, uint64_t seed)
{
	source->dataset = dataset;
	source->random = seed;
	keys_init(&source->keys, dataset_size(dataset), 0);
}

void
peer_source_next(struct peer_key *out, struct peer_source *source)
{
	uint64_t number = keys_next(&source->keys, &source->random);

	dataset_account(out->account, source->dataset, number / source->dataset->contacts_per_account);
	dataset_make_key(&out->key, source->dataset->seed, number);
}

void
peer_round_begin(struct peer_round *round, double seconds, unsigned in_flight)
{
	memset(round, 0, sizeof(*round));
	round->seconds = seconds;
	round->in_flight = in_flight;
}

/* 0; -errno, for a process that has just ended as well. */
static int
read_process(struct process *out, const char *pid)
{
	char path[PATH_BYTES];
	char line[LINE_BYTES];
	char *rest = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	/* The name may hold anything; behind it there are numbers. */
	if (fgets(line, sizeof(line), file) != NULL)
		rest = strrchr(line, ')');
	fclose(file);
	memset(out, 0, sizeof(*out));
	for (int field = FIELD_NAME; rest != NULL && field <= FIELD_WAITED_KERNEL; field++) {
		if (field == FIELD_PARENT)
			out->parent = strtol(rest, NULL, 10);
		else if (field == FIELD_WAITED_USER || field == FIELD_WAITED_KERNEL)
			out->waited_ticks += strtoull(rest, NULL, 10);
		rest = strchr(rest + 1, ' ');
	}
	return rest != NULL ? 0 : -ESRCH;
}

/* 0; -errno. */
static int
read_clock(uint64_t *out, pid_t pid)
{
	struct timespec spent;
	clockid_t clock;
	int result = -clock_getcpuclockid(pid, &clock);

	if (result == 0 && clock_gettime(clock, &spent) != 0)
		result = -errno;
	if (result == 0)
		*out = (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
	return result;
}

/* Adds the children that live. 0; -errno. */
static int
add_children(uint64_t *sum_ns, pid_t pid)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	if (processes == NULL)
		return -errno;
	while ((entry = readdir(processes)) != NULL) {
		struct process process;
		uint64_t child_ns;

		if (!isdigit((unsigned char)entry->d_name[0]) || read_process(&process, entry->d_name) != 0 ||
		    process.parent != pid)
			continue;
		if (read_clock(&child_ns, (pid_t)strtol(entry->d_name, NULL, 10)) == 0)
			*sum_ns += child_ns;
	}
	closedir(processes);
	return 0;
}

int
peer_cpu_ns(uint64_t *out, pid_t pid, bool children)
{
	char text[PATH_BYTES];
	struct process process;
	uint64_t sum_ns;
	int result = read_clock(&sum_ns, pid);

	if (result == 0 && children) {
		snprintf(text, sizeof(text), "%d", (int)pid);
		result = read_process(&process, text);
		if (result == 0)
			result = add_children(&sum_ns, pid);
		if (result == 0)
			sum_ns += process.waited_ticks * 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	}
	if (result == 0)
		*out = sum_ns;
	return result;
}
