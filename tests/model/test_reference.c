/* The model itself, on the example that every reader knows and on a few cases worked
 * out by hand: a yardstick has to be looked at before something is measured by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/history.h"
#include "tests/model/reference.h"

enum { MOST_FACTS = 6 };

static struct model_fact
id(enum namespace_id namespace_id, const char *value)
{
	return model_identifier(namespace_id, value, "");
}

static struct model_fact
text(const char *name, const char *value)
{
	return model_attribute(name, model_string(value));
}

#define FACTS(...) ((const struct model_fact[MOST_FACTS]){ __VA_ARGS__ })

static const struct model_entry *
identify(struct model *model, enum source source, int64_t at, const struct model_fact facts[MOST_FACTS])
{
	struct model_event event = { .source = source, .observed_at_us = at };
	const struct model_entry *entry;

	for (size_t i = 0; i < MOST_FACTS && facts[i].name[0] != '\0'; i++)
		model_event_add(&event, &facts[i]);
	entry = model_identify(model, &event);
	model_event_finish(&event);
	return entry;
}

static void
describe(char out[256], const struct model *model, uint64_t contact_id)
{
	const struct model_contact *contact = model->contacts[contact_id - 1];
	size_t size = 0;

	out[0] = '\0';
	for (size_t i = 0; i < contact->fact_count; i++)
		size += (size_t)snprintf(
		    out + size, 256 - size, "%s=%s ", contact->facts[i].name, contact->facts[i].value.string);
	for (size_t i = 0; i < contact->secondary_count; i++)
		size += (size_t)snprintf(out + size, 256 - size, "?%s=%s ", contact->secondaries[i].fact.name,
		    contact->secondaries[i].fact.value.string);
	if (contact->engaged)
		snprintf(out + size, 256 - size, "@ ");
}

#define assert_contact(model, contact_id, expected)                                                          \
	do {                                                                                                 \
		char described[256];                                                                         \
		describe(described, model, contact_id);                                                      \
		assert_string_equal(described, expected);                                                    \
	} while (0)

static void
assert_totals(const struct model *model, uint64_t identified, uint64_t push, uint64_t chat)
{
	struct model_totals totals = model_recount(model);

	assert_int_equal(totals.identified, identified);
	assert_int_equal(totals.anonymous_push, push);
	assert_int_equal(totals.anonymous_chat, chat);
}

/* Rossi and Bianchi, without the operator. */
static void
test_model_plays_rossi_and_bianchi(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;
	uint64_t *forwarded;
	size_t forwarded_count;

	(void)state;
	identify(model, SOURCE_CONTACTS, 10,
	    FACTS(id(NAMESPACE_EMAIL, "rossi@example.it"), text("FIRST_NAME", "Mario"),
		text("LAST_NAME", "Rossi")));
	assert_totals(model, 1, 0, 0);
	entry = identify(model, SOURCE_CONVERSATIONS, 20, FACTS(id(NAMESPACE_CHAT, "v-81")));
	assert_int_equal(entry->contact_id, 2);
	assert_totals(model, 1, 0, 1);
	entry = identify(model, SOURCE_CONVERSATIONS, 30,
	    FACTS(id(NAMESPACE_CHAT, "v-81"), id(NAMESPACE_EMAIL, "rossi@example.it"),
		text("LAST_NAME", "Bianchi")));
	assert_int_equal(entry->outcome, OUTCOME_IDENTIFIED);
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->revision, 3);
	assert_int_equal(entry->absorbed_count, 1);
	assert_int_equal(entry->conflict_count, 1);
	assert_int_equal(entry->conflicts[0].verdict, VERDICT_OFFER);
	assert_contact(model, 1,
	    "email=rossi@example.it chat=v-81 FIRST_NAME=Mario LAST_NAME=Rossi ?LAST_NAME=Bianchi @ ");
	assert_totals(model, 1, 0, 0);
	assert_ptr_equal(model_resolve(&forwarded, &forwarded_count, model, 2), model->contacts[0]);
	assert_int_equal(forwarded_count, 1);
	free(forwarded);

	identify(model, SOURCE_PUSH, 40,
	    FACTS(id(NAMESPACE_PUSH, "d-1"), id(NAMESPACE_EMAIL, "rossi@example.it"),
		text("LAST_NAME", "Verdi")));
	assert_contact(model, 1,
	    "email=rossi@example.it chat=v-81 push=d-1 FIRST_NAME=Mario LAST_NAME=Verdi ?LAST_NAME=Bianchi "
	    "@ ");
	entry = identify(
	    model, SOURCE_PUSH, 5, FACTS(id(NAMESPACE_EMAIL, "rossi@example.it"), text("LAST_NAME", "Neri")));
	assert_int_equal(entry->conflicts[0].verdict, VERDICT_KEEP);
	assert_int_equal(entry->outcome, OUTCOME_UNCHANGED);
	assert_int_equal(entry->revision, 4);
	assert_int_equal(entry->sequence, 5);
	identify(model, SOURCE_CONTACTS, 50,
	    FACTS(id(NAMESPACE_EMAIL, "rossi@example.it"), text("LAST_NAME", "Bianchi")));
	assert_contact(
	    model, 1, "email=rossi@example.it chat=v-81 push=d-1 FIRST_NAME=Mario LAST_NAME=Bianchi @ ");
	model_destroy(model);
}

