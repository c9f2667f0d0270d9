/* The responses of operators' calls: the contact, and what became part of it. Put together
 * once, in the act's transaction, as that of an event is. */
#include "server/wire/fields.h"

#include <errno.h>

/* PromoteSecondaryResponse, DismissSecondaryResponse and MergeContactsResponse; the
 * second is the last's alone. */
enum acted_field {
	ACTED_CONTACT = 1,
	ACTED_ABSORBED_CONTACT_IDS = 2,
};

/* EraseContactResponse. */
enum erased_field {
	ERASED_REVISION = 1,
};

int
acted_encode(struct bytes *out, struct arena *arena, const struct acted *acted)
{
	struct wire_writer writer;
	int result =
	    message_begin(&writer, arena, frame_bytes(1 + acted->absorbed_count) + acted->contact.size);

	if (result < 0)
		return result;
	for (size_t i = acted->absorbed_count; i > 0; i--)
		wire_put_varint_always(
		    &writer, ACTED_ABSORBED_CONTACT_IDS, acted->absorbed_contact_ids[i - 1]);
	wire_put_bytes_always(&writer, ACTED_CONTACT, acted->contact);
	*out = message_finish(&writer);
	return 0;
}

int
erased_encode(struct bytes *out, struct arena *arena, uint64_t revision)
{
	struct wire_writer writer;
	int result = message_begin(&writer, arena, frame_bytes(1));

	if (result < 0)
		return result;
	wire_put_varint(&writer, ERASED_REVISION, revision);
	*out = message_finish(&writer);
	return 0;
}

int
response_mark_replayed(struct bytes *out, struct arena *arena, enum action action, struct bytes response)
{
	static const uint32_t replayed_fields[ACTION_COUNT] = {
		[ACTION_IDENTIFY] = 7,
		[ACTION_PROMOTE] = 2,
		[ACTION_DISMISS] = 2,
		[ACTION_MERGE] = 3,
		[ACTION_ERASE] = 2,
	};
	struct wire_writer writer;
	int result = message_begin(&writer, arena, response.size + FIELD_BYTES);

	if (result < 0)
		return result;
	wire_put_varint(&writer, replayed_fields[action], 1);
	wire_put_raw(&writer, response);
	*out = message_finish(&writer);
	return 0;
}
