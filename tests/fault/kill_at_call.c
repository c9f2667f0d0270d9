/* Preloaded into a process under test: kills it just before the so-manieth of its calls
 * that change what is on the disk, ANAGRAPH_KILL_AT from 1. With ANAGRAPH_KILL_TRIGGER set,
 * calls count from when the file of that name exists. */

/* Both names of a call are libc's own only as long as none stands for the other. */
#undef _FILE_OFFSET_BITS
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define OVERRIDES_LIBC __attribute__((visibility("default")))

OVERRIDES_LIBC ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset);
OVERRIDES_LIBC ssize_t pwrite64(int descriptor, const void *data, size_t size, off_t offset);
OVERRIDES_LIBC ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset);
OVERRIDES_LIBC ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset);
OVERRIDES_LIBC ssize_t writev(int descriptor, const struct iovec *parts, int count);
OVERRIDES_LIBC int fdatasync(int descriptor);
OVERRIDES_LIBC int fsync(int descriptor);
OVERRIDES_LIBC int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
OVERRIDES_LIBC int unlinkat(int directory, const char *path, int flags);

static void
count_call(void)
{
	static atomic_int calls;
	const char *trigger = getenv("ANAGRAPH_KILL_TRIGGER");
	const char *at = getenv("ANAGRAPH_KILL_AT");

	if (at == NULL || (trigger != NULL && access(trigger, F_OK) != 0))
		return;
	if (atomic_fetch_add(&calls, 1) + 1 == atoi(at))
		kill(getpid(), SIGKILL);
}

ssize_t
pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
	count_call();
	return syscall(SYS_pwrite64, descriptor, data, size, offset);
}

ssize_t
pwrite64(int descriptor, const void *data, size_t size, off_t offset)
{
	return pwrite(descriptor, data, size, offset);
}

ssize_t
pwritev(int descriptor, const struct iovec *parts, int count, off_t offset)
{
	count_call();
	return syscall(SYS_pwritev, descriptor, parts, count, offset, 0L);
}

ssize_t
pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset)
{
	return pwritev(descriptor, parts, count, offset);
}

/* How LMDB writes pages that lie side by side. */
ssize_t
writev(int descriptor, const struct iovec *parts, int count)
{
	count_call();
	return syscall(SYS_writev, descriptor, parts, count);
}

int
fdatasync(int descriptor)
{
	count_call();
	return (int)syscall(SYS_fdatasync, descriptor);
}

int
fsync(int descriptor)
{
	count_call();
	return (int)syscall(SYS_fsync, descriptor);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	count_call();
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int
unlinkat(int directory, const char *path, int flags)
{
	count_call();
	return (int)syscall(SYS_unlinkat, directory, path, flags);
}
