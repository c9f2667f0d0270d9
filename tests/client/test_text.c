/* Times and messages as JSON, both ways. Expected texts are written out: what is read
 * back from our own writer would prove only that both agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anagraph/v1/identity.pb-c.h"
#include "client/text/json.h"
#include "client/text/rfc3339.h"

static void
test_times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		int32_t nanos;
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "2024-05-01T10:00:00Z", 1714557600, 0 },
		{ "2024-05-01t10:00:00.5z", 1714557600, 500000000 },
		{ "2024-05-01T12:00:00.000001+02:00", 1714557600, 1000 },
		{ "2024-05-01T05:30:00.1234567899-04:30", 1714557600, 123456789 },
		{ "2024-02-29T00:00:00Z", 1709164800, 0 },
		{ "1969-12-31T23:59:59.75Z", -1, 750000000 },
		{ "0001-01-01T00:00:00Z", -62135596800, 0 },
		{ "9999-12-31T23:59:59Z", 253402300799, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t seconds;
		int32_t nanos;

		assert_int_equal(rfc3339_read(&seconds, &nanos, times[i].text), 0);
		assert_true(seconds == times[i].seconds);
		assert_int_equal(nanos, times[i].nanos);
	}
}

static void
test_what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = { "", "yesterday", "2024-05-01", "2024-05-01 10:00:00Z",
		"2024-05-01T10:00:00", "2024-05-01T10:00:00.Z", "2024-05-01T10:00Z", "2024-5-1T10:00:00Z",
		"2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
		"2024-05-01T24:00:00Z", "2024-05-01T10:60:00Z", "2024-05-01T10:00:60Z",
		"2024-05-01T10:00:00Z ", "2024-05-01T10:00:00+2:00", "2024-05-01T10:00:00+24:00",
		"0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"-024-05-01T10:00:00Z" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t seconds = 7;
		int32_t nanos = 7;

		assert_int_equal(rfc3339_read(&seconds, &nanos, texts[i]), RFC3339_E_FORM);
		assert_true(seconds == 7 && nanos == 7);
	}
}

static void
test_times_are_written_to_the_microsecond(void **state)
{
	char text[RFC3339_BYTES];

	(void)state;
	assert_int_equal(rfc3339_write(text, 1714557600, 123456789), 0);
	assert_string_equal(text, "2024-05-01T10:00:00.123456Z");
	assert_int_equal(rfc3339_write(text, -62135596800, 0), 0);
	assert_string_equal(text, "0001-01-01T00:00:00.000000Z");
	assert_int_equal(rfc3339_write(text, 253402300799, 999999999), 0);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	assert_int_equal(rfc3339_write(text, 253402300800, 0), RFC3339_E_FORM);
	assert_int_equal(rfc3339_write(text, 0, -1), RFC3339_E_FORM);
	assert_int_equal(rfc3339_write(text, 0, 1000000000), RFC3339_E_FORM);
}

/* A message on one line, to be freed. */
static char *
line_of(const ProtobufCMessage *message)
{
	char *line = NULL;
	size_t size;
	FILE *stream = open_memstream(&line, &size);
	json_t *json;

	assert_non_null(stream);
	assert_int_equal(message_to_json(&json, message), 0);
	assert_int_equal(json_line_print(stream, json), 0);
	json_decref(json);
	fclose(stream);
	return line;
}

static void
test_zeros_of_a_count_are_told(void **state)
{
	Anagraph__V1__CountContactsResponse response = ANAGRAPH__V1__COUNT_CONTACTS_RESPONSE__INIT;
	char *line;

	(void)state;
	response.identified = 9007199254740993;
	line = line_of(&response.base);
	assert_string_equal(line,
	    "{\"identified\":9007199254740993,\"anonymous_push\":0,\"anonymous_chat\":0,"
	    "\"contacts_page_total\":0,\"home_page_total\":0,\"revision\":0}\n");
	free(line);
}

static void
test_empty_fields_are_left_out_and_lists_are_not(void **state)
{
	Anagraph__V1__ResolveResponse response = ANAGRAPH__V1__RESOLVE_RESPONSE__INIT;
	Anagraph__V1__Contact contact = ANAGRAPH__V1__CONTACT__INIT;
	Anagraph__V1__Attribute flag = ANAGRAPH__V1__ATTRIBUTE__INIT;
	Anagraph__V1__Attribute number = ANAGRAPH__V1__ATTRIBUTE__INIT;
	Anagraph__V1__Attribute *attributes[] = { &flag, &number };
	uint64_t forwarded[] = { 4, 7 };
	Anagraph__V1__Reach reach[] = { ANAGRAPH__V1__REACH__REACH_EMAIL, ANAGRAPH__V1__REACH__REACH_PUSH };
	char *line;

	(void)state;
	flag.name = (char *)"A";
	flag.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
	number.name = (char *)"B";
	number.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
	number.number_value = 0.1;
	contact.id = 3;
	contact.n_attributes = 2;
	contact.attributes = attributes;
	contact.n_reach = 2;
	contact.reach = reach;
	response.contact = &contact;
	response.n_forwarded_ids = 2;
	response.forwarded_ids = forwarded;
	line = line_of(&response.base);
	assert_string_equal(line,
	    "{\"contact\":{\"id\":3,\"identifiers\":[],\"attributes\":[{\"name\":\"A\",\"bool_value\":false},"
	    "{\"name\":\"B\",\"number_value\":0.1}],\"secondaries\":[],\"lists\":[],"
	    "\"reach\":[\"REACH_EMAIL\",\"REACH_PUSH\"]},\"forwarded_ids\":[4,7]}\n");
	free(line);
}

