/* Lists of contacts: who is on which, in what order, page by page, and how many (R4 to R7). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/support/act.h"
#include "tests/support/call.h"
#include "tests/support/tell.h"

#define LIST METHOD("ListContacts")

#define ALL ANAGRAPH__V1__LIST_VIEW__LIST_VIEW_ALL
#define PAGE ANAGRAPH__V1__LIST_VIEW__LIST_VIEW_CONTACTS_PAGE
#define IDENTIFIED_CLASS ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_IDENTIFIED
#define PUSH_CLASS ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_PUSH
#define CHAT_CLASS ANAGRAPH__V1__CONTACT_CLASS__CONTACT_CLASS_ANONYMOUS_CHAT
#define BY_EMAIL ANAGRAPH__V1__REACH__REACH_EMAIL
#define BY_SMS ANAGRAPH__V1__REACH__REACH_SMS
#define BY_WHATSAPP ANAGRAPH__V1__REACH__REACH_WHATSAPP
#define BY_PUSH ANAGRAPH__V1__REACH__REACH_PUSH
#define ENGAGED "conversations-engaged"

/* What to list; zeros are what the service takes for nothing said. */
struct filter {
	int view;
	int contact_class;
	const char *list;
	int reach;
	uint32_t page_size;
	const char *page_token;
	const char *account; /* NULL: the scene's */
};

static char *
text_of(const char *text)
{
	return (char *)(uintptr_t)(text == NULL ? "" : text);
}

static Anagraph__V1__ListContactsRequest
request_of(struct scene *s, const struct filter *filter)
{
	Anagraph__V1__ListContactsRequest request = ANAGRAPH__V1__LIST_CONTACTS_REQUEST__INIT;

	request.account = filter->account == NULL ? s->account : text_of(filter->account);
	request.view = (Anagraph__V1__ListView)filter->view;
	request.contact_class = (Anagraph__V1__ContactClass)filter->contact_class;
	request.list = text_of(filter->list);
	request.reach = (Anagraph__V1__Reach)filter->reach;
	request.page_size = filter->page_size;
	request.page_token = text_of(filter->page_token);
	return request;
}

static const Anagraph__V1__ListContactsResponse *
list_page(struct scene *s, const struct filter *filter)
{
	const Anagraph__V1__ListContactsRequest request = request_of(s, filter);

	return call(s, LIST, &request, &anagraph__v1__list_contacts_response__descriptor);
}

/* All that is listed, as "1 2 5 of 3", by pages of one, of two and of the default size, which
 * must agree. */
static char *
list_text(struct scene *s, const struct filter *asked)
{
	static const uint32_t sizes[] = { 1, 2, 0 };
	char *text = NULL;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct filter filter = *asked;
		char *listed = scene_print(s, "%s", "");
		const Anagraph__V1__ListContactsResponse *answer;

		filter.page_size = sizes[i];
		do {
			answer = list_page(s, &filter);
			if (sizes[i] > 0)
				assert_true(answer->n_contacts <= sizes[i]);
			for (size_t j = 0; j < answer->n_contacts; j++) {
				expect_contact_sound(s, answer->contacts[j], __FILE__, __LINE__);
				listed = scene_print(s, "%s%d ", listed, (int)answer->contacts[j]->id);
			}
			filter.page_token = answer->next_page_token;
			if (filter.page_token[0] != '\0')
				assert_true(answer->n_contacts > 0);
		} while (filter.page_token[0] != '\0');
		if (answer->total_unknown)
			assert_int_equal(answer->total, 0);
		listed = scene_print(s, "%sof %s", listed,
		    answer->total_unknown ? "?" : scene_print(s, "%d", (int)answer->total));
		if (text != NULL)
			assert_string_equal(listed, text);
		text = listed;
	}
	return text;
}

#define expect_list(s, text, ...)                                                                            \
	_assert_string_equal(list_text(s, &(const struct filter){ __VA_ARGS__ }), text, __FILE__, __LINE__)

/* 1, 6 identified; 2, 5 anonymous chat; 3, 7 anonymous push; 4 identified by a name alone and
 * engaged; 8 engaged, with everything. */
