/* Values that differ, values seen again, what is newer and when it was: R14, R15, R18
 * and R19. */
#include "tests/support/build.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PHONE_1 "+393331234501"
#define PHONE_2 "+393331234502"

static void
make_customer(struct scene *s)
{
	identify(
	    s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("phone", PHONE_1), TEXT("CITY", "Roma"));
}

#define differ(s, script)                                                                                    \
	identify(s, PUSH, AT(20), ID("email", "a@example.it"), ID("phone", PHONE_2), TEXT("CITY", "Bari"),   \
	    IN(script))

static void
test_R14_keep(struct scene *s)
{
	make_customer(s);
	differ(s, "KEEP");
	expect_outcome(s, UNCHANGED);
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " KEEP, VALUE CITY Roma<Bari KEEP");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " CITY=Roma");
	assert_int_equal(owner(s, "phone", PHONE_2), 0);
}

static void
test_R14_offer(struct scene *s)
{
	make_customer(s);
	differ(s, "OFFER");
	expect_outcome(s, UPDATED);
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " OFFER, VALUE CITY Roma<Bari OFFER");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " CITY=Roma ?phone=" PHONE_2 " ?CITY=Bari");
	assert_int_equal(owner(s, "phone", PHONE_2), 0);
	expect_claim(s, 1, "?CITY", "PUSH@20");
}

static void
test_R14_take_releases_the_old_value(struct scene *s)
{
	make_customer(s);
	differ(s, "TAKE");
	expect_outcome(s, UPDATED);
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_2 " CITY=Bari");
	assert_int_equal(owner(s, "phone", PHONE_2), 1);
	assert_int_equal(owner(s, "phone", PHONE_1), 0);
	expect_claim(s, 1, "CITY", "PUSH@20");
	assert_int_equal(identify(s, CONTACTS, AT(30), ID("phone", PHONE_1)), 2);
}

static void
test_R14_separate_has_no_cell(struct scene *s)
{
	make_customer(s);
	differ(s, "SEPARATE");
	expect_conflicts(s,
	    "VALUE phone " PHONE_1 "<" PHONE_2
	    " OFFER!VERDICT_INVALID, VALUE CITY Roma<Bari OFFER!VERDICT_INVALID");
}

static void
test_R14_each_value_is_decided_for_itself(struct scene *s)
{
	make_customer(s);
	differ(s, "phone=KEEP CITY=TAKE");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " CITY=Bari");
}

static void
test_R14_values_of_other_types_differ(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("V", "1"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), NUMBER("V", 1), IN("TAKE"));
	expect_conflicts(s, "VALUE V 1<1 TAKE");
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"), BOOL("V", true), IN("TAKE"));
	expect_conflicts(s, "VALUE V 1<true TAKE");
	identify(s, CONTACTS, AT(4), ID("email", "a@example.it"), TIME("V", 1), IN("TAKE"));
	expect_contact(s, 1, "email=a@example.it V=time:1.000000");
}

static void
test_R14_equal_after_normalisation_is_no_conflict(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", PHONE_1), TEXT("CITY", "Roma"),
	    NUMBER("N", 0.0));
	identify(s, CONTACTS, AT(1), ID("email", " A@EXAMPLE.it"), ID("phone", "+39 333 123-4501"),
	    TEXT("CITY", " Roma "), NUMBER("N", -0.0), IN("TAKE"));
	expect_conflicts(s, "");
	expect_outcome(s, UNCHANGED);
}

/* What was seen again is stored, and is no change. */
static void
test_R14_a_value_seen_again_raises_its_claim(struct scene *s)
{
	identify(
	    s, PUSH, AT(10), ID("email", "A@example.it"), ID("push", "d-1"), TEXT("CITY", "Roma"), IN("t-1"));
	identify(s, CONTACTS, AT(20), ID("email", "a@EXAMPLE.it"), ID("push", "d-1"), TEXT("CITY", "Roma"),
	    IN("t-2"));
	expect_outcome(s, UNCHANGED);
	expect_conflicts(s, "");
	expect_claim(s, 1, "email", "CONTACTS@20");
	expect_claim(s, 1, "push", "CONTACTS@20");
	expect_claim(s, 1, "CITY", "CONTACTS@20");
	assert_string_equal(claim_of(s->answer->contact, "email")->conversation, "t-2");
	assert_string_equal(s->answer->contact->identifiers[0]->given, "A@example.it");
	assert_int_equal(s->answer->contact->version, 1);
	assert_int_equal(s->answer->revision, 1);
	assert_true(microseconds(claim_of(s->answer->contact, "CITY")->recorded_at) >
	    microseconds(s->answer->contact->update_time));
}

