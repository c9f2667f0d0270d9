/* A conflict is told and kept with all that its policy was shown (R23), so that it can be
 * decided again; less of it once somebody is erased (R30). */
#include "tests/support/act.h"

#include <string.h>

#include "tests/support/store.h"

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"

/* A value with what it rests on: "+39…@CONTACTS@10 in t-1", or "-" for none. */
static const char *
claimed_text(struct scene *s, const Anagraph__V1__ClaimedValue *claimed)
{
	static const char *const sources[] = { "?", "PUSH", "CONVERSATIONS", "CONTACTS" };

	if (claimed == NULL)
		return "-";
	return scene_print(s, "%s@%s@%lld in %s",
	    claimed->value_case == ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE ? claimed->string_value
										   : "",
	    sources[claimed->claim->source],
	    (long long)(claimed->claim->observed_at->seconds - EPOCH_SECONDS), claimed->claim->conversation);
}

#define expect_claimed(s, claimed, text) assert_string_equal(claimed_text(s, claimed), text)

/* The one conflict of the journal entry of that number in a contact's history, from 0. */
static const Anagraph__V1__Conflict *
kept_conflict(struct scene *s, uint64_t contact_id, size_t index)
{
	Anagraph__V1__ExplainRequest request = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;
	const Anagraph__V1__ExplainResponse *story;

	request.account = s->account;
	request.contact_id = contact_id;
	story = call(s, METHOD("Explain"), &request, &anagraph__v1__explain_response__descriptor);
	assert_true(index < story->n_entries);
	assert_int_equal(story->entries[index]->n_conflicts, 1);
	return story->entries[index]->conflicts[0];
}

static void
expect_sound(struct scene *s)
{
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
	scene_start(s);
}

/* A phone of contact 1 is named for contact 2, which has another. */
static void
dispute_phone(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1));
	identify(s, CONTACTS, AT(30), ID("ext_id", "x-2"), ID("phone", PHONE_2), IN("t-2"));
	identify(s, PUSH, AT(20), ID("ext_id", "x-2"), ID("phone", PHONE_1));
	expect_conflicts(s, "OWNER phone " PHONE_1 " of 1 KEEP");
}

static void
test_R23_a_disputed_identifier_comes_with_the_value_it_would_displace(struct scene *s)
{
	const Anagraph__V1__Conflict *conflict;

	dispute_phone(s);
	for (int i = 0; i < 2; i++) {
		conflict = i == 0 ? s->answer->conflicts[0] : kept_conflict(s, 2, 1);
		assert_int_equal(conflict->target_contact_id, 2);
		assert_int_equal(conflict->owner_contact_id, 1);
		assert_int_equal(conflict->incoming_contact_id, 0);
		expect_claimed(s, conflict->displaced, PHONE_2 "@CONTACTS@30 in t-2");
		expect_claimed(s, conflict->device, "-");
	}
}

static void
test_R23_an_identity_comes_with_the_device_that_led_there(struct scene *s)
{
	const Anagraph__V1__Conflict *conflict;

	identify(s, CONVERSATIONS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"), IN("t-1"));
	identify(s, PUSH, AT(20), ID("chat", "v-1"), ID("email", "b@example.it"));
	expect_conflicts(s, "IDENTITY email a@example.it<b@example.it SEPARATE");
	for (int i = 0; i < 2; i++) {
		conflict = i == 0 ? s->answer->conflicts[0] : kept_conflict(s, 2, 0);
		assert_int_equal(conflict->target_contact_id, 1);
		expect_claimed(s, conflict->device, "v-1@CONVERSATIONS@10 in t-1");
		expect_claimed(s, conflict->displaced, "-");
	}
}

static void
test_R23_a_value_taken_over_says_from_whom(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(10), ID("chat", "v-1"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(10), ID("email", "b@example.it"), TEXT("CITY", "Bari"));
	identify(s, CONVERSATIONS, AT(20), ID("email", "b@example.it"), ID("chat", "v-1"));
	expect_conflicts(s, "VALUE CITY Bari<Roma OFFER");
	assert_int_equal(s->answer->conflicts[0]->target_contact_id, 2);
	assert_int_equal(s->answer->conflicts[0]->incoming_contact_id, 1);
}

static void
test_R30_a_value_that_would_have_been_displaced_goes_with_its_contact(struct scene *s)
{
	const Anagraph__V1__Conflict *conflict;

	scene_use(s, NULL);
	dispute_phone(s);
	erase(s, 2);
	conflict = kept_conflict(s, 1, 1);
	expect_claimed(s, conflict->stored, PHONE_1 "@CONTACTS@10 in ");
	expect_claimed(s, conflict->displaced, "@CONTACTS@30 in ");
	expect_sound(s);
}

static void
test_R30_the_owner_goes_and_the_value_of_the_other_stays(struct scene *s)
{
	const Anagraph__V1__Conflict *conflict;

	scene_use(s, NULL);
	dispute_phone(s);
	erase(s, 1);
	conflict = kept_conflict(s, 2, 1);
	expect_claimed(s, conflict->stored, "@CONTACTS@10 in ");
	expect_claimed(s, conflict->displaced, PHONE_2 "@CONTACTS@30 in t-2");
	expect_sound(s);
}

/* The device belongs to the other by then, and the conversation was the erased one's. */
static void
test_R30_a_device_stays_with_whom_it_is_now(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONVERSATIONS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"), IN("t-1"));
	identify(s, PUSH, AT(20), ID("chat", "v-1"), ID("email", "b@example.it"));
	erase(s, 1);
	expect_claimed(s, kept_conflict(s, 2, 0)->device, "v-1@CONVERSATIONS@10 in ");
	expect_sound(s);
}

static void
test_R30_a_device_goes_with_whom_it_is_now(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONVERSATIONS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"), IN("t-1"));
	identify(s, PUSH, AT(20), ID("chat", "v-1"), ID("email", "b@example.it"));
	erase(s, 2);
	expect_claimed(s, kept_conflict(s, 1, 1)->device, "@CONVERSATIONS@10 in ");
	expect_sound(s);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R23_a_disputed_identifier_comes_with_the_value_it_would_displace),
		STOCK_TEST(test_R23_an_identity_comes_with_the_device_that_led_there),
		STOCK_TEST(test_R23_a_value_taken_over_says_from_whom),
		STOCK_TEST(test_R30_a_value_that_would_have_been_displaced_goes_with_its_contact),
		STOCK_TEST(test_R30_the_owner_goes_and_the_value_of_the_other_stays),
		STOCK_TEST(test_R30_a_device_stays_with_whom_it_is_now),
		STOCK_TEST(test_R30_a_device_goes_with_whom_it_is_now),
	};

	return scene_main(tests);
}
