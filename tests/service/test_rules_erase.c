/* A contact that asks to be forgotten: R30. That nothing of it is left on the disk either
 * is proven in test_erasing.c. */
#include "tests/support/act.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/store.h"

static void
expect_no_contact(struct scene *s, uint64_t id)
{
	Anagraph__V1__ResolveRequest request = ANAGRAPH__V1__RESOLVE_REQUEST__INIT;

	request.account = s->account;
	request.key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID;
	request.contact_id = id;
	expect_refused(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", METHOD("Resolve"), &request);
}

/* The event's answer is the one that it had before. */
#define expect_replayed(s, source, ...) expect_replayed_parts(s, source, PARTS(__VA_ARGS__))
static void
expect_replayed_parts(struct scene *s, int source, const struct part *parts)
{
	Anagraph__V1__IdentifyResponse *answer;
	size_t size;
	const uint8_t *bytes = encode_parts(&size, s, source, parts);
	uint8_t *payload = NULL;
	size_t payload_size;

	assert_int_equal(
	    client_call_raw(&payload, &payload_size, NULL, s->client, METHOD("Identify"), bytes, size, 0), 0);
	answer = anagraph__v1__identify_response__unpack(NULL, payload_size, payload);
	free(payload);
	assert_non_null(answer);
	assert_true(answer->replayed);
	anagraph__v1__identify_response__free_unpacked(answer, NULL);
}

/* Its store is sound once the daemon has ended; the scene goes on. */
static void
expect_sound(struct scene *s)
{
	scene_stop(s);
	store_expect_sound(service_data_dir(s->service));
	scene_start(s);
}

static char *
journal_of(struct scene *s)
{
	char *journal;

	scene_stop(s);
	journal = store_journal_text(service_data_dir(s->service), s->account);
	scene_keep(s, journal, free);
	store_expect_sound(service_data_dir(s->service));
	scene_start(s);
	return journal;
}

static void
test_R30_record_identifiers_and_totals_go(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), ID("phone", "+390612345678"),
	    ID("push", "d-1"), TEXT("FIRST_NAME", "Mario"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	expect_totals(s, "2 0 0");
	assert_int_equal(erase(s, 1), 3);
	expect_totals(s, "1 0 0");
	assert_int_equal(count(s)->revision, 3);
	expect_no_contact(s, 1);
	assert_int_equal(owner(s, "email", "a@example.it"), 0);
	assert_int_equal(owner(s, "phone", "+390612345678"), 0);
	assert_int_equal(owner(s, "push", "d-1"), 0);
	expect_contact(s, 2, "email=b@example.it");
	expect_sound(s);

	/* Whoever comes with them is somebody new, under an id that nobody had. */
	assert_int_equal(identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), ID("push", "d-1")), 3);
	expect_outcome(s, CREATED);
	expect_contact(s, 3, "email=a@example.it push=d-1");
	expect_sound(s);
}

static void
test_R30_all_that_leads_to_it_goes(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-1"));
	identify(s, CONVERSATIONS, AT(1), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(4), ID("email", "a@example.it"), ID("chat", "v-2"));
	identify(s, CONTACTS, AT(4), ID("email", "b@example.it"));
	merge(s, 3, 4);
	assert_int_equal(resolve_id(s, 2)->contact->id, 3);

	/* By an id that it had once. */
	erase(s, 2);
	for (uint64_t id = 1; id <= 4; id++)
		expect_no_contact(s, id);
	assert_int_equal(owner(s, "chat", "v-1"), 0);
	assert_int_equal(owner(s, "email", "b@example.it"), 0);
	expect_totals(s, "0 0 0");
	assert_int_equal(identify(s, CONVERSATIONS, AT(5), ID("chat", "v-1")), 5);
	expect_sound(s);
}

static void
test_R30_who_is_not_there_cannot_go(struct scene *s)
{
	expect_erase_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", { .contact_id = 1 });
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_erase_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", { .contact_id = 0 });
	expect_erase_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", { .contact_id = 2 });
	erase(s, 1);
	expect_erase_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id", { .contact_id = 1 });
	expect_erase_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "contact_id",
	    { .contact_id = 1, .suppress = true, .request_id = "r-1" });
}

