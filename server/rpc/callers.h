/* Who may call, as the settings say it: plain data. A caller is known by its certificate,
 * and what it may do stands here and nowhere in a request. */
#ifndef ANAGRAPH_SERVER_RPC_CALLERS_H
#define ANAGRAPH_SERVER_RPC_CALLERS_H

#include "base/bytes.h"

/* What a caller may do; each is one kind of call. */
enum role {
	ROLE_NONE = 0,     /* what anybody may */
	ROLE_READER = 1,   /* looks contacts up, lists, counts, reads histories */
	ROLE_WRITER = 2,   /* tells events */
	ROLE_OPERATOR = 4, /* promotes and dismisses secondaries */
	ROLE_ADMIN = 8,    /* merges and erases contacts */
};

struct caller {
	struct bytes name; /* as its certificate has it: a URI, a DNS name, or the common name */
	unsigned roles;    /* of enum role */
	bool all_accounts;
	const struct bytes *accounts; /* by bytes; of no interest with all_accounts */
	size_t account_count;
};

/* By name, each once. */
struct callers {
	const struct caller *items;
	size_t count;
};

/* What the daemon shows its callers, and by what it knows them: PEM texts, each terminated
 * by a NUL that its size does not count. */
struct identity_files {
	struct bytes certificate; /* the daemon's, and those that lead to its authority */
	struct bytes key;
	struct bytes caller_authority; /* that callers' certificates lead to */
};

#endif
