/* Contacts out of nothing: made up, but such as shops have them, for tests and for
 * measuring.
 *
 * What always holds: a contact depends on the seed and on its number alone, so that the
 * same seed gives the same contacts on any machine, and fewer contacts are the beginning
 * of more. No two contacts of a seed share an identifier. Everything is in its normal
 * form (N2, N3). Phone numbers are valid Italian ones. Pure, any thread. */
#ifndef ANAGRAPH_BENCH_DATASET_H
#define ANAGRAPH_BENCH_DATASET_H

#include <stdbool.h>
#include <stdint.h>

/* Phone numbers have eight digits to tell contacts apart. */
enum { DATASET_MOST_CONTACTS = 100000000 };

/* One contact; texts are NUL-terminated, and an identifier that it has not is empty. */
struct dataset_contact {
	uint64_t number; /* from 0 */
	bool english;
	bool consent;
	const char *first, *last, *city; /* static */
	const char *language;            /* static */
	char email[96], phone[24], ext_id[24], push[40], address[48];
	int64_t observed_at_s; /* seconds since 1970 */
};

void dataset_make(struct dataset_contact *out, uint64_t seed, uint64_t number);

/* What a contact is asked for by: its e-mail address, or its ext_id if it has none. Much
 * quicker than making all of it. */
struct dataset_key {
	const char *namespace_name; /* static */
	char value[96];
};
void dataset_make_key(struct dataset_key *out, uint64_t seed, uint64_t number);

/* Some contacts and how they lie in accounts: contact number n is in account n divided by
 * contacts_per_account. */
struct dataset {
	uint64_t seed;
	uint64_t account_count;        /* 1 or more */
	uint64_t contacts_per_account; /* 1 or more */
};

uint64_t dataset_size(const struct dataset *dataset);

/* The name of an account: "bench" where there is one alone, else "shop-000001" and so on, in
 * the order of their bytes. */
enum { DATASET_ACCOUNT_BYTES = 32 };
void dataset_account(
    char name[DATASET_ACCOUNT_BYTES], const struct dataset *dataset, uint64_t account_number);

#endif
