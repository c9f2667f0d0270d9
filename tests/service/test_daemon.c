/* The daemon as whoever runs it sees it: how it starts, what it refuses and in how many
 * words, how it ends under load, and what is there when it comes back. */
#include "tests/support/build.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/store.h"

enum { ACCOUNTS = 2000, IN_FLIGHT = 128, DRAINED_CALLS = 3000 };

static const char *
daemon_program(void)
{
	const char *program = getenv("ANAGRAPHD");

	assert_non_null(program);
	return program;
}

static char *
make_directory(struct scene *s)
{
	return scene_keep(s, test_directory_create(), free);
}

static void
test_ready_line_names_the_real_port(struct scene *s)
{
	const char *target = service_target(s->service);

	assert_int_equal(strncmp(target, "127.0.0.1:", 10), 0);
	assert_int_equal(strspn(target + 10, "0123456789"), strlen(target + 10));
	assert_true(atoi(target + 10) > 0);
	identify(s, CONTACTS, ID("chat", "v-1"));
}

static void
test_health_is_answered_by_service(struct scene *s)
{
	static const char path[] = "/grpc.health.v1.Health/Check";
	static const uint8_t whole[] = { 0x0a, 0x00 };
	static const uint8_t service[] = "\x0a\x1b"
					 "anagraph.v1.IdentityService";
	static const uint8_t other[] = "\x0a\x05"
				       "other";
	static const uint8_t serving[] = { 0x08, 0x01 };
	struct client_status status;
	uint8_t *payload;
	size_t size;

	assert_int_equal(
	    client_call_raw(&payload, &size, &status, s->client, path, whole, sizeof(whole), 0), 0);
	scene_keep(s, payload, free);
	assert_int_equal(size, sizeof(serving));
	assert_memory_equal(payload, serving, size);
	assert_int_equal(
	    client_call_raw(&payload, &size, &status, s->client, path, service, sizeof(service) - 1, 0), 0);
	scene_keep(s, payload, free);
	assert_int_equal(size, sizeof(serving));
	assert_memory_equal(payload, serving, size);
	assert_int_equal(
	    client_call_raw(&payload, &size, &status, s->client, path, other, sizeof(other) - 1, 0),
	    CLIENT_E_STATUS);
	expect_status(&status, "NOT_FOUND", "SERVICE_NOT_FOUND", "service", __FILE__, __LINE__);
}

/* A stream of one request and one answer. */
static void
test_reflection_names_the_service(struct scene *s)
{
	static const char *const paths[] = { "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" };
	static const uint8_t list_services[] = { 0x3a, 0x00 };
	struct client_status status;
	uint8_t *payload;
	size_t size;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(client_call_raw(&payload, &size, &status, s->client, paths[i], list_services,
				     sizeof(list_services), 0),
		    0);
		scene_keep(s, payload, free);
		assert_non_null(memmem(payload, size, "anagraph.v1.IdentityService", 27));
	}
}

static void
test_version_and_help(struct scene *s)
{
	static const char *const version[] = { "--version", NULL };
	static const char *const help[] = { "--help", NULL };
	static const char *const options[] = { "--data-dir", "--listen", "--policy-dir", "--policy",
		"--threads", "--map-size-mib", "--key-file", "--config", "--check-config" };
	char *output;
	char *prose;
	int status;

	assert_int_equal(service_run(&status, &output, &prose, daemon_program(), version), 0);
	assert_int_equal(status, 0);
	scene_keep(s, output, free);
	scene_keep(s, prose, free);
	assert_non_null(strstr(output, "anagraphd"));
	assert_string_equal(prose, "");
	assert_int_equal(service_run(&status, &output, &prose, daemon_program(), help), 0);
	assert_int_equal(status, 0);
	scene_keep(s, output, free);
	scene_keep(s, prose, free);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		assert_non_null(strstr(output, options[i]));
	assert_string_equal(prose, "");
}

/* What a daemon says before why it does not start: where the system, or a sanitizer, leaves
 * policies without a wall. */
