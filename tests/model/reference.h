/* A second statement of the rules: what the service must answer, worked out the
 * plain way. Arrays and linear searches, everything copied, nothing shared with
 * the code under test but names; a rule is looked up here by its number.
 *
 * Values come in normal form. Moments at which the service took an event in can't
 * be foretold: a claim names the event instead, and the player of a history fills
 * in the moment once an answer has told it. One thread; memory that runs out ends
 * the test. */
#ifndef ANAGRAPH_TESTS_MODEL_REFERENCE_H
#define ANAGRAPH_TESTS_MODEL_REFERENCE_H

#include "rules/types.h"

enum {
	MODEL_NAME_BYTES = 24,
	MODEL_TEXT_BYTES = 64,
	MODEL_FIELD_BYTES = 40,
	MODEL_DEVICES = 64,
	MODEL_ATTRIBUTES = 100,
	MODEL_SECONDARIES = 16,
	MODEL_ALIASES = 256,
	MODEL_DISMISSALS = 256,
	MODEL_COMPANIONS = 5, /* the limit of an account that has set none */
};

/* An observed_at that stands for "none given": it is past every real one, and of
 * two such events the later is the newer (R19). */
#define MODEL_UNTIMED ((int64_t)1 << 62)

/* From the year 2100 on an observed_at is far ahead (R19), and stands for five minutes past
 * the moment of recording: later than all that is real, and of two the later one's. The
 * model does not weigh it against MODEL_UNTIMED: no history has both. */
#define MODEL_AHEAD (INT64_C(4102444800) * 1000000)
#define MODEL_CLAMPED (MODEL_UNTIMED + ((int64_t)1 << 61))

enum model_policy {
	MODEL_NO_POLICY = 0,
	MODEL_CHAT_PRIMARY,
	MODEL_PUSH_LATEST,
	MODEL_POLICY_COUNT,
};

struct model_value {
	enum value_type type;
	bool boolean;
	double number;
	int64_t time_us;
	char string[MODEL_TEXT_BYTES];
};

struct model_claim {
	enum source source;
	int64_t observed_at_us; /* MODEL_UNTIMED and more: recorded_at, MODEL_CLAMPED: past that */
	int64_t claimed_at_us;  /* what the caller said where that was far ahead; else 0 */
	size_t step;            /* whose recorded_at it has; requests count from 1 */
	char conversation[MODEL_NAME_BYTES];
};

/* An identifier or an attribute: something known of a contact. */
struct model_fact {
	enum namespace_id namespace_id; /* NAMESPACE_NONE for an attribute */
	bool alias;                     /* R29: leads to its contact and is not what it holds */
	char name[MODEL_NAME_BYTES];    /* of the namespace or attribute */
	struct model_value value;
	char given[MODEL_TEXT_BYTES]; /* empty where that is the normal form */
	struct model_claim claim;
};

struct model_secondary {
	uint64_t id;
	uint64_t owner_contact_id;
	enum model_policy policy;
	struct model_fact fact;
};

/* What an operator dismissed is offered again only by what is observed later (R24). */
struct model_dismissal {
	struct model_fact fact;
	int64_t time_us; /* MODEL_UNTIMED and more */
};

/* A contact, or what is left of an absorbed or erased one. */
struct model_contact {
	uint64_t id;
	uint64_t forward_to; /* the way to its survivor; 0 while it lives */
	bool erased;
	uint64_t version;
	size_t created_step;
	size_t updated_step;
	bool engaged; /* on the list conversations-engaged */
	struct model_fact *facts;
	size_t fact_count;
	struct model_secondary *secondaries;
	size_t secondary_count;
	struct model_dismissal *dismissals;
	size_t dismissal_count;
};

struct model_event {
	enum source source;
	int64_t observed_at_us; /* MODEL_UNTIMED: none given */
	char conversation[MODEL_NAME_BYTES];
	struct model_fact *facts; /* identifiers, then attributes, in the order of model_fact_order */
	size_t fact_count;
};

/* Something asked of the service that may write: an event, or an operator's act. */
struct model_request {
	enum action action;
	char request_id[MODEL_NAME_BYTES];
	bool validate_only;                   /* IDENTIFY, MERGE */
	struct model_event event;             /* IDENTIFY */
	char operator_name[MODEL_NAME_BYTES]; /* of an act */
	uint64_t contact_id;                  /* likewise; of MERGE the surviving one */
	uint64_t contact_version;             /* PROMOTE, DISMISS, MERGE */
	uint64_t secondary_id;                /* PROMOTE, DISMISS */
	uint64_t absorbed_id;                 /* MERGE */
	uint64_t absorbed_version;            /* MERGE */
	bool suppress;                        /* ERASE */
};

/* Why a request is refused, if it is. */
enum model_refusal {
	MODEL_TAKEN_IN = 0,
	MODEL_CONTACT_NOT_FOUND,
	MODEL_SECONDARY_NOT_FOUND,
	MODEL_VERSION_MISMATCH,
	MODEL_MERGE_INVALID,
	MODEL_IDENTIFIER_OWNED,
	MODEL_IDENTIFIER_SUPPRESSED,
	MODEL_REQUEST_ID_REUSED,
	MODEL_REFUSAL_COUNT,
};

struct model_conflict {
	enum conflict_kind kind;
	struct model_fact stored;
	struct model_fact incoming;
	struct model_fact displaced; /* what a TAKE would release; nameless for nothing */
	uint64_t owner_contact_id;
	enum verdict verdict;
	enum model_policy policy;
};

