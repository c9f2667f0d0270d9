/* What a file sets, as callers see it: regions, blocked values and default verdicts are
 * each account's own (N3, N5, R22), a file that is wrong starts nothing, and --check-config
 * tells so beforehand. */
#include "tests/support/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SETTINGS[] = "policies: {contacts: scripted, conversations: scripted, push: scripted}\n"
			       "defaults:\n"
			       "  blocked: [tester]\n"
			       "accounts:\n"
			       "  italian:\n"
			       "    default_region: IT\n"
			       "  american:\n"
			       "    default_region: US\n"
			       "  own-list:\n"
			       "    blocked: [Signora, NoReply@Example.it, 0039 02 1234 5678]\n"
			       "  stern:\n"
			       "    default_verdicts: {value: keep, owner: offer, identity: separate}\n"
			       "  taking:\n"
			       "    default_verdicts: {value: take, owner: take, identity: take}\n";

static void
use_settings(struct scene *s)
{
	const struct service_options options = {
		.policy_dir = getenv("ANAGRAPH_TEST_POLICY_DIR"),
		.config = SETTINGS,
	};

	scene_use(s, &options);
}

static void
act_for(struct scene *s, const char *account)
{
	snprintf(s->account, sizeof(s->account), "%s", account);
}

static void
test_N3_a_number_is_dialled_in_its_account(struct scene *s)
{
	use_settings(s);
	act_for(s, "italian");
	identify(s, CONTACTS, AT(1), ID("phone", "02 1234 5678"), ID("whatsapp", "347 123 4567"));
	expect_contact(s, 1, "phone=+390212345678 whatsapp=+393471234567");
	assert_int_equal(owner(s, "phone", "(02) 1234-5678"), 1);
	assert_int_equal(owner(s, "phone", "+390212345678"), 1);
	identify(s, CONTACTS, AT(2), ID("landline", "+49 30 901820"));
	expect_contact(s, 2, "landline=+4930901820");

	act_for(s, "american");
	identify(s, CONTACTS, AT(1), ID("phone", "(212) 555-2368"));
	expect_contact(s, 1, "phone=+12125552368");
	expect_invalid(
	    s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, AT(2), ID("phone", "347 123 4567"));

	act_for(s, "nowhere");
	expect_invalid(
	    s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, AT(1), ID("phone", "02 1234 5678"));
}

static void
test_N3_where_nothing_is_set_a_number_needs_its_country_code(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("phone", "0039 02 1234 5678"));
	expect_contact(s, 1, "phone=+390212345678");
	expect_invalid(
	    s, "IDENTIFIER_INVALID", "identifiers[0].value", CONTACTS, AT(1), ID("phone", "02 1234 5678"));
}

static void
test_N5_an_account_refuses_what_it_blocks(struct scene *s)
{
	use_settings(s);
	act_for(s, "own-list");
	expect_invalid(s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1),
	    ID("email", "noreply@EXAMPLE.it"));
	expect_invalid(
	    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1), ID("phone", "+39 02 12345678"));
	expect_invalid(
	    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1), ID("ext_id", "SIGNORA"));
	expect_invalid(
	    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1), ID("ext_id", "null"));
	/* Its list stands in place of the defaults'. */
	identify(s, CONTACTS, AT(1), ID("ext_id", "tester"));

	act_for(s, "italian");
	expect_invalid(
	    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1), ID("ext_id", "Tester"));
	identify(s, CONTACTS, AT(1), ID("email", "noreply@example.it"));

	act_for(s, "no-settings");
	expect_invalid(
	    s, "IDENTIFIER_BLOCKED", "identifiers[0].value", CONTACTS, AT(1), ID("ext_id", "Tester"));
}

static void
test_N5_an_account_ignores_names_that_it_blocks(struct scene *s)
{
	use_settings(s);
	act_for(s, "own-list");
	identify(
	    s, CONTACTS, AT(1), ID("chat", "v-1"), TEXT("FIRST_NAME", "signora"), TEXT("CITY", "Signora"));
	expect_contact(s, 1, "chat=v-1 CITY=Signora");
	expect_totals(s, "0 0 1");
}

