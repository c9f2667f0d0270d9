/* The model's operators, shared identifiers and repeated requests, on cases worked out by
 * hand, before the service is measured by them. */
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

static struct model_fact
yes_or_no(const char *name, bool boolean)
{
	return model_attribute(name, (struct model_value){ .type = VALUE_BOOL, .boolean = boolean });
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

static struct model_contact *
contact_of(const struct model *model, uint64_t contact_id)
{
	return model->contacts[contact_id - 1];
}

/* An act on a contact as it is, on its first secondary. */
static struct model_request
act(const struct model *model, enum action action, uint64_t contact_id)
{
	const struct model_contact *contact = contact_of(model, contact_id);
	struct model_request request = { .action = action,
		.operator_name = "anna",
		.contact_id = contact_id,
		.contact_version = contact->version };

	if (contact->secondary_count > 0)
		request.secondary_id = contact->secondaries[0].id;
	return request;
}

static const struct model_entry *
merge(struct model *model, uint64_t surviving_id, uint64_t absorbed_id)
{
	struct model_request request = act(model, ACTION_MERGE, surviving_id);

	request.absorbed_id = absorbed_id;
	request.absorbed_version = contact_of(model, absorbed_id)->version;
	return model_play(model, &request);
}

static const struct model_entry *
erase(struct model *model, uint64_t contact_id, bool suppress)
{
	struct model_request request = { .action = ACTION_ERASE,
		.operator_name = "anna",
		.contact_id = contact_id,
		.suppress = suppress };

	return model_play(model, &request);
}

/* Aliases with a ~ before them, secondaries with a ?. */
static void
describe(char out[256], const struct model *model, uint64_t contact_id)
{
	const struct model_contact *contact = contact_of(model, contact_id);
	size_t size = 0;

	out[0] = '\0';
	for (size_t i = 0; i < contact->fact_count; i++) {
		const struct model_fact *fact = &contact->facts[i];
		const char *value = fact->value.boolean ? "yes" : fact->value.string;

		size += (size_t)snprintf(
		    out + size, 256 - size, "%s%s=%s ", fact->alias ? "~" : "", fact->name, value);
	}
	for (size_t i = 0; i < contact->secondary_count; i++)
		size += (size_t)snprintf(out + size, 256 - size, "?%s=%s ", contact->secondaries[i].fact.name,
		    contact->secondaries[i].fact.value.string);
}

#define assert_contact(model, contact_id, expected)                                                          \
	do {                                                                                                 \
		char described[256];                                                                         \
		describe(described, model, contact_id);                                                      \
		assert_string_equal(described, expected);                                                    \
	} while (0)

#define assert_loss(entry, at, expected_cause, expected_string)                                              \
	do {                                                                                                 \
		assert_true((at) < (entry)->loss_count);                                                     \
		assert_int_equal((entry)->losses[at].cause, expected_cause);                                 \
		assert_string_equal((entry)->losses[at].value.fact.value.string, expected_string);           \
	} while (0)

static void
test_R24_model_promotes(void **state)
{
	struct model *model = model_create();
	struct model_request request;
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_CONTACTS, 10,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Rossi")));
	identify(model, SOURCE_CONVERSATIONS, 20,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Bianchi")));
	request = act(model, ACTION_PROMOTE, 1);
	request.contact_version = 1;
	assert_int_equal(model_play(model, &request)->refusal, MODEL_VERSION_MISMATCH);
	request.contact_version = 2;
	entry = model_play(model, &request);
	assert_int_equal(entry->refusal, MODEL_TAKEN_IN);
	assert_int_equal(entry->outcome, OUTCOME_UPDATED);
	assert_loss(entry, 0, LOSS_PROMOTED, "Bianchi");
	assert_loss(entry, 1, LOSS_TAKEN, "Rossi");
	assert_contact(model, 1, "email=a@example.it LAST_NAME=Bianchi ");
	assert_int_equal(model_play(model, &request)->refusal, MODEL_VERSION_MISMATCH);
	request.contact_version = 3;
	assert_int_equal(model_play(model, &request)->refusal, MODEL_SECONDARY_NOT_FOUND);
	identify(
	    model, SOURCE_PUSH, 30, FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Verdi")));
	assert_contact(model, 1, "email=a@example.it LAST_NAME=Bianchi ");
	identify(model, SOURCE_PUSH, MODEL_UNTIMED,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Verdi")));
	assert_contact(model, 1, "email=a@example.it LAST_NAME=Verdi ");
	model_destroy(model);
}

static void
test_R24_model_brings_back_only_what_is_later(void **state)
{
	struct model *model = model_create();
	const struct model_fact *said =
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Bianchi"));
	struct model_request request;
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_CONTACTS, 10,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), text("LAST_NAME", "Rossi")));
	identify(model, SOURCE_CONVERSATIONS, 20, said);
	request = act(model, ACTION_DISMISS, 1);
	entry = model_play(model, &request);
	assert_loss(entry, 0, LOSS_DISMISSED, "Bianchi");
	entry = identify(model, SOURCE_CONVERSATIONS, 30, said);
	assert_int_equal(entry->outcome, OUTCOME_UNCHANGED);
	assert_int_equal(entry->conflicts[0].verdict, VERDICT_OFFER);
	assert_contact(model, 1, "email=a@example.it LAST_NAME=Rossi ");
	identify(model, SOURCE_CONVERSATIONS, MODEL_UNTIMED, said);
	assert_contact(model, 1, "email=a@example.it LAST_NAME=Rossi ?LAST_NAME=Bianchi ");
	model_destroy(model);
}

static void
test_R24_model_promotes_no_identifier_of_another(void **state)
{
	struct model *model = model_create();
	struct model_request request;
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_CONTACTS, 10, FACTS(id(NAMESPACE_EMAIL, "a@example.it")));
	identify(model, SOURCE_CONTACTS, 10, FACTS(id(NAMESPACE_PHONE, "+393471200000")));
	identify(model, SOURCE_CONVERSATIONS, 20,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_PHONE, "+393471200000")));
	request = act(model, ACTION_PROMOTE, 1);
	entry = model_play(model, &request);
	assert_int_equal(entry->refusal, MODEL_IDENTIFIER_OWNED);
	assert_int_equal(entry->refused_owner_id, 2);
	entry = merge(model, 1, 2);
	assert_loss(entry, 0, LOSS_AGREED, "+393471200000");
	assert_contact(model, 1, "email=a@example.it phone=+393471200000 ");
	model_destroy(model);
}

