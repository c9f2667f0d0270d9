/* Wrong in no way: so that what the others are found guilty of is their own. */
#include "bad.h"

BAD()
