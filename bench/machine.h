/* Where and with what something was measured. */
#ifndef ANAGRAPH_BENCH_MACHINE_H
#define ANAGRAPH_BENCH_MACHINE_H

#include <jansson.h>

/* {"processor","processors","memory_bytes","kernel","system"} */
json_t *machine_json(void);

/* {"anagraph","commit","build","compiler","grpc","lmdb"}: of what this program was built
 * with. */
json_t *versions_json(void);

/* How long a write of 4 KiB takes to be on the disk of a directory, in microseconds:
 * {"median","least","greatest","count"}; null when nothing can be written there. */
json_t *sync_json(const char *directory);

#endif
