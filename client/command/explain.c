/* `anagraph explain`: a contact's history, as a story for people or as the entries of
 * the journal. The contact is looked up first, so that an identifier will do as well and
 * the story can say whose it is. */
#include <errno.h>

#include "client/command/command.h"
#include "client/command/story.h"

/* Entries of one page. */
enum { PAGE_ENTRIES = 500 };

static const char HELP[] =
    "anagraph explain - tells a contact's history, from the oldest entry on\n"
    "\n"
    "  anagraph explain --account A --id NAMESPACE=VALUE | --contact ID\n"
    "\n"
    "  --account A            whose contacts\n"
    "  --id NAMESPACE=VALUE   e.g. email=rossi@example.it\n"
    "  --contact ID           a contact's number; that of an absorbed one leads to its survivor\n"
    "  --json                 shows the journal's entries, one a line, instead of a story\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n";

static int
tell_entry(struct story *story, const Anagraph__V1__JournalEntry *entry, bool json)
{
	if (json)
		return command_show(&entry->base);
	story_tell(story, entry);
	return 0;
}

/* Tells all pages. A page's token moves into the request, which owns it. */
static int
tell_pages(const struct command *command, struct client *client, Anagraph__V1__ExplainRequest *request,
    struct story *story, bool json)
{
	bool last = false;
	int result = 0;

	while (result == 0 && !last && !ferror(stdout)) {
		ProtobufCMessage *response;
		Anagraph__V1__ExplainResponse *page;
		char *token;

		result = command_ask(&response, command, client, CLIENT_EXPLAIN, &request->base);
		if (result != 0)
			return result;
		page = (Anagraph__V1__ExplainResponse *)response;
		for (size_t i = 0; i < page->n_entries && result == 0; i++)
			result = tell_entry(story, page->entries[i], json);
		last = *page->next_page_token == '\0';
		token = request->page_token;
		request->page_token = page->next_page_token;
		page->next_page_token = token;
		protobuf_c_message_free_unpacked(response, NULL);
	}
	return result;
}

static int
explain(
    const struct command *command, struct client *client, const Anagraph__V1__ResolveRequest *key, bool json)
{
	Anagraph__V1__ExplainRequest *request;
	Anagraph__V1__ResolveResponse *whose;
	ProtobufCMessage *response;
	json_t *asked;
	struct story story;
	int result = command_ask(&response, command, client, CLIENT_RESOLVE, &key->base);

	if (result != 0)
		return result;
	whose = (Anagraph__V1__ResolveResponse *)response;
	asked = json_pack("{s:s,s:I,s:i}", "account", key->account, "contact_id",
	    (json_int_t)whose->contact->id, "page_size", PAGE_ENTRIES);
	result = command_make(&response, command, CLIENT_EXPLAIN, asked);
	json_decref(asked);
	if (result == OPTION_TAKEN) {
		request = (Anagraph__V1__ExplainRequest *)response;
		if (!json)
			story_begin(&story, stdout, whose);
		result = tell_pages(command, client, request, &story, json);
		protobuf_c_message_free_unpacked(&request->base, NULL);
	}
	if (result == 0 && fflush(stdout) == EOF)
		result = command_failed("standard output", -errno);
	anagraph__v1__resolve_response__free_unpacked(whose, NULL);
	return result;
}

int
command_explain(struct command *command, int argc, char **argv)
{
	bool json = false;
	const struct verb_option options[] = {
		{ .name = "account", .kind = VERB_TEXT, .key = "account" },
		{ .name = "id", .kind = VERB_IDENTIFIER, .key = "identifier" },
		{ .name = "contact", .kind = VERB_CONTACT, .key = "contact_id" },
		{ .name = "json", .kind = VERB_OWN_TRUE, .own_flag = &json },
	};
	json_t *request = json_object();
	ProtobufCMessage *key = NULL;
	struct client *client = NULL;
	int status;
	int result = command_read_options(
	    command, request, options, sizeof(options) / sizeof(options[0]), HELP, argc, argv);

	if (result == OPTION_TAKEN)
		result = command_no_arguments(command, argc, argv);
	if (result == OPTION_TAKEN && json_object_size(request) != 2)
		result = command_misused(command, "give either --id or --contact");
	if (result == OPTION_TAKEN)
		result = command_make(&key, command, CLIENT_RESOLVE, request);
	if (result == OPTION_TAKEN) {
		status = command_connect(&client, command);
		result = status == 0 ? explain(command, client, (Anagraph__V1__ResolveRequest *)key, json)
				     : command_failed(command->verb, status);
		client_destroy(client);
	}
	if (key != NULL)
		protobuf_c_message_free_unpacked(key, NULL);
	json_decref(request);
	return result;
}
