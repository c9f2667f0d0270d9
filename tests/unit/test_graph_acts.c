/* What the store does for acts: where their ids lead, who owns what is offered, and
 * dismissals kept beside contacts. The six contacts of each test are strangers with a
 * browser each; 2 and 3 are part of 1, 2 through 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/graph/write.h"
#include "server/wire/messages.h"
#include "tests/unit/hand.h"

enum { MAP_BYTES = 64 * 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024, CONTACTS = 6 };

struct scene {
	struct hand_store store;
	struct hand hand;
	struct arena arena;
	struct neighbourhood known;
	struct graph_error error;
};

static int
set_up(void **test_state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	arena_init(&scene->arena, ARENA_BYTES);
	hand_store_create(&scene->store, MAP_BYTES);
	hand_store_open(&scene->store);
	hand_begin(&scene->hand, &scene->store, "shop");
	for (unsigned i = 1; i <= CONTACTS; i++) {
		char name[32];
		int size = snprintf(name, sizeof(name), "browser-%u", i);

		hand_create(&scene->hand, bytes_of(name, (size_t)size));
	}
	hand_absorb(&scene->hand, 3, 2);
	hand_absorb(&scene->hand, 1, 3);
	*test_state = scene;
	return 0;
}

static int
tear_down(void **test_state)
{
	struct scene *scene = *test_state;

	hand_end(&scene->hand);
	hand_store_destroy(&scene->store);
	arena_finish(&scene->arena);
	free(scene);
	return 0;
}

static void
begin(struct scene *scene)
{
	assert_int_equal(graph_write_begin(scene->store.graph), 0);
}

static void
commit(struct scene *scene)
{
	uint64_t txn;

	assert_int_equal(graph_commit(&txn, scene->store.graph, &scene->error), 0);
}

static int
load(struct scene *scene, enum action action, const struct act *act)
{
	const struct event event = { .action = action, .account = scene->hand.account, .act = *act };
	int result;

	begin(scene);
	result = graph_load_act(&scene->known, scene->store.graph, &scene->arena, &event, &scene->error);
	graph_abort(scene->store.graph);
	return result;
}

/* Applies a change of one contact to what it is after it. */
static void
change(struct scene *scene, const struct contact *before, const struct contact *after)
{
	const struct event event = {
		.action = ACTION_DISMISS,
		.account = scene->hand.account,
		.claim = { .source = SOURCE_CONTACTS, .observed_at_us = 5, .recorded_at_us = 5 },
		.act = { .operator_name = BYTES("anna"), .secondary_id = 1 },
	};
	struct contact_change contact_change = {
		.before = before,
		.after = *after,
		.revised = true,
		.dismissals_changed = true,
	};
	struct changeset changeset = {
		.outcome = OUTCOME_UPDATED,
		.contact = after,
		.account = scene->hand.numbers,
		.contacts = &contact_change,
		.contact_count = 1,
		.journalled = true,
	};
	struct bytes answer;

	changeset.account.revision++;
	changeset.account.journal_sequence++;
	changeset.account.dismissed_count -= before->dismissal_count > 0;
	changeset.account.dismissed_count += after->dismissal_count > 0;
	begin(scene);
	assert_int_equal(
	    graph_apply(&answer, scene->store.graph, &scene->arena, &event, &changeset, &scene->error), 0);
	commit(scene);
	scene->hand.numbers = changeset.account;
}

/* Gives a contact one dismissal, kept in dismissal. Returns what it is then. */
static struct contact
dismiss(struct scene *scene, uint64_t id, struct dismissal *dismissal)
{
	const struct contact *before = scene->hand.contacts[id];
	struct contact after = *before;

	*dismissal = (struct dismissal){ .name = BYTES("CITY"), .digest = { 1, 2, 3 }, .time_us = 77 };
	after.dismissals = dismissal;
	after.dismissal_count = 1;
	change(scene, before, &after);
	return after;
}

