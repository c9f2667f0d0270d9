/* Forgotten on the disk as well (R30): values that are like no others are told in every way
 * that there is, and looked for, byte by byte, in every file below the data directory, once
 * their contact was erased and the store written anew; and in what the store's records are
 * once they are unpacked. That they are found before shows that the search finds them. */
#include "tests/support/act.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/store.h"

/* The person's, as they are written and in normal form. Of telephone numbers no digits of
 * another's are a part. */
static const char *const CANARIES[] = {
	"Xq.Zanzottera@Canary-Mail.example",
	"xq.zanzottera@canary-mail.example",
	"zanzottera.alias@canary-mail.example",
	"zanzottera.offered@canary-mail.example",
	"zanzottera.before@canary-mail.example",
	"Zanzottera",
	"Wolframina",
	"+39 06 9811 7355",
	"+390698117355",
	"+390698117356",
	"canary-ext-7731",
	"canary-chat-7731",
	"canary-visit-7731",
	"canary-push-7731",
	"canary-city-7731",
	"canary-note-7731",
	"canary-town-7731",
	"canary-thread-7731",
};

/* Somebody else's, who stays. */
static const char *const KEPT[] = {
	"bianchi@kept-mail.example",
	"kept-city-4402",
	"kept-ext-4402",
	"kept-chat-4402",
	"kept-thread-4402",
};

enum { CANARY_COUNT = sizeof(CANARIES) / sizeof(CANARIES[0]), KEPT_COUNT = sizeof(KEPT) / sizeof(KEPT[0]) };

/* What the files of one search have; nftw gives its function nothing to put it in. */
static struct {
	const char *const *texts;
	size_t text_count;
	unsigned *found;
	unsigned file_count;
	uint64_t bytes;
} search;

