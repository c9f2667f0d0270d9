/* Error details as a server sends them, and as only a broken or hostile one would: the
 * bytes are written by hand, so that the reader is not checked against a writer of
 * our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/status.h"

/* An ErrorInfo {reason "R", domain "anagraph", metadata {"field": "account"}} in a
 * Status {code 3, message "m"}. */
#define ERROR_INFO                                                                                           \
	"\x0a\x01R"                                                                                          \
	"\x12\x08"                                                                                           \
	"anagraph"                                                                                           \
	"\x1a\x10"                                                                                           \
	"\x0a\x05"                                                                                           \
	"field"                                                                                              \
	"\x12\x07"                                                                                           \
	"account"
#define ANY_TYPE                                                                                             \
	"\x0a\x28"                                                                                           \
	"type.googleapis.com/google.rpc.ErrorInfo"
#define STATUS "\x08\x03\x12\x01m\x1a\x4b" ANY_TYPE "\x12\x1f" ERROR_INFO

static struct client_status
read_status(const char *details, size_t details_size, const char *txn, const char *message)
{
	grpc_metadata entries[2] = {
		{ .key = grpc_slice_from_static_string("grpc-status-details-bin"),
		    .value = grpc_slice_from_copied_buffer(details, details_size) },
		{ .key = grpc_slice_from_static_string("anagraph-txn"),
		    .value = grpc_slice_from_copied_string(txn) },
	};
	grpc_metadata_array trailing = { .count = 2, .capacity = 2, .metadata = entries };
	grpc_slice text = grpc_slice_from_copied_string(message);
	struct client_status status;

	memset(&status, 0x5a, sizeof(status));
	client_status_read(&status, GRPC_STATUS_INVALID_ARGUMENT, text, &trailing);
	grpc_slice_unref(entries[0].value);
	grpc_slice_unref(entries[1].value);
	grpc_slice_unref(text);
	return status;
}

static void
test_details_are_read(void **state)
{
	struct client_status status = read_status(STATUS, sizeof(STATUS) - 1, "42", "said plainly");

	(void)state;
	assert_int_equal(status.code, 3);
	assert_string_equal(status.reason, "R");
	assert_string_equal(status.domain, "anagraph");
	assert_string_equal(status.field, "account");
	assert_string_equal(status.message, "said plainly");
	assert_int_equal(status.txn, 42);
}

static void
test_the_owner_of_an_identifier_is_read(void **state)
{
	/* As STATUS, with the metadata {"owner_contact_id": "18"} in place of the field. */
	static const char details[] = "\x08\x03\x1a\x51" ANY_TYPE "\x12\x25"
				      "\x0a\x01R"
				      "\x12\x08"
				      "anagraph"
				      "\x1a\x16"
				      "\x0a\x10"
				      "owner_contact_id"
				      "\x12\x02"
				      "18";
	struct client_status status = read_status(details, sizeof(details) - 1, "1", "m");

	(void)state;
	assert_string_equal(status.reason, "R");
	assert_string_equal(status.field, "");
	assert_int_equal(status.owner_contact_id, 18);
	status = read_status(STATUS, sizeof(STATUS) - 1, "1", "m");
	assert_int_equal(status.owner_contact_id, 0);
}

static void
test_no_prefix_of_details_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(STATUS) - 1; size++) {
		struct client_status status = read_status(STATUS, size, "1", "m");

		assert_int_equal(status.code, 3);
		assert_string_equal(status.reason, "");
	}
}

static void
test_no_changed_byte_breaks_the_reader(void **state)
{
	char details[sizeof(STATUS) - 1];

	(void)state;
	for (size_t at = 0; at < sizeof(details); at++) {
		for (int value = 0; value < 256; value++) {
			struct client_status status;

			memcpy(details, STATUS, sizeof(details));
			details[at] = (char)value;
			status = read_status(details, sizeof(details), "1", "m");
			assert_non_null(memchr(status.reason, '\0', sizeof(status.reason)));
			assert_non_null(memchr(status.domain, '\0', sizeof(status.domain)));
			assert_non_null(memchr(status.field, '\0', sizeof(status.field)));
		}
	}
}

static void
test_details_of_another_type_are_left_alone(void **state)
{
	char details[] = STATUS;
	struct client_status status;

	(void)state;
	details[9 + 39] = 'x'; /* the type's last letter */
	status = read_status(details, sizeof(STATUS) - 1, "1", "m");
	assert_string_equal(status.reason, "");
	assert_string_equal(status.field, "");
}

static void
test_a_long_message_is_cut_between_characters(void **state)
{
	char message[4 * CLIENT_MESSAGE_BYTES + 1] = "a";
	struct client_status status;

	(void)state;
	for (size_t i = 0; i < CLIENT_MESSAGE_BYTES; i++)
		memcpy(message + 1 + 2 * i, "\xc3\xa8", 3);
	status = read_status("", 0, "1", message);
	assert_int_equal(strlen(status.message), CLIENT_MESSAGE_BYTES - 1);
	status = read_status("", 0, "1", message + 1);
	assert_int_equal(strlen(status.message), CLIENT_MESSAGE_BYTES - 2);
}

static void
test_control_characters_don_t_reach_a_terminal(void **state)
{
	struct client_status status = read_status("", 0, "1", "red\033[31m\r\n\x7f");

	(void)state;
	assert_string_equal(status.message, "red [31m   ");
}

static void
test_only_a_number_is_a_transaction(void **state)
{
	(void)state;
	assert_true(read_status("", 0, "18446744073709551615", "").txn == UINT64_MAX);
	assert_int_equal(read_status("", 0, "18446744073709551616", "").txn, 0);
	assert_int_equal(read_status("", 0, "-1", "").txn, 0);
	assert_int_equal(read_status("", 0, "12x", "").txn, 0);
	assert_int_equal(read_status("", 0, "", "").txn, 0);
}

static void
test_every_code_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(client_code_name(0), "OK");
	assert_string_equal(client_code_name(GRPC_STATUS_NOT_FOUND), "NOT_FOUND");
	assert_string_equal(client_code_name(GRPC_STATUS_UNAUTHENTICATED), "UNAUTHENTICATED");
	assert_string_equal(client_code_name(17), "UNKNOWN");
	assert_string_equal(client_code_name(-1), "UNKNOWN");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_details_are_read),
		cmocka_unit_test(test_the_owner_of_an_identifier_is_read),
		cmocka_unit_test(test_no_prefix_of_details_is_read_past_its_end),
		cmocka_unit_test(test_no_changed_byte_breaks_the_reader),
		cmocka_unit_test(test_details_of_another_type_are_left_alone),
		cmocka_unit_test(test_a_long_message_is_cut_between_characters),
		cmocka_unit_test(test_control_characters_don_t_reach_a_terminal),
		cmocka_unit_test(test_only_a_number_is_a_transaction),
		cmocka_unit_test(test_every_code_has_its_name),
	};
	int failed;

	grpc_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	grpc_shutdown();
	return failed;
}
