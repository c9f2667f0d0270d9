/* What files of contacts are made of: lines, rows and columns on the way in, contacts cut
 * into events on the way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/import/mapping.h"
#include "client/import/read.h"
#include "client/import/split.h"
#include "client/text/json.h"
#include "client/text/lines.h"

enum { LINE_BYTES = 8, TEXT_BYTES = 4096 };

/* A descriptor that reads a text, to be closed. */
static int
reading(const char *text, size_t size)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	rewind(file);
	fd = dup(fileno(file));
	fclose(file);
	assert_true(fd >= 0);
	return fd;
}

static void
test_a_line_may_be_as_long_as_it_may_and_no_longer(void **state)
{
	static const char text[] = "12345678\n123456789\n12345678\r\n123456789\r\n\n1234567890123\n12345678";
	static const int expected[] = { 0, LINES_E_LONG, 0, LINES_E_LONG, 0, LINES_E_LONG, 0 };
	struct line_reader reader;
	const char *line;
	size_t size;
	int fd = reading(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(line_reader_init(&reader, fd, LINE_BYTES), 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(line_reader_ready(&reader));
		assert_int_equal(line_reader_next(&line, &size, &reader), expected[i]);
		assert_int_equal(reader.line, i + 1);
		if (expected[i] == 0)
			assert_int_equal(size, i == 4 ? 0 : LINE_BYTES);
	}
	assert_int_equal(line_reader_next(&line, &size, &reader), LINES_E_END);
	line_reader_finish(&reader);
	close(fd);
}

/* What a reader handed on, a line of text a row: "LINE JSON" or "LINE! MESSAGE". */
struct rows {
	char text[TEXT_BYTES];
	size_t count;
	size_t stop_after; /* 0: never */
};

static int
note(struct rows *rows)
{
	rows->count++;
	return rows->stop_after == rows->count ? 77 : 0;
}

static int
take_row(void *context, uint64_t line, Anagraph__V1__IdentifyRequest *event)
{
	struct rows *rows = context;
	size_t size = strlen(rows->text);
	json_t *json;
	char *text;

	assert_int_equal(message_to_json(&json, &event->base), 0);
	json_object_del(json, "account");
	json_object_del(json, "source");
	text = json_dumps(json, JSON_COMPACT);
	snprintf(rows->text + size, sizeof(rows->text) - size, "%d %s\n", (int)line, text);
	free(text);
	json_decref(json);
	anagraph__v1__identify_request__free_unpacked(event, NULL);
	return note(rows);
}

static int
refuse_row(void *context, uint64_t line, const struct row_problem *problem)
{
	struct rows *rows = context;
	size_t size = strlen(rows->text);

	snprintf(rows->text + size, sizeof(rows->text) - size, "%d! %s %.60s\n", (int)line, problem->field,
	    problem->message);
	return note(rows);
}

static int
never_idle(void *context)
{
	(void)context;
	return 0;
}

static void
no_progress(void *context, uint64_t read_bytes)
{
	(void)context;
	(void)read_bytes;
}

static int
read_text(struct rows *rows, struct row_problem *problem, const char *text, size_t size,
    const char *const *maps, size_t map_count)
{
	const struct row_defaults defaults = { "a", ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS };
	const struct row_sink sink = { rows, take_row, refuse_row, never_idle, no_progress };
	int fd = reading(text, size);
	int status = read_csv(problem, fd, &defaults, maps, map_count, &sink);

	close(fd);
	return status;
}

static void
expect_rows(const char *text, const char *const *maps, size_t map_count, const char *expected)
{
	struct rows rows = { .text = "" };
	struct row_problem problem = { "", "" };

	assert_int_equal(read_text(&rows, &problem, text, strlen(text), maps, map_count), 0);
	assert_string_equal(rows.text, expected);
}

static void
test_columns_are_what_they_are_called(void **state)
{
	(void)state;
	expect_rows("\xef\xbb\xbf"
		    "Email;First name;observed_at;;note\r\n"
		    "a@example.it;Mario;2024-05-01;x;\"say \"\"hi\"\";\r\nyou\"\r\n"
		    ";;;;\r\n",
	    NULL, 0,
	    "2 {\"identifiers\":[{\"namespace\":\"email\",\"value\":\"a@example.it\"}],"
	    "\"attributes\":[{\"name\":\"FIRST_NAME\",\"string_value\":\"Mario\"},"
	    "{\"name\":\"NOTE\",\"string_value\":\"say \\\"hi\\\";\\r\\nyou\"}],"
	    "\"observed_at\":\"2024-05-01T00:00:00.000000Z\"}\n"
	    "4 {\"identifiers\":[],\"attributes\":[]}\n");
}

static void
test_columns_are_what_they_are_mapped_to(void **state)
{
	static const char *const maps[] = { "a=b=phone", "n=attr:AGE:number", "ok=attr:ok:bool",
		"t=attr:SINCE:time", "email=-", "w=observed_at" };

	(void)state;
	expect_rows("a=b\tn\tok\tt\temail\tw\n"
		    "1\t1.5\tYES\t2024-05-01T10:00:00Z\tx\t2024-05-02T00:00:00Z\n"
		    "1\t1e999\t\t\t\t\n1\t\t2\t\t\t\n1\t\t\tnoon\t\t\n1\t\t\t\t\tnoon\n",
	    maps, sizeof(maps) / sizeof(maps[0]),
	    "2 {\"identifiers\":[{\"namespace\":\"phone\",\"value\":\"1\"}],"
	    "\"attributes\":[{\"name\":\"AGE\",\"number_value\":1.5},{\"name\":\"OK\",\"bool_value\":true},"
	    "{\"name\":\"SINCE\",\"time_value\":\"2024-05-01T10:00:00.000000Z\"}],"
	    "\"observed_at\":\"2024-05-02T00:00:00.000000Z\"}\n"
	    "3! n expected a number\n4! ok expected true or false\n"
	    "5! t expected a time such as 2024-05-01T10:00:00Z, or a day\n"
	    "6! w expected a time such as 2024-05-01T10:00:00Z, or a day\n");
}

static void
test_what_is_no_row_is_told_by_its_line(void **state)
{
	static const char text[] = "email,n\n\na,\0\nb\nc,1,2\nd,\xc3\x28\n\"e\",\"open\n";
	struct rows rows = { .text = "" };
	struct row_problem problem = { "", "" };

	(void)state;
	assert_int_equal(read_text(&rows, &problem, text, sizeof(text) - 1, NULL, 0), 0);
	assert_string_equal(rows.text,
	    "3! n has a NUL byte\n4!  has 1 fields, and the header 2\n5!  has 3 fields, and the header 2\n"
	    "6! n is not UTF-8\n7!  has a quote that is never closed\n");
}

static void
test_reading_ends_when_the_sink_says_so(void **state)
{
	static const char text[] = "email\na\nb\nc\n";
	struct rows rows = { .text = "", .stop_after = 2 };
	struct row_problem problem = { "", "" };

	(void)state;
	assert_int_equal(read_text(&rows, &problem, text, sizeof(text) - 1, NULL, 0), 77);
	assert_int_equal(rows.count, 2);
}

static void
test_a_header_that_cannot_be_used_ends_it(void **state)
{
	static const char *const texts[] = { "", "\n\n", "name\n", "email,E_MAIL,e-mail\n", "email,email\n",
		"email,2nd\n", "email,\xff\n" };
	struct rows rows = { .text = "" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct row_problem problem = { "", "" };

		assert_int_equal(
		    read_text(&rows, &problem, texts[i], strlen(texts[i]), NULL, 0), READ_E_HEADER);
		assert_true(*problem.message != '\0');
	}
	assert_int_equal(rows.count, 0);
}

/* The contact of a JSON with ' for ", to be freed. */
static Anagraph__V1__Contact *
contact_of(const char *text)
{
	char *quoted = strdup(text);
	struct json_problem problem = { "" };
	ProtobufCMessage *message = NULL;
	json_t *json;

	assert_non_null(quoted);
	for (char *at = quoted; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	json = json_loads(quoted, 0, NULL);
	assert_non_null(json);
	if (message_from_json(&message, &problem, &anagraph__v1__contact__descriptor, json) != 0)
		print_error("%s\n", problem.message);
	assert_non_null(message);
	json_decref(json);
	free(quoted);
	return (Anagraph__V1__Contact *)message;
}

/* A split as text: an event a line, "SOURCE HH identifiers attributes", deferred ones
 * after "later: ". */
static void
write_split(char text[TEXT_BYTES], const struct split *split)
{
	size_t size = 0;

	*text = '\0';
	for (size_t i = 0; i < split->count; i++) {
		const Anagraph__V1__IdentifyRequest *event = split->events[i];

		size += (size_t)snprintf(text + size, TEXT_BYTES - size, "%s%d %d",
		    i < split->deferred_from ? "" : "later: ", (int)event->source,
		    (int)(event->observed_at->seconds / 3600));
		for (size_t j = 0; j < event->n_identifiers; j++)
			size += (size_t)snprintf(
			    text + size, TEXT_BYTES - size, " %s", event->identifiers[j]->value);
		for (size_t j = 0; j < event->n_attributes; j++)
			size += (size_t)snprintf(
			    text + size, TEXT_BYTES - size, " %s", event->attributes[j]->name);
		size += (size_t)snprintf(text + size, TEXT_BYTES - size, "\n");
	}
}

static void
expect_split(const char *json, size_t crossed_index, const char *expected, struct split_left_out *left_out)
{
	Anagraph__V1__Contact *contact = contact_of(json);
	const Anagraph__V1__Identifier *crossed[1] = { NULL };
	char text[TEXT_BYTES];
	struct split split;

	if (crossed_index != SIZE_MAX)
		crossed[0] = contact->identifiers[crossed_index];
	assert_int_equal(split_contact(&split, left_out, contact, crossed, crossed[0] != NULL), 0);
	write_split(text, &split);
	assert_string_equal(text, expected);
	split_finish(&split);
	anagraph__v1__contact__free_unpacked(contact, NULL);
}

#define CLAIM(source, hour) "'claim':{'source':'" source "','observed_at':'1970-01-01T" hour ":00:00Z'}}"
#define IDENTIFIER(name, text, source, hour) "{'namespace':'" name "','value':'" text "'," CLAIM(source, hour)
#define ATTRIBUTE(name, source, hour) "{'name':'" name "','string_value':'x'," CLAIM(source, hour)

static void
test_a_contact_is_an_event_for_each_claim_the_newest_first(void **state)
{
	struct split_left_out left_out = { 0 };

	(void)state;
	expect_split(
	    "{'identifiers':[" IDENTIFIER("email", "e", "contacts", "05") "," IDENTIFIER(
		"phone", "p", "contacts", "03") "," IDENTIFIER("push", "d", "push",
		"04") "],"
		      "'attributes':[" ATTRIBUTE("A", "contacts", "05") "," ATTRIBUTE("B", "push", "05") "]}",
	    SIZE_MAX, "3 5 e A\n1 5 e B\n1 4 e d\n3 3 e p\n", &left_out);
	assert_int_equal(left_out.claims, 0);
	assert_int_equal(left_out.lists, 0);
}

static void
test_conversations_come_last_and_renew_nothing(void **state)
{
	struct split_left_out left_out = { 0 };

	(void)state;
	expect_split("{'identifiers':[" IDENTIFIER("email", "e", "contacts", "01") "," IDENTIFIER("chat", "v",
			 "conversations", "09") "],'attributes':[" ATTRIBUTE("A", "conversations", "08") "]}",
	    SIZE_MAX, "3 1 e\n2 9 e v\n2 8 e A\n", &left_out);
	assert_int_equal(left_out.claims, 0);
	/* Importing puts it on conversations-engaged, where it was not. */
	assert_int_equal(left_out.lists, 1);
}

static void
test_an_operators_value_makes_an_identifier_later(void **state)
{
	struct split_left_out left_out = { 0 };

	(void)state;
	expect_split("{'identifiers':[" IDENTIFIER("email", "e", "contacts",
			 "01") ",{'namespace':'email',"
			       "'value':'old','alias':true}],'attributes':[" ATTRIBUTE(
				   "A", "contacts", "09") "],"
							  "'secondaries':[{'id':1},{'id':2}]}",
	    SIZE_MAX, "3 1 e\n3 9 e A\n", &left_out);
	assert_int_equal(left_out.claims, 1);
	assert_int_equal(left_out.aliases, 1);
	assert_int_equal(left_out.secondaries, 2);
}

static void
test_a_number_that_leads_elsewhere_waits_for_the_end(void **state)
{
	struct split_left_out left_out = { 0 };

	(void)state;
	expect_split("{'identifiers':[" IDENTIFIER("email", "e", "contacts", "01") "," IDENTIFIER(
			 "phone", "p", "contacts", "01") "]}",
	    1, "3 1 e\nlater: 3 1 e p\n", &left_out);
	/* Nothing else says who it is. */
	expect_split(
	    "{'identifiers':[" IDENTIFIER("phone", "p", "contacts", "01") "]}", 0, "3 1 p\n", &left_out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_may_be_as_long_as_it_may_and_no_longer),
		cmocka_unit_test(test_columns_are_what_they_are_called),
		cmocka_unit_test(test_columns_are_what_they_are_mapped_to),
		cmocka_unit_test(test_what_is_no_row_is_told_by_its_line),
		cmocka_unit_test(test_reading_ends_when_the_sink_says_so),
		cmocka_unit_test(test_a_header_that_cannot_be_used_ends_it),
		cmocka_unit_test(test_a_contact_is_an_event_for_each_claim_the_newest_first),
		cmocka_unit_test(test_conversations_come_last_and_renew_nothing),
		cmocka_unit_test(test_an_operators_value_makes_an_identifier_later),
		cmocka_unit_test(test_a_number_that_leads_elsewhere_waits_for_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
