/* A store that is made at once has, row by row, what one has that was told of the same
 * contacts one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/fill.h"
#include "rules/identify.h"
#include "rules/namespaces.h"
#include "rules/phone.h"
#include "server/graph/bulk.h"
#include "server/graph/scan.h"
#include "tests/unit/hand.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, MAP_BYTES = 64 * 1024 * 1024, TOLD_AT_ONCE = 50 };

static struct graph_options
options_of(const struct hand_store *store)
{
	return (struct graph_options){
		.data_dir = store->data_dir,
		.map_size_bytes = store->map_size_bytes,
		.phone_library_version = bytes_of_string(store->phone_library),
		.key = hand_key(),
	};
}

/* A contact as a caller tells of it. */
struct telling {
	struct event_input input;
	struct identifier_input identifiers[FILL_IDENTIFIERS];
	struct attribute_input attributes[FILL_ATTRIBUTES];
};

static void
add_identifier(struct telling *telling, const char *namespace_name, const char *value)
{
	if (*value != '\0')
		telling->identifiers[telling->input.identifier_count++] =
		    (struct identifier_input){ bytes_of_string(namespace_name), bytes_of_string(value) };
}

static void
add_text(struct telling *telling, const char *name, const char *text)
{
	telling->attributes[telling->input.attribute_count++] = (struct attribute_input){
		.name = bytes_of_string(name),
		.value = { .type = VALUE_STRING, .string = bytes_of_string(text) },
	};
}

/* Parts in an order of the caller's own; what is normal is for the service to find out. */
static void
make_telling(struct telling *telling, const char *account, const struct dataset_contact *contact)
{
	*telling =
	    (struct telling){ .input = {
				  .account = bytes_of_string(account),
				  .source = SOURCE_CONTACTS,
				  .identifiers = telling->identifiers,
				  .attributes = telling->attributes,
				  .observed_at = { .present = true, .seconds = contact->observed_at_s },
			      } };
	add_identifier(telling, "push", contact->push);
	add_identifier(telling, "phone", contact->phone);
	add_identifier(telling, "email", contact->email);
	add_identifier(telling, "ext_id", contact->ext_id);
	add_text(telling, "LAST_NAME", contact->last);
	add_text(telling, "FIRST_NAME", contact->first);
	add_text(telling, "LANGUAGE", contact->language);
	add_text(telling, "CITY", contact->city);
	add_text(telling, "ADDRESS", contact->address);
	telling->attributes[telling->input.attribute_count++] = (struct attribute_input){
		.name = BYTES("CONSENT"),
		.value = { .type = VALUE_BOOL, .boolean = contact->consent },
	};
}

/* As the committer does it. */
static void
tell(struct hand_store *store, struct arena *arena, const struct dataset *dataset, uint64_t number)
{
	char account[DATASET_ACCOUNT_BYTES];
	struct neighbourhood known;
	struct dataset_contact contact;
	struct changeset changeset;
	struct rejection rejection;
	struct graph_error error;
	struct telling telling;
	struct bytes encoded;
	struct event event;

	dataset_make(&contact, dataset->seed, number);
	dataset_account(account, dataset, number / dataset->contacts_per_account);
	make_telling(&telling, account, &contact);
	arena_reset(arena);
	assert_int_equal(
	    event_prepare(&event, &rejection, arena, &telling.input, &settings_default()->defaults, NULL), 0);
	event_receive(&event, fill_recorded_at_us(number));
	assert_int_equal(graph_load(&known, store->graph, arena, &event, &error), 0);
	assert_int_equal(
	    identify_decide(&changeset, arena, &event, &known, &settings_default()->defaults, NULL), 0);
	assert_int_equal(graph_apply(&encoded, store->graph, arena, &event, &changeset, &error), 0);
}

static void
tell_all(struct hand_store *store, const struct dataset *dataset)
{
	struct graph_error error;
	struct arena arena;
	uint64_t txn;

	arena_init(&arena, ARENA_BYTES);
	for (uint64_t number = 0; number < dataset_size(dataset);) {
		assert_int_equal(graph_write_begin(store->graph), 0);
		for (int i = 0; i < TOLD_AT_ONCE && number < dataset_size(dataset); i++)
			tell(store, &arena, dataset, number++);
		assert_int_equal(graph_commit(&txn, store->graph, &error), 0);
	}
	arena_finish(&arena);
}

/* Every row of one is one of the other. */
static size_t
compare_tables(const struct hand_store *one, const struct hand_store *other, enum table table)
{
	struct bytes other_record;
	struct bytes other_key;
	struct bytes record;
	struct bytes key;
	struct scan scan;
	struct scan other_scan;
	size_t count = 0;

	assert_int_equal(scan_begin(&scan, one->reader->txn, one->graph, table, NULL), 0);
	assert_int_equal(scan_begin(&other_scan, other->reader->txn, other->graph, table, NULL), 0);
	while (scan_next(&key, &record, &scan) == 0) {
		assert_int_equal(scan_next(&other_key, &other_record, &other_scan), 0);
		if (!bytes_equal(key, other_key) || !bytes_equal(record, other_record))
			fail_msg("row %zu of %s differs", count, table_name(table));
		count++;
	}
	assert_int_equal(scan_next(&other_key, &other_record, &other_scan), GRAPH_E_ABSENT);
	scan_end(&scan, 0);
	scan_end(&other_scan, 0);
	return count;
}