static void
test_R30_what_an_erasing_must_say(struct scene *s)
{
	char *longest = scene_print(s, "%0128d", 1);
	char *too_long = scene_print(s, "%0129d", 1);
	char *too_long_id = scene_print(s, "%065d", 1);

	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	expect_erase_error(
	    s, "INVALID_ARGUMENT", "OPERATOR_MISSING", "operator", { .contact_id = 1, .operator_name = "" });
	expect_erase_error(s, "INVALID_ARGUMENT", "FIELD_INVALID", "operator",
	    { .contact_id = 1, .operator_name = too_long });
	expect_erase_error(s, "INVALID_ARGUMENT", "FIELD_INVALID", "request_id",
	    { .contact_id = 1, .request_id = too_long_id });
	expect_contact(s, 1, "email=a@example.it");
	erase_with(s, { .contact_id = 1, .operator_name = longest, .request_id = too_long_id + 1 });
	expect_no_contact(s, 1);
}

/* Contact 1 holds a@ and 2 holds b@; 2 is offered a@, which 1 owns, and CITY. */
static void
offer_owned(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "c-2"), ID("email", "b@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("ext_id", "c-2"), ID("email", "a@example.it"),
	    TEXT("CITY", "Bari"), IN("t-1"));
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it CITY=Roma ?email=a@example.it^1 ?CITY=Bari");
}

static void
test_R30_secondaries_that_name_it_close(struct scene *s)
{
	uint64_t version;

	scene_use(s, NULL);
	offer_owned(s);
	version = resolve_id(s, 2)->contact->version;
	erase(s, 1);
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it CITY=Roma ?CITY=Bari");
	assert_int_equal(resolve_id(s, 2)->contact->version, version + 1);
	/* The other stays, and can still be promoted. */
	promote(s, 2, "CITY=Bari");
	expect_sound(s);
}

/* An identifier that is offered without its owner, for it has one only since. */
static void
test_R30_secondaries_that_offer_an_identifier_of_it_close(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), ID("email", "b@example.it"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("email", "a@example.it"));
	expect_contact(s, 1, "email=b@example.it chat=v-1 ?email=a@example.it");
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"));
	erase(s, 2);
	expect_contact(s, 1, "email=b@example.it chat=v-1");
	expect_sound(s);
}

static void
test_R30_secondaries_that_name_an_alias_or_an_absorbed_id_close(struct scene *s)
{
	scene_use(s, NULL);
	offer_owned(s);
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"));
	merge(s, 3, 1);
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it CITY=Roma ?email=a@example.it^1 ?CITY=Bari");
	erase(s, 3);
	expect_contact(s, 2, "ext_id=c-2 email=b@example.it CITY=Roma ?CITY=Bari");
	expect_no_contact(s, 1);
	assert_int_equal(owner(s, "email", "a@example.it"), 0);
	expect_sound(s);
}

static void
test_R30_the_journal_tells_of_others_without_it(struct scene *s)
{
	char *journal;

	scene_use(s, NULL);
	offer_owned(s);
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"));
	erase(s, 1);
	journal = journal_of(s);
	assert_non_null(strstr(journal, "CONVERSATIONS 2 "));
	assert_non_null(strstr(journal, "[OWNER email OFFER"));
	assert_non_null(strstr(journal, "ERASE anna 0/0 [8 ]"));
	/* Its own first entry is gone. */
	assert_null(strstr(journal, "CONTACTS 1 1\n"));
	assert_non_null(strstr(journal, "CONTACTS 2 1\n"));

	/* The second one to go leaves only that both went. */
	erase(s, 2);
	journal = journal_of(s);
	assert_string_equal(
	    journal, "CONTACTS 3 1\nCONTACTS 1 3 ERASE anna 0/0\nCONTACTS 2 3 ERASE anna 0/0\n");
}

