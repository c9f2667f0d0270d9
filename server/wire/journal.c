/* The messages of anagraph/store/v1/store.proto, which no caller sees, and
 * anagraph.v1.JournalEntry. */
#include "server/wire/fields.h"

#include <errno.h>

enum account_field {
	ACCOUNT_LAST_CONTACT_ID = 1,
	ACCOUNT_LAST_SECONDARY_ID = 2,
	ACCOUNT_REVISION = 3,
	ACCOUNT_JOURNAL_SEQUENCE = 4,
	ACCOUNT_IDENTIFIED = 5,
	ACCOUNT_ANONYMOUS_PUSH = 6,
	ACCOUNT_ANONYMOUS_CHAT = 7,
	ACCOUNT_REACH_EMAIL = 8,
	ACCOUNT_REACH_SMS = 9,
	ACCOUNT_REACH_WHATSAPP = 10,
	ACCOUNT_REACH_PUSH = 11,
	ACCOUNT_ENGAGED = 12,
	ACCOUNT_SUPPRESSED = 13,
	ACCOUNT_DISMISSED = 14,
	ACCOUNT_FIELD_COUNT = 15,
};

enum forward_field {
	FORWARD_SURVIVOR_CONTACT_ID = 1,
	FORWARD_NEXT_CONTACT_ID = 2,
};

enum loss_field {
	LOSS_FIELD_CAUSE = 1,
	LOSS_FIELD_CONTACT_ID = 2,
	LOSS_FIELD_VALUE = 3,
};

enum absorption_field {
	ABSORPTION_SURVIVOR_CONTACT_ID = 1,
	ABSORPTION_BEFORE = 2,
};

enum journal_field {
	JOURNAL_SEQUENCE = 1,
	JOURNAL_REVISION = 2,
	JOURNAL_CONTACT_ID = 3,
	JOURNAL_OUTCOME = 4,
	JOURNAL_CLAIM = 5,
	JOURNAL_IDENTIFIERS = 6,
	JOURNAL_ATTRIBUTES = 7,
	JOURNAL_CONFLICTS = 8,
	JOURNAL_LOSSES = 9,
	JOURNAL_ABSORPTIONS = 10,
	JOURNAL_ACTION = 11,
	JOURNAL_OPERATOR = 12,
	JOURNAL_CONTACT_VERSION = 13,
	JOURNAL_SECONDARY_ID = 14,
	JOURNAL_REDACTED = 15,
	JOURNAL_BYSTANDER_CONTACT_IDS = 16,
	JOURNAL_FIELD_COUNT = 17,
};

enum {
	OUTCOME_COUNT = OUTCOME_UNCHANGED + 1,
	/* An event has few conflicts and losses; this keeps a broken entry from asking for
	 * much memory. */
	JOURNAL_ELEMENTS_MAX = 65536,
};

/* Where an account keeps the number of a field. */
static uint64_t *
account_number(struct account *account, uint32_t field)
{
	switch (field) {
	case ACCOUNT_LAST_CONTACT_ID:
		return &account->last_contact_id;
	case ACCOUNT_LAST_SECONDARY_ID:
		return &account->last_secondary_id;
	case ACCOUNT_REVISION:
		return &account->revision;
	case ACCOUNT_JOURNAL_SEQUENCE:
		return &account->journal_sequence;
	case ACCOUNT_IDENTIFIED:
		return &account->class_counts[CLASS_IDENTIFIED];
	case ACCOUNT_ANONYMOUS_PUSH:
		return &account->class_counts[CLASS_ANONYMOUS_PUSH];
	case ACCOUNT_ANONYMOUS_CHAT:
		return &account->class_counts[CLASS_ANONYMOUS_CHAT];
	case ACCOUNT_REACH_EMAIL:
		return &account->reach_counts[REACH_EMAIL];
	case ACCOUNT_REACH_SMS:
		return &account->reach_counts[REACH_SMS];
	case ACCOUNT_REACH_WHATSAPP:
		return &account->reach_counts[REACH_WHATSAPP];
	case ACCOUNT_REACH_PUSH:
		return &account->reach_counts[REACH_PUSH];
	case ACCOUNT_ENGAGED:
		return &account->engaged_count;
	case ACCOUNT_SUPPRESSED:
		return &account->suppressed_count;
	case ACCOUNT_DISMISSED:
		return &account->dismissed_count;
	default:
		return NULL;
	}
}

