/* The process's malloc and its relatives, counted, and failing on demand. Only what the
 * calling thread allocates while the meter runs is counted, so that the checks' own
 * memory plays no part. */
#ifndef ANAGRAPH_KIT_METER_H
#define ANAGRAPH_KIT_METER_H

#include <stddef.h>

/* Counts from 0 on. fail_at is the number of the allocation that fails, from 1; 0: none
 * does. */
void meter_start(size_t fail_at);

/* Stops counting; what was counted stays to be read. */
void meter_stop(void);

/* How often memory was asked for. */
size_t meter_allocations(void);

/* Blocks asked for and not given back; negative when more were given back. */
long meter_blocks(void);

#endif