static void
test_R30_a_kept_answer_that_told_of_it_is_gone(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), REQUEST_ID("r-1"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "c-2"), ID("email", "b@example.it"), REQUEST_ID("r-2"));
	identify(
	    s, CONVERSATIONS, AT(2), ID("ext_id", "c-2"), ID("email", "a@example.it"), REQUEST_ID("r-3"));
	erase_with(s, { .contact_id = 1, .request_id = "r-4" });
	for (int i = 0; i < 2; i++) {
		expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONTACTS, AT(1),
		    ID("email", "a@example.it"), REQUEST_ID("r-1"));
		expect_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id", CONTACTS, AT(1),
		    ID("email", "c@example.it"), REQUEST_ID("r-1"));
		/* The answer named it as an owner. */
		expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONVERSATIONS, AT(2),
		    ID("ext_id", "c-2"), ID("email", "a@example.it"), REQUEST_ID("r-3"));
		expect_replayed(
		    s, CONTACTS, AT(1), ID("ext_id", "c-2"), ID("email", "b@example.it"), REQUEST_ID("r-2"));
		/* That it was erased is told as often as it is asked. */
		assert_int_equal(
		    erase_with(s, { .contact_id = 1, .request_id = "r-4", .replayed = true }), 4);
		expect_erase_error(s, "FAILED_PRECONDITION", "REQUEST_ID_REUSED", "request_id",
		    { .contact_id = 1, .suppress = true, .request_id = "r-4" });
		expect_sound(s);
	}
}

/* The answer shows a secondary that is closed with the erasing; it named no owner. */
static void
test_R30_a_kept_answer_that_has_its_identifier_is_gone(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("chat", "v-1"), ID("email", "b@example.it"), REQUEST_ID("r-1"));
	identify(s, CONVERSATIONS, AT(2), ID("chat", "v-1"), ID("email", "a@example.it"), REQUEST_ID("r-2"));
	identify(s, CONTACTS, AT(3), ID("email", "a@example.it"));
	erase(s, 2);
	expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONVERSATIONS, AT(2), ID("chat", "v-1"),
	    ID("email", "a@example.it"), REQUEST_ID("r-2"));
	expect_replayed(
	    s, CONTACTS, AT(1), ID("chat", "v-1"), ID("email", "b@example.it"), REQUEST_ID("r-1"));
	expect_sound(s);
}

/* The same number in another namespace is another identifier, and so is one that another
 * one begins with. */
static void
test_R30_a_kept_answer_that_has_only_the_like_stays(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("phone", "+390612345678"),
	    TEXT("CITY", "Bari"), REQUEST_ID("r-1"));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"), ID("ext_id", "b"));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"), ID("landline", "+390612345678"),
	    ID("chat", "Bari"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "c@example.it"), ID("phone", "+390612345678"),
	    REQUEST_ID("r-2"));
	expect_contact(
	    s, 2, "ext_id=b email=c@example.it landline=+390612345678 chat=Bari ?phone=+390612345678^1");
	erase(s, 2);
	expect_replayed(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("phone", "+390612345678"),
	    TEXT("CITY", "Bari"), REQUEST_ID("r-1"));
	expect_error(s, "NOT_FOUND", "CONTACT_NOT_FOUND", "", CONVERSATIONS, AT(2),
	    ID("email", "c@example.it"), ID("phone", "+390612345678"), REQUEST_ID("r-2"));
	expect_sound(s);
}

