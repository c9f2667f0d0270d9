/* `anagraph compact`: the store written anew. */
#include "client/command/maintain.h"

static const char HELP[] =
    "anagraph compact - writes a store anew, so that nothing is left of what was erased\n"
    "\n"
    "  anagraph compact --data-dir DIR [--map-size-mib N]\n"
    "\n"
    "  --data-dir DIR         where the store is; no daemon may have it open\n"
    "  --map-size-mib N       the largest the store can get (1048576, which is 1 TiB)\n"
    "\n"
    "What is erased is gone from every answer at once, but the store's file keeps what it\n"
    "was until the place is used again. Afterwards the file has nothing but what the store\n"
    "holds. It needs as much free space as the store takes; the store of before is removed\n"
    "once the new one has been checked and is in its place.\n";

int
command_compact(struct command *command, int argc, char **argv)
{
	struct graph_compaction done = { 0 };
	struct graph_error error = { "" };
	struct graph_options options;
	int result = maintain_read_options(&options, command, HELP, argc, argv);

	if (result != OPTION_TAKEN)
		return result;
	if (graph_compact(&done, &options, &error) != 0)
		return maintain_failed(command, &error);
	return maintain_show(json_pack("{s:I,s:I,s:I}", "before_bytes", (json_int_t)done.before_bytes,
	    "after_bytes", (json_int_t)done.after_bytes, "records", (json_int_t)done.records));
}
