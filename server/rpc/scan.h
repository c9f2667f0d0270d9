/* Looks at a message's bytes before anything is made of them. protobuf-c believes what
 * it is sent: it takes any bytes for a string, cuts strings at a NUL, goes as deep
 * and allocates as much as the bytes ask for. What this lets through is well-formed,
 * shallow, of a bounded number of fields, and has UTF-8 strings without NUL.
 * Pure, any thread. */
#ifndef ANAGRAPH_SERVER_RPC_SCAN_H
#define ANAGRAPH_SERVER_RPC_SCAN_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/limits.h"

enum {
	SCAN_DEPTH = 8, /* messages within messages; the deepest request has 4 */
	SCAN_WAY_BYTES = 40,
};

enum scan_outcome {
	SCAN_E_MALFORMED = 1, /* not such a message: wire form, types, bad UTF-8, too deep */
	SCAN_E_TOO_MANY = 2,  /* more than LIMIT_REQUEST_FIELDS */
	SCAN_E_NUL = 3,       /* well-formed, but there is a NUL in a string */
};

/* The first string with a NUL: the way to it, e.g. "identifiers[2].", cut to its room
 * and NUL-terminated, and its name, e.g. "value", static. */
struct scan_nul {
	char way[SCAN_WAY_BYTES];
	const char *name;
};

/* Scans bytes as a message of the descriptor. Fields that the descriptor does not know
 * are skipped. *nul is set for SCAN_E_NUL alone. 0; SCAN_E_…. */
int scan_message(struct scan_nul *nul, const ProtobufCMessageDescriptor *descriptor, struct bytes message);

#endif