static const char *
skip_notes(const char *prose)
{
	const char *end = strchr(prose, '\n');

	while (end != NULL && memmem(prose, (size_t)(end - prose), "has no Landlock", 15) != NULL) {
		prose = end + 1;
		end = strchr(prose, '\n');
	}
	return prose;
}

/* A daemon that must not start, and say why in one line that has these words. */
static void
expect_refused(struct scene *s, const char *words, const char *const *arguments)
{
	const char *line;
	const char *end;
	char *output;
	char *prose;
	int status;

	assert_int_equal(service_run(&status, &output, &prose, daemon_program(), arguments), 0);
	scene_keep(s, output, free);
	scene_keep(s, prose, free);
	line = skip_notes(prose);
	end = strchr(line, '\n');
	if (status == 0 || status >= 128 || strstr(line, words) == NULL || end == NULL || end[1] != '\0')
		fail_msg("status %d, no line with \"%s\":\n%s", status, words, prose);
	assert_string_equal(output, "");
}

/* With a store and the stock policies, and then as told. */
static void
expect_refused_with(struct scene *s, const char *words, const char *const *more)
{
	const char *arguments[16] = { "--data-dir", make_directory(s), "--policy-dir",
		getenv("ANAGRAPH_POLICY_DIR"), "--listen", "127.0.0.1:0" };
	size_t argument_count = 6;

	for (; *more != NULL; more++)
		arguments[argument_count++] = *more;
	expect_refused(s, words, arguments);
	test_directory_remove(arguments[1]);
}

