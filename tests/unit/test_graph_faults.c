/* Stores that are not as they should be: bytes that a disk changed, and records that
 * contradict each other. Every fault must be told with the record's name, and none may
 * ever become an answer. It is long because the list of faults is: a function each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/graph/environment.h"
#include "server/graph/write.h"
#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024, CONTACTS = 6 };

/* A store with six contacts, of which 2 and 3 are part of 1 by now, 2 through 3. */
struct scene {
	struct hand_store store;
	struct hand hand;
};

static int
set_up(void **test_state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	hand_store_create(&scene->store, MAP_BYTES);
	hand_store_open(&scene->store);
	hand_begin(&scene->hand, &scene->store, "shop");
	for (unsigned i = 1; i <= CONTACTS; i++) {
		char name[32];
		int size = snprintf(name, sizeof(name), "browser-%u", i);

		hand_create(&scene->hand, bytes_of(name, (size_t)size));
	}
	hand_absorb(&scene->hand, 3, 2);
	hand_absorb(&scene->hand, 1, 3);
	hand_store_expect_sound(&scene->store);
	*test_state = scene;
	return 0;
}

static int
tear_down(void **test_state)
{
	struct scene *scene = *test_state;

	hand_end(&scene->hand);
	hand_store_destroy(&scene->store);
	free(scene);
	return 0;
}

/* Changes one bit in every place of the data file where some bytes stand; the store is
 * closed. */
static void
damage_bytes(struct scene *scene, struct bytes text)
{
	int descriptor = open(hand_store_path(&scene->store, "store/data.mdb"), O_RDWR | O_CLOEXEC);
	size_t text_size = text.size;
	unsigned changed = 0;
	struct stat about;
	uint8_t *file;

	assert_true(descriptor >= 0);
	assert_int_equal(fstat(descriptor, &about), 0);
	file = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	for (size_t i = 0; i + text_size <= (size_t)about.st_size; i++) {
		if (memcmp(file + i, text.data, text_size) == 0) {
			file[i + text_size - 1] ^= 1;
			changed++;
		}
	}
	munmap(file, (size_t)about.st_size);
	close(descriptor);
	assert_true(changed > 0);
}

/* Closes the store and changes one bit of a contact's record. */
static void
damage_contact(struct scene *scene, uint64_t contact_id)
{
	struct graph_reader *reader = scene->store.reader;
	uint8_t checksum[RECORD_CHECKSUM_BYTES];
	MDB_val sought;
	MDB_val found;
	struct key key;

	key_number(&key, scene->hand.account, contact_id);
	sought = val_of(key_bytes(&key));
	assert_int_equal(graph_read_begin(reader), 0);
	assert_int_equal(mdb_get(reader->txn, reader->graph->tables[TABLE_CONTACT], &sought, &found), 0);
	assert_true(found.mv_size > sizeof(checksum));
	memcpy(checksum, found.mv_data, sizeof(checksum));
	graph_read_end(reader);
	hand_store_close(&scene->store);
	damage_bytes(scene, bytes_of(checksum, sizeof(checksum)));
}

static void
expect_named(const struct graph_error *error, const char *name)
{
	if (strstr(error->message, name) == NULL)
		fail_msg("\"%s\" does not name \"%s\"", error->message, name);
}

static void
expect_unreadable(struct scene *scene, uint64_t contact_id, const char *name)
{
	struct graph_error error = { "" };
	struct bytes stored = BYTES("untouched");
	uint64_t *ids;
	size_t count;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(graph_read_begin(scene->store.reader), 0);
	assert_int_equal(graph_get_contact(&stored, &ids, &count, scene->store.reader, &arena,
			     scene->hand.account, contact_id, &error),
	    GRAPH_E_DAMAGED);
	assert_true(bytes_equal(stored, BYTES("untouched")));
	expect_named(&error, "account shop");
	expect_named(&error, name);
	graph_read_end(scene->store.reader);
	arena_finish(&arena);
}

/* What loading around a browser comes to. */
static int
load(struct scene *scene, const char *browser, struct graph_error *error)
{
	struct identifier identifier = { .namespace_id = NAMESPACE_PUSH, .value = bytes_of_string(browser) };
	const struct event event = {
		.account = scene->hand.account, .identifiers = &identifier, .identifier_count = 1
	};
	struct neighbourhood known;
	struct arena arena;
	int result;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(graph_write_begin(scene->store.graph), 0);
	result = graph_load(&known, scene->store.graph, &arena, &event, error);
	graph_abort(scene->store.graph);
	arena_finish(&arena);
	return result;
}

