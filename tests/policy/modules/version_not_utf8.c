/* Its version is no text. */
#include "sample.h"

SAMPLE(policy.version = "1.\xff")
