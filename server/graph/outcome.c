/* Messages name accounts, tables and ids; no value of a record ever gets into one. */
#include "server/graph/outcome.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
outcome_say(struct graph_error *error, int outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return outcome;
}

int
outcome_system(struct graph_error *error, const char *format, ...)
{
	char message[GRAPH_MESSAGE_BYTES];
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	errno = number;
	/* Cut, so that what the system says always has room. */
	snprintf(error->message, sizeof(error->message), "%.*s: %m", GRAPH_MESSAGE_BYTES - 128, message);
	return -number;
}

int
outcome_damaged(struct graph_error *error, struct bytes account, enum table table, const char *format, ...)
{
	char message[GRAPH_MESSAGE_BYTES / 2];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return outcome_say(
	    error, GRAPH_E_DAMAGED, "account %.*s: %s %s", BYTES_PRINT(account), table_name(table), message);
}
