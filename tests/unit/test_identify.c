/* The decision on its own: every cell of the verdict table, and what stands in for a
 * policy that has no answer. A scripted decider plays the policy; the neighbourhood is
 * laid out by hand. The same rules are driven through gRPC in tests/service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/identify.h"
#include "rules/namespaces.h"
#include "rules/normalize.h"

enum { ARENA_BYTES = 1024 * 1024, STORED_AT = 1000, EVENT_AT = 2000 };

/* What the decider answers, and what it was asked. */
struct script {
	int answer;
	uint32_t verdict;
	unsigned asked;
	unsigned settled[FALLBACK_COUNT];
	uint32_t kind;
	uint32_t name_class;
	bool displaced;
	bool device;
	uint64_t stored_contact_id;
};

static int
scripted_ask(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	static const struct policy_identity scripted = { { (const uint8_t *)"scripted", 8 },
		{ (const uint8_t *)"1", 1 }, { (const uint8_t *)"b", 1 } };
	struct script *script = context;

	assert_int_equal(source, SOURCE_PUSH);
	script->asked++;
	script->kind = conflict->kind;
	script->name_class = conflict->name_class;
	script->displaced = conflict->displaced != NULL;
	script->device = conflict->device != NULL;
	script->stored_contact_id = conflict->stored->contact_id;
	verdict->verdict = script->verdict;
	memcpy(verdict->reason, "SCRIPTED", sizeof("SCRIPTED"));
	*identity = &scripted;
	return script->answer;
}

static void
scripted_settled(void *context, enum source source, enum fallback fallback)
{
	struct script *script = context;

	assert_int_equal(source, SOURCE_PUSH);
	script->settled[fallback]++;
}

/* A small world: contact 1 is Mario with an e-mail, a LAST_NAME and a device; contact
 * 2 is somebody else with an e-mail, a phone and a device. */
struct world {
	struct arena arena;
	struct identifier identifiers[2][3];
	struct attribute attributes[1];
	struct contact contacts[2];
	struct neighbourhood known;
	uint64_t owner_ids[3];
	struct companions companions[3];
	struct digest_key key;
	struct identifier event_identifiers[3];
	struct attribute event_attributes[2];
	struct event event;
	struct script script;
	struct decider decider;
	struct changeset changeset;
};

static struct claim
claim_at(enum source source, int64_t observed_at_us)
{
	return (struct claim){ .source = source, .observed_at_us = observed_at_us, .recorded_at_us = 5000 };
}

static struct identifier
identifier_at(enum namespace_id namespace_id, const char *value, int64_t observed_at_us)
{
	return (struct identifier){
		.namespace_id = namespace_id,
		.value = bytes_of_string(value),
		.claim = claim_at(SOURCE_PUSH, observed_at_us),
	};
}

static struct attribute
attribute_at(const char *name, const char *value, int64_t observed_at_us)
{
	return (struct attribute){
		.name = bytes_of_string(name),
		.value = { .type = VALUE_STRING, .string = bytes_of_string(value) },
		.claim = claim_at(SOURCE_PUSH, observed_at_us),
	};
}

