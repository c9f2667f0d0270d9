/* Journals that are kept for so many days: a daemon that starts on a store of years ago
 * clears away what is past its time, without being asked, and nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/call.h"
#include "tests/support/store.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, CONTACTS_MADE = 600 };

static const char SETTINGS[] = "defaults: {journal_retention_days: 30}\n"
			       "accounts:\n"
			       "  ever: {journal_retention_days: 0}\n";

/* An account with contacts, whose entries were recorded in 2023. */
static void
make_account(struct hand_store *store, const char *name, unsigned count)
{
	struct hand hand;

	hand_begin(&hand, store, name);
	for (unsigned i = 0; i < count; i++) {
		char browser[16];

		hand_create(&hand, bytes_of(browser, (size_t)snprintf(browser, sizeof(browser), "d-%u", i)));
	}
	hand_absorb(&hand, 2, 1);
	hand_end(&hand);
}

/* How many entries the history of an account's first contact has, which the second absorbed. */
static size_t
history_size(struct scene *s, const char *account)
{
	Anagraph__V1__ExplainRequest request = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;
	const Anagraph__V1__ExplainResponse *answer;

	request.account = (char *)(uintptr_t)account;
	request.contact_id = 1;
	answer = call(s, METHOD("Explain"), &request, &anagraph__v1__explain_response__descriptor);
	assert_string_equal(answer->next_page_token, "");
	return answer->n_entries;
}

/* The key of stores made by hand, which a daemon wants to see in its file. */
static void
write_key(const struct hand_store *store)
{
	const struct digest_key key = { .bytes = { 0 } };
	int file = open(hand_store_path(store, "key"), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(file >= 0);
	assert_int_equal(write(file, key.bytes, sizeof(key.bytes)), sizeof(key.bytes));
	assert_int_equal(close(file), 0);
}

static void
test_journal_of_an_idle_daemon_is_swept(struct scene *s)
{
	struct hand_store store;
	const struct service_options options = { .data_dir = store.data_dir, .config = SETTINGS };

	identify(s, CONTACTS, ID("chat", "v-1")); /* the file's own daemon has a store, too */
	hand_store_create(&store, MAP_BYTES);
	hand_store_open(&store);
	make_account(&store, "ever", 3);
	make_account(&store, "short", CONTACTS_MADE);
	hand_store_close(&store);
	write_key(&store);
	scene_use(s, &options);
	while (history_size(s, "short") > 0)
		continue;
	assert_int_equal(history_size(s, "ever"), 3);

	/* What is written now is kept, and all that the contacts are. */
	snprintf(s->account, sizeof(s->account), "short");
	identify(s, PUSH, ID("push", "d-1"), TEXT("CITY", "Roma"));
	expect_contact(s, 2, "push=d-0 push=d-1 CITY=Roma NOTE=d-1");
	assert_int_equal(history_size(s, "short"), 1);
	scene_stop(s);
	/* Its numbers go on where they were: those made, one absorbed, and the last. */
	assert_int_equal(store_journal_size(options.data_dir, "short"), CONTACTS_MADE + 2);
	store_expect_sound(options.data_dir);
	hand_store_destroy(&store);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_journal_of_an_idle_daemon_is_swept),
	};

	return scene_main(tests);
}
