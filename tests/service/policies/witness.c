/* A policy that bears witness: its reason is a hash of every byte that it was shown, and its
 * verdict follows from that, so that a conflict which is shown again and is not exactly the
 * same, down to a time or the absence of a claim, gets another answer. Some are answered
 * with a failure or put off.
 *
 * Options: salt goes into the verdict and not into the reason; crash=1 kills the process,
 * exit=0 and exit=1 end it with that status. */
#include <anagraph/policy.h>

#include <stdlib.h>
#include <string.h>

struct instance {
	uint64_t salt;
	int crashes;
	int exits;
	int status; /* to exit with */
};

static uint64_t
mix(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return (hash ^ size) * UINT64_C(1099511628211);
}

static uint64_t
mix_claim(uint64_t hash, const struct anagraph_claim *claim)
{
	if (claim == NULL)
		return mix(hash, "", 0);
	hash = mix(hash, &claim->value.type, sizeof(claim->value.type));
	hash = mix(hash, &claim->value.boolean, sizeof(claim->value.boolean));
	hash = mix(hash, &claim->value.number, sizeof(claim->value.number));
	hash = mix(hash, &claim->value.time_us, sizeof(claim->value.time_us));
	hash = mix(hash, claim->value.string.data, claim->value.string.size);
	hash = mix(hash, &claim->source, sizeof(claim->source));
	hash = mix(hash, &claim->rank, sizeof(claim->rank));
	hash = mix(hash, &claim->observed_at_us, sizeof(claim->observed_at_us));
	hash = mix(hash, &claim->recorded_at_us, sizeof(claim->recorded_at_us));
	hash = mix(hash, &claim->contact_id, sizeof(claim->contact_id));
	return mix(hash, claim->conversation.data, claim->conversation.size);
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	struct instance *made = calloc(1, sizeof(*made));

	(void)host;
	if (made == NULL)
		return -1;
	for (size_t i = 0; i < option_count; i++) {
		const struct anagraph_option *option =
		    (const struct anagraph_option *)(const void *)((const char *)options + i * option_size);

		if (option->name.size == 4 && memcmp(option->name.data, "salt", 4) == 0) {
			made->salt = mix(1, option->value.data, option->value.size);
		} else if (option->name.size == 5 && memcmp(option->name.data, "crash", 5) == 0) {
			made->crashes = 1;
		} else if (option->name.size == 4 && memcmp(option->name.data, "exit", 4) == 0 &&
		    option->value.size == 1) {
			made->exits = 1;
			made->status = option->value.data[0] - '0';
		} else {
			free(made);
			return -1;
		}
	}
	*instance = made;
	return 0;
}

static void
destroy(void *instance)
{
	free(instance);
}

static int
decide(const void *context, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	static const char digits[] = "0123456789ABCDEF";
	const struct instance *instance = context;
	uint64_t hash = mix(UINT64_C(14695981039346656037), &conflict->kind, sizeof(conflict->kind));
	unsigned choice;

	if (instance->crashes)
		abort();
	if (instance->exits)
		exit(instance->status);
	hash = mix(hash, &conflict->name_class, sizeof(conflict->name_class));
	hash = mix(hash, conflict->account.data, conflict->account.size);
	hash = mix(hash, conflict->name.data, conflict->name.size);
	hash = mix_claim(hash, conflict->incoming);
	hash = mix_claim(hash, conflict->stored);
	hash = mix_claim(hash, conflict->displaced);
	hash = mix_claim(hash, conflict->device);
	for (unsigned i = 0; i < 16; i++)
		verdict->reason[i] = digits[hash >> (4 * i) & 0xF];
	choice = (unsigned)((hash ^ instance->salt) * UINT64_C(0x9E3779B97F4A7C15) >> 60);
	if (choice == 15)
		return -7;
	if (choice == 14)
		return ANAGRAPH_DEFER;
	verdict->verdict = ANAGRAPH_VERDICT_KEEP + choice % 4;
	return 0;
}

ANAGRAPH_POLICY_EXPORT const struct anagraph_policy *
anagraph_policy_v1(void)
{
	static const struct anagraph_policy policy = {
		.struct_size = sizeof(policy),
		.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER |
		    1u << ANAGRAPH_CONFLICT_IDENTITY,
		.id = "witness",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