/* A file of the size of a key. */
static char *
make_key(struct scene *s, const char *directory, mode_t mode)
{
	static const uint8_t bytes[32] = { 1 };
	char *path = scene_print(s, "%s/other-%o", directory, mode);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

#define REFUSED_WITH(s, words, ...) expect_refused_with(s, words, (const char *const[]){ __VA_ARGS__, NULL })

static void
test_only_loopback_is_listened_on(struct scene *s)
{
	REFUSED_WITH(s, "loopback", "--listen", "0.0.0.0:0");
	REFUSED_WITH(s, "loopback", "--listen", "[::]:0");
	REFUSED_WITH(s, "loopback", "--listen", "192.0.2.1:7430");
}

static void
test_addresses_that_are_none(struct scene *s)
{
	REFUSED_WITH(s, "--listen", "--listen", "127.0.0.1");
	REFUSED_WITH(s, "--listen", "--listen", "127.0.0.1:x");
	REFUSED_WITH(s, "--listen", "--listen", "127.0.0.1:65536");
	REFUSED_WITH(s, "--listen", "--listen", "");
}

static void
test_a_port_in_use(struct scene *s)
{
	REFUSED_WITH(s, service_target(s->service), "--listen", service_target(s->service));
	identify(s, CONTACTS, ID("chat", "v-1"));
}

static void
test_a_store_in_use(struct scene *s)
{
	REFUSED_WITH(s, service_data_dir(s->service), "--data-dir", service_data_dir(s->service));
	identify(s, CONTACTS, ID("chat", "v-1"));
}

static void
test_a_store_that_cannot_be_made(struct scene *s)
{
	REFUSED_WITH(s, "/proc/nothing", "--data-dir", "/proc/nothing");
}

/* Whoever can write there can put other policies in the place of those that were checked. */
static void
test_R23_a_data_directory_that_others_can_write_to(struct scene *s)
{
	char *directory = make_directory(s);

	assert_int_equal(chmod(directory, 0770), 0);
	REFUSED_WITH(s, directory, "--data-dir", directory);
	assert_int_equal(chmod(directory, 0707), 0);
	REFUSED_WITH(s, directory, "--data-dir", directory);
	assert_int_equal(chmod(directory, 0755), 0);
	scene_use(s, &(struct service_options){ .data_dir = directory });
	identify(s, CONTACTS, ID("chat", "v-1"));
	scene_stop(s);
	test_directory_remove(directory);
}

static void
test_a_key_file_beside_the_store(struct scene *s)
{
	char *directory = make_directory(s);
	char *key = scene_print(s, "%s/key", directory);
	char *aside = scene_print(s, "%s/aside", directory);
	struct stat about;

	scene_use(s, &(struct service_options){ .data_dir = directory });
	assert_int_equal(stat(key, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	identify(s, CONTACTS, ID("chat", "v-1"));
	scene_stop(s);

	/* Another key than the store's, one that others could read, and none. */
	assert_int_equal(rename(key, aside), 0);
	REFUSED_WITH(s, "without the key", "--data-dir", directory);
	assert_int_equal(access(key, F_OK), -1);
	REFUSED_WITH(s, "another key", "--data-dir", directory, "--key-file", make_key(s, directory, 0600));
	REFUSED_WITH(s, "others", "--data-dir", directory, "--key-file", make_key(s, directory, 0644));
	assert_int_equal(rename(aside, key), 0);
	scene_start(s);
	assert_int_equal(owner(s, "chat", "v-1"), 1);
	scene_stop(s);
	test_directory_remove(directory);
}

static void
test_a_key_file_elsewhere(struct scene *s)
{
	char *directory = make_directory(s);
	char *elsewhere = make_directory(s);
	char *key = scene_print(s, "%s/secret", elsewhere);
	const char *const arguments[] = { "--key-file", key, NULL };

	REFUSED_WITH(s, "/nowhere/key", "--key-file", "/nowhere/key");
	REFUSED_WITH(s, "--key-file", "--key-file", "");
	scene_use(s, &(struct service_options){ .data_dir = directory, .arguments = arguments });
	assert_int_equal(access(key, F_OK), 0);
	assert_int_equal(access(scene_print(s, "%s/key", directory), F_OK), -1);
	identify(s, CONTACTS, ID("chat", "v-1"));
	scene_stop(s);
	scene_start(s);
	assert_int_equal(owner(s, "chat", "v-1"), 1);
	scene_stop(s);
	test_directory_remove(directory);
	test_directory_remove(elsewhere);
}

static void
test_policies_that_are_refused(struct scene *s)
{
	char *directory = make_directory(s);
	char *path = scene_print(s, "%s/broken.so", directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "not a policy", 12), 12);
	close(fd);
	REFUSED_WITH(s, "absent", "--policy", "push=absent");
	REFUSED_WITH(s, "broken", "--policy-dir", directory, "--policy", "push=broken", "--policy",
	    "contacts=broken", "--policy", "conversations=broken");
	REFUSED_WITH(s, "/nowhere", "--policy-dir", "/nowhere");
	assert_int_equal(chmod(directory, 0777), 0);
	REFUSED_WITH(s, directory, "--policy-dir", directory);
	test_directory_remove(directory);
}

static void
test_arguments_that_are_none(struct scene *s)
{
	REFUSED_WITH(s, "--nonsense", "--nonsense");
	REFUSED_WITH(s, "nonsense", "nonsense");
	REFUSED_WITH(s, "--threads", "--threads");
	REFUSED_WITH(s, "--threads", "--threads", "0");
	REFUSED_WITH(s, "--threads", "--threads", "65");
	REFUSED_WITH(s, "--threads", "--threads", "two");
	REFUSED_WITH(s, "--threads", "--threads", "2x");
	REFUSED_WITH(s, "--threads", "--threads", "-1");
	REFUSED_WITH(s, "--threads", "--threads", "99999999999999999999");
	REFUSED_WITH(s, "--map-size-mib", "--map-size-mib", "0");
	REFUSED_WITH(s, "--map-size-mib", "--map-size-mib", "99999999999999999999");
	REFUSED_WITH(s, "--map-size-mib", "--map-size-mib", "67108865");
	REFUSED_WITH(s, "--policy", "--policy", "push");
	REFUSED_WITH(s, "--policy", "--policy", "mail=push_latest");
	REFUSED_WITH(s, "--policy", "--policy", "push=");
	REFUSED_WITH(s, "policy", "--policy", "push=../push_latest");
}

static void
test_what_cannot_be_left_out(struct scene *s)
{
	const char *policies = getenv("ANAGRAPH_POLICY_DIR");

	expect_refused(s, "--data-dir",
	    (const char *const[]){ "--policy-dir", policies, "--listen", "127.0.0.1:0", NULL });
	expect_refused(s, "--policy-dir",
	    (const char *const[]){ "--data-dir", "/nowhere", "--listen", "127.0.0.1:0", NULL });
}

/* The most threads there may be, and the fewest. */
static void
test_threads_limit(struct scene *s)
{
	static const char *const most[] = { "--threads", "64", NULL };
	static const char *const fewest[] = { "--threads", "1", NULL };

	scene_use(s, &(struct service_options){ .arguments = most });
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"));
	scene_use(s, &(struct service_options){ .arguments = fewest });
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"));
}

static uint8_t *
pack(struct scene *s, size_t *size, const ProtobufCMessage *message)
{
	uint8_t *packed = scene_keep(s, malloc(protobuf_c_message_get_packed_size(message) + 1), free);

	*size = protobuf_c_message_pack(message, packed);
	return packed;
}

/* Every kind of record: contacts, a forward, secondaries, lists, claims. */
static void
fill_account(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "Rossi@example.it"), TEXT("LAST_NAME", "Rossi"),
	    NUMBER("N", 1.5), BOOL("B", false), TIME("T", -5));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), IN("t-1"));
	identify(s, CONVERSATIONS, AT(3), ID("chat", "v-1"), ID("email", "rossi@example.it"),
	    TEXT("LAST_NAME", "Bianchi"), IN("t-2"));
	identify(s, PUSH, AT(4), ID("push", "d-1"));
}

