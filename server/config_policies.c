/* A source's policy is an id, or an id with options. What an option may be is for the
 * policy to say; here it is text within limits, each name once. */
#include "server/config_policies.h"

#include <errno.h>

#include "server/config_values.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct policy_reader {
	struct config *config;
	enum source source;
	const char *id;
	struct policy_options options;
	bool is_shadow;
	const char *shadow_id;
	struct policy_options shadow_options;
};

static int
keep_text(struct anagraph_string *kept, struct config *config, const char *text)
{
	struct bytes copy;
	int result = arena_copy(&copy, &config->memory, bytes_of(text, strlen(text) + 1));

	if (result == 0)
		*kept = (struct anagraph_string){ .data = (const char *)copy.data, .size = strlen(text) };
	return result;
}

static int
take_id(void *target, const struct yaml_value *value)
{
	struct policy_reader *reader = target;
	struct anagraph_string id;
	char where[YAML_WHERE_BYTES];
	const char *text;
	int result = yaml_text(&text, value);

	if (result == 0)
		result = keep_text(&id, reader->config, text);
	if (result != 0)
		return result;
	reader->id = id.data;
	yaml_where(where, value);
	if (reader->is_shadow)
		return config_check_policy_id(value->file->error, where, reader->id);
	return config_read_policy_id(reader->config, value->file->error, where, reader->source, reader->id);
}

static bool
is_known(const struct anagraph_option *options, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(options[i].name.data, name) == 0)
			return true;
	}
	return false;
}

/* One option; those before it have been read. */
static int
read_option(
    struct anagraph_option *options, struct config *config, const struct yaml_value *mapping, size_t index)
{
	struct yaml_value value;
	const char *name, *text;
	int result = yaml_member(&value, &name, mapping, index);

	if (result == 0)
		result = yaml_text(&text, &value);
	if (result != 0)
		return result;
	if (*name == '\0' || strlen(name) > LIMIT_POLICY_OPTION_NAME_BYTES)
		return yaml_refuse(
		    &value, "is no option's name: 1 to %d bytes", LIMIT_POLICY_OPTION_NAME_BYTES);
	if (is_known(options, index, name))
		return yaml_refuse(&value, "is there twice");
	if (strlen(text) > LIMIT_POLICY_OPTION_BYTES)
		return yaml_refuse(&value, "is longer than %d bytes", LIMIT_POLICY_OPTION_BYTES);
	result = keep_text(&options[index].name, config, name);
	return result == 0 ? keep_text(&options[index].value, config, text) : result;
}

static int
take_options(void *target, const struct yaml_value *value)
{
	struct policy_reader *reader = target;
	struct anagraph_option *options;
	size_t count;
	int result = yaml_count_mapping(&count, value);

	if (result != 0)
		return result;
	if (count > LIMIT_POLICY_OPTIONS)
		return yaml_refuse(value, "has %zu options, more than %d", count, LIMIT_POLICY_OPTIONS);
	options = arena_calloc(&reader->config->memory, count, sizeof(*options));
	if (options == NULL)
		return -ENOMEM;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = read_option(options, reader->config, value, i);
	reader->options = (struct policy_options){ .items = options, .count = count };
	return result;
}

/* A policy that is asked beside the source's: an id, or an id with options. */
static int
take_shadow(void *target, const struct yaml_value *value)
{
	static const struct yaml_key keys[] = {
		{ "id", take_id },
		{ "options", take_options },
	};
	struct policy_reader *reader = target;
	struct policy_reader shadow = {
		.config = reader->config, .source = reader->source, .is_shadow = true
	};
	int result = yaml_is_mapping(value) ? yaml_take_mapping(value, keys, COUNT_OF(keys), &shadow)
					    : take_id(&shadow, value);

	if (result == 0 && shadow.id == NULL)
		return yaml_refuse(value, "has no id: which policy is it?");
	if (result != 0)
		return result;
	reader->shadow_id = shadow.id;
	reader->shadow_options = shadow.options;
	return 0;
}