int
account_encode(struct bytes *out, struct arena *arena, const struct account *account)
{
	struct account numbers = *account;
	struct wire_writer writer;
	int result = message_begin(&writer, arena, frame_bytes(ACCOUNT_FIELD_COUNT));

	if (result < 0)
		return result;
	for (uint32_t field = ACCOUNT_FIELD_COUNT - 1; field >= ACCOUNT_LAST_CONTACT_ID; field--)
		wire_put_varint(&writer, field, *account_number(&numbers, field));
	*out = message_finish(&writer);
	return 0;
}

int
account_decode(struct account *out, struct bytes message)
{
	struct account account = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field field;
	int result;

	wire_reader_init(&reader, message);
	while ((result = field_next(&field, &set, 0, &reader)) == 0) {
		uint64_t *number = account_number(&account, field.number);

		if (number == NULL || take_number(number, &field) != 0)
			return MESSAGE_E_DAMAGED;
	}
	result = fields_end(result, &set, 0);
	if (result == 0)
		*out = account;
	return result;
}

int
forward_encode(struct bytes *out, struct arena *arena, const struct forward *forward)
{
	struct wire_writer writer;
	int result = message_begin(&writer, arena, frame_bytes(2));

	if (result < 0)
		return result;
	wire_put_varint(&writer, FORWARD_NEXT_CONTACT_ID, forward->next_contact_id);
	wire_put_varint(&writer, FORWARD_SURVIVOR_CONTACT_ID, forward->survivor_contact_id);
	*out = message_finish(&writer);
	return 0;
}

int
forward_decode(struct forward *out, struct bytes message)
{
	struct forward forward = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field field;
	int result;

	wire_reader_init(&reader, message);
	while ((result = field_next(&field, &set, 0, &reader)) == 0) {
		if (field.number == FORWARD_SURVIVOR_CONTACT_ID)
			result = take_number(&forward.survivor_contact_id, &field);
		else if (field.number == FORWARD_NEXT_CONTACT_ID)
			result = take_number(&forward.next_contact_id, &field);
		else
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, 0);
	if (result == 0 && (forward.survivor_contact_id == 0 || forward.next_contact_id == 0))
		result = MESSAGE_E_DAMAGED;
	if (result == 0)
		*out = forward;
	return result;
}

static void
put_loss(struct wire_writer *writer, const struct loss *loss)
{
	uint8_t *end = wire_message_end(writer);

	put_secondary(writer, LOSS_FIELD_VALUE, &loss->value);
	wire_put_varint(writer, LOSS_FIELD_CONTACT_ID, loss->contact_id);
	wire_put_varint(writer, LOSS_FIELD_CAUSE, loss->cause);
	wire_message_begin(writer, JOURNAL_LOSSES, end);
}

static int
take_loss(struct loss *out, const struct wire_field *field)
{
	const uint32_t required =
	    FIELD_BIT(LOSS_FIELD_CAUSE) | FIELD_BIT(LOSS_FIELD_CONTACT_ID) | FIELD_BIT(LOSS_FIELD_VALUE);
	struct loss loss = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	unsigned cause = 0;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		if (part.number == LOSS_FIELD_CAUSE)
			result = take_enum(&cause, &part, LOSS_CAUSE_COUNT);
		else if (part.number == LOSS_FIELD_CONTACT_ID)
			result = take_number(&loss.contact_id, &part);
		else if (part.number == LOSS_FIELD_VALUE)
			result = take_secondary(&loss.value, &part);
		else
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	loss.cause = (enum loss_cause)cause;
	if (result == 0 && secondary_is_blank(&loss.value) && loss.cause != LOSS_ERASED)
		result = MESSAGE_E_DAMAGED;
	if (result != 0)
		return result;
	*out = loss;
	return 0;
}

