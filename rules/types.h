/* The plain data that rules, graph, engine and rpc speak in: what a contact is,
 * what an event says, and what a decision changes. No behaviour, no ownership:
 * every pointer borrows from an arena or a transaction, and whoever hands a
 * structure out says for how long it stays.
 *
 * Times are microseconds since 1970-01-01T00:00:00Z. Ids are dense from 1, and 0
 * means none. Numbers of enumerators are those of anagraph/v1/identity.proto
 * where both name the same thing. */
#ifndef ANAGRAPH_RULES_TYPES_H
#define ANAGRAPH_RULES_TYPES_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/limits.h"

/* Personal namespaces come first, in the order in which they find a target (R9);
 * the order of the rest is that in which a contact lists them. */
enum namespace_id {
	NAMESPACE_NONE = 0,
	NAMESPACE_EXT_ID = 1,
	NAMESPACE_EMAIL = 2,
	NAMESPACE_PHONE = 3,
	NAMESPACE_WHATSAPP = 4,
	NAMESPACE_LANDLINE = 5,
	NAMESPACE_CHAT = 6,
	NAMESPACE_FACEBOOK = 7,
	NAMESPACE_INSTAGRAM = 8,
	NAMESPACE_PUSH = 9,
	NAMESPACE_COUNT = 10,
};

/* The number is the rank (R18). */
enum source {
	SOURCE_NONE = 0,
	SOURCE_PUSH = 1,
	SOURCE_CONVERSATIONS = 2,
	SOURCE_CONTACTS = 3,
	SOURCE_COUNT = 4,
};

/* In the order in which R18 compares values of different types. */
enum value_type {
	VALUE_NONE = 0,
	VALUE_BOOL = 1,
	VALUE_NUMBER = 2,
	VALUE_STRING = 3,
	VALUE_TIME = 4,
};

struct value {
	enum value_type type;
	bool boolean;
	double number; /* finite, never negative zero */
	int64_t time_us;
	struct bytes string;
};

/* What a stored value rests on. */
struct claim {
	enum source source;
	bool clamped; /* observed_at_us is not what the caller said: claimed_at_us is */
	int64_t observed_at_us;
	int64_t recorded_at_us;
	int64_t claimed_at_us;
	struct bytes conversation;
};

struct identifier {
	enum namespace_id namespace_id;
	bool alias;
	struct bytes value; /* normal form */
	struct bytes given; /* as the caller wrote it; empty when that is the normal form */
	struct claim claim;
};

struct attribute {
	struct bytes name;
	struct value value;
	struct claim claim;
};

/* The policy that decided: its name, its own version, the hash of its file. */
struct policy_identity {
	struct bytes id;
	struct bytes version;
	struct bytes build;
};

/* What is offered is an identifier when identifier.namespace_id is set, an
 * attribute otherwise. Its claim is that of the member in use. */
struct secondary {
	uint64_t id;
	uint64_t owner_contact_id;
	struct identifier identifier;
	struct attribute attribute;
	struct policy_identity policy;
};

enum contact_class {
	CLASS_NONE = 0,
	CLASS_IDENTIFIED = 1,
	CLASS_ANONYMOUS_PUSH = 2,
	CLASS_ANONYMOUS_CHAT = 3,
	CLASS_COUNT = 4,
};

enum reach {
	REACH_NONE = 0,
	REACH_EMAIL = 1,
	REACH_SMS = 2,
	REACH_WHATSAPP = 3,
	REACH_PUSH = 4,
	REACH_COUNT = 5,
};

/* A value that an operator dismissed: it is offered again only by what is observed later
 * (R24). */
struct dismissal {
	struct bytes name;            /* of the attribute or namespace */
	uint8_t digest[DIGEST_BYTES]; /* of the value, keyed */
	int64_t time_us;
};

/* Arrays are sorted: identifiers by namespace, then not alias before alias, then
 * value; attributes by name; secondaries by id; lists by bytes; dismissals by time, then
 * name, then digest. */
struct contact {
	uint64_t id;
	uint64_t version;
	int64_t create_time_us;
	int64_t update_time_us;
	enum contact_class contact_class; /* R1, R2 */
	bool reach[REACH_COUNT];          /* R5 */
	struct bytes display_name;        /* R4 */
	struct identifier *identifiers;
	size_t identifier_count;
	struct attribute *attributes;
	size_t attribute_count;
	struct secondary *secondaries;
	size_t secondary_count;
	struct bytes *lists;
	size_t list_count;
	struct dismissal *dismissals; /* kept beside the contact: no caller sees them */
	size_t dismissal_count;
};

