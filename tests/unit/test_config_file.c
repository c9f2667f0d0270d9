/* The daemon's file: what it sets, what it inherits, who wins over it, its limits at the
 * number and one past it, and that whatever is wrong is told by file, line and key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "server/config.h"

enum { ARGUMENTS = 16 };

static char directory[] = "anagraph-config-XXXXXX";
static char path[sizeof(directory) + sizeof("/anagraph.yaml")];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/anagraph.yaml", directory);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void
write_file(const char *text, size_t size, mode_t mode)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Parses a command line that names the file, and then has those given, up to NULL. */
static int
parse(struct config *config, struct config_error *error, const char *const *more)
{
	const char *arguments[ARGUMENTS] = { "anagraphd", "--config", path };
	int count = 3;

	while (*more != NULL) {
		assert_true(count < ARGUMENTS - 1);
		arguments[count++] = *more++;
	}
	memset(error, 0, sizeof(*error));
	return config_parse(config, error, count, (char *const *)(uintptr_t)arguments);
}

#define PARSE(config, error, ...) parse(config, error, (const char *const[]){ __VA_ARGS__, NULL })

/* Reads a file of that text with all that it needs to be complete. */
static int
read_sized(struct config *config, struct config_error *error, const char *text, size_t size)
{
	write_file(text, size, 0600);
	return PARSE(config, error, "--data-dir", "store", "--policy-dir", "plugins");
}

static void
read_text(struct config *config, const char *text)
{
	struct config_error error;
	int result = read_sized(config, &error, text, strlen(text));

	if (result != 0)
		print_message("# %s\n", error.message);
	assert_int_equal(result, 0);
}

/* That a file is refused, at a line, in words that begin with the key and what is said. */
static void
assert_refused_sized(const char *text, size_t size, unsigned line, const char *said)
{
	struct config config;
	struct config_error error;
	char wanted[512];

	snprintf(wanted, sizeof(wanted), "%s:%u: %s", path, line, said);
	print_message("# %s\n", wanted);
	assert_int_equal(read_sized(&config, &error, text, size), CONFIG_E_FILE);
	if (strncmp(error.message, wanted, strlen(wanted)) != 0)
		fail_msg("it says %s", error.message);
	assert_null(strchr(error.message, '\n'));
}

static void
assert_refused(const char *text, unsigned line, const char *said)
{
	assert_refused_sized(text, strlen(text), line, said);
}

static void
assert_bytes(struct bytes bytes, const char *text)
{
	assert_int_equal(bytes.size, strlen(text));
	assert_memory_equal(bytes.data, text, bytes.size);
}

static void
test_all_that_a_daemon_can_be_told(void **state)
{
	static const char text[] = "data_dir: /var/lib/store\n"
				   "policy_dir: plugins\n"
				   "key_file: \"/etc/key\"\n"
				   "listen: '[::1]:7431'\n"
				   "threads: 3\n"
				   "map_size_mib: 64\n"
				   "policies: {contacts: a, conversations: b, push: c, run: in-process,\n"
				   "  deadline_ms: 7}\n";
	struct config config;
	struct config_error error;

	(void)state;
	write_file(text, strlen(text), 0600);
	assert_int_equal(parse(&config, &error, (const char *const[]){ NULL }), 0);
	assert_string_equal(config.config_file, path);
	assert_string_equal(config.data_dir, "/var/lib/store");
	assert_string_equal(config.policy_dir, "plugins");
	assert_string_equal(config.key_file, "/etc/key");
	assert_string_equal(config.host, "[::1]");
	assert_int_equal(config.port, 7431);
	assert_int_equal(config.thread_count, 3);
	assert_true(config.map_size_bytes == 64 << 20);
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "a");
	assert_string_equal(config.policy_ids[SOURCE_CONVERSATIONS], "b");
	assert_string_equal(config.policy_ids[SOURCE_PUSH], "c");
	assert_int_equal(config.policies_run, RUN_IN_PROCESS);
	assert_int_equal(config.policy_deadline_ms, 7);
	assert_false(config.check);
	config_finish(&config);
}

