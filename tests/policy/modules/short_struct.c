/* Ends just before its last callback. */
#include "sample.h"

SAMPLE(policy.struct_size = offsetof(struct anagraph_policy, decide))