static void
test_changed_bytes_are_named_and_never_answered(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };

	damage_contact(scene, 5);
	hand_store_open(&scene->store);
	expect_unreadable(scene, 5, "contact record 5");
	assert_int_equal(load(scene, "browser-5", &error), GRAPH_E_DAMAGED);
	expect_named(&error, "contact record 5");
	assert_null(strstr(error.message, "browser"));
	error = hand_store_expect_damaged(&scene->store);
	expect_named(&error, "contact record 5");
	/* All else is answered. */
	assert_int_equal(load(scene, "browser-6", &error), 0);
	assert_int_equal(hand_owner(&scene->hand, BYTES("browser-6")), 6);
}

static void
test_changed_journal_is_named(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };
	struct bytes entry;
	bool found = false;

	hand_store_close(&scene->store);
	damage_bytes(scene, BYTES("browser-4"));
	hand_store_open(&scene->store);
	assert_int_equal(graph_read_begin(scene->store.reader), 0);
	for (uint64_t sequence = 1; sequence <= CONTACTS + 2; sequence++) {
		int result =
		    graph_get_journal(&entry, scene->store.reader, scene->hand.account, sequence, &error);

		assert_int_equal(result, sequence == 4 ? GRAPH_E_DAMAGED : 0);
		found = found || result == GRAPH_E_DAMAGED;
	}
	graph_read_end(scene->store.reader);
	assert_true(found);
	expect_named(&error, "account shop: journal record 4");
	/* The identifier's key was changed as well: nobody owns what it was. */
	assert_int_equal(hand_owner(&scene->hand, BYTES("browser-4")), 0);
	hand_store_expect_damaged(&scene->store);
}

static void
test_damaged_store_does_not_open_after_a_failed_commit(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };
	int mark;

	damage_contact(scene, 5);
	mark = open(hand_store_path(&scene->store, "failed"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(mark >= 0);
	close(mark);
	assert_int_equal(hand_store_try(&scene->store, &error), GRAPH_E_REFUSED);
	expect_named(&error, "failed commit");
	expect_named(&error, "contact record 5");
	assert_int_equal(access(hand_store_path(&scene->store, "failed"), F_OK), 0);
	assert_null(scene->store.graph);
}

static void
begin(struct scene *scene)
{
	assert_int_equal(graph_write_begin(scene->store.graph), 0);
}

static void
commit(struct scene *scene)
{
	struct graph_error error;
	uint64_t txn;

	assert_int_equal(graph_commit(&txn, scene->store.graph, &error), 0);
}

static void
test_unknown_format_is_refused(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };
	const uint8_t format[RECORD_ID_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 7 };
	struct key key;

	key_name(&key, BYTES("format"));
	begin(scene);
	assert_int_equal(
	    table_put(scene->store.graph, TABLE_META, &key, bytes_of(format, sizeof(format))), 0);
	commit(scene);
	hand_store_close(&scene->store);
	assert_int_equal(hand_store_try(&scene->store, &error), GRAPH_E_REFUSED);
	expect_named(&error, "format 7");
	assert_null(strchr(error.message, '\n'));
}

static void
test_missing_or_damaged_format_is_refused(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };
	struct key key;

	key_name(&key, BYTES("format"));
	begin(scene);
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_META, &key), 0);
	commit(scene);
	hand_store_close(&scene->store);
	assert_int_equal(hand_store_try(&scene->store, &error), GRAPH_E_REFUSED);
	expect_named(&error, "missing or damaged");
}

/* Puts a row that names an owner. */
static void
put_owner(struct scene *scene, const char *browser, uint64_t owner_id)
{
	uint8_t id[RECORD_ID_BYTES];
	struct key key;

	record_put_id(id, owner_id);
	key_identifier(&key, scene->hand.account, NAMESPACE_PUSH, bytes_of_string(browser));
	assert_int_equal(table_put(scene->store.graph, TABLE_IDENTIFIER, &key, bytes_of(id, sizeof(id))), 0);
}

