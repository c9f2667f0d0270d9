/* A request borrows from its struct alone. */
#include "bench/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

void
asker_init(struct asker *asker, const struct side *side, struct target *target, const struct keys *keys,
    uint64_t seed, uint64_t salt)
{
	*asker = (struct asker){
		.side = side, .target = target, .keys = keys, .random = random_mix(seed), .salt = salt
	};
	for (int i = 0; i < OPERATION_COUNT_ALL; i++)
		asker->weight_sum += side->weights[i];
}

enum operation
asker_choose(struct asker *asker)
{
	uint64_t drawn = random_below(&asker->random, asker->weight_sum);
	int chosen = 0;

	while (drawn >= asker->side->weights[chosen])
		drawn -= asker->side->weights[chosen++];
	return (enum operation)chosen;
}

static void
set_key(
    Anagraph__V1__Identifier *identifier, struct dataset_key *key, const struct asker *asker, uint64_t number)
{
	dataset_make_key(key, asker->target->dataset.seed, number);
	anagraph__v1__identifier__init(identifier);
	identifier->namespace_ = (char *)(uintptr_t)key->namespace_name;
	identifier->value = key->value;
}

/* The account that a contact is in. */
static void
set_account(struct request *request, const struct asker *asker, uint64_t number)
{
	const struct dataset *dataset = &asker->target->dataset;

	dataset_account(request->account, dataset, number / dataset->contacts_per_account);
}

static void
make_resolve(struct request *request, struct asker *asker)
{
	Anagraph__V1__ResolveRequest *message = &request->message.resolve;
	uint64_t number = keys_next(asker->keys, &asker->random);

	anagraph__v1__resolve_request__init(message);
	set_account(request, asker, number);
	set_key(&request->identifiers[0], &request->keys[0], asker, number);
	message->account = request->account;
	message->key_case = ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER;
	message->identifier = &request->identifiers[0];
}

/* All keys of one account: that of the first. */
static void
make_batch(struct request *request, struct asker *asker)
{
	Anagraph__V1__BatchResolveRequest *message = &request->message.batch;
	const struct dataset *dataset = &asker->target->dataset;
	uint64_t first = 0;

	anagraph__v1__batch_resolve_request__init(message);
	for (unsigned i = 0; i < asker->side->batch_keys; i++) {
		uint64_t number = keys_next(asker->keys, &asker->random);

		if (i == 0) {
			set_account(request, asker, number);
			first = number - number % dataset->contacts_per_account;
		}
		number = first + number % dataset->contacts_per_account;
		set_key(&request->identifiers[i], &request->keys[i], asker, number);
		anagraph__v1__resolve_key__init(&request->batch_keys[i]);
		request->batch_keys[i].key_case = ANAGRAPH__V1__RESOLVE_KEY__KEY_IDENTIFIER;
		request->batch_keys[i].identifier = &request->identifiers[i];
		request->batch_list[i] = &request->batch_keys[i];
	}
	message->account = request->account;
	message->n_keys = asker->side->batch_keys;
	message->keys = request->batch_list;
}

static void
make_count(struct request *request, struct asker *asker)
{
	Anagraph__V1__CountContactsRequest *message = &request->message.count;

	anagraph__v1__count_contacts_request__init(message);
	set_account(request, asker, keys_next(asker->keys, &asker->random));
	message->account = request->account;
}

static void
begin_identify(struct request *request)
{
	Anagraph__V1__IdentifyRequest *message = &request->message.identify;

	anagraph__v1__identify_request__init(message);
	message->account = request->account;
	message->source = ANAGRAPH__V1__SOURCE__SOURCE_CONTACTS;
	message->identifiers = request->identifier_list;
	message->attributes = request->attribute_list;
}

static void
add_identifier(struct request *request, const char *namespace_name, char *value)
{
	Anagraph__V1__IdentifyRequest *message = &request->message.identify;
	Anagraph__V1__Identifier *identifier = &request->identifiers[message->n_identifiers];

	if (*value == '\0')
		return;
	anagraph__v1__identifier__init(identifier);
	identifier->namespace_ = (char *)(uintptr_t)namespace_name;
	identifier->value = value;
	request->identifier_list[message->n_identifiers++] = identifier;
}

static Anagraph__V1__Attribute *
add_attribute(struct request *request, const char *name)
{
	Anagraph__V1__IdentifyRequest *message = &request->message.identify;
	Anagraph__V1__Attribute *attribute = &request->attributes[message->n_attributes];

	anagraph__v1__attribute__init(attribute);
	attribute->name = (char *)(uintptr_t)name;
	request->attribute_list[message->n_attributes++] = attribute;
	return attribute;
}

static void
add_text(struct request *request, const char *name, const char *text)
{
	Anagraph__V1__Attribute *attribute = add_attribute(request, name);

	attribute->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE;
	attribute->string_value = (char *)(uintptr_t)text;
}

/* All that is known of a contact, as it was told when the store was filled. */
static void
make_whole(struct request *request, const struct asker *asker, uint64_t number)
{
	struct dataset_contact *contact = &request->contact;
	Anagraph__V1__Attribute *consent;

	dataset_make(contact, asker->target->dataset.seed, number);
	begin_identify(request);
	add_identifier(request, "ext_id", contact->ext_id);
	add_identifier(request, "email", contact->email);
	add_identifier(request, "phone", contact->phone);
	add_identifier(request, "push", contact->push);
	add_text(request, "FIRST_NAME", contact->first);
	add_text(request, "LAST_NAME", contact->last);
	add_text(request, "CITY", contact->city);
	add_text(request, "ADDRESS", contact->address);
	add_text(request, "LANGUAGE", contact->language);
	consent = add_attribute(request, "CONSENT");
	consent->value_case = ANAGRAPH__V1__ATTRIBUTE__VALUE_BOOL_VALUE;
	consent->bool_value = contact->consent;
	google__protobuf__timestamp__init(&request->observed_at);
	request->observed_at.seconds = contact->observed_at_s;
	request->message.identify.observed_at = &request->observed_at;
}

static void
make_fresh(struct request *request, struct asker *asker)
{
	uint64_t number = target_next_fresh(asker->target);

	dataset_account(
	    request->account, &asker->target->dataset, number % asker->target->dataset.account_count);
	make_whole(request, asker, number);
}

static void
make_same(struct request *request, struct asker *asker)
{
	uint64_t number = keys_next(asker->keys, &asker->random);

	set_account(request, asker, number);
	make_whole(request, asker, number);
}

/* A value that no event has had before. */
static void
make_change(struct request *request, struct asker *asker)
{
	uint64_t number = keys_next(asker->keys, &asker->random);

	set_account(request, asker, number);
	dataset_make_key(&request->keys[0], asker->target->dataset.seed, number);
	begin_identify(request);
	add_identifier(request, request->keys[0].namespace_name, request->keys[0].value);
	snprintf(
	    request->text, sizeof(request->text), "%016" PRIx64 "-%" PRIu64, asker->salt, asker->changes++);
	add_text(request, "LAST_ORDER", request->text);
}

void
asker_make(struct request *request, struct asker *asker, enum operation operation)
{
	switch (operation) {
	case OPERATION_RESOLVE:
		make_resolve(request, asker);
		break;
	case OPERATION_BATCH:
		make_batch(request, asker);
		break;
	case OPERATION_COUNT:
		make_count(request, asker);
		break;
	case OPERATION_FRESH:
		make_fresh(request, asker);
		break;
	case OPERATION_CHANGE:
		make_change(request, asker);
		break;
	default:
		make_same(request, asker);
		break;
	}
}