static void
test_the_command_line_wins(void **state)
{
	static const char text[] = "data_dir: mine\npolicy_dir: mine\nkey_file: mine\n"
				   "listen: 127.0.0.2:1\nthreads: 3\nmap_size_mib: 64\n"
				   "policies: {contacts: mine, push: mine}\n";
	struct config config;
	struct config_error error;

	(void)state;
	write_file(text, strlen(text), 0600);
	assert_int_equal(PARSE(&config, &error, "--data-dir", "yours", "--key-file", "yours", "--listen",
			     "127.0.0.3:2", "--threads", "5", "--policy", "push=yours", "--check-config"),
	    0);
	assert_string_equal(config.data_dir, "yours");
	assert_string_equal(config.policy_dir, "mine");
	assert_string_equal(config.key_file, "yours");
	assert_string_equal(config.host, "127.0.0.3");
	assert_int_equal(config.port, 2);
	assert_int_equal(config.thread_count, 5);
	assert_true(config.map_size_bytes == 64 << 20);
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "mine");
	assert_string_equal(config.policy_ids[SOURCE_CONVERSATIONS], "chat_primary");
	assert_string_equal(config.policy_ids[SOURCE_PUSH], "yours");
	assert_true(config.check);
	config_finish(&config);
}

static void
test_directories_must_be_said_somewhere(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	write_file("policy_dir: p\n", 14, 0600);
	assert_int_equal(parse(&config, &error, (const char *const[]){ NULL }), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--data-dir"));
	write_file("data_dir: d\n", 12, 0600);
	assert_int_equal(parse(&config, &error, (const char *const[]){ NULL }), CONFIG_E_USAGE);
	assert_non_null(strstr(error.message, "--policy-dir"));
}

static void
test_nothing_is_a_file_too(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "{}", "defaults:\naccounts:\n",
		"policies:\ndefaults:\n  blocked:\n  default_verdicts:\n", "accounts:\n  shop:\n" };
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		read_text(&config, texts[i]);
		assert_int_equal(config.settings.defaults.shared_limit, 5);
		assert_int_equal(config.settings.account_count, strstr(texts[i], "shop") != NULL);
		config_finish(&config);
	}
}

static void
test_an_account_inherits_what_it_does_not_say(void **state)
{
	/* In an order in which nothing could be inherited on the way. */
	static const char text[] = "accounts:\n"
				   "  shop:\n"
				   "    default_region: NO\n"
				   "    default_verdicts: {identity: separate}\n"
				   "  a.b-c_d:\n"
				   "    default_region: ''\n"
				   "    blocked: []\n"
				   "    shared_limit: 100\n"
				   "    journal_retention_days: 0\n"
				   "defaults:\n"
				   "  default_region: IT\n"
				   "  blocked: [Tester, tester, no@example.it]\n"
				   "  shared_limit: 7\n"
				   "  default_verdicts: {value: take, owner: offer}\n"
				   "  journal_retention_days: 30\n";
	const struct account_settings *settings;
	struct config config;

	(void)state;
	read_text(&config, text);
	assert_int_equal(config.settings.account_count, 2);
	settings = settings_of(&config.settings, BYTES("shop"));
	assert_bytes(settings->default_region, "NO");
	assert_int_equal(settings->blocked_count, 2);
	assert_bytes(settings->blocked[0], "no@example.it");
	assert_bytes(settings->blocked[1], "tester");
	assert_int_equal(settings->shared_limit, 7);
	assert_int_equal(settings->default_verdicts[CONFLICT_VALUE], VERDICT_TAKE);
	assert_int_equal(settings->default_verdicts[CONFLICT_OWNER], VERDICT_OFFER);
	assert_int_equal(settings->default_verdicts[CONFLICT_IDENTITY], VERDICT_SEPARATE);
	assert_int_equal(settings->journal_retention_days, 30);
	settings = settings_of(&config.settings, BYTES("a.b-c_d"));
	assert_int_equal(settings->default_region.size, 0);
	assert_int_equal(settings->blocked_count, 0);
	assert_int_equal(settings->shared_limit, 100);
	assert_int_equal(settings->default_verdicts[CONFLICT_IDENTITY], VERDICT_OFFER);
	assert_int_equal(settings->journal_retention_days, 0);
	settings = settings_of(&config.settings, BYTES("other"));
	assert_ptr_equal(settings, &config.settings.defaults);
	assert_bytes(settings->default_region, "IT");
	config_finish(&config);
}

