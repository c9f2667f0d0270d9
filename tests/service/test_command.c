/* The command `anagraph` and the tour as a script sees them: what is written to which
 * stream, in which shape, and with which exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/service.h"

enum { REFUSED = 1, MISUSED = 2, UNREACHABLE = 3, ARGUMENTS = 24 };

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

/* What a run came to. */
struct run {
	int status;
	char *output;
	char *prose;
};

static void
run_program(struct run *run, const char *program_name, const char *const *arguments)
{
	const char *program = getenv(program_name);

	assert_non_null(program);
	assert_int_equal(service_run(&run->status, &run->output, &run->prose, program, arguments), 0);
	assert_non_null(run->output);
	assert_non_null(run->prose);
}

static void
run_finish(struct run *run)
{
	free(run->output);
	free(run->prose);
}

/* Runs the command against the daemon with more arguments. */
#define RUN(run, state, ...)                                                                                 \
	run_program(run, "ANAGRAPH_COMMAND",                                                                 \
	    (const char *const[ARGUMENTS]){ "--server", service_target(*(state)), __VA_ARGS__ })

/* Runs a line of shell in which $1 is the daemon's address. */
static void
run_shell(struct run *run, void **state, const char *script)
{
	const char *const arguments[] = { "-c", script, "sh", service_target(*state), NULL };

	assert_int_equal(service_run(&run->status, &run->output, &run->prose, "/bin/sh", arguments), 0);
}

/* The one line of output as an object, to be released. */
static json_t *
only_line(const struct run *run)
{
	const char *end = strchr(run->output, '\n');
	json_t *json;

	assert_non_null(end);
	assert_string_equal(end, "\n");
	json = json_loads(run->output, 0, NULL);
	assert_non_null(json);
	return json;
}

static void
expect_lines(const char *text, size_t expected)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	assert_int_equal(lines, expected);
}

static void
test_identify_shows_contact_and_outcome(void **state)
{
	const char *outcome, *name, *time, *namespace_name, *text;
	struct run run;
	json_t *json;
	json_int_t id, revision;
	double number;
	int flag;

	RUN(&run, state, "identify", "--account", "a1", "--source", "contacts", "--id",
	    "email=Rossi@Example.it", "--attr", "LAST_NAME=Rossi", "--attr-number", "N=1.5", "--attr-bool",
	    "B=false", "--attr-time", "T=2024-05-01T12:00:00.5+02:00", "--observed-at",
	    "2024-05-01T10:00:00Z", "--conversation", "t-5");
	assert_int_equal(run.status, 0);
	assert_string_equal(run.prose, "");
	json = only_line(&run);
	assert_int_equal(
	    json_unpack(json, "{s:s,s:I,s:[],s:[],s:{s:I,s:s,s:[{s:s,s:{s:s}}],s:[{s:b},{s:s},{s:F},{s:s}]}}",
		"outcome", &outcome, "revision", &revision, "conflicts", "absorbed_contact_ids", "contact",
		"id", &id, "display_name", &name, "identifiers", "namespace", &namespace_name, "claim",
		"observed_at", &time, "attributes", "bool_value", &flag, "string_value", &text,
		"number_value", &number, "time_value", &text),
	    0);
	assert_string_equal(outcome, "OUTCOME_CREATED");
	assert_int_equal(id, 1);
	assert_int_equal(revision, 1);
	assert_string_equal(name, "Rossi");
	assert_string_equal(namespace_name, "email");
	assert_string_equal(time, "2024-05-01T10:00:00.000000Z");
	assert_int_equal(flag, 0);
	assert_true(number == 1.5);
	assert_string_equal(text, "2024-05-01T10:00:00.500000Z");
	json_decref(json);
	run_finish(&run);
}

static void
test_identify_takes_request_id_and_validate_only(void **state)
{
	static const int replayed_expected[] = { 0, 0, 1 };

	for (size_t i = 0; i < 3; i++) {
		const char *outcome;
		struct run run;
		json_t *json;
		json_int_t revision;

		RUN(&run, state, "identify", "--account", "again", "--source", "contacts", "--id",
		    "email=rossi@example.it", "--request-id", "r-1", i == 0 ? "--validate-only" : NULL);
		assert_int_equal(run.status, 0);
		json = only_line(&run);
		assert_int_equal(
		    json_unpack(json, "{s:s,s:I}", "outcome", &outcome, "revision", &revision), 0);
		assert_string_equal(outcome, "OUTCOME_CREATED");
		assert_int_equal(revision, 1);
		assert_int_equal(json_is_true(json_object_get(json, "replayed")), replayed_expected[i]);
		json_decref(json);
		run_finish(&run);
	}
}