static void
test_R14_an_older_sighting_raises_nothing(struct scene *s)
{
	make_customer(s);
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_claim(s, 1, "email", "CONTACTS@10");
	expect_claim(s, 1, "CITY", "CONTACTS@10");
}

static void
test_R14_rank_raises_a_claim_of_the_same_moment(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_claim(s, 1, "email", "CONTACTS@10");
	expect_claim(s, 1, "CITY", "CONTACTS@10");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_claim(s, 1, "email", "CONTACTS@10");
}

static void
test_R14_a_conversation_raises_devices_alone(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), ID("chat", "v-1"), ID("push", "d-1"),
	    TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(20), ID("email", "a@example.it"), ID("chat", "v-1"), ID("push", "d-1"),
	    TEXT("CITY", "Roma"));
	expect_outcome(s, UNCHANGED);
	expect_claim(s, 1, "email", "CONTACTS@10");
	expect_claim(s, 1, "CITY", "CONTACTS@10");
	expect_claim(s, 1, "chat", "CONVERSATIONS@20");
	expect_claim(s, 1, "push", "CONVERSATIONS@20");
}

static void
test_R14_a_conversation_does_not_raise_even_its_own(struct scene *s)
{
	identify(s, CONVERSATIONS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(20), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_claim(s, 1, "email", "CONVERSATIONS@10");
	expect_claim(s, 1, "CITY", "CONVERSATIONS@10");
}

static void
test_R14_a_raised_claim_holds_against_older_events(struct scene *s)
{
	make_customer(s);
	identify(s, PUSH, AT(30), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(20), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari KEEP");
}

static void
test_R15_what_is_free_is_taken_whatever_the_policy(struct scene *s)
{
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"));
	identify(s, CONVERSATIONS, AT(1), ID("email", "a@example.it"), ID("phone", PHONE_1),
	    ID("ext_id", "x-1"), ID("chat", "v-1"), TEXT("CITY", "Roma"), TEXT("LAST_NAME", "Rossi"),
	    IN("KEEP"));
	expect_conflicts(s, "");
	expect_contact(s, 1,
	    "ext_id=x-1 email=a@example.it phone=" PHONE_1
	    " chat=v-1 CITY=Roma LAST_NAME=Rossi @conversations-engaged");
	expect_claim(s, 1, "phone", "CONVERSATIONS@1");
}

static void
test_R18_later_is_newer(struct scene *s)
{
	make_customer(s);
	identify(s, PUSH, AT(11), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Pisa"));
	expect_conflicts(s, "VALUE CITY Bari<Pisa KEEP");
}

static void
test_R18_then_the_higher_rank(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari TAKE");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_conflicts(s, "VALUE CITY Bari<Roma KEEP");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Zara"));
	expect_conflicts(s, "VALUE CITY Bari<Zara KEEP");
}

static void
test_R18_then_the_greater_type(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), BOOL("V", true));
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), NUMBER("V", -5));
	expect_conflicts(s, "VALUE V true<-5 TAKE");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), BOOL("V", true));
	expect_conflicts(s, "VALUE V -5<true KEEP");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("V", "!"));
	expect_conflicts(s, "VALUE V -5<! TAKE");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), NUMBER("V", 1e9));
	expect_conflicts(s, "VALUE V !<1e+09 KEEP");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TIME("V", -1));
	expect_conflicts(s, "VALUE V !<time:-1.000000 TAKE");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("V", "zzz"));
	expect_conflicts(s, "VALUE V time:-1.000000<zzz KEEP");
}

static void
test_R18_then_the_greater_value(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), BOOL("B", false), NUMBER("N", -2),
	    TEXT("S", "Zeta"), TIME("T", 5));
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), BOOL("B", true), NUMBER("N", -1),
	    TEXT("S", "alfa"), TIME_NANOS("T", 5, 1000));
	expect_conflicts(s,
	    "VALUE B false<true TAKE, VALUE N -2<-1 TAKE, VALUE S Zeta<alfa TAKE, "
	    "VALUE T time:5.000000<time:5.000001 TAKE");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), BOOL("B", false), NUMBER("N", -10),
	    TEXT("S", "alf"), TIME("T", 4));
	expect_conflicts(s,
	    "VALUE B true<false KEEP, VALUE N -1<-10 KEEP, VALUE S alfa<alf KEEP, "
	    "VALUE T time:5.000001<time:4.000000 KEEP");
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("S", "\xc3\xa0"));
	expect_conflicts(s, "VALUE S alfa<\xc3\xa0 TAKE");
}