static void
put_absorption(struct wire_writer *writer, const struct absorption *absorption)
{
	uint8_t *end = wire_message_end(writer);
	uint8_t *contact_end = wire_message_end(writer);

	put_contact_fields(writer, absorption->before);
	wire_message_begin(writer, ABSORPTION_BEFORE, contact_end);
	wire_put_varint(writer, ABSORPTION_SURVIVOR_CONTACT_ID, absorption->survivor_contact_id);
	wire_message_begin(writer, JOURNAL_ABSORPTIONS, end);
}

static int
take_before(const struct contact **out, struct arena *arena, const struct wire_field *field)
{
	struct contact *before;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	before = arena_alloc(arena, sizeof(*before));
	if (before == NULL)
		return -ENOMEM;
	result = contact_decode(before, arena, field->bytes);
	if (result == 0)
		*out = before;
	return result;
}

static int
take_absorption(struct absorption *out, struct arena *arena, const struct wire_field *field)
{
	const uint32_t required = FIELD_BIT(ABSORPTION_SURVIVOR_CONTACT_ID) | FIELD_BIT(ABSORPTION_BEFORE);
	struct absorption absorption = { 0 };
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field part;
	int result;

	if (field->type != WIRE_LENGTH)
		return MESSAGE_E_DAMAGED;
	wire_reader_init(&reader, field->bytes);
	while ((result = field_next(&part, &set, 0, &reader)) == 0) {
		if (part.number == ABSORPTION_SURVIVOR_CONTACT_ID)
			result = take_number(&absorption.survivor_contact_id, &part);
		else if (part.number == ABSORPTION_BEFORE)
			result = take_before(&absorption.before, arena, &part);
		else
			result = MESSAGE_E_DAMAGED;
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result == 0)
		*out = absorption;
	return result;
}

static size_t
journal_entry_bytes(const struct journal_entry *entry)
{
	size_t size =
	    frame_bytes(9 + entry->bystander_count) + entry->operator_name.size + claim_bytes(&entry->claim);

	for (size_t i = 0; i < entry->identifier_count; i++)
		size += identifier_bytes(&entry->identifiers[i]);
	for (size_t i = 0; i < entry->attribute_count; i++)
		size += attribute_bytes(&entry->attributes[i]);
	for (size_t i = 0; i < entry->conflict_count; i++)
		size += FIELD_BYTES + conflict_bytes(&entry->conflicts[i]);
	for (size_t i = 0; i < entry->loss_count; i++)
		size += frame_bytes(3) + secondary_bytes(&entry->losses[i].value);
	for (size_t i = 0; i < entry->absorption_count; i++)
		size += frame_bytes(3) + contact_bytes(entry->absorptions[i].before);
	return size;
}

