/* What a policy does with memory that is not its own. */
#include <stdlib.h>
#include <string.h>

#include "kit/region.h"
#include "kit/samples.h"

enum {
	CANARY_BYTES = 256,
	CANARY = 0xc5,
	REGIONS = 16, /* that lie there revoked at once */
};

/* Makes an instance from options in a region, which may be looked at while create runs
 * and no longer. */
static enum outcome
start_in(struct loaded *loaded, struct trial *trial, struct region *region, bool is_sealed)
{
	const struct subject *subject = trial->subject;
	const struct anagraph_option *options;
	enum outcome outcome = loaded_open(loaded, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	options = region_options(region, subject->options, subject->option_count);
	if (is_sealed)
		region_seal(region);
	trial_at(trial, "create");
	if (loaded_create(loaded, options, subject->option_count, sizeof(*options), &loaded->instance) != 0)
		return trial_skip(trial, "create refuses the options given: see the check options");
	return OUTCOME_PASS;
}

/* Asks about each sample where it lies in the region. */
static enum outcome
ask_in(struct trial *trial, enum region_kind kind, bool is_sealed)
{
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	struct region region;
	enum outcome outcome;
	char text[64];

	if (region_init(&region, kind) != 0)
		return trial_skip(trial, "there is no memory for it");
	outcome = start_in(&loaded, trial, &region, is_sealed);
	if (outcome == OUTCOME_PASS)
		samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; outcome == OUTCOME_PASS && i < SAMPLE_COUNT; i++) {
		const struct anagraph_conflict *shown;

		trial_at(trial, "decide, conflict %zu, %s", i, sample_text(text, &samples[i].conflict));
		region_reset(&region);
		shown = region_conflict(&region, &samples[i].conflict, sizeof(*shown));
		if (is_sealed)
			region_seal(&region);
		loaded_ask(&loaded, shown);
	}
	region_finish(&region);
	return outcome;
}

enum outcome
check_read_only(struct trial *trial)
{
	return ask_in(trial, REGION_PACKED, true);
}

enum outcome
check_bounds(struct trial *trial)
{
	return ask_in(trial, REGION_GUARDED, false);
}

/* Every conflict lies elsewhere, and what was shown before can no longer be touched,
 * neither by later calls nor by destroy. */
enum outcome
check_borrowed(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	struct region regions[REGIONS];
	struct loaded loaded;
	enum outcome outcome = OUTCOME_PASS;

	for (size_t i = 0; i < REGIONS; i++) {
		if (region_init(&regions[i], REGION_PACKED) != 0)
			return trial_skip(trial, "there is no memory for it");
	}
	outcome = start_in(&loaded, trial, &regions[0], false);
	if (outcome != OUTCOME_PASS)
		return outcome;
	region_revoke(&regions[0]);
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct region *region = &regions[1 + i % (REGIONS - 1)];
		const struct anagraph_conflict *shown;

		trial_at(trial, "decide, conflict %zu, with the ones before it gone", i);
		region_reset(region);
		shown = region_conflict(region, &samples[i].conflict, sizeof(*shown));
		loaded_ask(&loaded, shown);
		region_revoke(region);
	}
	trial_at(trial, "destroy, with all conflicts gone");
	loaded.descriptor->destroy(loaded.instance);
	return OUTCOME_PASS;
}

/* Each size that a conflict may have had, up to a member more each time. Whether an older
 * host's conflict is decided or deferred is the policy's to say. */
enum outcome
check_older_conflict(struct trial *trial)
{
	static const size_t sizes[] = {
		offsetof(struct anagraph_conflict, account),
		offsetof(struct anagraph_conflict, name),
		offsetof(struct anagraph_conflict, incoming),
		offsetof(struct anagraph_conflict, stored),
		offsetof(struct anagraph_conflict, displaced),
		offsetof(struct anagraph_conflict, device),
	};
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	struct region region;
	enum outcome outcome = loaded_start(&loaded, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	if (region_init(&region, REGION_CUT) != 0)
		return trial_skip(trial, "there is no memory for it");
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		size_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];
		struct answer answer;
		char text[ANAGRAPH_REASON_SIZE + 16];

		trial_at(trial, "decide, a conflict with a struct_size of %zu", size);
		region_reset(&region);
		answer = loaded_ask(&loaded, region_conflict(&region, &samples[i].conflict, size));
		if (answer.result != ANAGRAPH_DECIDED && answer.result != ANAGRAPH_DEFER)
			return trial_fail(trial, "a conflict with a struct_size of %zu: it answers %s", size,
			    answer_text(text, &answer));
	}
	return OUTCOME_PASS;
}

