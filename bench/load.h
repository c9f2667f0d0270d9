/* Load on a server, over one connection with a fixed number of calls in flight: what
 * is called, and what it cost. Everything follows from the seed, so that a run can be
 * repeated. */
#ifndef ANAGRAPH_BENCH_LOAD_H
#define ANAGRAPH_BENCH_LOAD_H

#include <stdint.h>
#include <sys/types.h>

#include "client/client.h"

enum load_mix {
	LOAD_RESOLVE,  /* by the e-mail of any contact, uniformly */
	LOAD_IDENTIFY, /* a new value for one attribute of any contact, uniformly: each call is a change */
	LOAD_COUNT,    /* the account's totals */
	LOAD_MIX_COUNT,
};

struct load {
	const char *account;  /* NUL-terminated, borrowed */
	uint64_t contacts;    /* numbered from 0; at least 1 */
	uint32_t in_flight;   /* at least 1 */
	uint64_t random;      /* the generator's state; starts as the seed */
	uint64_t event_count; /* of LOAD_IDENTIFY so far: makes each value new */
};

/* What some calls cost. The server's processor time is all that its process spent,
 * on every thread, in the kernel as well. */
struct load_cost {
	double seconds;
	double calls_per_s;
	double server_cpu_us; /* per call */
	double p50_us;
	double p99_us;
};

/* Sends one event for each contact, so that all exist: e-mail, first and last name.
 * 0; -errno; -EPROTO when a call failed, having said why on standard error. */
int load_fill(struct load *load, struct client *client);

/* Makes that many calls and measures them. pid is the server's. Returns as load_fill. */
int load_run(struct load_cost *cost, struct load *load, struct client *client, enum load_mix mix,
    uint64_t calls, pid_t pid);

#endif