/* After restart, all is as it was and goes on where it was. */
static void
expect_kept(struct scene *s, void (*restart)(struct scene *s))
{
	size_t sizes[4];
	uint8_t *packed[4];

	fill_account(s);
	for (uint64_t id = 1; id <= 3; id++)
		packed[id - 1] = pack(s, &sizes[id - 1], &resolve_id(s, id)->base);
	packed[3] = pack(s, &sizes[3], &count(s)->base);
	restart(s);
	for (uint64_t id = 1; id <= 3; id++) {
		size_t size;
		uint8_t *now = pack(s, &size, &resolve_id(s, id)->base);

		assert_int_equal(size, sizes[id - 1]);
		assert_memory_equal(now, packed[id - 1], size);
	}
	assert_int_equal(owner(s, "chat", "v-1"), 1);
	assert_int_equal(count(s)->revision, 4);
	expect_totals(s, "1 1 0");
	assert_int_equal(identify(s, CONVERSATIONS, AT(5), ID("chat", "v-2"), TEXT("CITY", "Roma")), 4);
	identify(s, CONVERSATIONS, AT(6), ID("chat", "v-2"), TEXT("CITY", "Bari"));
	assert_int_equal(s->answer->contact->secondaries[0]->id, 2);
	assert_int_equal(s->answer->revision, 6);
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
}

static void
stop_and_restart(struct scene *s)
{
	scene_stop(s);
	scene_start(s);
}

static void
test_a_restart_keeps_everything(struct scene *s)
{
	scene_use(s, NULL);
	expect_kept(s, stop_and_restart);
}

static void
kill_and_restart(struct scene *s)
{
	service_kill(s->service);
	scene_start(s);
}

static void
test_a_kill_keeps_everything(struct scene *s)
{
	scene_use(s, NULL);
	expect_kept(s, kill_and_restart);
}

static void
test_two_accounts_never_see_each_other(struct scene *s)
{
	char *other = scene_print(s, "other-%d", (int)getpid());
	char mine[sizeof(s->account)];

	identify(s, CONTACTS, ID("email", "rossi@example.it"), ID("push", "d-1"), TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, ID("email", "bianchi@example.it"));
	memcpy(mine, s->account, sizeof(mine));
	snprintf(s->account, sizeof(s->account), "%s", other);
	expect_totals(s, "0 0 0");
	assert_int_equal(owner(s, "email", "rossi@example.it"), 0);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("push", "d-1"), ID("email", "verdi@example.it")), 1);
	expect_contact(s, 1, "email=verdi@example.it push=d-1");
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it")), 2);
	assert_int_equal(s->answer->revision, 2);
	memcpy(s->account, mine, sizeof(mine));
	expect_contact(s, 1, "email=rossi@example.it push=d-1 LAST_NAME=Rossi");
	expect_totals(s, "2 0 0");
	assert_int_equal(count(s)->revision, 2);
}

