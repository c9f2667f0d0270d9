/* PostgreSQL as an identity store: identifiers, contacts, a journal and the accounts'
 * numbers, each a table. Writes are what the service does for an event: what is known is
 * loaded in one round trip, somebody decides, and the outcome is written and committed in
 * a second one, as one SERIALIZABLE transaction that is begun anew when the database could
 * not serialise it. What goes wrong is told on standard error. */
#ifndef ANAGRAPH_BENCH_PEERS_POSTGRES_H
#define ANAGRAPH_BENCH_PEERS_POSTGRES_H

#include "bench/peers/peer.h"

struct postgres;

enum {
	POSTGRES_CONNECTIONS = 64,
	POSTGRES_READERS = 8, /* of them read, with as many questions each as make up the calls in flight */
	POSTGRES_VERSION_BYTES = 32,
};

/* Connects, with libpq's words for where; schema is an SQL name under which the tables lie.
 * 0; -errno. */
int postgres_open(struct postgres **out, const char *where, const char *schema, pid_t pid);
void postgres_close(struct postgres *postgres); /* accepts NULL */

/* 0; -errno. */
int postgres_version(char version[POSTGRES_VERSION_BYTES], struct postgres *postgres);

/* Makes the schema, puts contacts, and makes of them what a database is at its best with:
 * indices made at once, statistics, a checkpoint. 0; -errno. */
int postgres_put_begin(struct postgres *postgres);
int postgres_put(struct postgres *postgres, const struct peer_contact *contact);
int postgres_put_end(struct postgres *postgres);

/* Opens the callers' connections, once the contacts are in. 0; -errno. */
int postgres_connect(struct postgres *postgres);

/* Looks contacts up, each by one prepared statement. 0; -errno. */
int postgres_look_up(struct peer_round *round, struct postgres *postgres, struct peer_source *source);

/* Changes contacts, each by one transaction: one select and three upserts, of the contact, of
 * the identifier and of a journal entry; and of the account's numbers, if they are counted.
 * round->in_flight is at most POSTGRES_CONNECTIONS. 0; -errno. */
int postgres_change(
    struct peer_round *round, struct postgres *postgres, struct peer_source *source, bool counted);

#endif
