/* Requests of operators' calls, filled in from what the service itself says of the
 * contacts: an operator's side panel does the same. */
#include "tests/support/act.h"

#include <string.h>

#include "tests/support/tell.h"

/* Strings go out as they are: the generated code never writes to them. */
static char *
text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

uint64_t
secondary_id(struct scene *s, uint64_t contact_id, const char *offered)
{
	const Anagraph__V1__Contact *contact = resolve_id(s, contact_id)->contact;

	for (size_t i = 0; i < contact->n_secondaries; i++) {
		if (strcmp(secondary_text(s, contact->secondaries[i]) + 1, offered) == 0)
			return contact->secondaries[i]->id;
	}
	fail_msg("contact %llu has no secondary %s", (unsigned long long)contact_id, offered);
	return 0;
}

static uint64_t
version_of(struct scene *s, uint64_t asked, uint64_t contact_id)
{
	return asked != 0 || contact_id == 0 ? asked : resolve_id(s, contact_id)->contact->version;
}

static uint64_t
secondary_of(struct scene *s, const struct act_request *act)
{
	return act->offered == NULL ? act->secondary_id : secondary_id(s, act->contact_id, act->offered);
}

static char *
operator_of(const struct act_request *act)
{
	return text_of(act->operator_name == NULL ? "anna" : act->operator_name);
}

static char *
request_id_of(const struct act_request *act)
{
	return text_of(act->request_id == NULL ? "" : act->request_id);
}

static Anagraph__V1__PromoteSecondaryRequest
promotion(struct scene *s, const struct act_request *act)
{
	Anagraph__V1__PromoteSecondaryRequest request = ANAGRAPH__V1__PROMOTE_SECONDARY_REQUEST__INIT;

	request.account = s->account;
	request.contact_id = act->contact_id;
	request.secondary_id = secondary_of(s, act);
	request.contact_version = version_of(s, act->contact_version, act->contact_id);
	request.operator_ = operator_of(act);
	request.request_id = request_id_of(act);
	return request;
}

static Anagraph__V1__DismissSecondaryRequest
dismissal(struct scene *s, const struct act_request *act)
{
	Anagraph__V1__DismissSecondaryRequest request = ANAGRAPH__V1__DISMISS_SECONDARY_REQUEST__INIT;

	request.account = s->account;
	request.contact_id = act->contact_id;
	request.secondary_id = secondary_of(s, act);
	request.contact_version = version_of(s, act->contact_version, act->contact_id);
	request.operator_ = operator_of(act);
	request.request_id = request_id_of(act);
	return request;
}

static Anagraph__V1__MergeContactsRequest
merging(struct scene *s, const struct act_request *act)
{
	Anagraph__V1__MergeContactsRequest request = ANAGRAPH__V1__MERGE_CONTACTS_REQUEST__INIT;

	request.account = s->account;
	request.surviving_contact_id = act->contact_id;
	request.absorbed_contact_id = act->absorbed_contact_id;
	request.surviving_contact_version = version_of(s, act->contact_version, act->contact_id);
	request.absorbed_contact_version =
	    version_of(s, act->absorbed_contact_version, act->absorbed_contact_id);
	request.operator_ = operator_of(act);
	request.request_id = request_id_of(act);
	request.validate_only = act->validate_only;
	return request;
}

static Anagraph__V1__EraseContactRequest
erasing(struct scene *s, const struct act_request *act)
{
	Anagraph__V1__EraseContactRequest request = ANAGRAPH__V1__ERASE_CONTACT_REQUEST__INIT;

	request.account = s->account;
	request.contact_id = act->contact_id;
	request.suppress = act->suppress;
	request.operator_ = operator_of(act);
	request.request_id = request_id_of(act);
	return request;
}

const Anagraph__V1__Contact *
promote_at(struct scene *s, const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__PromoteSecondaryRequest request = promotion(s, act);
	const Anagraph__V1__PromoteSecondaryResponse *response = call_at(s, METHOD("PromoteSecondary"),
	    &request.base, &anagraph__v1__promote_secondary_response__descriptor, file, line);

	expect_contact_sound(s, response->contact, file, line);
	expect_same_at(response->replayed, act->replayed, file, line);
	return response->contact;
}

const Anagraph__V1__Contact *
dismiss_at(struct scene *s, const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__DismissSecondaryRequest request = dismissal(s, act);
	const Anagraph__V1__DismissSecondaryResponse *response = call_at(s, METHOD("DismissSecondary"),
	    &request.base, &anagraph__v1__dismiss_secondary_response__descriptor, file, line);

	expect_contact_sound(s, response->contact, file, line);
	expect_same_at(response->replayed, act->replayed, file, line);
	return response->contact;
}

const Anagraph__V1__MergeContactsResponse *
merge_at(struct scene *s, const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__MergeContactsRequest request = merging(s, act);
	const Anagraph__V1__MergeContactsResponse *response = call_at(s, METHOD("MergeContacts"),
	    &request.base, &anagraph__v1__merge_contacts_response__descriptor, file, line);

	expect_contact_sound(s, response->contact, file, line);
	expect_same_at(response->replayed, act->replayed, file, line);
	return response;
}

uint64_t
erase_at(struct scene *s, const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__EraseContactRequest request = erasing(s, act);
	const Anagraph__V1__EraseContactResponse *response = call_at(s, METHOD("EraseContact"), &request.base,
	    &anagraph__v1__erase_contact_response__descriptor, file, line);

	expect_same_at(response->replayed, act->replayed, file, line);
	return response->revision;
}

void
expect_erase_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__EraseContactRequest request = erasing(s, act);

	expect_refused_at(s, code, reason, field, METHOD("EraseContact"), &request.base, file, line);
}

void
expect_promote_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__PromoteSecondaryRequest request = promotion(s, act);

	expect_refused_at(s, code, reason, field, METHOD("PromoteSecondary"), &request.base, file, line);
}

void
expect_dismiss_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__DismissSecondaryRequest request = dismissal(s, act);

	expect_refused_at(s, code, reason, field, METHOD("DismissSecondary"), &request.base, file, line);
}

void
expect_merge_error_at(struct scene *s, const char *code, const char *reason, const char *field,
    const struct act_request *act, const char *file, int line)
{
	Anagraph__V1__MergeContactsRequest request = merging(s, act);

	expect_refused_at(s, code, reason, field, METHOD("MergeContacts"), &request.base, file, line);
}
