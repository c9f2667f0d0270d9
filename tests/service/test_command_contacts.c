/* The verbs that look at many contacts, tell a history and say what operators say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static int
start_daemon(void **state)
{
	return service_start((struct service **)state, NULL);
}

static int
end_daemon(void **state)
{
	int status = service_stop(*state);

	service_destroy(*state);
	return status;
}

/* Runs a script, which must end with a status and write what is expected; NULL is
 * anything. */
static void
expect(void **state, const char *script, int status, const char *output, const char *prose)
{
	struct command_run run;

	command_shell(&run, service_target(*state), "", script);
	if (run.status != status || (output != NULL && strcmp(run.output, output) != 0) ||
	    (prose != NULL && strstr(run.prose, prose) == NULL))
		print_error("%s\nstatus %d\n%s\n%s\n", script, run.status, run.output, run.prose);
	assert_int_equal(run.status, status);
	if (output != NULL)
		assert_string_equal(run.output, output);
	if (prose != NULL)
		assert_non_null(strstr(run.prose, prose));
	command_run_finish(&run);
}

static void
test_batch_resolve_answers_each_key_in_order(void **state)
{
	static const char *const cut = "| sed 's/\"display_name\".*//'";
	char script[1024];

	snprintf(script, sizeof(script),
	    "for i in 1 2 3; do anagraph identify --account batch --source push --id push=d-$i; done "
	    ">/dev/null\n"
	    "anagraph batch-resolve --account batch push=d-3 1 push=nobody chat= push=d-2 %s",
	    cut);
	expect(state, script, 0,
	    "{\"contact\":{\"id\":3,\n{\"contact\":{\"id\":1,\n"
	    "{\"not_found\":true,\"forwarded_ids\":[]}\n"
	    "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"reason\":\"IDENTIFIER_INVALID\",\"message\":\"The "
	    "value is not of its "
	    "namespace's form.\",\"field\":\"keys[3].identifier.value\"},\"forwarded_ids\":[]}\n"
	    "{\"contact\":{\"id\":2,\n",
	    NULL);
	expect(state, "anagraph batch-resolve --account batch push=d-1 chat= >/dev/null", COMMAND_REFUSED, "",
	    "");
	/* More lines than one request takes. */
	expect(state,
	    "{ for i in $(seq 1001); do echo push=d-2; done; echo; echo 3; } | "
	    "anagraph batch-resolve --account batch | sed 's/,.*//' | sort | uniq -c | sed 's/^ *//'",
	    0, "1001 {\"contact\":{\"id\":2\n1 {\"contact\":{\"id\":3\n", "");
}

static void
test_list_shows_pages_and_totals(void **state)
{
	expect(state,
	    "for i in 1 2 3 4 5; do anagraph identify --account list --source contacts "
	    "--id email=a$i@example.it; done >/dev/null\n"
	    "anagraph identify --account list --source conversations --id chat=v >/dev/null\n"
	    "anagraph list --account list --page-size 2 | cut -d, -f1",
	    0, "{\"id\":1\n{\"id\":2\n", "2 of 5 shown; more with --page-token ");
	expect(state, "anagraph list --account list --view all --all --page-size 2 | cut -d, -f1", 0,
	    "{\"id\":1\n{\"id\":2\n{\"id\":3\n{\"id\":4\n{\"id\":5\n{\"id\":6\n", "6 of 6 shown\n");
	expect(state, "anagraph list --account list --view all --class anonymous-chat | cut -d, -f1", 0,
	    "{\"id\":6\n", "1 of 1 shown\n");
	expect(state, "anagraph list --account list --reach email --class identified | wc -l", 0, "5\n",
	    "5 shown\n");
	expect(state, "anagraph list --account nobody --json", 0, "{\"contacts\":[],\"total\":0}\n", "");
	expect(state,
	    "token=$(anagraph list --account list --page-size 4 --json | sed 's/.*token\":\"//; s/\".*//')\n"
	    "anagraph list --account list --page-size 4 --page-token \"$token\" | cut -d, -f1",
	    0, "{\"id\":5\n", "1 of 5 shown\n");
}

static void
test_explain_tells_a_story_or_shows_entries(void **state)
{
	struct command_run run;

	command_shell(&run, service_target(*state), "",
	    "anagraph identify --account tell --source contacts --id email=rossi@example.it "
	    "--attr LAST_NAME=Rossi >/dev/null\n"
	    "anagraph identify --account tell --source conversations --id chat=v-81 >/dev/null\n"
	    "anagraph identify --account tell --source conversations --conversation t-5 --id chat=v-81 "
	    "--id email=Rossi@Example.it --attr LAST_NAME=Bianchi >/dev/null\n"
	    "anagraph explain --account tell --contact 2\n"
	    "anagraph explain --account tell --id email=rossi@example.it --json | wc -l");
	assert_int_equal(run.status, 0);
	assert_string_equal(run.prose, "");
	assert_ptr_equal(strstr(run.output,
			     "Rossi, contact 1 (identified, version 2)\nContact 2 became part of it.\n\n20"),
	    run.output);
	assert_non_null(strstr(run.output, "  From contact database: contact 1 is new.\n"));
	assert_non_null(
	    strstr(run.output, "  From conversations, thread t-5: contact 1 is known better by now.\n"));
	assert_non_null(strstr(run.output, "       verdict   OFFER by chat_primary: Rossi stays"));
	assert_non_null(strstr(run.output, "       absorbed  contact 2, Anonymous contact #2, is part of"));
	assert_non_null(strstr(run.output, "\n3\n"));
	command_run_finish(&run);
	expect(state, "anagraph explain --account tell --contact 9", COMMAND_REFUSED, "",
	    "NOT_FOUND CONTACT_NOT_FOUND");
}

