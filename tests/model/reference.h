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
	MODEL_DEVICES = 64,
	MODEL_ATTRIBUTES = 100,
	MODEL_SECONDARIES = 16,
};

/* An observed_at that stands for "none given": it is past every real one, and of
 * two such events the later is the newer (R19). */
#define MODEL_UNTIMED ((int64_t)1 << 62)

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
	int64_t observed_at_us; /* MODEL_UNTIMED and more: that of recorded_at */
	size_t event;           /* whose recorded_at it has; events count from 1 */
	char conversation[MODEL_NAME_BYTES];
};

/* An identifier or an attribute: something known of a contact. */
struct model_fact {
	enum namespace_id namespace_id; /* NAMESPACE_NONE for an attribute */
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

/* A contact, or what is left of an absorbed one: the way to its survivor. */
struct model_contact {
	uint64_t id;
	uint64_t forward_to; /* 0 while it lives */
	uint64_t version;
	size_t created_event;
	size_t updated_event;
	bool engaged; /* on the list conversations-engaged */
	struct model_fact *facts;
	size_t fact_count;
	struct model_secondary *secondaries;
	size_t secondary_count;
};

struct model_event {
	enum source source;
	int64_t observed_at_us; /* MODEL_UNTIMED: none given */
	char conversation[MODEL_NAME_BYTES];
	struct model_fact *facts; /* identifiers, then attributes, in the order of model_fact_order */
	size_t fact_count;
};

struct model_conflict {
	enum conflict_kind kind;
	struct model_fact stored;
	struct model_fact incoming;
	uint64_t owner_contact_id;
	enum verdict verdict;
	enum model_policy policy;
};

struct model_loss {
	enum loss_cause cause;
	uint64_t contact_id;
	struct model_secondary value;
};

/* What one event came to: the answer, and the journal's entry if there is one. */
struct model_entry {
	uint64_t sequence; /* 0: not journalled */
	size_t event_number;
	struct model_event event;
	enum outcome outcome;
	uint64_t contact_id;
	uint64_t revision;
	struct model_conflict *conflicts;
	size_t conflict_count;
	struct model_loss *losses;
	size_t loss_count;
	struct model_contact *absorbed; /* as they were before the event, by id */
	size_t absorbed_count;
	uint64_t *indexed_ids; /* contacts that it is found under, ascending */
	size_t indexed_count;
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
	struct model_entry *entries; /* one an event: entries[i] is of event i + 1 */
	size_t entry_count;
	uint64_t journal_sequence;
	int64_t *recorded_at_us; /* beside entries; 0 until it is known */
};

struct model *model_create(void);
void model_destroy(struct model *model);

/* Decides an event. The entry is the model's, good until the next event. */
const struct model_entry *model_identify(struct model *model, const struct model_event *event);

/* What a contact is. */
enum contact_class model_class(const struct model_contact *contact);
void model_display_name(char name[2 * MODEL_TEXT_BYTES], const struct model_contact *contact);
bool model_reached_by(const struct model_contact *contact, enum reach reach);

/* The contact that owns an identifier; 0 for nobody. */
uint64_t model_owner(const struct model *model, const struct model_fact *identifier);

/* The living contact behind an id, and where it isn't the one asked for, that id
 * and those passed, to be freed. NULL when the id was never given. */
const struct model_contact *model_resolve(
    uint64_t **forwarded_ids, size_t *forwarded_count, const struct model *model, uint64_t id);

/* Counts again from nothing (R3). */
struct model_totals model_recount(const struct model *model);

/* The order in which a contact lists what it holds, and R18's order of values. */
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