static void
test_count_shows_zeros(void **state)
{
	struct run run;

	RUN(&run, state, "count", "--account", "nobody-wrote-here");
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output,
	    "{\"identified\":0,\"anonymous_push\":0,\"anonymous_chat\":0,"
	    "\"contacts_page_total\":0,\"home_page_total\":0,\"revision\":0}\n");
	run_finish(&run);
}

static void
test_resolve_finds_by_identifier_and_by_id(void **state)
{
	struct run first, second;

	RUN(&first, state, "identify", "--account", "a2", "--source", "conversations", "--id", "chat=v=1");
	assert_int_equal(first.status, 0);
	run_finish(&first);
	RUN(&first, state, "resolve", "--account", "a2", "--id", "chat=v=1");
	RUN(&second, state, "resolve", "--account", "a2", "--contact", "1");
	assert_int_equal(first.status, 0);
	assert_int_equal(second.status, 0);
	assert_string_equal(first.output, second.output);
	assert_non_null(strstr(first.output, "\"forwarded_ids\":[]"));
	assert_non_null(strstr(first.output, "\"Anonymous contact #1\""));
	run_finish(&first);
	run_finish(&second);
}

static void
test_options_may_stand_on_either_side_of_the_verb(void **state)
{
	const char *const arguments[] = { "--timeout", "30", "count", "--account=a3", "--server",
		service_target(*state), NULL };
	struct run run;

	run_program(&run, "ANAGRAPH_COMMAND", arguments);
	assert_int_equal(run.status, 0);
	run_finish(&run);
}

static void
test_a_refusal_is_one_line_of_prose(void **state)
{
	struct run run;

	RUN(&run, state, "resolve", "--account", "a1", "--contact", "999");
	assert_int_equal(run.status, REFUSED);
	assert_string_equal(run.output, "");
	assert_ptr_equal(strstr(run.prose, "anagraph: NOT_FOUND CONTACT_NOT_FOUND: "), run.prose);
	expect_lines(run.prose, 1);
	run_finish(&run);
	RUN(&run, state, "identify", "--account", "a1", "--source", "push", "--id", "email=nobody");
	assert_int_equal(run.status, REFUSED);
	assert_ptr_equal(strstr(run.prose, "anagraph: INVALID_ARGUMENT IDENTIFIER_INVALID: "), run.prose);
	assert_non_null(strstr(run.prose, "(identifiers[0].value)"));
	run_finish(&run);
}