static void
test_what_is_shared_by_an_alias_is_held_once(void **state)
{
	static const char text[] = "defaults:\n  blocked: &ours [tester]\n"
				   "accounts: {a: {blocked: *ours}, b: {blocked: *ours}}\n";
	struct config config;

	(void)state;
	read_text(&config, text);
	assert_int_equal(config.settings.accounts[0].settings.blocked_count, 1);
	assert_ptr_equal(
	    config.settings.accounts[0].settings.blocked, config.settings.accounts[1].settings.blocked);
	config_finish(&config);
}

static void
test_what_is_wrong_is_told_by_line_and_key(void **state)
{
	(void)state;
	assert_refused("threads: 1\npolices: {}\n", 2, "polices: is no setting; there are data_dir, ");
	assert_refused("defaults:\n  region: IT\n", 2, "defaults.region: is no setting");
	assert_refused("accounts:\n  shop:\n    region: IT\n", 3, "accounts[shop].region: is no setting");
	assert_refused("threads: 1\n\nthreads: 1\n", 3, "threads: is there twice");
	assert_refused("accounts:\n  b: {}\n  a: {}\n  b: {}\n", 4, "accounts[b]: is there twice");
	assert_refused("accounts:\n  ok: {}\n  Shop: {}\n", 3, "accounts[Shop]: is no account's name");
	assert_refused("accounts:\n  '': {}\n", 2, "accounts[]: is no account's name");
	assert_refused("accounts:\n  - shop\n", 1, "accounts: takes keys with values, not a list");
	assert_refused("threads:\n", 1, "threads: has no value");
	assert_refused("\nthreads: ~\n", 2, "threads: takes a number from 1 to 64, not ~");
	assert_refused("threads: [1]\n", 1, "threads: takes a single value, not a list");
	assert_refused("threads: 0x1\n", 1, "threads: takes a number");
	assert_refused("threads: -1\n", 1, "threads: takes a number");
	assert_refused("threads: !!int 1\n", 1, "threads: takes no tag");
	assert_refused("map_size_mib: 0\n", 1, "map_size_mib: takes a number");
	assert_refused("listen: 0.0.0.0:7430\n", 1, "listen: 0.0.0.0:7430 is refused");
	assert_refused("data_dir: ''\n", 1, "data_dir: is empty");
	assert_refused("data_dir: \"a\\0b\"\n", 1, "data_dir: has a NUL in it");
	assert_refused("policies:\n  push: ../x\n", 2, "policies.push: takes a policy's id");
	assert_refused("policies: {chat: x}\n", 1, "policies.chat: is no setting");
	assert_refused("policies:\n  run: here\n", 2, "policies.run: takes worker or in-process, not here");
	assert_refused("policies:\n  deadline_ms: 0\n", 2, "policies.deadline_ms: takes");
	assert_refused("defaults: []\n", 1, "defaults: takes keys with values, not a list");
	assert_refused("- 1\n", 1, "takes keys with values, not a list");
	assert_refused("anagraph\n", 1, "takes keys with values, not a single value");
	assert_refused("? [a]\n: b\n", 1, "takes a single value, not a list");
	assert_refused("<<: {}\n", 1, "<<: is no setting");
}

static void
test_what_is_wrong_with_an_account_is_told(void **state)
{
	(void)state;
	assert_refused("accounts:\n  shop:\n    default_region: XX\n", 3,
	    "accounts[shop].default_region: XX is no region that libphonenumber knows");
	assert_refused("defaults: {default_region: it}\n", 1, "defaults.default_region: it is no region");
	assert_refused("defaults: {default_region: ITA}\n", 1, "defaults.default_region: ITA is no region");
	assert_refused("defaults: {blocked: tester}\n", 1, "defaults.blocked: takes a list");
	assert_refused("defaults:\n  blocked:\n  - a\n  - ' '\n", 4, "defaults.blocked[1]: takes text");
	assert_refused("defaults:\n  blocked: [a, [b]]\n", 2, "defaults.blocked[1]: takes a single value");
	assert_refused("defaults:\n  default_verdicts: {value: separate}\n", 2,
	    "defaults.default_verdicts.value: separate is no verdict for this kind of conflict");
	assert_refused("defaults:\n  default_verdicts: {owner: separate}\n", 2,
	    "defaults.default_verdicts.owner: separate is no verdict");
	assert_refused("defaults:\n  default_verdicts: {identity: KEEP}\n", 2,
	    "defaults.default_verdicts.identity: takes keep, offer or take, or separate, not KEEP");
	assert_refused("defaults:\n  default_verdicts: {value: none}\n", 2,
	    "defaults.default_verdicts.value: takes keep, offer or take, not none");
}

