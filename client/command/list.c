/* `anagraph list`: contacts, one a line, page by page. */
#include <inttypes.h>

#include "client/command/command.h"

static const char HELP[] =
    "anagraph list - shows contacts, one a line, in the order of their numbers\n"
    "\n"
    "  anagraph list --account A [--view all] [--class C] [--list L] [--reach R] [--all]\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --view V               contacts-page: whoever is known or can be reached, as when\n"
    "                         it is left out; all: strangers in the chat as well\n"
    "  --class C              identified, anonymous-push or anonymous-chat\n"
    "  --list L               conversations-engaged\n"
    "  --reach R              email, sms, whatsapp or push\n"
    "  --page-size N          how many contacts a page may have (100, up to 1,000)\n"
    "  --page-token T         which page: the token that the page before ended with\n"
    "  --all                  all pages\n"
    "  --json                 shows each page as the service answers it, on one line, with\n"
    "                         its total and next_page_token; otherwise they are told on\n"
    "                         standard error\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n";

static int
show_contacts(const Anagraph__V1__ListContactsResponse *page)
{
	int result = 0;

	for (size_t i = 0; i < page->n_contacts && result == 0 && !ferror(stdout); i++)
		result = command_show(&page->contacts[i]->base);
	return result;
}

/* Says on standard error what a page leaves open. */
static void
tell_rest(const Anagraph__V1__ListContactsResponse *page, uint64_t shown)
{
	if (page->total_unknown)
		fprintf(stderr, "%" PRIu64 " shown", shown);
	else
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " shown", shown, page->total);
	if (*page->next_page_token != '\0')
		fprintf(stderr, "; more with --page-token %s", page->next_page_token);
	fputc('\n', stderr);
}

/* Shows one page or all. A page's token moves into the request, which owns it. */
static int
show_pages(const struct command *command, struct client *client, Anagraph__V1__ListContactsRequest *request,
    bool all, bool json)
{
	uint64_t shown = 0;

	for (;;) {
		ProtobufCMessage *response;
		Anagraph__V1__ListContactsResponse *page;
		char *token;
		bool last;
		int result = command_ask(&response, command, client, CLIENT_LIST_CONTACTS, &request->base);

		if (result != 0)
			return result;
		page = (Anagraph__V1__ListContactsResponse *)response;
		shown += page->n_contacts;
		last = !all || *page->next_page_token == '\0';
		result = json ? command_show(response) : show_contacts(page);
		if (result == 0 && last && !json)
			tell_rest(page, shown);
		token = request->page_token;
		request->page_token = page->next_page_token;
		page->next_page_token = token;
		protobuf_c_message_free_unpacked(response, NULL);
		if (result != 0 || last || ferror(stdout))
			return result;
	}
}

int
command_list(struct command *command, int argc, char **argv)
{
	bool all = false, json = false;
	const struct verb_option options[] = {
		{ .name = "account", .kind = VERB_TEXT, .key = "account" },
		{ .name = "view", .kind = VERB_WORD, .key = "view" },
		{ .name = "class", .kind = VERB_WORD, .key = "contact_class" },
		{ .name = "list", .kind = VERB_TEXT, .key = "list" },
		{ .name = "reach", .kind = VERB_WORD, .key = "reach" },
		{ .name = "page-size", .kind = VERB_NUMBER, .key = "page_size" },
		{ .name = "page-token", .kind = VERB_TEXT, .key = "page_token" },
		{ .name = "all", .kind = VERB_OWN_TRUE, .own_flag = &all },
		{ .name = "json", .kind = VERB_OWN_TRUE, .own_flag = &json },
	};
	json_t *request = json_object();
	ProtobufCMessage *message = NULL;
	struct client *client = NULL;
	int status;
	int result = command_read_options(
	    command, request, options, sizeof(options) / sizeof(options[0]), HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	if (result == OPTION_TAKEN)
		result = command_make_of(&message, command, CLIENT_LIST_CONTACTS, request, options,
		    sizeof(options) / sizeof(options[0]));
	if (result == OPTION_TAKEN) {
		status = command_connect(&client, command);
		result = status == 0
		    ? show_pages(command, client, (Anagraph__V1__ListContactsRequest *)message, all, json)
		    : command_failed(command->verb, status);
		client_destroy(client);
	}
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
	json_decref(request);
	return result;
}
