/* `anagraph export`: all contacts of an account as JSON lines, each an event that
 * `anagraph import` reads. A file comes into being whole or not at all. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"
#include "client/import/split.h"

enum { PAGE_CONTACTS = 1000, BATCH_KEYS = 1000 };

static const char HELP[] =
    "anagraph export - writes an account's contacts as JSON lines that import reads\n"
    "\n"
    "  anagraph export --account A [FILE]\n"
    "\n"
    "  --account A            whose contacts\n"
    "  FILE                   where to; standard output without one, or with -\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n"
    "\n"
    "Imported into an empty account the lines give the same contacts, with the same times\n"
    "and sources, under numbers of their own. A contact takes a line for each claim that its\n"
    "values rest on. What no event can say is counted on standard error: values that wait\n"
    "for an operator, and second addresses of merged contacts.\n";

/* An export under way. */
struct export
{
	const struct command *command;
	struct client *client;
	const char *account;
	FILE *stream;
	FILE *deferred; /* lines that come after all others */
	uint64_t contacts;
	uint64_t lines;
	struct split_left_out left_out;
	const Anagraph__V1__Identifier **crossed; /* of the page */
	size_t crossed_count;
};

static bool
holds(const Anagraph__V1__Contact *contact, const char *namespace_name, const char *value)
{
	for (size_t i = 0; i < contact->n_identifiers; i++) {
		if (strcmp(contact->identifiers[i]->namespace_, namespace_name) == 0 &&
		    strcmp(contact->identifiers[i]->value, value) == 0)
			return true;
	}
	return false;
}

/* phone for whatsapp and the other way round; NULL for the rest. */
static const char *
other_of_two(const char *namespace_name)
{
	if (strcmp(namespace_name, "phone") == 0)
		return "whatsapp";
	return strcmp(namespace_name, "whatsapp") == 0 ? "phone" : NULL;
}

/* Asks who holds the other of each; those that somebody does stay in the list. */
static int
keep_held(struct export *export, const Anagraph__V1__Identifier **asked, size_t count, size_t *kept)
{
	json_t *keys = json_array();
	json_t *request = json_pack("{s:s,s:o}", "account", export->account, "keys", keys);
	ProtobufCMessage *message = NULL, *response = NULL;
	const Anagraph__V1__BatchResolveResponse *answer;
	int result;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(keys,
		    json_pack("{s:{s:s,s:s}}", "identifier", "namespace", other_of_two(asked[i]->namespace_),
			"value", asked[i]->value));
	result = command_make(&message, export->command, CLIENT_BATCH_RESOLVE, request);
	if (result == OPTION_TAKEN)
		result =
		    command_ask(&response, export->command, export->client, CLIENT_BATCH_RESOLVE, message);
	answer = (const Anagraph__V1__BatchResolveResponse *)response;
	*kept = 0;
	for (size_t i = 0; result == 0 && i < count && i < answer->n_results; i++) {
		/* One that was too large to be shown is there, too. */
		if (answer->results[i]->result_case != ANAGRAPH__V1__RESOLVE_RESULT__RESULT_NOT_FOUND)
			asked[(*kept)++] = asked[i];
	}
	if (response != NULL)
		protobuf_c_message_free_unpacked(response, NULL);
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
	json_decref(request);
	return result;
}

/* Finds the page's phone and WhatsApp numbers that another contact holds as the other of
 * the two: such a number alone would lead to the wrong contact. */
static int
find_crossed(struct export *export, const Anagraph__V1__ListContactsResponse *page)
{
	size_t first = 0, kept;
	int result = 0;

	export->crossed_count = 0;
	for (size_t i = 0; i < page->n_contacts && result == 0; i++) {
		const Anagraph__V1__Contact *contact = page->contacts[i];

		for (size_t j = 0; j < contact->n_identifiers && result == 0; j++) {
			const Anagraph__V1__Identifier *identifier = contact->identifiers[j];
			const char *other = other_of_two(identifier->namespace_);

			if (other == NULL || identifier->alias || holds(contact, other, identifier->value))
				continue;
			export->crossed[export->crossed_count++] = identifier;
			if (export->crossed_count - first < BATCH_KEYS)
				continue;
			result =
			    keep_held(export, export->crossed + first, export->crossed_count - first, &kept);
			first += kept;
			export->crossed_count = first;
		}
	}
	if (result == 0 && export->crossed_count > first) {
		result = keep_held(export, export->crossed + first, export->crossed_count - first, &kept);
		export->crossed_count = first + kept;
	}
	return result;
}

static int
write_event(struct export *export, const Anagraph__V1__IdentifyRequest *event, FILE *stream)
{
	json_t *json;
	int status = message_to_json(&json, &event->base);

	if (status != 0)
		return status;
	status = json_line_print(stream, json);
	json_decref(json);
	export->lines++;
	return status;
}

static int
write_contact(struct export *export, const Anagraph__V1__Contact *contact)
{
	struct split split;
	int status =
	    split_contact(&split, &export->left_out, contact, export->crossed, export->crossed_count);

	if (status != 0)
		return status;
	for (size_t i = 0; i < split.count && status == 0; i++)
		status = write_event(
		    export, split.events[i], i < split.deferred_from ? export->stream : export->deferred);
	split_finish(&split);
	export->contacts++;
	return status;
}

