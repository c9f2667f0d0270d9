/* Everything there is, asked for once more: who is behind every id and identifier, who
 * stands on which list, and what happened to whom. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/compare.h"

enum { BATCH_KEYS = 48, SOME_LISTS = 3, LISTS_STRIDE = 5, SOME_HISTORIES = 2, MOST_PAGE = 9 };

static bool
sweep_keys(struct player *player, struct client *client)
{
	const struct model_event *used = &player->used;
	uint64_t last_id = player->model->contact_count + 1;
	struct calls calls = { 0 };
	const struct call *call;
	uint64_t ids[BATCH_KEYS];
	bool agreed;

	calls_add_count(&calls, player->account);
	for (uint64_t id = 1; id <= last_id; id += BATCH_KEYS) {
		size_t count = 0;

		for (; count < BATCH_KEYS && id + count <= last_id; count++)
			ids[count] = id + count;
		calls_add_batch(&calls, player->account, ids, count, NULL, 0);
	}
	for (size_t at = 0; at < used->fact_count; at += BATCH_KEYS) {
		size_t left = used->fact_count - at;

		calls_add_batch(&calls, player->account, NULL, 0, &used->facts[at],
		    left < BATCH_KEYS ? left : BATCH_KEYS);
	}
	agreed = calls_run(&calls, client, PLAY_IN_FLIGHT) == 0;
	call = calls.items;
	agreed = agreed && compare_count(player, call++);
	for (uint64_t id = 1; agreed && id <= last_id; id += BATCH_KEYS) {
		size_t count = 0;

		for (; count < BATCH_KEYS && id + count <= last_id; count++)
			ids[count] = id + count;
		agreed = compare_batch(player, call++, ids, count, NULL, 0);
	}
	for (size_t at = 0; agreed && at < used->fact_count; at += BATCH_KEYS) {
		size_t left = used->fact_count - at;

		agreed = compare_batch(
		    player, call++, NULL, 0, &used->facts[at], left < BATCH_KEYS ? left : BATCH_KEYS);
	}
	calls_clear(&calls);
	return agreed;
}

/* R6, and each filter. */
static bool
is_listed(const struct model_contact *contact, const struct list_filter *filter)
{
	enum contact_class contact_class = model_class(contact);

	if (contact->erased || contact->forward_to != 0)
		return false;
	if (!filter->all && contact_class == CLASS_ANONYMOUS_CHAT)
		return false;
	if (filter->contact_class != CLASS_NONE && contact_class != filter->contact_class)
		return false;
	if (filter->engaged && !contact->engaged)
		return false;
	return filter->reach == REACH_NONE || model_reached_by(contact, filter->reach);
}

static void
add_listed(struct text *text, const struct model *model, const struct list_filter *filter)
{
	size_t filters =
	    (filter->contact_class != CLASS_NONE) + (size_t)filter->engaged + (filter->reach != REACH_NONE);
	size_t total = 0;

	for (size_t i = 0; i < model->contact_count; i++) {
		if (!is_listed(model->contacts[i], filter))
			continue;
		text_add_contact(text, model, model->contacts[i]);
		total++;
	}
	text_add(text, "total %zu%s\n", filters > 1 ? 0 : total, filters > 1 ? " unknown" : "");
}

/* All pages of a list or of a history, each with the token of the one before, and in the
 * end what every page says of the total. */
struct pages {
	struct player *player;
	struct client *client;
	uint32_t page_size;
	struct text got;
	struct text total;
	size_t items;
	size_t page_count;
};

/* Reads the next page; false when the call failed. The token is replaced; it is empty after
 * the last one. */