static void
put_contact(struct scene *scene, uint64_t id, const struct contact *contact)
{
	struct bytes message;
	struct key key;

	assert_int_equal(contact_encode(&message, &scene->hand.work, contact), 0);
	key_number(&key, scene->hand.account, id);
	assert_int_equal(table_put_contact(scene->store.graph, &key, KIND_CONTACT, message), 0);
}

static void
put_forward(struct scene *scene, uint64_t id, uint64_t survivor_id, uint64_t next_id)
{
	const struct forward forward = { survivor_id, next_id };
	struct bytes message;
	struct key key;

	assert_int_equal(forward_encode(&message, &scene->hand.work, &forward), 0);
	key_number(&key, scene->hand.account, id);
	assert_int_equal(table_put_contact(scene->store.graph, &key, KIND_FORWARD, message), 0);
}

static void
delete_number(struct scene *scene, enum table table, uint64_t number)
{
	struct key key;

	key_number(&key, scene->hand.account, number);
	assert_int_equal(table_delete(scene->store.graph, table, &key), 0);
}

static void
delete_pair(struct scene *scene, enum table table, uint64_t first, uint64_t second)
{
	struct key key;

	key_pair(&key, scene->hand.account, first, second);
	assert_int_equal(table_delete(scene->store.graph, table, &key), 0);
}

static void
put_pair(struct scene *scene, enum table table, uint64_t first, uint64_t second)
{
	struct key key;

	key_pair(&key, scene->hand.account, first, second);
	assert_int_equal(table_put_mark(scene->store.graph, table, &key), 0);
}

static void
test_owner_that_is_no_holder_is_damaged(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };

	begin(scene);
	put_owner(scene, "to-nobody", 99);
	put_owner(scene, "to-forward", 2);
	put_owner(scene, "to-another", 4);
	commit(scene);
	assert_int_equal(load(scene, "to-nobody", &error), GRAPH_E_DAMAGED);
	expect_named(&error, "account shop: identifier record of namespace push leads to 99");
	assert_int_equal(load(scene, "to-forward", &error), GRAPH_E_DAMAGED);
	expect_named(&error, "leads to 2, which is no contact");
	assert_int_equal(load(scene, "to-another", &error), GRAPH_E_DAMAGED);
	expect_named(&error, "leads to 4, which does not hold that value");
	assert_null(strstr(error.message, "to-another"));
}

/* What looking for a browser's owner comes to; *error says why. */
static int
find(struct scene *scene, struct bytes browser, struct graph_error *error)
{
	const struct identifier identifier = { .namespace_id = NAMESPACE_PUSH, .value = browser };
	uint64_t owner_id = 77;
	struct bytes contact;
	int result;

	assert_int_equal(graph_read_begin(scene->store.reader), 0);
	result =
	    graph_find(&owner_id, &contact, scene->store.reader, scene->hand.account, &identifier, error);
	graph_read_end(scene->store.reader);
	assert_int_equal(owner_id, 77);
	return result;
}

static void
test_owner_that_is_no_contact_is_damaged_to_a_reader(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };

	begin(scene);
	put_owner(scene, "to-nobody", 99);
	put_owner(scene, "to-forward", 2);
	commit(scene);
	assert_int_equal(find(scene, BYTES("to-nobody"), &error), GRAPH_E_DAMAGED);
	expect_named(&error, "account shop: identifier record of namespace push leads to 99");
	assert_int_equal(find(scene, BYTES("to-forward"), &error), GRAPH_E_DAMAGED);
	expect_named(&error, "leads to 2, which is no contact");
	assert_int_equal(find(scene, BYTES("nobody's"), &error), GRAPH_E_ABSENT);
}

static void
test_forward_to_nothing_is_damaged(void **test_state)
{
	struct scene *scene = *test_state;

	begin(scene);
	put_forward(scene, 2, 99, 99);
	put_forward(scene, 3, 2, 2);
	commit(scene);
	expect_unreadable(scene, 2, "record 2 leads to no contact");
	expect_unreadable(scene, 3, "record 3 leads to no contact");
}

static void
test_ring_of_forwards_is_found(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error;

	begin(scene);
	/* 2 leads into a ring of 3 and 4, which says that it leads to 1. */
	put_forward(scene, 2, 1, 3);
	put_forward(scene, 3, 1, 4);
	put_forward(scene, 4, 1, 3);
	put_forward(scene, 5, 1, 5);
	commit(scene);
	for (uint64_t id = 2; id <= 5; id++) {
		char name[64];

		snprintf(name, sizeof(name), "record %u does not lead to its survivor", (unsigned)id);
		expect_unreadable(scene, id, name);
	}
	error = hand_store_expect_damaged(&scene->store);
	expect_named(&error, "does not lead to its survivor");
}

