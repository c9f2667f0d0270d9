/* The table of checks, in the order in which they are run and told: a policy that
 * cannot be loaded is best told of first. */
#include "kit/kit.h"

const struct check checks[] = {
	{ "load", "it loads with every symbol found, and describes itself", check_load },
	{ "exports", "anagraph_policy_v1 is the only symbol it exports", check_exports },
	{ "descriptor", "its id is its file's name; version, kinds and callbacks are in order",
	    check_descriptor },
	{ "options", "it takes the options given, and refuses one that it does not know", check_options },
	{ "stride", "it finds options that lie further apart than it knows", check_stride },
	{ "older_conflict", "it reads nothing past the conflict of an older host", check_older_conflict },
	{ "older_verdict", "it writes nothing past the verdict of an older host", check_older_verdict },
	{ "newer_host", "it answers a newer host as it answers this one", check_newer_host },
	{ "read_only", "it writes to nothing that it is shown", check_read_only },
	{ "bounds", "it reads nothing past what it is shown", check_bounds },
	{ "borrowed", "it keeps nothing that it was shown", check_borrowed },
	{ "canary", "it writes nothing but the verdict", check_canary },
	{ "cell", "every verdict can be carried out", check_cell },
	{ "reason", "every reason is short, terminated and of A-Z 0-9 _", check_reason },
	{ "repeat", "the same conflict gets the same verdict again", check_repeat },
	{ "threads", "several threads get the verdicts that one gets", check_threads },
	{ "order", "events in any order leave the same values, if it says so", check_order },
	{ "edges", "it has an answer for the empty, the greatest and the unknown", check_edges },
	{ "unknown_kind", "it defers a kind of conflict that it does not know", check_unknown_kind },
	{ "allocation", "it survives any allocation that fails", check_allocation },
	{ "leaks", "a thousand instances and decisions leave no memory behind", check_leaks },
	{ "side_effects", "it leaves the process as it was", check_side_effects },
	{ "time", "it decides within 20 ms", check_time },
};

const size_t check_count = sizeof(checks) / sizeof(checks[0]);
