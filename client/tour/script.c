/* All of a script is read before any of it is played: a mistake in the last line
 * then leaves no half-told story in an account. */
#include "client/tour/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/text/json.h"

static void
event_finish(struct script_event *event)
{
	free(event->time);
	free(event->say);
	if (event->request != NULL)
		anagraph__v1__identify_request__free_unpacked(event->request, NULL);
}

void
script_finish(struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		event_finish(&script->events[i]);
	free(script->events);
	*script = (struct script){ .events = NULL };
}

static int
read_event(struct script_event *out, struct json_problem *problem, json_t *line, const char *account)
{
	struct script_event event = { .time = NULL };
	ProtobufCMessage *message;
	const char *time, *say;
	json_error_t error;
	json_t *request;
	int status;

	if (json_unpack_ex(line, &error, JSON_STRICT, "{s:s,s:s,s:o}", "time", &time, "say", &say, "event",
		&request) != 0) {
		snprintf(problem->message, sizeof(problem->message), "%s", error.text);
		return JSON_E_FORM;
	}
	if (json_is_object(request) && json_object_set_new(request, "account", json_string(account)) != 0)
		return -ENOMEM;
	status = message_from_json(&message, problem, &anagraph__v1__identify_request__descriptor, request);
	if (status != 0)
		return status;
	event.request = (Anagraph__V1__IdentifyRequest *)message;
	event.time = strdup(time);
	event.say = strdup(say);
	if (event.time == NULL || event.say == NULL) {
		event_finish(&event);
		return -ENOMEM;
	}
	*out = event;
	return 0;
}

static int
append(struct script *script, const struct script_event *event)
{
	struct script_event *events =
	    reallocarray(script->events, script->count + 1, sizeof(*script->events));

	if (events == NULL)
		return -ENOMEM;
	script->events = events;
	script->events[script->count++] = *event;
	return 0;
}

static int
read_line(
    struct script *script, struct json_problem *problem, const char *text, size_t size, const char *account)
{
	struct script_event event;
	json_error_t error;
	json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (line == NULL) {
		snprintf(problem->message, sizeof(problem->message), "not JSON, at byte %d", error.position);
		return JSON_E_FORM;
	}
	status = read_event(&event, problem, line, account);
	json_decref(line);
	if (status != 0)
		return status;
	status = append(script, &event);
	if (status != 0)
		event_finish(&event);
	return status;
}

int
script_read(struct script *out, struct script_problem *problem, const char *path, const char *account)
{
	struct script script = { .events = NULL };
	struct json_problem reason = { "" };
	unsigned long number = 0;
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t size;
	int status = 0;

	if (file == NULL)
		return -errno;
	while (status == 0 && (errno = 0, size = getline(&text, &room, file)) >= 0) {
		number++;
		if (strspn(text, " \t\r\n") != (size_t)size)
			status = read_line(&script, &reason, text, (size_t)size, account);
	}
	if (status == 0 && errno != 0)
		status = -errno;
	free(text);
	fclose(file);
	if (status == JSON_E_FORM) {
		snprintf(problem->message, sizeof(problem->message), "line %lu: %s", number, reason.message);
		status = SCRIPT_E_FORM;
	}
	if (status != 0) {
		script_finish(&script);
		return status;
	}
	*out = script;
	return 0;
}
