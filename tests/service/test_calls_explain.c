/* Explain: what happened to a contact, and to all that became part of it, in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/act.h"
#include "tests/support/call.h"

#define EXPLAIN METHOD("Explain")

static Anagraph__V1__ExplainRequest
request_for(struct scene *s, uint64_t contact_id)
{
	Anagraph__V1__ExplainRequest request = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;

	request.account = s->account;
	request.contact_id = contact_id;
	return request;
}

static Anagraph__V1__ExplainResponse *
explain_page(struct scene *s, const Anagraph__V1__ExplainRequest *request)
{
	return call(s, EXPLAIN, request, &anagraph__v1__explain_response__descriptor);
}

static Anagraph__V1__ExplainResponse *
explain(struct scene *s, uint64_t contact_id)
{
	const Anagraph__V1__ExplainRequest request = request_for(s, contact_id);
	Anagraph__V1__ExplainResponse *answer = explain_page(s, &request);

	assert_string_equal(answer->next_page_token, "");
	return answer;
}

/* Sequences as text, "1 3 4". */
static char *
sequences_text(struct scene *s, const Anagraph__V1__ExplainResponse *answer)
{
	char *text = scene_print(s, "%s", "");

	for (size_t i = 0; i < answer->n_entries; i++)
		text = scene_print(s, "%s%s%d", text, i == 0 ? "" : " ", (int)answer->entries[i]->sequence);
	return text;
}

#define expect_sequences(s, contact_id, text)                                                                \
	_assert_string_equal(sequences_text(s, explain(s, contact_id)), text, __FILE__, __LINE__)

static void
test_entries_tell_what_happened(struct scene *s)
{
	const Anagraph__V1__ExplainResponse *answer;
	const Anagraph__V1__JournalEntry *entry;

	s->repeats = false; /* a conflict is told each time */
	identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-81"));
	identify(s, CONVERSATIONS, AT(3), IN("t-5"), ID("chat", "v-81"), ID("email", "Rossi@Example.it"),
	    TEXT("LAST_NAME", "Bianchi"));
	promote(s, 1, "LAST_NAME=Bianchi");
	answer = explain(s, 1);
	assert_int_equal(answer->n_entries, 4);

	entry = answer->entries[0];
	assert_int_equal(entry->sequence, 1);
	assert_int_equal(entry->revision, 1);
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->action, ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_IDENTIFY);
	assert_int_equal(entry->outcome, CREATED);
	assert_int_equal(entry->claim->source, CONTACTS);
	assert_int_equal(microseconds(entry->claim->observed_at), (int64_t)(EPOCH_SECONDS + 1) * 1000000);
	assert_string_equal(entry->identifiers[0]->value, "rossi@example.it");
	assert_string_equal(entry->attributes[0]->string_value, "Rossi");

	assert_int_equal(answer->entries[1]->contact_id, 2);

	entry = answer->entries[2];
	assert_int_equal(entry->outcome, IDENTIFIED);
	assert_string_equal(entry->claim->conversation, "t-5");
	assert_int_equal(entry->n_conflicts, 1);
	assert_string_equal(entry->conflicts[0]->name, "LAST_NAME");
	assert_string_equal(entry->conflicts[0]->policy->id, "chat_primary");
	assert_int_equal(strlen(entry->conflicts[0]->policy->build), 32);
	assert_int_equal(entry->conflicts[0]->verdict, ANAGRAPH__V1__VERDICT__VERDICT_OFFER);
	assert_int_equal(entry->n_absorptions, 1);
	assert_int_equal(entry->absorptions[0]->survivor_contact_id, 1);
	assert_string_equal(contact_text(s, entry->absorptions[0]->before), "chat=v-81");

	entry = answer->entries[3];
	assert_int_equal(entry->action, ANAGRAPH__V1__JOURNAL_ACTION__JOURNAL_ACTION_PROMOTE);
	assert_string_equal(entry->operator_, "anna");
	assert_string_equal(entry->attributes[0]->string_value, "Bianchi");
	assert_int_equal(entry->n_losses, 2);
}

