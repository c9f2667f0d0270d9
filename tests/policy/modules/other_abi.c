/* Speaks a later version of the interface. */
#include "sample.h"

SAMPLE(policy.abi_version = ANAGRAPH_POLICY_ABI_VERSION + 1)