static void
test_model_separates_who_shares_a_device(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_PUSH, 10,
	    FACTS(
		id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_PUSH, "old"), text("FIRST_NAME", "Anna")));
	identify(model, SOURCE_PUSH, 90, FACTS(id(NAMESPACE_PUSH, "new"), id(NAMESPACE_PUSH, "old")));
	identify(model, SOURCE_PUSH, 20, FACTS(id(NAMESPACE_PUSH, "old"), id(NAMESPACE_CHAT, "c")));
	entry = identify(model, SOURCE_PUSH, 50,
	    FACTS(id(NAMESPACE_EMAIL, "b@example.it"), id(NAMESPACE_CHAT, "c"), id(NAMESPACE_PUSH, "new"),
		text("FIRST_NAME", "Bruno")));
	assert_int_equal(entry->outcome, OUTCOME_CREATED);
	assert_int_equal(entry->conflict_count, 2);
	assert_int_equal(entry->conflicts[0].kind, CONFLICT_IDENTITY);
	assert_int_equal(entry->conflicts[1].kind, CONFLICT_OWNER);
	assert_int_equal(entry->conflicts[1].verdict, VERDICT_KEEP);
	assert_contact(model, 2, "email=b@example.it chat=c FIRST_NAME=Bruno ");
	assert_contact(model, 1, "email=a@example.it push=new push=old FIRST_NAME=Anna ");
	assert_int_equal(model->contacts[0]->version, 4);
	model_destroy(model);
}

static void
test_model_absorbs_who_is_left_as_nobody(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_PUSH, 10,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_PUSH, "a"), text("CITY", "Bari")));
	identify(model, SOURCE_PUSH, 10,
	    FACTS(id(NAMESPACE_EXT_ID, "x"), id(NAMESPACE_EMAIL, "x@example.it"), text("CITY", "Como")));
	entry = identify(
	    model, SOURCE_PUSH, 20, FACTS(id(NAMESPACE_EXT_ID, "x"), id(NAMESPACE_EMAIL, "a@example.it")));
	assert_int_equal(entry->outcome, OUTCOME_UPDATED);
	assert_int_equal(entry->absorbed_count, 1);
	assert_int_equal(entry->absorbed[0].fact_count, 3);
	assert_int_equal(entry->conflict_count, 2);
	assert_int_equal(entry->conflicts[0].kind, CONFLICT_OWNER);
	assert_int_equal(entry->conflicts[1].kind, CONFLICT_VALUE);
	assert_int_equal(entry->conflicts[1].verdict, VERDICT_KEEP);
	assert_int_equal(entry->loss_count, 2);
	assert_contact(model, 2, "ext_id=x email=a@example.it push=a CITY=Como ");
	assert_totals(model, 1, 0, 0);
	model_destroy(model);
}

