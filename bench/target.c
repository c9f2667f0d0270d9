/* The daemon of the same build, started as tests start it: on loopback, on a port of the
 * system's choice, killed when its caller dies. A store that is made lies beside the
 * build, on a real disk: where it is kept in memory, a sync costs nothing. */
#include "bench/target.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/fill.h"
#include "bench/progress.h"
#include "bench/usage.h"
#include "client/client.h"
#include "rules/normalize.h"
#include "server/key.h"

enum { CONNECT_MS = 60000, COUNTS_IN_FLIGHT = 64, NUMBER_BYTES = 16 };

static const char NOTE_NAME[] = "dataset.json";

int
target_point_to_build(bool echo)
{
	char self[PATH_MAX];
	char path[PATH_MAX + 64];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *build;

	if (size < 0)
		return -errno;
	self[size] = '\0';
	build = dirname(dirname(self));
	snprintf(
	    path, sizeof(path), "%s/%s", build, echo ? "server/anagraph-bench-echo" : "server/anagraphd");
	setenv("ANAGRAPHD", path, 1);
	snprintf(path, sizeof(path), "%s/plugins", build);
	setenv("ANAGRAPH_POLICY_DIR", path, 0);
	setenv("ANAGRAPH_TEST_DIR", build, 0);
	return 0;
}

