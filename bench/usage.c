/* The clock of a process counts every thread to the nanosecond; the rest is text below
 * /proc. */
#include "bench/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 512, SECTOR_BYTES = 512 };

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
usage_now_ns(void)
{
	return nanoseconds(CLOCK_MONOTONIC);
}

/* The number behind a name at the beginning of a line of /proc/PID/FILE. */
static bool
read_named(uint64_t *out, pid_t pid, const char *file, const char *name)
{
	char path[PATH_BYTES];
	char line[LINE_BYTES];
	bool found = false;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	stream = fopen(path, "re");
	while (stream != NULL && !found && fgets(line, sizeof(line), stream) != NULL) {
		size_t size = strlen(name);

		found = strncmp(line, name, size) == 0 && sscanf(line + size, " %" SCNu64, out) == 1;
	}
	if (stream != NULL)
		fclose(stream);
	return found;
}

/* The time spent in the kernel stands after the name, which may contain anything. */
static uint64_t
read_kernel_us(pid_t pid)
{
	char path[PATH_BYTES];
	char line[LINE_BYTES];
	uint64_t ticks = 0;
	const char *rest = NULL;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stream = fopen(path, "re");
	if (stream == NULL)
		return 0;
	if (fgets(line, sizeof(line), stream) != NULL)
		rest = strrchr(line, ')');
	if (rest != NULL)
		sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks);
	fclose(stream);
	return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* What the disk that has the path was told to write. */
static bool
read_disk(uint64_t *bytes, const char *path)
{
	char line[LINE_BYTES];
	struct stat info;
	bool found = false;
	FILE *stream;

	if (path == NULL || stat(path, &info) != 0)
		return false;
	stream = fopen("/proc/diskstats", "re");
	while (stream != NULL && !found && fgets(line, sizeof(line), stream) != NULL) {
		unsigned major_number;
		unsigned minor_number;
		uint64_t sectors;

		found = sscanf(line, "%u %u %*s %*u %*u %*u %*u %*u %*u %" SCNu64, &major_number,
			    &minor_number, &sectors) == 3 &&
		    makedev(major_number, minor_number) == info.st_dev;
		if (found)
			*bytes = sectors * SECTOR_BYTES;
	}
	if (stream != NULL)
		fclose(stream);
	return found;
}

int
usage_read(struct usage *out, pid_t pid, const char *path)
{
	struct usage usage = { 0 };
	clockid_t clock;
	uint64_t kib;
	int result = -clock_getcpuclockid(pid, &clock);

	if (result != 0)
		return result;
	usage.cpu_ns = nanoseconds(clock);
	usage.kernel_cpu_us = read_kernel_us(pid);
	if (read_named(&kib, pid, "status", "RssAnon:"))
		usage.resident_bytes = kib * 1024;
	if (read_named(&kib, pid, "status", "RssFile:"))
		usage.mapped_bytes = kib * 1024;
	usage.has_written_bytes = read_named(&usage.written_bytes, pid, "io", "write_bytes:");
	usage.has_disk_bytes = read_disk(&usage.disk_bytes, path);
	*out = usage;
	return 0;
}
