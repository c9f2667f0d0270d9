/* Changesets made by hand, for tests of the store alone: contacts that hold browsers
 * (push identifiers) and nothing else, made one after the other and absorbed by each
 * other. Whatever goes wrong that should not fails the test. */
#ifndef ANAGRAPH_TESTS_UNIT_HAND_H
#define ANAGRAPH_TESTS_UNIT_HAND_H

#include "base/arena.h"
#include "rules/types.h"
#include "server/graph/graph.h"

enum { HAND_ACCOUNT_BYTES = 64, HAND_PATH_BYTES = 4096 };

/* A temporary data directory and the store in it. */
struct hand_store {
	char data_dir[HAND_PATH_BYTES];
	uint64_t map_size_bytes;
	const char *phone_library; /* the version to open it with */
	struct graph *graph;       /* NULL when closed */
	struct graph_reader *reader;
};

/* What a test knows of one account. */
struct hand {
	struct hand_store *store;
	struct bytes account;
	char name[HAND_ACCOUNT_BYTES];
	struct arena arena;        /* keeps the contacts */
	struct arena work;         /* one event's */
	struct account numbers;    /* as they should be */
	struct contact **contacts; /* by id; NULL once absorbed */
	size_t contact_capacity;
	int64_t now_us;
};

/* The key of all such stores. */
struct digest_key hand_key(void);

void hand_store_create(struct hand_store *store, uint64_t map_size_bytes);
void hand_store_destroy(struct hand_store *store); /* with the directory and all in it */
void hand_store_open(struct hand_store *store);
void hand_store_close(struct hand_store *store);
/* Opens it as graph_open would, giving its outcome; *error says why it failed. */
int hand_store_try(struct hand_store *store, struct graph_error *error);
/* The path of something below the data directory; static. */
const char *hand_store_path(const struct hand_store *store, const char *name);

/* Fails the test unless graph_check finds the store sound. */
struct graph_report hand_store_expect_sound(struct hand_store *store);
/* The message of the fault that graph_check must find. */
struct graph_error hand_store_expect_damaged(struct hand_store *store);

void hand_begin(struct hand *hand, struct hand_store *store, const char *account);
void hand_end(struct hand *hand);

/* A new contact that holds one browser, in a transaction of its own. */
uint64_t hand_create(struct hand *hand, struct bytes browser);

/* One contact becomes part of another, likewise. */
void hand_absorb(struct hand *hand, uint64_t survivor_id, uint64_t absorbed_id);

/* The pieces of hand_create, for tests of what can go wrong. The event and changeset
 * borrow from hand->work. */
struct hand_event {
	struct event event;
	struct changeset changeset;
	struct contact_change change;
	struct contact after;
	struct ownership ownership;
	struct identifier identifier;
	struct attribute attribute;
};
void hand_plan(struct hand_event *planned, struct hand *hand, struct bytes browser);
/* The plan came true: hand knows it from now on. */
void hand_accept(struct hand *hand, const struct hand_event *planned);

/* Who owns a browser, through the store's reader: 0 for nobody. */
uint64_t hand_owner(struct hand *hand, struct bytes browser);

/* The store holds what hand knows: numbers, contacts, owners. */
void hand_expect_stored(struct hand *hand);

/* NAME-NNNNNN, in the caller's buffer. */
struct bytes hand_numbered(char *buffer, size_t size, const char *name, unsigned number);

#endif
