/* Preloaded into a daemon under test: once the file named by ANAGRAPH_KILL_AFTER_COMMIT
 * exists, the daemon is killed when a commit has come to its end and nobody has been
 * answered. The end of a commit is the write to the store's first pages, which LMDB
 * makes through a descriptor that syncs each write. */

/* Both names below are libc's own only as long as none stands for the other. */
#undef _FILE_OFFSET_BITS
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Override libc's. */
__attribute__((visibility("default"))) ssize_t pwrite(
    int descriptor, const void *data, size_t size, off_t offset);
__attribute__((visibility("default"))) ssize_t pwrite64(
    int descriptor, const void *data, size_t size, off_t offset);

ssize_t
pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
	const char *trigger = getenv("ANAGRAPH_KILL_AFTER_COMMIT");
	ssize_t written = syscall(SYS_pwrite64, descriptor, data, size, offset);

	if (trigger != NULL && (fcntl(descriptor, F_GETFL) & O_DSYNC) != 0 && access(trigger, F_OK) == 0)
		kill(getpid(), SIGKILL);
	return written;
}

ssize_t
pwrite64(int descriptor, const void *data, size_t size, off_t offset)
{
	return pwrite(descriptor, data, size, offset);
}
