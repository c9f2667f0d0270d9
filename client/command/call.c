/* One call of the command: a request in JSON, its answer in JSON, and what to say
 * when there is none. The same descriptors serve all verbs. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

/* google.rpc.Code, as far as the command tells codes apart. */
enum { CODE_DEADLINE_EXCEEDED = 4, CODE_UNAVAILABLE = 14 };

int
command_misused(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fputs("anagraph: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (see anagraph%s%s --help)\n", *command->verb != '\0' ? " " : "", command->verb);
	return EXIT_USAGE;
}

int
command_option_refused(
    const struct command *command, int why, const struct option *option, const char *expected)
{
	if (why == OPTION_TWICE)
		return command_misused(command, "--%s %s: given before", option->name, optarg);
	return command_misused(command, "--%s %s: expected %s", option->name, optarg, expected);
}

int
command_failed(const char *what, int error)
{
	if (error == -EPIPE)
		return 0;
	fprintf(stderr, "anagraph: %s: %s\n", what, strerror(-error));
	return EXIT_REFUSED;
}

int
command_refused(const struct command *command, const char *prefix, const struct client_status *status)
{
	bool silent = status->reason[0] == '\0' && status->txn == 0;

	if (silent && (status->code == CODE_UNAVAILABLE || status->code == CODE_DEADLINE_EXCEEDED)) {
		fprintf(stderr, "anagraph: %s%s %s; is the server running?\n", prefix,
		    status->code == CODE_UNAVAILABLE ? "cannot reach" : "no answer in time from",
		    command->server);
		return EXIT_UNREACHABLE;
	}
	fprintf(stderr, "anagraph: %s%s%s%s: %s", prefix, client_code_name(status->code),
	    *status->reason != '\0' ? " " : "", status->reason, status->message);
	if (*status->field != '\0')
		fprintf(stderr, " (%s)", status->field);
	if (status->owner_contact_id != 0)
		fprintf(stderr, " (contact %" PRIu64 ")", status->owner_contact_id);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

int
command_ask(ProtobufCMessage **response, const struct command *command, struct client *client,
    enum client_method method, const ProtobufCMessage *request)
{
	struct client_status ended;
	int status = client_call(response, &ended, client, method, request, command->timeout_ms);

	if (status == CLIENT_E_STATUS)
		return command_refused(command, "", &ended);
	return status == 0 ? 0 : command_failed(command->verb, status);
}

int
command_make(ProtobufCMessage **message, const struct command *command, enum client_method method,
    const json_t *request)
{
	return command_make_of(message, command, method, request, NULL, 0);
}

/* The option that a problem's field came from, or NULL; *size is how much of the problem
 * names the field. */
static const struct verb_option *
option_at_fault(
    size_t *size, const struct json_problem *problem, const struct verb_option *options, size_t count)
{
	*size = strcspn(problem->message, ":");
	for (size_t i = 0; i < count; i++) {
		const char *key = options[i].key;

		if (key != NULL && strlen(key) == *size && memcmp(key, problem->message, *size) == 0)
			return &options[i];
	}
	return NULL;
}

int
command_make_of(ProtobufCMessage **message, const struct command *command, enum client_method method,
    const json_t *request, const struct verb_option *options, size_t count)
{
	struct json_problem problem;
	const struct verb_option *fault;
	size_t size;
	int status = message_from_json(message, &problem, client_method_form(method)->request, request);

	if (status != JSON_E_FORM)
		return status == 0 ? OPTION_TAKEN : command_failed(command->verb, status);
	fault = option_at_fault(&size, &problem, options, count);
	if (fault == NULL)
		return command_misused(command, "%s", problem.message);
	return command_misused(command, "--%s%s", fault->name, problem.message + size);
}

int
command_show(const ProtobufCMessage *message)
{
	json_t *json;
	int status = message_to_json(&json, message);

	if (status == 0) {
		status = json_line_print(stdout, json);
		json_decref(json);
	}
	return status == 0 ? 0 : command_failed("standard output", status);
}

int
command_run(const struct command *command, enum client_method method, const json_t *request)
{
	struct client *client = NULL;
	ProtobufCMessage *message = NULL, *response = NULL;
	int status;
	int result = command_make(&message, command, method, request);

	if (result != OPTION_TAKEN)
		return result;
	status = command_connect(&client, command);
	if (status != 0)
		result = command_failed(command->verb, status);
	else
		result = command_ask(&response, command, client, method, message);
	if (response != NULL) {
		result = command_show(response);
		protobuf_c_message_free_unpacked(response, NULL);
	}
	client_destroy(client);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

json_t *
command_split(const char **value, const char *name_key, const char *text)
{
	const char *equals = strchr(text, '=');
	json_t *object, *name;

	if (equals == NULL || equals == text)
		return NULL;
	name = json_stringn(text, (size_t)(equals - text));
	object = json_object();
	if (json_object_set_new(object, name_key, name) != 0) {
		json_decref(object);
		return NULL;
	}
	*value = equals + 1;
	return object;
}

int
command_put(json_t *request, const char *key, json_t *value)
{
	if (json_object_get(request, key) != NULL) {
		json_decref(value);
		return OPTION_TWICE;
	}
	return json_object_set_new(request, key, value) == 0 ? 0 : OPTION_FORM;
}
