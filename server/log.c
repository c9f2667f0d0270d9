/* Each line goes out in one write, so that lines of several threads never mix. */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

void
log_line(const char *format, ...)
{
	static const char prefix[] = "anagraphd: ";
	char line[LINE_BYTES];
	size_t size = sizeof(prefix) - 1;
	va_list arguments;
	int length;

	snprintf(line, sizeof(line), "%s", prefix);
	va_start(arguments, format);
	length = vsnprintf(line + size, sizeof(line) - size, format, arguments);
	va_end(arguments);
	if (length > 0)
		size += (size_t)length;
	if (size > sizeof(line) - 1)
		size = sizeof(line) - 1;
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)line[i];

		if (byte < 0x20 || byte == 0x7f)
			line[i] = ' ';
	}
	line[size++] = '\n';
	/* There is nowhere left to tell that telling failed. */
	if (write(STDERR_FILENO, line, size) < 0)
		return;
}
