/* ListContacts: pages of records as they are stored, in the order of their ids. A page is
 * one moment of the store, its token the id up to which it has all: whoever matches all the
 * while is listed once, for ids never change and no filter looks at anything before them. */
#include <errno.h>
#include <stdio.h>

#include "server/rpc/method.h"
#include "server/rpc/page.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of ListContactsResponse that page_encode does not put. */
enum {
	RESPONSE_TOTAL = 3,
	RESPONSE_TOTAL_UNKNOWN = 4,
};

enum { TOTAL_BYTES = 2 * 11 };

/* What is asked for. */
struct wanted {
	struct bytes account;
	struct graph_filter filter;
	uint64_t scope;
	size_t most;
	uint64_t after_id;
};

static int
parse_filter(struct graph_filter *filter, struct rejection *rejection,
    const Anagraph__V1__ListContactsRequest *request)
{
	/* An enumerator that there is not arrives as its number. */
	int64_t view = (int64_t)request->view;
	int64_t contact_class = (int64_t)request->contact_class;
	int64_t reach = (int64_t)request->reach;

	if (view < 0 || view > (int64_t)ANAGRAPH__V1__LIST_VIEW__LIST_VIEW_ALL)
		return request_reject(rejection, REASON_ENUM_UNKNOWN, "view", "There is no such view.");
	if (contact_class < 0 || contact_class >= CLASS_COUNT)
		return request_reject(
		    rejection, REASON_ENUM_UNKNOWN, "contact_class", "There is no such class.");
	if (reach < 0 || reach >= REACH_COUNT)
		return request_reject(
		    rejection, REASON_ENUM_UNKNOWN, "reach", "There is no such way to reach a contact.");
	*filter = (struct graph_filter){
		.anonymous_chat = view == (int64_t)ANAGRAPH__V1__LIST_VIEW__LIST_VIEW_ALL,
		.contact_class = (enum contact_class)contact_class,
		.reach = (enum reach)reach,
		.list = request_string(request->list),
	};
	if (filter->list.size > LIMIT_LIST_BYTES)
		return request_reject(
		    rejection, REASON_FIELD_INVALID, "list", "A list's name has up to 64 bytes.");
	return 0;
}

static int
parse(struct wanted *wanted, struct rejection *rejection, const Anagraph__V1__ListContactsRequest *request)
{
	const struct graph_filter *filter = &wanted->filter;
	int result;

	wanted->account = request_string(request->account);
	if (!account_is_valid(wanted->account))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	result = parse_filter(&wanted->filter, rejection, request);
	if (result == 0)
		result = page_size(&wanted->most, rejection, request->page_size);
	if (result == 0) {
		const uint8_t numbers[] = {
			filter->anonymous_chat,
			(uint8_t)filter->contact_class,
			(uint8_t)filter->reach,
		};
		const struct bytes scope[] = {
			BYTES("ListContacts"),
			wanted->account,
			bytes_of(numbers, sizeof(numbers)),
			filter->list,
		};

		wanted->scope = page_scope(scope, sizeof(scope) / sizeof(scope[0]));
		result = page_token_read(
		    &wanted->after_id, rejection, request_string(request->page_token), wanted->scope);
	}
	return result;
}

/* How many contacts match. False when no counter says. */
static bool
count_matches(uint64_t *total, const struct account *numbers, const struct graph_filter *filter)
{
	const uint64_t *classes = numbers->class_counts;
	unsigned filters = (filter->contact_class != CLASS_NONE ? 1U : 0U) +
	    (filter->reach != REACH_NONE ? 1U : 0U) + (filter->list.size > 0 ? 1U : 0U);

	*total = 0;
	if (filters > 1)
		return false;
	if (filter->reach != REACH_NONE)
		*total = numbers->reach_counts[filter->reach];
	else if (filter->list.size > 0)
		*total = bytes_equal(filter->list, LIST_ENGAGED) ? numbers->engaged_count : 0;
	else if (filter->contact_class == CLASS_ANONYMOUS_CHAT)
		*total = filter->anonymous_chat ? classes[CLASS_ANONYMOUS_CHAT] : 0;
	else if (filter->contact_class != CLASS_NONE)
		*total = classes[filter->contact_class];
	else
		*total = classes[CLASS_IDENTIFIED] + classes[CLASS_ANONYMOUS_PUSH] +
		    (filter->anonymous_chat ? classes[CLASS_ANONYMOUS_CHAT] : 0);
	return true;
}

static struct bytes
encode_total(uint8_t buffer[TOTAL_BYTES], const struct account *numbers, const struct graph_filter *filter)
{
	struct wire_writer writer;
	uint64_t total;
	bool known = count_matches(&total, numbers, filter);

	wire_writer_init(&writer, buffer, TOTAL_BYTES);
	wire_put_varint(&writer, RESPONSE_TOTAL_UNKNOWN, !known);
	wire_put_varint(&writer, RESPONSE_TOTAL, total);
	return wire_written(&writer);
}

/* Fills the page; *more when a contact is or may be after it, and none up to *last_id is. */
static int
read_contacts(struct page *page, uint64_t *last_id, bool *more, struct rejection *rejection,
    struct engine *engine, struct graph_listing *listing)
{
	uint64_t contact_id;
	struct bytes contact;
	int result;

	*more = false;
	while ((result = engine_listing_next(&contact_id, &contact, rejection, engine, listing)) == 0) {
		if (!page_add(page, contact)) {
			*more = true;
			return 0;
		}
		*last_id = contact_id;
	}
	if (result == ENGINE_E_PAUSED) {
		*last_id = graph_listing_place(listing);
		*more = true;
		return 0;
	}
	return result == ENGINE_E_END ? 0 : result;
}

static int
list(grpc_slice *out, struct rejection *rejection, struct call *call, const void *message)
{
	struct queue *queue = call->queue;
	struct engine *engine = queue->rpc->options.engine;
	struct graph_listing *listing = NULL;
	struct bytes token = { NULL, 0 };
	char token_buffer[PAGE_TOKEN_BYTES];
	uint8_t total_buffer[TOTAL_BYTES];
	struct bytes total;
	struct account numbers;
	struct wanted wanted;
	struct page page;
	uint64_t last_id = 0;
	bool more = false;
	int result = parse(&wanted, rejection, message);

	if (result == 0)
		result = engine_count(&numbers, rejection, engine, queue->reader, wanted.account);
	if (result == 0)
		result = page_begin(&page, &queue->scratch, wanted.most);
	if (result == 0)
		result = graph_listing_begin(&listing, queue->reader, &queue->scratch, wanted.account,
		    &wanted.filter, wanted.after_id);
	if (result == 0)
		result = read_contacts(&page, &last_id, &more, rejection, engine, listing);
	graph_listing_end(listing);
	if (result != 0)
		return result;
	if (more)
		token = page_token_write(token_buffer, last_id, wanted.scope);
	total = encode_total(total_buffer, &numbers, &wanted.filter);
	*out = grpc_slice_malloc(page_answer_bytes(&page, token, total));
	page_encode(GRPC_SLICE_START_PTR(*out), &page, token, total);
	return 0;
}

void
list_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__list_contacts_request__descriptor, list);
}