static void
make_contacts(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", "+393331234561"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, PUSH, AT(1), ID("push", "d-3"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-4"), TEXT("FIRST_NAME", "Anna"));
	identify(s, CONVERSATIONS, AT(1), ID("facebook", "f-5"));
	identify(s, CONTACTS, AT(1), ID("whatsapp", "+393331234566"), ID("landline", "+390612345678"));
	identify(s, PUSH, AT(1), ID("push", "d-7"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-8"), ID("push", "d-8"), ID("email", "h@example.it"),
	    ID("phone", "+393331234568"), ID("whatsapp", "+393331234568"));
	expect_totals(s, "4 2 2");
}

static void
test_R6_contacts_page_has_no_anonymous_chat(struct scene *s)
{
	make_contacts(s);
	expect_list(s, "1 3 4 6 7 8 of 6", .view = 0);
	expect_list(s, "1 3 4 6 7 8 of 6", .view = PAGE);
	expect_list(s, "1 2 3 4 5 6 7 8 of 8", .view = ALL);
}

static void
test_R6_one_class(struct scene *s)
{
	make_contacts(s);
	expect_list(s, "1 4 6 8 of 4", .contact_class = IDENTIFIED_CLASS);
	expect_list(s, "3 7 of 2", .contact_class = PUSH_CLASS);
	expect_list(s, "3 7 of 2", .contact_class = PUSH_CLASS, .view = ALL);
	expect_list(s, "2 5 of 2", .contact_class = CHAT_CLASS, .view = ALL);
	expect_list(s, "of 0", .contact_class = CHAT_CLASS);
	expect_list(s, "of 0", .contact_class = CHAT_CLASS, .view = PAGE);
}

static void
test_R5_one_way_to_reach_them(struct scene *s)
{
	make_contacts(s);
	expect_list(s, "1 8 of 2", .reach = BY_EMAIL);
	expect_list(s, "1 8 of 2", .reach = BY_SMS);
	expect_list(s, "6 8 of 2", .reach = BY_WHATSAPP);
	/* Those that a push campaign may select: anonymous ones, too. */
	expect_list(s, "3 7 8 of 3", .reach = BY_PUSH);
	expect_list(s, "3 7 8 of 3", .reach = BY_PUSH, .view = ALL);
}

static void
test_R7_one_list(struct scene *s)
{
	make_contacts(s);
	expect_list(s, "4 8 of 2", .list = ENGAGED);
	expect_list(s, "4 8 of 2", .list = ENGAGED, .view = ALL);
	expect_list(s, "of 0", .list = "customers");
	expect_list(s, "of 0", .list = "conversations-engage");
	expect_list(s, "of 0", .list = "conversations-engaged ");
}

static void
test_several_filters_leave_who_passes_all(struct scene *s)
{
	make_contacts(s);
	expect_list(s, "8 of ?", .reach = BY_PUSH, .contact_class = IDENTIFIED_CLASS);
	expect_list(s, "3 7 of ?", .reach = BY_PUSH, .contact_class = PUSH_CLASS);
	expect_list(s, "of ?", .reach = BY_EMAIL, .contact_class = PUSH_CLASS);
	expect_list(s, "8 of ?", .list = ENGAGED, .reach = BY_EMAIL);
	expect_list(s, "8 of ?", .list = ENGAGED, .reach = BY_PUSH, .view = ALL);
	expect_list(s, "4 8 of ?", .list = ENGAGED, .contact_class = IDENTIFIED_CLASS);
	expect_list(s, "of ?", .list = ENGAGED, .contact_class = PUSH_CLASS);
	expect_list(s, "of ?", .list = ENGAGED, .contact_class = CHAT_CLASS);
	expect_list(s, "8 of ?", .list = ENGAGED, .contact_class = IDENTIFIED_CLASS, .reach = BY_SMS);
	expect_list(s, "of ?", .list = "customers", .reach = BY_SMS);
}

