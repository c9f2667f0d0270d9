/* Goes by the name of another file. */
#include "sample.h"

SAMPLE(policy.id = "plain")