static void
world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	arena_init(&world->arena, ARENA_BYTES);
	digest_key_complete(&world->key);
	world->identifiers[0][0] = identifier_at(NAMESPACE_EMAIL, "mario@example.it", STORED_AT);
	world->identifiers[0][1] = identifier_at(NAMESPACE_PUSH, "d-1", STORED_AT);
	world->attributes[0] = attribute_at("LAST_NAME", "Rossi", STORED_AT);
	world->identifiers[1][0] = identifier_at(NAMESPACE_EMAIL, "luigi@example.it", STORED_AT);
	world->identifiers[1][1] = identifier_at(NAMESPACE_PHONE, "+393331234567", STORED_AT);
	world->identifiers[1][2] = identifier_at(NAMESPACE_PUSH, "d-2", STORED_AT);
	for (size_t i = 0; i < 2; i++) {
		world->contacts[i] = (struct contact){
			.id = i + 1,
			.version = 1,
			.contact_class = CLASS_IDENTIFIED,
			.identifiers = world->identifiers[i],
			.identifier_count = i + 2,
		};
	}
	world->contacts[0].attributes = world->attributes;
	world->contacts[0].attribute_count = 1;
	world->known = (struct neighbourhood){
		.account = { .last_contact_id = 2,
		    .last_secondary_id = 7,
		    .revision = 9,
		    .journal_sequence = 11 },
		.key = &world->key,
		.owner_ids = world->owner_ids,
		.companions = world->companions,
		.contacts = world->contacts,
		.contact_count = 2,
	};
	world->known.account.class_counts[CLASS_IDENTIFIED] = 2;
	world->event = (struct event){
		.action = ACTION_IDENTIFY,
		.account = BYTES("shop"),
		.claim = claim_at(SOURCE_PUSH, EVENT_AT),
		.identifiers = world->event_identifiers,
		.attributes = world->event_attributes,
	};
	world->decider =
	    (struct decider){ .context = &world->script, .ask = scripted_ask, .settled = scripted_settled };
}

static void
name_identifier(struct world *world, enum namespace_id namespace_id, const char *value, uint64_t owner_id)
{
	size_t index = world->event.identifier_count++;

	world->event_identifiers[index] = identifier_at(namespace_id, value, EVENT_AT);
	world->owner_ids[index] = owner_id;
}

static void
name_attribute(struct world *world, const char *name, const char *value)
{
	world->event_attributes[world->event.attribute_count++] = attribute_at(name, value, EVENT_AT);
}

static void
decide(struct world *world)
{
	assert_int_equal(identify_decide(&world->changeset, &world->arena, &world->event, &world->known,
			     &settings_default()->defaults, &world->decider),
	    0);
}

/* Whether a contact holds a value after the event. */
static bool
holds(const struct world *world, uint64_t contact_id, enum namespace_id namespace_id, const char *value)
{
	const struct contact *contact = NULL;

	for (size_t i = 0; i < world->known.contact_count; i++) {
		if (world->contacts[i].id == contact_id)
			contact = &world->contacts[i];
	}
	for (size_t i = 0; i < world->changeset.contact_count; i++) {
		if (world->changeset.contacts[i].after.id == contact_id)
			contact = &world->changeset.contacts[i].after;
	}
	assert_non_null(contact);
	for (size_t i = 0; i < contact->identifier_count; i++) {
		if (contact->identifiers[i].namespace_id == namespace_id &&
		    bytes_equal(contact->identifiers[i].value, bytes_of_string(value)))
			return true;
	}
	return false;
}

static bool
attribute_is(const struct contact *contact, const char *name, const char *value)
{
	for (size_t i = 0; i < contact->attribute_count; i++) {
		if (bytes_equal(contact->attributes[i].name, bytes_of_string(name)))
			return bytes_equal(contact->attributes[i].value.string, bytes_of_string(value));
	}
	return false;
}

/* One cell of the table, and beside it every answer that has none. */
struct answer_case {
	int answer;
	uint32_t verdict;
	enum fallback fallback;
};

static const struct answer_case answers[] = {
	{ ANAGRAPH_DECIDED, VERDICT_KEEP, FALLBACK_NONE },
	{ ANAGRAPH_DECIDED, VERDICT_OFFER, FALLBACK_NONE },
	{ ANAGRAPH_DECIDED, VERDICT_TAKE, FALLBACK_NONE },
	{ ANAGRAPH_DECIDED, VERDICT_SEPARATE, FALLBACK_NONE }, /* INVALID but for IDENTITY */
	{ ANAGRAPH_DECIDED, 0, FALLBACK_INVALID },
	{ ANAGRAPH_DECIDED, VERDICT_SEPARATE + 1, FALLBACK_INVALID },
	{ ANAGRAPH_DEFER, VERDICT_TAKE, FALLBACK_DEFERRED },
	{ ANAGRAPH_DEFER + 1, VERDICT_TAKE, FALLBACK_DEFERRED },
	{ -1, VERDICT_TAKE, FALLBACK_FAILED },
	{ ASK_TIMED_OUT, VERDICT_TAKE, FALLBACK_TIMED_OUT },
	{ ASK_CRASHED, VERDICT_TAKE, FALLBACK_CRASHED },
	{ ASK_UNAVAILABLE, VERDICT_TAKE, FALLBACK_UNAVAILABLE },
};

