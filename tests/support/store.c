/* Opens a store as the daemon would and reads it with the same room's functions: the
 * journal has no call of its own yet, and a recount never will. */
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>

#include "rules/identify.h"
#include "rules/normalize.h"
#include "server/graph/environment.h"
#include "server/graph/scan.h"
#include "server/key.h"
#include "server/wire/messages.h"

struct digest_key
store_key(const char *data_dir)
{
	struct key_error error = { "" };
	struct digest_key key;
	char path[PATH_MAX];
	int result;

	snprintf(path, sizeof(path), "%s/key", data_dir);
	result = key_read(&key, &error, path);
	if (result != 0)
		fail_msg("the store's key can't be read: %d %s", result, error.message);
	return key;
}

static struct graph *
open_store(const char *data_dir)
{
	struct graph_options options = { .data_dir = data_dir,
		.phone_library_version = phone_library_version(),
		.key = store_key(data_dir) };
	struct graph_error error = { 0 };
	struct graph *graph = NULL;
	int result = graph_open(&graph, &options, &error);

	if (result != 0)
		fail_msg("the store %s does not open: %d %s", data_dir, result, error.message);
	return graph;
}

void
store_expect_sound(const char *data_dir)
{
	struct graph *graph = open_store(data_dir);
	struct graph_error error = { 0 };
	struct graph_report report = { 0 };
	int result = graph_check(&report, graph, &error);

	graph_close(graph);
	if (result != 0)
		fail_msg("the store %s is not sound: %d %s", data_dir, result, error.message);
	assert_true(report.accounts > 0);
	assert_true(report.contacts > 0);
}

void
store_expire_journal(const char *data_dir, const char *account)
{
	enum { MOST = 10000 };
	struct graph *graph = open_store(data_dir);
	struct graph_error error = { 0 };
	size_t removed = 0;
	uint64_t txn;

	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(
	    graph_expire_journal(&removed, graph, bytes_of_string(account), INT64_MAX, MOST, &error), 0);
	assert_in_range(removed, 1, MOST - 1);
	assert_int_equal(graph_commit(&txn, graph, &error), 0);
	graph_close(graph);
}

void
store_tell_number(const char *data_dir, const char *account, const char *number)
{
	enum { ARENA_BYTES = 1024 * 1024 };
	const struct account_settings *settings = &settings_default()->defaults;
	struct identifier phone = { .namespace_id = NAMESPACE_PHONE, .value = bytes_of_string(number) };
	struct event event = {
		.action = ACTION_IDENTIFY,
		.account = bytes_of_string(account),
		.claim = { .source = SOURCE_CONTACTS },
		.identifiers = &phone,
		.identifier_count = 1,
	};
	struct graph *graph = open_store(data_dir);
	struct graph_error error = { 0 };
	struct neighbourhood known;
	struct changeset changeset;
	struct bytes contact;
	struct arena arena;
	uint64_t txn;

	arena_init(&arena, ARENA_BYTES);
	event_receive(&event, 1);
	assert_int_equal(graph_write_begin(graph), 0);
	assert_int_equal(graph_load(&known, graph, &arena, &event, &error), 0);
	assert_int_equal(identify_decide(&changeset, &arena, &event, &known, settings, NULL), 0);
	assert_int_equal(graph_apply(&contact, graph, &arena, &event, &changeset, &error), 0);
	assert_int_equal(graph_commit(&txn, graph, &error), 0);
	arena_finish(&arena);
	graph_close(graph);
}

/* What a row's value is before its message. */
static size_t
skipped_bytes(enum table table)
{
	return RECORD_CHECKSUM_BYTES + (table == TABLE_CONTACT ? 1 : 0);
}

/* Whether a text stands in any packed row of a table; some are nothing but their key. */
static bool
table_has_text(struct graph_reader *reader, enum table table, const char *text)
{
	struct arena arena;
	struct scan scan;
	struct bytes record;
	struct bytes key;
	bool found = false;
	int result;

	arena_init(&arena, 1024 * 1024);
	assert_int_equal(scan_begin(&scan, reader->txn, reader->graph, table, NULL), 0);
	while ((result = scan_next(&key, &record, &scan)) == 0) {
		struct bytes message;

		if (record.size == 0)
			continue;
		message = bytes_of(record.data + skipped_bytes(table), record.size - skipped_bytes(table));
		arena_reset(&arena);
		if (table != TABLE_CONTACT || record.data[RECORD_CHECKSUM_BYTES] == KIND_CONTACT)
			assert_int_equal(unpack(&message, &arena, message), 0);
		found = found || memmem(message.data, message.size, text, strlen(text)) != NULL;
	}
	assert_int_equal(scan_end(&scan, result), 0);
	arena_finish(&arena);
	return found;
}

