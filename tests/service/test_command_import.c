/* Files of contacts through the command: in, in once more, out and in again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

struct scene {
	struct service *service;
	char *directory;
};

static int
start_daemon(void **state)
{
	static struct scene scene;

	scene.directory = test_directory_create();
	if (scene.directory == NULL)
		return -1;
	*state = &scene;
	return service_start(&scene.service, NULL);
}

static int
end_daemon(void **state)
{
	struct scene *scene = *state;
	int status = service_stop(scene->service);

	service_destroy(scene->service);
	test_directory_remove(scene->directory);
	free(scene->directory);
	return status;
}

/* Runs a script in the directory, which must end with a status and write what is
 * expected; prose is a part of what goes to standard error. */
static void
expect(void **state, const char *script, int status, const char *output, const char *prose)
{
	const struct scene *scene = *state;
	struct command_run run;
	char *text;

	assert_true(asprintf(&text, "cd \"$2\" || exit 9\n%s", script) > 0);
	command_shell(&run, service_target(scene->service), scene->directory, text);
	if (run.status != status || strcmp(run.output, output) != 0 || strstr(run.prose, prose) == NULL)
		print_error("%s\nstatus %d\n%s\n%s\n", script, run.status, run.output, run.prose);
	assert_int_equal(run.status, status);
	assert_string_equal(run.output, output);
	assert_non_null(strstr(run.prose, prose));
	command_run_finish(&run);
	free(text);
}

static void
test_made_up_contacts_are_the_same_anywhere_and_all_taken_in(void **state)
{
	expect(state,
	    "\"$ANAGRAPH_CONTACTS\" --count 1000 --seed 7 >made.csv; cksum <made.csv\n"
	    "\"$ANAGRAPH_CONTACTS\" --count 2000 --seed 7 | head -n 1001 | cmp - made.csv\n"
	    "\"$ANAGRAPH_CONTACTS\" --count 1000 --seed 7 --kind jsonl | cksum\n"
	    "anagraph import --account made --map CONSENT=attr:CONSENT:bool made.csv\n"
	    "anagraph count --account made; ls",
	    0,
	    "1160539610 115926\n148679774 463773\n"
	    "{\"identified\":1000,\"anonymous_push\":0,\"anonymous_chat\":0,\"contacts_page_total\":1000,"
	    "\"home_page_total\":1000,\"revision\":1000}\nmade.csv\n",
	    ": 1000 created, 0 identified, 0 updated, 0 unchanged, 0 replayed, 0 refused\n");
}

static void
test_both_kinds_say_the_same(void **state)
{
	expect(state,
	    "\"$ANAGRAPH_CONTACTS\" --count 300 >kind.csv; \"$ANAGRAPH_CONTACTS\" --count 300 --kind jsonl "
	    ">kind.jsonl\n"
	    "anagraph import --account kind-1 --map CONSENT=attr:CONSENT:bool kind.csv 2>/dev/null\n"
	    "anagraph import --account kind-2 kind.jsonl 2>/dev/null\n"
	    "anagraph export --account kind-1 - >1.jsonl; anagraph export --account kind-2 >2.jsonl\n"
	    "cmp 1.jsonl 2.jsonl; wc -l <1.jsonl",
	    0, "300\n", "anagraph: 300 contacts in 300 lines\n");
}

static void
test_a_second_run_changes_nothing(void **state)
{
	expect(state,
	    "\"$ANAGRAPH_CONTACTS\" --count 500 --kind jsonl | sed 's/\"observed_at\":\"[^\"]*\",//' "
	    ">again.jsonl\n"
	    "for i in 1 2; do anagraph import --account again again.jsonl; done\n"
	    "anagraph count --account again",
	    0,
	    "{\"identified\":500,\"anonymous_push\":0,\"anonymous_chat\":0,\"contacts_page_total\":500,"
	    "\"home_page_total\":500,\"revision\":500}\n",
	    ": 0 created, 0 identified, 0 updated, 0 unchanged, 500 replayed, 0 refused\n");
	expect(state, "anagraph import --account again --import-id other again.jsonl", 0, "",
	    ": 0 created, 0 identified, 0 updated, 500 unchanged, 0 replayed, 0 refused\n");
	expect(state, "anagraph import --account again --no-request-id again.jsonl", 0, "",
	    ": 0 created, 0 identified, 0 updated, 500 unchanged, 0 replayed, 0 refused\n");
}

static void
test_a_dry_run_writes_nothing(void **state)
{
	expect(state,
	    "\"$ANAGRAPH_CONTACTS\" --count 50 --kind jsonl | anagraph import --account dry --dry-run "
	    "--format jsonl -\n"
	    "anagraph count --account dry | grep -o 'revision.*'",
	    0, "revision\":0}\n", "nothing was changed, it would be: 50 created, ");
}

