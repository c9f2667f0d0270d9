/* What the steps of a decision share: the event, the contacts around it, and how a
 * contact takes, loses and is offered something. Of the model alone. */
#ifndef ANAGRAPH_TESTS_MODEL_DECISION_H
#define ANAGRAPH_TESTS_MODEL_DECISION_H

#include "tests/model/reference.h"

enum found {
	FOUND_NEW,
	FOUND_BY_EXT_ID,
	FOUND_BY_LOWER, /* a personal identifier that comes after ext_id, or R9's crossed look-up */
	FOUND_BY_DEVICE,
};

/* One event or act being decided. */
struct decision {
	struct model *model;
	struct model_event event; /* what of it counts (N6), each fact with the event's claim */
	bool all_shared;          /* so do all its personal identifiers, which are shared */
	struct model_entry *entry;
	struct model_contact *befores; /* every contact around the event, as it was; by id */
	size_t before_count;
	struct model_contact *target;
	enum found found;
	bool created;
	bool person_offered;             /* R13 came to OFFER */
	enum model_policy person_policy; /* by this policy */
	bool absorbed_anonymous;
};

bool model_is_personal(const struct model_fact *fact);
bool model_is_device(const struct model_fact *fact);
bool model_is_attribute(const struct model_fact *fact);

/* Whether both say the same, whoever says it. */
bool model_same_fact(const struct model_fact *a, const struct model_fact *b);

/* R18's observed_at and rank. */
int model_claim_order(const struct model_claim *a, const struct model_claim *b);

/* R14, R21: of two claims to one thing the greater stays. */
void model_raise_claim(struct model_fact *fact, const struct model_claim *claim);

/* Asks the policy of the source that the incoming value comes from, and notes the
 * conflict; good until the next is noted. */
const struct model_conflict *model_ask(struct decision *d, enum conflict_kind kind,
    const struct model_fact *incoming, const struct model_fact *stored, const struct model_fact *displaced,
    uint64_t owner_contact_id);

/* The contact's fact that equals this one, be it an alias; or that stands where this one
 * would go, where there can be but one; NULL for none. */
struct model_fact *model_held(const struct model_contact *contact, const struct model_fact *fact);
struct model_fact *model_held_in_place(const struct model_contact *contact, const struct model_fact *fact);
bool model_holds_personal_identifier(const struct model_contact *contact);
bool model_holds_identifier(const struct model_contact *contact);

/* The open secondary that equals the fact, or NULL. */
struct model_secondary *model_offered(const struct model_contact *contact, const struct model_fact *fact);

/* Notes that a contact held a value and holds it no longer. */
void model_lose(
    struct decision *d, enum loss_cause cause, uint64_t contact_id, const struct model_secondary *value);

/* The contact's fact goes; nobody holds it now. */
void model_release(
    struct decision *d, struct model_contact *contact, struct model_fact *fact, enum loss_cause cause);
void model_close_secondary(struct decision *d, struct model_contact *contact,
    struct model_secondary *secondary, enum loss_cause cause);

/* The target holds the fact from now on: what was offered of it is agreed (R20). */
void model_hold(struct decision *d, const struct model_fact *fact);

/* The fact stands beside what the target holds (R21). */
void model_offer(
    struct decision *d, const struct model_fact *fact, uint64_t owner_contact_id, enum model_policy policy);

/* Keeps what a contact was before. */
void model_remember(struct decision *d, const struct model_contact *contact);

/* R24: remembers that a value was dismissed; of too many the oldest is forgotten. */
void model_dismiss(struct model_contact *contact, const struct model_dismissal *dismissal);

/* What a contact that is no more leaves to the target besides facts: secondaries (those
 * that the target holds or has already close), lists, dismissals. Its id leads there. */
void model_leave_to_target(struct decision *d, struct model_contact *absorbed);

/* R14, R15 for something of which a contact holds one value, from the event or from
 * an absorbed contact. */
void model_settle_value(struct decision *d, const struct model_fact *fact);

struct model_contact *model_contact_of(const struct decision *d, uint64_t id);

/* A contact around the event as it was before; NULL for one that the event made. */
const struct model_contact *model_before_of(const struct decision *d, uint64_t id);

struct model_contact model_copy_contact(const struct model_contact *contact);
void model_finish_contact(struct model_contact *contact);

/* Releases what is past the target's limits, and gives new secondaries their ids (R21). */
void model_apply_limits(struct decision *d);

/* R29: where nothing is held any more the newest alias is. */
void model_promote_aliases(struct decision *d);

/* Versions, outcome, revision and journal: the last step. */
void model_conclude(struct decision *d);
void model_index_under(struct model_entry *entry, uint64_t id);

/* N6: counts what the event names together, and leaves out what is shared. */
void model_set_shared_apart(struct decision *d);

/* The five actions; the entry has its request. */
void model_decide_event(struct decision *d);
enum model_refusal model_decide_promote(struct decision *d);
enum model_refusal model_decide_dismiss(struct decision *d);
enum model_refusal model_decide_merge(struct decision *d);
enum model_refusal model_decide_erase(struct decision *d);

#endif
