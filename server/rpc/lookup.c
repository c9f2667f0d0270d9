/* Most keys come in normal form already, so their bytes are tried as they are before
 * anything is normalised (N3). */
#include "server/rpc/lookup.h"

#include <errno.h>
#include <stdio.h>

#include "server/rpc/request.h"
#include "server/wire/wire.h"

enum { VARINT_FIELD_BYTES = 11 };

/* Fields of Identifier. */
enum {
	IDENTIFIER_NAMESPACE = 1,
	IDENTIFIER_VALUE = 2,
};

/* By what the store knows: an identifier in normal form, or an id when that is NULL. */
static int
look_up(struct found *found, struct rejection *rejection, struct queue *queue, struct bytes account,
    const struct identifier *identifier, uint64_t contact_id)
{
	int result;

	result = engine_resolve(&found->contact, &found->forwarded_ids, &found->forwarded_count, rejection,
	    queue->rpc->options.engine, queue->reader, &queue->scratch, account, identifier, contact_id);
	if (result == ENGINE_E_REJECTED)
		snprintf(rejection->field, sizeof(rejection->field), "%s",
		    identifier != NULL ? "identifier" : "contact_id");
	return result;
}

void
lookup_read_identifier(struct lookup_key *key, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;

	if (key->by != LOOKUP_BY_IDENTIFIER)
		*key = (struct lookup_key){ .by = LOOKUP_BY_IDENTIFIER };
	wire_reader_init(&reader, message);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == IDENTIFIER_NAMESPACE)
			key->identifier.namespace_name = field.bytes;
		else if (field.number == IDENTIFIER_VALUE)
			key->identifier.value = field.bytes;
	}
}

void
lookup_read_contact_id(struct lookup_key *key, uint64_t contact_id)
{
	*key = (struct lookup_key){ .by = LOOKUP_BY_CONTACT_ID, .contact_id = contact_id };
}

void
lookup_try(struct lookup_key *key, const struct account_settings *settings)
{
	enum namespace_id namespace_id;

	key->tried.namespace_id = NAMESPACE_NONE;
	if (key->by != LOOKUP_BY_IDENTIFIER)
		return;
	namespace_id = namespace_find(key->identifier.namespace_name);
	if (namespace_id == NAMESPACE_NONE ||
	    !identifier_looks_normal(namespace_id, key->identifier.value, settings))
		return;
	key->tried.namespace_id = namespace_id;
	key->tried.value = key->identifier.value;
}

static int
look_up_identifier(struct found *found, struct rejection *rejection, struct queue *queue,
    struct bytes account, const struct lookup_key *key)
{
	const struct account_settings *settings = settings_of(queue->rpc->options.settings, account);
	const struct identifier_input *input = &key->identifier;
	bool tried = key->tried.namespace_id != NAMESPACE_NONE;
	struct identifier identifier;
	struct rejection missed;
	int result;

	if (tried) {
		result = look_up(found, rejection, queue, account, &key->tried, 0);
		if (result != ENGINE_E_REJECTED || rejection->reason != REASON_CONTACT_NOT_FOUND)
			return result;
		missed = *rejection;
	}
	result = lookup_prepare(&identifier, rejection, &queue->scratch, input, settings);
	if (result != 0)
		return result;
	if (tried && bytes_equal(identifier.value, input->value)) {
		*rejection = missed;
		return ENGINE_E_REJECTED;
	}
	return look_up(found, rejection, queue, account, &identifier, 0);
}

int
lookup(struct found *found, struct rejection *rejection, struct queue *queue, struct bytes account,
    const struct lookup_key *key)
{
	switch (key->by) {
	case LOOKUP_BY_IDENTIFIER:
		return look_up_identifier(found, rejection, queue, account, key);
	case LOOKUP_BY_CONTACT_ID:
		return look_up(found, rejection, queue, account, NULL, key->contact_id);
	default:
		return request_reject(
		    rejection, REASON_KEY_MISSING, "key", "There is no identifier and no contact id.");
	}
}

int
lookup_encode_ids(struct bytes *out, struct arena *arena, uint32_t field, const struct found *found)
{
	size_t room = found->forwarded_count * VARINT_FIELD_BYTES;
	uint8_t *buffer = arena_alloc(arena, room);
	struct wire_writer writer;

	if (buffer == NULL)
		return -ENOMEM;
	wire_writer_init(&writer, buffer, room);
	/* One by one: whoever reads a packed field takes its plain form too. */
	for (size_t i = found->forwarded_count; i > 0; i--)
		wire_put_varint_always(&writer, field, found->forwarded_ids[i - 1]);
	*out = wire_written(&writer);
	return 0;
}
