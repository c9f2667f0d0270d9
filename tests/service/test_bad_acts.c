/* What operators' calls must not send: each row of the table of bad input that they can
 * reach, with its status, reason and field. Whatever was sent, the account is as it was and
 * the next call on the same connection is answered. */
#include "tests/support/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* What all operators' calls take alike. */
struct words {
	const char *account; /* NULL: the scene's */
	const char *operator_name;
	const char *request_id;
};

static char *
text_of(const char *text)
{
	return (char *)(uintptr_t)(text == NULL ? "" : text);
}

/* The encoded request of a call about contact 1 and its secondary 1, or contact 2. */
static uint8_t *
pack_promote(size_t *size, struct scene *s, const struct words *words)
{
	Anagraph__V1__PromoteSecondaryRequest request = ANAGRAPH__V1__PROMOTE_SECONDARY_REQUEST__INIT;
	uint8_t *bytes = scene_keep(s, malloc(4096), free);

	request.account = words->account == NULL ? s->account : text_of(words->account);
	request.contact_id = 1;
	request.secondary_id = 1;
	request.contact_version = 2;
	request.operator_ = text_of(words->operator_name);
	request.request_id = text_of(words->request_id);
	*size = protobuf_c_message_pack(&request.base, bytes);
	return bytes;
}

static uint8_t *
pack_dismiss(size_t *size, struct scene *s, const struct words *words)
{
	/* The two requests have the same fields. */
	return pack_promote(size, s, words);
}

static uint8_t *
pack_merge(size_t *size, struct scene *s, const struct words *words)
{
	Anagraph__V1__MergeContactsRequest request = ANAGRAPH__V1__MERGE_CONTACTS_REQUEST__INIT;
	uint8_t *bytes = scene_keep(s, malloc(4096), free);

	request.account = words->account == NULL ? s->account : text_of(words->account);
	request.surviving_contact_id = 1;
	request.absorbed_contact_id = 2;
	request.surviving_contact_version = 2;
	request.absorbed_contact_version = 1;
	request.operator_ = text_of(words->operator_name);
	request.request_id = text_of(words->request_id);
	*size = protobuf_c_message_pack(&request.base, bytes);
	return bytes;
}

static const struct {
	const char *method;
	uint8_t *(*pack)(size_t *size, struct scene *s, const struct words *words);
} CALLS[] = {
	{ METHOD("PromoteSecondary"), pack_promote },
	{ METHOD("DismissSecondary"), pack_dismiss },
	{ METHOD("MergeContacts"), pack_merge },
};
enum { CALL_COUNT = 3 };

/* Contacts that each of the calls could be carried out on. */
static void
make_contacts(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
}

/* None of the calls takes these words. A \x7f stands for a NUL. */
static void
expect_none_takes(struct scene *s, const char *reason, const char *field, const struct words *words, int line)
{
	for (size_t i = 0; i < CALL_COUNT; i++) {
		size_t size;
		uint8_t *bytes = CALLS[i].pack(&size, s, words);

		for (size_t j = 0; j < size; j++) {
			if (bytes[j] == 0x7f)
				bytes[j] = 0;
		}
		expect_bytes_refused_at(
		    s, "INVALID_ARGUMENT", reason, field, CALLS[i].method, bytes, size, __FILE__, line);
	}
	expect_contact_at(s, 1, "email=a@example.it CITY=Roma ?CITY=Bari", __FILE__, line);
	expect_contact_at(s, 2, "email=b@example.it", __FILE__, line);
}

#define refuse(s, reason, field, ...)                                                                        \
	expect_none_takes(s, reason, field, &(const struct words)__VA_ARGS__, __LINE__)

static char *
repeated(struct scene *s, char c, int times)
{
	char *text = scene_print(s, "%*s", times, "");

	memset(text, c, (size_t)times);
	return text;
}