static void
test_R29_model_merges(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;

	(void)state;
	identify(model, SOURCE_CONTACTS, 10,
	    FACTS(id(NAMESPACE_EMAIL, "a@example.it"), id(NAMESPACE_CHAT, "a"), text("CITY", "Bari"),
		yes_or_no("NEWS", true)));
	identify(model, SOURCE_CONTACTS, 20,
	    FACTS(id(NAMESPACE_EMAIL, "b@example.it"), id(NAMESPACE_PHONE, "+393471200000"),
		text("CITY", "Como"), text("FIRST_NAME", "Anna"), yes_or_no("NEWS", false)));
	identify(model, SOURCE_CONTACTS, 30, FACTS(id(NAMESPACE_EMAIL, "c@example.it")));
	entry = merge(model, 1, 2);
	assert_int_equal(entry->outcome, OUTCOME_UPDATED);
	assert_int_equal(entry->absorbed_count, 1);
	assert_int_equal(entry->loss_count, 1);
	assert_contact(model, 1,
	    "email=a@example.it ~email=b@example.it phone=+393471200000 chat=a CITY=Bari "
	    "FIRST_NAME=Anna NEWS= ");
	assert_int_equal(merge(model, 1, 2)->refusal, MODEL_MERGE_INVALID);
	merge(model, 1, 3);
	entry = identify(model, SOURCE_PUSH, 40, FACTS(id(NAMESPACE_EMAIL, "b@example.it")));
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->outcome, OUTCOME_UNCHANGED);

	/* Somebody else takes its e-mail: the alias seen last is the e-mail from then on. */
	identify(model, SOURCE_CONTACTS, 50, FACTS(id(NAMESPACE_EXT_ID, "x")));
	identify(model, SOURCE_CONTACTS, 50,
	    FACTS(id(NAMESPACE_EXT_ID, "x"), id(NAMESPACE_EMAIL, "a@example.it")));
	assert_contact(model, 1,
	    "email=b@example.it ~email=c@example.it phone=+393471200000 chat=a CITY=Bari "
	    "FIRST_NAME=Anna NEWS= ");
	/* And the alias: there it is the e-mail. */
	identify(model, SOURCE_CONTACTS, 60,
	    FACTS(id(NAMESPACE_EXT_ID, "x"), id(NAMESPACE_EMAIL, "c@example.it")));
	assert_contact(model, 4, "ext_id=x email=c@example.it ");
	assert_contact(
	    model, 1, "email=b@example.it phone=+393471200000 chat=a CITY=Bari FIRST_NAME=Anna NEWS= ");
	model_destroy(model);
}