static void
test_misuse_never_reaches_the_service(void **state)
{
	static const char *const misuses[][ARGUMENTS] = {
		{ NULL },
		{ "guess" },
		{ "--what" },
		{ "--server" },
		{ "--server", "127.0.0.1", "count", "--account", "a" },
		{ "--server", "127.0.0.1:0", "count", "--account", "a" },
		{ "--server", "127.0.0.1:65536", "count", "--account", "a" },
		{ "--server", "127.0.0.1:99999999999", "count", "--account", "a" },
		{ "--server", "::1:7430", "count", "--account", "a" },
		{ "--server", ":7430", "count", "--account", "a" },
		{ "--timeout", "0", "count", "--account", "a" },
		{ "--timeout", "soon", "count", "--account", "a" },
		{ "count" },
		{ "count", "--account" },
		{ "count", "--account", "a", "more" },
		{ "count", "--account", "a", "--account", "b" },
		{ "count", "--account", "a", "--id", "chat=v" },
		{ "resolve", "--account", "a" },
		{ "resolve", "--account", "a", "--id", "chat" },
		{ "resolve", "--account", "a", "--id", "=v" },
		{ "resolve", "--account", "a", "--contact", "one" },
		{ "resolve", "--account", "a", "--contact", "-1" },
		{ "resolve", "--account", "a", "--contact", "18446744073709551616" },
		{ "resolve", "--account", "a", "--contact", "1", "--id", "chat=v" },
		{ "resolve", "--account", "a", "--id", "chat=v", "--id", "chat=w" },
		{ "identify", "--account", "a", "--id", "chat=v" },
		{ "identify", "--account", "a", "--source", "push", "--validate-only", "--validate-only" },
		{ "identify", "--source", "push", "--id", "chat=v" },
		{ "identify", "--account", "a", "--source", "PUSH", "--id", "chat=v" },
		{ "identify", "--account", "a", "--source", "push", "--attr-number", "N=one" },
		{ "identify", "--account", "a", "--source", "push", "--attr-bool", "B=yes" },
		{ "identify", "--account", "a", "--source", "push", "--attr-time", "T=noon" },
		{ "identify", "--account", "a", "--source", "push", "--observed-at", "2024-05-01" },
		{ "identify", "--account", "a", "--source", "push", "--id", "chat=\xff" },
		{ "identify", "--account", "a", "--source", "push", "-" },
		{ "identify", "--account", "a", "--id", "chat=v", "-" },
		{ "identify", "-" },
		{ "batch-resolve", "email=a@example.it" },
		{ "batch-resolve", "--account", "a", "email" },
		{ "list" },
		{ "list", "--account", "a", "more" },
		{ "list", "--account", "a", "--view", "some" },
		{ "list", "--account", "a", "--class", "vip" },
		{ "list", "--account", "a", "--reach", "pigeon" },
		{ "list", "--account", "a", "--page-size", "ten" },
		{ "list", "--account", "a", "--page-size", "4294967296" },
		{ "explain", "--account", "a" },
		{ "explain", "--account", "a", "--contact", "1", "--id", "chat=v" },
		{ "promote", "--account", "a", "--contact", "1", "--secondary", "1", "--operator", "anna" },
		{ "promote", "--account", "a", "--contact", "1", "--contact-version", "1", "--operator",
		    "anna" },
		{ "dismiss", "--account", "a", "--contact", "1", "--secondary", "1", "--contact-version",
		    "1" },
		{ "merge", "--account", "a", "--survivor", "1", "--absorbed", "2", "--operator", "anna" },
		{ "erase", "--account", "a", "--contact", "1" },
		{ "erase", "--account", "a", "--operator", "anna", "--contact", "1", "--suppress=yes" },
	};
	struct run run;

	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		run_program(&run, "ANAGRAPH_COMMAND", misuses[i]);
		if (run.status != MISUSED)
			print_error("misuse %zu: status %d, %s\n", i, run.status, run.prose);
		assert_int_equal(run.status, MISUSED);
		assert_string_equal(run.output, "");
		assert_ptr_equal(strstr(run.prose, "anagraph: "), run.prose);
		expect_lines(run.prose, 1);
		run_finish(&run);
	}
	RUN(&run, state, "count", "--account", "a");
	assert_non_null(strstr(run.output, "\"revision\":0"));
	run_finish(&run);
}

static void
test_misuse_names_the_option_and_what_it_expects(void **state)
{
	static const struct {
		const char *script;
		const char *prose;
	} misuses[] = {
		{ "identify --account a --source contact",
		    "--source contact: expected contacts, conversations or push" },
		{ "identify --account a --id email", "--id email: expected NAMESPACE=VALUE" },
		{ "identify --account a --attr FIRST_NAME", "--attr FIRST_NAME: expected NAME=TEXT" },
		{ "identify --account a --observed-at yesterday",
		    "--observed-at yesterday: expected a time" },
		{ "identify --account a --account a", "--account a: given before" },
		{ "resolve --account a --contact abc", "--contact abc: expected a contact's number" },
		{ "resolve --account a --id email", "--id email: expected NAMESPACE=VALUE" },
		{ "--server 127.0.0.1 count --account a", "--server 127.0.0.1: expected HOST:PORT" },
		{ "list --account a --class vip", "anagraph: --class: expected identified" },
		{ "list --account a --view some", "anagraph: --view: expected contacts_page" },
		{ "list --account a --reach pigeon", "anagraph: --reach: expected email" },
		{ "list --account a --page-size 4294967296", "--page-size: expected a smaller number" },
		{ "identify --account a --ca /nowhere", "--ca /nowhere: it can't be read" },
		{ "identify --account a --cert /nowhere", "--cert /nowhere: it can't be read" },
	};
	struct run run;

	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		char script[128];

		snprintf(script, sizeof(script), "\"$ANAGRAPH_COMMAND\" %s", misuses[i].script);
		run_shell(&run, state, script);
		assert_int_equal(run.status, MISUSED);
		if (strstr(run.prose, misuses[i].prose) == NULL)
			print_error("%s: %s\n", misuses[i].script, run.prose);
		assert_non_null(strstr(run.prose, misuses[i].prose));
		run_finish(&run);
	}
}

