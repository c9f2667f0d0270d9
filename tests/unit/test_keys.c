/* Keys sort as the tuples they stand for, and no account's keys can be taken for
 * another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/random.h"
#include "server/graph/keys.h"
#include "server/graph/records.h"

enum { KEY_COUNT = 400 };

/* A tuple that some key stands for. */
struct tuple {
	uint8_t account[3];
	size_t account_size;
	uint64_t first;
	uint64_t second;
	uint8_t value[4];
	size_t value_size;
};

/* Few letters, so that accounts and values are often each other's beginning. */
static struct tuple
some_tuple(uint64_t *state)
{
	static const char letters[] = "-.a_z09";
	static const uint64_t numbers[] = { 1, 2, 255, 256, 65535, UINT32_MAX, UINT64_MAX };
	struct tuple tuple = { .account_size = 1 + random_next(state) % 3,
		.value_size = random_next(state) % 5,
		.first = numbers[random_next(state) % 7],
		.second = random_next(state) >> (random_next(state) % 64) };

	for (size_t i = 0; i < tuple.account_size; i++)
		tuple.account[i] = (uint8_t)letters[random_next(state) % 7];
	for (size_t i = 0; i < tuple.value_size; i++)
		tuple.value[i] = (uint8_t)(random_next(state) % 3 * 127);
	return tuple;
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_accounts(const struct tuple *a, const struct tuple *b)
{
	return bytes_compare(bytes_of(a->account, a->account_size), bytes_of(b->account, b->account_size));
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static void
test_keys_sort_as_their_tuples(void **test_state)
{
	static struct tuple tuples[KEY_COUNT];
	uint64_t state = 1;

	(void)test_state;
	for (size_t i = 0; i < KEY_COUNT; i++)
		tuples[i] = some_tuple(&state);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		for (size_t j = 0; j < KEY_COUNT; j++) {
			const struct tuple *a = &tuples[i];
			const struct tuple *b = &tuples[j];
			int accounts = compare_accounts(a, b);
			int firsts = compare_numbers(a->first, b->first);
			struct key x;
			struct key y;
			int pairs = firsts != 0 ? firsts : compare_numbers(a->second, b->second);
			enum namespace_id namespace_a = (enum namespace_id)(1 + a->second % 9);
			enum namespace_id namespace_b = (enum namespace_id)(1 + b->second % 9);
			int values = bytes_compare(
			    bytes_of(a->value, a->value_size), bytes_of(b->value, b->value_size));

			key_number(&x, bytes_of(a->account, a->account_size), a->first);
			key_number(&y, bytes_of(b->account, b->account_size), b->first);
			assert_int_equal(sign(bytes_compare(key_bytes(&x), key_bytes(&y))),
			    sign(accounts != 0 ? accounts : firsts));

			key_pair(&x, bytes_of(a->account, a->account_size), a->first, a->second);
			key_pair(&y, bytes_of(b->account, b->account_size), b->first, b->second);
			assert_int_equal(sign(bytes_compare(key_bytes(&x), key_bytes(&y))),
			    sign(accounts != 0 ? accounts : pairs));

			key_identifier(&x, bytes_of(a->account, a->account_size), namespace_a,
			    bytes_of(a->value, a->value_size));
			key_identifier(&y, bytes_of(b->account, b->account_size), namespace_b,
			    bytes_of(b->value, b->value_size));
			if (namespace_a != namespace_b)
				values = compare_numbers(namespace_a, namespace_b);
			assert_int_equal(sign(bytes_compare(key_bytes(&x), key_bytes(&y))),
			    sign(accounts != 0 ? accounts : values));
		}
	}
}

/* Rows of the index sort by account, then class and reach or list, then contact; whatever
 * lies between two rows of a run belongs to it. */
static void
test_rows_of_the_index_sort_as_their_tuples(void **test_state)
{
	static struct tuple tuples[KEY_COUNT];
	uint64_t state = 3;

	(void)test_state;
	for (size_t i = 0; i < KEY_COUNT; i++)
		tuples[i] = some_tuple(&state);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		for (size_t j = 0; j < KEY_COUNT; j++) {
			const struct tuple *a = &tuples[i];
			const struct tuple *b = &tuples[j];
			int accounts = compare_accounts(a, b);
			int ids = compare_numbers(a->first, b->first);
			/* A class and a way to reach its contacts. */
			uint64_t kind_a = a->second % 16;
			uint64_t kind_b = b->second % 16;
			int kinds = compare_numbers(kind_a, kind_b);
			struct key rows;
			struct key x;
			struct key y;
			uint64_t id;

			key_class_rows(&rows, bytes_of(a->account, a->account_size),
			    (enum contact_class)(kind_a / 4), (enum reach)(kind_a % 4));
			key_row(&x, &rows, a->first);
			key_class_rows(&rows, bytes_of(b->account, b->account_size),
			    (enum contact_class)(kind_b / 4), (enum reach)(kind_b % 4));
			key_row(&y, &rows, b->first);
			assert_int_equal(sign(bytes_compare(key_bytes(&x), key_bytes(&y))),
			    sign(accounts != 0   ? accounts
				    : kinds != 0 ? kinds
						 : ids));
			assert_true(key_parse_row(&id, &rows, key_bytes(&y)) && id == b->first);
			assert_true(
			    key_parse_row(&id, &rows, key_bytes(&x)) == (accounts == 0 && kinds == 0));
		}
	}
}

