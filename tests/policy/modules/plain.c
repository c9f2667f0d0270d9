/* Nothing is wrong with this one; meson.build varies its strings. */
#include "sample.h"

SAMPLE((void)0)