static void
test_help_and_version_are_answers(void **state)
{
	static const char *const helps[][ARGUMENTS] = { { "--help" }, { "-h" }, { "identify", "--help" },
		{ "resolve", "--help" }, { "count", "--help" }, { "count", "-h", "--account", "a" },
		{ "batch-resolve", "--help" }, { "list", "--help" }, { "explain", "--help" },
		{ "promote", "--help" }, { "dismiss", "--help" }, { "merge", "--help" },
		{ "erase", "--help" }, { "--version" } };

	(void)state;
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		struct run run;

		run_program(&run, "ANAGRAPH_COMMAND", helps[i]);
		assert_int_equal(run.status, 0);
		assert_string_equal(run.prose, "");
		assert_ptr_equal(strstr(run.output, "anagraph "), run.output);
		if (strstr(run.output, "--server") != NULL)
			assert_non_null(strstr(run.output, "--cert"));
		run_finish(&run);
	}
}

static void
test_what_is_no_file_of_events_is_named(void **state)
{
	struct run run;

	run_shell(&run, state, "\"$ANAGRAPH_COMMAND\" import --account a --source contacts /usr");
	assert_int_equal(run.status, REFUSED);
	assert_string_equal(run.prose, "anagraph: /usr: Is a directory\n");
	run_finish(&run);
	run_shell(&run, state, "echo nothing | \"$ANAGRAPH_COMMAND\" --server $1 identify --account a -");
	assert_int_equal(run.status, MISUSED);
	assert_non_null(
	    strstr(run.output, "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\","));
	run_finish(&run);
}

static void
test_nobody_there_has_a_status_of_its_own(void **state)
{
	static const char *const arguments[][ARGUMENTS] = {
		{ "--server", "127.0.0.1:1", "count", "--account", "a" },
		{ "--server", "127.0.0.1:1", "resolve", "--account", "a", "--contact", "1" },
		{ "--server", "127.0.0.1:1", "identify", "--account", "a", "--source", "push", "--id",
		    "push=d" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		struct run run;

		run_program(&run, "ANAGRAPH_COMMAND", arguments[i]);
		assert_int_equal(run.status, UNREACHABLE);
		assert_string_equal(run.output, "");
		assert_ptr_equal(
		    strstr(run.prose, "anagraph: cannot reach 127.0.0.1:1; is the server running?\n"),
		    run.prose);
		expect_lines(run.prose, 1);
		run_finish(&run);
	}
}

static void
test_every_line_of_input_is_answered_in_order(void **state)
{
	struct run run;

	run_shell(&run, state,
	    "printf '%s\\n' "
	    "'{\"source\":\"SOURCE_PUSH\",\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-1\"}]}' '' "
	    "'{\"source\":\"SOURCE_PUSH\"}' 'not JSON' "
	    "'{\"account\":\"a4\",\"source\":\"contacts\",\"identifiers\":[{\"namespace\":\"ext_id\","
	    "\"value\":\"x\"}],"
	    "\"observedAt\":\"2024-05-01T10:00:00Z\"}' | "
	    "\"$ANAGRAPH_COMMAND\" --server \"$1\" identify --account a4 -");
	assert_int_equal(run.status, MISUSED);
	expect_lines(run.output, 4);
	assert_ptr_equal(strstr(run.output, "{\"outcome\":\"OUTCOME_CREATED\""), run.output);
	assert_non_null(strstr(run.output,
	    "\n{\"error\":{\"code\":\"INVALID_ARGUMENT\","
	    "\"reason\":\"IDENTIFIER_MISSING\",\"field\":\"identifiers\","
	    "\"message\":"));
	assert_non_null(strstr(run.output,
	    "\n{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"message\":"));
	assert_non_null(strstr(run.output, "\"ext_id\",\"value\":\"x\""));
	assert_non_null(strstr(run.prose, "anagraph: line 3: INVALID_ARGUMENT IDENTIFIER_MISSING: "));
	assert_non_null(strstr(run.prose, "anagraph: line 4: "));
	expect_lines(run.prose, 2);
	run_finish(&run);
}

static void
test_a_line_of_another_account_writes_nothing(void **state)
{
	struct run run;

	run_shell(&run, state,
	    "printf '%s\\n' "
	    "'{\"account\":\"a7\",\"source\":\"push\",\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-"
	    "1\"}]}' "
	    "'{\"account\":\"\",\"source\":\"push\",\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-"
	    "1\"}]}' "
	    "'{\"source\":\"push\",\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-1\"}]}' "
	    "'{\"account\":null,\"source\":\"push\",\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-"
	    "1\"}]}' | "
	    "\"$ANAGRAPH_COMMAND\" --server \"$1\" identify --account a8 -");
	assert_int_equal(run.status, MISUSED);
	expect_lines(run.output, 4);
	assert_ptr_equal(strstr(run.output,
			     "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\","
			     "\"message\":\"account: "),
	    run.output);
	assert_non_null(strstr(run.prose, "anagraph: line 1: account: "));
	assert_non_null(strstr(run.prose, "anagraph: line 2: account: "));
	expect_lines(run.prose, 2);
	run_finish(&run);
	RUN(&run, state, "count", "--account", "a7");
	assert_non_null(strstr(run.output, "\"revision\":0"));
	run_finish(&run);
	RUN(&run, state, "count", "--account", "a8");
	assert_non_null(strstr(run.output, "\"revision\":1"));
	run_finish(&run);
}

static void
test_refused_lines_alone_are_a_refusal(void **state)
{
	struct run run;

	run_shell(&run, state, "echo '{}' | \"$ANAGRAPH_COMMAND\" --server \"$1\" identify --account a -");
	assert_int_equal(run.status, REFUSED);
	run_finish(&run);
	run_shell(&run, state, "\"$ANAGRAPH_COMMAND\" --server \"$1\" identify --account a - </dev/null");
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output, "");
	run_finish(&run);
}

