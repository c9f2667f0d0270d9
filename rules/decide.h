/* How the decision asks a policy: the seam between the rules and whoever runs
 * policies. The rules stay pure because all they know of a policy is this. */
#ifndef ANAGRAPH_RULES_DECIDE_H
#define ANAGRAPH_RULES_DECIDE_H

#include "base/arena.h"
#include "rules/event.h"
#include "rules/policy.h"
#include "rules/settings.h"
#include "rules/types.h"

enum decide_outcome {
	DECIDE_E_REJECTED = 1, /* it can't be carried out: *rejection says why */
};

/* Fills a rejection in; always DECIDE_E_REJECTED. field and message as in struct
 * rejection. */
int decide_reject(struct rejection *rejection, enum reason reason, const char *field, const char *message);

/* What asking a policy gives besides what policy_decide does, where it runs in a process of
 * its own. Any other negative number is a failure that it told itself. */
enum ask_outcome {
	ASK_TIMED_OUT = -2,   /* no answer by its deadline: ended */
	ASK_CRASHED = -3,     /* its process ended, or answered what it cannot mean */
	ASK_UNAVAILABLE = -4, /* not asked: it is being started again, or failed too often */
};

/* Answers for the policy of a source. */
struct decider {
	void *context;
	/* Asks the policy configured for the source, as policy_decide, or an ask_outcome; *identity names
	 * it and outlives the decision. */
	int (*ask)(void *context, enum source source, const struct anagraph_conflict *conflict,
	    struct anagraph_verdict *verdict, const struct policy_identity **identity);
	/* Told what became of it. */
	void (*settled)(void *context, enum source source, enum fallback fallback);
	/* Told an event's conflicts once they are on stable storage, by who stores them; the
	 * rules never do. Borrowed until it returns. May be NULL. */
	void (*stored)(void *context, struct bytes account, const struct conflict *conflicts, size_t count);
};

/* A conflict before its verdict. Claims that are absent are NULL. */
struct question {
	struct bytes account;
	enum conflict_kind kind;
	enum namespace_id namespace_id; /* NAMESPACE_NONE for an attribute */
	struct bytes name;
	const struct value *incoming;
	const struct claim *incoming_claim;
	uint64_t incoming_contact_id; /* the contact an absorbed value comes from; 0 for an event's */
	const struct value *stored;
	const struct claim *stored_claim;
	uint64_t stored_contact_id;
	const struct value *displaced; /* OWNER */
	const struct claim *displaced_claim;
	const struct value *device; /* IDENTITY */
	const struct claim *device_claim;
	uint64_t target_contact_id;
};

/* Whether the verdict table has a cell for it. */
bool verdict_has_cell(enum conflict_kind kind, enum verdict verdict);

/* The question that a conflict was, word for word, borrowed from the conflict; false when
 * that is not known any more: the conflict is from before all of it was kept, or a value in
 * it was somebody's who has been erased since. */
bool conflict_question(struct question *question, struct bytes account, const struct conflict *conflict);

/* Puts a question to the policy of the incoming claim's source and settles its
 * verdict, the account's default where it gives none: R22 and R23. *conflict borrows from the question's
 * data, the reason from the arena. 0; -ENOMEM. */
int conflict_decide(struct conflict *conflict, struct arena *arena, const struct question *question,
    const struct account_settings *settings, const struct decider *decider);

#endif