static void
test_R25_history_follows_forwards(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), ID("email", "a@example.it"));
	expect_sequences(s, 3, "1 2 3 5 6");
	expect_sequences(s, 2, "1 2 3 5 6");
	expect_sequences(s, 1, "1 2 3 5 6");
	expect_sequences(s, 4, "4");
	merge(s, 4, 3);
	expect_sequences(s, 1, "1 2 3 4 5 6 7");
	expect_sequences(s, 4, "1 2 3 4 5 6 7");
}

/* A conflict tells of the other contact, too: it is in the history of both. */
static void
test_owner_of_a_conflict_has_it_in_its_history(struct scene *s)
{
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("phone", "+393331234567"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("phone", "+393331234567"));
	expect_conflicts(s, "OWNER phone +393331234567 of 2 OFFER");
	expect_sequences(s, 1, "1 3");
	expect_sequences(s, 2, "2 3");
}

static void
test_events_that_changed_nothing_are_not_told(struct scene *s)
{
	for (int i = 0; i < 3; i++)
		identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_sequences(s, 1, "1");
}

static void
test_contact_that_is_none(struct scene *s)
{
	Anagraph__V1__ExplainRequest request = request_for(s, 1);

	expect_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", EXPLAIN, &request);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_sequences(s, 1, "1");
	request.contact_id = 2;
	expect_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", EXPLAIN, &request);
	request.contact_id = 0;
	expect_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", EXPLAIN, &request);
	request.contact_id = UINT64_MAX;
	expect_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", EXPLAIN, &request);
}

static void
test_what_is_wrong_with_the_request(struct scene *s)
{
	static const char *const tokens[] = { "1", "0000000000000001", "00000000000000010000000000000000",
		"0000000000000001000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		"00000000000000000000000000000000", "\xc3\xa9" };
	Anagraph__V1__ExplainRequest request = request_for(s, 1);

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		request.page_token = (char *)(uintptr_t)tokens[i];
		expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", EXPLAIN, &request);
	}
	request.page_token = (char *)(uintptr_t) "";
	request.account = (char *)(uintptr_t) "Shop";
	expect_refused(s, "INVALID_ARGUMENT", "ACCOUNT_INVALID", "account", EXPLAIN, &request);
	request.account = (char *)(uintptr_t) "\xff";
	expect_refused(s, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "", EXPLAIN, &request);
}

/* Gives contact 1 a history of so many entries. */
static void
make_history(struct scene *s, int count)
{
	s->repeats = false;
	for (int i = 1; i <= count; i++)
		identify(s, CONTACTS, AT(i), ID("email", "a@example.it"), NUMBER("N", i));
}

/* All pages of contact 1, whose entries are 1 to count; how many pages there were. */
static size_t
expect_pages(struct scene *s, uint32_t page_size, size_t count)
{
	Anagraph__V1__ExplainRequest request = request_for(s, 1);
	size_t pages = 0;
	size_t seen = 0;

	request.page_size = page_size;
	do {
		const Anagraph__V1__ExplainResponse *answer = explain_page(s, &request);

		assert_true(answer->n_entries > 0);
		for (size_t i = 0; i < answer->n_entries; i++)
			assert_int_equal(answer->entries[i]->sequence, ++seen);
		pages++;
		request.page_token = answer->next_page_token;
	} while (request.page_token[0] != '\0');
	assert_int_equal(seen, count);
	return pages;
}

static void
test_page_size_limit(struct scene *s)
{
	Anagraph__V1__ExplainRequest request = request_for(s, 1);

	make_history(s, LIMIT_PAGE_ITEMS + 1);
	assert_int_equal(expect_pages(s, 0, LIMIT_PAGE_ITEMS + 1), 11);
	assert_int_equal(expect_pages(s, 77, LIMIT_PAGE_ITEMS + 1), 13);
	assert_int_equal(expect_pages(s, 91, LIMIT_PAGE_ITEMS + 1), 11);
	assert_int_equal(expect_pages(s, LIMIT_PAGE_ITEMS, LIMIT_PAGE_ITEMS + 1), 2);
	request.page_size = LIMIT_PAGE_ITEMS;
	assert_int_equal(explain_page(s, &request)->n_entries, LIMIT_PAGE_ITEMS);
	request.page_size = LIMIT_PAGE_ITEMS + 1;
	expect_refused(s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "page_size", EXPLAIN, &request);
	request.page_size = UINT32_MAX;
	expect_refused(s, "INVALID_ARGUMENT", "LIMIT_EXCEEDED", "page_size", EXPLAIN, &request);
}