static void
test_R4_contacts_are_shown_as_they_are_resolved(struct scene *s)
{
	const Anagraph__V1__ListContactsResponse *answer;

	make_contacts(s);
	answer = list_page(s, &(struct filter){ .view = ALL });
	assert_int_equal(answer->n_contacts, 8);
	assert_string_equal(answer->contacts[1]->display_name, "Anonymous contact #2");
	assert_string_equal(answer->contacts[3]->display_name, "Anna");
	assert_string_equal(answer->contacts[5]->display_name, "+393331234566");
	for (size_t i = 0; i < answer->n_contacts; i++)
		expect_contact(s, answer->contacts[i]->id, contact_text(s, answer->contacts[i]));
}

/* What becomes of a contact takes it from one list and puts it on another. */
static void
test_R6_lists_follow_the_contacts(struct scene *s)
{
	make_contacts(s);
	/* 2 becomes identified, 3 part of 1. */
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-2"), ID("email", "b@example.it"));
	identify(s, PUSH, AT(2), ID("push", "d-3"), ID("email", "a@example.it"));
	expect_list(s, "1 2 4 6 7 8 of 6", .view = PAGE);
	expect_list(s, "5 of 1", .view = ALL, .contact_class = CHAT_CLASS);
	expect_list(s, "1 2 4 5 6 7 8 of 7", .view = ALL);
	expect_list(s, "1 2 8 of 3", .reach = BY_EMAIL);
	expect_list(s, "1 7 8 of 3", .reach = BY_PUSH);
	expect_list(s, "2 4 8 of 3", .list = ENGAGED);
	/* A phone that another takes leaves its owner out of reach. */
	identify(s, CONTACTS, AT(3), ID("email", "h@example.it"), ID("phone", "+393331234561"));
	expect_list(s, "8 of 1", .reach = BY_SMS);
	merge(s, 6, 8);
	expect_list(s, "1 2 4 5 6 7 of 6", .view = ALL);
	expect_list(s, "2 4 6 of 3", .list = ENGAGED);
	expect_list(s, "1 6 7 of 3", .reach = BY_PUSH);
}

static void
test_account_that_there_is_not_is_empty(struct scene *s)
{
	expect_list(s, "of 0", .view = ALL);
	expect_list(s, "of 0", .list = ENGAGED);
	expect_list(s, "of 0", .reach = BY_PUSH);
	expect_list(s, "of ?", .reach = BY_PUSH, .list = ENGAGED);
}

/* Accounts whose names begin alike are not listed together. */
static void
test_accounts_are_listed_apart(struct scene *s)
{
	const char *longer = scene_print(s, "%.60s-0", s->account);

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ACCOUNT(longer));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ACCOUNT(longer));
	expect_list(s, "1 of 1", .view = ALL);
	expect_list(s, "1 2 of 2", .view = ALL, .account = longer);
}

static void
test_token_is_of_its_account_and_filters(struct scene *s)
{
	const struct filter others[] = {
		{ .view = ALL },
		{ .contact_class = IDENTIFIED_CLASS },
		{ .reach = BY_EMAIL },
		{ .list = ENGAGED },
		{ .account = "lists-of-another" },
	};
	const Anagraph__V1__ListContactsResponse *answer;
	Anagraph__V1__ListContactsRequest request;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ACCOUNT("lists-of-another"));
	make_contacts(s);
	answer = list_page(s, &(struct filter){ .page_size = 1 });
	assert_string_not_equal(answer->next_page_token, "");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		request = request_of(s, &others[i]);
		request.page_token = answer->next_page_token;
		expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", LIST, &request);
	}
	/* The page's size may be another; a view that is not said is the contacts page. */
	answer = list_page(
	    s, &(struct filter){ .view = PAGE, .page_size = 3, .page_token = answer->next_page_token });
	assert_int_equal(answer->n_contacts, 3);
	assert_int_equal(answer->contacts[0]->id, 3);
}

static void
test_token_of_Explain_is_none_of_a_list(struct scene *s)
{
	Anagraph__V1__ExplainRequest explain = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;
	const Anagraph__V1__ExplainResponse *answer;
	Anagraph__V1__ListContactsRequest request;

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	explain.account = s->account;
	explain.contact_id = 1;
	explain.page_size = 1;
	answer = call(s, METHOD("Explain"), &explain, &anagraph__v1__explain_response__descriptor);
	request = request_of(s, &(struct filter){ .page_token = answer->next_page_token });
	expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", LIST, &request);
}

