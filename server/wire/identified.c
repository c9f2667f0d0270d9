/* anagraph.v1.IdentifyResponse: what an event came to. It is put together once, in the
 * transaction of the event, so that what is kept for a replay is what was answered. */
#include <errno.h>

#include "server/wire/fields.h"

enum response_field {
	RESPONSE_OUTCOME = 1,
	RESPONSE_CONTACT = 2,
	RESPONSE_ABSORBED_CONTACT_IDS = 3,
	RESPONSE_CONFLICTS = 4,
	RESPONSE_SHARED_IDENTIFIERS = 5,
	RESPONSE_REVISION = 6,
};

/* How many of the conflicts go into an answer, and the bytes that all of it takes at most.
 * Those past LIMIT_ANSWER_BYTES are left out, the last first: the event is stored, and an
 * answer that its caller can't take would hide that. The journal has them all. */
static size_t
conflicts_that_fit(size_t *size_bytes, const struct identified *identified)
{
	size_t total_bytes = (4 + identified->absorbed_count) * FIELD_BYTES + identified->contact.size;
	size_t count = 0;

	for (size_t i = 0; i < identified->shared_count; i++)
		total_bytes += FIELD_BYTES + identifier_bytes(&identified->shared[i]);
	for (; count < identified->conflict_count; count++) {
		size_t one_bytes = FIELD_BYTES + conflict_bytes(&identified->conflicts[count]);

		if (total_bytes + one_bytes > LIMIT_ANSWER_BYTES)
			break;
		total_bytes += one_bytes;
	}
	*size_bytes = total_bytes;
	return count;
}

int
identified_encode(struct bytes *out, struct arena *arena, const struct identified *identified)
{
	struct wire_writer writer;
	size_t size_bytes;
	size_t conflict_count = conflicts_that_fit(&size_bytes, identified);
	int result = message_begin(&writer, arena, size_bytes);

	if (result < 0)
		return result;
	wire_put_varint(&writer, RESPONSE_REVISION, identified->revision);
	for (size_t i = identified->shared_count; i > 0; i--)
		put_identifier(
		    &writer, RESPONSE_SHARED_IDENTIFIERS, &identified->shared[i - 1], CLAIMED_ELSEWHERE);
	for (size_t i = conflict_count; i > 0; i--) {
		uint8_t *end = wire_message_end(&writer);

		put_conflict_fields(&writer, &identified->conflicts[i - 1]);
		wire_message_begin(&writer, RESPONSE_CONFLICTS, end);
	}
	/* One by one: whoever reads a packed field takes its plain form too. */
	for (size_t i = identified->absorbed_count; i > 0; i--)
		wire_put_varint_always(
		    &writer, RESPONSE_ABSORBED_CONTACT_IDS, identified->absorbed_contact_ids[i - 1]);
	wire_put_bytes_always(&writer, RESPONSE_CONTACT, identified->contact);
	wire_put_varint(&writer, RESPONSE_OUTCOME, (uint64_t)identified->outcome);
	*out = message_finish(&writer);
	return 0;
}
