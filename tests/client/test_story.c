/* A contact's journal as a story, from entries made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/story.h"
#include "client/text/json.h"

/* A message of its JSON, to be freed. */
static void *
message(const ProtobufCMessageDescriptor *descriptor, const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	struct json_problem problem = { "" };
	ProtobufCMessage *made = NULL;

	if (json == NULL)
		print_error("%s at %d\n", error.text, error.position);
	assert_non_null(json);
	if (message_from_json(&made, &problem, descriptor, json) != 0)
		print_error("%s\n", problem.message);
	assert_non_null(made);
	json_decref(json);
	return made;
}

/* The story of entries, NULL-terminated, to be freed. */
static char *
told(const char *whose, const char *const *entries)
{
	Anagraph__V1__ResolveResponse *resolved = message(&anagraph__v1__resolve_response__descriptor, whose);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct story story;

	assert_non_null(stream);
	story_begin(&story, stream, resolved);
	for (; *entries != NULL; entries++) {
		Anagraph__V1__JournalEntry *entry =
		    message(&anagraph__v1__journal_entry__descriptor, *entries);

		story_tell(&story, entry);
		anagraph__v1__journal_entry__free_unpacked(entry, NULL);
	}
	fclose(stream);
	anagraph__v1__resolve_response__free_unpacked(resolved, NULL);
	return text;
}

static const char WHOSE[] = "{'contact':{'id':1,'display_name':'Mario Bianchi','version':3,"
			    "'contact_class':'CONTACT_CLASS_IDENTIFIED'}}";

/* JSON is written with ' for ", which no text here has. */
static const char *
quoted(char *out, const char *text)
{
	char *at = out;

	for (; *text != '\0'; text++)
		*at++ = *text == '\'' ? '"' : *text;
	*at = '\0';
	return out;
}

static void
expect_story(const char *const *entries, const char *expected)
{
	char whose[512], room[4][2048];
	const char *json[5] = { NULL };
	char *text;

	for (size_t i = 0; entries[i] != NULL; i++)
		json[i] = quoted(room[i], entries[i]);
	unsetenv("COLUMNS");
	text = told(quoted(whose, WHOSE), json);
	assert_string_equal(text, expected);
	free(text);
}

static void
test_an_event_says_where_it_came_from_and_what_it_said(void **state)
{
	const char *const entries[] = {
		"{'sequence':1,'contact_id':1,'outcome':'created','action':'identify',"
		"'claim':{'source':'contacts','observed_at':'2024-05-01T10:00:00Z',"
		"'recorded_at':'2026-11-23T09:00:12Z'},"
		"'identifiers':[{'namespace':'email','value':'rossi@example.it'}],"
		"'attributes':[{'name':'LAST_NAME','string_value':'Rossi'}]}",
		NULL,
	};

	(void)state;
	expect_story(entries,
	    "Mario Bianchi, contact 1 (identified, version 3)\n"
	    "\n2026-11-23\n"
	    "09:00  From contact database: contact 1 is new.\n"
	    "       said      email rossi@example.it, LAST_NAME Rossi\n"
	    "       observed  2024-05-01 10:00:00\n");
}

static void
test_a_conflict_names_what_was_known_and_who_decided(void **state)
{
	const char *const entries[] = {
		"{'sequence':2,'contact_id':1,'outcome':'identified','action':'identify',"
		"'claim':{'source':'conversations','observed_at':'2026-11-23T09:04:00Z',"
		"'recorded_at':'2026-11-23T09:04:00Z','conversation':'t-5'},"
		"'identifiers':[{'namespace':'chat','value':'v-81'}],"
		"'conflicts':[{'kind':'value','name':'LAST_NAME','verdict':'offer',"
		"'stored':{'string_value':'Rossi','claim':{'source':'contacts',"
		"'observed_at':'2026-11-23T09:00:12Z'}},'incoming':{'string_value':'Bianchi'},"
		"'policy':{'id':'chat_primary','version':'1.0.0','build':'0123456789abcdef'},"
		"'reason':'the database knows best'}],"
		"'absorptions':[{'survivor_contact_id':1,'before':{'id':2,"
		"'display_name':'Anonymous contact "
		"#2','identifiers':[{'namespace':'chat','value':'v-81'}]}}]}",
		NULL,
	};

	(void)state;
	expect_story(entries,
	    "Mario Bianchi, contact 1 (identified, version 3)\n"
	    "\n2026-11-23\n"
	    "09:04  From conversations, thread t-5: contact 1 is known better by now.\n"
	    "       said      chat v-81\n"
	    "       conflict  VALUE of LAST_NAME: Rossi is known, Bianchi comes in\n"
	    "       known     from contact database, 2026-11-23 09:00:12\n"
	    "       verdict   OFFER by chat_primary: Rossi stays, Bianchi is kept beside it\n"
	    "       policy    chat_primary 1.0.0, build 01234567: the database knows best\n"
	    "       absorbed  contact 2, Anonymous contact #2, is part of contact 1 from now\n"
	    "                 on; it held chat v-81\n");
}

static void
test_operators_are_named(void **state)
{
	const char *const entries[] = {
		"{'contact_id':1,'outcome':'updated','action':'promote','operator':'anna','secondary_id':4,"
		"'claim':{'source':'contacts','observed_at':'2026-11-23T10:00:00Z',"
		"'recorded_at':'2026-11-23T10:00:00Z'},"
		"'attributes':[{'name':'LAST_NAME','string_value':'Bianchi'}],"
		"'losses':[{'cause':'taken','contact_id':1,'value':{'attribute':{'name':'LAST_NAME',"
		"'string_value':'Rossi'},'claim':{'source':'contacts'}}}]}",
		"{'contact_id':1,'outcome':'updated','action':'dismiss','operator':'anna','secondary_id':5,"
		"'claim':{'recorded_at':'2026-11-23T10:01:00Z'},"
		"'attributes':[{'name':'CITY','string_value':'Imola'}]}",
		"{'contact_id':1,'outcome':'updated','action':'merge','operator':'ugo','redacted':true,"
		"'claim':{'recorded_at':'2026-11-24T08:00:00Z'}}",
		NULL,
	};

	(void)state;
	expect_story(entries,
	    "Mario Bianchi, contact 1 (identified, version 3)\n"
	    "\n2026-11-23\n"
	    "10:00  anna promoted LAST_NAME Bianchi: it is contact 1's own value now.\n"
	    "       lost      LAST_NAME Rossi (contact database) gave way\n"
	    "\n10:01  anna dismissed CITY Imola, which contact 1 was offered.\n"
	    "\n2026-11-24\n"
	    "08:00  ugo merged another contact into contact 1.\n"
	    "       erased    values of a contact erased since have been taken out\n");
}

static void
test_nothing_that_was_sent_reaches_the_terminal_as_an_order(void **state)
{
	char room[2][512];
	const char *const entries[] = {
		quoted(room[0],
		    "{'contact_id':1,'action':'merge','operator':'\\u001b[2Janna\\u009b',"
		    "'claim':{'source':'contacts','conversation':'\\u001b]0;t'}}"),
		NULL,
	};
	char *text = told(quoted(room[1], WHOSE), entries);

	(void)state;
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_non_null(strstr(text, "?[2Janna"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_says_where_it_came_from_and_what_it_said),
		cmocka_unit_test(test_a_conflict_names_what_was_known_and_who_decided),
		cmocka_unit_test(test_operators_are_named),
		cmocka_unit_test(test_nothing_that_was_sent_reaches_the_terminal_as_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