static void
test_R25_ids_of_an_act_follow_forwards(void **test_state)
{
	struct scene *scene = *test_state;

	assert_int_equal(load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 2 }), 0);
	assert_int_equal(scene->known.subject_id, 1);
	assert_int_equal(scene->known.absorbed_id, 0);
	assert_int_equal(scene->known.contact_count, 1);
	assert_int_equal(scene->known.contacts[0].id, 1);
	assert_int_equal(scene->known.contacts[0].identifier_count, 3);
	assert_memory_equal(&scene->known.account, &scene->hand.numbers, sizeof(struct account));
	assert_non_null(scene->known.key);

	assert_int_equal(
	    load(scene, ACTION_MERGE, &(const struct act){ .contact_id = 5, .absorbed_contact_id = 3 }), 0);
	assert_int_equal(scene->known.subject_id, 5);
	assert_int_equal(scene->known.absorbed_id, 1);
	assert_int_equal(scene->known.contact_count, 2);
	assert_int_equal(scene->known.contacts[0].id, 1);
	assert_int_equal(scene->known.contacts[1].id, 5);

	/* Twice the same is loaded once. */
	assert_int_equal(
	    load(scene, ACTION_MERGE, &(const struct act){ .contact_id = 1, .absorbed_contact_id = 2 }), 0);
	assert_int_equal(scene->known.absorbed_id, 1);
	assert_int_equal(scene->known.contact_count, 1);
}

static void
test_ids_that_lead_nowhere(void **test_state)
{
	static const uint64_t ids[] = { 0, CONTACTS + 1, UINT64_MAX };
	struct scene *scene = *test_state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(load(scene, ACTION_PROMOTE,
				     &(const struct act){ .contact_id = ids[i], .secondary_id = 1 }),
		    0);
		assert_int_equal(scene->known.subject_id, 0);
		assert_int_equal(scene->known.contact_count, 0);
		assert_int_equal(load(scene, ACTION_MERGE,
				     &(const struct act){ .contact_id = 4, .absorbed_contact_id = ids[i] }),
		    0);
		assert_int_equal(scene->known.subject_id, 4);
		assert_int_equal(scene->known.absorbed_id, 0);
	}
}

/* Contact 4 is offered a browser; who has it comes along. */
static void
expect_offered(struct scene *scene, const char *browser, uint64_t owner_id, size_t contact_count)
{
	struct secondary secondary = {
		.id = 1,
		.identifier = { .namespace_id = NAMESPACE_PUSH,
		    .value = bytes_of_string(browser),
		    .claim = { .source = SOURCE_CONVERSATIONS } },
	};
	const struct contact *before = scene->hand.contacts[4];
	struct contact after = *before;

	after.secondaries = &secondary;
	after.secondary_count = 1;
	scene->hand.numbers.last_secondary_id = 1;
	change(scene, before, &after);
	assert_int_equal(
	    load(scene, ACTION_PROMOTE, &(const struct act){ .contact_id = 4, .secondary_id = 1 }), 0);
	assert_int_equal(scene->known.offered_owner_id, owner_id);
	assert_int_equal(scene->known.contact_count, contact_count);
	/* Nobody asks whose it is to say that it is wrong. */
	assert_int_equal(
	    load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 4, .secondary_id = 1 }), 0);
	assert_int_equal(scene->known.offered_owner_id, 0);
	assert_int_equal(scene->known.contact_count, 1);
	/* Nor about a secondary that there is not. */
	assert_int_equal(
	    load(scene, ACTION_PROMOTE, &(const struct act){ .contact_id = 4, .secondary_id = 2 }), 0);
	assert_int_equal(scene->known.offered_owner_id, 0);
}

static void
test_R24_the_owner_of_what_is_offered(void **test_state)
{
	struct scene *scene = *test_state;

	expect_offered(scene, "browser-2", 1, 2);
	expect_offered(scene, "browser-6", 6, 2);
	expect_offered(scene, "browser-4", 4, 1);
	expect_offered(scene, "of-nobody", 0, 1);
}

