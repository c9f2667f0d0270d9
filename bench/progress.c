/* The line is written over itself; how long the rest takes is guessed from what is done. */
#include "bench/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/usage.h"

enum { BAR = 30 };

static const uint64_t BETWEEN_NS = UINT64_C(200) * 1000000;

void
progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){ .what = what, .begun_ns = usage_now_ns() };
}

static bool
is_watched(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void
progress_show(struct progress *progress, double done, const char *more)
{
	static const char full[] = "##############################";
	uint64_t now_ns = usage_now_ns();
	double spent_s = (double)(now_ns - progress->begun_ns) / 1e9;
	int filled = (int)(done * BAR);

	if (now_ns - progress->shown_ns < BETWEEN_NS || !is_watched())
		return;
	progress->shown_ns = now_ns;
	filled = filled < 0 ? 0 : filled > BAR ? BAR : filled;
	fprintf(stderr, "\r%s [%-*.*s] %3.0f %%", progress->what, BAR, filled, full, done * 100);
	if (done > 0.01 && done <= 1)
		fprintf(stderr, ", %.0f s left", spent_s / done - spent_s);
	fprintf(stderr, "%s%s\033[K", more == NULL ? "" : ", ", more == NULL ? "" : more);
	fflush(stderr);
}

void
progress_end(struct progress *progress)
{
	if (progress->shown_ns != 0)
		fputs("\r\033[K", stderr);
	progress->shown_ns = 0;
}
