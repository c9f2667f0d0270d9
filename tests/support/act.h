/* What operators do, in short words beside those of build.h:
 *
 *	promote(s, 1, "CITY=Bari");
 *	expect_promote_error(s, 1, "CITY=Bari", "ABORTED", "VERSION_MISMATCH", "contact_version");
 *
 * A contact is looked up first, and its version is the one that is there, unless the
 * scene's act says otherwise. */
#ifndef ANAGRAPH_TESTS_SUPPORT_ACT_H
#define ANAGRAPH_TESTS_SUPPORT_ACT_H

#include "tests/support/call.h"

/* The request that is sent; where a number is 0, what is found by the contact's id. */
struct act_request {
	uint64_t contact_id;
	const char *offered; /* the secondary, as contact_text has it after the "?"; NULL: secondary_id */
	uint64_t secondary_id;
	uint64_t contact_version;
	uint64_t absorbed_contact_id; /* merge */
	uint64_t absorbed_contact_version;
	const char *operator_name; /* NULL: anna */
	const char *request_id;    /* NULL: none */
	bool validate_only;        /* merge */
	bool suppress;             /* erase */
	bool replayed;             /* the answer must say so */
};

/* Acts that must go well; the contact that the answer tells of is sound, and the scene's. */
#define promote(s, id, secondary) promote_with(s, { .contact_id = (id), .offered = (secondary) })
#define dismiss(s, id, secondary) dismiss_with(s, { .contact_id = (id), .offered = (secondary) })
#define merge(s, survivor_id, absorbed_id)                                                                   \
	merge_with(s, { .contact_id = (survivor_id), .absorbed_contact_id = (absorbed_id) })

#define promote_with(s, ...) promote_at(s, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
#define dismiss_with(s, ...) dismiss_at(s, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
#define merge_with(s, ...) merge_at(s, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
const Anagraph__V1__Contact *promote_at(
    struct scene *s, const struct act_request *act, const char *file, int line);
const Anagraph__V1__Contact *dismiss_at(
    struct scene *s, const struct act_request *act, const char *file, int line);
const Anagraph__V1__MergeContactsResponse *merge_at(
    struct scene *s, const struct act_request *act, const char *file, int line);

/* Erases a contact; the revision that the answer tells of. */
#define erase(s, id) erase_with(s, { .contact_id = (id) })
#define erase_with(s, ...) erase_at(s, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
uint64_t erase_at(struct scene *s, const struct act_request *act, const char *file, int line);

/* Acts that must be refused, with these, leaving the account as it was. */
#define expect_promote_error(s, code, reason, field, ...)                                                    \
	expect_promote_error_at(                                                                             \
	    s, code, reason, field, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
#define expect_dismiss_error(s, code, reason, field, ...)                                                    \
	expect_dismiss_error_at(                                                                             \
	    s, code, reason, field, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
#define expect_merge_error(s, code, reason, field, ...)                                                      \
	expect_merge_error_at(                                                                               \
	    s, code, reason, field, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
#define expect_erase_error(s, code, reason, field, ...)                                                      \
	expect_erase_error_at(                                                                               \
	    s, code, reason, field, &(const struct act_request)__VA_ARGS__, __FILE__, __LINE__)
void expect_promote_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line);
void expect_dismiss_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line);
void expect_merge_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line);
void expect_erase_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line);

/* The id of a contact's open secondary. */
uint64_t secondary_id(struct scene *s, uint64_t contact_id, const char *offered);

#endif
