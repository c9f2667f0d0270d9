/* Who answers the questions of one entry when it is played. Private to replay/.
 *
 * In the decided course the journal answers. In the replayed course a question that was
 * asked in the decided one, too, word for word, gets the verdict that the policy gives the
 * journal's conflict; any other is put to the policy as it stands. So nothing that the
 * journal does not tell of, which both courses lack, is taken for the policy's doing. */
#ifndef ANAGRAPH_SERVER_REPLAY_SCRIPT_H
#define ANAGRAPH_SERVER_REPLAY_SCRIPT_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/host.h"

/* A journal entry's conflict with the verdict that it is given. */
struct script_verdict {
	const struct conflict *conflict;
	enum verdict verdict;
	bool stands; /* also for another question about the same */
	bool met;    /* by a question of this entry */
};

/* A question as it was shown. What it points to is the course's, until its next entry. */
struct script_question {
	struct anagraph_conflict shown;
	struct anagraph_claim incoming;
	struct anagraph_claim stored;
	struct anagraph_claim displaced;
	struct anagraph_claim device;
	bool answered; /* by the verdict at that index; else by the account's default */
	size_t index;
};

struct script {
	struct script_verdict *verdicts; /* beside the entry's conflicts */
	size_t count;
	struct script_question *questions; /* in the order they were asked */
	size_t question_count;
	size_t question_capacity;
	struct arena *arena; /* for the questions */

	/* Of the replayed course. */
	const struct script *decided; /* the other's, played already; NULL for that itself */
	const struct policy *policy;  /* NULL: nobody is asked */
	const bool *sources;          /* whose questions it is asked */

	uint64_t asked_anew;
	uint64_t assumed;
};

/* A decider's function, with a script for its context. */
int script_ask(void *context, enum source source, const struct anagraph_conflict *shown,
    struct anagraph_verdict *answer, const struct policy_identity **identity);

/* Asks a policy, as policy_decide; every failure of its own is -1, for other numbers are an
 * ask_outcome. */
int script_ask_policy(
    struct anagraph_verdict *answer, const struct policy *policy, const struct anagraph_conflict *shown);

#endif
