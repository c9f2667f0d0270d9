/* What the peers have in common: the contacts that they are filled with and asked for, and
 * what came of a round. They hold the same contacts as the service beside them, under the
 * same keys, and each record is what the service answers, byte for byte. */
#ifndef ANAGRAPH_BENCH_PEERS_PEER_H
#define ANAGRAPH_BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "bench/dataset.h"
#include "bench/histogram.h"
#include "bench/keys.h"

/* A contact as a peer keeps it; borrowed. */
struct peer_contact {
	const char *account;
	const struct dataset_key *key;
	uint64_t contact_id;
	struct bytes record;
};

/* What is asked for: any contact of a dataset, all as likely. One thread. */
struct peer_source {
	const struct dataset *dataset;
	struct keys keys;
	uint64_t random;
};

struct peer_key {
	char account[DATASET_ACCOUNT_BYTES];
	struct dataset_key key;
};

void peer_source_init(struct peer_source *source, const struct dataset *dataset, uint64_t seed);
void peer_source_next(struct peer_key *out, struct peer_source *source);

/* A round: for how long, with how many calls at once, and what came of it. A call that fails
 * ends the round: a figure with failures in it is none. */
struct peer_round {
	double seconds; /* set by the caller; then how long it really was */
	unsigned in_flight;
	uint64_t calls;
	uint64_t retries; /* of transactions that the database could not serialise */
	uint64_t cpu_ns;  /* of all the peer's processes */
	struct histogram latency_ns;
};

void peer_round_begin(struct peer_round *round, double seconds, unsigned in_flight);

/* The processor time of a process and of its children, those that have ended included, as
 * far as it has waited for them. 0; -errno. */
int peer_cpu_ns(uint64_t *out, pid_t pid, bool children);

#endif