static int
search_file(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	int descriptor;
	uint8_t *file;

	(void)place;
	if (kind != FTW_F)
		return 0;
	search.file_count++;
	search.bytes += (uint64_t)about->st_size;
	if (about->st_size == 0)
		return 0;
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(descriptor >= 0);
	file = mmap(NULL, (size_t)about->st_size, PROT_READ, MAP_SHARED, descriptor, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	for (size_t i = 0; i < search.text_count; i++)
		search.found[i] +=
		    memmem(file, (size_t)about->st_size, search.texts[i], strlen(search.texts[i])) != NULL;
	munmap(file, (size_t)about->st_size);
	close(descriptor);
	return 0;
}

/* In how many files below a directory each text stands. */
static void
search_directory(unsigned *found, const char *directory, const char *const *texts, size_t text_count)
{
	memset(found, 0, text_count * sizeof(*found));
	search.texts = texts;
	search.text_count = text_count;
	search.found = found;
	search.file_count = 0;
	search.bytes = 0;
	assert_int_equal(nftw(directory, search_file, 16, FTW_PHYS), 0);
	/* The store, its lock, the directory's lock, the key. */
	assert_true(search.file_count >= 4);
	assert_true(search.bytes > 4096);
}

static void
expect_all_found(const char *directory, const char *const *texts, size_t text_count)
{
	unsigned found[CANARY_COUNT];

	assert_true(text_count <= CANARY_COUNT);
	search_directory(found, directory, texts, text_count);
	for (size_t i = 0; i < text_count; i++) {
		if (found[i] == 0 && !store_has_text(directory, texts[i]))
			fail_msg("%s is not to be found", texts[i]);
	}
}

static void
expect_none_found(const char *directory)
{
	unsigned found[CANARY_COUNT];

	search_directory(found, directory, CANARIES, CANARY_COUNT);
	for (size_t i = 0; i < CANARY_COUNT; i++) {
		if (found[i] != 0)
			fail_msg("%s is left in %u files", CANARIES[i], found[i]);
		if (store_has_text(directory, CANARIES[i]))
			fail_msg("%s is left in a record", CANARIES[i]);
	}
}

/* Everything about the person comes in, by every way there is. Contact 1 is the person, 2
 * was an anonymous visitor who became part of it, 3 is somebody else, 4 was merged into 1. */
static void
tell_everything(struct scene *s)
{
	s->repeats = false;
	identify(s, PUSH, AT(0), ID("phone", "+390698117355"),
	    ID("email", "zanzottera.before@canary-mail.example"));
	identify(s, CONTACTS, AT(1), ID("email", "Xq.Zanzottera@Canary-Mail.example"),
	    ID("phone", "+39 06 9811 7355"), ID("push", "canary-push-7731"), TEXT("FIRST_NAME", "Wolframina"),
	    TEXT("LAST_NAME", "Zanzottera"), TEXT("CITY", "canary-city-7731"), REQUEST_ID("r-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "canary-visit-7731"), TEXT("NOTE", "canary-note-7731"),
	    IN("canary-thread-7731"), REQUEST_ID("r-2"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "kept-ext-4402"), ID("email", "bianchi@kept-mail.example"),
	    ID("whatsapp", "+390698117356"), ID("chat", "kept-chat-4402"), TEXT("CITY", "kept-city-4402"),
	    REQUEST_ID("r-3"));
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("ext_id", "canary-ext-7731"),
			     ID("email", "zanzottera.alias@canary-mail.example")),
	    4);

	/* An absorption, and conflicts about values and about an identity. */
	assert_int_equal(identify(s, CONVERSATIONS, AT(2), ID("email", "xq.zanzottera@canary-mail.example"),
			     ID("chat", "canary-visit-7731"), ID("chat", "canary-chat-7731"),
			     TEXT("CITY", "canary-town-7731"), IN("canary-thread-7731"), REQUEST_ID("r-4")),
	    1);
	expect_absorbed(s, "2");
	identify(s, CONVERSATIONS, AT(2), ID("chat", "canary-chat-7731"),
	    ID("email", "zanzottera.offered@canary-mail.example"), IN("canary-thread-7731"));

	/* Conflicts about who owns: the other contact is offered the person's e-mail, and loses a
	 * device to it that it gets back. */
	identify(s, CONVERSATIONS, AT(3), ID("ext_id", "kept-ext-4402"),
	    ID("email", "xq.zanzottera@canary-mail.example"), IN("kept-thread-4402"), REQUEST_ID("r-5"));
	identify(s, CONVERSATIONS, AT(4), ID("email", "xq.zanzottera@canary-mail.example"),
	    ID("chat", "kept-chat-4402"), IN("canary-thread-7731"), REQUEST_ID("r-6"));
	identify(s, CONVERSATIONS, AT(5), ID("ext_id", "kept-ext-4402"), ID("chat", "kept-chat-4402"),
	    IN("kept-thread-4402"));

	/* What the other contact held is the person's by now. */
	identify(s, CONTACTS, AT(6), ID("email", "xq.zanzottera@canary-mail.example"),
	    ID("whatsapp", "+390698117356"));
	assert_int_equal(owner(s, "whatsapp", "+390698117356"), 1);

	merge(s, 1, 4);
	dismiss(s, 1, "CITY=canary-town-7731");
	expect_contact(s, 3,
	    "ext_id=kept-ext-4402 email=bianchi@kept-mail.example chat=kept-chat-4402 CITY=kept-city-4402 "
	    "?email=xq.zanzottera@canary-mail.example^1 @conversations-engaged");
}

/* Runs `anagraph compact` on the scene's store. */
static void
compact(struct scene *s)
{
	const char *const arguments[] = { "compact", "--data-dir", service_data_dir(s->service), NULL };
	char *output;
	char *prose;
	int status;

	assert_int_equal(service_run(&status, &output, &prose, getenv("ANAGRAPH_COMMAND"), arguments), 0);
	if (status != 0)
		fail_msg("status %d: %s", status, prose);
	assert_non_null(strstr(output, "\"before_bytes\":"));
	assert_non_null(strstr(output, "\"after_bytes\":"));
	assert_string_equal(prose, "");
	free(output);
	free(prose);
}

/* Tells everything, erases the person, and has the store written anew. The daemon is down
 * before and after. */
static void
erase_all(struct scene *s, bool suppress)
{
	const char *directory;

	scene_use(s, NULL);
	directory = service_data_dir(s->service);
	tell_everything(s);
	scene_stop(s);
	store_expect_sound(directory);
	compact(s);
	expect_all_found(directory, CANARIES, CANARY_COUNT);
	expect_all_found(directory, KEPT, KEPT_COUNT);

	scene_start(s);
	erase_with(s, { .contact_id = 2, .suppress = suppress, .request_id = "r-7" });
	scene_stop(s);
	store_expect_sound(directory);
	compact(s);
	store_expect_sound(directory);
}