static void
test_R18_an_identifier_of_the_same_claim_is_not_newer(struct scene *s)
{
	identify(s, PUSH, AT(10), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, PUSH, AT(10), ID("ext_id", "x-2"));
	identify(s, PUSH, AT(10), ID("ext_id", "x-2"), ID("push", "d-1"), ID("email", "a@example.it"));
	expect_conflicts(s, "OWNER email a@example.it of 1 KEEP, OWNER push d-1 of 1 KEEP");
	identify(s, CONTACTS, AT(10), ID("ext_id", "x-2"), ID("push", "d-1"));
	expect_conflicts(s, "OWNER push d-1 of 1 TAKE");
}

/* One of four events that name the same e-mail and disagree about the rest. */
static void
send_one_of_four(struct scene *s, int which, const char *account)
{
	switch (which) {
	case 0:
		identify(s, PUSH, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Roma"), NUMBER("N", 7),
		    ACCOUNT(account));
		break;
	case 1:
		identify(s, CONTACTS, AT(10), ID("email", "a@example.it"), TEXT("CITY", "Bari"),
		    NUMBER("N", 3), TEXT("LAST_NAME", "Rossi"), ACCOUNT(account));
		break;
	case 2:
		identify(s, PUSH, AT(12), ID("email", "a@example.it"), NUMBER("N", 3),
		    TEXT("LAST_NAME", "Verdi"), ACCOUNT(account));
		break;
	default:
		identify(s, PUSH, AT(12), ID("email", "a@example.it"), BOOL("N", true), TEXT("CITY", "Pisa"),
		    TEXT("LAST_NAME", "Neri"), ACCOUNT(account));
	}
}

static void
test_R18_any_order_leaves_the_same_primaries(struct scene *s)
{
	unsigned orders = 0;

	for (int order = 0; order < 256; order++) {
		int first = order & 3;
		int second = order >> 2 & 3;
		int third = order >> 4 & 3;
		int last = order >> 6 & 3;
		const char *account;

		if ((1 << first | 1 << second | 1 << third | 1 << last) != 15)
			continue;
		account = scene_print(s, "order-%d%d%d%d", first, second, third, last);
		send_one_of_four(s, first, account);
		send_one_of_four(s, second, account);
		send_one_of_four(s, third, account);
		send_one_of_four(s, last, account);
		assert_string_equal(
		    contact_text(s, s->answer->contact), "email=a@example.it CITY=Pisa LAST_NAME=Verdi N=3");
		orders++;
	}
	assert_int_equal(orders, 24);
}

