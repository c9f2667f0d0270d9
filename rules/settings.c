/* Finds an account's settings. Accounts come into being without anybody's asking, so
 * there is no such thing as an account without settings. */
#include "rules/settings.h"

static const struct settings DEFAULT_SETTINGS = {
	.defaults = {
		.shared_limit = DEFAULT_SHARED_LIMIT,
		.default_verdicts = {
			[CONFLICT_VALUE] = VERDICT_OFFER,
			[CONFLICT_OWNER] = VERDICT_KEEP,
			[CONFLICT_IDENTITY] = VERDICT_OFFER,
		},
	},
};

const struct account_settings *
settings_of(const struct settings *settings, struct bytes account)
{
	size_t from = 0;
	size_t past = settings->account_count;

	while (from < past) {
		size_t middle = from + (past - from) / 2;
		int order = bytes_compare(account, settings->accounts[middle].account);

		if (order == 0)
			return &settings->accounts[middle].settings;
		if (order < 0)
			past = middle;
		else
			from = middle + 1;
	}
	return &settings->defaults;
}

const struct settings *
settings_default(void)
{
	return &DEFAULT_SETTINGS;
}
