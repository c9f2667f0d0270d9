/* Loads a policy through the host, as the daemon does, and has it decide one conflict:
 * LAST_NAME, Rossi, and Bianchi that was seen later. Says what it answered.
 *
 * usage: decide_with POLICY_DIR COPY_DIR ID */
#include <stdio.h>

#include "tests/policy/support.h"

int
main(int argc, char **argv)
{
	struct anagraph_claim incoming = claim_of("Bianchi", 2000, ANAGRAPH_SOURCE_CONVERSATIONS);
	struct anagraph_claim stored = claim_of("Rossi", 1000, ANAGRAPH_SOURCE_CONTACTS);
	struct anagraph_conflict conflict =
	    conflict_of(ANAGRAPH_CONFLICT_VALUE, ANAGRAPH_NAME_ATTRIBUTE, &incoming, &stored);
	struct anagraph_verdict verdict = { .verdict = 0 };
	struct policy_host_options options = { .policy_dir = NULL };
	struct policy_error error = { "" };
	struct policy_host *host;
	struct policy *policy;
	int result;

	if (argc != 4) {
		fprintf(stderr, "usage: %s POLICY_DIR COPY_DIR ID\n", argv[0]);
		return 2;
	}
	options.policy_dir = argv[1];
	options.copy_dir = argv[2];
	conflict.name = shown("LAST_NAME");
	if (policy_host_create(&host, &options, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	result = policy_host_load(&policy, host, argv[3], NULL, 0, &error);
	if (result == 0) {
		result = policy_decide(&verdict, policy, &conflict);
		printf("%d: %u %s\n", result, verdict.verdict, verdict.reason);
	} else {
		fprintf(stderr, "%s\n", error.message);
	}
	policy_host_destroy(host);
	return result != 0;
}
