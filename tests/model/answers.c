/* The five answers differ in little: most have a contact, all say whether they are
 * given again. */
#include "tests/model/answers.h"

#include "tests/model/words.h"

bool
answer_unpack(struct answer *out, enum action action, const uint8_t *payload, size_t size_bytes)
{
	static const ProtobufCMessageDescriptor *const descriptors[ACTION_COUNT] = {
		[ACTION_IDENTIFY] = &anagraph__v1__identify_response__descriptor,
		[ACTION_PROMOTE] = &anagraph__v1__promote_secondary_response__descriptor,
		[ACTION_DISMISS] = &anagraph__v1__dismiss_secondary_response__descriptor,
		[ACTION_MERGE] = &anagraph__v1__merge_contacts_response__descriptor,
		[ACTION_ERASE] = &anagraph__v1__erase_contact_response__descriptor,
	};
	union {
		ProtobufCMessage *message;
		Anagraph__V1__IdentifyResponse *identify;
		Anagraph__V1__PromoteSecondaryResponse *promote;
		Anagraph__V1__DismissSecondaryResponse *dismiss;
		Anagraph__V1__MergeContactsResponse *merge;
		Anagraph__V1__EraseContactResponse *erase;
	} any;

	any.message = protobuf_c_message_unpack(descriptors[action], NULL, size_bytes, payload);
	if (any.message == NULL)
		return false;
	*out = (struct answer){ .message = any.message };
	switch (action) {
	case ACTION_IDENTIFY:
		out->contact = any.identify->contact;
		out->replayed = any.identify->replayed;
		break;
	case ACTION_PROMOTE:
		out->contact = any.promote->contact;
		out->replayed = any.promote->replayed;
		break;
	case ACTION_DISMISS:
		out->contact = any.dismiss->contact;
		out->replayed = any.dismiss->replayed;
		break;
	case ACTION_MERGE:
		out->contact = any.merge->contact;
		out->replayed = any.merge->replayed;
		break;
	default:
		out->replayed = any.erase->replayed;
		break;
	}
	return true;
}

void
answer_finish(struct answer *answer)
{
	protobuf_c_message_free_unpacked(answer->message, NULL);
	*answer = (struct answer){ 0 };
}

static void
later_of(int64_t *latest, const Google__Protobuf__Timestamp *moment)
{
	int64_t moment_us = text_microseconds(moment);

	if (moment_us > *latest)
		*latest = moment_us;
}

static void
later_of_claim(int64_t *latest, const Anagraph__V1__Claim *claim)
{
	if (claim != NULL)
		later_of(latest, claim->recorded_at);
}

int64_t
contact_latest_us(const Anagraph__V1__Contact *contact)
{
	int64_t latest = 0;

	if (contact == NULL)
		return 0;
	for (size_t i = 0; i < contact->n_identifiers; i++)
		later_of_claim(&latest, contact->identifiers[i]->claim);
	for (size_t i = 0; i < contact->n_attributes; i++)
		later_of_claim(&latest, contact->attributes[i]->claim);
	for (size_t i = 0; i < contact->n_secondaries; i++)
		later_of_claim(&latest, contact->secondaries[i]->claim);
	later_of(&latest, contact->update_time);
	return latest;
}

/* An answer to Identify, or NULL. */
static const Anagraph__V1__IdentifyResponse *
identified(const struct answer *answer)
{
	bool is = answer->message->descriptor == &anagraph__v1__identify_response__descriptor;

	return is ? (const Anagraph__V1__IdentifyResponse *)answer->message : NULL;
}

int64_t
answer_latest_us(const struct answer *answer)
{
	const Anagraph__V1__IdentifyResponse *response = identified(answer);
	int64_t latest = contact_latest_us(answer->contact);

	for (size_t i = 0; response != NULL && i < response->n_conflicts; i++) {
		if (response->conflicts[i]->incoming != NULL)
			later_of_claim(&latest, response->conflicts[i]->incoming->claim);
	}
	return latest;
}

static void
add_absorbed_ids(struct text *text, const uint64_t *ids, size_t count)
{
	text_add(text, "absorbed");
	for (size_t i = 0; i < count; i++)
		text_add(text, " %lu", (unsigned long)ids[i]);
	text_add(text, "\n");
}

static void
add_identified(struct text *text, const Anagraph__V1__IdentifyResponse *response)
{
	text_add(text, "%s revision %lu\n", WORD(OUTCOME_WORDS, response->outcome),
	    (unsigned long)response->revision);
	text_add_pb_conflicts(text, response->conflicts, response->n_conflicts);
	for (size_t i = 0; i < response->n_shared_identifiers; i++)
		text_add(text, "shared %s=\"%s\"\n", response->shared_identifiers[i]->namespace_,
		    response->shared_identifiers[i]->value);
	add_absorbed_ids(text, response->absorbed_contact_ids, response->n_absorbed_contact_ids);
}

void
text_add_pb_answer(struct text *text, const struct answer *answer)
{
	if (answer->replayed)
		text_add(text, "replayed\n");
	if (answer->message->descriptor == &anagraph__v1__erase_contact_response__descriptor) {
		text_add(text, "revision %lu\n",
		    (unsigned long)((const Anagraph__V1__EraseContactResponse *)answer->message)->revision);
		return;
	}
	if (identified(answer) != NULL)
		add_identified(text, identified(answer));
	if (answer->message->descriptor == &anagraph__v1__merge_contacts_response__descriptor) {
		const Anagraph__V1__MergeContactsResponse *response =
		    (const Anagraph__V1__MergeContactsResponse *)answer->message;

		add_absorbed_ids(text, response->absorbed_contact_ids, response->n_absorbed_contact_ids);
	}
	text_add_pb_contact(text, answer->contact);
}
