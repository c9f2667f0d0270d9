/* Lacks the string that meson.build names. */
#include "sample.h"

SAMPLE(policy.MISSING = NULL)