static void
test_N5_a_look_up_of_a_blocked_value_is_refused(struct scene *s)
{
	static const char *const values[] = { "noreply@example.it", "NoReply@example.it" };
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;

	use_settings(s);
	request.account = (char *)(uintptr_t) "own-list";
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	request.identifier = &identifier;
	identifier.namespace_ = (char *)(uintptr_t) "email";
	for (size_t i = 0; i < 2; i++) {
		Anagraph__V1__ResolveResponse *response;
		struct client_status status;

		identifier.value = (char *)(uintptr_t)values[i];
		assert_int_equal(client_resolve(&response, &status, s->client, &request), CLIENT_E_STATUS);
		expect_status(&status, "INVALID_ARGUMENT", "IDENTIFIER_BLOCKED", "identifier.value", __FILE__,
		    __LINE__);
	}
}

/* One conflict of each kind, over which the policy fails: VALUE, OWNER, IDENTITY. */
static void
raise_each(struct scene *s, const char *value, const char *owner_said, const char *identity)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-2"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"), IN("FAIL"));
	expect_conflicts(s, scene_print(s, "VALUE CITY Roma<Bari %s!POLICY_FAILED", value));
	identify(s, CONTACTS, AT(3), ID("push", "d-1"), ID("email", "b@example.it"), IN("DEFER"));
	expect_conflicts(
	    s, scene_print(s, "IDENTITY email a@example.it<b@example.it %s!POLICY_DEFERRED", identity));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"), ID("push", "d-3"));
	identify(s, CONTACTS, AT(4), ID("ext_id", "x-2"), ID("push", "d-3"), IN("NOTHING"));
	expect_conflicts(s,
	    scene_print(s, "OWNER push d-3 of %d %s!VERDICT_INVALID",
		strcmp(identity, "SEPARATE") == 0 ? 4 : 3, owner_said));
}

static void
test_R22_each_account_has_default_verdicts_of_its_own(struct scene *s)
{
	use_settings(s);
	s->repeats = false;
	act_for(s, "stern");
	raise_each(s, "KEEP", "OFFER", "SEPARATE");
	expect_contact(s, 1, "email=a@example.it CITY=Roma");
	expect_contact(s, 2, "ext_id=x-2 ?push=d-3^4");
	expect_contact(s, 3, "email=b@example.it push=d-1");

	act_for(s, "taking");
	raise_each(s, "TAKE", "TAKE", "TAKE");
	expect_contact(s, 1, "email=b@example.it push=d-1 CITY=Bari");
	expect_contact(s, 2, "ext_id=x-2 push=d-3");

	act_for(s, "no-settings");
	raise_each(s, "OFFER", "KEEP", "OFFER");
	expect_contact(s, 1, "email=a@example.it push=d-1 CITY=Roma ?CITY=Bari ?email=b@example.it");
}

static void
test_settings_are_read_anew_at_each_start(struct scene *s)
{
	use_settings(s);
	act_for(s, "italian");
	identify(s, CONTACTS, AT(1), ID("phone", "02 1234 5678"));
	scene_stop(s);
	scene_start(s);
	assert_int_equal(owner(s, "phone", "02 1234 5678"), 1);
}

/* Runs the daemon with a file of that text, less or more arguments, to its end. */
static int
run_with(struct scene *s, char **output, char **prose, const char *text, const char *policy_dir, bool check)
{
	char *directory = scene_keep(s, test_directory_create(), free);
	char *path = scene_keep(s, test_file_create(directory, "anagraph.yaml", text), free);
	const char *arguments[] = { "--config", path, "--data-dir", scene_print(s, "%s/store", directory),
		"--policy-dir", policy_dir, check ? "--check-config" : NULL, NULL };
	int status;

	assert_non_null(path);
	assert_int_equal(service_run(&status, output, prose, getenv("ANAGRAPHD"), arguments), 0);
	scene_keep(s, *output, free);
	scene_keep(s, *prose, free);
	test_directory_remove(directory);
	return status;
}

static void
test_a_file_that_is_wrong_starts_nothing(struct scene *s)
{
	static const char text[] = "accounts:\n  shop:\n    default_region: XX\n";
	const char *policy_dir = getenv("ANAGRAPH_POLICY_DIR");
	char *output;
	char *prose;

	for (int check = 0; check < 2; check++) {
		assert_int_equal(run_with(s, &output, &prose, text, policy_dir, check != 0), 2);
		assert_string_equal(output, "");
		assert_non_null(strstr(prose,
		    "/anagraph.yaml:3: accounts[shop].default_region: XX is no region that libphonenumber "
		    "knows"));
		assert_string_equal(strchr(prose, '\n'), "\n");
	}
}