enum { ANSWER_COUNT = sizeof(answers) / sizeof(answers[0]) };

/* The verdict that must be carried out for an answer. */
static enum verdict
expect_verdict(const struct answer_case *given, enum conflict_kind kind, enum fallback *fallback)
{
	*fallback = given->fallback;
	if (given->verdict == VERDICT_SEPARATE && given->answer == 0 && kind != CONFLICT_IDENTITY)
		*fallback = FALLBACK_INVALID;
	if (*fallback != FALLBACK_NONE)
		return kind == CONFLICT_OWNER ? VERDICT_KEEP : VERDICT_OFFER;
	return (enum verdict)given->verdict;
}

/* What every conflict must say of itself; returns the verdict to look at. */
static enum verdict
check_conflict(const struct world *world, const struct answer_case *given, enum conflict_kind kind)
{
	enum fallback fallback;
	enum verdict verdict = expect_verdict(given, kind, &fallback);
	const struct conflict *conflict = &world->changeset.conflicts[0];

	assert_int_equal(world->script.asked, 1);
	assert_int_equal(world->script.kind, kind);
	assert_int_equal(world->script.settled[fallback], 1);
	assert_int_equal(world->changeset.conflict_count, 1);
	assert_int_equal(conflict->kind, kind);
	assert_int_equal(conflict->verdict, verdict);
	assert_int_equal(conflict->fallback, fallback);
	assert_true(bytes_equal(conflict->policy.id, BYTES("scripted")));
	assert_true(bytes_equal(
	    conflict->reason, given->answer == 0 ? BYTES("SCRIPTED") : (struct bytes){ NULL, 0 }));
	assert_true(world->changeset.journalled);
	assert_int_equal(world->changeset.account.journal_sequence, 12);
	return verdict;
}

static void
test_verdict_table_VALUE_of_an_attribute(void **state)
{
	(void)state;
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		struct world world;
		enum verdict verdict;

		world_init(&world);
		world.script.answer = answers[i].answer;
		world.script.verdict = answers[i].verdict;
		name_identifier(&world, NAMESPACE_EMAIL, "mario@example.it", 1);
		name_attribute(&world, "LAST_NAME", "Bianchi");
		decide(&world);
		verdict = check_conflict(&world, &answers[i], CONFLICT_VALUE);

		assert_int_equal(world.script.name_class, ANAGRAPH_NAME_ATTRIBUTE);
		assert_true(attribute_is(
		    world.changeset.contact, "LAST_NAME", verdict == VERDICT_TAKE ? "Bianchi" : "Rossi"));
		assert_int_equal(world.changeset.contact->secondary_count, verdict == VERDICT_OFFER);
		assert_int_equal(world.changeset.loss_count, verdict == VERDICT_TAKE);
		assert_int_equal(world.changeset.account.last_secondary_id, verdict == VERDICT_OFFER ? 8 : 7);
		assert_int_equal(world.changeset.account.revision, verdict == VERDICT_KEEP ? 9 : 10);
		assert_int_equal(
		    world.changeset.outcome, verdict == VERDICT_KEEP ? OUTCOME_UNCHANGED : OUTCOME_UPDATED);
		arena_finish(&world.arena);
	}
}

