/* Redis as an identity store that only reads: an identifier's key holds a contact's id, and
 * the id's key the record. One connection, pipelined. What goes wrong is told on standard
 * error. */
#ifndef ANAGRAPH_BENCH_PEERS_REDIS_H
#define ANAGRAPH_BENCH_PEERS_REDIS_H

#include "bench/peers/peer.h"

struct redis;

enum { REDIS_VERSION_BYTES = 32, REDIS_BATCH_KEYS = 1000 };

/* Connects to one on 127.0.0.1. 0; -errno. */
int redis_open(struct redis **out, unsigned port, const char *password, pid_t pid);
void redis_close(struct redis *redis); /* accepts NULL */

/* 0; -errno. */
int redis_version(char version[REDIS_VERSION_BYTES], struct redis *redis);

/* Puts a contact; redis_put_end waits until all are in. 0; -errno. */
int redis_put(struct redis *redis, const struct peer_contact *contact);
int redis_put_end(struct redis *redis);

/* Looks contacts up, key_count a call, up to REDIS_BATCH_KEYS: by two GETs where it is one,
 * else by two MGETs. round->in_flight of them are under way. 0; -errno. */
int redis_look_up(
    struct peer_round *round, struct redis *redis, struct peer_source *source, unsigned key_count);

#endif
