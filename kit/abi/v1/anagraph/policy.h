/* SPDX-License-Identifier: Apache-2.0
 *
 * <anagraph/policy.h>: how to write a conflict policy for anagraph.
 *
 * A policy decides what happens when two sources disagree about a contact. It is
 * a shared object named ID.so, after its descriptor's id, that exports one
 * symbol, anagraph_policy_v1, and needs nothing but this header. It is a pure
 * function of the conflict it is shown: it has no clock, no store, no allocator
 * of the host's, and the same conflict must always get the same verdict.
 *
 * Memory never changes owner across this boundary. Whatever the host passes is
 * borrowed until the function returns; what a policy returns from
 * anagraph_policy_v1 and points to from there stays valid for the life of the
 * process. Strings have a length, are UTF-8 without NUL, and are NOT terminated.
 *
 * Each function says on which thread it is called:
 *   [main]  one thread, never at the same time as any other call to the policy
 *   [any]   any thread, several at once, also on one instance
 *
 * How it grows: additions go at the end of structures that have a struct_size,
 * which says how much of it the other side knows; read nothing past that. Elements
 * of arrays lie at the stride passed beside them, not at sizeof. The other
 * structures stay as they are. A break of all this would be a new symbol,
 * anagraph_policy_v2. Everything here is laid out without padding.
 */
#ifndef ANAGRAPH_POLICY_H
#define ANAGRAPH_POLICY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a structure with a struct_size, as the other side made it, goes as far as a member:
 * ANAGRAPH_HAS(conflict, anagraph_conflict, device). */
#define ANAGRAPH_HAS(pointer, tag, member)                                                                   \
	((pointer)->struct_size >= offsetof(struct tag, member) + sizeof((pointer)->member))

/* The major version of this interface: goes into anagraph_policy.abi_version. */
#define ANAGRAPH_POLICY_ABI_VERSION 1u

/* Bytes of a string, not terminated. data may be NULL when size is 0. */
struct anagraph_string {
	const char *data;
	size_t size;
};

/* Types of a value, in the order in which values of different types compare. */
#define ANAGRAPH_VALUE_NONE 0u
#define ANAGRAPH_VALUE_BOOL 1u
#define ANAGRAPH_VALUE_NUMBER 2u
#define ANAGRAPH_VALUE_STRING 3u
#define ANAGRAPH_VALUE_TIME 4u

/* A typed value: type names the one member that counts, the others are zero. */
struct anagraph_value {
	uint32_t type;    /* ANAGRAPH_VALUE_… */
	uint32_t boolean; /* 0 or 1 */
	double number;    /* finite */
	int64_t time_us;  /* microseconds since 1970, UTC; may be negative */
	struct anagraph_string string;
};

/* Where a value comes from. The number is the source's rank: higher is trusted
 * more, and breaks a tie between two values observed at the same moment. */
#define ANAGRAPH_SOURCE_PUSH 1u
#define ANAGRAPH_SOURCE_CONVERSATIONS 2u
#define ANAGRAPH_SOURCE_CONTACTS 3u

/* A value and what it rests on. */
struct anagraph_claim {
	struct anagraph_value value;
	uint32_t source;                     /* ANAGRAPH_SOURCE_…; later versions may know more */
	uint32_t rank;                       /* of the source; compare this, not source */
	int64_t observed_at_us;              /* when it happened, by the caller's word */
	int64_t recorded_at_us;              /* when the service took it in */
	uint64_t contact_id;                 /* who holds it; 0 for what has just come in */
	struct anagraph_string conversation; /* the chat thread it was said in; empty outside one */
};

/* What kind of disagreement it is; also bits of anagraph_policy.kinds, as 1 << kind. */
#define ANAGRAPH_CONFLICT_VALUE 1u    /* the contact holds another value of that name */
#define ANAGRAPH_CONFLICT_OWNER 2u    /* another identified contact owns the identifier */
#define ANAGRAPH_CONFLICT_IDENTITY 3u /* one person with a new address, or two on one device */

/* What the conflict's name is the name of. */
#define ANAGRAPH_NAME_PERSONAL 1u  /* a namespace that says who somebody is: email, phone … */
#define ANAGRAPH_NAME_DEVICE 2u    /* a namespace that says what somebody used: chat, push … */
#define ANAGRAPH_NAME_ATTRIBUTE 3u /* an attribute */

