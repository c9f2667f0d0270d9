/* Whether a caller may do what it asks for: by the certificate that it showed, the roles
 * and accounts that the settings give it. Where callers are not asked who they are, which
 * loopback alone allows, everybody may do everything. */
#ifndef ANAGRAPH_SERVER_RPC_ACCESS_H
#define ANAGRAPH_SERVER_RPC_ACCESS_H

#include <protobuf-c/protobuf-c.h>

#include "server/rpc/call.h"

enum access_outcome {
	ACCESS_E_REFUSED = 1, /* *rejection says why */
};

/* Finds out who calls, sets call->caller, and looks whether the caller has the role that
 * the method wants. CREDENTIALS_MISSING without a certificate; ROLE_MISSING for one that
 * the settings don't know, or give another role. 0; ACCESS_E_REFUSED. The queue's thread. */
int access_check_role(struct rejection *rejection, struct call *call, enum role role);

/* Whether the caller may touch an account. ACCOUNT_FORBIDDEN. After access_check_role. 0;
 * ACCESS_E_REFUSED. Any thread. */
int access_check_account(struct rejection *rejection, const struct call *call, struct bytes account);

/* The same for the account that a request names. */
int access_check_request(
    struct rejection *rejection, const struct call *call, const ProtobufCMessage *request);

#endif
