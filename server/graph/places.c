/* Buckets of one cache line each, of three places. A place is two words: where and how
 * long the row is, and, made illegible with the first, by which transaction it was seen,
 * a part of the row's checksum and a part of the hash; so two words of different writers
 * make no place, or one that the checksum denies. A bucket knows
 * which transaction last wrote any row that belongs there: what was seen before that, and
 * what is looked for by a transaction from before that, is not found. */
#include "server/graph/places.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PLACES_A_BUCKET = 3, BUCKET_BYTES = 64, SIZE_BITS = 16, TXN_BITS = 32, VERSION_BITS = 24 };

static const uint64_t BUCKETS_MIN = 1024;

struct place {
	_Atomic uint64_t where; /* 0: none */
	_Atomic uint64_t seal;
};

struct bucket {
	alignas(BUCKET_BYTES) _Atomic uint64_t changed; /* by which transaction */
	struct place places[PLACES_A_BUCKET];
};

_Static_assert(sizeof(struct bucket) == BUCKET_BYTES, "a bucket is a cache line");

struct places {
	struct bucket *buckets;
	uint64_t bucket_count; /* a power of two */
	uint64_t first_txn;    /* numbers are kept from there, for they have few bits */
};

int
places_create(struct places **out, uint64_t row_count, uint64_t limit_bytes, uint64_t txn)
{
	struct places *places = calloc(1, sizeof(*places));
	uint64_t count = BUCKETS_MIN;
	void *memory;

	if (places == NULL)
		return -ENOMEM;
	while (count < row_count / 2 && count * 2 * BUCKET_BYTES <= limit_bytes)
		count *= 2;
	/* Zeros that take no memory until they are written to. */
	memory = mmap(NULL, (size_t)count * BUCKET_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		free(places);
		return -ENOMEM;
	}
	/* Few misses of the table of pages, where the system has large ones. */
	(void)madvise(memory, (size_t)count * BUCKET_BYTES, MADV_HUGEPAGE);
	*places = (struct places){ .buckets = memory, .bucket_count = count, .first_txn = txn };
	*out = places;
	return 0;
}

void
places_destroy(struct places *places)
{
	if (places == NULL)
		return;
	munmap(places->buckets, (size_t)places_bytes(places));
	free(places);
}

uint64_t
places_bytes(const struct places *places)
{
	return places->bucket_count * BUCKET_BYTES;
}

static struct bucket *
bucket_of(const struct places *places, uint64_t hash)
{
	return &places->buckets[hash & (places->bucket_count - 1)];
}

/* Any bit of a word changes about half of the bits of this (the finalizer of MurmurHash3). */
static uint64_t
mix(uint64_t word)
{
	word = (word ^ (word >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	word = (word ^ (word >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return word ^ (word >> 33);
}

/* What is kept of a row's checksum. */
static uint32_t
version_of(struct bytes row)
{
	uint64_t checksum;

	memcpy(&checksum, row.data, sizeof(checksum));
	return (uint32_t)checksum & ((1U << VERSION_BITS) - 1);
}

/* A place made legible: from the top a part of the hash, the version, the number. */
static uint64_t
read_meta(const struct place *place, uint64_t where)
{
	return mix(where) ^ atomic_load_explicit(&place->seal, memory_order_relaxed);
}

static bool
is_of(uint64_t meta, uint64_t hash)
{
	return meta >> (TXN_BITS + VERSION_BITS) == hash >> (TXN_BITS + VERSION_BITS);
}

/* What is kept beside the address; 0 for a number that is too large to be kept. */
static uint64_t
meta_of(const struct places *places, uint64_t hash, uint64_t txn, struct bytes row)
{
	uint64_t number = txn - places->first_txn + 1;
	uint64_t part = hash >> (TXN_BITS + VERSION_BITS) << (TXN_BITS + VERSION_BITS);

	if (txn < places->first_txn || number >> TXN_BITS != 0)
		return 0;
	return part | (uint64_t)version_of(row) << TXN_BITS | number;
}

bool
places_find(struct place_guess *guess, const struct places *places, uint64_t hash, uint64_t txn)
{
	const struct bucket *bucket = bucket_of(places, hash);
	uint64_t changed = atomic_load_explicit(&bucket->changed, memory_order_acquire);
	uint64_t least = changed == 0 ? 1 : changed - places->first_txn + 1;

	if (changed > txn)
		return false;
	for (size_t i = 0; i < PLACES_A_BUCKET; i++) {
		uint64_t where = atomic_load_explicit(&bucket->places[i].where, memory_order_relaxed);
		uint64_t meta = read_meta(&bucket->places[i], where);

		if (where != 0 && is_of(meta, hash) && (uint32_t)meta >= least) {
			guess->row = bytes_of(
			    (const void *)(uintptr_t)(where >> SIZE_BITS), where & ((1U << SIZE_BITS) - 1));
			guess->version = (uint32_t)(meta >> TXN_BITS) & ((1U << VERSION_BITS) - 1);
			return true;
		}
	}
	return false;
}

bool
places_hold(const struct places *places, uint64_t hash, uint64_t txn, const struct place_guess *guess,
    struct bytes copy)
{
	/* Who writes a row says so before any byte of it is written: had it been copied from
	 * there, that would be seen by now. */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&bucket_of(places, hash)->changed, memory_order_relaxed) <= txn &&
	    version_of(copy) == guess->version;
}

/* The place that is the least loss: the row's own, one that is of no use, or any. */
static struct place *
choose(struct bucket *bucket, uint64_t hash, uint64_t least, uint64_t meta)
{
	struct place *chosen = &bucket->places[meta % PLACES_A_BUCKET];

	for (size_t i = 0; i < PLACES_A_BUCKET; i++) {
		uint64_t where = atomic_load_explicit(&bucket->places[i].where, memory_order_relaxed);
		uint64_t other = read_meta(&bucket->places[i], where);

		if (where != 0 && is_of(other, hash))
			return &bucket->places[i];
		if (where == 0 || (uint32_t)other < least)
			chosen = &bucket->places[i];
	}
	return chosen;
}

void
places_note(struct places *places, uint64_t hash, uint64_t txn, struct bytes row)
{
	struct bucket *bucket = bucket_of(places, hash);
	uint64_t changed = atomic_load_explicit(&bucket->changed, memory_order_acquire);
	uint64_t address = (uint64_t)(uintptr_t)row.data;
	uint64_t where = address << SIZE_BITS | row.size;
	struct place *place;
	uint64_t meta;

	if (changed > txn || row.size < PLACE_CHECKSUM_BYTES || row.size > PLACE_ROW_BYTES ||
	    address >> (64 - SIZE_BITS) != 0)
		return;
	meta = meta_of(places, hash, txn, row);
	if (meta == 0)
		return;
	place = choose(bucket, hash, changed == 0 ? 1 : changed - places->first_txn + 1, meta);
	atomic_store_explicit(&place->where, where, memory_order_relaxed);
	atomic_store_explicit(&place->seal, mix(where) ^ meta, memory_order_relaxed);
}

void
places_forget(struct places *places, uint64_t hash, uint64_t txn)
{
	atomic_store_explicit(&bucket_of(places, hash)->changed, txn, memory_order_relaxed);
	/* Before any byte of the row, as places_hold takes it to be. */
	atomic_thread_fence(memory_order_seq_cst);
}

void
places_expect(const struct places *places, uint64_t hash)
{
	__builtin_prefetch(bucket_of(places, hash));
}