/* A fault to plant, and what the check must say of it. */
struct fault {
	void (*plant)(struct scene *scene);
	const char *told;
};

static void
plant_missing_owner(struct scene *scene)
{
	struct key key;

	key_identifier(&key, scene->hand.account, NAMESPACE_PUSH, BYTES("browser-4"));
	assert_int_equal(table_delete(scene->store.graph, TABLE_IDENTIFIER, &key), 0);
}

static void
plant_other_owner(struct scene *scene)
{
	put_owner(scene, "browser-4", 5);
}

static void
plant_owner_of_nothing(struct scene *scene)
{
	put_owner(scene, "held-by-nobody", 4);
}

static void
plant_owner_that_is_a_forward(struct scene *scene)
{
	put_owner(scene, "held-by-nobody", 2);
}

static void
plant_damaged_owner(struct scene *scene)
{
	struct key key;

	key_identifier(&key, scene->hand.account, NAMESPACE_PUSH, BYTES("held-by-nobody"));
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_IDENTIFIER, &key), 0);
}

static void
plant_other_contact(struct scene *scene)
{
	put_contact(scene, 5, scene->hand.contacts[4]);
}

static void
plant_no_message(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 5);
	assert_int_equal(table_put_contact(scene->store.graph, &key, KIND_CONTACT, BYTES("\xff")), 0);
}

static void
plant_unknown_kind(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 5);
	assert_int_equal(table_put(scene->store.graph, TABLE_CONTACT, &key, BYTES("\x07")), 0);
}

static void
plant_disorder(struct scene *scene)
{
	struct bytes lists[] = { BYTES("b"), BYTES("a") };
	struct contact contact = *scene->hand.contacts[5];

	contact.lists = lists;
	contact.list_count = 2;
	put_contact(scene, 5, &contact);
}

static void
plant_secondary_never_given(struct scene *scene)
{
	struct contact contact = *scene->hand.contacts[5];
	struct secondary secondary = { .id = 1, .attribute = contact.attributes[0] };

	contact.secondaries = &secondary;
	contact.secondary_count = 1;
	put_contact(scene, 5, &contact);
}

static void
plant_missing_contact(struct scene *scene)
{
	delete_number(scene, TABLE_CONTACT, 5);
}

static void
plant_contact_past_the_last(struct scene *scene)
{
	struct contact contact = *scene->hand.contacts[5];

	contact.id = CONTACTS + 1;
	contact.identifier_count = 0;
	put_contact(scene, contact.id, &contact);
}

static void
plant_contact_of_no_account(struct scene *scene)
{
	struct bytes message;
	struct key key;

	assert_int_equal(contact_encode(&message, &scene->hand.work, scene->hand.contacts[1]), 0);
	key_number(&key, BYTES("shop2"), 1);
	assert_int_equal(table_put_contact(scene->store.graph, &key, KIND_CONTACT, message), 0);
}

static void
plant_forward_to_forward(struct scene *scene)
{
	put_forward(scene, 2, 3, 3);
}

static void
plant_forward_astray(struct scene *scene)
{
	put_forward(scene, 2, 4, 3);
	put_pair(scene, TABLE_FORWARD, 4, 2);
	delete_pair(scene, TABLE_FORWARD, 1, 2);
}

static void
plant_missing_forward_mark(struct scene *scene)
{
	delete_pair(scene, TABLE_FORWARD, 1, 2);
}

static void
plant_stray_forward_mark(struct scene *scene)
{
	put_pair(scene, TABLE_FORWARD, 4, 2);
}

static void
plant_mark_of_no_forward(struct scene *scene)
{
	put_pair(scene, TABLE_FORWARD, 4, 5);
}

static void
plant_missing_entry(struct scene *scene)
{
	delete_number(scene, TABLE_JOURNAL, 4);
}

static void
plant_entry_past_the_last(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, CONTACTS + 3);
	assert_int_equal(table_put(scene->store.graph, TABLE_JOURNAL, &key, BYTES("entry")), 0);
}

