/* Short words for tests, so that a test reads like the rule it proves:
 *
 *	identify(s, CONTACTS, AT(10), ID("email", "rossi@example.it"), TEXT("LAST_NAME", "Rossi"));
 *	expect_contact(s, 1, "email=rossi@example.it LAST_NAME=Rossi");
 *
 * Every test works on an account of its own (struct scene), on a daemon that the
 * tests of a file share. Whatever a scene hands out lives until its test ends. A
 * call that fails, or an answer that no contact may have (classes, reach, names,
 * orders, limits: R1, R2, R4, R5), fails the test at the line that made it.
 *
 * Every event with AT is sent twice, and the second time must change nothing (R27),
 * unless the scene says otherwise.
 *
 * Contacts and conflicts are compared as text; build.c says how they are written. */
#ifndef ANAGRAPH_TESTS_SUPPORT_BUILD_H
#define ANAGRAPH_TESTS_SUPPORT_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/client.h"
#include "tests/support/service.h"

#define PUSH ANAGRAPH__V1__SOURCE__SOURCE_PUSH
#define CONVERSATIONS ANAGRAPH__V1__SOURCE__SOURCE_CONVERSATIONS
#define CONTACTS ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS

#define CREATED ANAGRAPH__V1__OUTCOME__OUTCOME_CREATED
#define IDENTIFIED ANAGRAPH__V1__OUTCOME__OUTCOME_IDENTIFIED
#define UPDATED ANAGRAPH__V1__OUTCOME__OUTCOME_UPDATED
#define UNCHANGED ANAGRAPH__V1__OUTCOME__OUTCOME_UNCHANGED

/* AT(0): an arbitrary moment of the past, to whose second all others are told. */
enum { EPOCH_SECONDS = 1700000000 };

enum part_kind {
	PART_END = 0,
	PART_AT,
	PART_TIMESTAMP,
	PART_IDENTIFIER,
	PART_TEXT,
	PART_NUMBER,
	PART_BOOL,
	PART_TIME,
	PART_NO_VALUE,
	PART_CONVERSATION,
	PART_ACCOUNT,
	PART_REQUEST_ID,
	PART_VALIDATE_ONLY,
};

/* One part of an event. */
struct part {
	enum part_kind kind;
	const char *name;
	const char *text;
	double number;
	int64_t seconds;
	int32_t nanos;
};

/* Observed so many seconds after EPOCH_SECONDS. */
#define AT(offset) ((struct part){ .kind = PART_AT, .seconds = EPOCH_SECONDS + (offset) })
/* Observed at a timestamp as it is; such an event is not repeated. */
#define TIMESTAMP(s, n) ((struct part){ .kind = PART_TIMESTAMP, .seconds = (s), .nanos = (n) })
#define ID(namespace_name, value)                                                                            \
	((struct part){ .kind = PART_IDENTIFIER, .name = (namespace_name), .text = (value) })
#define TEXT(attribute, value) ((struct part){ .kind = PART_TEXT, .name = (attribute), .text = (value) })
#define NUMBER(attribute, value)                                                                             \
	((struct part){ .kind = PART_NUMBER, .name = (attribute), .number = (value) })
#define BOOL(attribute, value) ((struct part){ .kind = PART_BOOL, .name = (attribute), .number = (value) })
#define TIME(attribute, s) ((struct part){ .kind = PART_TIME, .name = (attribute), .seconds = (s) })
#define TIME_NANOS(attribute, s, n)                                                                          \
	((struct part){ .kind = PART_TIME, .name = (attribute), .seconds = (s), .nanos = (n) })
