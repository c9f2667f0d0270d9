/* Few distinct times, ranks and values, so that ties are frequent, and of every kind of
 * conflict only what a service would show: the owner's claim in an OWNER conflict is to
 * the same value, a device is shown for IDENTITY alone. */
#include "kit/samples.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

/* xorshift64*: the same on every machine. */
uint64_t
random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
}

uint64_t
random_begin(uint64_t seed)
{
	uint64_t state = seed ^ UINT64_C(0x9e3779b97f4a7c15);

	if (state == 0)
		state = 1;
	for (int i = 0; i < 8; i++)
		random_next(&state);
	return state;
}

struct anagraph_string
sample_string(const char *text)
{
	return (struct anagraph_string){ .data = text, .size = strlen(text) };
}

static size_t
draw(uint64_t *state, size_t count)
{
	return (size_t)(random_next(state) % count);
}

static struct anagraph_value
draw_value(uint32_t type, uint64_t *state)
{
	static const char *const texts[] = { "a", "ab", "b", "Rossi", "Bianchi", "rossi@example.it",
		"+393331234501", "\xc3\xa8" };
	static const double numbers[] = { -1.5, 0, 2, 1e9 };
	struct anagraph_value value = { .type = type };

	switch (type) {
	case ANAGRAPH_VALUE_BOOL:
		value.boolean = (uint32_t)draw(state, 2);
		break;
	case ANAGRAPH_VALUE_NUMBER:
		value.number = numbers[draw(state, 4)];
		break;
	case ANAGRAPH_VALUE_TIME:
		value.time_us = (int64_t)draw(state, 4) * 1000 - 1000;
		break;
	default:
		value.string = sample_string(texts[draw(state, 8)]);
		break;
	}
	return value;
}

static struct anagraph_claim
draw_claim(uint32_t type, int64_t recorded_at_us, uint64_t *state)
{
	struct anagraph_claim claim = {
		.value = draw_value(type, state),
		.rank = 1 + (uint32_t)draw(state, 3),
		.observed_at_us = 1000 + (int64_t)draw(state, 4),
		.recorded_at_us = recorded_at_us,
		.contact_id = 1 + draw(state, 5),
	};

	claim.source = claim.rank;
	if (claim.source == ANAGRAPH_SOURCE_CONVERSATIONS)
		claim.conversation = sample_string("t-5");
	return claim;
}

static bool
is_same_value(const struct anagraph_value *a, const struct anagraph_value *b)
{
	return a->type == b->type && a->boolean == b->boolean && a->number == b->number &&
	    a->time_us == b->time_us && a->string.size == b->string.size &&
	    (a->string.size == 0 || memcmp(a->string.data, b->string.data, a->string.size) == 0);
}

/* Draws the name, and which type its values have. */
static uint32_t
draw_name(struct anagraph_conflict *conflict, uint64_t *state)
{
	static const char *const personal[] = { "ext_id", "email", "phone", "whatsapp", "landline" };
	static const char *const devices[] = { "chat", "facebook", "instagram", "push" };
	static const char *const attributes[] = { "FIRST_NAME", "LAST_NAME", "CITY", "NEWSLETTER" };
	size_t attribute = draw(state, 4);
	bool is_device = conflict->kind == ANAGRAPH_CONFLICT_OWNER && draw(state, 2) == 0;
	bool is_attribute = conflict->kind == ANAGRAPH_CONFLICT_VALUE && draw(state, 3) != 0;

	if (is_attribute) {
		conflict->name_class = ANAGRAPH_NAME_ATTRIBUTE;
		conflict->name = sample_string(attributes[attribute]);
		return attribute < 2 ? ANAGRAPH_VALUE_STRING : 1 + (uint32_t)draw(state, 4);
	}
	conflict->name_class = is_device ? ANAGRAPH_NAME_DEVICE : ANAGRAPH_NAME_PERSONAL;
	conflict->name = sample_string(is_device ? devices[draw(state, 4)] : personal[draw(state, 5)]);
	return ANAGRAPH_VALUE_STRING;
}

static void
draw_sample(struct sample *sample, uint32_t kind, int64_t recorded_at_us, uint64_t *state)
{
	struct anagraph_conflict *conflict = &sample->conflict;
	struct anagraph_claim *claims = sample->claims;
	uint32_t type;

	*conflict = (struct anagraph_conflict){
		.struct_size = sizeof(*conflict),
		.kind = kind,
		.account = sample_string("shop"),
		.incoming = &claims[0],
		.stored = &claims[1],
	};
	type = draw_name(conflict, state);
	for (size_t i = 0; i < 4; i++)
		claims[i] = draw_claim(type, recorded_at_us + (int64_t)i, state);
	claims[0].contact_id = 0;
	if (kind == ANAGRAPH_CONFLICT_OWNER) {
		claims[1].value = claims[0].value;
		if (conflict->name_class == ANAGRAPH_NAME_PERSONAL && draw(state, 2) == 0)
			conflict->displaced = &claims[2];
	} else {
		while (is_same_value(&claims[0].value, &claims[1].value))
			claims[1].value = draw_value(type, state);
	}
	if (kind == ANAGRAPH_CONFLICT_IDENTITY && draw(state, 4) != 0)
		conflict->device = &claims[3];
}

