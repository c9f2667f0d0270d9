/* What a refused caller is told: for each reason a status, a stable name, and the
 * bytes of google.rpc.Status that go into grpc-status-details-bin. One table, so
 * that no two ways of refusing can differ. Pure, any thread. */
#ifndef ANAGRAPH_SERVER_RPC_STATUS_H
#define ANAGRAPH_SERVER_RPC_STATUS_H

#include <grpc/status.h>

#include "base/bytes.h"
#include "rules/event.h"

/* The metadata key of the details, without its NUL. */
#define STATUS_DETAILS_KEY "grpc-status-details-bin"

/* The status that callers get for a reason, and the reason's name for them: static
 * and NUL-terminated. REASON_NONE is OK and has an empty name. */
grpc_status_code status_code(enum reason reason);
const char *status_reason_name(enum reason reason);

/* What people are told: the rejection's message, "" when it has none; static. */
const char *status_message(const struct rejection *rejection);

enum { STATUS_DETAILS_BYTES = 1024 };

/* Encodes a google.rpc.Status with one google.rpc.ErrorInfo that has the reason, the
 * domain "anagraph" and, where a field is at fault, metadata "field". Borrowed from
 * buffer. A message that leaves no room for the rest is left out. */
struct bytes status_encode_details(uint8_t buffer[STATUS_DETAILS_BYTES], const struct rejection *rejection);

enum { STATUS_CALL_ERROR_BYTES = 512 };

/* Encodes an anagraph.v1.CallError as the field of that number. Borrowed from buffer. A
 * message that leaves no room for the rest is left out. */
struct bytes status_encode_call_error(
    uint8_t buffer[STATUS_CALL_ERROR_BYTES], uint32_t field, const struct rejection *rejection);

#endif
