/* `anagraph check`: the whole of a store, held against itself. */
#include <time.h>

#include "client/command/maintain.h"

static const char HELP[] =
    "anagraph check - reads the whole of a store, and says whether it is sound\n"
    "\n"
    "  anagraph check --data-dir DIR [--map-size-mib N]\n"
    "\n"
    "  --data-dir DIR         where the store is; a daemon may be running on it\n"
    "  --map-size-mib N       the largest the store can get (1048576, which is 1 TiB)\n"
    "\n"
    "It sees one moment of the store, changes nothing, and needs neither the key nor a lock.\n"
    "While it runs, a daemon can't use the space again that is freed meanwhile.\n";

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_t *
object_of(const struct graph_report *report, int64_t duration_ms)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:f}", "accounts", (json_int_t)report->accounts,
	    "contacts", (json_int_t)report->contacts, "forwards", (json_int_t)report->forwards, "identifiers",
	    (json_int_t)report->identifiers, "journal_entries", (json_int_t)report->journal_entries,
	    "requests", (json_int_t)report->requests, "seconds", (double)duration_ms / 1000);
}

int
command_check(struct command *command, int argc, char **argv)
{
	int64_t begun_ms = now_ms();
	struct graph_report report = { 0 };
	struct graph_error error = { "" };
	struct graph_options options;
	struct graph *graph;
	int result = maintain_read_options(&options, command, HELP, argc, argv);

	if (result != OPTION_TAKEN)
		return result;
	options.only_readers = true;
	if (graph_open(&graph, &options, &error) != 0)
		return maintain_failed(command, &error);
	result = graph_check(&report, graph, &error);
	graph_close(graph);
	if (result != 0)
		return maintain_failed(command, &error);
	return maintain_show(object_of(&report, now_ms() - begun_ms));
}
