/* Events wait for their answers in a ring: first those that are on the stream, in its
 * order, then those that are not. An answer that says "not now" moves its event to the
 * ring's end; a stream that breaks leaves them all to be sent again. How many waits and
 * breaks may follow each other without an answer between them is bounded.
 *
 * What always holds: an event leaves the ring with its final answer and not before. */
#include "client/import/send.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "client/import/event.h"

enum {
	WINDOW = 512,                        /* events in flight */
	WINDOW_BYTES_MAX = 16 * 1024 * 1024, /* of them all, unless one alone is more */
	TRIES_MOST = 10,
	WAIT_FIRST_MS = 50,
	WAIT_MOST_MS = 5000,
	REQUEST_ID_BYTES = 48,
	SMALL_EVENT_BYTES = 4096,
};

/* google.rpc.Code, as far as codes are told apart here. */
enum {
	CODE_OK = 0,
	CODE_DEADLINE_EXCEEDED = 4,
	CODE_PERMISSION_DENIED = 7,
	CODE_RESOURCE_EXHAUSTED = 8,
	CODE_UNIMPLEMENTED = 12,
	CODE_UNAVAILABLE = 14,
	CODE_UNAUTHENTICATED = 16,
};

struct entry {
	uint64_t line;
	Anagraph__V1__IdentifyRequest *event;
	size_t size_bytes;
};

struct sender {
	struct sender_options options;
	struct client *client;
	struct client_stream *stream; /* NULL while there is none */
	struct client_status status;
	uint64_t line;  /* of the event that ended it */
	unsigned tries; /* that came to nothing since the last answer */
	bool answered;  /* there has been an answer */
	size_t first;
	size_t count;
	size_t sent;       /* the first so many of them are on the stream */
	size_t size_bytes; /* of all */
	struct entry ring[WINDOW];
};

static struct entry *
entry_at(struct sender *sender, size_t index)
{
	return &sender->ring[(sender->first + index) % WINDOW];
}

int
sender_create(struct sender **out, const struct sender_options *options)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int status;

	if (sender == NULL)
		return -ENOMEM;
	sender->options = *options;
	status = client_create_known(&sender->client, options->server, &options->identity);
	if (status != 0) {
		free(sender);
		return status;
	}
	*out = sender;
	return 0;
}

void
sender_destroy(struct sender *sender)
{
	if (sender == NULL)
		return;
	client_stream_destroy(sender->stream);
	client_destroy(sender->client);
	for (size_t i = 0; i < sender->count; i++)
		anagraph__v1__identify_request__free_unpacked(entry_at(sender, i)->event, NULL);
	free(sender);
}

const struct client_status *
sender_status(const struct sender *sender)
{
	return &sender->status;
}

uint64_t
sender_line(const struct sender *sender)
{
	return sender->line;
}

static struct entry
pop(struct sender *sender)
{
	struct entry entry = *entry_at(sender, 0);

	sender->first = (sender->first + 1) % WINDOW;
	sender->count--;
	sender->sent -= sender->sent > 0;
	sender->size_bytes -= entry.size_bytes;
	return entry;
}

static void
push(struct sender *sender, const struct entry *entry)
{
	*entry_at(sender, sender->count) = *entry;
	sender->count++;
	sender->size_bytes += entry->size_bytes;
}

static int
end_with(struct sender *sender, const struct client_status *status, uint64_t line)
{
	sender->status = *status;
	sender->line = line;
	return SENDER_E_OVER;
}

/* Longer with every try that came to nothing. */
static void
wait_for_better_times(const struct sender *sender)
{
	int64_t wait_ms = (int64_t)WAIT_FIRST_MS << (sender->tries < 10 ? sender->tries : 10);
	struct timespec wait;

	if (wait_ms > WAIT_MOST_MS)
		wait_ms = WAIT_MOST_MS;
	wait = (struct timespec){ .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };
	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		continue;
}

/* Whether a call that ended so may end otherwise the next time. */
static bool
is_passing(int code)
{
	switch (code) {
	case CODE_PERMISSION_DENIED:
	case CODE_RESOURCE_EXHAUSTED:
	case CODE_UNIMPLEMENTED:
	case CODE_UNAUTHENTICATED:
		return false;
	default:
		return true;
	}
}

/* Gives a broken stream up and waits for a connection, unless there never was one. */
static int
mend(struct sender *sender, bool ended)
{
	struct client_status status = { .code = CODE_DEADLINE_EXCEEDED, .message = "no answer in time" };
	uint64_t line = sender->count > 0 ? entry_at(sender, 0)->line : 0;

	client_stream_finish(&status, sender->stream, ended ? sender->options.timeout_ms : 0);
	client_stream_destroy(sender->stream);
	sender->stream = NULL;
	sender->sent = 0;
	sender->tries++;
	if (!sender->answered || sender->tries > TRIES_MOST || !is_passing(status.code))
		return end_with(sender, &status, line);
	sender->options.broke(sender->options.context, &status);
	wait_for_better_times(sender);
	client_connect(sender->client, sender->options.timeout_ms);
	return 0;
}