static bool
list_page(struct pages *pages, const struct list_filter *filter, char **token)
{
	struct calls calls = { 0 };
	Anagraph__V1__ListContactsResponse *page = NULL;

	calls_add_list(&calls, pages->player->account, filter, *token == NULL ? "" : *token);
	if (calls_run(&calls, pages->client, 1) == 0 && calls.items[0].payload != NULL)
		page = anagraph__v1__list_contacts_response__unpack(
		    NULL, calls.items[0].payload_size, calls.items[0].payload);
	free(*token);
	*token = NULL;
	if (page == NULL) {
		add_call_status(&pages->got, &calls.items[0].status);
		calls_clear(&calls);
		return false;
	}
	for (size_t i = 0; i < page->n_contacts; i++) {
		learn_moment_of_update(pages->player, page->contacts[i]);
		text_add_pb_contact(&pages->got, page->contacts[i]);
	}
	pages->items += page->n_contacts;
	pages->page_count++;
	if (page->n_contacts > pages->page_size)
		text_add(&pages->got, "a page of %zu\n", page->n_contacts);
	if (page->next_page_token[0] != '\0')
		*token = strdup(page->next_page_token);
	text_finish(&pages->total);
	text_add(&pages->total, "total %lu%s\n", (unsigned long)page->total,
	    page->total_unknown ? " unknown" : "");
	anagraph__v1__list_contacts_response__free_unpacked(page, NULL);
	calls_clear(&calls);
	return true;
}

/* Pages are full but for the last; one may follow that turns out to be empty. */
static void
expect_full_pages(struct pages *pages)
{
	if (pages->page_count > pages->items / pages->page_size + 1)
		text_add(&pages->got, "%zu items on %zu pages of %u\n", pages->items, pages->page_count,
		    pages->page_size);
}

static bool
compare_list(struct player *player, struct client *client, const struct list_filter *filter)
{
	struct pages pages = { .player = player, .client = client, .page_size = filter->page_size };
	struct text expected = { 0 };
	char *token = NULL;
	char what[96];

	while (list_page(&pages, filter, &token) && token != NULL)
		;
	expect_full_pages(&pages);
	text_add(&pages.got, "%s", pages.total.size > 0 ? pages.total.bytes : "");
	text_finish(&pages.total);
	free(token);
	add_listed(&expected, player->model, filter);
	snprintf(what, sizeof(what), "the list of view %d class %d engaged %d reach %d", filter->all,
	    (int)filter->contact_class, filter->engaged, (int)filter->reach);
	return compare_texts(player, what, &expected, &pages.got);
}

static bool
sweep_lists(struct player *player, struct client *client, struct random *random, bool thorough)
{
	enum { COMBINATIONS = 2 * CLASS_COUNT * 2 * REACH_COUNT };
	size_t count = thorough ? COMBINATIONS / LISTS_STRIDE : SOME_LISTS;
	size_t first = random_below(random, LISTS_STRIDE);

	for (size_t i = 0; i < count; i++) {
		size_t at = thorough ? first + i * LISTS_STRIDE : random_below(random, COMBINATIONS);
		struct list_filter filter = { .all = at % 2 == 1,
			.contact_class = (enum contact_class)(at / 2 % CLASS_COUNT),
			.engaged = at / 2 / CLASS_COUNT % 2 == 1,
			.reach = (enum reach)(at / 2 / CLASS_COUNT / 2),
			.page_size = 1 + (uint32_t)random_below(random, MOST_PAGE * (thorough ? 4 : 1)) };

		if (!compare_list(player, client, &filter))
			return false;
	}
	return true;
}

static bool
is_value(const Anagraph__V1__ClaimedValue *claimed, const char *value)
{
	return claimed != NULL && claimed->value_case == ANAGRAPH__V1__CLAIMED_VALUE__VALUE_STRING_VALUE &&
	    strcmp(claimed->string_value, value) == 0;
}

static bool
conflicts_tell(const Anagraph__V1__JournalEntry *told, const struct model_fact *fact)
{
	for (size_t i = 0; i < told->n_conflicts; i++) {
		const Anagraph__V1__Conflict *conflict = told->conflicts[i];

		if (strcmp(conflict->name, fact->name) == 0 &&
		    (is_value(conflict->stored, fact->value.string) ||
			is_value(conflict->incoming, fact->value.string)))
			return true;
	}
	return false;
}

/* A redacted entry must not tell what it was redacted of. */
static void
expect_redacted(struct text *got, const struct model_entry *entry, Anagraph__V1__JournalEntry *told)
{
	struct text whole = { 0 };

	told->redacted = false;
	text_add_pb_entry(&whole, told);
	for (size_t i = 0; i < entry->erased_fact_count; i++) {
		const struct model_fact *fact = &entry->erased_facts[i];
		char value[MODEL_NAME_BYTES + MODEL_TEXT_BYTES + 4];

		snprintf(value, sizeof(value), "%s=\"%s\"", fact->name, fact->value.string);
		if (strstr(whole.bytes, value) != NULL || conflicts_tell(told, fact))
			text_add(got, "what was erased: %s in %s", value, whole.bytes);
	}
	text_finish(&whole);
}