/* Names close to each other must not run into each other in the store's keys. */
static void
test_accounts_with_names_of_one_beginning(struct scene *s)
{
	static const char *const names[] = { "a", "aa", "a-", "a.", "a0", "ab" };

	scene_use(s, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(s->account, sizeof(s->account), "%s", names[i]);
		expect_totals(s, "0 0 0");
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(
			    identify(s, CONTACTS, AT(1), ID("chat", scene_print(s, "v-%zu", j))), j + 1);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(s->account, sizeof(s->account), "%s", names[i]);
		expect_totals(s, scene_print(s, "0 0 %zu", i + 1));
	}
}

static const char *
account_of(char account[24], uintptr_t number)
{
	snprintf(account, 24, "tenant-%lu", (unsigned long)number);
	return account;
}

/* Starts one event for an account of its number; the tag is the number and one. */
static void
start_event(struct client *client, uintptr_t number)
{
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	char account[24];
	char namespace_name[] = "email";
	char value[] = "rossi@example.it";

	account_of(account, number);
	request.account = account;
	request.source = CONTACTS;
	identifier.namespace_ = namespace_name;
	identifier.value = value;
	request.identifiers = identifiers;
	request.n_identifiers = 1;
	assert_int_equal(client_start(client, CLIENT_IDENTIFY, &request.base, 0, (void *)(number + 1)), 0);
}

static void
expect_first_contact(const struct client_answer *answer)
{
	Anagraph__V1__IdentifyResponse *response;

	assert_int_equal(answer->status.code, 0);
	response = anagraph__v1__identify_response__unpack(NULL, answer->payload_size, answer->payload);
	assert_non_null(response);
	assert_int_equal(response->outcome, CREATED);
	assert_int_equal(response->contact->id, 1);
	assert_int_equal(response->revision, 1);
	anagraph__v1__identify_response__free_unpacked(response, NULL);
}

static void
test_thousands_of_accounts_in_one_store(struct scene *s)
{
	uintptr_t started = 0;
	uintptr_t answered = 0;

	scene_use(s, NULL);
	while (answered < ACCOUNTS) {
		struct client_answer answer;

		while (started < ACCOUNTS && started - answered < IN_FLIGHT)
			start_event(s->client, started++);
		assert_int_equal(client_next(&answer, s->client, -1), 0);
		expect_first_contact(&answer);
		answered++;
	}
	for (uintptr_t number = 0; number < ACCOUNTS; number += 97) {
		char account[24];

		snprintf(s->account, sizeof(s->account), "%s", account_of(account, number));
		expect_totals(s, "1 0 0");
		assert_int_equal(owner(s, "email", "rossi@example.it"), 1);
	}
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
}

/* More calls at once than one connection may have: the others wait and are answered. */
static void
test_connection_limit(struct scene *s)
{
	struct client_answer answer;

	scene_use(s, NULL);
	for (uintptr_t number = 0; number < 1200; number++)
		start_event(s->client, number);
	for (uintptr_t number = 0; number < 1200; number++) {
		assert_int_equal(client_next(&answer, s->client, -1), 0);
		expect_first_contact(&answer);
	}
	assert_int_equal(client_next(&answer, s->client, 0), CLIENT_E_IDLE);
}

/* What became of the calls of a test that ends its daemon. */
struct ending {
	bool answered[DRAINED_CALLS];
	uintptr_t answered_count;
	uintptr_t refused_count;
	bool refusing;
};