static void
test_what_is_wrong_with_the_request(struct scene *s)
{
	static const char *const tokens[] = { "1", "00000000000000010000000000000000",
		"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "\xc3\xa9" };
	const struct {
		struct filter filter;
		const char *reason;
		const char *field;
	} rows[] = {
		{ { .account = "Shop" }, "ACCOUNT_INVALID", "account" },
		{ { .account = "" }, "ACCOUNT_INVALID", "account" },
		{ { .view = 3 }, "ENUM_UNKNOWN", "view" },
		{ { .view = -1 }, "ENUM_UNKNOWN", "view" },
		{ { .contact_class = 4 }, "ENUM_UNKNOWN", "contact_class" },
		{ { .contact_class = -1 }, "ENUM_UNKNOWN", "contact_class" },
		{ { .reach = 5 }, "ENUM_UNKNOWN", "reach" },
		{ { .reach = -1 }, "ENUM_UNKNOWN", "reach" },
		{ { .list = scene_print(s, "%065d", 0) }, "FIELD_INVALID", "list" },
		{ { .list = "\xff" }, "MALFORMED_REQUEST", "" },
		{ { .page_size = LIMIT_PAGE_ITEMS + 1 }, "LIMIT_EXCEEDED", "page_size" },
		{ { .page_size = UINT32_MAX }, "LIMIT_EXCEEDED", "page_size" },
	};
	Anagraph__V1__ListContactsRequest request;

	make_contacts(s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request = request_of(s, &rows[i].filter);
		expect_refused(s, "INVALID_ARGUMENT", rows[i].reason, rows[i].field, LIST, &request);
	}
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		request = request_of(s, &(struct filter){ .page_token = tokens[i] });
		expect_refused(s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", LIST, &request);
	}
	/* A name as long as one may be is of no list. */
	expect_list(s, "of 0", .list = scene_print(s, "%064d", 0));
}

static void
test_N1_no_field_has_a_NUL(struct scene *s)
{
	/* account "a"; list or page_token "x", NUL. */
	static const uint8_t list[] = { 0x0a, 1, 'a', 0x22, 2, 'x', 0 };
	static const uint8_t token[] = { 0x0a, 1, 'a', 0x3a, 2, 'x', 0 };

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_bytes_refused(s, "INVALID_ARGUMENT", "FIELD_INVALID", "list", LIST, list, sizeof(list));
	expect_bytes_refused(
	    s, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token", LIST, token, sizeof(token));
}

/* All pages, whose contacts are 1 to count; how many pages there were. */
static size_t
expect_pages(struct scene *s, uint32_t page_size, size_t count)
{
	struct filter filter = { .page_size = page_size };
	size_t pages = 0;
	size_t seen = 0;

	do {
		const Anagraph__V1__ListContactsResponse *answer = list_page(s, &filter);

		assert_true(answer->n_contacts > 0);
		assert_int_equal(answer->total, count);
		for (size_t i = 0; i < answer->n_contacts; i++)
			assert_int_equal(answer->contacts[i]->id, ++seen);
		pages++;
		filter.page_token = answer->next_page_token;
	} while (filter.page_token[0] != '\0');
	assert_int_equal(seen, count);
	return pages;
}

static void
test_page_size_limit(struct scene *s)
{
	const size_t contacts = LIMIT_PAGE_ITEMS + 1;

	s->repeats = false;
	for (size_t i = 0; i < contacts; i++)
		identify(s, CONTACTS, AT(1), ID("email", scene_print(s, "p%zu@example.it", i)));
	assert_int_equal(expect_pages(s, 0, contacts), 11);
	assert_int_equal(expect_pages(s, 91, contacts), 11);
	assert_int_equal(expect_pages(s, LIMIT_PAGE_ITEMS, contacts), 2);
	assert_int_equal(
	    list_page(s, &(struct filter){ .page_size = LIMIT_PAGE_ITEMS })->n_contacts, LIMIT_PAGE_ITEMS);
}

/* Contacts of 100 kB: a page has as many as there is room for. */
static void
test_page_bytes_limit(struct scene *s)
{
	const uint64_t contacts = 45;
	struct part parts[102] = { [99] = AT(1) };
	const Anagraph__V1__ListContactsResponse *answer;
	struct filter filter = { .view = PAGE };
	size_t size;

	s->repeats = false;
	for (uint64_t i = 0; i < contacts; i++) {
		char *text = scene_print(s, "%1000d", (int)i);

		memset(text, 'a' + (int)(i % 26), 900);
		for (int j = 0; j < 99; j++)
			parts[j] = TEXT(scene_print(s, "A%d", j), text);
		parts[100] = ID("email", scene_print(s, "p%d@example.it", (int)i));
		identify_parts(s, CONTACTS, parts, __FILE__, __LINE__);
	}
	answer = list_page(s, &filter);
	size = protobuf_c_message_get_packed_size(&answer->base);
	assert_true(size <= LIMIT_PAGE_BYTES + 64);
	/* The next one would not have found room. */
	size -= strlen(answer->next_page_token) + 4;
	filter.page_token = answer->next_page_token;
	filter.page_size = 1;
	assert_true(
	    size + protobuf_c_message_get_packed_size(&list_page(s, &filter)->base) > LIMIT_PAGE_BYTES);
	assert_true(expect_pages(s, 0, contacts) > 1);
	assert_int_equal(expect_pages(s, LIMIT_PAGE_ITEMS, contacts), expect_pages(s, 0, contacts));
}

/* What is written between two pages: newer contacts come on a later one, whoever is gone from
 * the list is not shown any more, and nobody is left out or shown twice. */
static void
test_contacts_that_change_between_two_pages(struct scene *s)
{
	struct filter filter = { .page_size = 2 };
	const Anagraph__V1__ListContactsResponse *answer;

	make_contacts(s);
	answer = list_page(s, &filter);
	assert_int_equal(answer->contacts[1]->id, 3);
	/* 3, which has been listed, becomes part of 1. */
	identify(s, PUSH, AT(2), ID("push", "d-3"), ID("email", "a@example.it"));
	identify(s, PUSH, AT(2), ID("push", "d-9"));
	filter.page_token = answer->next_page_token;
	filter.page_size = 10;
	answer = list_page(s, &filter);
	assert_int_equal(answer->n_contacts, 5);
	assert_int_equal(answer->contacts[0]->id, 4);
	assert_int_equal(answer->contacts[4]->id, 9);
	assert_int_equal(answer->total, 6);
}

/* Somebody who makes, identifies and absorbs contacts until told to end. */
struct writer {
	const char *target;
	char *account;
	atomic_bool ending;
	atomic_uint rounds;
};

static void
write_event(struct writer *writer, struct client *client, int source, const char *const identifiers[][2])
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier parts[3];
	Anagraph__V1__Identifier *pointers[3];
	Anagraph__V1__IdentifyResponse *response = NULL;
	struct client_status status;

	request.account = writer->account;
	request.source = (Anagraph__V1__Source)source;
	request.identifiers = pointers;
	for (size_t i = 0; identifiers[i][0] != NULL; i++) {
		anagraph__v1__identifier__init(&parts[i]);
		parts[i].namespace_ = text_of(identifiers[i][0]);
		parts[i].value = text_of(identifiers[i][1]);
		pointers[i] = &parts[i];
		request.n_identifiers++;
	}
	if (client_identify(&response, &status, client, &request) != 0)
		abort();
	anagraph__v1__identify_response__free_unpacked(response, NULL);
}

static void *
keep_writing(void *context)
{
	struct writer *writer = context;
	struct client *client;

	if (client_create(&client, writer->target) != 0)
		abort();
	while (!writer->ending) {
		char chat[32];
		char push[32];
		char email[48];

		snprintf(chat, sizeof(chat), "w-%u", writer->rounds);
		snprintf(push, sizeof(push), "w-%u", writer->rounds);
		snprintf(email, sizeof(email), "w-%u@example.it", writer->rounds % 7);
		write_event(writer, client, CONVERSATIONS, (const char *[][2]){ { "chat", chat }, { 0 } });
		write_event(writer, client, PUSH, (const char *[][2]){ { "push", push }, { 0 } });
		write_event(writer, client, CONVERSATIONS,
		    (const char *[][2]){ { "chat", chat }, { "push", push }, { "email", email }, { 0 } });
		writer->rounds++;
	}
	client_destroy(client);
	return NULL;
}

/* Contacts that match all the while are listed once each, in their order. */
static void
expect_stable(struct scene *s, const struct filter *asked, const uint64_t *stable, size_t stable_count)
{
	struct filter filter = *asked;
	uint64_t last_id = 0;
	size_t seen = 0;

	do {
		const Anagraph__V1__ListContactsResponse *answer = list_page(s, &filter);

		for (size_t i = 0; i < answer->n_contacts; i++) {
			assert_true(answer->contacts[i]->id > last_id);
			last_id = answer->contacts[i]->id;
			if (seen < stable_count && last_id == stable[seen])
				seen++;
			else
				assert_true(seen == stable_count || last_id < stable[seen]);
		}
		filter.page_token = answer->next_page_token;
	} while (filter.page_token[0] != '\0');
	assert_int_equal(seen, stable_count);
}

static void
test_R6_busy_writers_neither_hide_nor_repeat(struct scene *s)
{
	enum { STABLE = 60, ROUNDS = 12 };
	static const struct filter filters[] = {
		{ .page_size = 3 },
		{ .page_size = 5, .view = ALL },
		{ .page_size = 4, .reach = BY_PUSH },
		{ .page_size = 4, .list = ENGAGED },
		{ .page_size = 2, .list = ENGAGED, .reach = BY_EMAIL },
	};
	struct writer writer = { .target = service_target(s->service), .account = s->account };
	uint64_t stable[STABLE];
	pthread_t thread;

	s->repeats = false;
	for (size_t i = 0; i < STABLE; i++) {
		for (int j = 0; j < 3; j++)
			identify(s, PUSH, ID("push", scene_print(s, "s-%zu-%d", i, j)));
		stable[i] = identify(s, CONVERSATIONS, ID("push", scene_print(s, "t-%zu", i)),
		    ID("email", scene_print(s, "s-%zu@example.it", i)));
	}
	assert_int_equal(pthread_create(&thread, NULL, keep_writing, &writer), 0);
	for (size_t i = 0; i < ROUNDS || writer.rounds < ROUNDS; i++)
		expect_stable(s, &filters[i % (sizeof(filters) / sizeof(filters[0]))], stable, STABLE);
	writer.ending = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(writer.rounds >= ROUNDS);
}

static void
test_lists_outlast_a_restart(struct scene *s)
{
	const Anagraph__V1__ListContactsResponse *answer;

	scene_use(s, &(struct service_options){ 0 });
	make_contacts(s);
	answer = list_page(s, &(struct filter){ .page_size = 2 });
	scene_stop(s);
	scene_start(s);
	answer = list_page(s, &(struct filter){ .page_size = 2, .page_token = answer->next_page_token });
	assert_int_equal(answer->contacts[0]->id, 4);
	expect_list(s, "1 3 4 6 7 8 of 6", .view = PAGE);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R6_contacts_page_has_no_anonymous_chat),
		STOCK_TEST(test_R6_one_class),
		STOCK_TEST(test_R5_one_way_to_reach_them),
		STOCK_TEST(test_R7_one_list),
		STOCK_TEST(test_several_filters_leave_who_passes_all),
		STOCK_TEST(test_R4_contacts_are_shown_as_they_are_resolved),
		STOCK_TEST(test_R6_lists_follow_the_contacts),
		STOCK_TEST(test_account_that_there_is_not_is_empty),
		STOCK_TEST(test_accounts_are_listed_apart),
		STOCK_TEST(test_token_is_of_its_account_and_filters),
		STOCK_TEST(test_token_of_Explain_is_none_of_a_list),
		STOCK_TEST(test_what_is_wrong_with_the_request),
		STOCK_TEST(test_N1_no_field_has_a_NUL),
		STOCK_TEST(test_page_size_limit),
		STOCK_TEST(test_page_bytes_limit),
		STOCK_TEST(test_contacts_that_change_between_two_pages),
		STOCK_TEST(test_R6_busy_writers_neither_hide_nor_repeat),
		STOCK_TEST(test_lists_outlast_a_restart),
	};

	return scene_main(tests);
}