static void
assert_option(const struct policy_options *options, size_t at, const char *name, const char *value)
{
	const struct anagraph_option *option = &options->items[at];

	assert_in_range(at, 0, options->count - 1);
	assert_bytes(bytes_of(option->name.data, option->name.size), name);
	assert_bytes(bytes_of(option->value.data, option->value.size), value);
}

static void
test_a_policy_has_the_options_that_stand_beside_its_id(void **state)
{
	static const char text[] = "policies:\n"
				   "  contacts: {options: {push: 1, contacts: ''}, id: source_rank}\n"
				   "  conversations: {id: mine}\n"
				   "  push: {id: yours, options: }\n";
	struct config config;
	struct config_error error;

	(void)state;
	read_text(&config, text);
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "source_rank");
	assert_int_equal(config.policy_options[SOURCE_CONTACTS].count, 2);
	assert_option(&config.policy_options[SOURCE_CONTACTS], 0, "push", "1");
	assert_option(&config.policy_options[SOURCE_CONTACTS], 1, "contacts", "");
	assert_string_equal(config.policy_ids[SOURCE_CONVERSATIONS], "mine");
	assert_int_equal(config.policy_options[SOURCE_CONVERSATIONS].count, 0);
	assert_int_equal(config.policy_options[SOURCE_PUSH].count, 0);
	config_finish(&config);

	/* Another policy on the command line has none of them. */
	write_file(text, strlen(text), 0600);
	assert_int_equal(PARSE(&config, &error, "--data-dir", "store", "--policy-dir", "plugins", "--policy",
			     "contacts=other"),
	    0);
	assert_string_equal(config.policy_ids[SOURCE_CONTACTS], "other");
	assert_int_equal(config.policy_options[SOURCE_CONTACTS].count, 0);
	config_finish(&config);
}

static void
test_a_policy_of_two_sources_has_the_same_options_for_both(void **state)
{
	static const char agreed[] = "policies:\n"
				     "  contacts: &ours {id: mine, options: {a: 1}}\n"
				     "  push: *ours\n";
	struct config config;
	struct config_error error;

	(void)state;
	read_text(&config, agreed);
	assert_option(&config.policy_options[SOURCE_PUSH], 0, "a", "1");
	config_finish(&config);
	assert_refused("threads: 1\npolicies: {contacts: mine, push: {id: mine, options: {a: 1}}}\n", 2,
	    "policies: gives mine different options for different sources");
	assert_refused("policies: {contacts: {id: x, options: {a: 1}}, push: {id: x, options: {a: 2}}}\n", 1,
	    "policies: gives x different options");
	assert_refused("policies: {contacts: {id: x, options: {a: 1}}, push: {id: x, options: {b: 1}}}\n", 1,
	    "policies: gives x different options");
	assert_refused("policies: {contacts: {id: push_latest, options: {a: 1}}}\n", 1,
	    "policies: gives push_latest different options");
	write_file(agreed, strlen(agreed), 0600);
	assert_int_equal(PARSE(&config, &error, "--data-dir", "store", "--policy-dir", "plugins", "--policy",
			     "contacts=mine"),
	    CONFIG_E_USAGE);
	assert_string_equal(
	    error.message, "--policy gives mine to a source without the options it has for another");
}

static void
test_what_is_wrong_with_a_policy_is_told(void **state)
{
	(void)state;
	assert_refused("policies:\n  push: {options: {a: 1}}\n", 2, "policies.push: has no id");
	assert_refused("policies:\n  push:\n    id: ../x\n", 3, "policies.push.id: takes a policy's id");
	assert_refused("policies: {push: {id: x, option: {}}}\n", 1, "policies.push.option: is no setting");
	assert_refused("policies: {push: [x]}\n", 1, "policies.push: takes a single value, not a list");
	assert_refused("policies: {push: }\n", 1, "policies.push: has no value");
	assert_refused("policies: {push: {id: x, options: [a]}}\n", 1,
	    "policies.push.options: takes keys with values, not a list");
	assert_refused("policies:\n  push:\n    id: x\n    options:\n      a: 1\n      a: 2\n", 6,
	    "policies.push.options[a]: is there twice");
	assert_refused("policies: {push: {id: x, options: {a: {b: 1}}}}\n", 1,
	    "policies.push.options[a]: takes a single value, not keys with values");
	assert_refused(
	    "policies: {push: {id: x, options: {a: }}}\n", 1, "policies.push.options[a]: has no value");
	assert_refused("policies: {push: {id: x, options: {'': 1}}}\n", 1,
	    "policies.push.options[]: is no option's name: 1 to 64 bytes");
}

