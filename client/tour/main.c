/* `anagraph-tour`: plays a file of events against a service and tells what became of
 * each, for somebody who sees the product for the first time. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client/tour/tour.h"

static const char HELP[] =
    "anagraph-tour - plays events against a service and shows what becomes of them\n"
    "\n"
    "  anagraph-tour --server HOST:PORT --account A FILE\n"
    "\n"
    "  --server HOST:PORT   where the service listens (127.0.0.1:7430)\n"
    "  --account A          an account to play in, best an empty one (shop)\n"
    "  FILE                 events, one JSON object a line\n"
    "\n"
    "Exit status: 0 every call went well, 1 the service said no, 2 the command was used\n"
    "wrongly, 3 the service can't be reached.\n";

struct options {
	const char *server;
	const char *account;
	const char *path;
};

static void
welcome(const struct tour *tour)
{
	screen_headline(&tour->screen, "A morning, event by event");
	screen_paragraph(&tour->screen, STYLE_PLAIN,
	    "A shop hears of people from three sides: its contact database, its conversations and its push "
	    "messages. anagraph decides each time who it is. Where two sides disagree, the policy for the "
	    "side it came from says what happens.");
	fputc('\n', tour->screen.stream);
	screen_paragraph(&tour->screen, STYLE_FAINT,
	    "How to read it: most events take two lines, what happened and what became of it. A block of "
	    "lines shows somebody who was recognised, or a conflict: about a VALUE (the contact holds "
	    "another one), an OWNER (another contact has that identifier) or an IDENTITY (a new address, or "
	    "another person?). The policy's verdict: KEEP what is stored, TAKE what came in, OFFER it to a "
	    "person beside what is stored, or SEPARATE two people. Totals are told whenever they change: the "
	    "contacts page counts everybody who is known, and browsers that take push messages; the home "
	    "page "
	    "counts the unknown visitors as well.");
}

static int
play_all(struct tour *tour, const struct script *script)
{
	int result = tour_count(&tour->first, tour);

	if (result != 0)
		return result;
	tour->now = tour->first;
	tour->after_block = true;
	welcome(tour);
	for (size_t i = 0; i < script->count && result == 0; i++)
		result = tour_play(tour, &script->events[i]);
	return result == 0 ? tour_sum_up(tour, script->count) : result;
}

static int
run(const struct options *options)
{
	struct tour tour = { .server = options->server, .account = options->account };
	struct script_problem problem;
	struct script script;
	int result;
	int status = script_read(&script, &problem, options->path, options->account);

	if (status != 0) {
		fprintf(stderr, "anagraph-tour: %s: %s\n", options->path,
		    status == SCRIPT_E_FORM ? problem.message : strerror(-status));
		return EXIT_USAGE;
	}
	screen_init(&tour.screen, stdout);
	status = client_create(&tour.client, options->server);
	if (status != 0) {
		result = tour_failed(&tour, "client", status, NULL);
	} else {
		result = play_all(&tour, &script);
	}
	client_destroy(tour.client);
	free(tour.absorbed);
	free(tour.disputed);
	script_finish(&script);
	return result;
}

/* 0 when the tour may begin; -1 when help was asked for; EXIT_USAGE. */
static int
read_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "account", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 's')
			options->server = optarg;
		else if (option == 'a')
			options->account = optarg;
		else
			return option == 'h' ? -1 : EXIT_USAGE;
	}
	if (optind + 1 != argc) {
		fputs("anagraph-tour: which file of events? (see anagraph-tour --help)\n", stderr);
		return EXIT_USAGE;
	}
	if (!client_target_valid(options->server)) {
		fprintf(stderr, "anagraph-tour: --server %s: expected HOST:PORT\n", options->server);
		return EXIT_USAGE;
	}
	options->path = argv[optind];
	return 0;
}

int
main(int argc, char **argv)
{
	struct options options = { .server = "127.0.0.1:7430", .account = "shop" };
	int result = read_options(&options, argc, argv);

	if (result == -1) {
		fputs(HELP, stdout);
		return 0;
	}
	if (result != 0)
		return result;
	signal(SIGPIPE, SIG_IGN);
	result = run(&options);
	if (fflush(stdout) == EOF && errno != EPIPE) {
		fprintf(stderr, "anagraph-tour: standard output: %s\n", strerror(errno));
		return EXIT_REFUSED;
	}
	return result;
}
