/* What a policy needs once it is loaded is memory and the processor; the worker itself needs
 * to wait for questions besides. All else ends the worker at once (SIGSYS), which its
 * daemon tells by that signal. Calls on descriptors are answered with EBADF, which is what
 * they would find, so that a forgotten printf does no harm.
 *
 * Loading is the weaker moment: the linker has to open libraries, and their constructors
 * and the policy's run then. Landlock leaves them the system's libraries to read; without
 * it any file that the daemon's user may read. Nothing can be written, sent or started
 * even then.
 *
 * A sanitizer needs more calls and terabytes of addresses: built with one, a worker is not
 * confined, and says that it is not walled. */
#include "server/worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Of a kernel newer than the headers this was first built with: cutting files short, and
 * talking to devices. */
#define WALL_TRUNCATE (UINT64_C(1) << 14)
#define WALL_DEVICES (UINT64_C(1) << 15)

static const uint64_t WALL_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;

/* Where the system's linker looks. */
static const char *const LIBRARY_PATHS[] = { "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
	"/etc/ld.so.cache" };

static int
limit(__rlimit_resource_t resource, rlim_t most)
{
	struct rlimit limits = { most, most };

	return setrlimit(resource, &limits) < 0 ? -errno : 0;
}

static int
set_limits(void)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_AS, LIMIT_POLICY_MEMORY_BYTES },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_NOFILE, 16 }, /* for the linker */
		{ RLIMIT_NPROC, 0 },
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < COUNT_OF(limits); i++)
		result = limit(limits[i].resource, limits[i].most);
	return result;
}

/* All that a kernel's version of Landlock can forbid about files. */
static uint64_t
wall_of_version(long version)
{
	uint64_t wall = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		wall |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		wall |= WALL_TRUNCATE;
	if (version >= 5)
		wall |= WALL_DEVICES;
	return wall;
}

/* Opens a door in the wall. A path that is not there needs none. */
static int
allow_reading(int wall_fd, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr door = { .allowed_access = access };
	int result = 0;

	door.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (door.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, wall_fd, LANDLOCK_RULE_PATH_BENEATH, &door, 0) < 0)
		result = -errno;
	close(door.parent_fd);
	return result;
}

static int
wall_off(bool *is_walled, const char *copy_path)
{
	struct landlock_ruleset_attr wall;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int result;
	int fd;

	*is_walled = version >= 1;
	if (version < 1)
		return 0;
	wall = (struct landlock_ruleset_attr){ .handled_access_fs = wall_of_version(version) };
	fd = (int)syscall(SYS_landlock_create_ruleset, &wall, sizeof(wall), 0);
	if (fd < 0)
		return -errno;
	result = allow_reading(fd, copy_path, WALL_READ);
	for (size_t i = 0; result == 0 && i < COUNT_OF(LIBRARY_PATHS); i++)
		result = allow_reading(fd, LIBRARY_PATHS[i], WALL_READ);
	if (result == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* Calls that stay allowed whatever their arguments. Those on signals are what abort does. */
static const int ALWAYS[] = { SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group) };

/* Calls that a process without descriptors finds none for. */
static const int ON_DESCRIPTORS[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(ioctl) };

/* Calls that loading needs besides. newfstatat and access look at names alone. */
static const int WHILE_LOADING[] = { SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(close), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(readlink), SCMP_SYS(lseek),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(seccomp), SCMP_SYS(capget), SCMP_SYS(capset) };

static int
allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return result;
}

/* What malloc and language runtimes advise. What takes memory away from others, as
 * MADV_HWPOISON does, or from a file, is not among it. */
static const int ADVICE[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
	MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE };

static int
add_common(scmp_filter_ctx filter)
{
	int result = allow(filter, ALWAYS, COUNT_OF(ALWAYS));

	for (size_t i = 0; result == 0 && i < COUNT_OF(ADVICE); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
		    SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)ADVICE[i], 0));

	if (result == 0) /* abort signals itself */
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return result;
}

static int
add_for_loading(scmp_filter_ctx filter)
{
	const scmp_datum_t not_reading = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
	int result = allow(filter, WHILE_LOADING, COUNT_OF(WHILE_LOADING));

	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, not_reading, O_RDONLY));
	if (result == 0)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS, 0));
	if (result == 0)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0));
	for (size_t i = 0; result == 0 && i < COUNT_OF(ON_DESCRIPTORS); i++) {
		int call = ON_DESCRIPTORS[i];

		if (call == SCMP_SYS(write) || call == SCMP_SYS(writev) || call == SCMP_SYS(readv) ||
		    call == SCMP_SYS(ioctl))
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), call, 0);
	}
	return result;
}

static int
add_for_deciding(scmp_filter_ctx filter)
{
	int result = seccomp_rule_add(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (result == 0)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	for (size_t i = 0; result == 0 && i < COUNT_OF(ON_DESCRIPTORS); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), ON_DESCRIPTORS[i], 0);
	return result;
}

/* Allows what all steps allow and what add adds, from now on. */
static int
filter_calls(int (*add)(scmp_filter_ctx filter))
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result;

	if (filter == NULL)
		return -ENOMEM;
	result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = add_common(filter);
	if (result == 0)
		result = add(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

/* Root's powers, where the daemon has them. Those to read are kept if a file may have to be
 * reached through directories of other users. */
static int
give_up_powers(bool may_read)
{
	const uint32_t kept = may_read ? 1u << CAP_DAC_READ_SEARCH : 0;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct powers[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, powers) < 0)
		return -errno;
	for (size_t i = 0; i < COUNT_OF(powers); i++) {
		powers[i].permitted &= i == 0 ? kept : 0;
		powers[i].effective = powers[i].permitted;
		powers[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, powers) < 0 ? -errno : 0;
}

static int
compare_bytes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* The C library finds some things out when they are first needed, by calls that are not
 * allowed any more by then: what the time zone is, where it looks again each time unless the
 * zone has a name, and how large a sort may be. */
static int
prepare_library(void)
{
	char sorted[2048] = "";

	if (setenv("TZ", ":/etc/localtime", 1) < 0)
		return -errno;
	tzset();
	qsort(sorted, sizeof(sorted), 1, compare_bytes);
	return 0;
}

int
confine_for_loading(bool *is_walled, const char *copy_path)
{
	int result;

	*is_walled = false;
#ifdef WORKER_UNCONFINED
	(void)copy_path;
	return 0;
#endif
	result = prepare_library();
	if (result != 0)
		return result;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 || prctl(PR_SET_DUMPABLE, 0L) < 0)
		return -errno;
	result = give_up_powers(true);
	if (result == 0)
		result = set_limits();
	if (result == 0)
		result = wall_off(is_walled, copy_path);
	if (result == 0)
		result = filter_calls(add_for_loading);
	return result;
}

int
confine_for_deciding(void)
{
	int result;

#ifdef WORKER_UNCONFINED
	return 0;
#endif
	result = give_up_powers(false);
	return result == 0 ? filter_calls(add_for_deciding) : result;
}