static void
test_R30_model_erases(void **state)
{
	struct model *model = model_create();
	struct model_request named = { .action = ACTION_IDENTIFY, .request_id = "r-1" };
	const struct model_entry *entry;
	uint64_t revision;

	(void)state;
	named.event = (struct model_event){ .source = SOURCE_CONTACTS, .observed_at_us = 10 };
	model_event_add(&named.event, FACTS(id(NAMESPACE_EMAIL, "a@example.it")));
	model_play(model, &named);
	identify(model, SOURCE_CONTACTS, 10, FACTS(id(NAMESPACE_PHONE, "+393471200000")));
	identify(model, SOURCE_CONTACTS, 10, FACTS(id(NAMESPACE_EXT_ID, "x")));
	identify(model, SOURCE_CONVERSATIONS, 20,
	    FACTS(id(NAMESPACE_EXT_ID, "x"), id(NAMESPACE_EMAIL, "a@example.it")));
	merge(model, 2, 1);
	assert_int_not_equal(model_play(model, &named)->replay_of, 0);
	assert_contact(model, 3, "ext_id=x ?email=a@example.it ");
	revision = model->revision;
	entry = erase(model, 1, true);
	assert_int_equal(entry->refusal, MODEL_TAKEN_IN);
	assert_int_equal(entry->revision, revision + 1);
	assert_int_equal(entry->contact_id, 2);
	assert_loss(entry, 0, LOSS_ERASED, "");
	assert_contact(model, 3, "ext_id=x ");
	assert_int_equal(contact_of(model, 3)->version, 3);
	assert_null(model_living(model, 1));
	assert_null(model_living(model, 2));
	assert_int_equal(model->entries[0].sequence, 0);
	assert_true(model->entries[3].redacted);
	assert_int_equal(erase(model, 1, true)->refusal, MODEL_CONTACT_NOT_FOUND);
	assert_int_equal(model_play(model, &named)->refusal, MODEL_CONTACT_NOT_FOUND);
	named.request_id[0] = '\0';
	assert_int_equal(model_play(model, &named)->refusal, MODEL_IDENTIFIER_SUPPRESSED);
	model_request_finish(&named);
	entry = identify(model, SOURCE_CONTACTS, 10, FACTS(id(NAMESPACE_EXT_ID, "y")));
	assert_int_equal(entry->contact_id, 4);
	model_destroy(model);
}

/* Customers who give the shop's own address. */
static void
give_inbox(struct model *model, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char number[16];

		snprintf(number, sizeof(number), "+3934712%05u", i);
		identify(model, SOURCE_CONTACTS, 10 + i,
		    FACTS(id(NAMESPACE_EMAIL, "info@example.it"), id(NAMESPACE_PHONE, number)));
	}
}

static void
test_N6_model_leaves_shared_identifiers_alone(void **state)
{
	struct model *model = model_create();
	const struct model_entry *entry;

	(void)state;
	give_inbox(model, 0, 5);
	assert_int_equal(model->contact_count, 1);
	assert_contact(model, 1, "email=info@example.it phone=+393471200004 ");
	give_inbox(model, 4, 5);
	assert_int_equal(model->contact_count, 1);
	give_inbox(model, 5, 7);
	assert_int_equal(model->contact_count, 3);
	assert_contact(model, 1, "email=info@example.it phone=+393471200004 ");
	assert_contact(model, 2, "phone=+393471200005 ");
	entry = identify(model, SOURCE_CONVERSATIONS, 90,
	    FACTS(id(NAMESPACE_EMAIL, "info@example.it"), id(NAMESPACE_PHONE, "+393471200005"),
		text("CITY", "Bari")));
	assert_int_equal(entry->contact_id, 2);
	assert_int_equal(entry->shared_count, 1);
	assert_int_equal(entry->conflict_count, 0);
	entry = identify(
	    model, SOURCE_CONTACTS, 99, FACTS(id(NAMESPACE_EMAIL, "info@example.it"), text("CITY", "Como")));
	assert_int_equal(entry->contact_id, 1);
	assert_int_equal(entry->shared_count, 1);
	assert_int_equal(erase(model, 2, false)->refusal, MODEL_TAKEN_IN);
	assert_int_equal(erase(model, 3, false)->refusal, MODEL_TAKEN_IN);
	entry = identify(
	    model, SOURCE_CONTACTS, 120, FACTS(id(NAMESPACE_EMAIL, "info@example.it"), text("CITY", "Como")));
	assert_int_equal(entry->shared_count, 0);
	model_destroy(model);
}