static void
test_a_reader_that_goes_away_ends_it_in_silence(void **state)
{
	struct run run;

	/* `true` reads nothing: sooner or later a write finds nobody. The events never end
	 * by themselves. */
	run_shell(&run, state,
	    "{ yes '{\"source\":1,\"identifiers\":[{\"namespace\":\"push\",\"value\":\"d-1\"}]}' | "
	    "{ \"$ANAGRAPH_COMMAND\" --server \"$1\" identify --account a6 -; echo \"status $?\" >&2; } | "
	    "true; } "
	    "2>&1");
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output, "status 0\n");
	run_finish(&run);
}

static void
test_a_full_disk_is_told(void **state)
{
	struct run run;

	run_shell(&run, state, "\"$ANAGRAPH_COMMAND\" --server \"$1\" count --account a >/dev/full");
	assert_int_equal(run.status, REFUSED);
	assert_ptr_equal(strstr(run.prose, "anagraph: standard output: "), run.prose);
	run_finish(&run);
}

static void
test_the_tour_shows_the_example_and_the_totals(void **state)
{
	static const char *const shown[] = {
		"\n09:00  Mario Rossi signs up for the newsletter at the counter.\n"
		"       CREATED contact 1, Mario Rossi; contacts page 1, home page 1\n09:02  ",
		"\n\n09:04  The visitor writes: my name is Bianchi, my e-mail is Rossi@Example.it.\n"
		"       conflict  VALUE of LAST_NAME: Rossi is known, Bianchi comes in\n"
		"       verdict   OFFER by chat_primary: Rossi stays, Bianchi is kept beside it\n"
		"       result    IDENTIFIED contact 1, Mario Rossi; contact 2 was the same",
		"new: chat v-81\n"
		"       before    contacts page 1, home page 2\n"
		"       after     contacts page 1, home page 1\n\n",
		"UPDATED contact 3, Giulia Verdi; new: whatsapp +442079460101\n",
		"conflict  OWNER of whatsapp",
		"conflict  IDENTITY, by email",
		"closed    CITY Imola (conversations, thread t-9) no longer waits",
		"JOINED Anonymous contact #15 (visitor); contact 16 was the same",
		"conflicts VALUE 7, OWNER 4, IDENTITY 2\n",
		"before    contacts page 0, home page 0\n",
		"after     contacts page 12, home page 13\n",
		"contact 2 is now contact 1, Mario Rossi\n",
		"       contact 1, Mario Rossi\n       holds     LAST_NAME Rossi (contact database)\n"
		"       or is it  LAST_NAME Bianchi (conversations, thread t-5), offered by",
	};
	const char *const arguments[] = { "--server", service_target(*state), "--account", "tour",
		getenv("ANAGRAPH_MORNING"), NULL };
	struct run run;

	unsetenv("COLUMNS");
	run_program(&run, "ANAGRAPH_TOUR", arguments);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.prose, "");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (strstr(run.output, shown[i]) == NULL)
			print_error("not shown: %s\n", shown[i]);
		assert_non_null(strstr(run.output, shown[i]));
	}
	/* A pipe gets no colours. */
	assert_null(strchr(run.output, '\033'));
	run_finish(&run);
}