static void
test_an_owner_that_is_no_holder_is_damaged(void **test_state)
{
	struct scene *scene = *test_state;
	uint8_t id[RECORD_ID_BYTES];
	struct key key;

	expect_offered(scene, "of-nobody", 0, 1);
	record_put_id(id, 6);
	key_identifier(&key, scene->hand.account, NAMESPACE_PUSH, BYTES("of-nobody"));
	begin(scene);
	assert_int_equal(table_put(scene->store.graph, TABLE_IDENTIFIER, &key, bytes_of(id, sizeof(id))), 0);
	commit(scene);
	assert_int_equal(
	    load(scene, ACTION_PROMOTE, &(const struct act){ .contact_id = 4, .secondary_id = 1 }),
	    GRAPH_E_DAMAGED);
	assert_non_null(strstr(scene->error.message, "leads to 6, which does not hold that value"));
}

static void
test_R24_dismissals_are_kept_beside_the_contact(void **test_state)
{
	struct scene *scene = *test_state;
	struct identifier named = { .namespace_id = NAMESPACE_PUSH, .value = BYTES("browser-5") };
	const struct event event = {
		.action = ACTION_IDENTIFY,
		.account = scene->hand.account,
		.identifiers = &named,
		.identifier_count = 1,
	};
	struct dismissal dismissal;
	struct contact after = dismiss(scene, 5, &dismissal);
	struct contact none = after;

	hand_store_expect_sound(&scene->store);
	assert_int_equal(load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 5 }), 0);
	assert_int_equal(scene->known.contacts[0].dismissal_count, 1);
	assert_memory_equal(scene->known.contacts[0].dismissals[0].digest, dismissal.digest, DIGEST_BYTES);
	assert_int_equal(scene->known.contacts[0].dismissals[0].time_us, 77);
	assert_int_equal(scene->known.account.dismissed_count, 1);
	/* Others have none. */
	assert_int_equal(load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 6 }), 0);
	assert_int_equal(scene->known.contacts[0].dismissal_count, 0);
	/* An event's owners have theirs, too. */
	begin(scene);
	assert_int_equal(
	    graph_load(&scene->known, scene->store.graph, &scene->arena, &event, &scene->error), 0);
	graph_abort(scene->store.graph);
	assert_int_equal(scene->known.contacts[0].dismissal_count, 1);

	none.dismissal_count = 0;
	change(scene, &after, &none);
	hand_store_expect_sound(&scene->store);
	assert_int_equal(load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 5 }), 0);
	assert_int_equal(scene->known.contacts[0].dismissal_count, 0);
}

/* Those of a contact that becomes part of another one go with its record. */
static void
test_R24_dismissals_of_an_absorbed_contact_are_deleted(void **test_state)
{
	struct scene *scene = *test_state;
	struct dismissal dismissal;
	struct contact after = dismiss(scene, 5, &dismissal);

	scene->hand.contacts[5] = &after;
	scene->hand.numbers.dismissed_count--;
	hand_absorb(&scene->hand, 6, 5);
	hand_store_expect_sound(&scene->store);
}

static void
put_dismissals(struct scene *scene, uint64_t id, struct bytes message)
{
	struct key key;

	key_number(&key, scene->hand.account, id);
	assert_int_equal(table_put(scene->store.graph, TABLE_DISMISSED, &key, message), 0);
}

/* The message of one dismissal. */
static struct bytes
some_message(struct scene *scene)
{
	struct dismissal dismissal = { .name = BYTES("CITY"), .time_us = 1 };
	const struct contact contact = { .dismissals = &dismissal, .dismissal_count = 1 };
	struct bytes message;

	assert_int_equal(dismissals_encode(&message, &scene->arena, &contact), 0);
	return message;
}

static void
plant_no_message(struct scene *scene)
{
	put_dismissals(scene, 5, BYTES("\xff"));
}

static void
plant_damaged(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 5);
	assert_int_equal(table_put_mark(scene->store.graph, TABLE_DISMISSED, &key), 0);
}

