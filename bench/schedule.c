/* Times are added up as seen from the start, so that none is rounded away. */
#include "bench/schedule.h"

#include "base/random.h"

void
schedule_init(
    struct schedule *schedule, double rate, bool poisson, double offset, uint64_t start_ns, uint64_t seed)
{
	*schedule = (struct schedule){
		.poisson = poisson, .mean_ns = 1e9 / rate, .start_ns = start_ns, .random = seed
	};
	if (poisson)
		schedule_advance(schedule);
	else
		schedule->next_ns = offset * schedule->mean_ns;
}

uint64_t
schedule_due_ns(const struct schedule *schedule)
{
	return schedule->start_ns + (uint64_t)schedule->next_ns;
}

void
schedule_advance(struct schedule *schedule)
{
	schedule->next_ns +=
	    schedule->mean_ns * (schedule->poisson ? random_exponential(&schedule->random) : 1);
}
