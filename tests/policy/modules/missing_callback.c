/* Lacks the callback that meson.build names. */
#include "sample.h"

SAMPLE(policy.MISSING = NULL)