static void
test_R28_model_foretells(void **state)
{
	struct random random = { .state = 28 };
	size_t foretold = 0;

	(void)state;
	for (enum history_kind kind = 0; kind < HISTORY_KIND_COUNT; kind++) {
		struct history history = { 0 };
		struct model *model = model_create();

		history_make(&history, &random, kind, 150);
		for (size_t i = 0; i < history.count; i++) {
			struct model_request request = history_request(&history.steps[i], model);
			bool can = request.action == ACTION_IDENTIFY || request.action == ACTION_MERGE;
			uint64_t numbers[] = { model->revision, model->contact_count,
				model->last_secondary_id, model->companion_count };
			enum outcome outcome;
			size_t conflicts;

			if (can) {
				bool only_asks = request.validate_only;
				const struct model_entry *entry;

				request.validate_only = true;
				entry = model_play(model, &request);
				outcome = entry->outcome;
				conflicts = entry->conflict_count;
				assert_int_equal(model->revision, numbers[0]);
				assert_int_equal(model->contact_count, numbers[1]);
				assert_int_equal(model->last_secondary_id, numbers[2]);
				assert_int_equal(model->companion_count, numbers[3]);
				request.validate_only = only_asks;
				entry = model_play(model, &request);
				assert_int_equal(entry->outcome, outcome);
				assert_int_equal(entry->conflict_count, conflicts);
				foretold += entry->refusal == MODEL_TAKEN_IN;
			} else {
				model_play(model, &request);
			}
			model_request_finish(&request);
		}
		model_destroy(model);
		history_finish(&history);
	}
	assert_true(foretold > 700);
}

/* What always holds, whatever is asked for: nobody owns what another one owns, a personal
 * namespace has one value, which is there as soon as it has aliases, and no secondary is
 * held. */
static void
expect_sound(const struct model *model)
{
	for (size_t i = 0; i < model->contact_count; i++) {
		const struct model_contact *contact = model->contacts[i];
		size_t held[NAMESPACE_COUNT] = { 0 };
		size_t aliases[NAMESPACE_COUNT] = { 0 };

		if (contact->erased || contact->forward_to != 0)
			assert_int_equal(contact->fact_count + contact->secondary_count, 0);
		for (size_t j = 0; j < contact->fact_count; j++) {
			const struct model_fact *fact = &contact->facts[j];

			if (fact->namespace_id != NAMESPACE_NONE)
				assert_int_equal(model_owner(model, fact), contact->id);
			if (fact->alias)
				aliases[fact->namespace_id]++;
			else
				held[fact->namespace_id]++;
			for (size_t k = 0; k < contact->secondary_count; k++)
				assert_int_not_equal(
				    model_fact_order(&contact->secondaries[k].fact, fact), 0);
		}
		for (enum namespace_id n = NAMESPACE_EXT_ID; n <= NAMESPACE_LANDLINE; n++) {
			assert_true(held[n] <= 1);
			assert_true(held[n] == 1 || aliases[n] == 0);
		}
	}
}

static void
test_model_stays_sound(void **state)
{
	struct random random = { .state = 1 };
	size_t aliases = 0;

	(void)state;
	for (enum history_kind kind = 0; kind < HISTORY_KIND_COUNT; kind++) {
		struct history history = { 0 };
		struct model *model = model_create();

		history_make(&history, &random, kind, 150);
		for (size_t i = 0; i < history.count; i++) {
			struct model_request request = history_request(&history.steps[i], model);
			const struct model_entry *entry = model_play(model, &request);

			if (i % 5 == 0)
				expect_sound(model);
			for (size_t j = 0; j < entry->contact.fact_count; j++)
				aliases += entry->contact.facts[j].alias;
			model_request_finish(&request);
		}
		model_destroy(model);
		history_finish(&history);
	}
	assert_true(aliases > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R24_model_promotes),
		cmocka_unit_test(test_R24_model_brings_back_only_what_is_later),
		cmocka_unit_test(test_R24_model_promotes_no_identifier_of_another),
		cmocka_unit_test(test_R29_model_merges),
		cmocka_unit_test(test_R30_model_erases),
		cmocka_unit_test(test_N6_model_leaves_shared_identifiers_alone),
		cmocka_unit_test(test_R28_model_foretells),
		cmocka_unit_test(test_model_stays_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
