/* Preloaded into a daemon under test: once the file named by ANAGRAPH_FAIL_SYNC
 * exists, every sync to stable storage fails as a broken disk makes it fail. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Overrides libc's. */
__attribute__((visibility("default"))) int fdatasync(int descriptor);

int
fdatasync(int descriptor)
{
	const char *trigger = getenv("ANAGRAPH_FAIL_SYNC");

	if (trigger != NULL && access(trigger, F_OK) == 0) {
		errno = EIO;
		return -1;
	}
	return fsync(descriptor);
}