int
journal_entry_encode(struct bytes *out, struct arena *arena, const struct journal_entry *entry)
{
	struct wire_writer writer;
	int result = message_begin(&writer, arena, journal_entry_bytes(entry));

	if (result < 0)
		return result;
	for (size_t i = entry->bystander_count; i > 0; i--)
		wire_put_varint_always(&writer, JOURNAL_BYSTANDER_CONTACT_IDS, entry->bystander_ids[i - 1]);
	wire_put_varint(&writer, JOURNAL_REDACTED, entry->redacted);
	wire_put_varint(&writer, JOURNAL_SECONDARY_ID, entry->secondary_id);
	wire_put_varint(&writer, JOURNAL_CONTACT_VERSION, entry->contact_version);
	wire_put_bytes(&writer, JOURNAL_OPERATOR, entry->operator_name);
	wire_put_varint(&writer, JOURNAL_ACTION, entry->action);
	for (size_t i = entry->absorption_count; i > 0; i--)
		put_absorption(&writer, &entry->absorptions[i - 1]);
	for (size_t i = entry->loss_count; i > 0; i--)
		put_loss(&writer, &entry->losses[i - 1]);
	for (size_t i = entry->conflict_count; i > 0; i--) {
		uint8_t *end = wire_message_end(&writer);

		put_conflict_fields(&writer, &entry->conflicts[i - 1]);
		wire_message_begin(&writer, JOURNAL_CONFLICTS, end);
	}
	for (size_t i = entry->attribute_count; i > 0; i--)
		put_attribute(&writer, JOURNAL_ATTRIBUTES, &entry->attributes[i - 1], CLAIMED_ELSEWHERE);
	for (size_t i = entry->identifier_count; i > 0; i--)
		put_identifier(&writer, JOURNAL_IDENTIFIERS, &entry->identifiers[i - 1], CLAIMED_ELSEWHERE);
	put_claim(&writer, JOURNAL_CLAIM, &entry->claim);
	wire_put_varint(&writer, JOURNAL_OUTCOME, entry->outcome);
	wire_put_varint(&writer, JOURNAL_CONTACT_ID, entry->contact_id);
	wire_put_varint(&writer, JOURNAL_REVISION, entry->revision);
	wire_put_varint(&writer, JOURNAL_SEQUENCE, entry->sequence);
	*out = message_finish(&writer);
	return 0;
}

/* The arrays of an entry while it is read. */
struct journal_arrays {
	struct identifier *identifiers;
	struct attribute *attributes;
	struct conflict *conflicts;
	struct loss *losses;
	struct absorption *absorptions;
	uint64_t *bystander_ids;
};

static int
take_journal_arrays(struct journal_arrays *arrays, struct arena *arena, struct bytes message)
{
	static const size_t item_bytes[JOURNAL_FIELD_COUNT] = {
		[JOURNAL_IDENTIFIERS] = sizeof(struct identifier),
		[JOURNAL_ATTRIBUTES] = sizeof(struct attribute),
		[JOURNAL_CONFLICTS] = sizeof(struct conflict),
		[JOURNAL_LOSSES] = sizeof(struct loss),
		[JOURNAL_ABSORPTIONS] = sizeof(struct absorption),
		[JOURNAL_BYSTANDER_CONTACT_IDS] = sizeof(uint64_t),
	};
	void *items[JOURNAL_FIELD_COUNT];
	size_t counts[JOURNAL_FIELD_COUNT];
	int result = count_fields(counts, JOURNAL_FIELD_COUNT, message);

	for (size_t i = JOURNAL_IDENTIFIERS; result == 0 && i < JOURNAL_FIELD_COUNT; i++) {
		if (item_bytes[i] == 0)
			continue;
		result = take_array(&items[i], arena, counts[i], JOURNAL_ELEMENTS_MAX, item_bytes[i]);
	}
	if (result != 0)
		return result;
	arrays->identifiers = items[JOURNAL_IDENTIFIERS];
	arrays->attributes = items[JOURNAL_ATTRIBUTES];
	arrays->conflicts = items[JOURNAL_CONFLICTS];
	arrays->losses = items[JOURNAL_LOSSES];
	arrays->absorptions = items[JOURNAL_ABSORPTIONS];
	arrays->bystander_ids = items[JOURNAL_BYSTANDER_CONTACT_IDS];
	return 0;
}