static void
compare(const struct dataset *dataset)
{
	struct hand_store told;
	struct hand_store filled;
	struct graph_options options;
	struct graph_report report;
	struct graph_error error;
	size_t rows = 0;

	hand_store_create(&told, MAP_BYTES);
	hand_store_open(&told);
	tell_all(&told, dataset);
	hand_store_create(&filled, MAP_BYTES);
	options = options_of(&filled);
	assert_int_equal(fill_store(&options, dataset, NULL, NULL, &error), 0);
	hand_store_open(&filled);
	report = hand_store_expect_sound(&filled);
	assert_int_equal(report.contacts, dataset_size(dataset));
	assert_int_equal(report.journal_entries, dataset_size(dataset));
	assert_int_equal(report.accounts, dataset->account_count);
	assert_int_equal(graph_read_begin(told.reader), 0);
	assert_int_equal(graph_read_begin(filled.reader), 0);
	for (enum table table = 0; table < TABLE_COUNT; table++)
		rows += compare_tables(&told, &filled, table);
	/* Contact, journal, identifier and index have one each at least. */
	assert_true(rows >= 5 * dataset_size(dataset));
	graph_read_end(told.reader);
	graph_read_end(filled.reader);
	hand_store_destroy(&filled);
	hand_store_destroy(&told);
}

static void
one_account_is_as_if_it_had_been_told(void **state)
{
	const struct dataset dataset = { .seed = 1, .account_count = 1, .contacts_per_account = 1500 };

	(void)state;
	compare(&dataset);
}

static void
many_accounts_are_as_if_they_had_been_told(void **state)
{
	const struct dataset dataset = { .seed = 3, .account_count = 40, .contacts_per_account = 25 };

	(void)state;
	compare(&dataset);
}

static void
tell_progress(void *context, double done)
{
	double *last = context;

	assert_true(done >= *last && done <= 1);
	*last = done;
}

/* What is there stays as it is; what is not made leaves nothing behind. */
static void
a_store_that_is_there_is_refused(void **state)
{
	const struct dataset dataset = { .seed = 1, .account_count = 1, .contacts_per_account = 20 };
	struct hand_store store;
	struct graph_options options;
	struct graph_report report;
	struct graph_error error;
	double done = 0;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	options = options_of(&store);
	assert_int_equal(fill_store(&options, &dataset, tell_progress, &done, &error), 0);
	assert_int_equal(fill_store(&options, &dataset, NULL, NULL, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "has a store already"));
	hand_store_open(&store);
	report = hand_store_expect_sound(&store);
	assert_int_equal(report.contacts, 20);
	hand_store_destroy(&store);
}

/* Puts a contact of an account once more. */
static int
apply_planned(struct graph_bulk *bulk, struct hand *hand, const char *browser, struct graph_error *error)
{
	struct hand_event planned;
	int result;

	hand_plan(&planned, hand, bytes_of_string(browser));
	result = graph_bulk_apply(bulk, &hand->work, &planned.event, &planned.changeset, error);
	if (result == 0)
		hand_accept(hand, &planned);
	return result;
}

static void
what_comes_out_of_order_is_found_out(void **state)
{
	struct hand_store store;
	struct graph_options options;
	struct graph_bulk *bulk;
	struct graph_error error;
	struct hand first;
	struct hand second;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	options = options_of(&store);
	hand_begin(&first, &store, "a");
	hand_begin(&second, &store, "b");
	/* An account that comes after one that is greater. */
	assert_int_equal(graph_bulk_create(&bulk, &options, &error), 0);
	assert_int_equal(apply_planned(bulk, &second, "browser 1", &error), 0);
	assert_int_equal(apply_planned(bulk, &first, "browser 1", &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "out of order"));
	graph_bulk_destroy(bulk);
	assert_false(graph_is_there(store.data_dir));
	/* An identifier that two contacts have. */
	assert_int_equal(graph_bulk_create(&bulk, &options, &error), 0);
	assert_int_equal(apply_planned(bulk, &first, "browser 1", &error), 0);
	assert_int_equal(apply_planned(bulk, &first, "browser 1", &error), 0);
	assert_int_equal(graph_bulk_finish(bulk, NULL, NULL, &error), GRAPH_E_REFUSED);
	assert_non_null(strstr(error.message, "identifier"));
	assert_false(graph_is_there(store.data_dir));
	hand_end(&first);
	hand_end(&second);
	hand_store_destroy(&store);
}

/* A changeset that changes what is there. */
static void
what_is_no_new_contact_is_refused(void **state)
{
	struct hand_store store;
	struct graph_options options;
	struct graph_bulk *bulk;
	struct graph_error error;
	struct hand_event planned;
	struct hand hand;

	(void)state;
	hand_store_create(&store, MAP_BYTES);
	options = options_of(&store);
	hand_begin(&hand, &store, "a");
	assert_int_equal(graph_bulk_create(&bulk, &options, &error), 0);
	hand_plan(&planned, &hand, BYTES("browser 1"));
	planned.change.before = &planned.after;
	assert_int_equal(
	    graph_bulk_apply(bulk, &hand.work, &planned.event, &planned.changeset, &error), GRAPH_E_REFUSED);
	graph_bulk_destroy(bulk);
	graph_bulk_destroy(NULL);
	hand_end(&hand);
	hand_store_destroy(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_account_is_as_if_it_had_been_told),
		cmocka_unit_test(many_accounts_are_as_if_they_had_been_told),
		cmocka_unit_test(a_store_that_is_there_is_refused),
		cmocka_unit_test(what_comes_out_of_order_is_found_out),
		cmocka_unit_test(what_is_no_new_contact_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