static void
test_R19_missing_means_now(struct scene *s)
{
	const Anagraph__V1__Claim *claim;
	int64_t before_us = (int64_t)time(NULL) * 1000000;

	identify(s, CONTACTS, ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	claim = claim_of(s->answer->contact, "CITY");
	assert_int_equal(microseconds(claim->observed_at), microseconds(claim->recorded_at));
	assert_true(microseconds(claim->recorded_at) >= before_us);
	assert_null(claim->claimed_at);
	assert_int_equal(microseconds(s->answer->contact->create_time), microseconds(claim->recorded_at));
}

static void
test_R19_without_times_the_later_is_newer(struct scene *s)
{
	static const char *const cities[] = { "Roma", "Bari", "Pisa", "Asti" };

	for (size_t i = 0; i < sizeof(cities) / sizeof(cities[0]); i++) {
		identify(s, CONTACTS, ID("email", "a@example.it"), TEXT("CITY", cities[i]));
		assert_string_equal(contact_text(s, s->answer->contact),
		    scene_print(s, "email=a@example.it CITY=%s", cities[i]));
	}
}

static void
test_R19_the_future_is_clamped(struct scene *s)
{
	const Anagraph__V1__Claim *claim;
	int64_t said = (int64_t)time(NULL) + 360;

	identify(s, CONTACTS, TIMESTAMP(said, 123456789), ID("email", "a@example.it"));
	claim = claim_of(s->answer->contact, "email");
	assert_int_equal(microseconds(claim->observed_at), microseconds(claim->recorded_at) + 300 * 1000000);
	assert_non_null(claim->claimed_at);
	assert_int_equal(microseconds(claim->claimed_at), said * 1000000 + 123456);
}

static void
test_R19_the_far_future_is_clamped(struct scene *s)
{
	identify(s, CONTACTS, TIMESTAMP(INT64_C(253402300799), 999999999), ID("email", "a@example.it"));
	assert_int_equal(
	    microseconds(claim_of(s->answer->contact, "email")->claimed_at), INT64_C(253402300799999999));
}

static void
test_R19_five_minutes_are_allowed(struct scene *s)
{
	const Anagraph__V1__Claim *claim;
	int64_t said = (int64_t)time(NULL) + 240;

	identify(s, CONTACTS, TIMESTAMP(said, 0), ID("email", "a@example.it"));
	claim = claim_of(s->answer->contact, "email");
	assert_int_equal(microseconds(claim->observed_at), said * 1000000);
	assert_null(claim->claimed_at);
}

static void
test_R19_finer_than_a_microsecond_is_cut(struct scene *s)
{
	identify(s, CONTACTS, TIMESTAMP(EPOCH_SECONDS, 123456999), ID("email", "a@example.it"));
	assert_int_equal(claim_of(s->answer->contact, "email")->observed_at->nanos, 123456000);
}

static void
test_R19_older_event_never_wins(struct scene *s)
{
	make_customer(s);
	identify(s, CONTACTS, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Bari"), ID("phone", PHONE_2));
	expect_conflicts(s, "VALUE phone " PHONE_1 "<" PHONE_2 " KEEP, VALUE CITY Roma<Bari KEEP");
	identify(s, PUSH, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari KEEP");
	identify(s, CONVERSATIONS, AT(9), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_conflicts(s, "VALUE CITY Roma<Bari OFFER");
	expect_contact(s, 1, "email=a@example.it phone=" PHONE_1 " CITY=Roma ?CITY=Bari");
}

static void
test_R19_before_1970_is_refused(struct scene *s)
{
	expect_invalid(s, "OBSERVED_AT_INVALID", "observed_at", CONTACTS, TIMESTAMP(-1, 999999999),
	    ID("email", "a@example.it"));
	identify(s, CONTACTS, TIMESTAMP(0, 0), ID("email", "a@example.it"));
	assert_int_equal(microseconds(claim_of(s->answer->contact, "email")->observed_at), 0);
}

static void
test_R19_malformed_is_refused(struct scene *s)
{
	static const struct part bad[] = { TIMESTAMP(5, -1), TIMESTAMP(5, 1000000000),
		TIMESTAMP(INT64_C(253402300800), 0), TIMESTAMP(INT64_MAX, 0), TIMESTAMP(INT64_MIN, 0) };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(
		    s, "OBSERVED_AT_INVALID", "observed_at", CONTACTS, bad[i], ID("email", "a@example.it"));
}

int
main(void)
{
	static const struct scene_test tests[] = {
		SCRIPTED_TEST(test_R14_keep),
		SCRIPTED_TEST(test_R14_offer),
		SCRIPTED_TEST(test_R14_take_releases_the_old_value),
		SCRIPTED_TEST(test_R14_separate_has_no_cell),
		SCRIPTED_TEST(test_R14_each_value_is_decided_for_itself),
		SCRIPTED_TEST(test_R14_values_of_other_types_differ),
		SCRIPTED_TEST(test_R14_equal_after_normalisation_is_no_conflict),
		STOCK_TEST(test_R14_a_value_seen_again_raises_its_claim),
		STOCK_TEST(test_R14_an_older_sighting_raises_nothing),
		STOCK_TEST(test_R14_rank_raises_a_claim_of_the_same_moment),
		STOCK_TEST(test_R14_a_conversation_raises_devices_alone),
		STOCK_TEST(test_R14_a_conversation_does_not_raise_even_its_own),
		STOCK_TEST(test_R14_a_raised_claim_holds_against_older_events),
		SCRIPTED_TEST(test_R15_what_is_free_is_taken_whatever_the_policy),
		STOCK_TEST(test_R18_later_is_newer),
		STOCK_TEST(test_R18_then_the_higher_rank),
		STOCK_TEST(test_R18_then_the_greater_type),
		STOCK_TEST(test_R18_then_the_greater_value),
		STOCK_TEST(test_R18_an_identifier_of_the_same_claim_is_not_newer),
		STOCK_TEST(test_R18_any_order_leaves_the_same_primaries),
		STOCK_TEST(test_R19_missing_means_now),
		STOCK_TEST(test_R19_without_times_the_later_is_newer),
		STOCK_TEST(test_R19_the_future_is_clamped),
		STOCK_TEST(test_R19_the_far_future_is_clamped),
		STOCK_TEST(test_R19_five_minutes_are_allowed),
		STOCK_TEST(test_R19_finer_than_a_microsecond_is_cut),
		STOCK_TEST(test_R19_older_event_never_wins),
		STOCK_TEST(test_R19_before_1970_is_refused),
		STOCK_TEST(test_R19_malformed_is_refused),
	};

	return scene_main(tests);
}
