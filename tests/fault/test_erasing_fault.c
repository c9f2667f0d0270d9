/* Killed at every step: an erasing is done whole or not at all, and a compaction never
 * leaves a directory without its store. */
#include "tests/support/act.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/store.h"

enum { STEPS_MOST = 200 };

/* What has a process killed at one of its calls; to be taken back. */
static void
arm(int step, const char *trigger)
{
	const char *module = getenv("ANAGRAPH_KILL_AT_CALL_MODULE");
	char number[16];

	if (module == NULL) {
		fail_msg("ANAGRAPH_KILL_AT_CALL_MODULE is not set");
		return;
	}
	snprintf(number, sizeof(number), "%d", step);
	assert_int_equal(setenv("ANAGRAPH_KILL_AT", number, 1), 0);
	assert_int_equal(setenv("LD_PRELOAD", module, 1), 0);
	assert_int_equal(setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1), 0);
	if (trigger != NULL)
		assert_int_equal(setenv("ANAGRAPH_KILL_TRIGGER", trigger, 1), 0);
}

static void
disarm(void)
{
	unsetenv("LD_PRELOAD");
	unsetenv("ANAGRAPH_KILL_AT");
	unsetenv("ANAGRAPH_KILL_TRIGGER");
	unsetenv("ASAN_OPTIONS");
}

/* Contact 1 is offered to 2, and was part of what 2's journal tells. */
static void
fill(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "c-2"), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "c-2"), ID("email", "a@example.it"));
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it ?email=a@example.it^1");
}

/* Runs a verb of the command on the scene's store: its exit status. */
static int
run_command(struct scene *s, const char *verb)
{
	const char *const arguments[] = { verb, "--data-dir", service_data_dir(s->service), NULL };
	char *output;
	char *prose;
	int status;

	assert_int_equal(service_run(&status, &output, &prose, getenv("ANAGRAPH_COMMAND"), arguments), 0);
	if (status != 0 && status != 128 + SIGKILL)
		print_error("%s", prose);
	free(output);
	free(prose);
	return status;
}

/* Erases contact 1 in a daemon that is killed at a step. Returns whether the answer came. */
static bool
erase_and_kill(struct scene *s, int step)
{
	Anagraph__V1__EraseContactRequest request = ANAGRAPH__V1__ERASE_CONTACT_REQUEST__INIT;
	char *trigger = scene_print(s, "%s.trigger", service_data_dir(s->service));
	uint8_t bytes[256];
	uint8_t *payload = NULL;
	size_t payload_size;
	size_t size;
	int descriptor;
	int result;

	arm(step, trigger);
	scene_start(s);
	disarm();
	request.account = s->account;
	request.contact_id = 1;
	request.operator_ = "anna";
	assert_true(protobuf_c_message_get_packed_size(&request.base) <= sizeof(bytes));
	size = protobuf_c_message_pack(&request.base, bytes);
	descriptor = open(trigger, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(descriptor >= 0);
	close(descriptor);
	result =
	    client_call_raw(&payload, &payload_size, NULL, s->client, METHOD("EraseContact"), bytes, size, 0);
	free(payload);
	assert_int_equal(unlink(trigger), 0);
	return result == 0;
}

static void
test_R30_killed_in_the_middle_of_erasing(struct scene *s)
{
	unsigned kept = 0;
	unsigned erased = 0;
	bool answered = false;

	fill(s);
	for (int step = 1; !answered; step++) {
		assert_in_range(step, 1, STEPS_MOST);
		scene_use(s, NULL);
		fill(s);
		scene_stop(s);
		answered = erase_and_kill(s, step);
		if (answered)
			break;
		assert_int_equal(service_wait(s->service), 128 + SIGKILL);
		store_expect_sound(service_data_dir(s->service));
		scene_start(s);
		if (owner(s, "email", "a@example.it") == 1) {
			kept++;
			expect_contact(s, 1, "email=a@example.it CITY=Roma");
			expect_contact(s, 2, "ext_id=c-2 email=b@example.it ?email=a@example.it^1");
			expect_totals(s, "2 0 0");
		} else {
			erased++;
			expect_contact(s, 2, "ext_id=c-2 email=b@example.it");
			expect_totals(s, "1 0 0");
		}
		scene_stop(s);
	}
	/* Pages, their sync and the write that makes them the store. */
	assert_true(kept >= 2);
	assert_int_equal(kept + erased > 2, true);
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it");
}

static unsigned
count_entries(const char *directory)
{
	DIR *listing = opendir(directory);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL)
		count += strncmp(entry->d_name, "store", 5) == 0;
	closedir(listing);
	return count;
}

static void
test_killed_in_the_middle_of_compacting(struct scene *s)
{
	unsigned killed = 0;
	int status = 128 + SIGKILL;

	scene_use(s, NULL);
	fill(s);
	scene_stop(s);
	for (int step = 1; status != 0; step++) {
		assert_in_range(step, 1, STEPS_MOST);
		arm(step, NULL);
		status = run_command(s, "compact");
		disarm();
		assert_true(status == 0 || status == 128 + SIGKILL);
		killed += status != 0;
		/* It is there whole, whatever lies beside it. */
		assert_int_equal(run_command(s, "check"), 0);
	}
	assert_true(killed >= 5);
	assert_int_equal(count_entries(service_data_dir(s->service)), 1);
	scene_start(s);
	expect_contact(s, 1, "email=a@example.it CITY=Roma");
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it ?email=a@example.it^1");
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R30_killed_in_the_middle_of_erasing),
		STOCK_TEST(test_killed_in_the_middle_of_compacting),
	};

	return scene_main(tests);
}