struct model_loss {
	enum loss_cause cause;
	uint64_t contact_id;
	struct model_secondary value;
};

/* What one request came to: the answer, and the journal's entry if there is one. */
struct model_entry {
	size_t step;
	struct model_request request; /* each fact of its event with the event's claim */
	enum model_refusal refusal;
	char refused_field[MODEL_FIELD_BYTES];
	uint64_t refused_owner_id; /* IDENTIFIER_OWNED */
	size_t replay_of;          /* the step whose answer it gives again; 0: none */
	bool answer_may_be_erased; /* it told an identifier that was of another contact then */
	bool answer_erased;        /* a contact that it told of was erased: no replay */

	uint64_t sequence;    /* 0: not journalled, or erased */
	bool redacted;        /* without the values of who was erased since */
	bool may_be_redacted; /* it tells an identifier of who was erased, and was of others */
	struct model_claim claim;
	enum outcome outcome;
	uint64_t contact_id;
	uint64_t revision;
	struct model_contact contact; /* after it; of ERASE nothing */
	struct model_fact subject;    /* PROMOTE, DISMISS: what the secondary offered */
	struct model_fact *shared;    /* identifiers of the event that were left alone (N6) */
	size_t shared_count;
	struct model_conflict *conflicts;
	size_t conflict_count;
	struct model_loss *losses;
	size_t loss_count;
	struct model_contact *absorbed; /* as they were before it, by id */
	size_t absorbed_count;
	uint64_t *indexed_ids; /* contacts that it is found under, ascending */
	size_t indexed_count;
	struct model_fact *erased_facts; /* of a redacted entry: identifiers that it must not tell */
	size_t erased_fact_count;
};

/* Two personal identifiers that one event named: the first counts the second (N6). */
struct model_companion {
	struct model_fact of;
	struct model_fact with;
};

struct model_totals {
	uint64_t identified;
	uint64_t anonymous_push;
	uint64_t anonymous_chat;
};

/* One account. */
struct model {
	struct model_contact **contacts; /* contacts[i] has the id i + 1 */
	size_t contact_count;
	uint64_t last_secondary_id;
	uint64_t revision;
	uint64_t journal_sequence;
	struct model_companion *companions; /* each once */
	size_t companion_count;
	size_t companion_limit; /* of one namespace; an identifier with more is shared */
	struct model_fact *suppressed;
	size_t suppressed_count;
	struct model_entry *entries; /* one a request: entries[i] is of step i + 1 */
	size_t entry_count;
	int64_t *recorded_at_us; /* beside entries; 0 until it is known */
};

struct model *model_create(void);
void model_destroy(struct model *model);

/* Answers a request. The entry is the model's, good until the next request. */
const struct model_entry *model_play(struct model *model, const struct model_request *request);

/* The same for an event without a request_id. */
const struct model_entry *model_identify(struct model *model, const struct model_event *event);

/* The entry that holds the answer: the one given again by a replay, else itself. */
const struct model_entry *model_answer_of(const struct model *model, const struct model_entry *entry);

/* The service has forgotten the first answer to a request_id: says whether it may, and
 * forgets it, too. */
bool model_forget_answer(struct model *model, const char *request_id);

/* Copies all that a request points to, and frees it. */
struct model_request model_request_copy(const struct model_request *request);
void model_request_finish(struct model_request *request);

/* What a contact is. */
enum contact_class model_class(const struct model_contact *contact);
void model_display_name(char name[2 * MODEL_TEXT_BYTES], const struct model_contact *contact);
bool model_reached_by(const struct model_contact *contact, enum reach reach);

/* The contact that owns an identifier; 0 for nobody. */
uint64_t model_owner(const struct model *model, const struct model_fact *identifier);

/* The living contact behind an id, and where it isn't the one asked for, that id
 * and those passed, to be freed. NULL when the id was never given, or its contact has
 * been erased. */
const struct model_contact *model_resolve(
    uint64_t **forwarded_ids, size_t *forwarded_count, const struct model *model, uint64_t id);

/* The same without the way there. */
struct model_contact *model_living(const struct model *model, uint64_t id);

/* Whether a journal entry is found under a contact, or one that became part of it (R25). */
bool model_tells_of(const struct model *model, const struct model_entry *entry, uint64_t contact_id);

/* Counts again from nothing (R3). */
struct model_totals model_recount(const struct model *model);

/* The order in which a contact lists what it holds; the same whether aliases or not, so
 * that equal identifiers are equal; and R18's order of values. */
int model_listing_order(const struct model_fact *a, const struct model_fact *b);
int model_fact_order(const struct model_fact *a, const struct model_fact *b);
int model_value_order(const struct model_value *a, const struct model_value *b);

/* Makes a fact; the value of an identifier is a string. */
const char *model_namespace_name(enum namespace_id namespace_id);
struct model_fact model_identifier(enum namespace_id namespace_id, const char *value, const char *given);
struct model_fact model_attribute(const char *name, struct model_value value);
struct model_value model_string(const char *string);

/* Adds a copy of a fact to an event, keeping the order; one that is there stays. */
void model_event_add(struct model_event *event, const struct model_fact *fact);
void model_event_finish(struct model_event *event);
struct model_event model_event_copy(const struct model_event *event);

/* Puts a copy of an element behind the last; returns the array, moved or not. */
void *model_append(void *items, size_t *count, const void *item, size_t size_bytes);

#endif
