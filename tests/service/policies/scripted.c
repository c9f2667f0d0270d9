/* A policy that does what the event tells it, so that a test can have any verdict for
 * any conflict. The script is the conversation of the incoming claim: words such as
 * OFFER, OWNER=TAKE or email=FAIL, of which the first that fits the conflict's kind or
 * name counts; without one that fits, KEEP.
 *
 * Its reason tells the test which claims it was shown, and of what source: S3_D1_V0 is
 * a stored value of CONTACTS, a displaced one of PUSH, and no device. */
#include <anagraph/policy.h>

#include <string.h>

#define SAYS_FAIL (-1)
#define SAYS_DEFER (-2)

struct word {
	const char *text;
	int verdict;
};

static const struct word words[] = {
	{ "KEEP", ANAGRAPH_VERDICT_KEEP },
	{ "OFFER", ANAGRAPH_VERDICT_OFFER },
	{ "TAKE", ANAGRAPH_VERDICT_TAKE },
	{ "SEPARATE", ANAGRAPH_VERDICT_SEPARATE },
	{ "NOTHING", 0 },
	{ "BEYOND", 99 },
	{ "FAIL", SAYS_FAIL },
	{ "DEFER", SAYS_DEFER },
};

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_size;
	*instance = NULL;
	return option_count == 0 ? 0 : -1;
}

static void
destroy(void *instance)
{
	(void)instance;
}

static int
equal(const char *data, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(data, text, size) == 0;
}

/* Whether a word's condition, the part before "=", fits the conflict. */
static int
fits(const char *data, size_t size, const struct anagraph_conflict *conflict)
{
	static const char *const kinds[] = { "", "VALUE", "OWNER", "IDENTITY" };

	return (size == conflict->name.size && memcmp(data, conflict->name.data, size) == 0) ||
	    (conflict->kind <= ANAGRAPH_CONFLICT_IDENTITY && equal(data, size, kinds[conflict->kind]));
}

static int
verdict_of(const char *data, size_t size)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (equal(data, size, words[i].text))
			return words[i].verdict;
	}
	return SAYS_FAIL;
}

static int
read_script(const struct anagraph_conflict *conflict)
{
	const char *at = conflict->incoming->conversation.data;
	const char *end = at + conflict->incoming->conversation.size;

	while (at < end) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		const char *stop = space != NULL ? space : end;
		const char *sign = memchr(at, '=', (size_t)(stop - at));

		if (sign == NULL)
			return verdict_of(at, (size_t)(stop - at));
		if (fits(at, (size_t)(sign - at), conflict))
			return verdict_of(sign + 1, (size_t)(stop - sign - 1));
		at = space != NULL ? space + 1 : end;
	}
	return ANAGRAPH_VERDICT_KEEP;
}

static char
source_digit(const struct anagraph_claim *claim)
{
	return claim == NULL ? '0' : (char)('0' + (int)(claim->source % 10));
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	int says = read_script(conflict);
	char reason[] = "S0_D0_V0";

	(void)instance;
	if (says == SAYS_FAIL)
		return -1;
	if (says == SAYS_DEFER)
		return ANAGRAPH_DEFER;
	reason[1] = source_digit(conflict->stored);
	reason[4] = source_digit(conflict->displaced);
	reason[7] = source_digit(conflict->device);
	memcpy(verdict->reason, reason, sizeof(reason));
	verdict->verdict = (uint32_t)says;
	return ANAGRAPH_DECIDED;
}

static const struct anagraph_policy policy = {
	.struct_size = sizeof(policy),
	.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
	.kinds =
	    1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY,
	.id = "scripted",
	.version = "1.2.3",
	.build_id = "",
	.create = create,
	.destroy = destroy,
	.decide = decide,
};

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	return &policy;
}