static void
test_R30_suppressed_identifiers_are_refused(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("ext_id", "c-1"), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), REQUEST_ID("r-1"));
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"), ID("phone", "+390612345678"));
	merge(s, 1, 3);
	erase_with(s, { .contact_id = 1, .suppress = true });
	for (int i = 0; i < 2; i++) {
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[0].value",
		    CONTACTS, AT(2), ID("email", " A@Example.it"));
		/* By its place in the request, whatever the order they are decided in. */
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[2].value",
		    CONTACTS, AT(2), ID("push", "d-9"), ID("email", "b@example.it"), ID("ext_id", "c-1"));
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[1].value",
		    CONTACTS, AT(2), ID("push", "d-9"), ID("email", "a@example.it"), ID("ext_id", "c-1"));
		/* An alias as well, and what it is asked to only say. */
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[0].value", PUSH,
		    AT(2), ID("email", "c@example.it"), VALIDATE_ONLY);
		/* A number is refused in the namespace that it was held in. */
		expect_error(s, "FAILED_PRECONDITION", "IDENTIFIER_SUPPRESSED", "identifiers[0].value",
		    CONVERSATIONS, AT(2), ID("phone", "+390612345678"));
		identify(s, CONTACTS, AT(2), ID("landline", "+390612345678"));
		/* Devices say nothing of who holds them. */
		identify(s, CONTACTS, AT(2), ID("push", "d-1"));
		/* What was answered before is answered again. */
		expect_replayed(s, CONTACTS, AT(1), ID("email", "b@example.it"), REQUEST_ID("r-1"));
		expect_sound(s);
	}
}

static void
test_R30_suppressed_is_the_accounts_own(struct scene *s)
{
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	erase_with(s, { .contact_id = 1, .suppress = true });
	snprintf(s->account, sizeof(s->account), "another");
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	expect_contact(s, 1, "email=a@example.it CITY=Roma");
}

static void
test_R30_not_suppressed_comes_back_as_somebody_new(struct scene *s)
{
	identify(s, CONTACTS, AT(5), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	erase(s, 1);
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Bari")), 2);
	expect_outcome(s, CREATED);
	expect_contact(s, 2, "email=a@example.it CITY=Bari");
}

/* A secondary that was dismissed is nobody's any more: not even a digest of it is left. */
static void
test_R30_dismissals_go(struct scene *s)
{
	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	dismiss(s, 1, "CITY=Bari");
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"));
	expect_sound(s);
	erase(s, 1);
	expect_sound(s);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), TEXT("CITY", "Bari"));
	expect_contact(s, 3, "email=a@example.it CITY=Roma ?CITY=Bari");
}

static const Anagraph__V1__ExplainResponse *
explain(struct scene *s, uint64_t contact_id)
{
	Anagraph__V1__ExplainRequest request = ANAGRAPH__V1__EXPLAIN_REQUEST__INIT;

	request.account = s->account;
	request.contact_id = contact_id;
	return call(s, METHOD("Explain"), &request, &anagraph__v1__explain_response__descriptor);
}

/* The first entry of a contact's journal that has a conflict. */
static const Anagraph__V1__JournalEntry *
find_disputed(struct scene *s, uint64_t contact_id)
{
	const Anagraph__V1__ExplainResponse *response = explain(s, contact_id);

	for (size_t i = 0; i < response->n_entries; i++) {
		if (response->entries[i]->n_conflicts > 0)
			return response->entries[i];
	}
	fail_msg("contact %llu has had no conflict", (unsigned long long)contact_id);
	return NULL;
}

/* An entry about another contact: its own attributes stay, and so do its own conflicts. */
static void
test_R30_what_is_told_of_others_stays(struct scene *s)
{
	const Anagraph__V1__JournalEntry *entry;
	const Anagraph__V1__Conflict *conflict;

	scene_use(s, NULL);
	offer_owned(s);
	entry = find_disputed(s, 2);
	assert_int_equal(entry->n_identifiers, 2);
	assert_int_equal(entry->n_conflicts, 2);
	assert_false(entry->redacted);
	erase(s, 1);

	entry = find_disputed(s, 2);
	assert_true(entry->redacted);
	assert_int_equal(entry->contact_id, 2);
	assert_int_equal(entry->n_identifiers, 1);
	assert_string_equal(entry->identifiers[0]->value, "c-2");
	assert_int_equal(entry->n_attributes, 1);
	assert_string_equal(entry->attributes[0]->string_value, "Bari");
	assert_string_equal(entry->claim->conversation, "t-1");
	assert_int_equal(entry->n_conflicts, 2);
	conflict = entry->conflicts[0];
	assert_int_equal(conflict->kind, ANAGRAPH__V1__CONFLICT_KIND__CONFLICT_KIND_OWNER);
	assert_string_equal(conflict->name, "email");
	assert_int_equal(conflict->owner_contact_id, 1);
	assert_int_equal(conflict->verdict, ANAGRAPH__V1__VERDICT__VERDICT_OFFER);
	assert_string_equal(conflict->policy->id, "chat_primary");
	assert_int_equal(conflict->stored->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET);
	assert_int_equal(conflict->incoming->value_case, ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET);
	assert_int_equal(conflict->stored->claim->source, CONTACTS);
	conflict = entry->conflicts[1];
	assert_string_equal(conflict->name, "CITY");
	assert_string_equal(conflict->stored->string_value, "Roma");
	assert_string_equal(conflict->incoming->string_value, "Bari");
	expect_sound(s);
}

