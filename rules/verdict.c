/* What a policy may answer, what stands when it does not, and how it is asked:
 * the verdict table, R22 and R23. */
#include <errno.h>

#include "rules/decide.h"
#include "rules/namespaces.h"

bool
verdict_has_cell(enum conflict_kind kind, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_KEEP:
	case VERDICT_OFFER:
	case VERDICT_TAKE:
		return true;
	case VERDICT_SEPARATE:
		return kind == CONFLICT_IDENTITY;
	case VERDICT_NONE:
		break;
	}
	return false;
}

static struct anagraph_string
shown_string(struct bytes bytes)
{
	return (struct anagraph_string){ .data = (const char *)bytes.data, .size = bytes.size };
}

static struct anagraph_claim
shown_claim(const struct value *value, const struct claim *claim, uint64_t contact_id)
{
	return (struct anagraph_claim){
		.value = {
		    .type = (uint32_t)value->type,
		    .boolean = value->type == VALUE_BOOL && value->boolean,
		    .number = value->type == VALUE_NUMBER ? value->number : 0,
		    .time_us = value->type == VALUE_TIME ? value->time_us : 0,
		    .string = value->type == VALUE_STRING ? shown_string(value->string)
		                                          : (struct anagraph_string){ NULL, 0 },
		},
		.source = (uint32_t)claim->source,
		.rank = (uint32_t)claim->source,
		.observed_at_us = claim->observed_at_us,
		.recorded_at_us = claim->recorded_at_us,
		.contact_id = contact_id,
		.conversation = shown_string(claim->conversation),
	};
}

static uint32_t
name_class(enum namespace_id namespace_id)
{
	if (namespace_id == NAMESPACE_NONE)
		return ANAGRAPH_NAME_ATTRIBUTE;
	return namespace_is_personal(namespace_id) ? ANAGRAPH_NAME_PERSONAL : ANAGRAPH_NAME_DEVICE;
}

static enum fallback
fallback_of_failure(int answer)
{
	switch (answer) {
	case ASK_TIMED_OUT:
		return FALLBACK_TIMED_OUT;
	case ASK_CRASHED:
		return FALLBACK_CRASHED;
	case ASK_UNAVAILABLE:
		return FALLBACK_UNAVAILABLE;
	default:
		return FALLBACK_FAILED;
	}
}

/* The verdict that is carried out, and why it is not the policy's own. */
static enum verdict
settle(enum fallback *fallback, const struct account_settings *settings, enum conflict_kind kind, int answer,
    uint32_t verdict)
{
	if (answer < 0)
		*fallback = fallback_of_failure(answer);
	else if (answer > 0)
		*fallback = FALLBACK_DEFERRED;
	else if (verdict > VERDICT_SEPARATE || !verdict_has_cell(kind, (enum verdict)verdict))
		*fallback = FALLBACK_INVALID;
	else
		*fallback = FALLBACK_NONE;
	return *fallback == FALLBACK_NONE ? (enum verdict)verdict : settings->default_verdicts[kind];
}

int
conflict_decide(struct conflict *conflict, struct arena *arena, const struct question *question,
    const struct account_settings *settings, const struct decider *decider)
{
	enum source source = question->incoming_claim->source;
	struct anagraph_claim incoming =
	    shown_claim(question->incoming, question->incoming_claim, question->incoming_contact_id);
	struct anagraph_claim stored =
	    shown_claim(question->stored, question->stored_claim, question->stored_contact_id);
	struct anagraph_claim displaced;
	struct anagraph_claim device;
	struct anagraph_conflict shown = {
		.struct_size = sizeof(shown),
		.kind = (uint32_t)question->kind,
		.name_class = name_class(question->namespace_id),
		.account = shown_string(question->account),
		.name = shown_string(question->name),
		.incoming = &incoming,
		.stored = &stored,
	};
	struct anagraph_verdict answered = { .struct_size = sizeof(answered) };
	const struct policy_identity *identity;
	struct conflict decided = {
		.kind = question->kind,
		.namespace_id = question->namespace_id,
		.name = question->name,
		.stored = *question->stored,
		.stored_claim = *question->stored_claim,
		.incoming = *question->incoming,
		.incoming_claim = *question->incoming_claim,
		.target_contact_id = question->target_contact_id,
		.incoming_contact_id = question->incoming_contact_id,
	};
	int answer;

	if (question->displaced != NULL) {
		decided.displaced = *question->displaced;
		decided.displaced_claim = *question->displaced_claim;
		displaced =
		    shown_claim(question->displaced, question->displaced_claim, question->target_contact_id);
		shown.displaced = &displaced;
	}
	if (question->device != NULL) {
		decided.device = *question->device;
		decided.device_claim = *question->device_claim;
		device = shown_claim(question->device, question->device_claim, question->target_contact_id);
		shown.device = &device;
	}
	answer = decider->ask(decider->context, source, &shown, &answered, &identity);
	if (answer == 0) {
		size_t reason_bytes = strnlen(answered.reason, sizeof(answered.reason));

		if (arena_copy(&decided.reason, arena, bytes_of(answered.reason, reason_bytes)) < 0)
			return -ENOMEM;
	}
	decided.verdict = settle(&decided.fallback, settings, question->kind, answer, answered.verdict);
	decided.policy = *identity;
	if (question->kind == CONFLICT_OWNER)
		decided.owner_contact_id = question->stored_contact_id;
	decider->settled(decider->context, source, decided.fallback);
	*conflict = decided;
	return 0;
}

bool
conflict_question(struct question *question, struct bytes account, const struct conflict *conflict)
{
	bool is_owned = conflict->kind == CONFLICT_OWNER;
	bool is_displacing = conflict->displaced_claim.source != SOURCE_NONE;
	bool is_on_device = conflict->device_claim.source != SOURCE_NONE;

	if (conflict->target_contact_id == 0 || conflict->stored.type == VALUE_NONE ||
	    conflict->incoming.type == VALUE_NONE ||
	    (is_displacing && conflict->displaced.type == VALUE_NONE) ||
	    (is_on_device && conflict->device.type == VALUE_NONE))
		return false;
	*question = (struct question){
		.account = account,
		.kind = conflict->kind,
		.namespace_id = conflict->namespace_id,
		.name = conflict->name,
		.incoming = &conflict->incoming,
		.incoming_claim = &conflict->incoming_claim,
		.incoming_contact_id = conflict->incoming_contact_id,
		.stored = &conflict->stored,
		.stored_claim = &conflict->stored_claim,
		.stored_contact_id = is_owned ? conflict->owner_contact_id : conflict->target_contact_id,
		.displaced = is_displacing ? &conflict->displaced : NULL,
		.displaced_claim = is_displacing ? &conflict->displaced_claim : NULL,
		.device = is_on_device ? &conflict->device : NULL,
		.device_claim = is_on_device ? &conflict->device_claim : NULL,
		.target_contact_id = conflict->target_contact_id,
	};
	return true;
}
