/* Changes something about the process that is not its own; what, the build says. */
#include "bad.h"

#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum effect {
	LOCALE,
	DIRECTORY,
	DESCRIPTOR,
	MASK,
	HANDLER,
	ENVIRONMENT,
	THREAD,
	MODE,
	ROUNDING,
	OUTPUT,
	ERRNO
};

static void *
wait_for_ever(void *context)
{
	for (;;)
		pause();
	return context;
}

static void
change(enum effect effect)
{
	sigset_t mask;
	pthread_t thread;

	switch (effect) {
	case LOCALE:
		setlocale(LC_ALL, "C.UTF-8");
		break;
	case DIRECTORY:
		if (chdir("/") != 0)
			abort();
		break;
	case DESCRIPTOR:
		open("/dev/null", O_RDONLY | O_CLOEXEC);
		break;
	case MASK:
		sigemptyset(&mask);
		sigaddset(&mask, SIGUSR1);
		sigprocmask(SIG_BLOCK, &mask, NULL);
		break;
	case HANDLER:
		signal(SIGUSR1, SIG_IGN);
		break;
	case ENVIRONMENT:
		setenv("TZ", "UTC", 1);
		break;
	case THREAD:
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		break;
	case MODE:
		umask(0111);
		break;
	case ROUNDING:
		fesetround(FE_UPWARD);
		break;
	case OUTPUT:
		puts("a policy was here");
		break;
	case ERRNO:
		errno = EINVAL;
		break;
	}
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	static int is_changed;

	if (!is_changed)
		change(EFFECT);
	is_changed = 1;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