static void
test_lists_whose_names_begin_alike_lie_apart(void **test_state)
{
	static const char *const lists[] = { "a", "aa", "a a", "b", "conversations-engaged",
		"conversations-engaged2" };
	uint8_t name[LIMIT_LIST_BYTES];
	struct key last = { 0 };
	struct key rows;
	struct key key;
	uint64_t id;

	(void)test_state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct key other;

		key_list_rows(&rows, BYTES("shop"), bytes_of_string(lists[i]));
		key_row(&key, &rows, 7);
		assert_true(key_parse_row(&id, &rows, key_bytes(&key)) && id == 7);
		for (size_t j = 0; j < sizeof(lists) / sizeof(lists[0]); j++) {
			key_list_rows(&other, BYTES("shop"), bytes_of_string(lists[j]));
			assert_true(key_parse_row(&id, &other, key_bytes(&key)) == (i == j));
		}
		key_class_rows(&other, BYTES("shop"), CLASS_ANONYMOUS_CHAT, REACH_PUSH);
		key_row(&last, &other, UINT64_MAX);
		assert_true(bytes_compare(key_bytes(&last), key_bytes(&key)) < 0);
	}
	memset(name, 'l', sizeof(name));
	key_list_rows(&rows, bytes_of(name, LIMIT_ACCOUNT_BYTES), bytes_of(name, sizeof(name)));
	key_row(&key, &rows, UINT64_MAX);
	assert_true(key_parse_row(&id, &rows, key_bytes(&key)) && id == UINT64_MAX);
	assert_false(key_parse_row(&id, &rows, bytes_of(key.data, key.size - 1)));
	assert_false(key_parse_row(&id, &rows, key_bytes(&rows)));
}

static void
test_no_account_begins_anothers_keys(void **test_state)
{
	static const char *const accounts[] = { "a", "a-", "a.", "a0", "aa", "aaa", "b" };

	(void)test_state;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		for (size_t j = 0; j < sizeof(accounts) / sizeof(accounts[0]); j++) {
			struct key prefix;
			struct key key;

			if (i == j)
				continue;
			key_account(&prefix, bytes_of_string(accounts[i]));
			key_identifier(
			    &key, bytes_of_string(accounts[j]), NAMESPACE_CHAT, bytes_of_string("a"));
			assert_true(prefix.size < key.size);
			assert_memory_not_equal(prefix.data, key.data, prefix.size);
		}
	}
}

static void
test_keys_read_back(void **test_state)
{
	uint64_t state = 2;

	(void)test_state;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		struct tuple tuple = some_tuple(&state);
		struct bytes account;
		struct key key;
		uint64_t first;
		uint64_t second;

		key_pair(&key, bytes_of(tuple.account, tuple.account_size), tuple.first, tuple.second);
		assert_true(key_parse_pair(&account, &first, &second, key_bytes(&key)));
		assert_true(bytes_equal(account, bytes_of(tuple.account, tuple.account_size)));
		assert_true(first == tuple.first && second == tuple.second);
		assert_false(key_parse_number(&account, &first, key_bytes(&key)));
		key_number(&key, bytes_of(tuple.account, tuple.account_size), tuple.first);
		assert_true(key_parse_number(&account, &first, key_bytes(&key)));
		assert_true(first == tuple.first);
		assert_false(key_parse_pair(&account, &first, &second, key_bytes(&key)));
	}
	for (size_t size = 0; size < 12; size++) {
		struct bytes account;
		uint64_t number;

		assert_false(key_parse_number(&account, &number, bytes_of("aaaaaaaaaaaa", size)));
	}
}