/* An entry about the contact that goes: of the other it has the device alone. */
static void
test_R30_what_was_told_of_it_is_gone(struct scene *s)
{
	const Anagraph__V1__JournalEntry *entry;

	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"), TEXT("CITY", "Roma"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), ID("chat", "v-2"));
	identify(s, CONVERSATIONS, AT(0), ID("email", "a@example.it"), ID("chat", "v-2"),
	    TEXT("CITY", "Bari"), IN("t-1"));
	expect_contact(s, 2, "email=b@example.it chat=v-2");
	erase(s, 1);
	entry = find_disputed(s, 2);
	assert_true(entry->redacted);
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->n_identifiers, 1);
	assert_string_equal(entry->identifiers[0]->value, "v-2");
	assert_int_equal(entry->n_attributes, 0);
	assert_string_equal(entry->claim->conversation, "");
	for (size_t i = 0; i < entry->n_conflicts; i++) {
		const Anagraph__V1__Conflict *conflict = entry->conflicts[i];
		bool of_city = strcmp(conflict->name, "CITY") == 0;

		assert_int_equal(
		    conflict->stored->value_case == ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET, of_city);
		assert_int_equal(
		    conflict->incoming->value_case == ANAGRAPH__V1__CLAIMED_VALUE__VALUE__NOT_SET, of_city);
		assert_string_equal(conflict->incoming->claim->conversation, "");
	}
	assert_int_equal(entry->n_conflicts, 2);
	expect_sound(s);
}

/* An entry about the contact that goes, all of whose values are others' by now: it says
 * nevertheless that it is not what it was. */
static void
test_R30_an_entry_with_nothing_to_take_out_is_redacted(struct scene *s)
{
	const Anagraph__V1__JournalEntry *entry;

	scene_use(s, NULL);
	identify(s, CONVERSATIONS, AT(3), ID("push", "d-1"), ID("ext_id", "c-1"));
	identify(s, CONTACTS, AT(1), ID("phone", "+390612345678"));
	assert_int_equal(identify(s, CONTACTS, AT(1), ID("whatsapp", "+390612345678"), ID("push", "d-1")), 2);
	identify(s, CONTACTS, AT(1), ID("email", "c@example.it"));
	assert_int_equal(
	    identify(s, CONTACTS, AT(2), ID("email", "c@example.it"), ID("whatsapp", "+390612345678")), 3);
	expect_contact(s, 2, "phone=+390612345678");
	erase(s, 2);
	entry = find_disputed(s, 1);
	assert_int_equal(entry->contact_id, 2);
	assert_true(entry->redacted);
	assert_int_equal(entry->n_identifiers, 2);
	assert_string_equal(entry->conflicts[0]->stored->string_value, "d-1");
	expect_sound(s);
}