/* Asks with a verdict of verdict_size bytes: what decide returned, or 99 when it wrote
 * outside the verdict or to what the host alone writes. The verdict's own bytes are
 * those that this version knows. */
static int
ask_between_canaries(
    const struct loaded *loaded, const struct anagraph_conflict *conflict, size_t verdict_size)
{
	_Alignas(struct anagraph_verdict) unsigned char
	    room[(size_t)CANARY_BYTES * 2 + sizeof(struct anagraph_verdict)];
	unsigned char *own = room + CANARY_BYTES;
	struct anagraph_verdict *verdict = (void *)own;
	size_t own_bytes = verdict_size < sizeof(*verdict) ? verdict_size : sizeof(*verdict);
	int result;

	memset(room, CANARY, sizeof(room));
	memset(own, 0, own_bytes);
	memcpy(own, &verdict_size, sizeof(verdict_size));
	result = loaded->descriptor->decide(loaded->instance, conflict, verdict);
	if (memcmp(own, &verdict_size, sizeof(verdict_size)) != 0)
		return 99;
	for (size_t i = 0; i < sizeof(room); i++) {
		bool is_own = i >= CANARY_BYTES && i < CANARY_BYTES + own_bytes;

		if (!is_own && room[i] != CANARY)
			return 99;
	}
	if (own_bytes == sizeof(*verdict) && verdict->reserved != 0)
		return 99;
	return result;
}

static enum outcome
ask_all_between_canaries(struct trial *trial, size_t verdict_size, const char *what)
{
	static struct sample samples[SAMPLE_COUNT];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);
	char text[64];

	if (outcome != OUTCOME_PASS)
		return outcome;
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		if (ask_between_canaries(&loaded, &samples[i].conflict, verdict_size) == 99)
			return trial_fail(trial, "conflict %zu, %s: it wrote to %s", i,
			    sample_text(text, &samples[i].conflict), what);
	}
	return OUTCOME_PASS;
}

enum outcome
check_canary(struct trial *trial)
{
	return ask_all_between_canaries(trial, sizeof(struct anagraph_verdict),
	    "the verdict's struct_size, to reserved, or outside the verdict");
}

/* As short as it would be without a reason. */
enum outcome
check_older_verdict(struct trial *trial)
{
	return ask_all_between_canaries(
	    trial, offsetof(struct anagraph_verdict, reason), "what is past the struct_size of the verdict");
}

/* Everything that can grow has grown: the answers stay. */
enum outcome
check_newer_host(struct trial *trial)
{
	static struct sample samples[SAMPLE_COUNT];
	static struct answer answers[SAMPLE_COUNT];
	struct loaded loaded;
	struct region region;
	enum outcome outcome = loaded_start(&loaded, trial);
	char before[ANAGRAPH_REASON_SIZE + 16], after[ANAGRAPH_REASON_SIZE + 16];

	if (outcome != OUTCOME_PASS)
		return outcome;
	if (region_init(&region, REGION_PACKED) != 0)
		return trial_skip(trial, "there is no memory for it");
	samples_draw(samples, loaded.descriptor->kinds, trial->subject->seed);
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		answers[i] = loaded_ask(&loaded, &samples[i].conflict);
	loaded.host.struct_size += 64;
	trial_at(trial, "create, with a larger host");
	if (loaded_create(&loaded, trial->subject->options, trial->subject->option_count,
		sizeof(struct anagraph_option), &loaded.instance) != 0)
		return trial_fail(trial, "create refuses a host with a greater struct_size");
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct answer answer;

		trial_at(trial, "decide, conflict %zu, in a larger structure", i);
		region_reset(&region);
		answer = loaded_ask_larger(&loaded,
		    region_conflict(&region, &samples[i].conflict, sizeof(struct anagraph_conflict) + 64));
		if (!answer_is_same(&answer, &answers[i]))
			return trial_fail(trial, "conflict %zu: %s, in larger structures %s", i,
			    answer_text(before, &answers[i]), answer_text(after, &answer));
	}
	return OUTCOME_PASS;
}