static void
test_numbers_are_written_to_be_read_back(void **state)
{
	static const struct {
		double number;
		const char *text;
	} numbers[] = { { 12, "12" }, { -0.5, "-0.5" }, { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" },
		{ 0.30000000000000004, "0.30000000000000004" }, { 1e300, "1e300" } };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		Anagraph__V1__Attribute attribute = ANAGRAPH__V1__ATTRIBUTE__INIT;
		char *line, *number;

		attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_NUMBER_VALUE;
		attribute.number_value = numbers[i].number;
		line = line_of(&attribute.base);
		number = strchr(line, ':') + 1;
		number[strcspn(number, "}")] = '\0';
		assert_string_equal(number, numbers[i].text);
		free(line);
	}
}

static void
test_an_answer_that_is_not_utf8_is_not_shown(void **state)
{
	Anagraph__V1__Contact contact = ANAGRAPH__V1__CONTACT__INIT;
	char *lists[] = { (char *)"good", (char *)"\xff" };
	json_t *json = NULL;

	(void)state;
	contact.n_lists = 2;
	contact.lists = lists;
	assert_int_equal(message_to_json(&json, &contact.base), -EBADMSG);
	assert_null(json);
}

/* Reads an IdentifyRequest: 0 or JSON_E_FORM. */
static int
read_request(Anagraph__V1__IdentifyRequest **request, struct json_problem *problem, const char *text)
{
	ProtobufCMessage *message = NULL;
	json_t *json = json_loads(text, 0, NULL);
	int status;

	assert_non_null(json);
	status = message_from_json(&message, problem, &anagraph__v1__identify_request__descriptor, json);
	json_decref(json);
	*request = (Anagraph__V1__IdentifyRequest *)message;
	return status;
}

static void
check_request(const char *text)
{
	Anagraph__V1__IdentifyRequest *request;
	struct json_problem problem;

	assert_int_equal(read_request(&request, &problem, text), 0);
	assert_string_equal(request->account, "shop");
	assert_int_equal(request->source, ANAGRAPH__V1__SOURCE__SOURCE_PUSH);
	assert_int_equal(request->n_identifiers, 1);
	assert_string_equal(request->identifiers[0]->namespace_, "push");
	assert_string_equal(request->identifiers[0]->value, "d-1");
	assert_int_equal(request->n_attributes, 2);
	assert_int_equal(request->attributes[0]->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE);
	assert_string_equal(request->attributes[0]->string_value, "Rossi");
	assert_int_equal(request->attributes[1]->value_case, ANAGRAPH__V1__ATTRIBUTE__VALUE_TIME_VALUE);
	assert_true(request->attributes[1]->time_value->seconds == 1714557600);
	assert_true(request->observed_at->seconds == 1714557600);
	assert_int_equal(request->observed_at->nanos, 250000000);
	anagraph__v1__identify_request__free_unpacked(request, NULL);
}

static void
test_both_spellings_of_names_are_read(void **state)
{
	(void)state;
	check_request("{\"account\":\"shop\",\"source\":\"SOURCE_PUSH\","
		      "\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-1\"}],"
		      "\"attributes\":[{\"name\":\"LAST_NAME\",\"stringValue\":\"Rossi\"},"
		      "{\"name\":\"SINCE\",\"timeValue\":\"2024-05-01T10:00:00Z\"}],"
		      "\"observedAt\":\"2024-05-01T10:00:00.25Z\"}");
	check_request("{\"account\":\"shop\",\"source\":1,"
		      "\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-1\",\"claim\":null}],"
		      "\"attributes\":[{\"name\":\"LAST_NAME\",\"string_value\":\"Rossi\"},"
		      "{\"name\":\"SINCE\",\"time_value\":\"2024-05-01T10:00:00Z\"}],"
		      "\"observed_at\":\"2024-05-01T12:00:00.25+02:00\",\"validate_only\":false}");
}

