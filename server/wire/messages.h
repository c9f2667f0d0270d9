/* The messages of anagraph/v1/identity.proto (and the store's own, of
 * anagraph/store/v1/store.proto) that are kept in the store and sent as they are:
 * plain data to bytes and back. Field numbers stand here and in the .proto alone;
 * a test compares both. */
#ifndef ANAGRAPH_SERVER_WIRE_MESSAGES_H
#define ANAGRAPH_SERVER_WIRE_MESSAGES_H

#include "base/arena.h"
#include "rules/types.h"

/* Encoders: *out borrows from the arena. 0; -ENOMEM. */
int contact_encode(struct bytes *out, struct arena *arena, const struct contact *contact);
int conflict_encode(struct bytes *out, struct arena *arena, const struct conflict *conflict);
int account_encode(struct bytes *out, struct arena *arena, const struct account *account);

/* What an event came to. contact is encoded already. */
struct identified {
	enum outcome outcome;
	struct bytes contact; /* anagraph.v1.Contact */
	const uint64_t *absorbed_contact_ids;
	size_t absorbed_count;
	const struct conflict *conflicts;
	size_t conflict_count;
	const struct identifier *shared;
	size_t shared_count;
	uint64_t revision;
};

/* As anagraph.v1.IdentifyResponse. */
int identified_encode(struct bytes *out, struct arena *arena, const struct identified *identified);

/* What an operator's act came to. contact is encoded already. */
struct acted {
	struct bytes contact; /* anagraph.v1.Contact */
	const uint64_t *absorbed_contact_ids;
	size_t absorbed_count; /* 0 of all but MergeContacts */
};

/* As anagraph.v1.PromoteSecondaryResponse, DismissSecondaryResponse or
 * MergeContactsResponse, which are alike as far as they go. */
int acted_encode(struct bytes *out, struct arena *arena, const struct acted *acted);

/* As anagraph.v1.EraseContactResponse. */
int erased_encode(struct bytes *out, struct arena *arena, uint64_t revision);

/* An encoded response of the action's call once more, with replayed set. */
int response_mark_replayed(struct bytes *out, struct arena *arena, enum action action, struct bytes response);

enum message_outcome {
	MESSAGE_E_DAMAGED = 1, /* not such a message, or with a value that none may have */
};

/* Decoders: what they give borrows from message and arena.
 * 0; MESSAGE_E_DAMAGED; -ENOMEM. */
int contact_decode(struct contact *out, struct arena *arena, struct bytes message);
int account_decode(struct account *out, struct bytes message);

/* Whether an encoded response of any call that writes tells an identifier that a contact
 * has, alias or not: as the shown contact's own, as offered to it, in a conflict, as shared.
 * Takes the arena for what it decodes. 0; MESSAGE_E_DAMAGED; -ENOMEM. */
int response_names(bool *out, struct arena *arena, struct bytes response, const struct contact *named);

/* What stands in the place of a contact that another one absorbed. */
struct forward {
	uint64_t survivor_contact_id; /* the contact that it is part of now */
	uint64_t next_contact_id;     /* the contact that absorbed it */
};

int forward_encode(struct bytes *out, struct arena *arena, const struct forward *forward);
int forward_decode(struct forward *out, struct bytes message);

/* A contact's dismissals, as anagraph.store.v1.Dismissals: sorted, each once, at most
 * LIMIT_CONTACT_DISMISSALS. The decoder sets those two members alone. */
int dismissals_encode(struct bytes *out, struct arena *arena, const struct contact *contact);
int dismissals_decode(struct contact *contact, struct arena *arena, struct bytes message);

/* One journal entry: what happened, enough to explain a contact, to undo what was
 * absorbed and to decide the same conflicts again. */
struct journal_entry {
	uint64_t sequence;
	uint64_t revision; /* of the account, after it */
	uint64_t contact_id;
	enum outcome outcome;
	struct claim claim;                   /* of the event */
	const struct identifier *identifiers; /* of the event; their claims are the event's */
	size_t identifier_count;
	const struct attribute *attributes; /* likewise */
	size_t attribute_count;
	const struct conflict *conflicts;
	size_t conflict_count;
	const struct loss *losses;
	size_t loss_count;
	const struct absorption *absorptions; /* each with all that the contact was */
	size_t absorption_count;
	enum action action;
	struct bytes operator_name; /* of an act, with what follows */
	uint64_t contact_version;   /* that the operator had looked at */
	uint64_t secondary_id;
	bool redacted;           /* values of a contact that was erased since are gone */
	uint64_t *bystander_ids; /* contacts that it names beside all those; ascending */
	size_t bystander_count;
};

/* A decoded entry's absorptions point to contacts decoded into the arena. */
int journal_entry_encode(struct bytes *out, struct arena *arena, const struct journal_entry *entry);
int journal_entry_decode(struct journal_entry *out, struct arena *arena, struct bytes message);

/* The contacts that an entry tells something of, and is listed under: the one it is about,
 * those that were absorbed, the owners of what was in conflict, whoever lost a value, and
 * whom the event named besides. Ascending, each once, from the arena. 0; -ENOMEM. */
int journal_contact_ids(
    uint64_t **ids, size_t *id_count, struct arena *arena, const struct journal_entry *entry);

#endif