static void
test_what_is_no_yaml_is_told_by_line(void **state)
{
	(void)state;
	assert_refused("threads: 1\n  listen: 2\n", 2, "is not YAML: ");
	assert_refused("threads: 1\n\tlisten: 2\n", 2, "is not YAML: ");
	assert_refused("a: *b\n", 1, "is not YAML: ");
	assert_refused("threads: 1\n---\nthreads: 1\n", 2, "begins a second document");
	assert_refused("threads: 1\ndata_dir: \xff\n", 2, "is not YAML: ");
	assert_refused_sized("threads: 1\n\0\n", 13, 2, "is not YAML: ");
	assert_refused("\n[[[[[[[[[[[[[[[[[", 2, "is deeper than any setting");
	assert_refused("defaults: &a {blocked: *a}\n", 1, "defaults.blocked: takes a list");
}

static void
test_numbers_up_to_their_limits(void **state)
{
	static const struct {
		const char *key;
		int least;
		int most;
	} cases[] = {
		{ "shared_limit", 1, LIMIT_SHARED_LIMIT },
		{ "journal_retention_days", 0, LIMIT_JOURNAL_RETENTION_DAYS },
	};
	struct config config;
	char said[64];
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "defaults: {%s: %d}", cases[i].key, cases[i].least);
		read_text(&config, text);
		config_finish(&config);
		snprintf(text, sizeof(text), "defaults: {%s: %d}", cases[i].key, cases[i].most);
		read_text(&config, text);
		config_finish(&config);
		snprintf(said, sizeof(said), "defaults.%s: takes a number", cases[i].key);
		snprintf(text, sizeof(text), "defaults: {%s: %d}", cases[i].key, cases[i].least - 1);
		assert_refused(text, 1, said);
		snprintf(text, sizeof(text), "defaults: {%s: %d}", cases[i].key, cases[i].most + 1);
		assert_refused(text, 1, said);
	}
}

/* A text that is freed by the caller: before, count times a line with its number, after. */
static char *
repeat(const char *before, const char *line, int count, const char *after)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	fputs(before, stream);
	for (int i = 0; i < count; i++)
		fprintf(stream, "%s%d%s", line, i, after);
	fclose(stream);
	return text;
}

static void
test_options_up_to_their_limits(void **state)
{
	char *text =
	    repeat("policies:\n  push:\n    id: x\n    options:\n", "      o", LIMIT_POLICY_OPTIONS, ": 1\n");
	struct config config;
	char said[64];

	(void)state;
	read_text(&config, text);
	assert_int_equal(config.policy_options[SOURCE_PUSH].count, LIMIT_POLICY_OPTIONS);
	config_finish(&config);
	free(text);
	text = repeat(
	    "policies:\n  push:\n    id: x\n    options:\n", "      o", LIMIT_POLICY_OPTIONS + 1, ": 1\n");
	assert_refused(text, 4, "policies.push.options: has 65 options, more than 64");
	free(text);
	for (int more = 0; more < 2; more++) {
		char *name, *value;

		assert_true(asprintf(&name, "policies: {push: {id: x, options: {%0*d: 1}}}\n",
				LIMIT_POLICY_OPTION_NAME_BYTES + more, 1) > 0);
		assert_true(asprintf(&value, "policies: {push: {id: x, options: {a: %0*d}}}\n",
				LIMIT_POLICY_OPTION_BYTES + more, 1) > 0);
		if (more == 0) {
			read_text(&config, name);
			config_finish(&config);
			read_text(&config, value);
			assert_int_equal(
			    config.policy_options[SOURCE_PUSH].items->value.size, LIMIT_POLICY_OPTION_BYTES);
			config_finish(&config);
		} else {
			snprintf(said, sizeof(said), "policies.push.options[%0*d", 10, 0);
			assert_refused(name, 1, said);
			assert_refused(value, 1, "policies.push.options[a]: is longer than 1024 bytes");
		}
		free(name);
		free(value);
	}
}