static void
test_verdict_table_VALUE_of_a_personal_identifier(void **state)
{
	(void)state;
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		struct world world;
		enum verdict verdict;

		world_init(&world);
		world.script.answer = answers[i].answer;
		world.script.verdict = answers[i].verdict;
		name_identifier(&world, NAMESPACE_EMAIL, "luigi@example.it", 2);
		name_identifier(&world, NAMESPACE_PHONE, "+393339999999", 0);
		decide(&world);
		verdict = check_conflict(&world, &answers[i], CONFLICT_VALUE);

		assert_int_equal(world.script.name_class, ANAGRAPH_NAME_PERSONAL);
		assert_int_equal(holds(&world, 2, NAMESPACE_PHONE, "+393339999999"), verdict == VERDICT_TAKE);
		assert_int_equal(holds(&world, 2, NAMESPACE_PHONE, "+393331234567"), verdict != VERDICT_TAKE);
		assert_int_equal(world.changeset.ownership_count, verdict == VERDICT_TAKE ? 2 : 0);
		assert_int_equal(world.changeset.contact->secondary_count, verdict == VERDICT_OFFER);
		arena_finish(&world.arena);
	}
}

/* R12: contact 1 is named by its e-mail beside an identifier of contact 2. */
static void
check_owner(enum namespace_id namespace_id, const char *value, uint32_t name_class)
{
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		struct world world;
		enum verdict verdict;

		world_init(&world);
		world.script.answer = answers[i].answer;
		world.script.verdict = answers[i].verdict;
		name_identifier(&world, NAMESPACE_EMAIL, "mario@example.it", 1);
		name_identifier(&world, namespace_id, value, 2);
		decide(&world);
		verdict = check_conflict(&world, &answers[i], CONFLICT_OWNER);

		assert_int_equal(world.script.name_class, name_class);
		assert_int_equal(world.script.stored_contact_id, 2);
		assert_int_equal(world.changeset.conflicts[0].owner_contact_id, 2);
		assert_int_equal(holds(&world, 1, namespace_id, value), verdict == VERDICT_TAKE);
		assert_int_equal(holds(&world, 2, namespace_id, value), verdict != VERDICT_TAKE);
		assert_int_equal(world.changeset.contact->secondary_count, verdict == VERDICT_OFFER);
		if (verdict == VERDICT_OFFER)
			assert_int_equal(world.changeset.contact->secondaries[0].owner_contact_id, 2);
		assert_int_equal(world.changeset.absorption_count, 0);
		arena_finish(&world.arena);
	}
}

static void
test_verdict_table_OWNER_of_a_personal_identifier(void **state)
{
	(void)state;
	check_owner(NAMESPACE_PHONE, "+393331234567", ANAGRAPH_NAME_PERSONAL);
}

static void
test_verdict_table_OWNER_of_a_device(void **state)
{
	(void)state;
	check_owner(NAMESPACE_PUSH, "d-2", ANAGRAPH_NAME_DEVICE);
}

static void
test_verdict_table_OWNER_releases_the_displaced_value_on_TAKE_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		struct world world;
		enum verdict verdict;

		world_init(&world);
		/* Contact 1 is found by its ext_id, which replaces its device here. */
		world.identifiers[0][1] = world.identifiers[0][0];
		world.identifiers[0][0] = identifier_at(NAMESPACE_EXT_ID, "c-1", STORED_AT);
		world.script.answer = answers[i].answer;
		world.script.verdict = answers[i].verdict;
		name_identifier(&world, NAMESPACE_EXT_ID, "c-1", 1);
		name_identifier(&world, NAMESPACE_EMAIL, "luigi@example.it", 2);
		decide(&world);
		verdict = check_conflict(&world, &answers[i], CONFLICT_OWNER);

		assert_true(world.script.displaced);
		assert_int_equal(
		    holds(&world, 1, NAMESPACE_EMAIL, "mario@example.it"), verdict != VERDICT_TAKE);
		assert_int_equal(
		    holds(&world, 1, NAMESPACE_EMAIL, "luigi@example.it"), verdict == VERDICT_TAKE);
		assert_int_equal(world.changeset.loss_count, verdict == VERDICT_TAKE ? 2 : 0);
		arena_finish(&world.arena);
	}
}

