/* Keeps its own copy of every contact, so that what the store gives back can be held
 * against something that never went through it. */
#include "tests/unit/hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/wire/messages.h"

enum { HAND_ARENA_BYTES = 256 * 1024 * 1024 };

struct digest_key
hand_key(void)
{
	struct digest_key key = { .bytes = { 0 } };

	digest_key_complete(&key);
	return key;
}

void
hand_store_create(struct hand_store *store, uint64_t map_size_bytes)
{
	const char *root = getenv("TMPDIR");

	*store = (struct hand_store){ .map_size_bytes = map_size_bytes, .phone_library = "8.12.57" };
	snprintf(store->data_dir, sizeof(store->data_dir), "%s/anagraph-graph-XXXXXX",
	    root == NULL ? "/tmp" : root);
	assert_non_null(mkdtemp(store->data_dir));
}

static int
remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	(void)about;
	(void)kind;
	(void)place;
	return remove(path);
}

void
hand_store_destroy(struct hand_store *store)
{
	hand_store_close(store);
	assert_int_equal(nftw(store->data_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int
hand_store_try(struct hand_store *store, struct graph_error *error)
{
	const struct graph_options options = {
		.data_dir = store->data_dir,
		.map_size_bytes = store->map_size_bytes,
		.reader_count = 4,
		.phone_library_version = bytes_of_string(store->phone_library),
		.key = hand_key(),
	};

	return graph_open(&store->graph, &options, error);
}

void
hand_store_open(struct hand_store *store)
{
	struct graph_error error;
	int result = hand_store_try(store, &error);

	if (result != 0)
		fail_msg("the store does not open: %d %s", result, error.message);
	assert_int_equal(graph_reader_create(&store->reader, store->graph), 0);
}

void
hand_store_close(struct hand_store *store)
{
	graph_reader_destroy(store->reader);
	store->reader = NULL;
	graph_close(store->graph);
	store->graph = NULL;
}

const char *
hand_store_path(const struct hand_store *store, const char *name)
{
	static char path[HAND_PATH_BYTES + 256];

	snprintf(path, sizeof(path), "%s/%s", store->data_dir, name);
	return path;
}

struct graph_report
hand_store_expect_sound(struct hand_store *store)
{
	struct graph_error error = { "" };
	struct graph_report report = { 0 };
	int result = graph_check(&report, store->graph, &error);

	if (result != 0)
		fail_msg("the store is not sound: %d %s", result, error.message);
	return report;
}

struct graph_error
hand_store_expect_damaged(struct hand_store *store)
{
	struct graph_error error = { "" };
	struct graph_report report;

	assert_int_equal(graph_check(&report, store->graph, &error), GRAPH_E_DAMAGED);
	return error;
}

void
hand_begin(struct hand *hand, struct hand_store *store, const char *account)
{
	*hand = (struct hand){ .store = store, .now_us = 1700000000000000 };
	snprintf(hand->name, sizeof(hand->name), "%s", account);
	hand->account = bytes_of_string(hand->name);
	arena_init(&hand->arena, HAND_ARENA_BYTES);
	arena_init(&hand->work, HAND_ARENA_BYTES);
}

void
hand_end(struct hand *hand)
{
	free(hand->contacts);
	arena_finish(&hand->arena);
	arena_finish(&hand->work);
}

static void
remember(struct hand *hand, uint64_t id, struct contact *contact)
{
	if (id >= hand->contact_capacity) {
		hand->contact_capacity = id * 2 + 16;
		hand->contacts = realloc(hand->contacts, hand->contact_capacity * sizeof(*hand->contacts));
		assert_non_null(hand->contacts);
	}
	hand->contacts[id] = contact;
}

static struct claim
claim_now(struct hand *hand)
{
	hand->now_us++;
	return (struct claim){
		.source = SOURCE_PUSH, .observed_at_us = hand->now_us, .recorded_at_us = hand->now_us
	};
}

void
hand_plan(struct hand_event *planned, struct hand *hand, struct bytes browser)
{
	uint64_t id = hand->numbers.last_contact_id + 1;
	struct bytes value;

	assert_int_equal(arena_copy(&value, &hand->arena, browser), 0);
	planned->identifier =
	    (struct identifier){ .namespace_id = NAMESPACE_PUSH, .value = value, .claim = claim_now(hand) };
	planned->attribute = (struct attribute){
		.name = BYTES("NOTE"),
		.value = { .type = VALUE_STRING, .string = value },
		.claim = planned->identifier.claim,
	};
	planned->after = (struct contact){
		.id = id,
		.version = 1,
		.create_time_us = hand->now_us,
		.update_time_us = hand->now_us,
		.contact_class = CLASS_ANONYMOUS_PUSH,
		.display_name = BYTES("Anonymous contact"),
		.identifiers = &planned->identifier,
		.identifier_count = 1,
		.attributes = &planned->attribute,
		.attribute_count = 1,
	};
	planned->after.reach[REACH_PUSH] = true;
	planned->change = (struct contact_change){ .after = planned->after, .revised = true };
	planned->ownership = (struct ownership){ NAMESPACE_PUSH, value, id };
	planned->event = (struct event){
		.action = ACTION_IDENTIFY,
		.account = hand->account,
		.claim = planned->identifier.claim,
		.identifiers = &planned->identifier,
		.identifier_count = 1,
		.attributes = &planned->attribute,
		.attribute_count = 1,
	};
	planned->changeset = (struct changeset){
		.outcome = OUTCOME_CREATED,
		.contact = &planned->after,
		.account = hand->numbers,
		.contacts = &planned->change,
		.contact_count = 1,
		.ownerships = &planned->ownership,
		.ownership_count = 1,
		.journalled = true,
	};
	planned->changeset.account.last_contact_id = id;
	planned->changeset.account.revision++;
	planned->changeset.account.journal_sequence++;
	planned->changeset.account.class_counts[CLASS_ANONYMOUS_PUSH]++;
	planned->changeset.account.reach_counts[REACH_PUSH]++;
}

void
hand_accept(struct hand *hand, const struct hand_event *planned)
{
	struct contact *kept = arena_alloc(&hand->arena, sizeof(*kept));
	struct identifier *identifier = arena_alloc(&hand->arena, sizeof(*identifier));
	struct attribute *attribute = arena_alloc(&hand->arena, sizeof(*attribute));

	assert_true(kept && identifier && attribute);
	*identifier = planned->identifier;
	*attribute = planned->attribute;
	*kept = planned->after;
	kept->identifiers = identifier;
	kept->attributes = attribute;
	remember(hand, kept->id, kept);
	hand->numbers = planned->changeset.account;
}

/* Applies and commits; the answer must be the contact that the changeset has. */
static void
commit(struct hand *hand, const struct event *event, const struct changeset *changeset)
{
	struct graph *graph = hand->store->graph;
	struct graph_error error = { "" };
	struct bytes expected;
	struct bytes answer;
	uint64_t txn;

	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(graph_apply(&answer, graph, &hand->work, event, changeset, &error), 0);
	assert_int_equal(contact_encode(&expected, &hand->work, changeset->contact), 0);
	assert_int_equal(answer.size, expected.size);
	assert_memory_equal(answer.data, expected.data, expected.size);
	assert_int_equal(graph_commit(&txn, graph, &error), 0);
	arena_reset(&hand->work);
}

uint64_t
hand_create(struct hand *hand, struct bytes browser)
{
	struct hand_event planned;

	hand_plan(&planned, hand, browser);
	commit(hand, &planned.event, &planned.changeset);
	hand_accept(hand, &planned);
	return planned.after.id;
}

/* All that two contacts hold, in order. */
static struct identifier *
join_identifiers(struct hand *hand, const struct contact *a, const struct contact *b)
{
	size_t count = a->identifier_count + b->identifier_count;
	struct identifier *joined = arena_calloc(&hand->arena, count, sizeof(*joined));
	size_t i = 0;
	size_t j = 0;

	assert_non_null(joined);
	while (i + j < count) {
		bool take_a = j == b->identifier_count ||
		    (i < a->identifier_count &&
			bytes_compare(a->identifiers[i].value, b->identifiers[j].value) < 0);

		joined[i + j] = take_a ? a->identifiers[i] : b->identifiers[j];
		if (take_a)
			i++;
		else
			j++;
	}
	return joined;
}

void
hand_absorb(struct hand *hand, uint64_t survivor_id, uint64_t absorbed_id)
{
	const struct contact *survivor = hand->contacts[survivor_id];
	const struct contact *absorbed = hand->contacts[absorbed_id];
	struct contact *after = arena_alloc(&hand->arena, sizeof(*after));
	struct absorption absorption = { absorbed, survivor_id };
	struct ownership *ownerships =
	    arena_calloc(&hand->work, absorbed->identifier_count, sizeof(*ownerships));
	struct contact_change change;
	struct identifier named = absorbed->identifiers[0];
	struct event event = {
		.action = ACTION_IDENTIFY, .account = hand->account, .claim = claim_now(hand)
	};
	struct changeset changeset = {
		.outcome = OUTCOME_IDENTIFIED,
		.contact = after,
		.account = hand->numbers,
		.contacts = &change,
		.contact_count = 1,
		.absorptions = &absorption,
		.absorption_count = 1,
		.ownerships = ownerships,
		.ownership_count = absorbed->identifier_count,
		.journalled = true,
	};

	assert_true(after && ownerships);
	*after = *survivor;
	after->identifiers = join_identifiers(hand, survivor, absorbed);
	after->identifier_count = survivor->identifier_count + absorbed->identifier_count;
	after->version++;
	after->update_time_us = hand->now_us;
	change = (struct contact_change){ .before = survivor, .after = *after, .revised = true };
	for (size_t i = 0; i < absorbed->identifier_count; i++)
		ownerships[i] =
		    (struct ownership){ NAMESPACE_PUSH, absorbed->identifiers[i].value, survivor_id };
	event.identifiers = &named;
	event.identifier_count = 1;
	changeset.account.revision++;
	changeset.account.journal_sequence++;
	changeset.account.class_counts[CLASS_ANONYMOUS_PUSH]--;
	changeset.account.reach_counts[REACH_PUSH]--;
	commit(hand, &event, &changeset);
	hand->contacts[survivor_id] = after;
	hand->contacts[absorbed_id] = NULL;
	hand->numbers = changeset.account;
}

uint64_t
hand_owner(struct hand *hand, struct bytes browser)
{
	const struct identifier identifier = { .namespace_id = NAMESPACE_PUSH, .value = browser };
	struct graph_error error;
	uint64_t owner_id = 0;
	struct bytes contact;
	int result;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	result = graph_find(&owner_id, &contact, hand->store->reader, hand->account, &identifier, &error);
	graph_read_end(hand->store->reader);
	assert_true(result == 0 || result == GRAPH_E_ABSENT);
	return result == 0 ? owner_id : 0;
}

static void
expect_contact_stored(struct hand *hand, const struct contact *contact)
{
	struct graph_error error;
	struct bytes expected;
	struct bytes stored;
	uint64_t *forwarded;
	size_t forwarded_count;

	assert_int_equal(contact_encode(&expected, &hand->work, contact), 0);
	assert_int_equal(graph_get_contact(&stored, &forwarded, &forwarded_count, hand->store->reader,
			     &hand->work, hand->account, contact->id, &error),
	    0);
	assert_int_equal(forwarded_count, 0);
	assert_int_equal(stored.size, expected.size);
	assert_memory_equal(stored.data, expected.data, expected.size);
	for (size_t i = 0; i < contact->identifier_count; i++) {
		struct bytes found;
		uint64_t owner_id;

		assert_int_equal(graph_find(&owner_id, &found, hand->store->reader, hand->account,
				     &contact->identifiers[i], &error),
		    0);
		assert_true(owner_id == contact->id);
		assert_true(bytes_equal(found, stored));
	}
	arena_reset(&hand->work);
}

void
hand_expect_stored(struct hand *hand)
{
	struct graph_error error;
	struct account stored;

	assert_int_equal(graph_read_begin(hand->store->reader), 0);
	assert_int_equal(graph_get_account(&stored, hand->store->reader, hand->account, &error), 0);
	assert_memory_equal(&stored, &hand->numbers, sizeof(stored));
	for (uint64_t id = 1; id <= hand->numbers.last_contact_id; id++) {
		if (hand->contacts[id] != NULL)
			expect_contact_stored(hand, hand->contacts[id]);
	}
	graph_read_end(hand->store->reader);
}

struct bytes
hand_numbered(char *buffer, size_t size, const char *name, unsigned number)
{
	int written = snprintf(buffer, size, "%s-%06u", name, number);

	return bytes_of(buffer, (size_t)written);
}