static int
take_journal_field(struct journal_entry *entry, struct journal_arrays *arrays, struct arena *arena,
    const struct wire_field *field)
{
	unsigned outcome;
	unsigned action;

	switch (field->number) {
	case JOURNAL_ACTION:
		if (take_enum(&action, field, ACTION_COUNT) != 0)
			return MESSAGE_E_DAMAGED;
		entry->action = (enum action)action;
		return 0;
	case JOURNAL_OPERATOR:
		return take_bytes(&entry->operator_name, field);
	case JOURNAL_CONTACT_VERSION:
		return take_number(&entry->contact_version, field);
	case JOURNAL_SECONDARY_ID:
		return take_number(&entry->secondary_id, field);
	case JOURNAL_REDACTED:
		return take_bool(&entry->redacted, field);
	case JOURNAL_SEQUENCE:
		return take_number(&entry->sequence, field);
	case JOURNAL_REVISION:
		return take_number(&entry->revision, field);
	case JOURNAL_CONTACT_ID:
		return take_number(&entry->contact_id, field);
	case JOURNAL_OUTCOME:
		if (take_enum(&outcome, field, OUTCOME_COUNT) != 0)
			return MESSAGE_E_DAMAGED;
		entry->outcome = (enum outcome)outcome;
		return 0;
	case JOURNAL_CLAIM:
		return take_claim(&entry->claim, field);
	case JOURNAL_IDENTIFIERS:
		return take_identifier(
		    &arrays->identifiers[entry->identifier_count++], field, CLAIMED_ELSEWHERE);
	case JOURNAL_ATTRIBUTES:
		return take_attribute(
		    &arrays->attributes[entry->attribute_count++], field, CLAIMED_ELSEWHERE);
	case JOURNAL_CONFLICTS:
		return take_conflict(&arrays->conflicts[entry->conflict_count++], field);
	case JOURNAL_LOSSES:
		return take_loss(&arrays->losses[entry->loss_count++], field);
	case JOURNAL_ABSORPTIONS:
		return take_absorption(&arrays->absorptions[entry->absorption_count++], arena, field);
	case JOURNAL_BYSTANDER_CONTACT_IDS:
		return take_number(&arrays->bystander_ids[entry->bystander_count++], field);
	default:
		return MESSAGE_E_DAMAGED;
	}
}

int
journal_entry_decode(struct journal_entry *out, struct arena *arena, struct bytes message)
{
	const uint32_t repeated = FIELD_BIT(JOURNAL_IDENTIFIERS) | FIELD_BIT(JOURNAL_ATTRIBUTES) |
	    FIELD_BIT(JOURNAL_CONFLICTS) | FIELD_BIT(JOURNAL_LOSSES) | FIELD_BIT(JOURNAL_ABSORPTIONS) |
	    FIELD_BIT(JOURNAL_BYSTANDER_CONTACT_IDS);
	const uint32_t required = FIELD_BIT(JOURNAL_SEQUENCE) | FIELD_BIT(JOURNAL_CONTACT_ID) |
	    FIELD_BIT(JOURNAL_OUTCOME) | FIELD_BIT(JOURNAL_CLAIM) | FIELD_BIT(JOURNAL_ACTION);
	struct journal_entry entry = { 0 };
	struct journal_arrays arrays;
	struct field_set set = { 0 };
	struct wire_reader reader;
	struct wire_field field;
	int result = take_journal_arrays(&arrays, arena, message);

	if (result != 0)
		return result;
	wire_reader_init(&reader, message);
	while ((result = field_next(&field, &set, repeated, &reader)) == 0) {
		result = take_journal_field(&entry, &arrays, arena, &field);
		if (result != 0)
			return result;
	}
	result = fields_end(result, &set, required);
	if (result != 0)
		return result;
	for (size_t i = 0; i < entry.identifier_count; i++)
		arrays.identifiers[i].claim = entry.claim;
	for (size_t i = 0; i < entry.attribute_count; i++)
		arrays.attributes[i].claim = entry.claim;
	entry.identifiers = arrays.identifiers;
	entry.attributes = arrays.attributes;
	entry.conflicts = arrays.conflicts;
	entry.losses = arrays.losses;
	entry.absorptions = arrays.absorptions;
	entry.bystander_ids = arrays.bystander_ids;
	*out = entry;
	return 0;
}
