/* What waits for the disk and what does not: while a sync takes its time, whoever asks, or says
 * what is known, is answered; whoever says something new is not. */
#include "tests/support/call.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* An event is looked at before the committer has it only where that seemed to be worth while,
 * of which a few dozens have to be seen. PATIENCE_MS ends a test that failed. */
enum { EVENTS_SEEN = 200, PATIENCE_MS = 60000 };

static void
start(struct scene *s, const char *tag, const uint8_t *event, size_t size)
{
	assert_int_equal(
	    client_start_raw(s->client, METHOD("Identify"), event, size, PATIENCE_MS, (void *)(uintptr_t)tag),
	    0);
}

static void
expect_answered(struct scene *s, const char *tag)
{
	struct client_answer answer;

	assert_int_equal(client_next(&answer, s->client, -1), 0);
	assert_string_equal(answer.tag, tag);
	assert_int_equal(answer.status.code, 0);
}

static void
remove_directory(void *path)
{
	test_directory_remove(path);
	free(path);
}

/* Has every sync wait until the lock is given back. Returns it. */
static int
hold_syncs(struct scene *s, const char *hold)
{
	int lock = open(hold, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	assert_true(lock >= 0);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(mkfifo(scene_print(s, "%s.held", hold), 0600), 0);
	return lock;
}

/* Waits until one does. */
static void
await_held(struct scene *s, const char *hold)
{
	struct pollfd held = {
		.fd = open(scene_print(s, "%s.held", hold), O_RDONLY | O_NONBLOCK | O_CLOEXEC),
		.events = POLLIN,
	};

	assert_true(held.fd >= 0);
	assert_int_equal(poll(&held, 1, PATIENCE_MS), 1);
	close(held.fd);
}

static void
test_who_says_nothing_new_does_not_wait_for_the_disk(struct scene *s)
{
	const char *module = getenv("ANAGRAPH_HOLD_SYNC_MODULE");
	char *directory = scene_keep(s, test_directory_create(), remove_directory);
	char *hold = scene_print(s, "%s/hold", directory);
	const char *const environment[] = { scene_print(s, "LD_PRELOAD=%s", module),
		scene_print(s, "ANAGRAPH_HOLD_SYNC=%s", hold), "ASAN_OPTIONS=verify_asan_link_order=0",
		NULL };
	const struct service_options options = { .environment = environment };
	const uint8_t *change;
	const uint8_t *known;
	size_t change_size;
	size_t known_size;
	struct client_answer answer;
	int lock;

	identify(s, CONTACTS, ID("chat", "v-1")); /* the file's own daemon has a store, too */
	assert_non_null(module);
	scene_use(s, &options);
	for (int i = 0; i < EVENTS_SEEN; i++)
		identify(s, CONTACTS, AT(1), ID("email", "rossi@example.it"), ID("phone", "+390212345678"));
	known = encode_event(
	    &known_size, s, CONTACTS, AT(1), ID("email", "rossi@example.it"), ID("phone", "+390212345678"));
	change = encode_event(
	    &change_size, s, CONTACTS, AT(2), ID("email", "rossi@example.it"), TEXT("CITY", "Bari"));
	lock = hold_syncs(s, hold);
	start(s, "change", change, change_size);
	await_held(s, hold);
	start(s, "known", known, known_size);
	expect_answered(s, "known");
	expect_contact(s, 1, "email=rossi@example.it phone=+390212345678");
	assert_int_equal(client_next(&answer, s->client, 0), CLIENT_E_TIMEOUT);
	close(lock);
	expect_answered(s, "change");
	expect_contact(s, 1, "email=rossi@example.it phone=+390212345678 CITY=Bari");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_who_says_nothing_new_does_not_wait_for_the_disk),
	};

	return scene_main(tests);
}