static void
test_operators_promote_dismiss_and_merge(void **state)
{
	expect(state,
	    "anagraph identify --account act --source contacts --id email=rossi@example.it "
	    "--attr LAST_NAME=Rossi --attr CITY=Roma >/dev/null\n"
	    "anagraph identify --account act --source conversations --id email=rossi@example.it "
	    "--attr LAST_NAME=Bianchi --attr CITY=Imola >/dev/null\n"
	    "anagraph promote --account act --contact 1 --secondary 1 --contact-version 7 --operator anna",
	    COMMAND_REFUSED, "", "anagraph: ABORTED VERSION_MISMATCH: ");
	expect(state,
	    "for r in 1 2; do anagraph promote --account act --contact 1 --secondary 1 --contact-version 2 "
	    "--operator anna --request-id r-1; done | grep -o '\"replayed\":true'\n"
	    "anagraph dismiss --account act --contact 1 --secondary 2 --contact-version 3 --operator anna "
	    "| grep -o '\"secondaries\":.*\"lists\"'",
	    0, "\"replayed\":true\n\"secondaries\":[],\"lists\"\n", "");
	expect(state,
	    "anagraph dismiss --account act --contact 1 --secondary 2 --contact-version 4 --operator anna",
	    COMMAND_REFUSED, "", "NOT_FOUND SECONDARY_NOT_FOUND");
	expect(state,
	    "anagraph identify --account act --source contacts --id email=verdi@example.it >/dev/null\n"
	    "merge() { anagraph merge --account act --survivor 1 --survivor-version 4 --absorbed 2 "
	    "--absorbed-version 1 --operator anna \"$@\" | grep -o '\"absorbed_contact_ids\":.*'; }\n"
	    "merge --validate-only; merge; anagraph resolve --account act --contact 2 | grep -o "
	    "'forwarded.*'",
	    0, "\"absorbed_contact_ids\":[2]}\n\"absorbed_contact_ids\":[2]}\nforwarded_ids\":[2]}\n", "");
}

static void
test_an_owned_identifier_names_its_owner(void **state)
{
	expect(state,
	    "anagraph identify --account own --source contacts --id email=a@example.it >/dev/null\n"
	    "anagraph identify --account own --source contacts --id email=b@example.it --id ext_id=b "
	    ">/dev/null\n"
	    "anagraph identify --account own --source conversations --id email=a@example.it --id ext_id=b "
	    ">/dev/null\n"
	    "anagraph promote --account own --contact 2 --secondary 1 --contact-version 2 --operator anna",
	    COMMAND_REFUSED, "", "FAILED_PRECONDITION IDENTIFIER_OWNED: ");
	expect(state,
	    "anagraph promote --account own --contact 2 --secondary 1 --contact-version 2 --operator anna",
	    COMMAND_REFUSED, "", " (contact 1)\n");
}

static void
test_erasing_leaves_nothing_and_may_suppress(void **state)
{
	expect(state,
	    "anagraph identify --account gone --source contacts --id email=a@example.it >/dev/null\n"
	    "anagraph erase --account gone --contact 1 --operator anna --suppress --request-id r-1\n"
	    "anagraph erase --account gone --contact 1 --operator anna --suppress --request-id r-1\n"
	    "anagraph list --account gone --view all",
	    0, "{\"revision\":2}\n{\"revision\":2,\"replayed\":true}\n", "0 of 0 shown\n");
	expect(state, "anagraph identify --account gone --source contacts --id email=A@example.it",
	    COMMAND_REFUSED, "", "FAILED_PRECONDITION IDENTIFIER_SUPPRESSED");
	expect(
	    state, "anagraph resolve --account gone --contact 1", COMMAND_REFUSED, "", "CONTACT_NOT_FOUND");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch_resolve_answers_each_key_in_order),
		cmocka_unit_test(test_list_shows_pages_and_totals),
		cmocka_unit_test(test_explain_tells_a_story_or_shows_entries),
		cmocka_unit_test(test_operators_promote_dismiss_and_merge),
		cmocka_unit_test(test_an_owned_identifier_names_its_owner),
		cmocka_unit_test(test_erasing_leaves_nothing_and_may_suppress),
	};

	return cmocka_run_group_tests(tests, start_daemon, end_daemon);
}
