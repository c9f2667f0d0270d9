/* Every read and write is checked against the room there is, on both sides: a slip in one
 * of them must end as a request that was not understood. */
#include "server/worker/message.h"

struct writer {
	uint8_t *at;
	size_t left;
	bool is_full;
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool is_damaged;
};

/* Which claims of a conflict are there, as bits in this order. */
enum { CLAIM_INCOMING, CLAIM_STORED, CLAIM_DISPLACED, CLAIM_DEVICE, CLAIM_COUNT };

static void
put(struct writer *writer, const void *data, size_t size)
{
	if (writer->is_full || size > writer->left) {
		writer->is_full = true;
		return;
	}
	if (size != 0)
		memcpy(writer->at, data, size);
	writer->at += size;
	writer->left -= size;
}

static void
put_u32(struct writer *writer, uint32_t number)
{
	put(writer, &number, sizeof(number));
}

static void
put_string(struct writer *writer, struct anagraph_string string)
{
	if (string.size > UINT32_MAX) {
		writer->is_full = true;
		return;
	}
	put_u32(writer, (uint32_t)string.size);
	put(writer, string.data, string.size);
}

/* With its NUL, so that the other side need not copy it. */
static void
put_text(struct writer *writer, const char *text)
{
	put_string(writer, (struct anagraph_string){ .data = text, .size = strlen(text) + 1 });
}

