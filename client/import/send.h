/* Many events through IdentifyStream, come what may: a stream that breaks is opened
 * again, and what has no answer yet is sent once more. What was taken in before does not
 * change anything a second time: each event has a request_id made of what it says and
 * where it stands. */
#ifndef ANAGRAPH_CLIENT_IMPORT_SEND_H
#define ANAGRAPH_CLIENT_IMPORT_SEND_H

#include <stdbool.h>

#include "client/client.h"

struct sender;

struct sender_options {
	const char *server;
	struct client_identity identity; /* borrowed texts */
	int64_t timeout_ms;              /* of one answer */
	const char *import_id;           /* tells imports of the same rows apart; may be "" */
	bool without_request_id;
	bool validate_only;
	void *context;
	/* Is given every event's line with its answer, in the order of the answers; both
	 * borrowed. 0 to go on; -errno. */
	int (*answered)(void *context, uint64_t line, const Anagraph__V1__IdentifyStreamResponse *response);
	/* The stream broke and is opened again. */
	void (*broke)(void *context, const struct client_status *status);
};

enum sender_outcome {
	SENDER_E_OVER = 1, /* it can't go on: see sender_status and sender_line */
};

/* Makes a sender; options and what they name are borrowed. 0; -errno. */
int sender_create(struct sender **out, const struct sender_options *options);
void sender_destroy(struct sender *sender);

/* Sends an event, which it takes over whatever comes of it, once there is room among
 * those in flight. 0; SENDER_E_OVER; -errno. */
int sender_send(struct sender *sender, uint64_t line, Anagraph__V1__IdentifyRequest *event);

/* Waits for all answers. 0; SENDER_E_OVER; -errno. */
int sender_drain(struct sender *sender);

/* Why it is over, and the first line that has no answer. */
const struct client_status *sender_status(const struct sender *sender);
uint64_t sender_line(const struct sender *sender);

#endif