/* Puts on the stream what is not on it yet. */
static int
send_waiting(struct sender *sender)
{
	while (sender->sent < sender->count) {
		int status = 0;

		if (sender->stream == NULL)
			status = client_stream_open(&sender->stream, sender->client, WINDOW);
		if (status == 0)
			status = client_stream_send(sender->stream, entry_at(sender, sender->sent)->event,
			    NULL, sender->options.timeout_ms);
		if (status == 0)
			sender->sent++;
		else if (status == CLIENT_E_ENDED || status == CLIENT_E_TIMEOUT)
			return 0; /* seen when the next answer is asked for */
		else
			return status < 0 ? status : -EPROTO;
	}
	return 0;
}

static void
status_of(struct client_status *status, const Anagraph__V1__CallError *error)
{
	*status = (struct client_status){ .code = error->code };
	snprintf(status->reason, sizeof(status->reason), "%s", error->reason);
	snprintf(status->message, sizeof(status->message), "%s", error->message);
	snprintf(status->field, sizeof(status->field), "%s", error->field);
}

/* Whether every other event would be refused likewise. */
static bool
is_final(const Anagraph__V1__CallError *error)
{
	return !is_passing(error->code) || strcmp(error->reason, "ACCOUNT_INVALID") == 0;
}

/* Handles the answer to the oldest event on the stream. */
static int
take_answer(struct sender *sender, const Anagraph__V1__IdentifyStreamResponse *response)
{
	struct entry entry = pop(sender);
	const Anagraph__V1__CallError *error =
	    response->result_case == ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR ? response->error
											  : NULL;
	struct client_status ended;
	int status;

	if (error != NULL && (error->code == CODE_UNAVAILABLE || is_final(error))) {
		status_of(&ended, error);
		push(sender, &entry);
		if (is_final(error) || ++sender->tries > TRIES_MOST)
			return end_with(sender, &ended, entry.line);
		wait_for_better_times(sender);
		return 0;
	}
	sender->answered = true;
	sender->tries = 0;
	status = sender->options.answered(sender->options.context, entry.line, response);
	anagraph__v1__identify_request__free_unpacked(entry.event, NULL);
	return status;
}

/* Waits for one answer and takes all that are there. */
static int
take_answers(struct sender *sender)
{
	int64_t timeout_ms = sender->options.timeout_ms;

	for (;;) {
		struct client_stream_answer answer;
		int status = send_waiting(sender);

		if (status == 0)
			status = client_stream_next(&answer, sender->stream, timeout_ms);
		if (status == CLIENT_E_TIMEOUT && timeout_ms == 0)
			return 0;
		if (status == CLIENT_E_TIMEOUT || status == CLIENT_E_ENDED)
			return mend(sender, status == CLIENT_E_ENDED);
		if (status == CLIENT_E_IDLE)
			return 0;
		if (status == 0)
			status = take_answer(sender, answer.response);
		if (status != 0)
			return status;
		timeout_ms = 0;
	}
}

/* Names the event by what it says and where it stands. */
static int
set_request_id(struct sender *sender, uint64_t line, Anagraph__V1__IdentifyRequest *event, size_t size)
{
	uint8_t small[SMALL_EVENT_BYTES];
	uint8_t *bytes = size <= sizeof(small) ? small : malloc(size);
	const char *import_id = sender->options.import_id;
	XXH3_state_t *state = XXH3_createState();
	char id[REQUEST_ID_BYTES];
	XXH128_hash_t hash;
	int status = -ENOMEM;

	if (bytes != NULL && state != NULL) {
		anagraph__v1__identify_request__pack(event, bytes);
		XXH3_128bits_reset(state);
		XXH3_128bits_update(state, import_id, strlen(import_id) + 1);
		XXH3_128bits_update(state, bytes, size);
		hash = XXH3_128bits_digest(state);
		snprintf(id, sizeof(id), "%" PRIu64 "-%016" PRIx64 "%08" PRIx32, line, hash.high64,
		    (uint32_t)(hash.low64 >> 32));
		status = event_set_text(&event->request_id, id, strlen(id));
	}
	XXH3_freeState(state);
	if (bytes != small)
		free(bytes);
	return status;
}

int
sender_send(struct sender *sender, uint64_t line, Anagraph__V1__IdentifyRequest *event)
{
	struct entry entry = { .line = line, .event = event };
	int status = 0;

	entry.size_bytes = anagraph__v1__identify_request__get_packed_size(event);
	if (*event->request_id == '\0' && !sender->options.without_request_id &&
	    !sender->options.validate_only)
		status = set_request_id(sender, line, event, entry.size_bytes);
	if (sender->options.validate_only)
		event->validate_only = 1;
	while (status == 0 &&
	    (sender->count == WINDOW ||
		(sender->count > 0 && sender->size_bytes + entry.size_bytes > WINDOW_BYTES_MAX)))
		status = take_answers(sender);
	if (status != 0) {
		anagraph__v1__identify_request__free_unpacked(event, NULL);
		return status;
	}
	push(sender, &entry);
	return send_waiting(sender);
}

int
sender_drain(struct sender *sender)
{
	int status = 0;

	while (status == 0 && sender->count > 0)
		status = take_answers(sender);
	return status;
}