static void
test_a_check_finds_policies_that_are_not_there(struct scene *s)
{
	char *output;
	char *prose;

	assert_int_equal(
	    run_with(s, &output, &prose, "policies: {push: none}\n", getenv("ANAGRAPH_POLICY_DIR"), true), 1);
	assert_non_null(strstr(prose, "/none.so"));
	assert_string_equal(strchr(prose, '\n'), "\n");
	assert_int_equal(run_with(s, &output, &prose, "threads: 1\n", "/nonexistent", true), 1);
	assert_non_null(strstr(prose, "/nonexistent"));
}

/* With policies of options: whose word counts, and who is asked before a refusal is
 * turned into a consent. */
static void
use_policies(struct scene *s, const char *text)
{
	const struct service_options options = { .config = text };

	scene_use(s, &options);
}

static void
test_a_policy_keeps_to_its_options(struct scene *s)
{
	use_policies(s,
	    "policies:\n"
	    "  contacts: {id: keep_consent, options: {names: \"NEWSLETTER,SMS\"}}\n"
	    "  conversations: &ranks {id: source_rank, options: {conversations: 3, push: 0}}\n"
	    "  push: *ranks\n");
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"),
	    BOOL("NEWSLETTER", true), BOOL("OTHER", true));
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), BOOL("NEWSLETTER", false));
	expect_conflicts(s, "VALUE NEWSLETTER true<false TAKE");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "keep_consent");
	identify(s, CONTACTS, AT(20), ID("email", "a@example.it"), BOOL("NEWSLETTER", true));
	expect_conflicts(s, "VALUE NEWSLETTER false<true OFFER");
	identify(s, CONTACTS, AT(20), ID("email", "a@example.it"), BOOL("OTHER", false));
	expect_conflicts(s, "VALUE OTHER true<false OFFER!POLICY_DEFERRED");

	identify(s, CONVERSATIONS, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari KEEP");
	identify(s, CONVERSATIONS, AT(11), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
	assert_string_equal(s->answer->conflicts[0]->policy->id, "source_rank");
	identify(s, PUSH, AT(30), ID("email", "a@example.it"), TEXT("CITY", "Como"));
	expect_conflicts(s, "VALUE CITY Bari<Como KEEP");
}

static void
test_an_option_that_its_policy_refuses_starts_nothing(struct scene *s)
{
	const char *policy_dir = getenv("ANAGRAPH_POLICY_DIR");
	char *output;
	char *prose;

	assert_int_equal(run_with(s, &output, &prose,
			     "policies: {push: {id: source_rank, options: {chat: 1}}}\n", policy_dir, false),
	    1);
	assert_string_equal(output, "");
	assert_non_null(strstr(prose,
	    "policy source_rank: error: source_rank knows no options but push, conversations and contacts"));
	assert_non_null(
	    strstr(prose, "/source_rank.so: expected create to return 0 for 1 options, found -22"));
}

static void
test_the_example_is_right(struct scene *s)
{
	const char *path = getenv("ANAGRAPH_EXAMPLE_CONFIG");
	FILE *file = fopen(path, "r");
	char text[16384] = "";
	char *output;
	char *prose;
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_in_range(size, 1, sizeof(text) - 2);
	assert_int_equal(run_with(s, &output, &prose, text, getenv("ANAGRAPH_POLICY_DIR"), true), 0);
	assert_non_null(strstr(output, "/anagraph.yaml: ok (2 accounts)\n"));
	assert_string_equal(prose, "");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_N3_a_number_is_dialled_in_its_account),
		STOCK_TEST(test_N3_where_nothing_is_set_a_number_needs_its_country_code),
		STOCK_TEST(test_N5_an_account_refuses_what_it_blocks),
		STOCK_TEST(test_N5_an_account_ignores_names_that_it_blocks),
		STOCK_TEST(test_N5_a_look_up_of_a_blocked_value_is_refused),
		STOCK_TEST(test_R22_each_account_has_default_verdicts_of_its_own),
		STOCK_TEST(test_settings_are_read_anew_at_each_start),
		STOCK_TEST(test_a_file_that_is_wrong_starts_nothing),
		STOCK_TEST(test_a_check_finds_policies_that_are_not_there),
		STOCK_TEST(test_a_policy_keeps_to_its_options),
		STOCK_TEST(test_an_option_that_its_policy_refuses_starts_nothing),
		STOCK_TEST(test_the_example_is_right),
	};

	return scene_main(tests);
}
