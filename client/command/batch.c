/* `anagraph batch-resolve`: many look-ups at once, from the arguments or from the lines
 * of standard input, answered one a line in the order of the keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

/* Keys in one request: as many as the service takes. */
enum { BATCH_KEYS = 1000 };

static const char HELP[] =
    "anagraph batch-resolve - shows the contacts that many identifiers or ids lead to\n"
    "\n"
    "  anagraph batch-resolve --account A KEY ...\n"
    "  anagraph batch-resolve --account A <KEYS\n"
    "\n"
    "  --account A            whose contacts\n"
    "  KEY                    NAMESPACE=VALUE, e.g. email=rossi@example.it, or a contact's\n"
    "                         number; without any they are read from standard input, one\n"
    "                         a line. Each is answered with one line: {\"contact\":{...}},\n"
    "                         {\"not_found\":true} or {\"error\":{...}}. All keys of one\n"
    "                         request, 1,000, are looked up at one moment\n"
    "\n"
    "  --server, --timeout, --ca, --cert, --key    as before the verb\n"
    "\n"
    "Exit status: 1 when a key was refused; one that nobody has is an answer.\n";

/* The batch that is being gathered. */
struct batch {
	const struct command *command;
	struct client *client;
	const char *account;
	json_t *keys;
	int result; /* the exit status so far */
	bool over;
};

static json_t *
key_of(const char *text)
{
	const char *value = NULL;
	json_t *identifier;

	if (*text != '\0' && text[strspn(text, "0123456789")] == '\0')
		return json_pack("{s:s}", "contact_id", text);
	identifier = command_split(&value, "namespace", text);
	if (identifier == NULL || json_object_set_new(identifier, "value", json_string(value)) != 0) {
		json_decref(identifier);
		return NULL;
	}
	return json_pack("{s:o}", "identifier", identifier);
}

/* Shows one result; an error's code by its name, as everywhere else. */
static int
show_result(const Anagraph__V1__ResolveResult *shown)
{
	json_t *json;
	int result = message_to_json(&json, &shown->base);

	if (result != 0)
		return command_failed("standard output", result);
	if (shown->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_ERROR)
		json_object_set_new(json_object_get(json, "error"), "code",
		    json_string(client_code_name(shown->error->code)));
	result = json_line_print(stdout, json);
	json_decref(json);
	return result == 0 ? 0 : command_failed("standard output", result);
}

static void
show(struct batch *batch, const Anagraph__V1__BatchResolveResponse *response)
{
	for (size_t i = 0; i < response->n_results && !batch->over; i++) {
		int result = show_result(response->results[i]);

		if (result != 0 || ferror(stdout)) {
			batch->result = result;
			batch->over = true;
		}
		if (response->results[i]->result_case == ANAGRAPH__V1__RESOLVE_RESULT__RESULT_ERROR)
			batch->result = EXIT_REFUSED;
	}
}

/* Sends the keys that were gathered. */
static void
send_batch(struct batch *batch)
{
	json_t *request = json_pack("{s:s,s:O}", "account", batch->account, "keys", batch->keys);
	ProtobufCMessage *message = NULL, *response = NULL;
	int result = command_make(&message, batch->command, CLIENT_BATCH_RESOLVE, request);

	if (result == OPTION_TAKEN)
		result = command_ask(&response, batch->command, batch->client, CLIENT_BATCH_RESOLVE, message);
	if (result != 0) {
		batch->result = result;
		batch->over = true;
	} else {
		show(batch, (Anagraph__V1__BatchResolveResponse *)response);
	}
	if (response != NULL)
		protobuf_c_message_free_unpacked(response, NULL);
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
	json_decref(request);
	json_array_clear(batch->keys);
}

static void
add_key(struct batch *batch, const char *text)
{
	json_t *key = key_of(text);

	if (key == NULL) {
		batch->result = command_misused(batch->command,
		    "%s: expected NAMESPACE=VALUE, e.g. email=rossi@example.it, or a contact's number", text);
		batch->over = true;
		return;
	}
	json_array_append_new(batch->keys, key);
	if (json_array_size(batch->keys) == BATCH_KEYS)
		send_batch(batch);
}

static void
add_lines(struct batch *batch)
{
	char *text = NULL;
	size_t room = 0;

	while (!batch->over && (errno = 0, getline(&text, &room, stdin)) >= 0) {
		text[strcspn(text, "\r\n")] = '\0';
		if (*text != '\0')
			add_key(batch, text);
	}
	if (!batch->over && errno != 0) {
		batch->result = command_failed("standard input", -errno);
		batch->over = true;
	}
	free(text);
}

int
command_batch_resolve(struct command *command, int argc, char **argv)
{
	static const struct verb_option options[] = {
		{ .name = "account", .kind = VERB_TEXT, .key = "account" },
	};
	json_t *request = json_object();
	struct batch batch = { .command = command, .keys = json_array() };
	int status;
	int result = command_read_options(command, request, options, 1, HELP, argc, argv);

	if (result == OPTION_TAKEN) {
		batch.account = json_string_value(json_object_get(request, "account"));
		status = command_connect(&batch.client, command);
		batch.result = status == 0 ? 0 : command_failed(command->verb, status);
		batch.over = status != 0;
		if (optind == argc)
			add_lines(&batch);
		while (optind < argc && !batch.over)
			add_key(&batch, argv[optind++]);
		if (!batch.over && json_array_size(batch.keys) > 0)
			send_batch(&batch);
		result = batch.result;
		client_destroy(batch.client);
	}
	json_decref(batch.keys);
	json_decref(request);
	return result;
}