static void
note_answer(struct ending *ending, const struct client_answer *answer)
{
	uintptr_t number = (uintptr_t)answer->tag - 1;

	if (answer->status.code == 0) {
		expect_first_contact(answer);
		ending->answered[number] = true;
		ending->answered_count++;
		return;
	}
	if (strcmp(client_code_name(answer->status.code), "UNAVAILABLE") != 0)
		fail_msg("a call ended with %s: %s", client_code_name(answer->status.code),
		    answer->status.message);
	if (answer->status.reason[0] != '\0')
		assert_string_equal(answer->status.reason, "DRAINING");
	ending->refused_count++;
	ending->refusing = true;
}

/* Writes go on while the daemon is told to end: every call is answered or refused, and
 * what was answered is there afterwards, what was refused is not. */
static void
test_sigterm_drains_under_load(struct scene *s)
{
	struct ending *ending = scene_keep(s, calloc(1, sizeof(*ending)), free);
	struct client_answer answer;
	uintptr_t started = 0;
	bool told = false;

	scene_use(s, NULL);
	while (started < DRAINED_CALLS && !ending->refusing) {
		while (started < DRAINED_CALLS &&
		    started - ending->answered_count - ending->refused_count < IN_FLIGHT)
			start_event(s->client, started++);
		assert_int_equal(client_next(&answer, s->client, -1), 0);
		note_answer(ending, &answer);
		if (!told && ending->answered_count == IN_FLIGHT) {
			assert_int_equal(kill(service_pid(s->service), SIGTERM), 0);
			told = true;
		}
	}
	while (client_next(&answer, s->client, -1) == 0)
		note_answer(ending, &answer);
	assert_true(told);
	assert_int_equal(service_wait(s->service), 0);
	assert_true(ending->answered_count >= IN_FLIGHT);
	assert_int_equal(ending->answered_count + ending->refused_count, started);
	start_event(s->client, 0);
	assert_int_equal(client_next(&answer, s->client, -1), 0);
	assert_string_equal(client_code_name(answer.status.code), "UNAVAILABLE");

	scene_start(s);
	for (uintptr_t number = 0; number < started; number++) {
		char account[24];

		snprintf(s->account, sizeof(s->account), "%s", account_of(account, number));
		assert_int_equal(count(s)->identified, ending->answered[number] ? 1 : 0);
	}
}

static void
test_sigterm_without_calls(struct scene *s)
{
	scene_use(s, NULL);
	scene_stop(s);
	scene_start(s);
	scene_stop(s);
}

static uint64_t
txn_of_a_count(struct scene *s)
{
	Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
	Anagraph__V1__CountContactsResponse *totals;
	struct client_status status = { 0 };

	request.account = s->account;
	assert_int_equal(client_count_contacts(&totals, &status, s->client, &request), 0);
	anagraph__v1__count_contacts_response__free_unpacked(totals, NULL);
	return status.txn;
}

static void
test_every_answer_tells_the_transaction(struct scene *s)
{
	static const uint8_t nonsense[] = { 0xff };
	struct client_status status = { 0 };
	uint64_t last = 0;
	uint8_t *payload = NULL;
	size_t payload_size;

	scene_use(s, NULL);
	for (int i = 0; i < 10; i++) {
		size_t size;
		const uint8_t *bytes =
		    encode_event(&size, s, CONTACTS, ID("chat", scene_print(s, "v-%d", i)));

		assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client,
				     "/anagraph.v1.IdentityService/Identify", bytes, size, 0),
		    0);
		free(payload);
		assert_true(status.txn > last);
		last = status.txn;
		assert_int_equal(txn_of_a_count(s), last);
	}
	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client,
			     "/anagraph.v1.IdentityService/Identify", nonsense, sizeof(nonsense), 0),
	    CLIENT_E_STATUS);
	assert_int_equal(status.txn, last);
	scene_stop(s);
	scene_start(s);
	assert_true(txn_of_a_count(s) >= last);
}