static void
test_account_missing_or_not_of_its_form(struct scene *s)
{
	static const char *const bad[] = { "", "Shop", "-shop", "sh op", "sh\xc3\xb2p", "a\x7f" };

	make_contacts(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(s, "ACCOUNT_INVALID", "account", { .account = bad[i], .operator_name = "anna" });
	refuse(s, "ACCOUNT_INVALID", "account",
	    { .account = repeated(s, 'a', LIMIT_ACCOUNT_BYTES + 1), .operator_name = "anna" });
}

static void
test_operator_missing_or_not_of_its_form(struct scene *s)
{
	make_contacts(s);
	refuse(s, "OPERATOR_MISSING", "operator", { .operator_name = "" });
	refuse(
	    s, "FIELD_INVALID", "operator", { .operator_name = repeated(s, 'o', LIMIT_OPERATOR_BYTES + 1) });
	refuse(s, "FIELD_INVALID", "operator", { .operator_name = "an\x7fna" });
	refuse(s, "FIELD_INVALID", "operator", { .operator_name = "\x7f" });
	refuse(s, "MALFORMED_REQUEST", "", { .operator_name = "anna\xff" });
}

static void
test_operator_limit(struct scene *s)
{
	const char *longest = repeated(s, 'o', LIMIT_OPERATOR_BYTES);

	make_contacts(s);
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .operator_name = longest });
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	dismiss_with(s, { .contact_id = 1, .offered = "CITY=Pisa", .operator_name = longest });
	merge_with(s, { .contact_id = 1, .absorbed_contact_id = 2, .operator_name = longest });
	expect_contact(s, 1, "email=a@example.it ~email=b@example.it CITY=Bari");
}

static void
test_request_id_limit(struct scene *s)
{
	const char *longest = repeated(s, 'r', LIMIT_REQUEST_ID_BYTES - 1);

	make_contacts(s);
	refuse(s, "FIELD_INVALID", "request_id",
	    { .operator_name = "anna", .request_id = repeated(s, 'r', LIMIT_REQUEST_ID_BYTES + 1) });
	refuse(s, "FIELD_INVALID", "request_id", { .operator_name = "anna", .request_id = "r\x7f" });
	refuse(s, "MALFORMED_REQUEST", "", { .operator_name = "anna", .request_id = "\xff" });
	promote_with(s, { .contact_id = 1, .secondary_id = 1, .request_id = scene_print(s, "%sp", longest) });
	identify(s, CONVERSATIONS, AT(3), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	dismiss_with(
	    s, { .contact_id = 1, .offered = "CITY=Pisa", .request_id = scene_print(s, "%sd", longest) });
	merge_with(
	    s, { .contact_id = 1, .absorbed_contact_id = 2, .request_id = scene_print(s, "%sm", longest) });
}

/* The form of a request is looked at before anything is looked up. */
static void
test_first_thing_wrong_is_told(struct scene *s)
{
	const char *long_id = repeated(s, 'r', LIMIT_REQUEST_ID_BYTES + 1);

	make_contacts(s);
	refuse(s, "ACCOUNT_INVALID", "account", { .account = "?", .request_id = long_id });
	refuse(s, "OPERATOR_MISSING", "operator", { .request_id = long_id });
	expect_promote_error(s, "INVALID_ARGUMENT", "OPERATOR_MISSING", "operator",
	    { .contact_id = 9, .contact_version = 1, .operator_name = "" });
	expect_merge_error(s, "INVALID_ARGUMENT", "OPERATOR_MISSING", "operator",
	    { .contact_id = 1, .absorbed_contact_id = 1, .operator_name = "" });
}

/* An account that nobody has written to yet has no contacts. */
static void
test_account_that_is_empty(struct scene *s)
{
	for (size_t i = 0; i < CALL_COUNT; i++) {
		size_t size;
		const uint8_t *bytes =
		    CALLS[i].pack(&size, s, &(const struct words){ .operator_name = "anna" });

		expect_bytes_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND",
		    CALLS[i].pack == pack_merge ? "surviving_contact_id" : "contact_id", CALLS[i].method,
		    bytes, size);
	}
	expect_totals(s, "0 0 0");
}

/* Nothing of another account is seen or touched. */
static void
test_contacts_of_another_account(struct scene *s)
{
	make_contacts(s);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"),
	    ACCOUNT("acts-of-another"));
	for (size_t i = 0; i < CALL_COUNT; i++) {
		const bool merges = CALLS[i].pack == pack_merge;
		size_t size;
		const uint8_t *bytes = CALLS[i].pack(
		    &size, s, &(const struct words){ .account = "acts-of-another", .operator_name = "anna" });

		expect_bytes_refused(s, merges ? "NOT_FOUND" : "ABORTED",
		    merges ? "CONTACT_NOT_FOUND" : "VERSION_MISMATCH",
		    merges ? "absorbed_contact_id" : "contact_version", CALLS[i].method, bytes, size);
	}
	expect_contact(s, 1, "email=a@example.it CITY=Roma ?CITY=Bari");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_account_missing_or_not_of_its_form),
		STOCK_TEST(test_operator_missing_or_not_of_its_form),
		STOCK_TEST(test_operator_limit),
		STOCK_TEST(test_request_id_limit),
		STOCK_TEST(test_first_thing_wrong_is_told),
		STOCK_TEST(test_account_that_is_empty),
		STOCK_TEST(test_contacts_of_another_account),
	};

	return scene_main(tests);
}