/* An id by itself, or keys. An id given anew clears the options, which come after it. */
static int
take_policy(struct config *config, enum source source, const struct yaml_value *value)
{
	static const struct yaml_key keys[] = {
		{ "id", take_id },
		{ "options", take_options },
		{ "shadow", take_shadow },
	};
	struct policy_reader reader = { .config = config, .source = source };
	int result;

	if (!yaml_is_mapping(value))
		return take_id(&reader, value);
	result = yaml_take_mapping(value, keys, COUNT_OF(keys), &reader);
	if (result == 0 && reader.id == NULL)
		return yaml_refuse(value, "has no id: which policy is it?");
	if (result != 0)
		return result;
	config->policy_options[source] = reader.options;
	config->shadow_ids[source] = reader.shadow_id;
	config->shadow_options[source] = reader.shadow_options;
	return 0;
}

static int
take_contacts(void *target, const struct yaml_value *value)
{
	return take_policy(target, SOURCE_CONTACTS, value);
}

static int
take_conversations(void *target, const struct yaml_value *value)
{
	return take_policy(target, SOURCE_CONVERSATIONS, value);
}

static int
take_push(void *target, const struct yaml_value *value)
{
	return take_policy(target, SOURCE_PUSH, value);
}

static int
take_run(void *target, const struct yaml_value *value)
{
	return yaml_take_setting(target, value, config_read_policy_run);
}

static int
take_deadline(void *target, const struct yaml_value *value)
{
	return yaml_take_setting(target, value, config_read_policy_deadline);
}

int
config_policies_read(struct config *config, const struct yaml_value *mapping)
{
	static const struct yaml_key keys[] = {
		{ "contacts", take_contacts },
		{ "conversations", take_conversations },
		{ "push", take_push },
		{ "run", take_run },
		{ "deadline_ms", take_deadline },
	};
	enum source disputed;
	int result = yaml_take_mapping(mapping, keys, COUNT_OF(keys), config);

	if (result != 0)
		return result;
	disputed = config_policies_disputed(config);
	if (disputed != SOURCE_COUNT)
		return yaml_refuse(mapping, "gives %s different options for different sources",
		    config->policy_ids[disputed]);
	return 0;
}

static bool
is_same_string(const struct anagraph_string *a, const struct anagraph_string *b)
{
	return bytes_equal(bytes_of(a->data, a->size), bytes_of(b->data, b->size));
}

static bool
is_same(const struct policy_options *a, const struct policy_options *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!is_same_string(&a->items[i].name, &b->items[i].name) ||
		    !is_same_string(&a->items[i].value, &b->items[i].value))
			return false;
	}
	return true;
}

enum source
config_policies_disputed(const struct config *config)
{
	for (enum source first = SOURCE_PUSH; first < SOURCE_COUNT; first++) {
		for (enum source second = first + 1; second < SOURCE_COUNT; second++) {
			if (strcmp(config->policy_ids[first], config->policy_ids[second]) == 0 &&
			    !is_same(&config->policy_options[first], &config->policy_options[second]))
				return first;
		}
	}
	return SOURCE_COUNT;
}

/* Whether the shadow of a source is told the same as another of its id. */
static bool
agrees(
    const struct config *config, enum source shadowed, const char *id, const struct policy_options *options)
{
	return id == NULL || strcmp(config->shadow_ids[shadowed], id) != 0 ||
	    is_same(&config->shadow_options[shadowed], options);
}

enum source
config_shadows_disputed(const struct config *config)
{
	if (config->policies_run != RUN_IN_PROCESS)
		return SOURCE_COUNT;
	for (enum source first = SOURCE_PUSH; first < SOURCE_COUNT; first++) {
		for (enum source second = SOURCE_PUSH;
		     config->shadow_ids[first] != NULL && second < SOURCE_COUNT; second++) {
			if (!agrees(
				config, first, config->policy_ids[second], &config->policy_options[second]) ||
			    !agrees(
				config, first, config->shadow_ids[second], &config->shadow_options[second]))
				return first;
		}
	}
	return SOURCE_COUNT;
}
