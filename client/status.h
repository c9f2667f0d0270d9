/* How a call ended, read from what gRPC hands over: the status, the error details
 * and the transaction's number. Private to the client. */
#ifndef ANAGRAPH_CLIENT_STATUS_H
#define ANAGRAPH_CLIENT_STATUS_H

#include <grpc/grpc.h>

#include "client/client.h"

/* Sets a status that the client itself came to; message is NUL-terminated. */
void client_status_set(struct client_status *status, int code, const char *message);

/* Fills *status, whatever the server sent: what can't be read is left empty, what
 * is too long is cut, and control characters become blanks. */
void client_status_read(struct client_status *status, grpc_status_code code, grpc_slice details,
    const grpc_metadata_array *trailing);

#endif
