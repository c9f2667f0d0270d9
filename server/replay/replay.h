/* What another policy would have made of an account's history: its journal's conflicts are
 * put to the policy again as they were, and all that happened is played once more on two
 * empty stores, on one as it was decided and on the other as the policy decides. What lies
 * between the two is what the policy would have changed.
 *
 * What always holds: the store is only read, in one read transaction that ends before
 * anything is decided, so that neither a slow policy nor a long history holds the store's
 * freed pages. The two stores are scratch, and have no name any more once they are open. */
#ifndef ANAGRAPH_SERVER_REPLAY_REPLAY_H
#define ANAGRAPH_SERVER_REPLAY_REPLAY_H

#include "rules/host.h"
#include "rules/settings.h"
#include "server/graph/graph.h"

enum { REPLAY_KINDS = CONFLICT_IDENTITY + 1, REPLAY_VERDICTS = VERDICT_SEPARATE + 1 };

/* One name of one contact that would hold something else; or, with an empty name, a contact
 * that there would be, or would not be. Borrowed until the function that is told returns. */
struct replay_difference {
	uint64_t contact_id;
	struct bytes name;            /* of the attribute or namespace */
	struct value as_decided;      /* VALUE_NONE: nothing, or no such contact */
	struct value as_replayed;     /* likewise */
	bool is_in_replayed;          /* with an empty name: there would be such a contact */
	uint64_t survivor_contact_id; /* whom it would be a part of instead; 0: of nobody */
};

struct replay_options {
	struct graph_options store; /* opened for reading alone */
	unsigned hold_seconds;      /* how long the read transaction may last; 0: not at all */
	const char *scratch_dir;    /* an empty directory for stores and copies; removed once they are open */
	const char *policy_file;    /* DIRECTORY/ID.so, trusted as a daemon's policies are */
	const struct anagraph_option *policy_options;
	size_t policy_option_count;
	policy_log_function log; /* what the policy says; may be NULL */
	void *log_context;
	struct bytes account;
	const struct account_settings *settings; /* of the account */
	bool sources[SOURCE_COUNT];              /* whose conflicts the policy is asked */
	int64_t since_us;                        /* conflicts recorded before are left as they are */
	/* Told every difference, by contact. 0; -errno ends the replay. */
	int (*differs)(void *context, const struct replay_difference *difference);
	void *context;
	uint64_t *sequence; /* set to that of each entry before it is decided; may be NULL */
};

/* How one of the two ends. */
struct replay_course {
	struct account account;
	uint64_t secondaries; /* open ones, of all contacts */
};

struct replay_report {
	char policy_id[LIMIT_POLICY_ID_BYTES + 1];
	char policy_version[LIMIT_POLICY_VERSION_BYTES + 1];
	char policy_build[64];
	uint64_t entries;         /* of the journal */
	uint64_t entries_missing; /* numbers without an entry: erased, or past their time */

	/* The journal's conflicts, each in one of these. */
	uint64_t verdicts[REPLAY_KINDS][REPLAY_VERDICTS][REPLAY_VERDICTS]; /* as stored, then as replayed */
	uint64_t unknown[REPLAY_KINDS]; /* not all that the policy was shown is known any more */
	uint64_t left[REPLAY_KINDS];    /* of another source, or recorded before */

	/* Of those decided again. */
	uint64_t fallbacks[FALLBACK_COUNT];
	uint64_t other_reasons; /* the same verdict with another reason */

	/* The two courses. */
	struct replay_course as_decided;
	struct replay_course as_replayed;
	uint64_t contacts_differing;
	uint64_t names_differing;
	uint64_t asked_anew;   /* conflicts that there were not, or with other values, put to the policy */
	uint64_t assumed;      /* such conflicts of another source: the account's default verdict */
	uint64_t acts_lost;    /* of operators, which find nothing to act on in the replayed course */
	uint64_t events_blank; /* of which erasing has left no identifier */

	/* How far the decided course, played again, ends as the store. */
	uint64_t contacts_stored;
	uint64_t contacts_astray; /* it ends otherwise: what happened to it is not all in the journal */
};

enum replay_outcome {
	REPLAY_E_REFUSED = 1, /* *error says why */
};

/* Removes a scratch directory with all that still has a name in it. 0; -errno. */
int replay_remove_scratch(const char *scratch_dir);

/* Replays. 0; REPLAY_E_REFUSED; -errno. Main thread. */
int replay_run(struct replay_report *report, const struct replay_options *options, struct graph_error *error);

#endif