/* Somebody's name has letters in it that are an identifier of the contact that goes. */
static void
test_R30_a_name_that_has_an_identifier_in_it_stays(struct scene *s)
{
	const Anagraph__V1__ExplainResponse *story;
	unsigned absorptions = 0;

	scene_use(s, NULL);
	identify(s, CONTACTS, AT(1), ID("email", "a@example.it"));
	identify(s, CONTACTS, AT(1), ID("email", "b@example.it"), TEXT("FIRST_NAME", "Anna"),
	    TEXT("LAST_NAME", "Rossi"));
	identify(s, CONTACTS, AT(1), ID("ext_id", "Anna"), ID("phone", "+390612345678"));
	merge(s, 1, 2);
	identify(s, CONVERSATIONS, AT(2), ID("email", "a@example.it"), ID("phone", "+390612345678"));
	erase(s, 3);
	story = explain(s, 1);
	for (size_t i = 0; i < story->n_entries; i++) {
		for (size_t j = 0; j < story->entries[i]->n_absorptions; j++, absorptions++)
			assert_string_equal(
			    story->entries[i]->absorptions[j]->before->display_name, "Anna Rossi");
	}
	assert_int_equal(absorptions, 1);
	expect_sound(s);
}

/* An entry about the contact that goes, by which another lost a device to it. */
static void
test_R30_a_loss_to_it_stays_in_the_losers_history(struct scene *s)
{
	const Anagraph__V1__JournalEntry *entry = NULL;
	const Anagraph__V1__ExplainResponse *story;

	scene_use(s, NULL);
	identify(s, PUSH, AT(0), ID("email", "a@example.it"), ID("push", "d-1"));
	identify(s, PUSH, AT(1), ID("email", "z@example.it"), ID("push", "d-1"));
	expect_contact(s, 1, "email=a@example.it");
	expect_contact(s, 2, "email=z@example.it push=d-1");
	erase(s, 2);
	story = explain(s, 1);
	for (size_t i = 0; i < story->n_entries; i++) {
		if (story->entries[i]->sequence == 2)
			entry = story->entries[i];
	}
	assert_non_null(entry);
	assert_true(entry->redacted);
	assert_int_equal(entry->n_losses, 1);
	assert_int_equal(entry->losses[0]->contact_id, 1);
	assert_int_equal(entry->losses[0]->cause, ANAGRAPH__V1__LOSS_CAUSE__LOSS_CAUSE_ERASED);
	assert_int_equal(entry->losses[0]->value->offered_case, ANAGRAPH__V1__SECONDARY__OFFERED__NOT_SET);
	assert_int_equal(entry->n_identifiers, 0);
	expect_sound(s);
}

/* Of five people at one number there are four left: a sixth is the fifth, a seventh too many. */
static void
expect_room_for_one(struct scene *s)
{
	identify(s, CONTACTS, AT(6), ID("ext_id", "c-6"), ID("email", "p6@example.it"),
	    ID("landline", "+390612345678"));
	assert_int_equal(s->answer->n_shared_identifiers, 0);
	identify(s, CONTACTS, AT(7), ID("ext_id", "c-7"), ID("email", "p7@example.it"),
	    ID("landline", "+390612345678"));
	assert_int_equal(s->answer->n_shared_identifiers, 1);
}

/* N6: who was erased counts no longer among those that a switchboard was named with. */
static void
test_R30_companions_go(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	/* Five people at one number, which the first of them holds; a sixth would be too many. */
	for (int i = 1; i <= 5; i++)
		identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "c-%d", i)),
		    ID("email", scene_print(s, "p%d@example.it", i)), ID("landline", "+390612345678"));
	erase(s, resolve(s, "email", "p3@example.it")->contact->id);
	expect_sound(s);
	expect_room_for_one(s);
	expect_sound(s);
}

static void
test_R30_companions_go_though_the_journal_is_gone(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	for (int i = 1; i <= 5; i++)
		identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "c-%d", i)),
		    ID("email", scene_print(s, "p%d@example.it", i)), ID("landline", "+390612345678"));
	scene_stop(s);
	store_expire_journal(service_data_dir(s->service), s->account);
	scene_start(s);
	erase(s, resolve(s, "email", "p3@example.it")->contact->id);
	expect_sound(s);
	expect_room_for_one(s);
}

/* The event by which the number came to be too many people's changed nothing, so that no
 * journal has it. */
