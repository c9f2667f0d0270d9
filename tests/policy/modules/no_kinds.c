/* Decides nothing that anybody asks: its one kind is not known yet. */
#include "sample.h"

SAMPLE(policy.kinds = 1u << 30)