static inline bool
identifier_is(const struct identifier *identifier, enum namespace_id namespace_id, struct bytes value)
{
	return identifier->namespace_id == namespace_id && bytes_equal(identifier->value, value);
}

/* Whether the contact has the identifier. */
static inline bool
contact_holds(const struct contact *contact, enum namespace_id namespace_id, struct bytes value)
{
	for (size_t i = 0; i < contact->identifier_count; i++) {
		if (identifier_is(&contact->identifiers[i], namespace_id, value))
			return true;
	}
	return false;
}

/* One account's numbers. A missing account is all zeros. */
struct account {
	uint64_t last_contact_id;
	uint64_t last_secondary_id;
	uint64_t revision;
	uint64_t journal_sequence;          /* of the newest entry */
	uint64_t class_counts[CLASS_COUNT]; /* R3 */
	uint64_t reach_counts[REACH_COUNT];
	uint64_t engaged_count;    /* contacts on conversations-engaged */
	uint64_t suppressed_count; /* identifiers that are refused (R30) */
	uint64_t dismissed_count;  /* contacts that have dismissals */
};

/* What happens to an account: a caller tells an event, or an operator acts. */
enum action {
	ACTION_NONE = 0,
	ACTION_IDENTIFY = 1,
	ACTION_PROMOTE = 2,
	ACTION_DISMISS = 3,
	ACTION_MERGE = 4,
	ACTION_ERASE = 5,
	ACTION_COUNT = 6,
};

/* What an operator does (R24, R29, R30), and to which contact. */
struct act {
	struct bytes operator_name;
	uint64_t contact_id;          /* as asked for: it may have been absorbed (R25) */
	uint64_t contact_version;     /* that the operator looked at; not for ERASE */
	uint64_t secondary_id;        /* PROMOTE, DISMISS */
	uint64_t absorbed_contact_id; /* MERGE: as contact_id, of the contact that is to go */
	uint64_t absorbed_contact_version;
	bool suppress; /* ERASE */
};

/* What happens, in normal form. An event has each identifier and attribute name once, and
 * their claims are the event's own. An operator's act has neither when it is decided: the
 * value that it turns out to be about is noted in the changeset. */
struct event {
	enum action action;
	struct bytes account;
	struct claim claim;
	struct identifier *identifiers; /* in the order of the contact's, see above */
	size_t identifier_count;
	const size_t *identifier_places; /* beside identifiers: where the caller wrote each, from 0 */
	struct attribute *attributes;    /* by name */
	size_t attribute_count;
	struct act act; /* unless it is ACTION_IDENTIFY */
};

/* A value that an identifier was named together with (N6). */
struct companion {
	enum namespace_id namespace_id;
	uint64_t digest; /* of the value, keyed */
};

/* All that an identifier was named together with, by namespace, then digest; each once. */
struct companions {
	struct companion *items;
	size_t count;
};

/* What the store knows around one event or act: all that a decision may look at.
 *
 * Of an event: owner_ids, companions and suppressed run beside event.identifiers: the
 * contact that owns each, 0 for none; what it was named together with; whether it is
 * refused. crossed_ids are the owners that R9 looks up in the other of phone and
 * whatsapp, in R9's order.
 *
 * Of an act: subject_id and absorbed_id are the contacts that the ids asked for lead to,
 * 0 for none. offered_owner_id is the owner of the identifier that the act's secondary
 * offers, 0 for none. forwarded_ids are the ids that lead to the contact to be erased.
 *
 * contacts holds every contact named by any of these, and, when one is to be erased, those
 * with a secondary that names an identifier of it or an id of it as the owner. By id, each
 * once. */
struct neighbourhood {
	struct account account;
	const struct digest_key *key; /* for all keyed digests */
	uint64_t *owner_ids;
	uint64_t crossed_ids[2];
	struct companions
	    *companions; /* of PUSH and CONTACTS, and of identifiers that may be shared; never NULL */
	bool *suppressed;
	uint64_t subject_id;
	uint64_t absorbed_id;
	uint64_t offered_owner_id;
	uint64_t *forwarded_ids; /* ascending */
	size_t forwarded_count;
	struct contact *contacts;
	size_t contact_count;
};

enum conflict_kind {
	CONFLICT_VALUE = 1,
	CONFLICT_OWNER = 2,
	CONFLICT_IDENTITY = 3,
};

enum verdict {
	VERDICT_NONE = 0,
	VERDICT_KEEP = 1,
	VERDICT_OFFER = 2,
	VERDICT_TAKE = 3,
	VERDICT_SEPARATE = 4,
};

