/* The options of a verb, read from a table: each knows its form and where its value
 * goes. What a request may hold is left to the request's own reader. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command/command.h"

/* getopt_long's numbers of a verb's options; those of the common ones are letters. */
enum { OPTIONS_MOST = 24, FIRST_NUMBER = 256, WORD_BYTES = 64 };

static json_t *
number_value(const char *text)
{
	bool digits = *text != '\0' && text[strspn(text, "0123456789")] == '\0';

	errno = 0;
	strtoull(text, NULL, 10);
	return digits && errno == 0 ? json_string(text) : NULL;
}

/* anonymous-push is anonymous_push in a request. */
static json_t *
word_value(const char *text)
{
	char word[WORD_BYTES];

	if (strlen(text) >= sizeof(word))
		return NULL;
	snprintf(word, sizeof(word), "%s", text);
	for (char *at = word; *at != '\0'; at++) {
		if (*at == '-')
			*at = '_';
	}
	return json_string(word);
}

static int
put_identifier(json_t *request, const char *key, const char *text)
{
	const char *value = NULL;
	json_t *identifier = command_split(&value, "namespace", text);
	int result = command_put(request, key, identifier);

	return result == 0 ? command_put(identifier, "value", json_string(value)) : result;
}

/* Takes one option's value. 0; OPTION_FORM; OPTION_TWICE. */
static int
take(json_t *request, const struct verb_option *option)
{
	switch (option->kind) {
	case VERB_TEXT:
		return command_put(request, option->key, json_string(optarg));
	case VERB_WORD:
		return command_put(request, option->key, word_value(optarg));
	case VERB_NUMBER:
	case VERB_CONTACT:
		return command_put(request, option->key, number_value(optarg));
	case VERB_IDENTIFIER:
		return put_identifier(request, option->key, optarg);
	case VERB_TRUE:
		return command_put(request, option->key, json_true());
	case VERB_OWN_TEXT:
		if (*option->own_text != NULL)
			return OPTION_TWICE;
		*option->own_text = optarg;
		return 0;
	case VERB_OWN_TEXTS:
		if (*option->own_count == option->own_most)
			return OPTION_TWICE;
		option->own_text[(*option->own_count)++] = optarg;
		return 0;
	case VERB_OWN_TRUE:
		*option->own_flag = true;
		return 0;
	}
	return OPTION_FORM;
}

static const char *
expected_of(enum verb_option_kind kind)
{
	switch (kind) {
	case VERB_NUMBER:
		return "a number";
	case VERB_CONTACT:
		return "a contact's number";
	case VERB_IDENTIFIER:
		return "NAMESPACE=VALUE, e.g. email=rossi@example.it";
	case VERB_WORD:
		return "a word";
	default:
		return "text in UTF-8";
	}
}

static bool
has_value(enum verb_option_kind kind)
{
	return kind != VERB_TRUE && kind != VERB_OWN_TRUE;
}

int
command_read_options(struct command *command, json_t *request, const struct verb_option *options,
    size_t count, const char *help, int argc, char **argv)
{
	struct option table[COMMON_OPTION_COUNT + OPTIONS_MOST + 1] = { COMMON_OPTIONS };
	int option, result, i = 0;

	if (count > OPTIONS_MOST)
		return command_failed(command->verb, -E2BIG);
	for (size_t n = 0; n < count; n++)
		table[COMMON_OPTION_COUNT + n] = (struct option){ options[n].name,
			has_value(options[n].kind) ? required_argument : no_argument, NULL,
			FIRST_NUMBER + (int)n };
	while ((option = getopt_long(argc, argv, ":h", table, &i)) != -1) {
		if (option >= FIRST_NUMBER) {
			const struct verb_option *taken = &options[option - FIRST_NUMBER];

			result = take(request, taken);
			if (result != 0)
				return command_option_refused(
				    command, result, &table[i], expected_of(taken->kind));
			continue;
		}
		result = command_option(command, option, argv);
		if (result == OPTION_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (result != OPTION_TAKEN)
			return result;
	}
	if (request != NULL && json_object_get(request, "account") == NULL)
		return command_misused(command, "--account is missing");
	return OPTION_TAKEN;
}

int
command_no_arguments(const struct command *command, int argc, char **argv)
{
	if (optind < argc)
		return command_misused(command, "%s: not expected here", argv[optind]);
	return OPTION_TAKEN;
}