/* What is written between two pages comes on a later one. */
static void
test_entries_written_between_two_pages(struct scene *s)
{
	Anagraph__V1__ExplainRequest request = request_for(s, 1);
	const Anagraph__V1__ExplainResponse *answer;

	make_history(s, 5);
	request.page_size = 3;
	answer = explain_page(s, &request);
	assert_string_equal(sequences_text(s, answer), "1 2 3");
	identify(s, CONTACTS, AT(6), ID("email", "a@example.it"), NUMBER("N", 6));
	request.page_token = answer->next_page_token;
	answer = explain_page(s, &request);
	assert_string_equal(sequences_text(s, answer), "4 5 6");
	assert_string_equal(answer->next_page_token, "");
}

static void
test_token_is_of_its_account_and_contact(struct scene *s)
{
	Anagraph__V1__ExplainRequest request = request_for(s, 1);
	const Anagraph__V1__ExplainResponse *answer;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ACCOUNT("explain-of-another"));
	make_history(s, 3);
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	request.page_size = 1;
	answer = explain_page(s, &request);
	request.page_token = answer->next_page_token;
	request.contact_id = 2;
	expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", EXPLAIN, &request);
	request.contact_id = 1;
	request.account = (char *)(uintptr_t) "explain-of-another";
	expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", EXPLAIN, &request);
	request.account = s->account;
	request.page_size = 2;
	assert_string_equal(sequences_text(s, explain_page(s, &request)), "2 3");
}

/* Entries of 100 kB: a page has as many as there is room for. */
static void
test_page_bytes_limit(struct scene *s)
{
	const uint64_t entries = 45;
	Anagraph__V1__ExplainRequest request = request_for(s, 1);
	struct part parts[102] = { [100] = ID("email", "a@example.it") };
	const Anagraph__V1__ExplainResponse *answer;
	size_t size;

	s->repeats = false;
	for (uint64_t i = 0; i < entries; i++) {
		char *text = scene_print(s, "%1000d", (int)i);

		memset(text, 'a' + (int)(i % 26), 900);
		for (int j = 0; j < 99; j++)
			parts[j] = TEXT(scene_print(s, "A%d", j), text);
		parts[99] = AT((int)i + 1);
		identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	}
	answer = explain_page(s, &request);
	size = protobuf_c_message_get_packed_size(&answer->base);
	assert_true(size <= LIMIT_PAGE_BYTES + 64);
	/* The next one would not have found room. */
	request.page_token = answer->next_page_token;
	request.page_size = 1;
	size -= strlen(answer->next_page_token) + 2;
	assert_true(
	    size + protobuf_c_message_get_packed_size(&explain_page(s, &request)->base) > LIMIT_PAGE_BYTES);
	assert_true(expect_pages(s, 0, entries) > 1);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_entries_tell_what_happened),
		STOCK_TEST(test_R25_history_follows_forwards),
		STOCK_TEST(test_owner_of_a_conflict_has_it_in_its_history),
		STOCK_TEST(test_events_that_changed_nothing_are_not_told),
		STOCK_TEST(test_contact_that_is_none),
		STOCK_TEST(test_what_is_wrong_with_the_request),
		STOCK_TEST(test_page_size_limit),
		STOCK_TEST(test_entries_written_between_two_pages),
		STOCK_TEST(test_token_is_of_its_account_and_contact),
		STOCK_TEST(test_page_bytes_limit),
	};

	return scene_main(tests);
}
