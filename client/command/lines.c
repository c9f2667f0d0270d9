/* `anagraph identify -`: one event a line in, one answer a line out, in order. Events go
 * through IdentifyStream, so that many are in flight while lines come fast; before the
 * command waits for a line, every answer has been shown. A bad line never ends the run,
 * and a line that names another account than the command does is one. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "client/command/command.h"
#include "client/import/read.h"

enum { WINDOW = 256, CODE_INVALID_ARGUMENT = 3, CODE_DEADLINE_EXCEEDED = 4 };

struct run {
	const struct command *command;
	struct client *client;
	struct client_stream *stream;
	uint64_t lines[WINDOW]; /* of the events in flight */
	size_t first, count;
	int result; /* the exit status so far */
};

/* What ends the reading: run->result is the exit status. */
enum { RUN_OVER = 1 };

static int
end_run(struct run *run, int result)
{
	run->result = result;
	return RUN_OVER;
}

static int
print(struct run *run, const json_t *json)
{
	int status = json_line_print(stdout, json);

	return status == 0 ? 0 : end_run(run, command_failed("standard output", status));
}

/* Answers a line with {"error":{...}}, whose empty fields are left out. */
static int
print_error(struct run *run, const struct client_status *status)
{
	json_t *error = json_object();
	json_t *answer = json_pack("{s:o}", "error", error);
	int result;

	json_object_set_new(error, "code", json_string(client_code_name(status->code)));
	if (*status->reason != '\0')
		json_object_set_new(error, "reason", json_string(status->reason));
	if (*status->field != '\0')
		json_object_set_new(error, "field", json_string(status->field));
	json_object_set_new(error, "message", json_string(status->message));
	result = print(run, answer);
	json_decref(answer);
	return result;
}

/* Tells why the stream ended, at the oldest line without an answer. */
static int
tell_end(struct run *run, int outcome)
{
	struct client_status status = { .code = CODE_DEADLINE_EXCEEDED };
	char prefix[40] = "";
	int result;

	if (outcome == CLIENT_E_ENDED)
		client_stream_finish(&status, run->stream, run->command->timeout_ms);
	if (run->count > 0)
		snprintf(prefix, sizeof(prefix), "line %" PRIu64 ": ", run->lines[run->first]);
	result = command_refused(run->command, prefix, &status);
	return end_run(run, result);
}

static int
show_error(struct run *run, uint64_t line, const Anagraph__V1__CallError *error)
{
	struct client_status status = { .code = error->code };
	char prefix[40];
	int result;

	snprintf(status.reason, sizeof(status.reason), "%s", error->reason);
	snprintf(status.field, sizeof(status.field), "%s", error->field);
	snprintf(status.message, sizeof(status.message), "%s", error->message);
	snprintf(prefix, sizeof(prefix), "line %" PRIu64 ": ", line);
	result = command_refused(run->command, prefix, &status);
	if (run->result == 0)
		run->result = result;
	return print_error(run, &status);
}

static int
show_answer(struct run *run)
{
	struct client_stream_answer answer;
	uint64_t line = run->lines[run->first];
	json_t *json;
	int status = client_stream_next(&answer, run->stream, run->command->timeout_ms);

	if (status > 0)
		return tell_end(run, status);
	if (status < 0)
		return end_run(run, command_failed("identify", status));
	run->first = (run->first + 1) % WINDOW;
	run->count--;
	if (answer.response->result_case == ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR)
		return show_error(run, line, answer.response->error);
	if (answer.response->result_case != ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_RESPONSE)
		return end_run(run, command_failed("identify", -EBADMSG));
	status = message_to_json(&json, &answer.response->response->base);
	if (status != 0)
		return end_run(run, command_failed("identify", status));
	status = print(run, json);
	json_decref(json);
	return status;
}

static int
show_answers(void *context)
{
	struct run *run = context;
	int status = 0;

	while (status == 0 && run->count > 0)
		status = show_answer(run);
	return status;
}

static int
send_event(void *context, uint64_t line, Anagraph__V1__IdentifyRequest *event)
{
	struct run *run = context;
	int status = run->count == WINDOW ? show_answer(run) : 0;

	if (status == 0) {
		status = client_stream_send(run->stream, event, NULL, run->command->timeout_ms);
		if (status == 0 || status == CLIENT_E_ENDED) {
			run->lines[(run->first + run->count) % WINDOW] = line;
			run->count++;
		}
		/* Answers that came before the end are shown before it is told. */
		if (status == CLIENT_E_ENDED)
			status = show_answers(run);
		else if (status > 0)
			status = tell_end(run, status);
		else if (status < 0)
			status = end_run(run, command_failed("identify", status));
	}
	anagraph__v1__identify_request__free_unpacked(event, NULL);
	return status;
}

static int
refuse_line(void *context, uint64_t line, const struct row_problem *problem)
{
	struct run *run = context;
	struct client_status status = { .code = CODE_INVALID_ARGUMENT, .reason = "LINE_INVALID" };
	int result = show_answers(run);

	if (result != 0)
		return result;
	snprintf(status.message, sizeof(status.message), "%s%s%.160s", problem->field,
	    *problem->field != '\0' ? ": " : "", problem->message);
	fprintf(stderr, "anagraph: line %" PRIu64 ": %s\n", line, status.message);
	run->result = EXIT_USAGE;
	return print_error(run, &status);
}

static void
ignore_progress(void *context, uint64_t read_bytes)
{
	(void)context;
	(void)read_bytes;
}

int
command_identify_lines(const struct command *command, const char *account)
{
	const struct row_defaults defaults = { account, ANAGRAPH__V1__SOURCE__SOURCE_UNSPECIFIED };
	struct run run = { .command = command };
	const struct row_sink sink = { &run, send_event, refuse_line, show_answers, ignore_progress };
	int status = command_connect(&run.client, command);

	if (status == 0)
		status = client_stream_open(&run.stream, run.client, WINDOW);
	if (status == 0)
		status = read_json_lines(STDIN_FILENO, &defaults, &sink);
	if (status == 0)
		status = show_answers(&run);
	if (status < 0)
		run.result = command_failed("standard input", status);
	client_stream_destroy(run.stream);
	client_destroy(run.client);
	return run.result;
}
