/* Takes from a worker whatever it does not need, in two steps: before any of a policy's
 * code runs, and once its file has been mapped. Neither can be undone. The only user of
 * <seccomp.h> and <linux/landlock.h>. */
#ifndef ANAGRAPH_SERVER_WORKER_CONFINE_H
#define ANAGRAPH_SERVER_WORKER_CONFINE_H

#include <stdbool.h>

/* Before the policy's file is mapped: limits; none of root's powers but to read; no files but that one and
 * the system's libraries, as far as the kernel has Landlock, which *is_walled tells; and no system calls but
 * those of loading and deciding. 0; -errno. */
int confine_for_loading(bool *is_walled, const char *copy_path);

/* Before the policy is asked for its instance: only memory, waiting and ending are left.
 * 0; -errno. */
int confine_for_deciding(void);

#endif