enum fallback {
	FALLBACK_NONE = 0,
	FALLBACK_FAILED = 1,      /* POLICY_FAILED */
	FALLBACK_DEFERRED = 2,    /* POLICY_DEFERRED */
	FALLBACK_INVALID = 3,     /* VERDICT_INVALID */
	FALLBACK_TIMED_OUT = 4,   /* POLICY_TIMED_OUT */
	FALLBACK_CRASHED = 5,     /* POLICY_CRASHED */
	FALLBACK_UNAVAILABLE = 6, /* POLICY_UNAVAILABLE */
	FALLBACK_COUNT = 7,
};

/* A conflict with all that its policy was shown. A claim without a source is absent. */
struct conflict {
	enum conflict_kind kind;
	enum namespace_id namespace_id; /* NAMESPACE_NONE for an attribute */
	struct bytes name;              /* of the attribute or namespace */
	struct value stored;
	struct claim stored_claim;
	struct value incoming;
	struct claim incoming_claim;
	struct value displaced; /* OWNER: the target's own other value */
	struct claim displaced_claim;
	struct value device; /* IDENTITY: how the target was found */
	struct claim device_claim;
	uint64_t target_contact_id;   /* whom the event was about; 0 where that was not kept yet */
	uint64_t incoming_contact_id; /* the contact that an absorbed value comes from; else 0 */
	uint64_t owner_contact_id;    /* OWNER alone */
	enum verdict verdict;
	enum fallback fallback;
	struct policy_identity policy;
	struct bytes reason;
};

enum outcome {
	OUTCOME_NONE = 0,
	OUTCOME_CREATED = 1,
	OUTCOME_IDENTIFIED = 2,
	OUTCOME_UPDATED = 3,
	OUTCOME_UNCHANGED = 4,
};

/* Why a value lost its place. */
enum loss_cause {
	LOSS_TAKEN = 1,      /* another value or owner took it over (R12, R14) */
	LOSS_LIMIT = 2,      /* a limit of the contact left no room */
	LOSS_AGREED = 3,     /* a secondary equals the primary now (R20) */
	LOSS_SUPERSEDED = 4, /* a secondary had the least claim of too many (R21) */
	LOSS_JOINED = 5,     /* a secondary came over that its survivor has already (R11) */
	LOSS_PROMOTED = 6,   /* a secondary became the primary (R24) */
	LOSS_DISMISSED = 7,  /* an operator closed a secondary (R24) */
	LOSS_ERASED = 8,     /* a secondary named what was erased (R30): only its id is told */
	LOSS_CAUSE_COUNT = 9,
};

/* A value that a contact held and holds no longer. What it was stands in the
 * secondary: with an id for a secondary, 0 for a primary or for an incoming value
 * that found no room. */
struct loss {
	enum loss_cause cause;
	uint64_t contact_id;
	struct secondary value;
};

/* A contact before and after an event. */
struct contact_change {
	const struct contact *before; /* NULL when the event made it */
	struct contact after;
	bool revised; /* something but claims changed: the version went up */
	bool dismissals_changed;
};

/* Who owns an identifier after an event; contact_id 0 when nobody does. */
struct ownership {
	enum namespace_id namespace_id;
	struct bytes value;
	uint64_t contact_id;
};

/* What an identifier was named together with, after an event; whoever owns it. */
struct acquaintance {
	enum namespace_id namespace_id;
	struct bytes value;
	struct companions companions;
};

/* A contact that another one absorbed: all it was, for the journal. */
struct absorption {
	const struct contact *before;
	uint64_t survivor_contact_id;
};

/* What one event changes, whole. Applying it is mechanical. */
struct changeset {
	enum outcome outcome;
	const struct contact *contact;   /* the one it is about, after it; NULL once erased */
	struct account account;          /* after it */
	struct contact_change *contacts; /* to be stored; none when nothing is */
	size_t contact_count;
	struct absorption *absorptions; /* by id */
	size_t absorption_count;
	struct ownership *ownerships;
	size_t ownership_count;
	struct conflict *conflicts; /* in the order they were decided */
	size_t conflict_count;
	struct loss *losses;
	size_t loss_count;
	struct acquaintance *acquaintances; /* companions that changed (N6) */
	size_t acquaintance_count;
	struct identifier *shared; /* identifiers of the event that were left with their owners (N6) */
	size_t shared_count;
	uint64_t *bystander_ids; /* contacts that an event names and nothing above tells of; ascending */
	size_t bystander_count;
	struct secondary subject;     /* PROMOTE, DISMISS: the secondary */
	const struct contact *erased; /* ERASE: the contact as it was */
	bool journalled;              /* account.journal_sequence is this one's */
};

#endif
