/* Preloaded into a daemon under test: while the file named by ANAGRAPH_HOLD_SYNC exists, no
 * sync to stable storage comes to its end. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Overrides libc's. */
__attribute__((visibility("default"))) int fdatasync(int descriptor);

int
fdatasync(int descriptor)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	const char *hold = getenv("ANAGRAPH_HOLD_SYNC");

	while (hold != NULL && access(hold, F_OK) == 0)
		nanosleep(&moment, NULL);
	return fsync(descriptor);
}
