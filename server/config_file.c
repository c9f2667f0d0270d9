/* The daemon's file. The order in which it says things does not matter: what accounts have
 * of their own is read once the defaults are known that they change. */
#include "server/config_file.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/normalize.h"
#include "server/config_account.h"
#include "server/config_callers.h"
#include "server/config_policies.h"
#include "server/config_values.h"
#include "server/config_yaml.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct file_reader {
	struct config *config;
	struct blocked_lists lists;
	struct yaml_value accounts;
	bool has_accounts;
};

/* A value's text, not empty, for as long as the config lives. */
static int
keep_text(const char **kept, struct config *config, const struct yaml_value *value)
{
	const char *text;
	struct bytes copy;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	if (*text == '\0')
		return yaml_refuse(value, "is empty");
	result = arena_copy(&copy, &config->memory, bytes_of(text, strlen(text) + 1));
	if (result == 0)
		*kept = (const char *)copy.data;
	return result;
}

static int
take_data_dir(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return keep_text(&reader->config->data_dir, reader->config, value);
}

static int
take_policy_dir(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return keep_text(&reader->config->policy_dir, reader->config, value);
}

static int
take_key_file(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return keep_text(&reader->config->key_file, reader->config, value);
}

static int
take_listen(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return yaml_take_setting(reader->config, value, config_read_listen);
}

static int
take_threads(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return yaml_take_setting(reader->config, value, config_read_threads);
}

static int
take_map_size(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return yaml_take_setting(reader->config, value, config_read_map_size);
}

static int
take_policies(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return config_policies_read(reader->config, value);
}

static int
take_defaults(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;
	struct config *config = reader->config;

	return config_account_read(&config->settings.defaults, &config->memory, &reader->lists, value);
}

static int
take_accounts(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	reader->accounts = *value;
	reader->has_accounts = true;
	return 0;
}

static int
take_tls(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return config_tls_read(reader->config, value);
}

static int
take_callers(void *target, const struct yaml_value *value)
{
	struct file_reader *reader = target;

	return config_callers_read(reader->config, value);
}

/* An account as it was read. override comes first, so that one is the other's address. */
struct named_account {
	struct account_override override;
	size_t index; /* in the file's order */
};

static int
compare_accounts(const void *a, const void *b)
{
	const struct named_account *first = a;
	const struct named_account *second = b;
	int order = bytes_compare(first->override.account, second->override.account);

	return order != 0 ? order : (first->index > second->index) - (first->index < second->index);
}

static int
read_account(struct named_account *account, struct file_reader *reader, size_t index)
{
	struct config *config = reader->config;
	struct yaml_value value;
	const char *name;
	int result = yaml_member(&value, &name, &reader->accounts, index);

	if (result != 0)
		return result;
	if (!account_is_valid(bytes_of_string(name)))
		return yaml_refuse(&value,
		    "is no account's name: 1 to %d of a-z 0-9 - _ . and first a letter or digit",
		    LIMIT_ACCOUNT_BYTES);
	account->index = index;
	account->override.settings = config->settings.defaults;
	result = arena_copy(&account->override.account, &config->memory, bytes_of_string(name));
	if (result == 0)
		result =
		    config_account_read(&account->override.settings, &config->memory, &reader->lists, &value);
	return result;
}

/* Puts sorted accounts where the rules look for them, each once. */
static int
keep_accounts(struct file_reader *reader, const struct named_account *accounts, size_t count)
{
	struct config *config = reader->config;
	struct account_override *kept = arena_calloc(&config->memory, count, sizeof(*kept));

	if (kept == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct yaml_value value;
		const char *name;

		kept[i] = accounts[i].override;
		if (i == 0 || !bytes_equal(kept[i - 1].account, kept[i].account))
			continue;
		yaml_member(&value, &name, &reader->accounts, accounts[i].index);
		return yaml_refuse(&value, "is there twice");
	}
	config->settings.accounts = kept;
	config->settings.account_count = count;
	return 0;
}

static int
read_accounts(struct file_reader *reader)
{
	struct named_account *accounts;
	size_t count;
	int result = yaml_count_mapping(&count, &reader->accounts);

	if (result != 0)
		return result;
	if (count > LIMIT_CONFIG_ACCOUNTS)
		return yaml_refuse(
		    &reader->accounts, "has %zu accounts, more than %d", count, LIMIT_CONFIG_ACCOUNTS);
	accounts = calloc(count + 1, sizeof(*accounts));
	if (accounts == NULL)
		return -ENOMEM;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = read_account(&accounts[i], reader, i);
	if (result == 0) {
		qsort(accounts, count, sizeof(*accounts), compare_accounts);
		result = keep_accounts(reader, accounts, count);
	}
	free(accounts);
	return result;
}

static int
read_root(struct file_reader *reader, const struct yaml_value *root)
{
	static const struct yaml_key keys[] = {
		{ "data_dir", take_data_dir },
		{ "policy_dir", take_policy_dir },
		{ "key_file", take_key_file },
		{ "listen", take_listen },
		{ "threads", take_threads },
		{ "map_size_mib", take_map_size },
		{ "policies", take_policies },
		{ "defaults", take_defaults },
		{ "accounts", take_accounts },
		{ "tls", take_tls },
		{ "callers", take_callers },
	};
	int result = blocked_lists_init(&reader->lists, &reader->config->memory, root->file);

	if (result == 0)
		result = yaml_take_mapping(root, keys, COUNT_OF(keys), reader);
	if (result == 0 && reader->has_accounts)
		result = read_accounts(reader);
	return result;
}

int
config_file_read(struct config *config, struct config_error *error, const char *path)
{
	struct file_reader reader = { .config = config };
	struct yaml_file file;
	struct yaml_value root;
	int result = yaml_open(&file, &root, path, error);

	if (result == 0) {
		result = read_root(&reader, &root);
		yaml_close(&file);
	}
	return result == CONFIG_E_USAGE ? CONFIG_E_FILE : result;
}
