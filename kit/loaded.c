/* A policy in the process of a check, called as a host calls it. Symbols are bound when
 * they are needed, so that one which is missing is told of by the check for that and
 * not by all. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "kit/kit.h"

enum { SLACK_BYTES = 256 };

/* The policy's lines are its own: a check has nothing to say about them. */
static void
host_log(const struct anagraph_host *host, uint32_t level, struct anagraph_string message)
{
	(void)host;
	(void)level;
	(void)message;
}

static const void *
host_extension(const struct anagraph_host *host, struct anagraph_string name)
{
	(void)host;
	(void)name;
	return NULL;
}

static const struct anagraph_policy *
describe(const char *path)
{
	anagraph_policy_v1_function function;
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	void *address = library != NULL ? dlsym(library, "anagraph_policy_v1") : NULL;

	if (address == NULL)
		return NULL;
	memcpy(&function, &address, sizeof(function));
	return function();
}

enum outcome
loaded_open(struct loaded *loaded, struct trial *trial)
{
	const struct anagraph_policy *descriptor;

	trial_at(trial, "loading");
	descriptor = describe(trial->subject->path);
	if (descriptor == NULL)
		return trial_skip(trial, "it does not load: see the check load");
	if (!ANAGRAPH_HAS(descriptor, anagraph_policy, decide) ||
	    descriptor->abi_version != ANAGRAPH_POLICY_ABI_VERSION || descriptor->create == NULL ||
	    descriptor->destroy == NULL || descriptor->decide == NULL)
		return trial_skip(trial, "it cannot be called: see the check descriptor");
	*loaded = (struct loaded){
		.descriptor = descriptor,
		.host = {
			.struct_size = sizeof(loaded->host),
			.log = host_log,
			.extension = host_extension,
		},
	};
	return OUTCOME_PASS;
}

int
loaded_create(struct loaded *loaded, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	*instance = NULL;
	return loaded->descriptor->create(&loaded->host, options, option_count, option_size, instance);
}

enum outcome
loaded_start(struct loaded *loaded, struct trial *trial)
{
	const struct subject *subject = trial->subject;
	enum outcome outcome = loaded_open(loaded, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	trial_at(trial, "create");
	if (loaded_create(loaded, subject->options, subject->option_count, sizeof(subject->options[0]),
		&loaded->instance) != 0)
		return trial_skip(trial, "create refuses the options given: see the check options");
	trial_at(trial, "decide");
	return OUTCOME_PASS;
}

static struct answer
ask(const struct loaded *loaded, const struct anagraph_conflict *conflict, size_t verdict_size)
{
	struct {
		struct anagraph_verdict verdict;
		char slack[SLACK_BYTES];
	} room = { .verdict = { .struct_size = verdict_size } };
	struct answer answer = { .result = 0 };
	int result = loaded->descriptor->decide(loaded->instance, conflict, &room.verdict);

	answer.result = result < 0 ? -1 : result;
	if (result != ANAGRAPH_DECIDED)
		return answer;
	answer.verdict = room.verdict.verdict;
	memcpy(answer.reason, room.verdict.reason, strnlen(room.verdict.reason, sizeof(answer.reason)));
	return answer;
}

struct answer
loaded_ask(const struct loaded *loaded, const struct anagraph_conflict *conflict)
{
	return ask(loaded, conflict, sizeof(struct anagraph_verdict));
}

struct answer
loaded_ask_larger(const struct loaded *loaded, const struct anagraph_conflict *conflict)
{
	return ask(loaded, conflict, sizeof(struct anagraph_verdict) + SLACK_BYTES);
}

bool
answer_is_same(const struct answer *a, const struct answer *b)
{
	return a->result == b->result && a->verdict == b->verdict &&
	    memcmp(a->reason, b->reason, sizeof(a->reason)) == 0;
}

bool
answer_has_cell(const struct answer *answer, uint32_t kind)
{
	if (answer->result == ANAGRAPH_DEFER)
		return true;
	if (answer->result != ANAGRAPH_DECIDED)
		return false;
	switch (answer->verdict) {
	case ANAGRAPH_VERDICT_KEEP:
	case ANAGRAPH_VERDICT_OFFER:
	case ANAGRAPH_VERDICT_TAKE:
		return true;
	case ANAGRAPH_VERDICT_SEPARATE:
		return kind == ANAGRAPH_CONFLICT_IDENTITY;
	default:
		return false;
	}
}

const char *
answer_text(char text[ANAGRAPH_REASON_SIZE + 16], const struct answer *answer)
{
	static const char *const words[] = { "0", "KEEP", "OFFER", "TAKE", "SEPARATE" };
	const size_t size = ANAGRAPH_REASON_SIZE + 16;

	if (answer->result == ANAGRAPH_DEFER)
		snprintf(text, size, "DEFER");
	else if (answer->result != ANAGRAPH_DECIDED)
		snprintf(text, size, "%d", answer->result);
	else if (answer->verdict < sizeof(words) / sizeof(words[0]))
		snprintf(text, size, "%s %.*s", words[answer->verdict], (int)sizeof(answer->reason),
		    answer->reason);
	else
		snprintf(text, size, "verdict %u", (unsigned)answer->verdict);
	return text;
}