static void
plant_entry_of_no_account(struct scene *scene)
{
	struct key key;

	key_number(&key, BYTES("shop2"), 1);
	assert_int_equal(table_put(scene->store.graph, TABLE_JOURNAL, &key, BYTES("entry")), 0);
}

static void
plant_no_entry(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 4);
	assert_int_equal(table_put(scene->store.graph, TABLE_JOURNAL, &key, BYTES("entry")), 0);
}

static void
plant_damaged_entry(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 4);
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_JOURNAL, &key), 0);
}

static void
plant_entry_from_the_future(struct scene *scene)
{
	struct account numbers = scene->hand.numbers;
	struct bytes message;
	struct key key;

	numbers.revision = 3;
	assert_int_equal(account_encode(&message, &scene->hand.work, &numbers), 0);
	key_account(&key, scene->hand.account);
	assert_int_equal(table_put(scene->store.graph, TABLE_ACCOUNT, &key, message), 0);
}

static void
plant_missing_journal_mark(struct scene *scene)
{
	delete_pair(scene, TABLE_CONTACT, 4, 4);
}

static void
plant_missing_absorption_mark(struct scene *scene)
{
	delete_pair(scene, TABLE_CONTACT, 2, CONTACTS + 1);
}

static void
plant_mark_of_no_entry(struct scene *scene)
{
	put_pair(scene, TABLE_CONTACT, 4, CONTACTS + 3);
}

static void
plant_mark_of_no_contact(struct scene *scene)
{
	put_pair(scene, TABLE_CONTACT, CONTACTS + 1, 1);
}

static void
plant_mark_with_a_value(struct scene *scene)
{
	struct key key;

	key_pair(&key, scene->hand.account, 4, 4);
	assert_int_equal(table_put(scene->store.graph, TABLE_CONTACT, &key, BYTES("x")), 0);
}

static void
plant_broken_key(struct scene *scene)
{
	struct key key;

	key_account(&key, scene->hand.account);
	key.data[key.size++] = 1;
	assert_int_equal(table_put(scene->store.graph, TABLE_CONTACT, &key, BYTES("x")), 0);
}

static void
plant_damaged_account(struct scene *scene)
{
	struct key key;

	key_account(&key, scene->hand.account);
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_ACCOUNT, &key), 0);
}

static void
plant_damaged_meta(struct scene *scene)
{
	struct key key;

	key_name(&key, BYTES("phone_library"));
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_META, &key), 0);
}

static void
test_damaged_record_under_a_write_is_named(void **test_state)
{
	struct scene *scene = *test_state;
	struct graph_error error = { "" };
	struct hand_event planned;
	struct bytes answer;

	hand_plan(&planned, &scene->hand, BYTES("new"));
	begin(scene);
	plant_damaged_account(scene);
	assert_int_equal(graph_apply(&answer, scene->store.graph, &scene->hand.work, &planned.event,
			     &planned.changeset, &error),
	    GRAPH_E_DAMAGED);
	expect_named(&error, "account shop: account record is damaged");
	graph_abort(scene->store.graph);
}