static void
test_refused_rows_are_told_by_line_and_the_rest_goes_in(void **state)
{
	expect(state,
	    "printf "
	    "'email,age,ok,since\\r\\n\\r\\na@example.it,\"1\\r\\n2\",1,\\r\\nb@example.it,30,yes,2024-05-"
	    "01\\r\\n"
	    "nobody,30,yes,\\r\\nc@example.it,30\\r\\nd@example.it,30,maybe,\\r\\n,30,no,\\r\\n"
	    "e@example.it,\\xff,no,\\r\\nf@example.it,1,no,never\\n' >bad.csv\n"
	    "anagraph import --account bad --map age=attr:AGE:number --map ok=attr:OK:bool --map "
	    "since=attr:SINCE:time "
	    "bad.csv; echo $?; sort -n -t: -k2 bad.csv.errors | sed 's/\"message.*//'\n"
	    "anagraph resolve --account bad --id email=b@example.it | grep -o '[a-z]*_value\":[^,]*'",
	    0,
	    "1\n"
	    "{\"line\":3,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"field\":\"age\",\n"
	    "{\"line\":6,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"IDENTIFIER_INVALID\",\"field\":"
	    "\"identifiers[0].value\",\n"
	    "{\"line\":7,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"field\":\"\",\n"
	    "{\"line\":8,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"field\":\"ok\",\n"
	    "{\"line\":9,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"IDENTIFIER_MISSING\",\"field\":"
	    "\"identifiers\",\n"
	    "{\"line\":10,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"field\":\"age\",\n"
	    "{\"line\":11,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"LINE_INVALID\",\"field\":\"since\",\n"
	    "number_value\":30\nbool_value\":true\ntime_value\":\"2024-05-01T00:00:00.000000Z\"\n",
	    ": 1 created, 0 identified, 0 updated, 0 unchanged, 0 replayed, 7 refused, see bad.csv.errors\n");
	/* Once nothing is refused, nothing is left of what was. */
	expect(state, "echo email >bad.csv; anagraph import --account bad bad.csv; ls bad.csv*", 0,
	    "bad.csv\n", " 0 refused\n");
}

static void
test_a_row_that_is_too_long_is_one_error(void **state)
{
	expect(state,
	    "{ echo email,note; printf 'a@example.it,\"'; head -c 1100000 /dev/zero | tr '\\0' x; echo; "
	    "echo 'b@example.it,\"\"'; echo c@example.it,y; } | anagraph import --account long --format csv "
	    "-\n"
	    "anagraph resolve --account long --id email=c@example.it | grep -o 'NOTE\",\"string_value\":\"y'",
	    0, "NOTE\",\"string_value\":\"y\n",
	    "line 2: INVALID_ARGUMENT LINE_INVALID: is longer than 1048576 bytes");
	expect(state,
	    "{ printf '{\"a\":\"'; head -c 1100000 /dev/zero | tr '\\0' x; echo '\"}'; "
	    "echo '{\"identifiers\":[{\"namespace\":\"chat\",\"value\":\"v\"}]}'; } | "
	    "anagraph import --account long --source conversations --format jsonl -",
	    COMMAND_REFUSED, "",
	    ": 1 created, 0 identified, 0 updated, 0 unchanged, 0 replayed, 1 refused\n");
}

static void
test_an_export_comes_back_as_it_was(void **state)
{
	expect(state,
	    "anagraph identify --account from --source contacts --observed-at 2024-01-01T00:00:00Z "
	    "--id email=Rossi@Example.it --id phone=+393471234567 --attr FIRST_NAME=Mario --attr-number "
	    "N=0.1 "
	    "--attr-time T=2024-05-01T12:00:00.5Z --attr-bool B=false >/dev/null\n"
	    "anagraph identify --account from --source conversations --observed-at 2024-03-01T00:00:00Z "
	    "--conversation t-5 --id email=rossi@example.it --id chat=v-1 --attr CITY=Roma >/dev/null\n"
	    "anagraph identify --account from --source push --observed-at 2024-02-01T00:00:00Z "
	    "--id push=d-1 --id email=rossi@example.it --attr LANGUAGE=it >/dev/null\n"
	    "anagraph identify --account from --source push --id push=d-2 >/dev/null\n"
	    "anagraph identify --account from --source conversations --id chat=v-2 --conversation t-6 "
	    ">/dev/null\n"
	    /* Two contacts, one's phone the other's WhatsApp number. */
	    "anagraph identify --account from --source contacts --id email=b@example.it --id "
	    "phone=+393480000001 "
	    ">/dev/null\n"
	    "anagraph identify --account from --source contacts --id email=c@example.it >/dev/null\n"
	    "anagraph identify --account from --source contacts --id email=c@example.it "
	    "--id whatsapp=+393480000001 >/dev/null\n"
	    "anagraph export --account from all.jsonl; anagraph import --account to all.jsonl\n"
	    "show() { anagraph list --account $1 --view all --all | sed 's/\"id\":[0-9]*,//; "
	    "s/\"version\":[0-9]*,//; s/\"\\(create_time\\|update_time\\|recorded_at\\)\":\"[^\"]*\",\\?//g; "
	    "s/contact #[0-9]*//; s/,}/}/g' | sort; }\n"
	    "show from >from; show to >to; cmp from to; wc -l <from\n"
	    "for a in from to; do anagraph count --account $a | sed 's/,\"rev.*//'; done",
	    0,
	    "5\n"
	    "{\"identified\":3,\"anonymous_push\":1,\"anonymous_chat\":1,\"contacts_page_total\":4,"
	    "\"home_page_total\":5\n"
	    "{\"identified\":3,\"anonymous_push\":1,\"anonymous_chat\":1,\"contacts_page_total\":4,"
	    "\"home_page_total\":5\n",
	    "anagraph: 5 contacts in ");
}

