/* The clock of a process counts every thread to the nanosecond; the rest is text below
 * /proc. */
#include "bench/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 512, SECTOR_BYTES = 512 };

/* Before which word a number is: in /proc/PID/stat from the end of the name on, and in a line of
 * /proc/diskstats (proc(5)). */
enum { KERNEL_TICKS_AT = 13, SECTORS_WRITTEN_AT = 9 };

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

/* A line from where so many of its words, parted by blanks, are behind. */
static const char *
skip_words(const char *line, unsigned count)
{
	for (; count > 0; count--) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	return line;
}

/* The number that a line goes on with, if it does. */
static bool
read_number(uint64_t *out, const char *line)
{
	char *end;
	uint64_t number = strtoull(line, &end, 10);

	if (end == line)
		return false;
	*out = number;
	return true;
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

		found = strncmp(line, name, size) == 0 && read_number(out, line + size);
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
		read_number(&ticks, skip_words(rest, KERNEL_TICKS_AT));
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
		uint64_t major_number;
		uint64_t minor_number;
		uint64_t sectors;

		found = read_number(&major_number, line) && read_number(&minor_number, skip_words(line, 1)) &&
		    read_number(&sectors, skip_words(line, SECTORS_WRITTEN_AT)) &&
		    makedev((unsigned)major_number, (unsigned)minor_number) == info.st_dev;
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