static void
test_sources_are_read_by_full_and_by_short_name(void **state)
{
	static const struct {
		const char *text;
		Anagraph__V1__Source source;
	} sources[] = {
		{ "{\"source\":\"push\"}", ANAGRAPH__V1__SOURCE__SOURCE_PUSH },
		{ "{\"source\":\"conversations\"}", ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS },
		{ "{\"source\":\"contacts\"}", ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS },
		{ "{\"source\":\"SOURCE_CONTACTS\"}", ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		Anagraph__V1__IdentifyRequest *request;
		struct json_problem problem = { "" };

		assert_int_equal(read_request(&request, &problem, sources[i].text), 0);
		assert_int_equal(request->source, sources[i].source);
		anagraph__v1__identify_request__free_unpacked(request, NULL);
	}
}

static void
test_what_has_no_place_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} wrong[] = {
		{ "[]", "expected an object" },
		{ "{\"acount\":\"shop\"}", "IdentifyRequest has no field \"acount\"" },
		{ "{\"Account\":\"shop\"}", "IdentifyRequest has no field \"Account\"" },
		{ "{\"account\":7}", "account: expected a string" },
		{ "{\"source\":\"PUSH\"}", "source: expected push, conversations or contacts" },
		{ "{\"source\":\"source_push\"}", "source: expected push, conversations or contacts" },
		{ "{\"source\":\"pus\"}", "source: expected push, conversations or contacts" },
		{ "{\"source\":\"pushy\"}", "source: expected push, conversations or contacts" },
		{ "{\"source\":\"\"}", "source: expected push, conversations or contacts" },
		{ "{\"source\":4294967297}", "source: expected push, conversations or contacts" },
		{ "{\"identifiers\":{}}", "identifiers: expected a list" },
		{ "{\"identifiers\":[\"d-1\"]}", "identifiers: expected an object" },
		{ "{\"identifiers\":[{\"value\":\"a\"},{\"valu\":\"b\"}]}",
		    "Identifier has no field \"valu\"" },
		{ "{\"attributes\":[{\"stringValue\":\"a\",\"bool_value\":true}]}",
		    "bool_value: another value was given already" },
		{ "{\"attributes\":[{\"bool_value\":\"true\"}]}", "bool_value: expected true or false" },
		{ "{\"attributes\":[{\"number_value\":\"1\"}]}", "number_value: expected a number" },
		{ "{\"observed_at\":5}", "observed_at: expected a time such as \"2024-05-01T10:00:00Z\"" },
		{ "{\"observed_at\":\"2024-05-01T10:00:00Z\",\"observedAt\":\"2024-05-01T10:00:00Z\"}",
		    "observedAt: given twice" },
		{ "{\"request_id\":\"a\",\"requestId\":\"b\"}", "requestId: given twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		Anagraph__V1__IdentifyRequest *request;
		struct json_problem problem = { "" };

		assert_int_equal(read_request(&request, &problem, wrong[i].text), JSON_E_FORM);
		assert_null(request);
		if (strstr(wrong[i].message, "given twice") != NULL)
			assert_non_null(strstr(problem.message, "given twice"));
		else
			assert_string_equal(problem.message, wrong[i].message);
	}
}

static void
test_ids_are_read_as_numbers_and_as_text(void **state)
{
	static const char *const texts[] = { "{\"contact_id\":7}", "{\"contactId\":\"7\"}" };
	static const char *const wrong[] = { "{\"contact_id\":-1}", "{\"contact_id\":\"\"}",
		"{\"contact_id\":\"7x\"}", "{\"contact_id\":\"-7\"}",
		"{\"contact_id\":\"18446744073709551616\"}", "{\"contact_id\":1.5}" };
	struct json_problem problem;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = json_loads(texts[i], 0, NULL);
		ProtobufCMessage *message;

		assert_int_equal(
		    message_from_json(&message, &problem, &anagraph__v1__resolve_request__descriptor, json),
		    0);
		assert_true(((Anagraph__V1__ResolveRequest *)message)->contact_id == 7);
		protobuf_c_message_free_unpacked(message, NULL);
		json_decref(json);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *json = json_loads(wrong[i], 0, NULL);
		ProtobufCMessage *message;

		assert_int_equal(
		    message_from_json(&message, &problem, &anagraph__v1__resolve_request__descriptor, json),
		    JSON_E_FORM);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_read),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_times_are_written_to_the_microsecond),
		cmocka_unit_test(test_zeros_of_a_count_are_told),
		cmocka_unit_test(test_empty_fields_are_left_out_and_lists_are_not),
		cmocka_unit_test(test_numbers_are_written_to_be_read_back),
		cmocka_unit_test(test_an_answer_that_is_not_utf8_is_not_shown),
		cmocka_unit_test(test_both_spellings_of_names_are_read),
		cmocka_unit_test(test_sources_are_read_by_full_and_by_short_name),
		cmocka_unit_test(test_what_has_no_place_is_refused),
		cmocka_unit_test(test_ids_are_read_as_numbers_and_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
