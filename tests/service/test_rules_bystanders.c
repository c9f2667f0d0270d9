/* Contacts that an event names and that nothing is decided about: what is written down of
 * the event has values of theirs, which go with them (R30). */
#include "tests/support/act.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_1 "+390612345678"
#define NUMBER_2 "+390612345679"

/* How many of the contact's entries have the text anywhere in them. */
static size_t
count_telling(struct scene *s, uint64_t contact_id, const char *text)
{
	Anagraph__V1__ExplainRequest request = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;
	const Anagraph__V1__ExplainResponse *story;
	size_t telling = 0;

	request.account = s->account;
	request.contact_id = contact_id;
	story = call(s, METHOD("Explain"), &request, &anagraph__v1__explain_response__descriptor);
	assert_true(story->n_entries > 0);
	for (size_t i = 0; i < story->n_entries; i++) {
		size_t size = anagraph__v1__journal_entry__get_packed_size(story->entries[i]);
		uint8_t *bytes = malloc(size);

		assert_non_null(bytes);
		anagraph__v1__journal_entry__pack(story->entries[i], bytes);
		telling += memmem(bytes, size, text, strlen(text)) != NULL;
		free(bytes);
	}
	return telling;
}

/* R12 leaves the device with its owner, and asks nobody. */
static void
test_R30_a_device_that_stayed_with_its_owner(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("chat", "v-1"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("push", "d-2"));
	identify(s, PUSH, AT(2), ID("chat", "v-1"), ID("push", "d-2"), TEXT("COLOR", "red"));
	expect_contact(s, 1, "email=a@example.it chat=v-1 COLOR=red");
	assert_int_equal(count_telling(s, 1, "d-2"), 1);
	/* It is part of its owner's history, too. */
	assert_int_equal(count_telling(s, 2, "v-1"), 1);
	erase(s, 2);
	assert_int_equal(count_telling(s, 1, "d-2"), 0);
	assert_int_equal(count_telling(s, 1, "v-1"), 2);
}

/* R13b: the event found it by its whatsapp number, and went to somebody new. */
static void
test_R30_whom_an_event_was_separated_from(struct scene *s)
{
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("ext_id", "x-1"), ID("whatsapp", NUMBER_1));
	identify(s, CONTACTS, AT(2), ID("ext_id", "x-2"), ID("phone", NUMBER_1), REQUEST_ID("r-1"));
	expect_conflicts(s, "IDENTITY ext_id x-1<x-2 SEPARATE");
	assert_int_equal(count_telling(s, 2, "x-1"), 1);
	assert_int_equal(count_telling(s, 1, "x-2"), 1);
	erase(s, 1);
	assert_int_equal(count_telling(s, 2, "x-1"), 0);
	expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONTACTS, AT(2), ID("ext_id", "x-2"),
	    ID("phone", NUMBER_1), REQUEST_ID("r-1"));
	expect_contact(s, 2, "ext_id=x-2 phone=" NUMBER_1);
}

/* N6: an address that is shared stays with its owner, and the answer lists it. */
static void
test_R30_whose_an_address_is_that_is_shared(struct scene *s)
{
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "info@example.it"), ID("ext_id", "x-1"));
	for (int i = 2; i <= 6; i++)
		identify(s, CONTACTS, AT(1), ID("email", "info@example.it"),
		    ID("ext_id", scene_print(s, "x-%d", i)));
	identify(
	    s, CONTACTS, AT(9), ID("email", "info@example.it"), ID("phone", NUMBER_2), REQUEST_ID("r-1"));
	expect_shared(s, "email=info@example.it");
	erase_with(s, { .contact_id = owner(s, "email", "info@example.it") });
	assert_int_equal(count_telling(s, owner(s, "phone", NUMBER_2), "info@example.it"), 0);
	expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONTACTS, AT(9), ID("email", "info@example.it"),
	    ID("phone", NUMBER_2), REQUEST_ID("r-1"));
}

/* Whose an identifier was that the event named, and that nobody has any more, is not known:
 * it may have been the bystander's. */
static void
test_R30_what_nobody_has_goes_with_a_bystander(struct scene *s)
{
	uint64_t who;

	for (int i = 1; i <= 6; i++)
		identify(s, CONTACTS, AT(1), ID("email", "info@example.it"),
		    ID("ext_id", scene_print(s, "x-%d", i)));
	identify(s, CONTACTS, AT(9), ID("email", "info@example.it"), ID("phone", NUMBER_2),
	    ID("landline", NUMBER_1));
	expect_shared(s, "email=info@example.it");
	who = owner(s, "phone", NUMBER_2);
	identify(s, CONTACTS, AT(10), ID("landline", NUMBER_1), ID("phone", "+390612345677"));
	expect_contact(s, who, "phone=+390612345677 landline=" NUMBER_1);
	assert_int_equal(owner(s, "phone", NUMBER_2), 0);
	assert_int_equal(count_telling(s, who, NUMBER_1), 2);
	assert_int_equal(count_telling(s, who, NUMBER_2), 2);
	erase_with(s, { .contact_id = owner(s, "email", "info@example.it") });
	/* That it was lost is told where the bystander is not. */
	assert_int_equal(count_telling(s, who, NUMBER_1), 2);
	assert_int_equal(count_telling(s, who, NUMBER_2), 1);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R30_a_device_that_stayed_with_its_owner),
		STOCK_TEST(test_R30_whom_an_event_was_separated_from),
		STOCK_TEST(test_R30_whose_an_address_is_that_is_shared),
		STOCK_TEST(test_R30_what_nobody_has_goes_with_a_bystander),
	};

	return scene_main(tests);
}