static size_t
widest_line(const char *text)
{
	size_t widest = 0;

	while (*text != '\0') {
		size_t width = strcspn(text, "\n");

		if (width > widest)
			widest = width;
		text += width + (text[width] == '\n');
	}
	return widest;
}

static void
test_the_tour_is_as_wide_as_it_is_told(void **state)
{
	static const struct {
		const char *columns;
		size_t least, most;
	} pages[] = {
		{ "unset COLUMNS", 73, 80 },
		{ "COLUMNS=72", 60, 72 },
		{ "COLUMNS=20", 60, 72 },
		{ "COLUMNS=95", 81, 95 },
		{ "COLUMNS=500", 96, 100 },
		{ "COLUMNS=wide", 73, 80 },
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char script[192];
		struct run run;
		size_t widest;

		snprintf(script, sizeof(script),
		    "%s; export COLUMNS; [ -n \"$COLUMNS\" ] || unset COLUMNS; "
		    "\"$ANAGRAPH_TOUR\" --server \"$1\" --account width-%zu \"$ANAGRAPH_MORNING\"",
		    pages[i].columns, i);
		run_shell(&run, state, script);
		assert_int_equal(run.status, 0);
		widest = widest_line(run.output);
		if (widest < pages[i].least || widest > pages[i].most)
			print_error("%s: %zu columns\n", pages[i].columns, widest);
		assert_in_range(widest, pages[i].least, pages[i].most);
		run_finish(&run);
	}
}

static void
test_the_tour_fails_with_its_calls(void **state)
{
	const char *const nobody[] = { "--server", "127.0.0.1:1", "/dev/null", NULL };
	const char *const refused[] = { "--server", service_target(*state), "--account", "Not An Account",
		getenv("ANAGRAPH_MORNING"), NULL };
	const char *const no_script[] = { "--server", service_target(*state), getenv("ANAGRAPH_TOUR"), NULL };
	struct run run;

	run_program(&run, "ANAGRAPH_TOUR", refused);
	assert_int_equal(run.status, REFUSED);
	assert_non_null(strstr(run.prose, "ACCOUNT_INVALID"));
	run_finish(&run);
	run_program(&run, "ANAGRAPH_TOUR", no_script);
	assert_int_equal(run.status, MISUSED);
	assert_non_null(strstr(run.prose, ": line 1: "));
	run_finish(&run);
	run_program(&run, "ANAGRAPH_TOUR", nobody);
	assert_int_equal(run.status, UNREACHABLE);
	assert_string_equal(run.prose, "anagraph-tour: cannot reach 127.0.0.1:1; is the server running?\n");
	run_finish(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identify_shows_contact_and_outcome),
		cmocka_unit_test(test_identify_takes_request_id_and_validate_only),
		cmocka_unit_test(test_count_shows_zeros),
		cmocka_unit_test(test_resolve_finds_by_identifier_and_by_id),
		cmocka_unit_test(test_options_may_stand_on_either_side_of_the_verb),
		cmocka_unit_test(test_a_refusal_is_one_line_of_prose),
		cmocka_unit_test(test_misuse_never_reaches_the_service),
		cmocka_unit_test(test_misuse_names_the_option_and_what_it_expects),
		cmocka_unit_test(test_help_and_version_are_answers),
		cmocka_unit_test(test_what_is_no_file_of_events_is_named),
		cmocka_unit_test(test_nobody_there_has_a_status_of_its_own),
		cmocka_unit_test(test_every_line_of_input_is_answered_in_order),
		cmocka_unit_test(test_a_line_of_another_account_writes_nothing),
		cmocka_unit_test(test_refused_lines_alone_are_a_refusal),
		cmocka_unit_test(test_a_reader_that_goes_away_ends_it_in_silence),
		cmocka_unit_test(test_a_full_disk_is_told),
		cmocka_unit_test(test_the_tour_shows_the_example_and_the_totals),
		cmocka_unit_test(test_the_tour_is_as_wide_as_it_is_told),
		cmocka_unit_test(test_the_tour_fails_with_its_calls),
	};

	return cmocka_run_group_tests(tests, start_daemon, end_daemon);
}