static void
test_check_finds_each_kind_of_fault(void **test_state)
{
	static const struct fault faults[] = {
		{ plant_missing_owner,
		    "shop: contact record 4 holds an identifier of namespace push that 0 owns" },
		{ plant_other_owner,
		    "shop: contact record 4 holds an identifier of namespace push that 5 owns" },
		{ plant_owner_of_nothing, "shop: identifier record leads to 4, which does not hold" },
		{ plant_owner_that_is_a_forward, "shop: identifier record leads to 2, which is no contact" },
		{ plant_damaged_owner, "shop: identifier has a damaged record" },
		{ plant_other_contact, "shop: contact record 5 is not that contact's message" },
		{ plant_no_message, "shop: contact record 5 is not that contact's message" },
		{ plant_unknown_kind, "shop: contact record 5 is damaged" },
		{ plant_disorder, "shop: contact record 5 is out of order" },
		{ plant_secondary_never_given, "shop: contact record 5 has a secondary 1" },
		{ plant_missing_contact, "shop: contact row 5, 5 is of no contact" },
		{ plant_contact_past_the_last, "shop: contact record 7 has an id that was never given" },
		{ plant_contact_of_no_account, "contact: of 17 rows, 16 are of an account" },
		{ plant_forward_to_forward, "shop: contact record 2 leads to no contact" },
		{ plant_forward_astray, "shop: contact record 2 does not lead to its survivor" },
		{ plant_missing_forward_mark, "shop: forward row 1, 2 is missing" },
		{ plant_stray_forward_mark, "shop: forward row 4, 2 is not what that forward says" },
		{ plant_mark_of_no_forward, "shop: contact record 5 should be a forward" },
		{ plant_missing_entry, "shop: contact row 4, 4 is of no entry" },
		{ plant_entry_past_the_last, "shop: journal record 9 has a sequence that was never given" },
		{ plant_entry_of_no_account, "journal: of 9 rows, 8 are of an account" },
		{ plant_no_entry, "shop: journal record 4 is not that entry's message" },
		{ plant_damaged_entry, "shop: journal record 4 is damaged" },
		{ plant_entry_from_the_future, "shop: journal record 4 is of revision 4" },
		{ plant_missing_journal_mark, "shop: contact row 4, 4 is missing" },
		{ plant_missing_absorption_mark, "shop: contact row 2, 7 is missing" },
		{ plant_mark_of_no_entry, "shop: contact row 4, 9 is of no entry" },
		{ plant_mark_of_no_contact, "shop: contact row 7, 1 is of no contact" },
		{ plant_mark_with_a_value, "shop: contact has a key that is none" },
		{ plant_broken_key, "shop: contact has a key that is none" },
		{ plant_damaged_account, "shop: account record is damaged" },
		{ plant_damaged_meta, "meta: record phone_library is damaged" },
	};

	(void)test_state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct graph_error error;
		struct scene *scene;
		void *state;

		set_up(&state);
		scene = state;
		begin(scene);
		faults[i].plant(scene);
		commit(scene);
		error = hand_store_expect_damaged(&scene->store);
		expect_named(&error, faults[i].told);
		tear_down(&state);
	}
}

static void
test_R3_check_recounts_every_counter(void **test_state)
{
	struct scene *scene = *test_state;
	const struct account sound = scene->hand.numbers;
	struct account numbers = sound;
	/* The recounted ones; the revision can't be counted, secondaries may be gone. Of contacts
	 * and entries some may be erased: only too small a number shows. */
	enum { BOUNDS = 2 };
	uint64_t *const counters[] = {
		&numbers.last_contact_id,
		&numbers.journal_sequence,
		&numbers.class_counts[CLASS_IDENTIFIED],
		&numbers.class_counts[CLASS_ANONYMOUS_PUSH],
		&numbers.class_counts[CLASS_ANONYMOUS_CHAT],
		&numbers.reach_counts[REACH_EMAIL],
		&numbers.reach_counts[REACH_SMS],
		&numbers.reach_counts[REACH_WHATSAPP],
		&numbers.reach_counts[REACH_PUSH],
		&numbers.engaged_count,
		&numbers.suppressed_count,
		&numbers.dismissed_count,
	};
	static const char *const names[] = { "contact record 6", "journal record 8", "identified",
		"anonymous_push", "anonymous_chat", "reach_email", "reach_sms", "reach_whatsapp",
		"reach_push", "engaged", "suppressed", "dismissed" };

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		for (int step = i < BOUNDS ? 1 : 0; step < 2; step++) {
			struct graph_error error;
			struct bytes message;
			struct key key;

			numbers = sound;
			*counters[i] += step == 0 ? 1 : UINT64_MAX;
			assert_int_equal(account_encode(&message, &scene->hand.work, &numbers), 0);
			key_account(&key, scene->hand.account);
			begin(scene);
			assert_int_equal(table_put(scene->store.graph, TABLE_ACCOUNT, &key, message), 0);
			commit(scene);
			error = hand_store_expect_damaged(&scene->store);
			expect_named(&error, names[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_changed_bytes_are_named_and_never_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed_journal_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_damaged_store_does_not_open_after_a_failed_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_format_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_or_damaged_format_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owner_that_is_no_holder_is_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_owner_that_is_no_contact_is_damaged_to_a_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_damaged_record_under_a_write_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forward_to_nothing_is_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ring_of_forwards_is_found, set_up, tear_down),
		cmocka_unit_test(test_check_finds_each_kind_of_fault),
		cmocka_unit_test_setup_teardown(test_R3_check_recounts_every_counter, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("graph_faults", tests, NULL, NULL);
}
