/* Settings of one account, checked as they are read, so that nothing that decides has to
 * ask whether they make sense. */
#include "server/config_account.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/decide.h"
#include "rules/normalize.h"
#include "server/config_values.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Where the values of a mapping go. */
struct account_reader {
	struct account_settings *settings;
	struct arena *arena;
	struct blocked_lists *lists;
};

int
blocked_lists_init(struct blocked_lists *lists, struct arena *arena, const struct yaml_file *file)
{
	lists->node_count = (size_t)(file->document.nodes.top - file->document.nodes.start) + 1;
	lists->by_node = arena_calloc(arena, lists->node_count, sizeof(*lists->by_node));
	return lists->by_node == NULL ? -ENOMEM : 0;
}

static int
take_default_region(void *target, const struct yaml_value *value)
{
	struct account_reader *reader = target;
	struct bytes region;
	const char *text;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	region = bytes_of_string(text);
	result = region.size == 0 ? 0 : region_check(region);
	if (result == NORMALIZE_E_INVALID)
		return yaml_refuse(value, "%.80s is no region that libphonenumber knows", text);
	if (result == 0)
		result = arena_copy(&reader->settings->default_region, reader->arena, region);
	return result;
}

/* Leaves each of sorted values once. */
static size_t
drop_repeated(struct bytes *values, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !bytes_equal(values[kept - 1], values[i]))
			values[kept++] = values[i];
	}
	return kept;
}

static int
read_blocked(struct blocked_list *list, struct arena *arena, const struct yaml_value *value)
{
	struct bytes *values;
	size_t count = 0;
	size_t item_count;
	int result = yaml_count_sequence(&item_count, value);

	if (result != 0)
		return result;
	if (item_count > LIMIT_BLOCKED_VALUES)
		return yaml_refuse(value, "has %zu values, more than %d", item_count, LIMIT_BLOCKED_VALUES);
	values = arena_calloc(arena, item_count * BLOCKED_FORMS + 1, sizeof(*values));
	if (values == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < item_count; i++) {
		struct yaml_value item;
		const char *text;
		size_t form_count = 0;

		result = yaml_item(&item, value, i);
		if (result == 0)
			result = yaml_text(&text, &item);
		if (result != 0)
			return result;
		result = normalize_blocked(&values[count], &form_count, arena, bytes_of_string(text));
		if (result == NORMALIZE_E_INVALID)
			return yaml_refuse(&item, "takes text of 1 to %d bytes that is not blank, not %.80s",
			    LIMIT_ATTRIBUTE_STRING_BYTES, text);
		if (result != 0)
			return result;
		count += form_count;
	}
	qsort(values, count, sizeof(*values), blocked_compare);
	*list = (struct blocked_list){ values, drop_repeated(values, count) };
	return 0;
}

static int
take_blocked(void *target, const struct yaml_value *value)
{
	struct account_reader *reader = target;
	struct blocked_list *list = &reader->lists->by_node[value->node];
	int result = list->values != NULL ? 0 : read_blocked(list, reader->arena, value);

	if (result != 0)
		return result;
	reader->settings->blocked = list->values;
	reader->settings->blocked_count = list->count;
	return 0;
}

static int
take_number(unsigned *number, const struct yaml_value *value, unsigned least, unsigned most)
{
	char where[YAML_WHERE_BYTES];
	const char *text;
	uint64_t read;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	yaml_where(where, value);
	result = config_read_number(&read, value->file->error, where, text, least, most);
	if (result == 0)
		*number = (unsigned)read;
	return result;
}

static int
take_shared_limit(void *target, const struct yaml_value *value)
{
	struct account_reader *reader = target;

	return take_number(&reader->settings->shared_limit, value, 1, LIMIT_SHARED_LIMIT);
}

static int
take_journal_retention(void *target, const struct yaml_value *value)
{
	struct account_reader *reader = target;

	return take_number(&reader->settings->journal_retention_days, value, 0, LIMIT_JOURNAL_RETENTION_DAYS);
}

static int
take_verdict(struct account_reader *reader, enum conflict_kind kind, const struct yaml_value *value)
{
	static const char *const names[] = {
		[VERDICT_KEEP] = "keep",
		[VERDICT_OFFER] = "offer",
		[VERDICT_TAKE] = "take",
		[VERDICT_SEPARATE] = "separate",
	};
	const char *text;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	for (enum verdict verdict = VERDICT_KEEP; verdict <= VERDICT_SEPARATE; verdict++) {
		if (strcmp(names[verdict], text) != 0)
			continue;
		if (!verdict_has_cell(kind, verdict))
			return yaml_refuse(value, "%s is no verdict for this kind of conflict", text);
		reader->settings->default_verdicts[kind] = verdict;
		return 0;
	}
	return yaml_refuse(value, "takes keep, offer or take%s, not %.80s",
	    verdict_has_cell(kind, VERDICT_SEPARATE) ? ", or separate" : "", text);
}

static int
take_value_verdict(void *target, const struct yaml_value *value)
{
	return take_verdict(target, CONFLICT_VALUE, value);
}

static int
take_owner_verdict(void *target, const struct yaml_value *value)
{
	return take_verdict(target, CONFLICT_OWNER, value);
}

static int
take_identity_verdict(void *target, const struct yaml_value *value)
{
	return take_verdict(target, CONFLICT_IDENTITY, value);
}

static int
take_default_verdicts(void *target, const struct yaml_value *value)
{
	static const struct yaml_key keys[] = {
		{ "value", take_value_verdict },
		{ "owner", take_owner_verdict },
		{ "identity", take_identity_verdict },
	};

	return yaml_take_mapping(value, keys, COUNT_OF(keys), target);
}

int
config_account_read(struct account_settings *settings, struct arena *arena, struct blocked_lists *lists,
    const struct yaml_value *mapping)
{
	static const struct yaml_key keys[] = {
		{ "default_region", take_default_region },
		{ "blocked", take_blocked },
		{ "shared_limit", take_shared_limit },
		{ "default_verdicts", take_default_verdicts },
		{ "journal_retention_days", take_journal_retention },
	};
	struct account_reader reader = { settings, arena, lists };

	return yaml_take_mapping(mapping, keys, COUNT_OF(keys), &reader);
}