static const uint8_t *
take(struct reader *reader, size_t size)
{
	const uint8_t *data = reader->at;

	if (reader->is_damaged || size > reader->left) {
		reader->is_damaged = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return data;
}

static void
take_into(void *out, struct reader *reader, size_t size)
{
	const uint8_t *data = take(reader, size);

	if (data != NULL)
		memcpy(out, data, size);
}

static uint32_t
take_u32(struct reader *reader)
{
	uint32_t number = 0;

	take_into(&number, reader, sizeof(number));
	return number;
}

static struct anagraph_string
take_string(struct reader *reader)
{
	size_t size = take_u32(reader);
	const uint8_t *data = take(reader, size);

	if (data == NULL)
		size = 0;
	return (struct anagraph_string){ .data = (const char *)data, .size = size };
}

/* The caller's type is not const; it owns nothing and changes nothing. */
static char *
take_text(struct reader *reader)
{
	struct anagraph_string text = take_string(reader);

	if (text.size == 0 || text.data[text.size - 1] != '\0') {
		reader->is_damaged = true;
		return NULL;
	}
	return (char *)(uintptr_t)text.data;
}

static int
written(const struct writer *writer)
{
	return writer->is_full ? MESSAGE_E_SIZE : 0;
}

int
start_encode(uint8_t *request, size_t size, const struct start_request *start)
{
	struct writer writer = { .at = request, .left = size };

	put_u32(&writer, REQUEST_START);
	put_u32(&writer, CHANNEL_PROTOCOL);
	put_text(&writer, start->copy.id);
	put_text(&writer, start->copy.path);
	put_text(&writer, start->copy.copy_path);
	put(&writer, start->copy.build, sizeof(start->copy.build));
	put_u32(&writer, (uint32_t)start->option_count);
	for (size_t i = 0; i < start->option_count; i++) {
		put_string(&writer, start->options[i].name);
		put_string(&writer, start->options[i].value);
	}
	return written(&writer);
}

int
start_decode(struct start_request *start, struct anagraph_option options[LIMIT_POLICY_OPTIONS],
    const uint8_t *request, size_t size)
{
	struct reader reader = { .at = request, .left = size };
	struct start_request read = { .options = options };
	uint32_t kind = take_u32(&reader);
	uint32_t protocol = take_u32(&reader);

	if (kind != REQUEST_START || protocol != CHANNEL_PROTOCOL)
		return MESSAGE_E_DAMAGED;
	read.copy.id = take_text(&reader);
	read.copy.path = take_text(&reader);
	read.copy.copy_path = take_text(&reader);
	take_into(read.copy.build, &reader, sizeof(read.copy.build));
	read.copy.build[POLICY_BUILD_DIGITS] = '\0';
	read.option_count = take_u32(&reader);
	if (read.option_count > LIMIT_POLICY_OPTIONS)
		return MESSAGE_E_DAMAGED;
	for (size_t i = 0; i < read.option_count; i++) {
		options[i].name = take_string(&reader);
		options[i].value = take_string(&reader);
	}
	if (reader.is_damaged)
		return MESSAGE_E_DAMAGED;
	*start = read;
	return 0;
}

static void
put_claim(struct writer *writer, const struct anagraph_claim *claim)
{
	put_u32(writer, claim->value.type);
	put_u32(writer, claim->value.boolean);
	put(writer, &claim->value.number, sizeof(claim->value.number));
	put(writer, &claim->value.time_us, sizeof(claim->value.time_us));
	put_string(writer, claim->value.string);
	put_u32(writer, claim->source);
	put_u32(writer, claim->rank);
	put(writer, &claim->observed_at_us, sizeof(claim->observed_at_us));
	put(writer, &claim->recorded_at_us, sizeof(claim->recorded_at_us));
	put(writer, &claim->contact_id, sizeof(claim->contact_id));
	put_string(writer, claim->conversation);
}

static void
take_claim(struct anagraph_claim *claim, struct reader *reader)
{
	claim->value.type = take_u32(reader);
	claim->value.boolean = take_u32(reader);
	take_into(&claim->value.number, reader, sizeof(claim->value.number));
	take_into(&claim->value.time_us, reader, sizeof(claim->value.time_us));
	claim->value.string = take_string(reader);
	claim->source = take_u32(reader);
	claim->rank = take_u32(reader);
	take_into(&claim->observed_at_us, reader, sizeof(claim->observed_at_us));
	take_into(&claim->recorded_at_us, reader, sizeof(claim->recorded_at_us));
	take_into(&claim->contact_id, reader, sizeof(claim->contact_id));
	claim->conversation = take_string(reader);
}

int
conflict_encode_request(uint8_t *request, size_t size, const struct anagraph_conflict *conflict)
{
	const struct anagraph_claim *const claims[CLAIM_COUNT] = {
		[CLAIM_INCOMING] = conflict->incoming,
		[CLAIM_STORED] = conflict->stored,
		[CLAIM_DISPLACED] = conflict->displaced,
		[CLAIM_DEVICE] = conflict->device,
	};
	struct writer writer = { .at = request, .left = size };
	uint32_t present = 0;

	for (unsigned i = 0; i < CLAIM_COUNT; i++)
		present |= claims[i] != NULL ? 1u << i : 0;
	put_u32(&writer, REQUEST_DECIDE);
	put_u32(&writer, conflict->kind);
	put_u32(&writer, conflict->name_class);
	put_u32(&writer, present);
	put_string(&writer, conflict->account);
	put_string(&writer, conflict->name);
	for (unsigned i = 0; i < CLAIM_COUNT; i++) {
		if (claims[i] != NULL)
			put_claim(&writer, claims[i]);
	}
	return written(&writer);
}

int
conflict_decode_request(
    struct shown_conflict *room, const struct shown_conflict *seen, const uint8_t *request, size_t size)
{
	struct reader reader = { .at = request, .left = size };
	const struct anagraph_claim *claims[CLAIM_COUNT] = { NULL };
	struct anagraph_conflict *conflict = &room->conflict;
	uint32_t present;

	if (take_u32(&reader) != REQUEST_DECIDE)
		return MESSAGE_E_DAMAGED;
	*conflict = (struct anagraph_conflict){ .struct_size = sizeof(*conflict) };
	conflict->kind = take_u32(&reader);
	conflict->name_class = take_u32(&reader);
	present = take_u32(&reader);
	conflict->account = take_string(&reader);
	conflict->name = take_string(&reader);
	for (unsigned i = 0; i < CLAIM_COUNT; i++) {
		if ((present >> i & 1) == 0)
			continue;
		take_claim(&room->claims[i], &reader);
		claims[i] = &seen->claims[i];
	}
	conflict->incoming = claims[CLAIM_INCOMING];
	conflict->stored = claims[CLAIM_STORED];
	conflict->displaced = claims[CLAIM_DISPLACED];
	conflict->device = claims[CLAIM_DEVICE];
	return reader.is_damaged ? MESSAGE_E_DAMAGED : 0;
}

int
end_encode(uint8_t *request, size_t size)
{
	struct writer writer = { .at = request, .left = size };

	put_u32(&writer, REQUEST_END);
	return written(&writer);
}

uint32_t
request_kind_of(const uint8_t *request, size_t size)
{
	struct reader reader = { .at = request, .left = size };

	return take_u32(&reader);
}
