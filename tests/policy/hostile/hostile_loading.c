/* A policy that wants to be heard before anybody asks it: its constructor opens a socket. */
#include <anagraph/policy.h>

#include <sys/socket.h>

__attribute__((constructor)) static void
call_home(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	return NULL;
}