static void
test_accounts_up_to_the_limit(void **state)
{
	char *text = repeat("accounts:\n", "  a", LIMIT_CONFIG_ACCOUNTS, ": {default_region: IT}\n");
	struct config config;

	(void)state;
	read_text(&config, text);
	assert_int_equal(config.settings.account_count, LIMIT_CONFIG_ACCOUNTS);
	assert_bytes(settings_of(&config.settings, BYTES("a9999"))->default_region, "IT");
	config_finish(&config);
	free(text);
	text = repeat("accounts:\n", "  a", LIMIT_CONFIG_ACCOUNTS + 1, ": {default_region: IT}\n");
	assert_refused(text, 1, "accounts: has 10001 accounts, more than 10000");
	free(text);
}

static void
test_N5_blocked_values_up_to_the_limit(void **state)
{
	char *text = repeat("defaults:\n  blocked:\n", "  - v", LIMIT_BLOCKED_VALUES, "@example.it\n");
	struct config config;

	(void)state;
	read_text(&config, text);
	assert_int_equal(config.settings.defaults.blocked_count, LIMIT_BLOCKED_VALUES);
	config_finish(&config);
	free(text);
	text = repeat("defaults:\n  blocked:\n", "  - v", LIMIT_BLOCKED_VALUES + 1, "@example.it\n");
	assert_refused(text, 2, "defaults.blocked: has 1001 values, more than 1000");
	free(text);
}

static void
test_a_file_up_to_the_limit(void **state)
{
	char *text = malloc(LIMIT_CONFIG_FILE_BYTES + 1);
	struct config config;
	struct config_error error;

	(void)state;
	assert_non_null(text);
	memset(text, '#', LIMIT_CONFIG_FILE_BYTES + 1);
	assert_int_equal(read_sized(&config, &error, text, LIMIT_CONFIG_FILE_BYTES), 0);
	config_finish(&config);
	assert_int_equal(read_sized(&config, &error, text, LIMIT_CONFIG_FILE_BYTES + 1), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, "more than 1048576"));
	assert_non_null(strstr(error.message, path));
	free(text);
}

static void
test_a_file_that_others_could_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };
	struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file("data_dir: d\n", 12, modes[i]);
		assert_int_equal(PARSE(&config, &error, "--policy-dir", "p"), CONFIG_E_FILE);
		assert_non_null(strstr(error.message, path));
		assert_non_null(strstr(error.message, "writable by group or others"));
	}
	write_file("data_dir: d\n", 12, 0644);
	assert_int_equal(PARSE(&config, &error, "--policy-dir", "p"), 0);
	config_finish(&config);
}

static void
test_what_can_not_be_read_is_told(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	unlink(path);
	assert_int_equal(PARSE(&config, &error, "--data-dir", "d", "--policy-dir", "p"), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, path));
	assert_non_null(strstr(error.message, "No such file"));
	assert_int_equal(PARSE(&config, &error, "--config", directory), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, "is no regular file"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(PARSE(&config, &error, "--data-dir", "d", "--policy-dir", "p"), CONFIG_E_FILE);
	assert_non_null(strstr(error.message, "is no regular file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_a_daemon_can_be_told),
		cmocka_unit_test(test_the_command_line_wins),
		cmocka_unit_test(test_directories_must_be_said_somewhere),
		cmocka_unit_test(test_nothing_is_a_file_too),
		cmocka_unit_test(test_an_account_inherits_what_it_does_not_say),
		cmocka_unit_test(test_what_is_shared_by_an_alias_is_held_once),
		cmocka_unit_test(test_what_is_wrong_is_told_by_line_and_key),
		cmocka_unit_test(test_what_is_wrong_with_an_account_is_told),
		cmocka_unit_test(test_a_policy_has_the_options_that_stand_beside_its_id),
		cmocka_unit_test(test_a_policy_of_two_sources_has_the_same_options_for_both),
		cmocka_unit_test(test_what_is_wrong_with_a_policy_is_told),
		cmocka_unit_test(test_options_up_to_their_limits),
		cmocka_unit_test(test_what_is_no_yaml_is_told_by_line),
		cmocka_unit_test(test_numbers_up_to_their_limits),
		cmocka_unit_test(test_accounts_up_to_the_limit),
		cmocka_unit_test(test_N5_blocked_values_up_to_the_limit),
		cmocka_unit_test(test_a_file_up_to_the_limit),
		cmocka_unit_test(test_a_file_that_others_could_write_is_refused),
		cmocka_unit_test(test_what_can_not_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
