/* Lets a helper of its own be seen by the whole process. */
#include "bad.h"

ANAGRAPH_POLICY_EXPORT int helper(void);

int
helper(void)
{
	return 0;
}

BAD()
