/* What is measured against what: each side is a load on a store, and sides take turns, round
 * by round. They are told on one command line, one after the other:
 *
 *	anagraph-bench run --store s1 --mix resolve --against --mix echo
 *
 * What a later side does not say is as it is with the first. */
#ifndef ANAGRAPH_BENCH_SIDE_H
#define ANAGRAPH_BENCH_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum operation {
	OPERATION_RESOLVE, /* a contact by its key */
	OPERATION_BATCH,   /* many in one BatchResolve */
	OPERATION_COUNT,   /* an account's totals */
	OPERATION_FRESH,   /* Identify of a contact that nobody knows */
	OPERATION_CHANGE,  /* Identify with a new value of one attribute */
	OPERATION_SAME,    /* Identify of what is known already */
	OPERATION_ECHO,    /* nothing; of anagraph-bench-echo alone */
	OPERATION_COUNT_ALL,
};

extern const char *const OPERATION_NAMES[OPERATION_COUNT_ALL];

enum { SIDES = 16, SIDE_NAME_BYTES = 96 };

struct side {
	char name[SIDE_NAME_BYTES]; /* unique among the sides */
	unsigned weights[OPERATION_COUNT_ALL];
	bool stream;         /* Identify by IdentifyStream */
	unsigned batch_keys; /* of OPERATION_BATCH */
	unsigned echo_bytes; /* of OPERATION_ECHO */
	double zipf;         /* exponent; 0: uniform */
	unsigned in_flight;  /* over all connections; in an open loop the most */
	unsigned connections;
	double rate; /* calls a second of an open loop; 0: closed */
	bool poisson;
	unsigned server_threads; /* 0: as many as the daemon starts by itself */
	const char *store;       /* a data directory; NULL: one is made and removed */
	uint64_t contacts;       /* of one that is made */
	uint64_t accounts;       /* likewise; divides contacts */
	uint64_t data_seed;      /* likewise */
	const char *server;      /* one that runs: its store has what the three say */
	pid_t pid;               /* of that */
	int store_number;        /* sides with the same have the same server */
};

struct sides {
	struct side sides[SIDES];
	unsigned count;
	unsigned rounds;
	double seconds; /* of a round */
	uint64_t calls; /* of a round at most; 0: as many as the time lets */
	double warm_up_seconds;
	uint64_t seed;  /* of the choice of contacts and of arrivals */
	bool any_build; /* measure one that is not optimised, too */
};

extern const char SIDES_USAGE[];

/* Reads a command line from its first option on. What is wrong is told on standard error.
 * 0; -EINVAL. */
int sides_parse(struct sides *sides, int argc, char **argv);

/* Reads a number that may end in k or M, from least to most; a real one. 0; -EINVAL. */
int number_parse(uint64_t *out, const char *text, uint64_t least, uint64_t most);
int real_parse(double *out, const char *text, double least, double most);

#endif
