/* JSON lines: one event a line, in the form that client/text reads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "client/import/read.h"
#include "client/text/json.h"
#include "client/text/lines.h"

static bool
is_missing(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	return value == NULL || json_is_null(value);
}

/* Puts in what a line may leave out. */
static void
complete(json_t *json, const struct row_defaults *defaults)
{
	if (!json_is_object(json))
		return;
	if (is_missing(json, "account"))
		json_object_set_new(json, "account", json_string(defaults->account));
	if (is_missing(json, "source"))
		json_object_set_new(json, "source", json_integer(defaults->source));
}

/* The event of a line, to be freed. 0; 1, with *problem; -ENOMEM. */
static int
read_event(Anagraph__V1__IdentifyRequest **out, struct row_problem *problem,
    const struct row_defaults *defaults, const char *text, size_t size)
{
	struct json_problem form = { "" };
	json_error_t error;
	ProtobufCMessage *message;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (json == NULL)
		return row_problem_set(
		    problem, "", "is not JSON, at byte %d: %s", error.position, error.text);
	complete(json, defaults);
	status = message_from_json(&message, &form, &anagraph__v1__identify_request__descriptor, json);
	json_decref(json);
	if (status == JSON_E_FORM)
		return row_problem_set(problem, "", "%s", form.message);
	if (status != 0)
		return status;
	*out = (Anagraph__V1__IdentifyRequest *)message;
	if (strcmp((*out)->account, defaults->account) == 0)
		return 0;
	protobuf_c_message_free_unpacked(message, NULL);
	return row_problem_set(
	    problem, "account", "another than --account's; leave it out, or give the same");
}

static int
take_line(const struct line_reader *reader, const struct row_defaults *defaults, const char *text,
    size_t size, const struct row_sink *sink)
{
	Anagraph__V1__IdentifyRequest *event = NULL;
	struct row_problem problem;
	int status = read_event(&event, &problem, defaults, text, size);

	if (status > 0)
		return sink->refuse(sink->context, reader->line, &problem);
	return status == 0 ? sink->take(sink->context, reader->line, event) : status;
}

static bool
is_blank(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] != ' ' && text[i] != '\t')
			return false;
	}
	return true;
}

static int
read_all(struct line_reader *reader, const struct row_defaults *defaults, const struct row_sink *sink)
{
	struct row_problem problem;
	const char *text;
	size_t size;
	int status = 0;

	row_problem_set(&problem, "", "is longer than %zu bytes", ROW_BYTES_MAX);
	for (;;) {
		if (!line_reader_ready(reader))
			status = sink->idle(sink->context);
		if (status == 0)
			status = line_reader_next(&text, &size, reader);
		if (status == LINES_E_END)
			return 0;
		if (status == LINES_E_LONG)
			status = sink->refuse(sink->context, reader->line, &problem);
		else if (status == 0 && !is_blank(text, size))
			status = take_line(reader, defaults, text, size, sink);
		if (status != 0)
			return status;
		sink->progress(sink->context, reader->read_bytes);
	}
}

int
read_json_lines(int fd, const struct row_defaults *defaults, const struct row_sink *sink)
{
	struct line_reader reader;
	int status = line_reader_init(&reader, fd, ROW_BYTES_MAX);

	if (status != 0)
		return status;
	status = read_all(&reader, defaults, sink);
	line_reader_finish(&reader);
	return status;
}
