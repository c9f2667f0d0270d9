/* What an account may have set otherwise than others: plain data that every rule takes
 * as an argument, so that decisions stay pure. Whoever makes the settings keeps them,
 * unchanged, for as long as anything is decided; any thread may read them. */
#ifndef ANAGRAPH_RULES_SETTINGS_H
#define ANAGRAPH_RULES_SETTINGS_H

#include "rules/types.h"

enum { DEFAULT_SHARED_LIMIT = 5 };

struct account_settings {
	struct bytes default_region; /* N3: ISO 3166-1 alpha-2 for numbers without a country code, or empty */
	/* N5: what the account blocks beside the built-in values: each in the form in which
	 * it is compared (normalize_blocked makes it), sorted by bytes, each once. */
	const struct bytes *blocked;
	size_t blocked_count;
	unsigned shared_limit; /* N6: 1 to LIMIT_SHARED_LIMIT */
	/* R22, by conflict kind: each has a cell in the verdict table. */
	enum verdict default_verdicts[CONFLICT_IDENTITY + 1];
	unsigned journal_retention_days; /* 0: kept for ever */
};

/* The settings of one account, whole: nothing is inherited any more. */
struct account_override {
	struct bytes account;
	struct account_settings settings;
};

struct settings {
	struct account_settings defaults;        /* of every account that is not named below */
	const struct account_override *accounts; /* sorted by name, each once */
	size_t account_count;
};

/* The settings of an account, borrowed from settings; never NULL. */
const struct account_settings *settings_of(const struct settings *settings, struct bytes account);

/* What holds where nothing was set; static. */
const struct settings *settings_default(void);

#endif