static void
test_an_export_says_what_it_leaves_out(void **state)
{
	expect(state,
	    "anagraph identify --account left --source contacts --id email=a@example.it --attr CITY=Roma "
	    ">/dev/null\n"
	    "anagraph identify --account left --source conversations --id email=a@example.it --attr "
	    "CITY=Bari "
	    ">/dev/null\n"
	    "anagraph export --account left x.jsonl; ls x.jsonl*",
	    0, "x.jsonl\n", "anagraph: left out: 1 values that wait for an operator\n");
	expect(state, "anagraph export --account 'No Account' y.jsonl; echo $?; ls y.jsonl* 2>/dev/null",
	    COMMAND_MISUSED, "1\n", "ACCOUNT_INVALID");
}

static void
test_an_import_outlives_its_daemon(void **state)
{
	/* Half of the rows are in when the daemon is killed, the rest is sent to the next one. */
	expect(state,
	    "mkfifo ready rows; trap 'kill -9 $daemon 2>/dev/null' EXIT\n"
	    "serve() { \"$ANAGRAPHD\" --data-dir killed --listen \"$1\" --policy-dir "
	    "\"$ANAGRAPH_POLICY_DIR\" "
	    ">ready 2>/dev/null 4>&- & daemon=$!; exec 3<ready; read -r word on target <&3; }\n"
	    "serve 127.0.0.1:0\n"
	    "anagraph import --account broken --format jsonl - <rows & import=$!\n"
	    "exec 4>rows; \"$ANAGRAPH_CONTACTS\" --count 600 --kind jsonl >made; head -n 300 made >&4\n"
	    "until anagraph count --account broken | grep -q ':300,'; do :; done\n"
	    "kill -9 $daemon; wait $daemon 2>/dev/null; tail -n 300 made >&4 &\n"
	    "serve \"$target\"; exec 4>&-; wait $import; echo $?\n"
	    "anagraph count --account broken | sed 's/.*home_page_total/home/'",
	    0, "0\nhome\":600,\"revision\":600}\n", "the stream broke (");
}

static void
test_misuse_is_told_before_anything_is_sent(void **state)
{
	static const struct {
		const char *script;
		const char *prose;
	} misuses[] = {
		{ "import --account m", "give one FILE" },
		{ "import --account m -", "--format is missing" },
		{ "import --account m --format xml h.csv", "--format xml: expected csv or jsonl" },
		{ "import --account m --source me h.csv", "--source me: expected contacts" },
		{ "import --account m --map n h.csv", "expected COLUMN=MEANING" },
		{ "import --account m --map q=email h.csv", "the file has no column \"q\"" },
		{ "import --account m --map n=attr:N:money h.csv", "there is no such type" },
		{ "import --account m --map n=email h.csv", "columns \"email\" and \"n\" are both email" },
		{ "import --account m --map email=- h.csv", "no column is an identifier" },
		{ "import --account m --map n=what h.csv", "what: expected a namespace" },
		{ "export --account m a b", "b: not expected here" },
	};

	expect(state, "printf 'email,n\\na@example.it,1\\n' >h.csv", 0, "", "");
	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		char script[160];

		snprintf(script, sizeof(script), "anagraph %s", misuses[i].script);
		expect(state, script, COMMAND_MISUSED, "", misuses[i].prose);
	}
	expect(state, "anagraph count --account m | grep -o 'revision.*'", 0, "revision\":0}\n", "");
	expect(
	    state, "anagraph import --account m no-such-file.csv", COMMAND_REFUSED, "", "no-such-file.csv: ");
	expect(state, "anagraph import --account 'No Account' h.csv", COMMAND_REFUSED, "",
	    "line 2: INVALID_ARGUMENT ACCOUNT_INVALID");
	expect(state, "anagraph --server 127.0.0.1:1 import --account m h.csv", COMMAND_UNREACHABLE, "",
	    "cannot reach");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_up_contacts_are_the_same_anywhere_and_all_taken_in),
		cmocka_unit_test(test_both_kinds_say_the_same),
		cmocka_unit_test(test_a_second_run_changes_nothing),
		cmocka_unit_test(test_a_dry_run_writes_nothing),
		cmocka_unit_test(test_refused_rows_are_told_by_line_and_the_rest_goes_in),
		cmocka_unit_test(test_a_row_that_is_too_long_is_one_error),
		cmocka_unit_test(test_an_export_comes_back_as_it_was),
		cmocka_unit_test(test_an_export_says_what_it_leaves_out),
		cmocka_unit_test(test_an_import_outlives_its_daemon),
		cmocka_unit_test(test_misuse_is_told_before_anything_is_sent),
	};

	return cmocka_run_group_tests(tests, start_daemon, end_daemon);
}
