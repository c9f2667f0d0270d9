/* `anagraph identify -`: one event a line in, one answer a line out, in order. An
 * event is sent when the one before it has been answered, for what the service
 * decides depends on what it has seen. A bad line never ends the run, and a line that
 * names another account than the command does is one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

struct run {
	const struct command *command;
	const char *account; /* of all events */
	struct client *client;
	unsigned long line;
	int result; /* the exit status so far */
	bool over;
};

static void
end_run(struct run *run, int result)
{
	run->result = result;
	run->over = true;
}

static void
print(struct run *run, const json_t *json)
{
	int status = json_line_print(stdout, json);

	if (status != 0)
		end_run(run, command_failed("standard output", status));
}

/* Answers a line with {"error":{...}}, whose empty fields are left out. */
static void
print_error(struct run *run, const char *code, const char *reason, const char *field, const char *message)
{
	json_t *error = json_object();
	json_t *answer = json_pack("{s:o}", "error", error);

	json_object_set_new(error, "code", json_string(code));
	if (*reason != '\0')
		json_object_set_new(error, "reason", json_string(reason));
	if (*field != '\0')
		json_object_set_new(error, "field", json_string(field));
	json_object_set_new(error, "message", json_string(message));
	print(run, answer);
	json_decref(answer);
}

static void
refuse_line(struct run *run, const char *message)
{
	fprintf(stderr, "anagraph: line %lu: %s\n", run->line, message);
	run->result = EXIT_USAGE;
	print_error(run, "INVALID_ARGUMENT", "", "", message);
}

/* Whether an event is one of the run's account; another's is refused. */
static bool
is_ours(struct run *run, const ProtobufCMessage *event)
{
	const char *account = ((const Anagraph__V1__IdentifyRequest *)event)->account;

	if (strcmp(account, run->account) == 0)
		return true;
	refuse_line(run, "account: another than --account's; leave it out, or give the same");
	return false;
}

/* The event of a line, with the account that it lacks; NULL when it is none, which
 * has been told by then. */
static ProtobufCMessage *
read_event(struct run *run, const char *text, size_t size)
{
	struct json_problem problem;
	json_error_t error;
	ProtobufCMessage *event = NULL;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (json == NULL) {
		snprintf(problem.message, sizeof(problem.message), "not JSON, at byte %d", error.position);
		refuse_line(run, problem.message);
		return NULL;
	}
	if (json_is_object(json) &&
	    (json_object_get(json, "account") == NULL || json_is_null(json_object_get(json, "account"))))
		json_object_set_new(json, "account", json_string(run->account));
	status = message_from_json(&event, &problem, &anagraph__v1__identify_request__descriptor, json);
	json_decref(json);
	if (status == JSON_E_FORM)
		refuse_line(run, problem.message);
	else if (status < 0)
		end_run(run, command_failed("identify", status));
	if (status == 0 && !is_ours(run, event)) {
		protobuf_c_message_free_unpacked(event, NULL);
		return NULL;
	}
	return status == 0 ? event : NULL;
}

static void
send_event(struct run *run, const ProtobufCMessage *event)
{
	struct client_status ended;
	ProtobufCMessage *response;
	json_t *json;
	char prefix[40];
	int status =
	    client_call(&response, &ended, run->client, CLIENT_IDENTIFY, event, run->command->timeout_ms);

	if (status == 0) {
		status = message_to_json(&json, response);
		protobuf_c_message_free_unpacked(response, NULL);
		if (status == 0) {
			print(run, json);
			json_decref(json);
			return;
		}
	}
	if (status < 0) {
		end_run(run, command_failed("identify", status));
		return;
	}
	snprintf(prefix, sizeof(prefix), "line %lu: ", run->line);
	status = command_refused(run->command, prefix, &ended);
	if (status == EXIT_UNREACHABLE) {
		end_run(run, status);
		return;
	}
	if (run->result == 0)
		run->result = status;
	print_error(run, client_code_name(ended.code), ended.reason, ended.field, ended.message);
}

int
command_identify_lines(const struct command *command, const char *account)
{
	struct run run = { .command = command, .account = account };
	char *text = NULL;
	size_t room = 0;
	ssize_t size;
	int status = client_create(&run.client, command->server);

	if (status != 0)
		return command_failed("identify", status);
	while (!run.over && (errno = 0, size = getline(&text, &room, stdin)) >= 0) {
		ProtobufCMessage *event;

		run.line++;
		if (strspn(text, " \t\r\n") == (size_t)size)
			continue;
		event = read_event(&run, text, (size_t)size);
		if (event == NULL)
			continue;
		send_event(&run, event);
		protobuf_c_message_free_unpacked(event, NULL);
	}
	if (!run.over && errno != 0)
		run.result = command_failed("standard input", -errno);
	free(text);
	client_destroy(run.client);
	return run.result;
}