static void
test_R30_companions_go_that_no_journal_had(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(1), ID("email", "p0@example.it"));
	for (int i = 1; i <= 5; i++)
		identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "c-%d", i)),
		    ID("email", scene_print(s, "p%d@example.it", i)), ID("landline", "+390612345678"));
	identify(s, CONTACTS, AT(6), ID("email", "p0@example.it"), ID("landline", "+390612345678"));
	assert_int_equal(s->answer->n_shared_identifiers, 1);
	expect_outcome(s, UNCHANGED);
	erase(s, 1);
	expect_sound(s);
	identify(s, CONTACTS, AT(7), ID("email", "p1@example.it"), ID("landline", "+390612345678"));
	assert_int_equal(s->answer->n_shared_identifiers, 0);
}

/* A number that it gave up once, and that is nobody's: others have named it too, and how many
 * goes on to count. */
static void
test_R30_what_others_named_too_is_theirs_as_well(struct scene *s)
{
	scene_use(s, NULL);
	s->repeats = false;
	identify(s, CONTACTS, AT(0), ID("ext_id", "c-0"), ID("email", "p0@example.it"),
	    ID("landline", "+390612345678"));
	for (int i = 1; i <= 4; i++)
		identify(s, CONTACTS, AT(i), ID("ext_id", scene_print(s, "c-%d", i)),
		    ID("email", scene_print(s, "p%d@example.it", i)), ID("landline", "+390612345678"));
	identify(s, CONTACTS, AT(5), ID("ext_id", "c-4"), ID("landline", "+390612345679"));
	assert_int_equal(owner(s, "landline", "+390612345678"), 0);
	erase(s, 1);
	expect_sound(s);
	expect_room_for_one(s);
	expect_sound(s);
}

/* Who sends events into a store that is full. */
struct sender {
	struct scene *s;
	struct client *client;
	unsigned number;
	unsigned refused;
	struct client_status status; /* of the last event that was not refused as it should be */
	int result;
	pthread_t thread;
};

/* Whoever reads keeps what is freed meanwhile from being used again, and a busy machine may
 * stop them for long: so the tenth of the map that is left for erasing has room for all that
 * is erased here, if nothing were ever used again. */
enum { MAP_MIB = 8, SENDERS = 4, SENT = 50, NOTE_BYTES = 1000, ENOUGH_TO_FILL = 20000, ERASED = 6 };

/* Sends one event about the push subscription d-NUMBER. 0; CLIENT_E_STATUS. */
static int
fill(struct client *client, struct client_status *status, const char *account, unsigned number,
    const char *note)
{
	Anagraph__V1__Identifier identifier = ANAGRAPH__V1__IDENTIFIER__INIT;
	Anagraph__V1__Identifier *identifiers[] = { &identifier };
	Anagraph__V1__Attribute attribute = ANAGRAPH__V1__ATTRIBUTE__INIT;
	Anagraph__V1__Attribute *attributes[] = { &attribute };
	Anagraph__V1__IdentifyRequest request = ANAGRAPH__V1__IDENTIFY_REQUEST__INIT;
	Anagraph__V1__IdentifyResponse *response = NULL;
	char device[32];
	int result;

	snprintf(device, sizeof(device), "d-%u", number);
	identifier.namespace_ = "push";
	identifier.value = device;
	attribute.name = "NOTE";
	attribute.value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attribute.string_value = (char *)(uintptr_t)note;
	request.account = (char *)(uintptr_t)account;
	request.source = PUSH;
	request.identifiers = identifiers;
	request.n_identifiers = 1;
	request.attributes = attributes;
	request.n_attributes = 1;
	result = client_identify(&response, status, client, &request);
	if (result == 0)
		anagraph__v1__identify_response__free_unpacked(response, NULL);
	return result;
}

static void *
send_all(void *context)
{
	struct sender *sender = context;

	for (unsigned i = 0; i < SENT; i++) {
		struct client_status status = { 0 };
		int result = fill(sender->client, &status, sender->s->account,
		    ENOUGH_TO_FILL + sender->number * SENT + i, "x");

		if (result == CLIENT_E_STATUS && strcmp(status.reason, "STORE_FULL") == 0) {
			sender->refused++;
		} else {
			sender->result = result;
			sender->status = status;
		}
	}
	return NULL;
}