static void
test_long_values_are_hashed_past_400_bytes(void **test_state)
{
	uint8_t value[KEY_VALUE_BYTES + 2];
	uint8_t account[LIMIT_ACCOUNT_BYTES];
	struct key whole;
	struct key hashed;
	struct key other;

	(void)test_state;
	memset(value, 'v', sizeof(value));
	memset(account, 'a', sizeof(account));
	key_identifier(
	    &whole, bytes_of(account, sizeof(account)), NAMESPACE_PUSH, bytes_of(value, KEY_VALUE_BYTES));
	assert_int_equal(whole.size, LIMIT_ACCOUNT_BYTES + 1 + 2 + KEY_VALUE_BYTES);
	assert_in_range(whole.size, 1, 511);
	key_identifier(&hashed, bytes_of(account, sizeof(account)), NAMESPACE_PUSH,
	    bytes_of(value, KEY_VALUE_BYTES + 1));
	assert_int_equal(hashed.size, LIMIT_ACCOUNT_BYTES + 1 + 2 + 16);
	value[KEY_VALUE_BYTES] = 'w';
	key_identifier(
	    &other, bytes_of(account, sizeof(account)), NAMESPACE_PUSH, bytes_of(value, KEY_VALUE_BYTES + 1));
	assert_int_equal(other.size, hashed.size);
	assert_memory_not_equal(other.data, hashed.data, hashed.size);
	/* A short value that looks like the hash of a long one is another key. */
	key_identifier(&other, bytes_of(account, sizeof(account)), NAMESPACE_PUSH,
	    bytes_of(hashed.data + hashed.size - 16, 16));
	assert_int_equal(other.size, hashed.size);
	assert_memory_not_equal(other.data, hashed.data, hashed.size);
}

static void
test_R30_keys_of_what_is_erased_by_read_back(void **test_state)
{
	const uint8_t digest[DIGEST_BYTES] = { 1, 2, 3 };
	uint8_t value[KEY_VALUE_BYTES + 1];
	uint8_t account[LIMIT_ACCOUNT_BYTES];
	struct bytes longest = bytes_of(account, sizeof(account));
	struct bytes request_id;
	struct bytes found;
	struct key offers;
	struct key key;
	uint64_t id;

	(void)test_state;
	memset(value, 'v', sizeof(value));
	memset(account, 'a', sizeof(account));
	for (size_t size = 1; size <= sizeof(value); size += sizeof(value) / 4) {
		key_offers(&offers, longest, NAMESPACE_EMAIL, bytes_of(value, size));
		key_offered(&key, longest, NAMESPACE_EMAIL, bytes_of(value, size), 7);
		assert_in_range(key.size, 1, 511);
		assert_int_equal(key.size, offers.size + 8);
		assert_memory_equal(key.data, offers.data, offers.size);
		assert_true(key_parse_offered(&found, &id, key_bytes(&key)));
		assert_true(bytes_equal(found, longest) && id == 7);
	}
	assert_false(key_parse_offered(&found, &id, bytes_of(key.data, LIMIT_ACCOUNT_BYTES + 1 + 11)));

	key_suppressed(&key, BYTES("shop"), NAMESPACE_EMAIL, digest);
	assert_true(key_parse_suppressed(&found, key_bytes(&key)));
	assert_true(bytes_equal(found, BYTES("shop")));
	assert_false(key_parse_suppressed(&found, bytes_of(key.data, key.size - 1)));
	key.data[5] = NAMESPACE_COUNT;
	assert_false(key_parse_suppressed(&found, key_bytes(&key)));

	key_request_contact(&key, longest, UINT64_MAX, bytes_of(value, LIMIT_REQUEST_ID_BYTES));
	assert_true(key_parse_request_contact(&found, &id, &request_id, key_bytes(&key)));
	assert_true(bytes_equal(found, longest) && id == UINT64_MAX);
	assert_true(bytes_equal(request_id, bytes_of(value, LIMIT_REQUEST_ID_BYTES)));
	key_number(&key, longest, 7);
	assert_false(key_parse_request_contact(&found, &id, &request_id, key_bytes(&key)));
}

static void
test_record_is_tied_to_its_key_and_table(void **test_state)
{
	uint8_t record[RECORD_CHECKSUM_BYTES + 5] = "........value";
	const struct bytes key = BYTES("key");
	struct bytes value;

	(void)test_state;
	record_seal(record, TABLE_CONTACT, key, bytes_of(record + RECORD_CHECKSUM_BYTES, 5));
	assert_true(record_open(&value, TABLE_CONTACT, key, bytes_of(record, sizeof(record))));
	assert_true(bytes_equal(value, BYTES("value")));
	assert_false(record_open(&value, TABLE_JOURNAL, key, bytes_of(record, sizeof(record))));
	assert_false(record_open(&value, TABLE_CONTACT, BYTES("kez"), bytes_of(record, sizeof(record))));
	for (size_t size = 0; size < sizeof(record); size++)
		assert_false(record_open(&value, TABLE_CONTACT, key, bytes_of(record, size)));
	for (size_t bit = 0; bit < sizeof(record) * 8; bit++) {
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(record_open(&value, TABLE_CONTACT, key, bytes_of(record, sizeof(record))));
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_sort_as_their_tuples),
		cmocka_unit_test(test_rows_of_the_index_sort_as_their_tuples),
		cmocka_unit_test(test_lists_whose_names_begin_alike_lie_apart),
		cmocka_unit_test(test_no_account_begins_anothers_keys),
		cmocka_unit_test(test_keys_read_back),
		cmocka_unit_test(test_long_values_are_hashed_past_400_bytes),
		cmocka_unit_test(test_R30_keys_of_what_is_erased_by_read_back),
		cmocka_unit_test(test_record_is_tied_to_its_key_and_table),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
