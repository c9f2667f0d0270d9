/* A question is found again by what it shows; one that has changed in anything is another
 * one. */
#include "server/replay/script.h"

#include <errno.h>

#include "rules/normalize.h"

static bool
shows(const struct anagraph_claim *claim, const struct value *value)
{
	const struct value shown = {
		.type = (enum value_type)claim->value.type,
		.boolean = claim->value.boolean != 0,
		.number = claim->value.number,
		.time_us = claim->value.time_us,
		.string = bytes_of(claim->value.string.data, claim->value.string.size),
	};

	return value_compare(&shown, value) == 0;
}

/* Whether a question is about what a conflict of the journal was about. */
static bool
is_about(const struct anagraph_conflict *shown, const struct conflict *conflict)
{
	return shown->kind == (uint32_t)conflict->kind &&
	    bytes_equal(bytes_of(shown->name.data, shown->name.size), conflict->name) &&
	    shows(shown->incoming, &conflict->incoming);
}

/* Whether it was between the same values, come the same way. */
static bool
is_between(const struct anagraph_conflict *shown, const struct conflict *conflict)
{
	return shows(shown->stored, &conflict->stored) &&
	    shown->incoming->contact_id == conflict->incoming_contact_id;
}

/* The conflict of the journal that a question is or, failing that, is about. */
static struct script_verdict *
find_verdict(const struct script *script, const struct anagraph_conflict *shown)
{
	struct script_verdict *about = NULL;

	for (size_t i = 0; i < script->count; i++) {
		struct script_verdict *verdict = &script->verdicts[i];

		if (verdict->met || !is_about(shown, verdict->conflict))
			continue;
		if (is_between(shown, verdict->conflict))
			return verdict;
		if (about == NULL)
			about = verdict;
	}
	return about;
}

static bool
strings_equal(struct anagraph_string a, struct anagraph_string b)
{
	return bytes_equal(bytes_of(a.data, a.size), bytes_of(b.data, b.size));
}

static bool
claims_equal(const struct anagraph_claim *a, const struct anagraph_claim *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->value.type == b->value.type && a->value.boolean == b->value.boolean &&
	    a->value.number == b->value.number && a->value.time_us == b->value.time_us &&
	    strings_equal(a->value.string, b->value.string) && a->source == b->source &&
	    a->observed_at_us == b->observed_at_us && a->recorded_at_us == b->recorded_at_us &&
	    a->contact_id == b->contact_id && strings_equal(a->conversation, b->conversation);
}

static bool
questions_equal(const struct anagraph_conflict *a, const struct anagraph_conflict *b)
{
	return a->kind == b->kind && strings_equal(a->name, b->name) &&
	    claims_equal(a->incoming, b->incoming) && claims_equal(a->stored, b->stored) &&
	    claims_equal(a->displaced, b->displaced) && claims_equal(a->device, b->device);
}

/* That very question in the decided course, or NULL. */
static const struct script_question *
find_question(const struct script *decided, const struct anagraph_conflict *shown)
{
	for (size_t i = 0; decided != NULL && i < decided->question_count; i++) {
		struct anagraph_conflict asked = decided->questions[i].shown;

		asked.incoming = &decided->questions[i].incoming;
		asked.stored = &decided->questions[i].stored;
		asked.displaced = asked.displaced != NULL ? &decided->questions[i].displaced : NULL;
		asked.device = asked.device != NULL ? &decided->questions[i].device : NULL;
		if (questions_equal(&asked, shown))
			return &decided->questions[i];
	}
	return NULL;
}

/* Notes a question of the decided course, with what answered it. */
static int
note(struct script *script, const struct anagraph_conflict *shown, const struct script_verdict *verdict)
{
	struct script_question *questions = arena_grow(script->arena, script->questions,
	    script->question_count, &script->question_capacity, sizeof(*questions));
	struct script_question *question;

	if (questions == NULL)
		return -ENOMEM;
	script->questions = questions;
	question = &questions[script->question_count++];
	*question = (struct script_question){
		.shown = *shown,
		.incoming = *shown->incoming,
		.stored = *shown->stored,
		.answered = verdict != NULL,
		.index = verdict != NULL ? (size_t)(verdict - script->verdicts) : 0,
	};
	if (shown->displaced != NULL)
		question->displaced = *shown->displaced;
	if (shown->device != NULL)
		question->device = *shown->device;
	return 0;
}

int
script_ask_policy(
    struct anagraph_verdict *answer, const struct policy *policy, const struct anagraph_conflict *shown)
{
	int result = policy_decide(answer, policy, shown);

	return result < 0 ? -1 : result;
}

static int
answer_with(struct anagraph_verdict *answer, struct script_verdict *verdict)
{
	verdict->met = true;
	answer->verdict = (uint32_t)verdict->verdict;
	return ANAGRAPH_DECIDED;
}

/* In the replayed course. */
static int
answer_anew(struct script *script, enum source source, const struct anagraph_conflict *shown,
    struct anagraph_verdict *answer)
{
	const struct script_question *asked = find_question(script->decided, shown);
	bool is_asked = script->policy != NULL && script->sources[source];
	struct script_verdict *verdict;

	if (asked != NULL)
		return asked->answered ? answer_with(answer, &script->verdicts[asked->index])
				       : ANAGRAPH_DEFER;
	verdict = find_verdict(script, shown);
	if (verdict != NULL && (verdict->stands || !is_asked))
		return answer_with(answer, verdict);
	if (is_asked) {
		script->asked_anew++;
		return script_ask_policy(answer, script->policy, shown);
	}
	script->assumed++;
	return ANAGRAPH_DEFER;
}

int
script_ask(void *context, enum source source, const struct anagraph_conflict *shown,
    struct anagraph_verdict *answer, const struct policy_identity **identity)
{
	static const struct policy_identity nobody = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	struct script *script = context;
	struct script_verdict *verdict;

	*identity = &nobody;
	if (script->decided != NULL)
		return answer_anew(script, source, shown, answer);
	verdict = find_verdict(script, shown);
	if (note(script, shown, verdict) < 0)
		return ANAGRAPH_DEFER;
	return verdict != NULL ? answer_with(answer, verdict) : ANAGRAPH_DEFER;
}