/* A conflict. Claims that are absent are NULL. */
struct anagraph_conflict {
	size_t struct_size;
	uint32_t kind;       /* ANAGRAPH_CONFLICT_… */
	uint32_t name_class; /* ANAGRAPH_NAME_… */
	struct anagraph_string account;
	struct anagraph_string name;           /* "email", "LAST_NAME" … */
	const struct anagraph_claim *incoming; /* what the event says; never NULL */
	const struct anagraph_claim *stored; /* what the store holds, for OWNER with its owner; never NULL */
	const struct anagraph_claim
	    *displaced; /* OWNER: the contact's own other value, which TAKE would release */
	const struct anagraph_claim *device; /* IDENTITY: the device through which the contact was found */
};

/* What to do about it. */
#define ANAGRAPH_VERDICT_KEEP 1u  /* what is stored stays; what came in is only journalled */
#define ANAGRAPH_VERDICT_OFFER 2u /* what is stored stays; what came in is shown beside it to an operator */
#define ANAGRAPH_VERDICT_TAKE 3u  /* what came in takes its place */
#define ANAGRAPH_VERDICT_SEPARATE 4u /* IDENTITY alone: a contact of its own for what came in */

#define ANAGRAPH_REASON_SIZE 64u

/* A policy's answer. The host sets struct_size and clears the rest. */
struct anagraph_verdict {
	size_t struct_size;
	uint32_t verdict;                  /* ANAGRAPH_VERDICT_… */
	uint32_t reserved;                 /* leave 0 */
	char reason[ANAGRAPH_REASON_SIZE]; /* short and for machines: A-Z 0-9 _, NUL-terminated; may stay
					      empty */
};

/* An option from the configuration. */
struct anagraph_option {
	struct anagraph_string name;
	struct anagraph_string value;
};

/* Levels of a log line. */
#define ANAGRAPH_LOG_DEBUG 0u
#define ANAGRAPH_LOG_INFO 1u
#define ANAGRAPH_LOG_WARNING 2u
#define ANAGRAPH_LOG_ERROR 3u

/* What the host offers. Valid as long as the instance that it was given to. */
struct anagraph_host {
	size_t struct_size;
	/* Writes one line to the service's log. Never put anything personal into it.
	 * [any] */
	void (*log)(const struct anagraph_host *host, uint32_t level, struct anagraph_string message);
	/* An interface of later versions by its name, e.g. "metrics/1"; NULL if the
	 * host has none of that name. [any] */
	const void *(*extension)(const struct anagraph_host *host, struct anagraph_string name);
};

/* What decide returns: 0 with a verdict, ANAGRAPH_DEFER to let the default
 * verdict stand, any negative number for a failure. */
#define ANAGRAPH_DECIDED 0
#define ANAGRAPH_DEFER 1

/* The flags of a policy. */
#define ANAGRAPH_POLICY_ORDER_INDEPENDENT 1u /* the same events in any order leave the same values */

/* A policy's description of itself. */
struct anagraph_policy {
	size_t struct_size;
	uint32_t abi_version; /* ANAGRAPH_POLICY_ABI_VERSION */
	uint32_t kinds; /* bits 1 << ANAGRAPH_CONFLICT_…: those it decides; others get the default verdict */
	uint32_t flags;       /* ANAGRAPH_POLICY_… */
	uint32_t reserved;    /* leave 0 */
	const char *id;       /* 1 to 64 of a-z 0-9 _ -, the name of its file without .so; NUL-terminated */
	const char *version;  /* up to 32 bytes, e.g. "1.0.0"; NUL-terminated */
	const char *build_id; /* of the author's own build, up to 64 bytes, may be ""; NUL-terminated */

	/* Makes an instance from options, option_size bytes apart. Must refuse an
	 * option that it does not know. host outlives the instance.
	 * Returns 0 with *instance set (NULL is fine), or a negative number. [main] */
	int (*create)(const struct anagraph_host *host, const struct anagraph_option *options,
	    size_t option_count, size_t option_size, void **instance);

	/* Gives back an instance. [main] */
	void (*destroy)(void *instance);

	/* Decides one conflict; see ANAGRAPH_DECIDED. A conflict of a kind that it
	 * does not know must be answered with ANAGRAPH_DEFER. Must not block. [any] */
	int (*decide)(
	    const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict);
};

#if defined(__GNUC__)
#define ANAGRAPH_POLICY_EXPORT __attribute__((visibility("default")))
#else
#define ANAGRAPH_POLICY_EXPORT
#endif

/* The one symbol that a policy exports. The result lives as long as the process.
 * [main] */
ANAGRAPH_POLICY_EXPORT const struct anagraph_policy *anagraph_policy_v1(void);

/* The type of that symbol. */
typedef const struct anagraph_policy *(*anagraph_policy_v1_function)(void);

#ifdef __cplusplus
}
#endif

#endif
