/* Turns what a caller sent into an event that the rules can decide: checks every
 * field, brings values to their normal form, drops duplicates. Whatever is wrong
 * is told with a stable reason and the field at fault, and nothing has been
 * touched by then. Pure, any thread. */
#ifndef ANAGRAPH_RULES_EVENT_H
#define ANAGRAPH_RULES_EVENT_H

#include "rules/normalize.h"

/* Why a call is refused. The names without REASON_ are what callers see. */
enum reason {
	REASON_NONE = 0,
	REASON_MALFORMED_REQUEST,
	REASON_ACCOUNT_INVALID,
	REASON_IDENTIFIER_MISSING,
	REASON_NAMESPACE_UNKNOWN,
	REASON_IDENTIFIER_INVALID,
	REASON_IDENTIFIER_BLOCKED,
	REASON_IDENTIFIER_REPEATED,
	REASON_ATTRIBUTE_INVALID,
	REASON_ATTRIBUTE_REPEATED,
	REASON_OBSERVED_AT_INVALID,
	REASON_ENUM_UNKNOWN,
	REASON_KEY_MISSING,
	REASON_FIELD_INVALID,
	REASON_LIMIT_EXCEEDED,
	REASON_PAGE_TOKEN_INVALID,
	REASON_OPERATOR_MISSING,
	REASON_MERGE_INVALID,
	REASON_CONTACT_NOT_FOUND,
	REASON_SECONDARY_NOT_FOUND,
	REASON_VERSION_MISMATCH,
	REASON_IDENTIFIER_OWNED,
	REASON_IDENTIFIER_SUPPRESSED,
	REASON_CREDENTIALS_MISSING,
	REASON_ROLE_MISSING,
	REASON_ACCOUNT_FORBIDDEN,
	REASON_SERVICE_NOT_FOUND,
	REASON_REQUEST_ID_REUSED,
	REASON_STORE_FULL,
	REASON_STORE_FAILED,
	REASON_RECORD_DAMAGED,
	REASON_DRAINING,
	REASON_OVERLOADED,
	REASON_DEADLINE_PASSED,
	REASON_UNIMPLEMENTED,
	REASON_INTERNAL,
	REASON_COUNT,
};

enum { REJECTION_FIELD_BYTES = 48 };

struct rejection {
	enum reason reason;
	char field[REJECTION_FIELD_BYTES]; /* e.g. "identifiers[2].value"; NUL-terminated, may be empty */
	const char *message;       /* a static sentence for people, without any of the caller's data */
	uint64_t owner_contact_id; /* IDENTIFIER_OWNED: whose it is; else 0 */
};

/* A moment as the wire has it. */
struct timestamp {
	bool present;
	int64_t seconds;
	int32_t nanos;
};

struct identifier_input {
	struct bytes namespace_name;
	struct bytes value;
};

/* value.type VALUE_NONE: none was given. A time goes in through time, whose
 * present says that the value is one. */
struct attribute_input {
	struct bytes name;
	struct value value;
	struct timestamp time;
};

/* An event as it came. Borrowed throughout. */
struct event_input {
	struct bytes account;
	int32_t source; /* as on the wire */
	struct identifier_input *identifiers;
	size_t identifier_count;
	struct attribute_input *attributes;
	size_t attribute_count;
	struct timestamp observed_at;
	struct bytes conversation;
};

enum event_outcome {
	EVENT_E_REJECTED = 1, /* *rejection says why */
};

/* Who knows telephone numbers in their normal form (N3). */
struct known_numbers {
	void *context;
	/* Whether a number that looks like its normal form is known to be in it. */
	bool (*have)(
	    void *context, struct bytes account, enum namespace_id namespace_id, struct bytes number);
};

/* Checks and normalises an event, and tells of the first thing wrong: account,
 * source, conversation, how many identifiers and attributes there are, observed_at,
 * each identifier, identifiers that repeat a personal namespace, each attribute,
 * attributes that repeat a name. The field of a repeated one is that of its second
 * value, e.g. "identifiers[1].value". *event borrows from the arena and from the
 * input. A number that known has, which may be NULL, is looked up in no table. Its claim has source,
 * conversation and, where the caller gave one, the time observed, as claimed_at_us with clamped set:
 * event_receive settles both. 0; EVENT_E_REJECTED; -ENOMEM. *event is untouched unless 0. */
int event_prepare(struct event *event, struct rejection *rejection, struct arena *arena,
    const struct event_input *input, const struct account_settings *settings,
    const struct known_numbers *known);

/* Stamps a prepared event with the moment the service took it in, and settles
 * when it was observed (R19). Copies the claim to every identifier and attribute.
 * An event that is received again, later, is stamped anew. Any thread that has the event. */
void event_receive(struct event *event, int64_t recorded_at_us);

/* Checks and normalises the identifier of a look-up, whose fields are named
 * "identifier.namespace" and "identifier.value". Its claim is all zeros. The same
 * outcomes. */
int lookup_prepare(struct identifier *identifier, struct rejection *rejection, struct arena *arena,
    const struct identifier_input *input, const struct account_settings *settings);

/* Converts a wire timestamp to microseconds, cutting what is finer.
 *   0; EVENT_E_REJECTED when not in the years 1 to 9999 or nanos not below 10^9. */
int timestamp_to_us(int64_t *time_us, const struct timestamp *timestamp);

#endif
