/* What a process costs by the system's own accounts: processor time, memory, what it has
 * written, and what its disk has. Another user's process may not tell all of it: what is
 * not told is absent, never zero. */
#ifndef ANAGRAPH_BENCH_USAGE_H
#define ANAGRAPH_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
	uint64_t cpu_ns;         /* of all its threads, in the kernel as well */
	uint64_t kernel_cpu_us;  /* of that, in the kernel; in hundredths of a second */
	uint64_t resident_bytes; /* besides what is mapped from files */
	uint64_t mapped_bytes;   /* resident, mapped from files */
	uint64_t written_bytes;  /* what it had the kernel write to disks */
	uint64_t disk_bytes;     /* what the disk was told to write, whoever told it */
	bool has_written_bytes;
	bool has_disk_bytes;
};

/* Of a process, and of the disk on which a path lies; path may be NULL. 0; -errno. */
int usage_read(struct usage *out, pid_t pid, const char *path);

/* CLOCK_MONOTONIC */
uint64_t usage_now_ns(void);

#endif