static void
test_model_releases_the_least_of_too_many(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry = NULL;
	char value[16];

	(void)state;
	for (int64_t i = 0; i < MODEL_DEVICES + 1; i++) {
		snprintf(value, sizeof(value), "v-%ld", (long)i);
		entry = identify(model, SOURCE_CONVERSATIONS, i == 40 ? 1 : 100 + i,
		    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_CHAT, value)));
	}
	assert_int_equal(model->contacts[0]->fact_count, MODEL_DEVICES + 1);
	assert_int_equal(entry->loss_count, 1);
	assert_string_equal(entry->losses[0].value.fact.value.string, "v-40");
	entry = identify(model, SOURCE_CONVERSATIONS, 0,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_CHAT, "late")));
	assert_int_equal(entry->outcome, OUTCOME_UNCHANGED);
	assert_int_equal(entry->loss_count, 1);
	assert_int_not_equal(entry->sequence, 0);
	for (int64_t i = 0; i < MODEL_SECONDARIES + 2; i++) {
		snprintf(value, sizeof(value), "City %ld", (long)i);
		entry = identify(model, SOURCE_CONVERSATIONS, 200 - i,
		    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("CITY", value)));
	}
	assert_int_equal(model->contacts[0]->secondary_count, MODEL_SECONDARIES);
	assert_int_equal(model->last_secondary_id, MODEL_SECONDARIES);
	assert_int_equal(entry->losses[0].cause, LOSS_SUPERSEDED);
	assert_int_equal(entry->losses[0].value.id, 0);
	model_destroy(model);
}

static void
test_model_finds_a_number_across_phone_and_whatsapp(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_PUSH, 10, FACTS(id(NAMESPACE_WHATSAPP, "+393471200000")));
	identify(model, SOURCE_PUSH, 10, FACTS(id(NAMESPACE_CHAT, "c"), text("FIRST_NAME", "Anna")));
	entry = identify(model, SOURCE_CONVERSATIONS, 20,
	    FACTS(id(NAMESPACE_PHONE, "+393471200000"), id(NAMESPACE_CHAT, "c")));
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->conflicts[0].kind, CONFLICT_OWNER);
	assert_int_equal(entry->conflicts[0].verdict, VERDICT_TAKE);
	assert_int_equal(entry->absorbed_count, 1);
	assert_contact(model, 1, "phone=+393471200000 whatsapp=+393471200000 chat=c FIRST_NAME=Anna @ ");
	model_destroy(model);
}

/* R27 is a consequence of the others, so the model has to keep it by itself. It does
 * within the limits: what a full contact had to release is free again, and the same
 * event may then take its place. */
static void
test_R27_model_takes_no_event_twice(void **state)
{
	struct random random = { .state = 27 };
	size_t repeated = 0;

	(void)state;
	for (enum history_kind kind = HISTORY_COUPLE; kind <= HISTORY_FULL; kind++) {
		struct history history = { 0 };
		struct model *model = model_create();

		history_make(&history, &random, kind, 400);
		for (size_t i = 0; i < history.count; i++) {
			const struct model_event *event = &history.steps[i].event;
			const struct model_entry *entry;
			uint64_t revision;
			uint64_t contact_id;

			if (history.steps[i].action != ACTION_IDENTIFY ||
			    event->observed_at_us >= MODEL_AHEAD)
				continue;
			entry = model_identify(model, event);
			revision = entry->revision;
			contact_id = entry->contact_id;
			entry = model_identify(model, event);
			assert_int_equal(entry->outcome, OUTCOME_UNCHANGED);
			assert_int_equal(entry->revision, revision);
			assert_int_equal(entry->contact_id, contact_id);
			assert_true(
			    entry->sequence == 0 || entry->conflict_count > 0 || entry->loss_count > 0);
			repeated++;
		}
		model_destroy(model);
		history_finish(&history);
	}
	assert_true(repeated > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_plays_rossi_and_bianchi),
		cmocka_unit_test(test_model_separates_who_shares_a_device),
		cmocka_unit_test(test_model_absorbs_who_is_left_as_nobody),
		cmocka_unit_test(test_model_releases_the_least_of_too_many),
		cmocka_unit_test(test_model_finds_a_number_across_phone_and_whatsapp),
		cmocka_unit_test(test_R27_model_takes_no_event_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