static void
plant_of_nobody(struct scene *scene)
{
	put_dismissals(scene, CONTACTS + 1, some_message(scene));
}

static void
plant_of_a_forward(struct scene *scene)
{
	put_dismissals(scene, 2, some_message(scene));
}

static void
plant_not_counted(struct scene *scene)
{
	put_dismissals(scene, 6, some_message(scene));
}

static void
plant_counted_and_missing(struct scene *scene)
{
	struct key key;

	key_number(&key, scene->hand.account, 5);
	assert_int_equal(table_delete(scene->store.graph, TABLE_DISMISSED, &key), 0);
}

static void
test_check_finds_each_kind_of_fault(void **test_state)
{
	static const struct {
		void (*plant)(struct scene *scene);
		const char *told;
	} faults[] = {
		{ plant_no_message, "shop: dismissed record 5 is no message of dismissals" },
		{ plant_damaged, "shop: dismissed record 5 is damaged" },
		{ plant_of_nobody, "dismissed: of 2 rows, 1 are of a contact" },
		{ plant_of_a_forward, "dismissed: of 2 rows, 1 are of a contact" },
		{ plant_not_counted, "dismissed is 1, a recount 2" },
		{ plant_counted_and_missing, "dismissed is 1, a recount 0" },
	};

	(void)test_state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct graph_error error;
		struct dismissal dismissal;
		struct scene *scene;
		void *state;

		set_up(&state);
		scene = state;
		dismiss(scene, 5, &dismissal);
		begin(scene);
		faults[i].plant(scene);
		commit(scene);
		error = hand_store_expect_damaged(&scene->store);
		if (strstr(error.message, faults[i].told) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", error.message, faults[i].told);
		tear_down(&state);
	}
}

static void
test_damaged_dismissals_are_named_to_a_write(void **test_state)
{
	struct scene *scene = *test_state;
	struct dismissal dismissal;

	dismiss(scene, 5, &dismissal);
	begin(scene);
	plant_no_message(scene);
	commit(scene);
	assert_int_equal(
	    load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 5 }), GRAPH_E_DAMAGED);
	assert_non_null(strstr(scene->error.message, "account shop: dismissed record 5"));
	begin(scene);
	plant_damaged(scene);
	commit(scene);
	assert_int_equal(
	    load(scene, ACTION_DISMISS, &(const struct act){ .contact_id = 5 }), GRAPH_E_DAMAGED);
	assert_non_null(strstr(scene->error.message, "account shop: dismissed record 5"));
}

static void
test_running_out_of_memory_is_told(void **test_state)
{
	struct scene *scene = *test_state;
	const struct event event = {
		.action = ACTION_MERGE,
		.account = scene->hand.account,
		.act = { .contact_id = 5, .absorbed_contact_id = 2 },
	};
	struct dismissal dismissal;
	unsigned failures = 0;
	int result = -ENOMEM;

	dismiss(scene, 5, &dismissal);
	begin(scene);
	for (size_t limit_bytes = 0; result != 0; limit_bytes += 64) {
		struct arena arena;

		arena_init(&arena, limit_bytes);
		result = graph_load_act(&scene->known, scene->store.graph, &arena, &event, &scene->error);
		arena_finish(&arena);
		assert_true(result == 0 || result == -ENOMEM);
		failures += result != 0;
	}
	graph_abort(scene->store.graph);
	assert_true(failures > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_R25_ids_of_an_act_follow_forwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ids_that_lead_nowhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_R24_the_owner_of_what_is_offered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_an_owner_that_is_no_holder_is_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_R24_dismissals_are_kept_beside_the_contact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_R24_dismissals_of_an_absorbed_contact_are_deleted, set_up, tear_down),
		cmocka_unit_test(test_check_finds_each_kind_of_fault),
		cmocka_unit_test_setup_teardown(
		    test_damaged_dismissals_are_named_to_a_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_running_out_of_memory_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("graph_acts", tests, NULL, NULL);
}