/* A call that comes too late changes nothing. */
static void
test_a_deadline_that_has_passed(struct scene *s)
{
	size_t size;
	const uint8_t *bytes = encode_event(&size, s, CONTACTS, ID("chat", "v-1"));
	struct client_status status = { 0 };
	uint8_t *payload = NULL;
	size_t payload_size;

	assert_int_equal(client_call_raw(&payload, &payload_size, &status, s->client,
			     "/anagraph.v1.IdentityService/Identify", bytes, size, -1000),
	    CLIENT_E_STATUS);
	assert_string_equal(client_code_name(status.code), "DEADLINE_EXCEEDED");
	expect_totals(s, "0 0 0");
}

static void
copy_file(const char *to, const char *from)
{
	char buffer[65536];
	ssize_t size;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(in >= 0 && out >= 0);
	while ((size = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)size), size);
	assert_int_equal(size, 0);
	close(in);
	close(out);
}

static void
disagree(struct scene *s, int at, const char *city)
{
	identify(s, CONTACTS, AT(at), ID("email", "rossi@example.it"), TEXT("CITY", city));
}

static void
test_R23_policies_overwritten_in_place_change_nothing(struct scene *s)
{
	static const char *const ids[] = { "push_latest", "chat_primary" };
	char *directory = make_directory(s);
	const char *build;
	char nothing[30000] = { 0 };

	for (size_t i = 0; i < 2; i++)
		copy_file(scene_print(s, "%s/%s.so", directory, ids[i]),
		    scene_print(s, "%s/%s.so", getenv("ANAGRAPH_POLICY_DIR"), ids[i]));
	scene_use(s, &(struct service_options){ .policy_dir = directory });
	disagree(s, 1, "Roma");
	disagree(s, 2, "Bari");
	build = s->answer->conflicts[0]->policy->build;
	for (size_t i = 0; i < 2; i++) {
		int fd = open(scene_print(s, "%s/%s.so", directory, ids[i]), O_WRONLY | O_TRUNC | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, nothing, sizeof(nothing)), sizeof(nothing));
		close(fd);
	}
	disagree(s, 3, "Pisa");
	expect_conflicts(s, "VALUE CITY Bari<Pisa TAKE");
	assert_string_equal(s->answer->conflicts[0]->policy->build, build);
	identify(s, CONVERSATIONS, AT(4), ID("email", "rossi@example.it"), TEXT("CITY", "Asti"));
	expect_conflicts(s, "VALUE CITY Pisa<Asti OFFER");
	scene_stop(s);
	REFUSED_WITH(s, "push_latest", "--policy-dir", directory, "--policy", "conversations=push_latest");
	test_directory_remove(directory);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_ready_line_names_the_real_port),
		STOCK_TEST(test_health_is_answered_by_service),
		STOCK_TEST(test_reflection_names_the_service),
		STOCK_TEST(test_version_and_help),
		STOCK_TEST(test_only_loopback_is_listened_on),
		STOCK_TEST(test_addresses_that_are_none),
		STOCK_TEST(test_a_port_in_use),
		STOCK_TEST(test_a_store_in_use),
		STOCK_TEST(test_a_store_that_cannot_be_made),
		STOCK_TEST(test_R23_a_data_directory_that_others_can_write_to),
		STOCK_TEST(test_a_key_file_beside_the_store),
		STOCK_TEST(test_a_key_file_elsewhere),
		STOCK_TEST(test_policies_that_are_refused),
		STOCK_TEST(test_arguments_that_are_none),
		STOCK_TEST(test_what_cannot_be_left_out),
		STOCK_TEST(test_threads_limit),
		STOCK_TEST(test_a_restart_keeps_everything),
		STOCK_TEST(test_a_kill_keeps_everything),
		STOCK_TEST(test_two_accounts_never_see_each_other),
		STOCK_TEST(test_accounts_with_names_of_one_beginning),
		STOCK_TEST(test_thousands_of_accounts_in_one_store),
		STOCK_TEST(test_connection_limit),
		STOCK_TEST(test_sigterm_drains_under_load),
		STOCK_TEST(test_sigterm_without_calls),
		STOCK_TEST(test_every_answer_tells_the_transaction),
		STOCK_TEST(test_a_deadline_that_has_passed),
		STOCK_TEST(test_R23_policies_overwritten_in_place_change_nothing),
	};

	return scene_main(tests);
}