bool
store_has_text(const char *data_dir, const char *text)
{
	struct graph *graph = open_store(data_dir);
	struct graph_reader *reader;
	bool found;

	assert_int_equal(graph_reader_create(&reader, graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	found = table_has_text(reader, TABLE_CONTACT, text) || table_has_text(reader, TABLE_JOURNAL, text);
	graph_read_end(reader);
	graph_reader_destroy(reader);
	graph_close(graph);
	return found;
}

uint64_t
store_journal_size(const char *data_dir, const char *account)
{
	struct graph *graph = open_store(data_dir);
	struct graph_reader *reader;
	struct graph_error error;
	struct account numbers;

	assert_int_equal(graph_reader_create(&reader, graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	assert_int_equal(graph_get_account(&numbers, reader, bytes_of_string(account), &error), 0);
	graph_read_end(reader);
	graph_reader_destroy(reader);
	graph_close(graph);
	return numbers.journal_sequence;
}

static void
print_act(FILE *out, const struct journal_entry *entry)
{
	static const char *const actions[ACTION_COUNT] = { "-", "IDENTIFY", "PROMOTE", "DISMISS", "MERGE",
		"ERASE" };

	fprintf(out, " %s %.*s %llu/%llu", actions[entry->action], BYTES_PRINT(entry->operator_name),
	    (unsigned long long)entry->contact_version, (unsigned long long)entry->secondary_id);
	for (size_t i = 0; i < entry->identifier_count; i++)
		fprintf(out, " %.*s", BYTES_PRINT(namespace_name(entry->identifiers[i].namespace_id)));
	for (size_t i = 0; i < entry->attribute_count; i++)
		fprintf(out, " %.*s", BYTES_PRINT(entry->attributes[i].name));
	if (entry->claim.conversation.size > 0)
		fprintf(out, " %.*s", BYTES_PRINT(entry->claim.conversation));
}

static void
print_entry(FILE *out, const struct journal_entry *entry)
{
	static const char *const sources[] = { "-", "PUSH", "CONVERSATIONS", "CONTACTS" };
	static const char *const kinds[] = { "-", "VALUE", "OWNER", "IDENTITY" };
	static const char *const verdicts[] = { "-", "KEEP", "OFFER", "TAKE", "SEPARATE" };

	fprintf(out, "%s %llu %d", sources[entry->claim.source], (unsigned long long)entry->contact_id,
	    (int)entry->outcome);
	if (entry->action != ACTION_IDENTIFY)
		print_act(out, entry);
	for (size_t i = 0; i < entry->conflict_count; i++) {
		const struct conflict *conflict = &entry->conflicts[i];

		fprintf(out, " [%s %.*s %s %.*s/%.*s/%.*s]", kinds[conflict->kind],
		    BYTES_PRINT(conflict->name), verdicts[conflict->verdict],
		    BYTES_PRINT(conflict->policy.id), BYTES_PRINT(conflict->policy.version),
		    BYTES_PRINT(conflict->policy.build));
	}
	for (size_t i = 0; i < entry->loss_count; i++) {
		const struct loss *loss = &entry->losses[i];
		struct bytes name = loss->value.identifier.namespace_id != NAMESPACE_NONE
		    ? namespace_name(loss->value.identifier.namespace_id)
		    : loss->value.attribute.name;

		fprintf(out, " [%d %.*s]", (int)loss->cause, BYTES_PRINT(name));
	}
	fputc('\n', out);
}

char *
store_journal_text(const char *data_dir, const char *account)
{
	struct graph *graph = open_store(data_dir);
	struct bytes name = bytes_of_string(account);
	struct graph_reader *reader;
	struct graph_error error;
	struct account numbers;
	struct arena arena;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	arena_init(&arena, 16 * 1024 * 1024);
	assert_int_equal(graph_reader_create(&reader, graph), 0);
	assert_int_equal(graph_read_begin(reader), 0);
	assert_int_equal(graph_get_account(&numbers, reader, name, &error), 0);
	for (uint64_t sequence = 1; sequence <= numbers.journal_sequence; sequence++) {
		struct journal_entry entry;
		struct bytes encoded;
		int result = graph_get_journal(&encoded, reader, name, sequence, &error);

		if (result == GRAPH_E_ABSENT)
			continue; /* erased since */
		assert_int_equal(result, 0);
		assert_int_equal(journal_entry_decode(&entry, &arena, encoded), 0);
		print_entry(out, &entry);
	}
	graph_read_end(reader);
	graph_reader_destroy(reader);
	graph_close(graph);
	arena_finish(&arena);
	fclose(out);
	return text;
}