static int
write_page(struct export *export, const Anagraph__V1__ListContactsResponse *page)
{
	int status = 0;
	int result = find_crossed(export, page);

	if (result != 0)
		return result;
	for (size_t i = 0; i < page->n_contacts && status == 0; i++)
		status = write_contact(export, page->contacts[i]);
	return status == 0 ? 0 : command_failed("the export", status);
}

/* Writes all pages. A page's token moves into the request, which owns it. */
static int
write_pages(struct export *export, Anagraph__V1__ListContactsRequest *request)
{
	bool last = false;
	int result = 0;

	while (result == 0 && !last && !ferror(export->stream)) {
		ProtobufCMessage *response;
		Anagraph__V1__ListContactsResponse *page;
		char *token;

		result = command_ask(
		    &response, export->command, export->client, CLIENT_LIST_CONTACTS, &request->base);
		if (result != 0)
			return result;
		page = (Anagraph__V1__ListContactsResponse *)response;
		result = write_page(export, page);
		last = *page->next_page_token == '\0';
		token = request->page_token;
		request->page_token = page->next_page_token;
		page->next_page_token = token;
		protobuf_c_message_free_unpacked(response, NULL);
	}
	return result;
}

static int
write_deferred(struct export *export)
{
	char bytes[4096];
	size_t size;

	rewind(export->deferred);
	while ((size = fread(bytes, 1, sizeof(bytes), export->deferred)) > 0) {
		if (fwrite(bytes, 1, size, export->stream) != size)
			return command_failed("the export", -errno);
	}
	if (ferror(export->deferred) || fflush(export->stream) == EOF)
		return command_failed("the export", -errno);
	return 0;
}

static void
tell(const struct export *export)
{
	const struct split_left_out *left_out = &export->left_out;

	fprintf(
	    stderr, "anagraph: %" PRIu64 " contacts in %" PRIu64 " lines\n", export->contacts, export->lines);
	if (left_out->secondaries > 0)
		fprintf(stderr, "anagraph: left out: %" PRIu64 " values that wait for an operator\n",
		    left_out->secondaries);
	if (left_out->aliases > 0)
		fprintf(stderr, "anagraph: left out: %" PRIu64 " aliases of merged contacts\n",
		    left_out->aliases);
	if (left_out->lists > 0)
		fprintf(stderr,
		    "anagraph: %" PRIu64 " contacts will differ in being on conversations-engaged\n",
		    left_out->lists);
	if (left_out->claims > 0)
		fprintf(
		    stderr, "anagraph: %" PRIu64 " identifiers will have a later time\n", left_out->claims);
}

static int
export_to(struct export *export)
{
	json_t *asked =
	    json_pack("{s:s,s:s,s:i}", "account", export->account, "view", "all", "page_size", PAGE_CONTACTS);
	ProtobufCMessage *request = NULL;
	int result = command_make(&request, export->command, CLIENT_LIST_CONTACTS, asked);
	int status;

	json_decref(asked);
	if (result != OPTION_TAKEN)
		return result;
	status = command_connect(&export->client, export->command);
	/* A contact has one phone and one WhatsApp number. */
	export->crossed = calloc((size_t)2 * PAGE_CONTACTS, sizeof(*export->crossed));
	export->deferred = tmpfile();
	if (status == 0 && (export->crossed == NULL || export->deferred == NULL))
		status = -errno;
	if (status == 0)
		result = write_pages(export, (Anagraph__V1__ListContactsRequest *)request);
	else
		result = command_failed(export->command->verb, status);
	if (result == 0 && !ferror(export->stream))
		result = write_deferred(export);
	if (result == 0)
		tell(export);
	if (export->deferred != NULL)
		fclose(export->deferred);
	free(export->crossed);
	client_destroy(export->client);
	protobuf_c_message_free_unpacked(request, NULL);
	return result;
}

/* Writes beside the file, and takes its name when all is there. */
static int
export_to_file(struct export *export, const char *path)
{
	char *part = NULL;
	int result;

	if (asprintf(&part, "%s.part", path) < 0)
		return command_failed(path, -ENOMEM);
	export->stream = fopen(part, "we");
	if (export->stream == NULL) {
		result = command_failed(part, -errno);
		free(part);
		return result;
	}
	result = export_to(export);
	if (fclose(export->stream) == EOF && result == 0)
		result = command_failed(part, -errno);
	if (result == 0 && rename(part, path) != 0)
		result = command_failed(path, -errno);
	if (result != 0)
		remove(part);
	free(part);
	return result;
}

int
command_export(struct command *command, int argc, char **argv)
{
	static const struct verb_option options[] = {
		{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	};
	json_t *request = json_object();
	struct export export = { .command = command, .stream = stdout };
	int result = command_read_options(command, request, options, 1, HELP, argc, argv);

	if (result == OPTION_TAKEN) {
		export.account = json_string_value(json_object_get(request, "account"));
		if (optind + 1 < argc)
			result = command_misused(command, "%s: not expected here", argv[optind + 1]);
		else if (optind == argc || strcmp(argv[optind], "-") == 0)
			result = export_to(&export);
		else
			result = export_to_file(&export, argv[optind]);
	}
	json_decref(request);
	return result;
}