void
samples_draw(struct sample samples[SAMPLE_COUNT], uint32_t kinds, uint64_t seed)
{
	uint64_t state = random_begin(seed);
	uint32_t kind = ANAGRAPH_CONFLICT_IDENTITY;

	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		do
			kind = kind % ANAGRAPH_CONFLICT_IDENTITY + 1;
		while ((kinds >> kind & 1) == 0);
		draw_sample(&samples[i], kind, 2000 + 4 * (int64_t)i, &state);
	}
}

/* The edges, one each. sample is ordinary before. */
static const char *
spoil(struct sample *sample, size_t edge)
{
	static char longest[VALUE_BYTES_MAX + 1];
	static char longest_name[64 + 1];
	struct anagraph_conflict *conflict = &sample->conflict;
	struct anagraph_claim *claims = sample->claims;

	memset(longest, 'x', VALUE_BYTES_MAX);
	memset(longest_name, 'N', 64);
	switch (edge) {
	case 0:
		conflict->displaced = NULL;
		conflict->device = NULL;
		return "no displaced, no device";
	case 1:
		conflict->displaced = &claims[2];
		conflict->device = &claims[3];
		return "displaced and device";
	case 2:
		claims[0].value = claims[1].value = (struct anagraph_value){ .type = ANAGRAPH_VALUE_STRING };
		return "empty values, with data NULL";
	case 3:
		claims[0].value.string = (struct anagraph_string){ longest, VALUE_BYTES_MAX };
		claims[1].value.string = (struct anagraph_string){ longest, VALUE_BYTES_MAX - 1 };
		claims[0].value.type = claims[1].value.type = ANAGRAPH_VALUE_STRING;
		return "values of 1,024 bytes";
	case 4:
		conflict->account = conflict->name = (struct anagraph_string){ longest_name, 64 };
		claims[0].conversation = claims[1].conversation = (struct anagraph_string){ longest, 128 };
		return "the longest names";
	case 5:
		claims[0].value = (struct anagraph_value){ .type = ANAGRAPH_VALUE_NUMBER, .number = DBL_MAX };
		claims[1].value =
		    (struct anagraph_value){ .type = ANAGRAPH_VALUE_NUMBER, .number = -DBL_MAX };
		return "the greatest and the least number";
	case 6:
		claims[0].value =
		    (struct anagraph_value){ .type = ANAGRAPH_VALUE_TIME, .time_us = INT64_MIN };
		claims[1].value =
		    (struct anagraph_value){ .type = ANAGRAPH_VALUE_TIME, .time_us = INT64_MAX };
		return "the least and the greatest time";
	case 7:
		claims[0].observed_at_us = claims[0].recorded_at_us = INT64_MAX;
		claims[1].observed_at_us = claims[1].recorded_at_us = INT64_MIN;
		claims[1].contact_id = UINT64_MAX;
		return "seen at the greatest time";
	case 8:
		claims[0].observed_at_us = INT64_MIN;
		claims[1].observed_at_us = INT64_MAX;
		return "seen at the least time";
	case 9:
		claims[0].source = claims[0].rank = 99;
		return "an unknown source";
	case 10:
		claims[1].source = claims[1].rank = 0;
		claims[0].source = claims[0].rank = UINT32_MAX;
		return "the least and the greatest rank";
	case 11:
		claims[0].value = claims[1].value = (struct anagraph_value){ .type = 99 };
		return "values of an unknown type";
	case 12:
		claims[0].value = (struct anagraph_value){ .type = ANAGRAPH_VALUE_NONE };
		return "no value";
	case 13:
		conflict->name_class = 99;
		return "an unknown class of name";
	case 14:
		conflict->name = (struct anagraph_string){ NULL, 0 };
		conflict->account = (struct anagraph_string){ NULL, 0 };
		return "no name";
	case 15:
		claims[1] = claims[0];
		return "a full tie";
	default:
		return NULL;
	}
}

size_t
samples_edges(struct sample samples[EDGE_COUNT_MAX], const char *what[EDGE_COUNT_MAX], uint32_t kinds)
{
	size_t count = 0;

	for (uint32_t kind = ANAGRAPH_CONFLICT_VALUE; kind <= ANAGRAPH_CONFLICT_IDENTITY; kind++) {
		if ((kinds >> kind & 1) == 0)
			continue;
		for (size_t edge = 0; count < EDGE_COUNT_MAX; edge++) {
			uint64_t state = random_begin(edge);

			draw_sample(&samples[count], kind, 2000 + 4 * (int64_t)count, &state);
			what[count] = spoil(&samples[count], edge);
			if (what[count] == NULL)
				break;
			count++;
		}
	}
	return count;
}

const char *
sample_text(char text[64], const struct anagraph_conflict *conflict)
{
	static const char *const kinds[] = { "kind 0", "VALUE", "OWNER", "IDENTITY" };

	snprintf(text, 64, "%s %.*s", conflict->kind < 4 ? kinds[conflict->kind] : "another kind",
	    conflict->name.size < 40 ? (int)conflict->name.size : 40,
	    conflict->name.data != NULL ? conflict->name.data : "");
	return text;
}