#define NO_VALUE(attribute) ((struct part){ .kind = PART_NO_VALUE, .name = (attribute) })
#define IN(thread) ((struct part){ .kind = PART_CONVERSATION, .text = (thread) })
#define ACCOUNT(account) ((struct part){ .kind = PART_ACCOUNT, .text = (account) })
#define REQUEST_ID(id) ((struct part){ .kind = PART_REQUEST_ID, .text = (id) })
#define VALIDATE_ONLY ((struct part){ .kind = PART_VALIDATE_ONLY })
#define PARTS(...)                                                                                           \
	(const struct part[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__,                                                                                 \
		{                                                                                            \
			.kind = PART_END                                                                     \
		}                                                                                            \
	}

/* assert_int_equal for a line given. */
#define expect_same_at(a, b, file, line)                                                                     \
	_assert_int_equal(cast_to_largest_integral_type(a), cast_to_largest_integral_type(b), file, line)

/* Which policies the scene's daemon runs. */
enum scene_policies {
	SCENE_STOCK,    /* chat_primary for CONVERSATIONS, push_latest for the others */
	SCENE_SCRIPTED, /* tests/service/policies/scripted.c for all three */
	SCENE_POLICIES_COUNT,
};

struct scene;
typedef void (*scene_function)(struct scene *s);

struct scene_test {
	const char *name;
	scene_function run;
	enum scene_policies policies;
};

/* A test on the stock policies, and one on those that do as their event says. */
#define STOCK_TEST(function)                                                                                 \
	{                                                                                                    \
#function, function, SCENE_STOCK                                                             \
	}
#define SCRIPTED_TEST(function)                                                                              \
	{                                                                                                    \
#function, function, SCENE_SCRIPTED                                                          \
	}

/* Runs the tests of a file, and after them the check that each daemon ends well and
 * that a scan of its store finds what the counters say (R3). The result is main's. */
#define scene_main(tests) scene_main_of(tests, sizeof(tests) / sizeof((tests)[0]))
int scene_main_of(const struct scene_test *tests, size_t count);

struct scene {
	const struct scene_test *test;
	struct service *service; /* shared by the file */
	struct client *client;   /* likewise */
	char account[65];
	bool repeats;                           /* send events with AT twice; true to begin with */
	Anagraph__V1__IdentifyResponse *answer; /* to the last event that went well */
	bool finished;
	bool owns_client; /* and the daemon behind it */
	struct scene_memory *memory;
};

/* Gives the scene a daemon of its own in place of the shared one; ends with the test. */
void scene_use(struct scene *s, const struct service_options *options);

/* Ends the scene's own daemon, which must go well; then starts it again on the same
 * store. The connection is closed first: an idle caller holds up a daemon's end. */
void scene_stop(struct scene *s);
void scene_start(struct scene *s);

/* Hands memory to the scene, to be released when the test ends. */
void *scene_keep(struct scene *s, void *memory, void (*release)(void *memory));
char *scene_print(struct scene *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sends an event, which must go well. Returns the id of its contact; the rest of the
 * answer is the scene's. */
#define identify(s, source, ...) identify_parts(s, source, PARTS(__VA_ARGS__), __FILE__, __LINE__)
uint64_t identify_parts(struct scene *s, int source, const struct part *parts, const char *file, int line);

/* Sends an event that must be refused, with these, leaving the account as it was. */
#define expect_error(s, code, reason, field, source, ...)                                                    \
	expect_error_parts(s, code, reason, field, source, PARTS(__VA_ARGS__), __FILE__, __LINE__)
#define expect_invalid(s, reason, field, source, ...)                                                        \
	expect_error(s, "INVALID_ARGUMENT", reason, field, source, __VA_ARGS__)
void expect_error_parts(struct scene *s, const char *code, const char *reason, const char *field, int source,
    const struct part *parts, const char *file, int line);

/* A status is exactly this; no reason, no field: empty. */
void expect_status(const struct client_status *status, const char *code, const char *reason,
    const char *field, const char *file, int line);

/* The encoded request that identify would send. */
#define encode_event(size, s, source, ...) encode_parts(size, s, source, PARTS(__VA_ARGS__))
uint8_t *encode_parts(size_t *size, struct scene *s, int source, const struct part *parts);

/* Looks a contact up, which must be there. */
#define resolve(s, namespace_name, value) resolve_at(s, namespace_name, value, 0, __FILE__, __LINE__)
#define resolve_id(s, id) resolve_at(s, NULL, NULL, id, __FILE__, __LINE__)
Anagraph__V1__ResolveResponse *resolve_at(
    struct scene *s, const char *namespace_name, const char *value, uint64_t id, const char *file, int line);

/* The id of the contact that holds an identifier; 0 when nobody does. */
#define owner(s, namespace_name, value) owner_at(s, namespace_name, value, __FILE__, __LINE__)
uint64_t owner_at(struct scene *s, const char *namespace_name, const char *value, const char *file, int line);

#define count(s) count_at(s, __FILE__, __LINE__)
Anagraph__V1__CountContactsResponse *count_at(struct scene *s, const char *file, int line);

/* What a contact holds, as text:
 *	email=rossi@example.it LAST_NAME=Rossi ?LAST_NAME=Bianchi ?phone=+39…^2 @conversations-engaged
 * identifiers (an alias after a ~) and attributes in their order, then secondaries (with
 * the owner's id after a ^), then lists. */
char *contact_text(struct scene *s, const Anagraph__V1__Contact *contact);

/* The contact, asked for by its id, holds this. */
#define expect_contact(s, id, text) expect_contact_at(s, id, text, __FILE__, __LINE__)
void expect_contact_at(struct scene *s, uint64_t id, const char *text, const char *file, int line);

/* What the last event's conflicts were, as text, one after the other:
 *	VALUE LAST_NAME Rossi<Bianchi OFFER, OWNER email a@example.it of 1 KEEP
 * then ! and the fallback, where there was one. */
#define expect_conflicts(s, text) _assert_string_equal(conflicts_text(s), text, __FILE__, __LINE__)
char *conflicts_text(struct scene *s);

/* What the last event came to. */
#define expect_outcome(s, expected) expect_same_at((s)->answer->outcome, expected, __FILE__, __LINE__)

/* Its identifiers that were left with their owners (N6), as "email=a@example.it phone=…". */
#define expect_shared(s, text) _assert_string_equal(shared_text(s), text, __FILE__, __LINE__)
char *shared_text(struct scene *s);

/* The ids that it absorbed, as "2 3". */
#define expect_absorbed(s, text)                                                                             \
	_assert_string_equal(                                                                                \
	    ids_text(s, (s)->answer->absorbed_contact_ids, (s)->answer->n_absorbed_contact_ids), text,       \
	    __FILE__, __LINE__)
char *ids_text(struct scene *s, const uint64_t *ids, size_t id_count);

/* "identified anonymous_push anonymous_chat", as "2 0 1". */
#define expect_totals(s, text) _assert_string_equal(totals_text(s), text, __FILE__, __LINE__)
char *totals_text(struct scene *s);

/* The claim of a contact's identifier or attribute of that name, or of its first
 * secondary of the name after a "?", as "CONTACTS@10": source, and seconds after
 * EPOCH_SECONDS. */
#define expect_claim(s, id, name, text)                                                                      \
	_assert_string_equal(claim_text(s, id, name), text, __FILE__, __LINE__)
char *claim_text(struct scene *s, uint64_t id, const char *name);
const Anagraph__V1__Claim *claim_of(const Anagraph__V1__Contact *contact, const char *name);

int64_t microseconds(const Google__Protobuf__Timestamp *timestamp);

#endif