static void
test_R30_nothing_is_left_on_the_disk(struct scene *s)
{
	erase_all(s, false);
	expect_none_found(service_data_dir(s->service));
	expect_all_found(service_data_dir(s->service), KEPT, KEPT_COUNT);
	scene_start(s);
	expect_contact(s, 3,
	    "ext_id=kept-ext-4402 email=bianchi@kept-mail.example chat=kept-chat-4402 CITY=kept-city-4402 "
	    "@conversations-engaged");
	expect_totals(s, "1 0 0");
	/* Whoever comes with the person's identifiers is somebody new. */
	assert_int_equal(identify(s, CONTACTS, AT(9), ID("email", "xq.zanzottera@canary-mail.example")), 5);
	expect_contact(s, 5, "email=xq.zanzottera@canary-mail.example");
}

static void
test_R30_nothing_is_left_when_suppressed(struct scene *s)
{
	static const char *const emails[] = { "xq.zanzottera@canary-mail.example",
		"zanzottera.alias@canary-mail.example" };

	erase_all(s, true);
	expect_none_found(service_data_dir(s->service));
	expect_all_found(service_data_dir(s->service), KEPT, KEPT_COUNT);
	scene_start(s);
	for (size_t i = 0; i < 2; i++)
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[0].value",
		    CONTACTS, AT(9), ID("email", emails[i]));
	expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[1].value", CONTACTS,
	    AT(9), ID("push", "canary-push-7731"), ID("phone", "+390698117355"));
	assert_int_equal(identify(s, CONTACTS, AT(9), ID("push", "canary-push-7731")), 5);
	/* What was only offered to the person was never the person's. */
	identify(s, CONTACTS, AT(9), ID("email", "zanzottera.offered@canary-mail.example"));
}

/* The other one's going leaves nothing but that both went. */
static void
test_R30_nothing_is_left_of_both(struct scene *s)
{
	unsigned found[KEPT_COUNT];

	erase_all(s, false);
	scene_start(s);
	erase(s, 3);
	identify(s, CONTACTS, AT(9), ID("email", "verdi@example.it"));
	scene_stop(s);
	compact(s);
	store_expect_sound(service_data_dir(s->service));
	expect_none_found(service_data_dir(s->service));
	search_directory(found, service_data_dir(s->service), KEPT, KEPT_COUNT);
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		assert_int_equal(found[i], 0);
		assert_false(store_has_text(service_data_dir(s->service), KEPT[i]));
	}
}

/* Told while the daemon runs, of one moment; and told as damage is. */
static void
test_check_beside_a_daemon(struct scene *s)
{
	const char *arguments[] = { "check", "--data-dir", NULL, NULL };
	char *output;
	const char *seconds;
	char *prose;
	int status;

	/* The file's shared store is looked at, too. */
	identify(s, CONTACTS, AT(1), ID("email", "verdi@example.it"));
	scene_use(s, NULL);
	tell_everything(s);
	arguments[2] = service_data_dir(s->service);
	assert_int_equal(service_run(&status, &output, &prose, getenv("ANAGRAPH_COMMAND"), arguments), 0);
	assert_int_equal(status, 0);
	assert_non_null(strstr(output, "\"accounts\":1,\"contacts\":2,\"forwards\":2,"));
	seconds = strstr(output, "\"seconds\":");
	assert_non_null(seconds);
	seconds += strlen("\"seconds\":");
	assert_true(seconds[strspn(seconds, "0123456789")] == '.');
	assert_in_range(strspn(strchr(seconds, '.') + 1, "0123456789"), 1, 3);
	assert_string_equal(prose, "");
	free(output);
	free(prose);
	identify(s, CONTACTS, AT(9), ID("email", "verdi@example.it"));

	arguments[0] = "compact";
	assert_int_equal(service_run(&status, &output, &prose, getenv("ANAGRAPH_COMMAND"), arguments), 0);
	assert_int_equal(status, 1);
	assert_string_equal(output, "");
	assert_non_null(strstr(prose, "in use by another process"));
	free(output);
	free(prose);
	assert_int_equal(owner(s, "email", "verdi@example.it"), 5);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R30_nothing_is_left_on_the_disk),
		STOCK_TEST(test_R30_nothing_is_left_when_suppressed),
		STOCK_TEST(test_R30_nothing_is_left_of_both),
		STOCK_TEST(test_check_beside_a_daemon),
	};

	return scene_main(tests);
}