/* The key that the daemon will look for. 0; anything else has been told. */
static int
make_key(struct digest_key *key, const char *data_dir)
{
	struct graph_error graph_error;
	struct key_error error;
	char path[PATH_MAX];
	int result = graph_make_directory(data_dir, &graph_error);

	if (result != 0) {
		fprintf(stderr, "anagraph-bench: %s\n", graph_error.message);
		return result;
	}
	if (snprintf(path, sizeof(path), "%s/key", data_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	result = key_read(key, &error, path);
	if (result == KEY_E_ABSENT)
		result = key_make(key, &error, path);
	if (result != 0)
		fprintf(stderr, "anagraph-bench: %s\n", error.message);
	return result > 0 ? -EPERM : result;
}

static void
show_filling(void *context, double done)
{
	progress_show(context, done, NULL);
}

/* 0; -errno. */
static int
write_note(const char *data_dir, const struct dataset *dataset)
{
	json_t *note = json_pack("{s:I, s:I, s:I}", "seed", (json_int_t)dataset->seed, "accounts",
	    (json_int_t)dataset->account_count, "contacts_per_account",
	    (json_int_t)dataset->contacts_per_account);
	char path[PATH_MAX];
	int result = -ENAMETOOLONG;

	if (snprintf(path, sizeof(path), "%s/%s", data_dir, NOTE_NAME) < (int)sizeof(path))
		result = json_dump_file(note, path, JSON_COMPACT) == 0 ? 0 : -EIO;
	json_decref(note);
	return result;
}

int
target_fill(const char *data_dir, const struct dataset *dataset)
{
	struct graph_options options = { .data_dir = data_dir,
		.phone_library_version = phone_library_version() };
	struct progress progress;
	struct graph_error error;
	int result = make_key(&options.key, data_dir);

	if (result != 0)
		return result;
	progress_begin(&progress, "loading");
	result = fill_store(&options, dataset, show_filling, &progress, &error);
	progress_end(&progress);
	if (result == 0)
		return write_note(data_dir, dataset);
	fprintf(stderr, "anagraph-bench: %s\n", error.message);
	return result < 0 ? result : -EIO;
}

int
target_read_dataset(struct dataset *dataset, const char *data_dir)
{
	char path[PATH_MAX];
	json_int_t accounts;
	json_int_t contacts;
	json_int_t seed;
	json_t *note = NULL;
	int result = -ENAMETOOLONG;

	if (snprintf(path, sizeof(path), "%s/%s", data_dir, NOTE_NAME) < (int)sizeof(path)) {
		note = json_load_file(path, 0, NULL);
		result = json_unpack(note, "{s:I, s:I, s:I}", "seed", &seed, "accounts", &accounts,
			     "contacts_per_account", &contacts) == 0 &&
			accounts > 0 && contacts > 0
		    ? 0
		    : -ENOENT;
	}
	if (result == 0)
		*dataset = (struct dataset){ (uint64_t)seed, (uint64_t)accounts, (uint64_t)contacts };
	else
		fprintf(stderr, "anagraph-bench: %s has no %s: it was not made by anagraph-bench load\n",
		    data_dir, NOTE_NAME);
	json_decref(note);
	return result;
}

/* Finds or makes the store of a server of our own. 0; anything else has been told. */
static int
prepare_store(struct target *target, const struct side *side)
{
	target->dataset =
	    (struct dataset){ side->data_seed, side->accounts, side->contacts / side->accounts };
	if (side->store != NULL) {
		target->data_dir = side->store;
		return target_read_dataset(&target->dataset, side->store);
	}
	target->own_dir = test_directory_create();
	if (target->own_dir == NULL)
		return -errno;
	target->data_dir = target->own_dir;
	return target_fill(target->own_dir, &target->dataset);
}

static int
start_service(struct target *target, const struct side *side)
{
	char threads[NUMBER_BYTES];
	const char *arguments[] = { "--threads", threads, NULL };
	const struct service_options options = {
		.data_dir = target->data_dir,
		.arguments = side->server_threads > 0 ? arguments : NULL,
	};
	uint64_t begun_ns = usage_now_ns();
	int result;

	snprintf(threads, sizeof(threads), "%u", side->server_threads);
	result = service_start(&target->service, &options);
	if (result != 0) {
		fprintf(stderr, "anagraph-bench: the server does not start: %s\n", strerror(-result));
		return result;
	}
	target->start_seconds = (double)(usage_now_ns() - begun_ns) / 1e9;
	target->address = service_target(target->service);
	target->pid = service_pid(target->service);
	return 0;
}

/* Takes the answer to a count in. 0; -errno. */
static int
add_count(uint64_t *contacts, struct client *client)
{
	Anagraph__V1__CountContactsResponse *response;
	struct client_answer answer;
	int result = client_next(&answer, client, -1);

	if (result != 0 || answer.status.code != 0)
		return -EPROTO;
	response = anagraph__v1__count_contacts_response__unpack(NULL, answer.payload_size, answer.payload);
	if (response == NULL)
		return -EBADMSG;
	*contacts += response->home_page_total;
	anagraph__v1__count_contacts_response__free_unpacked(response, NULL);
	return 0;
}

/* How many contacts there are in all accounts. 0; -errno. */
static int
count_contacts(uint64_t *contacts, const struct target *target, struct client *client)
{
	uint64_t waiting = 0;
	int result = 0;

	*contacts = 0;
	for (uint64_t i = 0; result == 0 && i < target->dataset.account_count; i++) {
		Anagraph__V1__CountContactsRequest request = ANAGRAPH__V1__COUNT_CONTACTS_REQUEST__INIT;
		char account[DATASET_ACCOUNT_BYTES];

		dataset_account(account, &target->dataset, i);
		request.account = account;
		result = client_start(client, CLIENT_COUNT_CONTACTS, &request.base, 0, NULL);
		if (result == 0 && ++waiting == COUNTS_IN_FLIGHT) {
			result = add_count(contacts, client);
			waiting--;
		}
	}
	for (; result == 0 && waiting > 0; waiting--)
		result = add_count(contacts, client);
	return result;
}

/* Sees that the contacts are there, and how many others by now. 0; anything else has been
 * told. */
static int
look_at_contacts(struct target *target)
{
	uint64_t expected = dataset_size(&target->dataset);
	struct client *client;
	uint64_t contacts = 0;
	int result = client_create(&client, target->address);

	if (result != 0)
		return result;
	result =
	    client_connect(client, CONNECT_MS) == 0 ? count_contacts(&contacts, target, client) : -ETIMEDOUT;
	client_destroy(client);
	if (result == 0 && contacts < expected) {
		fprintf(stderr, "anagraph-bench: %" PRIu64 " contacts are there, not %" PRIu64 "\n", contacts,
		    expected);
		return -EPROTO;
	}
	if (result != 0)
		fprintf(stderr, "anagraph-bench: the server can't be asked: %s\n", strerror(-result));
	atomic_store(&target->next_fresh, contacts);
	return result;
}

int
target_start(struct target *target, const struct side *side, bool echo)
{
	int result;

	memset(target, 0, sizeof(*target));
	result = target_point_to_build(echo);
	if (result != 0)
		return result;
	if (side->server != NULL) {
		target->address = side->server;
		target->pid = side->pid;
		target->dataset =
		    (struct dataset){ side->data_seed, side->accounts, side->contacts / side->accounts };
	} else {
		result = prepare_store(target, side);
		if (result == 0)
			result = start_service(target, side);
	}
	return result == 0 ? look_at_contacts(target) : result;
}

bool
target_finish(struct target *target)
{
	bool ended = target->service == NULL || service_stop(target->service) == 0;

	service_destroy(target->service);
	if (target->own_dir != NULL)
		test_directory_remove(target->own_dir);
	free(target->own_dir);
	return ended;
}

uint64_t
target_next_fresh(struct target *target)
{
	return atomic_fetch_add(&target->next_fresh, 1);
}