/* Erasing goes on where nothing else does, whatever waits with it to be written. */
static void
test_R30_a_full_store_still_erases(struct scene *s)
{
	const char *const arguments[] = { "--map-size-mib", scene_print(s, "%d", MAP_MIB), NULL };
	const struct service_options options = { .arguments = arguments };
	struct sender senders[SENDERS];
	char note[NOTE_BYTES + 1];
	struct client_status status;
	unsigned written = 0;

	memset(note, 'n', NOTE_BYTES);
	note[NOTE_BYTES] = '\0';
	scene_use(s, &options);
	while (written < ENOUGH_TO_FILL && fill(s->client, &status, s->account, written, note) == 0)
		written++;
	assert_string_equal(status.reason, "STORE_FULL");
	assert_in_range(written, ERASED + 1, ENOUGH_TO_FILL - 1);
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .s = s, .number = i };
		assert_int_equal(client_create(&senders[i].client, service_target(s->service)), 0);
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
	}
	for (unsigned i = 1; i <= ERASED; i++)
		erase_with(s, { .contact_id = i, .request_id = scene_print(s, "r-%u", i) });
	for (unsigned i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		if (senders[i].refused != SENT)
			fail_msg("%u of %d are refused: %d %s %s", senders[i].refused, SENT,
			    senders[i].result, client_code_name(senders[i].status.code),
			    senders[i].status.reason);
		client_destroy(senders[i].client);
	}
	expect_totals(s, scene_print(s, "0 %u 0", written - ERASED));
	expect_no_contact(s, ERASED);
	erase_with(s, { .contact_id = 1, .request_id = "r-1", .replayed = true });
	expect_sound(s);
}

int
main(void)
{
	static const struct scene_test tests[] = {
		STOCK_TEST(test_R30_record_identifiers_and_totals_go),
		STOCK_TEST(test_R30_all_that_leads_to_it_goes),
		STOCK_TEST(test_R30_who_is_not_there_cannot_go),
		STOCK_TEST(test_R30_what_an_erasing_must_say),
		STOCK_TEST(test_R30_secondaries_that_name_it_close),
		STOCK_TEST(test_R30_secondaries_that_offer_an_identifier_of_it_close),
		STOCK_TEST(test_R30_secondaries_that_name_an_alias_or_an_absorbed_id_close),
		STOCK_TEST(test_R30_the_journal_tells_of_others_without_it),
		STOCK_TEST(test_R30_a_kept_answer_that_told_of_it_is_gone),
		STOCK_TEST(test_R30_a_kept_answer_that_has_its_identifier_is_gone),
		STOCK_TEST(test_R30_a_kept_answer_that_has_only_the_like_stays),
		STOCK_TEST(test_R30_suppressed_identifiers_are_refused),
		STOCK_TEST(test_R30_suppressed_is_the_accounts_own),
		STOCK_TEST(test_R30_not_suppressed_comes_back_as_somebody_new),
		STOCK_TEST(test_R30_dismissals_go),
		STOCK_TEST(test_R30_what_is_told_of_others_stays),
		STOCK_TEST(test_R30_what_was_told_of_it_is_gone),
		STOCK_TEST(test_R30_an_entry_with_nothing_to_take_out_is_redacted),
		STOCK_TEST(test_R30_a_name_that_has_an_identifier_in_it_stays),
		STOCK_TEST(test_R30_a_loss_to_it_stays_in_the_losers_history),
		STOCK_TEST(test_R30_companions_go),
		STOCK_TEST(test_R30_companions_go_though_the_journal_is_gone),
		STOCK_TEST(test_R30_companions_go_that_no_journal_had),
		STOCK_TEST(test_R30_what_others_named_too_is_theirs_as_well),
		STOCK_TEST(test_R30_a_full_store_still_erases),
	};

	return scene_main(tests);
}
