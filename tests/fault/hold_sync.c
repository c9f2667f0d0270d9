/* Preloaded into a daemon under test: while the file named by ANAGRAPH_HOLD_SYNC exists, no
 * sync to stable storage comes to its end; once one is held, there is a file of that name with
 * ".held" behind it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Overrides libc's. */
__attribute__((visibility("default"))) int fdatasync(int descriptor);

static void
tell(const char *hold)
{
	char held[4096];
	int descriptor;

	snprintf(held, sizeof(held), "%s.held", hold);
	descriptor = open(held, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (descriptor >= 0)
		close(descriptor);
}

int
fdatasync(int descriptor)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	const char *hold = getenv("ANAGRAPH_HOLD_SYNC");

	while (hold != NULL && access(hold, F_OK) == 0) {
		tell(hold);
		nanosleep(&moment, NULL);
	}
	return fsync(descriptor);
}
