/* Contacts while an event is being decided: working copies of what the store
 * holds, on which values are held, dropped, offered and moved. Private to rules/.
 *
 * A draft has a contact's orders when it is opened and again after draft_finish; in
 * between, what comes in stands at the end, and a secondary that was closed leaves a
 * gap: one with neither namespace nor name. Functions that can fail do so for want of
 * memory alone: 0 or -ENOMEM, after which the whole of the work is dropped. */
#ifndef ANAGRAPH_RULES_DRAFT_H
#define ANAGRAPH_RULES_DRAFT_H

#include "base/arena.h"
#include "rules/decide.h"
#include "rules/index.h"
#include "rules/types.h"

/* An array of a draft: its room, and where its elements are once there are many. */
struct draft_array {
	size_t capacity;
	size_t indexed_count; /* elements from the beginning that the index knows */
	struct index index;
};

struct draft {
	const struct contact *before; /* NULL for a contact that the event makes */
	struct contact now;
	struct arena *arena;
	struct draft_array identifiers;
	struct draft_array attributes;
	struct draft_array secondaries;
	size_t list_capacity;
	struct draft *survivor;  /* the draft that absorbed this one */
	bool owner;              /* owned an identifier of the event */
	bool taken_from;         /* lost an identifier to a TAKE (R12) */
	bool absorbed_anonymous; /* another contact, anonymous by then, became part of it (R7) */
	bool merged;             /* another contact was merged into it: always a change (R29) */
};

/* One event's decision on its way. */
struct work {
	struct arena *arena;
	const struct event *event;
	const struct neighbourhood *known;
	const struct account_settings *settings;
	const struct decider *decider;
	struct draft *drafts; /* by id, a new contact last */
	size_t draft_count;
	struct draft **owners; /* beside event->identifiers: who holds each now; NULL for nobody */
	struct draft *target;
	bool through_device;     /* how the target was found: R10 */
	struct draft *separated; /* the target before SEPARATE (R13), or NULL */
	struct conflict *conflicts;
	size_t conflict_count;
	size_t conflict_capacity;
	struct loss *losses;
	size_t loss_count;
	size_t loss_capacity;
	bool all_shared; /* so are all personal identifiers of the event (N6) */
	struct identifier *shared;
	size_t shared_count;
	struct acquaintance *acquaintances;
	size_t acquaintance_count;
};

/* Opens a draft of each contact known, and says who owns the event's identifiers. */
int work_open(struct work *work);

/* The draft of a contact that is known, or NULL. */
struct draft *work_find(const struct work *work, uint64_t contact_id);

/* Opens a working copy of a contact in the caller's memory. */
int draft_open(struct draft *draft, struct arena *arena, const struct contact *contact);

/* The identifier of that namespace and value, or NULL. */
struct identifier *draft_identifier(struct draft *draft, enum namespace_id namespace_id, struct bytes value);

/* The value that the contact holds in a personal namespace, or NULL; never an alias. */
struct identifier *draft_held(const struct draft *draft, enum namespace_id namespace_id);

/* The attribute of that name, or NULL. */
struct attribute *draft_attribute(struct draft *draft, struct bytes name);

/* Gives the contact an identifier that it does not have; closes what agrees (R20). */
int draft_hold_identifier(struct work *work, struct draft *draft, const struct identifier *identifier);

/* Takes away an identifier that the contact has, and notes the loss. */
int draft_lose_identifier(
    struct work *work, struct draft *draft, struct identifier *identifier, enum loss_cause cause);

/* Gives the contact an attribute, in the place of one of that name; closes what agrees. */
int draft_hold_attribute(struct work *work, struct draft *draft, const struct attribute *attribute);

/* Offers a value beside what the contact holds: an open secondary of that value takes the
 * greater claim (R21); nothing when the contact holds that very value, or an operator has
 * dismissed it since it was observed (R24); else a new one. */
int draft_offer(struct work *work, struct draft *draft, const struct secondary *secondary);

/* Takes over a secondary of an absorbed contact, with its id (R11). */
int draft_adopt_secondary(struct work *work, struct draft *draft, const struct secondary *secondary);

/* Closes one of the contact's secondaries, and notes why. */
int draft_close_secondary(
    struct work *work, struct draft *draft, struct secondary *secondary, enum loss_cause cause);

/* R29: in each personal namespace in which the contact has aliases and no value of its
 * own, the newest alias becomes that. */
int draft_promote_aliases(struct work *work, struct draft *draft);

/* Puts the contact on a list, once. */
int draft_join_list(struct arena *arena, struct draft *draft, struct bytes list);

/* Takes the gaps out and puts everything but secondaries, which may have no ids yet,
 * into a contact's orders. Identifiers and attributes that are gaps go, too. */
void draft_finish(struct draft *draft);

/* Whether a secondary is the gap that a closed one left. */
bool secondary_is_gap(const struct secondary *secondary);

/* Notes a value that was lost. */
int work_note_loss(
    struct work *work, enum loss_cause cause, const struct draft *draft, const struct secondary *value);

/* Raises a claim to the greater (R14). */
void claim_raise(struct claim *claim, const struct claim *seen);

/* What a secondary is about: its name, value, claim. */
struct bytes secondary_name(const struct secondary *secondary);
struct value secondary_value(const struct secondary *secondary);
struct claim *secondary_claim(struct secondary *secondary);

/* A string as a value. */
struct value value_of_string(struct bytes string);

#endif
