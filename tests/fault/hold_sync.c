/* Preloaded into a daemon under test: while somebody else has the file named by
 * ANAGRAPH_HOLD_SYNC locked, no sync to stable storage comes to its end. The first that waits
 * says so through the FIFO of that name with ".held" behind it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* Overrides libc's. */
__attribute__((visibility("default"))) int fdatasync(int descriptor);

static void
tell(const char *hold)
{
	char held[4096];
	int descriptor;

	snprintf(held, sizeof(held), "%s.held", hold);
	descriptor = open(held, O_WRONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	if (write(descriptor, "!", 1) != 1)
		abort();
	close(descriptor);
}

int
fdatasync(int descriptor)
{
	const char *hold = getenv("ANAGRAPH_HOLD_SYNC");
	int lock = hold == NULL ? -1 : open(hold, O_RDONLY | O_CLOEXEC);

	if (lock >= 0) {
		if (flock(lock, LOCK_SH | LOCK_NB) != 0) {
			tell(hold);
			flock(lock, LOCK_SH);
		}
		close(lock);
	}
	return fsync(descriptor);
}
