/* Does not even reach as far as its version. */
#include "sample.h"

SAMPLE(policy.struct_size = sizeof(size_t))
