/* Has a version in Latin-1. */
#include "bad.h"

BAD(policy.version = "1.0 beta\xe8")
