/* What is asked: the requests of each operation, about contacts that are chosen as the side
 * says. Everything follows from the state of a generator, so that a run can be repeated. */
#ifndef ANAGRAPH_BENCH_REQUESTS_H
#define ANAGRAPH_BENCH_REQUESTS_H

#include "anagraph/v1/identity.pb-c.h"
#include "base/limits.h"
#include "bench/keys.h"
#include "bench/side.h"
#include "bench/target.h"

enum { REQUEST_IDENTIFIERS = 4, REQUEST_ATTRIBUTES = 6, REQUEST_TEXT_BYTES = 48 };

/* Who asks: one thread's. */
struct asker {
	const struct side *side;
	struct target *target;
	const struct keys *keys;
	uint64_t random;
	uint64_t changes; /* made so far: each is another value */
	uint64_t salt;    /* another one of each asker and run */
	unsigned weight_sum;
};

/* Where the parts of a request lie. */
struct request {
	char account[DATASET_ACCOUNT_BYTES];
	struct dataset_contact contact;
	char text[REQUEST_TEXT_BYTES];
	struct dataset_key keys[LIMIT_BATCH_KEYS];
	Google__Protobuf__Timestamp observed_at;
	Anagraph__V1__Identifier identifiers[LIMIT_BATCH_KEYS];
	Anagraph__V1__Identifier *identifier_list[REQUEST_IDENTIFIERS];
	Anagraph__V1__Attribute attributes[REQUEST_ATTRIBUTES];
	Anagraph__V1__Attribute *attribute_list[REQUEST_ATTRIBUTES];
	Anagraph__V1__ResolveKey batch_keys[LIMIT_BATCH_KEYS];
	Anagraph__V1__ResolveKey *batch_list[LIMIT_BATCH_KEYS];
	union {
		Anagraph__V1__ResolveRequest resolve;
		Anagraph__V1__BatchResolveRequest batch;
		Anagraph__V1__CountContactsRequest count;
		Anagraph__V1__IdentifyRequest identify;
	} message;
};

void asker_init(struct asker *asker, const struct side *side, struct target *target, const struct keys *keys,
    uint64_t seed, uint64_t salt);

/* Chooses what to ask next, by the weights of the side. */
enum operation asker_choose(struct asker *asker);

/* Makes the request of an operation other than OPERATION_ECHO. */
void asker_make(struct request *request, struct asker *asker, enum operation operation);

#endif