static void
test_verdict_table_IDENTITY(void **state)
{
	(void)state;
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		struct world world;
		enum verdict verdict;
		bool taken;

		world_init(&world);
		world.script.answer = answers[i].answer;
		world.script.verdict = answers[i].verdict;
		name_identifier(&world, NAMESPACE_EMAIL, "new@example.it", 0);
		name_identifier(&world, NAMESPACE_PUSH, "d-1", 1);
		name_attribute(&world, "COLOR", "red");
		name_attribute(&world, "LAST_NAME", "Bianchi");
		decide(&world);
		verdict = check_conflict(&world, &answers[i], CONFLICT_IDENTITY);
		taken = verdict == VERDICT_TAKE;

		assert_true(world.script.device);
		assert_int_equal(holds(&world, 1, NAMESPACE_EMAIL, "mario@example.it"), !taken);
		assert_int_equal(holds(&world, 1, NAMESPACE_EMAIL, "new@example.it"), taken);
		assert_int_equal(holds(&world, 1, NAMESPACE_PUSH, "d-1"), verdict != VERDICT_SEPARATE);
		assert_int_equal(world.changeset.contact->secondary_count, verdict == VERDICT_OFFER ? 3 : 0);
		assert_int_equal(world.changeset.contact->id, verdict == VERDICT_SEPARATE ? 3 : 1);
		assert_int_equal(attribute_is(world.changeset.contact, "LAST_NAME", "Bianchi"),
		    taken || verdict == VERDICT_SEPARATE);
		assert_int_equal(attribute_is(world.changeset.contact, "COLOR", "red"),
		    taken || verdict == VERDICT_SEPARATE);
		assert_int_equal(world.changeset.account.class_counts[CLASS_IDENTIFIED],
		    verdict == VERDICT_SEPARATE ? 3 : 2);
		if (verdict == VERDICT_SEPARATE) {
			assert_int_equal(world.changeset.outcome, OUTCOME_CREATED);
			assert_true(holds(&world, 3, NAMESPACE_EMAIL, "new@example.it"));
			assert_true(holds(&world, 3, NAMESPACE_PUSH, "d-1"));
		}
		arena_finish(&world.arena);
	}
}

/* Memory that runs out at any point leaves the outcome untouched. */
static void
test_decision_without_memory_changes_nothing(void **state)
{
	size_t failures = 0;
	int result = -1;

	(void)state;
	for (size_t limit_bytes = 0; result != 0; limit_bytes += 64) {
		struct world world;
		struct changeset untouched = { .outcome = OUTCOME_NONE, .conflict_count = 77 };

		world_init(&world);
		world.script.verdict = VERDICT_SEPARATE;
		name_identifier(&world, NAMESPACE_EMAIL, "new@example.it", 0);
		name_identifier(&world, NAMESPACE_PUSH, "d-1", 1);
		name_attribute(&world, "LAST_NAME", "Bianchi");
		arena_init(&world.arena, limit_bytes);
		result = identify_decide(&untouched, &world.arena, &world.event, &world.known,
		    &settings_default()->defaults, &world.decider);
		if (result != 0) {
			failures++;
			assert_int_equal(untouched.outcome, OUTCOME_NONE);
			assert_int_equal(untouched.conflict_count, 77);
		}
		arena_finish(&world.arena);
	}
	assert_true(failures > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict_table_VALUE_of_an_attribute),
		cmocka_unit_test(test_verdict_table_VALUE_of_a_personal_identifier),
		cmocka_unit_test(test_verdict_table_OWNER_of_a_personal_identifier),
		cmocka_unit_test(test_verdict_table_OWNER_of_a_device),
		cmocka_unit_test(test_verdict_table_OWNER_releases_the_displaced_value_on_TAKE_alone),
		cmocka_unit_test(test_verdict_table_IDENTITY),
		cmocka_unit_test(test_decision_without_memory_changes_nothing),
	};

	return cmocka_run_group_tests_name("identify", tests, NULL, NULL);
}
