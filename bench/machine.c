/* Read from the system when it is asked for; nothing is kept. */
#include "bench/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/usage.h"
#include "bench_commit.h"
#include "bench_versions.h"

enum { LINE_BYTES = 256, SYNCS = 101, SYNC_BYTES = 4096 };

/* What stands behind a name at the beginning of a line of a file; to be freed, never NULL
 * unless memory is out. */
static char *
read_line(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	char *value = NULL;

	while (file != NULL && value == NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *at = line + strlen(name);

		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		at += strspn(at, " \t:=\"");
		value = strndup(at, strcspn(at, "\"\n"));
	}
	if (file != NULL)
		fclose(file);
	return value != NULL ? value : strdup("unknown");
}

json_t *
machine_json(void)
{
	char *processor = read_line("/proc/cpuinfo", "model name");
	char *os = read_line("/etc/os-release", "PRETTY_NAME");
	struct utsname about = { 0 };
	json_t *machine;

	uname(&about);
	machine = json_pack("{s:s, s:i, s:I, s:s, s:s}", "processor", processor, "processors",
	    (int)sysconf(_SC_NPROCESSORS_ONLN), "memory_bytes",
	    (json_int_t)sysconf(_SC_PHYS_PAGES) * (json_int_t)sysconf(_SC_PAGESIZE), "kernel", about.release,
	    "system", os);
	free(processor);
	free(os);
	return machine;
}

json_t *
versions_json(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "anagraph", BENCH_VERSION, "commit", BENCH_COMMIT,
	    "build", BENCH_BUILD, "compiler", BENCH_COMPILER, "grpc", BENCH_GRPC, "lmdb", BENCH_LMDB);
}

static int
compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* 0; -errno. */
static int
time_syncs(uint64_t spent_ns[SYNCS], int file)
{
	static const char bytes[SYNC_BYTES];

	for (int i = 0; i < SYNCS; i++) {
		uint64_t begun_ns = usage_now_ns();

		if (pwrite(file, bytes, sizeof(bytes), (off_t)i * SYNC_BYTES) != SYNC_BYTES)
			return -EIO;
		if (fdatasync(file) != 0)
			return -errno;
		spent_ns[i] = usage_now_ns() - begun_ns;
	}
	return 0;
}

json_t *
sync_json(const char *directory)
{
	uint64_t spent_ns[SYNCS];
	int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int result = file < 0 ? -errno : time_syncs(spent_ns, file);

	if (file >= 0)
		close(file);
	if (result != 0)
		return json_null();
	qsort(spent_ns, SYNCS, sizeof(spent_ns[0]), compare_numbers);
	return json_pack("{s:f, s:f, s:f, s:i}", "median", (double)spent_ns[SYNCS / 2] / 1e3, "least",
	    (double)spent_ns[0] / 1e3, "greatest", (double)spent_ns[SYNCS - 1] / 1e3, "count", SYNCS);
}
