/* CountContacts: the account's record, field by field. */
#include "server/rpc/method.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of CountContactsResponse. */
enum {
	RESPONSE_IDENTIFIED = 1,
	RESPONSE_ANONYMOUS_PUSH = 2,
	RESPONSE_ANONYMOUS_CHAT = 3,
	RESPONSE_CONTACTS_PAGE_TOTAL = 4,
	RESPONSE_HOME_PAGE_TOTAL = 5,
	RESPONSE_REVISION = 6,
};

enum { RESPONSE_BYTES = 6 * 11 };

static grpc_slice
encode(const struct account *account)
{
	const uint64_t *counts = account->class_counts;
	uint64_t contacts_page = counts[CLASS_IDENTIFIED] + counts[CLASS_ANONYMOUS_PUSH];
	uint8_t buffer[RESPONSE_BYTES];
	struct wire_writer writer;
	struct bytes message;

	wire_writer_init(&writer, buffer, sizeof(buffer));
	wire_put_varint(&writer, RESPONSE_REVISION, account->revision);
	wire_put_varint(&writer, RESPONSE_HOME_PAGE_TOTAL, contacts_page + counts[CLASS_ANONYMOUS_CHAT]);
	wire_put_varint(&writer, RESPONSE_CONTACTS_PAGE_TOTAL, contacts_page);
	wire_put_varint(&writer, RESPONSE_ANONYMOUS_CHAT, counts[CLASS_ANONYMOUS_CHAT]);
	wire_put_varint(&writer, RESPONSE_ANONYMOUS_PUSH, counts[CLASS_ANONYMOUS_PUSH]);
	wire_put_varint(&writer, RESPONSE_IDENTIFIED, counts[CLASS_IDENTIFIED]);
	message = wire_written(&writer);
	return grpc_slice_from_copied_buffer((const char *)message.data, message.size);
}

static int
count(grpc_slice *out, struct rejection *rejection, struct call *call, const void *message)
{
	const Anagraph__V1__CountContactsRequest *request = message;
	struct bytes name = request_string(request->account);
	struct queue *queue = call->queue;
	struct account account;
	int result;

	if (!account_is_valid(name))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	result = engine_count(&account, rejection, queue->rpc->options.engine, queue->reader, name);
	if (result == 0)
		*out = encode(&account);
	return result;
}

void
count_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__count_contacts_request__descriptor, count);
}