/* The model's entry of a sequence, or NULL. */
static const struct model_entry *
entry_of(const struct model *model, uint64_t sequence)
{
	for (size_t i = 0; i < model->entry_count; i++) {
		if (model->entries[i].sequence == sequence)
			return &model->entries[i];
	}
	return NULL;
}

void
text_add_told_entry(struct text *got, struct model *model, Anagraph__V1__JournalEntry *told)
{
	const struct model_entry *entry = entry_of(model, told->sequence);

	text_add_pb_entry(got, told);
	if (entry == NULL)
		return;
	if (told->redacted && entry->may_be_redacted)
		model->entries[entry->step - 1].redacted = true;
	if (told->claim != NULL && model->recorded_at_us[entry->step - 1] == 0)
		model->recorded_at_us[entry->step - 1] = text_microseconds(told->claim->recorded_at);
	if (entry->redacted)
		expect_redacted(got, entry, told);
}

static bool
explain_page(struct pages *pages, uint64_t contact_id, char **token)
{
	struct calls calls = { 0 };
	Anagraph__V1__ExplainResponse *page = NULL;

	calls_add_explain(
	    &calls, pages->player->account, contact_id, pages->page_size, *token == NULL ? "" : *token);
	if (calls_run(&calls, pages->client, 1) == 0 && calls.items[0].payload != NULL)
		page = anagraph__v1__explain_response__unpack(
		    NULL, calls.items[0].payload_size, calls.items[0].payload);
	free(*token);
	*token = NULL;
	if (page == NULL) {
		add_call_status(&pages->got, &calls.items[0].status);
		calls_clear(&calls);
		return false;
	}
	for (size_t i = 0; i < page->n_entries; i++)
		text_add_told_entry(&pages->got, pages->player->model, page->entries[i]);
	pages->items += page->n_entries;
	pages->page_count++;
	if (page->n_entries > pages->page_size)
		text_add(&pages->got, "a page of %zu\n", page->n_entries);
	if (page->next_page_token[0] != '\0')
		*token = strdup(page->next_page_token);
	anagraph__v1__explain_response__free_unpacked(page, NULL);
	calls_clear(&calls);
	return true;
}

/* The history of a contact, asked for by one of its ids. */
static bool
compare_history(struct player *player, struct client *client, uint64_t id, uint32_t page_size)
{
	struct pages pages = { .player = player, .client = client, .page_size = page_size };
	const struct model *model = player->model;
	const struct model_contact *living = model_living(model, id);
	struct text expected = { 0 };
	char *token = NULL;

	while (explain_page(&pages, id, &token) && token != NULL)
		;
	expect_full_pages(&pages);
	free(token);
	for (size_t i = 0; living != NULL && i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];

		if (model_tells_of(model, entry, living->id))
			text_add_entry(&expected, model, entry);
	}
	if (living == NULL)
		text_add(&expected, "status 5 CONTACT_NOT_FOUND\n");
	return compare_texts(player, "the history of a contact", &expected, &pages.got);
}

static bool
sweep_histories(struct player *player, struct client *client, struct random *random, bool thorough)
{
	uint64_t ids = player->model->contact_count;
	uint64_t count = thorough ? ids : SOME_HISTORIES;

	for (uint64_t i = 0; i < count && ids > 0; i++) {
		uint64_t id = thorough ? i + 1 : 1 + random_below(random, (size_t)ids);
		uint32_t page_size = 1 + (uint32_t)random_below(random, MOST_PAGE * (thorough ? 10 : 1));

		if (!compare_history(player, client, id, page_size))
			return false;
	}
	return true;
}

bool
players_sweep(
    struct player *players, size_t count, struct client *client, struct random *random, bool thorough)
{
	for (size_t i = 0; i < count; i++) {
		if (!sweep_keys(&players[i], client) || !sweep_lists(&players[i], client, random, thorough) ||
		    !sweep_histories(&players[i], client, random, thorough))
			return false;
	}
	return true;
}
