/* One table, in the order of the enumerators. */
#include "rules/namespaces.h"

static const struct bytes names[NAMESPACE_COUNT] = {
	[NAMESPACE_EXT_ID] = { (const uint8_t *)"ext_id", 6 },
	[NAMESPACE_EMAIL] = { (const uint8_t *)"email", 5 },
	[NAMESPACE_PHONE] = { (const uint8_t *)"phone", 5 },
	[NAMESPACE_WHATSAPP] = { (const uint8_t *)"whatsapp", 8 },
	[NAMESPACE_LANDLINE] = { (const uint8_t *)"landline", 8 },
	[NAMESPACE_CHAT] = { (const uint8_t *)"chat", 4 },
	[NAMESPACE_FACEBOOK] = { (const uint8_t *)"facebook", 8 },
	[NAMESPACE_INSTAGRAM] = { (const uint8_t *)"instagram", 9 },
	[NAMESPACE_PUSH] = { (const uint8_t *)"push", 4 },
};

enum namespace_id
namespace_find(struct bytes name)
{
	for (unsigned i = NAMESPACE_EXT_ID; i < NAMESPACE_COUNT; i++) {
		if (bytes_equal(names[i], name))
			return (enum namespace_id)i;
	}
	return NAMESPACE_NONE;
}

struct bytes
namespace_name(enum namespace_id namespace_id)
{
	return (unsigned)namespace_id < NAMESPACE_COUNT ? names[namespace_id] : (struct bytes){ NULL, 0 };
}

bool
namespace_is_personal(enum namespace_id namespace_id)
{
	return namespace_id >= NAMESPACE_EXT_ID && namespace_id <= NAMESPACE_LANDLINE;
}

bool
namespace_is_number(enum namespace_id namespace_id)
{
	return namespace_id >= NAMESPACE_PHONE && namespace_id <= NAMESPACE_LANDLINE;
}

int
identifier_compare(const struct identifier *a, const struct identifier *b)
{
	if (a->namespace_id != b->namespace_id)
		return a->namespace_id < b->namespace_id ? -1 : 1;
	if (a->alias != b->alias)
		return a->alias ? 1 : -1;
	return bytes_compare(a->value, b->value);
}

int
dismissal_compare(const struct dismissal *a, const struct dismissal *b)
{
	int order;

	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	order = bytes_compare(a->name, b->name);
	return order != 0 ? order : memcmp(a->digest, b->digest, sizeof(a->digest));
}

bool
attribute_is_personal(struct bytes name)
{
	return bytes_equal(name, BYTES("FIRST_NAME")) || bytes_equal(name, BYTES("LAST_NAME"));
}
